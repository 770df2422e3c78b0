"""The store of the real server, and a depot-day of its own for every test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, time
from pathlib import Path

import pytest

from dispatch import operations
from dispatch.clock import SystemClock
from dispatch.day_worker import DayWorker
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.planning import plan_day
from dispatch.server import EmbeddedServer
from dispatch.store import Store
from dispatch.workbench import Workbench
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.workers import AT, Running, peopled


@pytest.fixture
async def store(server: EmbeddedServer) -> AsyncIterator[Store]:
    async with Store.open(server.url) as store:
        yield store


@pytest.fixture
def day() -> DepotDay:
    """A depot-day of a company that no other test knows."""
    company_id = CompanyId(f"t{secrets.token_hex(8)}")
    return DepotDay(company_id, DepotId("shaji"), date(2026, 11, 11))


@pytest.fixture
def fleet() -> Fleet:
    trike = VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_pieces=15,
        trips_max=3,
        cost_per_km_fen=30,
        cost_per_hour_fen=2500,
    )
    couriers = [
        Courier(
            courier_id=CourierId(courier_id),
            name=name,
            phone="13800001234",
            model_id=trike.model_id,
            shift_starts=time(8),
            shift_ends=time(18),
        )
        for courier_id, name in (("k1", "王小明"), ("k2", "李四"))
    ]
    depot = Depot(depot_id=DepotId("shaji"), name="沙集网点", place=Place(118.09, 33.87))
    return Fleet(
        depot=depot,
        models={trike.model_id: trike},
        couriers={each.courier_id: each for each in couriers},
    )


@pytest.fixture
async def crewed(store: Store, day: DepotDay, fleet: Fleet) -> DepotDay:
    """`day`, at a depot that has its fleet."""
    await operations.replace_fleet(store, day.scope, fleet, by="test", at=SystemClock().now())
    return day


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait for a condition, asked again and again, for at most two minutes."""

    async def wait_until(condition: Callable[[], Awaitable[bool]], within_s: float = 120) -> None:
        async with asyncio.timeout(within_s):
            while not await condition():  # noqa: ASYNC110 -- a process sets no event
                await asyncio.sleep(0.02)

    return wait_until


@pytest.fixture(scope="session")
def roads(grid_network) -> Path:
    return grid_network


@pytest.fixture
async def running(
    store: Store, crewed: DepotDay, fleet: Fleet, roads: Path
) -> AsyncIterator[Running]:
    """A day whose plan is in force at half past eight."""
    day = await peopled(store, crewed, fleet)
    running = Running(store, day, None)
    running.worker = DayWorker(store, running, Workbench(), roads)
    inputs = await operations.read_inputs(store, day, at=AT)
    plan = await asyncio.to_thread(
        plan_day,
        inputs,
        RoadNetwork.load(roads),
        budget_s=20,
        iterations=200,
        seed=1,
        made_at=AT,
    )
    await operations.publish_revision(store, plan, by="t", at=AT)
    yield running
    await running.worker.bench.close()
