"""Lateness 迟到: where a promise cannot be kept, later times at a price, so that the least lateness is found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from dispatch.halts import MILLIFEN, Halt
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.pickup_times import DAY_S, at_own_place, common
from dispatch.plan import Plan, Promise
from dispatch.posing import Posed
from routing.vrp.problem import Window

STEPS_S: Final = (600, 1200, 1800, 3600, 7200)
"""A visit may begin so late after what was promised, each step at the price of its end; what is later still
costs an hour more than the last. Searches know windows and prices, not slopes. Chosen."""


def with_later_times(
    posed: Posed, inputs: DayInputs, plan: Plan, until_s: Mapping[OrderId, int]
) -> Posed:
    """
    The day in which orders may be picked up later than `plan` has promised, at a price for each step.

    `until_s` tells how late each of them may be.
    `inputs` are the day's, before they were narrowed to what was promised. The order's own windows, points and
    trucks hold all the same.
    """
    promises = {each.order_id: each for each in plan.promises if each.order_id in until_s}
    stated = {each.order_id: each for each in inputs.orders}
    halts = list(posed.halts)
    for number, halt in enumerate(posed.halts):
        told = [promises[each.order_id] for each in halt.orders if each.order_id in promises]
        later = (
            list(_later(halt, told, stated, inputs, until_s))
            if told and halt.walk_m is None
            else []
        )
        if not later:
            continue
        group = number if halt.visit.group is None else halt.visit.group
        grouped = [replace(each, visit=replace(each.visit, group=group)) for each in (halt, *later)]
        halts[number] = grouped[0]
        halts += grouped[1:]
    problem = replace(posed.problem, visits=tuple(halt.visit for halt in halts))
    return replace(posed, problem=problem, halts=tuple(halts))


def _later(
    halt: Halt,
    promises: Collection[Promise],
    stated: Mapping[OrderId, Order],
    inputs: DayInputs,
    until_s: Mapping[OrderId, int],
) -> Iterator[Halt]:
    hours = () if halt.spot.point_id is None else inputs.registry.points[halt.spot.point_id].hours
    windows: tuple[Window, ...] = (Window(0, DAY_S),)
    for order in halt.orders:
        windows = common(windows, at_own_place(stated[order.order_id], inputs, hours))
    told_s = min(inputs.clock.seconds(each.latest_at) for each in promises)
    last_s = min(until_s[each.order_id] for each in promises)
    if halt.visit.due_s is not None:
        last_s = min(last_s, halt.visit.due_s)
    price = len(promises) * inputs.fleet.depot.late_cost_per_hour_fen * MILLIFEN
    for after_s, end_s in pairwise((0, *STEPS_S, DAY_S)):
        step = Window(told_s + after_s + 1, min(last_s, told_s + end_s))
        late_s = min(end_s, STEPS_S[-1] + 3600)
        if step.earliest_s <= step.latest_s and (open_then := common(windows, (step,))):
            visit = replace(
                halt.visit, windows=open_then, cost=halt.visit.cost + price * late_s // 3600
            )
            yield replace(halt, visit=visit)
