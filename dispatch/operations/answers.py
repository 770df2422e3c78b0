"""Idempotency: a request sent twice under one key is carried out once and answered the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

import msgspec

from dispatch.days import CompanyId
from dispatch.errors import DispatchError
from dispatch.ids import checked_text_id
from dispatch.store import Store

ANSWER_KEPT: Final = timedelta(hours=24)
"""As long as payment providers keep theirs: a phone without signal retries within the day."""

RESERVED_FOR: Final = timedelta(minutes=2)
"""Longer than any request runs; a reservation whose process died falls away after it."""


class StillRunning(DispatchError):
    """The same request is being carried out at this moment."""

    code: ClassVar[str] = "still-running"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"the request with idempotency key {key!r} is still running: ask again in a second"
        )


class AnswerDiffers(DispatchError):
    """The idempotency key was used for another request."""

    code: ClassVar[str] = "idempotency-key-reused"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"idempotency key {key!r} was used for another request: give each request its own"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """`body_hash` is that of the request (method, path and body), the rest is our answer to it."""

    body_hash: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def reserve_answer(
    store: Store, company_id: CompanyId, key: str, *, body_hash: str
) -> KeptAnswer | None:
    """
    Claim `key` for a request that is about to run; a kept answer means that it has run.

    After None the caller must end with `remember_answer`, or `release_answer` if nothing was done.

    Raises
    ------
    IdMalformed
        The key cannot be an id.
    StillRunning
        Another request with the key and the same body has not ended.
    AnswerDiffers
        The key belongs to a request with another body.
    """
    checked_text_id("idempotency key", key)
    found = await store.companies.reserve_answer(
        company_id, key, body_hash.encode(), kept_s=int(RESERVED_FOR.total_seconds())
    )
    return None if found is None else _checked(found, key, body_hash)


async def recall_answer(
    store: Store, company_id: CompanyId, key: str, *, body_hash: str
) -> KeptAnswer | None:
    """
    The answer kept for `key`; None: there is none. Raises as `reserve_answer` does.

    Claims nothing.
    """
    found = await store.companies.answer(company_id, checked_text_id("idempotency key", key))
    return None if found is None else _checked(found, key, body_hash)


async def remember_answer(
    store: Store, company_id: CompanyId, key: str, answer: KeptAnswer
) -> None:
    """Keep `answer` for ANSWER_KEPT."""
    body = b"\n".join((answer.body_hash.encode(), msgspec.msgpack.encode(answer)))
    await store.companies.keep_answer(
        company_id, key, body, kept_s=int(ANSWER_KEPT.total_seconds())
    )


async def release_answer(store: Store, company_id: CompanyId, key: str) -> None:
    """Give up a reservation: the request failed before it changed anything."""
    await store.companies.drop_answer(company_id, key)


def _checked(found: bytes, key: str, body_hash: str) -> KeptAnswer:
    """`found` is the request's hash alone while it runs, then a line break and the answer."""
    kept_hash, ended, packed = found.partition(b"\n")
    if kept_hash != body_hash.encode():
        raise AnswerDiffers(key)
    if not ended:
        raise StillRunning(key)
    return msgspec.msgpack.decode(packed, type=KeptAnswer)
