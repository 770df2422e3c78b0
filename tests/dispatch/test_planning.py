from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polyline
import pytest

from dispatch.closures import ClosureId, TimedClosure
from dispatch.compactness import overlap_percent
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.planning import plan_day
from dispatch.posing import DepotOffRoad
from routing.places import Place, great_circle_m
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork

ZONE = ZoneInfo("Asia/Shanghai")
WEST, SOUTH, STEP = 118.10, 33.88, 0.005


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def a_place(column, row):
    """A door some 20 m off the street, between two junctions."""
    return Place(WEST + (column + 0.4) * STEP, SOUTH + row * STEP + 0.0002)


HOUSEHOLDS = {
    HouseholdId(f"h{number}"): Household(
        household_id=HouseholdId(f"h{number}"),
        village="东风",
        name=f"农户{number}",
        place=a_place(number % 5, number // 5),
    )
    for number in range(25)
}
POINT = CollectionPoint(
    point_id=PointId("p1"), village="东风", name="东风代收点", place=a_place(2, 5)
)
MODELS = {
    VehicleModelId("trike"): VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_weight_g=180_000,
        range_m=60_000,
        trips_max=2,
        cost_per_km_fen=30,
        cost_per_hour_fen=2500,
    ),
    VehicleModelId("van"): VehicleModel(
        model_id=VehicleModelId("van"),
        profile="van",
        capacity_weight_g=1_000_000,
        fixed_cost_fen=8000,
        cost_per_km_fen=90,
        cost_per_hour_fen=3000,
    ),
}


def a_courier(name, model, *skills):
    return Courier(
        courier_id=CourierId(name),
        name=name,
        model_id=VehicleModelId(model),
        shift_starts=time(8),
        shift_ends=time(18, 30),
        breaks=(BreakRule(time(11, 30), time(13), 1800),),
        skills=frozenset(skills),
    )


FLEET = Fleet(
    depot=Depot(
        depot_id=DepotId("shaji"),
        name="沙集网点",
        place=Place(WEST + 0.001, SOUTH + 0.0001),
        departures=(time(12, 30), time(18, 30)),
    ),
    models=MODELS,
    couriers={
        each.courier_id: each
        for each in (
            a_courier("c1", "trike"),
            a_courier("c2", "trike"),
            a_courier("c3", "van", "bulky"),
        )
    },
)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def an_order(number, **facts):
    facts = {"household_id": HouseholdId(f"h{number % 25}"), "weight_g": 4000, "pieces": 2} | facts
    return Order(order_id=OrderId(f"o{number:03d}"), **facts)


MIXED = (
    *(an_order(number) for number in range(20)),
    *(an_order(number, ready_at=at(13)) for number in range(20, 30)),
    *(an_order(number, cut_off_at=at(12, 30)) for number in range(30, 35)),
    *(
        an_order(number, handling=frozenset({Handling.BULKY}), weight_g=60_000)
        for number in range(35, 40)
    ),
    *(an_order(number, point_id=POINT.point_id) for number in range(40, 44)),
)


def the_day(orders=MIXED, fleet=FLEET):
    day = DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11))
    registry = Registry(households=HOUSEHOLDS, points={POINT.point_id: POINT})
    return DayInputs(day=day, registry=registry, fleet=fleet, orders=tuple(orders))


def planned(network, inputs, **more):
    more = {"budget_s": 2, "seed": 1} | more
    return plan_day(inputs, network, made_at=datetime(2026, 11, 11, tzinfo=UTC), **more)


@pytest.fixture(scope="module")
def plan(network):
    return planned(network, the_day())


def test_every_order_is_in_one_route_or_unserved(plan):
    seen = [order for route in plan.routes for stop in route.stops for order in stop.order_ids]
    seen += [each.order_id for each in plan.unserved]
    assert sorted(seen) == sorted(order.order_id for order in MIXED)
    assert plan.figures.served == len(MIXED)


def test_a_plan_keeps_out_of_roads_closed_while_couriers_drive_and_of_no_others(network, plan):
    row = Closure(osm_ways=(3,))
    (_, lat), *_ = network.edges(network.affected(row).roads).lon_lat.tolist()

    def passes(plan):
        """Metres along the row, which lies on one latitude."""
        lines = (
            polyline.decode(leg.polyline6, 6)
            for route in plan.routes
            for trip in route.trips
            for leg in (*(stop.leg for stop in trip.stops), trip.home)
        )
        return sum(
            abs(there[1] - here[1])
            for line in lines
            for here, there in pairwise(line)
            if abs(here[0] - lat) < 1e-6 and abs(there[0] - lat) < 1e-6
        )

    def under(from_at, until_at):
        closure = TimedClosure(
            closure_id=ClosureId("x1"),
            closure=row,
            from_at=from_at,
            until_at=until_at,
            reason="",
            network=network.version,
            at=from_at,
            by="t",
        )
        return planned(network, replace(the_day(), closures=(closure,)))

    assert passes(plan) > 0.01
    closed = under(at(6), at(12))
    assert passes(closed) == 0
    assert closed.network != plan.network
    assert closed.figures.served == plan.figures.served
    assert under(at(4), at(5)).network == plan.network


def test_nothing_is_picked_up_before_it_is_ready_or_comes_after_its_truck(plan):
    known = {order.order_id: order for order in MIXED}
    for route in plan.routes:
        for trip in route.trips:
            for stop in trip.stops:
                for order in (known[each] for each in stop.order_ids):
                    assert order.ready_at is None or stop.begin_at >= order.ready_at
                    assert trip.back_at <= (order.cut_off_at or at(18, 30))
                    assert trip.cut_off_at <= (order.cut_off_at or at(18, 30))


def test_bulky_goods_ride_with_a_courier_who_can_carry_them(plan):
    carriers = {
        route.courier_id
        for route in plan.routes
        for stop in route.stops
        if "bulky" in stop.handling
    }
    assert carriers == {CourierId("c3")}


def test_no_trip_is_heavier_than_its_vehicle(plan):
    for route in plan.routes:
        limit_g = MODELS[route.model_id].capacity_weight_g
        assert all(trip.weight_g <= limit_g for trip in route.trips)


def test_legs_lie_on_the_road_and_join(plan):
    for route in plan.routes:
        for trip in route.trips:
            legs = [stop.leg for stop in trip.stops] + [trip.home]
            lines = [polyline.decode(leg.polyline6, 6) for leg in legs]
            for before, after in pairwise(lines):
                assert before[-1] == pytest.approx(after[0], abs=2e-6)
            for leg, line in zip(legs, lines, strict=True):
                places = [Place(lon, lat) for lat, lon in line]
                length_m = sum(great_circle_m(a, b) for a, b in pairwise(places))
                assert leg.distance_m == pytest.approx(length_m, abs=3 + 0.01 * length_m)


def test_times_along_a_route_never_run_backwards(plan):
    for route in plan.routes:
        moment = route.trips[0].leave_at
        for trip in route.trips:
            assert trip.leave_at >= moment
            moment = trip.leave_at
            for stop in trip.stops:
                drive = timedelta(seconds=stop.leg.duration_s)
                assert stop.arrive_at >= moment + drive
                assert stop.arrive_at <= stop.begin_at < stop.depart_at
                moment = stop.depart_at
            assert trip.back_at >= moment + timedelta(seconds=trip.home.duration_s)
            moment = trip.back_at


def test_every_route_rests_as_its_courier_must(plan):
    for route in plan.routes:
        for rest in route.breaks:
            assert rest.ends_at - rest.starts_at == timedelta(minutes=30)
            assert not any(
                stop.begin_at < rest.ends_at and rest.starts_at < stop.depart_at
                for stop in route.stops
            )


def test_the_figures_add_up(plan):
    assert plan.figures.distance_m == sum(route.distance_m for route in plan.routes)
    assert plan.figures.stops == sum(len(route.stops) for route in plan.routes)
    assert plan.figures.cost_fen == sum(route.cost_fen for route in plan.routes)


def test_the_overlap_is_that_of_the_stops_that_each_courier_makes(plan):
    assert len(plan.routes) > 1
    areas = [[stop.place for stop in route.stops] for route in plan.routes]
    assert plan.figures.overlap_percent == overlap_percent(areas)


def test_orders_at_one_point_are_one_stop(plan):
    stops = [stop for route in plan.routes for stop in route.stops if stop.point_id]
    assert len(stops) == 1
    assert len(stops[0].order_ids) == 4
    assert stops[0].title == POINT.name


def test_a_place_far_from_any_road_is_unserved_with_the_distance(network):
    lost = an_order(1, place=Place(118.3, 33.88))
    plan = planned(network, the_day([lost, an_order(2)]))
    (left,) = plan.unserved
    assert (left.order_id, left.reason) == (lost.order_id, "place-off-road")
    assert plan.figures.served == 1


def test_an_order_too_heavy_for_every_vehicle_is_unserved_and_the_rest_is_planned(network):
    heavy = an_order(1, weight_g=2_000_000)
    plan = planned(network, the_day([heavy, an_order(2)]))
    (left,) = plan.unserved
    assert left.order_id == heavy.order_id
    assert left.reason == "too-heavy-for-every-vehicle"
    assert left.detail


def test_a_skill_nobody_has_is_the_reason_given(network):
    cold = an_order(1, handling=frozenset({Handling.COLD}))
    (left,) = planned(network, the_day([cold])).unserved
    assert left.reason == "skill-missing"


def test_a_fleet_without_couriers_leaves_every_order_with_that_reason(network):
    plan = planned(network, the_day(MIXED[:3], replace(FLEET, couriers={})))
    assert [each.reason for each in plan.unserved] == ["no-courier"] * 3
    assert plan.routes == ()


def test_a_day_without_orders_is_an_empty_plan(network):
    plan = planned(network, the_day([]))
    assert (plan.routes, plan.unserved) == ((), ())


def test_a_depot_off_the_road_is_refused_by_name(network):
    far = replace(FLEET, depot=replace(FLEET.depot, place=Place(118.5, 33.88)))
    with pytest.raises(DepotOffRoad, match="check its coordinates") as caught:
        planned(network, the_day(fleet=far))
    assert caught.value.miss.nearest_m > 1000


def test_the_same_seed_and_iterations_give_the_same_plan(network):
    plans = [planned(network, the_day(), iterations=2, budget_s=60) for _ in range(2)]
    assert plans[0] == plans[1]


def villages_of(plan):
    return [(route.courier_id, stop.village) for route in plan.routes for stop in route.stops]


@pytest.mark.parametrize(("price_fen", "strangers"), [(100_000, False), (0, True)])
def test_couriers_keep_to_the_villages_they_know_as_far_as_strangers_cost(
    network, price_fen, strangers
):
    """Households of two villages lie in turns along the roads, and either courier could make all."""
    households = {
        key: replace(each, village="东风" if number % 2 else "西风")
        for number, (key, each) in enumerate(HOUSEHOLDS.items())
    }
    knows = {CourierId("c1"): "东风", CourierId("c2"): "西风"}
    fleet = replace(
        FLEET,
        depot=replace(FLEET.depot, strange_village_cost_fen=price_fen),
        couriers={
            key: replace(FLEET.couriers[key], villages=frozenset({village}))
            for key, village in knows.items()
        },
    )
    inputs = the_day([an_order(number) for number in range(25)], fleet)
    registry = replace(inputs.registry, households=households)
    plan = planned(network, replace(inputs, registry=registry))
    assert plan.figures.served == 25
    strange = [each for each in villages_of(plan) if knows[each[0]] != each[1]]
    assert bool(strange) is strangers


def test_hours_beyond_the_limit_cost_more_and_so_work_is_shared(network):
    """One courier could do it all, and a second one who is sent out costs nothing by himself."""
    orders = [an_order(number) for number in range(25)]

    def hours(**depot):
        couriers = {key: FLEET.couriers[key] for key in (CourierId("c1"), CourierId("c2"))}
        fleet = replace(FLEET, depot=replace(FLEET.depot, **depot), couriers=couriers)
        plan = planned(network, the_day(orders, fleet))
        assert plan.figures.served == 25
        worked_s = sorted(route.duration_s for route in plan.routes)
        return worked_s if len(worked_s) == 2 else [0, *worked_s]

    least_s, most_s = hours()
    limit_s = (least_s + most_s) // 2
    least_evenly_s, most_evenly_s = hours(
        overtime_after_s=limit_s, overtime_cost_per_hour_fen=50_000
    )
    assert most_evenly_s - least_evenly_s < (most_s - least_s) / 2


def test_who_is_ahead_of_the_others_from_past_days_works_less(network):
    """Two couriers alike; whoever has worked longer on past days has overtime earlier today."""
    orders = [an_order(number) for number in range(25)]

    def hours(ahead):
        depot = replace(FLEET.depot, overtime_after_s=4_000, overtime_cost_per_hour_fen=50_000)
        couriers = {
            CourierId(name): replace(FLEET.couriers[CourierId("c1")], courier_id=name, ahead_s=each)
            for name, each in ahead.items()
        }
        plan = planned(network, the_day(orders, replace(FLEET, depot=depot, couriers=couriers)))
        assert plan.figures.served == 25
        return {route.courier_id: route.duration_s for route in plan.routes}

    before, after = hours({"c1": 1_800, "c2": 0}), hours({"c1": 0, "c2": 1_800})
    assert before["c1"] < before["c2"] - 900
    assert after["c2"] < after["c1"] - 900


def test_overtime_begins_no_sooner_than_the_shift(network):
    depot = replace(FLEET.depot, overtime_after_s=3_600)
    fleet = replace(FLEET, depot=depot)
    (courier, *_) = FLEET.couriers.values()
    told = [
        fleet.overtime_after_s(replace(courier, ahead_s=each)) for each in (0, 600, -600, 9_000)
    ]
    assert told == [3_600, 3_000, 4_200, 0]
    assert FLEET.overtime_after_s(replace(courier, ahead_s=600)) is None


def test_what_a_stranger_costs_stands_in_the_plan(network):
    fleet = replace(
        FLEET,
        couriers={
            CourierId("c1"): FLEET.couriers[CourierId("c1")],
            # Knows the village, but has no time.
            CourierId("c2"): replace(
                FLEET.couriers[CourierId("c2")],
                villages=frozenset({"东风"}),
                shift_ends=time(8, 1),
                breaks=(),
            ),
        },
    )
    orders = [an_order(number) for number in range(4)]
    alone = {CourierId("c1"): FLEET.couriers[CourierId("c1")]}
    plain = planned(network, the_day(orders, replace(fleet, couriers=alone)))
    strange = planned(network, the_day(orders, fleet))
    stops = strange.figures.stops
    assert strange.figures.cost_fen - plain.figures.cost_fen == stops * 300
