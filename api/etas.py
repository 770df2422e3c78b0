"""ETAs over HTTP: when each open pickup will begin, as a range."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json
from api.auth import Caller, own_subject
from api.errors import not_found
from api.requests import Day, GuardedRoute, With
from dispatch import operations
from dispatch.access import Role
from dispatch.etas import Eta, EtaList
from dispatch.fleet import CourierId
from dispatch.orders import OrderId

router = APIRouter(route_class=GuardedRoute, tags=["the road"], responses=PROBLEMS)


@router.get(
    "/etas",
    operation_id="read_etas",
    response_model=EtaList,
    summary="When each open pickup will begin",
)
async def read_etas(
    deps: With,
    caller: Caller,
    day: Day,
    courier: Annotated[
        str | None, Query(description="Of this courier; `me` is the courier of the key.")
    ] = None,
    village: Annotated[str | None, Query(description="Of this village.")] = None,
) -> Response:
    """
    Of the plan in force, courier by courier in the order of their stops. A courier hears of its own. The live stream after
    `as_of` says what has happened since: ask again then, or after a minute.
    """
    if caller.role is Role.COURIER and courier in (None, "me"):
        courier = caller.subject
    if courier is not None:
        own_subject(caller, Role.COURIER, courier, "courier")
    told = await operations.read_etas(
        deps.store,
        day,
        now=deps.clock.now(),
        courier_id=None if courier is None else CourierId(courier),
        village=village,
    )
    return as_json(told)


@router.get(
    "/orders/{order_id}/eta",
    operation_id="read_eta",
    response_model=Eta,
    summary="When one pickup will begin",
)
async def read_eta(order_id: str, deps: With, caller: Caller, day: Day) -> Response:
    told = await operations.read_eta(deps.store, day, OrderId(order_id), now=deps.clock.now())
    if caller.role is Role.COURIER and caller.subject != told.courier_id:
        raise not_found("order", order_id)
    return as_json(told)
