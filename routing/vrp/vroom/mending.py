"""
Routes made better by VROOM's own rules, where a problem could not say them all.

What is left out is put in, or takes the place of what is worth less; what is made is moved where that is cheaper.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from routing.matrix import UNREACHABLE
from routing.vrp.vroom.answer import Driven
from routing.vrp.vroom.body import Body, Kind
from routing.vrp.vroom.driving import Way, drive, way_of
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.pricing import hundredths_of
from routing.vrp.vroom.violations import violations_of

Tasks: TypeAlias = tuple[int, ...]

_LONG: Final = 60
"""Orders of a route from which each is not tried by itself; some thousand drives are a second. Chosen."""


@dataclass(frozen=True, slots=True)
class _Change:
    """Routes of some vehicles as they would become, and what that costs more."""

    dearer: int
    routes: dict[int, Tasks]


class Mender:
    """Changes routes of one body, one order after another; a job or both tasks of a shipment are an order."""

    def __init__(self, body: Body, ground: Ground) -> None:
        self._body, self._ground = body, ground
        self._known: dict[tuple[int, Tasks], Driven | None] = {}
        self._order_of: dict[int, Tasks] = {
            number: (number,) if task.partner is None else (number, task.partner)
            for number, task in enumerate(body.tasks)
            if task.kind is not Kind.DELIVERY
        }

    def shortened(self, vehicle: int, tasks: Tasks) -> Driven | None:
        """
        The route as it is if it can be driven, otherwise without some of its orders; None if nothing is left of it.

        One order after another is left out, of the lowest priority each, until the rest can be driven; of
        those after which it can be, the dearest. O(tasks²) drives: so what is long loses its last tenth at once.
        """
        if (route := self.drive(vehicle, tasks)) is not None:
            return route
        left = tasks
        while left:
            orders = self._within(left)
            if len(orders) > _LONG:
                cut = {task for order in orders[-(len(orders) // 10) :] for task in order}
                left = tuple(task for task in left if task not in cut)
                if (route := self.drive(vehicle, left)) is not None:
                    return route
                continue
            lowest = min(map(self._priority, orders))
            shorter = [
                tuple(task for task in left if task not in order)
                for order in orders
                if self._priority(order) == lowest
            ]
            shorter = [rest for rest in shorter if rest]
            found = [route for rest in shorter if (route := self.drive(vehicle, rest)) is not None]
            if found:
                return min(found, key=lambda each: each.cost(self._body, self._ground))
            left = min(shorter, key=lambda each: self._travel(vehicle, each), default=())
        return None

    def mend(self, routes: dict[int, Tasks], deadline_s: float) -> dict[int, Driven]:
        """
        Return routes by vehicle that can be driven, no worse than `routes`, which can be.

        Each pass is O(orders · tasks) drives, and O(orders · tasks²) with shipments; none begins after `deadline_s` of time.monotonic.
        """
        routes = {vehicle: tasks for vehicle, tasks in routes.items() if tasks}
        while (change := self._change(routes, deadline_s)) is not None:
            routes = {
                vehicle: tasks for vehicle, tasks in (routes | change.routes).items() if tasks
            }
        return {
            vehicle: route
            for vehicle, tasks in routes.items()
            if (route := self.drive(vehicle, tasks)) is not None
        }

    def _change(self, routes: dict[int, Tasks], deadline_s: float) -> _Change | None:
        """The first change found that makes the routes better; None if there is none, or no time left."""
        made = {task for tasks in routes.values() for task in tasks}
        left = [order for order in self._order_of.values() if order[0] not in made]
        left.sort(key=self._priority, reverse=True)
        for order in left:
            if time.monotonic() >= deadline_s:
                return None
            if (change := self._cheapest(routes, order, deadline_s)) is not None:
                return change
        for order in left:
            for vehicle, tasks in routes.items():
                if time.monotonic() >= deadline_s:
                    return None
                if (change := self._instead(vehicle, tasks, order)) is not None:
                    return change
        for vehicle, tasks in routes.items():
            for order in self._within(tasks):
                if time.monotonic() >= deadline_s:
                    return None
                if (change := self._moved(routes, vehicle, order, deadline_s)) is not None:
                    return change
        return None

    def _cheapest(
        self, routes: dict[int, Tasks], order: Tasks, deadline_s: float
    ) -> _Change | None:
        """The cheapest place for an order in any route, or in one of its own."""
        changes = (
            _Change(cost - self._cost(vehicle, routes.get(vehicle, ())), {vehicle: tasks})
            for vehicle in range(len(self._body.vehicles))
            if time.monotonic() < deadline_s
            for cost, tasks in self._with(vehicle, routes.get(vehicle, ()), order)
        )
        return min(changes, key=lambda each: each.dearer, default=None)

    def _instead(self, vehicle: int, tasks: Tasks, order: Tasks) -> _Change | None:
        """An order left out in place of one that is worth less, or costs more and is worth the same."""
        before = self._cost(vehicle, tasks)
        for other in self._within(tasks):
            more = self._priority(order) - self._priority(other), len(order) - len(other)
            if more < (0, 0):
                continue
            rest = tuple(task for task in tasks if task not in other)
            found = min(self._with(vehicle, rest, order), default=None)
            if found is not None and (more > (0, 0) or found[0] < before):
                return _Change(found[0] - before, {vehicle: found[1]})
        return None

    def _moved(
        self, routes: dict[int, Tasks], vehicle: int, order: Tasks, deadline_s: float
    ) -> _Change | None:
        """An order at a cheaper place, in its route or another."""
        rest = tuple(task for task in routes[vehicle] if task not in order)
        if rest and self.drive(vehicle, rest) is None:
            return None
        saved = self._cost(vehicle, routes[vehicle]) - self._cost(vehicle, rest)
        change = self._cheapest(routes | {vehicle: rest}, order, deadline_s)
        if change is None or change.dearer >= saved:
            return None
        return _Change(change.dearer - saved, {vehicle: rest} | change.routes)

    def _with(self, vehicle: int, tasks: Tasks, order: Tasks) -> Iterator[tuple[int, Tasks]]:
        """Every way to put an order into a route so that it can be driven, with what the route then costs."""
        facts = self._body.vehicles[vehicle]
        if not all(self._body.tasks[task].skills <= facts.skills for task in order):
            return
        if facts.tasks_max is not None and len(tasks) + len(order) > facts.tasks_max:
            return
        for first in range(len(tasks) + 1):
            begun = (*tasks[:first], order[0])
            if len(order) == 1:
                ways: Iterator[Tasks] = iter([(*begun, *tasks[first:])])
            else:
                ways = (
                    (*begun, *tasks[first:second], order[1], *tasks[second:])
                    for second in range(first, len(tasks) + 1)
                )
            for each in ways:
                if self.drive(vehicle, each) is not None:
                    yield self._cost(vehicle, each), each

    def _within(self, tasks: Tasks) -> list[Tasks]:
        """The orders of a route, as it begins them."""
        return [self._order_of[task] for task in tasks if task in self._order_of]

    def _priority(self, order: Tasks) -> int:
        return sum(self._body.tasks[task].priority for task in order)

    def _cost(self, vehicle: int, tasks: Tasks) -> int:
        route = self.drive(vehicle, tasks) if tasks else None
        return 0 if route is None else route.cost(self._body, self._ground)

    def drive(self, vehicle: int, tasks: Tasks) -> Driven | None:
        """The route with its times, or None if it breaks a rule whatever they are."""
        key = vehicle, tasks
        if key not in self._known:
            self._known[key] = self._driven(
                way_of(self._body, self._ground, self._body.vehicles[vehicle], tasks)
            )
        return self._known[key]

    def _travel(self, vehicle: int, tasks: Tasks) -> int:
        return sum(way_of(self._body, self._ground, self._body.vehicles[vehicle], tasks).travels)

    def _driven(self, way: Way) -> Driven | None:
        steps = drive(way) if self._is_possible(way) else None
        if steps is None:
            return None
        route = Driven(way=way, steps=steps)
        _, broken = violations_of(way, steps, route.metres(self._ground))
        return None if broken else route

    def _is_possible(self, way: Way) -> bool:
        """What is known of a way before it is driven."""
        longest = hundredths_of(way.vehicle) * UNREACHABLE
        return (
            max(way.travels) < longest
            and way.overrun(self._ground) <= 1.0
            and all(
                a <= b
                for load in way.loads
                for a, b in zip(load, way.vehicle.capacity, strict=True)
            )
        )
