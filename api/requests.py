"""What every `/v1` request goes through: key, size, idempotency, and which depot-day it means."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.auth import Caller, authorize
from api.errors import ApiError, not_found
from api.recent_plans import RecentPlans
from api.roads import Roads
from dispatch import operations
from dispatch.access import Identity
from dispatch.clock import Clock
from dispatch.days import DayClock, DepotDay, DepotScope
from dispatch.gazetteer import Locator
from dispatch.ids import checked_depot_id
from dispatch.jobs import JobQueue
from dispatch.operations import FleetMissing, KeptAnswer
from dispatch.settings import Settings
from dispatch.store import Store
from routing.roads.network import RoadNetwork

BODY_MAX_BYTES: Final = 32 * 1024 * 1024
"""100,000 orders as JSON; files above it go in parts. Chosen, not measured."""

IDEMPOTENCY_KEY: Final = "Idempotency-Key"

_EVERYWHERE: Final = frozenset({"depot", "day"})
"""A client may name its depot and day on every request, also where only one of them matters."""

_UNTOLD_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Where a depot's day is counted before its fleet, which has the zone, is there."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What requests work with; one for each app."""

    settings: Settings
    store: Store
    jobs: JobQueue
    clock: Clock
    roads: Roads
    plans: RecentPlans


async def network_now(deps: Deps, caller: Identity) -> RoadNetwork:
    """
    The roads under what the caller's depot has closed at this moment; all its depots, if it has no one.

    Raises
    ------
    ApiError
        503: there are none, or not yet.
    """
    network = deps.roads.network
    in_force = await operations.closures_in_force(
        deps.store, caller.company_id, caller.depot_id, at=deps.clock.now()
    )
    return await deps.roads.closed(in_force) if in_force else network


def _deps(request: Request) -> Deps:
    deps: Deps = request.app.state.deps
    return deps


With = Annotated[Deps, Depends(_deps)]


class GuardedRoute(APIRoute):
    """A route that knows its caller before it reads a body, and answers a repeated write once."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = _query_names(self.dependant) | _EVERYWHERE

        async def guarded(request: Request) -> Response:
            request.state.caller = await authorize(request)
            _no_others(request.query_params.keys(), known)
            if self.body_field is not None:
                json_only(request.headers.get("content-type", ""))
            key = request.headers.get(IDEMPOTENCY_KEY)
            if request.method == "GET" or key is None:
                return await handle(request)
            return await _once(request, key, handle)

        return guarded


def json_only(content_type: str) -> None:
    """Refuse a body that does not say it is JSON, as a form's cannot: no page of others posts here."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(
            415,
            "media-type-unknown",
            f"{media_type[:80] or 'a body of no type'} is not read here: send "
            "Content-Type: application/json (curl --json)",
        )


def _query_names(dependant: Dependant) -> frozenset[str]:
    """Every query parameter that an operation, or anything it depends on, reads."""
    own = frozenset(each.alias for each in dependant.query_params)
    return own.union(*map(_query_names, dependant.dependencies))


def _no_others(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse a query parameter that nobody reads: a misspelt one would silently mean its default."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"known are {sorted(known)}"
            raise ApiError(
                422, "parameter-unknown", f"query/{name[:64]}: unknown parameter; {advice}"
            )


async def _once(
    request: Request, key: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    """Run the request, or give the answer it got the first time."""
    store, company_id = _deps(request).store, request.state.caller.company_id
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    body_hash = hashlib.sha256(told + await request.body()).hexdigest()
    kept = await operations.reserve_answer(store, company_id, key, body_hash=body_hash)
    if kept is not None:
        headers = {**kept.headers, "Idempotency-Replayed": "true"}
        return Response(kept.body, status_code=kept.status, headers=headers)
    try:
        response = await handle(request)
    except BaseException:
        await operations.release_answer(store, company_id, key)
        raise
    names = ("content-type", "location", "etag")
    answer = KeptAnswer(
        body_hash=body_hash,
        status=response.status_code,
        body=bytes(response.body),
        headers={name: response.headers[name] for name in names if name in response.headers},
    )
    await operations.remember_answer(store, company_id, key, answer)
    return response


async def _scope(
    request: Request,
    deps: With,
    caller: Caller,
    depot: Annotated[
        str | None,
        Query(description="Depot id. May be left out if the key or the company has one depot."),
    ] = None,
) -> DepotScope:
    if depot is not None:
        depot_id = checked_depot_id(depot)
        if caller.depot_id not in (None, depot_id):
            raise not_found("depot", depot)
        # Only a fleet makes a depot, so that a misspelt one takes nothing in.
        founding = request.scope["route"].operation_id == "replace_fleet"
        if caller.depot_id is None and not founding:
            known = await operations.list_depots(deps.store, caller.company_id)
            if depot_id not in known:
                raise not_found("depot", depot)
        return DepotScope(caller.company_id, depot_id)
    if caller.depot_id is not None:
        return DepotScope(caller.company_id, caller.depot_id)
    depots = await operations.list_depots(deps.store, caller.company_id)
    if len(depots) != 1:
        told = ", ".join(depots) or "none yet; set a fleet first"
        raise ApiError(422, "depot-needed", f"say which depot with ?depot= (you have: {told})")
    return DepotScope(caller.company_id, depots[0])


Scope = Annotated[DepotScope, Depends(_scope)]


async def locator_of(deps: Deps, scope: DepotScope) -> Locator | None:
    """Whom the company has us ask for addresses around its depot; None: nobody."""
    try:
        depot = (await operations.read_fleet(deps.store, scope)).depot
    except FleetMissing:
        return None
    return deps.settings.locator(depot.place)


async def zone_of(deps: Deps, scope: DepotScope) -> ZoneInfo:
    """The depot's time zone."""
    try:
        return (await operations.read_fleet(deps.store, scope)).depot.zone
    except FleetMissing:
        return _UNTOLD_ZONE


async def _day(
    deps: With,
    scope: Scope,
    day: Annotated[
        date | None, Query(description="Date in the depot's zone; today if left out.")
    ] = None,
) -> DepotDay:
    if day is None:
        day = deps.clock.now().astimezone(await zone_of(deps, scope)).date()
    return DepotDay(scope.company_id, scope.depot_id, day)


Day = Annotated[DepotDay, Depends(_day)]


async def day_clock(deps: Deps, day: DepotDay) -> DayClock:
    return DayClock(day.day, await zone_of(deps, day.scope))
