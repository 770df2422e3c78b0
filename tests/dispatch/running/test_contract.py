"""The contract sees every way in which a new version may do wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.planning import plan_day
from dispatch.progress import route_progress
from dispatch.running.contract import Term, breaches
from dispatch.running.standing import standings
from dispatch.shortfalls import Unserved
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, at_moment, morning

NOW = at(10, 40)
SEED = 1


@pytest.fixture(scope="module")
def running(grid_network):
    """A plan, its good successor, and the day at that moment."""
    network = RoadNetwork.load(grid_network)
    inputs = morning(SEED)
    plan = plan_day(inputs, network, budget_s=20, iterations=300, seed=1, made_at=at(7))
    rest, facts = at_moment(inputs, World(SEED).drive(plan, NOW))
    after = plan_day(
        rest, network, budget_s=20, iterations=300, seed=2, made_at=NOW, start=plan, facts=facts
    )
    assert breaches(plan, after, rest, facts, now=NOW) == ()
    return plan, after, rest, facts


def terms(running, *, after=None, rest=None):
    plan, good, inputs, facts = running
    broken = breaches(plan, after or good, rest or inputs, facts, now=NOW)
    return {each.term for each in broken}


def free_stops(running):
    """Stops of the new version that may still change, each with its route."""
    plan, after, rest, facts = running
    settled = {
        order_id
        for each in standings(plan, facts, rest.fleet, now=NOW).values()
        for order_id in each.order_ids
    }
    return [
        (route, stop)
        for route in after.routes
        for stop in route.stops
        if settled.isdisjoint(stop.order_ids)
    ]


def with_stops(plan, change):
    """`plan` with `change` applied to the list of stops of each trip, and no stop numbered anew."""
    routes = []
    for route in plan.routes:
        trips = [
            replace(trip, stops=tuple(change(route, list(trip.stops)))) for trip in route.trips
        ]
        routes.append(replace(route, trips=tuple(trip for trip in trips if trip.stops)))
    return replace(plan, routes=tuple(routes))


def moved(stop, by):
    return replace(
        stop,
        arrive_at=stop.arrive_at + by,
        begin_at=stop.begin_at + by,
        depart_at=stop.depart_at + by,
    )


def test_an_order_that_stands_nowhere_or_twice(running):
    _, stop = free_stops(running)[-1]
    without = with_stops(running[1], lambda _, stops: [s for s in stops if s != stop])
    assert Term.ACCOUNTED in terms(running, after=without)
    twice = with_stops(
        running[1], lambda _, stops: [t for s in stops for t in [s] * (1 + (s == stop))]
    )
    assert Term.ACCOUNTED in terms(running, after=twice)


def test_an_order_left_out_that_could_be_picked_up(running):
    _, stop = free_stops(running)[-1]
    without = with_stops(running[1], lambda _, stops: [s for s in stops if s != stop])
    left = tuple(Unserved(order_id=each, reason="", detail="") for each in stop.order_ids)
    without = replace(without, unserved=(*without.unserved, *left))
    assert terms(running, after=without) == {Term.SERVED}


def test_a_stop_that_is_over_and_goes_to_another_courier(running):
    first, second = running[1].routes[:2]
    over = first.stops[0]

    def change(route, stops):
        if route.courier_id == first.courier_id:
            return [s for s in stops if s != over]
        if route.courier_id == second.courier_id and stops[0] == second.stops[0]:
            return [over, *stops]
        return stops

    assert Term.SETTLED in terms(running, after=with_stops(running[1], change))


def test_a_courier_who_is_turned_round_on_the_way(running):
    _, after, rest, _ = running
    still = {each.order_id for each in rest.orders}
    free = {stop.order_ids for _, stop in free_stops(running)}
    locked = [
        stop
        for route in after.routes
        for stop in route.stops
        if still.issuperset(stop.order_ids) and stop.order_ids not in free
    ]

    def change(_, stops):
        for number, stop in enumerate(stops[:-1]):
            if stop == locked[0]:
                stops[number], stops[number + 1] = stops[number + 1], stops[number]
                break
        return stops

    assert Term.SETTLED in terms(running, after=with_stops(after, change))


@pytest.mark.parametrize("by", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_promise_that_could_be_kept(running, by):
    told = {each.order_id for each in running[0].promises}
    _, late = next(each for each in free_stops(running)[::-1] if told & set(each[1].order_ids))
    after = with_stops(
        running[1], lambda _, stops: [moved(s, by) if s == late else s for s in stops]
    )
    assert Term.PROMISED in terms(running, after=after)


def test_a_drive_that_is_too_fast_and_a_pickup_in_the_past(running):
    _, stop = free_stops(running)[0]
    fast = replace(stop, arrive_at=stop.arrive_at - timedelta(seconds=1))
    after = with_stops(running[1], lambda _, stops: [fast if s == stop else s for s in stops])
    assert Term.MOMENTS in terms(running, after=after)
    early = replace(stop, begin_at=stop.begin_at - timedelta(seconds=1))
    after = with_stops(running[1], lambda _, stops: [early if s == stop else s for s in stops])
    assert Term.MOMENTS in terms(running, after=after)


def test_an_order_whose_household_is_not_there(running):
    _, stop = free_stops(running)[0]
    rest = running[2]
    later = stop.depart_at + timedelta(hours=1)
    orders = tuple(
        replace(each, ready_at=later) if each.order_id == stop.order_ids[0] else each
        for each in rest.orders
    )
    assert Term.PICKUP_TIMES in terms(running, rest=replace(rest, orders=orders))


def test_more_than_fits(running):
    rest = running[2]
    models = {
        key: replace(each, capacity_pieces=each.capacity_pieces - 10)
        for key, each in rest.fleet.models.items()
    }
    small = replace(rest, fleet=replace(rest.fleet, models=models))
    assert terms(running, rest=small) == {Term.LOADS}


def test_a_truck_that_is_missed(running):
    route, stop = free_stops(running)[-1]
    rest = running[2]
    orders = tuple(
        replace(each, cut_off_at=route.trips[-1].back_at - timedelta(minutes=1))
        if each.order_id in stop.order_ids
        else each
        for each in rest.orders
    )
    assert Term.CUT_OFFS in terms(running, rest=replace(rest, orders=orders))


def test_a_courier_who_comes_home_after_the_shift(running):
    last, _ = free_stops(running)[-1]
    routes = tuple(
        replace(route, trips=(*route.trips[:-1], replace(route.trips[-1], over_at=at(18, 10))))
        if route == last
        else route
        for route in running[1].routes
    )
    assert terms(running, after=replace(running[1], routes=routes)) == {Term.SHIFTS}


def test_a_promise_that_is_kept_to_the_second_has_no_second_to_give(running):
    """Else each version could take one more."""
    before = running[0]
    foreseen = {
        stop.seq: stop.eta_at
        for route in before.routes[:1]
        for stop in route_progress(route, running[3], now=NOW, plan=before).stops
    }
    stop = before.routes[0].stops[-1]
    (order_id, *_) = stop.order_ids
    eta_at = foreseen[stop.seq]
    promises = tuple(
        replace(each, earliest_at=eta_at - timedelta(hours=1), latest_at=eta_at)
        if each.order_id == order_id
        else each
        for each in before.promises
    )
    before = replace(before, promises=promises)

    def begun_at(moment):
        by = moment - stop.begin_at
        return with_stops(
            before, lambda _, stops: [moved(s, by) if s == stop else s for s in stops]
        )

    good = (before, *running[1:])
    assert Term.PROMISED not in terms(good, after=begun_at(eta_at))
    assert Term.PROMISED in terms(good, after=begun_at(eta_at + timedelta(seconds=1)))
