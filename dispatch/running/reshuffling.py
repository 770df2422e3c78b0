"""Reshuffling: another order of stops than couriers know is taken only if it is worth it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from dispatch.fleet import CourierId
from dispatch.keeping_time import known_left_out
from dispatch.orders import OrderId
from dispatch.plan import Plan
from dispatch.posing import Posed
from dispatch.starting import start_of
from routing.vrp.problem import Problem
from routing.vrp.solution import Solution
from routing.vrp.solve import solve

RESHUFFLED_FEN: Final = 100
"""For each stop that comes behind another one than its courier knows, or to another courier, so much must be saved. Chosen."""


def calmer(
    posed: Posed,
    problem: Problem,
    going: Plan,
    found: Solution,
    *,
    heres: Mapping[CourierId, int],
    price: int,
) -> Solution:
    """
    `found`, or `going` with what is new where it costs least, if reshuffling saves less than `price` for each stop.

    `problem` is that of `posed` with the slack that `found` has: what goes on in the same order has it too, and serves as many known
    orders. `price` is in the solver's unit.
    """
    start = start_of(replace(posed, problem=problem), going, heres=heres)
    if start is None:
        return found
    stayed = solve(problem, budget_s=0.0, iterations=0, start=start)
    if known_left_out(posed, stayed) > known_left_out(posed, found):
        return found
    before, after = (dict(_before(each, posed)) for each in (stayed, found))
    reshuffled = sum(before[each] != after[each] for each in before.keys() & after.keys())
    return found if stayed.cost - found.cost >= price * reshuffled else stayed


def _before(
    solution: Solution, posed: Posed
) -> Iterator[tuple[OrderId, tuple[int, OrderId | None]]]:
    """For the first order of each known stop its courier, and that of the known stop before."""
    for route in solution.routes:
        last: OrderId | None = None
        for trip in route.trips:
            for each in trip.visits:
                orders = posed.halts[each.visit].orders
                if orders and each.visit not in posed.expected:
                    yield orders[0].order_id, (route.vehicle, last)
                    last = orders[0].order_id
