"""What couriers know of the order of their stops stays, unless another one is worth it."""

import random
from dataclasses import replace

import pytest

from dispatch.expecting import still_to_come
from dispatch.running.boarding import as_boarded
from dispatch.running.contract import breaches
from dispatch.running.replanning import replan
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import (
    World,
    at,
    at_moment,
    expecting,
    morning,
    order,
    planned,
)


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def a_new_order_comes(network, seed):
    """A morning plan that could be better, and an order more."""
    inputs = morning(seed, couriers=4)
    plan = planned(inputs, network, now=at(7), iterations=5)
    chance = random.Random(seed)
    inputs = replace(inputs, orders=(*inputs.orders, order(900, chance, ready_at=None, windows=())))
    rest, facts = at_moment(inputs, [])
    return plan, rest, facts


def then(network, plan, rest, facts, *, reshuffled_fen, iterations=2000):
    found = replan(
        rest,
        network,
        plan,
        facts,
        now=at(7),
        budget_s=60,
        seed=1,
        iterations=iterations,
        reshuffled_fen=reshuffled_fen,
    )
    assert breaches(plan, found.plan, rest, facts, now=at(7)) == ()
    return found.plan


def moved(before, after):
    """How many orders come behind another one than before, or to another courier; the new one is not counted."""
    old, new = (dict(places(each)) for each in (before, after))
    return sum(old[each] != new[each] for each in old)


def places(plan):
    for route in plan.routes:
        last = None
        for stop in route.stops:
            for order_id in stop.order_ids:
                if order_id != "o900":
                    yield order_id, (route.courier_id, last)
                    last = order_id


@pytest.mark.parametrize("seed", [0, 3, 5, 7])
def test_nothing_is_reshuffled_for_less_than_it_has_to_save(network, seed):
    plan, rest, facts = a_new_order_comes(network, seed)
    free = then(network, plan, rest, facts, reshuffled_fen=0)
    calm = then(network, plan, rest, facts, reshuffled_fen=1_000_000)
    assert free.figures.cost_fen < calm.figures.cost_fen
    assert moved(plan, calm) <= 3 < moved(plan, free), (
        "neighbours may change places at the same cost"
    )
    assert calm.unserved == free.unserved


@pytest.mark.parametrize("seed", [0, 3, 5, 7])
def test_what_is_worth_it_is_reshuffled(network, seed):
    plan, rest, facts = a_new_order_comes(network, seed)
    free = then(network, plan, rest, facts, reshuffled_fen=0)
    assert then(network, plan, rest, facts, reshuffled_fen=1) == free


@pytest.mark.parametrize("seed", [0, 3, 5, 7])
def test_who_would_be_left_out_is_worth_any_reshuffling(network, seed):
    """All couriers but one are gone, and who goes on as it knows finds room for fewer."""
    plan, rest, facts = a_new_order_comes(network, seed)
    couriers = dict(sorted(rest.fleet.couriers.items())[:1])
    rest = replace(rest, fleet=replace(rest.fleet, couriers=couriers))
    free = then(network, plan, rest, facts, reshuffled_fen=0)
    calm = then(network, plan, rest, facts, reshuffled_fen=1_000_000)
    assert len(calm.unserved) <= len(free.unserved)


@pytest.mark.parametrize("docks", [None, 1])
@pytest.mark.parametrize("seed", range(3))
def test_a_running_day_keeps_the_contract_while_little_is_reshuffled(network, seed, docks):
    """Couriers are early or late, orders come, others were expected, and every version follows the one before."""
    chance = random.Random(seed)
    inputs = morning(seed)
    depot = replace(inputs.fleet.depot, docks=docks)
    inputs, expected = expecting(replace(inputs, fleet=replace(inputs.fleet, depot=depot)), seed)
    world = World(seed, pace=chance.choice([0.9, 1.0, 1.3]))
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    for hour in range(8, 18, 2):
        now = at(hour, 20)
        further = [order(1000 + 10 * hour + each, chance, ready_at=None) for each in range(2)]
        inputs = replace(inputs, orders=(*inputs.orders, *further))
        rest, facts = at_moment(inputs, world.drive(plan, now))
        rest = replace(rest, expected=still_to_come(expected, now))
        before = as_boarded(plan, rest, network, facts)
        found = replan(
            rest,
            network,
            before,
            facts,
            now=now,
            budget_s=60,
            seed=hour,
            iterations=300,
            reshuffled_fen=1_000_000,
        )
        assert breaches(before, found.plan, rest, facts, now=now) == ()
        plan = found.plan
