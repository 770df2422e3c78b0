"""Questions: asked by requests that wait, answered by workers, of no consequence for any day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import ClassVar, Final

import msgspec
from redis.exceptions import ConnectionError as StoreAway

from dispatch.days import CompanyId, DepotId
from dispatch.errors import DispatchError
from dispatch.ids import QuestionId, checked_depot_id, depot_of_question, new_question_id
from dispatch.jobs import JobQueue
from dispatch.questions import Asked, Objection, Verdict, encode
from dispatch.store import Store

QUESTION_KEPT: Final = timedelta(hours=1)
"""From asking, and once more from the answer: whoever has not come back by then has forgotten. Chosen."""

GRACE_S: Final = 15.0
"""
What a question may take beyond its budget while somebody waits: a worker gets free, loads roads
(0.1 s for a county) and matrices, draws lines; or dies, and another takes over (lease and 2 s). Chosen.
"""

QUICK_S: Final = 1.0
"""A question that takes no longer does not wait behind plans and longer questions. Chosen."""

_LOOK_FIRST_S: Final = 0.02
_LOOK_LAST_S: Final = 0.25
"""
Between two looks for an answer; each pause is half as long again as the one before. A blocking read
would hold one of a process's 256 connections for each request that waits; looks of many
requests share one round trip, four a second each.
"""


class QuestionUnknown(DispatchError):
    """The company has no question of this id, or no longer."""

    code: ClassVar[str] = "question-unknown"

    def __init__(self, question_id: str) -> None:
        self.question_id = question_id
        super().__init__(
            f"there is no question {question_id}: answers are kept for an hour; ask again"
        )


class NoWorker(DispatchError):
    """Nobody is there who could answer."""

    code: ClassVar[str] = "no-worker"

    def __init__(self, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            f"no worker runs that could answer (waited {waited_s:g} s): start one with "
            "`cunlu worker`, then ask again"
        )


class QuestionRefused(DispatchError):
    """A question without an answer; `reason` is the lasting code of the error that says why."""

    code: ClassVar[str] = "question-refused"

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class AnswerFailed(DispatchError):
    """Workers took the question and could not answer it; `reason` is a lasting code."""

    code: ClassVar[str] = "answer-failed"

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


async def ask(
    store: Store,
    jobs: JobQueue,
    company_id: CompanyId,
    asked: Asked,
    *,
    depot_id: DepotId | None = None,
) -> QuestionId:
    """Have a worker answer; `depot_id` is the depot that the question is about, if it is about one."""
    checked_depot_id(company_id)
    if depot_id is not None:
        checked_depot_id(depot_id)
    question_id = new_question_id(depot_id)
    # Recorded before it is queued, unlike a job: a record alone is waited for by nobody, and expires.
    await store.questions.ask(company_id, question_id, encode(asked), kept_s=_kept_s())
    await jobs.put_question(company_id, question_id, is_quick=asked.budget_s <= QUICK_S)
    return question_id


async def read_answer(store: Store, company_id: CompanyId, question_id: QuestionId) -> bytes | None:
    """
    The answer as JSON; None: there is none yet.

    Raises
    ------
    IdMalformed
        It is no question id.
    QuestionUnknown
        The company has no such question, or no longer.
    QuestionRefused
        It has no answer.
    AnswerFailed
        Nobody could answer it.
    """
    depot_of_question(question_id)
    standing = await store.questions.standing(company_id, question_id)
    if standing is None:
        raise QuestionUnknown(question_id)
    _, verdict = standing
    if not verdict:
        return None
    body = await store.questions.body(company_id, question_id)
    if body is None:
        raise QuestionUnknown(question_id)
    match Verdict(verdict):
        case Verdict.ANSWERED:
            return body
        case Verdict.REFUSED:
            objection = msgspec.json.decode(body, type=Objection)
            raise QuestionRefused(objection.code, objection.message)
        case Verdict.FAILED:
            objection = msgspec.json.decode(body, type=Objection)
            raise AnswerFailed(objection.code, objection.message)


async def await_answer(
    store: Store,
    jobs: JobQueue,
    company_id: CompanyId,
    question_id: QuestionId,
    *,
    within_s: float,
) -> bytes | None:
    """
    Wait for the answer, through restarts of the store.

    None: workers are there, but it takes longer than `within_s`. It can be read later.

    Raises
    ------
    NoWorker
        No worker is there after that time; the question is withdrawn.
    QuestionUnknown, QuestionRefused, AnswerFailed
        As `read_answer` does.
    """
    now_s = asyncio.get_running_loop().time
    until_s, pause_s = now_s() + within_s, _LOOK_FIRST_S
    while True:
        left_s = until_s - now_s()
        try:
            found = await read_answer(store, company_id, question_id)
        except StoreAway:
            if left_s <= 0:
                raise
            found = None
        if found is not None:
            return found
        if left_s <= 0:
            break
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, _LOOK_LAST_S)
    if await jobs.has_workers():
        return None
    await store.questions.withdraw(company_id, question_id)
    raise NoWorker(within_s)


async def start_question(
    store: Store, company_id: CompanyId, question_id: QuestionId
) -> tuple[bytes, int] | None:
    """
    What is asked, as it was encoded, and how often a worker has begun it.

    None: it is answered, withdrawn or forgotten; there is nothing to do.
    """
    return await store.questions.start(company_id, question_id)


async def keep_answer(
    store: Store, company_id: CompanyId, question_id: QuestionId, body: bytes
) -> bool:
    """Return whether it counts: the first answer does, if anybody still asks."""
    return await store.questions.answer(
        company_id, question_id, Verdict.ANSWERED, body, kept_s=_kept_s()
    )


async def keep_objection(
    store: Store,
    company_id: CompanyId,
    question_id: QuestionId,
    *,
    verdict: Verdict,
    code: str,
    message: str,
) -> bool:
    """Say why there is no answer; return as `keep_answer` does."""
    body = msgspec.json.encode(Objection(code=code, message=message))
    return await store.questions.answer(company_id, question_id, verdict, body, kept_s=_kept_s())


def _kept_s() -> int:
    return int(QUESTION_KEPT.total_seconds())
