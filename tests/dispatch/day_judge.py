"""An independent judge of a whole day: what is wrong with a plan, by the orders and the registry alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch.fleet import Courier
from dispatch.households import CollectionPoint
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order
from dispatch.plan import Plan, Route, Stop, Trip
from routing.places import Place, great_circle_m
from tests.dispatch.departure_judge import departure_wrongs


def wrongs(inputs: DayInputs, plan: Plan) -> list[str]:
    """One sentence for each rule that `plan` breaks."""
    return [
        *_accounted(inputs, plan),
        *_points(inputs, plan),
        *_moments(inputs, plan),
        *departure_wrongs(inputs, plan),
    ]


def _accounted(inputs: DayInputs, plan: Plan) -> Iterator[str]:
    stops = [stop for route in plan.routes for stop in route.stops]
    seen = Counter(order_id for stop in stops for order_id in stop.order_ids)
    seen.update(each.order_id for each in plan.unserved)
    for order in inputs.orders:
        if seen[order.order_id] != 1:
            yield f"order {order.order_id} is there {seen[order.order_id]} times"
    if set(seen) != {order.order_id for order in inputs.orders}:
        yield "the plan holds orders that nobody asked for"
    figures = plan.figures
    if (figures.orders, figures.served) != (
        len(inputs.orders),
        len(inputs.orders) - len(plan.unserved),
    ):
        yield "the figures do not count the orders"
    if figures.brought != sum(len(stop.brought) for stop in stops):
        yield "the figures do not count what households bring"


def _points(inputs: DayInputs, plan: Plan) -> Iterator[str]:
    orders = {order.order_id: order for order in inputs.orders}
    filled: dict[str, list[Order]] = {}
    for stop in (stop for route in plan.routes for stop in route.stops):
        picked = [orders[each] for each in stop.order_ids]
        if stop.pieces != sum(order.pieces for order in picked):
            yield f"stop {stop.title} does not sum its pieces"
        told = {each.order_id: each for each in stop.brought}
        brought = [order for order in picked if order.point_id != stop.point_id]
        if stop.point_id is None:
            if told:
                yield f"stop {stop.title} is no point, and yet something is brought there"
            continue
        if set(told) != {order.order_id for order in brought}:
            yield f"stop {stop.title} does not say who brings what"
        filled.setdefault(stop.point_id, []).extend(picked)
        point = inputs.registry.points[stop.point_id]
        for order in brought:
            yield from _bringing(inputs, order, point, stop)
    for point_id, picked in filled.items():
        point = inputs.registry.points[point_id]
        brought = [order for order in picked if order.point_id != point_id]
        pieces = sum(order.pieces for order in picked)
        volume_ml = sum(order.volume_ml for order in picked)
        if brought and pieces > (point.capacity_pieces or pieces):
            yield f"point {point_id} holds {pieces} pieces"
        if brought and volume_ml > (point.capacity_volume_ml or volume_ml):
            yield f"point {point_id} holds {volume_ml} ml"


def _bringing(inputs: DayInputs, order: Order, point: CollectionPoint, stop: Stop) -> Iterator[str]:
    accepted = order.points
    if accepted is None:
        accepted = inputs.registry.households[order.household_id].points
    if point.point_id not in accepted:
        yield f"order {order.order_id} is brought where its household does not go"
    if order.handling & {Handling.TWO_PERSON, Handling.COLD}:
        yield f"order {order.order_id} is no goods that a household brings"
    if Handling.BULKY in order.handling and not point.takes_bulky:
        yield f"order {order.order_id} is bulky, and {point.point_id} takes none"
    walk_m = 1.3 * great_circle_m(_home(inputs, order), point.place)
    (told_m,) = [each.walk_m for each in stop.brought if each.order_id == order.order_id]
    if abs(told_m - walk_m) > 1 or told_m > inputs.fleet.depot.walk_max_m:
        yield f"order {order.order_id} is brought {told_m} m, by the map {walk_m:.0f} m"
    if order.ready_at and stop.depart_at < order.ready_at + timedelta(seconds=walk_m / 1.2 - 1):
        yield f"order {order.order_id} cannot be at the point when the courier leaves it"


def _home(inputs: DayInputs, order: Order) -> Place:
    place = order.place or inputs.registry.households[order.household_id].place
    assert place is not None
    return place


def _moments(inputs: DayInputs, plan: Plan) -> Iterator[str]:
    for route in plan.routes:
        courier = inputs.fleet.couriers[route.courier_id]
        if route.trips[0].leave_at.time() < courier.shift_starts:
            yield f"{route.courier_id} leaves before the shift"
        for trip in route.trips:
            yield from _trip(inputs, route, trip, courier)


def _trip(inputs: DayInputs, route: Route, trip: Trip, courier: Courier) -> Iterator[str]:
    depot = inputs.fleet.depot
    left_at, stands_at = trip.leave_at, depot.place
    for stop in trip.stops:
        setup = timedelta(seconds=stop.setup_s)
        arrive_at = left_at + timedelta(seconds=stop.leg.duration_s)
        # What is dropped where something was picked up needs nobody to park again.
        if stop.setup_s < (0 if stop.place == stands_at else depot.service_per_stop_s):
            yield f"stop {stop.title} has no time to park"
        if stop.arrive_at < arrive_at:
            yield f"stop {stop.title} is reached faster than its leg"
        if stop.arrive_at > arrive_at + _rested(route, left_at, stop.arrive_at):
            yield f"stop {stop.title} is reached later than its leg and breaks say"
        if stop.begin_at < stop.arrive_at + setup + _rested(route, stop.arrive_at, stop.begin_at):
            yield f"stop {stop.title} begins before its setup is done"
        work = timedelta(seconds=stop.pieces * depot.service_per_piece_s)
        if stop.depart_at < stop.begin_at + work:
            yield f"stop {stop.title} is left before its pieces are loaded"
        if any(
            stop.arrive_at > rest.starts_at > left_at and stop.arrive_at < rest.ends_at
            for rest in route.breaks
        ):
            yield f"stop {stop.title} is reached while the courier rests"
        yield from _open(inputs, stop)
        left_at, stands_at = stop.depart_at, stop.place


def _rested(route: Route, from_at: datetime, until_at: datetime) -> timedelta:
    """Breaks begun between the two."""
    return sum(
        (
            rest.ends_at - rest.starts_at
            for rest in route.breaks
            if from_at <= rest.starts_at < until_at
        ),
        timedelta(),
    )


def _open(inputs: DayInputs, stop: Stop) -> Iterator[str]:
    orders = [order for order in inputs.orders if order.order_id in stop.order_ids]
    if stop.point_id is not None:
        hours = inputs.registry.points[stop.point_id].hours
        if hours and not any(each.opens <= stop.begin_at.time() <= each.closes for each in hours):
            yield f"point {stop.title} is closed at {stop.begin_at:%H:%M}"
        return
    for order in orders:
        if order.windows and not any(
            each.earliest_at <= stop.depart_at and stop.begin_at <= each.latest_at
            for each in order.windows
        ):
            yield f"order {order.order_id} is picked up while nobody is there"
        if order.ready_at and stop.depart_at < order.ready_at:
            yield f"order {order.order_id} is picked up before it is ready"
