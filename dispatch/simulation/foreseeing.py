"""Foreseeing: how a courier's route would go on if every drive and door took just what is planned for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.telling import HandedStop, HandedTrip
from dispatch.simulation.truth import Scene
from routing.places import Place

NEVER_S: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Where a courier is, or is about to be, and from when on it may do something new.

    at_door
        Orders of the stop there that are still to be picked up, ready for the first parcel at `free_s`.
    on_board
        What it carries.
    rested
        How many of its breaks are over.
    """

    place: Place
    free_s: int
    is_away: bool
    at_door: tuple[OrderId, ...] = ()
    on_board: tuple[OrderId, ...] = ()
    rested: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """A return to the depot, with what is then on board."""

    at_s: int
    order_ids: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`begins_s` are those of the orders still to be picked up; the shift is over with the last of `backs`."""

    begins_s: Mapping[OrderId, int]
    backs: tuple[Back, ...]
    distance_m: int


def stated_s(scene: Scene, order: Order) -> int:
    """From when on an order may be picked up, as it was stated."""
    ready_s = 0 if order.ready_at is None else scene.clock.seconds(order.ready_at)
    opens_s = [scene.clock.seconds(each.earliest_at) for each in order.windows]
    return max(ready_s, min(opens_s, default=0))


def foresee(
    scene: Scene,
    courier_id: CourierId,
    standing: Standing,
    trips: Sequence[HandedTrip],
    orders: Mapping[OrderId, Order],
    earliest_s: Mapping[OrderId, int],
    *,
    now_s: int,
) -> Foreseen:
    """
    Go through `trips` from `standing`; the first goes on with what is on board.

    Who was free on the road is on the way since, and is nowhere before `now_s`: nothing newer was heard. Only orders in `orders` are picked up: leave out those that are over. Nothing begins before its
    `earliest_s`, where it has one.
    """
    going = _Going(scene, courier_id, standing, orders, earliest_s, now_s)
    if standing.at_door:
        going.serve([each for each in standing.at_door if each in orders], not_before_s=0)
    if not trips or (standing.is_away and not _open(trips[0].stops, orders)):
        going.go_home()
        trips = trips[1:]
    for trip in trips:
        stops = _open(trip.stops, orders)
        if not stops:
            continue
        if not going.is_away:
            going.clock_s = max(going.clock_s, trip.leave_s)
        for stop in stops:
            going.visit(stop)
        going.go_home()
    return Foreseen(going.begins_s, tuple(going.backs), going.distance_m)


def _open(stops: Iterable[HandedStop], orders: Mapping[OrderId, Order]) -> list[HandedStop]:
    return [stop for stop in stops if any(each in orders for each in stop.order_ids)]


class _Going:
    def __init__(
        self,
        scene: Scene,
        courier_id: CourierId,
        standing: Standing,
        orders: Mapping[OrderId, Order],
        earliest_s: Mapping[OrderId, int],
        now_s: int,
    ) -> None:
        courier = scene.fleet.couriers[courier_id]
        self._scene = scene
        self._orders = orders
        self._earliest_s = earliest_s
        self._profile = scene.model(courier_id).profile
        self._rests = sorted(courier.breaks, key=lambda each: each.earliest)[standing.rested :]
        self._place = standing.place
        self._on_board = [*standing.on_board]
        self.is_away = standing.is_away
        self._now_s = now_s
        self.clock_s = max(standing.free_s, scene.shift_s(courier)[0])
        if not standing.is_away:
            self.clock_s = max(self.clock_s, now_s)
        self.begins_s: dict[OrderId, int] = {}
        self.backs: list[Back] = []
        self.distance_m = 0

    def visit(self, stop: HandedStop) -> None:
        self._rest()
        depot = self._scene.fleet.depot
        if stop.place != self._place:
            self._drive(stop.place)
            self.clock_s += depot.service_per_stop_s + self._scene.ground.walk_s(stop.place)
        self.is_away = True
        order_ids = [each for each in stop.order_ids if each in self._orders]
        self.serve(
            [each for each in order_ids if each not in self.begins_s],
            not_before_s=stop.not_before_s,
        )

    def serve(self, order_ids: Sequence[OrderId], *, not_before_s: int) -> None:
        if not order_ids:
            return
        stated = {each: stated_s(self._scene, self._orders[each]) for each in order_ids}
        announced_s = min(
            (self._earliest_s[each] for each in order_ids if each in self._earliest_s), default=0
        )
        stated_first_s = min(stated.values())
        self.clock_s = max(self.clock_s, self._now_s, not_before_s, announced_s, stated_first_s)
        self.begins_s.update(dict.fromkeys(order_ids, self.clock_s))
        for order_id in sorted(order_ids, key=stated.__getitem__):
            pieces = self._orders[order_id].pieces
            self.clock_s = max(self.clock_s, stated[order_id])
            self.clock_s += pieces * self._scene.fleet.depot.service_per_piece_s
            self._on_board.append(order_id)

    def go_home(self) -> None:
        if not self.is_away:
            return
        self._drive(self._scene.ground.depot)
        self.backs.append(Back(self.clock_s, tuple(self._on_board)))
        self.clock_s += self._scene.fleet.depot.turnaround_s
        self._on_board.clear()
        self.is_away = False

    def _drive(self, target: Place) -> None:
        drive = self._scene.ground.drive(self._profile, self._place, target)
        self.clock_s += NEVER_S if drive is None else drive.duration_s
        self.distance_m += 0 if drive is None else drive.distance_m
        self.clock_s = max(self.clock_s, self._now_s)
        self._place = target

    def _rest(self) -> None:
        clock = self._scene.clock
        while self._rests and self.clock_s >= clock.seconds_of(self._rests[0].earliest):
            self.clock_s += self._rests.pop(0).duration_s
