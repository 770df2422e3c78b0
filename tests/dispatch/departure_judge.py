"""An independent judge of departures: unloading, sorting, trucks and what being late costs, by the orders and the depot alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch.inputs import DayInputs
from dispatch.orders import Order
from dispatch.plan import Plan, Route, Stop, Trip


def departure_wrongs(inputs: DayInputs, plan: Plan) -> list[str]:
    """One sentence for each rule of departures that `plan` breaks."""
    return [
        *(wrong for route in plan.routes for wrong in _ends(inputs, route)),
        *(
            wrong
            for route in plan.routes
            for trip in route.trips
            for wrong in _trucks(inputs, route, trip)
        ),
        *(wrong for route in plan.routes for wrong in _price(inputs, route)),
        *_table(inputs, plan),
        *dock_wrongs(inputs, plan),
    ]


def to_depot(inputs: DayInputs, stop: Stop) -> list[Order]:
    """What is picked up there, but for what is dropped on the way: that is never unloaded, and leaves with no truck."""
    picked = set(stop.order_ids)
    return [each for each in inputs.orders if each.order_id in picked and each.drop is None]


def over_at(inputs: DayInputs, trip: Trip) -> datetime:
    """When a trip is back, has waited for its dock, and all of its pieces are unloaded."""
    pieces = sum(order.pieces for stop in trip.stops for order in to_depot(inputs, stop))
    unload_s = pieces * inputs.fleet.depot.unload_per_piece_s
    return trip.back_at + timedelta(seconds=trip.dock_wait_s + unload_s)


def dock_wrongs(inputs: DayInputs, plan: Plan) -> Iterator[str]:
    """No more unload than there are docks, and nobody waits while one is free."""
    spans = [
        (trip.back_at + timedelta(seconds=trip.dock_wait_s), over_at(inputs, trip))
        for route in plan.routes
        for trip in route.trips
    ]

    def busy(moment: datetime) -> int:
        return sum(begin_at <= moment < end_at for begin_at, end_at in spans)

    docks = inputs.fleet.depot.docks
    if docks is None:
        docks = len(spans)
    for begin_at, end_at in spans:
        if begin_at < end_at and busy(begin_at) > docks:
            yield f"{busy(begin_at)} couriers unload at {begin_at}, at {docks} docks"
    for route in plan.routes:
        for trip in route.trips:
            begin_at = trip.back_at + timedelta(seconds=trip.dock_wait_s)
            if trip.dock_wait_s < 0 or begin_at != trip.docked_at:
                yield f"{route.courier_id} has another wait for a dock than it says"
            if trip.dock_wait_s and busy(begin_at - timedelta(seconds=1)) < docks:
                yield f"{route.courier_id} waits until {begin_at} while a dock is free"


def leaving(inputs: DayInputs) -> list[datetime]:
    """The day's departures."""
    depot = inputs.fleet.depot
    return [datetime.combine(inputs.day.day, each, depot.zone) for each in depot.departures]


def fate_of(
    inputs: DayInputs, order: Order, sorted_at: datetime
) -> tuple[datetime, int, int] | None:
    """The truck that binds an order sorted then, how many it missed, and for how many fen; None: it may not be so late."""
    depot, day = inputs.fleet.depot, leaving(inputs)
    wish = min(order.cut_off_at or day[-1], day[-1])
    if sorted_at <= wish:
        return wish, 0, 0
    price_fen = (
        order.late_cost_fen if order.late_cost_fen is not None else depot.missed_cut_off_cost_fen
    )
    left = [each for each in day if each > wish]
    caught = [number for number, each in enumerate(left) if sorted_at <= each]
    if order.cut_off_at is None or price_fen is None or not caught:
        return None
    missed = caught[0] + 1
    cost_fen = missed * price_fen
    return None if cost_fen >= depot.unserved_cost_fen else (left[caught[0]], missed, cost_fen)


def _ends(inputs: DayInputs, route: Route) -> Iterator[str]:
    depot, clock = inputs.fleet.depot, inputs.clock
    courier = inputs.fleet.couriers[route.courier_id]
    free_at = None
    for trip in route.trips:
        if trip.over_at != over_at(inputs, trip):
            yield f"{route.courier_id} is not unloaded when all pieces are"
        if free_at is not None and trip.leave_at < free_at:
            yield f"{route.courier_id} leaves before the last trip is unloaded"
        free_at = over_at(inputs, trip) + timedelta(seconds=depot.turnaround_s)
        _, ends_s = clock.span_of(courier.shift_starts, courier.shift_ends)
        if over_at(inputs, trip) > clock.moment(ends_s):
            yield f"{route.courier_id} unloads after the shift"


def _trucks(inputs: DayInputs, route: Route, trip: Trip) -> Iterator[str]:
    depot, who = inputs.fleet.depot, route.courier_id
    sorted_at = over_at(inputs, trip) + timedelta(seconds=depot.sorting_s)
    truck_at = next((each for each in leaving(inputs) if each >= sorted_at), None)
    told_at = {stop.truck_at for stop in trip.stops if to_depot(inputs, stop)}
    if {trip.truck_at, *told_at} != {truck_at}:
        yield f"a trip of {who} does not name the truck that it makes, at {truck_at}"
    if truck_at and trip.truck_slack_s != (truck_at - sorted_at).total_seconds():
        yield f"a trip of {who} has another slack than {truck_at - sorted_at}"
    orders = {order.order_id: order for order in inputs.orders}
    bound = []
    for stop in trip.stops:
        told = Counter((each.order_id, each.departures, each.cost_fen) for each in stop.late)
        for order_id in (each.order_id for each in to_depot(inputs, stop)):
            fate = fate_of(inputs, orders[order_id], sorted_at)
            if fate is None:
                yield f"order {order_id} is sorted at {sorted_at}: too late for any truck it may take"
                continue
            bound.append(fate[0])
            if fate[1]:
                told.subtract([(order_id, *fate[1:])])
            if any(
                each.cut_off_at != orders[order_id].cut_off_at
                for each in stop.late
                if each.order_id == order_id
            ):
                yield f"order {order_id} is late for another cut-off than its own"
        if any(told.values()) or (stop.truck_at and not to_depot(inputs, stop)):
            yield f"stop {stop.title} tells the wrong orders late, or their price, or a truck that takes nothing of it"
    if bound and trip.cut_off_at != min(bound):
        yield f"a trip of {who} must catch the truck at {min(bound)}, not at {trip.cut_off_at}"


def _price(inputs: DayInputs, route: Route) -> Iterator[str]:
    """What the route costs in all, from its own metres and moments: nothing is paid twice or forgotten."""
    depot, model = inputs.fleet.depot, inputs.fleet.models[route.model_id]
    courier = inputs.fleet.couriers[route.courier_id]
    last = route.trips[-1]
    ends_at = over_at(inputs, last)
    worked_s = (ends_at - route.trips[0].leave_at).total_seconds()
    if route.duration_s != worked_s:
        yield f"{route.courier_id} works {worked_s} s, not {route.duration_s}"
    fen = model.fixed_cost_fen + model.cost_per_km_fen * route.distance_m / 1000
    fen += model.cost_per_hour_fen * worked_s / 3600
    if depot.overtime_after_s is not None:
        over_s = max(0, worked_s - depot.overtime_after_s)
        fen += depot.overtime_cost_per_hour_fen * over_s / 3600
    known = {village for each in inputs.fleet.couriers.values() for village in each.villages}
    for trip in route.trips:
        sorted_at = over_at(inputs, trip) + timedelta(seconds=depot.sorting_s)
        for stop in trip.stops:
            fen += sum(each.walk_m * depot.walk_cost_per_km_fen / 1000 for each in stop.brought)
            if stop.village in known - courier.villages:
                return  # halts pay for that, and a plan does not tell them apart
            fates = (fate_of(inputs, each, sorted_at) for each in to_depot(inputs, stop))
            fen += sum(fate[2] for fate in fates if fate is not None)
    # A second's price is rounded to a thousandth of a fen.
    if abs(route.cost_fen - fen) > 1 + worked_s * 0.0005:
        yield f"the route of {route.courier_id} costs {fen:.1f} fen, not {route.cost_fen}"


def _table(inputs: DayInputs, plan: Plan) -> Iterator[str]:
    trips = [(route, trip) for route in plan.routes for trip in route.trips]
    if [each.leaves_at for each in plan.departures] != leaving(inputs):
        yield "the table of departures is not the depot's"
    for row in plan.departures:
        with_it = [(route, trip) for route, trip in trips if trip.truck_at == row.leaves_at]
        stops = [stop for _, trip in with_it for stop in trip.stops]
        late = [each for stop in stops for each in stop.late]
        orders = [order for stop in stops for order in to_depot(inputs, stop)]
        counted = (
            len(with_it),
            len(orders),
            sum(order.pieces for order in orders),
            sum(order.weight_g for order in orders),
            len(late),
            sum(each.cost_fen for each in late),
        )
        if counted != (
            row.trips,
            row.orders,
            row.pieces,
            row.weight_g,
            row.late,
            row.late_cost_fen,
        ):
            yield f"the departure at {row.leaves_at} does not count what leaves with it"
        slacks = {(trip.truck_slack_s, route.courier_id) for route, trip in with_it}
        least = min((slack_s for slack_s, _ in slacks), default=None)
        if row.slack_s != least or (slacks and (row.slack_s, row.courier_id) not in slacks):
            yield f"the departure at {row.leaves_at} has another least slack"
    stops = [stop for _, trip in trips for stop in trip.stops]
    late = [each for stop in stops for each in stop.late]
    if (plan.figures.late, plan.figures.late_cost_fen) != (
        len(late),
        sum(each.cost_fen for each in late),
    ):
        yield "the figures do not count the late orders"
