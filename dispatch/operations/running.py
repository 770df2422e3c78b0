"""The running day: how it stands as a whole, couriers who drop out of it, and what changed from version to version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from dispatch.amounts import amount_of, with_amount
from dispatch.at_points import as_keepers_say
from dispatch.days import DepotDay
from dispatch.errors import DispatchError
from dispatch.events import CourierBack, CourierOut, Event, OutReason, encode
from dispatch.fates import RoadFacts, road_facts
from dispatch.fleet import CourierId, Depot
from dispatch.holding import as_agreed
from dispatch.inputs import DayInputs
from dispatch.operations.expecting import read_expected
from dispatch.operations.jobs import read_inputs
from dispatch.operations.orders import create_orders, read_some_orders
from dispatch.operations.registry import read_fleet
from dispatch.orders import Order, OrderId
from dispatch.pairs import without_pairs
from dispatch.plan import Plan
from dispatch.running.standing import standings
from dispatch.store import Store
from dispatch.timetable import plan_today
from routing.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDay:
    """A day as it stands: open orders, couriers who can drive and points as keepers say, the plan in force, what is known."""

    inputs: DayInputs
    plan: Plan | None
    events: Sequence[Event]
    facts: RoadFacts


async def read_running(store: Store, day: DepotDay, *, at: datetime) -> RunningDay:
    """
    The day as it stands at `at`.

    Raises
    ------
    FleetMissing
        There is nothing to drive with.
    """
    # Orders first: one that ends in between is then known to have ended; the other way round it
    # would be in no list at all.
    inputs = await read_inputs(store, day, at=at)
    page = await store.daybook.read(day)
    facts = road_facts(page.events)
    plan = None if page.plan is None else plan_today(page.plan, facts.trucks)
    expected = await read_expected(store, day, inputs.fleet.depot, at=at)
    inputs = replace(inputs, expected=expected).as_known(facts)
    known = as_keepers_say(inputs, facts, plan, now=at)
    if plan is not None:
        known = without_pairs(as_agreed(known, plan.hand))
    return RunningDay(inputs=known, plan=plan, events=page.events, facts=facts)


async def as_points_are(store: Store, inputs: DayInputs, *, at: datetime) -> DayInputs:
    """
    `inputs`, which may hold some orders of the day only, as keepers of its points say.

    All open orders are read: how many of them still fit into a full point depends on each other.

    Raises
    ------
    FleetMissing
        There is nothing to drive with.
    """
    told = (await read_running(store, inputs.day, at=at)).inputs
    where = {each.order_id: each for each in told.orders}
    registry = inputs.registry
    return replace(
        inputs,
        registry=replace(registry, points={**registry.points, **told.registry.points}),
        orders=tuple(where.get(each.order_id, each) for each in inputs.orders),
        full=told.full,
        barred=told.barred,
    )


class CourierUnknown(DispatchError):
    """The depot has no such courier."""

    code: ClassVar[str] = "courier-unknown"

    def __init__(self, courier_id: CourierId, day: DepotDay) -> None:
        self.courier_id = courier_id
        super().__init__(f"depot {day.depot_id} has no courier {courier_id}: see its fleet")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """
    A courier who drives no more.

    `order` is the pickup of what was on board, where the vehicle stands; None: nothing was. `order_ids` are the
    orders it holds, which stay collected.
    """

    courier_id: CourierId
    order: Order | None
    order_ids: tuple[OrderId, ...]


async def hand_over(
    store: Store,
    day: DepotDay,
    courier_id: CourierId,
    *,
    reason: OutReason,
    place: Place | None,
    by: str,
    at: datetime,
) -> HandedOver:
    """
    Take a courier out of the day; what is on board becomes a pickup at `place`, or where it was last heard of.

    Asked again, it is the same pickup, and what has been collected since becomes one of its own.

    Raises
    ------
    CourierUnknown
        The depot has no such courier.
    FleetMissing
        There is nothing to drive with.
    """
    fleet = await read_fleet(store, day.scope)
    if courier_id not in fleet.couriers:
        raise CourierUnknown(courier_id, day)
    running = await read_running(store, day, at=at)
    aboard: tuple[OrderId, ...] = ()
    order = None
    if running.plan is not None:
        where = standings(running.plan, running.facts, fleet, now=at)
        if courier_id in where:
            aboard = where[courier_id].aboard(running.facts, now=at)
            place = place or where[courier_id].last_place(running.facts)
        else:
            aboard = running.facts.carried_by(courier_id)
        before = [
            each
            for each in running.events
            if isinstance(each, CourierOut) and each.courier_id == courier_id
        ]
        handed = {order_id for each in before for order_id in each.order_ids}
        aboard = tuple(each for each in aboard if each not in handed)
        if courier_id in running.facts.out and not aboard:
            return await _told_again(store, day, max(before, key=lambda each: each.at))
        if aboard and place is None:
            place = _place_of(running.plan, aboard[-1])
    if aboard and place is not None:
        counted = running.facts.counted
        held = [
            each.order
            if each.order.order_id not in counted
            else with_amount(each.order, counted[each.order.order_id].of(amount_of(each.order)))
            for each in await read_some_orders(store, day, aboard)
        ]
        order = _handed_over(courier_id, held, place, fleet.depot)
        await create_orders(store, day, (order,), by=by, at=at)
    event = CourierOut(
        at=at,
        by=by,
        courier_id=courier_id,
        reason=reason,
        handover_id=None if order is None else order.order_id,
        order_ids=() if order is None else aboard,
    )
    await store.append_event(day, encode(event))
    return HandedOver(courier_id=courier_id, order=order, order_ids=aboard)


async def _told_again(store: Store, day: DepotDay, out: CourierOut) -> HandedOver:
    """What was handed over then."""
    ids = () if out.handover_id is None else (out.handover_id,)
    records = await read_some_orders(store, day, ids)
    order = records[0].order if records else None
    return HandedOver(courier_id=out.courier_id, order=order, order_ids=out.order_ids)


def _place_of(plan: Plan, order_id: OrderId) -> Place | None:
    """Where the order was picked up, whoever was meant to."""
    stops = (stop for route in plan.routes for stop in route.stops)
    return next((stop.place for stop in stops if order_id in stop.order_ids), None)


async def take_back(
    store: Store, day: DepotDay, courier_id: CourierId, *, by: str, at: datetime
) -> None:
    """
    Let a courier who was out drive again.

    Raises
    ------
    CourierUnknown
        The depot has no such courier.
    FleetMissing
        There is nothing to drive with.
    """
    if courier_id not in (await read_fleet(store, day.scope)).couriers:
        raise CourierUnknown(courier_id, day)
    await store.append_event(day, encode(CourierBack(at=at, by=by, courier_id=courier_id)))


def _handed_over(
    courier_id: CourierId, orders: Sequence[Order], place: Place, depot: Depot
) -> Order:
    """
    All parcels as one pickup that should catch the earliest truck of any of them, and takes a later one before it stays.

    The last truck costs half of what leaving them by the road does, each one before it less.
    """
    held = ",".join(sorted(each.order_id for each in orders))
    late_cost_fen = depot.unserved_cost_fen // (2 * max(1, len(depot.departures) - 1))
    digest = hashlib.sha256(held.encode()).hexdigest()[:8]
    return Order(
        order_id=OrderId(f"handover-{courier_id[:40]}-{digest}"),
        place=place,
        pieces=sum(each.pieces for each in orders),
        weight_g=sum(each.weight_g for each in orders),
        volume_ml=sum(each.volume_ml for each in orders),
        cut_off_at=min((each.cut_off_at for each in orders if each.cut_off_at), default=None),
        late_cost_fen=late_cost_fen,
        handling=frozenset(word for each in orders for word in each.handling),
        note=f"parcels of {len(orders)} orders from {courier_id}",
        points=(),
    )
