"""A truck that will be missed is said at least 20 minutes before, over the real API, by a real worker, though no phone says a word."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from dispatch.clock import ScaledClock
from dispatch.days import DepotDay, DepotId

DAY = "day=2026-11-11"
SPEED = 60.0
"""A minute of the day takes a second: the hour before the truck is over in a minute."""

LEAVES_AT = datetime(2026, 11, 11, 12, 30, tzinfo=UTC) - timedelta(hours=8)
BEFORE = timedelta(minutes=20)


class MovedClock:
    """Runs SPEED times as fast, from wherever it was set last."""

    def __init__(self, at):
        self.set(at)

    def set(self, at):
        self._clock = ScaledClock(at, datetime.now(UTC), SPEED)

    def now(self):
        return self._clock.now()

    def real_s(self, until):
        return self._clock.real_s(until)


@pytest.fixture
def clock():
    return MovedClock(LEAVES_AT - timedelta(hours=4))


@pytest.fixture
async def plan(village, worker, fleet_json):
    """A plan in force, whose parcels must all be sorted, half an hour long, for the noon truck."""
    fleet = json.loads(fleet_json)
    fleet["depot"] |= {"departures": ["12:30"], "sorting_s": 1800}
    call = village.call
    assert (await call("PUT", "/v1/fleet", json=fleet)).status_code == 200
    job = (await call("POST", f"/v1/plans?{DAY}", json={"budget_s": 1, "seed": 1})).json()
    await call("GET", f"/v1/jobs/{job['job_id']}/events", timeout=200)
    job = (await call("GET", f"/v1/jobs/{job['job_id']}")).json()
    assert job["state"] == "succeeded", job
    answer = await call("POST", f"/v1/plans/{job['plan_id']}/publish", headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return (await call("GET", f"/v1/plans/{job['plan_id']}")).json()


async def status(village):
    return (await village.call("GET", f"/v1/status?{DAY}")).json()


async def warned(village, courier, until, clock):
    """What is said of the courier's parcels; None: the clock has come so far and nothing is."""
    while clock.now() < until:
        found = [
            each for each in (await status(village))["at_risk"] if each["courier_id"] == courier
        ]
        if found:
            return found[0]
        await asyncio.sleep(0.1)
    return None


async def collect(village, plan, courier, stops, at):
    ids = [each for stop in stops for each in stop["order_ids"]]
    event = {
        "kind": "collected",
        "event_id": f"{courier}-{at:%H%M%S}",
        "courier_id": courier,
        "order_ids": ids,
        "at": at.isoformat(),
    }
    answer = await village.call("POST", f"/v1/events?{DAY}", json={"events": [event]})
    assert answer.json()["counts"] == {"recorded": 1}, answer.text
    return ids


async def events_of(village, kind):
    """All events of this kind in the day's stream so far."""
    store = village.client.app.state.deps.store
    day = DepotDay(village.company_id, DepotId("shaji"), date(2026, 11, 11))
    entries = await store.history(day, after="0-0", limit=10_000)
    return [event for _, body in entries if (event := json.loads(body))["kind"] == kind]


@pytest.mark.timeout(300)
async def test_a_truck_that_will_be_missed_is_said_twenty_minutes_before(village, plan, clock):
    """The courier has all parcels but the last door's on board, falls silent, and is still out when the truck leaves."""
    route = max(plan["routes"], key=lambda each: len(each["trips"][0]["stops"]))
    courier, trip = route["courier_id"], route["trips"][0]
    assert len(trip["stops"]) > 2
    # All but the last stop was picked up an hour and a half before the truck; since then the phone is silent.
    clock.set(LEAVES_AT - timedelta(minutes=90))
    aboard = await collect(village, plan, courier, trip["stops"][:-1], clock.now())
    assert await warned(village, courier, LEAVES_AT - timedelta(minutes=75), clock) is None
    # Nothing is heard, and nothing asked: the queue itself has the day looked at, from an hour before each truck.
    clock.set(LEAVES_AT - timedelta(minutes=62))
    found = await warned(village, courier, LEAVES_AT, clock)
    assert found is not None, "nobody was warned"
    assert set(aboard) <= set(found["order_ids"])
    (said,) = [
        each
        for each in await events_of(village, "departure-at-risk")
        if each["courier_id"] == courier
    ]
    assert datetime.fromisoformat(said["at"]) <= LEAVES_AT - BEFORE
    assert datetime.fromisoformat(said["leaves_at"]) == LEAVES_AT
