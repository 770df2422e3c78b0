"""Departures 发车波次: which line-haul truck a trip makes, what leaves with each, and those that nobody can make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import time

from dispatch.days import DayClock
from dispatch.fleet import Depot, Fleet
from dispatch.inputs import DayInputs
from dispatch.orders import Order
from dispatch.pickup_times import truck_of
from dispatch.plan import Departure, Late, Route


def first_made_s(depot: Depot, clock: DayClock, over_s: int) -> int | None:
    """When the first truck leaves for which a trip that is over then is sorted in time; None: all have left."""
    leaving_s = map(clock.seconds_of, depot.departures)
    return next((each for each in leaving_s if over_s + depot.sorting_s <= each), None)


def late_of(orders: Iterable[Order], inputs: DayInputs, ends_s: int) -> Iterator[Late]:
    """Those of the orders of a trip, over at `ends_s`, that take a later truck than they asked for."""
    for order in orders:
        truck = truck_of(order, inputs, ends_s)
        if order.cut_off_at is not None and truck.missed and ends_s <= truck.due_s:
            yield Late(
                order_id=order.order_id,
                cut_off_at=order.cut_off_at.astimezone(inputs.clock.zone),
                departures=truck.missed,
                cost_fen=truck.cost_fen,
            )


def departures_of(routes: Sequence[Route], inputs: DayInputs) -> tuple[Departure, ...]:
    """Each departure of the depot with what leaves with it; of equal slacks the first courier's is told."""
    depot, clock = inputs.fleet.depot, inputs.clock
    told = []
    for leaves_at in (clock.moment(clock.seconds_of(each)) for each in depot.departures):
        made = [
            (route.courier_id, trip)
            for route in routes
            for trip in route.trips
            if trip.truck_at == leaves_at
        ]
        stops = [stop for _, trip in made for stop in trip.stops]
        slacks = [
            (trip.truck_slack_s, courier_id)
            for courier_id, trip in made
            if trip.truck_slack_s is not None
        ]
        slack_s, courier_id = min(slacks, key=lambda each: each[0], default=(None, None))
        told.append(
            Departure(
                leaves_at=leaves_at,
                trips=len(made),
                orders=sum(len(stop.order_ids) for stop in stops),
                pieces=sum(stop.pieces for stop in stops),
                weight_g=sum(stop.weight_g for stop in stops),
                slack_s=slack_s,
                courier_id=courier_id,
                late=sum(len(stop.late) for stop in stops),
                late_cost_fen=sum(each.cost_fen for stop in stops for each in stop.late),
            )
        )
    return tuple(told)


def departure_doubts(fleet: Fleet) -> tuple[str, ...]:
    """One sentence for each departure that no courier can make, and for a price that buys nothing."""
    depot, starts = fleet.depot, [each.shift_starts for each in fleet.couriers.values()]
    doubts = [
        f"nothing leaves with the truck at {each:%H:%M}: no courier can be back before, unloaded and sorted; "
        "correct the departure or the shifts"
        for each in depot.departures
        if starts and _seconds(each) <= _seconds(min(starts)) + depot.sorting_s
    ]
    price_fen = depot.missed_cut_off_cost_fen
    if price_fen is not None and price_fen >= depot.unserved_cost_fen:
        doubts.append(
            "a missed cut-off costs as much as leaving the order out, so none may be missed: "
            "state a missed_cut_off_cost_yuan below unserved_cost_yuan, or leave it out"
        )
    elif price_fen is not None and len(depot.departures) == 1:
        doubts.append(
            "missed_cut_off_cost_yuan is the price of a later departure, and there is only one"
        )
    return tuple(doubts)


def _seconds(local: time) -> int:
    return (local.hour * 60 + local.minute) * 60 + local.second
