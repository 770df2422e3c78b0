"""Waves over HTTP: which requests leave the depot now and which wait, decided by a worker."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers import PROBLEMS
from api.auth import Caller
from api.errors import ApiError, ItemProblem, ItemsRefused, pointer_of
from api.questions import LATER, answer_or_later
from api.requests import GuardedRoute, With, json_only
from dispatch.questions import Wave
from dispatch.waves import NotJson, WaveBody, WaveDecision, body_schema, read
from routing.vrp.waves.statement import Clash, WavesRefused

router = APIRouter(route_class=GuardedRoute, tags=["waves"], responses=PROBLEMS)

EXAMPLE: Final[dict[str, Any]] = {
    "durations_s": [[0, 600, 900, 840], [620, 0, 300, 780], [900, 320, 0, 700], [860, 800, 700, 0]],
    "capacity": 20,
    "leave_s": 28_800,
    "epoch_s": 3_600,
    "epochs_left": 1,
    "back_by_s": 43_200,
    "requests": [
        {"id": "r1", "place": 1, "demand": 8, "window_s": [28_800, 30_600], "service_s": 300},
        {"id": "r2", "place": 2, "demand": 5, "window_s": [28_800, 39_600], "service_s": 300},
        {"id": "r3", "place": 3, "demand": 6, "window_s": [32_400, 39_600], "service_s": 300},
    ],
    "scenarios": [
        [{"place": 3, "demand": 9, "window_s": [34_200, 39_600], "service_s": 300, "epoch": 1}],
        [{"place": 3, "demand": 4, "window_s": [33_000, 39_600], "service_s": 300, "epoch": 1}],
    ],
    "budget_s": 1,
}
"""In the description of the API and in docs/waves.md, where its answer stands too."""


@router.post(
    "/waves/decide",
    operation_id="decide_wave",
    response_model=WaveDecision,
    responses=LATER,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body_schema(), "example": EXAMPLE}},
        }
    },
    summary="Which requests leave the depot with this wave, and which wait",
)
async def decide_wave(request: Request, deps: With, caller: Caller) -> Response:
    """
    Matrix, capacity, requests, and what may come: scenarios, or past requests to draw them from. Nothing of the
    company is read and nothing is stored. See docs/waves.md.
    """
    json_only(request.headers.get("content-type", ""))
    body = await asyncio.to_thread(_read, await request.body())
    asked = Wave(body=body, budget_s=body.budget_s)
    return await answer_or_later(deps, caller, asked, depot_id=caller.depot_id)


def _read(content: bytes) -> WaveBody:
    try:
        return read(content)
    except NotJson as broken:
        raise ApiError(400, broken.code, str(broken)) from broken
    except WavesRefused as refused:
        raise ItemsRefused(refused.code, [_problem(each) for each in refused.clashes]) from refused


def _problem(clash: Clash) -> ItemProblem:
    pointer = pointer_of(("body", *clash.path))
    return ItemProblem(pointer=pointer, code=clash.code, detail=clash.why)
