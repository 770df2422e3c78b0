"""Solving: always an answer, always judged, never worse than its start."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import Provenance, TravelMatrix
from routing.vrp.check import check
from routing.vrp.finish import Finisher, orders_of
from routing.vrp.packed import pack
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from routing.vrp.solve import (
    Engine,
    EngineUnfit,
    Progress,
    RequiredUnserved,
    StartRefused,
    solve,
)

# Compiling comes on top of the first example's time.
SEARCHED = settings(max_examples=120, deadline=None)


@given(seed=st.integers(0, 1 << 30))
@SEARCHED
def test_insertion_passes_the_judge_and_accounts_for_each_visit(villages, seed: int) -> None:
    problem = villages.hard_problem(seed)
    solution = solve(problem, budget_s=0)
    assert check(problem, solution) == ()


@pytest.mark.parametrize("seed", [0, 6, 17, 24, 31, 40])
def test_the_engine_passes_the_judge_and_never_returns_worse(villages, caplog, seed: int) -> None:
    problem = villages.hard_problem(seed, visits=12, vehicles=3)
    start = solve(problem, budget_s=0)
    steps: list[Progress] = []
    solution = solve(problem, budget_s=1.5, start=start, on_progress=steps.append)
    assert check(problem, solution) == ()
    assert solution.cost <= start.cost
    costs = [step.cost for step in steps]
    assert costs == sorted(costs, reverse=True)
    assert steps[-1].cost == solution.cost
    made = [halt for route in solution.routes for trip in route.trips for halt in trip.visits]
    groups = [problem.visits[each].group for each in solution.unserved]
    left_out = groups.count(None) + len(set(groups) - {None})
    assert (steps[-1].served, steps[-1].unserved) == (len(made), left_out)
    # What the engine finds must be drivable: a refusal is logged as an error.
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def all_orders(problem: Problem) -> Iterator[dict[int, tuple[tuple[int, ...], ...]]]:
    """Every way to share visits out to vehicles and trips, for very few visits."""
    visits = range(len(problem.visits))
    yield {}
    for count in range(1, len(visits) + 1):
        for line in itertools.permutations(visits, count):
            for cuts in itertools.product(range(3), repeat=count - 1):
                parts: list[list[list[int]]] = [[[]]]
                for visit, cut in zip(line, (0, *cuts), strict=False):
                    if cut == 2:
                        parts.append([[]])
                    if cut == 1:
                        parts[-1].append([])
                    parts[-1][-1].append(visit)
                for vehicles in itertools.permutations(range(len(problem.vehicles)), len(parts)):
                    yield {
                        vehicle: tuple(map(tuple, trips))
                        for vehicle, trips in zip(vehicles, parts, strict=True)
                    }


def cheapest(problem: Problem) -> int:
    """The proven optimum over all orders, each timed as well as `Scheduler` can."""
    finisher, scheduler = Finisher(problem, pack(problem)), Scheduler(problem)
    best = None
    for orders in all_orders(problem):
        if any(
            not problem.visits[visit].skills <= problem.vehicles[vehicle].skills
            for vehicle, trips in orders.items()
            for trip in trips
            for visit in trip
        ) or any(scheduler.schedule(vehicle, trips) is None for vehicle, trips in orders.items()):
            continue
        found = finisher.finish(orders, engine="oracle")
        if found is not None and (best is None or found.cost < best):
            best = found.cost
    assert best is not None
    return best


@pytest.mark.parametrize("seed", [7, 8, 18, 19])
def test_small_problems_are_solved_to_the_proven_optimum(villages, seed: int) -> None:
    problem = villages.hard_problem(seed, visits=4, vehicles=2)
    solve(problem, budget_s=0)  # kernels are read from their cache
    assert solve(problem, budget_s=4).cost == cheapest(problem)


def test_the_same_seed_and_iterations_give_the_same_answer(villages) -> None:
    problem = villages.hard_problem(5, visits=30, vehicles=4)
    answers = [solve(problem, budget_s=60, seed=7, iterations=400) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].cost < solve(problem, budget_s=0).cost


def test_a_plan_cut_into_districts_is_the_same_every_time_and_serves_all(villages) -> None:
    problem = _plain(visits=300, vehicles=60)
    first, again = (solve(problem, budget_s=60, seed=3, iterations=4_000) for _ in range(2))
    assert first == again
    assert check(problem, first) == ()
    assert first.unserved == ()
    assert first.cost < solve(problem, budget_s=0).cost


@pytest.mark.parametrize("cost_per_s", [0, 1])
def test_metres_that_are_a_view_of_the_seconds_are_not_taken_for_them(
    villages, caplog, cost_per_s: int
) -> None:
    """
    Back takes longer than out: the metres are the seconds the other way, and share their memory.

    Past a visit that is taken out it may be farther than by it: some days are then too late.
    """
    problem = _plain(visits=60, vehicles=30)
    seconds = problem.matrices[0].durations_s.copy()
    seconds[np.tril_indices(len(seconds), -1)] *= 3
    matrix = replace(problem.matrices[0], durations_s=seconds, distances_m=seconds.T)
    late = tuple(replace(each, windows=(Window(0, 2_400),)) for each in problem.visits)
    paid = tuple(replace(each, cost_per_s=cost_per_s) for each in problem.vehicles)
    problem = replace(problem, matrices=(matrix,), visits=late, vehicles=paid)
    solution = solve(problem, budget_s=20, iterations=2_000)
    assert check(problem, solution) == ()
    assert not caplog.records, "nothing was found that cannot be driven"


def _plain(*, visits: int, vehicles: int) -> Problem:
    """Places on a grid around one depot, ten loads to a vehicle: enough for a district a core."""
    side = 20
    corners = [(each % side, each // side) for each in range(visits + 1)]
    metres = np.array(
        [[100 * (abs(a - c) + abs(b - d)) for c, d in corners] for a, b in corners], np.int32
    )
    provenance = Provenance(network="grid", profile="test")
    matrix = TravelMatrix(durations_s=metres, distances_m=metres, provenance=provenance)
    day = Window(0, 1_000_000)
    return Problem(
        matrices=(matrix,),
        dimensions=("load",),
        visits=tuple(Visit(place=number + 1, loads=(1,)) for number in range(visits)),
        vehicles=(Vehicle(shift=day, start_place=0, end_place=0, capacities=(10,), cost_per_m=1),)
        * vehicles,
    )


def test_an_engine_whose_model_would_not_fit_into_memory_is_refused_by_name() -> None:
    problem = _plain(visits=300, vehicles=120_000)
    with pytest.raises(EngineUnfit) as refused:
        solve(problem, budget_s=0, engine=Engine.ORTOOLS)
    assert refused.value.code == "engine-unfit"
    assert "GiB" in refused.value.why


def test_of_alternatives_the_cheap_one_is_made(villages) -> None:
    """The order may be fetched 900 s away or, by the way, 100 s away: every engine sees that."""
    rows = [[0, 100, 900], [100, 0, 900], [900, 900, 0]]
    far = Visit(place=2, group=0)
    problem = Problem(
        matrices=(villages.matrix_of(rows),),
        visits=(far, replace(far, place=1)),
        vehicles=(Vehicle(shift=Window(0, 9_000), start_place=0, end_place=0, cost_per_m=1),),
    )
    for engine in (Engine.RUIN_RECREATE, Engine.ORTOOLS):
        solution = solve(problem, budget_s=1.5, engine=engine, seed=1)
        assert solution.unserved == ()
        assert solution.cost == 2 * 100 * 5


def test_progress_counts_alternatives_that_nobody_makes_once() -> None:
    problem = _plain(visits=4, vehicles=1)
    dear, price = problem.vehicles[0], 1
    visits = tuple(
        replace(visit, group=group, unserved_cost=price)
        for visit, group in zip(problem.visits, (0, 0, 0, None), strict=True)
    )
    steps: list[Progress] = []
    vehicles = (replace(dear, fixed_cost=1_000_000),)
    solve(replace(problem, visits=visits, vehicles=vehicles), budget_s=0, on_progress=steps.append)
    assert (steps[-1].served, steps[-1].unserved) == (0, 2)


def test_a_start_for_another_problem_is_refused_by_name(villages) -> None:
    start = solve(villages.hard_problem(6, visits=12, vehicles=3), budget_s=0)
    with pytest.raises(StartRefused) as refused:
        solve(villages.hard_problem(6, visits=5, vehicles=1), budget_s=0, start=start)
    assert refused.value.code == "start-refused"


def test_a_start_is_kept_where_nothing_better_is_found(villages) -> None:
    problem = villages.hard_problem(6, visits=12, vehicles=3)
    start = solve(problem, budget_s=1.5)
    assert solve(problem, budget_s=0, start=start).cost <= start.cost


def test_a_required_visit_that_finds_no_place_is_a_named_error(villages) -> None:
    problem = villages.hard_problem(6, visits=3, vehicles=1, pairs=0)
    lost = replace(problem.visits[0], windows=(Window(0, 0),), unserved_cost=None, place=2)
    problem = replace(problem, visits=(lost, lost, *problem.visits[1:]))
    with pytest.raises(RequiredUnserved) as refused:
        solve(problem, budget_s=0)
    assert refused.value.required == 2


def test_cancelling_returns_the_best_so_far_within_a_second(villages) -> None:
    problem = villages.hard_problem(6, visits=60, vehicles=6)
    solve(problem, budget_s=0)  # compiled before the clock starts
    began_s = time.monotonic()
    solution = solve(problem, budget_s=60, cancelled=lambda: time.monotonic() > began_s + 1.5)
    assert check(problem, solution) == ()
    assert time.monotonic() - began_s < 20, "far below the budget, however busy the machine"


def children() -> set[str]:
    """The living children of this process, started by whichever thread."""
    lists = Path("/proc/self/task").glob("*/children")
    return {child for each in lists for child in each.read_text().split()}


def test_a_budget_is_kept_from_a_worker_thread_and_leaves_no_child(villages) -> None:
    problem = villages.hard_problem(6, visits=60, vehicles=6)
    solve(problem, budget_s=0)
    before = children()  # of other tests in this process, such as a server
    answers: list[Solution] = []
    began_s = time.monotonic()
    worker = threading.Thread(target=lambda: answers.append(solve(problem, budget_s=3)))
    worker.start()
    worker.join()
    assert 2.5 < time.monotonic() - began_s < 9, "the budget is 3 s, the machine may be busy"
    assert check(problem, answers[0]) == ()
    assert children() <= before


_ORPHAN = """
import sys
sys.path.insert(0, sys.argv[1])
import villages
from routing.vrp.solve import Engine, solve
solve(villages.hard_problem(6, visits=60, vehicles=6), budget_s=120, engine=Engine.ORTOOLS,
      on_progress=lambda step: print("better", flush=True))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_the_engine_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _ORPHAN, str(Path(__file__).parent)], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"better\n"  # the first answer; then the engine begins
    listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    deadline_s = time.monotonic() + 60
    while not (children := listed.read_text().split()):
        assert time.monotonic() < deadline_s, "the engine never began"
    assert len(children) == 1
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline_s = time.monotonic() + 5
    while Path(f"/proc/{children[0]}/cmdline").exists():
        if not Path(f"/proc/{children[0]}/cmdline").read_bytes():
            break  # a zombie of whoever adopted it
        assert time.monotonic() < deadline_s, "the engine outlives its parent"


@pytest.mark.parametrize("seed", range(40))
def test_each_unserved_visit_gets_one_reason(villages, seed: int) -> None:
    problem = villages.hard_problem(seed)
    solution = solve(problem, budget_s=0)
    reasons = why_unserved(problem, solution)
    assert set(reasons) == set(solution.unserved)
    if not problem.vehicles:
        assert set(reasons.values()) <= {Reason.NO_VEHICLE}
    for visit, reason in reasons.items():
        if reason is Reason.NOT_WORTH_IT:
            assert problem.visits[visit].unserved_cost is not None


def test_orders_survive_their_schedule(villages) -> None:
    problem = villages.hard_problem(6, visits=12, vehicles=3)
    solution = solve(problem, budget_s=0)
    again = Finisher(problem, pack(problem)).finish(orders_of(solution), engine="test")
    assert again == solution
