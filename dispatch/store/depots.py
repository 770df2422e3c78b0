"""What belongs to a depot and outlives its days: registry, fleet and closures."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.days import CompanyId, DepotDay, DepotId, DepotScope
from dispatch.store import keys
from dispatch.store.client import Commands
from dispatch.store.keys import DayKeys, ScopeKeys
from dispatch.store.scripts import Scripts, chunks, flat


class Depots:
    """A change is told in the stream of the day that is given with it."""

    def __init__(self, client: Commands, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    async def change_registry(
        self,
        day: DepotDay,
        households: Sequence[tuple[str, bytes]],
        points: Sequence[tuple[str, bytes]],
        event: bytes,
    ) -> tuple[int, int, int]:
        """Return how many were created, changed and unchanged; the scripts count into `event`."""
        where = DayKeys(day)
        counts = [0, 0, 0]
        for key, counter, entries in (
            (where.scope.households, "households", households),
            (where.scope.points, "points", points),
        ):
            for chunk in chunks(entries):
                found = await self._scripts.change(
                    "change_registry", [key, where.stream], [event, counter, *flat(chunk)]
                )
                counts = [a + b for a, b in zip(counts, found, strict=True)]
        return counts[0], counts[1], counts[2]

    async def registry(self, scope: DepotScope) -> tuple[list[bytes], list[bytes]]:
        where = ScopeKeys(scope)
        return await self._client.hvals(where.households), await self._client.hvals(where.points)

    async def points(self, scope: DepotScope) -> list[bytes]:
        return await self._client.hvals(ScopeKeys(scope).points)

    async def some_of_registry(
        self, scope: DepotScope, households: Sequence[str], points: Sequence[str]
    ) -> tuple[list[bytes], list[bytes]]:
        """The households and points of these ids, as far as there are any."""
        where = ScopeKeys(scope)
        return (
            await self._some(where.households, households),
            await self._some(where.points, points),
        )

    async def _some(self, key: str, ids: Sequence[str]) -> list[bytes]:
        found: list[bytes] = []
        for chunk in chunks(ids):
            bodies = await self._scripts.fetch(("HMGET", key, *chunk))
            found += (body for body in bodies if body is not None)
        return found

    async def missing(
        self, scope: DepotScope, households: Sequence[str], points: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        """Which of these ids the registry does not have."""
        where = ScopeKeys(scope)
        return (
            await self._missing(where.households, households),
            await self._missing(where.points, points),
        )

    async def _missing(self, key: str, ids: Sequence[str]) -> set[str]:
        missing: set[str] = set()
        for chunk in chunks(ids):
            bodies = await self._scripts.fetch(("HMGET", key, *chunk))
            missing.update(each for each, body in zip(chunk, bodies, strict=True) if body is None)
        return missing

    async def replace_fleet(self, day: DepotDay, body: bytes, event: bytes) -> None:
        where = DayKeys(day)
        await self._scripts.change(
            "replace_fleet", [where.scope.fleet, where.stream], [body, event]
        )
        # Another slot of a cluster, so a step of its own; after a crash between the two, sending
        # the fleet again lists the depot.
        await self._scripts.write(("SADD", keys.depots(day.company_id), day.depot_id))

    async def fleet(self, scope: DepotScope) -> bytes | None:
        return await self._client.get(ScopeKeys(scope).fleet)

    async def of(self, company_id: CompanyId) -> tuple[DepotId, ...]:
        found = await self._client.smembers(keys.depots(company_id))
        return tuple(sorted(DepotId(each.decode()) for each in found))

    async def add_closure(
        self,
        day: DepotDay,
        closure_id: str,
        body: bytes,
        event: bytes,
        *,
        over: Sequence[str],
        limit: int,
    ) -> bool:
        """Return whether there was room once those that are `over` were dropped; if not, it is not kept."""
        where = DayKeys(day)
        kept = await self._scripts.change(
            "add_closure",
            [where.scope.closures, where.stream],
            [closure_id, body, event, limit, *over],
        )
        return bool(kept)

    async def remove_closure(self, day: DepotDay, closure_id: str, event: bytes) -> bytes | None:
        """Return the closure that is removed; None: there was none."""
        where = DayKeys(day)
        removed: bytes | None = await self._scripts.change(
            "remove_closure", [where.scope.closures, where.stream], [closure_id, event]
        )
        return removed

    async def closures(self, scope: DepotScope) -> list[bytes]:
        found: list[bytes] = await self._scripts.fetch(("HVALS", ScopeKeys(scope).closures))
        return found
