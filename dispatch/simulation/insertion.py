"""The policy `insertion`: a plan in the morning, and each later order in its cheapest place of what is left of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.foreseeing import Foreseen, foresee
from dispatch.simulation.known import Known
from dispatch.simulation.promises import Ledger
from dispatch.simulation.telling import (
    Announced,
    CourierOut,
    Fact,
    Handed,
    HandedStop,
    HandedTrip,
    OrdersAsked,
    OrderTakenBack,
)
from dispatch.simulation.truth import Scene
from routing.places import Place


class PlansMornings(Protocol):
    """Makes the first plan of a day."""

    def __call__(self, asked: OrdersAsked) -> Announced: ...


class Insertion:
    """
    Never moves what is planned: a later order goes between two stops, by the shortest detour that keeps
    every load, window, truck, shift and promise, as far as can be foreseen.

    Whoever drops out leaves its orders to be put in anew. What fits nowhere waits for the next courier to come back.
    """

    def __init__(self, scene: Scene, plan_morning: PlansMornings) -> None:
        self._scene = scene
        self._plan_morning = plan_morning
        self._known = Known(scene)
        self._ledger = Ledger(scene)
        self._trips: dict[CourierId, list[HandedTrip]] = {}
        self._breaks_s: dict[CourierId, tuple[int, ...]] = {}
        self._waiting: list[OrderId] = []
        self._changed: set[CourierId] = set()
        self._announced: Announced | None = None

    def begin(self, asked: OrdersAsked) -> Announced:
        self._known.hear(asked)
        announced = self._plan_morning(asked)
        for courier_id in self._scene.fleet.couriers:
            handed = announced.routes.get(courier_id)
            self._trips[courier_id] = [] if handed is None else list(handed.trips)
            self._breaks_s[courier_id] = () if handed is None else handed.break_starts_s
        planned = {
            order for handed in announced.routes.values() for stop in handed.stops
            for order in stop.order_ids
        }  # fmt: skip
        self._waiting = [each.order_id for each in asked.orders if each.order_id not in planned]
        self._announced = announced
        self._ledger.take(announced)
        return announced

    def hear(self, fact: Fact, now_s: int) -> None:  # noqa: ARG002 (a verb of policies)
        self._known.hear(fact)
        match fact:
            case OrdersAsked(orders=orders):
                self._waiting += [each.order_id for each in orders]
            case OrderTakenBack(order_id=order_id):
                self._changed |= {
                    courier_id
                    for courier_id, trips in self._trips.items()
                    if any(order_id in stop.order_ids for trip in trips for stop in trip.stops)
                }
            case CourierOut(courier_id=courier_id):
                for trip in self._trips.pop(courier_id, []):
                    self._waiting += [
                        each
                        for stop in trip.stops
                        for each in stop.order_ids
                        if each in self._known.orders
                    ]
                self._changed.add(courier_id)
            case _:
                pass

    def settle(self, now_s: int) -> Announced | None:
        self._waiting = [
            each
            for each in self._waiting
            if each in self._known.orders and not self._insert(each, now_s)
        ]
        if not self._changed:
            return None
        assert self._announced is not None, "a day begins with a plan"
        version = self._announced.version + 1
        routes = {
            courier_id: replace(handed, version=version)
            for courier_id, handed in self._announced.routes.items()
            if courier_id in self._trips
        }
        for courier_id in self._changed & self._trips.keys():
            routes[courier_id] = self._timed(courier_id, now_s, version)
        self._changed.clear()
        self._announced = Announced(at_s=now_s, version=version, routes=routes)
        self._ledger.take(self._announced)
        return self._announced

    def route_of(self, courier_id: CourierId) -> Handed | None:
        return None if self._announced is None else self._announced.routes.get(courier_id)

    def _insert(self, order_id: OrderId, now_s: int) -> bool:
        """Put the order where the detour is shortest; False: it fits nowhere now."""
        order = self._known.orders[order_id]
        places = sorted(
            (
                (detour_s, courier_id, number, position)
                for courier_id in self._trips
                if self._known.may_carry(courier_id, order)
                for detour_s, number, position in self._places(courier_id, order, now_s)
            ),
        )
        for _, courier_id, number, position in places:
            trips = self._with(courier_id, order, number, position, now_s)
            if self._holds(courier_id, trips, now_s):
                self._trips[courier_id] = trips
                self._changed.add(courier_id)
                return True
        return False

    def _places(
        self, courier_id: CourierId, order: Order, now_s: int
    ) -> Iterator[tuple[int, int, int]]:
        """Detour in seconds, trip and position of every place that is not behind the courier."""
        place, depot = self._known.places[order.order_id], self._scene.ground.depot
        standing = self._known.at(courier_id, now_s)
        profile = self._scene.model(courier_id).profile

        def detour_s(before: Place, after: Place) -> int | None:
            ground = self._scene.ground
            legs = [
                ground.drive(profile, before, place),
                ground.drive(profile, place, after),
                ground.drive(profile, before, after),
            ]
            there, on, straight = legs
            if there is None or on is None or straight is None:
                return None
            return there.duration_s + on.duration_s - straight.duration_s

        trips = self._ahead(courier_id)
        for number, trip in enumerate(trips):
            is_present = number == 0 and standing.is_away
            start = standing.place if is_present else depot
            doors = [start, *(stop.place for stop in trip.stops), depot]
            # Whoever is on the way to a door, or stands at one, goes there first.
            for position in range(1 if is_present and trip.stops else 0, len(trip.stops) + 1):
                found = detour_s(doors[position], doors[position + 1])
                if found is not None:
                    yield found, number, position
        model = self._scene.model(courier_id)
        if len(trips) < model.trips_max or not trips:
            found = detour_s(depot, depot)
            if found is not None:
                yield found, len(trips), 0

    def _ahead(self, courier_id: CourierId) -> list[HandedTrip]:
        """The trips with their open stops; those that have none left are over, but for the present one."""
        known, standing = self._known, self._known.standings[courier_id]
        on_board = {*standing.on_board, *standing.at_door}
        trips: list[HandedTrip] = []
        for trip in self._trips[courier_id]:
            stops = tuple(
                stop for stop in trip.stops if any(each in known.orders for each in stop.order_ids)
            )
            is_present = any(on_board.intersection(stop.order_ids) for stop in trip.stops)
            if stops or is_present:
                trips.append(replace(trip, stops=stops))
        return trips

    def _with(
        self, courier_id: CourierId, order: Order, number: int, position: int, now_s: int
    ) -> list[HandedTrip]:
        trips = self._ahead(courier_id)
        stop = HandedStop(
            place=self._known.places[order.order_id], order_ids=(order.order_id,), begin_s=now_s
        )
        if number == len(trips):
            return [*trips, HandedTrip(leave_s=now_s, stops=(stop,))]
        stops = trips[number].stops
        trips[number] = replace(trips[number], stops=(*stops[:position], stop, *stops[position:]))
        return trips

    def _foreseen(self, courier_id: CourierId, trips: Sequence[HandedTrip], now_s: int) -> Foreseen:
        earliest_s = {each.order_id: each.earliest_s for each in self._ledger.made.values()}
        return foresee(
            self._scene,
            courier_id,
            self._known.at(courier_id, now_s),
            trips,
            self._known.orders,
            earliest_s,
            now_s=now_s,
        )

    def _holds(self, courier_id: CourierId, trips: Sequence[HandedTrip], now_s: int) -> bool:
        known = self._known
        foreseen = self._foreseen(courier_id, trips, now_s)
        for order_id, begin_s in foreseen.begins_s.items():
            promised = self._ledger.made.get(order_id)
            latest_s = known.latest_s(order_id) if promised is None else promised.latest_s
            if begin_s > latest_s:
                return False
        ends_s = self._scene.shift_s(self._scene.fleet.couriers[courier_id])[1]
        return all(
            back.at_s <= min([ends_s, *map(known.due_s, back.order_ids)])
            and known.fits(courier_id, back.order_ids)
            for back in foreseen.backs
        )

    def _timed(self, courier_id: CourierId, now_s: int, version: int) -> Handed:
        """The courier's route with the moments now foreseen; of a stop that is over, the ones it had."""
        begins_s = self._foreseen(courier_id, self._trips[courier_id], now_s).begins_s

        def timed(stop: HandedStop) -> HandedStop:
            found = [begins_s[each] for each in stop.order_ids if each in begins_s]
            return replace(stop, begin_s=min(found)) if found else stop

        trips = tuple(
            replace(trip, stops=tuple(map(timed, trip.stops))) for trip in self._trips[courier_id]
        )
        return Handed(version=version, trips=trips, break_starts_s=self._breaks_s[courier_id])
