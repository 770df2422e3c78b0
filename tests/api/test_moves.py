"""A dispatcher moves orders by hand, over HTTP: looked at, made, locked, taken back."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from dispatch import operations
from dispatch.days import DepotDay, DepotId
from dispatch.events import OrdersMoved, PlanPublished, decode
from dispatch.jobs import JobState
from dispatch.planning import plan_day
from routing.roads.network import RoadNetwork

DAY = "day=2026-11-11"
NOW = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock_settings():
    """Half past eight of the day when the test begins."""
    return {"clock_start": NOW, "clock_started": datetime.now(UTC)}


class Moving:
    def __init__(self, village, day):
        self.village, self.day = village, day
        self.deps = village.client.app.state.deps

    async def draft(self):
        inputs = await operations.read_inputs(self.deps.store, self.day, at=NOW)
        plan = await asyncio.to_thread(
            plan_day,
            inputs,
            RoadNetwork.load(self.deps.settings.roads),
            budget_s=20,
            iterations=200,
            seed=1,
            made_at=NOW,
        )
        job = await operations.request_plan(
            self.deps.store, self.deps.jobs, self.day, budget_s=1, seed=1, by="t", at=NOW
        )
        job = await operations.start_job(self.deps.store, self.day, job.job_id, run="r")
        plan = await operations.draft_plan(
            self.deps.store,
            plan,
            job_id=job.job_id,
            run="r",
            state=JobState.SUCCEEDED,
            by="t",
            at=NOW,
        )
        return plan.plan_id

    async def call(self, method, path, **more):
        return await self.village.call(method, path, **more)

    async def move(self, plan_id, *commands, status=200, **more):
        answer = await self.call(
            "POST", f"/v1/plans/{plan_id}/moves", json={"commands": commands, **more}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def plan(self, plan_id="current"):
        return (await self.call("GET", f"/v1/plans/{plan_id}?{DAY}")).json()

    async def told(self):
        entries = await self.deps.store.history(self.day, after="0-0", limit=10_000)
        events = [decode(body) for _, body in entries]
        return [each for each in events if isinstance(each, OrdersMoved | PlanPublished)]


@pytest.fixture
async def moving(village):
    moving = Moving(village, DepotDay(village.company_id, DepotId("shaji"), date(2026, 11, 11)))
    while not moving.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)
    return moving


@pytest.fixture
async def running(moving):
    plan_id = await moving.draft()
    answer = await moving.call("POST", f"/v1/plans/{plan_id}/publish", headers={"If-Match": "*"})
    assert answer.status_code == 200
    return moving


def whose(plan):
    return {
        order_id: route["courier_id"]
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order_id in stop["order_ids"]
    }


def last_free(plan):
    """The order that comes last of all, and another courier."""
    route = max(plan["routes"], key=lambda each: each["trips"][-1]["back_at"])
    order_id = route["trips"][-1]["stops"][-1]["order_ids"][0]
    return order_id, next(each for each in ("c1", "c2") if each != route["courier_id"])


async def test_a_look_tells_what_it_would_cost_and_changes_nothing(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    command = {"do": "move", "order_ids": [order_id], "courier_id": target}
    told = await running.move(plan["plan_id"], command, dry_run=True)
    assert (told["made"], told["fits"], told["version"]) == (False, True, plan["version"])
    assert [each["order_id"] for each in told["changes"]].count(order_id) == 1
    assert (
        sum(each["change"]["distance_m"] for each in told["routes"]) == told["change"]["distance_m"]
    )
    assert await running.plan() == plan
    assert [type(each) for each in await running.told()] == [PlanPublished]


async def test_moves_on_the_plan_in_force_make_its_next_version(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    look = {"do": "move", "order_ids": [order_id], "courier_id": target}
    told = await running.move(plan["plan_id"], look)
    after = await running.plan()
    assert told["made"]
    assert (told["plan_id"], told["version"]) == (after["plan_id"], after["version"])
    assert after["why"] == ["hand"]
    assert after["based_on"] == plan["version"]
    assert whose(after) == whose(plan) | {order_id: target}
    assert [(each["order_id"], each["courier_id"]) for each in after["hand"]["holds"]] == [
        (order_id, target)
    ]
    _, moved, again = await running.told()
    assert isinstance(moved, OrdersMoved)
    assert (moved.order_ids, moved.move_id, moved.is_draft) == ((order_id,), told["move_id"], False)
    assert (again.version, again.why) == (after["version"], ("hand",))
    route = (await running.call("GET", f"/v1/couriers/{target}/route?{DAY}")).json()
    assert route["version"] == after["version"]
    assert order_id in whose({"routes": [route["route"]]})


async def test_moves_on_a_draft_make_another_draft(moving):
    plan_id = await moving.draft()
    plan = await moving.plan(plan_id)
    order_id, target = last_free(plan)
    told = await moving.move(plan_id, {"do": "move", "order_ids": [order_id], "courier_id": target})
    assert told["is_draft"]
    assert told["plan_id"] != plan_id
    after = await moving.plan(told["plan_id"])
    assert whose(after) == whose(plan) | {order_id: target}
    assert await moving.plan(plan_id) == plan
    assert (await moving.call("GET", f"/v1/plans/current?{DAY}")).status_code == 404
    back = await moving.move(told["plan_id"], {"do": "undo"})
    assert back["undoes"] == told["move_id"]
    assert whose(await moving.plan(back["plan_id"])) == whose(plan)
    answer = await moving.call(
        "POST", f"/v1/plans/{told['plan_id']}/publish", headers={"If-Match": "*"}
    )
    assert answer.status_code == 200
    assert whose(await moving.plan()) == whose(after)


async def test_a_move_is_taken_back_and_made_again(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    made = await running.move(
        plan["plan_id"], {"do": "move", "order_ids": [order_id], "courier_id": target}
    )
    undone = await running.move(made["plan_id"], {"do": "undo"})
    assert undone["undoes"] == made["move_id"]
    back = await running.plan()
    assert whose(back) == whose(plan)
    assert back["hand"]["holds"] == []
    order_of = [[s["order_ids"] for t in r["trips"] for s in t["stops"]] for r in plan["routes"]]
    assert [
        [s["order_ids"] for t in r["trips"] for s in t["stops"]] for r in back["routes"]
    ] == order_of
    nothing = await running.move(back["plan_id"], {"do": "undo"}, status=409)
    assert nothing["code"] == "nothing-to-undo"
    redone = await running.move(back["plan_id"], {"do": "redo"})
    assert redone["redoes"] == made["move_id"]
    after = await running.plan()
    assert whose(after)[order_id] == target
    assert [each["courier_id"] for each in after["hand"]["holds"]] == [target]
    again = await running.move(after["plan_id"], {"do": "redo"}, status=409)
    assert again["code"] == "nothing-to-undo"


async def test_undo_says_what_no_longer_holds(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    made = await running.move(
        plan["plan_id"], {"do": "move", "order_ids": [order_id], "courier_id": target}
    )
    event = {
        "kind": "collected",
        "event_id": "e1",
        "courier_id": target,
        "order_ids": [order_id],
        "at": "2026-11-11T08:30:00+08:00",
    }
    await running.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    refused = await running.move(made["plan_id"], {"do": "undo"}, status=422)
    assert refused["code"] == "moves-refused"
    (problem,) = refused["problems"]
    assert (problem["code"], problem["id"]) == ("order-closed", order_id)


async def test_orders_taken_out_stay_out_and_are_assigned_again(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    out = await running.move(plan["plan_id"], {"do": "unassign", "order_ids": [order_id]})
    after = await running.plan()
    assert order_id not in whose(after)
    assert [(each["order_id"], each["reason"]) for each in after["unserved"]] == [
        (order_id, "taken-out")
    ]
    assert (await running.call("GET", f"/v1/status?{DAY}")).json()["figures"][
        "orders_unserved"
    ] == 1
    told = await running.move(
        out["plan_id"], {"do": "assign", "order_ids": [order_id], "courier_id": target}
    )
    assert told["change"]["orders"] == 1
    assert whose(await running.plan())[order_id] == target


async def test_an_order_that_was_assigned_is_in_no_route_again_when_that_is_taken_back(running):
    plan = await running.plan()
    order_id, _ = last_free(plan)
    target = whose(plan)[order_id]
    await running.move(plan["plan_id"], {"do": "unassign", "order_ids": [order_id]})
    out = await running.plan()
    free = await running.move(out["plan_id"], {"do": "unlock", "order_ids": [order_id]})
    # Behind all others: an order that begins within minutes could not be taken back.
    last = [each for each, courier_id in whose(out).items() if courier_id == target][-1]
    assign = {"do": "assign", "order_ids": [order_id], "courier_id": target, "after": last}
    told = await running.move(free["plan_id"], assign)
    back = await running.move(told["plan_id"], {"do": "undo"})
    after = await running.plan(back["plan_id"])
    assert order_id not in whose(after)
    assert [each["order_id"] for each in after["unserved"]] == [order_id]
    assert [each["courier_id"] for each in after["hand"]["holds"]] == [None]
    assert after["figures"]["served"] == 19


async def test_a_stop_is_named_by_its_number_and_locked_with_all_its_orders(running):
    plan = await running.plan()
    route = plan["routes"][0]
    stop = route["trips"][-1]["stops"][-1]
    named = {"courier_id": route["courier_id"], "seq": stop["seq"]}
    told = await running.move(plan["plan_id"], {"do": "lock", "stop": named, "time": True})
    after = await running.plan(told["plan_id"])
    assert {each["order_id"] for each in after["hand"]["holds"]} == set(stop["order_ids"])
    assert all(each["earliest_at"] for each in after["hand"]["holds"])
    assert after["routes"] == plan["routes"]
    freed = await running.move(told["plan_id"], {"do": "unlock", "stop": named})
    assert (await running.plan(freed["plan_id"]))["hand"]["holds"] == []
    refused = await running.move(
        freed["plan_id"], {"do": "lock", "stop": named | {"seq": 999}}, status=422
    )
    assert refused["problems"][0]["code"] == "stop-unknown"


@pytest.mark.parametrize(
    "body",
    [
        {"commands": []},
        {"commands": [{"do": "fly", "order_ids": ["o001"]}]},
        {"commands": [{"do": "move", "order_ids": ["o001"]}]},
        {"commands": [{"do": "move", "courier_id": "c1"}]},
        {"commands": [{"do": "undo"}, {"do": "redo"}]},
        {"commands": [{"do": "lock", "order_ids": ["o001"]}], "accept": ["capacity"]},
        {
            "commands": [
                {"do": "move", "order_ids": ["o1"], "courier_id": "c1", "after": "a", "before": "b"}
            ]
        },
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(running, body):
    plan = await running.plan()
    answer = await running.call("POST", f"/v1/plans/{plan['plan_id']}/moves", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "not-valid")


async def test_only_the_dispatchers_of_the_company_move_orders(running, stranger):
    plan = await running.plan()
    path = f"/v1/plans/{plan['plan_id']}/moves"
    body = {"commands": [{"do": "lock", "order_ids": ["o001"]}]}
    for role in ("courier", "point", "dashboard"):
        assert (await running.call("POST", path, json=body, role=role)).status_code == 403
    answer = await stranger.call("POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "plan-unknown")


async def test_a_plan_that_is_over_is_moved_no_more(running):
    old = await running.plan()
    order_id, target = last_free(old)
    await running.move(old["plan_id"], {"do": "lock", "order_ids": [order_id]})
    command = {"do": "move", "order_ids": [order_id], "courier_id": target}
    stale = await running.move(old["plan_id"], command, status=409)
    assert stale["code"] == "plan-stale"


async def test_moves_sent_again_with_their_key_are_made_once(running):
    plan = await running.plan()
    order_id, target = last_free(plan)
    body = {"commands": [{"do": "move", "order_ids": [order_id], "courier_id": target}]}
    path = f"/v1/plans/{plan['plan_id']}/moves"
    headers = {"Idempotency-Key": "k1"}
    first = await running.call("POST", path, json=body, headers=headers)
    again = await running.call("POST", path, json=body, headers=headers)
    assert first.json() == again.json()
    assert [isinstance(each, OrdersMoved) for each in await running.told()].count(True) == 1


async def check_of(running, plan, order_id):
    """The check of the planned route that has the order."""
    route = next(r for r in plan["routes"] if r["courier_id"] == whose(plan)[order_id])
    trips = [[stop["seq"] for stop in trip["stops"]] for trip in route["trips"]]
    answer = await running.call(
        "POST",
        f"/v1/plans/{plan['plan_id']}/check",
        json={"courier_id": route["courier_id"], "trips": trips},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("word", "told", "rule"),
    [("full", {"pieces_left": 0}, "point-full"), ("closed", {}, "point-closed")],
)
async def test_checks_and_moves_know_what_keepers_say(running, word, told, rule):
    """o019 waits at the point p1, and nobody knows a door of it."""
    plan = await running.plan()
    assert (await check_of(running, plan, "o019"))["fits"]
    answer = await running.call("POST", f"/v1/points/p1/{word}?{DAY}", json=told)
    assert answer.status_code == 200, answer.text
    checked = await check_of(running, plan, "o019")
    assert not checked["fits"]
    (found,) = checked["violations"]
    assert (found["rule"], found["order_ids"]) == (rule, ["o019"])
    others = next(each for each in ("c1", "c2") if each != whose(plan)["o019"])
    look = {"do": "move", "order_ids": ["o019"], "courier_id": others}
    moved = await running.move(plan["plan_id"], look, dry_run=True, accept=["lateness", "overtime"])
    assert not moved["fits"], moved
    assert rule in {each["broken"]["rule"] for each in moved["violations"]}
    # What is not brought there any more cannot be assigned to anybody either.
    out = await running.move(plan["plan_id"], {"do": "unassign", "order_ids": ["o019"]})
    back = {"do": "assign", "order_ids": ["o019"], "courier_id": others}
    moved = await running.move(out["plan_id"], back, dry_run=True)
    assert rule in {each["broken"]["rule"] for each in moved["violations"]}
    assert (await running.call("POST", f"/v1/points/p1/open?{DAY}")).status_code == 200
    assert (await check_of(running, plan, "o019"))["fits"]


async def test_a_check_counts_how_much_of_a_nearly_full_point_others_take(running):
    """Of two orders that wait at the point the one that the plan knows has the last room."""
    plan = await running.plan()
    more = {"order_id": "o100", "point_id": "p1"}
    answer = await running.call("POST", f"/v1/orders?{DAY}", json={"orders": [more]})
    assert answer.json()["counts"] == {"created": 1}
    said = await running.call("POST", f"/v1/points/p1/full?{DAY}", json={"pieces_left": 1})
    assert said.status_code == 200
    assert (await check_of(running, plan, "o019"))["fits"]
    body = {"courier_id": "c1", "trips": [["o100"]]}
    path = f"/v1/plans/{plan['plan_id']}/check"
    told = (await running.call("POST", path, json=body)).json()
    assert [each["rule"] for each in told["violations"]] == ["point-full"]
