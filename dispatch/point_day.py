"""A collection point's day: what is expected, stands there or was taken, and both sides of each hand-over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.forecast import StopState
from dispatch.households import CollectionPoint, HouseholdId, OpeningHours, PointId
from dispatch.keepers import NOTHING_SAID, Notice
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.plan import Plan, Stop
from dispatch.progress import Board


class Whereabouts(StrEnum):
    """Where an order is, as its point sees it."""

    EXPECTED = "expected"
    STANDING = "standing"
    """Scanned in, and to be fetched."""
    TAKEN = "taken"
    TAKEN_UNSCANNED = "taken-unscanned"
    """A courier has it, and nobody scanned it in."""
    LEFT_BEHIND = "left-behind"
    """Scanned in, and a courier came and went without it."""
    MISSING = "missing"
    """A courier came for it, and it was not there."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """
    One stop from both sides: what the keeper scanned in, and what the courier took.

    missing
        Not scanned in, nor taken; may still come until the courier has left.
    taken, taken_unscanned, left_behind
        As the same words of `Whereabouts`.
    """

    scanned: tuple[OrderId, ...]
    missing: tuple[OrderId, ...]
    taken: tuple[OrderId, ...]
    taken_unscanned: tuple[OrderId, ...]
    left_behind: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOrder:
    """
    An order that is picked up at the point, or was to be.

    `courier_id` and `eta_at` are of the stop that fetches it, or fetched it; None: no route has it. `ended_at` is when it was
    taken, not found or cancelled.
    """

    order_id: OrderId
    household_id: HouseholdId | None
    pieces: int
    whereabouts: Whereabouts
    scanned_at: datetime | None
    ended_at: datetime | None
    courier_id: CourierId | None
    eta_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFigures:
    """
    Pieces, by where they are; `standing_pieces` is all that takes room, left behind and cancelled parcels too.

    `room_pieces` is what still fits: by the keeper's word, else by the capacity; None: no limit is known.
    """

    expected_pieces: int
    standing_pieces: int
    taken_pieces: int
    missing_pieces: int
    capacity_pieces: int | None
    room_pieces: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDay:
    """How a point stands at `now_at`; `as_of` is the stream id of the last event that is in it."""

    point_id: PointId
    name: str
    hours: tuple[OpeningHours, ...]
    now_at: datetime
    as_of: str
    version: int
    notice: Notice
    is_closed: bool
    figures: PointFigures
    orders: tuple[PointOrder, ...]


def hand_over_of(stop: Stop, state: StopState, facts: RoadFacts) -> HandOver:
    """Both sides of a stop at a point, from what was told by now."""
    at = {
        each: _whereabouts(each, stop.point_id, facts, is_past=state in _PAST)
        for each in stop.order_ids
    }

    def those(*wanted: Whereabouts) -> tuple[OrderId, ...]:
        return tuple(order_id for order_id, where in at.items() if where in wanted)

    return HandOver(
        scanned=tuple(each for each in at if _stood_here(each, stop.point_id, facts)),
        missing=those(Whereabouts.EXPECTED, Whereabouts.MISSING),
        taken=those(Whereabouts.TAKEN),
        taken_unscanned=those(Whereabouts.TAKEN_UNSCANNED),
        left_behind=those(Whereabouts.LEFT_BEHIND),
    )


_PAST = frozenset({StopState.DONE, StopState.FAILED})


def orders_at(point_id: PointId, plan: Plan | None, facts: RoadFacts) -> tuple[OrderId, ...]:
    """Orders that may have to do with the point: planned or scanned there, or in no route."""
    ids = {
        order_id: None
        for route in (() if plan is None else plan.routes)
        for stop in route.stops
        if stop.point_id == point_id
        for order_id in stop.order_ids
    }
    ids |= {key: None for key, scan in facts.scans.items() if scan.point_id == point_id}
    ids |= {each.order_id: None for each in (() if plan is None else plan.unserved)}
    return tuple(ids)


def point_day(
    point: CollectionPoint,
    plan: Plan | None,
    standing: Board,
    facts: RoadFacts,
    orders: Iterable[Order],
) -> PointDay:
    """
    The point's day; `orders` are those of `orders_at`.

    Before a plan is in force only what was scanned in is known. Orders come by expected time, those in no route last.
    """
    met = _met(point.point_id, plan, standing)
    told = [
        _point_order(order, point.point_id, met, facts)
        for order in orders
        if order.order_id in met
        or order.point_id == point.point_id
        or _stood_here(order.order_id, point.point_id, facts)
    ]
    told.sort(key=lambda each: (each.eta_at is None, each.eta_at or standing.now_at, each.order_id))
    notice = facts.notices.get(point.point_id, NOTHING_SAID)
    return PointDay(
        point_id=point.point_id,
        name=point.name,
        hours=point.hours,
        now_at=standing.now_at,
        as_of=standing.as_of,
        version=standing.version,
        notice=notice,
        is_closed=notice.is_closed(standing.now_at),
        figures=_figures(point, notice, told),
        orders=tuple(told),
    )


def _met(
    point_id: PointId, plan: Plan | None, standing: Board
) -> Mapping[OrderId, tuple[CourierId, datetime, bool]]:
    """Who comes for each order, when, and whether that is past."""
    progress = {
        (route.courier_id, stop.seq): stop for route in standing.routes for stop in route.stops
    }
    return {
        order_id: (route.courier_id, at.eta_at, at.state in _PAST)
        for route in (() if plan is None else plan.routes)
        for stop in route.stops
        if stop.point_id == point_id
        and (at := progress.get((route.courier_id, stop.seq))) is not None
        for order_id in stop.order_ids
    }


def _point_order(
    order: Order,
    point_id: PointId,
    met: Mapping[OrderId, tuple[CourierId, datetime, bool]],
    facts: RoadFacts,
) -> PointOrder:
    courier_id, eta_at, is_past = met.get(order.order_id, (None, None, False))
    scan, fate = facts.scans.get(order.order_id), facts.fates.get(order.order_id)
    is_here = scan is not None and scan.point_id == point_id
    return PointOrder(
        order_id=order.order_id,
        household_id=order.household_id,
        pieces=order.pieces,
        whereabouts=_whereabouts(order.order_id, point_id, facts, is_past=is_past),
        scanned_at=scan.at if scan is not None and is_here else None,
        ended_at=None if fate is None else fate.at,
        courier_id=courier_id,
        eta_at=eta_at,
    )


def _stood_here(order_id: OrderId, point_id: PointId | None, facts: RoadFacts) -> bool:
    return order_id in facts.scans and facts.scans[order_id].point_id == point_id


def _whereabouts(
    order_id: OrderId, point_id: PointId | None, facts: RoadFacts, *, is_past: bool
) -> Whereabouts:
    is_scanned = _stood_here(order_id, point_id, facts)
    fate = facts.fates.get(order_id)
    status = OrderStatus.OPEN if fate is None else fate.status
    if status is OrderStatus.COLLECTED:
        return Whereabouts.TAKEN if is_scanned else Whereabouts.TAKEN_UNSCANNED
    if status is OrderStatus.CANCELLED:
        return Whereabouts.CANCELLED
    if status is OrderStatus.FAILED or is_past:
        return Whereabouts.LEFT_BEHIND if is_scanned else Whereabouts.MISSING
    return Whereabouts.STANDING if is_scanned else Whereabouts.EXPECTED


def _figures(point: CollectionPoint, notice: Notice, orders: Iterable[PointOrder]) -> PointFigures:
    pieces = dict.fromkeys(Whereabouts, 0)
    since_full = 0
    for order in orders:
        where = order.whereabouts
        if where is Whereabouts.CANCELLED and order.scanned_at is None:
            continue
        pieces[where] += order.pieces
        if where in _TAKING_ROOM and order.scanned_at is not None and notice.full_since is not None:
            since_full += order.pieces if order.scanned_at > notice.full_since else 0
    standing = sum(pieces[each] for each in _TAKING_ROOM)
    room = None if point.capacity_pieces is None else max(0, point.capacity_pieces - standing)
    if notice.full_since is not None:
        room = max(0, notice.pieces_left - since_full)
    return PointFigures(
        expected_pieces=pieces[Whereabouts.EXPECTED],
        standing_pieces=standing,
        taken_pieces=pieces[Whereabouts.TAKEN] + pieces[Whereabouts.TAKEN_UNSCANNED],
        missing_pieces=pieces[Whereabouts.MISSING],
        capacity_pieces=point.capacity_pieces,
        room_pieces=room,
    )


_TAKING_ROOM = frozenset({Whereabouts.STANDING, Whereabouts.LEFT_BEHIND, Whereabouts.CANCELLED})
