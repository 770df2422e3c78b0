"""Barring: pickups of a plan that can no longer be made, for what keepers of points say or for want of room."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import polyline

from dispatch.fates import RoadFacts
from dispatch.forecast import StopState
from dispatch.inputs import DayInputs
from dispatch.keepers import NOTHING_SAID
from dispatch.orders import Order, OrderId
from dispatch.plan import Leg, Plan, Route, Stop, Trip
from dispatch.progress import route_progress


def without_barred(plan: Plan, inputs: DayInputs, facts: RoadFacts, *, now: datetime) -> Plan:
    """
    `plan` as it can still be driven: without pickups where a point is closed when they are predicted, of what a full
    point takes no more, of parcels that stand elsewhere, and of those for which a trip has no room. Said twice, it is the same.

    A stop at which a courier has arrived stays. What was scanned in is brought by nobody any more, and nobody waits at
    a door for it: its promise is gone. `inputs` are as the keepers say, and stops of `plan` say what is carried (`as_boarded`).
    """
    without_room = too_much(plan, inputs, facts, now=now)
    if not facts.scans and not facts.notices and not without_room:
        return plan
    plan = without_orders(plan, without_room, inputs, facts, now=now)
    promises = tuple(each for each in plan.promises if each.order_id not in facts.scans)
    return replace(plan, promises=promises)


def without_orders(
    plan: Plan, gone: Collection[OrderId], inputs: DayInputs, facts: RoadFacts, *, now: datetime
) -> Plan:
    """`plan` without pickups of `gone` and of what keepers bar; a stop at which a courier has arrived stays."""
    bars = _Bars(inputs, facts, gone)
    routes = []
    for route in plan.routes:
        predicted = _predicted(route, plan, facts, now=now)
        trips = tuple(filter(None, (bars.trip(trip, predicted) for trip in route.trips)))
        if trips:
            routes.append(_with_trips(route, trips))
    return replace(plan, routes=tuple(routes))


def _predicted(
    route: Route, plan: Plan, facts: RoadFacts, *, now: datetime
) -> Mapping[int, datetime]:
    """When each stop begins to which the courier has not come yet."""
    progress = route_progress(route, facts, now=now, plan=plan)
    return {each.seq: each.eta_at for each in progress.stops if each.state is StopState.PLANNED}


def too_much(
    plan: Plan, inputs: DayInputs, facts: RoadFacts, *, now: datetime
) -> frozenset[OrderId]:
    """
    Orders that their trips no longer hold, while there are others that they do.

    First go those of which more was said since the plan was made, the last word first: nobody's parcels take the room of
    somebody else's. Then what is picked up last. Where a courier has arrived nothing goes: what is taken there is scanned.
    """
    orders = {each.order_id: each for each in inputs.orders}
    gone: set[OrderId] = set()
    for route in plan.routes:
        model = inputs.fleet.models.get(route.model_id)
        if model is None:
            continue
        predicted: Mapping[int, datetime] | None = None
        for trip in route.trips:
            over = [
                0 if limit is None else sum(loads) - limit
                for loads, limit in zip(
                    zip(*map(_loads, trip.stops), strict=True), model.capacities, strict=True
                )
            ]
            if max(over) <= 0:
                continue
            predicted = predicted or _predicted(route, plan, facts, now=now)
            ahead = [
                orders[order_id]
                for stop in reversed(trip.stops)
                if stop.seq in predicted
                for order_id in stop.order_ids
                if order_id in orders
            ]
            ahead.sort(
                key=lambda each: max(facts.grown.get(each.order_id, plan.made_at), plan.made_at),
                reverse=True,
            )
            for order in ahead:
                loads = _loads(order)
                if any(much > 0 < load for much, load in zip(over, loads, strict=True)):
                    gone.add(order.order_id)
                    over = [much - load for much, load in zip(over, loads, strict=True)]
    return frozenset(gone)


def _loads(carried: Order | Stop) -> tuple[int, int, int]:
    """In the order of a model's capacities."""
    return (carried.weight_g, carried.volume_ml, carried.pieces)


def _with_trips(route: Route, trips: tuple[Trip, ...]) -> Route:
    return route if trips == route.trips else replace(route, trips=trips)


class _Bars:
    def __init__(self, inputs: DayInputs, facts: RoadFacts, gone: Collection[OrderId]) -> None:
        self._orders = {each.order_id: each for each in inputs.orders}
        self._per_piece = timedelta(seconds=inputs.fleet.depot.service_per_piece_s)
        self._facts, self._full, self._out = facts, inputs.full, gone

    def trip(self, trip: Trip, predicted: Mapping[int, datetime]) -> Trip | None:
        """The trip with the stops and orders that are left; None: no stop is."""
        stops: list[Stop] = []
        before: Leg | None = None
        for stop in trip.stops:
            kept = stop
            if (eta_at := predicted.get(stop.seq)) is not None:
                gone = frozenset(self._gone(stop, eta_at))
                if gone.issuperset(stop.order_ids):
                    before = one_after_the_other(before, stop.leg)
                    continue
                kept = self._without(stop, gone)
            stops.append(replace(kept, leg=one_after_the_other(before, stop.leg)))
            before = None
        if not stops:
            return None
        return replace(trip, stops=tuple(stops), home=one_after_the_other(before, trip.home))

    def _gone(self, stop: Stop, eta_at: datetime) -> Iterator[OrderId]:
        point_id = stop.point_id
        notice = NOTHING_SAID
        if point_id is not None:
            notice = self._facts.notices.get(point_id, NOTHING_SAID)
        for order_id in stop.order_ids:
            if order_id not in self._orders:
                continue
            scan = self._facts.scans.get(order_id)
            if order_id in self._out:
                yield order_id
            elif scan is not None:
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


def one_after_the_other(first: Leg | None, second: Leg) -> Leg:
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
