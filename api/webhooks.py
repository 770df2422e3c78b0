"""Webhooks over HTTP: where a depot's events are sent, and what could not be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.fields import Strict, TextId
from api.requests import Day, GuardedRoute, Scope, With
from dispatch import operations
from dispatch.operations import WebhookSeen
from dispatch.webhooks import DeadLetter, WebhookId

router = APIRouter(route_class=GuardedRoute, tags=["webhooks"], responses=PROBLEMS)


class WebhookIn(Strict):
    """Where to send events, and which; `kinds` left out or empty: all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://shop.example.org/cunlu",
                    "kinds": ["collected", "failed", "plan-published"],
                }
            ]
        }
    )

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    kinds: Annotated[tuple[TextId, ...], Field(max_length=50)] = ()


class ReplayIn(Strict):
    """The stream id after which to begin; `0`: the whole day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after": "0"}]})

    after: Annotated[str, Field(min_length=1, max_length=41)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMade:
    """`secret` is shown this once."""

    webhook_id: WebhookId
    url: str
    kinds: tuple[str, ...]
    secret: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookList:
    webhooks: tuple[WebhookSeen, ...]


@dataclass(frozen=True, slots=True)
class WebhookRemoved:
    webhook_id: str


@dataclass(frozen=True, slots=True)
class LetterList:
    dead_letters: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True)
class Replaying:
    webhook_id: str
    after: str


@router.post(
    "/webhooks",
    operation_id="add_webhook",
    response_model=WebhookMade,
    status_code=201,
    summary="Have a depot's events sent to an address",
)
async def add_webhook(told: WebhookIn, deps: With, caller: Caller, scope: Scope) -> Response:
    """Of every day, from now on; signed with a secret that is in this answer and nowhere else."""
    made = await operations.add_webhook(
        deps.store,
        scope,
        told.url,
        told.kinds,
        private=deps.settings.webhook_private,
        by=caller.author,
        at=deps.clock.now(),
    )
    answer = WebhookMade(
        webhook_id=made.webhook_id,
        url=made.url,
        kinds=made.kinds,
        secret=made.secret,
        made_at=made.made_at,
    )
    return as_json(answer, status=201)


@router.get(
    "/webhooks",
    operation_id="list_webhooks",
    response_model=WebhookList,
    summary="A depot's webhooks, and how they stand",
)
async def list_webhooks(deps: With, scope: Scope) -> Response:
    return as_json(WebhookList(await operations.read_webhooks(deps.store, scope)))


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="remove_webhook",
    response_model=WebhookRemoved,
    summary="Send nothing there any more",
)
async def remove_webhook(webhook_id: str, deps: With, scope: Scope) -> Response:
    await operations.remove_webhook(deps.store, scope, webhook_id)
    return as_json(WebhookRemoved(webhook_id))


@router.get(
    "/webhooks/{webhook_id}/dead-letters",
    operation_id="list_dead_letters",
    response_model=LetterList,
    summary="Messages that could not be delivered for a day",
)
async def list_dead_letters(webhook_id: str, deps: With, scope: Scope) -> Response:
    return as_json(LetterList(await operations.read_dead_letters(deps.store, scope, webhook_id)))


@router.post(
    "/webhooks/{webhook_id}/dead-letters/{message_id}/resend",
    operation_id="resend_letter",
    response_model=DeadLetter,
    status_code=202,
    summary="Send a dead letter once more",
)
async def resend_letter(webhook_id: str, message_id: str, deps: With, scope: Scope) -> Response:
    """Out of its turn; delivered, it is no longer listed."""
    again = await operations.resend_letter(deps.store, scope, webhook_id, message_id)
    return as_json(again, status=202)


@router.post(
    "/webhooks/{webhook_id}/replay",
    operation_id="replay_webhook",
    response_model=Replaying,
    status_code=202,
    summary="Send a day's events again",
)
async def replay_webhook(webhook_id: str, told: ReplayIn, deps: With, day: Day) -> Response:
    """In order, from the event after a stream id (`cursor` of a message); receivers know repeated ones by their id."""
    after = await operations.replay_webhook(deps.store, day, webhook_id, after=told.after)
    return as_json(Replaying(webhook_id, after), status=202)
