"""A plan that moves no more promises than it may, or a named answer."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatch.moved import PromisesMoved, moved, moving_at_most
from dispatch.orders import Handling, OrderId
from dispatch.planning import plan_day
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import SOUTH, STEP, WEST, World, at, at_moment, morning, order

MORNING = datetime(2026, 11, 11, tzinfo=UTC)


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def an_order(number, **facts):
    place = Place(WEST + (1 + number % 4) * STEP, SOUTH + (1 + number // 4) * STEP)
    plain = {"windows": (), "ready_at": None, "pieces": 2, "place": place}
    return order(number, random.Random(1), **{**plain, **facts})


def the_day(**facts_of_odd):
    """Sixteen orders on a grid; moving one costs nothing."""
    inputs = morning(0, orders=0, couriers=2)
    fleet = inputs.fleet
    orders = tuple(an_order(n, **(facts_of_odd if n % 2 else {})) for n in range(16))
    depot = replace(fleet.depot, reassign_cost_fen=0)
    return replace(inputs, orders=orders, fleet=replace(fleet, depot=depot))


def planned(inputs, network, start=None, **more):
    told = {"made_at": MORNING, "budget_s": 60, "iterations": 300, "seed": 1} | more
    return plan_day(inputs, network, start=start, **told)


@pytest.fixture(scope="module")
def crossed(network):
    """A plan in which each courier fetches every other order, for reasons that hold no more."""
    inputs = the_day(handling=frozenset({Handling.COLD}))
    couriers = dict(inputs.fleet.couriers)
    couriers["c1"] = replace(couriers["c1"], skills=frozenset({"cold"}))
    inputs = replace(inputs, fleet=replace(inputs.fleet, couriers=couriers))
    even = tuple(
        each if each.handling else replace(each, handling=frozenset({Handling.BULKY}))
        for each in inputs.orders
    )
    couriers["c0"] = replace(couriers["c0"], skills=frozenset({"bulky"}))
    inputs = replace(inputs, orders=even, fleet=replace(inputs.fleet, couriers=couriers))
    plan = planned(inputs, network)
    assert len(plan.promises) == 16
    assert {each.courier_id for each in plan.promises} == {"c0", "c1"}
    return plan


def search_from(inputs, network, **more):
    return lambda held, _share: planned(inputs, network, held, **more)


def test_without_a_limit_many_promises_move(network, crossed):
    inputs = the_day()
    free = planned(inputs, network, crossed)
    assert len(moved(crossed, free, inputs)) > 5
    assert free.figures.cost_fen < crossed.figures.cost_fen


@pytest.mark.parametrize("most", [0, 3, 8])
def test_no_more_promises_move_than_may(network, crossed, most):
    inputs = the_day()
    plan = moving_at_most(most, crossed, inputs, search_from(inputs, network))
    assert plan.unserved == ()
    comes = {o: r.courier_id for r in plan.routes for s in r.stops for o in s.order_ids}
    others = [each for each in crossed.promises if comes[each.order_id] != each.courier_id]
    assert len(others) <= most
    assert plan.hand == crossed.hand, "locked for the search only"
    assert plan.figures.cost_fen <= crossed.figures.cost_fen


def test_a_higher_limit_is_made_use_of(network, crossed):
    inputs = the_day()
    costs = [
        moving_at_most(most, crossed, inputs, search_from(inputs, network)).figures.cost_fen
        for most in (0, 16)
    ]
    assert costs[1] < costs[0]


def test_what_has_to_move_is_named_when_it_is_too_much(network, crossed):
    """A courier who does not come: as many promises move as it had, and no fewer."""
    inputs = the_day()
    left = {"c1": inputs.fleet.couriers["c1"]}
    inputs = replace(inputs, fleet=replace(inputs.fleet, couriers=left))
    had = [each.order_id for each in crossed.promises if each.courier_id == "c0"]
    with pytest.raises(PromisesMoved) as refused:
        moving_at_most(len(had) - 1, crossed, inputs, search_from(inputs, network))
    assert set(had) <= set(refused.value.order_ids)
    assert "at most 7 promises" in str(refused.value)
    plan = moving_at_most(len(had), crossed, inputs, search_from(inputs, network))
    assert set(moved(crossed, plan, inputs)) == set(had)


def test_a_running_day_moves_no_more_than_it_may(network, crossed):
    inputs = the_day()
    open_now, facts = at_moment(inputs, World(1).drive(crossed, at(8, 20)))
    open_now = replace(open_now, orders=(*open_now.orders, an_order(7, order_id=OrderId("new"))))
    search = search_from(open_now, network, made_at=at(8, 20), facts=facts)
    plan = moving_at_most(1, crossed, open_now, search)
    assert len(moved(crossed, plan, open_now)) <= 1
    assert "new" in {o for r in plan.routes for s in r.stops for o in s.order_ids}
