"""What a courier has on board by what was scanned alone, whatever any plan says: the contract counts for itself."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.amounts import Amount
from dispatch.fates import RoadFacts
from dispatch.orders import OrderId
from dispatch.plan import Route, Trip


def scanned_in(
    trip: Trip, route: Route, facts: RoadFacts, said: Mapping[OrderId, Amount]
) -> list[Amount]:
    """
    What the route's courier has scanned in this trip of it; `said` is how much each collected order was to be.

    Of an order that stands in none of the courier's stops the moment of the scan tells the trip.
    """
    own = {each: trip for trip in route.trips for stop in trip.stops for each in stop.order_ids}
    aboard = []
    for order_id, carrier in facts.carriers.items():
        if carrier != route.courier_id or order_id not in said:
            continue
        begun = [each for each in route.trips if each.leave_at <= facts.fates[order_id].at]
        if own.get(order_id, begun[-1] if begun else route.trips[0]) is trip:
            counted = facts.counted.get(order_id)
            aboard.append(said[order_id] if counted is None else counted.of(said[order_id]))
    return aboard
