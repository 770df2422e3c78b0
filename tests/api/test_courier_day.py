"""A courier's day with forty minutes off line, over HTTP, with a real worker and a clock that is set: nothing is lost."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from dispatch import operations
from dispatch.access import Role
from dispatch.clock import StandingClock
from dispatch.days import DepotDay, DepotId
from dispatch.store import Store

DAY = "day=2026-11-11"
HALF_PAST_EIGHT = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock():
    return StandingClock(HALF_PAST_EIGHT)


@dataclass
class Phone:
    """A courier's phone: what it was told last, and what it has not been able to send."""

    company: object
    courier_id: str
    key: str
    route: dict = field(default_factory=dict)
    etag: str = ""
    outbox: list = field(default_factory=list)

    async def call(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.key}"} | more.pop("headers", {})
        return await self.company.client.request(method, path, headers=headers, **more)

    async def read_route(self):
        """The route as the server has it; whether it is another than the phone knew."""
        answer = await self.call(
            "GET", f"/v1/couriers/me/route?{DAY}", headers={"If-None-Match": self.etag}
        )
        if answer.status_code == 304:
            return False
        assert answer.status_code == 200, answer.text
        self.route, self.etag = answer.json(), answer.headers["etag"]
        return True

    @property
    def stops(self):
        return [stop for trip in self.route["route"]["trips"] for stop in trip["stops"]]

    def tap(self, kind, stop, at, **more):
        self.outbox.append(
            {
                "kind": kind,
                "event_id": f"{self.courier_id}-{kind}-{stop['order_ids'][0]}-{at:%H%M%S}",
                "courier_id": self.courier_id,
                "order_ids": stop["order_ids"],
                "at": at.isoformat(),
            }
            | more
        )

    async def send(self, events, *, key=None):
        """What became of each, by event id."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await self.call(
            "POST", f"/v1/events?{DAY}", json={"events": events}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return [(each["id"], each["outcome"]) for each in answer.json()["results"]]


async def a_plan_in_force(village):
    job = (await village.call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1})).json()
    await village.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    path = "/v1/plans/shaji.2026-11-11.1"
    draft = await village.call("GET", path)
    await village.call("POST", f"{path}/publish", headers={"If-Match": draft.headers["etag"]})
    return draft.json()


async def version_after(village, version):
    """The plan that a worker has published after `version`."""
    async with asyncio.timeout(120):
        while True:
            told = (await village.call("GET", f"/v1/plans/current?{DAY}")).json()
            if told["version"] > version:
                return (await village.call("GET", f"/v1/plans/{told['plan_id']}")).json()
            await asyncio.sleep(0.05)


async def a_phone(village, server, courier_id):
    async with Store.open(server.url) as store:
        key = await operations.create_key(
            store,
            company_id=village.company_id,
            role=Role.COURIER,
            depot_id=DepotId("shaji"),
            subject=courier_id,
        )
    phone = Phone(village, courier_id, key)
    assert await phone.read_route()
    return phone


async def statuses(village):
    found = (await village.call("GET", f"/v1/orders?{DAY}&limit=500")).json()["records"]
    return {each["order"]["order_id"]: each["status"] for each in found}


def orders_of(plan, courier_id):
    return {
        order_id
        for route in plan["routes"]
        if route["courier_id"] == courier_id
        for trip in route["trips"]
        for stop in trip["stops"]
        for order_id in stop["order_ids"]
    }


async def state_of(village, courier_id, order_id):
    """The state of the order's stop on the board."""
    plan = await current(village)
    seq = next(
        stop["seq"]
        for route in plan["routes"]
        if route["courier_id"] == courier_id
        for trip in route["trips"]
        for stop in trip["stops"]
        if order_id in stop["order_ids"]
    )
    board = (await village.call("GET", f"/v1/status?{DAY}")).json()
    route = next(each for each in board["routes"] if each["courier_id"] == courier_id)
    return next(stop["state"] for stop in route["stops"] if stop["seq"] == seq)


async def current(village):
    told = (await village.call("GET", f"/v1/plans/current?{DAY}")).json()
    return (await village.call("GET", f"/v1/plans/{told['plan_id']}")).json()


@pytest.mark.timeout(300)
async def test_forty_minutes_off_line_lose_nothing(village, server, clock, worker):
    plan = await a_plan_in_force(village)
    longest = max(plan["routes"], key=lambda each: len(each["trips"][0]["stops"]))
    phone = await a_phone(village, server, longest["courier_id"])
    first, second, third, fourth, fifth, *_ = phone.stops
    leave_at = datetime.fromisoformat(longest["trips"][0]["leave_at"])

    # On line: the first stop is told as it happens.
    begin_at = datetime.fromisoformat(first["begin_at"])
    clock.at = begin_at + timedelta(minutes=3)
    phone.tap("arrived", first, begin_at)
    phone.tap("collected", first, clock.at)
    assert [told for _, told in await phone.send(phone.outbox)] == ["recorded"] * 2
    phone.outbox.clear()
    assert await state_of(village, phone.courier_id, first["order_ids"][0]) == "done"
    lost_at = clock.at

    # The signal is gone. The courier works on by the route that the phone has, five minutes a stop.
    at = lost_at
    for stop in (second, third):
        phone.tap("arrived", stop, at + timedelta(minutes=4))
        at += timedelta(minutes=6)
        phone.tap("collected", stop, at)
    phone.tap("failed", fourth, at + timedelta(minutes=6), reason="nobody-home")
    phone.tap("collected", fourth, at + timedelta(minutes=10))  # somebody came running

    # Meanwhile the day goes on: one of the collected orders is cancelled, another household asks.
    clock.at = lost_at + timedelta(minutes=15)
    gone = third["order_ids"][0]
    answer = await village.call("POST", f"/v1/orders/{gone}/cancel?{DAY}", json={})
    assert answer.status_code == 200
    assert (await statuses(village))[gone] == "cancelled"
    plan = await version_after(village, 1)
    assert "orders-gone" in plan["why"]
    assert gone not in orders_of(plan, phone.courier_id)
    clock.at = lost_at + timedelta(minutes=25)
    order = {"order_id": "late", "household_id": "h7", "pieces": 2}
    await village.call("POST", f"/v1/orders?{DAY}", json={"orders": [order]})
    plan = await version_after(village, plan["version"])
    # Nobody has heard of the courier for 25 minutes: the stop it was driving to is still its own, and late.
    assert set(second["order_ids"]) <= orders_of(plan, phone.courier_id)
    assert await state_of(village, phone.courier_id, second["order_ids"][0]) == "planned"
    eta = (await village.call("GET", f"/v1/orders/{second['order_ids'][0]}/eta?{DAY}")).json()
    assert datetime.fromisoformat(eta["p10_at"]) >= clock.at

    # Forty minutes later there is signal again. Reports come in any order, and the phone, which heard no answer, repeats.
    clock.at = lost_at + timedelta(minutes=40)
    late = phone.outbox[::-1]
    heard = await phone.send(late[:4], key="again")
    assert [told for _, told in heard] == ["recorded"] * 4
    assert (
        await phone.send(late[:4], key="again") == heard
    )  # the same request: the answer of the first time
    heard = dict(await phone.send(late))
    assert [heard[each["event_id"]] for each in late] == ["duplicate"] * 4 + ["recorded"] * 2
    assert set(dict(await phone.send(late)).values()) == {"duplicate"}

    # A scan wins over the plan and over a cancellation; the courier's later word over the earlier one.
    now = await statuses(village)
    for stop in (first, second, third, fourth):
        assert {now[each] for each in stop["order_ids"]} == {"collected"}
    assert all(now[each] == "open" for each in fifth["order_ids"])
    shift = (await phone.call("GET", f"/v1/couriers/me/progress?{DAY}")).json()
    told = {stop["seq"]: stop for stop in shift["route"]["stops"]}
    assert shift["version"] == plan["version"]
    ended = [stop for stop in told.values() if stop["state"] == "done"]
    assert len(ended) >= 3

    # Times are the phone's: the second stop began when the courier stood there, not when we heard of it.
    held = next(
        s
        for r in plan["routes"]
        for t in r["trips"]
        for s in t["stops"]
        if s["order_ids"] == second["order_ids"]
    )
    began_at = datetime.fromisoformat(told[held["seq"]]["eta_at"])
    assert lost_at + timedelta(minutes=4) <= began_at <= lost_at + timedelta(minutes=6)

    # The phone reads its route: another version than it knew, the one that holds.
    assert await phone.read_route()
    assert phone.route["version"] == plan["version"]
    assert not await phone.read_route()

    # The next version begins where the courier is now, and asks for nothing that is on board.
    order = {"order_id": "later", "household_id": "h3", "pieces": 1}
    await village.call("POST", f"/v1/orders?{DAY}", json={"orders": [order]})
    plan = await version_after(village, plan["version"])
    assert await phone.read_route()
    assert phone.route["version"] == plan["version"]
    etas = (await village.call("GET", f"/v1/etas?{DAY}")).json()
    assert etas["version"] == plan["version"]
    awaited = {each["order_id"] for each in etas["etas"]}
    now = await statuses(village)
    assert awaited == {each for each, status in now.items() if status == "open"}
    ahead = [stop for stop in phone.stops if awaited & set(stop["order_ids"])]
    assert all(datetime.fromisoformat(stop["begin_at"]) >= clock.at for stop in ahead)
    assert leave_at == datetime.fromisoformat(phone.route["route"]["trips"][0]["leave_at"])

    # The day's log has each report once, as the phone told it.
    async with Store.open(server.url) as store:
        day = DepotDay(village.company_id, DepotId("shaji"), HALF_PAST_EIGHT.date())
        log = [json.loads(item.body) async for item in operations.recall(store, day, after="0")]
    logged = [each["event_id"] for each in log if "event_id" in each]
    assert len(logged) == len(set(logged)) == 2 + len(late)


@pytest.mark.timeout(300)
async def test_who_was_given_up_and_drove_on_has_collected_what_it_scanned(
    village, server, clock, worker
):
    plan = await a_plan_in_force(village)
    longest = max(plan["routes"], key=lambda each: len(each["trips"][0]["stops"]))
    phone = await a_phone(village, server, longest["courier_id"])
    first, second, *_ = phone.stops
    clock.at = datetime.fromisoformat(first["begin_at"]) - timedelta(minutes=2)

    # Nothing is heard of it: the dispatcher gives its stops to the other one.
    out = {"reason": "other"}
    handed = await village.call("POST", f"/v1/couriers/{phone.courier_id}/handover?{DAY}", json=out)
    assert handed.json()["order"] is None
    plan = await version_after(village, 1)
    other = next(r["courier_id"] for r in plan["routes"] if r["courier_id"] != phone.courier_id)
    mine = {each for stop in (first, second) for each in stop["order_ids"]}
    assert mine <= orders_of(plan, other)

    # It had driven on. Its reports come, and it says that it is there.
    lost_at = clock.at
    clock.at = lost_at + timedelta(minutes=7)  # nobody is home yet: later both would be unloaded
    for number, stop in enumerate((first, second)):
        phone.tap("arrived", stop, lost_at + timedelta(minutes=number + 2))
        phone.tap("collected", stop, lost_at + timedelta(minutes=number + 5))
    assert [told for _, told in await phone.send(phone.outbox[::-1])] == ["recorded"] * 4
    assert (await phone.call("POST", f"/v1/couriers/me/back?{DAY}")).status_code == 200
    plan = await version_after(village, plan["version"])
    assert {(await statuses(village))[each] for each in mine} == {"collected"}

    # Whoever is planned to go there now does not: nobody fetches what is on board of another.
    etas = (await village.call("GET", f"/v1/etas?{DAY}")).json()["etas"]
    assert mine.isdisjoint(each["order_id"] for each in etas)
    # What it scanned is on its vehicle, not on that of whom the plan had meant.
    handed = await village.call("POST", f"/v1/couriers/{other}/handover?{DAY}", json=out)
    assert mine.isdisjoint(handed.json()["order_ids"])
    handed = await village.call("POST", f"/v1/couriers/{phone.courier_id}/handover?{DAY}", json=out)
    assert mine <= set(handed.json()["order_ids"])
