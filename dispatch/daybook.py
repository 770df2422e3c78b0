"""What this process has read of its depot-days so far, so that a board reads only what is new."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from dispatch.days import DepotDay
from dispatch.events import (
    Event,
    PlanDrafted,
    PlanningFailed,
    PlanPublished,
    PlanRequested,
    RegistryChanged,
    SearchProgressed,
    decode,
)
from dispatch.plan import Plan
from dispatch.versions import VersionSource, read_version

DAYS_KEPT: Final = 64
"""A county has 20 depots; a page of 3,000 stops takes some 10 MB. Chosen, not measured."""


_ABOUT_PLANNING: Final = (
    PlanRequested
    | SearchProgressed
    | PlanDrafted
    | PlanningFailed
    | PlanPublished
    | RegistryChanged
)
"""Most of a day's events, and none of them says anything of orders or the road."""


@dataclass(frozen=True, slots=True)
class DaySlice:
    """
    One consistent look at a day: a run of stream entries and what stood beside it.

    `complete` says that no entry follows the last of `entries`.
    """

    entries: Sequence[tuple[str, bytes]]
    complete: bool
    orders_total: int
    plan_version: int


class DaySource(VersionSource, Protocol):
    async def day_slice(self, day: DepotDay, *, after: str) -> DaySlice: ...


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day's events that are not about planning, published plan and number of orders, all as of one stream id."""

    events: Sequence[Event]
    as_of: str
    orders_total: int
    plan: Plan | None


@dataclass(slots=True)
class _Kept:
    as_of: str = "0-0"
    events: list[Event] = field(default_factory=list)
    plan: Plan | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Daybook:
    """Keeps the DAYS_KEPT days last asked for; what is kept is only ever added to."""

    def __init__(self, source: DaySource) -> None:
        self._source = source
        self._days: OrderedDict[DepotDay, _Kept] = OrderedDict()

    async def read(self, day: DepotDay) -> DayPage:
        """The day as it stands now: one hop when little has happened since the last read."""
        kept = self._days.setdefault(day, _Kept())
        self._days.move_to_end(day)
        if len(self._days) > DAYS_KEPT:
            self._days.popitem(last=False)
        async with kept.lock:
            while True:
                found = await self._source.day_slice(day, after=kept.as_of)
                for stream_id, body in found.entries:
                    event = decode(body)
                    if not isinstance(event, _ABOUT_PLANNING):
                        kept.events.append(event)
                    kept.as_of = stream_id
                if found.complete:
                    break
            if found.plan_version != (0 if kept.plan is None else kept.plan.version):
                read = await read_version(self._source, day, found.plan_version, known=kept.plan)
                kept.plan = None if read is None else read[0]
            return DayPage(tuple(kept.events), kept.as_of, found.orders_total, kept.plan)

    def know(self, day: DepotDay, plan: Plan) -> None:
        """`plan`, which this process has published, need not be read from the store."""
        kept = self._days.get(day)
        if kept is not None and (kept.plan is None or kept.plan.version < plan.version):
            kept.plan = plan
