"""A courier's shift: follows the newest route stop by stop, and knows how much fits and when the truck leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dispatch.events import FailReason
from dispatch.fleet import BreakRule, Courier
from dispatch.orders import Order, OrderId
from dispatch.simulation.demand import Wish
from dispatch.simulation.log import Arrived, Begun, Collected, Docked, Left, NotCollected, Rested
from dispatch.simulation.telling import CourierBack, CourierReport, Handed, HandedStop, HandedTrip
from dispatch.simulation.world import State, Waits, World
from routing.places import Place

_TURN_S: Final = 300
"""Who waits for more on the road turns home so long before it must. Chosen."""


class Shift:
    """
    One courier's day, as a process of the world.

    is_away
        Between leaving the depot and coming back to it.
    """

    def __init__(self, world: World, courier: Courier) -> None:
        scene = world.truth.scene
        self.courier = courier
        self.on_board: list[Wish] = []
        self.is_away = False
        self._world = world
        self._model = scene.model(courier.courier_id)
        self._starts_s, self._ends_s = scene.shift_s(courier)
        self._place = scene.ground.depot
        self._rests = sorted(courier.breaks, key=lambda each: each.earliest)
        self._rested = 0
        self._trips = 0
        self._version = -1
        self._index = 0
        self._at_door: tuple[OrderId, ...] = ()

    def live(self) -> Waits:
        """From the shift's start until nothing is left to do and no new route can come."""
        world, env = self._world, self._world.env
        yield env.timeout(max(0, self._starts_s - world.now_s))
        while True:
            handed = world.route_of(self.courier.courier_id)
            trip, stops = self._ahead(handed)
            stop = stops[0] if stops else None
            if self._must_rest(handed, stop):
                yield from self._rest()
            elif not self.is_away:
                stop = next((each for each in stops if self._is_home_in_time(each)), None)
                if stop is not None and trip is not None and trip.leave_s <= world.now_s:
                    yield from self._visit(stop)
                elif world.now_s >= self._ends_s:
                    return
                else:
                    leave_s = self._ends_s if stop is None or trip is None else trip.leave_s
                    yield from self._idle(min(leave_s, self._ends_s))
            elif stop is not None and not self._turns_home(stop):
                if (due_s := self._sets_off_s(stop)) > world.now_s:
                    yield world.news | env.timeout(due_s - world.now_s)
                else:
                    yield from self._visit(stop)
            elif (
                stop is None
                and trip is not None
                and trip.stays
                and world.now_s < (turns_s := self._must_turn_s())
            ):
                yield world.news | env.timeout(turns_s - world.now_s)
            else:
                yield from self._go_home()

    def step_back(self) -> None:
        """Leave the door at which the courier stands, if any, with what was not taken yet."""
        for order_id in self._at_door:
            if self._world.states[order_id] is State.AT_DOOR:
                self._world.states[order_id] = State.OPEN
        self._at_door = ()

    def _ahead(self, handed: Handed | None) -> tuple[HandedTrip | None, list[HandedStop]]:
        """The present trip and its open stops."""
        if handed is None or not handed.trips:
            return None, []
        if handed.version != self._version:
            self._version = handed.version
            self._index = self._continued(handed)
        elif not self.is_away:
            self._index = self._first_open(handed)
        trip = handed.trips[self._index]
        return trip, self._open(trip)

    def _continued(self, handed: Handed) -> int:
        """The trip that holds what is on board, else the first with something to do, or with nothing: go home."""
        on_board = {each.order.order_id for each in self.on_board}
        for number, trip in enumerate(handed.trips):
            if any(on_board.intersection(stop.order_ids) for stop in trip.stops):
                return number
        if not self.is_away:
            return self._first_open(handed)
        trips = enumerate(handed.trips)
        return next((n for n, trip in trips if not trip.stops or self._open(trip)), 0)

    def _first_open(self, handed: Handed) -> int:
        return next((n for n, trip in enumerate(handed.trips) if self._open(trip)), 0)

    def _open(self, trip: HandedTrip) -> list[HandedStop]:
        return [stop for stop in trip.stops if self._open_orders(stop)]

    def _open_orders(self, stop: HandedStop) -> list[Wish]:
        world = self._world
        return [
            world.truth.wishes[each] for each in stop.order_ids if world.states[each] is State.OPEN
        ]

    def _drive_s(self, origin: Place, target: Place) -> int:
        """As couriers expect it, who do not know closures before they stand there."""
        drive = self._world.truth.scene.ground.drive(self._model.profile, origin, target)
        assert drive is not None, "the day has no places without a way"
        return drive.duration_s

    def _home_s(self, stop: HandedStop) -> int:
        """When the courier expects to be back if it makes this stop first."""
        scene = self._world.truth.scene
        depot = scene.fleet.depot
        pieces = sum(each.order.pieces for each in self._open_orders(stop))
        there_s = self._world.now_s + self._drive_s(self._place, stop.place)
        there_s += depot.service_per_stop_s + scene.ground.walk_s(stop.place)
        done_s = max(there_s, stop.not_before_s) + pieces * depot.service_per_piece_s
        return done_s + self._drive_s(stop.place, scene.ground.depot)

    def _sets_off_s(self, stop: HandedStop) -> int:
        """
        When a courier on the road sets off so as not to wait at the door.

        Until then it stands where it is, where a new route still reaches it.
        """
        scene = self._world.truth.scene
        there_s = self._drive_s(self._place, stop.place)
        if self._place != stop.place:
            there_s += scene.fleet.depot.service_per_stop_s + scene.ground.walk_s(stop.place)
        return self._opens_s(stop, self._open_orders(stop)) - there_s

    def _opens_s(self, stop: HandedStop, wishes: Sequence[Wish]) -> int:
        """When the first parcel may be taken; what was announced for later is not fetched before: nobody need be there."""
        made = self._world.promises.made
        order_ids = [each.order.order_id for each in wishes]
        announced = [made[each].earliest_s for each in order_ids if each in made]
        stated = [self._stated_s(each) for each in wishes]
        return max(stop.not_before_s, min(stated), min(announced, default=0))

    def _latest_home_s(self) -> int:
        return self._ends_s + round(self._world.truth.rates.overtime_max_s)

    def _is_home_in_time(self, stop: HandedStop) -> bool:
        return self._home_s(stop) <= self._latest_home_s()

    def _due_s(self) -> int | None:
        """The first truck that something on board must catch."""
        truth = self._world.truth
        return min((truth.due_s(each.order.order_id) for each in self.on_board), default=None)

    def _turns_home(self, stop: HandedStop) -> bool:
        """Whether a courier on the road goes home first: it is full, or a truck or the shift would end."""
        if not self._fits([each.order for each in self._open_orders(stop)]):
            return bool(self.on_board)
        home_s = self._home_s(stop)
        if home_s > self._latest_home_s():
            return True
        due_s = self._due_s()
        straight_s = self._world.now_s + self._drive_s(self._place, self._depot)
        return due_s is not None and straight_s <= due_s < home_s

    def _must_turn_s(self) -> int:
        """When a courier that waits on the road for more turns home."""
        due_s = self._due_s()
        until_s = self._ends_s if due_s is None else min(due_s, self._ends_s)
        return until_s - self._drive_s(self._place, self._depot) - _TURN_S

    @property
    def _depot(self) -> Place:
        return self._world.truth.scene.ground.depot

    def _fits(self, more: Sequence[Order | Wish]) -> bool:
        """Whether these go on board beside what is there."""
        model = self._model
        loads = [*self.on_board, *more]
        return all(
            limit is None or sum(amounts) <= limit
            for limit, amounts in (
                (model.capacity_weight_g, [each.weight_g for each in loads]),
                (model.capacity_volume_ml, [each.volume_ml for each in loads]),
                (model.capacity_pieces, [each.pieces for each in loads]),
            )
        )

    def _must_rest(self, handed: Handed | None, stop: HandedStop | None) -> bool:
        """At the planned moment, or before a stop that would make the break late."""
        if self._rested == len(self._rests):
            return False
        earliest_s, latest_s = self._rest_span_s(self._rests[self._rested])
        planned = () if handed is None else handed.break_starts_s[self._rested : self._rested + 1]
        begins_s = max(earliest_s, *planned) if planned else earliest_s
        now_s = self._world.now_s
        if now_s >= begins_s:
            return True
        if stop is None:
            return False
        done_s = self._home_s(stop) - self._drive_s(stop.place, self._depot)
        return done_s > latest_s and now_s >= earliest_s

    def _rest_span_s(self, rest: BreakRule) -> tuple[int, int]:
        clock = self._world.truth.scene.clock
        earliest_s, latest_s = clock.seconds_of(rest.earliest), clock.seconds_of(rest.latest)
        if latest_s < self._starts_s:
            return earliest_s + 24 * 3600, latest_s + 24 * 3600
        return earliest_s, latest_s

    def _rest(self) -> Waits:
        world = self._world
        until_s = world.now_s + self._rests[self._rested].duration_s
        self._rested += 1
        courier_id = self.courier.courier_id
        world.note(Rested(at_s=world.now_s, courier_id=courier_id, until_s=until_s))
        yield world.env.timeout(until_s - world.now_s)

    def _idle(self, until_s: int) -> Waits:
        """At the depot until then or until there is news; a break that falls into it is taken."""
        world = self._world
        began_s = world.now_s
        yield world.news | world.env.timeout(max(1, until_s - began_s))
        if self._rested < len(self._rests):
            rest = self._rests[self._rested]
            earliest_s, latest_s = self._rest_span_s(rest)
            starts_s = max(began_s, earliest_s)
            if starts_s <= latest_s and starts_s + rest.duration_s <= world.now_s:
                self._rested += 1

    def _visit(self, stop: HandedStop) -> Waits:
        world, courier_id = self._world, self.courier.courier_id
        truth, travel = world.truth, world.travel
        wanted = tuple(each.order.order_id for each in self._open_orders(stop))
        came_from = self._place
        yield from self._drive(stop.place, wanted)
        wishes = self._open_orders(stop)
        if not wishes:
            return
        self._at_door = tuple(each.order.order_id for each in wishes)
        for order_id in self._at_door:
            world.states[order_id] = State.AT_DOOR
        self._report("arrived", self._at_door)
        depot = truth.scene.fleet.depot
        if came_from != stop.place:
            setup_s = depot.service_per_stop_s + truth.scene.ground.walk_s(stop.place)
            yield world.env.timeout(travel.at_door_s(courier_id, self._at_door[0], setup_s))
        yield from self._wait(self._opens_s(stop, wishes))
        world.note(Begun(at_s=world.now_s, courier_id=courier_id, order_ids=self._at_door))
        for wish in sorted(wishes, key=self._stated_s):
            yield from self._pick_up(wish)
        self._at_door = ()

    def _stated_s(self, wish: Wish) -> int:
        """From when on the order may be fetched, as it was stated."""
        clock, order = self._world.truth.scene.clock, wish.order
        stated_s = 0 if order.ready_at is None else clock.seconds(order.ready_at)
        windows = [clock.seconds(each.earliest_at) for each in order.windows]
        return max(stated_s, min(windows, default=0))

    def _pick_up(self, wish: Wish) -> Waits:
        world, courier_id = self._world, self.courier.courier_id
        order_id, patience_s = wish.order.order_id, round(world.truth.rates.patience_s)
        yield from self._wait(self._stated_s(wish))
        why: FailReason | None = None
        if not wish.is_home:
            yield world.env.timeout(patience_s)
            why = FailReason.NOBODY_HOME
        elif wish.ready_s > world.now_s + patience_s:
            yield world.env.timeout(patience_s)
            why = FailReason.NOT_READY
        else:
            yield from self._wait(wish.ready_s)
            if not self._fits([wish]):
                why = FailReason.TOO_MUCH
        if why is not None:
            world.states[order_id] = State.OVER
            world.note(
                NotCollected(at_s=world.now_s, courier_id=courier_id, order_id=order_id, reason=why)
            )
            self._report("failed", (order_id,), why)
            return
        loading_s = wish.pieces * world.truth.scene.fleet.depot.service_per_piece_s
        yield world.env.timeout(world.travel.at_door_s(courier_id, order_id, loading_s))
        world.states[order_id] = State.OVER
        self.on_board.append(wish)
        world.note(
            Collected(
                at_s=world.now_s,
                courier_id=courier_id,
                order_id=order_id,
                pieces=wish.pieces,
                weight_g=wish.weight_g,
                volume_ml=wish.volume_ml,
            )
        )
        self._report("collected", (order_id,))

    def _go_home(self) -> Waits:
        world, courier_id = self._world, self.courier.courier_id
        yield from self._drive(self._depot, ())
        self.is_away = False
        order_ids = tuple(each.order.order_id for each in self.on_board)
        if order_ids:
            with world.docks.request() as dock:
                yield dock
                world.note(Docked(at_s=world.now_s, courier_id=courier_id, order_ids=order_ids))
                self.on_board.clear()
                turnaround_s = world.truth.scene.fleet.depot.turnaround_s
                unloading_s = world.travel.unloading_s(courier_id, self._trips, turnaround_s)
                yield world.env.timeout(unloading_s)
        else:
            world.note(Docked(at_s=world.now_s, courier_id=courier_id, order_ids=()))
        self._trips += 1
        world.tell(CourierBack(at_s=world.now_s, courier_id=courier_id))

    def _drive(self, target: Place, order_ids: tuple[OrderId, ...]) -> Waits:
        world, courier_id = self._world, self.courier.courier_id
        drive = world.travel.drive(
            courier_id, self._model.profile, self._place, target, world.now_s
        )
        self.is_away = True
        world.note(
            Left(
                at_s=world.now_s,
                courier_id=courier_id,
                origin=self._place,
                target=target,
                order_ids=order_ids,
            )
        )
        yield world.env.timeout(drive.duration_s)
        self._place = target
        world.note(
            Arrived(
                at_s=world.now_s,
                courier_id=courier_id,
                place=target,
                distance_m=drive.distance_m,
                order_ids=order_ids,
            )
        )

    def _wait(self, until_s: int) -> Waits:
        yield self._world.env.timeout(max(0, until_s - self._world.now_s))

    def _report(
        self, kind: str, order_ids: tuple[OrderId, ...], reason: FailReason | None = None
    ) -> None:
        self._world.tell(
            CourierReport(
                at_s=self._world.now_s,
                kind=kind,
                report_id=f"{self.courier.courier_id}-{kind}-{order_ids[0]}",
                courier_id=self.courier.courier_id,
                order_ids=order_ids,
                reason=reason,
            )
        )
