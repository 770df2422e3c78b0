"""Where a plan keeps time for expected orders: told by it, and found again by the next search."""

import random
from dataclasses import replace

import msgspec
import pytest

from dispatch.expected_routes import expected_routes, with_expected
from dispatch.expecting import expected_on, is_expected, still_to_come
from dispatch.plan import ExpectedRoute, Plan
from dispatch.posing import pose
from dispatch.starting import start_of
from dispatch.trucks import Trucks
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import at, expecting, morning, order, past, planned


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def day_that_expects(seed):
    inputs, expected = expecting(morning(seed, orders=20), seed, count=12)
    return replace(inputs, expected=still_to_come(expected, at(7)))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_day_begins_with_expected_orders_where_the_plan_has_them(network, seed):
    inputs = day_that_expects(seed)
    plan = planned(inputs, network, now=at(7))
    assert sum(map(is_expected, told_by(plan))) == plan.figures.expected > 0
    kept = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    posed = pose(inputs, network)
    start = start_of(posed, kept)
    assert expected_routes(posed, start) == plan.expected


def told_by(plan):
    return [each for route in plan.expected for trip in route.trips for each in trip]


@pytest.mark.parametrize("seed", range(6))
def test_of_a_shift_that_runs_late_expected_orders_leave_before_known_ones(network, seed):
    """The start holds all that a start without expected orders would hold."""
    inputs = day_that_expects(seed)
    plan = planned(inputs, network, now=at(7))
    shifts = {
        key: replace(each, shift_ends=each.shift_starts.replace(hour=13))
        for key, each in inputs.fleet.couriers.items()
    }
    short = replace(inputs, fleet=replace(inputs.fleet, couriers=shifts))
    posed = pose(short, network)
    with_them, without = (start_of(posed, each) for each in (plan, replace(plan, expected=())))
    assert made(posed, with_them) == made(posed, without)


def made(posed, solution):
    visits = {
        halt.visit for route in solution.routes for trip in route.trips for halt in trip.visits
    }
    return {
        each.order_id for visit in visits - posed.expected for each in posed.halts[visit].orders
    }


A, B = "o001", "o002"


@pytest.mark.parametrize(
    ("trips", "told", "grown"),
    [
        ([[A, B]], [[A, 1, B]], [[A, 1, B]]),
        ([[A, B]], [[A, 1, 2, B, 3]], [[A, 1, 2, B, 3]]),
        ([[B]], [[A, 1, B]], [[1, B]]),  # A is over
        ([[B, A]], [[A, 1, B]], [[B, A, 1]]),  # moved by hand
        ([[]], [[A, 1]], [[1]]),  # the trip under way
        ([[], [B]], [[A, 1], [B]], [[1], [B]]),
        ([[A]], [[A], [1, 2]], [[A], [1, 2]]),
        ([[A], [B]], [[A], [1], [B]], [[A], [1], [B]]),
        ([[A]], [[1], [A]], [[A], [1]]),
        ([], [[1, 2]], [[1, 2]]),
        ([[A]], [[A, 9, B]], [[A]]),  # not to come any more
    ],
)
def test_expected_orders_stand_behind_what_they_stood_behind(network, trips, told, grown):
    chance = random.Random(1)
    known = [order(number, chance, ready_at=None, windows=()) for number in (1, 2)]
    more = [order(500 + number, chance, ready_at=None, windows=()) for number in (1, 2, 3)]
    inputs = replace(morning(1, orders=0), orders=tuple(known))
    expected = expected_on(inputs.clock, [past(1, more, lambda _: at(10))])
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    posed = pose(inputs, network)
    visit_of = {
        each.order_id: number for number, halt in enumerate(posed.halts) for each in halt.orders
    }
    ids = {int(each.order.order_id[-3:]) - 500: each.order.order_id for each in expected}
    ids[9] = "\x00gone"

    def visits(each):
        return visit_of[ids.get(each, each)]

    route = ExpectedRoute(
        courier_id="c0", trips=tuple(tuple(ids.get(each, each) for each in trip) for trip in told)
    )
    found = with_expected(
        [[visits(each) for each in trip] for trip in trips], route, posed, Trucks.of(posed)
    )
    assert found == [[visits(each) for each in trip] for trip in grown]
