"""Real workers for tests, inside this process or to be killed, and a depot-day for them to plan."""

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dispatch import operations
from dispatch.events import Collected
from dispatch.orders import Order, OrderId
from dispatch.plan import Why
from dispatch.running.contract import breaches
from dispatch.settings import Settings
from dispatch.worker import run_worker
from routing.places import Place

AT = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
LEASE_S = 1.5


class Running:
    """A depot-day whose plan is in force, and a clock that can be set."""

    def __init__(self, store, day, worker):
        self.store, self.day, self.worker = store, day, worker
        self.at = AT

    def now(self):
        return self.at

    async def plan(self):
        return (await operations.current_plan(self.store, self.day)).plan

    async def keep(self, **how):
        """The version that comes of it, which keeps what the one before has promised."""
        before = await operations.read_running(self.store, self.day, at=self.at)
        after = await self.worker.keep(self.day, **how)
        if after is not None and Why.ROADS not in after.why:
            stored = await self.plan()
            assert stored == after
            assert breaches(before.plan, after, before.inputs, before.facts, now=self.at) == ()
        return after

    async def create(self, name, **facts):
        place = Place(WEST + 1.4 * STEP, SOUTH + 2.3 * STEP)
        order = Order(**{"order_id": OrderId(name), "place": place} | facts)
        await operations.create_orders(self.store, self.day, (order,), by="t", at=self.at)

    async def collect(self, stops, courier_id):
        told = [
            Collected(
                at=stop.depart_at,
                by="t",
                event_id=f"e{stop.seq}-{courier_id}",
                courier_id=courier_id,
                order_ids=stop.order_ids,
            )
            for stop in stops
        ]
        await operations.record_events(self.store, self.day, told, by="t")


def carrier(plan, order_id):
    for route in plan.routes:
        for stop in route.stops:
            if order_id in stop.order_ids:
                return route.courier_id
    return None


async def peopled(store, day, fleet):
    """A depot-day with a fleet on the grid and forty orders."""
    depot = replace(fleet.depot, place=Place(WEST + 2.5 * STEP, SOUTH + 2 * STEP))
    await operations.replace_fleet(store, day.scope, replace(fleet, depot=depot), by="t", at=AT)
    orders = [
        Order(
            order_id=OrderId(f"o{number}"),
            place=Place(WEST + (number % 5 + 0.4) * STEP, SOUTH + (number // 8) * STEP + 0.0002),
        )
        for number in range(40)
    ]
    await operations.create_orders(store, day, orders, by="t", at=AT)
    return day


@asynccontextmanager
async def working(**settings):
    """A worker inside this process."""
    stop = asyncio.Event()
    settings = {"lease_s": LEASE_S} | settings
    task = asyncio.create_task(run_worker(Settings(**settings), stop=stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


@asynccontextmanager
async def worker_process(data_dir, roads):
    """A worker of its own, to be killed."""
    program = (
        "import asyncio, sys\n"
        "from dispatch.settings import Settings\n"
        "from dispatch.worker import run_worker\n"
        "asyncio.run(run_worker(Settings(data_dir=sys.argv[1], roads=sys.argv[2], lease_s=float(sys.argv[3]))))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(data_dir), str(roads), str(LEASE_S)),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def children_of(pid, program=""):
    """Children of a process whose command line holds `program`."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if program in line]


def is_running(pid):
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
