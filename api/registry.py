"""Households, collection points and the fleet over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.batches import (
    BatchAnswer,
    ItemResult,
    answer_of,
    body_of,
    parse_batch,
    unresolved_result,
)
from api.requests import Deps, GuardedRoute, Scope, With, locator_of
from api.schemas import HouseholdIn, PointIn
from dispatch import operations
from dispatch.access import Identity
from dispatch.fleet import Fleet
from dispatch.households import CollectionPoint, Household, Registry, masked_name, masked_phone
from dispatch.intake import Intake, Kind, point_doubts, read_fleet, read_registry
from dispatch.offers import useless_points
from routing.places import Place
from routing.roads.doubts import doubt_of

router = APIRouter(route_class=GuardedRoute, tags=["registry and fleet"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class HouseholdPage:
    """`next` is the cursor of the page after this one; None: this is the last."""

    households: tuple[Household, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class PointPage:
    points: tuple[CollectionPoint, ...]
    next: str | None


Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=5000)]

_Id = TypeVar("_Id", bound=str)
_Record = TypeVar("_Record")


def _page_of(
    records: Mapping[_Id, _Record], cursor: str | None, limit: int
) -> tuple[list[_Record], _Id | None]:
    """The `limit` records by id after `cursor`, and the last one's id if more follow."""
    found = sorted(each for each in records if cursor is None or each > cursor)
    shown = found[:limit]
    return [records[each] for each in shown], shown[-1] if len(found) > limit else None


async def _change(
    request: Request, deps: With, caller: Identity, scope: Scope, kind: Kind
) -> Response:
    """Households and points share a file format and a way in; a CSV may hold both."""
    body = await request.body()
    locator = await locator_of(deps, scope)

    unresolved: list[ItemResult] = []

    def read_csv(data: bytes) -> Intake[Household | CollectionPoint]:
        intake = read_registry(data, name="registry.csv", kind=kind, locator=locator)
        unresolved.extend(unresolved_result(each) for each in intake.unresolved)
        return intake

    is_point = kind is Kind.POINT
    batch = await asyncio.to_thread(
        parse_batch,
        body,
        request.headers.get("content-type", ""),
        member="points" if is_point else "households",
        id_field="point_id" if is_point else "household_id",
        model=PointIn if is_point else HouseholdIn,
        read=lambda told: told.point() if isinstance(told, PointIn) else told.household(),
        read_csv=read_csv,
    )
    households = [each for each in batch.records if isinstance(each, Household)]
    points = [each for each in batch.records if isinstance(each, CollectionPoint)]
    change = await operations.change_registry(
        deps.store, scope, households, points, by=caller.author, at=deps.clock.now()
    )
    registry, useless = await _points_told(deps, scope, households, points)
    doubts = (each for household in households for each in _doubts(household, registry))
    answer = answer_of((*unresolved, *doubts, *batch.refused))
    told = {"created": change.created, "changed": change.changed, "unchanged": change.unchanged}
    places = [each.place for each in households if each.place is not None]
    places += [each.place for each in points]
    warnings = await asyncio.to_thread(_warnings, deps, places)
    return as_json(replace(answer, counts=told | answer.counts, warnings=(*warnings, *useless)))


async def _points_told(
    deps: Deps,
    scope: Scope,
    households: Sequence[Household],
    points: Sequence[CollectionPoint],
) -> tuple[Registry, tuple[str, ...]]:
    """The registry, and what is wrong with the points sent; both empty where no point is spoken of."""
    if not points and not any(each.points for each in households):
        return Registry(), ()
    registry = await operations.read_registry(deps.store, scope)
    fleet = await operations.find_fleet(deps.store, scope) if points else None
    if fleet is None:
        return registry, ()
    sent = Registry(points={each.point_id: each for each in points})
    return registry, useless_points(fleet, sent)


def _doubts(household: Household, registry: Registry) -> Iterator[ItemResult]:
    """Points of a household taken in that the registry does not have."""
    for bad in point_doubts(household.points, registry.points):
        yield ItemResult(
            id=household.household_id,
            outcome="doubtful",
            code=bad.code,
            detail=bad.detail,
            column="/points",
            advice=bad.advice,
        )


def _warnings(deps: Deps, places: Sequence[Place]) -> tuple[str, ...]:
    """What the roads say against places; nothing while there are none."""
    if not deps.roads.is_loaded:
        return ()
    network = deps.roads.network
    doubt = doubt_of(network, places, network.profiles[0])
    return () if doubt is None else (str(doubt),)


@router.post(
    "/households",
    operation_id="change_households",
    response_model=BatchAnswer,
    openapi_extra=body_of("households", HouseholdIn),
    summary="Add or replace households",
)
async def change_households(request: Request, deps: With, caller: Caller, scope: Scope) -> Response:
    """JSON `{"households": […]}`, NDJSON or CSV; results list only the items refused."""
    return await _change(request, deps, caller, scope, Kind.HOUSEHOLD)


@router.get(
    "/households",
    operation_id="list_households",
    response_model=HouseholdPage,
    summary="Households, page by page",
)
async def list_households(
    deps: With,
    caller: Caller,
    scope: Scope,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    """By id. Names and phones are masked unless the role may see them."""
    registry = await operations.read_registry(deps.store, scope)
    page, last = _page_of(registry.households, cursor, limit)
    if not caller.sees_phones:
        page = [
            replace(
                each,
                name=masked_name(each.name),
                phone=masked_phone(each.phone),
                address="",
                aliases=(),
            )
            for each in page
        ]
    return as_json(HouseholdPage(tuple(page), last))


@router.post(
    "/points",
    operation_id="change_points",
    response_model=BatchAnswer,
    openapi_extra=body_of("points", PointIn),
    summary="Add or replace collection points",
)
async def change_points(request: Request, deps: With, caller: Caller, scope: Scope) -> Response:
    """JSON `{"points": […]}`, NDJSON or CSV; results list only the items refused."""
    return await _change(request, deps, caller, scope, Kind.POINT)


@router.get(
    "/points",
    operation_id="list_points",
    response_model=PointPage,
    summary="Collection points, page by page",
)
async def list_points(
    deps: With,
    caller: Caller,
    scope: Scope,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Response:
    registry = await operations.read_registry(deps.store, scope)
    page, last = _page_of(registry.points, cursor, limit)
    if not caller.sees_phones:
        page = [replace(each, phone=masked_phone(each.phone)) for each in page]
    return as_json(PointPage(tuple(page), last))


_FLEET_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": schema, "description": "See docs/files.md."}}
            for media_type, schema in (
                ("application/json", "object"),
                ("application/toml", "string"),
                ("text/csv", "string"),
            )
        },
    }
}


@router.put(
    "/fleet",
    operation_id="replace_fleet",
    response_model=Fleet,
    openapi_extra=_FLEET_BODY,
    summary="Set the fleet",
)
async def replace_fleet(request: Request, deps: With, caller: Caller, scope: Scope) -> Response:
    """The fleet file of docs/files.md as TOML, CSV, or JSON of the same shape."""
    body = await request.body()
    known = deps.roads.network.profiles if deps.roads.is_loaded else None
    fleet = await asyncio.to_thread(read_fleet, body, name="fleet", profiles=known)
    now = deps.clock.now()
    async with deps.jobs.keeping(await operations.day_at(deps.store, scope, now)):
        await operations.replace_fleet(deps.store, scope, fleet, by=caller.author, at=now)
    return as_json(fleet)


@router.get("/fleet", operation_id="read_fleet", response_model=Fleet, summary="The fleet")
async def get_fleet(deps: With, caller: Caller, scope: Scope) -> Response:
    fleet = await operations.read_fleet(deps.store, scope)
    if not caller.sees_phones:
        couriers = {
            courier_id: replace(each, phone=masked_phone(each.phone))
            for courier_id, each in fleet.couriers.items()
        }
        fleet = replace(fleet, couriers=couriers)
    return as_json(fleet)
