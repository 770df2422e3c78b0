"""
A customizable contraction hierarchy: shortcuts that serve any weights, and their weights.

The vertex order (once for a graph) and the weights (again after every change) are kept apart, after
Dibbelt, Strasser and Wagner, "Customizable Contraction Hierarchies", ACM Journal of Experimental
Algorithmics 21 (2016). A weight is one int64 (`arcs.pack`), so the distance that comes out is that
of the fastest path. Questions are asked in `many_to_many` and `fastest_path`.

Inside the arrays a vertex is named by its rank: 0 is contracted first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from routingkit_cch import compute_order_inertial

from routing.roads.graph import CLOSED

_NONE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """
    The order of n vertices and the upward graph of all shortcuts, without weights.

    ranks
        int32 (n,): node to rank.
    first_up, up
        int64 (n + 1,) and int32 (k,): the higher neighbours of rank v, ascending, are
        up[first_up[v]:first_up[v + 1]]; the first of them is v's parent in the elimination tree.
    """

    ranks: NDArray[np.int32]
    first_up: NDArray[np.int64]
    up: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """
    Weights for every upward edge, and what each of them stands for.

    upward, downward
        int64 (k,): packed weight from the lower end to the higher and back.
    upward_via, downward_via
        int32 (k,): the lower vertex that the shortcut passes; an arc of the input as -2 - its label;
        or -1 where the edge is closed.
    """

    upward: NDArray[np.int64]
    downward: NDArray[np.int64]
    upward_via: NDArray[np.int32]
    downward_via: NDArray[np.int32]


def contract(
    tails: NDArray[np.int32], heads: NDArray[np.int32], node_lon_lat: NDArray[np.float64]
) -> Hierarchy:
    """
    Order the vertices by inertial nested dissection and find all shortcuts that any weights could need.

    `node_lon_lat` is float64 (n, 2); arcs may be parallel, loops are ignored.
    """
    n = len(node_lon_lat)
    order = compute_order_inertial(
        n,
        tails.tolist(),
        heads.tolist(),
        node_lon_lat[:, 1].tolist(),
        node_lon_lat[:, 0].tolist(),
    )
    ranks = np.empty(n, np.int32)
    ranks[np.asarray(order, np.int64)] = np.arange(n, dtype=np.int32)
    low = np.minimum(ranks[tails], ranks[heads]).astype(np.int64)
    high = np.maximum(ranks[tails], ranks[heads]).astype(np.int64)
    edges = np.unique((low * n + high)[low < high])
    low, high = edges // n, edges % n
    first = np.searchsorted(low, np.arange(n + 1))
    first_up, up = _eliminate(first, high.astype(np.int32))
    return Hierarchy(ranks=ranks, first_up=first_up, up=up)


def customize(
    hierarchy: Hierarchy,
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
    weights: NDArray[np.int64],
    labels: NDArray[np.int32] | None = None,
) -> Metric:
    """
    Give every edge of the hierarchy its weight: a few hundredths of a second for a county.

    `labels`, int32 and one for each arc, is what unpacked paths name the arcs by instead of numbers.
    """
    if labels is None:
        labels = np.arange(len(tails), dtype=np.int32)
    return Metric(
        **dict(
            zip(
                ("upward", "downward", "upward_via", "downward_via"),
                _customize(
                    hierarchy.first_up,
                    hierarchy.up,
                    hierarchy.ranks[tails],
                    hierarchy.ranks[heads],
                    weights,
                    labels,
                ),
                strict=True,
            )
        )
    )


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _eliminate(
    first: NDArray[np.int64], above: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Add the fill: the lower neighbours' higher neighbours, passed on along the elimination tree."""
    n = len(first) - 1
    first_up = np.zeros(n + 1, np.int64)
    up = np.empty(len(above) * 8 + 16, np.int32)
    filled = 0
    first_child = np.full(n, _NONE, np.int32)
    next_child = np.full(n, _NONE, np.int32)
    seen_by = np.full(n, _NONE, np.int32)
    gathered = np.empty(n, np.int32)
    for v in range(n):
        count = 0
        for e in range(first[v], first[v + 1]):
            seen_by[above[e]] = v
            gathered[count] = above[e]
            count += 1
        child = first_child[v]
        while child != _NONE:
            for e in range(first_up[child], first_up[child + 1]):
                w = up[e]
                if w != v and seen_by[w] != v:
                    seen_by[w] = v
                    gathered[count] = w
                    count += 1
            child = next_child[child]
        if filled + count > len(up):
            grown = np.empty(2 * len(up) + count, np.int32)
            grown[:filled] = up[:filled]
            up = grown
        up[filled : filled + count] = np.sort(gathered[:count])
        if count:
            parent = up[filled]
            next_child[v] = first_child[parent]
            first_child[parent] = v
        filled += count
        first_up[v + 1] = filled
    return first_up, up[:filled].copy()


@_kernel
def edge_to(up: NDArray[np.int32], start: int, stop: int, vertex: int) -> int:
    """Index of `vertex` in the ascending up[start:stop], which holds it."""
    while start < stop:
        middle = (start + stop) >> 1
        if up[middle] < vertex:
            start = middle + 1
        else:
            stop = middle
    return start


@_kernel
def _customize(
    first_up: NDArray[np.int64],
    up: NDArray[np.int32],
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
    weights: NDArray[np.int64],
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    k = len(up)
    upward = np.full(k, CLOSED, np.int64)
    downward = np.full(k, CLOSED, np.int64)
    upward_via = np.full(k, _NONE, np.int32)
    downward_via = np.full(k, _NONE, np.int32)
    for a in range(len(tails)):
        tail, head = tails[a], heads[a]
        if tail < head:
            e = edge_to(up, first_up[tail], first_up[tail + 1], head)
            if weights[a] < upward[e]:
                upward[e] = weights[a]
                upward_via[e] = -2 - labels[a]
        elif head < tail:
            e = edge_to(up, first_up[head], first_up[head + 1], tail)
            if weights[a] < downward[e]:
                downward[e] = weights[a]
                downward_via[e] = -2 - labels[a]
    # Every triangle v < u < w once, lowest v first: the two edges at v are final when they are used.
    for v in range(len(first_up) - 1):
        for to_u in range(first_up[v], first_up[v + 1]):
            u = up[to_u]
            e = first_up[u]
            for to_w in range(to_u + 1, first_up[v + 1]):
                while up[e] < up[to_w]:
                    e += 1
                through = downward[to_u] + upward[to_w]
                if through < upward[e]:
                    upward[e] = through
                    upward_via[e] = v
                through = downward[to_w] + upward[to_u]
                if through < downward[e]:
                    downward[e] = through
                    downward_via[e] = v
    return upward, downward, upward_via, downward_via
