"""What keepers tell of collection points: which parcels were scanned in, and whether a point is full or closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from dispatch.events import (
    Event,
    GivenBack,
    PointClosed,
    PointFull,
    PointOpened,
    Scanned,
)
from dispatch.households import PointId
from dispatch.orders import OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Since when all parcels of an order stand at a point."""

    point_id: PointId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """
    What was said last of a point and not taken back.

    full_since, pieces_left
        From that moment on so many further pieces fit, and no more. None: it is not full.
    closed_from, closed_until
        Nobody hands anything in or picks anything up from then until just before; until None: until told otherwise.
    """

    full_since: datetime | None = None
    pieces_left: int = 0
    closed_from: datetime | None = None
    closed_until: datetime | None = None

    def is_closed(self, at: datetime) -> bool:
        if self.closed_from is None or at < self.closed_from:
            return False
        return self.closed_until is None or at < self.closed_until


@dataclass(frozen=True, slots=True, kw_only=True)
class FullPoint:
    """
    What a full point still takes of open orders that are not there yet.

    Those `coming` have room; `spare_pieces` fit beside them, whoever brings them.
    """

    coming: frozenset[OrderId]
    spare_pieces: int


NOTHING_SAID: Final = Notice()

_Word = TypeVar("_Word", bound=PointFull | PointClosed | PointOpened)


def scans_of(events: Iterable[Event]) -> Mapping[OrderId, Scan]:
    """
    Where scanned orders stand, from a day's events in any order and however often repeated.

    The later moment wins, so a slip can be mended; at one moment a scan wins over giving back. Scanned again at the same
    point, an order stands there since the first of those scans.
    """
    words: dict[OrderId, set[tuple[datetime, bool, PointId]]] = {}
    for event in events:
        if isinstance(event, Scanned | GivenBack):
            word = (event.at, isinstance(event, Scanned), event.point_id)
            for order_id in event.order_ids:
                words.setdefault(order_id, set()).add(word)
    standing: dict[OrderId, Scan] = {}
    for order_id, told in words.items():
        latest_first = sorted(told, reverse=True)
        since, is_there, point_id = latest_first[0]
        if not is_there:
            continue
        for at, was_there, point in latest_first:
            if not was_there or point != point_id:
                break
            since = at
        standing[order_id] = Scan(point_id=point_id, at=since)
    return standing


def notices_of(events: Iterable[Event]) -> Mapping[PointId, Notice]:
    """What holds of points of which something was said; the later word on each matter wins, and opening on both."""
    full: dict[PointId, PointFull | PointOpened] = {}
    closed: dict[PointId, PointClosed | PointOpened] = {}
    for event in events:
        if isinstance(event, PointFull | PointOpened):
            full[event.point_id] = _later(full.get(event.point_id, event), event)
        if isinstance(event, PointClosed | PointOpened):
            closed[event.point_id] = _later(closed.get(event.point_id, event), event)
    found: dict[PointId, Notice] = {}
    for point_id, filled in full.items():
        if isinstance(filled, PointFull):
            found[point_id] = Notice(full_since=filled.at, pieces_left=filled.pieces_left)
    for point_id, shut in closed.items():
        if isinstance(shut, PointClosed):
            found[point_id] = replace(
                found.get(point_id, NOTHING_SAID),
                closed_from=shut.from_at,
                closed_until=shut.until_at,
            )
    return found


def _later(known: _Word, told: _Word) -> _Word:
    """Of two words of one moment the one that opens."""
    return max(known, told, key=lambda word: (word.at, isinstance(word, PointOpened)))
