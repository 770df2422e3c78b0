"""The bodies that strangers send: strict, so that an unknown or misspelt field is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime, time
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from dispatch.amounts import Counted
from dispatch.days import TimeWindow
from dispatch.events import Arrived, Collected, CourierEvent, Failed, FailReason
from dispatch.fleet import CourierId
from dispatch.gazetteer import Match
from dispatch.households import (
    POINTS_MAX,
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
)
from dispatch.orders import Drop, Handling, Joining, JointId, JointRule, Order, OrderId
from dispatch.plan import RemedyCode
from routing.places import Datum, Place, from_datum


def likely_field(model: type[BaseModel], path: Sequence[int | str]) -> str | None:
    """The field that the last step of `path` was perhaps meant to be; None: nothing is near."""
    *outer, given = path
    inner: type[BaseModel] | None = model
    for step in outer:
        if isinstance(step, str) and inner is not None:
            field = inner.model_fields.get(step)
            inner = None if field is None else _model_in(field.annotation)
    if inner is None:
        return None
    near = difflib.get_close_matches(str(given), inner.model_fields, n=1)
    return near[0] if near else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, itself, optionally or several times."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _printable(text: str) -> str:
    if any(ord(each) < 32 or 0xD800 <= ord(each) <= 0xDFFF for each in text):
        raise ValueError("control characters and half characters are not text")
    return text


def _a_moment(told: object) -> object:
    if not isinstance(told, str | datetime):
        raise ValueError("a moment is text such as 2026-11-11T10:00:00+08:00")  # noqa: TRY004 (pydantic turns ValueErrors into answers)
    return told


def _in_our_time(at: datetime) -> datetime:
    if not 2000 <= at.year < 2100:
        raise ValueError("the year must lie in 2000…2099")
    return at


TextId = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]


def _on_the_wall(told: object) -> object:
    """A number would be seconds since midnight in Greenwich: a clock on the wall says neither."""
    if isinstance(told, str | time):
        return told
    raise ValueError("give it as HH:MM")


def _without_zone(told: time) -> time:
    if told.tzinfo is not None:
        raise ValueError("give it as HH:MM by the depot's clock, without a time zone")
    return told


WallClock = Annotated[time, BeforeValidator(_on_the_wall), AfterValidator(_without_zone)]
Moment = Annotated[AwareDatetime, BeforeValidator(_a_moment), AfterValidator(_in_our_time)]
# Far above anything a village sends, far below what would overflow a sum over a day.
Count = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Grams = Annotated[int, Field(ge=0, le=20_000_000, strict=True)]
Millilitres = Annotated[int, Field(ge=0, le=200_000_000, strict=True)]
Fen = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
MissedSeconds = Annotated[int, Field(ge=0, le=43_200, strict=True)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
Note = Annotated[str, Field(max_length=500), AfterValidator(_printable)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PlaceIn(Strict):
    """A point in the datum it was measured in; stored as WGS-84."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    crs: Datum = Datum.WGS84

    def place(self) -> Place:
        return from_datum(self.lon, self.lat, self.crs)


class WindowIn(Strict):
    earliest_at: Moment
    latest_at: Moment

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.latest_at < self.earliest_at:
            raise ValueError("the window ends before it starts")
        return self


def _apart(windows: tuple[WindowIn, ...]) -> tuple[WindowIn, ...]:
    ordered = sorted(windows, key=lambda each: each.earliest_at)
    if any(a.latest_at > b.earliest_at for a, b in pairwise(ordered)):
        raise ValueError("windows overlap: join them")
    return windows


Windows = Annotated[tuple[WindowIn, ...], Field(max_length=8), AfterValidator(_apart)]


def _in_order(windows: Sequence[WindowIn]) -> tuple[TimeWindow, ...]:
    ordered = sorted(windows, key=lambda each: each.earliest_at)
    return tuple(TimeWindow(each.earliest_at, each.latest_at) for each in ordered)


PointIds = Annotated[tuple[TextId, ...], Field(max_length=POINTS_MAX)]


class JointIn(Strict):
    """
    The joint order of which an order is a member; its other members name the same `joint_id`.

    What any member states holds for all. Without `rules` they ride in the same trip.
    """

    joint_id: TextId
    rules: frozenset[JointRule] = frozenset()
    complete_by_at: Moment | None = None
    gather_at: Annotated[str, Field(max_length=64), AfterValidator(_printable)] = ""

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
            windows=_in_order(self.windows),
            service_s=self.service_s,
            note=self.note,
        )


class OrderIn(Strict):
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

    order_id: TextId
    household_id: TextId | None = None
    point_id: TextId | None = None
    place: PlaceIn | None = None
    pieces: Count = 1
    weight_g: Grams = 0
    volume_ml: Millilitres = 0
    ready_at: Moment | None = None
    windows: Windows = ()
    cut_off_at: Moment | None = None
    late_cost_fen: Fen | None = None
    handling: frozenset[Handling] = frozenset()
    note: Note = ""
    address: Text = ""
    points: PointIds | None = None
    early_fen_per_minute: Fen | None = None
    late_fen_per_minute: Fen | None = None
    missed_max_s: MissedSeconds | None = None
    joint: JointIn | None = None
    drop: DropIn | None = None

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
            windows=_in_order(self.windows),
            cut_off_at=self.cut_off_at,
            late_cost_fen=self.late_cost_fen,
            handling=self.handling,
            note=self.note,
            address=self.address,
            points=None if self.points is None else _point_ids(self.points),
            early_fen_per_minute=self.early_fen_per_minute,
            late_fen_per_minute=self.late_fen_per_minute,
            missed_max_s=self.missed_max_s,
            joint=None if self.joint is None else self.joint.joining(),
            drop=None if self.drop is None else self.drop.drop(),
        )


def _point_ids(told: Sequence[str]) -> tuple[PointId, ...]:
    return tuple(PointId(each) for each in dict.fromkeys(told))


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
            points=_point_ids(self.points),
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
