"""The fastest path between two positions, exact, over a hierarchy: searched from both ends, arc by arc."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.roads.climbing import NONE, Terminals, climb
from routing.roads.graph import CLOSED, TURN
from routing.roads.hierarchy import Hierarchy, Metric, edge_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """
    The fastest path of one pair.

    weight
        Packed, terminal costs included; CLOSED where there is none.
    origin_end, destination_end
        Which of the two nodes of the terminal the path uses, 0 or 1.
    arcs
        int32: labels of the arcs between these nodes in order of travel, without turns.
    """

    weight: int
    origin_end: int
    destination_end: int
    arcs: NDArray[np.int32]


def fastest_path(
    hierarchy: Hierarchy,
    metric: Metric,
    origin: Terminals,
    destination: Terminals,
) -> Path:
    """The fastest path between the single positions of `origin` and `destination`, arc by arc."""
    from_source, to_target = _scratch.of(len(hierarchy.first_up) - 1)
    weight, origin_end, destination_end, arcs = _path(
        hierarchy.first_up,
        hierarchy.up,
        metric.upward,
        metric.downward,
        metric.upward_via,
        metric.downward_via,
        hierarchy.ranks[origin.nodes[0]],
        origin.costs[0],
        hierarchy.ranks[destination.nodes[0]],
        destination.costs[0],
        from_source,
        to_target,
    )
    return Path(
        weight=int(weight),
        origin_end=int(origin_end),
        destination_end=int(destination_end),
        arcs=arcs[arcs != TURN],
    )


class _Scratch(threading.local):
    """Weights by vertex for the search of one path, of each thread its own; CLOSED between searches."""

    def __init__(self) -> None:
        self._weights = np.empty((2, 0), np.int64)

    def of(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Two arrays for so many vertices or more: filling new ones takes longer than the search."""
        if self._weights.shape[1] < count:
            self._weights = np.full((2, count), CLOSED, np.int64)
        return self._weights[0], self._weights[1]


_scratch: Final = _Scratch()

_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _descend(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    weights: NDArray[np.int64],
    ends: NDArray[np.int32],
    costs: NDArray[np.int64],
    reached: NDArray[np.int64],
    chain: NDArray[np.int32],
    count: int,
    top: int,
) -> tuple[int, NDArray[np.int64], NDArray[np.int32]]:
    """
    Find the way by which `climb` came to `top`: which end, then its edges and their lower ends.

    Highest edge first. An edge is on the way if the sums on both sides fit; any such edge will do.
    """
    edges = np.empty(count, np.int64)
    lows = np.empty(count, np.int32)
    found = 0
    i = count - 1
    while True:
        for end in range(2):
            if ends[end] == top and costs[end] == reached[top]:
                return end, edges[:found], lows[:found]
        fits = False
        while not fits:
            v = chain[i]
            if v < top and reached[v] < CLOSED:
                for e in range(first_up[v], first_up[v + 1]):
                    if up[e] == top and reached[v] + weights[e] == reached[top]:
                        edges[found], lows[found] = e, v
                        found += 1
                        fits = True
                        break
            i -= 1
        top = lows[found - 1]


@_kernel
def _forget(reached: NDArray[np.int64], chain: NDArray[np.int32], count: int) -> None:
    for i in range(count):
        reached[chain[i]] = CLOSED


@_kernel
def _path(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    upward: NDArray[np.int64],
    downward: NDArray[np.int64],
    upward_via: NDArray[np.int32],
    downward_via: NDArray[np.int32],
    source: NDArray[np.int32],
    source_costs: NDArray[np.int64],
    target: NDArray[np.int32],
    target_costs: NDArray[np.int64],
    from_source: NDArray[np.int64],
    to_target: NDArray[np.int64],
) -> tuple[int, int, int, NDArray[np.int32]]:
    """`from_source` and `to_target` are CLOSED everywhere, and so again when it returns."""
    n = len(first_up) - 1
    arcs = np.empty(256, np.int32)
    rising = np.empty(n, np.int32)
    falling = np.empty(n, np.int32)
    rising_count = climb(first_up, up, upward, source, source_costs, from_source, rising)
    falling_count = climb(first_up, up, downward, target, target_costs, to_target, falling)
    best, top = CLOSED, NONE
    for i in range(falling_count):
        v = falling[i]
        if from_source[v] + to_target[v] < best:
            best, top = from_source[v] + to_target[v], v
    if top == NONE:
        _forget(from_source, rising, rising_count)
        _forget(to_target, falling, falling_count)
        return CLOSED, 0, 0, arcs[:0]
    start, up_edges, up_lows = _descend(
        first_up, up, upward, source, source_costs, from_source, rising, rising_count, top
    )
    end, down_edges, down_lows = _descend(
        first_up, up, downward, target, target_costs, to_target, falling, falling_count, top
    )
    _forget(from_source, rising, rising_count)
    _forget(to_target, falling, falling_count)
    # A stack of edges still to unpack, the next one to travel on top: edge, lower end, is it climbed.
    edges = np.concatenate((down_edges[::-1], up_edges, np.empty(n + 2, np.int64)))
    lows = np.concatenate((down_lows[::-1], up_lows, np.empty(n + 2, np.int32)))
    climbs = np.empty(len(edges), np.bool_)
    climbs[: len(down_edges)] = False
    waiting = len(down_edges) + len(up_edges)
    climbs[len(down_edges) : waiting] = True
    count = 0
    while waiting:
        waiting -= 1
        e, low, climbed = edges[waiting], lows[waiting], climbs[waiting]
        via = upward_via[e] if climbed else downward_via[e]
        if via < NONE:
            if count == len(arcs):
                arcs = np.concatenate((arcs, np.empty_like(arcs)))
            arcs[count] = -2 - via
            count += 1
            continue
        to_low = edge_to(up, first_up[via], first_up[via + 1], low)
        to_high = edge_to(up, first_up[via], first_up[via + 1], up[e])
        last, next_ = (to_high, to_low) if climbed else (to_low, to_high)
        edges[waiting], lows[waiting], climbs[waiting] = last, via, True
        edges[waiting + 1], lows[waiting + 1], climbs[waiting + 1] = next_, via, False
        waiting += 2
    return best, start, end, arcs[:count].copy()
