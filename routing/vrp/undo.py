"""The days that an iteration changes, remembered so that they can be as they were."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.vrp.model import END, START, Model
from routing.vrp.search_state import HEAD, NEXT, SUCC, VEHICLE, State, compiled


class Undo(NamedTuple):
    """The vehicles that an iteration has changed, as they were: written once, copied back at most once."""

    changes: NDArray[np.int64]  # (1,): how many have been
    changed: NDArray[np.int64]  # (K,)
    changed_at: NDArray[np.int64]  # (K,): the iteration of the last change
    vehicle: NDArray[np.int64]  # (K, 8)
    costs: NDArray[np.float64]  # (K,)
    nodes: NDArray[np.int32]  # (N,)
    node_from: NDArray[np.int64]  # (K + 1,)
    link: NDArray[np.int32]  # (N, 4)
    clock: NDArray[np.int64]  # (N, 8)
    board: NDArray[np.int64]
    trips: NDArray[np.int32]  # (T,)
    trip_from: NDArray[np.int64]  # (K + 1,)
    trip: NDArray[np.int64]  # (T, 9)
    load: NDArray[np.int64]


def empty_undo(state: State) -> Undo:
    """Nothing is changed yet; there is room for every vehicle."""
    vehicles = len(state.vehicle)
    return Undo(
        changes=np.zeros(1, np.int64),
        changed=np.zeros(vehicles, np.int64),
        changed_at=np.full(vehicles, -1, np.int64),
        vehicle=np.zeros_like(state.vehicle),
        costs=np.zeros(vehicles),
        nodes=np.zeros(len(state.link), np.int32),
        node_from=np.zeros(vehicles + 1, np.int64),
        link=np.zeros_like(state.link),
        clock=np.zeros_like(state.clock),
        board=np.zeros_like(state.board),
        trips=np.zeros(len(state.trip), np.int32),
        trip_from=np.zeros(vehicles + 1, np.int64),
        trip=np.zeros_like(state.trip),
        load=np.zeros_like(state.load),
    )


@compiled
def copy_row(source: NDArray[np.int64], at: int, target: NDArray[np.int64], to: int) -> None:
    """Copy one row, number by number: assigning rows makes views of them, which takes longer."""
    for column in range(source.shape[1]):
        target[to, column] = source[at, column]


@compiled
def touch(model: Model, state: State, undo: Undo, turn: int, vehicle: int) -> None:
    """Remember a vehicle's day before its first change of an iteration."""
    if undo.changed_at[vehicle] == turn:
        return
    undo.changed_at[vehicle] = turn
    changes = undo.changes[0]
    undo.changes[0] += 1
    undo.changed[changes] = vehicle
    copy_row(state.vehicle, vehicle, undo.vehicle, changes)
    undo.costs[changes] = state.cost[vehicle]
    visits = len(model.visit)
    to_node, to_trip = undo.node_from[changes], undo.trip_from[changes]
    trip = state.vehicle[vehicle, HEAD]
    while trip >= 0:
        undo.trips[to_trip] = trip
        copy_row(state.trip, trip, undo.trip, to_trip)
        copy_row(state.load, trip, undo.load, to_trip)
        to_trip += 1
        node = visits + 2 * trip
        while True:
            undo.nodes[to_node] = node
            copy_row(state.link, node, undo.link, to_node)
            if model.timed:
                copy_row(state.clock, node, undo.clock, to_node)
            if model.mixed:
                copy_row(state.board, node, undo.board, to_node)
            to_node += 1
            if node == visits + 2 * trip + 1:
                break
            node = state.link[node, SUCC]
        trip = state.trip[trip, NEXT]
    undo.node_from[changes + 1], undo.trip_from[changes + 1] = to_node, to_trip


@compiled
def restore(model: Model, state: State, undo: Undo) -> None:
    """Let the changed vehicles be as they were."""
    changes = undo.changes[0]
    for change in range(changes):
        copy_row(undo.vehicle, change, state.vehicle, undo.changed[change])
        state.cost[undo.changed[change]] = undo.costs[change]
    for slot in range(undo.node_from[changes]):
        node = undo.nodes[slot]
        copy_row(undo.link, slot, state.link, node)
        if model.timed:
            copy_row(undo.clock, slot, state.clock, node)
        if model.mixed:
            copy_row(undo.board, slot, state.board, node)
    for slot in range(undo.trip_from[changes]):
        trip = undo.trips[slot]
        copy_row(undo.trip, slot, state.trip, trip)
        copy_row(undo.load, slot, state.load, trip)
        vehicle = undo.trip[slot, VEHICLE]
        state.place[len(model.visit) + 2 * trip] = model.vehicle[vehicle, START]
        state.place[len(model.visit) + 2 * trip + 1] = model.vehicle[vehicle, END]
