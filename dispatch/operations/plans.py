"""Plans: drafted by workers, published by people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import ClassVar

import msgspec

from dispatch.days import CompanyId, DepotDay
from dispatch.errors import DispatchError
from dispatch.events import Event, PlanDrafted, PlanPublished, encode
from dispatch.ids import JobId, day_of_plan
from dispatch.jobs import JobFenced, JobState
from dispatch.operations.routes import etag_of, route_bodies
from dispatch.plan import Figures, Plan, PlanId, Route, Why, plan_id_of
from dispatch.store import PublishAnswer, Store
from dispatch.versions import PlanChange, change_between, numbered, read_version


class PlanUnknown(DispatchError):
    """The company has no plan of this id."""

    code: ClassVar[str] = "plan-unknown"

    def __init__(self, plan_id: str) -> None:
        self.plan_id = plan_id
        super().__init__(f"there is no plan {plan_id}: list the depot-day's plans")


class PlanStale(DispatchError):
    """Another plan was published after this one was asked for."""

    code: ClassVar[str] = "plan-stale"

    def __init__(self, plan_id: PlanId, based_on: int, winner: PlanId, winner_version: int) -> None:
        self.plan_id, self.based_on = plan_id, based_on
        self.winner, self.winner_version = winner, winner_version
        super().__init__(
            f"plan {plan_id} was made on version {based_on}, but version {winner_version} "
            f"({winner}) has been published since: plan again from there"
        )


class PlanHasDrops(DispatchError):
    """What happens on the road is told and planned for pickups only."""

    code: ClassVar[str] = "plan-has-drops"

    def __init__(self, plan_id: PlanId, drops: int) -> None:
        self.plan_id, self.drops = plan_id, drops
        super().__init__(
            f"plan {plan_id} drops parcels of {drops} orders on the way: it can be compared, checked and exported, but not put "
            "in force, or changed by hand, yet; hand it out as files, or cancel these orders and plan again"
        )


def without_drops(plan: Plan) -> Plan:
    """
    `plan`, if it can be put in force or changed by hand.

    Raises
    ------
    PlanHasDrops
    """
    if plan.figures.dropped:
        raise PlanHasDrops(plan.plan_id, plan.figures.dropped)
    return plan


class EtagMismatch(DispatchError):
    """The caller looked at another plan than the one stored."""

    code: ClassVar[str] = "etag-mismatch"

    def __init__(self, plan_id: PlanId, expected: str, actual: str) -> None:
        self.plan_id, self.expected, self.actual = plan_id, expected, actual
        super().__init__(f"plan {plan_id} has etag {actual}, not {expected[:80]}: read it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as it was stored; `published` says that it is the current one, and `etag` has no quotes."""

    plan: Plan
    etag: str
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What a list of plans shows."""

    plan_id: PlanId
    version: int
    based_on: int
    made_at: datetime
    figures: Figures
    why: tuple[Why, ...] = ()
    published: bool = False


async def draft_plan(
    store: Store, plan: Plan, *, job_id: JobId, run: str, state: JobState, by: str, at: datetime
) -> Plan:
    """
    Give `plan` its version, store it as a draft and end its job in `state`, all in one step.

    Only the worker that holds the job's present `run` may: a plan of a run that was given up on
    is dropped. Versions count up; a number may be skipped, never used twice.

    Raises
    ------
    JobFenced
        Another worker has taken the job over, or it has ended.
    """
    day = plan.day
    version = await store.next_version(day)
    plan = numbered(plan, version)
    body = msgspec.json.encode(plan)
    event = PlanDrafted(at=at, by=by, job_id=job_id, plan_id=plan.plan_id, version=version)
    kept = await store.draft_plan(
        day,
        version,
        body=body,
        etag=etag_of(body),
        summary=_summary_of(plan),
        event=encode(event),
        job_id=job_id,
        run=run,
        state=state,
        plan_id=plan.plan_id,
    )
    if not kept:
        raise JobFenced(job_id)
    return plan


async def read_plan(store: Store, company_id: CompanyId, plan_id: PlanId) -> StoredPlan:
    """
    A plan, draft or published.

    Raises
    ------
    IdMalformed
        It is no plan id.
    PlanUnknown
        The company has no such plan.
    """
    found = await _read(store, *day_of_plan(company_id, plan_id))
    if found is None:
        raise PlanUnknown(plan_id)
    return found


async def list_plans(store: Store, day: DepotDay) -> tuple[PlanSummary, ...]:
    """All plans of the day, oldest first."""
    bodies, current = await store.plans(day)
    summaries = [msgspec.json.decode(body, type=PlanSummary) for body in bodies]
    summaries.sort(key=lambda each: each.version)
    return tuple(replace(each, published=each.version == current) for each in summaries)


async def current_plan(store: Store, day: DepotDay) -> StoredPlan | None:
    """The published plan; None: none has been."""
    version = await store.current_version(day)
    return await _read(store, day, version) if version else None


async def _read(store: Store, day: DepotDay, version: int) -> StoredPlan | None:
    found = await read_version(store, day, version)
    if found is None:
        return None
    plan, row = found
    return StoredPlan(plan=plan, etag=row.etag, published=row.current == version)


async def publish_plan(
    store: Store,
    company_id: CompanyId,
    plan_id: PlanId,
    *,
    expected_etags: Collection[str],
    by: str,
    at: datetime,
) -> StoredPlan:
    """
    Make a draft the current plan and write every courier's route, in one step.

    Of two plans based on the same version the first published wins. Publishing the current plan
    again changes nothing.

    Raises
    ------
    PlanUnknown
        The company has no such plan.
    EtagMismatch
        None of `expected_etags` is that of the stored plan, nor is one of them `*`.
    PlanStale
        Another plan has been published since this one was asked for.
    PlanHasDrops
        It drops parcels on the way.
    """
    draft = await read_plan(store, company_id, plan_id)
    plan = draft.plan
    if draft.etag not in expected_etags and "*" not in expected_etags:
        raise EtagMismatch(plan_id, ", ".join(sorted(expected_etags)), draft.etag)
    without_drops(plan)
    routes = await route_bodies(store, plan, plan.routes)
    event = PlanPublished(
        at=at,
        by=by,
        plan_id=plan.plan_id,
        version=plan.version,
        previous=plan.based_on,
        why=plan.why,
    )
    answer, current = await store.publish_plan(
        plan.day, plan.version, based_on=plan.based_on, routes=routes, event=encode(event)
    )
    match answer:
        case PublishAnswer.UNKNOWN:
            raise PlanUnknown(plan_id)
        case PublishAnswer.STALE:
            raise PlanStale(plan_id, plan.based_on, plan_id_of(plan.day, current), current)
        case PublishAnswer.PUBLISHED:
            return replace(draft, published=True)
        case PublishAnswer.CHANGE_REFUSED:
            raise AssertionError("no change was offered")


async def publish_revision(
    store: Store,
    plan: Plan,
    *,
    by: str,
    at: datetime,
    all_routes: bool = True,
    telling: Callable[[Plan], Event] | None = None,
) -> StoredPlan:
    """
    Give `plan` its version and make it the current one, in one step: nobody looks at it first.

    For new versions of a running day, which the contract has passed. One that is stale is not kept. Kept is what it changes of
    the version it is based on; and unless `all_routes`, couriers whose route is the same find it as it was written, with
    the names and phones of then. `telling` is what happened with it, told of the plan with its version.

    Raises
    ------
    PlanStale
        Another plan has been published than the one it is based on.
    """
    day = plan.day
    version = await store.next_version(day)
    plan = numbered(plan, version)
    # As it is stored: what callers work on may have been brought up to date since.
    before, change = (await store.daybook.read(day)).plan, None
    if before is not None and before.version == plan.based_on:
        change = change_between(before, plan)
    bodies = await route_bodies(
        store, plan, plan.routes if all_routes else _others(plan, before, change)
    )
    event = PlanPublished(
        at=at,
        by=by,
        plan_id=plan.plan_id,
        version=version,
        previous=plan.based_on,
        why=plan.why,
    )
    publish = partial(
        store.publish_revision,
        day,
        version,
        based_on=plan.based_on,
        summary=_summary_of(plan),
        routes=bodies,
        others_stay=len(bodies) < len(plan.routes),
        event=encode(event),
        told_before=b"" if telling is None else encode(telling(plan)),
    )
    for told in (plan,) if change is None else (change, plan):
        body = msgspec.json.encode(told)
        etag = etag_of(body)
        answer, current = await publish(body=body, is_change=told is change, etag=etag)
        if answer is not PublishAnswer.CHANGE_REFUSED:
            break
    if answer is PublishAnswer.STALE:
        raise PlanStale(plan.plan_id, plan.based_on, plan_id_of(day, current), current)
    return StoredPlan(plan=plan, etag=etag, published=True)


async def keep_draft(store: Store, plan: Plan, *, telling: Callable[[Plan], Event]) -> StoredPlan:
    """
    Give a plan made by hand its version and keep it as a draft, in one step with what is told of it.

    Raises
    ------
    PlanStale
        Another plan has been published than the one it is based on.
    """
    day = plan.day
    version = await store.next_version(day)
    plan = numbered(plan, version)
    body = msgspec.json.encode(plan)
    etag = etag_of(body)
    answer, current = await store.keep_draft(
        day,
        version,
        based_on=plan.based_on,
        body=body,
        etag=etag,
        summary=_summary_of(plan),
        event=encode(telling(plan)),
    )
    if answer is PublishAnswer.STALE:
        raise PlanStale(plan.plan_id, plan.based_on, plan_id_of(day, current), current)
    return StoredPlan(plan=plan, etag=etag, published=False)


def _summary_of(plan: Plan) -> bytes:
    return msgspec.json.encode(
        PlanSummary(
            plan_id=plan.plan_id,
            version=plan.version,
            based_on=plan.based_on,
            made_at=plan.made_at,
            figures=plan.figures,
            why=plan.why,
        )
    )


def _others(plan: Plan, before: Plan | None, change: PlanChange | None) -> Sequence[Route]:
    """The routes that the store has not as they are; all, if one of those that it has is gone."""
    if before is None or change is None:
        return plan.routes
    is_gone = not {each.courier_id for each in before.routes}.issubset(change.courier_ids)
    return plan.routes if is_gone else change.plan.routes
