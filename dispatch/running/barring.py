"""Barring: pickups of a plan that can no longer be made for what keepers of collection points say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import polyline

from dispatch.fates import RoadFacts
from dispatch.forecast import StopState
from dispatch.inputs import DayInputs
from dispatch.keepers import NOTHING_SAID
from dispatch.orders import OrderId
from dispatch.plan import Leg, Plan, Route, Stop, Trip
from dispatch.progress import route_progress


def without_barred(plan: Plan, inputs: DayInputs, facts: RoadFacts, *, now: datetime) -> Plan:
    """
    `plan` as it can still be driven: without pickups where a point is closed when they are predicted, of what a full
    point takes no more, and of parcels that stand elsewhere. Said twice, it is the same.

    A stop at which a courier has arrived stays. What was scanned in is brought by nobody any more, and nobody waits at
    a door for it: its promise is gone. `inputs` are as the keepers say.
    """
    if not facts.scans and not facts.notices:
        return plan
    bars = _Bars(inputs, facts)
    routes = []
    for route in plan.routes:
        progress = route_progress(route, facts, now=now, plan=plan)
        predicted = {
            each.seq: each.eta_at for each in progress.stops if each.state is StopState.PLANNED
        }
        trips = tuple(filter(None, (bars.trip(trip, predicted) for trip in route.trips)))
        if trips:
            routes.append(_with_trips(route, trips))
    promises = tuple(each for each in plan.promises if each.order_id not in facts.scans)
    return replace(plan, routes=tuple(routes), promises=promises)


def _with_trips(route: Route, trips: tuple[Trip, ...]) -> Route:
    return route if trips == route.trips else replace(route, trips=trips)


class _Bars:
    def __init__(self, inputs: DayInputs, facts: RoadFacts) -> None:
        self._orders = {each.order_id: each for each in inputs.orders}
        self._per_piece = timedelta(seconds=inputs.fleet.depot.service_per_piece_s)
        self._facts, self._full = facts, inputs.full

    def trip(self, trip: Trip, predicted: Mapping[int, datetime]) -> Trip | None:
        """The trip with the stops and orders that are left; None: no stop is."""
        stops: list[Stop] = []
        before: Leg | None = None
        for stop in trip.stops:
            kept = stop
            if (eta_at := predicted.get(stop.seq)) is not None:
                gone = frozenset(self._gone(stop, eta_at))
                if gone.issuperset(stop.order_ids):
                    before = _one_after_the_other(before, stop.leg)
                    continue
                kept = self._without(stop, gone)
            stops.append(replace(kept, leg=_one_after_the_other(before, stop.leg)))
            before = None
        if not stops:
            return None
        return replace(trip, stops=tuple(stops), home=_one_after_the_other(before, trip.home))

    def _gone(self, stop: Stop, eta_at: datetime) -> Iterator[OrderId]:
        point_id = stop.point_id
        notice = NOTHING_SAID
        if point_id is not None:
            notice = self._facts.notices.get(point_id, NOTHING_SAID)
        for order_id in stop.order_ids:
            if order_id not in self._orders:
                continue
            scan = self._facts.scans.get(order_id)
            if scan is not None:
                if scan.point_id != point_id or notice.is_closed(eta_at):
                    yield order_id
            elif point_id is not None and (
                notice.is_closed(eta_at)
                or (point_id in self._full and order_id not in self._full[point_id].coming)
            ):
                yield order_id

    def _without(self, stop: Stop, gone: Collection[OrderId]) -> Stop:
        brought = tuple(
            each
            for each in stop.brought
            if each.order_id not in gone and each.order_id not in self._facts.scans
        )
        left = [self._orders[each] for each in gone]
        if not left:
            return stop if brought == stop.brought else replace(stop, brought=brought)
        pieces = sum(each.pieces for each in left)
        return replace(
            stop,
            order_ids=tuple(each for each in stop.order_ids if each not in gone),
            brought=brought,
            late=tuple(each for each in stop.late if each.order_id not in gone),
            pieces=stop.pieces - pieces,
            weight_g=stop.weight_g - sum(each.weight_g for each in left),
            volume_ml=stop.volume_ml - sum(each.volume_ml for each in left),
            depart_at=max(stop.begin_at, stop.depart_at - pieces * self._per_piece),
        )


def _one_after_the_other(first: Leg | None, second: Leg) -> Leg:
    """The way past a place at which nobody stops any more."""
    if first is None:
        return second
    lines = [polyline.decode(each.polyline6, 6) for each in (first, second)]
    return replace(
        second,
        duration_s=first.duration_s + second.duration_s,
        distance_m=first.distance_m + second.distance_m,
        polyline6=polyline.encode([*lines[0], *lines[1]], 6),
        swap=second.swap
        or (first.swap and replace(first.swap, after_m=first.swap.after_m + second.distance_m)),
    )
