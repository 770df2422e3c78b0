"""Answering from a worker: a question is taken from the queue, handed to the planner, its answer kept."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

import msgspec
from redis.exceptions import RedisError

from dispatch import operations
from dispatch.days import CompanyId
from dispatch.ids import QuestionId
from dispatch.planner_process import (
    Answered,
    AskTask,
    Broken,
    Gone,
    Refused,
    RoadsMissing,
    network_path,
)
from dispatch.questions import Verdict, budget_of
from dispatch.store import Store
from dispatch.workbench import Workbench
from routing.roads.network_file import NetworkUnreadable

OVERHEAD_S: Final = 120.0
"""
A question may take so long on top of its budget before its planner is ended: whoever asked has
given up long before, and the next one waits. Chosen.
"""

RETRY_S: Final = 1.0
"""Pause before a question is taken up again after the server was away."""

STARTS_MAX: Final = 3
"""A question that outlived so many workers may be what kills them. Chosen, not measured."""

_OURS: Final = frozenset({RoadsMissing.code, NetworkUnreadable.code})
"""Named errors that whoever asks cannot mend."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QuestionWorker:
    """Answers questions at a workbench that it shares with planning."""

    store: Store
    bench: Workbench
    roads: Path | None

    async def run_question(self, company_id: str, question_id: str) -> None:
        """
        Answer a question, through outages of the server; one that is answered or withdrawn is left alone.

        Raises
        ------
        asyncio.CancelledError
            This worker is stopping: the queue gives the question to another.
        """
        company, question = CompanyId(company_id), QuestionId(question_id)
        while True:
            try:
                await self._attempt(company, question)
            except RedisError as error:
                _log(logging.WARNING, "the server was away: the question is taken again", question)
                if self.bench.stopping.is_set():
                    raise asyncio.CancelledError from error
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _attempt(self, company: CompanyId, question: QuestionId) -> None:
        started = await operations.start_question(self.store, company, question)
        if started is None:
            return
        asked, starts = started
        _log(logging.INFO, "question begins", question)
        if starts > STARTS_MAX:
            message = f"{STARTS_MAX} workers began this question and none ended it: see their logs"
            await self._object(company, question, Verdict.FAILED, "question-given-up", message)
            return
        planner = await self.bench.prepare()
        task = AskTask(
            asked=msgspec.Raw(asked),
            roads=None if self.roads is None else network_path(self.roads),
        )
        within_s = budget_of(asked) + OVERHEAD_S
        outcome = await self.bench.watched(
            planner, planner.answer(task), planner.end_after(within_s)
        )
        match outcome:
            case Answered(body=body):
                await operations.keep_answer(self.store, company, question, bytes(body))
                _log(logging.INFO, "question ends", question)
            case Refused(code=code, message=message):
                verdict = Verdict.FAILED if code in _OURS else Verdict.REFUSED
                await self._object(company, question, verdict, code, message)
            case Broken(trace=trace):
                _logger.error("answering broke: %s", trace, extra={"question_id": question})
                message = f"answering broke: the worker's log says where, under {question}"
                await self._object(company, question, Verdict.FAILED, "internal", message)
            case Gone(exit_code=exit_code):
                message = (
                    f"the planning process ended ({exit_code}), or did not within {within_s:.0f} s: "
                    "is there enough memory?"
                )
                await self._object(company, question, Verdict.FAILED, "planner-died", message)
            case _:
                assert_never(outcome)

    async def _object(
        self, company: CompanyId, question: QuestionId, verdict: Verdict, code: str, message: str
    ) -> None:
        await operations.keep_objection(
            self.store, company, question, verdict=verdict, code=code, message=message
        )
        _log(logging.INFO, f"question ends {verdict}: {code}", question)


def _log(level: int, message: str, question_id: str) -> None:
    _logger.log(level, message, extra={"question_id": question_id})
