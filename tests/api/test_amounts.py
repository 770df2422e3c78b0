"""A household has more than it said, and a courier finds more than that: over the real API and a real worker."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.clock import StandingClock

DAY = "day=2026-11-11"


def at(hours, minutes=0):
    """A moment of the day in the depot's zone, eight hours ahead of UTC."""
    return datetime(2026, 11, 11, tzinfo=UTC) + timedelta(hours=hours - 8, minutes=minutes)


@pytest.fixture
def clock():
    return StandingClock(at(7))


class Day:
    """A day whose plan is in force; its trikes hold 30 pieces."""

    def __init__(self, village, clock):
        self.village, self.clock = village, clock

    async def call(self, method, path, status=200, **more):
        if method != "GET":
            self.clock.at += timedelta(seconds=1)  # no two facts of a day are at one moment
        answer = await self.village.call(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def plan(self):
        return await self.call("GET", f"/v1/plans/current?{DAY}")

    async def restate(self, order_id, **amount):
        return await self.call("PUT", f"/v1/orders/{order_id}/amount?{DAY}", json=amount)

    async def version_with(self, holds):
        async with asyncio.timeout(120):
            while not holds(plan := await self.plan()):  # noqa: ASYNC110 (the worker is its own)
                await asyncio.sleep(0.1)
        return plan


@pytest.fixture
async def day(village, clock, worker, fleet_json):
    day = Day(village, clock)
    fleet = json.loads(fleet_json)
    fleet["vehicle_models"][0] |= {"capacity_pieces": 30, "trips_max": 3}
    await day.call("PUT", "/v1/fleet", json=fleet)
    job = await day.call("POST", f"/v1/plans?{DAY}", status=202, json={"budget_s": 1, "seed": 1})
    await village.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    job = await day.call("GET", f"/v1/jobs/{job['job_id']}")
    match = {"headers": {"If-Match": "*"}}
    await day.call("POST", f"/v1/plans/{job['plan_id']}/publish", **match)
    return day


def trip_of(plan, order_id):
    return next(
        (route["courier_id"], trip)
        for route in plan["routes"]
        for trip in route["trips"]
        if any(order_id in stop["order_ids"] for stop in trip["stops"])
    )


def loads(plan, pieces):
    """Pieces of each trip, counted from the orders by hand."""
    for route in plan["routes"]:
        for trip in route["trips"]:
            ids = [each for stop in trip["stops"] for each in stop["order_ids"]]
            counted = sum(pieces.get(each, 1) for each in ids)
            assert counted == trip["pieces"] == sum(stop["pieces"] for stop in trip["stops"])
            yield counted


@pytest.mark.timeout(300)
async def test_more_than_said_before_the_pickup_and_at_it(day, clock):
    plan = await day.plan()
    courier, trip = max(
        ((r["courier_id"], t) for r in plan["routes"] for t in r["trips"]),
        key=lambda each: len(each[1]["stops"]),
    )
    last = trip["stops"][-1]["order_ids"][0]

    # One piece more fits: the courier and the time that were told stay.
    told = await day.restate(last, pieces=2)
    assert (told["before"]["pieces"], told["after"]["pieces"]) == (1, 2)
    assert told["after"]["weight_g"] == 2 * told["before"]["weight_g"]
    assert told["answer"]["verdict"] == "promised"
    assert told["stays"]
    plan = await day.version_with(lambda plan: max(loads(plan, {last: 2}), default=0) > 0)
    assert plan["unserved"] == []
    again = await day.restate(last, pieces=2)
    assert again["before"] == again["after"]

    # Thirty fill a vehicle: somebody comes for it alone, or another courier does.
    told = await day.restate(last, pieces=30, weight_g=60_000)
    assert told["answer"]["verdict"] == "promised", told
    plan = await day.version_with(lambda plan: trip_of(plan, last)[1]["pieces"] == 30)
    assert max(loads(plan, {last: 30})) == 30

    # Thirty-one fit nowhere: it is refused, and no vehicle is overfull.
    told = await day.restate(last, pieces=31, weight_g=60_000)
    assert told["answer"]["verdict"] in ("options", "queued")
    assert not told["stays"]
    plan = await day.version_with(lambda plan: [e["order_id"] for e in plan["unserved"]] == [last])
    assert max(loads(plan, {last: 31})) <= 30
    told = await day.restate(last, pieces=1)
    plan = await day.version_with(lambda plan: plan["unserved"] == [])
    assert (await day.call("GET", f"/v1/orders/{last}?{DAY}"))["order"]["pieces"] == 1

    # At a door the courier finds 29 pieces in place of one: what does not fit beside them is planned anew.
    route = next(r for r in plan["routes"] if r["courier_id"] == courier)
    stop = route["trips"][0]["stops"][0]
    clock.at = datetime.fromisoformat(stop["depart_at"])
    found = stop["order_ids"][0]
    event = {
        "kind": "collected",
        "event_id": "e1",
        "courier_id": courier,
        "order_ids": stop["order_ids"],
        "at": stop["depart_at"],
        "counted": [{"order_id": found, "pieces": 29}],
    }
    heard = await day.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    assert heard["counts"] == {"recorded": 1}
    heard = await day.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    assert heard["counts"] == {"duplicate": 1}
    plan = await day.version_with(lambda plan: trip_of(plan, found)[1]["pieces"] >= 29)
    assert "amounts" in plan["why"]
    who, trip = trip_of(plan, found)
    assert who == courier
    assert trip["pieces"] <= 30
    (counted,) = trip["stops"][0]["counted"]
    assert (counted["order_id"], counted["pieces"]) == (found, 29)
    assert max(loads(plan, {found: 29})) <= 30
    assert plan["unserved"] == []
    refused = await day.call("PUT", f"/v1/orders/{found}/amount?{DAY}", 409, json={"pieces": 2})
    assert refused["code"] == "order-closed"


async def test_what_another_courier_scans_is_on_that_vehicle(day, clock):
    plan = await day.plan()
    courier, trip = max(
        ((r["courier_id"], t) for r in plan["routes"] for t in r["trips"]),
        key=lambda each: len(each[1]["stops"]),
    )
    other = next(each for each in ("c1", "c2") if each != courier)
    stop = trip["stops"][-1]
    clock.at = at(9)
    event = {
        "kind": "collected",
        "event_id": "e1",
        "courier_id": other,
        "order_ids": stop["order_ids"],
        "at": clock.at.isoformat(),
    }
    await day.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    order_id = stop["order_ids"][0]
    plan = await day.version_with(lambda plan: trip_of(plan, order_id)[0] == other)
    assert "amounts" in plan["why"]
    diff = await day.call("GET", f"/v1/plans/{plan['plan_id']}/diff")
    assert order_id in {each["order_id"] for each in diff["changes"]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "not-valid"),
        ({"pieces": 0}, 422, "not-valid"),
        ({"pieces": 2, "parcels": 3}, 422, "not-valid"),
    ],
)
async def test_an_amount_that_says_nothing_is_refused(village, body, status, code):
    answer = await village.call("PUT", f"/v1/orders/o001/amount?{DAY}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_a_dispatcher_restates_and_only_orders_of_the_day(village):
    path = f"/v1/orders/o001/amount?{DAY}"
    for role in ("courier", "point", "dashboard"):
        answer = await village.call("PUT", path, role=role, json={"pieces": 2})
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")
    answer = await village.call("PUT", f"/v1/orders/nobody/amount?{DAY}", json={"pieces": 2})
    assert (answer.status_code, answer.json()["code"]) == (404, "order-unknown")
    answer = await village.call("PUT", path, json={"pieces": 2})
    told = answer.json()
    assert told["answer"]["code"] == "no-plan"
    assert (told["before"]["pieces"], told["after"]["pieces"]) == (1, 2)
    bad = {"kind": "arrived", "counted": [{"order_id": "o001", "pieces": 3}]}
    event = {
        "event_id": "e",
        "courier_id": "c1",
        "order_ids": ["o001"],
        "at": "2026-11-11T09:00:00+08:00",
    }
    heard = await village.call("POST", f"/v1/events?{DAY}", json={"events": [event | bad]})
    assert heard.json()["counts"] == {"refused": 1}
