"""Closures that people report: where, from when until when, and what they make of the roads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork

ClosureId = NewType("ClosureId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedClosure:
    """
    A closure in force from `from_at` until just before `until_at`; None: until it is removed.

    `network` is the version of the roads it was made for: only there do numbers of roads mean
    what they meant. `by` is role and key id of whoever reported it, never a name.
    """

    closure_id: ClosureId
    closure: Closure
    from_at: datetime
    until_at: datetime | None
    reason: str
    network: str
    at: datetime
    by: str

    def is_over(self, at: datetime) -> bool:
        return self.until_at is not None and self.until_at <= at

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at and not self.is_over(at)

    def holds_within(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether it is in force at any moment from `starts_at` to `ends_at`, both inclusive."""
        return self.from_at <= ends_at and not self.is_over(starts_at)

    def fits(self, network: RoadNetwork) -> bool:
        """Whether `network`, with no closures yet, has the roads: another extract may not."""
        if self.closure.roads and network.version != self.network:
            return False
        return network.has_roads_of(self.closure)


def closed(network: RoadNetwork, closures: Iterable[TimedClosure]) -> RoadNetwork:
    """
    The network under those of `closures` whose roads it has.

    The others were made for another extract; lists of closures tell which they are.
    """
    return network.with_closures([each.closure for each in closures if each.fits(network)])
