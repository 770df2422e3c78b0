"""The sheet 排线纸: what some couriers still do, posed so that orders can be put from one to another by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.docks import beside, in_line
from dispatch.fleet import CourierId
from dispatch.halts import spot_today
from dispatch.hand import Hand
from dispatch.holding import as_agreed, at_held_times
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.plan import Promise, Stop
from dispatch.posing import Door, Posed, pose_doors
from dispatch.promises import at_promised_times
from dispatch.running.ahead import (
    Situation,
    as_late_as_now,
    doors_at,
    left_of,
    with_whole_territory,
)
from dispatch.running.commands import (
    Command,
    CommandProblem,
    CommandsRefused,
    MoveOrders,
    Unassign,
)
from dispatch.running.remainder import spot_of_stop, with_standings
from dispatch.running.standing import Standing, standings
from dispatch.shortfalls import Unserved
from dispatch.trucks import Trips, Trucks
from dispatch.violations import BrokenRule, of_nowhere, of_the_day
from routing.vrp.check import Rule, check
from routing.vrp.cost import over_s, route_cost, solution_of
from routing.vrp.plain_day import plain_day
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute

Unit = tuple[OrderId, ...]
"""Orders that are picked up one after the other, and stay together unless one of them is moved."""


@dataclass(slots=True)
class Sheet:
    """
    Some couriers' days from where they stand.

    `trips` are the units of each trip that is still to come; of a courier who has begun, the first is the trip under way,
    perhaps without any. Every order named by a command is a halt of its own.
    """

    situation: Situation
    inputs: DayInputs
    posed: Posed
    begun: Mapping[CourierId, Standing]
    heres: Mapping[CourierId, int]
    couriers: tuple[CourierId, ...]
    named: tuple[OrderId, ...]
    trips: dict[CourierId, list[list[Unit]]]
    visit_of: Mapping[OrderId, int]
    scheduler: Scheduler
    trucks: Trucks

    @classmethod
    def laid(
        cls,
        situation: Situation,
        couriers: Sequence[CourierId],
        named: Sequence[OrderId],
        hand: Hand,
    ) -> Sheet:
        """
        Lay these couriers' routes out; `hand` is what was agreed until now.

        Raises
        ------
        CommandsRefused
            Of one of the routes nobody can say how it goes on.
        """
        plan = at_held_times(replace(situation.plan, hand=hand))
        situation = replace(situation, plan=plan, inputs=as_agreed(situation.inputs, hand))
        now, fleet = situation.now, situation.inputs.fleet
        routes = [each for each in plan.routes if each.courier_id in couriers]
        where = standings(replace(plan, routes=tuple(routes)), situation.facts, fleet, now=now)
        orders = {each.order_id: each for each in situation.inputs.orders}
        told = {each.order_id: each for each in plan.promises}
        stops: dict[CourierId, list[list[Stop]]] = {}
        promises: list[Promise] = []
        for route in routes:
            left = left_of(route, where.get(route.courier_id), orders)
            if left is None:
                raise _unclear(route.courier_id)
            stops[route.courier_id] = left
            promises += as_late_as_now(situation, route, told)
        waiting = {
            order_id: orders[order_id]
            for trips in stops.values()
            for trip in trips
            for stop in trip
            for order_id in stop.order_ids
            if order_id in orders
        }
        waiting |= {each: orders[each] for each in named}
        inputs = replace(
            situation.inputs,
            orders=tuple(waiting.values()),
            fleet=replace(fleet, couriers={each: fleet.couriers[each] for each in couriers}),
        )
        inputs = at_promised_times(inputs, replace(plan, promises=tuple(promises)))
        begun = {each: where[each] for each in couriers if each in where}
        here = [Door(spot_of_stop(each.fixed[-1]), []) for each in begun.values() if each.fixed]
        nowhere: list[Unserved] = []
        doors = _doors(inputs, stops, frozenset(named), nowhere)
        profiles = dict.fromkeys(
            fleet.models[each.model_id].profile for each in fleet.couriers.values()
        )
        posed = pose_doors(
            inputs, situation.network, (*doors, *here), nowhere, walking_from=tuple(profiles)
        )
        posed = with_whole_territory(posed, situation)
        posed = beside(posed, (each for each in plan.routes if each.courier_id not in couriers))
        rest = with_standings(inputs, posed, begun, now=now)
        if lost := begun.keys() - rest.heres.keys():
            raise _unclear(min(lost))
        trucks = Trucks.of(rest.posed)
        visit_of = {
            order.order_id: trucks.latest(number)
            for number, halt in enumerate(rest.posed.halts)
            for order in halt.orders
        }
        return cls(
            situation,
            inputs,
            rest.posed,
            begun,
            rest.heres,
            tuple(couriers),
            tuple(named),
            {
                each: [
                    [tuple(o for o in stop.order_ids if o in waiting) for stop in trip]
                    for trip in stops.get(each, ())
                ]
                for each in couriers
            },
            visit_of,
            Scheduler(rest.posed.problem),
            trucks,
        )

    def couriers_of(self, order_ids: Iterable[OrderId]) -> dict[OrderId, CourierId | None]:
        return {each: self.courier_of(each) for each in order_ids}

    def courier_of(self, order_id: OrderId) -> CourierId | None:
        return next(
            (
                courier_id
                for courier_id, trips in self.trips.items()
                for trip in trips
                if any(order_id in unit for unit in trip)
            ),
            None,
        )

    def carry_out(self, commands: Sequence[Command]) -> None:
        """
        Put the orders where the commands say.

        Raises
        ------
        CommandsRefused
            An order beside which others shall be put is not there.
        """
        for number, command in enumerate(commands):
            match command:
                case Unassign(order_ids=order_ids):
                    self._take_off(order_ids)
                case MoveOrders():
                    self._move(command, number)
                case _:
                    pass

    def _take_off(self, order_ids: Iterable[OrderId]) -> list[Unit]:
        """The orders as units: those of one stop in a row stay one."""
        gone, units = frozenset(order_ids), []
        grouped: set[OrderId] = set()
        for courier_id, trips in self.trips.items():
            for at, trip in enumerate(trips):
                for unit in trip:
                    taken = tuple(each for each in unit if each in gone)
                    if taken:
                        units.append(taken)
                        grouped.update(taken)
                kept = (tuple(each for each in unit if each not in gone) for unit in trip)
                trips[at] = [unit for unit in kept if unit]
            first = trips[:1] if courier_id in self.begun else []
            self.trips[courier_id] = [*first, *(each for each in trips[len(first) :] if each)]
        units += ((each,) for each in order_ids if each not in grouped)
        by_first = {unit[0]: unit for unit in units}
        return [by_first[each] for each in order_ids if each in by_first]

    def _move(self, command: MoveOrders, number: int) -> None:
        units = self._take_off(command.order_ids)
        courier_id = command.courier_id
        trips = self.trips[courier_id]
        if command.after is None and command.before is None:
            for unit in units:
                at, position = self._best_place(courier_id, unit)
                self._put(trips, unit, at, position)
            return
        beside = command.after if command.after is not None else command.before
        found = [
            (at, position + (command.after is not None))
            for at, trip in enumerate(trips)
            for position, unit in enumerate(trip)
            if beside in unit
        ]
        if not found and command.after is not None:
            # Behind a stop that is settled comes the first that is not.
            standing = self.begun.get(courier_id)
            if standing is not None and command.after in standing.order_ids:
                found = [(0, 0)]
        if not found:
            detail = f"{courier_id} has no order {beside} ahead: name one that is, or none"
            problem = CommandProblem(
                command=number, code="not-there", detail=detail, order_id=beside or ""
            )
            raise CommandsRefused([problem])
        at, position = found[0]
        for offset, unit in enumerate(units):
            self._put(trips, unit, at, position + offset)

    def _put(self, trips: list[list[Unit]], unit: Unit, at: int, position: int) -> None:
        if position < 0:
            trips.insert(at, [unit])
        else:
            trips[at].insert(position, unit)

    def _best_place(self, courier_id: CourierId, unit: Unit) -> tuple[int, int]:
        """The cheapest that can be driven, else where least is broken; a position of -1 is a trip of its own."""
        trips = self.trips[courier_id]
        places = [(at, each) for at, trip in enumerate(trips) for each in range(len(trip) + 1)]
        places += ((at, -1) for at in range(courier_id in self.begun, len(trips) + 1))
        ranked = []
        for at, position in places:
            tried = [list(trip) for trip in trips]
            self._put(tried, unit, at, position)
            route = self._best(courier_id, tried)
            if route is not None:
                ranked.append(((0, route_cost(self.posed.problem, route)), (at, position)))
        if not ranked:
            for at, position in places:
                tried = [list(trip) for trip in trips]
                self._put(tried, unit, at, position)
                plain = self._plain(courier_id, tried)
                broken = 0 if plain is None else sum(each.by or 1 for each in self.broken([plain]))
                ranked.append(((broken, 0), (at, position)))
        return min(ranked)[1]

    def _number(self, courier_id: CourierId) -> int:
        return [each.courier_id for each in self.posed.couriers].index(courier_id)

    def _visits(self, courier_id: CourierId, trips: Sequence[Sequence[Unit]]) -> Trips:
        made = [
            list(
                dict.fromkeys(
                    self.visit_of[each] for unit in trip for each in unit if each in self.visit_of
                )
            )
            for trip in trips
        ]
        if (here := self.heres.get(courier_id)) is not None:
            made = [[here, *(made[0] if made else ())], *made[1:]]
        return [each for each in made if each]

    def _best(self, courier_id: CourierId, trips: Sequence[Sequence[Unit]]) -> SolvedRoute | None:
        number, visits = self._number(courier_id), self._visits(courier_id, trips)
        if len(visits) > self.posed.problem.vehicles[number].trips_max:
            return None
        skills = self.posed.problem.vehicles[number].skills
        problem = self.posed.problem
        if not all(problem.visits[each].skills <= skills for trip in visits for each in trip):
            return None
        return self.trucks.best(visits, lambda each: self.scheduler.schedule(number, each))

    def _plain(self, courier_id: CourierId, trips: Sequence[Sequence[Unit]]) -> SolvedRoute | None:
        number, visits = self._number(courier_id), self._visits(courier_id, trips)
        if not visits:
            return None
        leave_s = self.posed.problem.vehicles[number].shift.earliest_s
        return self.trucks.settled(plain_day(self.posed.problem, number, visits, leave_s=leave_s))

    def driven(self) -> tuple[SolvedRoute, ...]:
        """The best days there are; where a route cannot be driven so, the earliest moments there are."""
        routes = []
        for courier_id, trips in self.trips.items():
            if not self._visits(courier_id, trips):
                continue
            route = self._best(courier_id, trips) or self._plain(courier_id, trips)
            if route is not None:
                routes.append(route)
        routes.sort(key=lambda each: each.vehicle)
        waiting = in_line(self.posed, self.scheduler, routes)
        return tuple(map(self.trucks.settled, waiting)) if self.posed.problem.docks else waiting

    def broken(self, routes: Sequence[SolvedRoute]) -> tuple[BrokenRule, ...]:
        """What the judge says of these routes."""
        problem = self.posed.problem
        violations = check(problem, solution_of(problem, routes))
        # Routes may be looked at one by one: where the others stand is not missing.
        found = (each for each in violations if each.rule is not Rule.VISIT_REQUIRED)
        nowhere = (
            of_nowhere(each, courier_id)
            for each in self.posed.unserved
            if (courier_id := self.courier_of(each.order_id)) is not None
        )
        fleet = self.inputs.fleet
        return (
            *nowhere,
            *of_the_day(found, routes, self.posed, self.inputs.clock, fleet.depot),
        )

    def late(
        self, broken: Sequence[BrokenRule], routes: Sequence[SolvedRoute]
    ) -> dict[OrderId, datetime]:
        """When the pickups begin that come too late."""
        named = {o for each in broken if each.rule == Rule.WINDOW for o in each.order_ids}
        return {
            order.order_id: self.inputs.clock.moment(halt.begin_s)
            for route in routes
            for trip in route.trips
            for halt in trip.visits
            for order in self.posed.halts[halt.visit].orders
            if order.order_id in named
        }

    def overtime(
        self, broken: Sequence[BrokenRule], routes: Sequence[SolvedRoute]
    ) -> dict[CourierId, datetime]:
        """When couriers are back whose shifts have ended then."""
        named = {each.courier_id for each in broken if each.rule == Rule.SHIFT}
        return {
            courier_id: self.inputs.clock.moment(over_s(self.posed.problem, route.trips[-1]))
            for route in routes
            if (courier_id := self.posed.couriers[route.vehicle].courier_id) in named
        }


def _doors(
    inputs: DayInputs,
    stops: Mapping[CourierId, Sequence[Sequence[Stop]]],
    named: frozenset[OrderId],
    nowhere: list[Unserved],
) -> list[Door]:
    """What waits at each stop, orders that are named each by itself; those in no route where they wait, those barred nowhere."""
    by_id = {each.order_id: each for each in inputs.orders}
    doors: list[Door] = []
    planned: set[OrderId] = set()
    for stop in (stop for trips in stops.values() for trip in trips for stop in trip):
        planned.update(stop.order_ids)
        nowhere += (inputs.barred[each] for each in stop.order_ids if each in inputs.barred)
        there = [each for each in stop.order_ids if each not in inputs.barred]
        rest = tuple(each for each in there if each not in named)
        for order_ids in (rest, *((each,) for each in there if each in named)):
            if order_ids:
                doors += doors_at(replace(stop, order_ids=order_ids), by_id, inputs)
    for order_id in named - planned:
        spot = spot_today(by_id[order_id], inputs)
        if isinstance(spot, Unserved):
            nowhere.append(spot)
        else:
            doors.append(Door(spot, [by_id[order_id]]))
    return doors


def _unclear(courier_id: CourierId) -> CommandsRefused:
    detail = (
        f"stops of {courier_id} were passed by, or no road leads home: the plan's next version, seconds "
        "later, says how the route goes on; move then"
    )
    return CommandsRefused([CommandProblem(command=0, code="route-unclear", detail=detail)])
