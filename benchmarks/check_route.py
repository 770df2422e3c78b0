"""
How long the API takes to check a hand-made route of a large day.

    python benchmarks/check_route.py [--orders 3000] [--couriers 100] [--stops 60] [--from 2]

A demo day is planned once and stored; then routes are checked one after another through the whole app in this
process, without a network between: a planned route, filled up to --stops with stops of --from other routes, all of
which it changes. With so few other routes that their stops do not fill it, it stays shorter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx

from api.app import create_app
from api.serving import settle
from dispatch import operations
from dispatch.access import Role
from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import write_demo_day
from dispatch.ids import new_job_id
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.jobs import JobState
from dispatch.plan import Plan, PlanId
from dispatch.planning import plan_day
from dispatch.server import EmbeddedServer
from dispatch.settings import Settings
from dispatch.store import Store
from routing.roads.network import RoadNetwork

AT = datetime(2026, 11, 11, tzinfo=UTC)
WARM = 5
"""Requests before those that count: the first loads compiled loops and the plan (`first_ms`)."""


def a_day(folder: Path, orders: int, couriers: int) -> tuple[DayInputs, Path]:
    files = write_demo_day(
        folder / "day",
        households=2 * orders,
        orders=orders,
        couriers=couriers,
        seed=1,
        day=date(2026, 11, 11),
    )
    roads = folder / "day.network"
    RoadNetwork.build(files.roads, profiles=("trike", "van")).save(roads)
    fleet = read_fleet(files.fleet_toml, name="fleet.toml")
    registry = registry_of(read_registry(files.households_csv, name="households.csv").accepted)
    clock = DayClock(files.day, fleet.depot.zone)
    read = read_orders(files.orders_csv, name="orders.csv", day=clock, registry=registry)
    inputs = DayInputs(
        day=DepotDay(CompanyId("bench"), fleet.depot.depot_id, files.day),
        registry=registry,
        fleet=fleet,
        orders=read.accepted,
    )
    return inputs, roads


async def keep(store: Store, inputs: DayInputs, plan: Plan) -> Plan:
    day, by = inputs.day, "bench"
    await operations.replace_fleet(store, day.scope, inputs.fleet, by=by, at=AT)
    registry = inputs.registry
    await operations.change_registry(
        store,
        day.scope,
        tuple(registry.households.values()),
        tuple(registry.points.values()),
        by=by,
        at=AT,
    )
    await operations.create_orders(store, day, inputs.orders, by=by, at=AT)
    job_id = new_job_id(day)
    await store.create_job(day, job_id, b"{}", b'{"kind":"bench"}')
    await store.start_job(day, job_id, by)
    return await operations.draft_plan(
        store, plan, job_id=job_id, run=by, state=JobState.SUCCEEDED, by=by, at=AT
    )


def a_route(plan: Plan, stops: int, givers: int, draw: random.Random) -> dict[str, Any]:
    """A route of the plan, with stops of some others drawn in between."""
    route = draw.choice(plan.routes)
    trips = [[list(stop.order_ids) for stop in trip.stops] for trip in route.trips]
    rest = [each for each in plan.routes if each is not route]
    others = [stop for each in draw.sample(rest, givers) for stop in each.stops]
    while sum(map(len, trips)) > stops:
        trips[-1].pop()
        trips = [trip for trip in trips if trip]
    for stop in draw.sample(others, min(len(others), stops - sum(map(len, trips)))):
        trip = draw.choice(trips)
        trip.insert(draw.randrange(len(trip) + 1), list(stop.order_ids))
    return {
        "courier_id": route.courier_id,
        "trips": [[order for stop in trip for order in stop] for trip in trips],
    }


@dataclass(frozen=True)
class Case:
    """A stored plan and routes to check against it; nothing else of the day stays in memory, as in an API process."""

    roads: Path
    key: str
    plan_id: PlanId
    routes: int
    bodies: list[dict[str, Any]]


async def a_case(asked: argparse.Namespace, folder: Path, url: str) -> Case:
    inputs, roads = await asyncio.to_thread(a_day, folder, asked.orders, asked.couriers)
    network = RoadNetwork.load(roads)
    made = await asyncio.to_thread(
        plan_day, inputs, network, budget_s=asked.budget, seed=1, made_at=AT
    )
    async with Store.open(url) as store:
        plan = await keep(store, inputs, made)
        day = inputs.day
        key = await operations.create_key(
            store, company_id=day.company_id, role=Role.DISPATCHER, depot_id=day.depot_id
        )
    draw = random.Random(1)
    bodies = [a_route(plan, asked.stops, asked.givers, draw) for _ in range(WARM + asked.requests)]
    return Case(roads, key, plan.plan_id, len(plan.routes), bodies)


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    taken_ms: list[float] = []
    stops: list[int] = []
    changed: list[int] = []
    with EmbeddedServer(folder) as server:
        case = await a_case(asked, folder, server.url)
        app = create_app(Settings(roads=case.roads), url=server.url)
        settle()
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://cunlu",
                headers={"Authorization": f"Bearer {case.key}"},
            ) as client,
        ):
            while not app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
                await asyncio.sleep(0.05)
            for body in case.bodies:
                began_s = time.perf_counter()
                answer = await client.post(f"/v1/plans/{case.plan_id}/check", json=body)
                taken_ms.append((time.perf_counter() - began_s) * 1000)
                told = answer.raise_for_status().json()
                stops.append(sum(len(trip["stops"]) for trip in told["trips"]))
                changed.append(1 + len(told["others"]))
    counted_ms = taken_ms[WARM:]
    return {
        "orders": asked.orders,
        "routes": case.routes,
        "stops_median": statistics.median(stops),
        "routes_changed_median": statistics.median(changed),
        "requests": len(counted_ms),
        "first_ms": round(taken_ms[0]),
        "median_ms": round(statistics.median(counted_ms), 1),
        "p99_ms": round(statistics.quantiles(counted_ms, n=100)[98], 1),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--couriers", type=int, default=100)
    parser.add_argument("--stops", type=int, default=60)
    parser.add_argument("--from", type=int, default=2, dest="givers")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for the plan itself")
    with tempfile.TemporaryDirectory(prefix="cunlu-") as folder:
        print(json.dumps(asyncio.run(measure(parser.parse_args(), Path(folder)))))


if __name__ == "__main__":
    main()
