"""A vehicle's day driven as told, whether it may be or not: every moment as early as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from routing.matrix import UNREACHABLE
from routing.vrp.cost import over_s, unload_s
from routing.vrp.docks import Line
from routing.vrp.problem import Break, Problem, Vehicle, Visit
from routing.vrp.solution import Route, ScheduledVisit, Trip


def plain_day(
    problem: Problem, vehicle: int, trips: Sequence[Sequence[int]], *, leave_s: int
) -> Route:
    """
    Drive, wait for a window, serve, from `leave_s` on: for the judge to say which rules are missed by how much.

    No trip may be empty. A visit that is too late for all its windows begins at once. Breaks are taken
    when their windows open, in a drive if they would be missed at its end; where `Scheduler` finds a day this may
    find none. A drive without a way takes no time. Nobody else of the
    problem is at a dock. Whoever must rest first leaves later than told.
    """
    end_place = problem.vehicles[vehicle].end_place
    line = next((Line(docks) for docks in problem.docks if docks.place == end_place), None)
    clock = _Clock(problem, vehicle, leave_s, line)
    driven = tuple(clock.trip(visits, is_first=number == 0) for number, visits in enumerate(trips))
    clock.rest_of_day()
    starts_s = tuple(start_s for _, start_s in sorted(clock.starts_s.items()))
    return Route(vehicle=vehicle, trips=driven, break_starts_s=starts_s)


@dataclass(slots=True)
class _Clock:
    """Where the day stands: the moment, and which breaks were taken when."""

    problem: Problem
    number: int
    now_s: int
    line: Line | None
    starts_s: dict[int, int] = field(default_factory=dict)

    @property
    def vehicle(self) -> Vehicle:
        return self.problem.vehicles[self.number]

    def trip(self, visits: Sequence[int], *, is_first: bool) -> Trip:
        release_s = max(self.problem.visits[each].release_s for each in visits)
        free_s = 0
        if is_first:
            self.now_s = max(self.now_s, release_s)
        else:
            self._rest_if_due()
            free_s = self.now_s + self.vehicle.turnaround_s
            self.now_s = max(free_s, release_s)
        self._rest_before_leaving(free_s)
        leave_s, here = self.now_s, self.vehicle.start_place
        halts: list[ScheduledVisit] = []
        for each in visits:
            visit = self.problem.visits[each]
            self._drive(here, visit.place, is_home=False)
            here = visit.place
            arrival_s = self.now_s
            self._rest_before(visit)
            begin_s = _begin_s(visit, self.now_s)
            self.now_s = begin_s + visit.service_s
            halts.append(
                ScheduledVisit(
                    visit=each, arrival_s=arrival_s, begin_s=begin_s, departure_s=self.now_s
                )
            )
        self._drive(here, self.vehicle.end_place, is_home=True)
        trip = Trip(leave_s=leave_s, visits=tuple(halts), back_s=self.now_s)
        if self.line is not None:
            begin_s = self.line.join(self.now_s, unload_s(self.problem, trip))
            trip = replace(trip, dock_wait_s=begin_s - self.now_s)
        self.now_s = over_s(self.problem, trip)
        return trip

    def rest_of_day(self) -> None:
        while (due := self._next()) is not None:
            self._rest(due, max(self.now_s, due[1].window.earliest_s))

    def _drive(self, here: int | None, there: int | None, *, is_home: bool) -> None:
        """Move on to `there`; breaks that would be missed on arrival interrupt the drive."""
        drive_s = 0
        if here is not None and there is not None:
            drive_s = int(self.problem.matrices[self.vehicle.matrix].durations_s[here, there])
            drive_s = 0 if drive_s >= UNREACHABLE else drive_s
            if self.problem.setups_s and here != there and not is_home:
                drive_s += self.problem.setups_s[there]
        while (due := self._next()) is not None and due[1].window.latest_s < self.now_s + drive_s:
            start_s = max(self.now_s, due[1].window.earliest_s)
            drive_s -= start_s - self.now_s
            self._rest(due, start_s)
        self.now_s += drive_s

    def _rest_before(self, visit: Visit) -> None:
        """Rest between arrival and service: what is due, what fits into waiting, what is missed after it."""
        self._rest_if_due()
        while (due := self._next()) is not None:
            earliest_s = due[1].window.earliest_s
            begin_s = _begin_s(visit, self.now_s)
            fits = earliest_s + due[1].duration_s <= begin_s
            if not fits and due[1].window.latest_s >= begin_s + visit.service_s:
                return
            self._rest(due, max(self.now_s, earliest_s))

    def _rest_if_due(self) -> None:
        while (due := self._next()) is not None and due[1].window.earliest_s <= self.now_s:
            self._rest(due, self.now_s)

    def _rest_before_leaving(self, ended_s: int) -> None:
        """Breaks whose windows close before one leaves, in the time from `ended_s` on, or while all wait."""
        while (due := self._next()) is not None and due[1].window.latest_s < self.now_s:
            start_s = max(due[1].window.earliest_s, ended_s)
            ended_s = start_s + due[1].duration_s
            self.starts_s[due[0]] = start_s
            self.now_s = max(self.now_s, ended_s)

    def _next(self) -> tuple[int, Break] | None:
        """The break whose window opens first of those not taken."""
        left = [
            (number, rest)
            for number, rest in enumerate(self.vehicle.breaks)
            if number not in self.starts_s
        ]
        return min(left, key=lambda each: each[1].window.earliest_s, default=None)

    def _rest(self, due: tuple[int, Break], start_s: int) -> None:
        self.starts_s[due[0]] = start_s
        self.now_s = start_s + due[1].duration_s


def _begin_s(visit: Visit, now_s: int) -> int:
    """The first moment from `now_s` on inside a window; `now_s` if they are all over, or there is none."""
    for window in visit.windows:
        if now_s <= window.latest_s:
            return max(now_s, window.earliest_s)
    return now_s
