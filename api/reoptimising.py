"""Re-optimising over HTTP: a part of a plan made better by a worker, the rest left as it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.fields import Moment, TextId
from api.plans import checked_plan
from api.requests import GuardedRoute, With
from api.schemas import PlanIn
from dispatch import operations
from dispatch.fleet import CourierId
from dispatch.jobs import Job
from dispatch.scoping import Level, Scope

router = APIRouter(route_class=GuardedRoute, tags=["plans"], responses=PROBLEMS)


class ReoptimiseIn(PlanIn):
    """
    Which part, and how freely: orders of these couriers, in these villages, whose pickup begins after a moment.

    What is not named does not narrow. At level `none` times alone may change, at `sequence` each courier's order of stops too,
    at `all` who comes as well.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "level": "all",
                    "couriers": ["c01", "c02"],
                    "after_at": "2026-11-11T14:00:00+08:00",
                    "budget_s": 10,
                }
            ]
        }
    )

    level: Level
    couriers: Annotated[tuple[TextId, ...], Field(max_length=1000)] = ()
    villages: Annotated[tuple[TextId, ...], Field(max_length=1000)] = ()
    after_at: Moment | None = None


@router.post(
    "/plans/{plan_id}/reoptimise",
    operation_id="reoptimise_plan",
    status_code=202,
    response_model=Job,
    summary="Make a part of a plan better",
)
async def reoptimise_plan(plan_id: str, wish: ReoptimiseIn, deps: With, caller: Caller) -> Response:
    """
    Only what is in the scope changes, as far as its level allows; what is locked, promised or being driven to stays. A
    worker makes it: of the plan in force comes its next version, of a draft another draft.
    """
    job = await operations.request_reoptimisation(
        deps.store,
        deps.jobs,
        caller.company_id,
        checked_plan(caller, plan_id),
        Scope(
            level=wish.level,
            couriers=tuple(CourierId(each) for each in wish.couriers),
            villages=wish.villages,
            after_at=wish.after_at,
        ),
        budget_s=wish.budget_s,
        seed=wish.seed,
        promises_moved_max=wish.promises_moved_max,
        by=caller.author,
        at=deps.clock.now(),
    )
    return as_json(job, status=202, headers={"Location": f"/v1/jobs/{job.job_id}"})
