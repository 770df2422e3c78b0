"""Positions 位置: where couriers are now, as their phones say. Not facts of the day: the last one is known, and nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.days import DayClock
from dispatch.fleet import Courier, CourierId
from routing.places import Place

OLD_AFTER: Final = timedelta(minutes=2)
"""A three-wheeler at 20 km/h is 700 m away by then: beyond that it says where a courier was, not where it is. Chosen."""

TRACKED_AFTER: Final = timedelta(hours=1)
"""Who comes home after the shift's end with parcels on board is still looked for so long. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a phone says; `accuracy_m` is the radius in which it is with 68 % (W3C Geolocation), None if it does not say."""

    courier_id: CourierId
    place: Place
    at: datetime
    accuracy_m: int | None = None


class Kept(StrEnum):
    """What became of a position."""

    KEPT = "kept"
    OLDER = "older"
    """A later one is known: phones send late what they gathered off line."""
    NOT_ON_SHIFT = "not-on-shift"
    COURIER_UNKNOWN = "courier-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierSeen:
    """
    Where a courier was last.

    age_s, is_old
        How long ago, and whether that is too long to go by.
    distance_m
        From the place asked about, in a straight line; None: none was.
    """

    courier_id: CourierId
    place: Place
    at: datetime
    accuracy_m: int | None
    age_s: int
    is_old: bool
    distance_m: int | None


def tracked(courier: Courier, clock: DayClock) -> tuple[datetime, datetime]:
    """From when to when positions of a courier are taken in: the shift, and TRACKED_AFTER."""
    starts_s, ends_s = clock.span_of(courier.shift_starts, courier.shift_ends)
    return clock.moment(starts_s), clock.moment(ends_s) + TRACKED_AFTER


def seen(position: Position, *, now: datetime, distance_m: float | None = None) -> CourierSeen:
    """As it looks at `now`; a phone's clock that runs ahead makes it no younger than new."""
    age = max(timedelta(), now - position.at)
    return CourierSeen(
        courier_id=position.courier_id,
        place=position.place,
        at=position.at,
        accuracy_m=position.accuracy_m,
        age_s=round(age.total_seconds()),
        is_old=age > OLD_AFTER,
        distance_m=None if distance_m is None else round(distance_m),
    )
