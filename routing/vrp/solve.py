"""Solving: a first answer in moments, then engines improve it until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from routing.errors import RoutingError
from routing.vrp.check import Violation, check
from routing.vrp.engine_process import Orders, Task, run_engine
from routing.vrp.finish import Finisher, orders_of
from routing.vrp.packed import pack
from routing.vrp.problem import Problem
from routing.vrp.solution import Solution

_ENGINE: Final = "routing.vrp.ortools_search"

_ENGINE_MIN_S: Final = 0.8
"""With less left, starting OR-Tools' process is not worth it: import and set-up take 0.5–0.7 s."""


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
    """A better solution was found, `seconds` after the search began."""

    seconds: float
    cost: int
    served: int
    unserved: int


def solve(
    problem: Problem,
    *,
    budget_s: float,
    seed: int = 0,
    iterations: int | None = None,
    start: Solution | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """
    Return the best solution found; `check` has passed it, and it costs no more than `start`.

    The budget counts everything from the call on. The first answer is owed even to a budget of 0:
    it takes a second at 1,200 visits. With `iterations` an engine stops after that many solutions
    looked at; the same seed then gives the same answer, as long as the budget is not reached.
    `cancelled` is asked about twenty times a second. Callable from any thread; `on_progress` and
    `cancelled` are called in the caller's.

    Raises
    ------
    StartRefused
        `start` is no solution of this problem.
    RequiredUnserved
        A visit without `unserved_cost` found no place.
    """
    began_s = time.monotonic()
    best = _Best(began_s, on_progress)
    if start is not None:
        if violations := check(problem, start):
            raise StartRefused(violations)
        best.offer(start)

    finisher = Finisher(problem, pack(problem))
    orders: Orders = finisher.extended({})
    best.offer(finisher.finish(orders, engine="insertion"))
    if start is not None:
        best.offer(finisher.finish(finisher.extended(orders_of(start)), engine="insertion"))
    if best.solution is not None:
        orders = orders_of(best.solution)

    def judge(found: Orders) -> None:
        best.offer(finisher.finish(found, engine=_ENGINE))

    deadline_s = began_s + budget_s
    worth_it = problem.visits and problem.vehicles and (best.solution is None or best.solution.cost)
    if worth_it and deadline_s - time.monotonic() >= _ENGINE_MIN_S:
        task = Task(
            problem=problem, start=orders, deadline_s=deadline_s, seed=seed, iterations=iterations
        )
        run_engine(_ENGINE, task, found=judge, cancelled=cancelled or _never)
    if best.solution is None:
        required = sum(visit.unserved_cost is None for visit in problem.visits)
        raise RequiredUnserved(required, budget_s)
    return best.solution


class _Best:
    """The best solution so far; tells whoever listens."""

    def __init__(self, began_s: float, on_progress: Callable[[Progress], None] | None) -> None:
        self.solution: Solution | None = None
        self._began_s, self._on_progress = began_s, on_progress

    def offer(self, found: Solution | None) -> None:
        if found is None or (self.solution is not None and found.cost >= self.solution.cost):
            return
        self.solution = found
        if self._on_progress is not None:
            served = sum(len(trip.visits) for route in found.routes for trip in route.trips)
            seconds = time.monotonic() - self._began_s
            self._on_progress(Progress(seconds, found.cost, served, len(found.unserved)))


def _never() -> bool:
    return False
