"""
How long a new order waits for its answer while a large day runs.

    python -m benchmarks.insertion [--orders 6000] [--couriers 100] [--at 11:00] [--requests 200]

A demo day is planned and published; by the moment --at all has gone as planned and is reported, so that about half of the
stops are still open. Then new orders of drawn households are answered one after the other, each on the plan that the one
before has left: first by the engine alone, in this process (`engine`: from the day as it stands to the next version, passed by
the contract), then over HTTP by a server and a worker in processes of their own, on one machine with the store (`api`: from
sending the order to its answer, the order on disk and the new version published).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.check_route import AT, a_day
from dispatch import operations
from dispatch.access import Role
from dispatch.closures import closed
from dispatch.events import Arrived, Collected
from dispatch.fates import road_facts
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation
from dispatch.running.answering import answer_orders
from dispatch.running.inserting import Memory
from dispatch.server import EmbeddedServer
from dispatch.store import Store
from routing.roads.network import RoadNetwork

WARM = 5
"""Orders before those that count: the first loads roads, compiled loops and the plan (`first_ms`)."""


def new_orders(inputs: DayInputs, count: int, prefix: str) -> list[Order]:
    draw = random.Random(1)
    households = draw.sample(sorted(inputs.registry.households), count)
    return [
        Order(order_id=OrderId(f"{prefix}{n}"), household_id=each, pieces=draw.randint(1, 3))
        for n, each in enumerate(households)
    ]


def as_planned(plan: Plan, now: datetime) -> list[Arrived | Collected]:
    """Reports of all that the plan has done by then, and of who stands at a door."""
    told: list[Arrived | Collected] = []
    for route in plan.routes:
        for stop in route.stops:
            said = {"by": "bench", "courier_id": route.courier_id, "order_ids": stop.order_ids}
            name = f"{route.courier_id}-{stop.seq}"
            if stop.arrive_at <= now:
                told.append(Arrived(at=stop.arrive_at, event_id=f"{name}-there", **said))
            if stop.depart_at <= now:
                told.append(Collected(at=stop.depart_at, event_id=name, **said))
    return told


def told(taken_ms: Sequence[float], verdicts: Counter[str]) -> dict[str, Any]:
    counted = taken_ms[WARM:]
    return {
        "first_ms": round(taken_ms[0]),
        "p50_ms": round(statistics.median(counted), 1),
        "p99_ms": round(statistics.quantiles(counted, n=100)[98], 1),
        "answers": dict(verdicts),
    }


def by_engine(
    inputs: DayInputs, network: RoadNetwork, plan: Plan, now: datetime, orders: list[Order]
) -> dict[str, Any]:
    facts = road_facts(as_planned(plan, now))
    taken_ms: list[float] = []
    verdicts: Counter[str] = Counter()
    memory = Memory()
    roads = closed(network, inputs.closures_met(now))
    for order in orders:
        open_now = DayInputs(
            day=inputs.day,
            registry=inputs.registry,
            fleet=inputs.fleet,
            orders=(*inputs.orders, order),
        ).as_known(facts)
        situation = Situation(plan=plan, inputs=open_now, network=roads, facts=facts, now=now)
        began_s = time.perf_counter()
        plan, (answer,) = answer_orders(situation, (order.order_id,), memory)
        taken_ms.append((time.perf_counter() - began_s) * 1000)
        verdicts[answer.verdict] += 1
    return told(taken_ms, verdicts)


async def keep(store: Store, inputs: DayInputs, plan: Plan, now: datetime) -> str:
    day, by = inputs.day, "bench"
    await operations.replace_fleet(store, day.scope, inputs.fleet, by=by, at=AT)
    await operations.change_registry(
        store,
        day.scope,
        tuple(inputs.registry.households.values()),
        tuple(inputs.registry.points.values()),
        by=by,
        at=AT,
    )
    await operations.create_orders(store, day, inputs.orders, by=by, at=AT)
    await operations.publish_revision(store, plan, by=by, at=AT)
    await operations.record_events(store, day, as_planned(plan, now), by=by)
    return await operations.create_key(
        store, company_id=day.company_id, role=Role.DISPATCHER, depot_id=day.depot_id
    )


@contextmanager
def processes(url: str, roads: Path, now: datetime) -> Iterator[str]:
    """A server and a worker, whose clock shows `now` when they start; yields the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "CUNLU_REDIS_URL": url,
        "CUNLU_ROADS": str(roads),
        "CUNLU_PORT": str(port),
        "CUNLU_CLOCK_START": now.isoformat(),
        "CUNLU_CLOCK_STARTED": datetime.now(UTC).isoformat(),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    started = [
        subprocess.Popen([sys.executable, "-m", "api", word], env=os.environ | settings)
        for word in ("serve", "worker")
    ]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


async def kept(store: Store, plan: Plan) -> dict[str, Any]:
    """Bytes of the plan, and of the versions kept as changes."""
    current = await store.current_version(plan.day)
    rows = [await store.version(plan.day, each) for each in range(1, current + 1)]
    changes = [len(row.body) for row in rows if row is not None and row.onto]
    return {
        "whole_bytes": len(msgspec.json.encode(plan)),
        "change_bytes": round(statistics.median(changes)),
    }


async def by_api(
    folder: Path, roads: Path, inputs: DayInputs, plan: Plan, now: datetime, orders: list[Order]
) -> dict[str, Any]:
    taken_ms: list[float] = []
    verdicts: Counter[str] = Counter()
    with EmbeddedServer(folder) as server:
        async with Store.open(server.url) as store:
            key = await keep(store, inputs, plan, now)
        with processes(server.url, roads, now) as address:
            async with httpx.AsyncClient(
                base_url=address,
                headers={"Authorization": f"Bearer {key}"},
                params={"day": inputs.day.day.isoformat()},
                timeout=30,
            ) as client:
                await until_there(client)
                for order in orders:
                    item = {
                        "order_id": order.order_id,
                        "household_id": order.household_id,
                        "pieces": order.pieces,
                    }
                    began_s = time.perf_counter()
                    answer = await client.post("/v1/orders", json={"orders": [item]})
                    taken_ms.append((time.perf_counter() - began_s) * 1000)
                    (result,) = answer.raise_for_status().json()["results"]
                    verdicts[result["answer"]["verdict"]] += 1
        async with Store.open(server.url) as store:
            sizes = await kept(store, plan)
    return told(taken_ms, verdicts) | sizes


async def until_there(client: httpx.AsyncClient) -> None:
    """The server answers; and the worker's planners have had time to load what is compiled."""
    for _ in range(600):
        try:
            (await client.get("/v1/status")).raise_for_status()
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
        else:
            break
    await asyncio.sleep(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=6000)
    parser.add_argument("--couriers", type=int, default=100)
    parser.add_argument("--at", default="11:00", help="local time at which orders come")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for the plan itself")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cunlu-") as name:
        folder = Path(name)
        inputs, roads = a_day(folder, asked.orders, asked.couriers)
        network = RoadNetwork.load(roads)
        plan = plan_day(inputs, network, budget_s=asked.budget, seed=1, made_at=AT)
        hours, minutes = map(int, asked.at.split(":"))
        now = inputs.clock.starts_at + timedelta(hours=hours, minutes=minutes)
        count = WARM + asked.requests
        stops = [stop for route in plan.routes for stop in route.stops]
        engine = by_engine(inputs, network, plan, now, new_orders(inputs, count, "e"))
        api = asyncio.run(by_api(folder, roads, inputs, plan, now, new_orders(inputs, count, "a")))
    figures = {
        "orders": asked.orders,
        "couriers": len(plan.routes),
        "stops": len(stops),
        "stops_open": sum(stop.depart_at > now for stop in stops),
        "requests": asked.requests,
        "engine": engine,
        "api": api,
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
