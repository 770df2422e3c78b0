"""Promises 承诺: who was told to come, and that somebody comes, by the plan in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dispatch.fleet import Depot
from dispatch.halts import MILLIFEN, Halt
from dispatch.plan import Plan
from dispatch.posing import Posed
from routing.vrp.problem import Preference

KEPT_TIMES: Final = 2
"""Leaving out an order that the plan in force serves costs so many times what it costs for another: of two that
exclude each other the promised one stays, and three new ones are worth more. Chosen."""


def with_promises(posed: Posed, plan: Plan, depot: Depot) -> Posed:
    """
    The day with a price on what `plan` has promised: another courier costs the depot's
    `reassign_cost_fen` for each order, and leaving a promised order out costs KEPT_TIMES as much.
    """
    number_of = {courier.courier_id: number for number, courier in enumerate(posed.couriers)}
    courier_of = {
        order_id: number_of.get(route.courier_id)
        for route in plan.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }

    def preferences(halt: Halt) -> Iterator[Preference]:
        promised = [courier_of.get(order.order_id) for order in halt.orders]
        for number in {each for each in promised if each is not None}:
            cost_fen = promised.count(number) * depot.reassign_cost_fen
            if cost_fen:
                yield Preference(vehicles=frozenset({number}), cost_otherwise=cost_fen * MILLIFEN)

    visits = []
    for halt in posed.halts:
        promised = sum(order.order_id in courier_of for order in halt.orders)
        kept_fen = (KEPT_TIMES - 1) * promised * depot.unserved_cost_fen
        visits.append(
            replace(
                halt.visit,
                preferences=(*halt.visit.preferences, *preferences(halt)),
                unserved_cost=(halt.visit.unserved_cost or 0) + kept_fen * MILLIFEN,
            )
        )
    halts = tuple(
        replace(halt, visit=visit) for halt, visit in zip(posed.halts, visits, strict=True)
    )
    return replace(posed, problem=replace(posed.problem, visits=tuple(visits)), halts=halts)
