"""Replanning a day that runs: nothing settled is touched, no promise broken that could be kept."""

import random
from dataclasses import replace
from datetime import time, timedelta

import pytest

from dispatch.compactness import overlap_percent
from dispatch.days import TimeWindow
from dispatch.events import CourierBack, CourierOut, OutReason
from dispatch.fleet import BreakRule
from dispatch.planning import plan_day
from dispatch.running.contract import breaches
from dispatch.running.standing import standings
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import (
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


def planned(inputs, network, *, now, start=None, facts=None, seed=1):
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=300,
        seed=seed,
        made_at=now,
        start=start,
        facts=facts,
    )


@pytest.mark.parametrize("seed", range(30))
def test_a_new_version_keeps_the_contract(network, seed):
    chance = random.Random(seed)
    inputs = morning(seed)
    plan = planned(inputs, network, now=at(7))
    now = at(chance.randint(8, 16), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.9, 1.0, 1.5])).drive(plan, now)
    events += cancelled(inputs.orders, now, chance, 0.05)
    further = [order(200 + number, chance, ready_at=None) for number in range(4)]
    rest, facts = at_moment(inputs, events, further=further)
    again = planned(rest, network, now=now, start=plan, facts=facts)
    assert breaches(plan, again, rest, facts, now=now) == ()
    areas = [[stop.place for stop in route.stops] for route in again.routes]
    assert again.figures.overlap_percent == overlap_percent(areas), "of the whole day's stops"


@pytest.mark.parametrize("seed", range(12))
def test_a_day_is_planned_again_and_again(network, seed):
    chance = random.Random(seed)
    inputs = morning(seed)
    plan = planned(inputs, network, now=at(7))
    world = World(seed, pace=chance.choice([0.9, 1.0, 1.2]))
    for hour in range(8, 18):
        now = at(hour, 20)
        further = [order(1000 + 10 * hour + number, chance, ready_at=None) for number in range(2)]
        inputs = replace(inputs, orders=(*inputs.orders, *further))
        rest, facts = at_moment(inputs, world.drive(plan, now))
        again = planned(rest, network, now=now, start=plan, facts=facts, seed=hour)
        assert breaches(plan, again, rest, facts, now=now) == ()
        plan = again


def test_where_there_is_no_limit_what_is_on_board_takes_no_room(network):
    inputs = morning(1, couriers=1, capacity_pieces=None)
    plan = planned(inputs, network, now=at(7))
    route = plan.routes[0]
    now = route.trips[-1].stops[-3].arrive_at
    rest, facts = at_moment(inputs, World(1).drive(plan, now))
    again = planned(rest, network, now=now, start=plan, facts=facts)
    assert len(again.routes[0].trips) <= len(route.trips)
    assert {each.order_id for each in again.unserved} <= {each.order_id for each in plan.unserved}


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6, 7, 10, 11])
def test_couriers_drop_out_and_come_back(network, seed):
    chance = random.Random(seed + 1000)
    inputs = morning(seed, orders=chance.choice([20, 40, 70]), couriers=chance.choice([2, 3, 5]))
    plan = planned(inputs, network, now=at(7))
    world = World(seed, pace=chance.choice([0.9, 1.0, 1.2]))
    now, told = at(8), []
    while now < at(16, 40):
        now += timedelta(minutes=chance.randint(5, 70))
        who = chance.choice(list(inputs.fleet.couriers))
        if chance.random() < 0.1:
            told.append(CourierOut(at=now, by="t", courier_id=who, reason=OutReason.SICK))
        elif chance.random() < 0.1:
            told.append(CourierBack(at=now, by="t", courier_id=who))
        if chance.random() < 0.3:
            told += cancelled(inputs.orders, now, chance, 0.03)
        rest, facts = at_moment(inputs, [*world.drive(plan, now), *told])
        rest = rest.as_known(facts)
        again = planned(rest, network, now=now, start=plan, facts=facts)
        assert breaches(plan, again, rest, facts, now=now) == ()
        plan = again


@pytest.mark.parametrize("seed", range(6))
def test_who_goes_to_a_later_door_first_is_not_turned_round(network, seed):
    inputs = morning(seed)
    plan = planned(inputs, network, now=at(7))
    route = plan.routes[0]
    now = route.stops[3].begin_at
    rest, facts = at_moment(inputs, World(seed).drive(plan, now))
    still = {each.order_id for each in rest.orders}
    ahead = [stop for stop in route.stops if still.issuperset(stop.order_ids)]
    arrivals = dict.fromkeys(ahead[1].order_ids, now)
    facts = replace(facts, arrivals={**facts.arrivals, route.courier_id: arrivals})
    again = planned(rest, network, now=now, start=plan, facts=facts)
    assert breaches(plan, again, rest, facts, now=now) == ()
    (renewed,) = [each for each in again.routes if each.courier_id == route.courier_id]
    order_of = [stop.order_ids for stop in renewed.stops]
    if ahead[0].order_ids in order_of:  # else others do what was passed by
        assert order_of.index(ahead[1].order_ids) < order_of.index(ahead[0].order_ids)


@pytest.mark.parametrize("seed", range(8))
def test_who_stands_at_the_depot_does_not_leave_for_a_door_that_is_still_closed(network, seed):
    inputs = morning(seed, couriers=1, orders=12)
    plan = planned(inputs, network, now=at(7))
    now = plan.routes[0].trips[0].unloaded_at + timedelta(minutes=1)
    opens = now + timedelta(hours=1)
    late = order(400, random.Random(seed), ready_at=opens, windows=())
    world = World(seed)
    rest, facts = at_moment(inputs, world.drive(plan, now))
    rest = replace(rest, orders=(late,))
    again = planned(rest, network, now=now, start=plan, facts=facts)
    (stop,) = [stop for stop in again.routes[0].stops if late.order_id in stop.order_ids]
    trip = next(each for each in again.routes[0].trips if stop in each.stops)
    assert stop.begin_at == opens
    assert trip.leave_at + timedelta(seconds=stop.leg.duration_s + stop.setup_s) == opens


@pytest.mark.parametrize("seed", range(6))
def test_who_has_left_the_fleet_leaves_its_orders_to_others(network, seed):
    inputs = morning(seed)
    plan = planned(inputs, network, now=at(7))
    gone = plan.routes[0].courier_id
    now = plan.routes[0].stops[len(plan.routes[0].stops) // 2].arrive_at + timedelta(minutes=3)
    rest, facts = at_moment(inputs, World(seed).drive(plan, now))
    crew = {key: each for key, each in rest.fleet.couriers.items() if key != gone}
    rest = replace(rest, fleet=replace(rest.fleet, couriers=crew))
    again = planned(rest, network, now=now, start=plan, facts=facts)
    assert breaches(plan, again, rest, facts, now=now) == ()
    still = {each.order_id for each in rest.orders}
    of_gone = [route for route in again.routes if route.courier_id == gone]
    assert of_gone
    assert all(still.isdisjoint(stop.order_ids) for route in of_gone for stop in route.stops)


@pytest.mark.parametrize("seed", range(4))
def test_who_is_having_a_break_at_the_depot_ends_it_as_planned(network, seed):
    """Nobody reports that a break begins: it has begun when the plan says so, not when somebody looks."""
    chance = random.Random(seed)
    inputs = morning(seed, couriers=2)
    courier = inputs.fleet.couriers["c1"]
    courier = replace(courier, breaks=(BreakRule(time(11), time(12), 1800),))
    early = {"windows": (TimeWindow(at(8), at(9)),), "ready_at": None, "cut_off_at": at(12, 30)}
    late = {"windows": (), "ready_at": at(13)}
    inputs = replace(
        inputs,
        fleet=replace(inputs.fleet, couriers={"c1": courier}),
        orders=tuple(
            order(number, chance, **(early if number < 6 else late)) for number in range(12)
        ),
    )
    plan = planned(inputs, network, now=at(7))
    (route,) = plan.routes
    (rest,) = route.breaks
    first, later = route.trips
    # It does not wait out there for what is ready at one, but here.
    there, *others = later.stops
    there = replace(there, arrive_at=rest.ends_at + timedelta(seconds=there.leg.duration_s))
    later = replace(later, leave_at=rest.ends_at, stops=(there, *others))
    assert first.unloaded_at < rest.starts_at < there.arrive_at < there.begin_at
    plan = replace(plan, routes=(replace(route, trips=(first, later)),))
    now = rest.starts_at + timedelta(minutes=12)
    remaining, facts = at_moment(inputs, World(seed).drive(plan, now))
    standing = standings(plan, facts, inputs.fleet, now=now)["c1"]
    assert standing.taken == (rest,)
    assert standing.free_at == rest.ends_at
    again = planned(remaining, network, now=now, start=plan, facts=facts)
    assert again.routes[0].breaks == (rest,)
