"""
Spreading: days in which vehicles stand in each other's way at docks are changed until nobody is late for it, and cheaply.

An engine that does not know of docks sends everybody home when that is best for each. Tried are, around the trips that wait:
another leaving, another order of trips, a later truck, a visit in another trip or in none. Each is judged by the times of
all vehicles with their queue, lateness first, then cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from routing.vrp.cost import over_s, route_cost, unload_s, unserved_cost, unserved_of
from routing.vrp.days import Days, Places, Trips, without
from routing.vrp.insertion import INFINITE
from routing.vrp.packed import NEVER, Packed
from routing.vrp.problem import Problem, Visit
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route, Trip

_TRIED_MOST, _TRIED_LEAST = 1_000, 60
_TRIED_VISITS: Final = 100_000
"""Days tried for one spreading: as many as visit so many visits in all, within bounds; some tenths of a second. Chosen for time."""

_TRIED_QUICKLY: Final = 20
"""While a search goes on and soon finds something better. Chosen for time."""

_PLACES: Final = 3
"""Vehicles in which a visit, or a trip, is tried that leaves its own. Chosen for time."""

_VISITS: Final = 12
"""Visits of a trip that are tried elsewhere: those that take it the most time. Chosen for time."""

_POLISHED: Final = 2
"""Of the days tried around one trip those, the best ones, whose vehicles are tried at other times as well. Chosen for time."""

_IN_LINE: Final = 8
"""Trips that are tried at other times: those that wait longest, and their neighbours in the queue. Chosen for time."""


class _Moved(NamedTuple):
    """Days, and when some vehicles leave though they could leave otherwise."""

    days: Days
    leaves_s: Mapping[int, int]


class _Timed(NamedTuple):
    """Days with their times: by how many seconds trips are late or shifts too long, what all costs, what it was made of."""

    late_s: int
    cost: int
    routes: tuple[Route, ...]
    moved: _Moved


class Spreader:
    """Spreads orders of one problem with docks. `missed_s` says of visits how late their trips were at first."""

    def __init__(self, problem: Problem, packed: Packed, scheduler: Scheduler) -> None:
        self._problem, self._scheduler = problem, scheduler
        self._places = Places(packed)
        self._group: dict[int, list[int]] = {}
        for number, visit in enumerate(problem.visits):
            if visit.group is not None:
                self._group.setdefault(visit.group, []).append(number)
        # Halves of pairs and members of joints go nowhere alone.
        joint = (number for number, visit in enumerate(problem.visits) if visit.joints)
        self._bound = problem.paired.union(joint)
        self.missed_s: dict[int, int] = {}
        self._tried = self._most = 0

    def spread(self, days: Days, *, quickly: bool = False) -> tuple[Route, ...] | None:
        """
        Return routes that all docks can take, of these orders or some like them; None: none were found.

        A visit that is required stays, and so do joints and pairs. `quickly` few days are tried.
        """
        self.missed_s, self._tried = {}, 0
        most = _TRIED_VISITS // max(1, len(self._problem.visits))
        most = min(_TRIED_MOST, max(_TRIED_LEAST, most))
        self._most = _TRIED_QUICKLY if quickly else most
        first = self._timed(_Moved(days, {})) or self._timed(_Moved(self._drivable(days), {}))
        if first is None:
            return None
        self.missed_s = dict(self._missed_s(first.routes))
        best: _Timed | None = self._polished(first)
        while best is not None:
            while (better := self._better(best)) is not None:
                best = better
            if not best.late_s:
                return best.routes
            best = self._with_less(best)
        return None

    def _better(self, best: _Timed) -> _Timed | None:
        """A better day around the first trip for which there is one; None: there is none, or no more may be tried."""
        for of_one_trip in self._tries(best):
            if self._tried >= self._most:
                return None
            found = [each for moved in of_one_trip if (each := self._timed(moved)) is not None]
            found = sorted(found, key=lambda each: each[:2])[:_POLISHED]
            polished = min(map(self._polished, found), key=lambda each: each[:2], default=best)
            if polished[:2] < best[:2]:
                return polished
        return None

    def _polished(self, best: _Timed) -> _Timed:
        """The same orders, as long as it helps that a vehicle leaves at another time."""
        while self._tried < self._most:
            tried = (self._timed(moved) for moved in self._at_other_times(best))
            found = min(filter(None, tried), key=lambda each: each[:2], default=best)
            if found[:2] >= best[:2]:
                break
            best = found
        return best

    def _timed(self, moved: _Moved) -> _Timed | None:
        self._tried += 1
        routes = self._scheduler.schedule_all(moved.days, moved.leaves_s, or_late=True)
        if routes is None:
            return None
        served = {visit for trips in moved.days.values() for trip in trips for visit in trip}
        left = unserved_of(self._problem, served)
        total = sum(route_cost(self._problem, route) for route in routes)
        late_s = sum(late_s for route in routes for late_s in self._lates_s(route))
        return _Timed(late_s, total + unserved_cost(self._problem, left), routes, moved)

    def _drivable(self, days: Days) -> Days:
        """The days without trips after which somebody could no longer take a break: O(vehicles) times."""
        kept: dict[int, Trips] = {}
        for vehicle, trips in sorted(days.items()):
            for number in range(len(trips), 0, -1):
                tried = {**kept, vehicle: trips[:number]}
                if self._timed(_Moved(tried, {})) is not None:
                    kept = tried
                    break
        return kept

    def _lates_s(self, route: Route) -> list[int]:
        """By how much each trip is too late: at its visits, for what it carries, and the last for shift and longest day."""
        lates_s = []
        for trip in route.trips:
            late_s = max(0, over_s(self._problem, trip) - self._due_s(trip))
            for halt in trip.visits:
                if windows := self._problem.visits[halt.visit].windows:
                    late_s += max(0, halt.begin_s - windows[-1].latest_s)
            lates_s.append(late_s)
        vehicle, ends_s = (
            self._problem.vehicles[route.vehicle],
            over_s(self._problem, route.trips[-1]),
        )
        beyond_s = ends_s - vehicle.shift.latest_s
        if vehicle.duration_limit_s is not None:
            longer_s = ends_s - route.trips[0].leave_s - vehicle.duration_limit_s
            beyond_s = max(beyond_s, longer_s)
        lates_s[-1] += max(0, beyond_s)
        return lates_s

    def _due_s(self, trip: Trip) -> int:
        dues_s = (self._problem.visits[halt.visit].due_s for halt in trip.visits)
        return min((due_s for due_s in dues_s if due_s is not None), default=NEVER)

    def _missed_s(self, routes: Sequence[Route]) -> Iterator[tuple[int, int]]:
        for route in routes:
            for trip, late_s in zip(route.trips, self._lates_s(route), strict=True):
                if late_s:
                    yield from ((halt.visit, late_s) for halt in trip.visits)

    def _tries(self, best: _Timed) -> Iterator[Iterator[_Moved]]:
        """Other days, for one trip after another: those that are late or wait, those for whom they do, and what nobody makes."""
        seen: set[tuple[int, int]] = set()
        for route, number in self._in_line(best):
            for at in [(route, number), *self._ahead(best.routes, route, number)]:
                key = (at[0].vehicle, at[1])
                if key not in seen:
                    seen.add(key)
                    yield self._made_otherwise(best, *at)
        days = best.moved.days
        served = {visit for trips in days.values() for trip in trips for visit in trip}
        left = [each for each in unserved_of(self._problem, served) if each not in self._bound]
        for visit in left[:_VISITS]:
            yield self._elsewhere(best, visit)

    def _in_line(self, best: _Timed) -> list[tuple[Route, int]]:
        """Trips that are late or wait, the latest first."""
        trips = [
            (late_s, trip.dock_wait_s, route, number)
            for route in best.routes
            for number, (trip, late_s) in enumerate(
                zip(route.trips, self._lates_s(route), strict=True)
            )
            if late_s or trip.dock_wait_s
        ]
        trips.sort(key=lambda each: (-each[0], -each[1], each[2].vehicle, each[3]))
        return [(route, number) for *_, route, number in trips]

    def _ahead(
        self, routes: Sequence[Route], waiting: Route, number: int
    ) -> list[tuple[Route, int]]:
        """Trips that unload while this one waits, the last of them first."""
        trip, place = waiting.trips[number], self._problem.vehicles[waiting.vehicle].end_place
        found = [
            (each.back_s, route, at)
            for route in routes
            for at, each in enumerate(route.trips)
            if self._problem.vehicles[route.vehicle].end_place == place
            and each.back_s <= trip.back_s < over_s(self._problem, each)
            and (route.vehicle, at) != (waiting.vehicle, number)
            and unload_s(self._problem, each)
        ]
        found.sort(key=lambda each: (-each[0], each[1].vehicle))
        return [(route, at) for _, route, at in found]

    def _at_other_times(self, best: _Timed) -> Iterator[_Moved]:
        """
        Vehicles that are late, wait or are waited for leave at other times.

        So that they come when the dock is free, just before another one or just behind it, or as early as they can.
        """
        for route, number in self._in_line(best)[:_IN_LINE]:
            around = self._ahead(best.routes, route, number)
            own, others = (route, number), [(each, at) for each, at in around if each is not route]
            for (mover, at), beside in ((own, others), *((each, [own]) for each in others)):
                back_s, leaves_s = mover.trips[at].back_s, mover.trips[0].leave_s
                first_s = self._problem.vehicles[mover.vehicle].shift.earliest_s
                targets_s = [
                    back_s + mover.trips[at].dock_wait_s,
                    back_s - mover.trips[at].dock_wait_s,
                ]
                for other, its in beside:
                    ahead_s = other.trips[its].back_s - (mover.vehicle > other.vehicle)
                    targets_s += (ahead_s, other.trips[its].back_s + 1)
                    targets_s.append(over_s(self._problem, other.trips[its]))
                for leave_s in dict.fromkeys(
                    (first_s, *(leaves_s + s - back_s for s in targets_s))
                ):
                    if first_s <= leave_s != leaves_s:
                        leaving_s = {**best.moved.leaves_s, mover.vehicle: leave_s}
                        yield _Moved(best.moved.days, leaving_s)

    def _made_otherwise(self, best: _Timed, route: Route, number: int) -> Iterator[_Moved]:
        """The trip at another place of its day, cut in two, for later trucks, by another vehicle, or without a visit."""
        days, vehicle = best.moved.days, route.vehicle
        trips = days[vehicle]
        for other in (number - 1, number + 1):
            if 0 <= other < len(trips):
                swapped = list(trips)
                swapped[number], swapped[other] = swapped[other], swapped[number]
                yield self._freely(best, {**days, vehicle: tuple(swapped)})
        trip = trips[number]
        if len(trips) < self._problem.vehicles[vehicle].trips_max and self._bound.isdisjoint(trip):
            for cut in range(1, len(trip)):
                parts = (*trips[:number], trip[:cut], trip[cut:], *trips[number + 1 :])
                yield self._freely(best, {**days, vehicle: parts})
        over = over_s(self._problem, route.trips[number])
        later = tuple(self._in_time(visit, over) for visit in trip)
        if later != trip:
            yield self._freely(
                best, {**days, vehicle: (*trips[:number], later, *trips[number + 1 :])}
            )
        yield from self._whole_elsewhere(best, vehicle, number)
        for visit in self._longest(route, number):
            yield from self._elsewhere(best, visit)

    def _whole_elsewhere(self, best: _Timed, vehicle: int, number: int) -> Iterator[_Moved]:
        """The whole trip driven by others, at any place of their days."""
        days, trip = best.moved.days, best.moved.days[vehicle][number]
        rest = without(days, trip)
        able = [
            other
            for other in self._places.vehicles(rest)
            if other != vehicle
            and len(rest.get(other, ())) < self._problem.vehicles[other].trips_max
            and all(
                self._problem.visits[each].skills <= self._problem.vehicles[other].skills
                for each in trip
            )
        ]
        able.sort(key=lambda other: (self._places.price(rest, other, trip[0]), other))
        for other in able[:_PLACES]:
            trips = rest.get(other, ())
            for at in range(len(trips) + 1):
                yield self._freely(best, {**rest, other: (*trips[:at], trip, *trips[at:])})

    def _longest(self, route: Route, number: int) -> list[int]:
        """Those visits of a trip that others are not bound to, the ones first that take it the most time."""
        spared_s = self._spared_s(route, number)
        free = [visit for visit in spared_s if visit not in self._bound]
        return sorted(free, key=lambda visit: (-spared_s[visit], visit))[:_VISITS]

    def _spared_s(self, route: Route, number: int) -> dict[int, int]:
        """About how much sooner the trip would be over without each of its visits, if it waited nowhere."""
        vehicle = self._problem.vehicles[route.vehicle]
        durations_s = self._problem.matrices[vehicle.matrix].durations_s
        made = [each.visit for each in route.trips[number].visits]
        places = [self._problem.visits[each].place for each in made]
        around = [vehicle.start_place, *places, vehicle.end_place]
        spared_s = {}
        for at, each in enumerate(made):
            visit, (before, here, after) = self._problem.visits[each], around[at : at + 3]
            spared_s[each] = visit.service_s + visit.unload_s
            if before is not None and here is not None and after is not None:
                spared_s[each] += int(durations_s[before, here]) + int(durations_s[here, after])
                spared_s[each] -= int(durations_s[before, after])
        return spared_s

    def _elsewhere(self, best: _Timed, visit: int) -> Iterator[_Moved]:
        """The visit's order in other trips, at any of its places and trucks, or in none."""
        rest = without(best.moved.days, [visit])
        facts = self._problem.visits[visit]
        if facts.unserved_cost is not None:
            yield self._freely(best, rest)
        ways = [visit] if facts.group is None else self._group[facts.group]
        offers = sorted(
            (price, vehicle, way)
            for way in ways
            for vehicle in self._places.vehicles(rest)
            if (price := self._places.price(rest, vehicle, way)) < INFINITE
        )
        for _, vehicle, way in offers[:_PLACES]:
            yield self._freely(best, self._places.put(rest, vehicle, way))

    def _in_time(self, visit: int, by_s: int) -> int:
        """The cheapest of the visit's alternatives at the same place and times whose truck is caught then; itself if none is."""
        facts = self._problem.visits[visit]
        if facts.group is None or facts.due_s is None or facts.due_s >= by_s or facts.joints:
            return visit
        alike = [
            (other.cost, each)
            for each in self._group[facts.group]
            if _is_alike(facts, other := self._problem.visits[each])
            and (other.due_s is None or other.due_s >= by_s)
        ]
        return min(alike, default=(0, visit))[1]

    def _freely(self, best: _Timed, days: Days) -> _Moved:
        """Whose trips are others leaves when it likes."""
        same = {
            v: s for v, s in best.moved.leaves_s.items() if days.get(v) == best.moved.days.get(v)
        }
        return _Moved(days, same)

    def _with_less(self, best: _Timed) -> _Timed | None:
        """Less late, for of every late trip something is left out; None: all that it and those before it carry is required."""
        gone: set[int] = set()
        for route in best.routes:
            for number, late_s in enumerate(self._lates_s(route)):
                if not late_s:
                    continue
                for at in [(route, number), *self._ahead(best.routes, route, number)]:
                    if (least := self._least(*at)) is not None:
                        gone.update(least)
                        break
                else:
                    return None
        return self._timed(self._freely(best, without(best.moved.days, gone)))

    def _least(self, route: Route, number: int) -> list[int] | None:
        """Of what may be left out of a trip the cheapest, and of several that which takes the most time; None: all is required."""
        spared_s, visits = self._spared_s(route, number), self._problem.visits
        wholes = [(visit, self._whole(visit)) for visit in spared_s]
        may_go = [
            (unserved_cost(self._problem, whole), -spared_s[visit], whole)
            for visit, whole in wholes
            if all(visits[each].unserved_cost is not None for each in whole)
        ]
        return min(may_go)[2] if may_go else None

    def _whole(self, visit: int) -> list[int]:
        """What must be left out with it: its pair, and the other members of its joints."""
        if visit not in self._bound:
            return [visit]
        visits = self._problem.visits
        gone = [visit, *(n for n, each in enumerate(visits) if visit in (each.brings, n))]
        if visits[visit].brings is not None:
            gone.append(visits[visit].brings or 0)
        joints = set(visits[visit].joints)
        gone += (n for n, each in enumerate(visits) if not joints.isdisjoint(each.joints))
        return list(dict.fromkeys(gone))


def _is_alike(one: Visit, other: Visit) -> bool:
    """Whether both are made at the same place and moments, by the same vehicles."""
    return (one.place, one.windows, one.skills) == (other.place, other.windows, other.skills)
