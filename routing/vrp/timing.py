"""
The earliest times of one vehicle's day, compiled: windows, breaks, trips, due moments, limits.

A day is a sequence of visits in which DEPOT separates trips. A state counts the breaks taken so far
and keeps the earliest moment for that count. Earlier is never worse: a vehicle that is early may
wait. So the table is exact for breaks taken in the order of `packed.break_order`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.vrp.packed import NEVER, NOWHERE, Packed
from routing.vrp.sequence import DEPOT, begin_from, due_of, released_of, unloading_of
from routing.vrp.swaps import by_way, columns, may_need, next_way, straight, ways


@njit(cache=True, nogil=True)
def earliest(
    packed: Packed, vehicle: int, sequence: NDArray[np.int64], length: int, leave_s: int
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """
    Return the earliest end of the last trip, NEVER if there is none, and the table that leads to it.

    The table has shape (length + 2, B + 1), B the vehicle's breaks: row 0 the moments to leave,
    row i + 1 the departures from element i, the last row the ends of the last trip. Beside it, for each
    cell, the state before it: 2⁸·(breaks before) + (breaks taken in the drive). Loads, range, due
    moments and the shift are looked at, the duration limit is not (it depends on when one leaves).

    Behind these columns, of vehicles that may swap, stands by which way each element is come to (`swaps`).
    """
    table = np.empty((length + 2, columns(packed, vehicle)), dtype=np.int64)
    origin = np.empty((length + 2, columns(packed, vehicle)), dtype=np.int64)
    return earliest_into(packed, vehicle, sequence, length, leave_s, table, origin), table, origin


@njit(cache=True, nogil=True)
def earliest_into(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    leave_s: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> int:
    """`earliest` with its two tables in arrays that are there, and may be larger than needed."""
    if not _loads_and_trips_fit(packed, vehicle, sequence, length):
        _clear(packed, vehicle, length, table, origin)
        return NEVER
    if not may_need(packed, vehicle, sequence, length):
        straight(packed, vehicle, length, table, origin)
        return _earliest_by_way(packed, vehicle, sequence, length, leave_s, table, origin)
    ways(packed, vehicle, sequence, length, leave_s, table, origin)
    while next_way(packed, vehicle, sequence, length, table, origin):
        finish_s = _earliest_by_way(packed, vehicle, sequence, length, leave_s, table, origin)
        if finish_s < NEVER:
            return finish_s
    _clear(packed, vehicle, length, table, origin)
    return NEVER


@njit(cache=True, nogil=True)
def _clear(
    packed: Packed, vehicle: int, length: int, table: NDArray[np.int64], origin: NDArray[np.int64]
) -> None:
    """Nothing is reached."""
    for row in range(length + 2):
        for taken in range(packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 1):
            table[row, taken], origin[row, taken] = NEVER, 0


@njit(cache=True, nogil=True)
def _earliest_by_way(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    leave_s: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> int:
    """`earliest_into` for one choice of swaps, which stands in the tables."""
    first_break = packed.break_from[vehicle]
    breaks = packed.breaks[first_break : packed.break_from[vehicle + 1]]
    states = len(breaks) + 1
    _clear(packed, vehicle, length, table, origin)
    swaps = by_way(packed, vehicle)

    clock_s = 0
    table[0, 0] = max(
        leave_s, int(packed.shift[vehicle, 0]), released_of(packed, sequence, length, 0)
    )
    for taken in range(1, states):  # before leaving
        clock_s = max(clock_s, int(breaks[taken - 1, 0]))
        if clock_s > breaks[taken - 1, 1]:
            break
        clock_s += int(breaks[taken - 1, 2])
        table[0, taken] = max(table[0, 0], clock_s)

    start_place, end_place = packed.ends[vehicle, 0], packed.ends[vehicle, 1]
    durations_s = packed.durations_s[packed.matrix[vehicle]]
    here = start_place
    for row in range(1, length + 2):
        visit = sequence[row - 1] if row <= length else DEPOT
        there = end_place if visit == DEPOT else packed.place[visit]
        drive_s = 0
        if min(here, there) != NOWHERE:
            drive_s = int(durations_s[here, there])
        if swaps and origin[row, states] >= 0:
            drive_s = int(table[row, states])
        if drive_s >= UNREACHABLE:
            return NEVER
        due_s, release_s, unloading_s = NEVER, 0, 0
        if visit == DEPOT:
            due_s = due_of(packed, sequence, row - 1)
            unloading_s = unloading_of(packed, sequence, row - 1)
            release_s = released_of(packed, sequence, length, row)
        reachable = False
        for before in range(states):
            depart_s = int(table[row - 1, before])
            if depart_s >= NEVER:
                continue
            for driven in range(before, states):
                arrival_s = _arrival_s(breaks, before, driven, depart_s, drive_s)
                if arrival_s + unloading_s > due_s:
                    break
                clock_s = over_s = arrival_s + unloading_s
                turning_s = int(packed.turnaround_s[vehicle])  # it goes on until a break begins
                for after in range(driven, states):
                    if after > driven:
                        start_s = max(clock_s, int(breaks[after - 1, 0]))
                        if start_s > breaks[after - 1, 1]:
                            break
                        turning_s -= min(turning_s, start_s - clock_s)
                        clock_s = start_s + int(breaks[after - 1, 2])
                    if visit != DEPOT:
                        moment_s = begin_from(packed, visit, clock_s) + packed.service_s[visit]
                    elif row <= length:
                        moment_s = max(clock_s + turning_s, release_s)
                    else:  # what is rested after the return delays nothing
                        moment_s = over_s
                    if moment_s < table[row, after]:
                        table[row, after] = moment_s
                        origin[row, after] = before * 256 + driven
                        reachable = True
        if not reachable:
            return NEVER
        here = there
    finish_s = int(table[length + 1, states - 1])
    return finish_s if finish_s <= packed.shift[vehicle, 1] else NEVER


@njit(cache=True, nogil=True)
def busy_s(packed: Packed, vehicle: int, sequence: NDArray[np.int64], length: int) -> int:
    """Return the seconds of driving, services, unloading and turnarounds: no day takes less."""
    durations_s = packed.durations_s[packed.matrix[vehicle]]
    here, seconds = packed.ends[vehicle, 0], 0
    for position in range(length + 1):
        visit = sequence[position] if position < length else DEPOT
        there = packed.ends[vehicle, 1] if visit == DEPOT else packed.place[visit]
        if min(here, there) != NOWHERE:
            seconds += int(durations_s[here, there])
        if visit != DEPOT:
            seconds += int(packed.service_s[visit] + packed.unload_s[visit])
        elif position < length:
            seconds += int(packed.turnaround_s[vehicle])
        here = there
    return seconds


@njit(cache=True, nogil=True)
def latest_leave(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    finish_s: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> int:
    """
    Return the last moment to leave at which `finish_s`, an earliest return, is still kept.

    Who leaves too late by some seconds is mostly back as many too late: so it is guessed, and found
    by halves where the guess is wrong. The tables are room to work in: (length + 2, `columns`) at least.
    """
    low_s = int(packed.shift[vehicle, 0])  # this does, and nothing after high_s
    high_s = max(low_s, finish_s - busy_s(packed, vehicle, sequence, length))
    while low_s < high_s:
        back_s = earliest_into(packed, vehicle, sequence, length, high_s, table, origin)
        if back_s <= finish_s:
            return high_s
        guess_s = high_s - (back_s - finish_s)
        high_s -= 1
        for probe_s in (guess_s, (low_s + high_s + 1) // 2):
            if low_s < probe_s <= high_s:
                back_s = earliest_into(packed, vehicle, sequence, length, probe_s, table, origin)
                if back_s <= finish_s:
                    low_s = probe_s
                else:
                    high_s = probe_s - 1
        if low_s < high_s:
            back_s = earliest_into(packed, vehicle, sequence, length, low_s + 1, table, origin)
            if back_s > finish_s:
                return low_s
            low_s += 1
    return low_s


@njit(cache=True, nogil=True)
def fits(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> bool:
    """
    Whether the vehicle can drive the sequence, by leaving so that it is back as early as can be.

    The tables are room to work in: (length + 2, `columns`) at least.
    """
    return day_s(packed, vehicle, sequence, length, table, origin, False) < NEVER


@njit(cache=True, nogil=True)
def day_s(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
    exactly: bool,
) -> int:
    """
    Return the seconds from leaving to return of a day that is back as early as can be and leaves as
    late as that allows; NEVER if it cannot be driven so, and perhaps too many if not `exactly`.

    The tables are room to work in: (length + 2, `columns`) at least.
    """
    leave_s, limit_s = int(packed.shift[vehicle, 0]), packed.limits[vehicle, 1]
    finish_s = earliest_into(packed, vehicle, sequence, length, leave_s, table, origin)
    if finish_s >= NEVER:
        return NEVER
    if exactly or finish_s - leave_s > limit_s:
        leave_s = latest_leave(packed, vehicle, sequence, length, finish_s, table, origin)
        if by_way(packed, vehicle):  # the tables shall say by which way that is
            earliest_into(packed, vehicle, sequence, length, leave_s, table, origin)
    return finish_s - leave_s if finish_s - leave_s <= limit_s else NEVER


@njit(cache=True, nogil=True)
def _loads_and_trips_fit(
    packed: Packed, vehicle: int, sequence: NDArray[np.int64], length: int
) -> bool:
    trips = 1
    for position in range(length):
        trips += sequence[position] == DEPOT
    if trips > packed.limits[vehicle, 2]:
        return False
    if not _pairs_hold(packed, sequence, length):
        return False
    for axis in range(packed.loads.shape[1]):
        fetched = fullest = 0  # the most on board so far, given what is brought up to here
        for position in range(length):
            visit = sequence[position]
            if visit == DEPOT:
                fetched = fullest = 0
                continue
            fetched += packed.loads[visit, axis]
            if packed.brings[visit] >= 0:
                fetched -= packed.loads[packed.brings[visit], axis]
            fullest = max(fullest + packed.deliveries[visit, axis], fetched)
            if fullest > packed.capacities[vehicle, axis]:
                return False
    return True


@njit(cache=True, nogil=True)
def _pairs_hold(packed: Packed, sequence: NDArray[np.int64], length: int) -> bool:
    """Whether both halves of each pair are there, in order and in one trip."""
    for position in range(length):
        visit = sequence[position]
        if visit == DEPOT:
            continue
        other, step = packed.brings[visit], -1
        if other < 0:
            other, step = packed.brought_by[visit], 1
        if other < 0:
            continue
        at = position + step
        while 0 <= at < length and sequence[at] != DEPOT and sequence[at] != other:
            at += step
        if not 0 <= at < length or sequence[at] == DEPOT:
            return False
    return True


@njit(cache=True, nogil=True)
def _arrival_s(
    breaks: NDArray[np.int64], before: int, driven: int, depart_s: int, drive_s: int
) -> int:
    """The arrival if breaks `before` … `driven` interrupt the drive as soon as each may; or NEVER."""
    clock_s, left_s = depart_s, drive_s
    for number in range(before, driven):
        start_s = max(clock_s, int(breaks[number, 0]))
        if start_s > breaks[number, 1] or start_s >= clock_s + left_s:
            return NEVER
        left_s -= start_s - clock_s
        clock_s = start_s + int(breaks[number, 2])
    return clock_s + left_s
