"""Pairs 送达: orders whose parcels are dropped at another place later in the same trip, as two halts each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dispatch.halts import MILLIFEN, Halt, Spot, left_out, no_common_time
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.pickup_times import at_own_place
from dispatch.shortfalls import Unserved
from routing.vrp.problem import Visit, Window

NOT_WHILE_RUNNING: Final = "drop-in-running-day"
"""The reason of orders that a running day leaves alone, because they are dropped on the way."""


def pair_of(
    order: Order, picked_at: Spot, dropped_at: Spot, rows: tuple[int, int], inputs: DayInputs
) -> tuple[Halt, Halt] | Unserved:
    """
    Where `order` is picked up and where it is dropped, each a halt of its own; `rows` are those of the two spots.

    The drop is not yet told which visit it belongs to: `paired` does that, once all visits have their numbers. Windows are
    hard, and no truck waits for it: its price is that of leaving one order out.
    """
    assert order.drop is not None, "it goes to the depot"
    depot, drop = inputs.fleet.depot, order.drop
    picked = _open_then(order, picked_at, inputs)
    dropped = _open_then(replace(order, windows=drop.windows), dropped_at, inputs)
    if not picked or not dropped or dropped[-1].latest_s < picked[0].earliest_s:
        return no_common_time(order, picked_at)
    loading_s = order.pieces * depot.service_per_piece_s
    first = Visit(
        place=rows[0],
        service_s=loading_s,
        loads=(order.weight_g, order.volume_ml, order.pieces),
        windows=picked,
        skills=frozenset(order.handling),
        unserved_cost=depot.unserved_cost_fen * MILLIFEN,
    )
    second = replace(
        first,
        place=rows[1],
        service_s=loading_s if drop.service_s is None else drop.service_s,
        loads=(0,) * len(first.loads),
        windows=dropped,
        unserved_cost=0,
    )
    return Halt(picked_at, (order,), first), Halt(dropped_at, (), second, drops=order)


def _open_then(order: Order, spot: Spot, inputs: DayInputs) -> tuple[Window, ...]:
    hours = () if spot.point_id is None else inputs.registry.points[spot.point_id].hours
    return at_own_place(order, inputs, hours)


def paired(halts: Sequence[Halt]) -> tuple[Halt, ...]:
    """The halts, each that drops an order bound to the one that picks it up; the numbers are those of the visits."""
    picked: dict[OrderId, int] = {
        halt.orders[0].order_id: number
        for number, halt in enumerate(halts)
        if halt.orders and halt.orders[0].drop is not None
    }
    return tuple(
        halt
        if halt.drops is None
        else replace(halt, visit=replace(halt.visit, brings=picked[halt.drops.order_id]))
        for halt in halts
    )


def without_pairs(inputs: DayInputs) -> DayInputs:
    """A running day: what is dropped on the way is nobody's, with a reason that says what to do."""
    pairs = [each for each in inputs.orders if each.drop is not None]
    if not pairs:
        return inputs
    return replace(
        inputs, barred={**inputs.barred, **{each.order_id: left_alone(each) for each in pairs}}
    )


def left_alone(order: Order) -> Unserved:
    """An order of a running day that is dropped on the way, with what to do."""
    detail = (
        f"order {order.order_id} is dropped on the way, and a day whose plan is in force makes no drops yet: "
        "send it without drop, so that it comes to the depot, or plan it for another day"
    )
    return left_out(order, NOT_WHILE_RUNNING, detail, order.place)
