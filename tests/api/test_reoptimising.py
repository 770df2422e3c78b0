"""A part of a plan made better by a worker, over HTTP."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

DAY = "day=2026-11-11"
NOW = datetime(2026, 11, 11, 0, 5, tzinfo=UTC)


@pytest.fixture
def clock_settings():
    """Five past eight of the day when the test begins."""
    return {"clock_start": NOW, "clock_started": datetime.now(UTC)}


@pytest.fixture
def fleet_json(fleet_json):
    """The village's fleet with what driving costs: else no plan is better than another."""
    fleet = json.loads(fleet_json)
    fleet["vehicle_models"][0] |= {"cost_per_km_yuan": 0.5, "cost_per_hour_yuan": 22}
    return json.dumps(fleet, ensure_ascii=False)


def whose(plan):
    return {
        order_id: route["courier_id"]
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order_id in stop["order_ids"]
    }


async def job_of(village, method, path, **more):
    job = (await village.call(method, path, **more)).json()
    await village.call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    return (await village.call("GET", f"/v1/jobs/{job['job_id']}")).json()


@pytest.mark.timeout(300)
async def test_a_part_is_made_better_on_a_draft_and_on_the_plan_in_force(village, worker):
    call = village.call
    job = await job_of(village, "POST", f"/v1/plans?{DAY}", json={"budget_s": 0.5})
    first = (await call("GET", f"/v1/plans/{job['plan_id']}")).json()

    async def spoil(plan):
        """Every third order of one courier first of all, not locked."""
        plan_id = plan["plan_id"]
        route = max(plan["routes"], key=lambda each: len(each["trips"][0]["stops"]))
        ids = [order_id for stop in route["trips"][0]["stops"] for order_id in stop["order_ids"]]
        move = {"do": "move", "courier_id": route["courier_id"], "before": ids[0], "lock": False}
        for order_id in ids[2::3]:
            move["order_ids"] = [order_id]
            body = {"commands": [move], "accept": ["lateness", "overtime"]}
            told = await call("POST", f"/v1/plans/{plan_id}/moves", json=body)
            if told.status_code == 200:
                plan_id = told.json()["plan_id"]
        return (await call("GET", f"/v1/plans/{plan_id}")).json()

    # A draft: another draft comes of it.
    spoilt = await spoil(first)
    wish = {"level": "all", "budget_s": 1}
    path = f"/v1/plans/{spoilt['plan_id']}/reoptimise"
    job = await job_of(village, "POST", path, json=wish)
    assert job["state"] == "succeeded", job
    better = (await call("GET", f"/v1/plans/{job['plan_id']}")).json()
    assert better["figures"]["cost_fen"] < spoilt["figures"]["cost_fen"]
    assert better["why"] == ["reoptimised"]
    assert (await call("GET", f"/v1/plans/current?{DAY}")).status_code == 404

    # In force: its next version.
    await call("POST", f"/v1/plans/{spoilt['plan_id']}/publish", headers={"If-Match": "*"})
    wish = {"level": "sequence", "couriers": ["c1", "c2"], "budget_s": 2, "promises_moved_max": 0}
    job = await job_of(village, "POST", path, json=wish)
    assert job["promises_moved_max"] == 0
    now = (await call("GET", f"/v1/plans/current?{DAY}")).json()
    assert job["state"] == "succeeded", job
    async with asyncio.timeout(20):
        while now["plan_id"] != job["plan_id"]:
            await asyncio.sleep(0.1)
            now = (await call("GET", f"/v1/plans/current?{DAY}")).json()
    assert now["why"] == ["reoptimised"]
    assert whose(now) == whose(spoilt)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({}, "not-valid"),
        ({"level": "some"}, "not-valid"),
        ({"level": "all", "promises_moved_max": -1}, "not-valid"),
        ({"level": "all", "couriers": ["c9"]}, "scope-unclear"),
        ({"level": "all", "villages": ["无村"]}, "scope-unclear"),
    ],
)
async def test_a_scope_that_makes_no_sense_is_refused(village, worker, wish, code):
    job = await job_of(village, "POST", f"/v1/plans?{DAY}", json={"budget_s": 0.5})
    path = f"/v1/plans/{job['plan_id']}/reoptimise"
    answer = await village.call("POST", path, json=wish)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    for role in ("courier", "dashboard", "point"):
        answer = await village.call("POST", path, json={"level": "all"}, role=role)
        assert answer.status_code == 403
