"""Matrices that were asked for lately: a day that is planned again has the same places."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

from cachetools import LRUCache

from routing.matrix import TravelMatrix

KEPT_BYTES: Final = 256 << 20
"""Of all matrices kept: eleven of 1,700 places. Chosen."""


class RecentMatrices:
    """The matrices last asked for, up to a size; the arrays of a kept matrix are read-only."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept: LRUCache[Hashable, TravelMatrix] = LRUCache(kept_bytes, getsizeof=_bytes_of)
        self._lock = Lock()

    def find(self, key: Hashable, make: Callable[[], TravelMatrix]) -> TravelMatrix:
        """The matrix of `key`, made if it is not kept. One that is larger than all room is not kept."""
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        made = make()  # two threads may make the same: neither waits for the other
        made.durations_s.flags.writeable = made.distances_m.flags.writeable = False
        if _bytes_of(made) <= self._kept.maxsize:
            with self._lock:
                self._kept[key] = made
        return made


def _bytes_of(matrix: TravelMatrix) -> int:
    return matrix.durations_s.nbytes + matrix.distances_m.nbytes
