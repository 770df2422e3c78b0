"""Webhooks 回调: who is told of a depot's events, what a message says, how it is signed, and when it is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NewType, get_args

import msgspec

from dispatch.days import DepotDay
from dispatch.events import Event, SearchProgressed

WebhookId = NewType("WebhookId", str)
"""`wXXXXXXXXXXXX`."""


def _kinds(told: Any) -> Iterator[str]:
    for each in get_args(told):
        if each is not SearchProgressed:
            yield each.__struct_config__.tag


KINDS: Final = frozenset(_kinds(Event))
"""Every kind of event but the progress of a search, which is of the moment."""

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (the prefix that the specification gives to secrets)

BACK_OFF_S: Final = (5, 30, 120, 600, 1800, 3600)
"""Pauses between tries, the last one for all that follow: a restart is bridged in seconds, a night is not. Chosen."""

DEAD_AFTER: Final = timedelta(hours=24)
"""A message that could not be delivered for so long from its first try is put aside: the next day's need the way. Chosen."""

DAYS_BEHIND, DAYS_AHEAD = 7, 31
"""Depot-days of which a sender delivers: longer away, it has to be asked for a replay; orders come a month ahead. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """
    Where a company wants a depot's events sent.

    `kinds` are those wanted. `secret` signs; it is told once and shown no more.
    """

    webhook_id: WebhookId
    url: str
    kinds: tuple[str, ...]
    secret: str
    made_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """A message that could not be delivered yet; `why` is the last failure, in words without an address."""

    tries: int
    first_at: datetime
    next_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was put aside; `again` says that it is to be sent once more."""

    message_id: str
    day: date
    stream_id: str
    kind: str
    tries: int
    first_at: datetime
    dead_at: datetime
    why: str
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The same at every try; only its timestamp and signature are of the moment."""

    message_id: str
    body: bytes


class _Head(msgspec.Struct):
    kind: str
    at: datetime


class _Body(msgspec.Struct):
    """As Standard Webhooks has payloads: type, timestamp, data; beside them where in the log of which day."""

    type: str
    timestamp: datetime
    depot_id: str
    day: date
    cursor: str
    data: msgspec.Raw


_head_decoder: Final = msgspec.json.Decoder(_Head)


def kind_of(event: bytes) -> str:
    return _head_decoder.decode(event).kind


def message_of(day: DepotDay, stream_id: str, event: bytes) -> Message:
    """`event` as the stream keeps it."""
    head = _head_decoder.decode(event)
    body = _Body(
        type=head.kind,
        timestamp=head.at,
        depot_id=day.depot_id,
        day=day.day,
        cursor=stream_id,
        data=msgspec.Raw(event),
    )
    return Message(
        message_id=f"{day.depot_id}.{day.day.isoformat()}.{stream_id}",
        body=msgspec.json.encode(body),
    )


def new_webhook_id() -> WebhookId:
    return WebhookId(f"w{secrets.token_hex(6)}")


def new_signing_secret() -> str:
    """32 random bytes, written as the specification asks."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(message: Message, secret: str, *, at: datetime) -> dict[str, str]:
    """
    The headers of one try.

    Standard Webhooks 1.0.0: HMAC-SHA256 under the decoded secret over `id.timestamp.body`, in base64, as version v1. The
    timestamp is of the try, so that a receiver may refuse what somebody recorded and plays back.
    """
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    told = b".".join((message.message_id.encode(), timestamp.encode(), message.body))
    digest = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message.message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{digest}",
    }


def failed(before: Trying | None, why: str, *, at: datetime) -> Trying | None:
    """When to try again after a failure at `at`; None: it has been tried for long enough."""
    tries = 1 if before is None else before.tries + 1
    first_at = at if before is None else before.first_at
    if at - first_at >= DEAD_AFTER:
        return None
    pause_s = BACK_OFF_S[min(tries, len(BACK_OFF_S)) - 1]
    return Trying(tries=tries, first_at=first_at, next_at=at + timedelta(seconds=pause_s), why=why)


def days_to_tell(today: date) -> Iterator[date]:
    """The days whose events are delivered, the earliest first."""
    for number in range(-DAYS_BEHIND, DAYS_AHEAD + 1):
        yield today + timedelta(days=number)
