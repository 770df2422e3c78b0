"""The depot-day, the unit of consistency: one depot of one company on one local date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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
        return round((at.astimezone(ZoneInfo("UTC")) - self._utc_start).total_seconds())

    def seconds_of(self, local: time) -> int:
        """Seconds from midnight to a local wall-clock time of this day."""
        return self.seconds(datetime.combine(self.day, local, self.zone))

    def span_of(self, starts: time, ends: time) -> tuple[int, int]:
        """Both in seconds from midnight; an end that is not after its start is the next morning's."""
        starts_s, ends_s = self.seconds_of(starts), self.seconds_of(ends)
        return starts_s, ends_s if ends_s > starts_s else ends_s + 24 * 3600

    def moment(self, seconds: int) -> datetime:
        """The aware moment in the depot's zone, the inverse of `seconds`."""
        return (self._utc_start + timedelta(seconds=seconds)).astimezone(self.zone)

    @property
    def _utc_start(self) -> datetime:
        return self.starts_at.astimezone(ZoneInfo("UTC"))
