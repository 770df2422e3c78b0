"""New orders of a running day: answered while whoever sent them waits, or left for the plan's next version."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

from redis.exceptions import RedisError

from dispatch.days import DepotDay, TimeWindow
from dispatch.errors import DispatchError
from dispatch.events import OrderChanged, encode
from dispatch.fleet import CourierId
from dispatch.households import PointId, Registry
from dispatch.ids import new_question_id
from dispatch.inputs import DayInputs
from dispatch.jobs import JobQueue
from dispatch.offers import accepted_points
from dispatch.operations.orders import OrderClosed, OrderUnknown, change_order, read_order
from dispatch.operations.questions import AnswerFailed, QuestionUnknown, read_answer
from dispatch.operations.registry import (
    find_fleet,
    read_fleet,
    registry_around,
    replace_fleet,
)
from dispatch.order_answers import (
    ORDERS_MAX,
    NewOrders,
    OrderAnswer,
    decode_answers,
    queued,
)
from dispatch.order_answers import encode as encode_orders
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.running.answering import answer_of
from dispatch.shortfalls import RemedyCode
from dispatch.store import Store

ANSWER_WITHIN_S: Final = 2.0
"""Whoever sends an order is not kept longer: by then the plan's next version is under way. Chosen."""

_KEPT_S: Final = 60
_LOOK_EVERY_S: Final = 0.005
"""Between two looks for an answer; few requests wait at a time, and none longer than ANSWER_WITHIN_S."""


async def answer_orders(
    store: Store, jobs: JobQueue, day: DepotDay, order_ids: Sequence[OrderId], *, at: datetime
) -> tuple[OrderAnswer, ...]:
    """
    What each of these orders of the day is told at once; (): no plan is in force at `at`, or the day is over.

    The orders are recorded already: whatever happens here, none is lost. More than ORDERS_MAX are left for the next version
    of the plan, and so are those for which no worker had an answer within ANSWER_WITHIN_S. Soon after, the plan is searched for a
    cheaper one: each order took its place while all else stayed as it was.
    """
    if not order_ids or not await is_running(store, day, at=at):
        return ()
    if len(order_ids) > ORDERS_MAX:
        detail = f"more than {ORDERS_MAX} orders at once are planned together: see the next version"
        return tuple(queued(each, "many-orders", detail) for each in order_ids)
    await jobs.put_keeping(day, search=True)
    question = new_question_id(day.depot_id)
    asked = encode_orders(NewOrders(day=day, order_ids=tuple(order_ids)))
    try:
        await store.questions.ask(day.company_id, question, asked, kept_s=_KEPT_S)
        await jobs.put_orders(day.company_id, question)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                body = await read_answer(store, day.company_id, question)
                if body is not None:
                    return decode_answers(body)
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        await store.questions.withdraw(day.company_id, question)
        code, detail = (
            "no-answer-yet",
            "no worker had an answer in time: see the plan's next version",
        )
    except (RedisError, AnswerFailed, QuestionUnknown):
        code, detail = "no-answer-yet", "nobody could be asked: see the plan's next version"
    return tuple(queued(each, code, detail) for each in order_ids)


async def planned_answer(store: Store, day: DepotDay, order_id: OrderId) -> OrderAnswer | None:
    """What the plan in force says of an order; None: it is in no route, or there is no plan."""
    plan = (await store.daybook.read(day)).plan
    fleet = await find_fleet(store, day.scope)
    return None if plan is None or fleet is None else answer_of(plan, order_id, fleet.depot)


async def is_running(store: Store, day: DepotDay, *, at: datetime) -> bool:
    """Whether a plan is in force and the day not over."""
    if not await store.current_version(day):
        return False
    fleet = await find_fleet(store, day.scope)
    if fleet is None:
        return False
    return at < DayInputs(day=day, registry=Registry(), fleet=fleet, orders=()).over_at


class OptionUnclear(DispatchError):
    """What was sent as an option taken is none that an order could be changed by."""

    code: ClassVar[str] = "option-unclear"

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}: send one of the options as it was answered")


async def take_option(
    store: Store,
    day: DepotDay,
    order_id: OrderId,
    *,
    option: RemedyCode,
    moment: datetime | None,
    point_id: PointId | None,
    courier_id: CourierId | None,
    by: str,
    at: datetime,
) -> Order:
    """
    Change an open order as the option says, or let the named courier work longer; taken twice, it is as once.

    Nothing is promised by that: the order has to be answered again, for the day has gone on.

    Raises
    ------
    OrderUnknown, OrderClosed
        There is no such order, or nothing of it can change any more.
    OptionUnclear
        The option lacks a fact, or moves nothing later.
    FleetMissing
    """
    record = await read_order(store, day, order_id)
    if record.status is not OrderStatus.OPEN:
        raise OrderClosed(order_id)
    order = record.order
    match option:
        case RemedyCode.SHIFT_ENDS_LATER if courier_id is not None and moment is not None:
            await _work_longer(store, day, courier_id, moment, by=by, at=at)
            return order
        case RemedyCode.WINDOW_CLOSES_LATER if moment is not None and order.windows:
            after = replace(order, windows=_until(order.windows, moment))
        case RemedyCode.LATER_TRUCK if moment is not None:
            after = order
            if order.cut_off_at is not None and order.cut_off_at < moment:
                after = replace(order, cut_off_at=moment)
        case RemedyCode.COLLECTION_POINT if point_id is not None:
            registry = await registry_around(store, day.scope, (order,))
            points = tuple(each.point_id for each in accepted_points(order, registry))
            after = order if point_id in points else replace(order, points=(*points, point_id))
        case _:
            raise OptionUnclear(f"an order cannot take {option.value!r} so")
    if after != order:
        event = encode(OrderChanged(at=at, by=by, order_id=order_id))
        if not await change_order(store, day, order, after, event):
            raise OrderUnknown(order_id, day)
    return after


def _until(windows: Sequence[TimeWindow], moment: datetime) -> tuple[TimeWindow, ...]:
    """The window that ends last before `moment`, until then; those that begin before it ends are part of it."""
    begun = [each for each in windows if each.earliest_at <= moment]
    if not begun:
        raise OptionUnclear("no window of the order begins before that")
    longer = replace(begun[-1], latest_at=max(begun[-1].latest_at, moment))
    return (*begun[:-1], longer, *windows[len(begun) :])


async def _work_longer(
    store: Store, day: DepotDay, courier_id: CourierId, until_at: datetime, *, by: str, at: datetime
) -> None:
    fleet = await read_fleet(store, day.scope)
    courier = fleet.couriers.get(courier_id)
    if courier is None:
        raise OptionUnclear(f"the fleet has no courier {courier_id}")
    ends = until_at.astimezone(fleet.depot.zone).time().replace(microsecond=0)
    later = replace(courier, shift_ends=ends)
    clock = DayInputs(day=day, registry=Registry(), fleet=fleet, orders=()).clock
    span = clock.span_of(courier.shift_starts, courier.shift_ends)
    if clock.span_of(later.shift_starts, later.shift_ends)[1] <= span[1]:
        return
    couriers = {**fleet.couriers, courier_id: later}
    await replace_fleet(store, day.scope, replace(fleet, couriers=couriers), by=by, at=at)
