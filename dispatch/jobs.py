"""Jobs: planning that runs in a worker, its record, and the queue that gets jobs and questions there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from docket import Docket

from dispatch.days import CompanyId, DepotDay
from dispatch.errors import DispatchError
from dispatch.ids import JobId, QuestionId
from dispatch.plan import PlanId
from dispatch.scoping import Scope

QUEUE_NAME: Final = "cunlu-jobs"
QUICK_NAME: Final = "cunlu-quick"
"""A queue of its own for what somebody waits for: it never stands behind a plan."""
AT_ONCE_NAME: Final = "cunlu-at-once"
"""And one for new orders: a day that is made anew takes seconds too."""

KEEP_AFTER_S: Final = 2.0
"""A day is looked at so long after something was heard of it, with all that was heard meanwhile. Chosen."""


class JobFenced(DispatchError):
    """A worker speaks of a job that is no longer its own."""

    code: ClassVar[str] = "job-fenced"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} has ended or was given to another worker: drop the result")


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """The search as it was last heard of; `served` and `unserved` count halts."""

    seconds: float
    cost_fen: int
    served: int
    unserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    A request to plan a depot-day and what has come of it.

    based_on
        Version of the plan that was published when the job was asked for; 0: none.
    plan_id
        The draft it made; a cancelled job has one if the search had found anything.
    code, message
        Why it failed; empty otherwise.
    cancelling
        Somebody has asked to stop it and the worker has not answered yet.
    starts
        How often a worker has begun it; more than once if workers died or were stopped.
    scope, draft_id
        Which part of the plan in force, or of that draft, is to be better; None: the day is planned.
    promises_moved_max
        How many promises of that plan the new one may move; None: as many as are worth it.
    """

    job_id: JobId
    day: DepotDay
    state: JobState
    requested_at: datetime
    budget_s: float
    seed: int
    by: str
    based_on: int
    progress: JobProgress | None = None
    plan_id: PlanId | None = None
    code: str = ""
    message: str = ""
    cancelling: bool = False
    starts: int = 0
    scope: Scope | None = None
    draft_id: PlanId | None = None
    promises_moved_max: int | None = None


async def plan_day(company_id: str, depot_id: str, day: str, job_id: str) -> None:
    """The task as the queue knows it: ids only. Workers register what runs under its name."""
    raise NotImplementedError("only a worker runs this task: start one with `cunlu worker`")


async def answer_question(company_id: str, question_id: str) -> None:
    """As `plan_day`: ids only, and only a worker runs it."""
    raise NotImplementedError("only a worker runs this task: start one with `cunlu worker`")


async def keep_day(company_id: str, depot_id: str, day: str, search: bool) -> None:
    """As `plan_day`. With `search`, for a cheaper plan even if nothing has happened."""
    raise NotImplementedError("only a worker runs this task: start one with `cunlu worker`")


async def answer_orders(company_id: str, question_id: str) -> None:
    """As `plan_day`, for new orders that are answered while somebody waits."""
    raise NotImplementedError("only a worker runs this task: start one with `cunlu worker`")


@dataclass(frozen=True, slots=True)
class JobQueue:
    """
    The durable queues, on the same server as the store: one for what takes its time, one for what takes seconds, and
    one for new orders, which wait for nothing else.
    """

    docket: Docket
    quick: Docket
    at_once: Docket
    _kept_s: dict[tuple[DepotDay, bool], float] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[JobQueue]:
        async with (
            Docket(name=QUEUE_NAME, url=url) as docket,
            Docket(name=QUICK_NAME, url=url) as quick,
            Docket(name=AT_ONCE_NAME, url=url) as at_once,
        ):
            yield cls(docket, quick, at_once)

    async def put(self, day: DepotDay, job_id: JobId) -> None:
        """Queue the job; a second time is the same as once."""
        task = self.docket.add(plan_day, key=job_id)
        await task(day.company_id, day.depot_id, day.day.isoformat(), job_id)

    async def put_question(
        self, company_id: CompanyId, question_id: QuestionId, *, is_quick: bool
    ) -> None:
        """Queue the question; a second time is the same as once."""
        docket = self.quick if is_quick else self.docket
        await docket.add(answer_question, key=question_id)(company_id, question_id)

    async def put_orders(self, company_id: CompanyId, question_id: QuestionId) -> None:
        """Queue new orders for an answer; a second time is the same as once."""
        await self.at_once.add(answer_orders, key=question_id)(company_id, question_id)

    @asynccontextmanager
    async def keeping(self, day: DepotDay) -> AsyncIterator[None]:
        """
        Record a fact in here, and a worker sees whether the day's plan is still right.

        The look is asked for before the fact is recorded, so that a kill between the two forgets neither; and again
        after it, for what took longer to record than the look waits.
        """
        await self.put_keeping(day)
        yield
        await self.put_keeping(day)

    async def put_keeping(self, day: DepotDay, *, search: bool = False) -> None:
        """
        Have a worker see in KEEP_AFTER_S whether the day's plan is still right.

        What was asked for less than half of that ago is not asked for again: the look is still to come.
        """
        now_s = time.monotonic()
        if now_s - self._kept_s.get((day, search), -KEEP_AFTER_S) < KEEP_AFTER_S / 2:
            return
        when = datetime.now(UTC) + timedelta(seconds=KEEP_AFTER_S)
        task = self.quick.add(keep_day, when=when)
        await task(day.company_id, day.depot_id, day.day.isoformat(), search)
        self._kept_s[day, search] = now_s

    async def put_watch(self, day: DepotDay, at: datetime, *, in_s: float) -> None:
        """Have a worker look at the day at the moment `at`, which comes in `in_s` seconds; a second time is as once."""
        key = f"watch:{day.company_id}:{day.depot_id}:{day.day.isoformat()}:{at.timestamp():.0f}"
        when = datetime.now(UTC) + timedelta(seconds=in_s)
        # By its name where a worker has registered what runs under it: the stub here would take its place.
        known = keep_day.__name__ in self.quick.tasks
        task = self.quick.add(keep_day.__name__ if known else keep_day, when=when, key=key)
        await task(day.company_id, day.depot_id, day.day.isoformat(), search=False)

    async def has_workers(self) -> bool:
        """Whether any worker was alive in the last ten seconds."""
        return bool(await self.quick.workers())
