"""Holding: a plan's next version keeps what a dispatcher has locked, taken out or agreed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from dispatch.days import TimeWindow
from dispatch.fleet import Courier, CourierId
from dispatch.hand import Hand
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan, Promise
from dispatch.posing import Posed
from dispatch.shortfalls import Unserved

TAKEN_OUT: Final = "taken-out"
"""The reason of orders for which nobody comes, because a dispatcher said so."""


def as_agreed(inputs: DayInputs, hand: Hand) -> DayInputs:
    """The day in which pickups may begin as late, and couriers work as long, as was agreed."""
    until = {each.order_id: each.latest_at for each in hand.late}
    orders = tuple(
        each if each.order_id not in until else _open_until(each, until[each.order_id])
        for each in inputs.orders
    )
    couriers = dict(inputs.fleet.couriers)
    for agreed in hand.overtime:
        if (courier := couriers.get(agreed.courier_id)) is not None:
            couriers[agreed.courier_id] = _working_until(courier, agreed.until_at, inputs)
    return replace(inputs, orders=orders, fleet=replace(inputs.fleet, couriers=couriers))


def _open_until(order: Order, latest_at: datetime) -> Order:
    """The window that begins last before that moment lasts until then."""
    begun = [each for each in order.windows if each.earliest_at <= latest_at]
    if not begun or begun[-1].latest_at >= latest_at:
        return order
    longer = TimeWindow(begun[-1].earliest_at, latest_at)
    return replace(order, windows=(*begun[:-1], longer, *order.windows[len(begun) :]))


def _working_until(courier: Courier, until_at: datetime, inputs: DayInputs) -> Courier:
    clock = inputs.clock
    ends = until_at.astimezone(clock.zone).time().replace(microsecond=0)
    _, ends_s = clock.span_of(courier.shift_starts, courier.shift_ends)
    if clock.seconds(until_at) <= ends_s:
        return courier
    return replace(courier, shift_ends=ends)


def at_held_times(plan: Plan) -> Plan:
    """`plan` with promises as narrow as times are locked, and as late as was agreed."""
    held = plan.hand.held
    until = {each.order_id: each.latest_at for each in plan.hand.late}

    def narrowed(promise: Promise) -> Promise:
        latest_at = max(promise.latest_at, until.get(promise.order_id, promise.latest_at))
        hold = held.get(promise.order_id)
        if hold is None or hold.earliest_at is None or hold.latest_at is None:
            return replace(promise, latest_at=latest_at)
        return replace(promise, earliest_at=hold.earliest_at, latest_at=hold.latest_at)

    return replace(plan, promises=tuple(map(narrowed, plan.promises)))


def only_held(plan: Plan) -> Plan:
    """`plan` with the promises whose times are locked, as narrow as those, and no others."""
    timed = {each.order_id for each in plan.hand.holds if each.earliest_at and each.latest_at}
    promises = tuple(each for each in at_held_times(plan).promises if each.order_id in timed)
    return replace(plan, promises=promises)


def without_taken_out(inputs: DayInputs, hand: Hand) -> tuple[DayInputs, tuple[Unserved, ...]]:
    """The day without orders for which nobody shall come, and these."""
    out = {each.order_id for each in hand.holds if each.courier_id is None}
    if not out:
        return inputs, ()
    kept = tuple(each for each in inputs.orders if each.order_id not in out)
    aside = tuple(taken_out(each) for each in inputs.orders if each.order_id in out)
    return replace(inputs, orders=kept), aside


def taken_out(order: Order) -> Unserved:
    return Unserved(
        order_id=order.order_id,
        reason=TAKEN_OUT,
        detail="a dispatcher took it out of the plan: assign it to a courier, or unlock it",
        place=order.place,
    )


def with_holds(posed: Posed, hand: Hand) -> Posed:
    """The day in which a halt with a locked order can be made by its courier only, if that one is there."""
    there = {each.courier_id for each in posed.couriers}
    keeper = {
        each.order_id: each.courier_id
        for each in hand.holds
        if each.courier_id is not None and each.courier_id in there
    }
    if not keeper:
        return posed
    visits = tuple(
        replace(halt.visit, skills=halt.visit.skills | _skills(halt.orders, keeper))
        for halt in posed.halts
    )
    vehicles = tuple(
        replace(vehicle, skills=vehicle.skills | {_skill(courier.courier_id)})
        for courier, vehicle in zip(posed.couriers, posed.problem.vehicles, strict=True)
    )
    problem = replace(posed.problem, vehicles=vehicles)
    return replace(posed, problem=problem).with_visits(visits)


def _skills(orders: Iterable[Order], keeper: Mapping[OrderId, CourierId]) -> frozenset[str]:
    return frozenset(_skill(keeper[each.order_id]) for each in orders if each.order_id in keeper)


def _skill(courier_id: CourierId) -> str:
    """What only this courier has: to be who was chosen."""
    return f"held: {courier_id}"
