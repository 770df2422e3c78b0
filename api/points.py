"""Collection points over HTTP: arrivals and hand-overs, scans, and points that are full or closed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller, own_subject
from api.batches import BatchAnswer, ItemResult, answer_of, body_of, parse_batch
from api.errors import not_found
from api.fields import Moment, Strict, TextId
from api.requests import Day, Deps, GuardedRoute, With
from api.road import FUTURE_MAX
from dispatch import operations
from dispatch.access import Identity, Role
from dispatch.days import DepotScope
from dispatch.events import GivenBack, KeeperEvent, Scanned
from dispatch.households import CollectionPoint, PointId
from dispatch.keepers import Notice
from dispatch.operations import PointView
from dispatch.orders import OrderId

router = APIRouter(route_class=GuardedRoute, tags=["collection points"], responses=PROBLEMS)


class ScanIn(Strict):
    """What a point's scanner reports, order by order or many at once. `event_id` is its own: sending twice is the same as once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_id": "s-0412",
                    "order_ids": ["20261111-000123"],
                    "at": "2026-11-11T09:05:10+08:00",
                }
            ]
        }
    )

    kind: Literal["scanned", "given-back"] = "scanned"
    event_id: TextId
    order_ids: Annotated[tuple[TextId, ...], Field(min_length=1, max_length=500)]
    at: Moment

    def event(self, point_id: PointId, by: str) -> KeeperEvent:
        kind = Scanned if self.kind == "scanned" else GivenBack
        return kind(
            at=self.at,
            by=by,
            event_id=self.event_id,
            point_id=point_id,
            order_ids=tuple(OrderId(each) for each in self.order_ids),
        )


class FullIn(Strict):
    """That a point takes no more, or how many more pieces still fit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pieces_left": 3}]})

    pieces_left: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] = 0


class ClosedIn(Strict):
    """From when until just before when nobody is there; left out: from now, and until told otherwise."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"until_at": "2026-11-11T14:00:00+08:00"}]}
    )

    from_at: Moment | None = None
    until_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What holds of a point now."""

    point_id: PointId
    notice: Notice


@router.get(
    "/points/{point_id}/arrivals",
    operation_id="read_arrivals",
    response_model=PointView,
    summary="Who comes to a collection point and when, and what it holds",
)
async def read_arrivals(point_id: str, deps: With, caller: Caller, day: Day) -> Response:
    """
    `me` is the point of the key. Each order is expected, stands there or has been taken; each arrival shows both sides of its hand-over.
    """
    point = await _own_point(deps, caller, day.scope, point_id)
    return as_json(await operations.read_point(deps.store, day, point, now=deps.clock.now()))


@router.post(
    "/points/{point_id}/scans",
    operation_id="record_scans",
    response_model=BatchAnswer,
    openapi_extra=body_of("scans", ScanIn),
    summary="Report what was handed in at a collection point",
)
async def record_scans(
    point_id: str, request: Request, deps: With, caller: Caller, day: Day
) -> Response:
    """
    One result for each scan; sending again is harmless, late and out of order is fine. What was scanned in stands at the point: no
    courier goes to its door any more.
    """
    point = await _own_point(deps, caller, day.scope, point_id)
    batch = await asyncio.to_thread(
        parse_batch,
        await request.body(),
        request.headers.get("content-type", ""),
        member="scans",
        id_field="event_id",
        model=ScanIn,
        read=lambda told: told.event(point.point_id, caller.author),
    )
    horizon = deps.clock.now() + FUTURE_MAX
    detail = "it has not happened yet: check the scanner's clock"
    refused = [
        ItemResult(id=each.event_id, outcome="refused", code="event-in-future", detail=detail)
        for each in batch.records
        if each.at > horizon
    ]
    events = [each for each in batch.records if each.at <= horizon]
    async with deps.jobs.keeping(day):
        outcomes = await operations.record_events(deps.store, day, events, by=caller.author)
    told = (
        ItemResult(id=each.event_id, outcome=each.outcome, code=each.code, detail=each.detail)
        for each in outcomes
    )
    return as_json(answer_of((*told, *refused, *batch.refused)))


@router.post(
    "/points/{point_id}/full",
    operation_id="say_full",
    response_model=Said,
    summary="Say that a collection point is full",
)
async def say_full(point_id: str, told: FullIn, deps: With, caller: Caller, day: Day) -> Response:
    """
    The plan's next version, seconds later, has nothing more brought there than still fits; what was scanned in is fetched as before.
    """
    point = await _own_point(deps, caller, day.scope, point_id)
    async with deps.jobs.keeping(day):
        notice = await operations.say_full(
            deps.store,
            day,
            point.point_id,
            pieces_left=told.pieces_left,
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(Said(point_id=point.point_id, notice=notice))


@router.post(
    "/points/{point_id}/closed",
    operation_id="say_closed",
    response_model=Said,
    summary="Say that a collection point is closed",
)
async def say_closed(
    point_id: str, told: ClosedIn, deps: With, caller: Caller, day: Day
) -> Response:
    """By the plan's next version, seconds later, nobody comes there in that time: neither households nor couriers."""
    point = await _own_point(deps, caller, day.scope, point_id)
    async with deps.jobs.keeping(day):
        notice = await operations.say_closed(
            deps.store,
            day,
            point.point_id,
            from_at=told.from_at,
            until_at=told.until_at,
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(Said(point_id=point.point_id, notice=notice))


@router.post(
    "/points/{point_id}/open",
    operation_id="say_open",
    response_model=Said,
    summary="Take back that a collection point is full or closed",
)
async def say_open(point_id: str, deps: With, caller: Caller, day: Day) -> Response:
    """Its registered hours and capacity count again."""
    point = await _own_point(deps, caller, day.scope, point_id)
    async with deps.jobs.keeping(day):
        notice = await operations.say_open(
            deps.store, day, point.point_id, by=caller.author, at=deps.clock.now()
        )
    return as_json(Said(point_id=point.point_id, notice=notice))


async def _own_point(deps: Deps, caller: Identity, scope: DepotScope, told: str) -> CollectionPoint:
    point_id = caller.subject if told == "me" and caller.subject is not None else told
    own_subject(caller, Role.POINT, point_id, "point")
    point = await operations.find_point(deps.store, scope, PointId(point_id))
    if point is None:
        raise not_found("point", point_id)
    return point
