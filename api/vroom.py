"""The address of the VROOM-compatible interface: a body goes to the workers, their answer comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.answers import stored
from api.auth import MAY_SEND_VROOM, admit, secret_of
from api.errors import VroomRefused
from dispatch import operations
from dispatch.operations import AnswerFailed, NoWorker, QuestionRefused
from dispatch.questions import VroomBody
from dispatch.vroom import refusal
from routing.vrp.vroom.body import BodyRefused
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import BUDGET_MAX_S, budget_s

LIMIT_MAX_S: Final = 600.0
"""Nobody holds a connection open for longer. Chosen."""

_READ_HERE_BYTES: Final = 1 << 18
"""A body up to this size is read before it is asked about, in a thread and some milliseconds, so that what is wrong with
it is told at once; a larger one by the worker. Chosen."""

_INTERNAL_ERROR: Final = 1
_ROUTING_ERROR: Final = 3
"""VROOM's codes."""


class _AskedRoute(APIRoute):
    """A route that knows its caller before it reads a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            # Clients that cannot set a header carry the key in their base URL. No address is logged.
            secret = request.path_params.get("api_key") or secret_of(request)
            request.state.caller = await admit(request, secret, MAY_SEND_VROOM)
            return await handle(request)

        return guarded


router = APIRouter(prefix="/vroom", route_class=_AskedRoute, include_in_schema=False)


@router.post("", name="vroom")
@router.post("/", name="vroom")
@router.post("/key/{api_key}", name="vroom")
@router.post("/key/{api_key}/", name="vroom")
async def send(request: Request) -> Response:
    """One body of VROOM's; see docs/vroom.md."""
    deps, caller = request.app.state.deps, request.state.caller
    try:
        text, within_s = await asyncio.to_thread(_looked_at, await request.body())
    except BodyRefused as refused:
        raise VroomRefused(400, refusal(refused)) from refused
    closures = await operations.closures_in_force(
        deps.store, caller.company_id, caller.depot_id, at=deps.clock.now()
    )
    asked = VroomBody(text=text, closures=tuple(closures), budget_s=within_s)
    try:
        question_id = await operations.ask(deps.store, deps.jobs, caller.company_id, asked)
        answer = await operations.await_answer(
            deps.store,
            deps.jobs,
            caller.company_id,
            question_id,
            within_s=within_s + operations.GRACE_S,
        )
    except QuestionRefused as refused:
        raise VroomRefused(400, _told(_ROUTING_ERROR, refused.reason, str(refused))) from refused
    except (AnswerFailed, NoWorker) as failed:
        raise VroomRefused(503, _told(_INTERNAL_ERROR, failed.code, str(failed))) from failed
    if answer is None:
        message = "all workers are busy: ask again, or start another worker"
        raise VroomRefused(503, _told(_INTERNAL_ERROR, "workers-busy", message))
    if not answer.startswith(b'{"code":0'):
        raise VroomRefused(400, answer)
    return stored(answer)


class _Glance(msgspec.Struct):
    """As much of a body as says how long its answer may take."""

    options: dict[str, Any] = msgspec.field(default_factory=dict)


def _looked_at(content: bytes) -> tuple[str, float]:
    """
    The body as text, and the seconds that its search may take.

    Raises
    ------
    BodyRefused
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as broken:
        raise BodyRefused("", f"this is no JSON in UTF-8: {broken}") from broken
    if len(content) <= _READ_HERE_BYTES:
        body = read(content)
        within_s = budget_s(body)
    else:
        within_s = _glanced_s(content)
    if within_s > LIMIT_MAX_S:
        raise BodyRefused(
            "/options/l", f"{within_s:g} s is too long for a request: {LIMIT_MAX_S:g} at most"
        )
    return text, within_s


def _glanced_s(content: bytes) -> float:
    """The longest that the search may take; a body that makes no sense is refused by the worker."""
    try:
        options = msgspec.json.decode(content, type=_Glance).options
    except msgspec.DecodeError:
        return BUDGET_MAX_S
    limit_s = options.get("l", BUDGET_MAX_S)
    return float(limit_s) if isinstance(limit_s, int | float) else BUDGET_MAX_S


def _told(code: int, reason: str, message: str) -> bytes:
    return msgspec.json.encode({"code": code, "error": message, "reason": reason})
