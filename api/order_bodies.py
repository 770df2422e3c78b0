"""Orders as strangers send them, with joint orders and drops."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    model_validator,
)

from api.fields import (
    Count,
    Fen,
    Grams,
    Millilitres,
    MissedSeconds,
    Moment,
    Note,
    PlaceIn,
    PointIds,
    Strict,
    Text,
    TextId,
    Windows,
    in_order,
    point_ids,
    printable,
)
from dispatch.households import (
    HouseholdId,
    PointId,
)
from dispatch.orders import Drop, Handling, Joining, JointId, JointRule, Order, OrderId


class JointIn(Strict):
    """
    The joint order of which an order is a member; its other members name the same `joint_id`.

    What any member states holds for all. Without `rules` they ride in the same trip.
    """

    joint_id: TextId
    rules: frozenset[JointRule] = frozenset()
    complete_by_at: Moment | None = None
    gather_at: Annotated[str, Field(max_length=64), AfterValidator(printable)] = ""

    def joining(self) -> Joining:
        return Joining(
            joint_id=JointId(self.joint_id),
            rules=self.rules,
            complete_by_at=self.complete_by_at,
            gather_at=self.gather_at,
        )


class DropIn(Strict):
    """
    Where what an order picks up is dropped in the same trip. Give a household, a collection point or a place; a point comes first.

    `windows` are when somebody is there to take it, `service_s` is from being ready there until it is handed over; null: as
    long as loading takes.
    """

    household_id: TextId | None = None
    point_id: TextId | None = None
    place: PlaceIn | None = None
    windows: Windows = ()
    service_s: Annotated[int, Field(ge=0, le=14_400, strict=True)] | None = None
    note: Note = ""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not (self.household_id or self.point_id or self.place):
            raise ValueError("give household_id, point_id or place: where shall it be dropped?")
        return self

    def drop(self) -> Drop:
        return Drop(
            household_id=None if self.household_id is None else HouseholdId(self.household_id),
            point_id=None if self.point_id is None else PointId(self.point_id),
            place=None if self.place is None else self.place.place(),
            windows=in_order(self.windows),
            service_s=self.service_s,
            note=self.note,
        )


class OrderFactsIn(Strict):
    """What may be said of an order, whoever speaks of it."""

    order_id: TextId
    household_id: TextId | None = None
    point_id: TextId | None = None
    place: PlaceIn | None = None
    ready_at: Moment | None = None
    windows: Windows = ()
    cut_off_at: Moment | None = None
    late_cost_fen: Fen | None = None
    handling: frozenset[Handling] = frozenset()
    note: Note = ""
    address: Text = ""
    early_fen_per_minute: Fen | None = None
    late_fen_per_minute: Fen | None = None
    missed_max_s: MissedSeconds | None = None
    joint: JointIn | None = None
    drop: DropIn | None = None


class OrderIn(OrderFactsIn):
    """
    One pickup request. Give a household, a collection point or a place; a point comes first.

    `points` are the collection points to which the household would bring this order: an empty list
    for none of them, null for those to which it brings any.

    `late_cost_fen` is what it costs for each departure by which the order leaves later than `cut_off_at`; null: what its
    depot says. As much as leaving an order out, or more: it may not be late.

    `early_fen_per_minute` and `late_fen_per_minute` are what a minute costs by which the pickup begins before or after `windows`, `missed_max_s` how
    many seconds that may be; null: what its household says, or else its depot. 0 seconds: the windows are hard.

    `drop` says where, later in the same trip, what is picked up is dropped; null: it goes to the depot. With it there is no cut-off, none
    of `points`, no joint order, and `windows` are hard.

    `address` is where the parcels wait in the seller's own words; it is looked up in the registry,
    then by the configured geocoder, and asked of a person (`GET /v1/addresses`) if it stays unclear.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_id": "20261111-000123",
                    "household_id": "H00412",
                    "pieces": 2,
                    "weight_g": 8500,
                    "volume_ml": 60000,
                    "ready_at": "2026-11-11T10:00:00+08:00",
                    "handling": ["bulky"],
                }
            ]
        }
    )

    pieces: Count = 1
    weight_g: Grams = 0
    volume_ml: Millilitres = 0
    points: PointIds | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        somewhere = self.household_id or self.point_id or self.place or self.address
        if not somewhere:
            raise ValueError(
                "give household_id, point_id, place or address: where shall it be picked up?"
            )
        if self.address and (self.point_id or self.place):
            raise ValueError("give either an address, or a point or place: which one counts?")
        return self

    def order(self) -> Order:
        return Order(
            order_id=OrderId(self.order_id),
            household_id=None if self.household_id is None else HouseholdId(self.household_id),
            point_id=None if self.point_id is None else PointId(self.point_id),
            place=None if self.place is None else self.place.place(),
            pieces=self.pieces,
            weight_g=self.weight_g,
            volume_ml=self.volume_ml,
            ready_at=self.ready_at,
            windows=in_order(self.windows),
            cut_off_at=self.cut_off_at,
            late_cost_fen=self.late_cost_fen,
            handling=self.handling,
            note=self.note,
            address=self.address,
            points=None if self.points is None else point_ids(self.points),
            early_fen_per_minute=self.early_fen_per_minute,
            late_fen_per_minute=self.late_fen_per_minute,
            missed_max_s=self.missed_max_s,
            joint=None if self.joint is None else self.joint.joining(),
            drop=None if self.drop is None else self.drop.drop(),
        )
