"""Promises 承诺: who was told to come and when, and that somebody comes, by the plan in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.days import TimeWindow
from dispatch.fleet import Depot
from dispatch.halts import MILLIFEN, Halt
from dispatch.households import PointId
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan, Promise, Stop, StopKind
from dispatch.posing import Posed
from dispatch.soft_windows import softness_of
from routing.vrp.problem import Preference

KEPT_TIMES: Final = 2
"""Leaving out an order that the plan in force serves costs so many times what it costs for another: of two that
exclude each other the promised one stays, and three new ones are worth more. Chosen."""

TOLD_TO_S: Final = 300
"""People are told full five minutes, never a narrower time than the depot's."""


def promised(plan: Plan, before: Plan | None, depot: Depot, *, now: datetime) -> Plan:
    """
    `plan` with what households are told by it: what `before` has told them, where it is kept, else what is so now.

    Told is who waits at a door; parcels at a collection point wait for nobody's word.
    """
    told = {} if before is None else {each.order_id: each for each in before.promises}
    tell_until = (
        None if depot.announce_ahead_s is None else now + timedelta(seconds=depot.announce_ahead_s)
    )
    promises: list[Promise] = []
    for route in plan.routes:
        for stop in route.stops:
            if stop.kind is StopKind.POINT:
                continue
            for order_id in stop.order_ids:
                known = told.get(order_id)
                if known is not None and keeps(stop, known):
                    promises.append(replace(known, courier_id=route.courier_id))
                elif known is not None or tell_until is None or stop.begin_at <= tell_until:
                    earliest_at, latest_at = around(stop, depot)
                    promises.append(
                        Promise(
                            order_id=order_id,
                            courier_id=route.courier_id,
                            earliest_at=earliest_at,
                            latest_at=latest_at,
                        )
                    )
    return replace(plan, promises=tuple(promises))


def keeps(stop: Stop, promise: Promise) -> bool:
    """Whether a stop is made when it was told. It may hold several pickups, one after the other: any moment of it may be the one."""
    return promise.earliest_at <= stop.depart_at and stop.begin_at <= promise.latest_at


def around(stop: Stop, depot: Depot) -> tuple[datetime, datetime]:
    earliest_at = stop.begin_at - timedelta(seconds=depot.promise_early_s)
    latest_at = stop.begin_at + timedelta(seconds=depot.promise_late_s)
    return (
        earliest_at - timedelta(seconds=earliest_at.timestamp() % TOLD_TO_S),
        latest_at + timedelta(seconds=-latest_at.timestamp() % TOLD_TO_S),
    )


def at_promised_times(inputs: DayInputs, plan: Plan) -> DayInputs:
    """The day with orders that can be picked up only when `plan` has told it, as far as they can be then, and at the door."""
    told = {each.order_id: each for each in plan.promises}
    return replace(
        inputs,
        orders=tuple(
            each if each.order_id not in told else _narrowed(each, told[each.order_id], inputs)
            for each in inputs.orders
        ),
    )


def _narrowed(order: Order, promise: Promise, inputs: DayInputs) -> Order:
    if softness_of(order, inputs) is not None:
        return replace(order, told=TimeWindow(promise.earliest_at, promise.latest_at))
    stated = order.windows or (TimeWindow(promise.earliest_at, promise.latest_at),)
    windows = tuple(
        TimeWindow(
            max(each.earliest_at, promise.earliest_at), min(each.latest_at, promise.latest_at)
        )
        for each in stated
        if each.earliest_at <= promise.latest_at and promise.earliest_at <= each.latest_at
    )
    # Who was told that somebody comes is not asked to carry.
    return replace(order, windows=windows or order.windows, points=())


def with_promises(posed: Posed, plan: Plan, depot: Depot) -> Posed:
    """
    The day with a price on what `plan` has promised.

    Another courier, and another of an order's places, cost the depot's `reassign_cost_fen` for each order;
    leaving a promised order out costs KEPT_TIMES as much.
    """
    number_of = {courier.courier_id: number for number, courier in enumerate(posed.couriers)}
    courier_of: dict[OrderId, int | None] = {}
    point_of: dict[OrderId, PointId | None] = {}
    for route in plan.routes:
        for stop in route.stops:
            brought = {each.order_id for each in stop.brought}
            for order_id in stop.order_ids:
                courier_of[order_id] = number_of.get(route.courier_id)
                point_of[order_id] = stop.point_id if order_id in brought else None

    def preferences(halt: Halt) -> Iterator[Preference]:
        promised = [courier_of.get(order.order_id) for order in halt.orders]
        for number in {each for each in promised if each is not None}:
            cost_fen = promised.count(number) * depot.reassign_cost_fen
            if cost_fen:
                yield Preference(vehicles=frozenset({number}), cost_otherwise=cost_fen * MILLIFEN)

    visits = []
    for halt in posed.halts:
        known = [order.order_id for order in halt.orders if order.order_id in courier_of]
        if not known:
            visits.append(halt.visit)
            continue
        at = {
            each.order_id: None if halt.walked_m(each) is None else halt.spot.point_id
            for each in halt.orders
        }
        elsewhere_fen = sum(point_of[each] != at[each] for each in known) * depot.reassign_cost_fen
        kept_fen = (KEPT_TIMES - 1) * len(known) * depot.unserved_cost_fen
        visits.append(
            replace(
                halt.visit,
                preferences=(*halt.visit.preferences, *preferences(halt)),
                cost=halt.visit.cost + elsewhere_fen * MILLIFEN,
                unserved_cost=(halt.visit.unserved_cost or 0) + kept_fen * MILLIFEN,
            )
        )
    return posed.with_visits(visits)
