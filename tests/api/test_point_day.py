"""A point keeper's day, step by step, over the real API and a real worker, on a clock that is moved by hand."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.app import create_app
from dispatch.clock import StandingClock
from dispatch.settings import Settings
from dispatch.worker import work
from tests.api.conftest import SOUTH, STEP, WEST, a_company

DAY = "day=2026-11-11"
POINT = {
    "point_id": "p1",
    "name": "东风代收点",
    "place": {"lon": WEST + 2.5 * STEP, "lat": SOUTH + 3.2 * STEP},
    "capacity_pieces": 40,
}


def at(hours, minutes=0):
    """A moment of the day in the depot's zone, eight hours ahead of UTC."""
    return datetime(2026, 11, 11, tzinfo=UTC) + timedelta(hours=hours - 8, minutes=minutes)


class Keeper:
    """The point's keeper, the couriers and a dispatcher, each with a key of its own."""

    def __init__(self, company, clock):
        self.call, self.clock = company.call, clock
        self.ended, self.version = set(), 0

    async def point(self):
        path = f"/v1/points/me/arrivals?{DAY}"
        return (await self.call("GET", path, role="point")).raise_for_status().json()

    async def whereabouts(self):
        orders = (await self.point())["point"]["orders"]
        return {each["order_id"]: each["whereabouts"] for each in orders}

    async def scan(self, *scans):
        """Outcomes and codes by event id."""
        path = f"/v1/points/p1/scans?{DAY}"
        told = [
            {"event_id": name, "order_ids": [order], "at": when.isoformat(), "kind": kind}
            for name, order, when, kind in scans
        ]
        answer = await self.call("POST", path, role="point", json={"scans": told})
        results = answer.raise_for_status().json()["results"]
        return {each["id"]: (each["outcome"], each["code"]) for each in results}

    async def say(self, word, **told):
        self.clock.at += timedelta(seconds=1)
        path = f"/v1/points/p1/{word}?{DAY}"
        more = {} if word == "open" else {"json": told}
        return (await self.call("POST", path, role="point", **more)).raise_for_status().json()

    async def order(self, order_id, **told):
        body = {"orders": [{"order_id": order_id, **told}]}
        answer = await self.call("POST", f"/v1/orders?{DAY}", json=body)
        return answer.raise_for_status().json()["results"][0].get("answer")

    async def plan(self):
        return (await self.call("GET", f"/v1/plans/current?{DAY}")).json()

    async def version_with(self, holds):
        """The first version of the plan that is as said."""
        async with asyncio.timeout(120):
            while not holds(plan := await self.plan()):  # noqa: ASYNC110 (the worker is its own)
                await asyncio.sleep(0.1)
        return plan

    async def report(self, kind, courier_id, order_ids, when, **more):
        event = {
            "kind": kind,
            "event_id": f"{kind}-{'-'.join(order_ids)}",
            "courier_id": courier_id,
            "order_ids": list(order_ids),
            "at": when,
            **more,
        }
        answer = await self.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
        assert answer.json()["counts"] in ({"recorded": 1}, {"duplicate": 1}), answer.text
        if kind != "arrived":
            self.ended.update(order_ids)

    async def until(self, moment, *, besides=()):
        """Couriers do what the plan says until then, but for stops with any of the orders `besides`."""
        plan = await self.plan()
        self.clock.at = moment
        for route, stop in stops(plan):
            still = [each for each in stop["order_ids"] if each not in self.ended]
            over = datetime.fromisoformat(stop["depart_at"]) <= moment
            if still and over and not set(besides) & set(stop["order_ids"]):
                await self.report("collected", route["courier_id"], still, stop["depart_at"])


def stops(plan):
    return [
        (route, stop)
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
    ]


def stop_of(plan, order_id):
    for route, stop in stops(plan):
        if order_id in stop["order_ids"]:
            return route, stop
    return None, None


def point_of(plan, order_id):
    _, stop = stop_of(plan, order_id)
    return None if stop is None else stop["point_id"]


def unserved(plan):
    return {each["order_id"]: each["reason"] for each in plan["unserved"]}


@pytest.fixture
async def keeper(server, roads, tmp_path, fleet_json, households, monkeypatch):
    # A worker that has only just started compiles first: whoever tests it has time.
    monkeypatch.setattr("dispatch.operations.promising.ANSWER_WITHIN_S", 60.0)
    clock = StandingClock(at(7))
    settings = Settings(redis_url=server.url, roads=roads, data_dir=tmp_path)
    app = create_app(settings, url=server.url, clock=clock)
    stop = asyncio.Event()
    working = asyncio.create_task(work(settings, url=server.url, clock=clock, stop=stop))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cunlu") as client,
        a_company(server, client) as company,
    ):
        await company.call("PUT", "/v1/fleet", content=fleet_json)
        near = [each | {"points": ["p1"]} for each in households[16:19]]
        registry = {"households": [*households[:16], *near]}
        assert (await company.call("POST", "/v1/points", json={"points": [POINT]})).is_success
        assert (await company.call("POST", "/v1/households", json=registry)).is_success
        orders = [{"order_id": f"d{n}", "household_id": f"h{n}"} for n in range(8)] + [
            {"order_id": "w1", "point_id": "p1", "household_id": "h9", "pieces": 2},
            {"order_id": "w2", "point_id": "p1", "pieces": 3},
            {"order_id": "w3", "point_id": "p1", "household_id": "h10"},
        ]
        answer = await company.call("POST", f"/v1/orders?{DAY}", json={"orders": orders})
        assert answer.json()["counts"] == {"created": 11}, answer.text
        job = (await company.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1})).json()
        await company.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
        draft = await company.call("GET", "/v1/plans/shaji.2026-11-11.1")
        match = {"If-Match": draft.headers["etag"]}
        path = "/v1/plans/shaji.2026-11-11.1/publish"
        assert (await company.call("POST", path, headers=match)).is_success
        yield Keeper(company, clock)
        stop.set()
        await working


@pytest.mark.timeout(600)
async def test_a_keepers_day(keeper):
    # The morning list: who comes when, for what, and nothing stands there yet.
    view = await keeper.point()
    (arrival,) = view["arrivals"]
    assert set(arrival["order_ids"]) == {"w1", "w2", "w3"}
    assert arrival["state"] == "planned"
    assert arrival["hand_over"]["missing"] == arrival["order_ids"]
    assert {each["order_id"]: each["whereabouts"] for each in view["point"]["orders"]} == (
        dict.fromkeys(("w1", "w2", "w3"), "expected")
    )
    assert {each["eta_at"] for each in view["point"]["orders"]} == {arrival["eta_at"]}
    assert view["point"]["figures"] == {
        "expected_pieces": 6,
        "standing_pieces": 0,
        "taken_pieces": 0,
        "missing_pieces": 0,
        "capacity_pieces": 40,
        "room_pieces": 40,
    }

    # Scans: once, twice, out of order, of nothing that is known, and of the future.
    scanned = ("s1", "w1", at(6, 50), "scanned")
    assert await keeper.scan(scanned) == {"s1": ("recorded", "")}
    assert await keeper.scan(scanned) == {"s1": ("duplicate", "")}
    assert await keeper.scan(("s1", "w2", at(6, 50), "scanned")) == {
        "s1": ("refused", "event-differs")
    }
    assert await keeper.scan(
        ("s3", "w2", at(6, 55), "scanned"),
        ("s2", "w2", at(6, 52), "given-back"),  # heard later, but it was before
        ("s4", "nobody", at(6, 56), "scanned"),
        ("s5", "w3", at(9), "scanned"),
    ) == {
        "s3": ("recorded", ""),
        "s2": ("recorded", ""),
        "s4": ("refused", "order-unknown"),
        "s5": ("refused", "event-in-future"),
    }
    assert await keeper.whereabouts() == {"w1": "standing", "w2": "standing", "w3": "expected"}
    figures = (await keeper.point())["point"]["figures"]
    assert (figures["standing_pieces"], figures["room_pieces"]) == (5, 35)
    other = await keeper.call("GET", f"/v1/points/p2/arrivals?{DAY}", role="point")
    assert (other.status_code, other.json()["code"]) == (404, "point-unknown")
    for role in ("courier", "dashboard"):
        answer = await keeper.call("POST", f"/v1/points/p1/full?{DAY}", role=role, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")

    # A household brings what nobody asked it to bring: no courier goes to its door any more.
    assert await keeper.scan(("s6", "d7", at(6, 58), "scanned")) == {"s6": ("recorded", "")}
    plan = await keeper.version_with(lambda plan: point_of(plan, "d7") == "p1")
    assert "points" in plan["why"]
    assert "d7" not in {each["order_id"] for each in plan["promises"]}

    # The courier comes: one parcel is missing, and one more is left behind.
    route, stop = stop_of(plan, "w1")
    courier_id, orders = route["courier_id"], stop["order_ids"]
    assert set(orders) == {"w1", "w2", "w3", "d7"}
    await keeper.until(datetime.fromisoformat(stop["arrive_at"]), besides=orders)
    await keeper.report("arrived", courier_id, orders, stop["arrive_at"])
    (arrival,) = (await keeper.point())["arrivals"]
    assert (arrival["state"], arrival["hand_over"]["missing"]) == ("arrived", ["w3"])
    keeper.clock.at = datetime.fromisoformat(stop["depart_at"])
    await keeper.report("collected", courier_id, ["w1", "d7"], stop["depart_at"])
    await keeper.report("failed", courier_id, ["w2"], stop["depart_at"], reason="too-much")
    await keeper.report("failed", courier_id, ["w3"], stop["depart_at"], reason="not-ready")
    (arrival,) = (await keeper.point())["arrivals"]
    assert sorted(arrival["hand_over"].pop("scanned")) == ["d7", "w1", "w2"]
    assert sorted(arrival["hand_over"].pop("taken")) == ["d7", "w1"]
    assert arrival["hand_over"] == {
        "missing": ["w3"],
        "taken_unscanned": [],
        "left_behind": ["w2"],
    }
    assert await keeper.whereabouts() == {
        "w1": "taken",
        "w2": "left-behind",
        "w3": "missing",
        "d7": "taken",
    }

    # Two orders more are to come, one of a household that would bring it; then the point is full.
    now = keeper.clock.at
    assert (await keeper.order("n1", point_id="p1", household_id="h9"))["point_id"] == "p1"
    assert (await keeper.order("n2", point_id="p1", household_id="h10"))["verdict"] == "promised"
    assert (await keeper.order("n3", point_id="p1"))["verdict"] == "promised"
    assert (await keeper.scan(("s7", "n1", now, "scanned")))["s7"] == ("recorded", "")
    said = await keeper.say("full")
    assert said["notice"]["pieces_left"] == 0
    plan = await keeper.version_with(lambda plan: unserved(plan).get("n3") == "point-full")
    assert point_of(plan, "n1") == "p1"
    assert stop_of(plan, "n2")[0] is not None
    assert point_of(plan, "n2") is None
    assert (await keeper.point())["point"]["figures"]["room_pieces"] == 0

    # What comes now is answered at once by the same rule: at the door, or not at all.
    at_door = await keeper.order("n4", household_id="h17")
    assert (at_door["verdict"], at_door["point_id"]) == ("promised", None)
    nowhere = await keeper.order("n5", point_id="p1")
    assert (nowhere["verdict"], nowhere["code"]) == ("queued", "point-full")
    path = f"/v1/plans/{(await keeper.plan())['plan_id']}/what-if"
    wish = {"budget_s": 0.5, "orders": {"add": [{"order_id": "n6", "household_id": "h18"}]}}
    told = await keeper.call("POST", path, json=wish, timeout=200)
    assert "n6" in told.json()["newly_served"]
    assert point_of(told.json()["plan"], "n6") is None

    # Some room is made: what has nowhere else to go is expected again.
    await keeper.say("full", pieces_left=1)
    plan = await keeper.version_with(lambda plan: point_of(plan, "n3") == "p1")
    assert unserved(plan) == {"n5": "point-full"}
    await keeper.say("open")
    plan = await keeper.version_with(lambda plan: unserved(plan) == {})
    assert {point_of(plan, each) for each in ("n1", "n3", "n5")} == {"p1"}

    # The keeper closes early: what stands there is fetched before, what does not come before is named.
    late = datetime.fromisoformat(stop_of(plan, "n1")[1]["begin_at"]) + timedelta(minutes=20)
    backwards = {"until_at": keeper.clock.at.isoformat()}
    answer = await keeper.call("POST", f"/v1/points/p1/closed?{DAY}", json=backwards)
    assert (answer.status_code, answer.json()["code"]) == (422, "closing-over")
    assert (await keeper.order("n7", point_id="p1", ready_at=late.isoformat()))[
        "verdict"
    ] == "promised"
    said = await keeper.say("closed", from_at=late.isoformat())
    assert said["notice"]["closed_until"] is None
    plan = await keeper.version_with(lambda plan: "n7" in unserved(plan))
    assert unserved(plan) == {"n7": "point-closed"}
    for order_id in ("n1", "n3"):
        begin_at = datetime.fromisoformat(stop_of(plan, order_id)[1]["begin_at"])
        assert begin_at < late
    assert not (await keeper.point())["point"]["is_closed"]

    # The end of the day: one parcel was taken that nobody had scanned in.
    assert (await keeper.scan(("s8", "n3", keeper.clock.at, "scanned")))["s8"] == ("recorded", "")
    await keeper.until(at(18))
    view = await keeper.point()
    assert view["point"]["is_closed"]
    assert {each["order_id"]: each["whereabouts"] for each in view["point"]["orders"]} == {
        "w1": "taken",
        "w2": "left-behind",
        "w3": "missing",
        "d7": "taken",
        "n1": "taken",
        "n3": "taken",
        "n5": "taken-unscanned",
        "n7": "expected",
    }
    figures = view["point"]["figures"]
    assert figures["taken_pieces"] == 2 + 1 + 1 + 1 + 1
    assert figures["missing_pieces"] == 1
    assert figures["standing_pieces"] == 3
    assert figures["expected_pieces"] == 1
