"""
commiv's slack induction by string removals. One thread: two of them end in MemoryError (0.6.0).

It states capacities, time windows with one kind of vehicle, and, as pairs whose pickups all lie at
the depot, several trips with release times. It does not state several depots, prices that differ
by vehicle, clients for some vehicles only, prizes, or alternatives.

Its temperature falls over a number of iterations, not over time, and its CVRP knows no time limit.
So the number is drawn from trials, and the best of all answers counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import commiv
import numpy as np
from peers.case import Answer, Case, Task, read

_TRIAL = 2_000
_PLAIN_S, _TIMED_S, _PAIRED_S = 5e-6, 9e-6, 3e-5
"""What an iteration takes, about: 1.5 to 9 µs were seen without time windows."""
_SHARE = 0.8
"""Of what is left for the last search: later iterations were up to 28 % dearer than earlier ones."""

Search = Callable[..., commiv.CvrpSolution]


def answer(task: Task) -> Answer:
    case = read(task.file)
    rules = case.rules
    timed, trips = rules.pop("time_windows"), rules.pop("several_trips")
    case.refuse("commiv", **rules)
    if trips:
        found = _within(task, _paired(case), _PAIRED_S, limited=True)
    elif timed:
        found = _within(task, _timed(case), _TIMED_S, limited=True)
    else:
        found = _within(task, _plain(case), _PLAIN_S, limited=False)
    routes = [(vehicle, [list(route)]) for vehicle, route in enumerate(found.routes)]
    if trips:
        routes = [(vehicle, _trips(trip, case)) for vehicle, [trip] in routes]
    return Answer(routes=routes, stated=int(found.total_cost))


def _within(task: Task, search: Search, guess_s: float, *, limited: bool) -> commiv.CvrpSolution:
    """The best of two trials and of one search that should end with the budget."""
    answers: list[commiv.CvrpSolution] = []

    def seconds(iterations: int) -> float:
        since_s = task.since_s()
        limit = {"wall_ms": max(1, int(1_000 * task.left_s()))} if limited else {}
        answers.append(search(seed=task.seed, iters=iterations, **limit))
        return task.since_s() - since_s

    start_s = seconds(_TRIAL)
    if task.left_s() < 3 * start_s:  # thousands of clients: only one more fits
        last, iteration_s = _SHARE * task.left_s() - start_s, 2 * guess_s
    else:
        # Long enough to be told apart from what each search takes to begin.
        second = _TRIAL + int(max(0.05 * task.left_s(), 0.2 * start_s) / guess_s)
        iteration_s = (seconds(second) - start_s) / (second - _TRIAL)
        last = _SHARE * task.left_s() - start_s
    iterations = int(last / max(iteration_s, guess_s / 4))
    if iterations > _TRIAL:
        seconds(iterations)
    return min(answers, key=lambda found: found.total_cost)


def _plain(case: Case) -> Search:
    return partial(
        commiv.solve_cvrp,
        case.matrix.view(np.uint32),
        np.array(case.demands, dtype=np.uint32),
        case.fleets[0].capacity,
    )


def _timed(case: Case) -> Search:
    return partial(
        commiv.solve_vrptw,
        case.matrix.view(np.uint32),
        case.demands,
        case.fleets[0].capacity,
        [window[0] for window in case.windows],
        [window[1] for window in case.windows],
        case.services,
        max_vehicles=len(case.fleets[0].vehicles),
    )


def _paired(case: Case) -> Search:
    """Every client twice: fetched at the depot once it is released, then brought."""
    fleet, clients = case.fleets[0], len(case.clients)
    places = [0] * (1 + clients) + list(case.clients)
    home = case.windows[0]
    windows = [home, *((case.releases[client], home[1]) for client in case.clients)]
    windows += case.windows[1:]
    return partial(
        commiv.solve_pdptw,
        case.matrix[np.ix_(places, places)].astype(np.uint32),
        list(range(1, 1 + clients)),
        list(range(1 + clients, 1 + 2 * clients)),
        case.demands[1:],
        fleet.capacity,
        [window[0] for window in windows],
        [window[1] for window in windows],
        [0] * (1 + clients) + case.services[1:],
        vehicle_types=[(fleet.capacity, 0, len(fleet.vehicles))],
    )


def _trips(route: list[int], case: Case) -> list[list[int]]:
    """The places brought to between two stays at the depot."""
    trips: list[list[int]] = [[]]
    for node in route:
        if node < len(case.matrix):
            trips.append([])
        else:
            trips[-1].append(node - len(case.clients))
    return [trip for trip in trips if trip]
