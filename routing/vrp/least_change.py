"""By how little one number must change for a visit to fit into a vehicle's day, by the exact schedule."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.insertion import INFINITE, added, leg, place_prices, put
from routing.vrp.packed import Packed
from routing.vrp.sequence import DEPOT
from routing.vrp.swaps import columns
from routing.vrp.timing import busy_s, fits


class Knob(IntEnum):
    """What may be changed: each grows what is allowed, so that more of it never fits less."""

    SHIFT_END = 0
    SHIFT_START = 1
    WINDOW_END = 2
    WINDOW_START = 3
    DUE = 4
    RANGE = 5


@njit(cache=True, nogil=True)
def least_steps(
    packed: Packed,
    vehicle: int,
    route: NDArray[np.int64],
    length: int,
    visit: int,
    knob: int,
    window: int,
    step: int,
    most: int,
) -> tuple[int, float, int, int]:
    """
    Return the fewest steps of `step` with which the visit fits somewhere into the route, and price,
    position and kind (see `put`) of the cheapest place that it then has; `most` + 1 steps if none.

    `window` is a row of `packed.windows`, read for a window's knobs only. `packed` is written to and
    put back. Exact but where days have a longest duration: there a day is looked at that is back as
    early as can be, and a later one might need less. O(places) schedules and some.
    """
    if most < 1 or not packed.allowed[visit, vehicle]:
        return most + 1, INFINITE, -1, 0
    _turn(packed, vehicle, visit, knob, window, most * step)
    prices = place_prices(packed, vehicle, route, length, visit).reshape(-1)
    _turn(packed, vehicle, visit, knob, window, -most * step)

    attempt = np.empty(length + 2, dtype=np.int64)
    width = columns(packed, vehicle)
    table = np.empty((length + 4, width), dtype=np.int64)
    origin = np.empty((length + 4, width), dtype=np.int64)
    best = most + 1
    for place in range(len(prices)):
        if prices[place] >= INFINITE or best == 0:
            continue
        grown = put(attempt, length, visit, place // 3, place % 3, route)
        low, high = 0, best  # the first question is whether this place beats the best at all
        middle = best - 1
        while low < high:
            _turn(packed, vehicle, visit, knob, window, middle * step)
            if fits(packed, vehicle, attempt, grown, table, origin):
                high = middle
            else:
                low = middle + 1
            _turn(packed, vehicle, visit, knob, window, -middle * step)
            middle = (low + high) // 2
        best = high
    if best > most:
        return most + 1, INFINITE, -1, 0

    _turn(packed, vehicle, visit, knob, window, best * step)
    place = int(np.argmin(prices))
    while prices[place] < INFINITE:
        grown = put(attempt, length, visit, place // 3, place % 3, route)
        if fits(packed, vehicle, attempt, grown, table, origin):
            break
        prices[place] = INFINITE
        place = int(np.argmin(prices))
    _turn(packed, vehicle, visit, knob, window, -best * step)
    return best, float(prices[place]), place // 3, place % 3


@njit(cache=True, nogil=True)
def _turn(packed: Packed, vehicle: int, visit: int, knob: int, window: int, amount: int) -> None:
    if knob == Knob.SHIFT_END:
        packed.shift[vehicle, 1] += amount
    elif knob == Knob.SHIFT_START:
        packed.shift[vehicle, 0] -= amount
    elif knob == Knob.WINDOW_END:
        packed.windows[window, 1] += amount
    elif knob == Knob.WINDOW_START:
        packed.windows[window, 0] -= amount
    elif knob == Knob.DUE:
        packed.due_s[visit] += amount
    else:
        packed.limits[vehicle, 0] += amount


@njit(cache=True, nogil=True)
def detours(
    packed: Packed, routes: NDArray[np.int64], lengths: NDArray[np.int64], visit: int
) -> NDArray[np.float64]:
    """
    For each vehicle about what the visit adds to it at least, whether it fits or not; INFINITE where
    the vehicle may not make it. `routes` has shape (vehicles, …), padded with DEPOT.
    """
    prices = np.full(len(lengths), INFINITE)
    for vehicle in range(len(lengths)):
        if not packed.allowed[visit, vehicle]:
            continue
        length = lengths[vehicle]
        for position in range(length + 1):
            before = routes[vehicle, position - 1] if position > 0 else DEPOT
            after = routes[vehicle, position] if position < length else DEPOT
            price = added(packed, vehicle, before, after, visit, 0)
            prices[vehicle] = min(prices[vehicle], price)
        if length == 0:
            prices[vehicle] += packed.prices[vehicle, 0]
        if packed.made.shape[1] > 0:
            prices[vehicle] += packed.made[visit, vehicle]
    return prices


@njit(cache=True, nogil=True)
def day_price(packed: Packed, vehicle: int, route: NDArray[np.int64], length: int) -> float:
    """About what a vehicle's day costs, if it never waits, rests or works overtime; 0 at home."""
    if length == 0:
        return 0.0
    start_place, end_place = packed.ends[vehicle, 0], packed.ends[vehicle, 1]
    here, metres = start_place, 0
    for position in range(length + 1):
        visit = route[position] if position < length else DEPOT
        there = end_place if visit == DEPOT else packed.place[visit]
        metres += leg(packed, vehicle, here, there)[0]
        here = start_place if visit == DEPOT else there
    seconds = busy_s(packed, vehicle, route, length)
    prices = packed.prices[vehicle]
    return float(prices[0] + prices[1] * metres + prices[2] * seconds)
