"""When somebody comes, asked over HTTP by those who may know."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from dispatch import operations
from dispatch.days import DepotDay, DepotId
from dispatch.planning import plan_day
from dispatch.store import Store
from routing.roads.network import RoadNetwork

DAY = "day=2026-11-11"
MORNING = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock_settings():
    return {"clock_start": MORNING, "clock_started": datetime.now(UTC)}


@pytest.fixture
async def planned(village, server, roads):
    """A plan in force for the village, and its company."""
    day = DepotDay(village.company_id, DepotId("shaji"), MORNING.date())
    async with Store.open(server.url) as store:
        inputs = await operations.read_inputs(store, day, at=MORNING)
        plan = await asyncio.to_thread(
            plan_day,
            inputs,
            RoadNetwork.load(roads),
            budget_s=20,
            iterations=50,
            seed=1,
            made_at=MORNING,
        )
        return (await operations.publish_revision(store, plan, by="t", at=MORNING)).plan


async def test_every_open_order_of_the_plan_has_a_range(village, planned):
    told = (await village.call("GET", f"/v1/etas?{DAY}")).json()
    assert (told["plan_id"], told["version"]) == (planned.plan_id, planned.version)
    served = [
        order_id for route in planned.routes for stop in route.stops for order_id in stop.order_ids
    ]
    assert [each["order_id"] for each in told["etas"]] == served
    assert all(each["p10_at"] <= each["p50_at"] <= each["p90_at"] for each in told["etas"])
    assert {each["courier_id"] for each in told["tempos"]} == {
        each.courier_id for each in planned.routes
    }
    first = told["etas"][0]
    assert (await village.call("GET", f"/v1/orders/{first['order_id']}/eta?{DAY}")).json()["p90_at"]
    ours = (await village.call("GET", f"/v1/etas?{DAY}&village=东风")).json()["etas"]
    # The clock runs on between two answers, so moments may differ.
    assert [each["order_id"] for each in ours] == [
        each["order_id"] for each in told["etas"] if each["village"] == "东风"
    ]
    assert (await village.call("GET", f"/v1/etas?{DAY}&village=nowhere")).json()["etas"] == []


async def test_an_order_that_is_over_has_no_eta_and_its_successors_move(village, planned):
    route = planned.routes[0]
    first, second = (stop.order_ids[0] for stop in route.stops[:2])
    before = (await village.call("GET", f"/v1/orders/{second}/eta?{DAY}")).json()
    assert before["at_risk"] is False
    events = [
        {
            "kind": kind,
            "event_id": kind,
            "courier_id": route.courier_id,
            "order_ids": [first],
            "at": at.isoformat(),
        }
        for kind, at in (("arrived", MORNING), ("collected", MORNING + timedelta(minutes=5)))
    ]
    await village.call("POST", f"/v1/events?{DAY}", json={"events": events})
    over = await village.call("GET", f"/v1/orders/{first}/eta?{DAY}")
    assert (over.status_code, over.json()["code"]) == (404, "eta-missing")
    after = (await village.call("GET", f"/v1/orders/{second}/eta?{DAY}")).json()
    assert after["p50_at"] != before["p50_at"]
    nobody = await village.call("GET", f"/v1/orders/nobody/eta?{DAY}")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "order-unknown")


async def test_a_courier_hears_of_its_own_pickups_and_a_stranger_of_none(
    village, stranger, planned, fleet_json
):
    mine = (await village.call("GET", f"/v1/etas?{DAY}", role="courier")).json()
    assert {each["courier_id"] for each in mine["etas"]} <= {"c1"}
    others = await village.call("GET", f"/v1/etas?{DAY}&courier=c2", role="courier")
    assert others.status_code == 404
    foreign = [
        order_id
        for route in planned.routes
        if route.courier_id != "c1"
        for stop in route.stops
        for order_id in stop.order_ids
    ]
    for order_id in foreign[:1]:
        answer = await village.call("GET", f"/v1/orders/{order_id}/eta?{DAY}", role="courier")
        assert (answer.status_code, answer.json()["code"]) == (404, "order-unknown")
    assert (await village.call("GET", f"/v1/etas?{DAY}", role="point")).status_code == 403
    assert (await village.call("GET", f"/v1/etas?{DAY}", role="dashboard")).status_code == 200
    await stranger.call("PUT", "/v1/fleet", content=fleet_json)
    assert (await stranger.call("GET", f"/v1/etas?{DAY}")).json()["etas"] == []
