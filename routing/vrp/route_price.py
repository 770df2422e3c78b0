"""What one vehicle's sequence costs by the exact schedule."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.insertion import leg
from routing.vrp.packed import Packed
from routing.vrp.timing import DEPOT, earliest_into, latest_leave


@njit(cache=True, nogil=True)
def route_price(
    packed: Packed,
    vehicle: int,
    route: NDArray[np.int64],
    length: int,
    table: NDArray[np.int64],
    origin: NDArray[np.int64],
) -> float:
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
        finish_s = earliest_into(packed, vehicle, route, length, shift_from_s, table, origin)
        leave_s = max(shift_from_s, finish_s - busy_s)
        if earliest_into(packed, vehicle, route, length, leave_s, table, origin) > finish_s:
            leave_s = latest_leave(packed, vehicle, route, length, finish_s, table, origin)
        seconds = finish_s - leave_s
    price = metres * packed.prices[vehicle, 1] + seconds * packed.prices[vehicle, 2]
    return float(packed.prices[vehicle, 0] + price)
