"""A part of a plan made better: what is outside stays, and the level is kept to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.expecting import is_expected, still_to_come
from dispatch.plan import ExpectedRoute
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation
from dispatch.running.commands import CommandsRefused, Lock, MoveOrders
from dispatch.running.contract import breaches
from dispatch.running.moving import LATENESS, OVERTIME, move
from dispatch.running.reoptimising import NothingBetter, reoptimise
from dispatch.running.standing import standings
from dispatch.scoping import Level, Scope
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, at_moment, expecting, morning

NOW = at(9)
SEED = 3


def whose(plan):
    return {o: r.courier_id for r in plan.routes for s in r.stops for o in s.order_ids}


def sequences(plan):
    return {r.courier_id: [s.order_ids for s in r.stops] for r in plan.routes}


def begins(plan):
    return {o: s.begin_at for r in plan.routes for s in r.stops for o in s.order_ids}


@pytest.fixture(scope="module")
def spoilt(grid_network):
    """A running day whose plan a dispatcher has spoilt: orders go to and fro."""
    network = RoadNetwork.load(grid_network)
    inputs = morning(SEED, orders=30, couriers=3)
    fleet = inputs.fleet
    models = {k: replace(m, capacity_pieces=90) for k, m in fleet.models.items()}
    couriers = {k: replace(c, breaks=()) for k, c in fleet.couriers.items()}
    depot = replace(fleet.depot, promise_late_s=4 * 3600, promise_early_s=4 * 3600)
    fleet = replace(fleet, models=models, couriers=couriers, depot=depot)
    inputs = replace(
        inputs,
        fleet=fleet,
        orders=tuple(replace(o, windows=(), ready_at=None) for o in inputs.orders),
    )
    plan = plan_day(inputs, network, budget_s=20, iterations=300, seed=1, made_at=at(7))
    rest, facts = at_moment(inputs, World(SEED).drive(plan, NOW))
    day = Situation(
        plan=replace(plan, version=1), inputs=rest, network=network, facts=facts, now=NOW
    )
    still = [o.order_id for o in rest.orders if o.order_id in whose(plan)]
    couriers = list(fleet.couriers)
    for number, order_id in enumerate(still[::2]):
        target = couriers[number % 3]
        command = MoveOrders(order_ids=(order_id,), courier_id=target, lock=False)
        last = [o for o in still if whose(day.plan).get(o) == target and o != order_id]
        if last:
            command = replace(command, after=last[number % len(last)])
        try:
            found = move(day, [command], accept=(LATENESS, OVERTIME))
        except CommandsRefused:  # an order that moves no more is left where it is
            continue
        if found.plan is not None:
            day = replace(day, plan=replace(found.plan, version=1, based_on=0))
    return day


def better(day, scope, seed=1):
    found = reoptimise(day, scope, budget_s=20, iterations=400, seed=seed)
    assert breaches(day.plan, found, day.inputs, day.facts, now=day.now) == ()
    return found


def test_the_whole_of_a_spoilt_plan_becomes_much_cheaper(spoilt):
    found = better(spoilt, Scope(level=Level.ALL))
    assert found.figures.cost_fen < spoilt.plan.figures.cost_fen
    assert whose(found).keys() == whose(spoilt.plan).keys()
    assert found.why == ("reoptimised",)
    assert found.based_on == 1


def test_at_level_sequence_nobody_gets_another_s_order(spoilt):
    found = better(spoilt, Scope(level=Level.SEQUENCE))
    assert whose(found) == whose(spoilt.plan)
    assert found.figures.cost_fen < spoilt.plan.figures.cost_fen
    assert sequences(found) != sequences(spoilt.plan)


def test_at_level_none_times_alone_change(spoilt):
    idle = replace(
        spoilt.plan,
        routes=tuple(
            replace(route, cost_fen=route.cost_fen + 5_000) for route in spoilt.plan.routes
        ),
    )
    idle = replace(idle, figures=replace(idle.figures, cost_fen=idle.figures.cost_fen + 15_000))
    found = better(replace(spoilt, plan=idle), Scope(level=Level.NONE))
    assert sequences(found) == sequences(spoilt.plan)


@pytest.mark.parametrize("level", [Level.SEQUENCE, Level.ALL])
def test_routes_of_couriers_who_are_not_named_stay_as_they_are(spoilt, level):
    named = max(spoilt.plan.routes, key=lambda each: each.distance_m).courier_id
    found = better(spoilt, Scope(level=level, couriers=(named,)))
    for route in spoilt.plan.routes:
        if route.courier_id != named:
            assert route in found.routes
    assert whose(found) == whose(spoilt.plan)


def test_pickups_before_the_moment_keep_their_time(spoilt):
    after_at = sorted(begins(spoilt.plan).values())[len(begins(spoilt.plan)) // 2]
    try:
        found = better(spoilt, Scope(level=Level.ALL, after_at=after_at))
    except NothingBetter:
        pytest.skip("nothing better after that")
    old, new = begins(spoilt.plan), begins(found)
    still = {each.order_id for each in spoilt.inputs.orders}
    for order_id, begin_at in old.items():
        if begin_at < after_at and order_id in still:
            assert whose(found)[order_id] == whose(spoilt.plan)[order_id]
            assert abs(new[order_id] - begin_at) <= timedelta(minutes=15)


def test_what_cannot_be_better_is_said(spoilt):
    found = better(spoilt, Scope(level=Level.ALL))
    done = replace(spoilt, plan=replace(found, version=1))
    with pytest.raises(NothingBetter):
        reoptimise(done, Scope(level=Level.SEQUENCE), budget_s=20, iterations=1, seed=1)


def test_a_time_that_a_dispatcher_has_locked_is_kept(spoilt):
    """Of all orders the one that would be picked up at quite another time, if it were not locked."""
    scope = Scope(level=Level.ALL)
    loose, planned = begins(better(spoilt, scope)), begins(spoilt.plan)
    where = standings(spoilt.plan, spoilt.facts, spoilt.inputs.fleet, now=NOW)
    settled = {order_id for each in where.values() for order_id in each.order_ids}
    still = {each.order_id for each in spoilt.inputs.orders} - settled
    order_id = max(still & loose.keys(), key=lambda each: abs(loose[each] - planned[each]))
    assert abs(loose[order_id] - planned[order_id]) > timedelta(minutes=15)
    locked = move(spoilt, [Lock(order_ids=(order_id,), at_time=True)]).plan
    (hold,) = locked.hand.holds
    found = better(replace(spoilt, plan=replace(locked, version=1)), scope)
    assert whose(found)[order_id] == hold.courier_id == whose(spoilt.plan)[order_id]
    assert hold.earliest_at <= begins(found)[order_id] <= hold.latest_at


@pytest.mark.parametrize("couriers", [(), ("c0", "c1")], ids=["whole", "part"])
def test_only_a_whole_plan_finds_other_time_to_keep(spoilt, couriers):
    _, expected = expecting(spoilt.inputs, SEED, count=6, told_from=12)
    kept = ExpectedRoute(courier_id="c2", trips=((expected[0].order.order_id,),))
    day = replace(
        spoilt,
        plan=replace(
            spoilt.plan,
            expected=(kept,),
            figures=replace(spoilt.plan.figures, expected=1),
        ),
        inputs=replace(spoilt.inputs, expected=still_to_come(expected, NOW)),
    )
    found = better(day, Scope(level=Level.ALL, couriers=couriers))
    told = [each for route in found.expected for trip in route.trips for each in trip]
    assert sum(map(is_expected, told)) == found.figures.expected
    assert (found.expected == (kept,)) == bool(couriers)
