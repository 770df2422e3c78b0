"""What time it is: the only place where dispatch asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells aware moments; a demo day runs on a faster one, a simulated day on one that stands."""

    def now(self) -> datetime: ...

    def real_s(self, until: datetime) -> float | None:
        """Seconds that pass in the world until it shows `until`, at least 0; None: nobody can say."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def real_s(self, until: datetime) -> float | None:
        return max(0.0, (until - self.now()).total_seconds())


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """
    A clock that showed `starts_at` at the real moment `started_real` and runs `speed` times as fast.

    Every process with the same three values tells the same time.
    """

    starts_at: datetime
    started_real: datetime
    speed: float

    def now(self) -> datetime:
        return self.starts_at + (datetime.now(UTC) - self.started_real) * self.speed

    def real_s(self, until: datetime) -> float | None:
        return max(0.0, (until - self.now()).total_seconds() / self.speed)


@dataclass(slots=True)
class StandingClock:
    """A clock that shows `at` until somebody moves it: a simulated day runs on it."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def real_s(self, until: datetime) -> float | None:
        return 0.0 if until <= self.at else None
