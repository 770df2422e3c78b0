"""
HGS-CVRP (Vidal 2022) through its bindings, with its defaults. One thread.

It states capacities, and nothing else of these sets. Its limit counts the seconds of its own processor time, so it is
late where something else wants its core; and it looks between two local searches, which take long for many clients.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import hygese
import vrplib
from peers.case import Answer, CannotState, Task

_LINE = re.compile(r"\| T\(s\) ([\d.]+) \| Feas \d+ ([\d.]+)")
"""A line of its log: seconds since it began, and the best feasible cost."""


def answer(task: Task) -> Answer:
    raw = vrplib.read_instance(task.file, compute_edge_weights=False)
    if more := set(raw) - {
        "name", "comment", "type", "dimension", "edge_weight_type", "capacity", "node_coord",
        "demand", "depot",
    }:  # fmt: skip
        words = ", ".join(sorted(more)).replace("_", " ")
        raise CannotState(f"HGS-CVRP has no words for {words}")
    data = {
        "x_coordinates": raw["node_coord"][:, 0],
        "y_coordinates": raw["node_coord"][:, 1],
        "demands": raw["demand"],
        "vehicle_capacity": int(raw["capacity"]),
    }
    since_s = task.since_s()
    with _output() as log:
        parameters = hygese.AlgorithmParameters(timeLimit=task.left_s(), seed=task.seed)
        found = hygese.Solver(parameters=parameters, verbose=True).solve_cvrp(data, rounding=True)
    trace: list[tuple[float, int]] = []
    for seconds, cost in _LINE.findall(log.getvalue().decode()):
        if not trace or float(cost) < trace[-1][1]:
            trace.append((since_s + float(seconds), round(float(cost))))
    routes = [(vehicle, [list(route)]) for vehicle, route in enumerate(found.routes) if route]
    return Answer(routes=routes, stated=round(found.cost), trace=trace)


@contextmanager
def _output() -> Iterator[io.BytesIO]:
    """What the library writes to standard output, there when the block ends."""
    written = io.BytesIO()
    with tempfile.TemporaryFile() as log:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            yield written
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            log.seek(0)
            written.write(log.read())
