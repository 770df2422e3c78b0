"""A dispatcher's day: orders come, a road closes, a vehicle breaks down, and the plan stays right by itself."""

import asyncio
from datetime import UTC, datetime

import pytest

DAY = "day=2026-11-11"


@pytest.fixture
def clock_settings():
    """Half past eight of the day when the test begins."""
    starts_at = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)
    return {"clock_start": starts_at, "clock_started": datetime.now(UTC)}


async def next_version(village, version):
    """The next version after `version` that was made for a fact, not for its cost alone; with what it changed."""
    async with asyncio.timeout(120):
        while True:
            told = (await village.call("GET", f"/v1/plans/current?{DAY}")).json()
            path = f"/v1/plans/{told['plan_id']}"
            plan = (await village.call("GET", path)).json()
            if told["version"] > version and plan["why"] != ["cost"]:
                break
            await asyncio.sleep(0.1)
    diff = (await village.call("GET", f"{path}/diff")).json()
    assert diff["why"] == plan["why"]
    return plan, diff


def carrier(plan, order_id):
    for route in plan["routes"]:
        for trip in route["trips"]:
            if any(order_id in stop["order_ids"] for stop in trip["stops"]):
                return route["courier_id"]
    return None


@pytest.mark.timeout(300)
async def test_the_plan_of_a_running_day_stays_right_by_itself(village, worker):
    call = village.call
    job = (await call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1})).json()
    await call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    draft = await call("GET", f"/v1/plans/shaji.2026-11-11.1?{DAY}")
    match = {"If-Match": draft.headers["etag"]}
    await call("POST", "/v1/plans/shaji.2026-11-11.1/publish", headers=match)
    plan = draft.json()
    told = {each["order_id"]: each for each in plan["promises"]}
    assert told.keys() == {
        f"o{number:03d}" for number in range(19)
    }  # the twentieth waits at a point

    # A household sends one more parcel.
    order = {"order_id": "late", "household_id": "h7", "pieces": 2}
    answer = await call("POST", f"/v1/orders?{DAY}", json={"orders": [order]})
    assert answer.json()["counts"] == {"created": 1}
    plan, diff = await next_version(village, 1)
    assert plan["why"] == ["new-orders"]
    assert diff["newly_served"] == ["late"]
    assert diff["retold"] == []

    # A road is closed: whoever would drive there drives around.
    line = [{"lon": 118.106, "lat": 33.885}, {"lon": 118.109, "lat": 33.885}]
    closure = {"line": line, "until_at": "2026-11-11T18:00:00+08:00", "reason": "桥面积水"}
    assert (await call("POST", "/v1/closures", json=closure)).status_code == 201
    plan, diff = await next_version(village, plan["version"])
    assert plan["why"] == ["roads"]

    # The first courier on the road collects, then the vehicle breaks down.
    route = min(plan["routes"], key=lambda each: each["trips"][0]["leave_at"])
    courier, done = route["courier_id"], route["trips"][0]["stops"][0]
    event = {
        "kind": "collected",
        "event_id": "e1",
        "courier_id": courier,
        "order_ids": done["order_ids"],
        "at": "2026-11-11T08:30:00+08:00",
    }
    heard = (await call("POST", f"/v1/events?{DAY}", json={"events": [event]})).json()
    assert heard["counts"] == {"recorded": 1}
    out = {"reason": "breakdown", "place": {"lon": 118.112, "lat": 33.889}}
    handed = (await call("POST", f"/v1/couriers/{courier}/handover?{DAY}", json=out)).json()
    assert handed["order_ids"] == done["order_ids"]
    plan, diff = await next_version(village, plan["version"])
    assert "couriers" in plan["why"]
    assert carrier(plan, handed["order"]["order_id"]) not in (None, courier)
    gone = next(each for each in plan["routes"] if each["courier_id"] == courier)
    assert [stop["order_ids"] for trip in gone["trips"] for stop in trip["stops"]] == [
        done["order_ids"]
    ]
    # The parcels that were collected stay so, and everybody else is still picked up.
    status = (await call("GET", f"/v1/status?{DAY}")).json()
    assert status["figures"]["orders_collected"] == len(done["order_ids"])
    assert status["figures"]["orders_unserved"] == 0
    assert plan["unserved"] == []

    # Nobody may look into another's day, and a courier may say for itself alone that it is out.
    mine = await call("POST", f"/v1/couriers/me/handover?{DAY}", role="courier", json=out)
    assert mine.status_code == 200
    others = await call("POST", f"/v1/couriers/c2/handover?{DAY}", role="courier", json=out)
    assert others.status_code == 404
    unknown = await call("POST", f"/v1/couriers/c9/handover?{DAY}", json=out)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "courier-unknown")


async def test_plans_of_two_days_are_not_compared(village, worker):
    ids = []
    for day in ("2026-11-11", "2026-11-12"):
        job = (await village.call("POST", f"/v1/plans?day={day}", json={"budget_s": 0.5})).json()
        await village.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
        ids.append((await village.call("GET", f"/v1/jobs/{job['job_id']}")).json()["plan_id"])
    answer = await village.call("GET", f"/v1/plans/{ids[0]}/diff?from={ids[1]}")
    assert (answer.status_code, answer.json()["code"]) == (422, "other-day")
    answer = await village.call("GET", f"/v1/plans/{ids[0]}/diff")
    assert (answer.status_code, answer.json()["code"]) == (422, "first-version")
