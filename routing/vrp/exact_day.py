"""A vehicle's day by the exact schedule, where segments do not say all of it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.vrp.packed import Packed
from routing.vrp.route_price import route_price
from routing.vrp.search_state import (
    EXACT,
    HEAD,
    NEXT,
    SUCC,
    Model,
    State,
    compiled,
    price,
)
from routing.vrp.timing import DEPOT, fits


class Scratch(NamedTuple):
    """Room for what an iteration writes down; `tally` tells how many, by the columns below."""

    tally: NDArray[np.int64]  # (4,)
    removed: NDArray[np.int64]  # (V,)
    keys: NDArray[np.float64]  # (V,)
    placed: NDArray[np.int64]  # (V,)
    into: NDArray[np.int64]  # (2 V + 2,)
    opened: NDArray[np.int64]  # (T,)
    closed: NDArray[np.int64]  # (T,)
    trip_at: NDArray[np.int64]  # (T,)
    table: NDArray[np.int64]  # (2 V + 4, B + 1), B the most breaks of a vehicle
    origin: NDArray[np.int64]


REMOVED: Final = 0
PLACED: Final = 1
OPENED: Final = 2
CLOSED: Final = 3
"""Columns of `Scratch.tally`."""


@compiled
def sequence(model: Model, state: State, vehicle: int, into: NDArray[np.int64]) -> int:
    """Write a vehicle's visits, DEPOT between trips, and return how many elements that is."""
    visits = len(model.visit)
    trip, length = state.vehicle[vehicle, HEAD], 0
    while trip >= 0:
        if length > 0:
            into[length] = DEPOT
            length += 1
        node = state.link[visits + 2 * trip, SUCC]
        while node < visits:
            into[length] = node
            length += 1
            node = state.link[node, SUCC]
        trip = state.trip[trip, NEXT]
    return length


@compiled
def day_price(packed: Packed, model: Model, state: State, vehicle: int, scratch: Scratch) -> float:
    """What the vehicle's day costs, by the schedule where segments do not say all of it."""
    if model.vehicle[vehicle, EXACT] and state.vehicle[vehicle, HEAD] >= 0:
        length = sequence(model, state, vehicle, scratch.into)
        return float(
            route_price(packed, vehicle, scratch.into, length, scratch.table, scratch.origin)
        )
    return float(price(model, state, vehicle))


@compiled
def confirmed(
    packed: Packed,
    model: Model,
    state: State,
    vehicle: int,
    visit: int,
    kind: int,
    at: int,
    beyond: int,
    scratch: Scratch,
) -> bool:
    """Whether the vehicle can drive its day with the visit in that place, by the schedule."""
    into = scratch.into
    visits = len(model.visit)
    trip, length = state.vehicle[vehicle, HEAD], 0
    if kind == 1 and beyond < 0:
        into[0] = visit
        length = 1
    while trip >= 0:
        if length > 0:
            into[length] = DEPOT
            length += 1
        node = visits + 2 * trip
        while True:
            if node < visits:
                into[length] = node
                length += 1
            if kind == 0 and node == at:
                into[length] = visit
                length += 1
            node = state.link[node, SUCC]
            if node == visits + 2 * trip + 1:
                break
        if kind == 1 and trip == beyond:
            into[length], into[length + 1] = DEPOT, visit
            length += 2
        trip = state.trip[trip, NEXT]
    return bool(fits(packed, vehicle, into, length, scratch.table, scratch.origin))


@compiled
def holds(packed: Packed, model: Model, state: State, vehicle: int, scratch: Scratch) -> bool:
    """Whether the vehicle can drive its day, where that takes more to know than its segments."""
    if model.mixed:
        dimensions = model.capacity.shape[1]
        trip = state.vehicle[vehicle, HEAD]
        while trip >= 0:
            for axis in range(dimensions):
                fullest = state.board[len(model.visit) + 2 * trip, axis + dimensions]
                if fullest > model.capacity[vehicle, axis]:
                    return False
            trip = state.trip[trip, NEXT]
    if not model.vehicle[vehicle, EXACT]:
        return True
    length = sequence(model, state, vehicle, scratch.into)
    return bool(fits(packed, vehicle, scratch.into, length, scratch.table, scratch.origin))
