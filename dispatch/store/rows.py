"""What the store takes and gives back: bytes, and the few values that its scripts decide by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.fates import Fate
from dispatch.orders import OrderStatus

COLLECTED_RANK: Final = 99
"""Above the rank of every other word of one moment."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class CancelAnswer(StrEnum):
    UNKNOWN = "unknown"
    COLLECTED = "collected"
    CANCELLED = "cancelled"


class ReportAnswer(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    DIFFERS = "differs"
    UNKNOWN_ORDER = "unknown-order"


class PublishAnswer(StrEnum):
    UNKNOWN = "unknown"
    STALE = "stale"
    CHANGE_REFUSED = "change-refused"
    """There are as many changes in a row as may be: the whole plan is asked for."""
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order's JSON, what couriers say last of it, and its cancellation."""

    body: bytes
    word: Fate | None
    cancellation: Fate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """
    A courier's event on its way in.

    `fate` is what it says of its orders (None: nothing), `rank` the place of that word among
    those of one moment; collected has COLLECTED_RANK.
    """

    event_id: str
    digest: bytes
    body: bytes
    order_ids: tuple[str, ...]
    fate: Fate | None
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteBodies:
    """A published route as its two audiences get it."""

    courier_id: str
    full: bytes
    full_etag: str
    masked: bytes
    masked_etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job's request as it was stored, and what has happened since; empty: nothing yet."""

    request: bytes
    state: str
    based_on: int
    progress: bytes
    plan_id: str
    code: str
    message: str
    cancelling: bool
    starts: int


def packed_word(fate: Fate, rank: int) -> str:
    """`fate` as `moment rank reason`, with the moment in microseconds: what scripts compare."""
    return f"{micros(fate.at)} {rank} {fate.reason}"


def read_word(packed: bytes) -> Fate:
    at, rank, reason = packed.decode().split(" ", 2)
    collected = int(rank) == COLLECTED_RANK
    return Fate(OrderStatus.COLLECTED if collected else OrderStatus.FAILED, _moment(at), reason)


def packed_cancellation(at: datetime, reason: str) -> str:
    return f"{micros(at)} {reason}"


def read_cancellation(packed: bytes) -> Fate:
    at, reason = packed.decode().split(" ", 1)
    return Fate(OrderStatus.CANCELLED, _moment(at), reason)


def micros(at: datetime) -> int:
    """Since 1970, exact: a float of seconds would round."""
    return (at - _EPOCH) // _MICROSECOND


def _moment(microseconds: str) -> datetime:
    return _EPOCH + int(microseconds) * _MICROSECOND
