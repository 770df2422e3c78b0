"""What-if over HTTP: the day of a plan under other orders, couriers or departures; nothing is touched."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response

from api.answers import PROBLEMS
from api.auth import Caller
from api.changes import WhatIfIn, changed
from api.plans import checked_plan
from api.questions import LATER, answer_or_later
from api.requests import GuardedRoute, With
from dispatch import operations
from dispatch.at_points import as_keepers_say
from dispatch.comparing import Comparison
from dispatch.questions import WhatIf
from dispatch.views import plan_without_lines

router = APIRouter(route_class=GuardedRoute, tags=["plans"], responses=PROBLEMS)


@router.post(
    "/plans/{plan_id}/what-if",
    operation_id="ask_what_if",
    response_model=Comparison,
    responses=LATER,
    summary="Plan the day as it would be under changes, and compare",
)
async def ask_what_if(plan_id: str, wish: WhatIfIn, deps: With, caller: Caller) -> Response:
    """
    The search begins from the plan, and from what the day is now: open orders, fleet, closures; of the plan in force, from where
    couriers stand. Without changes the answer is never dearer than a plan that still fits. No draft, no event, no version comes of it.
    """
    found = await operations.read_plan(deps.store, caller.company_id, checked_plan(caller, plan_id))
    now = deps.clock.now()
    running = await operations.read_running(deps.store, found.plan.day, at=now)
    wished = await changed(deps, running.inputs, wish)
    inputs = as_keepers_say(wished, running.facts, running.plan, now=now)
    asked = WhatIf(
        inputs=inputs.only_whom_orders_name(),
        plan=await asyncio.to_thread(plan_without_lines, found.plan),
        facts=running.facts if found.published else None,
        budget_s=wish.budget_s,
        seed=wish.seed,
        made_at=now,
    )
    return await answer_or_later(deps, caller, asked, depot_id=found.plan.day.depot_id)
