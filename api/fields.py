"""What bodies are made of: text, moments and numbers held to their limits, and models that refuse fields unknown to them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime, time
from itertools import pairwise
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from dispatch.days import TimeWindow
from dispatch.households import POINTS_MAX, PointId
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


def printable(text: str) -> str:
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


TextId = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(printable)]


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


Text = Annotated[str, Field(max_length=200), AfterValidator(printable)]


Note = Annotated[str, Field(max_length=500), AfterValidator(printable)]


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


def in_order(windows: Sequence[WindowIn]) -> tuple[TimeWindow, ...]:
    ordered = sorted(windows, key=lambda each: each.earliest_at)
    return tuple(TimeWindow(each.earliest_at, each.latest_at) for each in ordered)


PointIds = Annotated[tuple[TextId, ...], Field(max_length=POINTS_MAX)]


def point_ids(told: Sequence[str]) -> tuple[PointId, ...]:
    return tuple(PointId(each) for each in dict.fromkeys(told))
