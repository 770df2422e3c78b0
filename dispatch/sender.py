"""
Sending to webhooks, in a process of its own: strangers answer slowly or never, and no plan should wait for them.

One sender at a time for each depot, by a lease. Every webhook is a loop of its own, and sends each day's events in their
order: the cursor moves when a message was delivered, so a sender that is killed repeats at most the one it was at.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import msgspec
from redis.exceptions import RedisError

from dispatch import operations
from dispatch.clock import Clock, SystemClock
from dispatch.days import DepotDay, DepotScope
from dispatch.feed import end
from dispatch.posting import ANSWER_WITHIN_S, NotDelivered, Poster, new_client
from dispatch.server import running_server
from dispatch.settings import Settings
from dispatch.store import Store, WebhookRow
from dispatch.webhooks import (
    DeadLetter,
    Message,
    Trying,
    Webhook,
    days_to_tell,
    failed,
    kind_of,
    message_of,
    signed,
)

LEASE_S: Final = ANSWER_WITHIN_S + 5.0
"""A depot's deliveries rest so long after its sender was killed: longer than one message may take, so that two never send at once."""

LOOK_EVERY_S: Final = 2.0
"""A new webhook, or a depot without a sender, waits so long at most. Chosen."""

BLOCK_MS: Final = 500
"""How long one read waits for news: bounds how late a replay or a message sent again begins."""

RETRY_S: Final = 1.0
"""Pause before going on after the server was away."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A depot whose sender this process is."""

    until_s: float
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)


@dataclass(slots=True)
class Sender:
    """`clock` tells what day it is at the depots; how long somebody has not answered is real time."""

    store: Store
    clock: Clock
    poster: Poster
    lease_s: float = LEASE_S
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    _held: dict[DepotScope, _Held] = field(default_factory=dict, init=False)
    _real: Clock = field(default_factory=SystemClock, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; then let other senders take over at once."""
        try:
            while not stop.is_set():
                try:
                    await self._look()
                except (RedisError, OSError) as error:
                    _logger.warning("the server was away: tried again", extra=_of(error))
                try:
                    async with asyncio.timeout(min(LOOK_EVERY_S, self.lease_s / 3)):
                        await stop.wait()
                except TimeoutError:
                    continue
        finally:
            await self._let_go()

    async def _look(self) -> None:
        """Take or renew the lease of every depot that has webhooks, and have a loop for each of these."""
        for scope in await self.store.webhooks.depots():
            asked_s = time.monotonic()
            webhooks = await self.store.webhooks.all(scope)
            if not webhooks and scope not in self._held:
                continue
            is_ours = await self.store.webhooks.lease(
                scope, self.name, milliseconds=round(self.lease_s * 1000)
            )
            held = self._held.get(scope)
            if not is_ours:
                if held is not None:
                    await _end(self._held.pop(scope))
                continue
            if held is None:
                held = self._held[scope] = _Held(asked_s)
            held.until_s = asked_s + self.lease_s
            for webhook_id in webhooks:
                task = held.tasks.get(webhook_id)
                if task is not None and task.done():
                    task.result()  # what is no outage is a bug, and ends this process
                if task is None or task.done():
                    held.tasks[webhook_id] = asyncio.create_task(
                        self._serve(scope, webhook_id, held), name=f"webhook {webhook_id}"
                    )

    async def _let_go(self) -> None:
        for scope, held in self._held.items():
            await _end(held)
            try:
                await self.store.webhooks.lease(scope, self.name, milliseconds=0)
            except (RedisError, OSError):
                continue  # it runs out by itself
        self._held.clear()

    async def _serve(self, scope: DepotScope, webhook_id: str, held: _Held) -> None:
        while True:
            try:
                row = await self.store.webhooks.row(scope, webhook_id)
                if row is None:
                    return
                await self._round(scope, row, held)
            except (RedisError, OSError) as error:
                extra = _of(error) | {"depot_id": scope.depot_id, "webhook_id": webhook_id}
                _logger.warning("the server was away: sending goes on", extra=extra)
                await asyncio.sleep(RETRY_S)

    async def _round(self, scope: DepotScope, row: WebhookRow, held: _Held) -> None:
        """Send what was asked for again, then what is new of every day that is not waiting for its next try."""
        webhook = operations.webhook_of(row.body)
        for body in row.dead.values():
            letter = operations.letter_of(body)
            if letter.again and self._may_send(held):
                await self._again(scope, webhook, letter, body)
        cursors = self._cursors(row)
        found = await self.store.webhooks.news(scope, cursors, block_ms=BLOCK_MS)
        for day, entries in found.items():
            where = DepotDay(scope.company_id, scope.depot_id, day)
            before, settled = row.cursors.get(day.isoformat(), ""), ""
            trying = row.trying.get(day.isoformat())
            for stream_id, event in entries:
                if kind_of(event) in webhook.kinds:
                    if not self._may_send(held):
                        return
                    if not await self._deliver(where, webhook, stream_id, event, before, trying):
                        settled = ""
                        break
                    before, trying = stream_id, None
                settled = stream_id
            if settled not in ("", before):  # what nobody asked for, behind the last delivered
                await self.store.webhooks.settle(
                    where, webhook.webhook_id, before=before, after=settled
                )

    def _cursors(self, row: WebhookRow) -> Mapping[date, str]:
        now = self._real.now()
        return {
            day: row.cursors.get(day.isoformat(), row.from_id)
            for day in days_to_tell(self.clock.now().date())
            if (body := row.trying.get(day.isoformat())) is None
            or operations.trying_of(body).next_at <= now
        }

    def _may_send(self, held: _Held) -> bool:
        """Whether the lease lasts until an answer has come, or failed to."""
        return time.monotonic() + ANSWER_WITHIN_S < held.until_s

    async def _deliver(
        self,
        day: DepotDay,
        webhook: Webhook,
        stream_id: str,
        event: bytes,
        before: str,
        trying: bytes | None,
    ) -> bool:
        """Whether the message is delivered and its cursor stored; if not, the day waits, or goes on without it."""
        message = message_of(day, stream_id, event)
        known = None if trying is None else operations.trying_of(trying)
        why = await self._post(webhook, message)
        store = self.store.webhooks
        if why is None:
            return await store.settle(day, webhook.webhook_id, before=before, after=stream_id)
        at = self._real.now()
        extra = {"depot_id": day.depot_id, "webhook_id": webhook.webhook_id, "why": why}
        _logger.warning("a webhook was not reached", extra=extra)
        retry = failed(known, why, at=at)
        if retry is not None:
            body = msgspec.json.encode(retry)
            await store.settle(day, webhook.webhook_id, before=before, trying=body)
            return False
        letter = _letter(day, message, stream_id, event, known, why)
        body = msgspec.json.encode(replace(letter, dead_at=at))
        await store.settle(
            day,
            webhook.webhook_id,
            before=before,
            after=stream_id,
            dead=(message.message_id, body),
        )
        return False

    async def _again(
        self, scope: DepotScope, webhook: Webhook, letter: DeadLetter, body: bytes
    ) -> None:
        day = DepotDay(scope.company_id, scope.depot_id, letter.day)
        event = await self.store.webhooks.entry(day, letter.stream_id)
        why = (
            "the day's log is gone"
            if event is None
            else await self._post(webhook, message_of(day, letter.stream_id, event))
        )
        after = (
            b""
            if why is None
            else msgspec.json.encode(replace(letter, again=False, tries=letter.tries + 1, why=why))
        )
        await self.store.webhooks.replace_letter(
            scope, webhook.webhook_id, letter.message_id, body, after
        )

    async def _post(self, webhook: Webhook, message: Message) -> str | None:
        """Why it was not delivered; None: it was."""
        headers = signed(message, webhook.secret, at=self._real.now())
        try:
            await self.poster.post(webhook.url, message.body, headers)
        except NotDelivered as failure:
            return str(failure)
        return None


async def run_sender(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """
    Send to webhooks until `stop` is set or the process is asked to end (SIGTERM, SIGINT).

    Raises
    ------
    ServerFailed
        The embedded server cannot be started.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        with running_server(settings.redis_url, settings.data_dir) as url:
            async with (
                Store.open(url, waitaof_replicas=settings.waitaof_replicas) as store,
                new_client() as client,
            ):
                poster = Poster(client, private=settings.webhook_private)
                await Sender(store, settings.clock(), poster).run(stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _letter(
    day: DepotDay, message: Message, stream_id: str, event: bytes, known: Trying | None, why: str
) -> DeadLetter:
    assert known is not None, "nothing is put aside at its first try"
    return DeadLetter(
        message_id=message.message_id,
        day=day.day,
        stream_id=stream_id,
        kind=kind_of(event),
        tries=known.tries + 1,
        first_at=known.first_at,
        dead_at=known.next_at,
        why=why,
    )


async def _end(held: _Held) -> None:
    await asyncio.gather(*map(end, held.tasks.values()))


def _of(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__}
