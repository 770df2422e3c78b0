"""Loads follow who scanned, and how much; what no longer fits is planned anew, and nothing is overfull in silence."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.amounts import Counted, amount_of, with_amount
from dispatch.events import AmountChanged, Arrived, Collected
from dispatch.fates import road_facts
from dispatch.fleet import CourierId
from dispatch.order_answers import Verdict
from dispatch.plan import Why
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation
from dispatch.running.answering import answer_orders
from dispatch.running.barring import too_much, without_barred
from dispatch.running.boarding import as_boarded
from dispatch.running.contract import breaches
from dispatch.running.inserting import Memory
from dispatch.running.revising import revise
from dispatch.running.standing import standings
from dispatch.running.watching import whys
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, at_moment, morning

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def in_the_morning(network, seed, **day):
    inputs = morning(seed, **day)
    plan = plan_day(inputs, network, budget_s=20, iterations=150, seed=1, made_at=at(7))
    return inputs, plan


def scan(order_ids, courier_id, when, counted=()):
    """What a phone says of a pickup; each time with an id of its own."""
    return Collected(
        at=when,
        by="t",
        event_id=f"s{'-'.join(order_ids)}-{courier_id}-{when:%H%M%S}",
        courier_id=courier_id,
        order_ids=tuple(order_ids),
        counted=counted,
    )


def said(inputs, order_id, pieces, when):
    """The day in which the order has so many pieces, and the fact of it."""
    orders = []
    for each in inputs.orders:
        if each.order_id == order_id:
            after = with_amount(each, amount_of(each).restated(pieces=pieces))
            told = AmountChanged(
                at=when,
                by="t",
                order_id=order_id,
                before=amount_of(each),
                after=amount_of(after),
            )
            orders.append(after)
        else:
            orders.append(each)
    return replace(inputs, orders=tuple(orders)), told


def revised(inputs, network, plan, facts, now):
    return revise(
        inputs,
        network,
        plan,
        facts,
        why=(Why.AMOUNTS,),
        now=now,
        budget_s=0.4,
        seed=1,
    )


def aboard(plan, inputs, facts):
    """For each trip of each courier: what was scanned by it, and what it is still to pick up; counted by hand."""
    orders = {each.order_id: each for each in inputs.orders}
    for route in plan.routes:
        for trip in route.trips:
            ids = [each for stop in trip.stops for each in stop.order_ids]
            has = sum(
                facts.counted[each].pieces if each in facts.counted else inputs.amounts[each].pieces
                for each in ids
                if facts.carriers.get(each) == route.courier_id
            )
            yield route.courier_id, has, sum(orders[each].pieces for each in ids if each in orders)


def drawn_words(chance, inputs, events, now):
    """Pickups told again by another courier, or with another count, and orders that are more than was said."""
    facts = road_facts(events)
    told = []
    for order_id in sorted(facts.carriers):
        own, end = facts.carriers[order_id], facts.fates[order_id].at
        when = min(end + SECOND, now)
        pieces = max(
            1,
            round(
                next(e.pieces for e in inputs.orders if e.order_id == order_id)
                * chance.choice([0.3, 2, 3])
            ),
        )
        if chance.random() < 0.25:
            other = chance.choice([each for each in inputs.fleet.couriers if each != own])
            told.append(scan([order_id], other, when))
        elif chance.random() < 0.25:
            told.append(scan([order_id], own, when, (Counted(order_id=order_id, pieces=pieces),)))
    for each in [each for each in inputs.orders if each.order_id not in facts.fates]:
        if chance.random() < 0.2:
            inputs, fact = said(inputs, each.order_id, each.pieces * chance.choice([2, 3, 5]), now)
            told.append(fact)
    return inputs, [*events, *told]


@pytest.mark.parametrize("seed", range(12))
def test_a_new_version_carries_what_was_scanned_and_is_never_overfull(network, seed):
    chance = random.Random(seed)
    inputs, plan = in_the_morning(network, seed)
    now = at(chance.randint(9, 14), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.9, 1.0, 1.2])).drive(plan, now)
    inputs, events = drawn_words(chance, inputs, events, now)
    rest, facts = at_moment(inputs, events)
    assert Why.AMOUNTS in whys(plan, events, now=now)
    boarded = as_boarded(plan, rest, network, facts)
    assert as_boarded(boarded, rest, network, facts) == boarded
    before = without_barred(boarded, rest, facts, now=now)
    assert without_barred(before, rest, facts, now=now) == before
    again = revised(rest, network, plan, facts, now)
    assert breaches(before, again, rest, facts, now=now) == ()
    limit = 25
    at_door = {each for own in facts.arrivals.values() for each in own}
    for courier_id, has, comes in aboard(again, rest, facts):
        if has + comes > limit:
            ids = {
                e
                for r in again.routes
                if r.courier_id == courier_id
                for s in r.stops
                for e in s.order_ids
            }
            assert at_door & ids & {each.order_id for each in rest.orders} or comes == 0
    carried = {
        each: route.courier_id
        for route in again.routes
        for s in route.stops
        for each in s.order_ids
    }
    for order_id, courier_id in facts.carriers.items():
        assert carried[order_id] == courier_id
    assert Why.AMOUNTS not in whys(replace(again, made_at=now), events, now=now)


def begun(network, seed=3, **day):
    """A plan, the moment after its busiest courier's second stop, and what was heard until then."""
    inputs, plan = in_the_morning(network, seed, **day)
    route = max(plan.routes, key=lambda each: len(each.trips[0].stops))
    now = route.trips[0].stops[1].depart_at + timedelta(seconds=30)
    return inputs, plan, route, now, World(seed).drive(plan, now)


def test_a_parcel_is_on_the_vehicle_of_whoever_scanned_it(network):
    inputs, plan, route, now, events = begun(network)
    other = next(each for each in plan.routes if each.courier_id != route.courier_id)
    taken = route.trips[0].stops[-1]
    events = [*events, scan(taken.order_ids, other.courier_id, now - SECOND)]
    rest, facts = at_moment(inputs, events)
    boarded = as_boarded(plan, rest, network, facts)
    loads = {}
    for version in (plan, boarded):
        where = standings(version, facts, rest.fleet, now=now)
        loads[id(version)] = {
            key: sum(stop.pieces for stop in each.fixed) for key, each in where.items()
        }
    was, has = loads[id(plan)], loads[id(boarded)]
    assert has[other.courier_id] >= was.get(other.courier_id, 0) + taken.pieces
    own = next(each for each in boarded.routes if each.courier_id == route.courier_id)
    assert not set(taken.order_ids) & {each for stop in own.stops for each in stop.order_ids}
    assert own.trips[0].pieces == route.trips[0].pieces - taken.pieces


def test_who_picks_up_without_having_a_route_has_one_then(network):
    inputs, plan, route, now, events = begun(network)
    spare = replace(next(iter(inputs.fleet.couriers.values())), courier_id=CourierId("spare"))
    fleet = replace(inputs.fleet, couriers={**inputs.fleet.couriers, spare.courier_id: spare})
    inputs = replace(inputs, fleet=fleet)
    taken = route.trips[0].stops[-1]
    rest, facts = at_moment(inputs, [*events, scan(taken.order_ids, "spare", now - SECOND)])
    again = revised(rest, network, plan, facts, now)
    own = next(each for each in again.routes if each.courier_id == "spare")
    assert own.trips[0].stops[0].order_ids == taken.order_ids
    assert own.trips[0].leave_at < now
    assert own.trips[0].home.duration_s > 0


def test_what_nobody_was_to_fetch_takes_room_too(network):
    """An older version had the courier come, or a household asked at the door."""
    inputs, plan, route, now, events = begun(network)
    gone = route.trips[0].stops[-1].order_ids
    dropped = replace(
        plan,
        routes=tuple(
            replace(
                each,
                trips=tuple(
                    replace(trip, stops=tuple(s for s in trip.stops if s.order_ids != gone))
                    for trip in each.trips
                ),
            )
            for each in plan.routes
        ),
    )
    events = [*events, scan(gone, route.courier_id, now - SECOND)]
    assert Why.AMOUNTS in whys(dropped, events, now=now)
    rest, facts = at_moment(inputs, events)
    again = revised(rest, network, dropped, facts, now)
    first = next(each for each in again.routes if each.courier_id == route.courier_id).trips[0]
    (stop,) = (stop for stop in first.stops if stop.order_ids == gone)
    assert stop.pieces == sum(rest.amounts[each].pieces for each in gone)
    assert Why.AMOUNTS not in whys(replace(again, made_at=now), events, now=now)


def test_more_scanned_than_said_takes_the_room_of_what_was_to_come(network):
    inputs, plan, route, now, events = begun(network)
    done = route.trips[0].stops[1]
    ahead = {each for stop in route.trips[0].stops[2:] for each in stop.order_ids}
    count = Counted(order_id=done.order_ids[0], pieces=24)
    word = scan([done.order_ids[0]], route.courier_id, now - SECOND, (count,))
    rest, facts = at_moment(inputs, [*events, word])
    before = as_boarded(plan, rest, network, facts)
    gone = too_much(before, rest, facts, now=now)
    assert gone <= ahead
    assert gone, "two stops' parcels and 24 pieces fill a vehicle of 25"
    again = revised(rest, network, plan, facts, now)
    trip = next(each for each in again.routes if each.courier_id == route.courier_id).trips[0]
    assert trip.pieces == sum(stop.pieces for stop in trip.stops)
    assert not {each for stop in trip.stops for each in stop.order_ids} & gone
    served = {each for r in again.routes for stop in r.stops for each in stop.order_ids}
    assert len(gone & served) > len(gone) / 2, (
        "others, or another trip, come for what still fits the day"
    )
    counted = next(stop for stop in trip.stops if count.order_id in stop.order_ids)
    assert counted.counted == (count,)


def test_fewer_scanned_than_said_leaves_room(network):
    inputs, plan, route, now, events = begun(network)
    done = route.trips[0].stops[1]
    order = next(each for each in inputs.orders if each.order_id == done.order_ids[0])
    inputs = replace(
        inputs, orders=tuple(replace(e, pieces=9) if e is order else e for e in inputs.orders)
    )
    word = scan(
        [order.order_id],
        route.courier_id,
        now - SECOND,
        (Counted(order_id=order.order_id, pieces=2),),
    )
    rest, facts = at_moment(inputs, [*events, word])
    trip = next(
        each
        for each in as_boarded(plan, rest, network, facts).routes
        if each.courier_id == route.courier_id
    ).trips[0]
    stop = next(each for each in trip.stops if order.order_id in each.order_ids)
    others = sum(e.pieces for e in inputs.orders if e.order_id in stop.order_ids) - 9
    assert stop.pieces == others + 2


def asked(inputs, network, plan, events, order_id, now):
    rest, facts = at_moment(inputs, events)
    boarded = as_boarded(plan, rest, network, facts)
    situation = Situation(plan=boarded, inputs=rest, network=network, facts=facts, now=now)
    after, answers = answer_orders(situation, (order_id,), Memory())
    return boarded, after, answers[0], rest, facts


def whose(plan, order_id):
    return next(
        (r.courier_id for r in plan.routes for s in r.stops if order_id in s.order_ids), None
    )


def test_an_order_that_has_become_a_little_more_stays_where_it_is(network):
    inputs, plan, route, now, events = begun(network)
    route, trip = next(
        (route, trip)
        for route in plan.routes
        for trip in route.trips
        if trip.pieces < 25 and trip.stops[-1].begin_at > now + timedelta(hours=1)
    )
    order_id = trip.stops[-1].order_ids[0]
    pieces = next(each.pieces for each in inputs.orders if each.order_id == order_id)
    inputs, fact = said(inputs, order_id, pieces + 1, now)
    before, after, answer, rest, facts = asked(
        inputs, network, plan, [*events, fact], order_id, now
    )
    assert answer.verdict is Verdict.PROMISED
    assert answer.courier_id == route.courier_id
    told = next(each for each in plan.promises if each.order_id == order_id)
    assert (answer.earliest_at, answer.latest_at) == (told.earliest_at, told.latest_at)
    assert after.why == (Why.AMOUNTS,)
    assert breaches(before, after, rest, facts, now=now) == ()
    own = next(each for each in after.routes if each.courier_id == route.courier_id)
    after_trip = next(
        each for each in own.trips if any(order_id in stop.order_ids for stop in each.stops)
    )
    assert after_trip.pieces == trip.pieces + 1


def test_an_order_that_no_longer_fits_is_fitted_in_elsewhere(network):
    inputs, plan, route, now, events = begun(network)
    order_id = route.trips[0].stops[-1].order_ids[0]
    inputs, fact = said(inputs, order_id, 22, now)
    _, after, answer, rest, facts = asked(inputs, network, plan, [*events, fact], order_id, now)
    assert answer.verdict is Verdict.PROMISED
    first = next(each for each in after.routes if each.courier_id == route.courier_id).trips[0]
    assert not any(order_id in stop.order_ids for stop in first.stops)
    assert whose(after, order_id) == answer.courier_id
    assert max(has + comes for _, has, comes in aboard(after, rest, facts)) <= 25


def test_an_order_that_nobody_can_carry_is_refused_and_no_route_keeps_it(network):
    inputs, plan, route, now, events = begun(network)
    order_id = route.trips[0].stops[-1].order_ids[0]
    inputs, fact = said(inputs, order_id, 26, now)
    _, after, answer, _, _ = asked(inputs, network, plan, [*events, fact], order_id, now)
    assert answer.verdict in (Verdict.OPTIONS, Verdict.QUEUED)
    assert answer.verdict is not Verdict.PROMISED
    assert whose(after, order_id) is None
    assert [each.order_id for each in after.unserved][-1] == order_id


def test_an_order_that_becomes_more_while_its_courier_is_on_the_way_is_passed_by(network):
    inputs, plan, route, now, events = begun(network)
    driven_to = route.trips[0].stops[2].order_ids[0]
    inputs, fact = said(inputs, driven_to, 14, now)
    rest, facts = at_moment(inputs, [*events, fact])
    before = as_boarded(plan, rest, network, facts)
    assert too_much(before, rest, facts, now=now) == {driven_to}, "its own parcels, nobody else's"
    again = revised(rest, network, plan, facts, now)
    first = next(each for each in again.routes if each.courier_id == route.courier_id).trips[0]
    assert not any(driven_to in stop.order_ids for stop in first.stops)
    others = {each.order_id for each in again.unserved} - {driven_to}
    assert others <= {each.order_id for each in plan.unserved}


def test_where_the_courier_is_at_the_door_the_scan_says_what_is_taken(network):
    inputs, plan, route, now, events = begun(network)
    stop = route.trips[0].stops[2]
    events = [
        *events,
        Arrived(
            at=now, by="t", event_id="a", courier_id=route.courier_id, order_ids=stop.order_ids
        ),
    ]
    inputs, fact = said(inputs, stop.order_ids[0], 25, now)
    _, after, answer, _, _ = asked(inputs, network, plan, [*events, fact], stop.order_ids[0], now)
    assert (answer.verdict, answer.code) == (Verdict.QUEUED, "at-the-door")
    assert whose(after, stop.order_ids[0]) == route.courier_id


def test_the_contract_sees_a_trip_that_carries_too_much(network):
    inputs, plan, route, now, events = begun(network)
    done = route.trips[0].stops[1]
    count = Counted(order_id=done.order_ids[0], pieces=24)
    word = scan([done.order_ids[0]], route.courier_id, now - SECOND, (count,))
    rest, facts = at_moment(inputs, [*events, word])
    assert "loads" in {each.term for each in breaches(plan, plan, rest, facts, now=now)}
    strange = next(each for each in plan.routes if each.courier_id != route.courier_id)
    many = Counted(order_id=strange.trips[-1].stops[-1].order_ids[0], pieces=24)
    word = scan([many.order_id], route.courier_id, now - SECOND, (many,))
    rest, facts = at_moment(inputs, [*events, word])
    assert "loads" in {each.term for each in breaches(plan, plan, rest, facts, now=now)}
