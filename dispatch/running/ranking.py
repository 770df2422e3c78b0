"""Ranking: by how much each courier's shift grows at least, if a new stop is made in one of its gaps."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, radians
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.days import DayClock
from dispatch.fleet import CourierId
from dispatch.halts import Halt
from dispatch.running.courses import ENDLESS
from dispatch.running.drives import Drives
from dispatch.running.outlooks import Outlook
from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.vrp.cost import visit_cost

OVERDUE_S: Final = 9_000
"""A break that is overdue may begin so long from now at the latest: half an hour after the courier is free, and whoever
stands at a locked stop is free within two hours."""

AT_ONCE: Final = 6
"""Gaps of a courier whose drives are looked up together, the most promising first. Chosen for time."""

_METRES_OF_DEGREE: Final = 110_500.0
"""No degree of latitude is shorter; a road is never shorter than the line between its ends."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NewStop:
    """One of the places at which a new order may be picked up, and how long one needs to find its door."""

    halt: Halt
    setup_s: int


@dataclass(frozen=True, slots=True)
class _Ways:
    """Seconds and metres to a new stop and from it, each perhaps less than it takes: for gaps, or for couriers at the depot."""

    to_s: _Floats
    to_m: _Floats
    from_s: _Floats
    from_m: _Floats


@dataclass(frozen=True, slots=True)
class _Asked:
    """
    What a new stop asks of each courier: the price, when the trip with it has to be over, and whether it can be made at all.
    """

    stop: NewStop
    work_s: int
    latest_s: float
    from_depot: _Ways
    price: _Floats
    back_s: _Floats
    may: NDArray[np.bool_]


class Ranking:
    """
    Whose shift may grow least by one of some new stops: bounds that are never too dear.

    All gaps of all couriers are bounded at once by straight lines; drives on roads are looked up only for gaps that may
    still be the best.
    """

    def __init__(
        self,
        outlooks: Mapping[CourierId, Outlook],
        stops: Sequence[NewStop],
        drives: Drives,
        *,
        depot: Place,
        clock: DayClock,
        now: datetime,
        is_known: bool,
        by_time: bool = True,
        slack_s: int = 0,
    ) -> None:
        """
        `is_known`: the drives stated in the plan are those of `drives`; else nothing bounds. Not `by_time`: nobody is
        passed over who would be late, as if there were time enough. `slack_s` is kept before what was promised.
        """
        self._courier_ids, self._outlooks = tuple(outlooks), tuple(outlooks.values())
        self._drives, self._depot, self._is_known = drives, depot, is_known
        self._by_time, self._slack_s = by_time, slack_s
        self._midnight_s = clock.starts_at.timestamp()
        self._now, self._now_s = now, clock.seconds(now)
        counts = [len(each.columns) for each in self._outlooks]
        self._gaps = np.concatenate([each.columns for each in self._outlooks])
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._from = np.cumsum([0, *counts]).tolist()
        vehicles = [each.course.vehicle for each in self._outlooks]
        profiles = {each.course.profile for each in self._outlooks}
        self._cost_per_m = np.array([each.cost_per_m for each in vehicles], float)
        self._cost_per_s = np.array([each.cost_per_s for each in vehicles], float)
        tops = {each: drives.network.profile(each).top_kmh / 3.6 for each in profiles}
        self._top_m_per_s = np.array([tops[each.course.profile] for each in self._outlooks])
        self._left_s = np.maximum(self._now_s, [each.shift.earliest_s for each in vehicles])
        self._sooner_s = np.array(list(map(self._sooner, self._outlooks, self._left_s)), float)
        saved_s = list(map(self._saved, self._outlooks, self._sooner_s))
        self._saved_s = np.concatenate(saved_s)
        self._saved_first_s = np.array(
            [
                saved[0] if len(saved) else 0.0 if outlook.course.route is None else ENDLESS
                for saved, outlook in zip(saved_s, self._outlooks, strict=True)
            ]
        )
        self._asked = [self._ask(stop) for stop in stops]

    def couriers(self) -> Iterator[tuple[float, CourierId]]:
        """Each courier to whom a stop might fit, the cheapest bound first; in the problem's unit of cost."""
        every = np.arange(len(self._gaps))
        trips = np.min([self._trips(asked) for asked in self._asked], axis=0)
        bounds = np.min(
            [self._least(each, every, self._by_crow(each)) for each in self._asked], axis=0
        )
        is_exact = np.zeros(len(bounds), bool)

        def least(number: int) -> tuple[float, int, bool]:
            own = slice(self._from[number], self._from[number + 1])
            bound = float(trips[number])
            if own.start == own.stop or (best := float(bounds[own].min())) >= bound:
                return bound, number, True
            return best, number, bool(is_exact[own.start + int(bounds[own].argmin())])

        waiting = [least(number) for number in range(len(self._outlooks))]
        heapq.heapify(waiting)
        while waiting:
            bound, number, is_sure = heapq.heappop(waiting)
            if bound == ENDLESS:
                return
            if is_sure or bound == -ENDLESS:
                yield bound, self._courier_ids[number]
                continue
            own = np.arange(self._from[number], self._from[number + 1])
            rows = own[~is_exact[own]]
            rows = rows[np.argsort(bounds[rows], kind="stable")[:AT_ONCE]]
            bounds[rows] = np.min(
                [
                    self._least(each, rows, self._by_road(each, number, rows))
                    for each in self._asked
                ],
                axis=0,
            )
            is_exact[rows] = True
            heapq.heappush(waiting, least(number))

    def _seconds(self, at: datetime) -> float:
        """As a day's clock counts, without looking up the zone."""
        return at.timestamp() - self._midnight_s

    def _sooner(self, outlook: Outlook, left_s: float) -> float:
        """How much earlier than planned anything of the shift may be at most."""
        route, ahead = outlook.course.route, outlook.ahead
        if route is None or ahead.is_begun:
            return ahead.early_s
        return ahead.early_s + max(0.0, self._seconds(route.trips[0].leave_at) - left_s)

    def _saved(self, outlook: Outlook, sooner_s: float) -> _Floats:
        """
        How many seconds a stop in each gap may save at most: what is idle after it.

        Breaks are idle too, but for those that can lie neither before the first stop nor after the shift's end.
        """
        course, ahead, gaps = outlook.course, outlook.ahead, outlook.columns
        if course.route is None:
            return np.zeros(0)
        late_s = ahead.late_by_s(self._now)
        saved_s: _Floats
        back_s = self._seconds(course.route.trips[-1].unloaded_at) - sooner_s
        if ahead.is_begun:
            idle_s = gaps["idle_s"].copy()
            for rest in course.rests:
                if max(rest.window.latest_s + late_s, self._now_s + OVERDUE_S) < back_s:
                    idle_s -= (self._seconds(rest.starts_at) >= gaps["left_s"]) * rest.length_s
            saved_s = np.maximum(0.0, idle_s) + ahead.early_s
        else:
            rested_s = sum(
                rest.length_s
                for rest in course.rests
                if rest.window.earliest_s + rest.length_s > course.first_latest_s
                and rest.window.latest_s + late_s < back_s
            )
            # A shift that has to be timed anew may be timed worse than it was planned: see `as_it_is`.
            keeps = ahead.is_whole and course.route.trips[0].leave_at >= self._now
            idle = max(0.0, course.idle_s - rested_s) + ahead.early_s
            saved_s = np.full(len(gaps), idle if keeps else idle + sooner_s)
        saved_s[late_s > gaps["margin_s"]] = ENDLESS
        return saved_s

    def _ask(self, stop: NewStop) -> _Asked:
        visit = stop.halt.visit
        work_s = visit.service_s + stop.setup_s + visit.unload_s
        latest_s: float = visit.windows[-1].latest_s if visit.windows else ENDLESS
        vehicles = [each.course.vehicle for each in self._outlooks]
        due_s = ENDLESS if visit.due_s is None else visit.due_s
        back_s = np.array([min(each.shift.latest_s, due_s) for each in vehicles], float)
        if not self._by_time:
            latest_s, back_s = ENDLESS, np.full(len(vehicles), ENDLESS)
        fits = [
            visit.skills <= each.skills
            and all(load <= most for load, most in zip(visit.loads, each.capacities, strict=True))
            for each in vehicles
        ]
        ways = self._from_depot(stop)
        may = np.array(fits, bool) & (np.maximum(ways.to_s, ways.from_s) < UNREACHABLE)
        may &= self._left_s + ways.to_s + ways.from_s + work_s <= back_s
        price = np.array([visit_cost(visit, number) for number in range(len(vehicles))], float)
        return _Asked(stop, work_s, latest_s, ways, price, back_s, may)

    def _from_depot(self, stop: NewStop) -> _Ways:
        """For each courier the drive from the depot, and back."""
        profiles = [each.course.profile for each in self._outlooks]
        ways = {}
        for profile in dict.fromkeys(profiles):
            (to,), (back,) = self._drives.between([self._depot], stop.halt.spot.place, profile)
            ways[profile] = (*to, *back)
        return _Ways(*np.array([ways[each] for each in profiles], float).T)

    def _trips(self, asked: _Asked) -> _Floats:
        """For each courier a trip of its own for the stop."""
        ways, outlooks = asked.from_depot, self._outlooks
        has_route = np.array([each.course.route is not None for each in outlooks])
        turnaround_s = np.array([each.course.vehicle.turnaround_s for each in outlooks])
        fixed_cost = np.array([each.course.vehicle.fixed_cost for each in outlooks])
        # A trip that is called off leaves room for another.
        may_leave = np.array(
            [
                each.course.route is None
                or not each.ahead.is_whole
                or len(each.course.route.trips) < each.course.vehicle.trips_max
                for each in outlooks
            ]
        )
        trip_s = ways.to_s + ways.from_s + asked.work_s + has_route * turnaround_s
        cost: _Floats = (ways.to_m + ways.from_m) * self._cost_per_m + asked.price
        cost += np.maximum(0.0, trip_s - self._saved_first_s) * self._cost_per_s
        cost += ~has_route * fixed_cost
        cost[~may_leave | (self._left_s + ways.to_s > asked.latest_s)] = ENDLESS
        if not self._is_known:
            cost[has_route] = -ENDLESS
        cost[~asked.may] = ENDLESS
        return cost

    def _least(self, asked: _Asked, rows: NDArray[np.int64], ways: _Ways) -> _Floats:
        """For each of these gaps what the stop costs there at least; `ways` have a row for each of them."""
        gaps, owner, stop = self._gaps[rows], self._owner[rows], asked.stop
        place = stop.halt.spot.place
        shared = np.zeros(len(rows), bool)
        for end in (gaps["before"], gaps["after"]):
            shared |= (end["lon"] == place.lon) & (end["lat"] == place.lat) & ~end["is_depot"]
        sooner_s = self._sooner_s[owner]
        detour_s = np.maximum(0.0, ways.to_s + ways.from_s - gaps["leg_s"])
        over_s = detour_s + asked.work_s - shared * stop.setup_s - self._saved_s[rows]
        cost: _Floats = (ways.to_m + ways.from_m - gaps["leg_m"]) * self._cost_per_m[owner]
        cost += np.maximum(0.0, over_s) * self._cost_per_s[owner] + asked.price[owner]
        is_late = (gaps["left_s"] + ways.to_s - sooner_s > asked.latest_s) | (
            gaps["home_s"] + over_s - sooner_s > asked.back_s[owner]
        )
        if self._by_time:  # who follows would be later than was promised, or than predicted
            is_late |= over_s - sooner_s > np.maximum(gaps["slack_s"] - self._slack_s, 1)
        is_full = (np.array(stop.halt.visit.loads) > gaps["room"]).any(axis=1)
        is_cut_off = np.maximum(ways.to_s, ways.from_s) >= UNREACHABLE
        cost[is_late | is_full | is_cut_off] = ENDLESS
        cost[~gaps["is_known"] | (not self._is_known)] = -ENDLESS
        cost[~asked.may[owner]] = ENDLESS
        return cost

    def _by_crow(self, asked: _Asked) -> _Ways:
        """For all gaps the straight line, which no road undercuts, less the walks from road to door, at a profile's top speed."""
        # Of the new stop's walk only the seconds are known, as a part of its setup: nobody walks 2 m/s.
        place, walk_m = asked.stop.halt.spot.place, 2 * asked.stop.setup_s
        across = _METRES_OF_DEGREE * cos(radians(abs(place.lat) + 1))
        ways, owner = asked.from_depot, self._owner
        found: list[_Floats] = []
        for name, seconds, metres in (
            ("before", ways.to_s, ways.to_m),
            ("after", ways.from_s, ways.from_m),
        ):
            end = self._gaps[name]
            east_m = (end["lon"] - place.lon) * across
            north_m = (end["lat"] - place.lat) * _METRES_OF_DEGREE
            crow_m = np.maximum(0.0, np.hypot(east_m, north_m) - end["walk_m"] - walk_m - 2)
            crow_s = np.maximum(0.0, crow_m / self._top_m_per_s[owner] - 1)
            found.append(np.where(end["is_depot"], seconds[owner], crow_s))
            found.append(np.where(end["is_depot"], metres[owner], crow_m))
        return _Ways(*found)

    def _by_road(self, asked: _Asked, number: int, rows: NDArray[np.int64]) -> _Ways:
        """For these gaps of a courier the drives on roads."""
        outlook = self._outlooks[number]
        gaps = [outlook.ahead.gaps[row - self._from[number]] for row in rows]
        ends = [(gap.before, gap.after) for gap in gaps]
        places = {self._depot: 0} | {each.place: 0 for pair in ends for each in pair if each}
        to, back = self._drives.between(
            list(places), asked.stop.halt.spot.place, outlook.course.profile
        )
        row_of = {place: row for row, place in enumerate(places)}
        drives = [
            (
                *to[row_of[self._depot if before is None else before.place]],
                *back[row_of[self._depot if after is None else after.place]],
            )
            for before, after in ends
        ]
        return _Ways(*np.array(drives, float).T)
