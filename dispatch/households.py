"""Who parcels are picked up from: households with a shop, and village collection points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Final, NewType

from routing.places import Place

HouseholdId = NewType("HouseholdId", str)
PointId = NewType("PointId", str)

POINTS_MAX: Final = 8
"""Points to which one household brings parcels: each is one more place for a search to weigh. Chosen."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Local wall-clock times of one day, `opens` before `closes`."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """
    A household and its online shop 农户/网店.

    `place` is None while nobody knows where it lies; its orders then wait in the address queue.
    `aliases` are other names under which exports and neighbours speak of it (shop name, landmark).
    `points` are the collection points to which it is willing to bring its parcels. `early_fen_per_minute`,
    `late_fen_per_minute` and `missed_max_s` hold for its orders that do not say themselves what missing their windows
    costs, and for how long; None: what its depot says.
    """

    household_id: HouseholdId
    village: str
    name: str
    phone: str = ""
    address: str = ""
    place: Place | None = None
    aliases: tuple[str, ...] = ()
    points: tuple[PointId, ...] = ()
    early_fen_per_minute: int | None = None
    late_fen_per_minute: int | None = None
    missed_max_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPoint:
    """
    A village collection point 村级代收点, with what it can hold (None: no limit known).

    `takes_bulky` speaks of what households may be asked to bring; what waits there anyway, waits there.
    """

    point_id: PointId
    village: str
    name: str
    place: Place
    phone: str = ""
    hours: tuple[OpeningHours, ...] = ()
    capacity_pieces: int | None = None
    capacity_volume_ml: int | None = None
    takes_bulky: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All households and collection points of one depot."""

    households: Mapping[HouseholdId, Household] = field(default_factory=dict)
    points: Mapping[PointId, CollectionPoint] = field(default_factory=dict)


def masked_name(name: str) -> str:
    """`name` with all but its first character hidden, as the national waybill standard asks."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*" * len(name)


def masked_phone(phone: str) -> str:
    """`phone` with at least six digits hidden (all of them in a shorter one)."""
    if len(phone) <= 8:
        return "*" * len(phone)
    head, tail = (3, 2) if len(phone) >= 11 else (1, 1)
    return phone[:head] + "*" * (len(phone) - head - tail) + phone[-tail:]
