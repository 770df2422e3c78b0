"""Closures that people report: where, from when until when, and what they make of the roads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, NewType
from zoneinfo import ZoneInfo

from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork

ClosureId = NewType("ClosureId", str)

_NO_TIME: Final = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyHours:
    """
    A part of every day, by the wall clock: a market's morning, a school's noon, a harvest's nights.

    From `starts` until just before `ends`; an end that is not after its start is the next day's.
    """

    starts: time
    ends: time
    time_zone: str

    def holds(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.time_zone)).time()
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends

    def spans(self, from_at: datetime, until_at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The hours of all days between two moments, cut there."""
        zone = ZoneInfo(self.time_zone)
        day = from_at.astimezone(zone).date() - timedelta(days=1)
        while (starts_at := datetime.combine(day, self.starts, zone)) < until_at:
            over_midnight = self.ends <= self.starts
            ends_at = datetime.combine(day + timedelta(days=over_midnight), self.ends, zone)
            span = max(starts_at, from_at).astimezone(UTC), min(ends_at, until_at).astimezone(UTC)
            if span[0] < span[1]:
                yield span
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedClosure:
    """
    A closure in force from `from_at` until just before `until_at`; None: until it is removed.

    With `hours` it is in force in these of every day only.
    `network` is the version of the roads it was made for: only there do numbers of roads mean
    what they meant. `by` is role and key id of whoever reported it, never a name.
    """

    closure_id: ClosureId
    closure: Closure
    from_at: datetime
    until_at: datetime | None
    hours: DailyHours | None = None
    reason: str
    network: str
    at: datetime
    by: str

    def is_over(self, at: datetime) -> bool:
        return self.until_at is not None and self.until_at <= at

    def holds(self, at: datetime) -> bool:
        is_due = self.hours is None or self.hours.holds(at)
        return is_due and self.from_at <= at and not self.is_over(at)

    def holds_within(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether it is in force at any moment from `starts_at` to `ends_at`, both inclusive."""
        if self.from_at > ends_at or self.is_over(starts_at):
            return False
        return (
            self.hours is None or self.holds(ends_at) or self._held(starts_at, ends_at) > _NO_TIME
        )

    def averaged(self, starts_at: datetime, ends_at: datetime) -> TimedClosure | None:
        """
        What a plan of that span makes of it, not knowing when it passes; None: nothing.

        Hours in which roads are slow count by the share of the span that they take; a closure, and
        whatever is slow for a while and not daily, counts as if it held all the time.
        """
        factor = self.closure.duration_factor
        if factor is None or self.hours is None or ends_at <= starts_at:
            return self
        share = self._held(starts_at, ends_at) / (ends_at - starts_at)
        mean = 1.0 + (factor - 1.0) * share
        if mean <= 1.0:  # the span ends in the moment in which the hours begin
            return None
        return replace(self, closure=replace(self.closure, duration_factor=mean))

    def _held(self, starts_at: datetime, ends_at: datetime) -> timedelta:
        """How long its hours are in force between two moments."""
        assert self.hours is not None
        begins_at = max(starts_at, self.from_at)
        stops_at = ends_at if self.until_at is None else min(ends_at, self.until_at)
        spans = self.hours.spans(begins_at, stops_at)
        return sum((until_at - from_at for from_at, until_at in spans), _NO_TIME)

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
