"""The road over HTTP: routes for couriers, what they report, and how the day stands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json, is_among, quoted, stored
from api.auth import Caller, own_subject
from api.batches import BatchAnswer, ItemResult, answer_of, body_of, parse_batch
from api.requests import Day, GuardedRoute, With
from api.schemas import CourierEventIn
from dispatch import operations
from dispatch.access import Identity, Role
from dispatch.days import DepotId, DepotScope
from dispatch.events import CourierEvent
from dispatch.exports import Contact
from dispatch.fleet import CourierId
from dispatch.operations import FleetMissing
from dispatch.plan import PlanId, Route
from dispatch.progress import Board, ShiftProgress

router = APIRouter(route_class=GuardedRoute, tags=["the road"], responses=PROBLEMS)


FUTURE_MAX: Final = timedelta(minutes=10)
"""A phone's clock may be so far ahead; what it reports from beyond has not happened. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotSeen:
    depot_id: DepotId
    name: str
    lon: float
    lat: float
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the key speaks for, and what a page needs to begin."""

    company_id: str
    role: str
    depot_id: str | None
    subject: str | None
    depots: tuple[DepotSeen, ...]
    now_at: datetime
    clock_speed: float
    network: str
    attribution: str
    synthetic: bool
    bounds: tuple[float, float, float, float] | None
    tile_url: str | None


@dataclass(frozen=True, slots=True)
class CourierOfRoute:
    id: CourierId
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class DepotOfRoute:
    id: DepotId
    name: str
    lon: float
    lat: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class RouteBody:
    """
    A published route as it was stored; it describes those bytes and makes none.

    contacts
        Whom the courier may call, by household or point id.
    """

    plan_id: PlanId
    version: int
    day: date
    courier: CourierOfRoute
    depot: DepotOfRoute
    route: Route
    contacts: Mapping[str, Contact]
    attribution: str
    synthetic: bool


@router.get(
    "/couriers/{courier_id}/route",
    operation_id="read_route",
    response_model=RouteBody,
    summary="A courier's published route, ready-made",
)
async def read_route(
    courier_id: str, request: Request, deps: With, caller: Caller, day: Day
) -> Response:
    """`me` is the courier of the key. Contacts are masked unless the role may see them."""
    route = await operations.read_route(
        deps.store, day, _own_courier(caller, courier_id), masked=not caller.sees_phones
    )
    headers = {"ETag": quoted(route.etag), "Cache-Control": "no-cache"}
    if is_among(route.etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return stored(route.body, headers=headers)


@router.get(
    "/couriers/{courier_id}/progress",
    operation_id="read_shift",
    response_model=ShiftProgress,
    summary="How a courier's shift stands",
)
async def read_shift(courier_id: str, deps: With, caller: Caller, day: Day) -> Response:
    """`me` is the courier of the key. What was reported from any phone, and what was cancelled."""
    shift = await operations.read_shift(
        deps.store, day, _own_courier(caller, courier_id), now=deps.clock.now()
    )
    return as_json(shift)


def _own_courier(caller: Identity, told: str) -> CourierId:
    courier_id = caller.subject if told == "me" and caller.subject is not None else told
    own_subject(caller, Role.COURIER, courier_id, "route")
    return CourierId(courier_id)


@router.post(
    "/events",
    operation_id="record_events",
    response_model=BatchAnswer,
    openapi_extra=body_of("events", CourierEventIn),
    summary="Report what happened on the road",
)
async def record_events(request: Request, deps: With, caller: Caller, day: Day) -> Response:
    """One result for each event; sending again is harmless, late and out of order is fine."""
    batch = await asyncio.to_thread(
        parse_batch,
        await request.body(),
        request.headers.get("content-type", ""),
        member="events",
        id_field="event_id",
        model=CourierEventIn,
        read=lambda told: told.event(caller.author),
    )
    horizon = deps.clock.now() + FUTURE_MAX
    refused = [
        ItemResult(id=event.event_id, outcome="refused", code=code, detail=detail)
        for event in batch.records
        for code, detail in _objections(event, caller, horizon)
    ]
    objected = {each.id for each in refused}
    events = [each for each in batch.records if each.event_id not in objected]
    async with deps.jobs.keeping(day):
        outcomes = await operations.record_events(deps.store, day, events, by=caller.author)
    told = (
        ItemResult(id=each.event_id, outcome=each.outcome, code=each.code, detail=each.detail)
        for each in outcomes
    )
    return as_json(answer_of((*told, *refused, *batch.refused)))


def _objections(
    event: CourierEvent, caller: Identity, horizon: datetime
) -> Iterator[tuple[str, str]]:
    if caller.role is Role.COURIER and caller.subject != event.courier_id:
        yield "not-your-courier", f"this key reports for {caller.subject} only"
    elif event.at > horizon:
        yield "event-in-future", "it has not happened yet: check the phone's clock"


@router.get(
    "/status", operation_id="read_status", response_model=Board, summary="How the day stands"
)
async def read_status(deps: With, day: Day) -> Response:
    """A snapshot; `as_of` is the stream id after which the live stream goes on."""
    return as_json(await operations.read_board(deps.store, day, now=deps.clock.now()))


@router.get("/me", operation_id="read_me", response_model=Me, summary="Whom this key speaks for")
async def read_me(deps: With, caller: Caller) -> Response:
    depot_ids = (
        await operations.list_depots(deps.store, caller.company_id)
        if caller.depot_id is None
        else (caller.depot_id,)
    )
    depots = []
    for depot_id in depot_ids:
        scope = DepotScope(caller.company_id, depot_id)
        try:
            depot = (await operations.read_fleet(deps.store, scope)).depot
        except FleetMissing:
            continue
        depots.append(
            DepotSeen(
                depot_id=depot_id,
                name=depot.name,
                lon=depot.place.lon,
                lat=depot.place.lat,
                time_zone=depot.time_zone,
            )
        )
    roads = deps.roads
    network = roads.network if roads.is_loaded else None
    return as_json(
        Me(
            company_id=caller.company_id,
            role=caller.role,
            depot_id=caller.depot_id,
            subject=caller.subject,
            depots=tuple(depots),
            now_at=deps.clock.now(),
            clock_speed=deps.settings.clock_speed if deps.settings.clock_start else 1.0,
            network="" if network is None else network.version,
            attribution="" if network is None else network.attribution,
            synthetic=network is not None and network.synthetic,
            bounds=None if network is None else network.bounds,
            tile_url=deps.settings.tile_url,
        )
    )
