"""Unloading: a trip is over, and the next may begin, only when all of its load is unloaded."""

from dataclasses import replace

import pytest

from routing.vrp.check import check
from routing.vrp.problem import Break, Problem, Vehicle, Visit, Window
from routing.vrp.solve import Engine, EngineUnfit, solve

VEHICLE = Vehicle(
    shift=Window(0, 2_000), start_place=0, end_place=0, trips_max=2, turnaround_s=10,
    capacities=(1,), cost_per_s=1,
)  # fmt: skip
VISIT = Visit(place=1, loads=(1,), unload_s=50, unserved_cost=100_000)


def of(villages, *visits: Visit, vehicle: Vehicle = VEHICLE) -> Problem:
    """The depot, and a place 100 s away."""
    return Problem(
        matrices=(villages.matrix_of([[0, 100], [100, 0]]),),
        visits=visits,
        vehicles=(vehicle,),
        dimensions=("pieces",),
    )


def answer(problem: Problem):
    found = solve(problem, budget_s=2.0, engine=Engine.RUIN_RECREATE, iterations=200)
    assert check(problem, found) == ()
    return found


def test_the_next_trip_leaves_when_the_last_is_unloaded_and_turned_round(villages) -> None:
    found = answer(of(villages, VISIT, replace(VISIT, unload_s=70)))
    first, second = found.routes[0].trips
    unloading_s = 50 if first.visits[0].visit == 0 else 70
    assert second.leave_s == first.back_s + unloading_s + 10
    assert found.cost == 400 + 50 + 70 + 10


@pytest.mark.parametrize(("due_s", "served"), [(250, True), (249, False)])
def test_the_truck_waits_for_nothing_that_is_not_unloaded(villages, due_s: int, served) -> None:
    found = answer(of(villages, replace(VISIT, due_s=due_s)))
    assert (found.unserved == ()) == served


@pytest.mark.parametrize(("due_s", "served"), [(280, True), (279, False)])
def test_what_shares_a_trip_is_unloaded_with_it(villages, due_s: int, served) -> None:
    """One of both is due: the other's load is in the way, and leaves it out, or waits for another trip."""
    wide = replace(VEHICLE, capacities=(2,), trips_max=1)
    other = replace(VISIT, unload_s=30, unserved_cost=50_000)
    found = answer(of(villages, replace(VISIT, due_s=due_s), other, vehicle=wide))
    assert (found.unserved == ()) == served


@pytest.mark.parametrize(
    ("limit", "served"),
    [
        ({"shift": Window(0, 250)}, True),
        ({"shift": Window(0, 249)}, False),
        ({"duration_limit_s": 250}, True),
        ({"duration_limit_s": 249}, False),
    ],
)
def test_unloading_is_part_of_the_day(villages, limit, served: bool) -> None:
    found = answer(of(villages, VISIT, vehicle=replace(VEHICLE, **limit)))
    assert (found.unserved == ()) == served


def test_a_break_waits_until_the_trip_is_unloaded(villages) -> None:
    """It may begin from 210 to 250 only: the trip is back at 200 at the earliest, and unloaded at 250."""
    rest = Break(window=Window(210, 250), duration_s=40)
    found = answer(
        of(villages, VISIT, vehicle=replace(VEHICLE, breaks=(rest,), shift=Window(0, 290)))
    )
    assert found.unserved == ()
    (route,) = found.routes
    assert route.trips[0].back_s + 50 <= route.break_starts_s[0] or route.break_starts_s[0] < 200


def test_ortools_says_that_it_does_not_know_unloading(villages) -> None:
    with pytest.raises(EngineUnfit, match="how long the load of a trip is unloaded"):
        solve(of(villages, VISIT), budget_s=1.0, engine=Engine.ORTOOLS)
