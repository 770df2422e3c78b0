"""Expected orders: drawn from the days before, planned with, and in no plan."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from dispatch.days import DayClock, TimeWindow
from dispatch.expecting import PastDay, expected_on, still_to_come
from dispatch.keeping_time import without_expected
from dispatch.orders import Drop, Joining, JointId, OrderId
from dispatch.posing import pose
from dispatch.running.boarding import as_boarded
from dispatch.running.contract import breaches
from dispatch.running.replanning import replan
from routing.matrix import TravelMatrix
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import solution_of
from routing.vrp.problem import Docks, Problem, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.solve import RequiredUnserved, solve
from tests.dispatch.day_judge import wrongs
from tests.dispatch.running.days import (
    DAY,
    SOUTH,
    STEP,
    WEST,
    ZONE,
    World,
    at,
    at_moment,
    expecting,
    morning,
    order,
    past,
    planned,
)

DRIVES_S = [[0, 600, 600, 600], [600, 0, 900, 300], [600, 900, 0, 900], [600, 300, 900, 0]]


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


# What is expected


def test_each_household_is_expected_as_often_as_it_asked_on_average():
    chance = random.Random(1)
    weights = [1 / rank for rank in range(1, 31)]
    pasts = [
        past(
            days,
            [
                order(number, chance, household_id=f"h{household:02d}")
                for number, household in enumerate(chance.choices(range(30), weights, k=90))
            ],
            lambda _: at(chance.randint(7, 16), chance.randint(0, 59)),
        )
        for days in range(1, 6)
    ]
    asked = Counter(each.household_id for day in pasts for each in day.orders)
    expected = expected_on(DayClock(DAY, ZONE), pasts)
    found = Counter(each.order.household_id for each in expected)
    assert len(expected) == 90
    for household, times in asked.items():
        assert times // 5 <= found[household] <= -(-times // 5), household
    assert expected == expected_on(DayClock(DAY, ZONE), pasts)
    assert expected != expected_on(DayClock(DAY + timedelta(days=1), ZONE), pasts)


def test_an_expected_order_comes_at_the_hours_of_its_past_one_and_is_ready_no_sooner():
    chance = random.Random(2)
    stated = order(
        1,
        chance,
        ready_at=at(10),
        windows=(TimeWindow(at(11), at(13)),),
        cut_off_at=None,
    )
    (found,) = expected_on(DayClock(DAY, ZONE), [past(3, [stated], lambda _: at(10, 20))])
    assert (found.told_at, found.order.ready_at) == (at(10, 20), at(10, 20))
    assert found.order.windows == (TimeWindow(at(11), at(13)),)
    assert (found.order.place, found.order.pieces) == (stated.place, stated.pieces)
    assert found.order.order_id != stated.order_id
    assert still_to_come([found], at(10)) == (found.order,)
    assert still_to_come([found], at(10, 20)) == ()


def test_on_a_day_on_which_clocks_change_it_comes_at_the_same_second_of_the_day():
    zone = ZoneInfo("Europe/Berlin")
    chance = random.Random(2)
    clock = DayClock(date(2026, 10, 24), zone)
    stated = order(1, chance, ready_at=None, windows=())
    (found,) = expected_on(
        DayClock(date(2026, 10, 25), zone),
        [PastDay(clock, [stated], {stated.order_id: clock.moment(36_000)})],
    )
    assert DayClock(date(2026, 10, 25), zone).seconds(found.told_at) == 36_000


def test_what_needs_others_or_lies_nobody_knows_where_is_not_expected():
    chance = random.Random(3)
    orders = [
        order(1, chance, joint=Joining(joint_id=JointId("j"))),
        order(2, chance, drop=Drop(place=Place(WEST, SOUTH))),
        order(3, chance, unclear=True, place=None, address="村口"),
        order(4, chance),
    ]
    expected = expected_on(DayClock(DAY, ZONE), [past(1, orders, lambda _: at(10))])
    assert [each.order.pieces for each in expected] == [orders[3].pieces]


def test_without_days_before_nothing_is_expected():
    assert expected_on(DayClock(DAY, ZONE), []) == ()


# Plans


@pytest.mark.parametrize("seed", range(10))
def test_a_plan_holds_known_orders_only_and_serves_as_many(network, seed):
    inputs, expected = expecting(morning(seed), seed)
    alone = planned(inputs, network, now=at(7))
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7))
    assert wrongs(inputs, plan) == []
    shown = msgspec.json.encode(replace(plan, expected=()))
    assert b"\\u0000" not in shown, "an expected order"
    assert len(plan.unserved) <= len(alone.unserved)
    assert 0 < plan.figures.expected <= len(inputs.expected)
    assert alone.figures.expected == 0


def test_who_is_expected_beside_a_known_door_is_waited_for(network):
    inputs = morning(1, orders=0, couriers=1)
    chance = random.Random(1)
    far = Place(WEST + 4.5 * STEP, SOUTH + 4.5 * STEP)
    known = order(1, chance, place=far, ready_at=None, windows=())
    inputs = replace(inputs, orders=(known,))
    assert planned(inputs, network, now=at(7)).routes[0].stops[0].begin_at < at(10)
    beside = order(2, chance, place=far, ready_at=None, windows=())
    expected = expected_on(inputs.clock, [past(1, [beside], lambda _: at(14))])
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    (stop,) = plan.routes[0].stops
    assert stop.order_ids == (known.order_id,)
    assert at(13, 50) <= stop.begin_at <= at(14, 30)
    (promise,) = plan.promises
    assert promise.latest_at > at(14)


@pytest.mark.parametrize("seed", range(6))
def test_known_orders_begin_just_when_they_would_with_the_expected_ones(network, seed):
    """Not later either: until the last moment would be without slack."""
    inputs, expected = expecting(morning(seed), seed)
    posed = pose(replace(inputs, expected=still_to_come(expected, at(7))), network)
    solution = solve(posed.problem, budget_s=20, iterations=300, seed=seed)
    left = without_expected(posed, solution)
    begins_s, after_s = (
        {
            halt.visit: halt.begin_s
            for route in each.routes
            for trip in route.trips
            for halt in trip.visits
        }
        for each in (solution, left)
    )
    assert posed.expected & begins_s.keys()
    assert after_s == {key: each for key, each in begins_s.items() if key not in posed.expected}
    assert check(posed.problem, solution_of(posed.problem, left.routes)) == ()


def at_one_door(chance, pieces):
    """Orders at one far door, of so many pieces each."""
    far = Place(WEST + 4.5 * STEP, SOUTH + 4.5 * STEP)
    facts = {"place": far, "ready_at": None, "windows": ()}
    return [order(number, chance, pieces=each, **facts) for number, each in enumerate(pieces)]


@pytest.mark.parametrize("is_running", [False, True], ids=["morning", "running"])
def test_nobody_known_is_left_out_for_many_expected(network, is_running):
    """Eight are worth twice as much as the one whose room they take."""
    chance = random.Random(4)
    inputs = morning(4, orders=0, couriers=1, capacity_pieces=8)
    models = {key: replace(each, trips_max=1) for key, each in inputs.fleet.models.items()}
    (known,) = at_one_door(chance, [8])
    inputs = replace(inputs, fleet=replace(inputs.fleet, models=models))
    start, facts = None, None
    if is_running:
        start = planned(inputs, network, now=at(7))
        _, facts = at_moment(inputs, [])
    expected = expected_on(inputs.clock, [past(1, at_one_door(chance, [1] * 8), lambda _: at(10))])
    inputs = replace(inputs, orders=(known,), expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7), start=start, facts=facts)
    assert [stop.order_ids for route in plan.routes for stop in route.stops] == [(known.order_id,)]
    assert plan.unserved == ()


def test_who_can_be_picked_up_by_nobody_ever_keeps_no_others_from_being_expected(network):
    chance = random.Random(4)
    inputs = morning(4, orders=10, couriers=1, capacity_pieces=8)
    (heavy,) = at_one_door(chance, [80])
    inputs, expected = expecting(inputs, 4, count=5)
    inputs = replace(
        inputs,
        orders=(*inputs.orders, replace(heavy, order_id=OrderId("heavy"))),
        expected=still_to_come(expected, at(7)),
    )
    plan = planned(inputs, network, now=at(7))
    assert [each.order_id for each in plan.unserved] == ["heavy"]
    assert plan.figures.expected > 0


def test_expected_orders_at_places_that_are_no_more_are_passed_over(network):
    chance = random.Random(5)
    inputs = morning(5, orders=5)
    lost = [
        order(901, chance, place=None, household_id="moved-away"),
        order(902, chance, place=None, point_id="closed-down"),
        order(903, chance, place=Place(WEST + 1, SOUTH + 1)),
    ]
    expected = expected_on(inputs.clock, [past(1, lost, lambda _: at(10))])
    assert len(expected) == 3
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    assert (plan.unserved, plan.figures.expected) == ((), 0)


def test_where_the_dock_leaves_no_way_without_them_it_says_so(network):
    """c0 is back before c1 without its expected stop, and unloads so long that c1's truck is missed."""
    matrix = TravelMatrix(
        durations_s=np.array(DRIVES_S, np.int32),
        distances_m=np.array(DRIVES_S, np.int32),
        provenance=pose(morning(1, orders=1), network).problem.matrices[0].provenance,
    )
    vehicle = Vehicle(shift=Window(0, 9_000), start_place=0, end_place=0)
    visits = (
        Visit(place=1, windows=(Window(1_000, 1_000),), unload_s=300),
        Visit(place=2, windows=(Window(1_200, 1_200),), unload_s=300, due_s=2_100),
        Visit(place=3, unload_s=300, unserved_cost=1_000_000),
    )
    problem = Problem(
        matrices=(matrix,),
        visits=visits,
        vehicles=(vehicle, vehicle),
        docks=(Docks(place=0, vehicles=1),),
    )
    posed = replace(
        pose(morning(1, orders=0), network),
        problem=problem,
        halts=(),
        expected=frozenset({2}),
    )
    routes = Scheduler(problem).schedule_all({0: ((0, 2),), 1: ((1,),)})
    solution = solution_of(problem, routes)
    assert check(problem, solution) == ()
    with pytest.raises(RequiredUnserved):
        without_expected(posed, solution)


@pytest.mark.parametrize("docks", [None, 1])
@pytest.mark.parametrize("seed", range(8))
def test_a_running_day_keeps_the_contract_while_it_expects(network, seed, docks):
    chance = random.Random(seed)
    inputs = morning(seed)
    depot = replace(inputs.fleet.depot, docks=docks)
    inputs = replace(inputs, fleet=replace(inputs.fleet, depot=depot))
    inputs, expected = expecting(inputs, seed)
    world = World(seed, pace=chance.choice([0.9, 1.0, 1.2]))
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    for hour in range(8, 18, 2):
        now = at(hour, 20)
        further = [order(1000 + 10 * hour + each, chance, ready_at=None) for each in range(2)]
        inputs = replace(inputs, orders=(*inputs.orders, *further))
        rest, facts = at_moment(inputs, world.drive(plan, now))
        rest = replace(rest, expected=still_to_come(expected, now))
        again = planned(rest, network, now=now, start=plan, facts=facts, seed=hour)
        before = as_boarded(plan, rest, network, facts)  # what failed at the door is not unloaded
        assert breaches(before, again, rest, facts, now=now) == ()
        assert b"\\u0000" not in msgspec.json.encode(replace(again, expected=()))
        plan = again


@pytest.mark.parametrize("seed", range(4))
def test_what_room_for_expected_orders_is_worth_is_no_saving(network, seed):
    """The same day again: the old plan is compared as if it had room for them, too."""
    inputs, expected = expecting(morning(seed, orders=15), seed, count=8)
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7), iterations=3000)
    _, facts = at_moment(inputs, [])
    again = replan(inputs, network, plan, facts, now=at(7), budget_s=20, seed=1, iterations=300)
    assert again.saved is not None
    prices = len(inputs.expected) * inputs.fleet.depot.unserved_cost_fen * 1000 // 4
    assert abs(again.saved) < prices / 10
