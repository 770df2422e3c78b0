"""A drawing of roads: nodes in metres, ways through them, and junctions wherever ways cross."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dispatch.demo.landscape import Points

_SEGMENT_M = 120.0  # straight stretches are cut to this, so that only near neighbours may cross


@dataclass(slots=True)
class Way:
    """Nodes by index and OpenStreetMap tags. A way that `passes_over` others meets none of them."""

    nodes: list[int]
    tags: dict[str, str]
    passes_over: bool = False


@dataclass(slots=True)
class Drawing:
    """Grows while roads are drawn; `join_crossings` finishes it."""

    nodes: list[tuple[float, float]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def node(self, x_m: float, y_m: float) -> int:
        self.nodes.append((float(x_m), float(y_m)))
        return len(self.nodes) - 1

    def join_crossings(self) -> None:
        """Give every two ways that cross a node in common; O(n log n) in the number of segments."""
        for way in self.ways:
            way.nodes = self._cut_short(way.nodes)
        joinable = [way for way in self.ways if not way.passes_over]
        owner, position = _segments(joinable)
        chains = [np.array(way.nodes) for way in joinable]
        start = np.concatenate([chain[:-1] for chain in chains])
        end = np.concatenate([chain[1:] for chain in chains])

        met: dict[tuple[int, int], list[tuple[float, int]]] = {}
        for first, second, share_first, share_second in _crossings(
            np.array(self.nodes), start, end
        ):
            a = np.array(self.nodes[start[first]])
            b = np.array(self.nodes[end[first]])
            junction = self.node(*(a + share_first * (b - a)))
            for segment, share in ((first, share_first), (second, share_second)):
                key = (int(owner[segment]), int(position[segment]))
                met.setdefault(key, []).append((share, junction))
        for index, way in enumerate(joinable):
            nodes = way.nodes[:1]
            for place, node in enumerate(way.nodes[1:]):
                nodes += [junction for _, junction in sorted(met.get((index, place), ()))]
                nodes.append(node)
            way.nodes = nodes
        self._merge_twins(joinable)

    def _merge_twins(self, joinable: list[Way]) -> None:
        """Make one node of those within a millimetre, where a road ends on another or three meet."""
        first_at: dict[tuple[float, float], int] = {}
        one_of: dict[int, int] = {}
        for node in sorted({node for way in joinable for node in way.nodes}):
            x, y = self.nodes[node]
            one_of[node] = first_at.setdefault((round(x, 3), round(y, 3)), node)
        for way in self.ways:
            way.nodes = [node for node, _ in groupby(one_of.get(node, node) for node in way.nodes)]
        self.ways = [way for way in self.ways if len(way.nodes) > 1]

    def _cut_short(self, nodes: list[int]) -> list[int]:
        """The same line with further nodes on stretches longer than _SEGMENT_M."""
        out = nodes[:1]
        for a, b in pairwise(nodes):
            start, end = np.array(self.nodes[a]), np.array(self.nodes[b])
            parts = int(np.ceil(np.linalg.norm(end - start) / _SEGMENT_M))
            out += [self.node(*(start + (end - start) * k / parts)) for k in range(1, parts)]
            out.append(b)
        return out


def _segments(ways: list[Way]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each segment the index of its way and its position in it."""
    counts = np.array([len(way.nodes) - 1 for way in ways])
    owner = np.repeat(np.arange(len(ways)), counts)
    position = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    return owner, position


def _crossings(
    nodes: Points, start: NDArray[np.int64], end: NDArray[np.int64]
) -> list[tuple[int, int, float, float]]:
    """Pairs of segments that cross without a common node, and where on each (0 to 1)."""
    middle = (nodes[start] + nodes[end]) / 2
    # Two segments can only meet if their middles are nearer than the longest segment.
    pairs = cKDTree(middle).query_pairs(_SEGMENT_M, output_type="ndarray")
    first, second = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
    shared = (
        (start[first] == start[second])
        | (start[first] == end[second])
        | (end[first] == start[second])
        | (end[first] == end[second])
    )
    first, second = first[~shared], second[~shared]
    p, q = nodes[start[first]], nodes[start[second]]
    r, s = nodes[end[first]] - p, nodes[end[second]] - q
    turn = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    gap = q - p
    # Parallel, or nearly: no number or beyond all numbers, and never inside.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        t = (gap[:, 0] * s[:, 1] - gap[:, 1] * s[:, 0]) / turn
        u = (gap[:, 0] * r[:, 1] - gap[:, 1] * r[:, 0]) / turn
    hit = (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
    return [
        (int(a), int(b), float(x), float(y))
        for a, b, x, y in zip(first[hit], second[hit], t[hit], u[hit], strict=True)
    ]
