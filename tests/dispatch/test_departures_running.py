"""Trucks of a running day through a real planner: one that leaves early, and parcels that will miss theirs."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from dispatch import operations
from dispatch.clock import ScaledClock
from dispatch.days import DayClock
from dispatch.events import DepartureAtRisk, DepartureSafe, decode
from dispatch.fates import road_facts
from dispatch.jobs import JobQueue
from dispatch.plan import Why
from dispatch.running.risks import next_watch
from tests.dispatch.departure_judge import departure_wrongs

LAST = time(18, 30)


def last_over_at(plan):
    return max(trip.unloaded_at for route in plan.routes for trip in route.trips)


async def change(running, leaves_at):
    return await operations.change_departure(
        running.store, running.day, LAST, leaves_at=leaves_at, by="t", at=running.at
    )


async def told(running, *kinds):
    entries = await running.store.history(running.day, after="0-0", limit=10_000)
    return [event for _, body in entries if isinstance(event := decode(body), kinds)]


async def board(running):
    return await operations.read_board(running.store, running.day, now=running.at)


async def test_a_truck_that_leaves_earlier_is_caught_by_the_next_version(running):
    before = await running.plan()
    early = last_over_at(before) - timedelta(minutes=20)
    await change(running, early)
    (row,) = (await board(running)).departures  # at once, before any new version
    assert (row.leaves_at, row.planned_at.time()) == (early.replace(microsecond=0), LAST)
    assert row.slack_s < 0
    plan = await running.keep()
    assert Why.TRUCKS in plan.why
    assert max(trip.truck_at for route in plan.routes for trip in route.trips) <= early
    assert last_over_at(plan) <= early
    known = await operations.read_running(running.store, running.day, at=running.at)
    assert [*departure_wrongs(known.inputs, plan)] == []
    route = await operations.read_route(
        running.store, running.day, plan.routes[0].courier_id, masked=False
    )
    assert early.isoformat().encode()[:16] in route.body
    fleet = await operations.read_fleet(running.store, running.day.scope)
    assert fleet.depot.departures == (LAST,)
    assert await running.keep() is None
    # Told again it is no news; and it may be taken back.
    await change(running, early)
    assert await running.keep() is None
    running.at += timedelta(seconds=1)
    zone = fleet.depot.zone
    planned_at = DayClock(running.day.day, zone).moment(18 * 3600 + 1800)
    await change(running, planned_at)
    assert Why.TRUCKS in (await running.keep()).why
    (row,) = (await board(running)).departures
    assert row.leaves_at == row.planned_at == planned_at


async def test_an_order_answered_in_between_does_not_hide_the_truck(running):
    """A version that came after the fact, but was not made for it, leaves the reason standing."""
    before = await running.plan()
    await change(running, last_over_at(before) - timedelta(minutes=20))
    running.at += timedelta(seconds=1)
    after = replace(before, based_on=1, made_at=running.at)
    await operations.publish_revision(running.store, after, by="t", at=running.at)
    assert Why.TRUCKS in (await running.keep()).why


@pytest.mark.parametrize(
    ("planned", "minutes", "error"),
    [
        (time(12, 30), None, operations.DepartureUnknown),
        (LAST, None, operations.LastDeparture),
        (LAST, 24 * 60, operations.DepartureOnAnotherDay),
    ],
)
async def test_a_truck_that_cannot_leave_so_is_refused_by_name(running, planned, minutes, error):
    leaves_at = None if minutes is None else running.at + timedelta(minutes=minutes)
    with pytest.raises(error):
        await operations.change_departure(
            running.store, running.day, planned, leaves_at=leaves_at, by="t", at=running.at
        )
    assert road_facts((await running.store.daybook.read(running.day)).events).trucks == {}


async def test_a_truck_that_will_be_missed_is_said_once_and_taken_back(running):
    """Parcels are on board, the way home is longer than the truck waits: no plan can help."""
    before = await running.plan()
    route = max(before.routes, key=lambda each: each.trips[0].unloaded_at)
    trip = route.trips[0]
    running.at = trip.stops[-1].depart_at
    await running.collect(trip.stops, route.courier_id)
    leaves_at = running.at + timedelta(seconds=trip.home.duration_s - 60)
    await change(running, leaves_at)
    for _ in range(3):
        await running.keep()
        running.at += timedelta(seconds=10)
    (warning,) = [
        each for each in await told(running, DepartureAtRisk) if each.courier_id == route.courier_id
    ]
    assert warning.leaves_at == leaves_at
    assert {each for stop in trip.stops for each in stop.order_ids} <= set(warning.order_ids)
    assert warning.late_s >= 60
    assert warning.courier_id in {each.courier_id for each in (await board(running)).at_risk}
    assert await told(running, DepartureSafe) == []

    await change(running, leaves_at + timedelta(hours=6))
    for _ in range(2):
        await running.keep()
        running.at += timedelta(seconds=10)
    safe = [each.courier_id for each in await told(running, DepartureSafe)]
    assert sorted(safe) == sorted(
        {each.courier_id for each in await told(running, DepartureAtRisk)}
    )
    assert (await board(running)).at_risk == ()


async def test_a_day_that_goes_well_has_no_warning(running):
    before = await running.plan()
    for route in before.routes:
        running.at = max(running.at, route.trips[0].stops[-1].depart_at)
        await running.collect(route.trips[0].stops, route.courier_id)
    await running.keep()
    assert await told(running, DepartureAtRisk, DepartureSafe) == []


async def test_a_day_is_watched_before_a_truck_leaves_though_nothing_is_heard(running, server):
    """The next look is asked for on the queue, once, for the moment at which the clock shows it."""
    now = datetime.now(UTC)
    clock = ScaledClock(running.at, now, 60.0)
    plan = await running.plan()
    watch_at = next_watch(plan, now=running.at)
    async with JobQueue.open(server.url) as queue:
        worker = replace(running.worker, clock=clock, jobs=queue)
        for _ in range(2):
            await worker.run_keeping(
                running.day.company_id, running.day.depot_id, running.day.day.isoformat(), False
            )
        (look,) = [
            each
            for each in (await queue.quick.snapshot()).future
            if each.args[0] == running.day.company_id
        ]
    in_s = (look.when - now).total_seconds()
    assert in_s == pytest.approx((watch_at - running.at).total_seconds() / 60, abs=1)
