"""Departures with a value, unloading and sorting: whole days on real roads, judged by orders and depot alone."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.departures import departure_doubts
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.halts import MILLIFEN
from dispatch.households import (
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
    Registry,
)
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.route_check import check_route
from dispatch.shortfalls import RemedyCode
from dispatch.starting import start_of
from dispatch.views import plan_without_lines
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import route_cost
from tests.dispatch.day_judge import wrongs

ZONE = ZoneInfo("Asia/Shanghai")
MADE_AT = datetime(2026, 11, 11, tzinfo=UTC)
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
DEPOT = Place(WEST + 0.001, SOUTH)
NEAR, FAR = Place(WEST + 0.4 * STEP, SOUTH), Place(WEST + 4.4 * STEP, SOUTH + 4 * STEP)
THREE = (time(12, 30), time(16), time(18, 30))
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    capacity_pieces=40,
    trips_max=4,
    cost_per_km_fen=30,
    cost_per_hour_fen=2500,
)


@pytest.fixture(scope="module")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def a_courier(name="c1", **facts):
    facts = {"shift_starts": time(8), "shift_ends": time(18, 30)} | facts
    return Courier(courier_id=CourierId(name), name=name, model_id=TRIKE.model_id, **facts)


def an_order(name="o1", place=FAR, **facts):
    return Order(order_id=OrderId(name), place=place, **({"pieces": 2} | facts))


def a_day(orders, *couriers, registry=None, model=TRIKE, **depot):
    depot = {"departures": THREE} | depot
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
        registry=registry or Registry(),
        fleet=Fleet(
            depot=Depot(depot_id=DepotId("shaji"), name="沙集", place=DEPOT, **depot),
            models={TRIKE.model_id: model},
            couriers={each.courier_id: each for each in couriers or (a_courier(),)},
        ),
        orders=tuple(orders),
    )


def planned(network, inputs, budget_s=0.2, **more):
    """The plan, which the judge has passed."""
    plan = plan_day(inputs, network, budget_s=budget_s, seed=1, made_at=MADE_AT, **more)
    if "start" not in more:  # what was promised has a price that the judge does not know
        assert wrongs(inputs, plan) == []
    return plan


def trips_of(plan):
    return [trip for route in plan.routes for trip in route.trips]


def late_of(plan):
    return {each.order_id: each for trip in trips_of(plan) for s in trip.stops for each in s.late}


def test_a_trip_is_over_only_when_all_of_its_pieces_are_unloaded(network):
    (trip,) = trips_of(planned(network, a_day([an_order(pieces=30)], unload_per_piece_s=20)))
    assert trip.over_at - trip.back_at == timedelta(minutes=10)


def test_unloading_and_sorting_make_a_trip_miss_a_truck(network):
    """The pickup is at 12:00, the truck leaves at 12:30."""
    order = an_order(pieces=30, windows=(TimeWindow(at(12), at(12)),))
    (trip,) = trips_of(planned(network, a_day([order])))
    assert trip.truck_at == at(12, 30)
    assert trip.truck_slack_s == (at(12, 30) - trip.back_at).total_seconds() > 0
    (unloaded,) = trips_of(planned(network, a_day([order], unload_per_piece_s=60)))
    (resorted,) = trips_of(planned(network, a_day([order], sorting_s=1800)))
    assert (unloaded.truck_at, resorted.truck_at) == (at(16), at(16))
    assert (unloaded.stops[0].truck_at, unloaded.cut_off_at) == (at(16), at(18, 30))


def test_sorting_makes_the_last_truck_leave_earlier_for_couriers(network):
    order = an_order(windows=(TimeWindow(at(18, 5), at(18, 10)),))
    assert planned(network, a_day([order])).unserved == ()
    (left,) = planned(network, a_day([order], sorting_s=900)).unserved
    assert left.reason == "window-cannot-be-met"


def test_a_missed_cut_off_is_forbidden_unless_it_has_a_price(network):
    order = an_order(cut_off_at=at(12, 30), windows=(TimeWindow(at(12, 29), at(18)),))
    (left,) = planned(network, a_day([order])).unserved
    assert left.reason == "window-cannot-be-met"
    assert RemedyCode.LATER_TRUCK in {each.code for each in left.remedies}
    plan = planned(network, a_day([order], missed_cut_off_cost_fen=300))
    assert late_of(plan)["o1"].cost_fen == 300
    assert [each.late for each in plan.departures] == [0, 1, 0]
    assert plan.figures.late == 1


def test_each_later_departure_costs_once_more(network):
    order = an_order(cut_off_at=at(12, 30), windows=(TimeWindow(at(16, 30), at(18)),))
    plan = planned(network, a_day([order], missed_cut_off_cost_fen=300))
    (late,) = late_of(plan).values()
    assert (late.departures, late.cost_fen, late.cut_off_at) == (2, 600, at(12, 30))
    assert [each.orders for each in plan.departures] == [0, 0, 1]


@pytest.mark.parametrize(("own_fen", "served"), [(None, True), (100, True), (50_000, False)])
def test_the_price_of_the_order_itself_goes_before_that_of_the_depot(network, own_fen, served):
    order = an_order(
        cut_off_at=at(12, 30), late_cost_fen=own_fen, windows=(TimeWindow(at(13), at(15)),)
    )
    plan = planned(network, a_day([order], missed_cut_off_cost_fen=300))
    assert bool(plan.routes) is served
    if served:
        assert late_of(plan)["o1"].cost_fen == (own_fen or 300)


def test_an_order_may_be_late_at_a_depot_that_forbids_it_to_others(network):
    windows = (TimeWindow(at(13), at(15)),)
    orders = [
        an_order("may", late_cost_fen=200, cut_off_at=at(12, 30), windows=windows),
        an_order("may-not", cut_off_at=at(12, 30), windows=windows),
    ]
    plan = planned(network, a_day(orders))
    assert [each.order_id for each in plan.unserved] == ["may-not"]
    assert set(late_of(plan)) == {"may"}


@pytest.mark.parametrize(("price_fen", "late"), [(10, True), (5_000, False)])
def test_a_second_trip_is_driven_for_a_cut_off_only_if_that_is_worth_it(network, price_fen, late):
    """One order is ready after the noon truck: fetching the other before costs a second drive there."""
    orders = [
        an_order("noon", cut_off_at=at(12, 30)),
        an_order("later", ready_at=at(13)),
    ]
    plan = planned(network, a_day(orders, missed_cut_off_cost_fen=price_fen))
    assert (set(late_of(plan)) == {"noon"}) is late
    assert len(trips_of(plan)) == (1 if late else 2)


def test_what_costs_nothing_to_miss_is_one_visit(network):
    order = an_order(cut_off_at=at(12, 30))
    posed = pose(a_day([order], missed_cut_off_cost_fen=0), network)
    assert [each.due_s for each in posed.problem.visits] == [18.5 * 3600]
    plan = planned(network, a_day([order], missed_cut_off_cost_fen=0))
    assert trips_of(plan)[0].cut_off_at in (at(12, 30), at(16), at(18, 30))


def test_a_day_without_earlier_cut_offs_is_posed_as_without_prices(network):
    orders = [an_order("o1"), an_order("o2", NEAR, ready_at=at(9))]
    priced = pose(a_day(orders, missed_cut_off_cost_fen=300), network)
    assert priced.problem == pose(a_day(orders), network).problem


def test_trucks_that_nobody_can_make_or_that_another_is_as_good_as_are_no_choice(network):
    def dues(order, *couriers, departures=THREE):
        day = a_day([order], *couriers, departures=departures, missed_cut_off_cost_fen=300)
        return [each.due_s / 3600 for each in pose(day, network).problem.visits]

    order = an_order(cut_off_at=at(12, 30))
    assert dues(order) == [12.5, 16, 18.5]
    assert dues(order, a_courier(shift_starts=time(13))) == [16, 18.5]
    assert dues(order, a_courier(shift_ends=time(15, 50))) == [12.5, 16]
    assert dues(order, a_courier(), a_courier("c2", shift_ends=time(15, 50))) == [12.5, 16, 18.5]
    assert dues(replace(order, windows=(TimeWindow(at(16, 10), at(17)),))) == [18.5]
    assert dues(order, a_courier(shift_starts=time(18), shift_ends=time(20))) == [18.5]


def test_orders_of_one_door_share_a_halt_only_if_the_same_trucks_serve_both_alike(network):
    def halts(**facts):
        orders = [an_order("o1", cut_off_at=at(12, 30)), an_order("o2", **facts)]
        posed = pose(a_day(orders, missed_cut_off_cost_fen=300), network)
        return sorted({tuple(o.order_id for o in each.orders) for each in posed.halts})

    assert halts(cut_off_at=at(12, 30)) == [("o1", "o2")]
    assert halts(cut_off_at=at(12, 30), late_cost_fen=400) == [("o1",), ("o2",)]
    assert halts(cut_off_at=at(16)) == [("o1",), ("o2",)]
    day = a_day(
        [an_order(name, cut_off_at=at(12, 30)) for name in ("o1", "o2")],
        missed_cut_off_cost_fen=300,
    )
    costs = [each.cost for each in pose(day, network).problem.visits]
    assert costs == [0, 600 * MILLIFEN, 1200 * MILLIFEN]


def test_a_remedy_offers_only_a_truck_that_is_not_allowed_already(network):
    """One later departure costs less than leaving the order out, the second would cost more."""
    order = an_order(cut_off_at=at(12, 30), windows=(TimeWindow(at(15, 55), at(17)),))
    day = a_day([order], missed_cut_off_cost_fen=3_000, unserved_cost_fen=5_000)
    (left,) = planned(network, day).unserved
    trucks = [each.at for each in left.remedies if each.code is RemedyCode.LATER_TRUCK]
    assert trucks == [at(18, 30)]
    order = replace(order, windows=(TimeWindow(at(12, 15), at(17)),))
    (left,) = planned(network, a_day([order], sorting_s=600)).unserved
    trucks = [each.at for each in left.remedies if each.code is RemedyCode.LATER_TRUCK]
    assert trucks == [at(16)]


def test_a_remedy_costs_no_less_than_the_latest_truck_that_is_allowed(network):
    """Of two trucks that it may take and misses alike, the order is told for the later one."""
    order = an_order(cut_off_at=at(12, 20), windows=(TimeWindow(at(12, 15), at(17)),))
    day = a_day(
        [order],
        departures=(time(12, 20), time(12, 25), time(18, 30)),
        missed_cut_off_cost_fen=2_500,
        unserved_cost_fen=5_000,
    )
    (left,) = planned(network, day).unserved
    (truck,) = [each for each in left.remedies if each.code is RemedyCode.LATER_TRUCK]
    assert truck.at == at(18, 30)
    assert 2_500 < truck.cost_fen < 5_000


def test_a_point_that_opens_after_the_cut_off_is_a_place_for_a_later_truck(network):
    point = CollectionPoint(
        point_id=PointId("p"),
        village="",
        name="p",
        place=NEAR,
        hours=(OpeningHours(time(13), time(17)),),
    )
    order = an_order(
        place=NEAR,
        cut_off_at=at(12, 30),
        points=(PointId("p"),),
        windows=(TimeWindow(at(6), at(7)),),
    )
    registry = Registry(points={point.point_id: point})
    (left,) = planned(network, a_day([order], registry=registry)).unserved
    assert left.reason == "window-cannot-be-met"
    plan = planned(network, a_day([order], registry=registry, missed_cut_off_cost_fen=300))
    assert (plan.figures.brought, plan.figures.late) == (1, 1)


def test_an_order_of_several_trucks_is_left_out_once(network):
    orders = [an_order(f"o{n}", cut_off_at=at(12, 30), weight_g=200_000) for n in range(3)]
    model = replace(TRIKE, capacity_weight_g=100_000)
    plan = planned(network, a_day(orders, model=model, missed_cut_off_cost_fen=300))
    assert sorted(each.order_id for each in plan.unserved) == ["o0", "o1", "o2"]
    assert {each.reason for each in plan.unserved} == {"too-heavy-for-every-vehicle"}


def checked(network, plan, inputs, route, trips=None, **more):
    trips = trips or [[id_ for stop in t.stops for id_ in stop.order_ids] for t in route.trips]
    return check_route(
        plan,
        inputs,
        network,
        courier_id=route.courier_id,
        trips=trips,
        **({"leave_at": None, "now": MADE_AT} | more),
    )


def test_a_hand_made_route_takes_the_cheapest_trucks_that_it_makes(network):
    orders = [an_order("noon", cut_off_at=at(12, 30)), an_order("later", ready_at=at(13))]
    inputs = a_day(orders, missed_cut_off_cost_fen=5_000)
    plan = planned(network, inputs)
    (route,) = plan.routes
    as_planned = checked(network, plan, inputs, route)
    assert as_planned.change.cost_fen == 0
    assert [each.truck_at for each in as_planned.trips] == [at(12, 30), at(16)]
    together = checked(network, plan, inputs, route, [["noon", "later"]])
    assert together.fits
    assert [each.order_id for stop in together.trips[0].stops for each in stop.late] == ["noon"]
    assert together.trips[0].truck_at == at(16)
    assert together.figures.cost_fen > 5_000
    left_late = checked(network, plan, inputs, route, [["noon"]], leave_at=at(16, 30))
    assert [each.departures for each in left_late.trips[0].stops[0].late] == [2]


def test_a_hand_made_route_waits_for_no_truck_that_costs_more_than_the_drive_is_worth(network):
    """To make the noon truck one must begin early and wait long: cheap trucks are missed instead."""
    orders = [
        an_order("noon", NEAR, cut_off_at=at(12, 30), windows=(TimeWindow(at(8), at(8, 30)),)),
        an_order("late", FAR, windows=(TimeWindow(at(17), at(17, 30)),)),
    ]
    for price_fen, late in ((100, False), (30_000, False)):
        inputs = a_day(orders, missed_cut_off_cost_fen=price_fen)
        plan = planned(network, inputs)
        route = plan.routes[0]
        told = checked(network, plan, inputs, route, [["noon"], ["late"]])
        assert bool(told.trips[0].stops[0].late) is late


def test_a_route_that_breaks_another_rule_is_told_for_the_trucks_that_it_makes(network):
    orders = [
        an_order("noon", cut_off_at=at(12, 30)),
        an_order("gone", windows=(TimeWindow(at(8), at(8, 1)),)),
    ]
    inputs = a_day(orders, missed_cut_off_cost_fen=5_000)
    plan = planned(network, inputs)
    told = checked(network, plan, inputs, plan.routes[0], [["noon", "gone"]])
    assert [each.rule for each in told.violations] == ["window"]
    assert [each for stop in told.trips[0].stops for each in stop.late] == []
    assert told.figures.cost_fen < 5_000


def test_a_route_that_misses_every_truck_says_by_how_much(network):
    order = an_order(cut_off_at=at(12, 30), windows=(TimeWindow(at(12, 15), at(18)),))
    inputs = a_day([order], sorting_s=600)
    nothing = plan_day(replace(inputs, orders=()), network, budget_s=0, seed=0, made_at=MADE_AT)
    told = check_route(
        nothing,
        inputs,
        network,
        courier_id=CourierId("c1"),
        trips=[["o1"]],
        leave_at=None,
        now=MADE_AT,
    )
    (found,) = told.violations
    assert (
        found.by == (told.trips[0].over_at - at(12, 20)).total_seconds() == -told.trips[0].slack_s
    )
    assert "too late to be sorted for its truck (12:30)" in found.detail
    assert told.trips[0].truck_at == at(16)


def test_orders_that_now_share_a_halt_start_in_one_of_their_routes(network):
    """They were too many for one trike, so two couriers came."""

    def the_day(pieces):
        orders = [an_order(name, cut_off_at=at(12, 30), pieces=pieces) for name in ("o1", "o2")]
        couriers = a_courier("c1"), a_courier("c2")
        model = replace(TRIKE, trips_max=1)
        return a_day(orders, *couriers, model=model, missed_cut_off_cost_fen=300)

    plan = planned(network, the_day(30))
    assert len(plan.routes) == 2
    posed = pose(the_day(2), network)
    start = start_of(posed, plan)
    assert start is not None
    made = [each.visit for r in start.routes for t in r.trips for each in t.visits]
    assert [len(posed.halts[visit].orders) for visit in made] == [2]


def test_departures_that_nobody_can_make_and_prices_that_buy_nothing_are_doubted():
    fleet = a_day([]).fleet
    assert departure_doubts(fleet) == ()
    (told,) = departure_doubts(a_day([], departures=(time(7), *THREE)).fleet)
    assert told.startswith("nothing leaves with the truck at 07:00")
    (told,) = departure_doubts(a_day([], departures=(time(8, 5), *THREE), sorting_s=600).fleet)
    assert "08:05" in told
    (told,) = departure_doubts(a_day([], missed_cut_off_cost_fen=50_000).fleet)
    assert "unserved_cost_yuan" in told
    (told,) = departure_doubts(
        a_day([], missed_cut_off_cost_fen=500, departures=(time(18, 30),)).fleet
    )
    assert "only one" in told


def a_drawn_day(seed):
    """Orders with and without cut-offs, prices, points and windows at a depot with three departures."""
    chance = random.Random(seed)

    def place():
        return Place(WEST + STEP * chance.uniform(0, 5), SOUTH + STEP * chance.randint(0, 5) + 1e-4)

    points = [
        CollectionPoint(
            point_id=PointId(f"p{number}"),
            village="东风",
            name=f"代收点{number}",
            place=place(),
            hours=chance.choice([(), (OpeningHours(time(10), time(17)),)]),
        )
        for number in range(2)
    ]
    ids = [each.point_id for each in points]
    homes = [
        Household(
            household_id=HouseholdId(f"h{number}"),
            village="东风",
            name="王",
            place=place(),
            points=tuple(chance.sample(ids, chance.randint(0, 2))),
        )
        for number in range(15)
    ]
    orders = []
    for number in range(chance.randint(15, 35)):
        cut_off_at = chance.choice([None, at(12, 30), at(12, 30), at(11), at(16), at(18, 30)])
        begins = chance.randint(8, 11) if cut_off_at else chance.randint(8, 16)
        orders.append(
            Order(
                order_id=OrderId(f"o{number:02d}"),
                household_id=chance.choice(homes).household_id,
                pieces=chance.randint(1, 8),
                weight_g=chance.randint(0, 20_000),
                cut_off_at=cut_off_at,
                late_cost_fen=chance.choice([None, None, 0, 150, 60_000]),
                ready_at=chance.choice([None, None, at(9)]),
                windows=(TimeWindow(at(begins), at(begins + 2)),) if chance.random() < 0.3 else (),
                handling=frozenset({Handling.BULKY} if chance.random() < 0.1 else ()),
            )
        )
    couriers = [
        a_courier(
            f"c{number}",
            skills=frozenset({"bulky"}),
            shift_starts=time(chance.choice([8, 9, 12])),
            shift_ends=time(chance.choice([15, 18])),
            breaks=(BreakRule(time(12), time(13), 1800),) if chance.random() < 0.5 else (),
        )
        for number in range(2)
    ]
    return a_day(
        orders,
        *couriers,
        registry=Registry(
            households={each.household_id: each for each in homes},
            points={each.point_id: each for each in points},
        ),
        unload_per_piece_s=chance.choice([0, 5, 30]),
        sorting_s=chance.choice([0, 600, 1800]),
        missed_cut_off_cost_fen=chance.choice([None, 0, 200, 2_000]),
        walk_cost_per_km_fen=chance.choice([50, 300]),
        service_per_stop_s=chance.choice([90, 900]),
    )


@pytest.mark.parametrize("seed", range(24))
def test_drawn_days_keep_every_rule_of_departures(network, seed):
    inputs = a_drawn_day(seed)
    plan = planned(network, inputs)
    assert plan.figures.served > 0
    posed = pose(inputs, network)
    start = start_of(posed, plan_without_lines(plan))
    assert start is not None
    assert check(posed.problem, start) == ()
    routes_fen = sum(route.cost_fen for route in plan.routes)
    started_fen = sum(route_cost(posed.problem, each) for each in start.routes) / MILLIFEN
    assert started_fen <= routes_fen + len(plan.routes)  # each was rounded
    halts = (posed.halts[each.visit] for r in start.routes for t in r.trips for each in t.visits)
    assert sum(len(halt.orders) for halt in halts) == plan.figures.served
    again = planned(network, inputs, budget_s=0, start=plan)
    assert again.figures.served >= plan.figures.served
    if again.figures.served == plan.figures.served:
        assert again.figures.cost_fen <= routes_fen
    for route in plan.routes:
        told = checked(network, plan, inputs, route)
        assert told.fits, told.violations
        assert told.change.cost_fen <= 0


def test_drawn_days_have_orders_that_are_late_and_orders_that_are_not(network):
    """So that the days above prove something."""
    late = wished = walked = 0
    for seed in range(24):
        inputs = a_drawn_day(seed)
        plan = planned(network, inputs, budget_s=0)
        late += plan.figures.late
        walked += plan.figures.brought
        served = {each for t in trips_of(plan) for stop in t.stops for each in stop.order_ids}
        wished += sum(
            order.order_id in served and order.cut_off_at is not None for order in inputs.orders
        )
    assert late > 10
    assert wished > late + 50
    assert walked > 10
