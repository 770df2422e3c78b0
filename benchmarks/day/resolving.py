"""
The policy of a full re-solve: every ten minutes what is left of the day is a new problem for a peer's solver.

The solver is told where couriers stand (a courier on the way to a door, or at one, first ends there), what
they carry, and what is open; it knows no promise. It is told to keep the depot's slack before trucks, shifts' ends and the
ends of windows, as far as it is still there. Its answer is handed out as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.foreseeing import Foreseen, Standing, foresee, stated_s
from dispatch.simulation.known import Known
from dispatch.simulation.telling import (
    Announced,
    CourierBack,
    CourierReport,
    Fact,
    Handed,
    HandedStop,
    HandedTrip,
    OrdersAsked,
)
from dispatch.simulation.truth import Scene
from routing.places import Place

EVERY_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """`latest_s` is the shift's end, or the first truck that something on board must catch."""

    courier_id: CourierId
    place: Place
    is_away: bool
    free_s: int
    latest_s: int
    ends_s: int
    load: tuple[int, int, int]
    capacities: tuple[int, int, int]
    trips_max: int
    fixed_cost: int
    cost_per_m: int
    cost_per_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`allowed` are numbers of vehicles."""

    order_id: OrderId
    place: Place
    service_s: int
    earliest_s: int
    latest_s: int
    load: tuple[int, int, int]
    prize: int
    allowed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """What is left of a day, in millifen, seconds and metres."""

    scene: Scene
    now_s: int
    vehicles: tuple[Vehicle, ...]
    clients: tuple[Client, ...]

    def drive(self, vehicle: int, origin: Place, target: Place) -> tuple[int, int]:
        """Seconds, with parking and finding the door where the target is one, and metres."""
        profile = self.scene.model(self.vehicles[vehicle].courier_id).profile
        drive = self.scene.ground.drive(profile, origin, target)
        assert drive is not None
        setup_s = 0
        if target not in (origin, self.scene.ground.depot):
            setup_s = self.scene.fleet.depot.service_per_stop_s + self.scene.ground.walk_s(target)
        return drive.duration_s + setup_s, drive.distance_m


Trips = list[list[list[int]]]
"""For each vehicle its trips, for each trip its clients: numbers of `Remainder.clients`."""

Solve = Callable[[Remainder, float, int], Trips | None]
"""Seconds and a seed to an answer; None: it found none, and what was announced stays."""


class Resolving:
    def __init__(
        self, scene: Scene, solve: Solve, *, budget_s: float, morning_budget_s: float, seed: int
    ) -> None:
        self._scene = scene
        self._solve = solve
        self._budget_s, self._morning_budget_s, self._seed = budget_s, morning_budget_s, seed
        self._known = Known(scene)
        self._is_news = False
        self._solved_s = 0
        self._version = 0
        self._handed: dict[CourierId, Handed] = {}

    def begin(self, asked: OrdersAsked) -> Announced:
        self._known.hear(asked)
        announced = self._resolve(asked.at_s, self._morning_budget_s)
        if announced is None:
            raise RuntimeError("the solver found no plan for the morning")
        return announced

    def hear(self, fact: Fact, now_s: int) -> None:  # noqa: ARG002 (a verb of policies)
        self._known.hear(fact)
        self._is_news |= not isinstance(fact, CourierReport | CourierBack)

    def settle(self, now_s: int) -> Announced | None:
        if not self._is_news or now_s < self._solved_s + EVERY_S:
            return None
        return self._resolve(now_s, self._budget_s)

    def route_of(self, courier_id: CourierId) -> Handed | None:
        return self._handed.get(courier_id)

    def _resolve(self, now_s: int, budget_s: float) -> Announced | None:
        self._is_news, self._solved_s = False, now_s
        heads: dict[CourierId, tuple[HandedStop, ...]] = {}
        vehicles = []
        for courier_id in self._known.standings:
            vehicle, heads[courier_id] = self._vehicle(courier_id, now_s)
            if vehicle is not None:
                vehicles.append(vehicle)
        committed = {each for stops in heads.values() for stop in stops for each in stop.order_ids}
        remainder = Remainder(
            scene=self._scene,
            now_s=now_s,
            vehicles=tuple(vehicles),
            clients=self._clients(vehicles, committed, now_s),
        )
        trips = self._solve(remainder, budget_s, self._seed) if vehicles else None
        if trips is None:
            return None
        self._version += 1
        handed = {
            vehicle.courier_id: self._route(remainder, number, trips[number], heads)
            for number, vehicle in enumerate(vehicles)
        }
        # Who has no time left for anything new keeps what was begun.
        self._handed = {
            courier_id: handed.get(
                courier_id,
                Handed(
                    version=self._version,
                    trips=(HandedTrip(leave_s=now_s, stops=heads[courier_id]),),
                ),
            )
            for courier_id in self._known.standings
        }
        return Announced(at_s=now_s, version=self._version, routes=self._handed)

    def _head(self, courier_id: CourierId, standing: Standing) -> tuple[HandedStop, ...]:
        """The stop that the courier is at or on the way to."""
        handed = self._handed.get(courier_id)
        if handed is None or not standing.is_away or standing.at_door:
            return ()
        for stop in handed.stops:
            if any(each in self._known.orders for each in stop.order_ids):
                return (stop,)
        return ()

    def _vehicle(
        self, courier_id: CourierId, now_s: int
    ) -> tuple[Vehicle | None, tuple[HandedStop, ...]]:
        known, scene = self._known, self._scene
        standing = known.at(courier_id, now_s)
        head = self._head(courier_id, standing)
        place, on_board = standing.place, list(standing.on_board)
        free_s = standing.free_s if head else max(standing.free_s, now_s)
        at_door = [*standing.at_door, *(each for stop in head for each in stop.order_ids)]
        at_door = [each for each in at_door if each in known.orders]
        for stop in head:
            drive = scene.ground.drive(scene.model(courier_id).profile, place, stop.place)
            assert drive is not None
            place = stop.place
            there_s = free_s + drive.duration_s + scene.fleet.depot.service_per_stop_s
            free_s = max(now_s, there_s)
        for order_id in at_door:
            order = known.orders[order_id]
            free_s = max(free_s, stated_s(scene, order))
            free_s += order.pieces * scene.fleet.depot.service_per_piece_s
            on_board.append(order_id)
        model = scene.model(courier_id)
        ends_s = scene.shift_s(scene.fleet.couriers[courier_id])[1]
        latest_s = min([ends_s, *map(known.due_s, on_board)])
        load = known.load(on_board)
        limits = (model.capacity_weight_g, model.capacity_volume_ml, model.capacity_pieces)
        home = scene.ground.drive(model.profile, place, scene.ground.depot)
        assert home is not None
        fits = all(limit is None or part <= limit for part, limit in zip(load, limits, strict=True))
        back_s = free_s + home.duration_s
        if back_s > latest_s or not fits:
            return None, head
        latest_s = min(latest_s, max(back_s, latest_s - scene.fleet.depot.slack_s))
        return (
            Vehicle(
                courier_id=courier_id,
                place=place,
                is_away=standing.is_away,
                free_s=free_s,
                latest_s=latest_s,
                ends_s=ends_s,
                load=load,
                capacities=tuple(10**9 if each is None else each for each in limits),
                trips_max=model.trips_max,
                fixed_cost=0 if standing.is_away else model.fixed_cost_fen * 1000,
                cost_per_m=model.cost_per_km_fen,
                cost_per_s=round(model.cost_per_hour_fen * 1000 / 3600),
            ),
            head,
        )

    def _clients(
        self, vehicles: Sequence[Vehicle], committed: set[OrderId], now_s: int
    ) -> tuple[Client, ...]:
        known, scene = self._known, self._scene
        at_door = {each for standing in known.standings.values() for each in standing.at_door}
        clients = []
        for order_id, order in known.orders.items():
            if order_id in committed or order_id in at_door:
                continue
            place = known.places[order_id]
            home = max(
                scene.ground.drive(profile, place, scene.ground.depot).duration_s
                for profile in scene.ground.matrices
            )
            service_s = order.pieces * scene.fleet.depot.service_per_piece_s
            earliest_s = max(now_s, stated_s(scene, order))
            latest_s = min(known.latest_s(order_id), known.due_s(order_id) - home - service_s)
            allowed = frozenset(
                number
                for number, vehicle in enumerate(vehicles)
                if known.may_carry(vehicle.courier_id, order)
            )
            latest_s = max(latest_s - scene.fleet.depot.slack_s, min(latest_s, earliest_s))
            if earliest_s <= latest_s and allowed:
                clients.append(
                    Client(
                        order_id=order_id,
                        place=place,
                        service_s=service_s,
                        earliest_s=earliest_s,
                        latest_s=latest_s,
                        load=known.load([order_id]),
                        prize=scene.fleet.depot.unserved_cost_fen * 1000,
                        allowed=allowed,
                    )
                )
        return tuple(clients)

    def _route(
        self,
        remainder: Remainder,
        number: int,
        trips: list[list[int]],
        heads: dict[CourierId, tuple[HandedStop, ...]],
    ) -> Handed:
        vehicle = remainder.vehicles[number]
        head = heads[vehicle.courier_id]
        handed: list[HandedTrip] = []
        for trip in trips or [[]]:
            clients = [remainder.clients[each] for each in trip]
            stops = tuple(
                HandedStop(place=each.place, order_ids=(each.order_id,), begin_s=remainder.now_s)
                for each in clients
            )
            leave_s = remainder.now_s
            if clients:
                there_s, _ = remainder.drive(number, self._scene.ground.depot, clients[0].place)
                leave_s = max(leave_s, clients[0].earliest_s - there_s)
            handed.append(HandedTrip(leave_s=leave_s, stops=stops))
        handed[0] = HandedTrip(leave_s=handed[0].leave_s, stops=(*head, *handed[0].stops))
        begins_s = self._foreseen(vehicle.courier_id, handed, remainder.now_s).begins_s
        timed = tuple(
            HandedTrip(
                leave_s=trip.leave_s,
                stops=tuple(
                    HandedStop(
                        place=stop.place,
                        order_ids=stop.order_ids,
                        begin_s=begins_s.get(stop.order_ids[0], stop.begin_s),
                    )
                    for stop in trip.stops
                ),
            )
            for trip in handed
        )
        return Handed(version=self._version, trips=timed)

    def _foreseen(self, courier_id: CourierId, trips: Sequence[HandedTrip], now_s: int) -> Foreseen:
        standing = self._known.at(courier_id, now_s)
        return foresee(
            self._scene, courier_id, standing, trips, self._known.orders, {}, now_s=now_s
        )
