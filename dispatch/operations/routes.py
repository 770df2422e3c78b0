"""Routes as couriers' phones read them: the bytes that are written when a plan is put in force."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from dispatch.days import DepotDay, DepotScope
from dispatch.errors import DispatchError
from dispatch.fleet import CourierId, Fleet
from dispatch.households import CollectionPoint, Household, Registry, masked_name, masked_phone
from dispatch.operations.registry import read_fleet, registry_of
from dispatch.plan import Plan, Route, plan_id_of
from dispatch.store import RouteBodies, Store
from dispatch.views import route_without_notes


class RouteMissing(DispatchError):
    """The courier has no route in the published plan."""

    code: ClassVar[str] = "route-missing"

    def __init__(self, courier_id: CourierId, day: DepotDay) -> None:
        self.courier_id, self.day = courier_id, day
        super().__init__(
            f"courier {courier_id} has no published route at depot {day.depot_id} on {day.day}"
        )


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """A published route as the JSON bytes to hand out; `etag` has no quotes."""

    body: bytes
    etag: str


async def read_route(
    store: Store, day: DepotDay, courier_id: CourierId, *, masked: bool
) -> StoredRoute:
    """
    A courier's published route, as bytes that were made when it was published, and the version in force.

    `masked` hides names and phones of households and points, and the courier's phone.

    Raises
    ------
    RouteMissing
        No plan is published, or the courier has no route in it.
    """
    found = await store.route(day, courier_id, masked=masked)
    if found is None:
        raise RouteMissing(courier_id, day)
    body, etag, version = found
    head = msgspec.json.encode({"plan_id": plan_id_of(day, version), "version": version})
    return StoredRoute(head[:-1] + b"," + body[1:], f"{etag}-{version}")


async def route_bodies(store: Store, plan: Plan, routes: Sequence[Route]) -> list[RouteBodies]:
    """These routes of `plan` as they are handed out, with the names and phones that are stored now."""
    fleet = await read_fleet(store, plan.day.scope)
    registry = await _whom_routes_name(store, plan.day.scope, routes)
    return await asyncio.to_thread(
        lambda: [_bodies_of(plan, route, fleet, registry) for route in routes]
    )


async def _whom_routes_name(store: Store, scope: DepotScope, routes: Sequence[Route]) -> Registry:
    stops = [stop for route in routes for stop in route.stops]
    households = dict.fromkeys(each for stop in stops for each in stop.household_ids)
    points = dict.fromkeys(stop.point_id for stop in stops if stop.point_id is not None)
    return await registry_of(store, scope, tuple(households), tuple(points))


def _bodies_of(plan: Plan, route: Route, fleet: Fleet, registry: Registry) -> RouteBodies:
    full = msgspec.json.encode(_document(plan, route, fleet, registry, masked=False))
    hidden = msgspec.json.encode(_document(plan, route, fleet, registry, masked=True))
    return RouteBodies(
        courier_id=route.courier_id,
        full=full,
        full_etag=etag_of(full),
        masked=hidden,
        masked_etag=etag_of(hidden),
    )


def _document(
    plan: Plan, route: Route, fleet: Fleet, registry: Registry, *, masked: bool
) -> dict[str, Any]:
    """What a courier's phone needs to work without asking again; of no version, for it outlives some."""
    courier = fleet.couriers.get(route.courier_id)
    phone = "" if courier is None else courier.phone
    contacts: dict[str, dict[str, str]] = {}
    for stop in route.stops:
        met: list[tuple[str, Household | CollectionPoint | None]] = [
            (each, registry.households.get(each)) for each in stop.household_ids
        ]
        if stop.point_id is not None:
            met.append((stop.point_id, registry.points.get(stop.point_id)))
        for contact_id, contact in met:
            if contact is not None:
                contacts[contact_id] = {
                    "name": masked_name(contact.name) if masked else contact.name,
                    "phone": masked_phone(contact.phone) if masked else contact.phone,
                }
    return {
        "day": plan.day.day,
        "courier": {
            "id": route.courier_id,
            "name": "" if courier is None else courier.name,
            "phone": masked_phone(phone) if masked else phone,
        },
        "depot": {
            "id": plan.day.depot_id,
            "name": plan.depot_name,
            "lon": plan.depot_place.lon,
            "lat": plan.depot_place.lat,
            "time_zone": fleet.depot.time_zone,
        },
        "route": route_without_notes(route) if masked else route,
        "contacts": contacts,
        "attribution": plan.attribution,
        "synthetic": plan.synthetic,
    }


def etag_of(body: bytes) -> str:
    """What tells stored bytes from others, without quotes."""
    return hashlib.sha256(body).hexdigest()[:32]
