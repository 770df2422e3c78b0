"""The day as keepers of collection points tell it: what stands at points, what they still take, and when they are open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final

from dispatch.days import DayClock
from dispatch.fates import RoadFacts
from dispatch.households import CollectionPoint, OpeningHours, PointId
from dispatch.inputs import DayInputs
from dispatch.keepers import NOTHING_SAID, FullPoint, Notice
from dispatch.orders import Order, OrderId
from dispatch.pickup_times import at_own_place, trucks_of
from dispatch.plan import Plan
from dispatch.shortfalls import Unserved

_ALL_DAY: Final = OpeningHours(time.min, time(23, 59, 59))
"""Hours of a point that states none, once they must be stated; who works past midnight does not come to it then."""

_NEVER: Final = OpeningHours(time.min, time.min)
"""Hours of a point that opens no more: without any it would count as always open, and at midnight nobody comes."""

_SECOND: Final = timedelta(seconds=1)


def as_keepers_say(
    inputs: DayInputs, facts: RoadFacts, plan: Plan | None, *, now: datetime
) -> DayInputs:
    """
    The day with its points as they are now; said of a day that is so already, it changes nothing.

    What was scanned in stands at its point, whatever the order stated. Closed times are no opening hours. A full point
    takes only what still fits: first, by id, orders that `plan` picks up there, then those that state it. What can no
    longer be handed in where it was to wait goes to its household's door or another point, or is barred; and what
    `plan` has promised to fetch at a door is fetched there.
    """
    promises = () if plan is None else plan.promises
    told = {each.order_id for each in promises} - facts.scans.keys()
    is_told = any(each.point_id is not None and each.order_id in told for each in inputs.orders)
    if not facts.scans and not facts.notices and not is_told:
        return inputs
    points = {
        key: _while_open(point, facts.notices.get(key, NOTHING_SAID), inputs.clock)
        for key, point in inputs.registry.points.items()
    }
    day = replace(inputs, registry=replace(inputs.registry, points=points), full={}, barred={})
    orders = tuple(_where_it_stands(each, facts) for each in inputs.orders)

    def elsewhere(order: Order, day: DayInputs) -> Order:
        if order.order_id in facts.scans or not _why_not(order, day, facts, now):
            return order
        return _at_door(order, day)

    orders = tuple(
        _at_door(each, day) if each.order_id in told else elsewhere(each, day) for each in orders
    )
    day = replace(day, full=_full_points(orders, facts, plan, told))
    orders = tuple(elsewhere(each, day) for each in orders)
    barred = {
        each.order_id: _barred(each, points[each.point_id], why)
        for each in orders
        if (why := _why_not(each, day, facts, now)) and each.point_id is not None
    }
    return replace(day, orders=orders, barred=barred)


def _full_points(
    orders: Iterable[Order], facts: RoadFacts, plan: Plan | None, told: Collection[OrderId]
) -> Mapping[PointId, FullPoint]:
    left = {
        key: notice.pieces_left
        for key, notice in facts.notices.items()
        if notice.full_since is not None
    }
    if not left:
        return {}
    planned = _planned_at(plan)
    coming: dict[PointId, list[Order]] = {key: [] for key in left}
    # Whose household knows already that it comes here is not turned away for somebody new.
    for order in sorted(orders, key=lambda each: (each.order_id not in planned, each.order_id)):
        scan = facts.scans.get(order.order_id)
        if scan is not None:
            since = facts.notices[scan.point_id].full_since if scan.point_id in left else None
            if since is not None and scan.at > since:
                left[scan.point_id] -= order.pieces
        elif (
            order.order_id not in told
            and (point_id := order.point_id or planned.get(order.order_id)) in coming
        ):
            coming[point_id].append(order)
    full: dict[PointId, FullPoint] = {}
    for point_id, those in coming.items():
        spare_pieces, fitting = max(0, left[point_id]), set[OrderId]()
        for order in those:
            if order.pieces <= spare_pieces:
                spare_pieces -= order.pieces
                fitting.add(order.order_id)
        full[point_id] = FullPoint(coming=frozenset(fitting), spare_pieces=spare_pieces)
    return full


def _planned_at(plan: Plan | None) -> Mapping[OrderId, PointId]:
    return {
        order_id: stop.point_id
        for route in (() if plan is None else plan.routes)
        for stop in route.stops
        if stop.point_id is not None
        for order_id in stop.order_ids
    }


def _while_open(point: CollectionPoint, notice: Notice, clock: DayClock) -> CollectionPoint:
    if notice.closed_from is None:
        return point
    return replace(point, hours=_open_beside(point.hours, notice, clock))


def _open_beside(
    hours: tuple[OpeningHours, ...], notice: Notice, clock: DayClock
) -> tuple[OpeningHours, ...]:
    """Opening hours without the time in which the point is closed."""
    return tuple(_parts(hours or (_ALL_DAY,), notice, clock)) or (_NEVER,)


def _parts(
    hours: Iterable[OpeningHours], notice: Notice, clock: DayClock
) -> Iterator[OpeningHours]:
    shut_at, opens_at = notice.closed_from, notice.closed_until
    for each in hours:
        opens = clock.moment(clock.seconds_of(each.opens))
        closes = clock.moment(clock.seconds_of(each.closes))
        if shut_at is None or shut_at > closes or (opens_at is not None and opens_at <= opens):
            yield each
            continue
        if shut_at > opens:
            last = shut_at.astimezone(clock.zone) - _SECOND
            yield OpeningHours(each.opens, last.time().replace(microsecond=0))
        if opens_at is not None and opens_at <= closes:
            yield OpeningHours(opens_at.astimezone(clock.zone).time(), each.closes)


def _where_it_stands(order: Order, facts: RoadFacts) -> Order:
    scan = facts.scans.get(order.order_id)
    if scan is None:
        return order
    return replace(order, point_id=scan.point_id, ready_at=None, windows=(), unclear=False)


def _at_door(order: Order, day: DayInputs) -> Order:
    """The order where it is until it is handed in, if anybody knows where that is."""
    at_door = replace(order, point_id=None)
    return at_door if _has_door(at_door, day) else order


def _why_not(order: Order, day: DayInputs, facts: RoadFacts, now: datetime) -> str:
    """The code of why nobody can pick `order` up at the point where it is to wait; empty: somebody can."""
    point_id, is_there = order.point_id, order.order_id in facts.scans
    if point_id is None or point_id not in day.registry.points:
        return ""
    if not is_there and point_id in day.full and order.order_id not in day.full[point_id].coming:
        return "point-full"
    if facts.notices.get(point_id, NOTHING_SAID).closed_from is None:
        return ""
    windows = at_own_place(order, day, day.registry.points[point_id].hours)
    now_s, due_s = day.clock.seconds(now), trucks_of(order, day)[-1].due_s
    if any(each.earliest_s <= due_s and each.latest_s >= now_s for each in windows):
        return ""
    return "point-closed"


def _has_door(order: Order, inputs: DayInputs) -> bool:
    """Whether it is known where the parcels are until they are handed in."""
    if order.place is not None:
        return True
    household = inputs.registry.households.get(order.household_id) if order.household_id else None
    return household is not None and household.place is not None


_DETAILS: Final[Mapping[str, str]] = {
    "point-full": "the point is full and no door of the order is known: give it a place or another point",
    "point-closed": "the point is closed until its truck has left: open it before, or give the order another place",
}


def _barred(order: Order, point: CollectionPoint, why: str) -> Unserved:
    return Unserved(order_id=order.order_id, reason=why, detail=_DETAILS[why], place=point.place)
