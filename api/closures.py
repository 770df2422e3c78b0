"""Closed and slowed roads over HTTP: reported, listed with their lines, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import numpy as np
import polyline
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.fields import Moment, PlaceIn, Strict, Text, TextId, WallClock
from api.requests import GuardedRoute, Scope, With, zone_of
from dispatch import operations
from dispatch.closures import ClosureId, DailyHours, TimedClosure
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork
from routing.roads.speeds import UnknownProfile

router = APIRouter(route_class=GuardedRoute, tags=["closures"], responses=PROBLEMS)

LINES_MAX: Final = 2000
"""Roads of one closure that are listed with their lines: a map shows no more, and 10 kB do. Chosen."""


_Ids = Field(max_length=1000)
_Points = Field(max_length=200)
"""More of them in a tangle would hold a thread for seconds; a hand draws fewer. Chosen."""


class DailyHoursIn(Strict):
    """Of every day by the depot's clock; an end that is not after its start is the next day's."""

    starts: WallClock
    ends: WallClock


class ClosureIn(Strict):
    """
    Roads closed, or slowed with `duration_factor`; say where in exactly one way.

    `line` is drawn along the road, `polygon` round an area. `profiles` left out means all. It holds
    from now, or `from_at`, until just before `until_at`, or until it is removed; with `hours` only in
    these of every day, as a market's or a school's.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "line": [{"lon": 118.1, "lat": 33.885}, {"lon": 118.105, "lat": 33.885}],
                    "until_at": "2026-11-11T18:00:00+08:00",
                    "reason": "桥面积水",
                }
            ]
        }
    )

    roads: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], _Ids] = ()
    osm_ways: Annotated[tuple[Annotated[int, Field(ge=1, lt=2**63)], ...], _Ids] = ()
    line: Annotated[tuple[PlaceIn, ...], _Points] = ()
    polygon: Annotated[tuple[PlaceIn, ...], _Points] = ()
    profiles: Annotated[frozenset[TextId], Field(max_length=50)] = frozenset()
    duration_factor: float | None = None
    from_at: Moment | None = None
    until_at: Moment | None = None
    hours: DailyHoursIn | None = None
    reason: Text = ""

    def closure(self) -> Closure:
        """Raises ClosureUnclear."""
        return Closure(
            roads=self.roads,
            osm_ways=self.osm_ways,
            line=tuple(each.place() for each in self.line),
            polygon=tuple(each.place() for each in self.polygon),
            profiles=self.profiles,
            duration_factor=self.duration_factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureSeen:
    """
    A closure and what it is about in the roads of today.

    `roads` is their number, 0 if the closure was made for another extract and none is left;
    `names` are theirs, each once, and `lines6` their lines as polylines of precision 6, both left
    out above 2,000 roads.
    """

    closure_id: ClosureId
    from_at: datetime
    until_at: datetime | None
    hours: DailyHours | None
    is_in_force: bool
    profiles: frozenset[str]
    duration_factor: float | None
    reason: str
    reported_at: datetime
    reported_by: str
    roads: int
    length_m: int
    names: tuple[str, ...]
    lines6: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClosureList:
    closures: tuple[ClosureSeen, ...]


@router.post(
    "/closures",
    operation_id="add_closure",
    response_model=ClosureSeen,
    status_code=201,
    summary="Close or slow down roads",
)
async def add_closure(told: ClosureIn, deps: With, caller: Caller, scope: Scope) -> Response:
    """
    In force in the next answer of every process, without a restart. Plans asked for from now on
    drive around it; that of a running day has a next version, seconds later, which does.
    """
    network = deps.roads.network
    closure, roads = await asyncio.to_thread(_checked, told, network)
    hours = None
    if told.hours is not None:
        zone = await zone_of(deps, scope)
        hours = DailyHours(starts=told.hours.starts, ends=told.hours.ends, time_zone=zone.key)
    async with deps.jobs.keeping(await operations.day_at(deps.store, scope, deps.clock.now())):
        timed = await operations.add_closure(
            deps.store,
            scope,
            closure,
            roads=roads,
            network=network.version,
            from_at=told.from_at,
            until_at=told.until_at,
            hours=hours,
            reason=told.reason,
            by=caller.author,
            at=deps.clock.now(),
        )
    seen = await asyncio.to_thread(_seen, timed, network, deps.clock.now())
    return as_json(seen, status=201, headers={"Location": f"/v1/closures/{timed.closure_id}"})


@router.get(
    "/closures",
    operation_id="list_closures",
    response_model=ClosureList,
    summary="Closures in force and to come",
)
async def list_closures(deps: With, scope: Scope) -> Response:
    """Those that are over are left out. The first to begin comes first."""
    now, network = deps.clock.now(), deps.roads.network
    found = await operations.read_closures(deps.store, scope, at=now)
    return as_json(ClosureList(await asyncio.to_thread(_seen_all, found, network, now)))


@router.delete(
    "/closures/{closure_id}",
    operation_id="remove_closure",
    response_model=ClosureSeen,
    summary="Reopen roads before their time",
)
async def remove_closure(closure_id: str, deps: With, caller: Caller, scope: Scope) -> Response:
    """Answers with the closure as it was; a second time it is 404 `closure-unknown`."""
    now, network = deps.clock.now(), deps.roads.network
    async with deps.jobs.keeping(await operations.day_at(deps.store, scope, now)):
        removed = await operations.remove_closure(
            deps.store, scope, ClosureId(closure_id), by=caller.author, at=now
        )
    return as_json(await asyncio.to_thread(_seen, removed, network, now))


def _checked(told: ClosureIn, network: RoadNetwork) -> tuple[Closure, int]:
    """
    The closure, if it is about roads of `network`, and how many.

    Raises
    ------
    ClosureUnclear, NoSuchRoad, ClosureWithoutRoad, UnknownProfile
    """
    closure = told.closure()
    for profile in sorted(closure.profiles):
        if profile not in network.profiles:
            raise UnknownProfile(profile, network.profiles)
    return closure, len(network.affected(closure).roads)


def _seen_all(
    found: Iterable[TimedClosure], network: RoadNetwork, now: datetime
) -> tuple[ClosureSeen, ...]:
    return tuple(_seen(each, network, now) for each in found)


def _seen(timed: TimedClosure, network: RoadNetwork, now: datetime) -> ClosureSeen:
    closure = timed.closure
    fits = timed.fits(network)
    numbers = network.affected(closure).roads if fits else np.empty(0, np.int64)
    edges = network.edges(numbers)
    shown = edges.count <= LINES_MAX
    names = {edges.names[index]: None for index in edges.name_indices.tolist()}
    return ClosureSeen(
        closure_id=timed.closure_id,
        from_at=timed.from_at,
        until_at=timed.until_at,
        hours=timed.hours,
        is_in_force=timed.holds(now),
        profiles=closure.profiles,
        duration_factor=closure.duration_factor,
        reason=timed.reason,
        reported_at=timed.at,
        reported_by=timed.by,
        roads=len(numbers),
        length_m=round(network.length_m(numbers)),
        names=tuple(filter(None, names)) if shown else (),
        lines6=tuple(polyline.encode(line[:, ::-1].tolist(), 6) for line in edges.lines())
        if shown
        else (),
    )
