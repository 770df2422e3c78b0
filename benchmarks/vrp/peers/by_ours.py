"""Our own search, as `cunlu solve` runs it, with its improvements listened to. Both cores."""

from __future__ import annotations

from peers.case import Answer, Task

from routing.vrp import vrplib
from routing.vrp.solve import Progress, solve


def answer(task: Task) -> Answer:
    instance = vrplib.read(task.file)
    trace: list[tuple[float, int]] = []

    def listen(step: Progress) -> None:
        trace.append((task.since_s(), step.cost))

    solution = solve(instance.problem, budget_s=task.left_s(), seed=task.seed, on_progress=listen)
    routes = [
        (
            route.vehicle,
            [[instance.clients[halt.visit] for halt in trip.visits] for trip in route.trips],
        )
        for route in solution.routes
    ]
    return Answer(routes=routes, stated=solution.cost, trace=trace)
