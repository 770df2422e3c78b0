"""
Exact fastest paths over a hierarchy: many to many, and one pair arc by arc.

Many-to-many runs as a restricted sweep: an upward search from each source along the elimination
tree, then one downward sweep over the ancestors of all targets for many sources at once, after
Delling, Goldberg, Nowatzyk and Werneck, "PHAST: Hardware-accelerated shortest path trees" (2011)
and Delling, Goldberg and Werneck, "Faster Batched Shortest Paths in Road Networks" (2011).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.roads.graph import CLOSED, TURN
from routing.roads.hierarchy import Hierarchy, Metric, edge_to

# Sources swept together; sixteen weights are two cache lines. 1000 × 1000 on 70k junctions with 4, 8, 16
# and 32 lanes: 0.095, 0.058, 0.054, 0.212 s (medians of 7 on 2 cores, 2026-11-23).
_LANES: Final = 16
# Rows answered by one thread before it asks for more; large enough to pay for its working memory.
_BLOCK_ROWS: Final = 8 * _LANES
_NONE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminals:
    """
    N positions, each reached from (or leaving to) two nodes at a packed cost.

    nodes, costs
        int32 (N, 2) and int64 (N, 2); CLOSED where one of the two is no way in or out.
    """

    nodes: NDArray[np.int32]
    costs: NDArray[np.int64]

    def only(self, position: int) -> Terminals:
        chosen = slice(position, position + 1)
        return Terminals(nodes=self.nodes[chosen], costs=self.costs[chosen])


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


def many_to_many(
    hierarchy: Hierarchy,
    metric: Metric,
    origins: Terminals,
    destinations: Terminals,
    take: Callable[[int, NDArray[np.int64]], None],
) -> None:
    """
    Hand `take` the packed weights of all pairs, in blocks: first row, and int64 (rows, destinations).

    At or above CLOSED means no path. `take` is called from several threads, each row once, and the
    block is its own only until it returns. The kernels hold no lock, so all cores work.
    """
    target_ranks = hierarchy.ranks[destinations.nodes]
    nodes, positions = _ancestors(hierarchy.first_up, hierarchy.up, target_ranks.ravel())
    first, above, weights = _restrict(
        hierarchy.first_up, hierarchy.up, metric.downward, nodes, positions
    )
    source_ranks = hierarchy.ranks[origins.nodes]
    target_positions = positions[target_ranks]
    count = len(source_ranks)

    def answer(row: int) -> None:
        rows = slice(row, min(row + _BLOCK_ROWS, count))
        block = _sweep(
            hierarchy.first_up,
            hierarchy.up,
            metric.upward,
            source_ranks[rows],
            origins.costs[rows],
            positions,
            first,
            above,
            weights,
            target_positions,
            destinations.costs,
        )
        take(row, block)

    starts = range(0, count, _BLOCK_ROWS)
    if len(starts) < 2:
        for row in starts:
            answer(row)
        return
    # A pool of our own instead of numba's parallel loops: those abort when two threads meet in them.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for _ in threads.map(answer, starts):
            pass


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
def _ancestors(
    first_up: NDArray[np.int64], up: NDArray[np.int32], targets: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """All ancestors of `targets` in the elimination tree, highest first, and each vertex's place among them."""
    n = len(first_up) - 1
    is_ancestor = np.zeros(n, np.bool_)
    for target in targets:
        v = target
        while not is_ancestor[v]:
            is_ancestor[v] = True
            if first_up[v] == first_up[v + 1]:
                break
            v = up[first_up[v]]
    nodes = np.nonzero(is_ancestor)[0][::-1].astype(np.int32)
    positions = np.full(n, _NONE, np.int32)
    for i in range(len(nodes)):
        positions[nodes[i]] = i
    return nodes, positions


@_kernel
def _restrict(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    downward: NDArray[np.int64],
    nodes: NDArray[np.int32],
    positions: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """The open downward edges among `nodes`, laid out in the order in which the sweep reads them."""
    first = np.zeros(len(nodes) + 1, np.int64)
    count = 0
    for i in range(len(nodes)):
        for e in range(first_up[nodes[i]], first_up[nodes[i] + 1]):
            count += downward[e] < CLOSED
        first[i + 1] = count
    above = np.empty(count, np.int32)
    weights = np.empty(count, np.int64)
    count = 0
    for i in range(len(nodes)):
        for e in range(first_up[nodes[i]], first_up[nodes[i] + 1]):
            if downward[e] < CLOSED:
                above[count] = positions[up[e]]
                weights[count] = downward[e]
                count += 1
    return first, above, weights


@_kernel
def _climb(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    weights: NDArray[np.int64],
    ends: NDArray[np.int32],
    costs: NDArray[np.int64],
    reached: NDArray[np.int64],
    chain: NDArray[np.int32],
) -> int:
    """
    Relax all upward edges from both ends; `reached` must be CLOSED everywhere and is written to.

    Returns how many vertices were visited; `chain` lists them, lowest first.
    """
    one, other = min(ends[0], ends[1]), max(ends[0], ends[1])
    for i in range(2):
        reached[ends[i]] = min(reached[ends[i]], costs[i])
    count = 0
    while one != _NONE:
        chain[count] = one
        count += 1
        start, stop = first_up[one], first_up[one + 1]
        so_far = reached[one]
        if so_far < CLOSED:
            for e in range(start, stop):
                through = so_far + weights[e]
                reached[up[e]] = min(reached[up[e]], through)
        parent = up[start] if start < stop else _NONE
        # Two branches of the tree, walked by ascending rank until they meet.
        if one == other:
            one = other = parent
        elif parent == _NONE or (other != _NONE and other < parent):
            one, other = other, parent
        else:
            one = parent
    return count


@_kernel
def _sweep(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    upward: NDArray[np.int64],
    sources: NDArray[np.int32],
    source_costs: NDArray[np.int64],
    positions: NDArray[np.int32],
    first: NDArray[np.int64],
    above: NDArray[np.int32],
    weights: NDArray[np.int64],
    targets: NDArray[np.int32],
    target_costs: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Packed weights (sources, targets); `targets` holds positions among the restricted vertices."""
    rows = len(sources)
    restricted = len(first) - 1
    reached = np.full(len(first_up) - 1, CLOSED, np.int64)
    chain = np.empty(len(first_up) - 1, np.int32)
    lanes = np.empty((restricted, _LANES), np.int64)
    out = np.empty((rows, len(targets)), np.int64)
    for batch in range(0, rows, _LANES):
        width = min(_LANES, rows - batch)
        lanes[:] = CLOSED
        for lane in range(width):
            row = batch + lane
            count = _climb(first_up, up, upward, sources[row], source_costs[row], reached, chain)
            for i in range(count):
                v = chain[i]
                if positions[v] >= 0:
                    lanes[positions[v], lane] = reached[v]
                reached[v] = CLOSED
        for i in range(restricted):
            for e in range(first[i], first[i + 1]):
                higher, weight = above[e], weights[e]
                for lane in range(_LANES):
                    through = lanes[higher, lane] + weight
                    lanes[i, lane] = min(lanes[i, lane], through)
        for t in range(len(targets)):
            one, other = targets[t, 0], targets[t, 1]
            for lane in range(width):
                out[batch + lane, t] = min(
                    lanes[one, lane] + target_costs[t, 0], lanes[other, lane] + target_costs[t, 1]
                )
    return out


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
    Find the way by which `_climb` came to `top`: which end, then its edges and their lower ends.

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
    rising_count = _climb(first_up, up, upward, source, source_costs, from_source, rising)
    falling_count = _climb(first_up, up, downward, target, target_costs, to_target, falling)
    best, top = CLOSED, _NONE
    for i in range(falling_count):
        v = falling[i]
        if from_source[v] + to_target[v] < best:
            best, top = from_source[v] + to_target[v], v
    if top == _NONE:
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
        e, low, climb = edges[waiting], lows[waiting], climbs[waiting]
        via = upward_via[e] if climb else downward_via[e]
        if via < _NONE:
            if count == len(arcs):
                arcs = np.concatenate((arcs, np.empty_like(arcs)))
            arcs[count] = -2 - via
            count += 1
            continue
        to_low = edge_to(up, first_up[via], first_up[via + 1], low)
        to_high = edge_to(up, first_up[via], first_up[via + 1], up[e])
        last, next_ = (to_high, to_low) if climb else (to_low, to_high)
        edges[waiting], lows[waiting], climbs[waiting] = last, via, True
        edges[waiting + 1], lows[waiting + 1], climbs[waiting + 1] = next_, via, False
        waiting += 2
    return best, start, end, arcs[:count].copy()
