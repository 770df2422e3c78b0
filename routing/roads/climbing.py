"""The upward half of every search over a hierarchy: from a position, along its elimination tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.roads.graph import CLOSED

NONE: Final = -1
"""No vertex."""


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


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def climb(
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
    while one != NONE:
        chain[count] = one
        count += 1
        start, stop = first_up[one], first_up[one + 1]
        so_far = reached[one]
        if so_far < CLOSED:
            for e in range(start, stop):
                through = so_far + weights[e]
                reached[up[e]] = min(reached[up[e]], through)
        parent = up[start] if start < stop else NONE
        # Two branches of the tree, walked by ascending rank until they meet.
        if one == other:
            one = other = parent
        elif parent == NONE or (other != NONE and other < parent):
            one, other = other, parent
        else:
            one = parent
    return count
