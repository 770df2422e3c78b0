"""Why a visit stayed unserved, found by trying it in every vehicle: empty, and as it is routed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.vrp.cost import cost
from routing.vrp.days import Places
from routing.vrp.docks import may_queue
from routing.vrp.finish import orders_of
from routing.vrp.insertion import INFINITE, cheapest_pair, cheapest_place
from routing.vrp.packed import NEVER, Packed, pack
from routing.vrp.problem import Problem, Vehicle
from routing.vrp.schedule import Scheduler, sequence_of
from routing.vrp.solution import Solution

VEHICLES_TRIED: Final = 6
"""Of each visit those where it costs least; the others are not looked at. Chosen for time."""

_EMPTY = np.array([], dtype=np.int64)


@unique
class Reason(StrEnum):
    """The first six hold whatever else is driven; the others depend on the solution."""

    NO_VEHICLE = "no-vehicle"
    SKILL_MISSING = "skill-missing"
    TOO_HEAVY = "too-heavy-for-every-vehicle"
    UNREACHABLE = "unreachable"
    RANGE_TOO_SHORT = "range-too-short"
    WINDOW_CANNOT_BE_MET = "window-cannot-be-met"
    NO_CAPACITY_LEFT = "no-capacity-left"
    NO_RANGE_LEFT = "no-range-left"
    NO_TIME_LEFT = "no-time-left"
    JOINT_INCOMPLETE = "joint-incomplete"
    """It fits by itself, and not together with the others of its joint, or without them."""
    DOCKS_BUSY = "docks-busy"
    """It fits into a route, and then so much would wait for a dock that something is late, or all costs more than it is worth."""
    NOT_WORTH_IT = "not-worth-it"
    OVERLOOKED = "overlooked"
    """It fits and would pay: the search ended too early."""


def why_unserved(problem: Problem, solution: Solution) -> Mapping[int, Reason]:
    """
    Return one reason for each visit that `solution` leaves out.

    Of several reasons the one that would have to be removed first is told, in the order of
    `Reason`; of several vehicles the one that comes closest decides. WINDOW_CANNOT_BE_MET covers
    all that is asked of time on an empty day: windows, shift, breaks, due moment, longest day.
    """
    packed = pack(problem)
    orders = orders_of(solution)
    routes = [sequence_of(orders.get(number, ())) for number in range(len(problem.vehicles))]
    reasons = {
        visit: _alone(problem, packed, visit) or _beside(problem, packed, routes, visit)
        for visit in solution.unserved
    }
    if may_queue(problem) and Reason.OVERLOOKED in reasons.values():
        queue = _Queue(problem, packed, solution)
        for visit, reason in reasons.items():
            if reason is Reason.OVERLOOKED and not queue.takes(visit):
                reasons[visit] = Reason.DOCKS_BUSY
    return reasons


class _Queue:
    """What a visit more does to all who wait at docks, everybody else leaving as in the solution."""

    def __init__(self, problem: Problem, packed: Packed, solution: Solution) -> None:
        self._problem, self._packed = problem, packed
        self._days, self._cost = orders_of(solution), solution.cost
        self._leaves_s = {each.vehicle: each.trips[0].leave_s for each in solution.routes}
        self._places, self._scheduler = Places(packed), Scheduler(problem, packed)

    def takes(self, visit: int) -> bool:
        """Whether one of the vehicles with the cheapest places could make it, and the day would cost less."""
        if len(_halves(self._packed, visit)) > 1:
            return True  # of pairs nobody knows
        offers = sorted(
            (price, vehicle)
            for vehicle in self._places.vehicles(self._days)
            if (price := self._places.price(self._days, vehicle, visit)) < INFINITE
        )
        return any(self._is_better(visit, vehicle) for _, vehicle in offers[:VEHICLES_TRIED])

    def _is_better(self, visit: int, vehicle: int) -> bool:
        days = self._places.put(self._days, vehicle, visit)
        others = {each: at_s for each, at_s in self._leaves_s.items() if each != vehicle}
        routes = self._scheduler.schedule_all(days, others)
        return routes is not None and cost(self._problem, routes) < self._cost


def _alone(problem: Problem, packed: Packed, number: int) -> Reason | None:
    """Why no vehicle could make the visit even if it had nothing else to do."""
    visit = problem.visits[number]
    if not problem.vehicles:
        return Reason.NO_VEHICLE
    skilled = [each for each, v in enumerate(problem.vehicles) if visit.skills <= v.skills]
    if not skilled:
        return Reason.SKILL_MISSING
    strong = [
        each
        for each in skilled
        if all(
            amount <= capacity
            for amounts in (visit.loads, visit.deliveries)
            for amount, capacity in zip(amounts, problem.vehicles[each].capacities, strict=False)
        )
    ]
    if not strong:
        return Reason.TOO_HEAVY
    halves = _halves(packed, number)
    near = [
        each
        for each in strong
        if all(_reaches(problem, problem.vehicles[each], problem.visits[h].place) for h in halves)
    ]
    if not near:
        return Reason.UNREACHABLE
    if any(_fits(packed, each, _EMPTY, number) for each in near):
        return None
    endless = _without_range(packed)
    if any(_fits(endless, each, _EMPTY, number) for each in near):
        return Reason.RANGE_TOO_SHORT
    return Reason.WINDOW_CANNOT_BE_MET


def _beside(
    problem: Problem, packed: Packed, routes: list[NDArray[np.int64]], number: int
) -> Reason:
    """Why no vehicle makes the visit beside what it is given."""
    prices = [
        price
        for each, route in enumerate(routes)
        if (price := _price(packed, each, route, number)) is not None
    ]
    if prices and problem.visits[number].joints:
        return Reason.JOINT_INCOMPLETE
    if prices:
        unserved = [problem.visits[half].unserved_cost for half in _halves(packed, number)]
        worth_it = None in unserved or min(prices) < sum(filter(None, unserved))
        return Reason.OVERLOOKED if worth_it else Reason.NOT_WORTH_IT
    roomy = packed._replace(capacities=np.full_like(packed.capacities, NEVER))
    if any(_fits(roomy, each, route, number) for each, route in enumerate(routes)):
        return Reason.NO_CAPACITY_LEFT
    endless = _without_range(packed)
    if any(_fits(endless, each, route, number) for each, route in enumerate(routes)):
        return Reason.NO_RANGE_LEFT
    return Reason.NO_TIME_LEFT


def _fits(packed: Packed, vehicle: int, route: NDArray[np.int64], visit: int) -> bool:
    return _price(packed, vehicle, route, visit) is not None


def _halves(packed: Packed, visit: int) -> tuple[int, ...]:
    """The visit, or both of its pair in order."""
    if packed.brings[visit] >= 0:
        return int(packed.brings[visit]), visit
    return (visit, int(packed.brought_by[visit])) if packed.brought_by[visit] >= 0 else (visit,)


def _price(packed: Packed, vehicle: int, route: NDArray[np.int64], visit: int) -> float | None:
    halves = _halves(packed, visit)
    if len(halves) == 2:
        return cheapest_pair(packed, vehicle, route, *halves)
    return cheapest_place(packed, vehicle, route, visit)


def _without_range(packed: Packed) -> Packed:
    limits = packed.limits.copy()
    limits[:, 0] = NEVER
    return packed._replace(limits=limits)


def _reaches(problem: Problem, vehicle: Vehicle, place: int) -> bool:
    durations_s = problem.matrices[vehicle.matrix].durations_s
    out = vehicle.start_place is None or durations_s[vehicle.start_place, place] < UNREACHABLE
    home = vehicle.end_place is None or durations_s[place, vehicle.end_place] < UNREACHABLE
    return bool(out and home)
