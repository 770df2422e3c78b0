"""Offers: at which collection points an order may be picked up as well, brought there by its household."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Final

from dispatch.fleet import Courier, Fleet
from dispatch.households import CollectionPoint, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.pickup_times import brought_to_point, trucks_of
from routing.places import Place, great_circle_m

WALKING_M_PER_S: Final = 1.2
"""With parcels in hand. Chosen, not measured."""

DETOUR: Final = 1.3
"""Metres walked for each metre of the straight line: lanes and field paths bend. Chosen, not measured."""

_NEVER_BROUGHT: Final = frozenset({Handling.TWO_PERSON, Handling.COLD})
"""One person cannot carry the one, and nobody knows of a point whether it can cool the other."""

_ENDLESS: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Offer:
    """A point to which a household would bring an order, `walk_m` on foot away from it."""

    point: CollectionPoint
    walk_m: int

    @property
    def walk_s(self) -> int:
        return round(self.walk_m / WALKING_M_PER_S)


def accepted_points(order: Order, registry: Registry) -> tuple[CollectionPoint, ...]:
    """
    The points to which the household of `order` would bring it; none if it waits at one already, or is dropped on the way.

    Ids that the registry does not have are passed over: the door is always left.
    """
    if order.point_id is not None or order.unclear or order.drop is not None:
        return ()
    stated = order.points
    if stated is None:
        household = (
            None if order.household_id is None else registry.households.get(order.household_id)
        )
        stated = () if household is None else household.points
    return tuple(
        registry.points[point_id]
        for point_id in dict.fromkeys(stated)
        if point_id in registry.points
    )


def offers_of(
    waiting: Iterable[tuple[Order, Place]], inputs: DayInputs, reached: Collection[PointId]
) -> Mapping[OrderId, tuple[Offer, ...]]:
    """
    The points at which each of the orders may be picked up besides its own place, nearest first.

    All that is offered at a point fits into it, beside what waits there anyway: the nearest are
    offered first, an earlier order id wins a tie, and what no longer fits is passed over. `reached`
    are the points that a vehicle can drive to.
    """
    rooms = {
        point_id: _Room(point, inputs)
        for point_id, point in inputs.registry.points.items()
        if point_id in reached and not _uselessness(point, inputs.fleet)
    }
    candidates = [
        (order, offer)
        for order, place in waiting
        for offer in _walks(order, place, inputs)
        if offer.point.point_id in rooms
    ]
    candidates.sort(key=lambda each: (each[1].walk_m, each[0].order_id, each[1].point.point_id))
    offers: dict[OrderId, list[Offer]] = {}
    for order, offer in candidates:
        if rooms[offer.point.point_id].takes(order):
            offers.setdefault(order.order_id, []).append(offer)
    return {order_id: tuple(nearest_first) for order_id, nearest_first in offers.items()}


class _Room:
    """
    What still fits into a point, the orders that wait there anyway, or are dropped there, taken off first.

    Of a full point the keeper's word counts, whatever its capacity was thought to be.
    """

    def __init__(self, point: CollectionPoint, inputs: DayInputs) -> None:
        self._full = inputs.full.get(point.point_id)
        pieces, volume_ml = point.capacity_pieces, point.capacity_volume_ml
        self._pieces = _ENDLESS if pieces is None else pieces
        self._volume_ml = _ENDLESS if volume_ml is None else volume_ml
        if self._full is not None:
            self._pieces, self._volume_ml = self._full.spare_pieces, _ENDLESS
            return
        for order in inputs.orders:
            dropped_at = None if order.drop is None else order.drop.point_id
            if point.point_id in (order.point_id, dropped_at):
                self._pieces -= order.pieces
                self._volume_ml -= order.volume_ml

    def takes(self, order: Order) -> bool:
        """Whether `order` fits; then its room is gone."""
        if self._full is not None and order.order_id in self._full.coming:
            return True
        if order.pieces > self._pieces or order.volume_ml > self._volume_ml:
            return False
        self._pieces -= order.pieces
        self._volume_ml -= order.volume_ml
        return True


def _walks(order: Order, place: Place, inputs: DayInputs) -> Iterator[Offer]:
    """Points to which `order` can be carried, and at which it then still catches a truck that it may take."""
    if order.handling & _NEVER_BROUGHT:
        return
    for point in accepted_points(order, inputs.registry):
        offer = Offer(point, round(DETOUR * great_circle_m(place, point.place)))
        if offer.walk_m > inputs.fleet.depot.walk_max_m:
            continue
        if Handling.BULKY in order.handling and not point.takes_bulky:
            continue
        windows = brought_to_point(order, inputs, point.hours, walk_s=offer.walk_s)
        if windows and windows[0].earliest_s <= trucks_of(order, inputs)[-1].due_s:
            yield offer


def useless_points(fleet: Fleet, registry: Registry) -> tuple[str, ...]:
    """One sentence for each point to which no household can bring anything, and why."""
    return tuple(
        f"nobody brings parcels to point {point_id}: {why}"
        for point_id, point in sorted(registry.points.items())
        if (why := _uselessness(point, fleet))
    )


def _uselessness(point: CollectionPoint, fleet: Fleet) -> str:
    if point.capacity_pieces == 0 or point.capacity_volume_ml == 0:
        return "its capacity is 0; leave the capacity out if no limit is known"
    couriers = fleet.couriers.values()
    if point.hours and couriers and not any(is_open_for(point, each) for each in couriers):
        return "it is never open during a courier's shift; correct its hours or the shifts"
    return ""


def is_open_for(point: CollectionPoint, courier: Courier) -> bool:
    """Whether the point is open at any moment of the shift, which may run past midnight."""
    starts, ends = courier.shift_starts, courier.shift_ends
    spans = [(starts, ends)] if starts < ends else [(starts, time.max), (time.min, ends)]
    return any(
        each.opens < span_ends and span_starts < each.closes
        for each in point.hours
        for span_starts, span_ends in spans
    )
