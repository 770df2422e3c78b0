"""The address queue over HTTP: what nobody could place, and a person's answers."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.requests import Day, GuardedRoute, Scope, With, locator_of
from api.schemas import LocationIn, WhereIn
from dispatch import operations
from dispatch.gazetteer import AddressQuestion
from dispatch.households import Household, HouseholdId
from dispatch.orders import OrderId, OrderRecord

router = APIRouter(route_class=GuardedRoute, tags=["addresses"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class QuestionList:
    questions: tuple[AddressQuestion, ...]


@router.get(
    "/addresses",
    operation_id="list_addresses",
    response_model=QuestionList,
    summary="Addresses that a person must place",
)
async def list_addresses(deps: With, day: Day) -> Response:
    """The day's unresolved orders, then households without coordinates, with candidates."""
    locator = await locator_of(deps, day.scope)
    return as_json(QuestionList(await operations.read_questions(deps.store, day, locator)))


@router.put(
    "/orders/{order_id}/place",
    operation_id="place_order",
    response_model=OrderRecord,
    summary="Say which place an order's address means",
)
async def place_order(
    order_id: str, told: WhereIn, deps: With, caller: Caller, day: Day
) -> Response:
    """The same answer twice is the same as once; another is 409 `order-placed-already`."""
    async with deps.jobs.keeping(day):
        record = await operations.answer_order(
            deps.store,
            day,
            OrderId(order_id),
            told.answer(),
            remember=told.remember,
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(record)


@router.put(
    "/households/{household_id}/place",
    operation_id="place_household",
    response_model=Household,
    summary="Say where a household lies",
)
async def place_household(
    household_id: str, told: LocationIn, deps: With, caller: Caller, scope: Scope
) -> Response:
    household = await operations.locate_household(
        deps.store,
        scope,
        HouseholdId(household_id),
        told.place.place(),
        by=caller.author,
        at=deps.clock.now(),
    )
    return as_json(household)
