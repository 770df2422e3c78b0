"""A hand-made route checked: a planned one comes out as planned, and every rule says by how much it is missed."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.planning import plan_day
from dispatch.route_check import check_route, orders_met
from routing.places import Place
from routing.roads.network import RoadNetwork

AT = datetime(2026, 11, 11, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    capacity_pieces=12,
    capacity_weight_g=180_000,
    range_m=60_000,
    trips_max=3,
    fixed_cost_fen=900,
    cost_per_km_fen=30,
    cost_per_hour_fen=2500,
)
CREW = {
    CourierId(name): Courier(
        courier_id=CourierId(name),
        name=name,
        model_id=TRIKE.model_id,
        shift_starts=time(8),
        shift_ends=time(18),
        breaks=(BreakRule(time(11), time(13), 1800),),
        skills=frozenset({"bulky"} if name == "c1" else ()),
    )
    for name in ("c1", "c2", "c3")
}
C1, C2 = CourierId("c1"), CourierId("c2")


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def an_order(number, **facts):
    """Three orders wait at each of some doors, about forty metres off the street."""
    column, row = number % 5, number // 3 % 5
    place = Place(WEST + (column + 0.4) * STEP, SOUTH + row * STEP + 0.0004)
    facts = {"place": place, "pieces": 1 + number % 3, "weight_g": 4000} | facts
    return Order(order_id=OrderId(f"o{number:02d}"), **facts)


ORDERS = tuple(
    an_order(
        number,
        ready_at=at(14) if number % 7 == 0 else None,
        windows=(TimeWindow(at(9), at(12)),) if number % 5 == 1 else (),
        cut_off_at=at(13) if number % 9 == 2 else None,
        handling=frozenset({Handling.BULKY} if number % 11 == 0 else ()),
    )
    for number in range(45)
)


def a_day(orders=ORDERS, crew=None, model=TRIKE, **depot):
    depot = {"departures": (time(13), time(18, 30))} | depot
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), AT.date()),
        registry=Registry(),
        fleet=Fleet(
            depot=Depot(
                depot_id=DepotId("shaji"), name="", place=Place(WEST + 0.001, SOUTH), **depot
            ),
            models={TRIKE.model_id: model},
            couriers=CREW if crew is None else crew,
        ),
        orders=tuple(orders),
    )


@pytest.fixture(scope="module")
def plan(network):
    made = plan_day(a_day(), network, budget_s=0.3, seed=2, made_at=AT, version=1)
    assert len(made.routes) > 1
    return made


def trips_of(route):
    return [[each for stop in trip.stops for each in stop.order_ids] for trip in route.trips]


def checked(network, plan, trips, *, courier=C1, inputs=None, leave_at=None):
    inputs = inputs or a_day()
    met = set(orders_met(plan, courier, trips))
    few = replace(inputs, orders=tuple(each for each in inputs.orders if each.order_id in met))
    return check_route(
        plan, few, network, courier_id=courier, trips=trips, leave_at=leave_at, now=AT
    )


def test_a_route_as_planned_comes_out_as_planned(network, plan):
    for route in plan.routes:
        told = checked(network, plan, trips_of(route), courier=route.courier_id)
        assert told.fits, told.violations
        assert told.breaks == route.breaks
        for seen, trip in zip(told.trips, route.trips, strict=True):
            assert (seen.leave_at, seen.back_at) == (trip.leave_at, trip.back_at)
            assert seen.slack_s == (trip.cut_off_at - trip.back_at).total_seconds()
            last = seen.stops[-1]
            assert (last.pieces, last.weight_g) == (trip.pieces, trip.weight_g)
            for a, b in zip(seen.stops, trip.stops, strict=True):
                assert (a.seq, a.order_ids, a.place) == (b.seq, b.order_ids, b.place)
                assert (a.arrive_at, a.begin_at, a.depart_at) == (
                    b.arrive_at,
                    b.begin_at,
                    b.depart_at,
                )
                assert (a.drive_s, a.drive_m) == (b.leg.duration_s, b.leg.distance_m)
        assert (told.figures.cost_fen, told.figures.distance_m, told.figures.duration_s) == (
            route.cost_fen,
            route.distance_m,
            route.duration_s,
        )
        assert set(vars_of(told.change).values()) == {0}
        assert told.plan_change == told.change
        assert (told.others, told.left, told.joined) == ((), (), ())


def vars_of(record):
    return {name: getattr(record, name) for name in record.__slots__}


def test_moments_run_forward_whatever_the_order(network, plan):
    for route in plan.routes:
        trips = [list(reversed(trip)) for trip in reversed(trips_of(route))]
        told = checked(network, plan, trips, courier=route.courier_id)
        moment = None
        for trip in told.trips:
            assert moment is None or trip.leave_at >= moment
            moment = trip.leave_at
            on_board = 0
            for stop in trip.stops:
                assert stop.arrive_at >= moment + timedelta(seconds=stop.drive_s)
                assert stop.arrive_at <= stop.begin_at < stop.depart_at
                moment = stop.depart_at
                assert stop.pieces > on_board
                on_board = stop.pieces
            assert trip.back_at >= moment
            moment = trip.back_at


def test_an_order_taken_from_another_changes_that_route_as_well(network, plan):
    giver, taker = plan.routes[:2]
    plain = {each.order_id for each in ORDERS if not (each.handling or each.windows)}
    moved = next(each for stop in giver.stops for each in stop.order_ids if each in plain)
    trips = trips_of(taker)
    trips[0].append(moved)
    told = checked(network, plan, trips, courier=taker.courier_id)
    (other,) = told.others
    assert (other.courier_id, other.order_ids) == (giver.courier_id, (moved,))
    assert (told.change.orders, other.change.orders, told.plan_change.orders) == (1, -1, 0)
    rest = [[each for each in trip if each != moved] for trip in trips_of(giver)]
    alone = checked(network, plan, rest, courier=giver.courier_id)
    assert alone.left == (moved,)
    assert other.change == alone.change
    assert other.change.cost_fen <= 0
    for name in ("cost_fen", "distance_m", "duration_s"):
        total = getattr(told.change, name) + getattr(other.change, name)
        assert getattr(told.plan_change, name) == total
        assert getattr(told.figures, name) - getattr(taker, name) == getattr(told.change, name)


def test_a_route_of_a_courier_who_has_left_the_fleet_is_not_looked_at(network, plan):
    giver, taker = plan.routes[:2]
    trips = [*trips_of(taker), [giver.stops[0].order_ids[0]]]
    crew = {key: each for key, each in CREW.items() if key != giver.courier_id}
    told = checked(network, plan, trips, courier=taker.courier_id, inputs=a_day(crew=crew))
    assert told.others == ()
    assert told.plan_change == told.change


def test_orders_that_leave_and_orders_that_join_are_named(network, plan):
    route = plan.routes[0]
    trips = trips_of(route)
    left = trips[0].pop(0)
    new = replace(an_order(1), order_id=OrderId("new"), windows=())
    trips[0].append(new.order_id)
    inputs = a_day((*ORDERS, new))
    told = checked(network, plan, trips, courier=route.courier_id, inputs=inputs)
    assert (told.left, told.joined) == ((left,), (new.order_id,))
    assert told.plan_change.orders == 0


def test_a_courier_left_at_home_saves_all_it_costs(network, plan):
    route = plan.routes[0]
    told = checked(network, plan, [], courier=route.courier_id)
    assert told.fits
    assert told.change.cost_fen == -route.cost_fen
    assert set(told.left) == {each for trip in trips_of(route) for each in trip}


def test_a_courier_whom_the_plan_leaves_at_home_may_be_sent_out(network, plan):
    idle = Courier(
        courier_id=CourierId("c9"),
        name="",
        model_id=TRIKE.model_id,
        shift_starts=time(8),
        shift_ends=time(18),
    )
    inputs = a_day(crew=CREW | {idle.courier_id: idle})
    told = checked(network, plan, [["o03"]], courier=idle.courier_id, inputs=inputs)
    assert told.figures == told.change
    assert told.figures.cost_fen > 900


def only(network, trips, orders, *, courier=C1, leave_at=None, **day):
    """Checked on a day of these orders, against a plan that has none of them in a route."""
    inputs = a_day(orders, **day)
    nothing = plan_day(replace(inputs, orders=()), network, budget_s=0, seed=0, made_at=AT)
    return checked(network, nothing, trips, courier=courier, inputs=inputs, leave_at=leave_at)


def broken(told):
    return {each.rule: each for each in told.violations}


def test_a_missed_window_is_told_with_its_minutes(network):
    late = an_order(1, windows=(TimeWindow(at(8), at(8, 1)),))
    told = only(network, [["o02", "o01"]], [an_order(2), late])
    assert not told.fits
    found = broken(told)["window"]
    stop = told.trips[0].stops[-1]
    assert found.by == (stop.begin_at - at(8, 1)).total_seconds()
    assert (found.unit, found.courier_id, found.order_ids) == ("s", C1, ("o01",))
    assert "after its time ends (08:01)" in found.detail
    assert stop.slack_s == -found.by


def test_a_missed_truck_is_told_once_for_all_that_miss_it(network):
    orders = [an_order(number, cut_off_at=at(8, 5)) for number in (1, 2, 3)]
    told = only(network, [["o01", "o02", "o03"]], orders)
    (found,) = told.violations
    assert (found.rule, found.order_ids) == ("due", ("o01", "o02", "o03"))
    assert found.by == (told.trips[0].back_at - at(8, 5)).total_seconds()
    assert told.trips[0].slack_s == -found.by


def test_leaving_before_the_shift_and_coming_back_after_it_are_two_misses(network):
    crew = {C1: replace(CREW[C1], shift_ends=time(8, 10), breaks=())}
    told = only(
        network, [["o01", "o13"]], [an_order(1), an_order(13)], crew=crew, leave_at=at(7, 50)
    )
    assert told.trips[0].leave_at == at(7, 50)
    misses = {each.by for each in told.violations if each.rule == "shift"}
    assert misses == {600, (told.trips[0].back_at - at(8, 10)).total_seconds()}


def test_an_overloaded_trip_says_how_much_is_too_much(network):
    heavy = [an_order(number, weight_g=100_000) for number in (1, 2)]
    told = only(network, [["o01", "o02"], ["o03"]], [*heavy, an_order(3)])
    (found,) = told.violations
    assert (found.rule, found.by, found.unit) == ("capacity", 20_000, "g")
    assert found.order_ids == ("o01", "o02")
    assert "200.0 kg, 20.0 kg more" in found.detail


def test_too_many_trips_and_metres_are_counted(network):
    model = replace(TRIKE, trips_max=1, range_m=1000)
    orders = [an_order(13), an_order(14)]
    told = only(network, [["o13"], ["o14"]], orders, model=model)
    found = broken(told)
    assert (found["trips-max"].by, found["trips-max"].unit) == (1, "trips")
    assert (found["range"].by, found["range"].unit) == (told.figures.distance_m - 1000, "m")


def test_a_courier_without_the_skill_is_told_which(network):
    bulky = an_order(1, handling=frozenset({Handling.BULKY}))
    told = only(network, [["o01"]], [bulky], courier=C2)
    (found,) = told.violations
    assert (found.rule, found.order_ids, found.by) == ("skill", ("o01",), None)
    assert "bulky" in found.detail


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"place": Place(118.3, 33.88)}, "place-off-road"),
        ({"place": None}, "household-unknown"),
        ({"address": "桥头", "unclear": True}, "address-unclear"),
        ({"ready_at": at(20), "cut_off_at": at(13)}, "no-common-time"),
    ],
)
def test_an_order_that_nobody_could_pick_up_is_a_violation_and_the_rest_is_driven(
    network, facts, rule
):
    told = only(network, [["o01", "o02"]], [an_order(1, **facts), an_order(2)])
    (found,) = told.violations
    assert (found.rule, found.order_ids) == (rule, ("o01",))
    assert [each.order_ids for each in told.trips[0].stops] == [("o02",)]


def test_a_break_that_finds_no_time_is_told(network):
    rest = BreakRule(time(8, 30), time(8, 31), 1800)
    crew = {C1: replace(CREW[C1], breaks=(rest, rest))}
    told = only(network, [["o01", "o02"]], [an_order(1), an_order(2)], crew=crew)
    (found,) = told.violations
    assert (found.rule, found.by, found.unit) == ("break-window", 29 * 60, "s")
    assert "09:00, 29 min outside its time" in found.detail


def test_who_leaves_when_told_does_as_well_as_can_be_from_then(network, plan):
    route = plan.routes[0]
    leave_at = route.trips[0].leave_at + timedelta(minutes=7)
    told = checked(network, plan, trips_of(route), courier=route.courier_id, leave_at=leave_at)
    assert told.trips[0].leave_at == leave_at
    assert told.fits
    assert told.trips[-1].back_at <= route.trips[-1].back_at + timedelta(minutes=7)


def test_orders_of_one_door_share_a_stop_only_if_they_follow_each_other(network):
    door = an_order(1).place
    orders = [an_order(number, place=door) for number in (1, 2)] + [an_order(13)]
    together = only(network, [["o01", "o02", "o13"]], orders)
    apart = only(network, [["o01", "o13", "o02"]], orders)
    assert [len(each.trips[0].stops) for each in (together, apart)] == [2, 3]
    assert together.figures.cost_fen < apart.figures.cost_fen
    for trip in (*together.trips, *apart.trips):
        for before, after in pairwise(trip.stops):
            assert before.depart_at < after.arrive_at
