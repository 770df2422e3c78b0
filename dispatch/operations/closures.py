"""Roads closed and reopened: kept with the depot, in force in the next answer of every process."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache
from typing import ClassVar, Final

import msgspec

from dispatch.closures import ClosureId, DailyHours, TimedClosure
from dispatch.days import CompanyId, DepotId, DepotScope
from dispatch.errors import DispatchError
from dispatch.events import RoadsClosed, RoadsReopened, encode
from dispatch.operations.registry import day_at, list_depots
from dispatch.store import Store
from routing.roads.closures import Closure

CLOSURES_MAX: Final = 500
"""Closures that a depot may have at once: every question about roads reads them all. Chosen."""


class ClosureOver(DispatchError):
    """A closure that would end before it begins, or has ended already."""

    code: ClassVar[str] = "closure-over"

    def __init__(self, until_at: datetime) -> None:
        super().__init__(
            f"a closure until {until_at.isoformat()} would never be in force: let it end after it"
            " begins and after now, or leave until_at out"
        )


class ClosureUnknown(DispatchError):
    """The depot has no closure of this id, or no longer."""

    code: ClassVar[str] = "closure-unknown"

    def __init__(self, closure_id: str) -> None:
        super().__init__(f"there is no closure {closure_id[:80]!r}: it ended or was removed")


class ClosuresTooMany(DispatchError):
    """A depot with all the closures it may have."""

    code: ClassVar[str] = "closures-too-many"

    def __init__(self) -> None:
        super().__init__(
            f"the depot has {CLOSURES_MAX} closures: remove some, or close an area in place of roads"
        )


async def add_closure(
    store: Store,
    scope: DepotScope,
    closure: Closure,
    *,
    roads: int,
    network: str,
    from_at: datetime | None,
    until_at: datetime | None,
    hours: DailyHours | None = None,
    reason: str,
    by: str,
    at: datetime,
) -> TimedClosure:
    """
    Close `closure`, which is about that many roads of the network version `network`.

    It begins now where `from_at` is None. Those that are over are dropped in the same step.

    Raises
    ------
    ClosureOver, ClosuresTooMany
    """
    begins_at = from_at or at
    if until_at is not None and until_at <= max(begins_at, at):
        raise ClosureOver(until_at)
    timed = TimedClosure(
        closure_id=ClosureId(f"x{secrets.token_hex(6)}"),
        closure=closure,
        from_at=begins_at,
        until_at=until_at,
        hours=hours,
        reason=reason,
        network=network,
        at=at,
        by=by,
    )
    event = RoadsClosed(
        at=at,
        by=by,
        closure_id=timed.closure_id,
        roads=roads,
        from_at=begins_at,
        until_at=until_at,
    )
    known = (_decoded(body) for body in await store.depots.closures(scope))
    kept = await store.depots.add_closure(
        await day_at(store, scope, at),
        timed.closure_id,
        msgspec.json.encode(timed),
        encode(event),
        over=[each.closure_id for each in known if each.is_over(at)],
        limit=CLOSURES_MAX,
    )
    if not kept:
        raise ClosuresTooMany
    return timed


async def read_closures(
    store: Store, scope: DepotScope, *, at: datetime
) -> tuple[TimedClosure, ...]:
    """The depot's closures that are not over at `at`, those that begin first before others."""
    found = map(_decoded, await store.depots.closures(scope))
    waiting = [each for each in found if not each.is_over(at)]
    return tuple(sorted(waiting, key=lambda each: (each.from_at, each.closure_id)))


async def closures_in_force(
    store: Store, company_id: CompanyId, depot_id: DepotId | None, *, at: datetime
) -> tuple[TimedClosure, ...]:
    """What is closed at `at` for one depot of a company, or for any of them."""
    depots = await list_depots(store, company_id) if depot_id is None else (depot_id,)
    scopes = [DepotScope(company_id, each) for each in depots]
    known = [each for scope in scopes for each in await read_closures(store, scope, at=at)]
    return tuple(each for each in known if each.holds(at))


async def remove_closure(
    store: Store, scope: DepotScope, closure_id: ClosureId, *, by: str, at: datetime
) -> TimedClosure:
    """
    Take a closure back and return it.

    Raises
    ------
    ClosureUnknown
        There is none, or no longer.
    """
    event = RoadsReopened(at=at, by=by, closure_id=closure_id)
    removed = await store.depots.remove_closure(
        await day_at(store, scope, at), closure_id, encode(event)
    )
    if removed is None:
        raise ClosureUnknown(closure_id)
    return _decoded(removed)


@lru_cache(maxsize=2 * CLOSURES_MAX)
def _decoded(body: bytes) -> TimedClosure:
    """Kept, because every question about roads reads the same ones."""
    return _decoder.decode(body)


_decoder: Final = msgspec.json.Decoder(TimedClosure)
