"""The routes of a search as arrays that compiled loops change in place, and what one of them costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.insertion import leg
from routing.vrp.packed import Packed
from routing.vrp.timing import DEPOT, earliest, latest_leave


class State(NamedTuple):
    """
    K sequences of width W as they stand, and the best there were.

    routes, lengths
        int64 (K, W) and (K,): visits, with DEPOT between trips.
    departures_s
        int64 (K, W): the earliest departure from element i - 1, row 0 from the start.
    costs
        float64 (K,): of each route, as `cost.route_cost`.
    route_of
        int64 (V,): the vehicle of each visit, -1 if left out.
    totals
        float64 (2,): cost now and at best, prices of visits left out included.
    random
        uint64 (1,): the generator's state.
    """

    routes: NDArray[np.int64]
    lengths: NDArray[np.int64]
    departures_s: NDArray[np.int64]
    costs: NDArray[np.float64]
    route_of: NDArray[np.int64]
    best_routes: NDArray[np.int64]
    best_lengths: NDArray[np.int64]
    totals: NDArray[np.float64]
    random: NDArray[np.uint64]


@njit(cache=True, nogil=True)
def route_price(packed: Packed, vehicle: int, route: NDArray[np.int64], length: int) -> float:
    """
    What the route costs if its return is the earliest and its leaving the latest that keeps it.

    `schedule` looks at later returns too, and may find a cheaper day; never a dearer one.
    """
    if length == 0:
        return 0.0
    end = packed.ends[vehicle, 1]
    here = packed.ends[vehicle, 0]
    metres, busy_s = 0, 0
    for position in range(length + 1):
        visit = route[position] if position < length else DEPOT
        there = end if visit == DEPOT else packed.place[visit]
        leg_m, leg_s = leg(packed, vehicle, here, there)
        metres += leg_m
        busy_s += leg_s + (packed.service_s[visit] if visit != DEPOT else 0)
        if visit == DEPOT and position < length:
            busy_s += packed.turnaround_s[vehicle]
        here = there
    seconds = busy_s
    if packed.prices[vehicle, 2]:
        shift_from_s = packed.shift[vehicle, 0]
        finish_s = earliest(packed, vehicle, route, length, shift_from_s)[0]
        leave_s = max(shift_from_s, finish_s - busy_s)
        if earliest(packed, vehicle, route, length, leave_s)[0] > finish_s:
            leave_s = latest_leave(packed, vehicle, route, length, finish_s)
        seconds = finish_s - leave_s
    price = metres * packed.prices[vehicle, 1] + seconds * packed.prices[vehicle, 2]
    return float(packed.prices[vehicle, 0] + price)


@njit(cache=True, nogil=True)
def depart(packed: Packed, state: State, vehicle: int) -> None:
    """Renew the earliest departures of a route that was changed."""
    length = state.lengths[vehicle]
    departures_s = state.departures_s[vehicle]
    if length == 0:
        departures_s[0] = packed.shift[vehicle, 0]
        return
    table = earliest(packed, vehicle, state.routes[vehicle], length, 0)[1]
    for row in range(length + 1):
        departures_s[row] = table[row].min()
