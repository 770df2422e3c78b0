"""Answering new orders of a running day, one after the other on the growing plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dispatch.at_points import as_keepers_say
from dispatch.fleet import Depot
from dispatch.halts import MILLIFEN
from dispatch.order_answers import OrderAnswer, Verdict, queued
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan, Why
from dispatch.promises import around, at_promised_times
from dispatch.running.ahead import Situation
from dispatch.running.inserting import Inserted, Memory, NotInserted, insert
from dispatch.running.options import options_for
from dispatch.running.resizing import is_more_than_planned, with_room


def answer_orders(
    situation: Situation, order_ids: Sequence[OrderId], memory: Memory
) -> tuple[Plan, tuple[OrderAnswer, ...]]:
    """
    The plan with those of the orders that fit, and an answer for each of them, without the version.

    Orders are answered in the order given. What fits nowhere is among the plan's unserved, with its options; the
    plan itself is another only if something fits, or if an order that has become more fits no longer where it was planned.
    """
    answers: list[OrderAnswer] = []
    waiting = {each.order_id: each for each in situation.inputs.orders}
    whys = {
        Why.AMOUNTS if is_more_than_planned(situation, each) else Why.NEW_ORDERS: None
        for each in order_ids
    }
    for order_id in order_ids:
        order = waiting.get(order_id)
        if order is not None and order.joint is None and is_more_than_planned(situation, order_id):
            roomy = with_room(situation, order_id)
            if roomy is None:
                detail = "the courier is at the door: what is taken there is what is scanned"
                answers.append(queued(order_id, "at-the-door", detail))
                continue
            situation = roomy
        planned = answer_of(situation.plan, order_id, situation.inputs.fleet.depot)
        if planned is not None:
            answers.append(planned)
            continue
        if order is None:
            answers.append(queued(order_id, "order-closed", "the order is no longer open"))
            continue
        if order.joint is not None:
            detail = "the next version looks at all orders of its joint order together"
            answers.append(queued(order_id, "joint-order", detail))
            continue
        as_told = _as_told(order, situation)
        found = insert(situation, as_told, memory)
        if isinstance(found, NotInserted) and as_told is not order:
            found = insert(situation, order, memory)
        if isinstance(found, Inserted):
            # What a full point still takes is less by what was promised to it a moment ago.
            known = as_keepers_say(situation.inputs, situation.facts, found.plan, now=situation.now)
            situation = replace(situation, plan=found.plan, inputs=known)
            told = answer_of(found.plan, order_id, situation.inputs.fleet.depot)
            assert told is not None, "it was inserted"
            answers.append(replace(told, cost_fen=round(found.cost / MILLIFEN)))
            continue
        options = options_for(situation, order, found, memory)
        left = replace(found.unserved, remedies=options)
        others = (each for each in situation.plan.unserved if each.order_id != order_id)
        situation = replace(situation, plan=replace(situation.plan, unserved=(*others, left)))
        if options:
            answers.append(
                OrderAnswer(
                    order_id=order_id,
                    verdict=Verdict.OPTIONS,
                    options=options,
                    code=left.reason,
                    detail=left.detail,
                )
            )
        else:
            answers.append(queued(order_id, left.reason, left.detail))
    return replace(situation.plan, why=tuple(whys)), tuple(answers)


def _as_told(order: Order, situation: Situation) -> Order:
    """The order when its household was told that somebody comes; as it is, if it was told nothing."""
    plan = situation.plan
    if all(each.order_id != order.order_id for each in plan.promises):
        return order
    return at_promised_times(replace(situation.inputs, orders=(order,)), plan).orders[0]


def answer_of(plan: Plan, order_id: OrderId, depot: Depot) -> OrderAnswer | None:
    """What the plan says of an order; None: it is in no route."""
    for route in plan.routes:
        for stop in route.stops:
            if order_id not in stop.order_ids:
                continue
            told = next((each for each in plan.promises if each.order_id == order_id), None)
            earliest_at, latest_at = (
                around(stop, depot) if told is None else (told.earliest_at, told.latest_at)
            )
            return OrderAnswer(
                order_id=order_id,
                verdict=Verdict.PROMISED,
                courier_id=route.courier_id,
                earliest_at=earliest_at,
                latest_at=latest_at,
                point_id=stop.point_id,
            )
    return None
