"""The cheapest place of one visit in one sequence, by the exact schedule: what reasons are found with."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.packed import NOWHERE, Packed
from routing.vrp.sequence import DEPOT
from routing.vrp.swaps import columns
from routing.vrp.timing import earliest, fits

INFINITE: Final = 1e300
"""The price of a place that does not exist."""

_SECOND_PRICE: Final = 1e-6
"""Breaks ties of cost by time on the road, so that a problem without prices is still solved well."""


def cheapest_place(
    packed: Packed, vehicle: int, sequence: NDArray[np.int64], visit: int
) -> float | None:
    """About what the visit adds in its cheapest place in this sequence; None if it fits nowhere. Waiting and overtime are not foreseen."""
    width = len(sequence) + 3
    route = np.full(width, DEPOT, dtype=np.int64)
    route[: len(sequence)] = sequence
    price, _, _ = cheapest(packed, vehicle, route, len(sequence), visit)
    if price >= INFINITE:
        return None
    return float(price) + (float(packed.made[visit, vehicle]) if packed.made.shape[1] else 0.0)


def cheapest_pair(
    packed: Packed, vehicle: int, sequence: NDArray[np.int64], first: int, second: int
) -> float | None:
    """As `cheapest_place` for a pair of visits. O(visits³)."""
    if not packed.allowed[first, vehicle] or not packed.allowed[second, vehicle]:
        return None
    route = np.concatenate([sequence, np.full(3, DEPOT, np.int64)])
    length = len(sequence)
    price = float(_cheapest_pair(packed, vehicle, route, length, first, second))
    if price >= INFINITE:
        return None
    made = packed.made[[first, second], vehicle].sum() if packed.made.shape[1] else 0
    return price + float(made)


@njit(cache=True, nogil=True)
def _cheapest_pair(
    packed: Packed, vehicle: int, route: NDArray[np.int64], length: int, first: int, second: int
) -> float:
    width = columns(packed, vehicle)
    one, both = np.empty(length + 4, np.int64), np.empty(length + 4, np.int64)
    table = np.empty((length + 6, width), np.int64)
    origin = np.empty((length + 6, width), np.int64)
    best = INFINITE
    for kind in range(3 if length > 0 and packed.limits[vehicle, 2] > 1 else 1):
        for position in range(length + 1 if kind == 0 else 1):
            at = position if kind < 2 else length
            before = route[at - 1] if at > 0 else DEPOT
            after = route[at] if at < length else DEPOT
            opening = packed.prices[vehicle, 0] if length == 0 else 0
            to = opening + added(packed, vehicle, before, after, first, kind)
            grown = put(one, length, first, at, kind, route)
            begin = at + (2 if kind == 2 else 1)
            for later in range(begin, grown + 1):
                if later > begin and one[later - 1] == DEPOT:
                    break
                behind = one[later] if later < grown else DEPOT
                price = to + added(packed, vehicle, one[later - 1], behind, second, 0)
                if price < best:
                    long = put(both, grown, second, later, 0, one)
                    if fits(packed, vehicle, both, long, table, origin):
                        best = price
    return best


def twins(packed: Packed) -> NDArray[np.int64]:
    """For each vehicle the first one exactly like it: of empty twins only one need be priced."""
    first: dict[bytes, int] = {}
    firsts = []
    for vehicle in range(packed.allowed.shape[1]):
        breaks = packed.breaks[packed.break_from[vehicle] : packed.break_from[vehicle + 1]]
        parts = (
            packed.matrix[vehicle], packed.ends[vehicle], packed.shift[vehicle],
            packed.capacities[vehicle], packed.limits[vehicle], packed.turnaround_s[vehicle],
            packed.prices[vehicle], breaks, packed.allowed[:, vehicle],
            packed.may_swap[vehicle], packed.swapped_at_m[vehicle],
            packed.made[:, vehicle : vehicle + 1],
        )  # fmt: skip
        firsts.append(first.setdefault(b"|".join(part.tobytes() for part in parts), vehicle))
    return np.array(firsts, dtype=np.int64)


@njit(cache=True, nogil=True)
def cheapest(
    packed: Packed, vehicle: int, route: NDArray[np.int64], length: int, visit: int
) -> tuple[float, int, int]:
    """The visit's cheapest feasible place: price, position, kind (see `put`)."""
    if not packed.allowed[visit, vehicle]:
        return INFINITE, -1, 0
    prices = place_prices(packed, vehicle, route, length, visit).reshape(-1)
    attempt = np.empty(length + 2, dtype=np.int64)
    width = columns(packed, vehicle)
    table = np.empty((length + 4, width), dtype=np.int64)
    origin = np.empty((length + 4, width), dtype=np.int64)
    while True:  # cheapest first: the schedule is far dearer to compute than the price
        place = int(np.argmin(prices))
        price = float(prices[place])
        if price >= INFINITE:
            return INFINITE, -1, 0
        position, kind = place // 3, place % 3
        grown = put(attempt, length, visit, position, kind, route)
        if fits(packed, vehicle, attempt, grown, table, origin):
            return price, position, kind
        prices[place] = INFINITE


@njit(cache=True, nogil=True)
def cheapest_within(
    packed: Packed,
    vehicle: int,
    route: NDArray[np.int64],
    length: int,
    visit: int,
    begin: int,
    end: int,
) -> tuple[float, int]:
    """The price and position of the visit's cheapest place in the trip that stands from `begin` to `end`, that exclusive."""
    if not packed.allowed[visit, vehicle]:
        return INFINITE, -1
    prices = place_prices(packed, vehicle, route, length, visit)[begin : end + 1, 0].copy()
    attempt = np.empty(length + 2, dtype=np.int64)
    width = columns(packed, vehicle)
    table = np.empty((length + 4, width), dtype=np.int64)
    origin = np.empty((length + 4, width), dtype=np.int64)
    while True:
        place = int(np.argmin(prices))
        price = float(prices[place])
        if price >= INFINITE:
            return INFINITE, -1
        grown = put(attempt, length, visit, begin + place, 0, route)
        if fits(packed, vehicle, attempt, grown, table, origin):
            return price, begin + place
        prices[place] = INFINITE


@njit(cache=True, nogil=True)
def place_prices(
    packed: Packed, vehicle: int, route: NDArray[np.int64], length: int, visit: int
) -> NDArray[np.float64]:
    """Shape (length + 1, 3): the price of each position and kind, infinite where loads forbid it."""
    prices = np.full((length + 1, 3), INFINITE)
    departures_s = earliest(packed, vehicle, route, length, 0)[1]
    states = packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 1
    closes_s = packed.windows[packed.window_from[visit + 1] - 1, 1]
    more_trips = length > 0 and packed.limits[vehicle, 2] > 1
    opening = packed.prices[vehicle, 0] if length == 0 else 0
    roomy = False
    for position in range(length + 1):
        before = route[position - 1] if position > 0 else DEPOT
        after = route[position] if position < length else DEPOT
        if before == DEPOT:
            roomy = has_room(packed, vehicle, route, position, length, visit)
        if departures_s[position, :states].min() > closes_s:
            continue
        if roomy:
            prices[position, 0] = opening + added(packed, vehicle, before, after, visit, 0)
        if more_trips and before == DEPOT:  # before any trip
            prices[position, 1] = added(packed, vehicle, before, after, visit, 1)
        if more_trips and position == length:  # after the last trip
            prices[position, 2] = added(packed, vehicle, before, after, visit, 2)
    return prices


@njit(cache=True, nogil=True)
def has_room(
    packed: Packed, vehicle: int, route: NDArray[np.int64], begin: int, length: int, visit: int
) -> bool:
    """
    Whether the trip whose first element is `begin` can take the visit's loads as well.

    Where it both brings and fetches, more may be on board between: `timing.fits` knows.
    """
    for axis in range(packed.loads.shape[1]):
        load, delivery = packed.loads[visit, axis], packed.deliveries[visit, axis]
        position = begin
        while position < length and route[position] != DEPOT:
            load += packed.loads[route[position], axis]
            delivery += packed.deliveries[route[position], axis]
            position += 1
        if max(load, delivery) > packed.capacities[vehicle, axis]:
            return False
    return True


@njit(cache=True, nogil=True)
def put(
    target: NDArray[np.int64],
    length: int,
    visit: int,
    position: int,
    kind: int,
    source: NDArray[np.int64],
) -> int:
    """
    Write `source` with the visit at `position` into `target` and return the new length.

    Kind 0 joins the trip, 1 makes a trip of its own before what follows, 2 after what precedes.
    """
    target[:position] = source[:position]
    at = position
    if kind == 2:
        target[at] = DEPOT
        at += 1
    target[at] = visit
    at += 1
    if kind == 1:
        target[at] = DEPOT
        at += 1
    target[at : at + length - position] = source[position:length]
    return at + length - position


@njit(cache=True, nogil=True)
def added(packed: Packed, vehicle: int, before: int, after: int, visit: int, kind: int) -> float:
    """What the visit adds in metres and seconds at the vehicle's prices; waiting is not foreseen."""
    start_place, end_place = packed.ends[vehicle, 0], packed.ends[vehicle, 1]
    here = start_place if before == DEPOT else packed.place[before]
    there = end_place if after == DEPOT else packed.place[after]
    middle, work_s = packed.place[visit], packed.service_s[visit] + packed.unload_s[visit]
    metres, seconds = leg(packed, vehicle, here, middle)
    onward_m, onward_s = leg(packed, vehicle, middle, there)
    metres, seconds = metres + onward_m, seconds + onward_s + work_s
    if kind == 0:
        direct_m, direct_s = leg(packed, vehicle, here, there)
        if here != there:
            metres, seconds = metres - direct_m, seconds - direct_s
    else:  # out and home again: the other trips stay as they are
        metres, seconds = leg(packed, vehicle, start_place, middle)
        home_m, home_s = leg(packed, vehicle, middle, end_place)
        metres += home_m
        seconds += home_s + work_s + packed.turnaround_s[vehicle]
    price = metres * packed.prices[vehicle, 1] + seconds * packed.prices[vehicle, 2]
    return float(price + _SECOND_PRICE * seconds)


@njit(cache=True, nogil=True)
def leg(packed: Packed, vehicle: int, here: int, there: int) -> tuple[int, int]:
    if min(here, there) == NOWHERE:
        return 0, 0
    matrix = packed.matrix[vehicle]
    return (
        int(packed.distances_m[matrix, here, there]),
        int(packed.durations_s[matrix, here, there]),
    )
