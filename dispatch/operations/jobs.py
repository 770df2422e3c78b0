"""Jobs: asked for and cancelled by people, run and ended by workers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import msgspec

from dispatch.amounts import amount_of
from dispatch.days import CompanyId, DepotDay
from dispatch.errors import DispatchError
from dispatch.events import PlanningFailed, PlanRequested, SearchProgressed, encode
from dispatch.ids import JobId, checked_depot_id, day_of_job, new_job_id
from dispatch.inputs import DayInputs
from dispatch.jobs import Job, JobFenced, JobProgress, JobQueue, JobState
from dispatch.operations.closures import read_closures
from dispatch.operations.orders import all_orders
from dispatch.operations.registry import read_fleet, read_registry
from dispatch.orders import OrderStatus
from dispatch.plan import PlanId
from dispatch.scoping import Scope
from dispatch.store import JobRow, Store

BUDGET_MIN_S, BUDGET_MAX_S = 0.1, 3600.0
"""Below the first no engine has built a plan; above the second nobody waits (chosen)."""


class JobUnknown(DispatchError):
    """The company has no job of this id."""

    code: ClassVar[str] = "job-unknown"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"there is no job {job_id}: ask for a plan to get one")


class BudgetOutOfRange(DispatchError):
    """A search cannot be given so little or so much time."""

    code: ClassVar[str] = "budget-out-of-range"

    def __init__(self, budget_s: float) -> None:
        self.budget_s = budget_s
        super().__init__(
            f"a budget of {budget_s} s is not possible: give {BUDGET_MIN_S} to {BUDGET_MAX_S} s"
        )


async def request_plan(
    store: Store,
    jobs: JobQueue,
    day: DepotDay,
    *,
    budget_s: float,
    seed: int,
    by: str,
    at: datetime,
    scope: Scope | None = None,
    draft_id: PlanId | None = None,
    promises_moved_max: int | None = None,
) -> Job:
    """
    Ask a worker to plan the day from its open orders within `budget_s` of search.

    With `scope`, to make that part of the plan in force better, or of the draft `draft_id`. With `promises_moved_max`, the job
    fails if more promises would have to be moved.

    Raises
    ------
    BudgetOutOfRange
        No search fits into so little time, or nobody would wait so long.
    FleetMissing
        There is nothing to drive with.
    """
    checked_depot_id(day.company_id)
    checked_depot_id(day.depot_id)
    if not BUDGET_MIN_S <= budget_s <= BUDGET_MAX_S:
        raise BudgetOutOfRange(budget_s)
    await read_fleet(store, day.scope)
    job = Job(
        job_id=new_job_id(day),
        day=day,
        state=JobState.QUEUED,
        requested_at=at,
        budget_s=budget_s,
        seed=seed,
        by=by,
        based_on=0,
        scope=scope,
        draft_id=draft_id,
        promises_moved_max=promises_moved_max,
    )
    event = PlanRequested(at=at, by=by, job_id=job.job_id, budget_s=budget_s)
    # Queued before it is recorded: after a crash between the two a worker finds no record and drops
    # what nobody was promised, whereas a record alone would wait for ever.
    await jobs.put(day, job.job_id)
    row = await store.create_job(day, job.job_id, msgspec.json.encode(job), encode(event))
    return _job(row)


async def read_job(store: Store, company_id: CompanyId, job_id: JobId) -> Job:
    """
    A job as it stands.

    Raises
    ------
    IdMalformed
        It is no job id.
    JobUnknown
        The company has no such job.
    """
    row = await store.job(day_of_job(company_id, job_id), job_id)
    if row is None:
        raise JobUnknown(job_id)
    return _job(row)


async def cancel_job(
    store: Store, company_id: CompanyId, job_id: JobId, *, by: str, at: datetime
) -> Job:
    """
    Stop a job: a waiting one never starts, a running one keeps the best so far as a draft.

    The answer may still say `running`, with `cancelling` set; a job that is over stays as it is.

    Raises
    ------
    JobUnknown
        The company has no such job.
    """
    day = day_of_job(company_id, job_id)
    event = PlanningFailed(
        at=at, by=by, job_id=job_id, code="cancelled", message="cancelled before it began"
    )
    row = await store.cancel_job(day, job_id, encode(event))
    if row is None:
        raise JobUnknown(job_id)
    return _job(row)


async def start_job(store: Store, day: DepotDay, job_id: JobId, *, run: str) -> Job | None:
    """
    Take the job over as `run`, from now on the only one that may report and end it.

    None: it is over, or was cancelled before it ran; there is nothing to do.

    Raises
    ------
    JobUnknown
        It is not recorded, or not yet.
    """
    # One step tells a job that is over from one not recorded yet: asked one after the other, a record
    # made in between would look like a job that is over, and nobody would ever run it.
    started = await store.start_job(day, job_id, run)
    if started is None:
        raise JobUnknown(job_id)
    return await read_job(store, day.company_id, job_id) if started else None


async def report_progress(
    store: Store,
    day: DepotDay,
    job_id: JobId,
    *,
    run: str,
    progress: JobProgress | None,
    by: str,
    at: datetime,
) -> bool:
    """
    Tell how far the search is (None: nothing new) and learn whether it shall stop.

    Raises
    ------
    JobFenced
        Another worker has taken the job over, or it has ended.
    """
    event = b""
    if progress is not None:
        event = encode(
            SearchProgressed(
                at=at,
                by=by,
                job_id=job_id,
                seconds=progress.seconds,
                cost_fen=progress.cost_fen,
                served=progress.served,
                unserved=progress.unserved,
            )
        )
    body = b"" if progress is None else msgspec.json.encode(progress)
    cancelling = await store.report_progress(day, job_id, run, body, event)
    if cancelling is None:
        raise JobFenced(job_id)
    return cancelling


async def end_job(
    store: Store,
    day: DepotDay,
    job_id: JobId,
    *,
    run: str,
    state: JobState,
    code: str,
    message: str,
    by: str,
    at: datetime,
) -> None:
    """
    End a job that has no plan to show, and say why.

    Raises
    ------
    JobFenced
        Another worker has taken the job over, or it has ended.
    """
    event = PlanningFailed(at=at, by=by, job_id=job_id, code=code, message=message)
    if not await store.end_job(day, job_id, run, state, code, message, encode(event)):
        raise JobFenced(job_id)


async def read_inputs(store: Store, day: DepotDay, *, at: datetime) -> DayInputs:
    """
    All that a plan of the day is made from at `at`: registry, fleet, open orders and closures.

    Raises
    ------
    FleetMissing
        There is nothing to drive with.
    """
    fleet = await read_fleet(store, day.scope)
    registry = await read_registry(store, day.scope)
    records = await all_orders(store, day)
    closures = await read_closures(store, day.scope, at=at)
    return DayInputs(
        day=day,
        registry=registry,
        fleet=fleet,
        orders=tuple(each.order for each in records if each.status is OrderStatus.OPEN),
        closures=closures,
        amounts={
            each.order.order_id: amount_of(each.order)
            for each in records
            if each.status is OrderStatus.COLLECTED
        },
    )


def _job(row: JobRow) -> Job:
    """The request as it was stored, with what has happened since."""
    state = JobState(row.state)
    return replace(
        msgspec.json.decode(row.request, type=Job),
        state=state,
        based_on=row.based_on,
        progress=msgspec.json.decode(row.progress, type=JobProgress) if row.progress else None,
        plan_id=PlanId(row.plan_id) if row.plan_id else None,
        code=row.code,
        message=row.message,
        cancelling=row.cancelling and not state.is_over,
        starts=row.starts,
    )
