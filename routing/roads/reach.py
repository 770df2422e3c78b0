"""What lies within some seconds or metres of a position: junctions, and roads as far as one gets."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE
from routing.roads.compiled import Weighting
from routing.roads.geometry import cut
from routing.roads.graph import CLOSED, DISTANCE_BITS, Roads
from routing.roads.positions import Positions

LIMIT_MAX: Final = 10_000_000
"""Seconds or metres; a quarter of the earth round, and far from what a packed weight can hold."""

_HUNDREDTHS: Final = 100
"""Of a second or a metre in the halves of a packed weight."""


class ReachUnclear(RoutingError):
    """Limits of a reach that say nothing, or two things at once."""

    code: ClassVar[str] = "reach-unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """
    All that a position reaches, or is reached from, within a limit.

    limit
        Seconds of the fastest path, or metres of the shortest.
    junctions
        int32 (n,): seconds, or metres, to or from each junction of the network, rounded up;
        UNREACHABLE beyond the limit. Seconds are those of the matrix.
    roads
        int64 (k,): rising. A road reached from both ends, but not in the middle, stands there twice.
    starts, ends
        float64 (k,): shares of the road's drawn line, start below end; 0 and 1 where it is reached whole.
    """

    limit: int
    junctions: NDArray[np.int32]
    roads: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """Bool (k,): what is reached from end to end."""
        return np.asarray((self.starts == 0.0) & (self.ends == 1.0))


def find_reaches(
    roads: Roads,
    weighting: Weighting,
    positions: Positions,
    *,
    within_s: Sequence[int],
    within_m: Sequence[int],
    towards: bool,
) -> tuple[Reach, ...]:
    """
    One reach of the first of `positions` for each limit, from one search; turns cost and bind as in the matrix.

    `towards` asks who gets to the position, else where one gets from it.

    Raises
    ------
    ReachUnclear
    """
    limits = _limits(within_s, within_m)
    graph = weighting.engine.turn_graph
    weights = graph.arc_weights(weighting.weights, weighting.turn_weights)
    ends = positions.destinations if towards else positions.origins
    costs = ends.costs[0]
    if within_m:
        weights, costs = _metres_first(weights), _metres_first(costs)
    # Towards the position the search runs against the arcs.
    tails, heads = (graph.heads, graph.tails) if towards else (graph.tails, graph.heads)
    order = np.argsort(tails, kind="stable")
    first = np.searchsorted(tails[order], np.arange(len(graph.junctions) + 1))
    farthest = max(limits) * _HUNDREDTHS
    reached = _settle(first, heads[order], weights[order], ends.nodes[0], costs, farthest)
    at_junctions = reached[graph.entries if towards else graph.exits]
    # Where one is about to travel each road arc, or has just travelled it.
    arcs = slice(0, 2 * roads.count)
    at_arcs = reached[graph.heads[arcs] if towards else graph.sinks]
    return tuple(
        _reach(positions, limit, at_junctions, at_arcs, weights[arcs], towards=towards)
        for limit in limits
    )


def _limits(within_s: Sequence[int], within_m: Sequence[int]) -> Sequence[int]:
    if bool(within_s) == bool(within_m):
        raise ReachUnclear("give limits in seconds or in metres: within_s or within_m")
    limits = within_s or within_m
    for limit in limits:
        if not 0 < limit <= LIMIT_MAX:
            raise ReachUnclear(f"a limit of {limit:,} must be above 0, up to {LIMIT_MAX:,}")
    return limits


def lines_of(roads: Roads, reach: Reach) -> NDArray[Any]:
    """What is reached of each road as a shapely line in degrees, in the order of `reach.roads`."""
    firsts, stops = roads.offsets[reach.roads], roads.offsets[reach.roads + 1]
    counts = stops - firsts
    owners = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    lines: NDArray[Any] = shapely.linestrings(
        roads.lon_lat[np.repeat(firsts, counts) + nth], indices=owners
    )
    for i in np.flatnonzero(~reach.is_whole).tolist():
        line = roads.line(int(reach.roads[i]))
        lines[i] = shapely.LineString(cut(line, float(reach.starts[i]), float(reach.ends[i])))
    return lines


def _metres_first(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Packed weights whose upper half is the distance, so that a search finds the shortest path."""
    swapped = (weights & DISTANCE_BITS) << 32 | weights >> 32
    return np.where(weights < CLOSED, swapped, CLOSED)


def _reach(
    positions: Positions,
    limit: int,
    at_junctions: NDArray[np.int64],
    at_arcs: NDArray[np.int64],
    weights: NDArray[np.int64],
    *,
    towards: bool,
) -> Reach:
    left = limit * _HUNDREDTHS - (at_arcs >> 32)
    shares = _shares(left, weights)
    # An arc along the line is entered at its tail, and left at its head: end 0 and end 1.
    from_tail, from_head = (shares[1::2], shares[::2]) if towards else (shares[::2], shares[1::2])
    from_tail, from_head = from_tail.copy(), from_head.copy()
    own = int(positions.edges[0])
    pieces = [(0.0, float(from_tail[own])), (1.0 - float(from_head[own]), 1.0)]
    pieces.append(_around(positions, limit, weights, towards=towards))
    from_tail[own] = from_head[own] = 0.0
    is_whole = from_tail + from_head >= 1.0
    whole = np.flatnonzero(is_whole)
    near = np.flatnonzero(~is_whole & (from_tail > 0.0))
    far = np.flatnonzero(~is_whole & (from_head > 0.0))
    around = np.array(_joined(pieces), np.float64).reshape(-1, 2)
    found = np.concatenate((whole, near, far, np.full(len(around), own)))
    starts = np.concatenate((np.zeros(len(whole) + len(near)), 1.0 - from_head[far], around[:, 0]))
    ends = np.concatenate((np.ones(len(whole)), from_tail[near], np.ones(len(far)), around[:, 1]))
    order = np.lexsort((starts, found))
    arrivals = ((at_junctions >> 32) + _HUNDREDTHS - 1) // _HUNDREDTHS
    return Reach(
        limit=limit,
        junctions=np.where(arrivals <= limit, arrivals, UNREACHABLE).astype(np.int32),
        roads=found[order],
        starts=starts[order],
        ends=ends[order],
    )


def _shares(left: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much of each arc is travelled with what is left of the limit, 0…1."""
    whole = weights >> 32
    shares = np.clip(left / np.maximum(whole, 1), 0.0, 1.0)
    shares[left >= whole] = 1.0
    return np.where(weights < CLOSED, shares, 0.0)


def _around(
    positions: Positions, limit: int, weights: NDArray[np.int64], *, towards: bool
) -> tuple[float, float]:
    """The part of the position's own road that is travelled without reaching a junction."""
    own, at = int(positions.edges[0]), float(positions.fractions[0])
    left = np.full(2, limit * _HUNDREDTHS)
    along, back = _shares(left, weights[2 * own : 2 * own + 2]).tolist()
    along *= bool(positions.along[0] < CLOSED)
    back *= bool(positions.back[0] < CLOSED)
    before, behind = (along, back) if towards else (back, along)
    return max(0.0, at - before), min(1.0, at + behind)


def _joined(pieces: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pieces of one line without overlaps, nor empty ones."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _settle(
    first: NDArray[np.int64],
    heads: NDArray[np.int32],
    weights: NDArray[np.int64],
    nodes: NDArray[np.int32],
    costs: NDArray[np.int64],
    limit: int,
) -> NDArray[np.int64]:
    """Packed weights from the nearer of two nodes to every node, after Dijkstra; CLOSED above the limit."""
    reached = np.full(len(first) - 1, CLOSED, np.int64)
    waiting = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for i in range(len(nodes)):
        if costs[i] >> 32 <= limit and costs[i] < reached[nodes[i]]:
            reached[nodes[i]] = costs[i]
            heapq.heappush(waiting, (costs[i], np.int64(nodes[i])))
    while waiting:
        weight, node = heapq.heappop(waiting)
        if weight > reached[node]:
            continue
        for arc in range(first[node], first[node + 1]):
            through = weight + weights[arc]
            if through >> 32 <= limit and through < reached[heads[arc]]:
                reached[heads[arc]] = through
                heapq.heappush(waiting, (through, np.int64(heads[arc])))
    return reached
