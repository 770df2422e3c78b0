"""Gaps 空隙: where in a plan's routes one more stop could be made, and by how much the day grows there at least."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, hypot, radians
from typing import Final, NamedTuple

from dispatch.days import DayClock, TimeWindow
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.halts import Halt
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Plan, Promise, Route, Stop, Trip
from dispatch.posing import DIMENSIONS, vehicle_of
from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap
from routing.vrp.cost import visit_cost
from routing.vrp.problem import Vehicle, Window

ENDLESS: Final = float("inf")

_NO_LIMITS: Final = (1 << 60,) * len(DIMENSIONS)
"""More than any day's load, where a vehicle has no limit."""

OVERDUE_S: Final = 9_000
"""A break that is overdue may begin so long from now at the latest: half an hour after the courier is free, and whoever
stands at a locked stop is free within two hours."""

_METRES_OF_DEGREE: Final = 110_500.0
"""No degree of latitude is shorter; a road is never shorter than the line between its ends."""


class _Gap(NamedTuple):
    """
    Between two stops of a trip; None is the depot. The drive between them takes at most `leg_s` and `leg_m`.

    Not `is_known`: the courier comes from elsewhere than from `before`. Not `is_whole`: something of the trip is
    called off, or done out of turn.
    """

    before: Stop | None
    after: Stop | None
    leg_s: int
    leg_m: float
    trip: Trip
    is_known: bool
    is_whole: bool


class _Rest(NamedTuple):
    """A break as it is planned."""

    starts_at: datetime
    window: Window
    length_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """
    One courier's shift in a version of a plan; without a route there is none yet.

    idle_s
        Seconds of the shift that are neither drive nor work: more than these no stop can save, breaks among them, for
        they may come to lie before or after the shift.
    margins_s
        By stop: by how much it and all that follow may be late before one of them misses its time and has to wait for
        its next one, longer than was planned.
    """

    vehicle: Vehicle
    profile: str
    route: Route | None
    idle_s: float
    idle_from_s: Mapping[int, float] = field(default_factory=dict)
    """By stop: of `idle_s` what lies between the stop before and the end of the shift."""
    rests: tuple[_Rest, ...] = ()
    """The breaks that are part of `idle_s`."""
    margins_s: Mapping[int, float] = field(default_factory=dict)
    first_latest_s: float = ENDLESS
    """When the first stop must begin for what was promised."""
    slacks_s: Mapping[int, float] = field(default_factory=dict)
    """By stop: how much later than planned it and all that follow may begin for what was promised."""


def courses_of(
    plan: Plan,
    inputs: DayInputs,
    told: Mapping[OrderId, Promise],
    before: Mapping[CourierId, Course],
) -> Mapping[CourierId, Course]:
    """The shifts of all couriers of the fleet; those of `before` whose route is the same are taken over."""
    fleet = inputs.fleet
    profiles = tuple(dict.fromkeys(model.profile for model in fleet.models.values()))
    routes = {route.courier_id: route for route in plan.routes}
    several = {each.order_id: each.windows for each in inputs.orders if len(each.windows) > 1}
    courses: dict[CourierId, Course] = {}
    for courier in fleet.couriers.values():
        vehicle = vehicle_of(courier, fleet, profiles, _NO_LIMITS, inputs.clock)
        known, route = before.get(courier.courier_id), routes.get(courier.courier_id)
        if known is not None and known.route is route and known.vehicle == vehicle:
            courses[courier.courier_id] = known
            continue
        profile = fleet.models[courier.model_id].profile
        idle_s = 0.0
        rests: tuple[_Rest, ...] = ()
        idle_from_s: Mapping[int, float] = {}
        slacks_s: Mapping[int, float] = {}
        margins_s: Mapping[int, float] = {}
        first_latest_s = ENDLESS
        if route is not None:
            slacks_s = _slacks_s(route, told)
            first_latest_s = min(
                (
                    inputs.clock.seconds(told[each].latest_at)
                    for each in route.stops[0].order_ids
                    if each in told
                ),
                default=ENDLESS,
            )
            rests = _rests(route, vehicle)
            idle_from_s = _idle_from_s(route, plan.turnaround_s)
            idle_s = idle_from_s[route.stops[0].seq]
            margins_s = _margins_s(route, inputs, several)
        courses[courier.courier_id] = Course(
            vehicle=vehicle,
            profile=profile,
            route=route,
            idle_s=idle_s,
            idle_from_s=idle_from_s,
            rests=rests,
            margins_s=margins_s,
            first_latest_s=first_latest_s,
            slacks_s=slacks_s,
        )
    return courses


def _idle_from_s(route: Route, turnaround_s: int) -> Mapping[int, float]:
    idle_s: dict[int, float] = {}
    free_at = route.trips[0].leave_at
    for trip in route.trips:
        for stop in trip.stops:
            ready_at = free_at + timedelta(seconds=stop.leg.duration_s + stop.setup_s)
            idle_s[stop.seq] = (stop.begin_at - ready_at).total_seconds()
            free_at = stop.depart_at
        # A break after the last stop of a trip, or at the depot, counts for the next stop, or as if before the last one.
        home_at = free_at + timedelta(seconds=trip.home.duration_s)
        idle_s[trip.stops[-1].seq] += max(0.0, (trip.back_at - home_at).total_seconds())
        free_at = trip.unloaded_at + timedelta(seconds=turnaround_s)
    from_s: dict[int, float] = {}
    rest_s = 0.0
    for seq in sorted(idle_s, reverse=True):
        rest_s += max(0.0, idle_s[seq])
        from_s[seq] = rest_s
    return from_s


def _margins_s(
    route: Route, inputs: DayInputs, several: Mapping[OrderId, Sequence[TimeWindow]]
) -> Mapping[int, float]:
    margins_s: dict[int, float] = {}
    least_s = ENDLESS
    clock, points = inputs.clock, inputs.registry.points
    for stop in reversed(route.stops):
        ends = [
            window.latest_at
            for order_id in stop.order_ids
            for window in several.get(order_id, ())
            if window.latest_at >= stop.begin_at
        ]
        point = None if stop.point_id is None else points.get(stop.point_id)
        if point is not None and len(point.hours) > 1:
            closing = (clock.moment(clock.seconds_of(each.closes)) for each in point.hours)
            ends += (each for each in closing if each >= stop.begin_at)
        if ends:
            least_s = min(least_s, (min(ends) - stop.begin_at).total_seconds())
        margins_s[stop.seq] = least_s
    return margins_s


def _slacks_s(route: Route, told: Mapping[OrderId, Promise]) -> Mapping[int, float]:
    slacks_s: dict[int, float] = {}
    least_s = ENDLESS
    for stop in reversed(route.stops):
        for order_id in stop.order_ids:
            if (promise := told.get(order_id)) is not None:
                least_s = min(least_s, (promise.latest_at - stop.begin_at).total_seconds())
        slacks_s[stop.seq] = least_s
    return slacks_s


def _rests(route: Route, vehicle: Vehicle) -> tuple[_Rest, ...]:
    left_at, back_at = route.trips[0].leave_at, route.trips[-1].unloaded_at
    if len(route.breaks) != len(vehicle.breaks):
        return ()
    return tuple(
        _Rest(taken.starts_at, rest.window, rest.duration_s)
        for taken, rest in zip(route.breaks, vehicle.breaks, strict=True)
        if left_at <= taken.starts_at and taken.ends_at <= back_at
    )


class Drives:
    """Seconds and metres between stops and the places of new orders; positions on roads are kept."""

    def __init__(self, network: RoadNetwork, snaps: dict[tuple[str, Place], Snap | None]) -> None:
        self.network = network
        self._snaps = snaps

    def between(
        self, places: Sequence[Place], place: Place, profile: str
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """For each of `places` the drive to `place`, and the one from it."""
        missing = [each for each in (*places, place) if (profile, each) not in self._snaps]
        for each, found in zip(missing, self.network.snap(missing, profile), strict=True):
            self._snaps[profile, each] = None if isinstance(found, PlaceOffRoad) else found
        there = self._snaps[profile, place]
        to = [(UNREACHABLE, UNREACHABLE)] * len(places)
        back = list(to)
        snaps = [self._snaps[profile, each] for each in places]
        known = [number for number, snap in enumerate(snaps) if snap is not None]
        positions = [snap for snap in snaps if snap is not None]
        if there is None or not positions:
            return to, back
        for drives, tables in (
            (to, self.network.table(positions, [there], profile)),
            (back, self.network.table([there], positions, profile)),
        ):
            for number, seconds, metres in zip(
                known, *(each.ravel().tolist() for each in tables), strict=True
            ):
                drives[number] = (seconds, metres)
        return to, back


@dataclass(frozen=True, slots=True)
class _Ahead:
    """
    The gaps of a route that are still to come.

    early_s, late_s
        By how much the courier may be ahead of the plan, for so much is more idle than was planned; and behind it.
    """

    gaps: tuple[_Gap, ...]
    early_s: float
    late_s: float
    is_begun: bool
    is_whole: bool


_NOTHING: Final = _Ahead((), 0.0, 0.0, is_begun=False, is_whole=True)


def _ahead(route: Route, facts: RoadFacts, top_m_per_s: float, now: datetime) -> _Ahead:
    gaps: list[_Gap] = []
    early_s = 0.0
    arrived = facts.arrivals.get(route.courier_id, {})
    for trip in route.trips:
        found, sooner_s = _of_trip(trip, facts, arrived, top_m_per_s)
        gaps += found
        early_s += sooner_s
    is_begun = any(_came(stop, facts, arrived) for stop in route.stops)
    late_s = _late_s(route, facts, now)
    return _Ahead(tuple(gaps), early_s, late_s, is_begun, all(each.is_whole for each in gaps))


def _late_s(route: Route, facts: RoadFacts, now: datetime) -> float:
    """Of a trip of which nothing is heard nobody knows that it has begun: it is late as if it began now."""
    late_s = 0.0
    arrived = facts.arrivals.get(route.courier_id, {})
    for trip in route.trips:
        if not any(_came(stop, facts, arrived) for stop in trip.stops):
            late_s = max(late_s, (now - trip.leave_at).total_seconds())
            continue
        for stop in trip.stops:
            ends = [facts.fates[each].at for each in stop.order_ids if each in facts.fates]
            came = [arrived[each] for each in stop.order_ids if each in arrived]
            if ends:
                late_s = max(late_s, (max(ends) - stop.depart_at).total_seconds())
            if came:
                late_s = max(late_s, (min(came) - stop.arrive_at).total_seconds())
            if len(ends) < len(stop.order_ids):
                due_at = stop.depart_at if came else stop.arrive_at
                late_s = max(late_s, (now - due_at).total_seconds())
    return late_s


def _came(stop: Stop, facts: RoadFacts, arrived: Mapping[OrderId, datetime]) -> bool:
    """Whether the courier has been there for it; a stop that is called off while it waits there is not made."""
    came = is_open = False
    for order_id in stop.order_ids:
        came = came or order_id in arrived
        fate = facts.fates.get(order_id)
        if fate is None:
            is_open = True
        elif fate.status is not OrderStatus.CANCELLED:
            return True
    return came and is_open


def _of_trip(
    trip: Trip, facts: RoadFacts, arrived: Mapping[OrderId, datetime], top_m_per_s: float
) -> tuple[list[_Gap], float]:
    fates = facts.fates
    gaps: list[_Gap] = []
    early_s = saved_s = 0.0
    before: Stop | None = None
    leg_s, leg_m, is_sum, is_known, is_over = 0, 0.0, False, True, False

    def gap(after: Stop | None) -> _Gap:
        # Of a drive that nobody has looked for, as a stop between is left out, the metres are bounded by speed.
        metres = leg_s * top_m_per_s + 1 if is_sum else leg_m
        return _Gap(before, after, leg_s, metres, trip, True, True)

    for stop in trip.stops:
        leg_s, leg_m = leg_s + stop.leg.duration_s, leg_m + stop.leg.distance_m
        told = [fates[each] for each in stop.order_ids if each in fates]
        ended = len(told) == len(stop.order_ids)
        came = _came(stop, facts, arrived)
        if came and not gaps:
            moments = [(stop.depart_at, each.at) for each in told]
            # Who has arrived is predicted to begin after the setup, whatever was waited for.
            ready_at = stop.begin_at - timedelta(seconds=stop.setup_s)
            moments += [(ready_at, arrived[each]) for each in stop.order_ids if each in arrived]
            early_s = max(early_s, *((then - at).total_seconds() for then, at in moments))
            before, leg_s, leg_m, is_sum, is_over = stop, 0, 0.0, False, ended
        elif came or ended:
            # Done out of turn, or called off: whatever it took is saved, and who was there comes from there.
            saved_s += stop.leg.duration_s + (stop.depart_at - stop.arrive_at).total_seconds()
            is_sum, is_known = True, is_known and not came
        else:
            if told:
                saved_s += (stop.depart_at - stop.begin_at).total_seconds()
            gaps.append(gap(stop))
            before, leg_s, leg_m, is_sum, is_over = stop, 0, 0.0, False, False
    if not is_over:
        leg_s, leg_m = leg_s + trip.home.duration_s, leg_m + trip.home.distance_m
        gaps.append(gap(None))
    if gaps and not is_known:
        gaps[0] = gaps[0]._replace(is_known=False)
    if saved_s:
        gaps = [each._replace(is_whole=False) for each in gaps]
    return gaps, early_s + saved_s


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
        waiting: list[tuple[float, int, bool, CourierId, _Ahead]] = []
        profiles = {each.profile for each in self._courses.values()}
        tops = {each: self._drives.network.profile(each).top_kmh / 3.6 for each in profiles}
        from_depot = {each: self._by_road([self._depot], each) for each in profiles}
        for courier_id, course in self._courses.items():
            route = course.route
            ahead = (
                _NOTHING
                if route is None
                else _ahead(route, self._facts, tops[course.profile], self._now)
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
    def _by_crow(gaps: Sequence[_Gap], stop: NewStop) -> _Ways:
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
        self, courier_id: CourierId, course: Course, ahead: _Ahead, near: Sequence[_Ways]
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

    def _saved_s(self, course: Course, ahead: _Ahead, gap: _Gap, sooner_s: float) -> float:
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
        self, courier_id: CourierId, course: Course, ahead: _Ahead, stop: NewStop, ways: _Ways
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
