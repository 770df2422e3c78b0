"""Docks: never more vehicles unload than there is room for, and plans are made so that this delays nobody's truck."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.vrp.check import Rule, check
from routing.vrp.cost import over_s
from routing.vrp.docks import Line, relieved
from routing.vrp.finish import orders_of
from routing.vrp.problem import Docks, Problem, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.slack import with_slack
from routing.vrp.solution import Solution
from routing.vrp.solve import Engine, RequiredUnserved, solve

VEHICLE = Vehicle(
    shift=Window(0, 2_000), start_place=0, end_place=0, trips_max=2, turnaround_s=10,
    capacities=(1,), cost_per_s=1,
)  # fmt: skip
VISIT = Visit(place=1, loads=(1,), unload_s=50, unserved_cost=100_000)


def of(villages, *visits: Visit, vehicles: int = 2, docks: int = 1, **changes) -> Problem:
    """The depot with its docks, and places 100 s and 130 s away from it and 60 s from each other."""
    return Problem(
        matrices=(villages.matrix_of([[0, 100, 130], [100, 0, 60], [130, 60, 0]]),),
        visits=visits,
        vehicles=(replace(VEHICLE, **changes),) * vehicles,
        dimensions=("pieces",),
        docks=(Docks(place=0, vehicles=docks),),
    )


def answer(problem: Problem, iterations: int = 200) -> Solution:
    found = solve(problem, budget_s=20.0, engine=Engine.RUIN_RECREATE, iterations=iterations)
    assert check(problem, found) == ()
    return found


def waits_s(found: Solution) -> list[int]:
    return [trip.dock_wait_s for route in found.routes for trip in route.trips]


def most_at_once(problem: Problem, found: Solution, docks: Docks) -> int:
    """How many unload at one depot at once, by looking at every moment at which one begins."""
    spans = list(docks.taken_s)
    for route in found.routes:
        if problem.vehicles[route.vehicle].end_place != docks.place:
            continue
        for trip in route.trips:
            begin_s = trip.back_s + trip.dock_wait_s
            spans.append((begin_s, over_s(problem, trip)))
    own = spans[len(docks.taken_s) :]
    return max(
        (
            sum(begin_s <= at_s < end_s for begin_s, end_s in spans)
            for at_s, _ in spans
            if any(begin_s <= at_s < end_s for begin_s, end_s in own)
        ),
        default=0,
    )


def test_who_comes_first_unloads_first() -> None:
    line = Line(Docks(place=0, vehicles=2))
    assert [line.join(at_s, 100) for at_s in (0, 10, 20, 30, 105)] == [0, 10, 100, 110, 200]


def test_what_takes_no_time_waits_for_nobody() -> None:
    line = Line(Docks(place=0, vehicles=1))
    line.join(0, 100)
    assert line.join(50, 0) == 50
    assert line.join(60, 10) == 100


def test_a_gap_between_taken_docks_is_used_if_it_is_long_enough() -> None:
    docks = Docks(place=0, vehicles=1, taken_s=((50, 100), (130, 200)))
    assert Line(docks).join(60, 30) == 100
    assert Line(docks).join(60, 31) == 200
    assert Line(docks).join(0, 50) == 0
    assert Line(docks).join(1, 50) == 200


def test_of_two_who_come_together_one_waits_and_leaves_again_later(villages) -> None:
    problem = of(villages, *(replace(VISIT, windows=(Window(100, 100),)),) * 2, VISIT)
    routes = Scheduler(problem).schedule_all({0: ((0,), (2,)), 1: ((1,),)})
    assert routes is not None
    first, second = routes
    assert [trip.dock_wait_s for trip in first.trips] == [0, 0]
    assert second.trips[0].dock_wait_s == 50
    routes = Scheduler(problem).schedule_all({0: ((0,),), 1: ((1,), (2,))})
    assert routes is not None
    assert routes[1].trips[0].dock_wait_s == 50
    assert routes[1].trips[1].leave_s == 200 + 50 + 50 + 10


def test_one_dock_is_no_reason_to_miss_the_truck_if_there_are_two(villages) -> None:
    """Both are back at 200 at the earliest, and must be unloaded by 280."""
    due = replace(VISIT, due_s=280)
    assert answer(of(villages, due, due, docks=2)).unserved == ()
    assert len(answer(of(villages, due, due, docks=1)).unserved) == 1


def test_trips_are_spread_so_that_no_truck_is_missed(villages) -> None:
    """
    Two near visits ride together, the far one alone: that is cheapest, and both trips are over in time.

    With one dock one of them is late: the near ones are back at 290 and take until 390, the far one is back at 260 and
    unloads until 310. If the far one rides with the near one that opens late, the other is over at 250 and they at 390.
    """
    near, far = replace(VISIT, due_s=400), replace(VISIT, place=2, due_s=400)
    opening = replace(near, windows=(Window(190, 400),))
    problem = of(
        villages, opening, near, far, vehicles=3, capacities=(2,), trips_max=1, fixed_cost=30
    )
    free = answer(replace(problem, docks=()))
    assert (len(free.routes), free.unserved) == (2, ())
    assert {each.rule for each in check(problem, free)} == {Rule.DOCKS, Rule.DOCK_TURN}
    found = answer(problem)
    assert (len(found.routes), found.unserved) == (2, ())
    assert free.cost < found.cost == 250 + 390 + 2 * 30


def test_who_need_not_hurry_leaves_later_instead_of_waiting_for_a_dock(villages) -> None:
    """A day paid by the second: the second vehicle is back when the first has unloaded."""
    found = answer(of(villages, VISIT, VISIT, trips_max=1))
    assert waits_s(found) == [0, 0]
    assert found.cost == 2 * 250


def test_a_required_visit_is_not_left_out_for_a_dock(villages) -> None:
    due = replace(VISIT, due_s=280, unserved_cost=None)
    with pytest.raises(RequiredUnserved):
        answer(of(villages, due, due, docks=1))
    assert answer(of(villages, due, replace(due, due_s=300), docks=1)).unserved == ()


@given(seed=st.integers(0, 1 << 30))
@settings(max_examples=60, deadline=None)
def test_no_more_unload_at_once_than_there_are_docks(villages, docked, seed: int) -> None:
    problem = docked.with_docks(villages.hard_problem(seed, visits=20, vehicles=5), seed)
    try:
        found = solve(problem, budget_s=0)
    except RequiredUnserved:
        return
    assert check(problem, found) == ()
    for docks in problem.docks:
        assert most_at_once(problem, found, docks) <= max(docks.vehicles, most_taken(docks))


def most_taken(docks: Docks) -> int:
    """Docks may be taken by more than there are: then nobody else unloads meanwhile."""
    starts_s = [at_s for at_s, _ in docks.taken_s]
    return max((sum(b <= at_s < e for b, e in docks.taken_s) for at_s in starts_s), default=0)


@pytest.mark.parametrize("seed", range(4))
def test_what_the_search_finds_is_spread(villages, docked, caplog, seed: int) -> None:
    problem = docked.with_docks(villages.hard_problem(seed, visits=30, vehicles=6), seed)
    found = solve(problem, budget_s=30, iterations=300, engine=Engine.RUIN_RECREATE)
    assert check(problem, found) == ()
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_drawn_days_queue_where_nobody_spreads_them(villages, docked) -> None:
    """Or the tests above would prove nothing."""
    broken, waiting = set(), 0
    for seed in range(6):
        problem = docked.with_docks(villages.hard_problem(seed, visits=30, vehicles=6), seed)
        broken |= {
            each.rule for each in check(problem, solve(replace(problem, docks=()), budget_s=0))
        }
        waiting += sum(map(bool, waits_s(solve(problem, budget_s=0))))
    assert {Rule.DOCKS, Rule.DOCK_TURN} <= broken
    assert waiting


def test_a_plan_starts_as_it_was_and_keeps_slack(villages) -> None:
    problem = of(villages, replace(VISIT, due_s=900), replace(VISIT, due_s=900))
    found = answer(problem)
    again = solve(problem, budget_s=0, start=found)
    assert again.cost <= found.cost
    slack = with_slack(problem, 100, found.routes)
    assert check(slack, found) == ()


def test_what_was_late_is_due_earlier_and_what_is_planned_can_still_be_driven(villages) -> None:
    problem = of(villages, replace(VISIT, due_s=300), replace(VISIT, due_s=300))
    found = answer(problem)
    earlier = relieved(problem, {0: 60, 1: 30}, found.routes)
    # Both take 250 s if they do not wait, and the first can leave at once.
    overs_s = {
        halt.visit: over_s(problem, trip) - trip.dock_wait_s
        for route in found.routes
        for trip in route.trips
        for halt in trip.visits
    }
    assert [visit.due_s for visit in earlier.visits] == [max(240, overs_s[0]), max(270, overs_s[1])]
    free = replace(earlier, docks=())
    assert Scheduler(free).schedule_all(orders_of(found)) is not None


def test_halves_of_a_pair_are_not_due_earlier_but_the_rest_of_their_trip_is(villages) -> None:
    first = replace(VISIT, unload_s=0)
    problem = of(villages, first, replace(first, brings=0), replace(VISIT, due_s=300))
    found = answer(problem)
    earlier = relieved(problem, {0: 40, 1: 40, 2: 40}, found.routes)
    assert [visit.due_s for visit in earlier.visits[:2]] == [None, None]
    assert earlier.visits[2].due_s is not None
    assert earlier.visits[2].due_s < 300
