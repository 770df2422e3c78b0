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
from dispatch.timetable import rows_of


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
    """Each departure of the day with what leaves with it."""
    clock = inputs.clock
    leaving = [clock.moment(clock.seconds_of(each)) for each in inputs.fleet.depot.departures]
    planned = {at: planned_at for planned_at, at in inputs.trucks.items() if at is not None}
    return rows_of(routes, leaving, planned)


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
