"""The depot-day, the unit of consistency: one depot of one company on one local date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo

CompanyId = NewType("CompanyId", str)
DepotId = NewType("DepotId", str)


@dataclass(frozen=True, slots=True)
class DepotScope:
    """What outlives a day: registry and fleet of one depot of one company."""

    company_id: CompanyId
    depot_id: DepotId


@dataclass(frozen=True, slots=True)
class DepotDay:
    """One depot of one company on one date in the depot's zone."""

    company_id: CompanyId
    depot_id: DepotId
    day: date

    @property
    def scope(self) -> DepotScope:
        return DepotScope(self.company_id, self.depot_id)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Aware moments, both inclusive, in which a pickup may begin."""

    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class DayClock:
    """
    Translates between aware moments and a solver's seconds since local midnight of `day`.

    On a day on which clocks change, seconds count real time from midnight, so none repeats.
    """

    day: date
    zone: ZoneInfo

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.day, time(), self.zone)

    def seconds(self, at: datetime) -> int:
        """Seconds from midnight to `at`; negative before, above 86,400 after the day."""
        return round((at - _midnight(self.day, self.zone)).total_seconds())

    def seconds_of(self, local: time) -> int:
        """Seconds from midnight to a local wall-clock time of this day."""
        return _local_s(self.day, self.zone, local)

    def span_of(self, starts: time, ends: time) -> tuple[int, int]:
        """Both in seconds from midnight; an end that is not after its start is the next morning's."""
        starts_s, ends_s = self.seconds_of(starts), self.seconds_of(ends)
        return starts_s, ends_s if ends_s > starts_s else ends_s + 24 * 3600

    def moment(self, seconds: int) -> datetime:
        """The aware moment in the depot's zone, the inverse of `seconds`."""
        midnight = _midnight(self.day, self.zone)
        return (midnight + timedelta(seconds=seconds)).astimezone(self.zone)


@lru_cache(maxsize=64)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def _local_s(day: date, zone: ZoneInfo, local: time) -> int:
    at = datetime.combine(day, local, zone).astimezone(UTC)
    return round((at - _midnight(day, zone)).total_seconds())
