"""Orders over HTTP: taken in by the batch, read page by page, cancelled one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.batches import (
    BadItem,
    ItemResult,
    answer_of,
    body_of,
    parse_batch,
    unresolved_result,
)
from api.order_bodies import OrderIn
from api.requests import Day, Deps, GuardedRoute, With, day_clock, locator_of
from api.schemas import CancelIn, OptionIn
from dispatch import operations
from dispatch.access import Identity
from dispatch.days import DayClock, DepotDay
from dispatch.fleet import CourierId
from dispatch.gazetteer import AddressQuestion, Gazetteer, Locator
from dispatch.households import PointId, Registry
from dispatch.intake import (
    BadCell,
    Intake,
    at_address,
    drop_objections,
    point_doubts,
    price_doubts,
    read_orders,
    softness_doubts,
    time_objections,
)
from dispatch.operations import OrderOutcome, OrderPage, Outcome
from dispatch.order_answers import OrderAnswer, queued
from dispatch.orders import Order, OrderId, OrderRecord
from dispatch.pairs import left_alone

router = APIRouter(route_class=GuardedRoute, tags=["orders"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredResult(ItemResult):
    """An order that was taken in while its day runs, and what it is told."""

    answer: OrderAnswer


@dataclass(frozen=True, slots=True)
class OrdersAnswer:
    """As of every batch; orders of a running day have their `answer`."""

    results: Sequence[AnsweredResult | ItemResult]
    counts: dict[str, int]
    warnings: Sequence[str] = ()


@router.post(
    "/orders",
    operation_id="create_orders",
    response_model=OrdersAnswer,
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
    """
    One result for each item; those refused come last. The same order twice is `unchanged`.

    While a plan is in force and its day runs, a new order has its `answer`: promised, refused with options, or queued.
    """
    body = await request.body()
    media_type = request.headers.get("content-type", "")
    is_csv = media_type.startswith("text/csv")
    asks = is_csv or b'"address"' in body
    reader = _OrderReader(
        day=await day_clock(deps, day),
        registry=await operations.read_registry(deps.store, day.scope) if asks else Registry(),
        locator=await locator_of(deps, day.scope) if asks else None,
    )
    batch = await asyncio.to_thread(
        parse_batch,
        body,
        media_type,
        member="orders",
        id_field="order_id",
        model=OrderIn,
        read=reader.read,
        read_csv=lambda data: reader.read_csv(data, mapping=mapping, seller=seller),
    )
    households, points = await operations.missing_from_registry(
        deps.store, day.scope, batch.records
    )
    refused = {
        each.order_id: result
        for each in batch.records
        if (result := stranger(each, households, points)) is not None
    }
    if any(each.drop is not None for each in batch.records) and await operations.is_running(
        deps.store, day, at=deps.clock.now()
    ):
        refused |= {
            each.order_id: _not_now(each) for each in batch.records if each.drop is not None
        }
    async with deps.jobs.keeping(day):
        outcomes = await operations.create_orders(
            deps.store,
            day,
            [each for each in batch.records if each.order_id not in refused],
            by=caller.author,
            at=deps.clock.now(),
        )
    doubts = await _doubts(deps, day, batch.records, points)
    created = [each.order_id for each in outcomes if each.outcome is Outcome.CREATED]
    answers = {
        each.order_id: each
        for each in await operations.answer_orders(
            deps.store, deps.jobs, day, created, at=deps.clock.now()
        )
    }
    taken = (
        _answered(
            _doubted(_result(each, reader.questions.get(each.order_id)), doubts.get(each.order_id)),
            answers.get(each.order_id),
        )
        for each in outcomes
    )
    return as_json(answer_of((*taken, *refused.values(), *batch.refused)))


@dataclass(slots=True)
class _OrderReader:
    """Holds orders of every media type to the same rules; keeps what remains to be asked."""

    day: DayClock
    registry: Registry
    locator: Locator | None
    questions: dict[str, AddressQuestion] = field(default_factory=dict)
    _gazetteer: Gazetteer | None = None

    def read(self, told: OrderIn) -> Order:
        order = told.order()
        for column, bad in (*time_objections(order, self.day), *drop_objections(order, self.day)):
            raise BadItem(FIELDS[column], bad)
        if order.address:
            self._gazetteer = self._gazetteer or Gazetteer(self.registry)
            order, question = at_address(order, self._gazetteer, self.locator)
            if question is not None:
                self.questions[order.order_id] = question
        return order

    def read_csv(self, data: bytes, *, mapping: str | None, seller: str | None) -> Intake[Order]:
        intake = read_orders(
            data,
            name="orders.csv",
            day=self.day,
            registry=self.registry,
            mapping=mapping,
            locator=self.locator,
            seller=seller,
        )
        self.questions = {each.order_id: each for each in intake.unresolved if each.order_id}
        return intake


FIELDS: Final = {
    "ready": "/ready_at",
    "cut_off": "/cut_off_at",
    "windows": "/windows",
    "late_cost_yuan": "/late_cost_fen",
    "early_yuan_per_minute": "/early_fen_per_minute",
    "late_yuan_per_minute": "/late_fen_per_minute",
    "missed_max_minutes": "/missed_max_s",
    "points": "/points",
    "joint": "/joint",
    "drop_household": "/drop/household_id",
    "drop_point": "/drop/point_id",
    "drop_lon": "/drop/place",
    "drop_windows": "/drop/windows",
}
"""Where a column that is objected to or doubted lies in an order sent as JSON."""


def stranger(
    order: Order, households: Collection[str], points: Collection[str]
) -> ItemResult | None:
    """Why an order is refused that names one of these households or points, which the registry does not have."""
    ends = [("", order.household_id, order.point_id)]
    if order.drop is not None:
        ends.append(("/drop", order.drop.household_id, order.drop.point_id))
    for where, household_id, point_id in ends:
        what, named = (
            ("point", str(point_id)) if point_id in points else ("household", str(household_id))
        )
        if point_id not in points and household_id not in households:
            continue
        return ItemResult(
            id=order.order_id,
            outcome="refused",
            code=f"{what}-unknown",
            detail=f"the registry has no {what} {named}",
            column=f"{where}/{what}_id",
            advice=f"add the {what} to the registry first, or correct the id",
        )
    return None


def _not_now(order: Order) -> ItemResult:
    """An order that is dropped on the way, of a day that runs."""
    left = left_alone(order)
    advice = "send it without drop, or for another day"
    return ItemResult(
        id=order.order_id,
        outcome="refused",
        code=left.reason,
        detail=left.detail,
        column="/drop",
        advice=advice,
    )


async def _doubts(
    deps: Deps, day: DepotDay, orders: Sequence[Order], missing: set[str]
) -> Mapping[OrderId, _Doubt]:
    """Order id to what cannot be right in it, in which field; it is taken all the same."""
    doubts = {
        order.order_id: _Doubt(FIELDS[column], bad)
        for order in orders
        for column, bad in (*price_doubts(order), *softness_doubts(order))
    }
    doubtful = [each for each in orders if missing.intersection(each.points or ())]
    if doubtful:
        registry = await operations.read_registry(deps.store, day.scope)
        doubts |= {
            order.order_id: _Doubt("/points", bad)
            for order in doubtful
            for bad in point_doubts(order.points or (), registry.points)
        }
    return doubts


class _Doubt(NamedTuple):
    pointer: str
    bad: BadCell


def _answered(result: ItemResult, answer: OrderAnswer | None) -> ItemResult:
    if answer is None:
        return result
    told = {each.name: getattr(result, each.name) for each in fields(ItemResult)}
    return AnsweredResult(**told, answer=answer)


def _doubted(result: ItemResult, doubt: _Doubt | None) -> ItemResult:
    if doubt is None or result.code:
        return result
    bad = doubt.bad
    return replace(
        result, code=bad.code, detail=bad.detail, column=doubt.pointer, advice=bad.advice
    )


def _result(outcome: OrderOutcome, question: AddressQuestion | None) -> ItemResult:
    """An outcome, with what a person is asked where the order's place stays unclear."""
    if outcome.outcome is Outcome.UNRESOLVED and question is not None:
        return unresolved_result(question)
    return ItemResult(
        id=outcome.order_id, outcome=outcome.outcome, code=outcome.code, detail=outcome.detail
    )


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
    drop = record.order.drop
    return replace(
        record,
        order=replace(
            record.order,
            note="",
            address="",
            drop=None if drop is None else replace(drop, note=""),
        ),
    )


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
    async with deps.jobs.keeping(day):
        record = await operations.cancel_order(
            deps.store,
            day,
            OrderId(order_id),
            reason=wish.reason,
            by=caller.author,
            at=deps.clock.now(),
        )
    return as_json(record)


@router.post(
    "/orders/{order_id}/take",
    operation_id="take_option",
    response_model=OrderAnswer,
    summary="Take an option of an order that fitted nowhere",
)
async def take_option(
    order_id: str, option: OptionIn, deps: With, caller: Caller, day: Day
) -> Response:
    """
    Send the option as it was answered. The order is changed by it, or the courier's shift, and answered again: the day has
    gone on meanwhile. Without a running plan the answer is `queued`.
    """
    async with deps.jobs.keeping(day):
        taken = await operations.take_option(
            deps.store,
            day,
            OrderId(order_id),
            option=option.code,
            moment=option.at,
            point_id=None if option.point_id is None else PointId(option.point_id),
            courier_id=None if option.courier_id is None else CourierId(option.courier_id),
            by=caller.author,
            at=deps.clock.now(),
        )
    answers = await operations.answer_orders(
        deps.store, deps.jobs, day, (taken.order_id,), at=deps.clock.now()
    )
    if not answers:
        answers = (queued(taken.order_id, "no-plan", "no plan is in force, or its day is over"),)
    return as_json(answers[0])
