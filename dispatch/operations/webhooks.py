"""Webhooks of a depot: registered, listed, taken back; what was put aside, sent again; and days told again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, Final

import msgspec

from dispatch.days import DepotDay, DepotScope
from dispatch.errors import DispatchError, meant
from dispatch.feed import StreamId
from dispatch.posting import checked_url
from dispatch.store import Store, WebhookRow
from dispatch.webhooks import (
    KINDS,
    DeadLetter,
    Trying,
    Webhook,
    WebhookId,
    new_signing_secret,
    new_webhook_id,
)

WEBHOOKS_MAX: Final = 10
"""Each gets every event by a request of its own: whoever needs more passes them on. Chosen."""


class WebhookUnknown(DispatchError):
    """The depot has no such webhook."""

    code: ClassVar[str] = "webhook-unknown"

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"there is no webhook {webhook_id!r}: see GET /v1/webhooks")


class WebhooksTooMany(DispatchError):
    code: ClassVar[str] = "webhooks-too-many"

    def __init__(self) -> None:
        super().__init__(f"the depot has {WEBHOOKS_MAX} webhooks: take one back first")


class KindUnknown(DispatchError):
    """A kind of event that there is not."""

    code: ClassVar[str] = "kind-unknown"

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"there are no events {kind[:64]!r}{meant(kind, KINDS)}: known are {', '.join(sorted(KINDS))}"
        )


class LetterUnknown(DispatchError):
    """No message of this id was put aside."""

    code: ClassVar[str] = "letter-unknown"

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        super().__init__(
            f"no message {message_id[:80]!r} was put aside, or it was delivered since: see the webhook's dead letters"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A day of which a message could not be delivered yet; those after it wait."""

    day: date
    tries: int
    first_at: datetime
    next_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSeen:
    """A webhook without its secret, and how its deliveries stand; `cursors` are the stream ids settled last, by day."""

    webhook_id: WebhookId
    url: str
    kinds: tuple[str, ...]
    made_at: datetime
    cursors: dict[str, str]
    waiting: tuple[Waiting, ...]
    dead_letters: int


async def add_webhook(
    store: Store,
    scope: DepotScope,
    url: str,
    kinds: Sequence[str],
    *,
    private: bool,
    by: str,
    at: datetime,
) -> Webhook:
    """
    Have a depot's events of these kinds (none: all) sent to `url` from now on; `private` addresses may be allowed.

    Raises
    ------
    AddressRefused, KindUnknown, WebhooksTooMany
    """
    checked_url(url, private=private)
    for each in kinds:
        if each not in KINDS:
            raise KindUnknown(each)
    webhook = Webhook(
        webhook_id=new_webhook_id(),
        url=url,
        kinds=tuple(sorted(set(kinds or KINDS))),
        secret=new_signing_secret(),
        made_at=at,
        by=by,
    )
    body = msgspec.json.encode(webhook)
    if not await store.webhooks.add(scope, webhook.webhook_id, body, limit=WEBHOOKS_MAX):
        raise WebhooksTooMany
    return webhook


async def read_webhooks(store: Store, scope: DepotScope) -> tuple[WebhookSeen, ...]:
    """Those of the depot, the oldest first."""
    rows = [await store.webhooks.row(scope, each) for each in await store.webhooks.all(scope)]
    told = (_seen(each) for each in rows if each is not None)
    return tuple(sorted(told, key=lambda each: (each.made_at, each.webhook_id)))


async def remove_webhook(store: Store, scope: DepotScope, webhook_id: str) -> None:
    """
    Send nothing there any more; what was waiting or put aside is forgotten.

    Raises
    ------
    WebhookUnknown
    """
    if not await store.webhooks.remove(scope, webhook_id):
        raise WebhookUnknown(webhook_id)


async def read_dead_letters(
    store: Store, scope: DepotScope, webhook_id: str
) -> tuple[DeadLetter, ...]:
    """
    Messages that were put aside, the oldest first.

    Raises
    ------
    WebhookUnknown
    """
    row = await _row(store, scope, webhook_id)
    letters = map(letter_of, row.dead.values())
    return tuple(sorted(letters, key=lambda each: (each.dead_at, each.message_id)))


async def resend_letter(
    store: Store, scope: DepotScope, webhook_id: str, message_id: str
) -> DeadLetter:
    """
    Have a message that was put aside sent once more, out of its turn; delivered, it is a dead letter no more.

    Raises
    ------
    WebhookUnknown, LetterUnknown
    """
    body = (await _row(store, scope, webhook_id)).dead.get(message_id)
    if body is None:
        raise LetterUnknown(message_id)
    again = replace(letter_of(body), again=True)
    await store.webhooks.replace_letter(
        scope, webhook_id, message_id, body, msgspec.json.encode(again)
    )
    return again


async def replay_webhook(store: Store, day: DepotDay, webhook_id: str, *, after: str) -> str:
    """
    Have a day's events after the stream id `after` sent again, in order; returns that id.

    Raises
    ------
    StreamIdMalformed, WebhookUnknown
    """
    cursor = str(StreamId.parse(after))
    if not await store.webhooks.replay(day, webhook_id, cursor):
        raise WebhookUnknown(webhook_id)
    return cursor


async def _row(store: Store, scope: DepotScope, webhook_id: str) -> WebhookRow:
    row = await store.webhooks.row(scope, webhook_id)
    if row is None:
        raise WebhookUnknown(webhook_id)
    return row


def _seen(row: WebhookRow) -> WebhookSeen:
    webhook = webhook_of(row.body)
    waiting = tuple(
        Waiting(
            day=date.fromisoformat(day),
            tries=each.tries,
            first_at=each.first_at,
            next_at=each.next_at,
            why=each.why,
        )
        for day, body in sorted(row.trying.items())
        for each in (trying_of(body),)
    )
    return WebhookSeen(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        kinds=webhook.kinds,
        made_at=webhook.made_at,
        cursors=dict(sorted(row.cursors.items())),
        waiting=waiting,
        dead_letters=len(row.dead),
    )


def webhook_of(body: bytes) -> Webhook:
    return _webhook_decoder.decode(body)


def letter_of(body: bytes) -> DeadLetter:
    return _letter_decoder.decode(body)


def trying_of(body: bytes) -> Trying:
    return _trying_decoder.decode(body)


_webhook_decoder: Final = msgspec.json.Decoder(Webhook)
_letter_decoder: Final = msgspec.json.Decoder(DeadLetter)
_trying_decoder: Final = msgspec.json.Decoder(Trying)
