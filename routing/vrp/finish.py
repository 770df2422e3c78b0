"""From bare orders of visits, as every engine speaks of them, to a judged solution."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from routing.vrp.check import Rule, check
from routing.vrp.cost import route_cost, solution_of
from routing.vrp.docks import may_queue
from routing.vrp.engine_process import Orders
from routing.vrp.mending import Mender
from routing.vrp.packed import Packed
from routing.vrp.problem import Problem
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route, Solution
from routing.vrp.spread import Spreader

_LOG = logging.getLogger(__name__)


def orders_of(solution: Solution) -> dict[int, tuple[tuple[int, ...], ...]]:
    """The solution without its times."""
    return {
        route.vehicle: tuple(tuple(halt.visit for halt in trip.visits) for trip in route.trips)
        for route in solution.routes
    }


class Finisher:
    """Makes solutions of one problem; nothing leaves it that the judge has not passed."""

    def __init__(self, problem: Problem, packed: Packed) -> None:
        self._problem, self._packed = problem, packed
        # Routes one by one, as engines see them; who stands in whose way is for the spreader.
        self._scheduler = Scheduler(replace(problem, docks=()), packed)
        self._mender = Mender(problem, packed, self._scheduler) if problem.joints else None
        self._spreader = None
        if may_queue(problem):
            self._spreader = Spreader(problem, packed, Scheduler(problem, packed))

    def finish(self, orders: Orders, *, engine: str, quickly: bool = False) -> Solution | None:
        """
        Return the judged solution, or None if required visits are left out. Joints that the orders tear are mended, and
        vehicles that would queue too long at docks are spread; `quickly`, both by few tries.

        An order that cannot be driven, or that the judge refuses, is a bug of its engine: it is
        logged and answered with None as well.
        """
        if self._mender is not None:
            mended = self._mender.mended(orders, quickly=quickly)
            if mended is None:
                return None
            orders = mended
        routes: list[Route] = []
        for vehicle in sorted(orders):
            if not any(orders[vehicle]):
                continue
            route = self._scheduler.schedule(vehicle, orders[vehicle])
            if route is None:
                _LOG.error("%s: vehicle %d cannot drive %s", engine, vehicle, orders[vehicle])
                return None
            if (worthy := self._worthwhile(route)) is not None:
                routes.append(worthy)
        if self._spreader is not None:
            spread = self._spreader.spread(
                {
                    route.vehicle: tuple(
                        tuple(halt.visit for halt in trip.visits) for trip in route.trips
                    )
                    for route in routes
                },
                quickly=quickly,
            )
            if spread is None:
                return None
            routes = list(spread)
        solution = solution_of(self._problem, routes)
        violations = check(self._problem, solution)
        wrong = [each for each in violations if each.rule is not Rule.VISIT_REQUIRED]
        for violation in wrong:
            _LOG.error("%s: the judge refuses its answer: %s", engine, violation.message)
        return None if violations else solution

    @property
    def missed_s(self) -> Mapping[int, int]:
        """By how much each visit's trip was late at docks in the orders finished last, before they were spread."""
        return {} if self._spreader is None else self._spreader.missed_s

    def _worthwhile(self, route: Route) -> Route | None:
        """The route without visits that cost more than leaving them out; None if nothing is left. Joints stay."""
        for visit in [halt.visit for trip in route.trips for halt in trip.visits]:
            if self._problem.visits[visit].brings is not None:
                continue  # goes with what it brings
            if self._problem.visits[visit].joints:
                continue
            second = int(self._packed.brought_by[visit])
            price = self._price_without(visit, second)
            if price is None or price >= (whole := route_cost(self._problem, route)):
                continue
            trips = [
                [halt.visit for halt in trip.visits if halt.visit not in (visit, second)]
                for trip in route.trips
            ]
            if not any(trips):
                return None
            shorter = self._scheduler.schedule(route.vehicle, trips)
            if shorter is not None and route_cost(self._problem, shorter) + price < whole:
                route = shorter
        made = [self._problem.visits[halt.visit] for trip in route.trips for halt in trip.visits]
        prices = [each.unserved_cost for each in made]
        if any(each.joints for each in made):
            return route
        if None not in prices and sum(filter(None, prices)) < route_cost(self._problem, route):
            return None
        return route

    def _price_without(self, visit: int, second: int) -> int | None:
        """What leaving the visit out costs, with the other half of its pair; None if it must be made."""
        visits = self._problem.visits
        price = visits[visit].unserved_cost
        if price is None or second < 0:
            return price
        return price + (visits[second].unserved_cost or 0)
