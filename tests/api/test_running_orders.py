"""New orders while the day runs: answered at once through the real API, worker and store."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import httpx
import pytest

from api.app import create_app
from dispatch import operations
from dispatch.access import Role
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId
from dispatch.order_answers import ORDERS_MAX, NewOrders
from dispatch.order_worker import OrderWorker
from dispatch.orders import Order, OrderId
from dispatch.planning import plan_day
from dispatch.running.contract import breaches
from dispatch.settings import Settings
from dispatch.store import Store
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.workers import SOUTH, STEP, WEST, working

MORNING = datetime(2026, 11, 10, 23, tzinfo=UTC)  # seven o'clock
NOW = MORNING + timedelta(minutes=70)


def place(column, row):
    return Place(WEST + column * STEP, SOUTH + row * STEP)


def at(hours, minutes=0):
    return f"2026-11-11T{hours:02}:{minutes:02}:00+08:00"


class Running:
    """A day whose plan is in force, and whose clock stands at ten past eight when it is started."""

    def __init__(self, store, client, day):
        self.store, self.client, self.day = store, client, day

    async def send(self, *orders):
        answer = await self.client.post("/v1/orders", json={"orders": list(orders)})
        return answer.raise_for_status().json()["results"]

    async def answered(self, **order):
        (result,) = await self.send({"pieces": 1} | order)
        assert result["outcome"] == "created"
        return result["answer"]

    async def take(self, order_id, option):
        return await self.client.post(f"/v1/orders/{order_id}/take", json=option)

    async def day_now(self):
        return await operations.read_running(self.store, self.day, at=NOW + timedelta(seconds=5))

    async def carrier(self, order_id):
        plan = (await operations.current_plan(self.store, self.day)).plan
        for route in plan.routes:
            for stop in route.stops:
                if order_id in stop.order_ids:
                    return plan, route.courier_id, stop
        return plan, None, None


def a_fleet():
    trike = VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_pieces=60,
        trips_max=2,
        cost_per_km_fen=30,
        cost_per_hour_fen=2500,
    )
    crew = [
        Courier(
            courier_id=CourierId(name),
            name=name,
            model_id=trike.model_id,
            shift_starts=time(8),
            shift_ends=time(12),
        )
        for name in ("k1", "k2")
    ]
    depot = Depot(
        depot_id=DepotId("shaji"),
        name="",
        place=place(2.5, 2),
        departures=(time(11), time(16, 30)),
    )
    couriers = {each.courier_id: each for each in crew}
    return Fleet(depot=depot, models={trike.model_id: trike}, couriers=couriers)


@pytest.fixture
async def running(server, roads, monkeypatch):
    # A worker that has only just started compiles first: whoever tests it has time.
    monkeypatch.setattr("dispatch.operations.promising.ANSWER_WITHIN_S", 60.0)
    company_id = CompanyId(f"t{secrets.token_hex(8)}")
    day = DepotDay(company_id, DepotId("shaji"), date(2026, 11, 11))
    clock = {"clock_start": NOW, "clock_started": datetime.now(UTC)}
    async with Store.open(server.url) as store:
        await operations.replace_fleet(store, day.scope, a_fleet(), by="t", at=MORNING)
        point = CollectionPoint(point_id=PointId("P1"), village="", name="", place=place(4.5, 4.4))
        await operations.change_registry(store, day.scope, (), (point,), by="t", at=MORNING)
        orders = [
            Order(order_id=OrderId(f"o{n}"), place=place(n % 5 + 0.4, n // 5 + 0.04), pieces=2)
            for n in range(20)
        ]
        await operations.create_orders(store, day, orders, by="t", at=MORNING)
        inputs = await operations.read_inputs(store, day, at=MORNING)
        plan = await asyncio.to_thread(
            plan_day,
            inputs,
            RoadNetwork.load(roads),
            budget_s=20,
            iterations=200,
            seed=1,
            made_at=MORNING,
        )
        await operations.publish_revision(store, plan, by="t", at=MORNING)
        key = await operations.create_key(
            store, company_id=company_id, role=Role.DISPATCHER, depot_id=day.depot_id
        )
        app = create_app(Settings(roads=roads, **clock), url=server.url)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://cunlu",
                headers={"Authorization": f"Bearer {key}"},
                params={"day": "2026-11-11"},
            ) as client,
        ):
            running = Running(store, client, day)
            running.settings = {"redis_url": server.url, "roads": roads} | clock
            yield running


HERE = {"place": {"lon": WEST + 1.4 * STEP, "lat": SOUTH + 2.3 * STEP}}


async def test_an_order_that_fits_is_promised_and_in_the_plan_that_is_in_force(running):
    before = await running.day_now()
    async with working(**running.settings):
        answer = await running.answered(order_id="new", **HERE)
        assert answer["verdict"] == "promised", answer
        plan, courier_id, stop = await running.carrier("new")
        assert (answer["version"], answer["courier_id"]) == (plan.version, courier_id)
        told = next(each for each in plan.promises if each.order_id == "new")
        assert datetime.fromisoformat(answer["earliest_at"]) == told.earliest_at
        assert told.earliest_at <= stop.begin_at <= told.latest_at
        after = await running.day_now()
        assert breaches(before.plan, plan, after.inputs, after.facts, now=NOW) == ()
        again = await running.answered(order_id="newer", **HERE)
        assert again["verdict"] == "promised"
        assert again["version"] == plan.version + 1


async def test_several_orders_are_answered_one_after_the_other_in_one_version(running):
    async with working(**running.settings):
        results = await running.send(
            *({"order_id": f"n{n}", "place": HERE["place"]} for n in range(3)),
            {"order_id": "o1", "place": HERE["place"]},
        )
        answers = [each["answer"] for each in results if each["outcome"] == "created"]
        assert [each["verdict"] for each in answers] == ["promised"] * 3
        assert {each["version"] for each in answers} == {2}
        assert "answer" not in next(each for each in results if each["id"] == "o1")


async def test_what_fits_nowhere_has_options_and_one_of_them_taken_is_promised(running):
    async with working(**running.settings):
        late = {"earliest_at": at(12, 30), "latest_at": at(13)}
        answer = await running.answered(order_id="late", windows=[late], **HERE)
        assert answer["verdict"] == "options", answer
        options = answer["options"]
        assert [each["cost_fen"] for each in options] == sorted(
            each["cost_fen"] for each in options
        )
        longer = next(each for each in options if each["code"] == "shift-ends-later")
        taken = await running.take("late", longer)
        assert taken.json()["verdict"] == "promised", taken.json()
        _, courier_id, stop = await running.carrier("late")
        assert courier_id == longer["courier_id"]
        assert stop.begin_at >= datetime.fromisoformat(at(12, 30))


async def test_a_later_time_taken_is_a_longer_window(running):
    async with working(**running.settings):
        window = {"earliest_at": at(8), "latest_at": at(8, 11)}
        answer = await running.answered(order_id="soon", windows=[window], **HERE)
        later = next(e for e in answer["options"] if e["code"] == "window-closes-later")
        taken = (await running.take("soon", later)).json()
        assert taken["verdict"] == "promised", taken
        again = (await running.take("soon", later)).json()
        assert (again["verdict"], again["version"]) == ("promised", taken["version"])
        record = await operations.read_order(running.store, running.day, OrderId("soon"))
        assert record.order.windows[0].latest_at == datetime.fromisoformat(later["at"])


async def test_an_option_that_lacks_a_fact_is_refused(running, monkeypatch):
    monkeypatch.setattr("dispatch.operations.promising.ANSWER_WITHIN_S", 0.1)
    await running.send({"order_id": "new", **HERE})
    answer = await running.take("new", {"code": "later-truck"})
    assert (answer.status_code, answer.json()["code"]) == (422, "option-unclear")


async def test_without_a_worker_the_order_is_kept_and_queued(running, monkeypatch):
    monkeypatch.setattr("dispatch.operations.promising.ANSWER_WITHIN_S", 0.3)
    answer = await running.answered(order_id="new", **HERE)
    assert (answer["verdict"], answer["code"]) == ("queued", "no-answer-yet")
    record = await operations.read_order(running.store, running.day, OrderId("new"))
    assert record.status == "open"


async def test_many_orders_at_once_are_left_for_the_next_version(running):
    many = [{"order_id": f"n{n}", **HERE} for n in range(ORDERS_MAX + 1)]
    results = await running.send(*many)
    assert {each["answer"]["code"] for each in results} == {"many-orders"}


async def test_a_version_that_comes_second_is_fitted_in_again(running, monkeypatch):
    publish, met = operations.publish_revision, []

    async def late(store, plan, **how):
        if not met:
            met.append(plan)
            now = await operations.current_plan(store, running.day)
            other = replace(now.plan, based_on=now.plan.version, seed=99)
            await publish(store, other, by="other", at=NOW)
        return await publish(store, plan, **how)

    monkeypatch.setattr(operations, "publish_revision", late)
    async with working(**running.settings):
        answer = await running.answered(order_id="new", **HERE)
        assert (answer["verdict"], answer["version"]) == ("promised", 4)


async def test_whoever_answers_is_told_the_households_of_all_orders_that_it_is_told(running):
    """Prices of their windows hold for orders in the plan as for the new one."""
    store, day = running.store, running.day
    homes = [
        Household(
            household_id=HouseholdId(name),
            village="",
            name="",
            place=place(1.4, 2.3),
            late_fen_per_minute=50,
            missed_max_s=600,
        )
        for name in ("h1", "h2")
    ]
    await operations.change_registry(store, day.scope, homes, (), by="t", at=NOW)
    old, new = (
        Order(order_id=OrderId(name), household_id=home.household_id)
        for name, home in zip(("old", "new"), homes, strict=True)
    )
    await operations.create_orders(store, day, (old, new), by="t", at=NOW)
    plan = (await operations.current_plan(store, day)).plan
    worker = OrderWorker(store=store, clock=Settings().clock(), bench=None, roads=None)
    asked = NewOrders(day=day, order_ids=(new.order_id,))
    news = await worker._news(asked, plan, SimpleNamespace(pid=1))
    assert {"old", "new"} <= {each.order_id for each in news.orders}
    assert news.registry.households == {each.household_id: each for each in homes}
