"""Trucks that leave otherwise than the fleet states: what becomes of depots, orders and plans."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import DayClock
from dispatch.events import DepartureChanged
from dispatch.fates import road_facts
from dispatch.orders import Order, OrderId
from dispatch.planning import plan_day
from dispatch.timetable import depot_today, orders_today, plan_today, timetable
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.departure_judge import departure_wrongs
from tests.dispatch.running.days import morning

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = DayClock(date(2026, 11, 11), ZONE)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


NINE, NOON, NIGHT = at(9), at(12, 30), at(18, 30)
DEPOT = replace(morning(1).fleet.depot, departures=(time(12, 30), time(18, 30)))


def changed(planned_at, leaves_at, told_at=NINE):
    return DepartureChanged(at=told_at, by="t", planned_at=planned_at, leaves_at=leaves_at)


def test_the_last_word_about_a_truck_counts_whenever_it_was_heard():
    words = [changed(NOON, at(12)), changed(NOON, None, at(10)), changed(NIGHT, at(19), at(8))]
    for events in (words, words[::-1]):
        assert road_facts(events).trucks == {NOON: None, NIGHT: at(19)}


@pytest.mark.parametrize(
    ("trucks", "leaving"),
    [
        ({}, (time(12, 30), time(18, 30))),
        ({NOON: at(12, 5)}, (time(12, 5), time(18, 30))),
        ({NOON: at(19)}, (time(18, 30), time(19))),
        ({NOON: None}, (time(18, 30),)),
        ({at(15): at(14)}, (time(12, 30), time(18, 30))),  # a truck that the fleet has no more
        ({NOON.astimezone(UTC): at(12, 5).astimezone(UTC)}, (time(12, 5), time(18, 30))),
    ],
)
def test_the_depot_has_the_departures_that_there_are_today(trucks, leaving):
    assert depot_today(DEPOT, trucks, CLOCK).departures == leaving


def test_the_timetable_tells_both_moments():
    noon, night = timetable(DEPOT, {NOON: None, NIGHT: at(18)}, CLOCK)
    assert (noon.planned_at, noon.leaves_at) == (NOON, None)
    assert (night.planned_at, night.leaves_at) == (NIGHT, at(18))


@pytest.mark.parametrize(
    ("trucks", "cut_off", "then"),
    [
        ({NOON: at(12)}, NOON, at(12)),
        ({NOON: at(13)}, NOON, at(13)),
        ({NOON: at(12)}, at(12, 15), at(12, 15)),  # its own hour, no truck's
        ({NOON: at(12)}, None, None),
        ({NOON: None}, NOON, NIGHT),
        ({NIGHT: None}, NIGHT, NOON),  # there is no later one
    ],
)
def test_a_cut_off_that_names_a_truck_moves_with_it(trucks, cut_off, then):
    order = Order(order_id=OrderId("o"), place=Place(118.1, 33.9), cut_off_at=cut_off)
    (found,) = orders_today([order], DEPOT, trucks, CLOCK)
    assert found == replace(order, cut_off_at=then)


@pytest.fixture(scope="module")
def planned(grid_network):
    inputs = morning(3)
    network = RoadNetwork.load(grid_network)
    plan = plan_day(inputs, network, budget_s=20, iterations=100, seed=1, made_at=at(7))
    return inputs, plan


@pytest.mark.parametrize(
    "trucks", [{NOON: at(11, 40)}, {NOON: at(13, 5)}, {NOON: None}, {NIGHT: at(15)}]
)
def test_trips_of_a_plan_take_the_trucks_that_leave_today(planned, trucks):
    inputs, plan = planned
    today = plan_today(plan, trucks)
    leaving = sorted(
        each.leaves_at
        for each in timetable(inputs.fleet.depot, trucks, CLOCK)
        if each.leaves_at is not None
    )
    assert [each.leaves_at for each in today.departures] == leaving
    sorting = timedelta(seconds=inputs.fleet.depot.sorting_s)
    old = {(t.leave_at, r.courier_id): t.truck_at for r in plan.routes for t in r.trips}
    for route in today.routes:
        for trip in route.trips:
            made = [each for each in leaving if trip.unloaded_at + sorting <= each][:1]
            planned_for = old[trip.leave_at, route.courier_id]
            planned_for = trucks.get(planned_for, planned_for)
            made += [] if planned_for is None else [planned_for]
            assert trip.truck_at == min(made, default=None)
            assert {stop.truck_at for stop in trip.stops} == {trip.truck_at}
            if made:
                slack = trip.truck_at - trip.unloaded_at - sorting
                assert trip.truck_slack_s == slack.total_seconds()
    assert sum(each.trips for each in today.departures) == sum(
        trip.truck_at is not None for route in today.routes for trip in route.trips
    )
    assert plan_today(today, trucks) is today  # told again, nothing is new
    back = plan_today(today, {each: each for each in trucks})
    assert [each.leaves_at for each in back.departures] == [NOON, NIGHT]


def test_a_plan_made_by_the_timetable_is_right_by_the_judge_and_knows_it(planned, grid_network):
    inputs, _ = planned
    facts = road_facts([changed(NOON, at(11, 40))])
    known = inputs.as_known(facts)
    network = RoadNetwork.load(grid_network)
    plan = plan_day(known, network, budget_s=20, iterations=100, seed=1, made_at=at(7))
    assert [*departure_wrongs(known, plan)] == []
    assert [(each.planned_at, each.leaves_at) for each in plan.departures] == [
        (NOON, at(11, 40)),
        (None, NIGHT),
    ]
    assert plan_today(plan, facts.trucks) is plan
    assert plan_today(plan, {NOON: NOON}).departures[0].leaves_at == NOON
