"""
Where on a day a vehicle swaps, compiled: labels carried along the finished order of its visits.

A label says when an element is done at the earliest, how many metres more than straight on were driven, and
how many since the vehicle had its full range. One that is no better than another in any of the three is dropped. Breaks are
not foreseen: `timing` times the ways found, the cheapest first, and takes the first that breaks allow.

The labels stand in the tables of `timing`, behind the columns of its states. The first column there is the answer: by which
swap an element is come to, and in how many seconds; beside row 0, how many metres more the day has.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.vrp.packed import NEVER, NOWHERE, Packed
from routing.vrp.sequence import DEPOT, begin_from, due_of, released_of, unloading_of

LABELS_MAX: Final = 16
"""Labels kept of one element; of more the dearest goes. Chosen, not measured."""

WAY_COLUMNS: Final = 1 + 3 * LABELS_MAX
"""Columns of the tables behind those of the states."""

_EARLIER: Final = 1e-6
"""Breaks ties of cost, as the second price of `insertion` does."""

_DONE: Final = 0
_MORE_M: Final = 1
_SINCE_M: Final = 2
"""Columns of a label in the table. In the origin there stand the label before it and the swap on the way, or -1."""


@njit(cache=True, nogil=True)
def by_way(packed: Packed, vehicle: int) -> bool:
    """Whether the vehicle may swap anywhere."""
    return bool(packed.may_swap[vehicle].any())


@njit(cache=True, nogil=True)
def columns(packed: Packed, vehicle: int) -> int:
    """How wide the tables of the vehicle's days are."""
    states = int(packed.break_from[vehicle + 1] - packed.break_from[vehicle]) + 1
    return states + WAY_COLUMNS if by_way(packed, vehicle) else states


@njit(cache=True, nogil=True)
def may_need(packed: Packed, vehicle: int, sequence: NDArray[np.int64], length: int) -> bool:
    """Whether the day is longer than what is left of the range."""
    if packed.limits[vehicle, 0] >= NEVER:
        return False
    metres = 0
    distances_m = packed.distances_m[packed.matrix[vehicle]]
    here = packed.ends[vehicle, 0]
    for position in range(length + 1):
        visit = sequence[position] if position < length else DEPOT
        there = packed.ends[vehicle, 1] if visit == DEPOT else packed.place[visit]
        if min(here, there) != NOWHERE:
            metres += int(distances_m[here, there])
        here = there
    return bool(metres > packed.limits[vehicle, 0])


@njit(cache=True, nogil=True)
def straight(
    packed: Packed, vehicle: int, length: int, table: NDArray[np.int64], origin: NDArray[np.int64]
) -> None:
    """Write that nothing is swapped."""
    if by_way(packed, vehicle):
        at = packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 1
        table[0, at] = 0
        for row in range(length + 2):
            origin[row, at] = -1


@njit(cache=True, nogil=True)
def swap_s(packed: Packed, swap: int, since_m: int) -> int:
    """How long a swap takes a vehicle that has driven so far since the last one."""
    seconds, charged_m = int(packed.swaps[swap, 1]), int(packed.swaps[swap, 2])
    if charged_m > 0:
        seconds += (60 * max(0, since_m) + charged_m - 1) // charged_m
    return seconds


@njit(cache=True, nogil=True)
def ways(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    leave_s: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> None:
    """Write the labels of all elements. O(visits · labels² · swaps)."""
    if not by_way(packed, vehicle):
        return
    first = packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 2
    for row in range(length + 2):
        for label in range(LABELS_MAX):
            table[row, first + 3 * label] = NEVER
    table[0, first + _DONE] = max(
        leave_s, int(packed.shift[vehicle, 0]), released_of(packed, sequence, length, 0)
    )
    table[0, first + _MORE_M], table[0, first + _SINCE_M] = 0, -packed.swapped_at_m[vehicle]
    durations_s = packed.durations_s[packed.matrix[vehicle]]
    distances_m = packed.distances_m[packed.matrix[vehicle]]
    range_m = packed.limits[vehicle, 0] - packed.swapped_at_m[vehicle]
    here = packed.ends[vehicle, 0]
    for row in range(1, length + 2):
        visit = sequence[row - 1] if row <= length else DEPOT
        there = packed.ends[vehicle, 1] if visit == DEPOT else packed.place[visit]
        ends_open = min(here, there) == NOWHERE
        direct_m = 0 if ends_open else int(distances_m[here, there])
        due_s, release_s, unloading_s = NEVER, 0, 0
        if visit == DEPOT:
            due_s = due_of(packed, sequence, row - 1)
            release_s = released_of(packed, sequence, length, row)
            unloading_s = unloading_of(packed, sequence, row - 1)
        for before in range(LABELS_MAX):
            at = first + 3 * before
            done_s, since_m = int(table[row - 1, at + _DONE]), int(table[row - 1, at + _SINCE_M])
            if done_s >= NEVER:
                continue
            for swap in range(-1, 0 if ends_open else packed.may_swap.shape[1]):
                drive_s, more_m, left_m = 0, 0, since_m + direct_m
                if swap >= 0:
                    if not packed.may_swap[vehicle, swap]:
                        continue
                    place = packed.swaps[swap, 0]
                    to_m, onward_m = int(distances_m[here, place]), int(distances_m[place, there])
                    if since_m + to_m > range_m:
                        continue
                    if max(durations_s[here, place], durations_s[place, there]) >= UNREACHABLE:
                        continue
                    drive_s = int(durations_s[here, place]) + int(durations_s[place, there])
                    drive_s += swap_s(packed, swap, since_m + to_m)
                    more_m, left_m = to_m + onward_m - direct_m, onward_m
                elif not ends_open:
                    drive_s = int(durations_s[here, there])
                if left_m > range_m or drive_s >= UNREACHABLE:
                    continue
                moment_s = done_s + drive_s + unloading_s
                if visit != DEPOT:
                    moment_s = begin_from(packed, visit, moment_s) + packed.service_s[visit]
                elif moment_s > due_s or moment_s > packed.shift[vehicle, 1]:
                    continue
                elif row <= length:
                    moment_s = max(moment_s + packed.turnaround_s[vehicle], release_s)
                if moment_s < NEVER:
                    more_m += int(table[row - 1, at + _MORE_M])
                    _keep(
                        packed, vehicle, row, first, moment_s, more_m, left_m, before, swap, table, origin
                    )  # fmt: skip
        here = there


@njit(cache=True, nogil=True)
def _keep(
    packed: Packed,
    vehicle: int,
    row: int,
    first: int,
    moment_s: int,
    more_m: int,
    since_m: int,
    before: int,
    swap: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> None:
    """Write a label unless another is as good, over one that is no better or the dearest. Of equal ones the later swap is kept."""
    free, dearest = -1, -1
    for label in range(LABELS_MAX):
        at = first + 3 * label
        if table[row, at + _DONE] >= NEVER:
            free = label
            continue
        done_s, driven_m = table[row, at + _DONE], table[row, at + _MORE_M]
        left_m = table[row, at + _SINCE_M]
        is_better = done_s < moment_s or driven_m < more_m or left_m < since_m
        is_as_good = done_s <= moment_s and driven_m <= more_m and left_m <= since_m
        if is_as_good and (is_better or swap < 0):
            return
        if done_s >= moment_s and driven_m >= more_m and left_m >= since_m:
            table[row, at + _DONE] = NEVER
            free = label
        elif dearest < 0 or _price(packed, vehicle, row, at, table) > _price(
            packed, vehicle, row, first + 3 * dearest, table
        ):
            dearest = label
    if free < 0:
        free = dearest
        at = first + 3 * free
        if _paid(packed, vehicle, moment_s, more_m) >= _price(packed, vehicle, row, at, table):
            return
    at = first + 3 * free
    table[row, at + _DONE], table[row, at + _MORE_M] = moment_s, more_m
    table[row, at + _SINCE_M] = since_m
    origin[row, at], origin[row, at + 1] = before, swap


@njit(cache=True, nogil=True)
def _price(packed: Packed, vehicle: int, row: int, at: int, table: NDArray[np.int64]) -> float:
    """What the label that stands at this column costs."""
    return float(_paid(packed, vehicle, table[row, at + _DONE], table[row, at + _MORE_M]))


@njit(cache=True, nogil=True)
def _paid(packed: Packed, vehicle: int, done_s: int, more_m: int) -> float:
    """Metres and all seconds up to a moment, as if leaving were given; of what costs the same the earlier is cheaper."""
    each_m, each_s = packed.prices[vehicle, 1], packed.prices[vehicle, 2]
    return float(done_s * each_s + more_m * each_m) + _EARLIER * done_s


@njit(cache=True, nogil=True)
def next_way(
    packed: Packed,
    vehicle: int,
    sequence: NDArray[np.int64],
    length: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> bool:
    """Write the cheapest of the ways that are left as the answer, and strike it out; False: there is none."""
    if not by_way(packed, vehicle):
        return False
    answer = packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 1
    first, last = answer + 1, length + 1
    best = -1
    for label in range(LABELS_MAX):
        at = first + 3 * label
        if table[last, at + _DONE] < NEVER and (
            best < 0
            or _price(packed, vehicle, last, at, table)
            < _price(packed, vehicle, last, first + 3 * best, table)
        ):
            best = label
    if best < 0:
        return False
    table[0, answer] = table[last, first + 3 * best + _MORE_M]
    table[last, first + 3 * best + _DONE] = NEVER
    durations_s = packed.durations_s[packed.matrix[vehicle]]
    distances_m = packed.distances_m[packed.matrix[vehicle]]
    label = best
    for row in range(last, 0, -1):
        at = first + 3 * label
        label, swap = int(origin[row, at]), int(origin[row, at + 1])
        origin[row, answer] = swap
        if swap >= 0:
            here = _place(packed, vehicle, sequence, length, row - 1)
            there = _place(packed, vehicle, sequence, length, row)
            place = packed.swaps[swap, 0]
            since_m = table[row - 1, first + 3 * label + _SINCE_M] + distances_m[here, place]
            table[row, answer] = (
                int(durations_s[here, place])
                + int(durations_s[place, there])
                + swap_s(packed, swap, since_m)
            )
    return True


@njit(cache=True, nogil=True)
def _place(packed: Packed, vehicle: int, sequence: NDArray[np.int64], length: int, row: int) -> int:
    """Where a row of the tables is: 0 where the vehicle starts, then its elements, at last where it ends."""
    if row == 0:
        return int(packed.ends[vehicle, 0])
    if row > length or sequence[row - 1] == DEPOT:
        return int(packed.ends[vehicle, 1])
    return int(packed.place[sequence[row - 1]])
