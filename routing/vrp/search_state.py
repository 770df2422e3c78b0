"""
Routes that a search changes in place: linked visits, and for each what lies before and after it.

A trip is a list of nodes between two of its own, its start and its end; a vehicle drives a chain of
trips. Nodes are the visits 0 … V - 1, then start V + 2t and end V + 2t + 1 of each trip t. Every node
keeps the segment of the vehicle's day up to it and the one from it on, so that a visit is tried
between two nodes in constant time (Vidal, Crainic, Gendreau and Prins, "A hybrid genetic algorithm
with adaptive diversity management for a large class of vehicle routing problems with time-windows",
Computers & Operations Research 40, 2013).

A segment is (seconds it takes at least, earliest and latest moment to begin it so that it takes no
longer). Several windows of a visit count as one from the first to the last, and breaks not at all:
what a segment allows may still be impossible, what it forbids is (`Model.exact`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.model import (
    CLOSES,
    DUE_BACK,
    EACH_M,
    EACH_S,
    END,
    FIXED,
    FROM_S,
    LONGEST_S,
    MATRIX,
    OPENS,
    OVER_FROM,
    OVER_S,
    RANGE_M,
    RELEASED,
    SERVICE,
    START,
    TURNAROUND,
    UNTIL_S,
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
it is, the seconds of driving and serving, and what its visits cost by themselves."""


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
    trip: NDArray[np.int64]  # (T, 8)
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
        trip=np.zeros((slots, 8), np.int64),
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
def join(
    first_s: int,
    first_early: int,
    first_late: int,
    drive_s: int,
    next_s: int,
    early: int,
    late: int,
) -> tuple[int, int, int]:
    """Two segments and the drive between as one; the second must not be reached too late."""
    until_s = first_s + drive_s
    wait_s = max(early - until_s - first_late, 0)
    return (
        until_s + next_s + wait_s,
        max(early - until_s, first_early) - wait_s,
        min(late - until_s, first_late),
    )


@compiled
def alone(model: Model, state: State, node: int) -> tuple[int, int, int]:
    """The segment of one node: a service, a trip's leaving, or its return with the turnaround."""
    visits = len(model.visit)
    if node < visits:
        return model.visit[node, SERVICE], model.visit[node, OPENS], model.visit[node, CLOSES]
    trip = (node - visits) // 2
    vehicle = state.trip[trip, VEHICLE]
    until_s = model.vehicle[vehicle, UNTIL_S]
    if (node - visits) % 2 == 0:
        return 0, max(state.trip[trip, RELEASE], model.vehicle[vehicle, FROM_S]), until_s
    stay_s = model.vehicle[vehicle, TURNAROUND] if state.trip[trip, NEXT] >= 0 else 0
    return stay_s, 0, min(state.trip[trip, DUE], until_s)


@compiled
def renew_after(model: Model, state: State, node: int, whole: bool) -> bool:
    """
    Renew what lies up to `node`, and up to all that follow it in the vehicle's day; tell whether
    none of these is too late. It may be where the way past a visit taken out is longer than by it.

    Where seconds are neither paid nor limited, only the earliest moments are kept; then, but for a
    `whole` day that has changed in many places, the rest stands once a moment has not changed.
    """
    link, clock = state.link, state.clock
    before = link[node, PRED]
    took_s, from_s, by_s = alone(model, state, node)
    in_time = True
    if not model.priced:
        ready_s = from_s + took_s
        if before >= 0:
            ready_s = max(clock[before, READY] + clock[before, AHEAD_S], from_s) + took_s
        while True:
            clock[node, READY] = clock[node, PRE_EARLY] = ready_s
            drive_s = clock[node, AHEAD_S]
            node = link[node, SUCC]
            if node < 0:
                return bool(in_time)
            own_s, early, late = alone(model, state, node)
            in_time &= ready_s + drive_s <= late
            ready_s = max(ready_s + drive_s, early) + own_s
            if ready_s == clock[node, READY] and not whole:
                return bool(in_time)
    if before >= 0:
        took_s, from_s, by_s = join(
            clock[before, PRE_S],
            clock[before, PRE_EARLY],
            clock[before, PRE_LATE],
            clock[before, AHEAD_S],
            took_s,
            from_s,
            by_s,
        )
    while True:
        clock[node, PRE_S], clock[node, PRE_EARLY], clock[node, PRE_LATE] = took_s, from_s, by_s
        clock[node, READY] = took_s + from_s
        drive_s = clock[node, AHEAD_S]
        node = link[node, SUCC]
        if node < 0:
            return bool(in_time)
        own_s, early, late = alone(model, state, node)
        in_time &= took_s + from_s + drive_s <= late
        took_s, from_s, by_s = join(took_s, from_s, by_s, drive_s, own_s, early, late)


@compiled
def renew_before(model: Model, state: State, node: int, whole: bool) -> None:
    """Renew what lies from `node` on, and from all that precede it, as `renew_after` does."""
    link, clock = state.link, state.clock
    after = link[node, SUCC]
    took_s, from_s, by_s = alone(model, state, node)
    if not model.priced:
        late_s = by_s
        if after >= 0:
            late_s = min(late_s, clock[after, SUF_LATE] - clock[node, AHEAD_S] - took_s)
        while True:
            clock[node, SUF_LATE] = late_s
            node = link[node, PRED]
            if node < 0:
                return
            own_s, _, late = alone(model, state, node)
            late_s = min(late, late_s - clock[node, AHEAD_S] - own_s)
            if late_s == clock[node, SUF_LATE] and not whole:
                return
    if after >= 0:
        took_s, from_s, by_s = join(
            took_s,
            from_s,
            by_s,
            clock[node, AHEAD_S],
            clock[after, SUF_S],
            clock[after, SUF_EARLY],
            clock[after, SUF_LATE],
        )
    while True:
        clock[node, SUF_S], clock[node, SUF_EARLY], clock[node, SUF_LATE] = took_s, from_s, by_s
        node = link[node, PRED]
        if node < 0:
            return
        own_s, early, late = alone(model, state, node)
        took_s, from_s, by_s = join(own_s, early, late, clock[node, AHEAD_S], took_s, from_s, by_s)


@compiled
def renew(model: Model, state: State, vehicle: int) -> bool:
    """Renew all that is known of a vehicle's day; tell whether it keeps its times and limits."""
    day = state.vehicle[vehicle]
    if day[HEAD] < 0:
        return True
    in_bounds = bool(day[METRES] <= model.vehicle[vehicle, RANGE_M])
    if not model.timed:
        return in_bounds
    start = len(model.visit) + 2 * day[HEAD]
    in_bounds &= renew_after(model, state, start, True)
    renew_before(model, state, len(model.visit) + 2 * day[TAIL] + 1, True)
    day[SECONDS] = state.clock[start, SUF_S]
    return in_bounds and bool(day[SECONDS] <= model.vehicle[vehicle, LONGEST_S])


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
            seconds += model.visit[node, SERVICE]
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
    row[COUNT], row[RELEASE], row[DUE] = 0, 0, NEVER
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
    state.vehicle[vehicle, BUSY_S] += seconds + model.visit[visit, SERVICE]
    state.vehicle[vehicle, MADE] += made_by(model, visit, vehicle)
    state.link[visit, TRIP] = trip
    state.trip[trip, COUNT] += 1
    state.trip[trip, RELEASE] = max(state.trip[trip, RELEASE], model.visit[visit, RELEASED])
    state.trip[trip, DUE] = min(state.trip[trip, DUE], model.visit[visit, DUE_BACK])
    for axis in range(state.load.shape[1]):
        state.load[trip, axis] += model.loads[visit, axis]
    if state.load.shape[1]:
        state.trip[trip, ROOM] -= model.loads[visit, 0]


@compiled
def take_out(model: Model, state: State, visit: int) -> None:
    """Take the visit out of its trip; segments, and the trip's release and due, are not renewed."""
    trip = state.link[visit, TRIP]
    vehicle = state.trip[trip, VEHICLE]
    before, after = state.link[visit, PRED], state.link[visit, SUCC]
    driven_m = state.link[before, AHEAD_M] + state.link[visit, AHEAD_M]
    driven_s = state.clock[before, AHEAD_S] + state.clock[visit, AHEAD_S]
    direct_m = connect(model, state, model.vehicle[vehicle, MATRIX], before, after)
    state.vehicle[vehicle, METRES] += direct_m - driven_m
    seconds = state.clock[before, AHEAD_S] - driven_s
    state.vehicle[vehicle, BUSY_S] += seconds - model.visit[visit, SERVICE]
    state.vehicle[vehicle, MADE] -= made_by(model, visit, vehicle)
    state.link[visit, TRIP] = -1
    state.trip[trip, COUNT] -= 1
    for axis in range(state.load.shape[1]):
        state.load[trip, axis] -= model.loads[visit, axis]
    if state.load.shape[1]:
        state.trip[trip, ROOM] += model.loads[visit, 0]


@compiled
def renew_trip(model: Model, state: State, trip: int) -> None:
    """Renew what is known of a trip as a whole: its release and due, and the fullest moments."""
    visits = len(model.visit)
    release_s, due_s = 0, NEVER
    node = state.link[visits + 2 * trip, SUCC]
    while model.timed and node < visits:
        release_s = max(release_s, model.visit[node, RELEASED])
        due_s = min(due_s, model.visit[node, DUE_BACK])
        node = state.link[node, SUCC]
    state.trip[trip, RELEASE], state.trip[trip, DUE] = release_s, due_s
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
