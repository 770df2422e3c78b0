"""What a sequence of visits asks of its trips and doors, compiled: when they are due, released, unloaded, open."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.packed import NEVER, Packed

DEPOT: Final = -1
"""In a sequence of visits: back to the depot and out again."""


@njit(cache=True, nogil=True)
def due_of(packed: Packed, sequence: NDArray[np.int64], end: int) -> int:
    """The earliest due moment of the trip that ends before element `end`."""
    due_s = NEVER
    position = end - 1
    while position >= 0 and sequence[position] != DEPOT:
        due_s = min(due_s, int(packed.due_s[sequence[position]]))
        position -= 1
    return due_s


@njit(cache=True, nogil=True)
def unloading_of(packed: Packed, sequence: NDArray[np.int64], end: int) -> int:
    """How long the trip that ends before element `end` is unloaded."""
    seconds, position = 0, end - 1
    while position >= 0 and sequence[position] != DEPOT:
        seconds += int(packed.unload_s[sequence[position]])
        position -= 1
    return seconds


@njit(cache=True, nogil=True)
def released_of(packed: Packed, sequence: NDArray[np.int64], length: int, begin: int) -> int:
    """The latest release of the trip whose first element is `begin`."""
    release_s = 0
    position = begin
    while position < length and sequence[position] != DEPOT:
        release_s = max(release_s, int(packed.release_s[sequence[position]]))
        position += 1
    return release_s


@njit(cache=True, nogil=True)
def begin_from(packed: Packed, visit: int, ready_s: int) -> int:
    """The first moment from `ready_s` on at which the visit's service may begin; or NEVER."""
    for row in range(packed.window_from[visit], packed.window_from[visit + 1]):
        if ready_s <= packed.windows[row, 1]:
            return max(ready_s, int(packed.windows[row, 0]))
    return NEVER
