"""A new order in a running day: in the cheapest place there is, and no promise broken for it."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.days import TimeWindow
from dispatch.fates import road_facts
from dispatch.halts import MILLIFEN
from dispatch.households import CollectionPoint, PointId, Registry
from dispatch.order_answers import Verdict
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation, as_late_as_now, keeping_slack, look_ahead
from dispatch.running.answering import answer_orders
from dispatch.running.contract import breaches
from dispatch.running.inserting import (
    Inserted,
    Memory,
    NotInserted,
    as_it_is,
    doors_of,
    insert,
)
from dispatch.running.standing import standings
from dispatch.shortfalls import RemedyCode
from dispatch.versions import change_between, changed, numbered
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import cost, route_cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from tests.dispatch.running.days import (
    SOUTH,
    STEP,
    WEST,
    World,
    at,
    at_moment,
    cancelled,
    morning,
    order,
)


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


LUNCH = (TimeWindow(at(8), at(11, 50)), TimeWindow(at(13, 30), at(18)))


def a_running_day(
    seed, network, *, orders=40, couriers=3, hours=(8, 16), share=0.05, lunch=0, slack_s=0
):
    """A drawn day at a drawn moment, with one order more, and what draws on."""
    chance = random.Random(seed)
    inputs = morning(seed, orders=orders, couriers=couriers, slack_s=slack_s)
    lunching = (
        replace(each, windows=LUNCH) if chance.random() < lunch else each for each in inputs.orders
    )
    inputs = replace(inputs, orders=tuple(lunching))
    plan = plan_day(inputs, network, budget_s=20, iterations=200, seed=1, made_at=at(7))
    now = at(chance.randint(*hours), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.8, 0.9, 1.0, 1.5])).drive(plan, now)
    events += cancelled(inputs.orders, now, chance, share)
    new = order(500, chance, ready_at=None)
    rest, facts = at_moment(inputs, events, further=(new,))
    return Situation(plan=plan, inputs=rest, network=network, facts=facts, now=now), new


def cheapest_of_all(situation, new):
    """What the order adds at least: where others keep their slack, else where they do not."""
    slack_s = situation.inputs.fleet.depot.slack_s
    best = cheapest_with(situation, new, slack_s)
    return cheapest_with(situation, new, 0) if best is None and slack_s else best


def cheapest_with(situation, new, slack_s):
    """Of all places in all routes, each by the exact schedule and its judge."""
    orders = {each.order_id: each for each in situation.inputs.orders if each != new}
    told = {each.order_id: each for each in situation.plan.promises}
    best = None
    for courier_id in situation.inputs.fleet.couriers:
        ahead = look_ahead(situation, orders, (courier_id,), new, doors_of(situation, new), told)
        if ahead is None:
            continue
        problem, trips = ahead.posed.problem, ahead.trips[courier_id]
        scheduler = Scheduler(problem)
        before = scheduler.schedule(0, trips) if trips else None
        if trips and before is None:
            continue
        slack = problem if before is None else keeping_slack(ahead, (before,), slack_s)
        scheduler = Scheduler(slack)
        spent = 0 if before is None else as_it_is(situation, ahead, courier_id, before)[1]
        assert before is None or spent <= route_cost(problem, before)
        for grown in everywhere(trips, ahead.new, begun=courier_id in ahead.heres):
            route = scheduler.schedule(0, grown)
            if route is None:
                continue
            made = {visit for trip in grown for visit in trip}
            bare = [replace(each, unserved_cost=0) for each in problem.visits]
            free = replace(problem, visits=tuple(bare))
            solution = Solution(
                routes=(route,), unserved=unserved_of(free, made), cost=cost(free, [route])
            )
            if not check(free, solution):
                more = route_cost(problem, route) - spent
                best = more if best is None else min(best, more)
    return best


def everywhere(trips, news, *, begun):
    for new in news:
        for at_trip, trip in enumerate(trips):
            for position in range(1 if begun and at_trip == 0 else 0, len(trip) + 1):
                grown = [*trip[:position], new, *trip[position:]]
                yield [*trips[:at_trip], grown, *trips[at_trip + 1 :]]
        for at_trip in range(1 if begun else 0, len(trips) + 1):
            yield [*trips[:at_trip], [new], *trips[at_trip:]]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("slack_s", [0, 600])
def test_an_order_comes_into_the_cheapest_place_that_there_is(network, seed, slack_s):
    situation, new = a_running_day(seed, network, slack_s=slack_s)
    found = insert(situation, new, Memory())
    least = cheapest_of_all(situation, new)
    if least is None:
        assert isinstance(found, NotInserted)
        return
    assert isinstance(found, Inserted)
    assert found.cost == least
    assert (
        breaches(situation.plan, found.plan, situation.inputs, situation.facts, now=situation.now)
        == ()
    )


@pytest.mark.parametrize("seed", range(8))
def test_of_many_couriers_the_cheapest_is_found_without_asking_all(network, seed):
    day, _ = a_running_day(seed, network, orders=110, couriers=10, hours=(9, 14), lunch=0.3)
    chance = random.Random(seed)
    for number in range(15):
        new = order(700 + number, chance, ready_at=None, windows=())
        situation = replace(day, inputs=replace(day.inputs, orders=(*day.inputs.orders, new)))
        found, least = insert(situation, new, Memory()), cheapest_of_all(situation, new)
        assert (least is None) == isinstance(found, NotInserted)
        if isinstance(found, Inserted):
            assert found.cost == least


@pytest.mark.parametrize("seed", range(12))
def test_where_the_day_is_full_nothing_is_refused_that_would_fit(network, seed):
    situation, new = a_running_day(seed, network, orders=110, hours=(9, 17))
    chance = random.Random(seed)
    new = replace(new, pieces=chance.randint(1, 12))
    others = [each for each in situation.inputs.orders if each.order_id != new.order_id]
    situation = replace(situation, inputs=replace(situation.inputs, orders=(*others, new)))
    found, least = insert(situation, new, Memory()), cheapest_of_all(situation, new)
    assert (least is None) == isinstance(found, NotInserted)
    if isinstance(found, Inserted):
        assert found.cost == least


@pytest.mark.parametrize("seed", range(8))
def test_orders_are_answered_one_after_the_other_on_the_growing_plan(network, seed):
    situation, first = a_running_day(seed, network)
    chance = random.Random(seed)
    more = [order(600 + number, chance, ready_at=None) for number in range(5)]
    inputs = replace(situation.inputs, orders=(*situation.inputs.orders, *more))
    situation = replace(situation, inputs=inputs)
    asked = [first.order_id, *(each.order_id for each in more)]
    plan, answers = answer_orders(situation, asked, Memory())
    assert [each.order_id for each in answers] == asked
    assert breaches(situation.plan, plan, inputs, situation.facts, now=situation.now) == ()
    placed = {each for route in plan.routes for stop in route.stops for each in stop.order_ids}
    promised = {each.order_id for each in answers if each.verdict is Verdict.PROMISED}
    assert promised == placed.intersection(asked)
    assert plan.figures.overlap_percent == situation.plan.figures.overlap_percent is not None
    change = change_between(situation.plan, plan)
    assert bool(promised) == bool(change.plan.routes)
    after = changed(situation.plan, change)
    assert after == numbered(plan, situation.plan.version)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("slack_s", [0, 600])
def test_an_option_taken_is_a_promise(network, seed, slack_s):
    situation, new = a_running_day(seed, network, orders=90, hours=(10, 15), slack_s=slack_s)
    soon = situation.now + timedelta(minutes=1)
    new = replace(new, windows=(TimeWindow(situation.now, soon),))
    others = [each for each in situation.inputs.orders if each.order_id != new.order_id]
    situation = replace(situation, inputs=replace(situation.inputs, orders=(*others, new)))
    _, (answer,) = answer_orders(situation, [new.order_id], Memory())
    assert list(answer.options) == sorted(answer.options, key=lambda each: each.cost_fen)
    for option in answer.options:
        if option.code is RemedyCode.WINDOW_CLOSES_LATER:
            window = TimeWindow(situation.now, option.at)
            willing = replace(new, windows=(window,))
            inputs = replace(situation.inputs, orders=(*others, willing))
            found = insert(replace(situation, inputs=inputs), willing, Memory())
            assert isinstance(found, Inserted)
            assert found.cost <= (option.cost_fen + 1) * MILLIFEN


def test_where_nobody_comes_to_the_door_an_accepted_point_is_used(network):
    situation, new = a_running_day(3, network, hours=(9, 9))
    point = CollectionPoint(
        point_id=PointId("P1"), village="", name="", place=Place(WEST + 2 * STEP, SOUTH + 2 * STEP)
    )
    gone = TimeWindow(situation.now - timedelta(hours=1), situation.now - timedelta(minutes=50))
    near = Place(point.place.lon + 0.001, point.place.lat + 0.0005)
    new = replace(new, windows=(gone,), place=near)

    def with_points(points):
        asked = replace(new, points=points)
        others = [each for each in situation.inputs.orders if each.order_id != new.order_id]
        inputs = replace(
            situation.inputs,
            orders=(*others, asked),
            registry=Registry(points={point.point_id: point}),
        )
        return replace(situation, inputs=inputs), asked

    accepting, asked = with_points((point.point_id,))
    found = insert(accepting, asked, Memory())
    assert isinstance(found, Inserted)
    assert found.stop.point_id == point.point_id
    assert [each.order_id for each in found.stop.brought] == [new.order_id]
    assert found.cost == cheapest_of_all(accepting, asked)
    unwilling, asked = with_points(())
    _, (answer,) = answer_orders(unwilling, [new.order_id], Memory())
    assert answer.verdict is Verdict.OPTIONS
    assert answer.options[0].code is RemedyCode.COLLECTION_POINT
    assert answer.options[0].point_id == point.point_id


def test_an_order_of_a_door_that_is_visited_anyway_joins_its_stop(network):
    situation, new = a_running_day(2, network, hours=(8, 8), share=0)
    now = situation.now
    settled = standings(situation.plan, situation.facts, situation.inputs.fleet, now=now)
    known = {each.order_id: each for each in situation.inputs.orders}
    stop = next(
        stop
        for route in situation.plan.routes
        for trip in route.trips
        for stop in trip.stops
        if stop.order_ids[0] in known
        and trip.pieces < 25
        and all(stop.order_ids[0] not in each.order_ids for each in settled.values())
    )
    new = replace(new, place=stop.place, windows=known[stop.order_ids[0]].windows, pieces=1)
    others = [each for each in situation.inputs.orders if each.order_id != new.order_id]
    situation = replace(situation, inputs=replace(situation.inputs, orders=(*others, new)))
    found = insert(situation, new, Memory())
    assert isinstance(found, Inserted)
    assert set(found.stop.order_ids) == {*stop.order_ids, new.order_id}


def test_a_promise_that_is_kept_to_the_second_is_not_widened_by_another(network):
    """One second more for each version adds up."""
    inputs = morning(1)
    plan = plan_day(inputs, network, budget_s=20, iterations=50, seed=1, made_at=at(7))
    day = Situation(plan=plan, inputs=inputs, network=network, facts=road_facts([]), now=at(7, 10))
    route = plan.routes[0]
    begins_at = {order_id: stop.begin_at for stop in route.stops for order_id in stop.order_ids}
    told = {
        each.order_id: replace(each, latest_at=begins_at[each.order_id])
        for each in plan.promises
        if each.order_id in begins_at
    }
    assert {each.order_id: each for each in as_late_as_now(day, route, told)} == told
    late = {
        key: replace(each, latest_at=each.latest_at - timedelta(minutes=1))
        for key, each in told.items()
    }
    second = timedelta(seconds=1)
    for each in as_late_as_now(day, route, late):
        assert each.latest_at == begins_at[each.order_id] + second
