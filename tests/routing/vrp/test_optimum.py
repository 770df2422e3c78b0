"""Small problems with each rule, and with several at once, are solved to what trying everything proves."""

import random

import pytest

from routing.vrp.problem import Feature
from routing.vrp.solve import Engine, RequiredUnserved, solve


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("feature", Feature)
def test_the_search_finds_the_proven_optimum(brute_force, feature: Feature, seed: int) -> None:
    draw = random.Random(f"{seed} beside {feature}")
    others = draw.sample([each for each in Feature if each != "pairs"], draw.choice([0, 1, 3]))
    problem = brute_force.tiny_problem(seed, frozenset({feature, *others}))
    best = brute_force.optimum(problem)
    try:
        found = solve(problem, budget_s=60.0, iterations=2_000, engine=Engine.RUIN_RECREATE)
    except RequiredUnserved:
        assert best is None
        return
    assert best is not None
    assert found.cost == best.cost
