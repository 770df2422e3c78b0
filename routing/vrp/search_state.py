"""
Routes that a search changes in place: linked visits, and for each what lies before and after it.

A trip is a list of nodes between two of its own, its start and its end; a vehicle drives a chain of
trips. Nodes are the visits 0 … V - 1, then start V + 2t and end V + 2t + 1 of each trip t. Every node
keeps the segment of the vehicle's day up to it and the one from it on, so that a visit is tried
between two nodes in constant time (Vidal, Crainic, Gendreau and Prins, "A hybrid genetic algorithm
with adaptive diversity management for a large class of vehicle routing problems with time-windows",
Computers & Operations Research 40, 2013).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.model import (
    DUE_BACK,
    EACH_M,
    EACH_S,
    END,
    FIXED,
    MATRIX,
    OVER_FROM,
    OVER_S,
    RELEASED,
    SERVICE,
    START,
    UNLOAD,
    Model,
)
from routing.vrp.packed import NEVER, Packed

compiled = njit(  # type: ignore[call-overload]  # its types do not know the last option
    cache=True, nogil=True, _nrt=False
)
"""
For loops over a search's arrays. They make no arrays, so numba need not count references to those it
reads: two threads that count in the same place would wait for each other (8 times slower on X-n502, one run
each on a busy machine, 2026-11-25).
"""

PRED: Final = 0
SUCC: Final = 1
TRIP: Final = 2
AHEAD_M: Final = 3
"""Columns of `State.link`; TRIP is -1 for a visit that is left out."""

PRE_S: Final = 0
PRE_EARLY: Final = 1
PRE_LATE: Final = 2
SUF_S: Final = 3
SUF_EARLY: Final = 4
SUF_LATE: Final = 5
AHEAD_S: Final = 6
READY: Final = 7
"""Columns of `State.clock`: the segments up to a node and from it on, the drive to the next, and
the earliest moment to leave the node."""

VEHICLE: Final = 0
PART: Final = 1
COUNT: Final = 2
PREV: Final = 3
NEXT: Final = 4
RELEASE: Final = 5
DUE: Final = 6
ROOM: Final = 7
UNLOADING: Final = 8
"""Columns of `State.trip`."""

HEAD: Final = 0
TAIL: Final = 1
TRIPS: Final = 2
METRES: Final = 3
SECONDS: Final = 4
OWNER: Final = 5
BUSY_S: Final = 6
MADE: Final = 7
"""Columns of `State.vehicle`: its first and last trip, how many, what it drives, from leaving to return, whose
it is, the seconds of driving, serving and unloading, and what its visits cost by themselves."""


class State(NamedTuple):
    """
    The routes as they stand and the best there were. N nodes, T slots for trips, K vehicles.

    load
        int64 (T, 2 D): what a trip fetches and what it brings.
    board
        int64 (N, 2 D), where the model is mixed: the most on board up to leaving a node, and from
        then on.
    cost
        What each vehicle's day costs; NaN while it changes.
    discount
        float64 (V,): how much less than `unserved` leaving a visit out counts for the moment; the
        same for all of a group.
    best_succ, best_head, best_next
        The best routes, as `link`, `vehicle` and `trip` say it of the present ones.
    """

    link: NDArray[np.int32]  # (N, 4)
    place: NDArray[np.int32]  # (N,)
    clock: NDArray[np.int64]  # (N, 8)
    board: NDArray[np.int64]
    trip: NDArray[np.int64]  # (T, 9)
    load: NDArray[np.int64]
    vehicle: NDArray[np.int64]  # (K, 8)
    cost: NDArray[np.float64]  # (K,)
    discount: NDArray[np.float64]
    best_succ: NDArray[np.int32]  # (N,)
    best_head: NDArray[np.int32]  # (K,)
    best_next: NDArray[np.int32]  # (T,)


def empty_state(packed: Packed, model: Model, slots: int) -> State:
    """No routes yet, and room for so many trips."""
    visits, vehicles = packed.allowed.shape
    nodes, axes = visits + 2 * slots, model.loads.shape[1]
    state = State(
        link=np.full((nodes, 4), -1, np.int32),
        place=np.zeros(nodes, np.int32),
        clock=np.zeros((nodes, 8), np.int64),
        board=np.zeros((nodes if model.mixed else 0, axes), np.int64),
        trip=np.zeros((slots, 9), np.int64),
        load=np.zeros((slots, axes), np.int64),
        vehicle=np.zeros((vehicles, 8), np.int64),
        cost=np.zeros(vehicles),
        discount=np.zeros(visits),
        best_succ=np.full(nodes, -1, np.int32),
        best_head=np.full(vehicles, -1, np.int32),
        best_next=np.full(slots, -1, np.int32),
    )
    state.place[:visits] = packed.place
    state.clock[:, PRE_LATE] = NEVER
    return state


@compiled
def leg_m(model: Model, matrix: int, here: int, there: int) -> int:
    """Metres between places; none to or from an open end."""
    if here < 0 or there < 0:
        return 0
    return int(model.distances_m[matrix, here, there])


@compiled
def leg_s(model: Model, matrix: int, here: int, there: int) -> int:
    if here < 0 or there < 0:
        return 0
    return int(model.durations_s[matrix, here, there])


@compiled
def connect(model: Model, state: State, matrix: int, here: int, there: int) -> int:
    """Let one node follow another in a trip; return the metres between."""
    metres = int(leg_m(model, matrix, state.place[here], state.place[there]))
    state.link[here, SUCC], state.link[here, AHEAD_M] = there, metres
    state.link[there, PRED] = here
    if model.timed:
        state.clock[here, AHEAD_S] = leg_s(model, matrix, state.place[here], state.place[there])
    return metres


@compiled
def work_s(model: Model, visit: int) -> int:
    """The seconds of serving a visit, and of unloading what it loads."""
    return int(model.visit[visit, SERVICE] + model.visit[visit, UNLOAD])


@compiled
def made_by(model: Model, visit: int, vehicle: int) -> int:
    """What making the visit costs by itself if this vehicle does."""
    return int(model.made[visit, vehicle]) if model.picky else 0


@compiled
def count_trip(model: Model, state: State, trip: int, sign: int) -> None:
    """Add a trip to what its vehicle drives and serves, or take it away by a sign of -1."""
    visits, vehicle = len(model.visit), state.trip[trip, VEHICLE]
    metres, seconds, made, node = 0, 0, 0, visits + 2 * trip
    while node != visits + 2 * trip + 1:
        metres += state.link[node, AHEAD_M]
        seconds += state.clock[node, AHEAD_S]
        node = state.link[node, SUCC]
        if node < visits:
            seconds += work_s(model, node)
            made += made_by(model, node, vehicle)
    state.vehicle[vehicle, METRES] += sign * metres
    state.vehicle[vehicle, BUSY_S] += sign * seconds
    state.vehicle[vehicle, MADE] += sign * made


@compiled
def attach_trip(model: Model, state: State, vehicle: int, trip: int, before: int) -> None:
    """Put a trip into the vehicle's chain after trip `before`, -1 for its head; what it drives is not counted."""
    visits = len(model.visit)
    row, day = state.trip[trip], state.vehicle[vehicle]
    after = day[HEAD] if before < 0 else state.trip[before, NEXT]
    row[VEHICLE], row[PART], row[PREV], row[NEXT] = vehicle, day[OWNER], before, after
    start, end = visits + 2 * trip, visits + 2 * trip + 1
    state.place[start] = model.vehicle[vehicle, START]
    state.place[end] = model.vehicle[vehicle, END]
    state.link[start, PRED] = state.link[end, SUCC] = -1
    if before < 0:
        day[HEAD] = trip
    else:
        state.trip[before, NEXT] = trip
        state.link[visits + 2 * before + 1, SUCC] = start
        state.link[start, PRED] = visits + 2 * before + 1
    if after < 0:
        day[TAIL] = trip
    else:
        state.trip[after, PREV] = trip
        state.link[end, SUCC] = visits + 2 * after
        state.link[visits + 2 * after, PRED] = end
    day[TRIPS] += 1


@compiled
def detach_trip(model: Model, state: State, trip: int) -> None:
    """Take a trip out of its vehicle's chain; what it drives is still counted."""
    visits = len(model.visit)
    row = state.trip[trip]
    day = state.vehicle[row[VEHICLE]]
    before, after = row[PREV], row[NEXT]
    end_before = -1 if before < 0 else visits + 2 * before + 1
    start_after = -1 if after < 0 else visits + 2 * after
    if before < 0:
        day[HEAD] = after
    else:
        state.trip[before, NEXT] = after
        state.link[end_before, SUCC] = start_after
    if after < 0:
        day[TAIL] = before
    else:
        state.trip[after, PREV] = before
        state.link[start_after, PRED] = end_before
    day[TRIPS] -= 1


@compiled
def open_trip(model: Model, state: State, vehicle: int, trip: int, before: int) -> None:
    """Put the empty slot `trip` into the vehicle's chain after trip `before`, -1 for its head."""
    row = state.trip[trip]
    row[COUNT], row[RELEASE], row[DUE], row[UNLOADING] = 0, 0, NEVER, 0
    row[ROOM] = model.capacity[vehicle, 0] if model.capacity.shape[1] else 0
    for axis in range(state.load.shape[1]):
        state.load[trip, axis] = 0
    start = len(model.visit) + 2 * trip
    end = start + 1
    state.link[start, TRIP] = state.link[end, TRIP] = trip
    state.link[start, SUCC], state.link[end, PRED] = end, start
    state.link[start, AHEAD_M] = state.link[end, AHEAD_M] = 0
    state.clock[start, AHEAD_S] = state.clock[end, AHEAD_S] = 0
    attach_trip(model, state, vehicle, trip, before)


@compiled
def close_trip(model: Model, state: State, trip: int) -> None:
    """Take an empty trip out of its vehicle's chain."""
    # Without visits it still goes from its start to its end, which may be two places.
    count_trip(model, state, trip, -1)
    detach_trip(model, state, trip)


@compiled
def put_after(model: Model, state: State, node: int, visit: int) -> None:
    """Let the visit follow `node` in its trip; segments are not renewed."""
    after = state.link[node, SUCC]
    trip = state.link[node, TRIP]
    vehicle = state.trip[trip, VEHICLE]
    matrix = model.vehicle[vehicle, MATRIX]
    before_m, before_s = state.link[node, AHEAD_M], state.clock[node, AHEAD_S]
    metres = connect(model, state, matrix, node, visit)
    metres += connect(model, state, matrix, visit, after)
    state.vehicle[vehicle, METRES] += metres - before_m
    seconds = state.clock[node, AHEAD_S] + state.clock[visit, AHEAD_S] - before_s
    state.vehicle[vehicle, BUSY_S] += seconds + work_s(model, visit)
    state.vehicle[vehicle, MADE] += made_by(model, visit, vehicle)
    state.link[visit, TRIP] = trip
    state.trip[trip, COUNT] += 1
    state.trip[trip, RELEASE] = max(state.trip[trip, RELEASE], model.visit[visit, RELEASED])
    state.trip[trip, DUE] = min(state.trip[trip, DUE], model.visit[visit, DUE_BACK])
    state.trip[trip, UNLOADING] += model.visit[visit, UNLOAD]
    for axis in range(state.load.shape[1]):
        state.load[trip, axis] += model.loads[visit, axis]
    if state.load.shape[1]:
        state.trip[trip, ROOM] -= model.loads[visit, 0]


@compiled
def take_out(model: Model, state: State, visit: int) -> None:
    """Take the visit out of its trip; segments, and what `renew_trip` does, are not renewed."""
    trip = state.link[visit, TRIP]
    vehicle = state.trip[trip, VEHICLE]
    before, after = state.link[visit, PRED], state.link[visit, SUCC]
    driven_m = state.link[before, AHEAD_M] + state.link[visit, AHEAD_M]
    driven_s = state.clock[before, AHEAD_S] + state.clock[visit, AHEAD_S]
    direct_m = connect(model, state, model.vehicle[vehicle, MATRIX], before, after)
    state.vehicle[vehicle, METRES] += direct_m - driven_m
    seconds = state.clock[before, AHEAD_S] - driven_s
    state.vehicle[vehicle, BUSY_S] += seconds - work_s(model, visit)
    state.vehicle[vehicle, MADE] -= made_by(model, visit, vehicle)
    state.link[visit, TRIP] = -1
    state.trip[trip, COUNT] -= 1
    for axis in range(state.load.shape[1]):
        state.load[trip, axis] -= model.loads[visit, axis]
    if state.load.shape[1]:
        state.trip[trip, ROOM] += model.loads[visit, 0]


@compiled
def renew_trip(model: Model, state: State, trip: int) -> None:
    """Renew what is known of a trip as a whole: its release, due and unloading, and the fullest moments."""
    visits = len(model.visit)
    release_s, due_s, unloading_s = 0, NEVER, 0
    node = state.link[visits + 2 * trip, SUCC]
    while model.timed and node < visits:
        release_s = max(release_s, model.visit[node, RELEASED])
        due_s = min(due_s, model.visit[node, DUE_BACK])
        unloading_s += model.visit[node, UNLOAD]
        node = state.link[node, SUCC]
    row = state.trip[trip]
    row[RELEASE], row[DUE], row[UNLOADING] = release_s, due_s, unloading_s
    if model.mixed:
        renew_board(model, state, trip)


@compiled
def renew_board(model: Model, state: State, trip: int) -> None:
    """Renew the most on board up to each node of a trip and from it on."""
    visits = len(model.visit)
    dimensions = model.capacity.shape[1]
    link, board = state.link, state.board
    for axis in range(dimensions):
        other = axis + dimensions
        on_board = fullest = state.load[trip, other]
        node = visits + 2 * trip
        while True:
            if node < visits:
                on_board += model.loads[node, axis] - model.loads[node, other]
                on_board += model.carried[node, axis]
                fullest = max(fullest, on_board)
            board[node, axis] = fullest
            board[node, other] = on_board
            if node >= visits and (node - visits) % 2 == 1:
                break
            node = link[node, SUCC]
        fullest = 0
        while True:
            fullest = max(fullest, board[node, other])
            board[node, other] = fullest
            if node == visits + 2 * trip:
                break
            node = link[node, PRED]


@compiled
def paid(model: Model, vehicle: int, seconds: int) -> int:
    """What so many seconds from leaving to return cost."""
    facts = model.vehicle[vehicle]
    return int(seconds * facts[EACH_S] + max(0, seconds - facts[OVER_FROM]) * facts[OVER_S])


@compiled
def price(model: Model, state: State, vehicle: int) -> float:
    """What the vehicle's day costs, by its segments."""
    if state.vehicle[vehicle, HEAD] < 0:
        return 0.0
    driven = model.vehicle[vehicle, EACH_M] * state.vehicle[vehicle, METRES]
    spent = paid(model, vehicle, state.vehicle[vehicle, SECONDS])
    made = state.vehicle[vehicle, MADE]
    return float(model.vehicle[vehicle, FIXED] + driven + spent + made)


@compiled
def keep_best(visits: int, state: State, vehicle: int) -> None:
    """Remember a vehicle's day as part of the best there is."""
    trip = state.vehicle[vehicle, HEAD]
    state.best_head[vehicle] = trip
    while trip >= 0:
        node = visits + 2 * trip
        stop = node + 1
        while node != stop:
            state.best_succ[node] = state.link[node, SUCC]
            node = state.link[node, SUCC]
        state.best_next[trip] = state.trip[trip, NEXT]
        trip = state.trip[trip, NEXT]
