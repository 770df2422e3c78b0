"""Re-optimising: a job that makes part of the plan in force, or of a draft, better."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from dispatch.days import CompanyId
from dispatch.errors import DispatchError, meant
from dispatch.inputs import DayInputs
from dispatch.jobs import Job, JobQueue
from dispatch.operations.jobs import request_plan
from dispatch.operations.moves import situation_of, which
from dispatch.operations.plans import read_plan
from dispatch.operations.running import RunningDay, read_running
from dispatch.plan import Plan, PlanId
from dispatch.scoping import Scope
from dispatch.store import Store


class ScopeUnclear(DispatchError):
    """The scope names what the plan does not have."""

    code: ClassVar[str] = "scope-unclear"


async def request_reoptimisation(
    store: Store,
    jobs: JobQueue,
    company_id: CompanyId,
    plan_id: PlanId,
    scope: Scope,
    *,
    budget_s: float,
    seed: int,
    by: str,
    at: datetime,
    promises_moved_max: int | None = None,
) -> Job:
    """
    Ask a worker to make a part of the plan better: of the one in force its next version comes of it, of a draft another.

    Raises
    ------
    PlanUnknown, PlanStale
        There is no such plan, or it is neither in force nor could be published.
    ScopeUnclear
        The plan has no such courier or village.
    BudgetOutOfRange, FleetMissing
    """
    stored = await read_plan(store, company_id, plan_id)
    running = await read_running(store, stored.plan.day, at=at)
    plan, is_draft = which(stored, running)
    villages = {stop.village for route in plan.routes for stop in route.stops}
    for name in scope.couriers:
        if name not in running.inputs.fleet.couriers:
            near = meant(name, running.inputs.fleet.couriers)
            raise ScopeUnclear(f"no courier {name!r} drives on this day{near}")
    for village in scope.villages:
        if village not in villages:
            raise ScopeUnclear(f"the plan has no stop in {village!r}{meant(village, villages)}")
    return await request_plan(
        store,
        jobs,
        plan.day,
        budget_s=budget_s,
        seed=seed,
        by=by,
        at=at,
        scope=scope,
        draft_id=plan.plan_id if is_draft else None,
        promises_moved_max=promises_moved_max,
    )


async def to_reoptimise(
    store: Store, job: Job, running: RunningDay, *, at: datetime
) -> tuple[Plan | None, DayInputs, datetime]:
    """The plan that the job is about as it stands, the day for it, and the moment from which it may change."""
    if job.draft_id is None:
        return running.plan, running.inputs, at
    draft = (await read_plan(store, job.day.company_id, job.draft_id)).plan
    return situation_of(running, draft, at)
