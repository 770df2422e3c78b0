"""Roads closed for a while: what a network's weights become while closures are in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.roads.graph import CLOSED


class NoSuchRoad(RoutingError):
    """A closure of a road whose number the network does not have."""

    code: ClassVar[str] = "road-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """
    Roads that may not be driven, in either direction, until a moment.

    edges
        Numbers of the roads in the network.
    profiles
        Names of the profiles it holds for; empty for all.
    until_s
        The first moment, in seconds since the epoch, at which the roads are open again.
    """

    edges: tuple[int, ...]
    profiles: frozenset[str] = frozenset()
    until_s: float


def apply(
    weights: NDArray[np.int64], closures: Iterable[Closure], *, profile: str, now_s: float
) -> NDArray[np.int64]:
    """The packed arc weights of `profile` with the closures in force at `now_s`; a copy, O(n)."""
    closed = weights.copy()
    by_road = closed.reshape(-1, 2)
    for closure in closures:
        for edge in closure.edges:
            if not 0 <= edge < len(by_road):
                raise NoSuchRoad(f"there is no road {edge}: the network has {len(by_road)}")
        if now_s < closure.until_s and (not closure.profiles or profile in closure.profiles):
            by_road[list(closure.edges)] = CLOSED
    return closed
