"""Ranking: by how much each courier's shift grows at least, if a new stop is made in one of its gaps."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, hypot, radians
from typing import Final

from dispatch.days import DayClock
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.halts import Halt
from dispatch.plan import Stop, Trip
from dispatch.running.courses import ENDLESS, Course
from dispatch.running.drives import Drives
from dispatch.running.gaps import NOTHING_AHEAD, Gap, GapsAhead, gaps_ahead
from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.vrp.cost import visit_cost
from routing.vrp.problem import Vehicle

OVERDUE_S: Final = 9_000
"""A break that is overdue may begin so long from now at the latest: half an hour after the courier is free, and whoever
stands at a locked stop is free within two hours."""

_METRES_OF_DEGREE: Final = 110_500.0
"""No degree of latitude is shorter; a road is never shorter than the line between its ends."""


@dataclass(frozen=True, slots=True)
class NewStop:
    """One of the places at which a new order may be picked up, and how long one needs to find its door."""

    halt: Halt
    setup_s: int


_Drive = tuple[float, float]
"""Seconds and metres, each perhaps less than it takes."""

_Ways = Mapping[Place, tuple[_Drive, _Drive]]
"""For each place the drive from it to a new stop, and the one back."""


class Ranking:
    """Whose shift may grow least by one of some new stops: bounds that are never too dear."""

    def __init__(
        self,
        courses: Mapping[CourierId, Course],
        stops: Sequence[NewStop],
        drives: Drives,
        facts: RoadFacts,
        *,
        depot: Place,
        clock: DayClock,
        now: datetime,
        is_known: bool,
        by_time: bool = True,
    ) -> None:
        """
        `is_known`: the drives stated in the plan are those of `drives`; else nothing bounds. Not `by_time`: nobody is
        passed over who would be late, as if there were time enough.
        """
        self._by_time = by_time
        self._courses, self._stops, self._drives, self._facts = courses, stops, drives, facts
        self._depot, self._is_known = depot, is_known
        self._midnight_s = clock.starts_at.timestamp()
        self._now, self._now_s = now, clock.seconds(now)
        self._numbers = {courier_id: number for number, courier_id in enumerate(courses)}

    def couriers(self) -> Iterator[tuple[float, CourierId]]:
        """Each courier to whom a stop might fit, the cheapest bound first; in the problem's unit of cost."""
        waiting: list[tuple[float, int, bool, CourierId, GapsAhead]] = []
        profiles = {each.profile for each in self._courses.values()}
        tops = {each: self._drives.network.profile(each).top_kmh / 3.6 for each in profiles}
        from_depot = {each: self._by_road([self._depot], each) for each in profiles}
        for courier_id, course in self._courses.items():
            route = course.route
            ahead = (
                NOTHING_AHEAD
                if route is None
                else gaps_ahead(route, self._facts, tops[course.profile], self._now)
            )
            near: list[_Ways] = [
                {**self._by_crow(ahead.gaps, stop), self._depot: ways[self._depot]}
                for stop, ways in zip(self._stops, from_depot[course.profile], strict=True)
            ]
            bound = self._bound(courier_id, course, ahead, near)
            heapq.heappush(waiting, (bound, len(waiting), False, courier_id, ahead))
        while waiting:
            bound, number, is_exact, courier_id, ahead = heapq.heappop(waiting)
            if bound == ENDLESS:
                return
            if is_exact or not ahead.gaps:
                yield bound, courier_id
                continue
            course = self._courses[courier_id]
            places = dict.fromkeys(
                stop.place for gap in ahead.gaps for stop in (gap.before, gap.after) if stop
            )
            near = self._by_road([self._depot, *places], course.profile)
            bound = self._bound(courier_id, course, ahead, near)
            heapq.heappush(waiting, (bound, number, True, courier_id, ahead))

    def _by_road(self, places: Sequence[Place], profile: str) -> list[_Ways]:
        found: list[_Ways] = []
        for stop in self._stops:
            to, back = self._drives.between(places, stop.halt.spot.place, profile)
            found.append(dict(zip(places, zip(to, back, strict=True), strict=True)))
        return found

    @staticmethod
    def _by_crow(gaps: Sequence[Gap], stop: NewStop) -> _Ways:
        """Metres of the straight line, which no road undercuts, less the walks from road to door at both ends."""
        # Of the new stop's walk only the seconds are known, as a part of its setup: nobody walks 2 m/s.
        place, walk_m = stop.halt.spot.place, 2 * stop.setup_s
        across = _METRES_OF_DEGREE * cos(radians(abs(place.lat) + 1))
        found: dict[Place, tuple[_Drive, _Drive]] = {}
        for gap in gaps:
            for end in (gap.before, gap.after):
                if end is None or end.place in found:
                    continue
                east_m = (end.place.lon - place.lon) * across
                north_m = (end.place.lat - place.lat) * _METRES_OF_DEGREE
                metres = max(0.0, hypot(east_m, north_m) - end.leg.walk_m - walk_m - 2)
                found[end.place] = ((0, metres), (0, metres))
        return found

    def _bound(
        self, courier_id: CourierId, course: Course, ahead: GapsAhead, near: Sequence[_Ways]
    ) -> float:
        return min(
            (
                self._least(courier_id, course, ahead, stop, ways)
                for stop, ways in zip(self._stops, near, strict=True)
            ),
            default=ENDLESS,
        )

    def _seconds(self, at: datetime) -> float:
        """As a day's clock counts, without looking up the zone."""
        return at.timestamp() - self._midnight_s

    def _saved_s(self, course: Course, ahead: GapsAhead, gap: Gap, sooner_s: float) -> float:
        """
        How many seconds a stop in this gap may save at most: what is idle after it.

        Breaks are idle too, but for those that can lie neither before the first stop nor after the shift's end.
        """
        assert course.route is not None, "a gap is of a route"
        seq = (gap.before or gap.trip.stops[0]).seq if gap.after is None else gap.after.seq
        if ahead.late_s > course.margins_s[seq]:
            return ENDLESS
        back_s = self._seconds(course.route.trips[-1].unloaded_at) - sooner_s
        if ahead.is_begun:
            left_at = gap.trip.leave_at if gap.before is None else gap.before.depart_at
            overdue_s = self._now_s + OVERDUE_S
            rested_s = sum(
                rest.length_s
                for rest in course.rests
                if rest.starts_at >= left_at
                and max(rest.window.latest_s + ahead.late_s, overdue_s) < back_s
            )
            return max(0.0, course.idle_from_s[seq] - rested_s) + ahead.early_s
        rested_s = sum(
            rest.length_s
            for rest in course.rests
            if rest.window.earliest_s + rest.length_s > course.first_latest_s
            and rest.window.latest_s + ahead.late_s < back_s
        )
        saved_s = max(0.0, course.idle_s - rested_s) + ahead.early_s
        # A shift that has to be timed anew may be timed worse than it was planned: see `as_it_is`.
        keeps = ahead.is_whole and course.route.trips[0].leave_at >= self._now
        return saved_s if keeps else saved_s + sooner_s

    def _least(
        self, courier_id: CourierId, course: Course, ahead: GapsAhead, stop: NewStop, ways: _Ways
    ) -> float:
        vehicle, visit = course.vehicle, stop.halt.visit
        room = zip(visit.loads, vehicle.capacities, strict=True)
        if not visit.skills <= vehicle.skills or any(load > most for load, most in room):
            return ENDLESS
        price = visit_cost(visit, self._numbers[courier_id])
        latest_s: float = visit.windows[-1].latest_s if visit.windows else ENDLESS
        back_s: float = min(vehicle.shift.latest_s, ENDLESS if visit.due_s is None else visit.due_s)
        if not self._by_time:
            latest_s = back_s = ENDLESS
        work_s = visit.service_s + stop.setup_s + visit.unload_s
        (out_s, out_m), (home_s, home_m) = ways[self._depot]
        left_s = max(self._now_s, vehicle.shift.earliest_s)
        if max(out_s, home_s) >= UNREACHABLE or left_s + out_s + home_s + work_s > back_s:
            return ENDLESS
        least = ENDLESS
        route = course.route
        sooner_s = ahead.early_s  # than planned anything may be at most
        if route is not None and not ahead.is_begun:
            sooner_s += max(0, self._seconds(route.trips[0].leave_at) - left_s)
        # A trip that is called off leaves room for another.
        may_leave = route is None or not ahead.is_whole or len(route.trips) < vehicle.trips_max
        if may_leave and left_s + out_s <= latest_s:
            trip_s, saved_s = out_s + home_s + work_s, 0.0
            if route is not None:
                trip_s += vehicle.turnaround_s
                gaps = ahead.gaps[:1]
                saved_s = max(
                    (self._saved_s(course, ahead, each, sooner_s) for each in gaps), default=ENDLESS
                )
            least = (out_m + home_m) * vehicle.cost_per_m
            least += max(0.0, trip_s - saved_s) * vehicle.cost_per_s
            least += vehicle.fixed_cost if route is None else 0
        if route is None:
            return least + price
        if not self._is_known:
            return -ENDLESS
        for gap in ahead.gaps:
            if not gap.is_known:
                return -ENDLESS
            to_s, to_m = ways[self._depot if gap.before is None else gap.before.place][0]
            from_s, from_m = ways[self._depot if gap.after is None else gap.after.place][1]
            metres = to_m + from_m - gap.leg_m
            cost = metres * vehicle.cost_per_m
            if cost >= least:
                continue
            shared = any(_is_at(each, stop) for each in (gap.before, gap.after))
            added_s = max(0, to_s + from_s - gap.leg_s) + work_s - shared * stop.setup_s
            over_s = added_s - self._saved_s(course, ahead, gap, sooner_s)
            cost += max(0.0, over_s) * vehicle.cost_per_s
            if cost >= least or max(to_s, from_s) >= UNREACHABLE:
                continue
            there_s = to_s + self._seconds(
                gap.trip.leave_at if gap.before is None else gap.before.depart_at
            )
            home_s = self._seconds(gap.trip.unloaded_at) + over_s
            if there_s - sooner_s > latest_s or home_s - sooner_s > back_s:
                continue
            slack_s = ENDLESS if gap.after is None else course.slacks_s[gap.after.seq]
            if self._by_time and over_s - sooner_s > max(slack_s, 1):
                continue  # who follows would be later than was promised, or than predicted
            if gap.is_whole and not _has_room(gap.trip, stop, vehicle):
                continue
            least = cost
        return least + price


def _is_at(stop: Stop | None, new: NewStop) -> bool:
    spot = new.halt.spot
    return stop is not None and (stop.place, stop.point_id) == (spot.place, spot.point_id)


def _has_room(trip: Trip, new: NewStop, vehicle: Vehicle) -> bool:
    aboard = (trip.weight_g, trip.volume_ml, trip.pieces)
    loads = zip(aboard, new.halt.visit.loads, vehicle.capacities, strict=True)
    return all(load + more <= max(most, load) for load, more, most in loads)
