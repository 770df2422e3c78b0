"""Telling what changed: a newer version of a plan beside an older one, order by order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Figures, Plan, PlanId, Promise, Route, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """Who picks an order up and when, by one version."""

    courier_id: CourierId
    begin_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """
    An order whose pickup is another than it was.

    before, after
        None: by that version nobody comes.
    promise_before, promise_after
        What its household was told; they differ where the old promise could not be kept, and then the
        household is to be told the new one.
    """

    order_id: OrderId
    before: Pickup | None
    after: Pickup | None
    promise_before: Promise | None
    promise_after: Promise | None

    @property
    def moves(self) -> bool:
        return (
            self.before is not None
            and self.after is not None
            and self.before.courier_id != self.after.courier_id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDiff:
    """
    What a version does otherwise than an earlier one.

    why
        What the newer version was made for; where there are versions between the two, that of the last.
    moved
        Orders that another courier picks up.
    retold
        Orders whose households are to be told another time.
    couriers
        Whose stops are others, or in another order.
    changes
        All orders with another courier, or at a time more than TOLD_FROM_S away.
    """

    from_id: PlanId
    to_id: PlanId
    why: tuple[Why, ...]
    before: Figures
    after: Figures
    moved: tuple[OrderId, ...]
    retold: tuple[OrderId, ...]
    newly_served: tuple[OrderId, ...]
    newly_unserved: tuple[OrderId, ...]
    couriers: tuple[CourierId, ...]
    changes: tuple[OrderChange, ...]


TOLD_FROM_S: Final = 300
"""A pickup that comes earlier or later by less is no change that anybody would act on. Chosen."""


def plan_diff(before: Plan, after: Plan) -> PlanDiff:
    """O(orders). Versions of one depot-day."""
    old, new = _pickups(before), _pickups(after)
    told_before = {each.order_id: each for each in before.promises}
    told_after = {each.order_id: each for each in after.promises}
    changes = [
        OrderChange(
            order_id=order_id,
            before=old.get(order_id),
            after=new.get(order_id),
            promise_before=told_before.get(order_id),
            promise_after=told_after.get(order_id),
        )
        for order_id in dict.fromkeys((*old, *new))
        if _differ(old.get(order_id), new.get(order_id))
    ]
    ways = {route.courier_id: _way(route) for route in before.routes}
    ways_after = {route.courier_id: _way(route) for route in after.routes}
    return PlanDiff(
        from_id=before.plan_id,
        to_id=after.plan_id,
        why=after.why,
        before=before.figures,
        after=after.figures,
        moved=tuple(each.order_id for each in changes if each.moves),
        retold=tuple(
            order_id
            for order_id, promise in told_after.items()
            if (known := told_before.get(order_id)) is not None
            and (known.earliest_at, known.latest_at) != (promise.earliest_at, promise.latest_at)
        ),
        newly_served=tuple(each for each in new if each not in old),
        newly_unserved=tuple(each.order_id for each in after.unserved if each.order_id in old),
        couriers=tuple(
            courier_id
            for courier_id in dict.fromkeys((*ways, *ways_after))
            if ways.get(courier_id) != ways_after.get(courier_id)
        ),
        changes=tuple(changes),
    )


def _pickups(plan: Plan) -> dict[OrderId, Pickup]:
    return {
        order_id: Pickup(courier_id=route.courier_id, begin_at=stop.begin_at)
        for route in plan.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }


def _differ(before: Pickup | None, after: Pickup | None) -> bool:
    if before is None or after is None:
        return before is not after
    apart_s = abs((after.begin_at - before.begin_at).total_seconds())
    return before.courier_id != after.courier_id or apart_s > TOLD_FROM_S


def _way(route: Route) -> tuple[tuple[OrderId, ...], ...]:
    return tuple(stop.order_ids for stop in route.stops)
