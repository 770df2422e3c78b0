"""Watching a day: whether anything has happened for which its plan should be made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from dispatch.events import (
    AmountChanged,
    CourierBack,
    DepartureChanged,
    Event,
    FleetChanged,
    GivenBack,
    OrderChanged,
    OrderPlaced,
    OrdersCreated,
    PointClosed,
    PointFull,
    PointOpened,
    RoadsClosed,
    RoadsReopened,
    Scanned,
)
from dispatch.fates import RoadFacts, road_facts
from dispatch.forecast import StopState
from dispatch.holding import TAKEN_OUT
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Plan, Stop, Why
from dispatch.progress import route_progress
from dispatch.timetable import plan_today


def whys(plan: Plan, events: Iterable[Event], *, now: datetime) -> tuple[Why, ...]:
    """
    What has happened since `plan` was made; (): it is right as it stands.

    Lateness counts where something can still be done: a pickup that would begin after what was promised, or
    a trip with open stops that would miss its truck.
    """
    events = tuple(events)
    return tuple(dict.fromkeys(_whys(plan, events, road_facts(events), now)))


def _whys(plan: Plan, events: tuple[Event, ...], facts: RoadFacts, now: datetime) -> Iterator[Why]:
    planned = {
        order_id for route in plan.routes for stop in route.stops for order_id in stop.order_ids
    }
    unserved = {each.order_id for each in plan.unserved}
    known = planned | unserved
    for event in events:
        match event:
            case OrdersCreated():
                if any(each not in known and each not in facts.fates for each in event.order_ids):
                    yield Why.NEW_ORDERS
            case OrderPlaced() | OrderChanged() if event.at > plan.made_at:
                yield Why.NEW_ORDERS
            case AmountChanged() if event.at > plan.made_at and event.order_id not in facts.fates:
                yield Why.AMOUNTS
            case FleetChanged() | CourierBack() if event.at > plan.made_at:
                yield Why.COURIERS
            case RoadsClosed() | RoadsReopened() if event.at > plan.made_at:
                yield Why.ROADS
            case PointFull() | PointClosed() | PointOpened() | GivenBack() if (
                event.at > plan.made_at
            ):
                yield Why.POINTS
            case Scanned() if event.at > plan.made_at and not unserved.isdisjoint(event.order_ids):
                yield Why.POINTS
            case DepartureChanged() if event.at > plan.made_at:
                yield Why.TRUCKS
            case _:
                pass
    if any(
        fate.status is OrderStatus.CANCELLED and fate.at > plan.made_at and order_id in planned
        for order_id, fate in facts.fates.items()
    ):
        yield Why.ORDERS_GONE
    out = {each.order_id for each in plan.hand.holds if each.courier_id is None}
    if any(each.reason == TAKEN_OUT and each.order_id not in out for each in plan.unserved):
        yield Why.NEW_ORDERS
    if _is_otherwise_aboard(plan, planned, facts):
        yield Why.AMOUNTS
    promises = {each.order_id: each for each in plan.promises}
    today = plan_today(plan, facts.trucks)
    if today is not plan:
        yield Why.TRUCKS
    for route in today.routes:
        progress = route_progress(route, facts, now=now, plan=plan)
        told = {each.seq: each for each in progress.stops}
        for trip, expected in zip(route.trips, progress.trips, strict=True):
            ahead = [each for each in trip.stops if told[each.seq].state is StopState.PLANNED]
            if not ahead:
                continue
            if route.courier_id in facts.out:
                yield Why.COURIERS
            if any(_is_in_vain(stop, facts, told[stop.seq].eta_at) for stop in ahead):
                yield Why.POINTS
            late = (
                told[stop.seq].eta_at > promises[order_id].latest_at
                for stop in ahead
                for order_id in stop.order_ids
                if order_id in promises
            )
            if any(late) or expected.slack_s < 0:
                yield Why.LATE


def _is_otherwise_aboard(plan: Plan, planned: Collection[OrderId], facts: RoadFacts) -> bool:
    """Whether parcels are with another courier than the plan has it, or were counted otherwise."""
    drivers = {route.courier_id for route in plan.routes}
    if any(who in drivers and each not in planned for each, who in facts.carriers.items()):
        return True
    return any(
        any(
            facts.carriers.get(each, route.courier_id) != route.courier_id
            for each in stop.order_ids
        )
        or stop.counted
        != tuple(facts.counted[each] for each in stop.order_ids if each in facts.counted)
        for route in plan.routes
        for stop in route.stops
    )


def _is_in_vain(stop: Stop, facts: RoadFacts, eta_at: datetime) -> bool:
    """
    Whether a courier would come to a closed point, or for parcels that are not there.

    A full point into which some pieces still go is looked at when it is said: a plan does not know the pieces of each order.
    """
    still = [each for each in stop.order_ids if each not in facts.fates]
    scans = [facts.scans[each] for each in still if each in facts.scans]
    if any(scan.point_id != stop.point_id for scan in scans):
        return True
    notice = None if stop.point_id is None else facts.notices.get(stop.point_id)
    if notice is None:
        return False
    is_full = notice.full_since is not None and notice.pieces_left == 0
    return notice.is_closed(eta_at) or (is_full and len(scans) < len(still))
