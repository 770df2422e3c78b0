"""A new order in a running day: in the cheapest place there is, and no promise broken for it."""

import random
from dataclasses import replace

import pytest

from dispatch.planning import plan_day
from dispatch.running.ahead import Situation, look_ahead
from dispatch.running.contract import breaches
from dispatch.running.inserting import Inserted, Memory, NotInserted, doors_of, insert
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import cost, route_cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from tests.dispatch.running.days import World, at, at_moment, cancelled, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def a_running_day(seed, network, *, orders=40, hours=(8, 16), share=0.05):
    """A drawn day at a drawn moment, with one order more, and what draws on."""
    chance = random.Random(seed)
    inputs = morning(seed, orders=orders)
    plan = plan_day(inputs, network, budget_s=20, iterations=200, seed=1, made_at=at(7))
    now = at(chance.randint(*hours), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.8, 0.9, 1.0, 1.5])).drive(plan, now)
    events += cancelled(inputs.orders, now, chance, share)
    new = order(500, chance, ready_at=None)
    rest, facts = at_moment(inputs, events, further=(new,))
    return Situation(plan=plan, inputs=rest, network=network, facts=facts, now=now), new


def cheapest_of_all(situation, new):
    """What the order adds at least, of all places in all routes, each by the exact schedule and its judge."""
    orders = {each.order_id: each for each in situation.inputs.orders if each != new}
    best = None
    for courier_id in situation.inputs.fleet.couriers:
        ahead = look_ahead(situation, orders, (courier_id,), new, doors_of(situation, new))
        if ahead is None:
            continue
        problem, trips = ahead.posed.problem, ahead.trips[courier_id]
        scheduler = Scheduler(problem)
        before = scheduler.schedule(0, trips) if trips else None
        if trips and before is None:
            continue
        spent = 0 if before is None else route_cost(problem, before)
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
def test_an_order_comes_into_the_cheapest_place_that_there_is(network, seed):
    situation, new = a_running_day(seed, network)
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
