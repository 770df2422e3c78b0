"""Small problems with each rule, and with several at once, are solved to what trying everything proves."""

import random
from dataclasses import replace

import pytest

from routing.vrp.check import check
from routing.vrp.problem import Feature, Problem
from routing.vrp.solve import Engine, RequiredUnserved, solve
from tests.routing.vrp.tiny import tiny_problem

APART = (Feature.DOCKS, Feature.JOINTS, Feature.PAIRS, Feature.SWAPS, Feature.UNLOADING)

MENDED_AFTER = (Feature.DOCKS, Feature.JOINTS)
"""Rules that the search does not know: it is mended for them."""

BESIDE = [each for each in Feature if each not in APART]
"""Rules drawn beside the one that is tried."""


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "feature", [each for each in Feature if each not in (*MENDED_AFTER, Feature.SWAPS)]
)
def test_the_search_finds_the_proven_optimum(
    brute_force, caplog, feature: Feature, seed: int
) -> None:
    draw = random.Random(f"{seed} beside {feature}")
    others = draw.sample(BESIDE, draw.choice([0, 1, 3]))
    problem = tiny_problem(seed, frozenset({feature, *others}))
    best = brute_force.optimum(problem)
    try:
        found_cost = least_cost(problem, 2_000)
    except RequiredUnserved:
        assert best is None
        return
    assert not caplog.records, "the judge had to refuse an answer"
    assert best is not None
    assert found_cost == best.cost


def least_cost(problem: Problem, iterations: int) -> int:
    """Of two searches: one may stand still beside the optimum."""
    return min(
        solve(
            problem,
            budget_s=60.0,
            iterations=iterations,
            seed=seed,
            engine=Engine.RUIN_RECREATE,
        ).cost
        for seed in range(2)
    )


def test_days_that_begin_later_than_they_must_are_found_by_the_other_engine(brute_force) -> None:
    """Ruin and recreate looks at days that are over as early as can be; here a later one costs less."""
    problem = tiny_problem(1, frozenset({Feature.BREAKS, Feature.SEVERAL_WINDOWS}))
    best = brute_force.optimum(problem).cost
    alone = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    assert alone.cost > best
    assert solve(problem, budget_s=4.0).cost == best


MENDED = [1, 7, 8, 20, 21, 37, 49, 50, 56, 59, 67, 70, 75, 86, 92, 107, 108, 113, 136, 139]
"""Seeds with which a joint makes the least cost higher than it would be without."""


def with_a_joint(seed: int) -> Problem:
    draw = random.Random(f"{seed} beside joints")
    others = [each for each in BESIDE if each is not Feature.PRIZES]
    beside = draw.sample(others, draw.choice([0, 1, 2]))
    return tiny_problem(seed, frozenset({Feature.JOINTS, Feature.PRIZES, *beside}))


@pytest.mark.parametrize("seed", MENDED)
def test_joints_that_are_torn_are_mended_at_the_proven_least_cost(
    brute_force, caplog, seed: int
) -> None:
    problem = with_a_joint(seed)
    apart = tuple(replace(visit, joints=()) for visit in problem.visits)
    best = brute_force.optimum(problem)
    assert best.cost > brute_force.optimum(replace(problem, visits=apart, joints=())).cost
    found = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    assert not caplog.records, "the judge had to refuse an answer"
    assert found.cost == best.cost


@pytest.mark.parametrize("seed", [32, 42, 103])
def test_what_mending_misses_the_other_engine_finds(brute_force, seed: int) -> None:
    problem = with_a_joint(seed)
    best = brute_force.optimum(problem).cost
    alone = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    assert alone.cost > best
    assert solve(problem, budget_s=3.0).cost == best


SPREAD = [18, 21, 24, 31, 35, 36, 45, 46, 51, 61, 66, 72]
"""Seeds with which one dock makes the least cost higher than it would be without."""


@pytest.mark.parametrize("seed", SPREAD)
def test_vehicles_that_queue_are_spread_at_the_proven_least_cost(
    brute_force, docked, caplog, seed: int
) -> None:
    problem = docked.tiny(seed)
    best = docked.optimum(brute_force, problem)
    assert check(problem, best) == ()
    assert best.cost > brute_force.optimum(replace(problem, docks=())).cost
    found_cost = least_cost(problem, 5_000)
    assert not caplog.records, "the judge had to refuse an answer"
    assert found_cost == best.cost
