"""Timetables are what trying every moment finds: they exist, and cost, exactly when and what they should."""

import random
from dataclasses import replace

import pytest

from routing.vrp.check import check
from routing.vrp.cost import cost, route_cost, unserved_of
from routing.vrp.packed import break_order, can_rest
from routing.vrp.problem import Break, Feature, Vehicle, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from tests.routing.vrp.tiny import tiny_problem

TIMED = frozenset(
    {
        Feature.BREAKS, Feature.DUE, Feature.DURATION_LIMIT, Feature.OPEN_ROUTES, Feature.RELEASE,
        Feature.RELOADS, Feature.SEVERAL_WINDOWS,
    }
)  # fmt: skip


def drawn_trips(draw: random.Random, vehicle: Vehicle, visits: int):
    trips = [[]]
    for visit in draw.sample(range(visits), draw.randrange(1, visits + 1)):
        if trips[-1] and len(trips) < vehicle.trips_max and draw.random() < 0.4:
            trips.append([])
        trips[-1].append(visit)
    return tuple(map(tuple, trips))


@pytest.mark.parametrize("part", range(8))
def test_a_schedule_exists_and_costs_what_trying_every_moment_finds(brute_force, part: int) -> None:
    found = missing = 0
    for seed in range(60 * part, 60 * part + 60):
        draw = random.Random(seed)
        features = frozenset(draw.sample(sorted(TIMED), draw.choice([1, 2, 4])))
        problem = tiny_problem(seed, features | {Feature.PRIZES})
        free = tuple(replace(each, unserved_cost=0) for each in problem.visits)
        problem = replace(problem, visits=free)
        scheduler = Scheduler(problem)
        for number, vehicle in enumerate(problem.vehicles):
            trips = drawn_trips(draw, vehicle, len(problem.visits))
            best = brute_force.cheapest_route(problem, number, trips)
            route = scheduler.schedule(number, trips)
            assert (route is None) == (best is None), (seed, number, trips)
            if route is None or best is None:
                missing += 1
                continue
            found += 1
            served = {visit for trip in trips for visit in trip}
            solution = Solution(
                routes=(route,),
                unserved=unserved_of(problem, served),
                cost=cost(problem, (route,)),
            )
            assert check(problem, solution) == ()
            # Only where seconds count may a break in the middle hide a cheaper day that begins later.
            if vehicle.breaks and vehicle.cost_per_s:
                assert route_cost(problem, route) >= route_cost(problem, best)
            else:
                assert route_cost(problem, route) == route_cost(problem, best)
    assert min(found, missing) > 4


def test_a_break_interrupts_a_turnaround() -> None:
    """Back at some moment, half turned round, rested, turned round: as the judge has it."""
    problem = tiny_problem(1, frozenset({Feature.RELOADS, Feature.PRIZES}))
    visits = tuple(
        replace(each, windows=(), loads=(0,) * len(problem.dimensions)) for each in problem.visits
    )
    vehicle = replace(
        problem.vehicles[0], shift=Window(0, 120), trips_max=2, turnaround_s=10, cost_per_s=0
    )
    problem = replace(problem, visits=visits, vehicles=(vehicle,))
    plain = Scheduler(problem).schedule(0, ((0,), (1,)))
    assert plain is not None
    middle_s = plain.trips[0].back_s - plain.trips[0].leave_s + 5
    rest = Break(window=Window(middle_s, middle_s), duration_s=7)
    rested = Scheduler(replace(problem, vehicles=(replace(vehicle, breaks=(rest,)),)))
    route = rested.schedule(0, ((0,), (1,)))
    assert route is not None
    spans_s = [each.trips[-1].back_s - each.trips[0].leave_s for each in (plain, route)]
    assert spans_s[1] == spans_s[0] + 7


def test_of_two_orders_of_breaks_the_one_that_leaves_room_is_taken(brute_force) -> None:
    """The long break, which may begin last, lies before the short one, or the visit would be late."""
    problem = tiny_problem(1, frozenset({Feature.PRIZES}))
    visit = replace(
        problem.visits[0],
        windows=(Window(57, 60),),
        service_s=20,
        loads=(0,) * len(problem.dimensions),
    )
    breaks = (
        Break(window=Window(50, 56), duration_s=3),
        Break(window=Window(43, 73), duration_s=9),
    )
    vehicle = replace(problem.vehicles[0], shift=Window(0, 120), breaks=breaks, duration_limit_s=48)
    visits = (replace(visit, release_s=10), *problem.visits[1:])
    problem = replace(problem, visits=visits, vehicles=(vehicle,))
    route = Scheduler(problem).schedule(0, ((0,),))
    assert route is not None
    assert route.break_starts_s[1] < route.break_starts_s[0]
    assert route_cost(problem, route) == route_cost(
        problem, brute_force.cheapest_route(problem, 0, ((0,),))
    )


def rests(*breaks: tuple[int, int, int]) -> Vehicle:
    return Vehicle(
        shift=Window(0, 999),
        breaks=tuple(Break(window=Window(a, b), duration_s=c) for a, b, c in breaks),
    )


@pytest.mark.parametrize(
    ("vehicle", "order", "possible"),
    [
        (rests(), (), True),
        (rests((50, 60, 5), (10, 20, 5)), (1, 0), True),
        # By latest begin the second would be first, and the first too late.
        (rests((18, 22, 3), (21, 21, 3)), (0, 1), True),
        (rests((20, 25, 10), (22, 22, 10)), (1, 0), False),
        (rests(*[(0, 54, 5)] * 11), tuple(range(11)), True),
        (rests(*[(0, 30, 5), (0, 31, 5)] * 7), (0, 2, 4, 6, 8, 10, 12, 1, 3, 5, 7, 9, 11, 13), False),
    ],
)  # fmt: skip
def test_breaks_are_taken_by_latest_begin_or_as_they_can_be(vehicle, order, possible) -> None:
    assert break_order(vehicle) == order
    assert can_rest(vehicle) is possible
