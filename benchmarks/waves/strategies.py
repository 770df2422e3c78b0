"""What to send at a wave: ours, the competition's baselines, and hindsight, which knows the whole day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from environment import Day

from routing.matrix import Provenance, TravelMatrix
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.solve import Engine, solve
from routing.vrp.waves.deciding import decide
from routing.vrp.waves.statement import Request, WaveProblem

Routes = list[list[int]]
Strategy = Callable[[WaveProblem, float, int], Routes]


def ours(asked: WaveProblem, budget_s: float, seed: int) -> Routes:
    decision = decide(asked, budget_s=budget_s, seed=seed)
    return [[halt.visit for halt in route.trip.visits] for route in decision.routes]


def greedy(asked: WaveProblem, budget_s: float, seed: int) -> Routes:
    """Everything goes."""
    return _sent(asked, range(len(asked.requests)), budget_s, seed)


def lazy(asked: WaveProblem, budget_s: float, seed: int) -> Routes:
    """Only what must."""
    must_go = [number for number, each in enumerate(asked.requests) if each.must_go]
    return _sent(asked, must_go, budget_s, seed)


def random(asked: WaveProblem, budget_s: float, seed: int) -> Routes:
    """What must, and each other request with even odds."""
    heads = np.random.default_rng((seed, asked.leave_s)).random(len(asked.requests)) < 0.5
    going = [n for n, each in enumerate(asked.requests) if each.must_go or heads[n]]
    return _sent(asked, going, budget_s, seed)


STRATEGIES: dict[str, Strategy] = {"greedy": greedy, "lazy": lazy, "random": random, "ours": ours}


def hindsight_s(day: Day, budget_s: float, seed: int) -> int:
    """Seconds that the day costs whoever knew it from the start; routes still leave when all of theirs is known."""
    source = day.source
    known = [(each.request, source.leave_s(each.epoch)) for each in day.requests]
    return solve(
        _posed(source.durations_s, source.capacity, known, source.home_s),
        budget_s=budget_s,
        seed=seed,
        engine=Engine.RUIN_RECREATE,
    ).cost


def _sent(asked: WaveProblem, going: Sequence[int], budget_s: float, seed: int) -> Routes:
    known = [(asked.requests[number], asked.leave_s) for number in going]
    solution = solve(
        _posed(asked.durations_s, asked.capacity, known, asked.home_s),
        budget_s=budget_s if known else 0.0,
        seed=seed,
        engine=Engine.RUIN_RECREATE,
    )
    return [[going[halt.visit] for halt in route.trips[0].visits] for route in solution.routes]


def _posed(
    durations_s: np.ndarray, capacity: int, known: Sequence[tuple[Request, int]], home_s: int
) -> Problem:
    """Everything known, with the moment at which its route may leave; what is driven is what costs."""
    matrix = TravelMatrix(
        durations_s=durations_s,
        distances_m=durations_s,
        provenance=Provenance(network="instance", profile="instance"),
    )
    vehicle = Vehicle(
        shift=Window(0, home_s), start_place=0, end_place=0, capacities=(capacity,), cost_per_m=1
    )
    visits = tuple(
        Visit(
            place=each.place,
            service_s=each.service_s,
            loads=(each.demand,),
            windows=() if each.window is None else (each.window,),
            release_s=leave_s,
        )
        for each, leave_s in known
    )
    return Problem(
        matrices=(matrix,), dimensions=("demand",), visits=visits, vehicles=(vehicle,) * len(visits)
    )
