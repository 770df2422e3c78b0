"""
A dispatcher's day over HTTP, with a real worker and a clock that stands until the story goes on.

Import, plan, 180 orders in ten minutes, a move by hand, a breakdown, a flood, a truck that leaves early, close of day.
"""

import asyncio
import json
from datetime import datetime, timedelta

import msgspec
import pytest

from dispatch.clock import StandingClock
from dispatch.demo import Crew
from dispatch.plan import Plan

DAY = "day=2026-11-11"
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
HOUSES, MORNING_ORDERS, MORE_ORDERS = 60, 60, 180
COURIERS = ("c1", "c2", "c3", "c4", "c5")


def at(hour, minute=0):
    return datetime.fromisoformat(f"2026-11-11T{hour:02}:{minute:02}:00+08:00")


@pytest.fixture
def clock():
    return StandingClock(at(7))


class Story:
    """What a dispatcher sees and does, and couriers who follow whatever version they were given last."""

    def __init__(self, company, clock):
        self.company, self.clock = company, clock
        self.crew, self.out = Crew(7, by="t"), set()
        self.told = {}

    async def call(self, method, path, status=200, **more):
        if method != "GET":
            self.clock.at += timedelta(seconds=1)  # no two facts of a day are at one moment
        answer = await self.company.call(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def plan(self):
        """The version in force; what it promises is remembered as told."""
        plan = await self.call("GET", f"/v1/plans/current?{DAY}")
        self.told |= {each["order_id"]: each for each in plan["promises"]}
        return plan

    async def status(self):
        return await self.call("GET", f"/v1/status?{DAY}")

    async def until(self, now):
        """The clock moves on in steps of ten minutes, and couriers report what they did."""
        while self.clock.at < now:
            self.clock.at = min(now, self.clock.at + timedelta(minutes=10))
            plan = msgspec.convert(await self.plan(), Plan)
            events = [
                {
                    name: value
                    for name, value in json.loads(msgspec.json.encode(each)).items()
                    if name != "by"
                }
                for each in self.crew.drive(plan, self.clock.at)
                if each.courier_id not in self.out
            ]
            if events:
                heard = await self.call("POST", f"/v1/events?{DAY}", json={"events": events})
                assert heard["counts"].keys() <= {"recorded", "duplicate"}, heard

    async def next_version(self, version, why):
        """The plan in force once a version after `version` has been made for this; others may have followed it."""
        async with asyncio.timeout(120):
            while True:
                listed = (await self.call("GET", f"/v1/plans?{DAY}"))["plans"]
                if any(each["version"] > version and why in each["why"] for each in listed):
                    return await self.plan()
                await asyncio.sleep(0.1)

    async def accounted(self, leaves_at):
        """Orders that the plan in force brings to a truck in time, that are said to miss it, or that nobody fetches."""
        plan, status = await self.plan(), await self.status()
        in_time = {
            order_id
            for each in plan["routes"]
            for trip in each["trips"]
            if datetime.fromisoformat(trip["over_at"]) + timedelta(minutes=5) <= leaves_at
            for stop in trip["stops"]
            for order_id in stop["order_ids"]
        }
        said = {order_id for each in status["at_risk"] for order_id in each["order_ids"]}
        return in_time | said | {each["order_id"] for each in plan["unserved"]}

    async def quiet(self, knows=frozenset()):
        """The plan that stays, with these orders: no version has come for five seconds."""
        plan = await self.plan()
        for _ in range(60):
            await asyncio.sleep(5)
            later = await self.plan()
            unserved = {each["order_id"] for each in later["unserved"]}
            if later["version"] == plan["version"] and knows <= whose(later).keys() | unserved:
                return plan
            plan = later
        raise AssertionError("versions follow each other without end")


def whose(plan):
    return {
        order_id: route["courier_id"]
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order_id in stop["order_ids"]
    }


def households_csv():
    rows = ["id,village,name,lon,lat"]
    rows += (
        f"h{n},东风,王小{n},{WEST + (n % 5 + 0.2 + n // 25 * 0.2) * STEP:.6f},{SOUTH + n // 5 % 5 * STEP + 0.0002:.6f}"
        for n in range(HOUSES)
    )
    return "\n".join(rows)


def fleet():
    trike = {"id": "trike", "profile": "trike", "capacity_weight_kg": 180, "trips_max": 4}
    money = {"fixed_cost_yuan": 25, "cost_per_km_yuan": 0.15, "cost_per_hour_yuan": 22}
    return {
        "depot": {
            "id": "shaji",
            "name": "沙集网点",
            "lon": WEST + 2.5 * STEP,
            "lat": SOUTH + 2 * STEP,
            "departures": ["12:30", "18:30"],
            "sorting_s": 300,
            "promise_late_minutes": 90,
        },
        "vehicle_models": [trike | money],
        "couriers": [
            {"id": name, "name": name, "vehicle_model": "trike", "shift": "08:00-18:30"}
            for name in COURIERS
        ],
    }


@pytest.mark.timeout(420)
async def test_a_dispatchers_day(company, worker, clock):
    story = Story(company, clock)
    call = story.call

    # Import.
    await call("PUT", "/v1/fleet", content=json.dumps(fleet()))
    csv = {"headers": {"Content-Type": "text/csv"}}
    told = await call("POST", "/v1/households", content=households_csv(), **csv)
    assert told["counts"]["created"] == HOUSES
    rows = [f"m{n:03},h{n},2,12:30" if n % 3 == 0 else f"m{n:03},h{n},2," for n in range(60)]
    orders = "\n".join(["id,household,weight_kg,cut_off", *rows])
    told = await call("POST", f"/v1/orders?{DAY}", content=orders, **csv)
    assert told["counts"]["created"] == MORNING_ORDERS

    # Plan, look at it, publish it.
    job = await call("POST", f"/v1/plans?{DAY}", status=202, json={"budget_s": 2, "seed": 1})
    await company.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    job = await call("GET", f"/v1/jobs/{job['job_id']}")
    assert job["state"] == "succeeded", job
    draft = await company.call("GET", f"/v1/plans/{job['plan_id']}")
    assert draft.json()["figures"]["served"] == MORNING_ORDERS
    match = {"If-Match": draft.headers["etag"]}
    await call("POST", f"/v1/plans/{job['plan_id']}/publish", headers=match)

    # 180 orders in ten minutes: each is answered, and none is lost.
    await story.until(at(8, 30))
    verdicts = []
    for batch in range(18):
        clock.at = at(8, 30) + timedelta(seconds=batch * 33)
        more = [
            {"order_id": f"n{n:03}", "household_id": f"h{n * 7 % HOUSES}", "weight_g": 2000}
            for n in range(batch * 10, batch * 10 + 10)
        ]
        told = await call("POST", f"/v1/orders?{DAY}", json={"orders": more})
        assert told["counts"] == {"created": 10}
        verdicts += (each["answer"]["verdict"] for each in told["results"])
    assert len(verdicts) == MORE_ORDERS
    assert set(verdicts) <= {"promised", "options", "queued"}
    assert "promised" in verdicts
    everybody = {f"m{n:03}" for n in range(60)} | {f"n{n:03}" for n in range(MORE_ORDERS)}
    plan = await story.quiet(everybody)
    assert whose(plan).keys() | {each["order_id"] for each in plan["unserved"]} == everybody
    assert plan["unserved"] == []

    # A household asks for another courier: looked at, made, and kept from then on.
    await story.until(at(9))
    for _ in range(5):
        plan = await story.quiet()
        route = max(plan["routes"], key=lambda each: each["trips"][-1]["back_at"])
        asked = route["trips"][-1]["stops"][-1]["order_ids"][0]
        favourite = next(each for each in COURIERS if each not in ("c1", route["courier_id"]))
        wish = {
            "commands": [{"do": "move", "order_ids": [asked], "courier_id": favourite}],
            "accept": ["lateness"],
        }
        clock.at += timedelta(seconds=1)
        path = f"/v1/plans/{plan['plan_id']}/moves"
        look = await company.call("POST", path, json=wish | {"dry_run": True})
        made = await company.call("POST", path, json=wish)
        if 409 not in (look.status_code, made.status_code):
            break  # else a version has come first, and it is looked at again
    assert look.json()["fits"], look.text
    assert made.json()["change"] == look.json()["change"]
    plan = await story.plan()
    assert whose(plan)[asked] == favourite

    # A vehicle breaks down with parcels on board.
    await story.until(at(9, 30))
    plan = await story.quiet()
    status = await story.status()
    states = {each["courier_id"]: each for each in status["routes"]}
    broken = next(each for each in ("c1", "c2", "c3") if each != favourite and each in states)
    out = {"reason": "breakdown", "place": {"lon": 118.112, "lat": 33.889}}
    handed = await call("POST", f"/v1/couriers/{broken}/handover?{DAY}", json=out)
    story.out.add(broken)
    plan = await story.next_version(plan["version"], "couriers")
    plan = await story.quiet()
    ended = {each for each in everybody if await ended_of(story, each)}
    assert broken not in {who for order_id, who in whose(plan).items() if order_id not in ended}
    if handed["order"] is not None:
        everybody.add(handed["order"]["order_id"])
        assert whose(plan)[handed["order"]["order_id"]] != broken
    assert whose(plan)[asked] == favourite

    # A flood closes a road.
    await story.until(at(9, 50))
    line = [{"lon": 118.106, "lat": 33.885}, {"lon": 118.109, "lat": 33.885}]
    closure = {"line": line, "until_at": "2026-11-11T18:00:00+08:00", "reason": "桥面积水"}
    version = (await story.quiet())["version"]
    await call("POST", "/v1/closures", status=201, json=closure)
    plan = await story.next_version(version, "roads")
    assert whose(plan)[asked] == favourite

    # The noon truck leaves early.
    await story.until(at(10))
    version = (await story.quiet())["version"]
    early = at(11, 30).isoformat()
    await call("PUT", f"/v1/departures/12:30?{DAY}", json={"leaves_at": early})
    (noon, _) = (await story.status())["departures"]
    assert (noon["leaves_at"], noon["planned_at"]) == (early, at(12, 30).isoformat())
    plan = await story.next_version(version, "trucks")
    plan = await story.quiet()
    assert whose(plan)[asked] == favourite
    assert {each["leaves_at"] for each in plan["departures"]} == {early, at(18, 30).isoformat()}
    route = plan["routes"][0]
    phone = await call("GET", f"/v1/couriers/{route['courier_id']}/route?{DAY}")
    assert phone["version"] == plan["version"]
    trucks = {trip["truck_at"] for each in plan["routes"] for trip in each["trips"]}
    assert at(12, 30).isoformat() not in trucks
    # Whatever was given up for it is said, and stands on the board; the rest makes it.
    must = {f"m{n:03}" for n in range(0, 60, 3)}
    must -= {each for each in must if await ended_of(story, each) == "failed"}
    if must & set(handed["order_ids"]):  # what stands by the road is on no trip of its own any more
        must = must - set(handed["order_ids"]) | {handed["order"]["order_id"]}
    unsaid = must
    for _ in range(30):
        unsaid = must - await story.accounted(at(11, 30))
        if not unsaid:
            break
        await asyncio.sleep(2)
    assert unsaid == set()

    # Close of day: every order has its end, and whoever was told a time was met at it or told anew.
    await story.until(at(18, 30))
    status = await story.status()
    figures = status["figures"]
    assert figures["orders_total"] == len(everybody)
    ends = {each: await ended_of(story, each) for each in everybody}
    assert set(ends.values()) <= {"collected", "failed"}, ends
    assert figures["orders_collected"] == sum(each == "collected" for each in ends.values())
    assert figures["orders_collected"] > 0.9 * len(everybody)
    assert all(each["state"] == "back" for each in status["routes"])
    versions = (await call("GET", f"/v1/plans?{DAY}"))["plans"]
    whys = {why for each in versions for why in each["why"]}
    assert {"new-orders", "hand", "couriers", "roads", "trucks"} <= whys


async def ended_of(story, order_id):
    """How the order ended; "": it has not."""
    record = await story.call("GET", f"/v1/orders/{order_id}?{DAY}")
    return "" if record["status"] == "open" else record["status"]
