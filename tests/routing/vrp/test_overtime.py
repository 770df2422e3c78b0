"""Seconds beyond so many cost more: long days are shared where that is worth it."""

from dataclasses import replace

import pytest

from routing.vrp.check import Rule, check
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.solve import Engine, solve

VEHICLE = Vehicle(
    shift=Window(0, 10_000), start_place=0, end_place=0, cost_per_s=1, fixed_cost=1_000,
    overtime_after_s=500, overtime_cost_per_s=10,
)  # fmt: skip


def of(villages, vehicle: Vehicle, visits: int) -> Problem:
    """Each visit is 100 s out, 100 s back, 50 s from the next, and takes 100 s."""
    rows = [[0 if a == b else 100 if 0 in (a, b) else 50 for b in range(9)] for a in range(9)]
    return Problem(
        matrices=(villages.matrix_of(rows),),
        visits=tuple(Visit(place=number + 1, service_s=100) for number in range(visits)),
        vehicles=(vehicle, vehicle),
    )


@pytest.mark.parametrize("engine", [Engine.RUIN_RECREATE, Engine.ORTOOLS])
@pytest.mark.parametrize(("visits", "routes"), [(2, 1), (3, 1), (4, 2), (6, 2)])
def test_a_second_vehicle_is_sent_out_once_overtime_is_dearer(
    villages, engine: Engine, visits: int, routes: int
) -> None:
    problem = of(villages, VEHICLE, visits)
    found = solve(problem, budget_s=2.0, engine=engine, iterations=300)
    assert check(problem, found) == ()
    assert len(found.routes) == routes
    longest = max(len(route.trips[0].visits) for route in found.routes)
    assert longest == -(-visits // routes)
    plain = of(villages, replace(VEHICLE, overtime_cost_per_s=0), visits)
    assert len(solve(plain, budget_s=2.0, engine=engine, iterations=300).routes) == 1


def test_a_cost_without_the_overtime_is_refused(villages) -> None:
    problem = of(villages, replace(VEHICLE, fixed_cost=10_000), 4)
    found = solve(problem, budget_s=0.0)
    (route,) = found.routes
    seconds = route.trips[0].back_s - route.trips[0].leave_s
    assert found.cost == 10_000 + seconds + 10 * (seconds - 500)
    assert {each.rule for each in check(problem, replace(found, cost=10_000 + seconds))} == {
        Rule.COST
    }
