"""
PyVRP's iterated local search with its defaults, which its authors tuned on these very sets.

One thread. It states every set. Its own limit counts from after the first local search, which takes
long for many clients; here the whole process counts, so the stop is told the moment, not the seconds.
"""

from __future__ import annotations

import time
from collections import defaultdict

import pyvrp
from peers.case import Answer, Route, Task, pyvrp_data


class _Until:
    """Stops at a moment, and notes each better cost on the way."""

    def __init__(self, task: Task) -> None:
        self._task, self._until_s = task, task.began_s + task.budget_s
        self.trace: list[tuple[float, int]] = []

    def __call__(self, best_cost: int) -> bool:
        feasible = best_cost < pyvrp.constants.MAX_VALUE
        if feasible and (not self.trace or best_cost < self.trace[-1][1]):
            self.trace.append((self._task.since_s(), int(best_cost)))
        return time.monotonic() >= self._until_s


def answer(task: Task) -> Answer:
    data = pyvrp_data(task.file)
    until = _Until(task)
    result = pyvrp.solve(data, until, seed=task.seed, collect_stats=False)
    # The file's numbers of a type's vehicles are its name.
    waiting = {
        number: [int(vehicle) for vehicle in kind.name.split(",")]
        for number, kind in enumerate(data.vehicle_types())
    }
    routes: list[Route] = []
    for route in result.best.routes():
        trips: dict[int, list[int]] = defaultdict(list)
        trip = 0
        for step in route:
            trip += step.is_depot()
            if step.is_client():
                trips[trip].append(data.num_depots + step.idx)
        routes.append((waiting[route.vehicle_type()].pop(0), list(trips.values())))
    cost = pyvrp.CostEvaluator([0] * data.num_load_dimensions, 0, 0).penalised_cost(result.best)
    return Answer(routes=routes, stated=int(cost), trace=until.trace)
