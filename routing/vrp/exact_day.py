"""A vehicle's day by the exact schedule, where segments do not say all of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.vrp.model import BROUGHT_BY, EACH_M, EACH_S, EXACT, FIXED, OVER_S, Model
from routing.vrp.packed import NEVER, Packed
from routing.vrp.part import Scratch
from routing.vrp.places import NEW_TRIP, PAIR_IN_TRIP
from routing.vrp.search_state import HEAD, MADE, METRES, NEXT, SUCC, State, compiled, paid, price
from routing.vrp.sequence import DEPOT
from routing.vrp.swaps import by_way
from routing.vrp.timing import day_s, fits


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
    """
    What the vehicle's day costs, by the schedule where segments do not say all of it; endless if it
    cannot be driven.

    Back as early as can be, leaving as late as that allows: `schedule` looks at later returns too,
    and may find a cheaper day, never a dearer one.
    """
    facts, day = model.vehicle[vehicle], state.vehicle[vehicle]
    if not facts[EXACT] or day[HEAD] < 0:
        return float(price(model, state, vehicle))
    into = scratch.into
    length = sequence(model, state, vehicle, into)
    is_paid = facts[EACH_S] > 0 or facts[OVER_S] > 0
    seconds = day_s(packed, vehicle, into, length, scratch.table, scratch.origin, is_paid)
    if seconds >= NEVER:
        return np.inf
    metres = day[METRES]
    if by_way(packed, vehicle):
        metres += scratch.table[0, packed.break_from[vehicle + 1] - packed.break_from[vehicle] + 1]
    driven, spent = metres * facts[EACH_M], paid(model, vehicle, seconds)
    return float(facts[FIXED] + driven + spent + day[MADE])


@compiled
def put_alone(into: NDArray[np.int64], length: int, visit: int, second: int) -> int:
    """Write a visit, and its partner unless that is -1, behind what is there; return the new length."""
    into[length] = visit
    if second < 0:
        return length + 1
    into[length + 1] = second
    return length + 2


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
    second = model.visit[visit, BROUGHT_BY]
    if kind == NEW_TRIP and beyond < 0:
        length = put_alone(into, 0, visit, second)
    while trip >= 0:
        if length > 0:
            into[length] = DEPOT
            length += 1
        node = visits + 2 * trip
        while True:
            if node < visits:
                into[length] = node
                length += 1
            if kind != NEW_TRIP and node == at:
                into[length] = visit
                length += 1
                if kind == PAIR_IN_TRIP and beyond == visit:
                    into[length] = second
                    length += 1
            elif kind == PAIR_IN_TRIP and node == beyond:
                into[length] = second
                length += 1
            node = state.link[node, SUCC]
            if node == visits + 2 * trip + 1:
                break
        if kind == NEW_TRIP and trip == beyond:
            into[length] = DEPOT
            length = put_alone(into, length + 1, visit, second)
        trip = state.trip[trip, NEXT]
    return bool(fits(packed, vehicle, into, length, scratch.table, scratch.origin))
