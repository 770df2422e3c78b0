"""Resizing: an order of a running day that has become more than was planned stays with its courier, or leaves the route."""

from __future__ import annotations

from dataclasses import replace

from dispatch.orders import OrderId
from dispatch.plan import Plan, Route
from dispatch.running.ahead import Situation
from dispatch.running.barring import too_much, without_orders
from dispatch.running.commands import CommandsRefused
from dispatch.running.moving import retimed


def is_more_than_planned(situation: Situation, order_id: OrderId) -> bool:
    made_at = situation.plan.made_at
    return situation.facts.grown.get(order_id, made_at) > made_at


def with_room(situation: Situation, order_id: OrderId) -> Situation | None:
    """
    The day in which its courier still comes for the order, or, where that keeps from others what they were promised or does
    not fit, nobody does; as it is, where nobody did. None: the courier is there already, and what is taken the scan will say.
    """
    plan, inputs, facts, now = situation.plan, situation.inputs, situation.facts, situation.now
    route = next((each for each in plan.routes if _comes_for(each, order_id)), None)
    if route is None:
        return situation
    if order_id not in too_much(plan, inputs, facts, now=now):
        again: Plan | None
        try:
            again = retimed(situation, (route.courier_id,))
        except CommandsRefused:
            again = None  # stops were passed by: nobody can say how the route goes on
        if again is not None:
            return replace(situation, plan=again)
    rest = without_orders(plan, (order_id,), inputs, facts, now=now)
    if any(_comes_for(each, order_id) for each in rest.routes):
        return None
    return replace(situation, plan=rest)


def _comes_for(route: Route, order_id: OrderId) -> bool:
    return any(order_id in stop.order_ids for stop in route.stops)
