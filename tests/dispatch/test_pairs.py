"""Pairs: parcels that go from village to village, in whole days, judged by the orders as they were stated."""

import random
from dataclasses import replace
from datetime import time, timedelta

import pytest

from dispatch.days import TimeWindow
from dispatch.halts import MILLIFEN
from dispatch.households import CollectionPoint, Household, HouseholdId, OpeningHours, PointId
from dispatch.offers import offers_of
from dispatch.orders import Drop, Handling, OrderId
from dispatch.pairs import NOT_WHILE_RUNNING
from dispatch.posing import pose
from dispatch.route_check import check_route, named_at
from dispatch.starting import start_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import Rule
from routing.vrp.problem import Window
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
    planned,
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


def _unbound(halts):
    """Drops are worth as much as any pickup, and nothing binds them to one."""
    price = 500 * 100 * MILLIFEN
    return tuple(
        halt
        if halt.drops is None
        else replace(halt, visit=replace(halt.visit, unserved_cost=price))
        for halt in halts
    )


def _any_time(order, spot, inputs):
    """Ready or not, open or not."""
    return (Window(0, 24 * 3600),)


def _of_no_kind(posed, visit):
    """A door at which something is picked up and one at which something is dropped are one."""
    return posed.problem.visits[visit].place, False


@pytest.mark.parametrize(
    ("where", "fault", "told"),
    [
        ("dispatch.posing.paired", tuple, "dropped 0 times"),
        ("dispatch.posing.paired", _unbound, "nobody has picked it up on that trip before"),
        ("dispatch.pairs._open_then", _any_time, "dropped while nobody is there"),
        ("dispatch.arrivals._door", _of_no_kind, "picks up and drops at once"),
        ("dispatch.reading._with_loads", list, "tells another load"),
    ],
)
def test_the_judge_sees_each_fault(network, monkeypatch, where, fault, told):
    wrong = []
    monkeypatch.setattr(where, fault)
    for seed in range(4):
        inputs = paired_morning(seed)
        wrong += pair_wrongs(inputs, planned(inputs, network, iterations=50))
    assert any(told in each for each in wrong), wrong


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
    (trip,) = [trip for route in plan.routes for trip in route.trips]
    assert trip.cut_off_at > trip.unloaded_at > at(8, 30)


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
    inputs = a_day(parcel)
    plan = planned(inputs, network)
    assert [stop.brought for stop in stops_of(plan)] == [(), ()]
    # Nor does it take room there from whoever would bring something.
    assert offers_of([(parcel, parcel.place)], inputs, {POINT.point_id}) == {}


def test_windows_of_what_is_dropped_are_hard_whatever_the_depot_says(network):
    early = an_order(
        "o1",
        windows=(TimeWindow(at(4), at(5)),),
        drop=Drop(place=a_place(3, 3)),
        missed_max_s=20_000,
    )
    inputs = a_day(early, window_late_fen_per_minute=1, window_missed_max_s=20_000)
    plan = planned(inputs, network)
    assert [each.reason for each in plan.unserved] == ["window-cannot-be-met"]
    (late,) = check(inputs, network, plan, "c0", [["o1", "o1"]]).violations
    assert late.rule == Rule.WINDOW


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


def check(inputs, network, plan, courier_id, trips):
    return check_route(
        plan, inputs, network, courier_id=courier_id, trips=trips, leave_at=None, now=at(7)
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_planned_route_with_drops_fits_when_it_is_checked_by_hand(network, seed):
    inputs = paired_morning(seed)
    plan = planned(inputs, network)
    route = max(plan.routes, key=lambda each: sum(len(stop.dropped) for stop in each.stops))
    assert any(stop.dropped for stop in route.stops)
    trips = [[each for stop in trip.stops for each in named_at(stop)] for trip in route.trips]
    told = check(inputs, network, plan, route.courier_id, trips)
    assert told.violations == ()
    assert (told.left, told.joined) == ((), ())
    assert told.figures.cost_fen <= route.cost_fen
    assert told.figures.orders == sum(len(stop.order_ids) for stop in route.stops)
    for trip, checked in zip(route.trips, told.trips, strict=True):
        assert [stop.order_ids for stop in checked.stops] == [s.order_ids for s in trip.stops]
        dropped = [tuple(each.order_id for each in stop.dropped) for stop in trip.stops]
        assert [stop.dropped for stop in checked.stops] == dropped
        for stop, seen in zip(trip.stops, checked.stops, strict=True):
            assert stop.on_board is None or seen.pieces == stop.on_board.pieces
            assert (seen.due_at is None) == (stop.truck_at is None)


def test_a_pair_taken_from_another_route_goes_with_both_ends(network):
    parcel = an_order("o1", 1, 1, drop=Drop(place=a_place(4, 4)))
    inputs = a_day(parcel, an_order("o2", 2, 2))
    plan = planned(inputs, network)
    (route,) = plan.routes
    other = next(each for each in inputs.fleet.couriers if each != route.courier_id)
    told = check(inputs, network, plan, other, [["o1", "o1"]])
    assert told.violations == ()
    (loser,) = told.others
    assert (loser.courier_id, loser.order_ids) == (route.courier_id, ("o1",))
    assert told.plan_change.orders == 0
    (trip,) = told.trips
    assert [stop.pieces for stop in trip.stops] == [1, 0]
    assert (trip.slack_s, [stop.due_at for stop in trip.stops]) == (None, [None, None])


def test_a_check_says_what_is_too_much_on_board_and_what_is_dropped_too_late(network):
    first, second = (
        an_order(name, 1, row, pieces=15, drop=Drop(place=a_place(4, row)))
        for name, row in (("o1", 1), ("o2", 2))
    )
    early = an_order(
        "o3", 4, 4, drop=Drop(place=a_place(1, 1), windows=(TimeWindow(at(8), at(8, 1)),))
    )
    inputs = a_day(first, second, early)
    plan = planned(inputs, network)
    trips = [["o1", "o2", "o1", "o2"]]
    (full,) = check(inputs, network, plan, "c0", trips).violations
    assert (full.rule, full.by, full.unit) == (Rule.CAPACITY, 5, "pieces")
    assert check(inputs, network, plan, "c0", [["o1", "o1", "o2", "o2"]]).violations == ()
    (late,) = check(inputs, network, plan, "c0", [["o3", "o3"]]).violations
    assert (late.rule, late.order_ids) == (Rule.WINDOW, ("o3",))
    assert late.detail.startswith("The drop begins")
