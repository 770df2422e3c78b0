"""Promises that a new plan moves, and plans that move no more of them than they may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import ClassVar, Final, TypeAlias

from dispatch.errors import DispatchError
from dispatch.fleet import CourierId
from dispatch.hand import Hold
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.plan import Plan, Promise
from dispatch.promises import keeps

_SHARES: Final = (0.5, 0.3, 0.2)
"""Of the budget: for a plan that moves what it likes, for one under the limit, and for one more try with what cannot stay. Chosen."""

Search: TypeAlias = Callable[[Plan, float], Plan]
"""The best plan that follows one in force, found with a share of the budget; it keeps what that one has locked."""


class PromisesMoved(DispatchError):
    """More promises have to be moved than may be."""

    code: ClassVar[str] = "promises-moved"

    def __init__(self, order_ids: tuple[OrderId, ...], most: int) -> None:
        self.order_ids, self.most = order_ids, most
        named = ", ".join(order_ids[:10]) + (", …" if len(order_ids) > 10 else "")
        super().__init__(
            f"no plan was found that moves at most {most} promises: the best found moves {len(order_ids)} "
            f"({named}); allow as many, bring back whoever dropped out, or give a larger budget"
        )


def moved(before: Plan, after: Plan, inputs: DayInputs) -> tuple[OrderId, ...]:
    """
    Orders still open whose promise in `before` is not kept by `after`: another courier comes, or at another time than told, or nobody.

    Whom a dispatcher has taken out is not counted.
    """
    still_open = {each.order_id for each in inputs.orders}
    out = {each.order_id for each in before.hand.holds if each.courier_id is None}
    stops = {
        order_id: (route.courier_id, stop)
        for route in after.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }

    def is_kept(promise: Promise) -> bool:
        courier_id, stop = stops.get(promise.order_id, (None, None))
        return stop is not None and courier_id == promise.courier_id and keeps(stop, promise)

    return tuple(
        each.order_id
        for each in before.promises
        if each.order_id in still_open and each.order_id not in out and not is_kept(each)
    )


def moving_at_most(most: int, before: Plan, inputs: DayInputs, search: Search) -> Plan:
    """
    A plan to follow `before` that moves at most so many of its promises.

    Searched freely first. If that moves too many, all promises are locked for the search but those whose courier is gone, and
    as many of the moved ones as may be: those that go from one courier to another together first. What then still cannot
    stay may move in the last search.

    Raises
    ------
    PromisesMoved
        No such plan was found.
    """
    free = search(before, _SHARES[0])
    if len(moved(before, free, inputs)) <= most:
        return free
    gone = {
        each.order_id for each in before.promises if each.courier_id not in inputs.fleet.couriers
    }
    found, forced = free, gone
    for share in _SHARES[1:]:
        rest = set(_together(before, free, inputs, most - len(forced)))
        found = search(_held(before, forced | rest), share)
        found = replace(found, hand=before.hand)
        broken = moved(before, found, inputs)
        if len(broken) <= most:
            return found
        forced = gone | set(broken)
        if len(forced) > most:
            break
    raise PromisesMoved(moved(before, found, inputs), most)


def _together(before: Plan, free: Plan, inputs: DayInputs, room: int) -> Iterator[OrderId]:
    """At most `room` of the orders that `free` moves: whole groups from one courier to another, the largest that fit first."""
    comes = {
        order_id: route.courier_id
        for route in free.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }
    told = {each.order_id: each.courier_id for each in before.promises}
    groups: dict[tuple[CourierId, CourierId | None], list[OrderId]] = {}
    for order_id in moved(before, free, inputs):
        if told[order_id] in inputs.fleet.couriers:
            groups.setdefault((told[order_id], comes.get(order_id)), []).append(order_id)
    by_size = sorted(groups.values(), key=len, reverse=True)
    whole: list[list[OrderId]] = []
    for group in by_size:
        if sum(map(len, whole)) + len(group) <= room:
            whole.append(group)
    yield from chain.from_iterable(whole)


def _held(before: Plan, may_move: set[OrderId]) -> Plan:
    """`before` with every other promise locked: who comes, and when."""
    held = before.hand.held
    locks = [
        Hold(
            order_id=each.order_id,
            courier_id=each.courier_id,
            earliest_at=each.earliest_at,
            latest_at=each.latest_at,
        )
        for each in before.promises
        if each.order_id not in may_move and each.order_id not in held
    ]
    return replace(before, hand=before.hand.holding((), locks))
