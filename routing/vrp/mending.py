"""
Joints: what an engine that does not know of them has torn is put together again, or left out whole.

For each torn joint a few days are tried: all members in one of the trips that hold some, in a new trip, or none made;
for a joint of several trips, what is missing put where it costs least. The cheapest by the exact schedule is
kept. Other visits stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from routing.vrp.cost import route_cost, unserved_cost
from routing.vrp.days import Days, Places, Trips, without
from routing.vrp.engine_process import Orders
from routing.vrp.insertion import INFINITE, cheapest_within, put
from routing.vrp.packed import Packed
from routing.vrp.problem import Joint, Problem
from routing.vrp.schedule import Scheduler, sequence_of, trips_of

_BEGINNINGS: Final = 4
"""Vehicles tried for a joint that is torn out of all its trips: some ten schedules each. Chosen for time."""

_ASKED_WHOLE: Final = 64
"""A fleet of so many vehicles is asked whole; of a larger one those who come by one of the nearest visits. Chosen for time."""

_NEAREST: Final = 200
"""Visits whose vehicles are asked in a larger fleet. Chosen for time."""

_FIRST: Final = 2
"""Members that are tried as the first of a new beginning; the others join it. Chosen for time."""

_MANY_TORN: Final = 64
"""Torn joints from which mending quickly tries no new beginnings. Chosen for time."""


class Mender:
    """Makes orders of one problem keep to its joints."""

    def __init__(self, problem: Problem, packed: Packed, scheduler: Scheduler) -> None:
        self._problem, self._packed, self._scheduler = problem, packed, scheduler
        self._members: list[list[list[int]]] = [[] for _ in problem.joints]
        self._firsts: dict[int, int] = {}
        groups: dict[tuple[int, int], list[int]] = {}
        for number, visit in enumerate(problem.visits):
            if visit.group is not None:
                self._firsts.setdefault(visit.group, number)
            for joint in visit.joints:
                if visit.group is None:
                    self._members[joint].append([number])
                elif (joint, visit.group) in groups:
                    groups[joint, visit.group].append(number)
                else:
                    groups[joint, visit.group] = [number]
                    self._members[joint].append(groups[joint, visit.group])
        self._places = Places(packed)
        self._rows = np.array([visit.place for visit in problem.visits], np.int64)
        self._costs: dict[tuple[int, Trips], int | None] = {}
        # The days that stand: whatever is tried differs from them in few vehicles.
        self._days: dict[int, Trips] = {}
        self._driver: dict[int, int] = {}

    def mended(self, orders: Orders, *, quickly: bool = False) -> dict[int, Trips] | None:
        """
        The orders with every joint kept; None: a member that is required cannot be made so.

        A due moment that members must share is the latest that any of them has. For a torn joint some tens of exact
        schedules, each of one vehicle's day, however large the problem is; `quickly`, where many are torn, two or three, in
        which members only join each other's trips, and more leave the day; others if none of these can be driven.
        """
        self._days = {
            vehicle: tuple(tuple(trip) for trip in trips if trip)
            for vehicle, trips in orders.items()
        }
        self._driver = {
            visit: vehicle
            for vehicle, trips in self._days.items()
            for trip in trips
            for visit in trip
        }
        joints = tuple(enumerate(self._problem.joints))
        begins = True
        if quickly:
            begins = sum(self._is_torn(self._days, *each) for each in joints) < _MANY_TORN
        for number, joint in joints:
            if self._is_torn(self._days, number, joint) or self._is_dear(number, joint):
                best = self._best(number, joint, begins=begins)
                if best is None and not begins:
                    best = self._best(number, joint, begins=True)
                if best is None:
                    return None
                self._stand(best)
        return self._days

    def _stand(self, days: dict[int, Trips]) -> None:
        """From now on these are the days that stand."""
        changed = self._changed(days)
        gone = {
            visit for vehicle in changed for trip in self._days.get(vehicle, ()) for visit in trip
        }
        for visit in gone:
            del self._driver[visit]
        self._driver.update(
            (visit, vehicle)
            for vehicle in changed
            for trip in days.get(vehicle, ())
            for visit in trip
        )
        self._days = days

    def _changed(self, days: Days) -> list[int]:
        """The vehicles that drive otherwise than in the days that stand."""
        if days is self._days:
            return []
        both = days.keys() | self._days.keys()
        return [vehicle for vehicle in both if days.get(vehicle) != self._days.get(vehicle)]

    def _is_torn(self, days: Days, number: int, joint: Joint) -> bool:
        made = self._made(days, number)
        if joint.all_or_nothing and 0 < len(made) < len(self._members[number]):
            return True
        if joint.one_trip and len({ride for _, ride in made.values()}) > 1:
            return True
        return joint.one_due and len({self._due(visit) for visit, _ in made.values()}) > 1

    def _is_dear(self, number: int, joint: Joint) -> bool:
        """Whether leaving the whole joint out might cost less than making it: less than all of its vehicles' days do."""
        members = [visit for visits in self._members[number] for visit in visits]
        visits = [self._problem.visits[each] for each in members]
        if not joint.all_or_nothing or any(each.unserved_cost is None for each in visits):
            return False
        driven = {vehicle for _, (vehicle, _) in self._made(self._days, number).values()}
        costs = [self._day_cost(vehicle, self._days[vehicle]) or 0 for vehicle in driven]
        return unserved_cost(self._problem, members) < sum(costs)

    def _made(self, days: Days, number: int) -> dict[int, tuple[int, tuple[int, int]]]:
        """Each member that is made (its number): by which visit, in which vehicle's which trip."""
        changed = self._changed(days)
        made: dict[int, tuple[int, tuple[int, int]]] = {}
        for member, visits in enumerate(self._members[number]):
            for visit in visits:
                vehicle = self._vehicle(days, visit, changed)
                if vehicle is not None:
                    trips = enumerate(days[vehicle])
                    made[member] = (
                        visit,
                        (vehicle, next(at for at, trip in trips if visit in trip)),
                    )
        return made

    def _vehicle(self, days: Days, visit: int, changed: Sequence[int]) -> int | None:
        """Which vehicle makes the visit; None: nobody does."""
        vehicle = self._driver.get(visit)
        if vehicle is not None and vehicle not in changed:
            return vehicle
        return next(
            (each for each in changed if any(visit in trip for trip in days.get(each, ()))), None
        )

    def _due(self, visit: int) -> int:
        return int(self._packed.due_s[visit])

    def _best(self, number: int, joint: Joint, *, begins: bool) -> dict[int, Trips] | None:
        """The cheapest of the days in which the joint is kept; `begins`, also of those in which its trip is another one."""
        best: dict[int, Trips] | None = None
        best_cost = 0
        for tried in self._tried(number, joint, begins=begins):
            kept = self._with_one_due(tried, number) if joint.one_due else tried
            if kept is None or self._is_torn(kept, number, joint):
                continue
            cost = self._cost(kept)
            if cost is not None and (best is None or cost < best_cost):
                best, best_cost = kept, cost
        return best

    def _tried(self, number: int, joint: Joint, *, begins: bool) -> Iterator[dict[int, Trips]]:
        days = self._days
        made = self._made(days, number)
        members = range(len(self._members[number]))
        freed = self._without(days, made.values())
        yield freed
        if not joint.one_trip:
            yield days
            yield self._grown(days, number, [each for each in members if each not in made])
            return
        rides = {ride for _, ride in made.values()}
        for ride in sorted(rides):
            moved = [each for each in made.values() if each[1] != ride]
            stays = next(visit for visit, other in made.values() if other == ride)
            apart = self._without(days, moved)
            absent = [each for each in members if each not in made or made[each][1] != ride]
            yield self._filled(apart, number, absent, stays)
        for member in members[:_FIRST] if begins else ():
            others = [each for each in members if each != member]
            for begun, first in self._begun(freed, self._members[number][member]):
                yield self._filled(begun, number, others, first)

    def _without(
        self, days: dict[int, Trips], made: Iterable[tuple[int, tuple[int, int]]]
    ) -> dict[int, Trips]:
        """The days without these visits, each with its vehicle."""
        visits, vehicles = set[int](), set[int]()
        for visit, (vehicle, _) in made:
            visits.add(visit)
            vehicles.add(vehicle)
        left = without({each: days[each] for each in vehicles}, visits)
        kept = {**days, **left}
        for vehicle in vehicles - left.keys():
            del kept[vehicle]
        return kept

    def _filled(
        self, days: dict[int, Trips], number: int, absent: Sequence[int], beside: int
    ) -> dict[int, Trips]:
        """`absent` members put into the trip of visit `beside`, each where it then costs least; as many as fit."""
        vehicle = self._vehicle(days, beside, self._changed(days))
        assert vehicle is not None, "it is made"
        waiting = list(absent)
        while waiting:
            sequence = sequence_of(days[vehicle])
            at = int(np.flatnonzero(sequence == beside)[0])
            begin, end = at, at
            while begin > 0 and sequence[begin - 1] >= 0:
                begin -= 1
            while end < len(sequence) and sequence[end] >= 0:
                end += 1
            route = np.concatenate([sequence, np.full(3, -1, np.int64)])
            offers = [
                (
                    *cheapest_within(
                        self._packed, vehicle, route, len(sequence), visit, begin, end
                    ),
                    visit,
                    member,
                )
                for member in waiting
                for visit in self._members[number][member]
            ]
            offers = [
                (price + self._places.made_cost(visit, vehicle), at, visit, member)
                for price, at, visit, member in offers
                if price < INFINITE
            ]
            if not offers:
                break
            _, place, visit, member = min(offers)
            waiting.remove(member)
            target = np.empty(len(sequence) + 2, np.int64)
            grown = put(target, len(sequence), visit, place, 0, route)
            days = {**days, vehicle: trips_of(target[:grown].tolist())}
        return days

    def _begun(
        self, days: dict[int, Trips], visits: Sequence[int]
    ) -> Iterator[tuple[dict[int, Trips], int]]:
        """Days in which one of these visits is put somewhere else: into any trip, or a new one."""
        offers = sorted(
            (price, vehicle, visit)
            for visit in visits
            for vehicle in self._near(days, visit)
            if (price := self._places.price(days, vehicle, visit)) < INFINITE
        )
        for _, vehicle, visit in offers[:_BEGINNINGS]:
            yield self._places.put(days, vehicle, visit), visit
            trips = days.get(vehicle, ())
            if trips and len(trips) < self._problem.vehicles[vehicle].trips_max:
                yield {**days, vehicle: ((visit,), *trips)}, visit
                yield {**days, vehicle: (*trips, (visit,))}, visit

    def _near(self, days: Days, visit: int) -> Sequence[int]:
        """Vehicles that may be asked: all of a small fleet, else those who come near and of idle ones that are alike the first."""
        vehicles = self._places.vehicles(days)
        if len(vehicles) <= _ASKED_WHOLE:
            return vehicles
        place = self._rows[visit]
        drives_s = self._problem.matrices[0].durations_s[place][self._rows]
        nearest = np.argpartition(drives_s, min(_NEAREST, len(drives_s) - 1))[:_NEAREST]
        beside = {self._driver[each] for each in nearest.tolist() if each in self._driver}
        return [each for each in vehicles if each in beside or each not in days]

    def _grown(
        self, days: dict[int, Trips], number: int, absent: Sequence[int]
    ) -> dict[int, Trips]:
        """`absent` members put wherever each then costs least."""
        for member in absent:
            offers = [
                (price, vehicle, visit)
                for visit in self._members[number][member]
                for vehicle in self._near(days, visit)
                if (price := self._places.price(days, vehicle, visit)) < INFINITE
            ]
            if offers:
                _, vehicle, visit = min(offers)
                days = self._places.put(days, vehicle, visit)
        return days

    def _with_one_due(self, days: dict[int, Trips], number: int) -> dict[int, Trips] | None:
        """Members that are made, each for the latest due moment that one of them has; None: one cannot have it."""
        made = self._made(days, number)
        due_s = max((self._due(visit) for visit, _ in made.values()), default=0)
        instead: dict[int, int] = {}
        for member, (visit, _) in made.items():
            alike = [
                each
                for each in self._members[number][member]
                if self._due(each) == due_s and self._is_alike(each, visit)
            ]
            if not alike:
                return None
            instead[visit] = alike[0]
        vehicles = {vehicle for _, (vehicle, _) in made.values()}
        return {
            vehicle: tuple(tuple(instead.get(each, each) for each in trip) for trip in trips)
            if vehicle in vehicles
            else trips
            for vehicle, trips in days.items()
        }

    def _is_alike(self, one: int, other: int) -> bool:
        """Whether both are at one place and open at one time."""
        a, b = self._problem.visits[one], self._problem.visits[other]
        return (a.place, a.windows) == (b.place, b.windows)

    def _cost(self, days: Days) -> int | None:
        """
        What the days cost more than those that stand, by what they drive and what they leave out.

        None: they cannot be driven, or leave out what is required and was made.
        """
        total = 0
        made, were = set[int](), set[int]()
        for vehicle in self._changed(days):
            now, before = days.get(vehicle, ()), self._days.get(vehicle, ())
            cost = self._day_cost(vehicle, now)
            if cost is None:
                return None
            total += cost - (self._day_cost(vehicle, before) or 0)
            made.update(visit for trip in now for visit in trip)
            were.update(visit for trip in before for visit in trip)
        served, was = set(map(self._order, made)), set(map(self._order, were))
        visits = self._problem.visits
        for visit in were - made:
            if self._order(visit) not in served and visits[visit].unserved_cost is None:
                return None
        lost, won = was - served, served - was
        return total + sum(map(self._price, lost)) - sum(map(self._price, won))

    def _order(self, visit: int) -> int:
        """The first visit of the same order."""
        group = self._problem.visits[visit].group
        return visit if group is None else self._firsts[group]

    def _price(self, first: int) -> int:
        return self._problem.visits[first].unserved_cost or 0

    def _day_cost(self, vehicle: int, trips: Trips) -> int | None:
        if not trips:
            return 0
        key = (vehicle, trips)
        if key not in self._costs:
            route = self._scheduler.schedule(vehicle, trips)
            self._costs[key] = None if route is None else route_cost(self._problem, route)
        return self._costs[key]
