"""Days that are driven as told: consistent whatever is asked, and as early as any."""

import random

import pytest

from routing.vrp.check import Rule, check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.plain_day import plain_day
from routing.vrp.problem import Break, Problem, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution

# What a day may break because of what is asked of it, never of how its moments are reckoned.
ASKED = {
    Rule.BREAK_WINDOW, Rule.CAPACITY, Rule.DUE, Rule.DURATION, Rule.GROUP_ONCE, Rule.PAIR, Rule.RANGE, Rule.SHIFT,
    Rule.SKILL, Rule.TRIPS_MAX, Rule.UNREACHABLE, Rule.VISIT_ACCOUNTED, Rule.WINDOW,
}  # fmt: skip


def drawn_days(problem, seed):
    """For each vehicle some visits in some order, cut into trips anywhere."""
    draw = random.Random(seed)
    for number, vehicle in enumerate(problem.vehicles):
        trips = [[]]
        for visit in draw.sample(range(len(problem.visits)), len(problem.visits)):
            if draw.random() < 0.5:
                continue
            if trips[-1] and draw.random() < 0.3 and vehicle.start_place is not None:
                trips.append([])
            trips[-1].append(visit)
        if trips[0]:
            late_s = draw.choice([0, 0, 3_000])
            yield number, trips, vehicle.shift.earliest_s + late_s


def judged(problem, route):
    served = {halt.visit for trip in route.trips for halt in trip.visits}
    solution = Solution(
        routes=(route,),
        unserved=unserved_of(problem, served),
        cost=cost(problem, (route,)),
    )
    return check(problem, solution)


@pytest.mark.parametrize("part", range(4))
def test_only_rules_of_what_is_asked_are_broken(villages, part):
    seen, days = set(), 0
    for seed in range(200 * part, 200 * part + 200):
        problem = villages.hard_problem(seed)
        for number, trips, leave_s in drawn_days(problem, seed):
            route = plain_day(problem, number, trips, leave_s=leave_s)
            rules = {each.rule for each in judged(problem, route)}
            assert rules <= ASKED, (seed, number, trips, rules - ASKED)
            seen |= rules
            days += 1
    assert days > 100
    assert seen >= {Rule.WINDOW, Rule.SHIFT, Rule.DUE, Rule.CAPACITY, Rule.SKILL}


def test_no_moment_is_later_than_in_any_day_that_can_be_driven(villages):
    compared = 0
    for seed in range(600):
        problem = villages.hard_problem(seed)
        scheduler = Scheduler(problem)
        for number, trips, _ in drawn_days(problem, seed):
            vehicle = problem.vehicles[number]
            exact = scheduler.schedule(number, trips)
            if exact is None or vehicle.breaks:
                continue
            plain = plain_day(problem, number, trips, leave_s=vehicle.shift.earliest_s)
            for early, late in zip(plain.trips, exact.trips, strict=True):
                assert early.leave_s <= late.leave_s
                assert early.back_s <= late.back_s
                for a, b in zip(early.visits, late.visits, strict=True):
                    assert a.departure_s <= b.departure_s
            broken = {each.rule for each in judged(problem, plain)}
            broken_by_exact = {each.rule for each in judged(problem, exact)}
            assert broken - {Rule.DURATION} == broken_by_exact, (seed, number, trips)
            compared += 1
    assert compared > 50


@pytest.mark.parametrize(
    ("window", "duration_s", "starts_s"),
    [
        (Window(200, 300), 300, 200),  # fits into waiting
        (Window(50, 60), 100, 50),  # interrupts the drive there
        (Window(600, 1_050), 300, 600),  # is over before the service ends: rested early
        (Window(1_100, 1_150), 300, 1_100),  # interrupts the drive home
        (Window(0, 0), 30, 0),  # before anything begins
        (Window(5_000, 6_000), 300, 5_000),  # after the return
    ],
)
def test_a_break_is_taken_where_there_is_time_for_it(villages, window, duration_s, starts_s):
    problem = Problem(
        matrices=(villages.matrix_of([[0, 100], [100, 0]]),),
        visits=(Visit(place=1, service_s=60, windows=(Window(1_000, 2_000),)),),
        vehicles=(
            Vehicle(
                shift=Window(0, 10_000),
                start_place=0,
                end_place=0,
                breaks=(Break(window=window, duration_s=duration_s),),
            ),
        ),
    )
    route = plain_day(problem, 0, [[0]], leave_s=10)
    assert route.break_starts_s == (starts_s,)
    assert judged(problem, route) == ()
    assert route.trips[0].leave_s == max(10, 30 if starts_s == 0 else 0)
