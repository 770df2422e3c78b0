"""
Segments of a vehicle's day: joined in constant time, and renewed along a day that has changed.

A segment is (seconds it takes at least, earliest and latest moment to begin it so that it takes no
longer). Several windows of a visit count as one from the first to the last, and breaks not at all:
what a segment allows may still be impossible, what it forbids is (`model.EXACT`).
"""

from __future__ import annotations

from routing.vrp.model import (
    CLOSES,
    FROM_S,
    LONGEST_S,
    OPENS,
    RANGE_M,
    SERVICE,
    TURNAROUND,
    UNTIL_S,
    Model,
)
from routing.vrp.packed import NEVER
from routing.vrp.search_state import (
    AHEAD_S,
    DUE,
    HEAD,
    METRES,
    NEXT,
    PRE_EARLY,
    PRE_LATE,
    PRE_S,
    PRED,
    READY,
    RELEASE,
    SECONDS,
    SUCC,
    SUF_EARLY,
    SUF_LATE,
    SUF_S,
    TAIL,
    UNLOADING,
    VEHICLE,
    State,
    compiled,
)


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
    """The segment of one node: a service, a trip's leaving, or its return with unloading and the turnaround."""
    visits = len(model.visit)
    if node < visits:
        return model.visit[node, SERVICE], model.visit[node, OPENS], model.visit[node, CLOSES]
    trip = (node - visits) // 2
    vehicle = state.trip[trip, VEHICLE]
    until_s = model.vehicle[vehicle, UNTIL_S]
    if (node - visits) % 2 == 0:
        return 0, max(state.trip[trip, RELEASE], model.vehicle[vehicle, FROM_S]), until_s
    unloading_s = state.trip[trip, UNLOADING]
    stay_s = model.vehicle[vehicle, TURNAROUND] if state.trip[trip, NEXT] >= 0 else 0
    return unloading_s + stay_s, 0, min(state.trip[trip, DUE], until_s) - unloading_s


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
def day_with_s(
    model: Model, state: State, number: int, beyond: int, took_s: int, from_s: int, by_s: int
) -> int:
    """
    The seconds of a vehicle's day with one more trip, whose segment from leaving to return is given,
    after its trip `beyond`, -1 for before all; NEVER if something is late or the day too long.
    """
    facts, clock, visits = model.vehicle[number], state.clock, len(model.visit)
    after = state.vehicle[number, HEAD] if beyond < 0 else state.trip[beyond, NEXT]
    if beyond >= 0:
        prior = clock[visits + 2 * beyond + 1]
        # The last trip of a day has no turnaround in its segment yet.
        turn_s = facts[TURNAROUND] if after < 0 else 0
        if prior[READY] + turn_s > by_s:
            return NEVER
        took_s, from_s, by_s = join(
            prior[PRE_S], prior[PRE_EARLY], prior[PRE_LATE], turn_s, took_s, from_s, by_s
        )
    if after >= 0:
        rest = clock[visits + 2 * after]
        if took_s + from_s + facts[TURNAROUND] > rest[SUF_LATE]:
            return NEVER
        took_s, _, _ = join(
            took_s, from_s, by_s, facts[TURNAROUND], rest[SUF_S], rest[SUF_EARLY], rest[SUF_LATE]
        )
    return int(took_s) if took_s <= facts[LONGEST_S] else NEVER
