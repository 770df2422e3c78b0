"""Pairs: parcels that go from village to village, in whole days, judged by the orders as they were stated."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from dispatch.days import TimeWindow
from dispatch.households import CollectionPoint, Household, HouseholdId, OpeningHours, PointId
from dispatch.offers import offers_of
from dispatch.orders import Drop, Handling, OrderId
from dispatch.pairs import NOT_WHILE_RUNNING
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.starting import start_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.day_judge import wrongs
from tests.dispatch.pair_judge import pair_wrongs
from tests.dispatch.running.days import (
    SOUTH,
    STEP,
    WEST,
    World,
    at,
    at_moment,
    morning,
    order,
)

HOME = Household(
    household_id=HouseholdId("H1"),
    village="北村",
    name="",
    place=Place(WEST + STEP, SOUTH + 4 * STEP),
)
POINT = CollectionPoint(
    point_id=PointId("P1"),
    village="南村",
    name="P1",
    place=Place(WEST + 4 * STEP, SOUTH + STEP),
    hours=(OpeningHours(time(9), time(12)), OpeningHours(time(14), time(17))),
    capacity_pieces=20,
)


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def a_place(east, north):
    return Place(WEST + east * STEP, SOUTH + north * STEP)


def a_drop(chance):
    facts = {}
    if chance.random() < 0.3:
        opens = at(chance.randint(9, 15))
        facts["windows"] = (TimeWindow(opens, opens + timedelta(hours=2)),)
    if chance.random() < 0.3:
        facts["service_s"] = chance.choice([0, 60, 900])
    where = chance.random()
    if where < 0.25:
        return Drop(household_id=HOME.household_id, **facts)
    if where < 0.5:
        return Drop(point_id=POINT.point_id, **facts)
    return Drop(place=a_place(chance.uniform(0.1, 4.9), chance.uniform(0.1, 4.9)), **facts)


def paired_morning(seed, *, orders=30, share=0.4):
    """A drawn morning in which many parcels go to another village."""
    chance = random.Random(f"paired {seed}")
    inputs = morning(seed, orders=orders)
    registry = replace(
        inputs.registry,
        households={HOME.household_id: HOME},
        points={POINT.point_id: POINT},
    )
    drawn = []
    for each in inputs.orders:
        facts = {}
        if chance.random() < share:
            facts["drop"] = a_drop(chance)
            if chance.random() < 0.2:
                facts["pieces"] = 20  # of the 25 that a vehicle holds
        if chance.random() < 0.1:
            # Picked up where others are dropped: one place, and stops of both kinds.
            facts |= {"place": None, "point_id": POINT.point_id}
        drawn.append(replace(each, **facts))
    return replace(inputs, registry=registry, orders=tuple(drawn))


def planned(inputs, network, *, now=None, start=None, facts=None, iterations=300):
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=iterations,
        seed=1,
        made_at=now or datetime(2026, 11, 11, tzinfo=UTC),
        start=start,
        facts=facts,
    )


@pytest.mark.parametrize("seed", range(12))
def test_what_is_dropped_on_the_way_is_picked_up_before_on_the_same_trip(network, seed):
    inputs = paired_morning(seed)
    plan = planned(inputs, network)
    assert pair_wrongs(inputs, plan) == []
    assert wrongs(inputs, plan) == []
    assert plan.figures.dropped > 0


def test_the_judge_sees_what_a_plan_without_drops_does_to_them(network):
    """Or the test above would prove nothing."""
    inputs = paired_morning(1)
    without = replace(inputs, orders=tuple(replace(each, drop=None) for each in inputs.orders))
    told = " ".join(pair_wrongs(inputs, planned(without, network)))
    assert "dropped 0 times" in told
    assert "brings to the depot what should be dropped" in told


def a_day(*orders, **depot):
    inputs = paired_morning(0, orders=0)
    fleet = replace(inputs.fleet, depot=replace(inputs.fleet.depot, **depot))
    return replace(inputs, orders=orders, fleet=fleet)


def an_order(name, east=1.0, north=1.0, **facts):
    plain = {"windows": (), "ready_at": None, "pieces": 1, "place": a_place(east, north)}
    return order(0, random.Random(1), **{"order_id": OrderId(name), **plain, **facts})


def stops_of(plan):
    return [stop for route in plan.routes for stop in route.stops]


def test_a_stop_says_what_it_drops_and_what_is_on_board_then(network):
    parcel = an_order(
        "o1", 1, 4, pieces=3, weight_g=500, drop=Drop(household_id=HOME.household_id, note="侧门")
    )
    other = an_order("o2", 3, 1, pieces=2, weight_g=100)
    plan = planned(a_day(replace(parcel, place=a_place(4, 4)), other), network)
    (drop,) = [stop for stop in stops_of(plan) if stop.dropped]
    assert [(each.order_id, each.amount.pieces, each.amount.weight_g) for each in drop.dropped] == [
        ("o1", 3, 500)
    ]
    assert (drop.order_ids, drop.pieces, drop.household_ids) == ((), 0, (HOME.household_id,))
    assert (drop.place, drop.village, drop.notes) == (HOME.place, "北村", ("侧门",))
    assert drop.truck_at is None
    (route,) = plan.routes
    (trip,) = route.trips
    assert (trip.pieces, trip.weight_g) == (2, 100)
    assert [stop.on_board.pieces for stop in trip.stops][-1] == 2
    assert [each.orders for each in plan.departures if each.trips] == [1]


def test_a_day_of_drops_alone_catches_no_truck_and_may_come_home_after_the_last(network):
    late = an_order("o1", windows=(TimeWindow(at(9), at(9)),), drop=Drop(place=a_place(3, 3)))
    plan = planned(a_day(late, departures=(time(8, 30),)), network)
    assert plan.unserved == ()
    assert [stop.truck_at for stop in stops_of(plan)] == [None, None]
    assert [each.orders for each in plan.departures] == [0]


def test_what_is_dropped_at_a_point_takes_its_room(network):
    bringing = an_order("o1", pieces=5, points=(POINT.point_id,), place=a_place(4, 1.2))
    dropped = an_order("o2", 1, 1, pieces=18, drop=Drop(point_id=POINT.point_id))
    for orders, expected in (((bringing,), {"o1"}), ((bringing, dropped), set())):
        inputs = a_day(*orders)
        waiting = [(each, each.place) for each in orders]
        assert set(offers_of(waiting, inputs, {POINT.point_id})) == expected


def test_whoever_is_dropped_is_brought_to_no_point(network):
    parcel = an_order(
        "o1", place=a_place(4, 1.2), points=(POINT.point_id,), drop=Drop(place=a_place(1, 4))
    )
    plan = planned(a_day(parcel), network)
    assert [stop.brought for stop in stops_of(plan)] == [(), ()]


def test_windows_of_what_is_dropped_are_hard_whatever_the_depot_says(network):
    early = an_order(
        "o1",
        windows=(TimeWindow(at(4), at(5)),),
        drop=Drop(place=a_place(3, 3)),
        missed_max_s=20_000,
    )
    plan = planned(a_day(early, window_late_fen_per_minute=1, window_missed_max_s=20_000), network)
    assert [each.reason for each in plan.unserved] == ["window-cannot-be-met"]


@pytest.mark.parametrize(
    ("drop", "facts", "reason"),
    [
        (Drop(household_id=HouseholdId("nobody")), {}, "household-unknown"),
        (Drop(point_id=PointId("nowhere")), {}, "point-unknown"),
        (Drop(place=Place(119.5, 35.0)), {}, "place-off-road"),
        (
            Drop(place=Place(WEST + STEP, SOUTH), windows=(TimeWindow(at(8), at(9)),)),
            {"ready_at": at(10)},
            "no-common-time",
        ),
        (
            Drop(place=Place(WEST + STEP, SOUTH)),
            {"handling": frozenset({Handling.COLD})},
            "skill-missing",
        ),
        (Drop(place=Place(WEST + STEP, SOUTH)), {"pieces": 26}, "too-heavy-for-every-vehicle"),
        (
            Drop(
                place=Place(WEST + 4 * STEP, SOUTH + 4 * STEP),
                windows=(TimeWindow(at(10), at(10)),),
            ),
            {"windows": (TimeWindow(at(9, 59), at(11)),)},
            "window-cannot-be-met",
        ),
    ],
)
def test_a_pair_that_nobody_can_make_is_left_out_once_with_its_reason(network, drop, facts, reason):
    plan = planned(a_day(an_order("o1", drop=drop, **facts), an_order("o2", 2, 2)), network)
    assert [(each.order_id, each.reason) for each in plan.unserved] == [("o1", reason)]
    assert plan.figures.served == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_with_drops_is_where_the_next_search_starts(network, seed):
    inputs = paired_morning(seed)
    plan = planned(inputs, network)
    posed = pose(inputs, network)
    start = start_of(posed, plan)
    assert start is not None
    made = [each.visit for route in start.routes for trip in route.trips for each in trip.visits]
    dropped = {posed.halts[each].drops.order_id for each in made if posed.halts[each].drops}
    assert dropped == {each.order_id for stop in stops_of(plan) for each in stop.dropped}
    # Half a pair of it is gone, and its other half goes along.
    gone = next(each.order_id for each in inputs.orders if each.drop is not None)
    fewer = replace(inputs, orders=tuple(o for o in inputs.orders if o.order_id != gone))
    assert start_of(pose(fewer, network), plan) is not None


def test_a_running_day_leaves_what_is_dropped_alone_and_says_what_to_do(network):
    inputs = morning(3)
    plan = planned(inputs, network, now=at(7))
    events = World(3).drive(plan, at(10))
    rest, facts = at_moment(
        inputs, events, further=(an_order("new", drop=Drop(place=a_place(3, 3))),)
    )
    again = planned(rest, network, now=at(10), start=plan, facts=facts)
    (left,) = [each for each in again.unserved if each.order_id == "new"]
    assert left.reason == NOT_WHILE_RUNNING
    assert "without drop" in left.detail
    assert all(not stop.dropped for stop in stops_of(again))
