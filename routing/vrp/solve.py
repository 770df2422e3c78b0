"""Solving: a first answer in moments, then engines improve it until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, assert_never

from routing.errors import RoutingError
from routing.vrp.check import Violation, check
from routing.vrp.docks import may_queue, relieved
from routing.vrp.engine_process import Orders, Task, run_engine
from routing.vrp.finish import Finisher, orders_of
from routing.vrp.joints import priced, settled
from routing.vrp.ortools_size import unfit
from routing.vrp.packed import pack
from routing.vrp.portfolio import Portfolio
from routing.vrp.problem import Feature, Problem
from routing.vrp.solution import Solution

_ORTOOLS: Final = "routing.vrp.ortools_search"

_ENGINE_MIN_S: Final = 0.8
"""With less left, starting OR-Tools' process is not worth it: import and set-up take 0.5–0.7 s."""


_SMALL: Final = 60
_SHARE_IF_SMALL: Final = 0.5
"""Few visits are settled early by ruin and recreate; OR-Tools then looks at days that begin later than
they must, which the other never does (a limit on a day's length, and several windows). Chosen."""


_SHARE_SETTLED: Final = 0.4
"""Of ruin and recreate where there are joints: what it found with joints torn and mended is then searched
with each joint where it was mended. Chosen."""

_SPREADINGS: Final = 3
_SHARE_SPREAD: Final = 0.6
"""How often, and in which part of the time, ruin and recreate goes on with earlier due moments where vehicles were late for
the queue at docks. Chosen."""


class Engine(StrEnum):
    """
    What improves the first answer.

    AUTO is ruin and recreate, and OR-Tools after it where the problem is small: measured at 300 and
    1,200 visits, OR-Tools gained 0.3 % in a minute where ruin and recreate gained 16 % in 20 s.
    """

    AUTO = "auto"
    RUIN_RECREATE = "ruin-recreate"
    ORTOOLS = "ortools"


class EngineUnfit(RoutingError):
    """An engine asked for by name that must not be given the problem."""

    code: ClassVar[str] = "engine-unfit"

    def __init__(self, engine: Engine, why: str) -> None:
        self.engine, self.why = engine, why
        super().__init__(f"{engine} cannot take this problem: {why}: use {Engine.AUTO}")


class StartRefused(RoutingError):
    """A start that is no solution of this problem."""

    code: ClassVar[str] = "start-refused"

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        first = "; ".join(each.message for each in violations[:3])
        super().__init__(
            f"the start breaks {len(violations)} rules of this problem ({first}): "
            "give a solution of the same problem, or none"
        )


class RequiredUnserved(RoutingError):
    """Within the budget no solution was found that makes every required visit."""

    code: ClassVar[str] = "required-unserved"

    def __init__(self, required: int, budget_s: float) -> None:
        self.required, self.budget_s = required, budget_s
        super().__init__(
            f"not all of {required} required visits could be served within {budget_s:g} s: "
            "give more vehicles or time, or an unserved_cost to visits that may be left out"
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """
    A better solution was found, `seconds` after the search began.

    Visits of one group count once.
    """

    seconds: float
    cost: int
    served: int
    unserved: int


def solve(
    problem: Problem,
    *,
    budget_s: float,
    seed: int = 0,
    engine: Engine = Engine.AUTO,
    iterations: int | None = None,
    start: Solution | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """
    Return the best solution found; `check` has passed it, and it costs no more than `start`.

    The budget counts everything from the call on. The first answer is owed even to a budget of 0:
    it takes 0.3 s at 1,200 visits. With `iterations` each search stops after that many; the
    same seed then gives the same answer on as many cores, as long as the budget is not reached.
    `cancelled` is asked about twenty times a second. Callable from any thread; `on_progress` and
    `cancelled` are called in the caller's.

    Raises
    ------
    EngineUnfit
        `engine` is OR-Tools, and its model of the problem would take too much memory.
    StartRefused
        `start` is no solution of this problem.
    RequiredUnserved
        A visit without `unserved_cost` found no place.
    """
    began_s = time.monotonic()
    if engine is Engine.ORTOOLS and (why := unfit(problem)) is not None:
        raise EngineUnfit(engine, why)
    best = _Best(problem, began_s, on_progress)
    if start is not None:
        if violations := check(problem, start):
            raise StartRefused(violations)
        best.offer(start)

    packed = pack(problem)
    finisher = Finisher(problem, packed)
    orders: Orders = {} if start is None else orders_of(start)
    deadline_s = began_s + budget_s
    never = cancelled or _never
    if problem.visits and problem.vehicles:
        searched = priced(problem)
        portfolio = Portfolio(
            searched, packed if searched is problem else pack(searched), seed=seed
        )
        orders = portfolio.construct(orders)
        share = _share_of_ortools(problem, engine, iterations)
        # What ruin and recreate makes of it is mended whole; OR-Tools goes on from here.
        quickly = share < 1.0 and not may_queue(problem)
        best.offer(finisher.finish(orders, engine="construction", quickly=quickly))
        portfolio.take(orders)
        if share < 1.0:
            until_s = deadline_s - share * (deadline_s - time.monotonic())

            newest: Orders = orders

            def found(better: Orders) -> None:
                nonlocal newest
                newest = better
                best.offer(finisher.finish(better, engine="ruin-recreate", quickly=True))

            rounds, first_share = _rounds(problem)
            first_s = until_s - (1.0 - first_share) * (until_s - time.monotonic())
            portfolio.improve(
                deadline_s=first_s, iterations=iterations, found=found, cancelled=never
            )
            relief = searched
            for left in range(rounds, 0, -1):
                if not never():
                    best.offer(finisher.finish(newest, engine="ruin-recreate"))
                if never() or (problem.joints and best.solution is None):
                    break
                known_routes = () if best.solution is None else best.solution.routes
                relief = decided = relieved(relief, finisher.missed_s, known_routes)
                if problem.joints and best.solution is not None:
                    decided = settled(relief, best.solution)
                again = Portfolio(decided, pack(decided), seed=seed)
                known: Orders = {} if best.solution is None else orders_of(best.solution)
                again.take(again.construct(known))
                newest = known
                now_s = time.monotonic()
                again.improve(
                    deadline_s=now_s + (until_s - now_s) / left,
                    iterations=iterations,
                    found=found,
                    cancelled=never,
                )
            if may_queue(problem):
                best.offer(finisher.finish(newest, engine="ruin-recreate"))
        if share > 0.0 and not never() and deadline_s - time.monotonic() >= _ENGINE_MIN_S:
            task = Task(
                problem=problem,
                start=orders if best.solution is None else orders_of(best.solution),
                deadline_s=deadline_s,
                seed=seed,
                iterations=iterations,
            )
            run_engine(
                _ORTOOLS,
                task,
                found=lambda better: best.offer(finisher.finish(better, engine="ortools")),
                cancelled=never,
            )
        if best.solution is not None and best.solution.unserved:
            filled = portfolio.construct(orders_of(best.solution))
            best.offer(finisher.finish(filled, engine="construction"))
    else:
        best.offer(finisher.finish(orders, engine="construction"))
    if best.solution is None:
        required = sum(visit.unserved_cost is None for visit in problem.visits)
        raise RequiredUnserved(required, budget_s)
    return best.solution


def _rounds(problem: Problem) -> tuple[int, float]:
    """
    How often the search goes on with a problem in which what it does not know of is decided, as far as that was mended; and
    in which part of its time it knows nothing of it.
    """
    if may_queue(problem):
        return _SPREADINGS, 1.0 - _SHARE_SPREAD
    return (1, 1.0 - _SHARE_SETTLED) if problem.joints else (0, 1.0)


def _share_of_ortools(problem: Problem, engine: Engine, iterations: int | None) -> float:
    """The part of the budget after which OR-Tools takes over from ruin and recreate."""
    match engine:
        case Engine.ORTOOLS:
            return 1.0
        case Engine.RUIN_RECREATE:
            return 0.0
        case Engine.AUTO:
            # Counted iterations are those of one engine.
            small = len(problem.visits) <= _SMALL and iterations is None
            small = small and unfit(problem) is None and Feature.SWAPS not in problem.features
            return _SHARE_IF_SMALL if small else 0.0
        case _:
            assert_never(engine)


class _Best:
    """The best solution so far; tells whoever listens."""

    def __init__(
        self, problem: Problem, began_s: float, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self.solution: Solution | None = None
        self._groups = [visit.group for visit in problem.visits]
        self._began_s, self._on_progress = began_s, on_progress

    def offer(self, found: Solution | None) -> None:
        if found is None or (self.solution is not None and found.cost >= self.solution.cost):
            return
        self.solution = found
        if self._on_progress is not None:
            served = sum(len(trip.visits) for route in found.routes for trip in route.trips)
            groups = [self._groups[visit] for visit in found.unserved]
            unserved = groups.count(None) + len(set(groups) - {None})
            seconds = time.monotonic() - self._began_s
            self._on_progress(Progress(seconds, found.cost, served, unserved))


def _never() -> bool:
    return False
