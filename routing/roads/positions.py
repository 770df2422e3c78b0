"""Positions part-way along roads: what it costs to leave them, reach them, and go straight between two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.roads.climbing import Terminals
from routing.roads.graph import CLOSED, DISTANCE_BITS, Roads
from routing.roads.snap import Snap
from routing.roads.turn_graph import TurnGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """
    N positions on roads, as one profile may leave and reach them.

    edges, fractions
        int64 and float64 (N,), as in `Snap`.
    along, back
        int64 (N,): packed weight from the road's tail along to the position, and from the position
        back to the tail; CLOSED where the road or the snap is closed to that direction.
    origins, destinations
        The same positions for the hierarchy: end 0 is the road's tail, end 1 its head.
    """

    edges: NDArray[np.int64]
    fractions: NDArray[np.float64]
    along: NDArray[np.int64]
    back: NDArray[np.int64]
    origins: Terminals
    destinations: Terminals


def locate(
    snaps: Sequence[Snap], roads: Roads, graph: TurnGraph, weights: NDArray[np.int64]
) -> Positions:
    """
    Divide the weights of the roads at the positions; the two parts of a road sum exactly to its weight.

    At a fraction of 0 or 1 the position is the junction itself and costs nothing to leave or reach,
    whatever the direction of the road, or the one that a snap asks for.
    """
    edges = np.array([snap.edge for snap in snaps], np.int64)
    fractions = np.array([snap.fraction for snap in snaps], np.float64)
    may_along = np.array([snap.along for snap in snaps], np.bool_)
    may_back = np.array([snap.back for snap in snaps], np.bool_)
    whole_along = np.where(may_along, weights[2 * edges], CLOSED)
    whole_back = np.where(may_back, weights[2 * edges + 1], CLOSED)
    along, back = _share(whole_along, fractions), _share(whole_back, fractions)
    ends = np.column_stack((roads.tails[edges], roads.heads[edges]))
    at_end = np.column_stack((fractions == 0.0, fractions == 1.0))
    towards = np.column_stack(
        (2 * edges + 1, 2 * edges)
    )  # the arc on which one leaves for each end
    leave = np.column_stack((back, np.where(whole_along < CLOSED, whole_along - along, CLOSED)))
    reach = np.column_stack((along, np.where(whole_back < CLOSED, whole_back - back, CLOSED)))
    leave[at_end] = reach[at_end] = 0
    return Positions(
        edges=edges,
        fractions=fractions,
        along=along,
        back=back,
        origins=Terminals(
            nodes=np.where(at_end, graph.entries[ends], graph.heads[towards]), costs=leave
        ),
        destinations=Terminals(
            nodes=np.where(at_end, graph.exits[ends], graph.sinks[towards ^ 1]), costs=reach
        ),
    )


def _share(weights: NDArray[np.int64], fractions: NDArray[np.float64]) -> NDArray[np.int64]:
    durations = np.floor((weights >> 32) * fractions).astype(np.int64)
    distances = np.floor((weights & DISTANCE_BITS) * fractions).astype(np.int64)
    return np.where(weights < CLOSED, (durations << 32) | distances, CLOSED)


def straight(positions: Positions, origin: int, destination: int) -> int:
    """Packed weight along the road that two positions share; CLOSED if they do not, or it is closed."""
    parts = _parts(positions)
    return int(_straight(parts, origin, parts, destination))


_Parts = tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]
]  # what the kernels need


def _parts(positions: Positions) -> _Parts:
    return positions.edges, positions.fractions, positions.along, positions.back


def on_same_roads(
    origins: Positions, destinations: Positions
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Destinations sorted by road, and for each origin where its road's group starts and stops."""
    order = np.argsort(destinations.edges, kind="stable")
    sorted_edges = destinations.edges[order]
    return (
        order,
        np.searchsorted(sorted_edges, origins.edges, "left"),
        np.searchsorted(sorted_edges, origins.edges, "right"),
    )


def finish_rows(
    origins: Positions,
    destinations: Positions,
    groups: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    first_row: int,
    block: NDArray[np.int64],
    durations_s: NDArray[np.int32],
    distances_m: NDArray[np.int32],
) -> None:
    """
    Let positions on one road see each other directly, then unpack a block of rows into seconds and metres.

    `groups` comes from `on_same_roads`; both results are views of the block's rows.
    """
    _finish_rows(
        _parts(origins), _parts(destinations), *groups, first_row, block, durations_s, distances_m
    )


def unpack(weight: int) -> tuple[int, int]:
    """
    Seconds, rounded up, and metres, rounded to the nearest.

    Rounding up keeps the triangle inequality of the exact durations, and promises nobody too much.
    """
    duration_s, distance_m = _unpack(weight)
    return int(duration_s), int(distance_m)


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _unpack(weight: int) -> tuple[int, int]:
    return ((weight >> 32) + 99) // 100, ((weight & DISTANCE_BITS) + 50) // 100


@_kernel
def _straight(origins: _Parts, origin: int, destinations: _Parts, destination: int) -> int:
    edges, fractions, along, back = origins
    to_edges, to_fractions, to_along, to_back = destinations
    if edges[origin] != to_edges[destination]:
        return CLOSED
    if fractions[origin] == to_fractions[destination]:
        return 0
    weight: int = CLOSED
    if fractions[origin] < to_fractions[destination]:
        if along[origin] < CLOSED and to_along[destination] < CLOSED:
            weight = to_along[destination] - along[origin]
    elif back[origin] < CLOSED and to_back[destination] < CLOSED:
        weight = back[origin] - to_back[destination]
    return weight


@_kernel
def _finish_rows(
    origins: _Parts,
    destinations: _Parts,
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    first_row: int,
    block: NDArray[np.int64],
    durations_s: NDArray[np.int32],
    distances_m: NDArray[np.int32],
) -> None:
    for row in range(len(block)):
        origin = first_row + row
        for i in range(starts[origin], stops[origin]):
            direct = _straight(origins, origin, destinations, order[i])
            block[row, order[i]] = min(block[row, order[i]], direct)
        for column in range(block.shape[1]):
            weight = block[row, column]
            if weight < CLOSED:
                durations_s[row, column], distances_m[row, column] = _unpack(weight)
            else:
                durations_s[row, column] = distances_m[row, column] = UNREACHABLE
