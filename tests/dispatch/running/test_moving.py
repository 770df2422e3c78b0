"""Orders moved by hand on a running day: what comes of it is judged by the contract, the orders and the clock."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.fleet import CourierId
from dispatch.hand import NO_HAND, Hand, Hold
from dispatch.holding import TAKEN_OUT, as_agreed
from dispatch.orders import OrderId
from dispatch.plan import Why
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation
from dispatch.running.commands import CommandsRefused, Lock, MoveOrders, Unassign, Unlock
from dispatch.running.contract import Term, breaches
from dispatch.running.moving import LATENESS, OVERTIME, move
from dispatch.running.revising import revise
from dispatch.running.standing import standings
from dispatch.running.watching import whys
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, at_moment, morning

NOW = at(10, 40)
SEED = 1


@pytest.fixture(scope="module")
def situation(grid_network):
    network = RoadNetwork.load(grid_network)
    inputs = morning(SEED, slack_s=0)
    plan = plan_day(inputs, network, budget_s=20, iterations=300, seed=1, made_at=at(7))
    plan = replace(plan, version=1)
    rest, facts = at_moment(inputs, World(SEED).drive(plan, NOW))
    return Situation(plan=plan, inputs=rest, network=network, facts=facts, now=NOW)


def whose(plan):
    return {o: r.courier_id for r in plan.routes for s in r.stops for o in s.order_ids}


def in_order(plan, courier_id, without=()):
    return [
        o
        for r in plan.routes
        if r.courier_id == courier_id
        for s in r.stops
        for o in s.order_ids
        if o not in without
    ]


def free_orders(situation):
    where = standings(situation.plan, situation.facts, situation.inputs.fleet, now=situation.now)
    settled = {o for each in where.values() for o in each.order_ids}
    still = {each.order_id for each in situation.inputs.orders}
    return [o for o in whose(situation.plan) if o in still and o not in settled]


def judged(situation, plan):
    return breaches(situation.plan, plan, situation.inputs, situation.facts, now=situation.now)


EVERYTHING = (LATENESS, OVERTIME)


@pytest.mark.parametrize("seed", range(6))
def test_an_order_that_is_moved_is_with_its_courier_and_all_else_stays(situation, seed):
    chance = random.Random(seed)
    order_id = chance.choice(free_orders(situation))
    old = whose(situation.plan)
    target = chance.choice(
        [each for each in situation.inputs.fleet.couriers if each != old[order_id]]
    )
    found = move(situation, [MoveOrders(order_ids=(order_id,), courier_id=target)])
    if found.plan is None:
        assert found.violations
        return
    plan = found.plan
    assert judged(situation, plan) == ()
    assert whose(plan) == old | {order_id: target}
    for courier_id in situation.inputs.fleet.couriers:
        before = in_order(situation.plan, courier_id, {order_id})
        after = in_order(plan, courier_id, {order_id})
        assert sorted(before) == sorted(after)
        still = {each.order_id for each in situation.inputs.orders}
        assert [o for o in before if o in still] == [o for o in after if o in still]
    assert plan.hand.held[order_id] == Hold(order_id=order_id, courier_id=target)
    assert (plan.based_on, plan.why) == (1, (Why.HAND,))
    assert [each.order_id for each in found.changes if each.moves] == [order_id]
    assert found.change.orders == 0
    assert sum(each.change.cost_fen for each in found.routes) == found.change.cost_fen


def moves_that_fit(situation, **facts):
    """A move that breaks nothing."""
    old = whose(situation.plan)
    for order_id in free_orders(situation):
        for target in situation.inputs.fleet.couriers:
            if target == old[order_id]:
                continue
            found = move(situation, [MoveOrders(order_ids=(order_id,), courier_id=target, **facts)])
            if found.plan is not None:
                return order_id, target, found.plan
    raise AssertionError("no move fits on this day")


def later(situation, plan, minutes=1):
    return replace(
        situation, plan=replace(plan, version=2), now=situation.now + timedelta(minutes=minutes)
    )


def next_version(situation, *why, seed=5):
    return revise(
        situation.inputs,
        situation.network,
        situation.plan,
        situation.facts,
        why=why or (Why.NEW_ORDERS,),
        now=situation.now,
        budget_s=0.5,
        seed=seed,
    )


def shaken(day):
    """The day at other prices: nobody minds who comes, and every metre counts."""
    fleet = day.inputs.fleet
    depot = replace(fleet.depot, reassign_cost_fen=0)
    models = {key: replace(each, cost_per_km_fen=3000) for key, each in fleet.models.items()}
    return replace(
        day, inputs=replace(day.inputs, fleet=replace(fleet, depot=depot, models=models))
    )


def test_what_is_locked_stays_with_its_courier_in_later_versions(situation):
    """To another courier it would go for a yuan; locked it does not, and unlocked it does."""
    order_id, target, plan = moves_that_fit(situation)
    day = shaken(later(situation, plan))
    after = next_version(day)
    assert whose(after)[order_id] == target
    assert after.hand == plan.hand

    def held_by(courier_id):
        """What the contract says if this courier had been locked to it all the time."""
        hand = Hand(holds=(Hold(order_id=order_id, courier_id=courier_id),))
        old, new = (replace(each, hand=hand) for each in (day.plan, after))
        return {each.term for each in breaches(old, new, day.inputs, day.facts, now=day.now)}

    assert held_by(target) == set()
    assert held_by(CourierId("c9")) == set()  # who is not there keeps nothing
    assert held_by(next(each for each in day.inputs.fleet.couriers if each != target)) == {
        Term.HELD
    }
    assert held_by(None) == {Term.HELD}
    (breach,) = breaches(day.plan, replace(after, hand=NO_HAND), day.inputs, day.facts, now=day.now)
    assert breach.term is Term.HELD  # no version forgets what was locked


def test_whom_nobody_shall_fetch_nobody_fetches_until_he_is_unlocked(situation):
    order_id = free_orders(situation)[-1]
    found = move(situation, [Unassign(order_ids=(order_id,))])
    plan = found.plan
    assert plan is not None
    assert judged(situation, plan) == ()
    assert order_id not in whose(plan)
    (left,) = [each for each in plan.unserved if each.order_id == order_id]
    assert left.reason == TAKEN_OUT
    assert found.change.orders == -1
    assert all(each.order_id != order_id for each in plan.promises)
    day = later(situation, plan)
    assert whys(day.plan, (), now=day.now) == () or Why.NEW_ORDERS not in whys(
        day.plan, (), now=day.now
    )
    after = next_version(day)
    assert order_id not in whose(after)
    assert [each.reason for each in after.unserved if each.order_id == order_id] == [TAKEN_OUT]
    # Unlocked it is an order like any other.
    freed = move(later(day, after), [Unlock(order_ids=(order_id,))]).plan
    assert freed.hand == NO_HAND
    day = later(day, freed, 2)
    assert Why.NEW_ORDERS in whys(day.plan, (), now=day.now)
    assert order_id in whose(next_version(day))
    # And it can be assigned.
    target = next(iter(situation.inputs.fleet.couriers))
    assigned = move(
        later(situation, plan),
        [MoveOrders(order_ids=(order_id,), courier_id=target)],
        accept=EVERYTHING,
    ).plan
    if assigned is not None:
        assert whose(assigned)[order_id] == target


def test_orders_are_put_behind_or_before_the_one_that_is_named(situation):
    old = whose(situation.plan)
    free = free_orders(situation)
    for beside in free:
        target = old[beside]
        others = [each for each in free if old[each] != target]
        for side in ("after", "before"):
            command = MoveOrders(order_ids=(others[0],), courier_id=target, **{side: beside})
            found = move(situation, [command], accept=EVERYTHING)
            if found.plan is None:
                continue
            order = in_order(found.plan, target)
            apart = order.index(others[0]) - order.index(beside)
            assert apart > 0 if side == "after" else apart < 0
            stops = [s.order_ids for r in found.plan.routes for s in r.stops]
            (own,) = [each for each in stops if others[0] in each]
            (its,) = [each for each in stops if beside in each]
            assert abs(stops.index(own) - stops.index(its)) <= 1


def test_a_time_that_is_locked_is_kept_by_later_versions(situation):
    order_id = free_orders(situation)[-1]
    plan = move(situation, [Lock(order_ids=(order_id,), at_time=True)]).plan
    (hold,) = plan.hand.holds
    begin_at = next(s.begin_at for r in plan.routes for s in r.stops if order_id in s.order_ids)
    assert hold.earliest_at <= begin_at <= hold.latest_at
    assert hold.latest_at - hold.earliest_at == timedelta(minutes=10)
    day = shaken(later(situation, plan))
    for seed in range(3):
        after = next_version(day, seed=seed)
        stop = next(s for r in after.routes for s in r.stops if order_id in s.order_ids)
        assert stop.begin_at <= hold.latest_at
        assert hold.earliest_at <= stop.depart_at
        assert after.promises  # told is what was told before
        told = {each.order_id: each for each in plan.promises}[order_id]
        assert {each.order_id: each for each in after.promises}[order_id] == told
    moved = replace(
        after,
        routes=tuple(
            replace(
                r,
                trips=tuple(
                    replace(
                        t,
                        stops=tuple(
                            s
                            if order_id not in s.order_ids
                            else replace(
                                s,
                                begin_at=s.begin_at + timedelta(minutes=20),
                                depart_at=s.depart_at + timedelta(minutes=20),
                            )
                            for s in t.stops
                        ),
                    )
                    for t in r.trips
                ),
            )
            for r in after.routes
        ),
    )
    terms = {each.term for each in breaches(day.plan, moved, day.inputs, day.facts, now=day.now)}
    assert Term.HELD in terms


def with_room(situation, **ends):
    """The day with larger vehicles, and with couriers whose shifts end then."""
    fleet = situation.inputs.fleet
    models = {key: replace(each, capacity_pieces=90) for key, each in fleet.models.items()}
    couriers = {
        key: replace(each, shift_ends=ends.get(key, each.shift_ends))
        for key, each in fleet.couriers.items()
    }
    fleet = replace(fleet, models=models, couriers=couriers)
    return replace(situation, inputs=replace(situation.inputs, fleet=fleet))


def refused_for(situation, kind):
    """A move that breaks nothing but what people may accept by this word."""
    old, free = whose(situation.plan), free_orders(situation)
    for order_id in free:
        for target in situation.inputs.fleet.couriers:
            last = [o for o in in_order(situation.plan, target) if o in free][-1:]
            if target == old[order_id] or not last:
                continue
            command = MoveOrders(order_ids=(order_id,), courier_id=target, after=last[0])
            found = move(situation, [command])
            if found.plan is None and {each.acceptable for each in found.violations} == {kind}:
                assert not any(each.accepted for each in found.violations)
                return command, found
    raise AssertionError(f"no move on this day asks for {kind} alone")


def test_lateness_is_refused_unless_it_is_accepted_and_then_kept(situation):
    """An order put behind all others comes after what its household was promised."""
    roomy = with_room(situation)
    command, found = refused_for(roomy, LATENESS)
    assert all(each.broken.by > 0 for each in found.violations)
    assert found.changes  # what it would come to is told all the same
    assert move(roomy, [command], accept=[OVERTIME]).plan is None
    agreed = move(roomy, [command], accept=[LATENESS])
    assert agreed.violations
    assert all(each.accepted for each in agreed.violations)
    assert judged(roomy, agreed.plan) == ()
    late = {each.order_id: each.latest_at for each in agreed.plan.hand.late}
    assert late.keys() == {o for each in found.violations for o in each.broken.order_ids}
    # Nobody has agreed to this but the dispatcher who said so.
    unsaid = replace(agreed.plan, hand=replace(agreed.plan.hand, late=()))
    assert {each.term for each in judged(roomy, unsaid)} & {Term.PROMISED, Term.PICKUP_TIMES}
    day = later(roomy, agreed.plan)
    day = replace(day, inputs=as_agreed(day.inputs, agreed.plan.hand))
    after = next_version(day)
    assert whose(after)[command.order_ids[0]] == command.courier_id
    assert after.hand == agreed.plan.hand


def test_overtime_is_refused_unless_it_is_accepted_and_then_kept(situation):
    first = min(situation.plan.routes, key=lambda each: each.trips[-1].unloaded_at)
    ends = first.trips[-1].unloaded_at + timedelta(minutes=3)
    short = with_room(situation, **{first.courier_id: ends.time()})
    command, _ = refused_for(short, OVERTIME)
    agreed = move(short, [command], accept=[OVERTIME])
    assert judged(short, agreed.plan) != ()  # by the fleet alone
    (overtime,) = agreed.plan.hand.overtime
    assert overtime.courier_id == command.courier_id
    inputs = as_agreed(short.inputs, agreed.plan.hand)
    assert judged(replace(short, inputs=inputs), agreed.plan) == ()
    assert short.inputs.fleet.couriers[command.courier_id].shift_ends == ends.time()
    day = later(replace(short, inputs=inputs), agreed.plan)
    assert whose(next_version(day))[command.order_ids[0]] == command.courier_id


def test_what_cannot_be_carried_is_refused_whatever_is_accepted(situation):
    """All that is free in one vehicle's trip of 25 pieces."""
    target = next(iter(situation.inputs.fleet.couriers))
    free = [each for each in free_orders(situation) if whose(situation.plan)[each] != target]
    beside = next(o for o in free_orders(situation) if whose(situation.plan)[o] == target)
    command = MoveOrders(order_ids=tuple(free), courier_id=target, after=beside)
    found = move(situation, [command], accept=EVERYTHING)
    assert found.plan is None
    assert "capacity" in {each.broken.rule for each in found.violations}
    assert all(
        each.acceptable is None for each in found.violations if each.broken.rule == "capacity"
    )


def test_commands_that_make_no_sense_are_all_refused_by_name(situation):
    free = free_orders(situation)
    done = next(iter(situation.facts.fates))
    still = {each.order_id for each in situation.inputs.orders}
    settled = [o for o in whose(situation.plan) if o in still and o not in free]
    courier = next(iter(situation.inputs.fleet.couriers))
    commands = [
        MoveOrders(order_ids=(OrderId("nobody"),), courier_id=courier),
        MoveOrders(order_ids=(done,), courier_id=courier),
        MoveOrders(order_ids=(free[0],), courier_id=CourierId("c9")),
        Unassign(order_ids=(settled[0],)),
    ]
    with pytest.raises(CommandsRefused) as refused:
        move(situation, commands)
    assert [(each.command, each.code) for each in refused.value.problems] == [
        (0, "order-unknown"),
        (1, "order-closed"),
        (2, "courier-unknown"),
        (3, "order-settled"),
    ]
    with pytest.raises(CommandsRefused) as refused:
        move(situation, [MoveOrders(order_ids=(free[0],), courier_id=courier, after=OrderId("no"))])
    assert refused.value.problems[0].code == "not-there"
    out = move(situation, [Unassign(order_ids=(free[0],))]).plan
    with pytest.raises(CommandsRefused) as refused:
        move(later(situation, out), [Lock(order_ids=(free[0],))])
    assert refused.value.problems[0].code == "not-served"
