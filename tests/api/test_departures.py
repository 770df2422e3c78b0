"""A truck that leaves earlier, later or not at all today, over HTTP."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from dispatch import operations
from dispatch.days import DepotDay, DepotId
from dispatch.jobs import JobState
from dispatch.planning import plan_day
from routing.roads.network import RoadNetwork

DAY = "day=2026-11-11"
NOON = f"/v1/departures/12:30?{DAY}"


async def test_a_truck_leaves_otherwise_today_and_as_ever_tomorrow(village):
    call = village.call
    told = {"leaves_at": "2026-11-11T12:05:00+08:00"}
    moved = await call("PUT", NOON, json=told)
    assert moved.status_code == 200, moved.text
    assert [each["leaves_at"] for each in moved.json()["departures"]] == [
        "2026-11-11T12:05:00+08:00",
        "2026-11-11T18:30:00+08:00",
    ]
    again = await call("PUT", NOON, json=told)
    assert again.json() == moved.json()
    gone = await call("PUT", NOON, json={"cancelled": True})
    assert gone.json()["departures"][0]["leaves_at"] is None
    listed = await call("GET", f"/v1/departures?{DAY}", role="courier")
    assert listed.json() == gone.json()
    tomorrow = (await call("GET", "/v1/departures?day=2026-11-12")).json()["departures"]
    assert [each["leaves_at"] == each["planned_at"] for each in tomorrow] == [True, True]


@pytest.mark.parametrize(
    ("where", "told", "status", "code"),
    [
        ("12:45", {"cancelled": True}, 404, "departure-unknown"),
        ("12:30", {"leaves_at": "2026-11-11T18:30:00+08:00"}, 409, "departure-taken"),
        ("12:30", {"leaves_at": "2026-11-12T12:30:00+08:00"}, 422, "not-this-day"),
        ("12:30", {}, 422, "not-valid"),
        (
            "12:30",
            {"cancelled": True, "leaves_at": "2026-11-11T12:05:00+08:00"},
            422,
            "not-valid",
        ),
        ("noon", {"cancelled": True}, 422, "not-valid"),
    ],
)
async def test_a_truck_that_cannot_leave_so_is_refused_by_name(village, where, told, status, code):
    answer = await village.call("PUT", f"/v1/departures/{where}?{DAY}", json=told)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_the_last_truck_of_a_day_is_replaced_but_not_cancelled(village):
    await village.call("PUT", NOON, json={"cancelled": True})
    answer = await village.call("PUT", f"/v1/departures/18:30?{DAY}", json={"cancelled": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "last-departure")


async def test_only_dispatchers_move_trucks_and_only_their_own(village, stranger):
    for role in ("courier", "point", "dashboard"):
        answer = await village.call("PUT", NOON, role=role, json={"cancelled": True})
        assert answer.status_code == 403
    answer = await stranger.call("PUT", NOON, json={"cancelled": True})
    assert (answer.status_code, answer.json()["code"]) == (404, "fleet-missing")


@pytest.fixture
async def drafted(village):
    """The village with a draft of its day, while the roads are there."""
    deps = village.client.app.state.deps
    day = DepotDay(village.company_id, DepotId("shaji"), date(2026, 11, 11))
    now = datetime(2026, 11, 11, 1, tzinfo=UTC)
    inputs = await operations.read_inputs(deps.store, day, at=now)
    plan = plan_day(
        inputs,
        RoadNetwork.load(deps.settings.roads),
        budget_s=20,
        iterations=10,
        seed=1,
        made_at=now,
    )
    asked = await operations.request_plan(
        deps.store, deps.jobs, day, budget_s=1, seed=1, by="t", at=now
    )
    job = await operations.start_job(deps.store, day, asked.job_id, run="r")
    draft = await operations.draft_plan(
        deps.store, plan, job_id=job.job_id, run="r", state=JobState.SUCCEEDED, by="t", at=now
    )
    while not deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)
    return village, draft.plan_id


async def test_a_plan_that_is_published_is_watched(drafted):
    """Whoever says nothing makes no fact; so the first look is asked for when the plan comes into force."""
    village, plan_id = drafted
    queue = village.client.app.state.deps.jobs

    async def looks():
        return [
            each.args[0]
            for each in (await queue.quick.snapshot()).future
            if each.args[0] == village.company_id
        ]

    before = len(await looks())
    queue._kept_s.clear()  # as if the orders had come hours ago
    answer = await village.call("POST", f"/v1/plans/{plan_id}/publish", headers={"If-Match": "*"})
    assert answer.status_code == 200
    assert len(await looks()) > before


async def test_a_route_checked_by_hand_takes_the_trucks_as_they_leave(drafted):
    """With the noon truck gone, parcels of the morning leave in the evening."""
    village, plan_id = drafted
    wish = {"courier_id": "c1", "trips": [["o000"]], "leave_at": "2026-11-11T09:00:00+08:00"}
    path = f"/v1/plans/{plan_id}/check"
    before = (await village.call("POST", path, json=wish)).json()
    assert before["trips"][0]["truck_at"] == "2026-11-11T12:30:00+08:00"
    await village.call("PUT", NOON, json={"cancelled": True})
    after = (await village.call("POST", path, json=wish)).json()
    assert after["trips"][0]["truck_at"] == "2026-11-11T18:30:00+08:00"
