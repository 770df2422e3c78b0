"""The running day over HTTP: couriers who drop out, and what a new version changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import ConfigDict

from api.answers import PROBLEMS, as_json
from api.auth import Caller, own_subject
from api.errors import ApiError
from api.fields import PlaceIn, Strict
from api.plans import checked_plan
from api.requests import Day, GuardedRoute, With
from dispatch import operations
from dispatch.access import Role
from dispatch.events import OutReason
from dispatch.fleet import CourierId
from dispatch.ids import day_of_plan
from dispatch.operations import HandedOver
from dispatch.plan import plan_id_of
from dispatch.running.telling import PlanDiff, plan_diff

router = APIRouter(route_class=GuardedRoute, tags=["the road"], responses=PROBLEMS)


class HandoverIn(Strict):
    """Why a courier drives no more, and where the vehicle stands if that is known better than by its last report."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "breakdown", "place": {"lon": 118.1139, "lat": 33.8897}}]
        }
    )

    reason: OutReason
    place: PlaceIn | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    courier_id: CourierId


@router.post(
    "/couriers/{courier_id}/handover",
    operation_id="hand_over",
    response_model=HandedOver,
    summary="Take a courier out of the day",
)
async def hand_over(
    courier_id: str, told: HandoverIn, deps: With, caller: Caller, day: Day
) -> Response:
    """
    What the courier has still to do goes to others with the plan's next version, seconds later. Parcels on board
    become a pickup where the vehicle stands; their orders stay collected. Asked again, it is the same.
    """
    async with deps.jobs.keeping(day):
        handed = await operations.hand_over(
            deps.store,
            day,
            _own(caller, courier_id),
            reason=told.reason,
            place=None if told.place is None else told.place.place(),
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(handed)


@router.post(
    "/couriers/{courier_id}/back",
    operation_id="take_back",
    response_model=TakenBack,
    summary="Let a courier who was out drive again",
)
async def take_back(courier_id: str, deps: With, caller: Caller, day: Day) -> Response:
    """The plan's next version may give the courier work."""
    own = _own(caller, courier_id)
    async with deps.jobs.keeping(day):
        await operations.take_back(deps.store, day, own, by=caller.author, at=deps.clock.now())
    return as_json(TakenBack(own))


@router.get(
    "/plans/{plan_id}/diff",
    operation_id="diff_plans",
    response_model=PlanDiff,
    summary="What a version does otherwise than an earlier one",
)
async def diff_plans(
    plan_id: str,
    deps: With,
    caller: Caller,
    from_id: Annotated[
        str | None,
        Query(alias="from", description="The other plan; by default the one that it is based on."),
    ] = None,
) -> Response:
    checked = checked_plan(caller, plan_id)
    found = await operations.read_plan(deps.store, caller.company_id, checked)
    if from_id is None and not found.plan.based_on:
        raise ApiError(
            422, "first-version", f"{plan_id} is based on no other: say from which plan with ?from="
        )
    other_id = plan_id_of(found.plan.day, found.plan.based_on) if from_id is None else from_id
    checked_other = checked_plan(caller, str(other_id))
    if day_of_plan(caller.company_id, checked_other)[0] != found.plan.day:
        raise ApiError(
            422, "other-day", f"{other_id} is of another depot-day than {plan_id}: compare versions"
        )
    other = await operations.read_plan(deps.store, caller.company_id, checked_other)
    return as_json(await asyncio.to_thread(plan_diff, other.plan, found.plan))


def _own(caller: Caller, told: str) -> CourierId:
    courier_id = caller.subject if told == "me" and caller.subject is not None else told
    own_subject(caller, Role.COURIER, courier_id, "courier")
    return CourierId(courier_id)
