"""An independent judge of what is dropped on the way: what is wrong with a plan, by the orders and the registry alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from dispatch.inputs import DayInputs
from dispatch.orders import Drop, Order, OrderId
from dispatch.plan import Plan, Route, Stop, Trip
from routing.places import Place


def pair_wrongs(inputs: DayInputs, plan: Plan) -> list[str]:
    """One sentence for each rule of drops that `plan` breaks."""
    orders = {each.order_id: each for each in inputs.orders}
    return [
        *_once(plan, orders),
        *(
            wrong
            for route in plan.routes
            for trip in route.trips
            for wrong in (*_carried(inputs, route, trip, orders), *_stops(inputs, trip, orders))
        ),
        *_trucks(plan, orders),
    ]


def _once(plan: Plan, orders: dict[OrderId, Order]) -> Iterator[str]:
    stops = [stop for route in plan.routes for stop in route.stops]
    picked = Counter(each for stop in stops for each in stop.order_ids)
    dropped = Counter(each.order_id for stop in stops for each in stop.dropped)
    for order_id, order in orders.items():
        if dropped[order_id] != (picked[order_id] if order.drop else 0):
            yield f"{order_id} is picked up {picked[order_id]} times and dropped {dropped[order_id]} times"
    if plan.figures.dropped != dropped.total():
        yield "the figures do not count what is dropped"


def _carried(
    inputs: DayInputs, route: Route, trip: Trip, orders: dict[OrderId, Order]
) -> Iterator[str]:
    """That what is dropped is on board, and what is on board fits: counted by the orders."""
    limits = inputs.fleet.models[route.model_id].capacities
    aboard: list[OrderId] = []
    drops = any(stop.dropped for stop in trip.stops)
    for stop in trip.stops:
        for each in stop.dropped:
            if each.order_id not in aboard:
                yield f"{each.order_id} is dropped, and nobody has picked it up on that trip before"
            else:
                aboard.remove(each.order_id)
        aboard += stop.order_ids
        held = [orders[each] for each in aboard]
        load = (
            sum(each.weight_g for each in held),
            sum(each.volume_ml for each in held),
            sum(each.pieces for each in held),
        )
        if any(limit is not None and a > limit for a, limit in zip(load, limits, strict=True)):
            yield f"{route.courier_id} carries {load} after stop {stop.seq}"
        told = stop.on_board
        if drops and (told is None or (told.weight_g, told.volume_ml, told.pieces) != load):
            yield f"stop {stop.seq} of {route.courier_id} tells another load than {load}"
    home = [orders[each] for each in aboard]
    if any(each.drop for each in home):
        yield f"a trip of {route.courier_id} brings to the depot what should be dropped on the way"
    if trip.pieces != sum(each.pieces for each in home):
        yield f"a trip of {route.courier_id} tells other pieces than it brings to the depot"


def _stops(inputs: DayInputs, trip: Trip, orders: dict[OrderId, Order]) -> Iterator[str]:
    for stop in trip.stops:
        if stop.dropped and (stop.order_ids or stop.pieces):
            yield f"stop {stop.seq} picks up and drops at once"
        left_at = stop.begin_at
        for each in stop.dropped:
            order = orders[each.order_id]
            drop = order.drop
            if drop is None:
                continue  # `_once` has said so
            if stop.place != _place(inputs, drop):
                yield f"{order.order_id} is dropped at another place"
            takes_s = drop.service_s
            if takes_s is None:
                takes_s = order.pieces * inputs.fleet.depot.service_per_piece_s
            left_at += timedelta(seconds=takes_s)
            if drop.windows and not any(
                window.earliest_at <= stop.depart_at and stop.begin_at <= window.latest_at
                for window in drop.windows
            ):
                yield f"{order.order_id} is dropped while nobody is there"
            if each.amount.pieces != order.pieces:
                yield f"{order.order_id} is dropped in part"
        if stop.dropped:
            yield from _while_open(inputs, stop)
        if stop.depart_at < left_at:
            yield f"stop {stop.seq} is left before all is handed over"


def _while_open(inputs: DayInputs, stop: Stop) -> Iterator[str]:
    hours = () if stop.point_id is None else inputs.registry.points[stop.point_id].hours
    if hours and not any(each.opens <= stop.begin_at.time() <= each.closes for each in hours):
        yield f"something is dropped at {stop.title} at {stop.begin_at:%H:%M}, when it is closed"


def _place(inputs: DayInputs, drop: Drop) -> Place | None:
    if drop.point_id is not None:
        return inputs.registry.points[drop.point_id].place
    if drop.place is not None:
        return drop.place
    assert drop.household_id is not None
    return inputs.registry.households[drop.household_id].place


def _trucks(plan: Plan, orders: dict[OrderId, Order]) -> Iterator[str]:
    to_depot = [
        each
        for route in plan.routes
        for stop in route.stops
        for each in stop.order_ids
        if orders[each].drop is None
    ]
    if sum(each.orders for each in plan.departures) != len(to_depot):
        yield "trucks leave with other orders than come to the depot"
    if sum(each.pieces for each in plan.departures) != sum(orders[i].pieces for i in to_depot):
        yield "trucks leave with other pieces than come to the depot"
