"""Risks 误班预警: trucks that parcels are predicted to miss, to be said once, and taken back when they make it after all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from dispatch.departing import AtRisk
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.plan import Plan, Trip
from dispatch.progress import route_progress

WATCHED_FROM: Final = timedelta(minutes=60)
"""So long before a truck leaves, its day is looked at though nothing is heard of it. Chosen: a courier who has been silent
for so long is known to be late long before the last 20 minutes."""

WATCHED_EVERY: Final = timedelta(minutes=1)
WATCHED_AHEAD: Final = timedelta(seconds=30)
"""The looks come half a minute before full minutes to the truck, so that what is seen is said in time."""


def next_watch(plan: Plan, *, now: datetime) -> datetime | None:
    """When the day should be looked at next, whatever is heard until then; None: its last truck has left."""
    return min(
        filter(None, (_watch_of(each.leaves_at, now) for each in plan.departures)), default=None
    )


def _watch_of(leaves_at: datetime, now: datetime) -> datetime | None:
    last_at = leaves_at - WATCHED_AHEAD
    if now >= last_at:
        return None
    left = min((last_at - now) // WATCHED_EVERY, WATCHED_FROM // WATCHED_EVERY)
    at = last_at - left * WATCHED_EVERY
    return at if at > now else at + WATCHED_EVERY


def endangered(plan: Plan, facts: RoadFacts, *, now: datetime) -> tuple[OrderId, ...]:
    """Orders of trips that will be too late for a truck that something on board must catch."""
    return tuple(
        order_id
        for trip, _, _ in _late_trips(plan, facts, now)
        for order_id in _orders(trip, facts)
    )


def risks_now(
    before: Plan,
    after: Plan,
    told: Sequence[AtRisk],
    orders: Mapping[OrderId, Order],
    facts: RoadFacts,
    *,
    now: datetime,
) -> tuple[AtRisk, ...]:
    """
    What stands to be missed by `after`, the version in force, whether or not it has given it up.

    What `before`, the version until a moment ago, was going to miss, and `after` carries later on purpose, is missed all
    the same; so is what was `told`. What a plan has carried later from the start is not: that is a price. `orders` are
    those of `endangered` and of `told`, as trucks leave today.
    """
    last_at = max((each.leaves_at for each in after.departures), default=None)
    due: dict[OrderId, datetime] = {
        order_id: each.leaves_at for each in told for order_id in each.order_ids
    }
    for plan in (before, after):
        for trip, _, _ in _late_trips(plan, facts, now):
            for order_id in _orders(trip, facts):
                due.setdefault(order_id, trip.cut_off_at)
    due = {
        order_id: at
        for order_id, at in due.items()
        if order_id in orders and (_asked(orders[order_id], last_at) or at) <= at
    }
    sorted_at: dict[OrderId, tuple[CourierId, datetime]] = {
        order_id: (courier_id, at)
        for trip, courier_id, at in _trips(after, facts, now)
        for order_id in _orders(trip, facts)
    }
    whose = {order_id: each.courier_id for each in told for order_id in each.order_ids}
    missing: dict[tuple[datetime, CourierId], list[tuple[OrderId, datetime]]] = {}
    for order_id, leaves_at in due.items():
        if order_id in sorted_at:
            courier_id, at = sorted_at[order_id]
        elif order_id in whose and order_id not in facts.fates:
            courier_id, at = whose[order_id], now  # in no route any more
        else:
            continue
        if at > leaves_at or order_id not in sorted_at:
            missing.setdefault((leaves_at, courier_id), []).append((order_id, at))
    return tuple(
        AtRisk(
            leaves_at=leaves_at,
            courier_id=courier_id,
            order_ids=tuple(order_id for order_id, _ in each),
            late_s=max(0, *(round((at - leaves_at).total_seconds()) for _, at in each)),
        )
        for (leaves_at, courier_id), each in sorted(missing.items())
    )


def _asked(order: Order, last_at: datetime | None) -> datetime | None:
    if order.cut_off_at is None or last_at is None:
        return order.cut_off_at or last_at
    return min(order.cut_off_at, last_at)


def _late_trips(
    plan: Plan, facts: RoadFacts, now: datetime
) -> Iterator[tuple[Trip, CourierId, datetime]]:
    for trip, courier_id, at in _trips(plan, facts, now):
        if at > trip.cut_off_at:
            yield trip, courier_id, at


def _trips(
    plan: Plan, facts: RoadFacts, now: datetime
) -> Iterator[tuple[Trip, CourierId, datetime]]:
    """Each trip with who drives it and when all of it is predicted to be sorted."""
    sorting = timedelta(seconds=plan.sorting_s)
    for route in plan.routes:
        progress = route_progress(route, facts, now=now, plan=plan)
        for trip, expected in zip(route.trips, progress.trips, strict=True):
            yield trip, route.courier_id, expected.over_at + sorting


def _orders(trip: Trip, facts: RoadFacts) -> Iterable[OrderId]:
    """Those that are, or will be, on board."""
    for stop in trip.stops:
        for order_id in stop.order_ids:
            fate = facts.fates.get(order_id)
            if fate is None or fate.status in (OrderStatus.OPEN, OrderStatus.COLLECTED):
                yield order_id
