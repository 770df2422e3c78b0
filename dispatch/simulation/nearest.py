"""The policy `nearest`: no plan; whoever is nearest and free goes. How many depots work today."""

from __future__ import annotations

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.foreseeing import foresee, stated_s
from dispatch.simulation.known import Known
from dispatch.simulation.telling import (
    Announced,
    CourierReport,
    Fact,
    Handed,
    HandedStop,
    HandedTrip,
    OrdersAsked,
)
from dispatch.simulation.truth import Scene
from routing.places import Place


class Nearest:
    """
    Gives every free courier the order nearest to it, one at a time, the nearest pair first.

    An order is given out once the courier would find it ready. A courier for whom nothing is left that
    fits goes home with what it has; one whose vehicle has room waits where it is.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known = Known(scene)
        self._job: dict[CourierId, OrderId] = {}
        self._version = 0
        self._handed: dict[CourierId, Handed] = {}

    def begin(self, asked: OrdersAsked) -> Announced:
        self._known.hear(asked)
        return self._announce(asked.at_s)

    def hear(self, fact: Fact, now_s: int) -> None:  # noqa: ARG002 (a verb of policies)
        self._known.hear(fact)
        if isinstance(fact, CourierReport) and fact.kind != "arrived":
            job = self._job.get(fact.courier_id)
            if job in fact.order_ids:
                del self._job[fact.courier_id]

    def settle(self, now_s: int) -> Announced | None:
        gone = [
            courier_id
            for courier_id, job in self._job.items()
            if job not in self._known.orders or courier_id not in self._known.standings
        ]
        for courier_id in gone:
            del self._job[courier_id]
        given = self._give(now_s)
        return self._announce(now_s) if given or gone else None

    def route_of(self, courier_id: CourierId) -> Handed | None:
        return self._handed.get(courier_id)

    def _give(self, now_s: int) -> bool:
        """Whether anybody was given anything."""
        given = False
        waiting = set(self._known.orders) - set(self._job.values())
        free = [
            courier_id
            for courier_id, standing in self._known.standings.items()
            if courier_id not in self._job
            and not standing.at_door
            and self._is_on_shift(courier_id, now_s)
        ]
        while waiting and free:
            pairs = [
                (drive_s, order_id, courier_id)
                for courier_id in free
                for order_id in waiting
                if (drive_s := self._drive_s(courier_id, order_id, now_s)) is not None
            ]
            if not pairs:
                break
            _, order_id, courier_id = min(pairs)
            self._job[courier_id] = order_id
            waiting.remove(order_id)
            free.remove(courier_id)
            given = True
        return given

    def _is_on_shift(self, courier_id: CourierId, now_s: int) -> bool:
        starts_s, ends_s = self._scene.shift_s(self._scene.fleet.couriers[courier_id])
        return starts_s <= now_s < ends_s

    def _drive_s(self, courier_id: CourierId, order_id: OrderId, now_s: int) -> int | None:
        """Seconds to the order; None: this courier cannot fetch it now."""
        known, scene = self._known, self._scene
        order, standing = known.orders[order_id], known.standings[courier_id]
        if not known.may_carry(courier_id, order):
            return None
        if not known.fits(courier_id, (*standing.on_board, order_id)):
            return None
        place = known.places[order_id]
        profile = scene.model(courier_id).profile
        there = scene.ground.drive(profile, standing.place, place)
        home = scene.ground.drive(profile, place, scene.ground.depot)
        if there is None or home is None or stated_s(scene, order) > now_s + there.duration_s:
            return None
        depot = scene.fleet.depot
        at_door_s = depot.service_per_stop_s + order.pieces * depot.service_per_piece_s
        back_s = now_s + there.duration_s + at_door_s + home.duration_s
        due_s = min(map(known.due_s, (*standing.on_board, order_id)))
        ends_s = scene.shift_s(scene.fleet.couriers[courier_id])[1]
        return there.duration_s if back_s <= min(due_s, ends_s) else None

    def _announce(self, now_s: int) -> Announced:
        self._version += 1
        self._handed = {
            courier_id: self._route(courier_id, now_s) for courier_id in self._known.standings
        }
        return Announced(at_s=now_s, version=self._version, routes=self._handed)

    def _route(self, courier_id: CourierId, now_s: int) -> Handed:
        known, job = self._known, self._job.get(courier_id)
        if job is None:
            on_board = known.standings[courier_id].on_board
            stays = not on_board or any(
                known.fits(courier_id, (*on_board, each)) for each in known.orders
            )
            return self._one_trip(now_s, (), stays=stays)
        stop = HandedStop(place=known.places[job], order_ids=(job,), begin_s=now_s)
        trip = HandedTrip(leave_s=now_s, stops=(stop,), stays=True)
        begins_s = foresee(
            self._scene,
            courier_id,
            known.at(courier_id, now_s),
            (trip,),
            known.orders,
            {},
            now_s=now_s,
        ).begins_s
        return self._one_trip(now_s, ((known.places[job], job, begins_s[job]),), stays=True)

    def _one_trip(
        self, now_s: int, stops: tuple[tuple[Place, OrderId, int], ...], *, stays: bool
    ) -> Handed:
        handed = tuple(
            HandedStop(place=place, order_ids=(order_id,), begin_s=begin_s)
            for place, order_id, begin_s in stops
        )
        trip = HandedTrip(leave_s=now_s, stops=handed, stays=stays)
        return Handed(version=self._version, trips=(trip,))
