"""Door or point: whole days on real roads, judged by the orders and the registry alone."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
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
from dispatch.plan import StopKind
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.route_check import check_route
from dispatch.starting import start_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.day_judge import wrongs

ZONE = ZoneInfo("Asia/Shanghai")
DEPOT = Place(118.1000, 33.8800)
CORNER = Place(118.1080, 33.8800)
EAST_END = Place(118.1160, 33.8800)
"""740 m along the road from the corner."""
LANE_END = Place(118.1080, 33.8881)
"""900 m up the lane from the corner."""

P1 = PointId("p1")
POINT = CollectionPoint(
    point_id=P1, village="东风", name="东风代收点", place=Place(118.1080, 33.8799)
)
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    trips_max=2,
    cost_per_km_fen=30,
    cost_per_hour_fen=2500,
)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A road from the depot past a corner with a collection point, and a lane up from there."""
    nodes = (DEPOT, CORNER, LANE_END, EAST_END)
    lines = ((1, 2, 4), (2, 3))
    told = [
        f'<node id="{number}" lat="{each.lat}" lon="{each.lon}" version="1"/>'
        for number, each in enumerate(nodes, start=1)
    ]
    told += [
        f'<way id="{number}" version="1">'
        + "".join(f'<nd ref="{node}"/>' for node in line)
        + '<tag k="highway" v="residential"/></way>'
        for number, line in enumerate(lines, start=1)
    ]
    extract = tmp_path_factory.mktemp("lane") / "lane.osm"
    extract.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(told)}</osm>')
    return RoadNetwork.build(extract, profiles=("trike",))


def up_the_lane(share):
    return Place(CORNER.lon, CORNER.lat + share * (LANE_END.lat - CORNER.lat))


def a_household(name, place, points=(P1,)):
    return Household(
        household_id=HouseholdId(name), village="东风", name="王", place=place, points=points
    )


def a_courier(name, **facts):
    facts = {"shift_starts": time(8), "shift_ends": time(18, 30)} | facts
    return Courier(courier_id=CourierId(name), name=name, model_id=TRIKE.model_id, **facts)


def a_fleet(*couriers, **depot):
    return Fleet(
        depot=Depot(depot_id=DepotId("shaji"), name="沙集", place=DEPOT, **depot),
        models={TRIKE.model_id: TRIKE},
        couriers={each.courier_id: each for each in couriers or (a_courier("c1"),)},
    )


def a_day(orders, homes, points=(POINT,), fleet=None):
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
        registry=Registry(
            households={each.household_id: each for each in homes},
            points={each.point_id: each for each in points},
        ),
        fleet=fleet or a_fleet(),
        orders=tuple(orders),
    )


def an_order(home, **facts):
    facts = {
        "order_id": OrderId(f"o-{home}"),
        "household_id": HouseholdId(home),
        "pieces": 2,
    } | facts
    return Order(**facts)


def planned(network, inputs, budget_s=0.3):
    """The plan, which the judge has passed."""
    plan = plan_day(
        inputs, network, budget_s=budget_s, seed=1, made_at=datetime(2026, 11, 11, tzinfo=UTC)
    )
    assert wrongs(inputs, plan) == []
    return plan


def stops_of(plan):
    return [stop for route in plan.routes for stop in route.stops]


def kinds_of(plan):
    return [stop.kind for stop in stops_of(plan)]


FAR_HOME = a_household("h1", LANE_END)


@pytest.mark.parametrize(
    ("walk_cost_per_km_fen", "kind"), [(50, StopKind.POINT), (1000, StopKind.HOUSEHOLD)]
)
def test_a_household_up_a_lane_brings_its_parcels_only_if_the_walk_is_cheap(
    network, walk_cost_per_km_fen, kind
):
    fleet = a_fleet(walk_cost_per_km_fen=walk_cost_per_km_fen)
    plan = planned(network, a_day([an_order("h1")], [FAR_HOME], fleet=fleet))
    assert kinds_of(plan) == [kind]


def test_a_plan_counts_what_the_walk_is_worth_and_says_who_brings_what(network):
    plans = [
        planned(
            network, a_day([an_order("h1")], [FAR_HOME], fleet=a_fleet(walk_cost_per_km_fen=fen))
        )
        for fen in (0, 100)
    ]
    ((free,), (priced,)) = map(stops_of, plans)
    (brought,) = priced.brought
    assert (brought.order_id, brought.household_id) == ("o-h1", "h1")
    assert brought.walk_m == pytest.approx(1.3 * 911, abs=15)
    assert plans[1].figures.cost_fen - plans[0].figures.cost_fen == pytest.approx(
        brought.walk_m / 10, abs=1
    )
    assert free.household_ids == priced.household_ids == ("h1",)
    assert plans[1].figures.brought == 1


def test_the_door_is_left_where_the_point_is_closed_or_not_wanted(network):
    def kinds(order, **facts):
        cheap = a_fleet(walk_cost_per_km_fen=0)
        return kinds_of(
            planned(network, a_day([order], [FAR_HOME], [replace(POINT, **facts)], cheap))
        )

    assert kinds(an_order("h1")) == [StopKind.POINT]
    assert kinds(an_order("h1"), hours=(OpeningHours(time(5), time(7)),)) == [StopKind.HOUSEHOLD]
    morning = (OpeningHours(time(8), time(10)),)
    assert kinds(an_order("h1", ready_at=at(11)), hours=morning) == [StopKind.HOUSEHOLD]
    assert kinds(an_order("h1", points=())) == [StopKind.HOUSEHOLD]


def test_a_full_point_takes_the_nearest_only(network):
    homes = [
        a_household("h1", LANE_END),
        a_household("h2", EAST_END),
        a_household("h3", up_the_lane(0.95)),
    ]
    orders = [an_order(home.household_id) for home in homes]

    def brought(**facts):
        points = [replace(POINT, **facts)]
        plan = planned(network, a_day(orders, homes, points, a_fleet(walk_cost_per_km_fen=0)))
        assert plan.figures.served == 3
        return {each.order_id for stop in stops_of(plan) for each in stop.brought}

    assert brought() == {"o-h1", "o-h2", "o-h3"}
    assert brought(capacity_pieces=3) == {"o-h2"}


def test_parcels_of_three_households_at_one_point_are_one_stop_with_one_setup(network):
    homes = [a_household(f"h{number}", up_the_lane(number / 4)) for number in (2, 3, 4)]
    orders = [an_order(home.household_id) for home in homes]
    fleet = a_fleet(walk_cost_per_km_fen=10)
    (stop,) = stops_of(planned(network, a_day(orders, homes, fleet=fleet)))
    assert (stop.kind, stop.point_id, stop.pieces) == (StopKind.POINT, P1, 6)
    assert set(stop.order_ids) == {"o-h2", "o-h3", "o-h4"}
    assert stop.begin_at - stop.arrive_at == timedelta(seconds=stop.setup_s)
    assert stop.depart_at - stop.begin_at == timedelta(seconds=6 * 15)
    # From the road to the counter and back.
    assert stop.setup_s == pytest.approx(90 + 2 * 11.1 / 1.2, abs=1)


def test_orders_that_wait_at_the_point_and_those_brought_there_are_one_stop(network):
    orders = [an_order("h1"), an_order("h2", point_id=P1)]
    homes = [FAR_HOME, a_household("h2", up_the_lane(0.5))]
    fleet = a_fleet(walk_cost_per_km_fen=10)
    (stop,) = stops_of(planned(network, a_day(orders, homes, fleet=fleet)))
    assert set(stop.order_ids) == {"o-h1", "o-h2"}
    assert [each.order_id for each in stop.brought] == ["o-h1"]


@pytest.mark.parametrize(
    ("order", "home"),
    [
        (an_order("h1"), a_household("h1", Place(118.1080, 33.8945))),  # 700 m beyond the road
        (an_order("h1", windows=(TimeWindow(at(19), at(20)),)), FAR_HOME),
    ],
)
def test_what_cannot_be_picked_up_at_the_door_is_brought_to_the_point(network, order, home):
    fleet = a_fleet(walk_max_m=3_000)
    assert kinds_of(planned(network, a_day([order], [home], fleet=fleet))) == [StopKind.POINT]
    at_door = replace(home, points=())
    (left,) = planned(network, a_day([order], [at_door], fleet=fleet)).unserved
    assert left.reason in ("place-off-road", "no-common-time")


def test_an_unserved_order_of_several_places_is_listed_once_with_the_reason_that_came_nearest(
    network,
):
    """At its door nobody can be in time; at the point it only costs more than it is worth."""
    order = an_order("h1", windows=(TimeWindow(at(5), at(6)),))
    fleet = a_fleet(unserved_cost_fen=1)
    (left,) = planned(network, a_day([order], [FAR_HOME], fleet=fleet)).unserved
    assert (left.reason, left.place) == ("not-worth-it", POINT.place)
    at_door = replace(FAR_HOME, points=())
    (left,) = planned(network, a_day([order], [at_door], fleet=fleet)).unserved
    assert (left.reason, left.place) == ("window-cannot-be-met", FAR_HOME.place)


def test_a_stranger_pays_for_the_village_of_the_place_that_is_chosen(network):
    """The point lies in a village that the courier knows, the door in one that another knows."""
    homes = [replace(FAR_HOME, village="西风")]
    couriers = (
        a_courier("c1", villages=frozenset({"东风"})),
        a_courier("c2", villages=frozenset({"西风"}), shift_ends=time(8, 1)),
    )
    fleet = a_fleet(*couriers, walk_cost_per_km_fen=500, strange_village_cost_fen=2_000)
    assert kinds_of(planned(network, a_day([an_order("h1")], homes, fleet=fleet))) == [
        StopKind.POINT
    ]


def test_a_break_during_the_setup_comes_after_the_arrival(network):
    """Who must begin by 09:50 after an hour of setup can rest from 09:00 only in the midst of it."""
    rests = (BreakRule(time(9), time(9, 10), 600),)
    fleet = a_fleet(
        a_courier("c1", shift_starts=time(8, 30), breaks=rests), service_per_stop_s=3600
    )
    order = an_order("h1", points=(), windows=(TimeWindow(at(9, 45), at(9, 50)),))
    plan = planned(network, a_day([order], [FAR_HOME], fleet=fleet))
    ((stop,), (rest,)) = stops_of(plan), plan.routes[0].breaks
    drive = timedelta(seconds=stop.leg.duration_s)
    assert stop.arrive_at == plan.routes[0].trips[0].leave_at + drive < rest.starts_at
    assert rest.ends_at < stop.begin_at


def a_day_of_both(network):
    """Three households bring their parcels to the point, where one order waits anyway; a fourth stays at its door."""
    homes = [a_household(f"h{number}", up_the_lane(number / 4)) for number in (2, 3, 4)]
    homes.append(a_household("h5", EAST_END, points=()))
    orders = [an_order(home.household_id) for home in homes]
    orders.append(an_order("h2", order_id=OrderId("o-waits"), point_id=P1))
    inputs = a_day(orders, homes, fleet=a_fleet(walk_cost_per_km_fen=10))
    plan = planned(network, inputs)
    assert (plan.figures.brought, plan.figures.stops) == (3, 2)
    return inputs, plan


def test_a_search_that_starts_with_a_plan_leaves_orders_where_they_are_brought(network):
    inputs, plan = a_day_of_both(network)
    posed = pose(inputs, network)
    start = start_of(posed, plan)
    assert start is not None
    halts = [posed.halts[each.visit] for trip in start.routes[0].trips for each in trip.visits]
    assert {order.order_id for halt in halts if halt.walk_m is not None for order in halt.orders} == {
        "o-h2", "o-h3", "o-h4",
    }  # fmt: skip
    assert round(start.cost / MILLIFEN) == plan.figures.cost_fen


def test_a_check_of_a_route_leaves_orders_where_they_are_brought(network):
    inputs, plan = a_day_of_both(network)
    (route,) = plan.routes
    checked = check_route(
        plan,
        inputs,
        network,
        courier_id=route.courier_id,
        trips=[[each for stop in trip.stops for each in stop.order_ids] for trip in route.trips],
        leave_at=None,
        now=datetime(2026, 11, 11, tzinfo=UTC),
    )
    assert checked.fits
    assert (checked.change.cost_fen, checked.change.duration_s, checked.change.orders) == (0, 0, 0)
    moments = [(each.order_ids, each.arrive_at, each.begin_at) for each in checked.trips[0].stops]
    assert moments == [(each.order_ids, each.arrive_at, each.begin_at) for each in stops_of(plan)]


def a_generated_day(seed):
    """Households and points at random on the grid of streets, with everything that can bind them."""
    chance = random.Random(seed)
    west, south, step = 118.10, 33.88, 0.005

    def place():
        return Place(west + step * chance.uniform(0, 5), south + step * chance.randint(0, 5) + 1e-4)

    points = [
        CollectionPoint(
            point_id=PointId(f"p{number}"),
            village="东风",
            name=f"代收点{number}",
            place=place(),
            hours=chance.choice(
                [
                    (),
                    (OpeningHours(time(8), time(12)), OpeningHours(time(14), time(18))),
                    (OpeningHours(time(10), time(16)),),
                ]
            ),
            capacity_pieces=chance.choice([None, 3, 12]),
            capacity_volume_ml=chance.choice([None, 40_000]),
            takes_bulky=chance.random() < 0.5,
        )
        for number in range(3)
    ]
    ids = [each.point_id for each in points]
    homes = [
        a_household(f"h{number}", place(), tuple(chance.sample(ids, chance.randint(0, 3))))
        for number in range(25)
    ]
    orders = []
    for number in range(chance.randint(20, 40)):
        ready_at = chance.choice([None, at(9), at(11, 30), at(14)])
        handling = chance.choice([(), (), (), (Handling.BULKY,), (Handling.TWO_PERSON,)])
        begins = chance.randint(9, 15)
        orders.append(
            an_order(
                f"h{chance.randint(0, 24)}",
                order_id=OrderId(f"o{number:03d}"),
                pieces=chance.randint(1, 4),
                volume_ml=chance.randint(0, 20_000),
                ready_at=ready_at,
                handling=frozenset(handling),
                windows=(TimeWindow(at(begins), at(begins + 2)),) if chance.random() < 0.3 else (),
                cut_off_at=at(12, 30) if chance.random() < 0.1 else None,
                point_id=chance.choice(ids) if chance.random() < 0.1 else None,
                points=(
                    None
                    if chance.random() < 0.7
                    else tuple(chance.sample(ids, chance.randint(0, 2)))
                ),
            )
        )
    skills = frozenset({"bulky", "two-person"})
    rests = (BreakRule(time(11, 30), time(13), 1800),)
    fleet = a_fleet(
        a_courier("c1", skills=skills, breaks=rests),
        a_courier("c2", skills=skills, shift_ends=time(chance.choice([10, 18]))),
        walk_cost_per_km_fen=chance.choice([0, 50, 300]),
        walk_max_m=2_500,
        # Long setups, so that breaks fall into some of them.
        service_per_stop_s=chance.choice([90, 900]),
    )
    return a_day(orders, homes, points, fleet)


@pytest.mark.parametrize("seed", range(12))
def test_every_order_is_picked_up_once_where_it_may_be_or_left_out_once(grid_network, seed):
    network = RoadNetwork.load(grid_network)
    plan = planned(network, a_generated_day(seed), budget_s=0.2)
    assert plan.figures.served > 0
