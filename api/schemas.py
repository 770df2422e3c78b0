"""The bodies that strangers send: strict, so that an unknown or misspelt field is refused by name."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
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
    WallClock,
    point_ids,
)
from dispatch.amounts import Counted
from dispatch.events import Arrived, Collected, CourierEvent, Failed, FailReason
from dispatch.fleet import CourierId
from dispatch.gazetteer import Match
from dispatch.households import (
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
)
from dispatch.orders import OrderId
from dispatch.shortfalls import RemedyCode
from routing.places import Place


class HouseholdIn(Strict):
    """
    A household and its shop.

    `early_fen_per_minute`, `late_fen_per_minute` and `missed_max_s` hold for its orders that do not say so themselves; null: what
    their depot says.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "household_id": "H00412",
                    "village": "东风社区",
                    "name": "王小明",
                    "phone": "13800001234",
                    "place": {"lon": 118.1402, "lat": 33.9011, "crs": "gcj02"},
                    "points": ["P07"],
                }
            ]
        }
    )

    household_id: TextId
    village: Text = ""
    name: Text = ""
    phone: Annotated[Text, Field(max_length=32)] = ""
    address: Text = ""
    place: PlaceIn | None = None
    aliases: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    points: PointIds = ()
    early_fen_per_minute: Fen | None = None
    late_fen_per_minute: Fen | None = None
    missed_max_s: MissedSeconds | None = None

    def household(self) -> Household:
        return Household(
            household_id=HouseholdId(self.household_id),
            village=self.village,
            name=self.name,
            phone=self.phone,
            address=self.address,
            place=None if self.place is None else self.place.place(),
            aliases=self.aliases,
            points=point_ids(self.points),
            early_fen_per_minute=self.early_fen_per_minute,
            late_fen_per_minute=self.late_fen_per_minute,
            missed_max_s=self.missed_max_s,
        )


class HoursIn(Strict):
    opens: WallClock
    closes: WallClock

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("closes must be after opens")
        return self


class PointIn(Strict):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "point_id": "P07",
                    "village": "东风社区",
                    "name": "东风代收点",
                    "place": {"lon": 118.1411, "lat": 33.9020},
                    "hours": [{"opens": "08:00", "closes": "19:00"}],
                    "capacity_pieces": 200,
                }
            ]
        }
    )

    point_id: TextId
    village: Text = ""
    name: Text
    place: PlaceIn
    phone: Annotated[Text, Field(max_length=32)] = ""
    hours: Annotated[tuple[HoursIn, ...], Field(max_length=8)] = ()
    capacity_pieces: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    capacity_volume_ml: Annotated[int, Field(ge=0, le=10**12)] | None = None
    takes_bulky: bool = True

    @model_validator(mode="after")
    def _hours_agree(self) -> Self:
        ordered = sorted(self.hours, key=lambda each: each.opens)
        if any(a.closes > b.opens for a, b in pairwise(ordered)):
            raise ValueError("opening hours overlap: join them")
        return self

    def point(self) -> CollectionPoint:
        return CollectionPoint(
            point_id=PointId(self.point_id),
            village=self.village,
            name=self.name,
            place=self.place.place(),
            phone=self.phone,
            hours=tuple(OpeningHours(each.opens, each.closes) for each in self.hours),
            capacity_pieces=self.capacity_pieces,
            capacity_volume_ml=self.capacity_volume_ml,
            takes_bulky=self.takes_bulky,
        )


class CancelIn(Strict):
    reason: Text = ""


class OptionIn(BaseModel):
    """An option as it was answered; of its facts those count that its code needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "window-closes-later", "at": "2026-11-11T11:20:00+08:00"}]
        }
    )

    code: RemedyCode
    at: Moment | None = None
    point_id: TextId | None = None
    courier_id: TextId | None = None


class WhereIn(Strict):
    """What an address means: a household, a collection point or a place, exactly one of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"household_id": "H00412"}]})

    household_id: TextId | None = None
    point_id: TextId | None = None
    place: PlaceIn | None = None
    remember: bool = True
    """Whether the words become a further name of that household, so that nobody is asked again."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(each is not None for each in (self.household_id, self.point_id, self.place)) != 1:
            raise ValueError("give exactly one of household_id, point_id and place")
        return self

    def answer(self) -> Match | Place:
        if self.place is not None:
            return self.place.place()
        return Match(
            household_id=None if self.household_id is None else HouseholdId(self.household_id),
            point_id=None if self.point_id is None else PointId(self.point_id),
        )


class LocationIn(Strict):
    """Where a household lies."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"place": {"lon": 118.1402, "lat": 33.9011}}]}
    )

    place: PlaceIn


class PlanIn(Strict):
    """
    A wish for a plan: seconds of search, and a seed that makes it repeatable.

    promises_moved_max
        How many orders that were told who comes and when may be told otherwise; left out: as many as are worth their price.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"budget_s": 10, "seed": 1}]})

    budget_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    promises_moved_max: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class CountedIn(Strict):
    """What was scanned of an order; weight and volume go with the pieces unless they are stated."""

    order_id: TextId
    pieces: Count
    weight_g: Grams | None = None
    volume_ml: Millilitres | None = None

    def counted(self) -> Counted:
        return Counted(
            order_id=OrderId(self.order_id),
            pieces=self.pieces,
            weight_g=self.weight_g,
            volume_ml=self.volume_ml,
        )


class CourierEventIn(Strict):
    """
    What a phone reports. `event_id` is the phone's own: sending twice is the same as once.

    `counted` says of collected orders how much was scanned, where that is more or less than was said.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "collected",
                    "event_id": "7f9c6c1e",
                    "courier_id": "c01",
                    "order_ids": ["20261111-000123"],
                    "at": "2026-11-11T10:12:30+08:00",
                }
            ]
        }
    )

    kind: Literal["arrived", "collected", "failed"]
    event_id: TextId
    courier_id: TextId
    order_ids: Annotated[tuple[TextId, ...], Field(min_length=1, max_length=500)]
    at: Moment
    reason: FailReason | None = None
    note: Note = ""
    counted: Annotated[tuple[CountedIn, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.kind == "failed") != (self.reason is not None):
            raise ValueError("a failed pickup needs a reason, the other kinds have none")
        named = [each.order_id for each in self.counted]
        if named and (self.kind != "collected" or not set(named) <= set(self.order_ids)):
            raise ValueError("only orders that are collected by this event are counted")
        if len(set(named)) < len(named):
            raise ValueError("count each order once")
        return self

    def event(self, by: str) -> CourierEvent:
        courier_id = CourierId(self.courier_id)
        order_ids = tuple(OrderId(each) for each in self.order_ids)
        if self.reason is not None:
            return Failed(
                at=self.at,
                by=by,
                event_id=self.event_id,
                courier_id=courier_id,
                order_ids=order_ids,
                reason=self.reason,
                note=self.note,
            )
        if self.kind == "arrived":
            return Arrived(
                at=self.at,
                by=by,
                event_id=self.event_id,
                courier_id=courier_id,
                order_ids=order_ids,
            )
        return Collected(
            at=self.at,
            by=by,
            event_id=self.event_id,
            courier_id=courier_id,
            order_ids=order_ids,
            counted=tuple(each.counted() for each in self.counted),
        )
