"""Swaps and the cold: what a charge is good for, where there is another one, and what of it is left in the running day."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.exports import route_sheet
from dispatch.fleet import SwapId, SwapPlace
from dispatch.households import Registry
from dispatch.orders import OrderId
from dispatch.plan import legs_of
from dispatch.planning import plan_day
from dispatch.route_check import check_route
from dispatch.running.contract import breaches
from dispatch.running.revising import on_roads
from dispatch.shortfalls import ClashCode
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import SOUTH, STEP, WEST, World, at, at_moment, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def at_corner(east, north):
    return Place(WEST + east * STEP, SOUTH + north * STEP)


def an_order(name, east, north, **facts):
    plain = {"windows": (), "ready_at": None, "pieces": 1, "place": at_corner(east, north)}
    return order(0, random.Random(1), **{"order_id": OrderId(name), **plain, **facts})


ROUND = tuple(an_order(f"o{n}{m}", 1 + n, 1 + m) for n in range(4) for m in range(4))


def a_day(*orders, range_m=8_000, swaps=(), couriers=1, **depot):
    inputs = morning(0, orders=0, couriers=couriers)
    fleet = inputs.fleet
    models = {key: replace(each, range_m=range_m) for key, each in fleet.models.items()}
    return replace(
        inputs,
        orders=orders,
        registry=Registry(),
        fleet=replace(
            fleet, models=models, swaps=tuple(swaps), depot=replace(fleet.depot, **depot)
        ),
    )


def a_swap(east=None, north=None, **facts):
    place = morning(0, orders=0).fleet.depot.place if east is None else at_corner(east, north)
    return SwapPlace(**({"swap_id": SwapId("s"), "place": place, "takes_s": 300} | facts))


def planned(inputs, network, **more):
    told = {"made_at": datetime(2026, 11, 11, tzinfo=UTC), "budget_s": 60, "iterations": 300}
    return plan_day(inputs, network, seed=1, **(told | more))


def charges_m(route):
    """What is driven on each charge of a shift, counted from the plan alone."""
    charges = [0]
    for trip in route.trips:
        for leg in legs_of(trip):
            charges[-1] += leg.distance_m
            if leg.swap is not None:
                charges[-1] -= leg.swap.after_m
                charges.append(leg.swap.after_m)
    return charges


def swaps_of(plan):
    return [
        leg.swap
        for route in plan.routes
        for trip in route.trips
        for leg in legs_of(trip)
        if leg.swap is not None
    ]


def test_without_a_swap_a_charge_is_for_the_whole_shift(network):
    plan = planned(a_day(*ROUND), network)
    assert plan.unserved
    (route,) = plan.routes
    assert charges_m(route) == [route.distance_m]
    assert route.distance_m <= 8_000


@pytest.mark.parametrize("place", [(), (3, 4)], ids=["at the depot", "on the way"])
def test_a_route_beyond_one_charge_is_planned_by_way_of_a_swap(network, place):
    plan = planned(a_day(*ROUND, swaps=[a_swap(*place)]), network)
    assert plan.unserved == ()
    (route,) = plan.routes
    assert len(charges_m(route)) > 1
    assert max(charges_m(route)) <= 8_000
    assert sum(charges_m(route)) == route.distance_m
    for trip in route.trips:
        left_at = trip.leave_at
        ends = [(stop.leg, stop.arrive_at, stop.depart_at) for stop in trip.stops]
        for leg, arrive_at, next_left_at in (*ends, (trip.home, trip.back_at, trip.back_at)):
            if leg.swap is not None:
                assert left_at <= leg.swap.arrive_at
                assert leg.swap.depart_at - leg.swap.arrive_at >= timedelta(seconds=300)
                assert leg.swap.depart_at <= arrive_at
                spent = arrive_at - left_at
                assert spent >= timedelta(seconds=leg.duration_s - 2), "the drive and the swap"
            left_at = next_left_at


def test_a_courier_finds_the_swap_on_the_printed_sheet(network):
    inputs = a_day(*ROUND, swaps=[a_swap(3, 4, name="换电柜")])
    plan = planned(inputs, network)
    (route,) = plan.routes
    sheet = route_sheet(plan, route, inputs.fleet.couriers[route.courier_id], {})
    for swap in swaps_of(plan):
        assert f"换电柜 {swap.arrive_at:%H:%M}–{swap.depart_at:%H:%M}" in sheet


def test_a_plan_timed_anew_on_its_roads_keeps_its_swaps(network):
    plan = planned(a_day(*ROUND, swaps=[a_swap(3, 4)]), network)
    again = on_roads(plan, network)
    for old, new in zip(plan.routes, again.routes, strict=True):
        for before, after in zip(old.trips, new.trips, strict=True):
            for leg, renewed in zip(legs_of(before), legs_of(after), strict=True):
                assert abs(leg.duration_s - renewed.duration_s) <= 2
                assert abs(leg.distance_m - renewed.distance_m) <= 2
                assert (leg.swap is None) == (renewed.swap is None)


def test_charging_takes_longer_the_more_was_driven(network):
    """A fifth of an hour for each kilometre: so long that few are charged."""
    slow = a_swap(takes_s=60, charged_m_per_minute=500)
    plan = planned(a_day(*ROUND, swaps=[slow]), network)
    assert plan.unserved == ()
    (route,) = plan.routes
    swaps = swaps_of(plan)
    for swap, driven_m in zip(swaps, charges_m(route), strict=False):
        took_s = (swap.depart_at - swap.arrive_at).total_seconds()
        assert took_s >= 60 + driven_m * 60 / 500 - 3, (
            "metres of the road and of the matrix differ by some"
        )


def test_a_cold_day_has_less_range_and_says_so(network):
    warm = planned(a_day(*ROUND, range_m=30_000), network)
    cold = planned(a_day(*ROUND, range_m=30_000, cold_factor=0.27), network)
    assert (warm.cold_factor, cold.cold_factor) == (1, 0.27)
    assert warm.unserved == ()
    assert cold.unserved
    assert max(route.distance_m for route in cold.routes) <= 8_100
    swapped = planned(a_day(*ROUND, range_m=30_000, cold_factor=0.27, swaps=[a_swap()]), network)
    assert swapped.unserved == ()
    assert max(charges_m(swapped.routes[0])) <= 8_100


def test_only_models_that_may_use_a_swap_do(network):
    plan = planned(a_day(*ROUND, swaps=[a_swap(model_ids=("van",))]), network)
    assert plan.unserved
    assert swaps_of(plan) == []


@pytest.mark.parametrize("hour", [9, 10, 12])
def test_a_running_day_knows_what_is_left_of_the_charge(network, hour):
    """Whoever came to the stop behind a swap has swapped: what was driven since counts, and nothing before."""
    inputs = a_day(*ROUND, swaps=[a_swap(3, 4), a_swap(swap_id=SwapId("home"))])
    plan = planned(inputs, network)
    open_now, facts = at_moment(inputs, World(1).drive(plan, at(hour)))
    new = tuple(an_order(f"n{n}", 1.5 + n, 3.5) for n in range(3))
    open_now = replace(open_now, orders=(*open_now.orders, *new))
    again = planned(open_now, network, made_at=at(hour), start=plan, facts=facts)
    assert again.unserved == ()
    assert breaches(plan, again, open_now, facts, now=at(hour)) == ()
    (route,) = again.routes
    assert max(charges_m(route)) <= 8_000 + 50, (
        "the road from a lock differs from its row by metres"
    )


@pytest.mark.parametrize("more", [0, 6], ids=["nothing new", "six far orders"])
def test_a_charge_begins_anew_behind_a_swap_that_is_over(network, more):
    """Who has swapped need not again for the same round, and has one range for all that is new."""
    inputs = a_day(*ROUND, swaps=[a_swap(3, 4)])
    plan = planned(inputs, network)
    (route,) = plan.routes
    behind = next(stop for stop in route.stops if stop.leg.swap is not None)
    facts_until = behind.depart_at + timedelta(minutes=8)
    open_now, facts = at_moment(inputs, World(1).drive(plan, facts_until))
    assert {*behind.order_ids} <= facts.fates.keys(), "it is over"
    new = tuple(an_order(f"n{n}", 4.6 * (n % 2), 0.2 + n * 0.8) for n in range(more))
    open_now = replace(open_now, orders=(*open_now.orders, *new))
    again = planned(open_now, network, made_at=facts_until, start=plan, facts=facts)
    assert again.unserved == ()
    assert breaches(plan, again, open_now, facts, now=facts_until) == ()
    (route,) = again.routes
    assert max(charges_m(route)) <= 8_000 + 50
    if not more:
        assert len(charges_m(route)) == len(charges_m(plan.routes[0]))
    else:
        assert len(charges_m(route)) > len(charges_m(plan.routes[0]))


def test_the_route_of_a_plan_passes_its_own_check(network):
    inputs = a_day(*ROUND, swaps=[a_swap(3, 4)])
    plan = planned(inputs, network)
    (route,) = plan.routes
    assert swaps_of(plan)
    trips = [[each for stop in trip.stops for each in stop.order_ids] for trip in route.trips]
    found = check_route(
        plan, inputs, network, courier_id=route.courier_id, trips=trips, leave_at=None, now=at(7)
    )
    assert found.violations == ()
    assert abs(found.figures.distance_m - route.distance_m) <= 20


def test_a_range_below_the_nearest_stop_counts_the_cold_and_swaps(network):
    far = an_order("far", 4, 4)
    (clash,) = planned(a_day(far, range_m=9_000, cold_factor=0.5), network).clashes
    assert clash.code is ClashCode.RANGE_BELOW_NEAREST_STOP
    assert "go 4.5 km, at a cold_factor of 0.5, and the nearest stop, order far" in clash.detail
    assert planned(a_day(far, range_m=9_000), network).clashes == ()
    halfway = a_swap(4, 4)
    plan = planned(a_day(far, range_m=9_000, cold_factor=0.5, swaps=[halfway]), network)
    assert plan.clashes == ()
    assert plan.unserved == ()
    useless = planned(a_day(far, range_m=9_000, cold_factor=0.2, swaps=[halfway]), network)
    assert "with no swap near enough" in useless.clashes[0].detail


def test_a_swap_far_from_any_road_is_named(network):
    plan = planned(a_day(*ROUND, swaps=[a_swap(60, 60)]), network)
    assert [each.code for each in plan.clashes] == [ClashCode.SWAP_OFF_ROAD]
    assert "swap s lies far" in plan.clashes[0].detail
