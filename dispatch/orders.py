"""The order: one pickup request, which survives every re-plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from dispatch.days import TimeWindow
from dispatch.households import HouseholdId, PointId
from routing.places import Place

OrderId = NewType("OrderId", str)
JointId = NewType("JointId", str)


class Handling(StrEnum):
    """What a parcel asks of whoever carries it; a courier has it among the skills or may not come."""

    BULKY = "bulky"
    FRAGILE = "fragile"
    KEEP_DRY = "keep-dry"
    TWO_PERSON = "two-person"
    COLD = "cold"


class JointRule(StrEnum):
    """What the members of a joint order ask of each other's pickups."""

    SAME_TRIP = "same-trip"
    SAME_DEPARTURE = "same-departure"
    GATHER = "gather"
    """Brought to one place by their households, and picked up there at once."""
    ALL_OR_NOTHING = "all-or-nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """
    The joint order of which an order is a member, as it was stated with this order.

    rules
        Those of all members hold for all; none anywhere: `SAME_TRIP`.
    complete_by_at
        The cut-off of every member, where its own is not earlier.
    gather_at
        Household or point (an id) where they are gathered; "": at the first member's place.
    """

    joint_id: JointId
    rules: frozenset[JointRule] = frozenset()
    complete_by_at: datetime | None = None
    gather_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """
    Where, later in the same trip, a courier drops what an order picks up, so that it never lies at the depot.

    At the collection point if `point_id` is given, else at `place` if given, else at the household's place. The note is
    about this place, for the courier.

    windows
        When somebody is there to take it; empty: any time. Sorted, disjoint.
    service_s
        From being ready there until it is handed over; None: as long as loading takes.
    """

    household_id: HouseholdId | None = None
    point_id: PointId | None = None
    place: Place | None = None
    windows: tuple[TimeWindow, ...] = ()
    service_s: int | None = None
    note: str = ""


class OrderStatus(StrEnum):
    OPEN = "open"
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    One request to pick up parcels, as the company stated it.

    Picked up at the collection point if `point_id` is given, else at `place` if given, else at the
    household's place. `household_id` is the seller whenever known, wherever the parcels wait.

    address
        Where the parcels wait in the seller's own words, if that is how it was stated.
    unclear
        Nobody knows yet which place `address` means: the order waits for an answer.
    ready_at
        The parcels are not there before; None: from the start of the day.
    windows
        When the seller is there; empty: any time. Sorted, disjoint.
    points
        The collection points to which the household would bring this order; (): none, None: those
        to which it brings any.
    cut_off_at
        The truck that must be caught; None: the depot's last departure of the day.
    late_cost_fen
        Price of each departure by which it leaves later than `cut_off_at`; None: that of its depot.
    early_fen_per_minute, late_fen_per_minute, missed_max_s
        Price of each minute by which the pickup begins before or after its windows, and how many seconds
        that may be; None: those of its household, or else of its depot.
    told
        Set by planning: when its household was told that it is picked up.
    joint
        The joint order of several households or doors that it belongs to.
    drop
        Where it is dropped in the same trip; None: it goes to the depot. With one it has no cut-off, windows that are
        hard, no points to be brought to, and is in no joint order.
    gathered_m
        Set by planning where a joint order is gathered: metres on foot that its household brings it.
    """

    order_id: OrderId
    household_id: HouseholdId | None = None
    point_id: PointId | None = None
    place: Place | None = None
    pieces: int = 1
    weight_g: int = 0
    volume_ml: int = 0
    ready_at: datetime | None = None
    windows: tuple[TimeWindow, ...] = ()
    cut_off_at: datetime | None = None
    late_cost_fen: int | None = None
    handling: frozenset[Handling] = frozenset()
    note: str = ""
    address: str = ""
    unclear: bool = False
    points: tuple[PointId, ...] | None = None
    early_fen_per_minute: int | None = None
    late_fen_per_minute: int | None = None
    missed_max_s: int | None = None
    told: TimeWindow | None = None
    joint: Joining | None = None
    drop: Drop | None = None
    gathered_m: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order and what has become of it."""

    order: Order
    status: OrderStatus = OrderStatus.OPEN
    reason: str = ""
    """Why it failed or was cancelled."""
    changed_at: datetime | None = None
    """When the status was reached in the world (a courier's phone may report it later)."""
