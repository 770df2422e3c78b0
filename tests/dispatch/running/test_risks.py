"""When a day is watched although nothing is heard of it, and which parcels are said to miss their truck."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.departing import AtRisk
from dispatch.fates import RoadFacts
from dispatch.plan import Departure
from dispatch.planning import plan_day
from dispatch.running.risks import endangered, next_watch, risks_now
from dispatch.shortfalls import Unserved
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import at, morning

NOTHING = RoadFacts({}, {})
NOON, NIGHT = at(12, 30), at(18, 30)


@pytest.fixture(scope="module")
def day(grid_network):
    network = RoadNetwork.load(grid_network)
    inputs = morning(1)
    return inputs, plan_day(inputs, network, budget_s=20, iterations=200, seed=1, made_at=at(7))


def leaving(plan, *moments):
    row = {"trips": 1, "orders": 1, "pieces": 1, "weight_g": 0, "slack_s": 0, "courier_id": None}
    rows = tuple(Departure(leaves_at=each, late=0, late_cost_fen=0, **row) for each in moments)
    return replace(plan, departures=rows)


@given(since_s=st.integers(0, 24 * 3600), second_s=st.integers(-3600, 6 * 3600))
def test_a_look_comes_in_the_minute_before_the_last_twenty(day, since_s, second_s):
    plan = leaving(day[1], NOON, NOON + timedelta(seconds=second_s))
    now, looks = NOON - timedelta(seconds=since_s), []
    while (at_ := next_watch(plan, now=now)) is not None and at_ < NOON:
        assert at_ > now
        assert now < NOON - timedelta(minutes=61) or at_ - now <= timedelta(minutes=61)
        looks.append(at_)
        now = at_
    if since_s > 20 * 60 + 90:
        before = NOON - timedelta(minutes=20)
        assert any(before - timedelta(minutes=1) <= each < before for each in looks)
    assert next_watch(plan, now=max(NOON, NOON + timedelta(seconds=second_s))) is None


def late(plan, minutes):
    """The moment at which the first trip, of which nothing was ever heard, is late by so much for its truck."""
    trip = min((t for r in plan.routes for t in r.trips), key=lambda each: each.leave_at)
    sorted_at = trip.unloaded_at + timedelta(seconds=plan.sorting_s)
    first = trip.stops[0]
    return trip, trip.cut_off_at - sorted_at + first.begin_at + timedelta(minutes=minutes)


def by_id(orders):
    return {each.order_id: each for each in orders}


def test_what_a_silent_courier_will_miss_is_at_risk(day):
    inputs, plan = day
    trip, now = late(plan, 5)
    assert endangered(plan, NOTHING, now=at(7)) == ()
    assert risks_now(plan, plan, (), by_id(inputs.orders), NOTHING, now=at(7)) == ()
    risks = risks_now(plan, plan, (), by_id(inputs.orders), NOTHING, now=now)
    named = {each for risk in risks for each in risk.order_ids}
    assert {each for stop in trip.stops for each in stop.order_ids} <= named
    assert {each.leaves_at for each in risks} == {trip.cut_off_at}
    assert all(each.late_s > 0 for each in risks)


def test_a_version_that_gives_the_truck_up_does_not_take_the_warning_back(day):
    """The next version has the parcels leave later: they miss the truck all the same."""
    inputs, plan = day
    trip, now = late(plan, 5)
    given_up = replace(
        plan,
        routes=tuple(
            replace(
                route,
                trips=tuple(
                    replace(each, cut_off_at=each.cut_off_at + timedelta(hours=6))
                    for each in route.trips
                ),
            )
            for route in plan.routes
        ),
    )
    orders = by_id(inputs.orders)
    assert endangered(given_up, NOTHING, now=now) == ()
    said = risks_now(plan, given_up, (), orders, NOTHING, now=now)
    assert {each.leaves_at for each in said} == {trip.cut_off_at}
    assert risks_now(given_up, given_up, said, orders, NOTHING, now=now) == said
    # From the start it is no warning but a price.
    assert risks_now(given_up, given_up, (), orders, NOTHING, now=now) == ()


def test_a_warning_is_taken_back_when_the_parcels_make_it_or_their_truck_has_moved(day):
    inputs, plan = day
    trip, now = late(plan, 5)
    orders = by_id(inputs.orders)
    said = risks_now(plan, plan, (), orders, NOTHING, now=now)
    assert risks_now(plan, plan, said, orders, NOTHING, now=at(7)) == ()
    moved = leaving(plan, trip.cut_off_at + timedelta(hours=2))
    moved = replace(
        moved,
        routes=tuple(
            replace(
                route,
                trips=tuple(
                    replace(each, cut_off_at=each.cut_off_at + timedelta(hours=2))
                    for each in route.trips
                ),
            )
            for route in plan.routes
        ),
    )
    assert risks_now(moved, moved, said, orders, NOTHING, now=now) == ()


def test_parcels_in_no_route_any_more_stay_at_risk(day):
    inputs, plan = day
    first = plan.routes[0]
    order_id = first.stops[0].order_ids[0]
    said = AtRisk(leaves_at=NIGHT, courier_id=first.courier_id, order_ids=(order_id,), late_s=60)
    left = Unserved(order_id=order_id, reason="no-time-left", detail="")
    rest = replace(plan, routes=plan.routes[1:], unserved=(left,))
    orders = by_id(inputs.orders)
    (found,) = risks_now(plan, rest, (said,), orders, NOTHING, now=at(9))
    assert (found.key, found.order_ids) == (said.key, (order_id,))
