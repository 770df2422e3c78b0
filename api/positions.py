"""Positions over HTTP: phones say where they are, boards ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller, own_subject
from api.batches import BatchAnswer, ItemResult, answer_of, body_of, parse_batch
from api.fields import Moment, Strict, TextId
from api.requests import Day, GuardedRoute, With
from api.road import FUTURE_MAX
from dispatch import operations
from dispatch.access import Role
from dispatch.fleet import CourierId
from dispatch.positions import CourierSeen, Kept, Position
from routing.places import Datum, Place, from_datum

router = APIRouter(route_class=GuardedRoute, tags=["the road"], responses=PROBLEMS)

Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-85, le=85)]
"""The servers' index of places ends there; nobody picks up parcels beyond."""

_DETAILS: Final = {
    Kept.NOT_ON_SHIFT: "the courier is not on shift then: positions are taken in during the shift and an hour after it",
    Kept.COURIER_UNKNOWN: "the depot has no such courier: see its fleet",
}


class PositionIn(Strict):
    """Where a courier's phone is, in the datum that it speaks; phones' own positioning is WGS-84."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "courier_id": "c01",
                    "lon": 118.1121,
                    "lat": 33.8893,
                    "at": "2026-11-11T10:12:30+08:00",
                    "accuracy_m": 12,
                }
            ]
        }
    )

    courier_id: TextId
    lon: Longitude
    lat: Latitude
    crs: Datum = Datum.WGS84
    at: Moment
    accuracy_m: Annotated[int, Field(ge=0, le=100_000)] | None = None

    def position(self) -> Position:
        return Position(
            courier_id=CourierId(self.courier_id),
            place=from_datum(self.lon, self.lat, self.crs),
            at=self.at,
            accuracy_m=self.accuracy_m,
        )


@dataclass(frozen=True, slots=True)
class PositionList:
    now_at: datetime
    positions: tuple[CourierSeen, ...]


@router.post(
    "/positions",
    operation_id="keep_positions",
    response_model=BatchAnswer,
    openapi_extra=body_of("positions", PositionIn),
    summary="Say where couriers are",
)
async def keep_positions(request: Request, deps: With, caller: Caller, day: Day) -> Response:
    """
    Of each courier the latest is known (`kept`; `older` if a later one is), until the shift is over. Nothing of it is an event of
    the day, and what was sent before is not kept.
    """
    batch = await asyncio.to_thread(
        parse_batch,
        await request.body(),
        request.headers.get("content-type", ""),
        member="positions",
        id_field="courier_id",
        model=PositionIn,
        read=PositionIn.position,
    )
    horizon = deps.clock.now() + FUTURE_MAX
    good: list[Position] = []
    refused = list(batch.refused)
    for each in batch.records:
        if caller.role is Role.COURIER and caller.subject != each.courier_id:
            detail = f"this key speaks for {caller.subject} only"
            refused.append(_refused(each, "not-your-courier", detail))
        elif each.at > horizon:
            detail = "nobody is there yet: check the phone's clock"
            refused.append(_refused(each, "position-in-future", detail))
        else:
            good.append(each)
    answers = await operations.keep_positions(deps.store, day, good, now=deps.clock.now())
    told = (
        _refused(each, answer, _DETAILS[answer])
        if answer in _DETAILS
        else ItemResult(id=each.courier_id, outcome=answer)
        for each, answer in zip(good, answers, strict=True)
    )
    return as_json(answer_of((*told, *refused)))


def _refused(position: Position, code: str, detail: str) -> ItemResult:
    return ItemResult(id=position.courier_id, outcome="refused", code=code, detail=detail)


@router.get(
    "/positions",
    operation_id="read_positions",
    response_model=PositionList,
    summary="Where couriers are",
)
async def read_positions(
    deps: With,
    caller: Caller,
    day: Day,
    courier: Annotated[
        str | None, Query(description="Of this courier; `me` is the courier of the key.")
    ] = None,
) -> Response:
    """Those on shift who have said so. A courier sees itself."""
    if caller.role is Role.COURIER and courier in (None, "me"):
        courier = caller.subject
    if courier is not None:
        own_subject(caller, Role.COURIER, courier, "courier")
    now = deps.clock.now()
    found = await operations.read_positions(
        deps.store, day, now=now, courier_id=None if courier is None else CourierId(courier)
    )
    return as_json(PositionList(now, found))


@router.get(
    "/positions/nearest",
    operation_id="nearest_couriers",
    response_model=PositionList,
    summary="Who is nearest to a place",
)
async def nearest_couriers(
    deps: With,
    day: Day,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    limit: Annotated[int, Query(ge=1, le=500)] = 5,
) -> Response:
    """In a straight line, as they were last seen; old positions count too, and say so."""
    now = deps.clock.now()
    found = await operations.nearest_couriers(
        deps.store, day, Place(lon, lat), limit=limit, now=now
    )
    return as_json(PositionList(now, found))
