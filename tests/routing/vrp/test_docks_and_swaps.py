"""Vehicles that swap on the way and queue at docks: two rules that were written apart, in one day."""

from dataclasses import replace

from routing.vrp.check import check
from routing.vrp.problem import Problem, Swap
from routing.vrp.solve import Engine, solve


def with_both(villages, docked, seed: int) -> Problem:
    problem = docked.with_docks(villages.hard_problem(seed, visits=16, vehicles=4), seed, slow=3)
    visits = [
        replace(visit, unserved_cost=visit.unserved_cost or 10_000_000) for visit in problem.visits
    ]
    return replace(
        problem,
        visits=tuple(visits),
        setups_s=(),
        swaps=(Swap(place=0, takes_s=60), Swap(place=len(visits) + 1, charged_m_per_minute=2_000)),
        vehicles=tuple(replace(each, range_m=12_000, swaps=(0, 1)) for each in problem.vehicles),
    )


def test_days_with_both_are_planned_as_the_judge_allows(villages, docked, caplog) -> None:
    swapped = waited = 0
    for seed in range(12):
        problem = with_both(villages, docked, seed)
        found = solve(problem, budget_s=20, iterations=3_000, engine=Engine.RUIN_RECREATE)
        assert check(problem, found) == ()
        trips = [trip for route in found.routes for trip in route.trips]
        swapped += any(trip.swaps for trip in trips)
        waited += any(trip.dock_wait_s for trip in trips)
    assert not caplog.records, "the judge had to refuse an answer"
    assert swapped > 5
    assert waited > 1
