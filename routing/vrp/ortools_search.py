"""Guided local search of OR-Tools' routing solver, from a given solution."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from routing.vrp.engine_process import Orders, Task, serve
from routing.vrp.ortools_model import Statement

_LIMIT_S: Final = 24 * 3600
"""Longest search without a nearer deadline."""

_RESTORE_S: Final = 10
"""For one propagation of a whole solution; far more than the largest model seen has taken."""

_LNS_VISITS_MAX: Final = 100
"""
Up to here whole routes are also torn up. With it 21 of 21 drawn problems of 4 visits were solved to
the proven optimum in 0.8 s, without it 19 (2026-11-23); the bound itself is chosen, not measured.
"""


def search(task: Task, found: Callable[[Orders], None]) -> None:
    """
    Improve `task.start` by guided local search and report each better solution.

    Set-up is O(M·N²) in time and memory for N nodes and M matrices of prices, times and metres:
    `ortools_size` knows both, and whoever calls asks it first. Stops at the deadline or after
    `task.iterations` solutions looked at.
    """
    problem = task.problem
    if not problem.visits or not problem.vehicles:
        return
    _improve(Statement(problem), task, found)


def _improve(stated: Statement, task: Task, found: Callable[[Orders], None]) -> None:
    routing = stated.routing
    routing.solver().ReSeed(task.seed + 1)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    if len(stated.problem.visits) <= _LNS_VISITS_MAX:
        operators = parameters.local_search_operators
        for name in ("use_path_lns", "use_full_path_lns", "use_inactive_lns"):
            setattr(operators, name, pywrapcp.BOOL_TRUE)
    # Restoring a start of 1,200 visits takes 0.2 s, more than the default of 0.1 s allows.
    parameters.lns_time_limit.seconds = _RESTORE_S
    if task.iterations is not None:
        parameters.solution_limit = max(task.iterations, 1)
    # Setting the limit before closing is required; what closing takes is known only after it.
    parameters.time_limit.seconds = _LIMIT_S
    routing.CloseModelWithParameters(parameters)
    best = math.inf

    def look() -> None:
        nonlocal best
        if (price := routing.CostVar().Value()) < best:
            best = price
            found(stated.orders())

    routing.AddAtSolutionCallback(look)
    left_s = task.deadline_s - time.monotonic()
    if left_s <= 0:
        return
    parameters.time_limit.FromMilliseconds(max(1, int(left_s * 1000)))
    start = routing.solver().Assignment()
    # Not ReadAssignmentFromRoutes: it looks for the best times without regard to the limit.
    if routing.RoutesToAssignment(stated.indices(task.start), True, True, start):
        routing.SolveFromAssignmentWithParameters(start, parameters)
    else:
        routing.SolveWithParameters(parameters)


if __name__ == "__main__":
    serve(search)
