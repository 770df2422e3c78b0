"""Questions over HTTP: a request waits for a worker's answer, or is told where to read it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json, stored
from api.auth import Caller, own_depot
from api.requests import Deps, GuardedRoute, With
from dispatch import operations
from dispatch.access import Identity
from dispatch.comparing import Comparison
from dispatch.days import DepotId
from dispatch.ids import QuestionId, depot_of_question
from dispatch.questions import Asked
from dispatch.waves import WaveDecision

router = APIRouter(route_class=GuardedRoute, tags=["questions"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class QuestionStanding:
    """A question that is not answered yet."""

    question_id: QuestionId
    detail: str


LATER: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": QuestionStanding,
        "description": "All workers are busy: read the answer at `Location` later.",
    }
}


async def answer_or_later(
    deps: Deps, caller: Identity, asked: Asked, *, depot_id: DepotId | None
) -> Response:
    """
    Ask the workers and wait: 200 with the answer and where to read it again, or 202 with where to read it later.

    Raises
    ------
    NoWorker, QuestionRefused, AnswerFailed
    """
    question_id = await operations.ask(
        deps.store, deps.jobs, caller.company_id, asked, depot_id=depot_id
    )
    answer = await operations.await_answer(
        deps.store,
        deps.jobs,
        caller.company_id,
        question_id,
        within_s=asked.budget_s + operations.GRACE_S,
    )
    return _answer(question_id, answer)


@router.get(
    "/questions/{question_id}",
    operation_id="read_question",
    response_model=Comparison | WaveDecision | QuestionStanding,
    responses=LATER,
    summary="The answer to a question that took longer",
)
async def read_question(question_id: str, deps: With, caller: Caller) -> Response:
    """Kept for an hour. 202 while no worker has answered yet."""
    depot_id = depot_of_question(question_id)
    if depot_id is not None:
        own_depot(caller, depot_id, "question", question_id)
    checked = QuestionId(question_id)
    return _answer(checked, await operations.read_answer(deps.store, caller.company_id, checked))


def _answer(question_id: QuestionId, answer: bytes | None) -> Response:
    where = f"/v1/questions/{question_id}"
    if answer is not None:
        return stored(answer, headers={"Content-Location": where})
    detail = "all workers are busy: read the answer later, or start another worker"
    return as_json(
        QuestionStanding(question_id, detail),
        status=202,
        headers={"Location": where, "Retry-After": "2"},
    )
