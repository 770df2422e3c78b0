"""Places in an order in which near ones stand together, so that what a search looks at stands together in memory."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE

LARGE: Final = 512
"""Places from which their order matters: a smaller matrix, 1 MB, stays in a core's cache. Chosen."""

_TOGETHER: Final = 16
"""Places that are not parted further. Chosen."""


def near_together(durations_s: NDArray[np.int32]) -> NDArray[np.int64]:
    """
    The places of a matrix (n, n), halved again and again by whether they lie nearer to one end or to the other. O(n log n).

    Nobody need know where they are: the ends are two places far from each other.
    """
    order: list[NDArray[np.int64]] = []
    waiting = [np.arange(len(durations_s))]
    while waiting:
        some = waiting.pop()
        if len(some) <= _TOGETHER:
            order.append(some)
            continue
        one = _farthest(durations_s, int(some[0]), some)
        other = _farthest(durations_s, one, some)
        side = durations_s[one][some].astype(np.int64) - durations_s[other][some]
        parted = some[np.argsort(side, kind="stable")]
        middle = len(parted) // 2
        waiting += [parted[middle:], parted[:middle]]
    return np.concatenate(order) if order else np.zeros(0, np.int64)


def _farthest(durations_s: NDArray[np.int32], place: int, some: NDArray[np.int64]) -> int:
    """Of some places the one farthest from another, among those that can be reached."""
    away_s = durations_s[place][some]
    return int(some[np.argmax(np.where(away_s < UNREACHABLE, away_s, -1))])
