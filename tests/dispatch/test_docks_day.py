"""Docks in whole days on real roads: nobody unloads where no dock is free, and nobody's truck is missed for the queue."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.intake import FleetInvalid, read_fleet
from dispatch.orders import Order, OrderId
from dispatch.planning import plan_day
from dispatch.route_check import check_route
from dispatch.running.ahead import Situation
from dispatch.running.commands import MoveOrders
from dispatch.running.contract import breaches
from dispatch.running.inserting import Inserted, Memory, insert
from dispatch.running.moving import move
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.day_judge import wrongs
from tests.dispatch.departure_judge import dock_wrongs, over_at
from tests.dispatch.running.days import World, at_moment, morning
from tests.dispatch.running.days import at as of_day
from tests.dispatch.running.days import order as drawn_order

ZONE = ZoneInfo("Asia/Shanghai")
MADE_AT = datetime(2026, 11, 11, tzinfo=UTC)
WEST, SOUTH, STEP = 118.10, 33.88, 0.005
FLEET = Path(__file__).parents[2] / "examples/files/fleet.toml"
TRIKE = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    capacity_pieces=40,
    trips_max=3,
    cost_per_km_fen=30,
    cost_per_hour_fen=2500,
)


@pytest.fixture(scope="module")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def a_day(orders, couriers=2, model=TRIKE, **depot):
    facts = {"departures": (time(12, 30), time(18, 30)), "slack_s": 0, "unload_per_piece_s": 20}
    crew = [
        Courier(
            courier_id=CourierId(f"c{number}"),
            name="",
            model_id=TRIKE.model_id,
            shift_starts=time(8),
            shift_ends=time(18, 30),
        )
        for number in range(couriers)
    ]
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
        registry=Registry(),
        fleet=Fleet(
            depot=Depot(
                depot_id=DepotId("shaji"),
                name="",
                place=Place(WEST + 0.001, SOUTH),
                **(facts | depot),
            ),
            models={TRIKE.model_id: model},
            couriers={each.courier_id: each for each in crew},
        ),
        orders=tuple(orders),
    )


def an_order(name, north=1.0, **facts):
    place = Place(WEST + 0.4 * STEP, SOUTH + north * STEP)
    return Order(order_id=OrderId(name), place=place, **({"pieces": 30} | facts))


def planned(network, inputs, **more):
    stated = {"budget_s": 60, "iterations": 150, "seed": 1, "made_at": MADE_AT} | more
    return plan_day(inputs, network, **stated)


def trips_of(plan):
    return [trip for route in plan.routes for trip in route.trips]


def test_two_who_come_together_unload_one_after_the_other(network):
    """Both pickups are at noon, thirty pieces take ten minutes each, and nobody could come at another time."""
    noon = (TimeWindow(at(12), at(12)),)
    orders = [an_order("o1", windows=noon), an_order("o2", 1.2, windows=noon)]
    both = planned(network, a_day(orders))
    assert [trip.dock_wait_s for trip in trips_of(both)] == [0, 0]
    inputs = a_day(orders, docks=1)
    one = planned(network, inputs)
    assert wrongs(inputs, one) == []
    first, second = sorted(trips_of(one), key=lambda trip: trip.unloaded_at)
    assert second.docked_at == first.unloaded_at
    assert (first.dock_wait_s, second.dock_wait_s > 0) == (0, True)
    assert second.unloaded_at - second.docked_at == timedelta(minutes=10)
    assert one.figures.duration_s == both.figures.duration_s + second.dock_wait_s


def test_the_queue_decides_which_truck_is_made(network):
    noon = (TimeWindow(at(12), at(12)),)
    orders = [an_order("o1", windows=noon), an_order("o2", 1.2, windows=noon)]
    slack_s = min(trip.truck_slack_s for trip in trips_of(planned(network, a_day(orders))))
    facts = {"docks": 1, "sorting_s": slack_s - 300}  # five minutes to spare, ten of queue
    plan = planned(network, a_day(orders, **facts))
    assert sorted(trip.truck_at for trip in trips_of(plan)) == [at(12, 30), at(18, 30)]
    orders = [replace(each, cut_off_at=at(12, 30)) for each in orders]
    (left,) = planned(network, a_day(orders, **facts)).unserved
    assert left.reason == "docks-busy"
    assert planned(network, a_day(orders, **(facts | {"docks": 2}))).unserved == ()


@pytest.mark.parametrize("seed", range(4))
def test_drawn_days_keep_to_their_docks(network, seed):
    chance = random.Random(seed)
    inputs = morning(seed, couriers=4, slack_s=chance.choice([0, 600]))
    depot = replace(
        inputs.fleet.depot, docks=chance.choice([1, 2]), unload_per_piece_s=chance.choice([20, 40])
    )
    inputs = replace(inputs, fleet=replace(inputs.fleet, depot=depot))
    plan = planned(network, inputs)
    assert wrongs(inputs, plan) == []
    again = planned(network, inputs, start=plan)
    assert [*dock_wrongs(inputs, again)] == []
    assert len(again.unserved) <= len(plan.unserved)


def docked(seed, **depot):
    inputs = morning(seed, couriers=4)
    facts = {"docks": 1, "unload_per_piece_s": 30, **depot}
    return replace(inputs, fleet=replace(inputs.fleet, depot=replace(inputs.fleet.depot, **facts)))


def crowded(inputs, plan, *, since):
    """Moments after `since` at which more unload than there are docks."""
    spans = [(trip.docked_at, over_at(inputs, trip)) for trip in trips_of(plan)]
    return [
        begin_at
        for begin_at, end_at in spans
        if since < begin_at < end_at
        and sum(b <= begin_at < e for b, e in spans) > inputs.fleet.depot.docks
    ]


@pytest.mark.parametrize("seed", range(3))
def test_who_is_on_the_road_comes_back_and_queues(network, seed):
    """At a pace that keeps to the plan nobody's dock moves but by planning."""
    inputs = docked(seed)
    plan = planned(network, inputs, made_at=of_day(7))
    world = World(seed)
    for hour in (9, 11, 14):
        now = of_day(hour, 20)
        rest, facts = at_moment(inputs, world.drive(plan, now))
        again = planned(network, rest, start=plan, facts=facts, made_at=now)
        assert breaches(plan, again, rest, facts, now=now) == ()
        assert crowded(inputs, again, since=now + timedelta(minutes=20)) == []
        plan = again


@pytest.mark.parametrize("seed", range(4))
def test_a_new_order_finds_the_docks_as_they_are(network, seed):
    inputs = docked(seed)
    plan = planned(network, inputs, made_at=of_day(7))
    new = drawn_order(900, random.Random(seed), ready_at=None, windows=())
    rest, facts = at_moment(inputs, [], further=[new])
    situation = Situation(plan=plan, inputs=rest, network=network, facts=facts, now=of_day(7, 30))
    found = insert(situation, new, Memory())
    assert isinstance(found, Inserted)
    assert crowded(rest, found.plan, since=of_day(7)) == []


def test_a_planned_route_checks_as_it_was_planned(network):
    inputs = docked(3)
    plan = planned(network, inputs, made_at=of_day(7))
    waiting = max(plan.routes, key=lambda each: max(trip.dock_wait_s for trip in each.trips))
    trips = [[each for stop in trip.stops for each in stop.order_ids] for trip in waiting.trips]
    found = check_route(
        plan, inputs, network, courier_id=waiting.courier_id, trips=trips,
        leave_at=waiting.trips[0].leave_at, now=of_day(7),
    )  # fmt: skip
    assert found.violations == ()
    assert [trip.dock_wait_s for trip in found.trips] == [t.dock_wait_s for t in waiting.trips]


def test_orders_moved_by_hand_wait_for_docks_too(network):
    inputs = docked(3)
    plan = planned(network, inputs, made_at=of_day(7))
    giver, taker = plan.routes[0], plan.routes[1]
    order_id = giver.trips[-1].stops[-1].order_ids[0]
    rest, facts = at_moment(inputs, [])
    situation = Situation(plan=plan, inputs=rest, network=network, facts=facts, now=of_day(7, 30))
    moved = move(
        situation, [MoveOrders(order_ids=(order_id,), courier_id=taker.courier_id)],
        accept=("lateness", "overtime"),
    )  # fmt: skip
    if moved.plan is None:
        assert moved.violations
    else:
        assert crowded(rest, moved.plan, since=of_day(7)) == []


@pytest.mark.parametrize("docks", [0, -1])
def test_a_depot_without_a_dock_is_refused_by_name(docks):
    stated = FLEET.read_text().replace("docks = 2 ", f"docks = {docks} ")
    with pytest.raises(FleetInvalid) as refused:
        read_fleet(stated.encode(), name="fleet.toml", profiles=None)
    assert [each.where for each in refused.value.problems] == ["depot.docks"]
    assert read_fleet(FLEET.read_bytes(), name="fleet.toml", profiles=None).depot.docks == 2
