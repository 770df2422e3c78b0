"""Bad and hopeless problems: a named error or an honest answer, never a crash, a hang or a false yes."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE, MatrixRefused, Provenance, TravelMatrix
from routing.vrp.check import check
from routing.vrp.limits import MOMENT_MAX_S
from routing.vrp.problem import Break, Feature, Problem, ProblemRefused, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Solution
from routing.vrp.solve import Engine, EngineUnfit, RequiredUnserved, StartRefused, solve

DAY = Window(0, 10_000)
VISIT = Visit(place=1, loads=(1,), unserved_cost=1_000_000)
VEHICLE = Vehicle(shift=DAY, start_place=0, end_place=0, capacities=(5,), cost_per_m=1)


def matrix_of(rows, metres=None) -> TravelMatrix:
    seconds = np.array(rows, dtype=np.int32)
    return TravelMatrix(
        durations_s=seconds,
        distances_m=seconds.copy() if metres is None else np.array(metres, dtype=np.int32),
        provenance=Provenance(network="made up", profile="none"),
    )


def problem_of(visits, vehicles=(VEHICLE,), rows=((0, 5, 5), (5, 0, 5), (5, 5, 0))) -> Problem:
    return Problem(
        matrices=(matrix_of(rows),),
        visits=tuple(visits),
        vehicles=tuple(vehicles),
        dimensions=("weight_g",),
    )


@pytest.fixture(params=list(Engine))
def engine(request) -> Engine:
    return request.param


class Errors(logging.Handler):
    """What a search finds it must be able to drive: a refusal is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def answer(problem: Problem, engine: Engine, budget_s: float = 0.3, **more) -> Solution | None:
    """The solution, passed by the judge, or None where not all that must be made could be."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        solution = solve(problem, budget_s=budget_s, engine=engine, **more)
    except RequiredUnserved:
        assert any(visit.unserved_cost is None for visit in problem.visits)
        return None
    finally:
        logging.getLogger().removeHandler(errors)
        assert not errors.told
    assert check(problem, solution) == ()
    return solution


HOPELESS = {
    "no vehicle": (VISIT, [], Reason.NO_VEHICLE),
    "load above every vehicle": (replace(VISIT, loads=(6,)), [VEHICLE] * 2, Reason.TOO_HEAVY),
    "brought load above every vehicle": (
        replace(VISIT, deliveries=(6,)),
        [VEHICLE] * 2,
        Reason.TOO_HEAVY,
    ),
    "capacity of nothing": (VISIT, [replace(VEHICLE, capacities=(0,))], Reason.TOO_HEAVY),
    "window after every shift": (
        replace(VISIT, windows=(Window(10_001, 20_000),)),
        [VEHICLE],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "window of a moment before anyone can be there": (
        replace(VISIT, windows=(Window(4, 4),)),
        [VEHICLE],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "due before anyone can be back": (
        replace(VISIT, due_s=9),
        [VEHICLE],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "released when every shift is over": (
        replace(VISIT, release_s=10_001),
        [VEHICLE],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "service longer than every shift": (
        replace(VISIT, service_s=MOMENT_MAX_S - 1),
        [VEHICLE],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "skill that nobody has": (
        replace(VISIT, skills=frozenset({"cold"})),
        [VEHICLE],
        Reason.SKILL_MISSING,
    ),
    "shift of a moment": (VISIT, [replace(VEHICLE, shift=Window(5, 5))], Reason.WINDOW_CANNOT_BE_MET),
    "longest day of nothing": (
        VISIT,
        [replace(VEHICLE, duration_limit_s=0)],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "range of nothing": (VISIT, [replace(VEHICLE, range_m=0)], Reason.RANGE_TOO_SHORT),
    "breaks that exclude each other": (
        VISIT,
        [replace(VEHICLE, breaks=(Break(window=Window(50, 50), duration_s=9),) * 2)],
        Reason.WINDOW_CANNOT_BE_MET,
    ),
    "a depot that cannot be left": (VISIT, [replace(VEHICLE, start_place=2)], Reason.UNREACHABLE),
    "a depot that cannot be reached": (VISIT, [replace(VEHICLE, end_place=2)], Reason.UNREACHABLE),
    "a place cut off": (replace(VISIT, place=2), [VEHICLE], Reason.UNREACHABLE),
}  # fmt: skip
CUT_OFF = ((0, 5, UNREACHABLE), (5, 0, UNREACHABLE), (UNREACHABLE, UNREACHABLE, 0))


@pytest.mark.parametrize(("visit", "vehicles", "reason"), HOPELESS.values(), ids=HOPELESS)
def test_what_cannot_be_served_is_left_out_with_its_reason_or_refused_if_it_must_be(
    engine: Engine, visit: Visit, vehicles, reason: Reason
) -> None:
    problem = problem_of([visit], vehicles, CUT_OFF)
    solution = answer(problem, engine, budget_s=0)
    assert solution == Solution(routes=(), unserved=(0,), cost=1_000_000)
    assert why_unserved(problem, solution) == {0: reason}
    required = replace(visit, unserved_cost=None)
    assert answer(problem_of([required], vehicles, CUT_OFF), engine, budget_s=0) is None


def test_no_visit_and_one_visit_are_answered(engine: Engine) -> None:
    none = Solution(routes=(), unserved=(), cost=0)
    assert answer(problem_of([]), engine) == none
    assert answer(problem_of([], []), engine) == none
    assert answer(Problem(matrices=(), visits=(), vehicles=()), engine) == none
    assert answer(problem_of([replace(VISIT, unserved_cost=None)]), engine).cost == 10


def test_twice_the_same_visit_is_made_twice(engine: Engine) -> None:
    problem = problem_of([VISIT] * 4)
    solution = answer(problem, engine)
    assert (solution.cost, solution.unserved) == (10, ())


def test_a_detour_that_is_shorter_than_the_way_is_driven(engine: Engine) -> None:
    """From 1 to the depot 90 directly, 2 by way of 2, where somebody must be visited late."""
    rows = ((0, 1, 90), (90, 0, 1), (1, 90, 0))
    problem = problem_of([VISIT, replace(VISIT, place=2)], rows=rows)
    assert answer(problem, engine, budget_s=2.0).cost == 3  # enough for OR-Tools to be begun


@pytest.mark.parametrize(
    "change",
    [
        lambda problem: replace(problem, visits=problem.visits[:1]),
        lambda problem: replace(problem, visits=(*problem.visits, VISIT)),
        lambda problem: replace(problem, vehicles=()),
        lambda problem: replace(problem, matrices=(matrix_of(np.full((3, 3), 7) - 7 * np.eye(3)),)),
        lambda problem: replace(problem, visits=(replace(VISIT, loads=(5,)), problem.visits[1])),
        lambda problem: replace(problem, visits=(replace(VISIT, due_s=3), problem.visits[1])),
    ],
    ids=["fewer visits", "more visits", "no vehicle", "other ways", "other loads", "other moments"],
)
def test_a_start_of_another_problem_is_refused(engine: Engine, change) -> None:
    problem = problem_of([VISIT, replace(VISIT, place=2)])
    start = solve(problem, budget_s=0)
    with pytest.raises(StartRefused, match="give a solution of the same problem"):
        solve(change(problem), budget_s=0.3, engine=engine, start=start)


@pytest.mark.parametrize(
    "start",
    [
        Solution(routes=(), unserved=(), cost=0),
        Solution(routes=(), unserved=(0, 0, 1), cost=2_000_000),
        Solution(routes=(), unserved=(0, 1, 2), cost=2_000_000),
        Solution(routes=(), unserved=(0, 1), cost=-1),
    ],
)
def test_a_start_that_is_no_solution_is_refused(start: Solution) -> None:
    with pytest.raises(StartRefused):
        solve(problem_of([VISIT, VISIT]), budget_s=0, start=start)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3,), (2, 2, 2)])
def test_a_matrix_that_is_not_square_is_refused(shape) -> None:
    with pytest.raises(MatrixRefused, match="one square shape"):
        matrix_of(np.zeros(shape))


@pytest.mark.parametrize("wrong", [-1, UNREACHABLE + 1])
def test_a_way_of_no_length_that_can_be_is_refused(wrong: int) -> None:
    with pytest.raises(MatrixRefused, match="must lie in"):
        matrix_of([[0, wrong], [1, 0]])


@pytest.mark.parametrize("budget_s", [-1.0, 0.0])
def test_a_budget_of_nothing_still_gives_the_first_answer(engine: Engine, budget_s: float) -> None:
    assert answer(problem_of([VISIT]), engine, budget_s).cost == 10


@given(seed=st.integers(0, 1 << 30))
@settings(max_examples=150, deadline=None)
def test_any_statement_is_refused_or_answered_honestly(villages, seed: int) -> None:
    try:
        problem = Problem(**villages.spoiled_statement(seed))
    except ProblemRefused:
        return
    solution = answer(problem, Engine.AUTO, iterations=20, seed=1)
    if solution is not None:
        assert set(why_unserved(problem, solution)) == set(solution.unserved)


def test_spoiled_statements_are_of_every_kind(villages) -> None:
    """Else the property above says little: many are refused, many served whole, many in part."""
    refused = whole = part = nothing = 0
    for seed in range(120):
        try:
            problem = Problem(**villages.spoiled_statement(seed))
        except ProblemRefused:
            refused += 1
            continue
        solution = answer(problem, Engine.AUTO, budget_s=0)
        if solution is not None:
            nothing += not solution.routes
            whole += not solution.unserved
            part += bool(solution.routes and solution.unserved)
    assert min(refused, part) > 15
    assert min(whole, nothing) > 5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ortools_answers_awkward_problems_honestly(villages, seed: int) -> None:
    problem = villages.hard_problem(seed, visits=9, vehicles=3)
    if {Feature.PAIRS, Feature.RELOADS} <= problem.features:
        with pytest.raises(EngineUnfit):
            answer(problem, Engine.ORTOOLS, budget_s=1.6)
        return
    assert answer(problem, Engine.ORTOOLS, budget_s=1.6) is not None
