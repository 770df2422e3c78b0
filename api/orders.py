"""Orders over HTTP: taken in by the batch, read page by page, cancelled one by one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.batches import BatchAnswer, ItemResult, answer_of, body_of, parse_batch
from api.requests import Day, GuardedRoute, With, day_clock, locator_of
from api.schemas import CancelIn, OrderIn
from dispatch import operations
from dispatch.access import Identity
from dispatch.households import Registry
from dispatch.intake import read_orders
from dispatch.operations import OrderPage
from dispatch.orders import OrderId, OrderRecord

router = APIRouter(route_class=GuardedRoute, tags=["orders"], responses=PROBLEMS)


@router.post(
    "/orders",
    operation_id="create_orders",
    response_model=BatchAnswer,
    openapi_extra=body_of("orders", OrderIn),
    summary="Take orders in",
)
async def create_orders(
    request: Request,
    deps: With,
    caller: Caller,
    day: Day,
    mapping: Annotated[
        str | None, Query(description="Platform whose CSV export this is; told by its headers.")
    ] = None,
    seller: Annotated[
        str | None, Query(description="Shop whose export this is, for rows that name none.")
    ] = None,
) -> Response:
    """One result for each item. The same order twice is `unchanged`; bad items stop none."""
    body = await request.body()
    clock = await day_clock(deps, day)
    media_type = request.headers.get("content-type", "")
    is_csv = media_type.startswith("text/csv")
    registry = await operations.read_registry(deps.store, day.scope) if is_csv else None
    locator = await locator_of(deps, day.scope) if is_csv else None
    batch = await asyncio.to_thread(
        parse_batch,
        body,
        media_type,
        member="orders",
        id_field="order_id",
        model=OrderIn,
        read=OrderIn.order,
        read_csv=lambda data: read_orders(
            data,
            name="orders.csv",
            day=clock,
            registry=registry or Registry(),
            mapping=mapping,
            locator=locator,
            seller=seller,
        ),
    )
    outcomes = await operations.create_orders(
        deps.store, day, batch.records, by=caller.author, at=deps.clock.now()
    )
    taken = (
        ItemResult(id=each.order_id, outcome=each.outcome, code=each.code, detail=each.detail)
        for each in outcomes
    )
    return as_json(answer_of((*taken, *batch.refused)))


@router.get(
    "/orders", operation_id="list_orders", response_model=OrderPage, summary="Orders, page by page"
)
async def list_orders(
    deps: With,
    caller: Caller,
    day: Day,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Response:
    page = await operations.read_orders(deps.store, day, after=cursor, limit=limit)
    return as_json(replace(page, records=tuple(_seen(each, caller) for each in page.records)))


@router.get(
    "/orders/{order_id}", operation_id="read_order", response_model=OrderRecord, summary="One order"
)
async def read_order(order_id: str, deps: With, caller: Caller, day: Day) -> Response:
    record = await operations.read_order(deps.store, day, OrderId(order_id))
    return as_json(_seen(record, caller))


def _seen(record: OrderRecord, caller: Identity) -> OrderRecord:
    """Notes are what people wrote, and may name anybody: not for screens on walls."""
    if caller.sees_phones:
        return record
    return replace(record, order=replace(record.order, note=""))


@router.post(
    "/orders/{order_id}/cancel",
    operation_id="cancel_order",
    response_model=OrderRecord,
    summary="Cancel an order",
)
async def cancel_order(
    order_id: str, wish: CancelIn, deps: With, caller: Caller, day: Day
) -> Response:
    """Cancelling twice answers the same; a collected order is 409 `order-closed`."""
    record = await operations.cancel_order(
        deps.store,
        day,
        OrderId(order_id),
        reason=wish.reason,
        by=caller.author,
        at=deps.clock.now(),
    )
    return as_json(record)
