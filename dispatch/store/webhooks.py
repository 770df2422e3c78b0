"""Webhooks of a depot: where each is in every day's stream, what it tries, what was put aside, and who sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dispatch.days import CompanyId, DepotDay, DepotId, DepotScope
from dispatch.store import keys
from dispatch.store.client import Commands
from dispatch.store.keys import DayKeys, ScopeKeys
from dispatch.store.scripts import Scripts

SLICE = 100
"""Entries of a day read at once for delivery: each costs its receiver a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """
    A webhook as a sender finds it.

    cursors
        By day (ISO): the last stream id that is settled. `from_id` for the days that have none.
    trying, dead
        By day, and by message id.
    """

    body: bytes
    from_id: str
    cursors: Mapping[str, str]
    trying: Mapping[str, bytes]
    dead: Mapping[str, bytes]


class Webhooks:
    def __init__(self, client: Commands, readers: Commands, scripts: Scripts) -> None:
        self._client = client
        self._readers = readers
        self._scripts = scripts

    async def add(self, scope: DepotScope, webhook_id: str, body: bytes, *, limit: int) -> bool:
        """Return whether there was room."""
        where = ScopeKeys(scope)
        # Another slot of a cluster, so a step of its own; before the other, for a depot without a webhook harms nobody.
        member = f"{scope.company_id}:{scope.depot_id}"
        await self._scripts.write(("SADD", keys.DEPOTS_WITH_WEBHOOKS, member))
        kept = await self._scripts.change(
            "add_webhook",
            [where.webhooks, where.webhook(webhook_id, "cursors")],
            [webhook_id, body, limit],
        )
        return bool(kept)

    async def remove(self, scope: DepotScope, webhook_id: str) -> bool:
        where = ScopeKeys(scope)
        names = [where.webhook(webhook_id, part) for part in ("cursors", "trying", "dead")]
        removed = await self._scripts.change(
            "remove_webhook", [where.webhooks, *names], [webhook_id]
        )
        return bool(removed)

    async def depots(self) -> tuple[DepotScope, ...]:
        """Every depot that has, or had, a webhook."""
        found = await self._client.smembers(keys.DEPOTS_WITH_WEBHOOKS)
        told = (each.decode().partition(":") for each in sorted(found))
        return tuple(DepotScope(CompanyId(company), DepotId(depot)) for company, _, depot in told)

    async def all(self, scope: DepotScope) -> Mapping[str, bytes]:
        found = await self._client.hgetall(ScopeKeys(scope).webhooks)
        return {webhook_id.decode(): body for webhook_id, body in found.items()}

    async def row(self, scope: DepotScope, webhook_id: str) -> WebhookRow | None:
        where = ScopeKeys(scope)
        body = await self._client.hget(where.webhooks, webhook_id)
        if body is None:
            return None
        cursors, trying, dead = [
            await self._client.hgetall(where.webhook(webhook_id, part))
            for part in ("cursors", "trying", "dead")
        ]
        told = {day.decode(): cursor.decode() for day, cursor in cursors.items()}
        return WebhookRow(
            body=body,
            from_id=told.pop("from", "0-0"),
            cursors=told,
            trying={day.decode(): each for day, each in trying.items()},
            dead={message_id.decode(): each for message_id, each in dead.items()},
        )

    async def settle(
        self,
        day: DepotDay,
        webhook_id: str,
        *,
        before: str,
        after: str = "",
        trying: bytes = b"",
        dead: tuple[str, bytes] = ("", b""),
    ) -> bool:
        """Return whether the cursor was still `before` (empty: none); if not, nothing changed."""
        where = ScopeKeys(day.scope)
        names = [where.webhook(webhook_id, part) for part in ("cursors", "trying", "dead")]
        settled = await self._scripts.change(
            "settle_delivery",
            [where.webhooks, *names],
            [webhook_id, day.day.isoformat(), before, after, trying, *dead],
        )
        return bool(settled)

    async def replay(self, day: DepotDay, webhook_id: str, after: str) -> bool:
        where = ScopeKeys(day.scope)
        names = [where.webhook(webhook_id, part) for part in ("cursors", "trying")]
        found = await self._scripts.change(
            "replay_webhook", [where.webhooks, *names], [webhook_id, day.day.isoformat(), after]
        )
        return bool(found)

    async def replace_letter(
        self, scope: DepotScope, webhook_id: str, message_id: str, before: bytes, after: bytes
    ) -> bool:
        """Return whether the letter was still `before`; an empty `after` drops it."""
        dead = ScopeKeys(scope).webhook(webhook_id, "dead")
        replaced = await self._scripts.change("replace_letter", [dead], [message_id, before, after])
        return bool(replaced)

    async def lease(self, scope: DepotScope, holder: str, *, milliseconds: int) -> bool:
        """Return whether `holder` is the one sender of the depot now, for so long; 0 gives it back."""
        held = await self._scripts.change(
            "take_lease", [ScopeKeys(scope).sender], [holder, milliseconds]
        )
        return bool(held)

    async def news(
        self, scope: DepotScope, cursors: Mapping[date, str], *, block_ms: int
    ) -> Mapping[date, Sequence[tuple[str, bytes]]]:
        """What follows each cursor, by day, waiting for so long if nothing does."""
        streams = {
            DayKeys(DepotDay(scope.company_id, scope.depot_id, day)).stream: (day, cursor)
            for day, cursor in cursors.items()
        }
        answer = await self._readers.xread(
            {name: cursor for name, (_, cursor) in streams.items()}, count=SLICE, block=block_ms
        )
        return {
            streams[name.decode()][0]: tuple(
                (entry.decode(), told[b"e"]) for entry, told in entries
            )
            for name, entries in answer or ()
        }

    async def entry(self, day: DepotDay, stream_id: str) -> bytes | None:
        """One event of a day."""
        found = await self._client.xrange(DayKeys(day).stream, stream_id, count=1)
        return found[0][1][b"e"] if found and found[0][0].decode() == stream_id else None
