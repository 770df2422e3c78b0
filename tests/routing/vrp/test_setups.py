"""Setups: paid once where visits of one place follow each other, and known to the judge."""

from dataclasses import replace

import numpy as np
import pytest

from routing.matrix import UNREACHABLE
from routing.vrp.check import Rule, check
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.solve import Engine, solve

VEHICLE = Vehicle(shift=Window(0, 10_000), start_place=0, end_place=0, cost_per_s=1, trips_max=3)


def of(villages, *places: int) -> Problem:
    """Depot, and two places 100 s from it and from each other; 30 s to set up at place 1, 50 at 2."""
    rows = [[0, 100, 100], [100, 0, 100], [100, 100, 0]]
    return Problem(
        matrices=(villages.matrix_of(rows),),
        visits=tuple(Visit(place=place, service_s=10) for place in places),
        vehicles=(VEHICLE,),
        setups_s=(0, 30, 50),
    )


@pytest.mark.parametrize("engine", [Engine.RUIN_RECREATE, Engine.ORTOOLS])
@pytest.mark.parametrize(
    ("places", "cost"),
    [((1,), 240), ((1, 1), 250), ((1, 2), 400), ((1, 2, 1), 410), ((1, 2, 1, 2), 420)],
)
def test_visits_of_one_place_after_each_other_need_one_setup(
    villages, engine: Engine, places, cost: int
) -> None:
    problem = of(villages, *places)
    found = solve(problem, budget_s=2.0, engine=engine, iterations=200)
    assert check(problem, found) == ()
    assert found.cost == cost


def test_the_window_is_for_the_service_after_the_setup(villages) -> None:
    problem = of(villages, 1)
    (visit,) = problem.visits
    for opens_s, leave_s in ((129, 0), (130, 0), (140, 10)):
        window = Window(opens_s, opens_s) if opens_s > 129 else Window(0, opens_s)
        timed = replace(problem, visits=(replace(visit, windows=(window,), unserved_cost=9_999),))
        found = solve(timed, budget_s=0.0)
        if opens_s == 129:
            assert found.unserved == (0,)
        else:
            (trip,) = found.routes[0].trips
            assert (trip.leave_s, trip.visits[0].begin_s) == (leave_s, opens_s)


def test_the_judge_misses_a_setup(villages) -> None:
    """A day that holds without setups drives faster than the matrix with them."""
    problem = of(villages, 1, 1, 2)
    without = solve(replace(problem, setups_s=()), budget_s=0.0)
    wrong = check(problem, without)
    assert [each.rule for each in wrong] == [Rule.TRAVEL, Rule.TRAVEL]


def test_a_place_beyond_reach_stays_so(villages) -> None:
    problem = of(villages, 1)
    rows = np.array([[0, UNREACHABLE, 100], [100, 0, UNREACHABLE], [100, 100, 0]])
    problem = replace(problem, matrices=(villages.matrix_of(rows),))
    expected = [[0, UNREACHABLE, 150], [100, 0, UNREACHABLE], [100, 130, 0]]
    assert problem.ready_s(0).tolist() == expected
    assert problem.ready_s(0).dtype == np.int32
