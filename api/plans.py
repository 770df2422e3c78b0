"""Plans and the jobs that make them, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.answers import PROBLEMS, as_json, etags_of, is_among, quoted, stored
from api.auth import Caller, own_depot
from api.errors import ApiError
from api.requests import Day, GuardedRoute, With
from api.schemas import PlanIn
from api.stream import EVENT_STREAM, sse_items
from dispatch import operations
from dispatch.access import Identity
from dispatch.exports import fates_csv, plan_geojson, route_gpx
from dispatch.feed import FeedItem, StreamId
from dispatch.fleet import CourierId
from dispatch.ids import JobId, day_of_job, day_of_plan
from dispatch.jobs import Job
from dispatch.operations import PlanSummary, StoredPlan
from dispatch.orders import OrderRecord
from dispatch.plan import Plan, PlanId
from dispatch.views import route_without_notes

router = APIRouter(route_class=GuardedRoute, tags=["plans"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class PlanList:
    plans: tuple[PlanSummary, ...]


def checked_plan(caller: Identity, plan_id: str) -> PlanId:
    """A plan's id, if the caller's key may see its depot. Raises IdMalformed and ApiError (404)."""
    day, _ = day_of_plan(caller.company_id, plan_id)
    own_depot(caller, day.depot_id, "plan", plan_id)
    return PlanId(plan_id)


def _checked_job(caller: Identity, job_id: str) -> JobId:
    day = day_of_job(caller.company_id, job_id)
    own_depot(caller, day.depot_id, "job", job_id)
    return JobId(job_id)


@router.post(
    "/plans",
    operation_id="request_plan",
    status_code=202,
    response_model=Job,
    summary="Ask for a plan of the day's open orders",
)
async def request_plan(wish: PlanIn, deps: With, caller: Caller, day: Day) -> Response:
    """A worker makes it; follow the job, then publish the draft."""
    job = await operations.request_plan(
        deps.store,
        deps.jobs,
        day,
        budget_s=wish.budget_s,
        seed=wish.seed,
        promises_moved_max=wish.promises_moved_max,
        by=caller.author,
        at=deps.clock.now(),
    )
    return as_json(job, status=202, headers={"Location": f"/v1/jobs/{job.job_id}"})


@router.get(
    "/plans", operation_id="list_plans", response_model=PlanList, summary="Plans of the day"
)
async def list_plans(deps: With, day: Day) -> Response:
    return as_json(PlanList(tuple(await operations.list_plans(deps.store, day))))


@router.get(
    "/plans/current",
    operation_id="read_current_plan",
    response_model=Plan,
    summary="The published plan",
)
async def read_current_plan(deps: With, caller: Caller, day: Day, request: Request) -> Response:
    found = await operations.current_plan(deps.store, day)
    if found is None:
        raise ApiError(404, "plan-unknown", "no plan of this day is published yet")
    return await _plan_answer(found, caller, request)


@router.get("/plans/{plan_id}", operation_id="read_plan", response_model=Plan, summary="One plan")
async def read_plan(plan_id: str, deps: With, caller: Caller, request: Request) -> Response:
    """Its ETag is what publishing asks for in `If-Match`."""
    found = await operations.read_plan(deps.store, caller.company_id, checked_plan(caller, plan_id))
    return await _plan_answer(found, caller, request)


async def _plan_answer(found: StoredPlan, caller: Identity, request: Request) -> Response:
    etag = found.etag if caller.sees_phones else f"{found.etag}-masked"
    headers = {
        "ETag": quoted(etag),
        "Cache-Control": "no-cache",
        "Cunlu-Published": "true" if found.published else "false",
    }
    if is_among(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    body = await asyncio.to_thread(_body, found.plan, with_notes=caller.sees_phones)
    return stored(body, headers=headers)


def _body(plan: Plan, *, with_notes: bool) -> bytes:
    if not with_notes:
        plan = replace(plan, routes=tuple(map(route_without_notes, plan.routes)))
    return msgspec.json.encode(plan)


@router.post(
    "/plans/{plan_id}/publish",
    operation_id="publish_plan",
    response_model=PlanSummary,
    summary="Publish a plan to its couriers",
)
async def publish_plan(
    plan_id: str,
    deps: With,
    caller: Caller,
    if_match: Annotated[
        str | None, Header(description="The plan's ETag; `*` for whatever it is.")
    ] = None,
) -> Response:
    """428 without `If-Match`, 412 if it names other bytes, 409 if another plan was published since."""
    checked = checked_plan(caller, plan_id)
    if if_match is None:
        raise ApiError(
            428, "if-match-missing", "send the ETag of the plan that you looked at as If-Match"
        )
    day, _ = day_of_plan(caller.company_id, checked)
    async with deps.jobs.keeping(day):
        found = await operations.publish_plan(
            deps.store,
            caller.company_id,
            checked,
            expected_etags=etags_of(if_match),
            by=caller.author,
            at=deps.clock.now(),
        )
    plan = found.plan
    summary = PlanSummary(
        plan_id=plan.plan_id,
        version=plan.version,
        based_on=plan.based_on,
        made_at=plan.made_at,
        figures=plan.figures,
        published=True,
    )
    return as_json(summary, headers={"ETag": quoted(found.etag)})


_FORMATS = {
    "geojson": "application/geo+json",
    "gpx": "application/gpx+xml",
    "csv": "text/csv; charset=utf-8",
}


@router.get(
    "/plans/{plan_id}/export",
    operation_id="export_plan",
    summary="A plan for maps, phones and spreadsheets",
    response_class=Response,
)
async def export_plan(
    plan_id: str,
    deps: With,
    caller: Caller,
    file_format: Annotated[Literal["geojson", "gpx", "csv"], Query(alias="format")] = "geojson",
    courier: Annotated[str | None, Query(description="Needed for GPX: whose route.")] = None,
) -> Response:
    found = await operations.read_plan(deps.store, caller.company_id, checked_plan(caller, plan_id))
    plan = found.plan
    match file_format:
        case "geojson":
            body = await asyncio.to_thread(plan_geojson, plan)
        case "csv":
            records: list[OrderRecord] = []
            after: str | None = None
            while True:
                page = await operations.read_orders(deps.store, plan.day, after=after, limit=5000)
                records += page.records
                after = page.next
                if after is None:
                    break
            body = await asyncio.to_thread(fates_csv, plan, records)
        case "gpx":
            routes = {route.courier_id: route for route in plan.routes}
            route = routes.get(CourierId(courier or ""))
            if route is None:
                known = ", ".join(routes)
                raise ApiError(
                    422, "courier-needed", f"say whose route with ?courier=, one of: {known}"
                )
            body = await asyncio.to_thread(route_gpx, plan, route)
    name = plan.plan_id if courier is None else f"{plan.plan_id}.{courier}"
    ascii_name = name.encode("ascii", "replace").decode().replace('"', "").replace("?", "_")
    headers = {
        "Content-Disposition": f'attachment; filename="{ascii_name}.{file_format}"',
        "ETag": quoted(f"{found.etag}-{file_format}"),
        "Cache-Control": "no-cache",
    }
    return Response(body, media_type=_FORMATS[file_format], headers=headers)


@router.get("/jobs/{job_id}", operation_id="read_job", response_model=Job, summary="One job")
async def read_job(job_id: str, deps: With, caller: Caller) -> Response:
    job = await operations.read_job(deps.store, caller.company_id, _checked_job(caller, job_id))
    return as_json(job)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    response_model=Job,
    summary="Stop a job; the best plan so far is kept as a draft",
)
async def cancel_job(job_id: str, deps: With, caller: Caller) -> Response:
    job = await operations.cancel_job(
        deps.store,
        caller.company_id,
        _checked_job(caller, job_id),
        by=caller.author,
        at=deps.clock.now(),
    )
    return as_json(job)


class _OfJob(msgspec.Struct):
    job_id: str = ""


@router.get(
    "/jobs/{job_id}/events",
    operation_id="follow_job",
    response_class=StreamingResponse,
    summary="The job's events as they happen, until it ends",
)
async def follow_job(job_id: str, request: Request, deps: With, caller: Caller) -> Response:
    """A job that is over tells what it has to tell and ends."""
    checked = _checked_job(caller, job_id)
    after = request.headers.get("last-event-id", "0")
    StreamId.parse(after)
    job = await operations.read_job(deps.store, caller.company_id, checked)
    items = operations.follow(deps.store, job.day, after=after)
    if job.state.is_over:
        items = operations.recall(deps.store, job.day, after=after)
    return StreamingResponse(
        sse_items(_of_job(items, checked), deps, request),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store"},
    )


async def _of_job(items: AsyncIterator[FeedItem], job_id: JobId) -> AsyncIterator[FeedItem]:
    decoder = msgspec.json.Decoder(_OfJob)
    try:
        async for item in items:
            if decoder.decode(item.body).job_id == job_id:
                yield item
                if item.kind in ("plan-drafted", "planning-failed"):
                    return
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
