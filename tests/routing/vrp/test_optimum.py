"""Small problems with each rule, and with several at once, are solved to what trying everything proves."""

import random

import pytest

from routing.vrp.problem import Feature
from routing.vrp.solve import Engine, RequiredUnserved, solve

APART = (Feature.JOINTS, Feature.PAIRS, Feature.UNLOADING)

BESIDE = [each for each in Feature if each not in APART]
"""Rules drawn beside the one that is tried."""


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("feature", [each for each in Feature if each is not Feature.JOINTS])
def test_the_search_finds_the_proven_optimum(
    brute_force, caplog, feature: Feature, seed: int
) -> None:
    draw = random.Random(f"{seed} beside {feature}")
    others = draw.sample(BESIDE, draw.choice([0, 1, 3]))
    problem = brute_force.tiny_problem(seed, frozenset({feature, *others}))
    best = brute_force.optimum(problem)
    try:
        found = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    except RequiredUnserved:
        assert best is None
        return
    assert not caplog.records, "the judge had to refuse an answer"
    assert best is not None
    assert found.cost == best.cost


def test_days_that_begin_later_than_they_must_are_found_by_the_other_engine(brute_force) -> None:
    """Ruin and recreate looks at days that are over as early as can be; here a later one costs less."""
    problem = brute_force.tiny_problem(1, frozenset({Feature.BREAKS, Feature.SEVERAL_WINDOWS}))
    best = brute_force.optimum(problem).cost
    alone = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    assert alone.cost > best
    assert solve(problem, budget_s=4.0).cost == best


@pytest.mark.parametrize("seed", range(16))
def test_joints_are_kept_at_the_proven_least_cost(brute_force, caplog, seed: int) -> None:
    draw = random.Random(f"{seed} beside joints")
    others = draw.sample(BESIDE, draw.choice([0, 1, 3]))
    problem = brute_force.tiny_problem(seed, frozenset({Feature.JOINTS, *others}))
    best = brute_force.optimum(problem)
    try:
        found = solve(problem, budget_s=3.0)
    except RequiredUnserved:
        assert best is None
        return
    assert not caplog.records, "the judge had to refuse an answer"
    assert best is not None
    assert found.cost == best.cost
