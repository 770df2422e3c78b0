"""Events: facts of one depot-day, append-only, the audit log and the live feed in one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from dispatch.amounts import Amount, Counted
from dispatch.fleet import CourierId
from dispatch.households import PointId
from dispatch.orders import OrderId
from dispatch.plan import PlanId, Why


class FailReason(StrEnum):
    """Why a courier came back without the parcels."""

    NOBODY_HOME = "nobody-home"
    NOT_READY = "not-ready"
    REFUSED = "refused"
    WRONG_ADDRESS = "wrong-address"
    TOO_MUCH = "too-much"
    DAMAGED = "damaged"
    OTHER = "other"


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """`at` is when it happened in the world, `by` who said so (role and key id, never a name)."""

    at: datetime
    by: str


class OrdersCreated(_Event, frozen=True, kw_only=True, tag="orders-created"):
    order_ids: tuple[OrderId, ...]


class OrderCancelled(_Event, frozen=True, kw_only=True, tag="order-cancelled"):
    order_id: OrderId
    reason: str


class OrderPlaced(_Event, frozen=True, kw_only=True, tag="order-placed"):
    """Somebody said which place the order's address means."""

    order_id: OrderId


class OrderChanged(_Event, frozen=True, kw_only=True, tag="order-changed"):
    """An option was taken: the order may be picked up at other times or places than before."""

    order_id: OrderId


class AmountChanged(_Event, frozen=True, kw_only=True, tag="amount-changed"):
    """An open order is more or less than was said of it before."""

    order_id: OrderId
    before: Amount
    after: Amount

    @property
    def is_more(self) -> bool:
        return (
            self.after.pieces > self.before.pieces
            or self.after.weight_g > self.before.weight_g
            or self.after.volume_ml > self.before.volume_ml
        )


class RegistryChanged(_Event, frozen=True, kw_only=True, tag="registry-changed"):
    households: int
    points: int


class FleetChanged(_Event, frozen=True, kw_only=True, tag="fleet-changed"):
    couriers: int


class RoadsClosed(_Event, frozen=True, kw_only=True, tag="roads-closed"):
    """Closed or slowed: see the closure of this id, which holds from `from_at` and ends by itself."""

    closure_id: str
    roads: int
    from_at: datetime
    until_at: datetime | None


class RoadsReopened(_Event, frozen=True, kw_only=True, tag="roads-reopened"):
    """A closure was taken back before its time."""

    closure_id: str


class OutReason(StrEnum):
    """Why a courier drives no more today."""

    SICK = "sick"
    BREAKDOWN = "breakdown"
    OTHER = "other"


class CourierOut(_Event, frozen=True, kw_only=True, tag="courier-out"):
    """
    A courier drives no more; parcels on board wait as the order `handover_id`, if there are any.

    They are those of `order_ids`, which stay collected.
    """

    courier_id: CourierId
    reason: OutReason
    handover_id: OrderId | None = None
    order_ids: tuple[OrderId, ...] = ()


class CourierBack(_Event, frozen=True, kw_only=True, tag="courier-back"):
    """A courier who was out drives again."""

    courier_id: CourierId


class DepartureChanged(_Event, frozen=True, kw_only=True, tag="departure-changed"):
    """The truck that the fleet has leave at `planned_at` leaves at another time today; None: it does not leave."""

    planned_at: datetime
    leaves_at: datetime | None


class DepartureAtRisk(_Event, frozen=True, kw_only=True, tag="departure-at-risk"):
    """Parcels that must leave with a truck are predicted to miss it, by `late_s`; said once for truck and courier."""

    leaves_at: datetime
    courier_id: CourierId
    order_ids: tuple[OrderId, ...]
    late_s: int


class DepartureSafe(_Event, frozen=True, kw_only=True, tag="departure-safe"):
    """What was said to be at risk will be made after all."""

    leaves_at: datetime
    courier_id: CourierId


class OrdersMoved(_Event, frozen=True, kw_only=True, tag="orders-moved"):
    """
    A dispatcher moved, locked or unlocked orders: the version `plan_id` came of `previous`.

    `undoes` and `redoes` name the move that this one takes back, or carries out again. A draft is in force for nobody.
    """

    move_id: str
    plan_id: PlanId
    version: int
    previous: int
    is_draft: bool
    order_ids: tuple[OrderId, ...]
    accepted: tuple[str, ...] = ()
    undoes: str | None = None
    redoes: str | None = None


class PlanRequested(_Event, frozen=True, kw_only=True, tag="plan-requested"):
    job_id: str
    budget_s: float


class SearchProgressed(_Event, frozen=True, kw_only=True, tag="search-progressed"):
    """At most once a second for each job."""

    job_id: str
    seconds: float
    cost_fen: int
    served: int
    unserved: int


class PlanDrafted(_Event, frozen=True, kw_only=True, tag="plan-drafted"):
    job_id: str
    plan_id: PlanId
    version: int


class PlanningFailed(_Event, frozen=True, kw_only=True, tag="planning-failed"):
    job_id: str
    code: str
    message: str


class PlanPublished(_Event, frozen=True, kw_only=True, tag="plan-published"):
    plan_id: PlanId
    version: int
    previous: int
    why: tuple[Why, ...] = ()


class _CourierEvent(_Event, frozen=True, kw_only=True):
    """
    What a courier's phone reports; `event_id` is made by the phone, so that sending twice is once.

    Phones lose signal: events come late and out of order, and the world's time `at` decides.
    """

    event_id: str
    courier_id: CourierId
    order_ids: tuple[OrderId, ...]


class Arrived(_CourierEvent, frozen=True, kw_only=True, tag="arrived"):
    pass


class Collected(_CourierEvent, frozen=True, kw_only=True, tag="collected", omit_defaults=True):
    """`counted` are those of the orders of which more or fewer pieces were scanned than said."""

    counted: tuple[Counted, ...] = ()


class Failed(_CourierEvent, frozen=True, kw_only=True, tag="failed"):
    reason: FailReason
    note: str = ""


CourierEvent = Arrived | Collected | Failed


class _KeeperEvent(_Event, frozen=True, kw_only=True):
    """What the scanner of a collection point reports of whole orders; as with couriers, sent twice is once."""

    event_id: str
    point_id: PointId
    order_ids: tuple[OrderId, ...]


class Scanned(_KeeperEvent, frozen=True, kw_only=True, tag="scanned"):
    """All parcels of these orders were handed in and stand at the point."""


class GivenBack(_KeeperEvent, frozen=True, kw_only=True, tag="given-back"):
    """They stand there no more, or were scanned by mistake; not: a courier has them."""


KeeperEvent = Scanned | GivenBack


class PointFull(_Event, frozen=True, kw_only=True, tag="point-full"):
    """From now on no more than `pieces_left` fit into the point."""

    point_id: PointId
    pieces_left: int = 0


class PointClosed(_Event, frozen=True, kw_only=True, tag="point-closed"):
    """Nobody is at the point from then until just before; None: until told otherwise."""

    point_id: PointId
    from_at: datetime
    until_at: datetime | None = None


class PointOpened(_Event, frozen=True, kw_only=True, tag="point-opened"):
    """The point is neither full nor closed: its registered hours and capacity count again."""

    point_id: PointId


PointNotice = PointFull | PointClosed | PointOpened
Event = (
    OrdersCreated
    | OrderCancelled
    | OrderPlaced
    | OrderChanged
    | AmountChanged
    | RegistryChanged
    | FleetChanged
    | RoadsClosed
    | RoadsReopened
    | CourierOut
    | CourierBack
    | DepartureChanged
    | DepartureAtRisk
    | DepartureSafe
    | OrdersMoved
    | PlanRequested
    | SearchProgressed
    | PlanDrafted
    | PlanningFailed
    | PlanPublished
    | CourierEvent
    | KeeperEvent
    | PointNotice
)

_decoder: Final = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """The event as the JSON object that the stream keeps and dashboards receive."""
    return msgspec.json.encode(event)


def decode(body: bytes) -> Event:
    """
    The event that `encode` wrote.

    Raises
    ------
    msgspec.ValidationError
        The bytes are no event of ours: a bug, or another program wrote to the stream.
    """
    event: Event = _decoder.decode(body)
    return event
