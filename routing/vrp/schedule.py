"""Explicit times for vehicles and their visits: back as early as can be, leaving as late as that allows."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.vrp.cost import time_cost, unload_s
from routing.vrp.docks import Line
from routing.vrp.engine_process import Orders
from routing.vrp.packed import NEVER, NOWHERE, Packed, break_orders, pack
from routing.vrp.problem import Problem
from routing.vrp.sequence import DEPOT
from routing.vrp.solution import Route, ScheduledVisit, Swapped, Trip
from routing.vrp.swaps import by_way
from routing.vrp.timing import earliest, latest_leave

_RETRIES_MAX: Final = 8
"""Later leavings tried where waiting is paid for. Chosen, not measured."""


_QUEUED_MAX: Final = 8
"""So often the queue forms anew where a wait has its vehicle rest, or leave, at another time. Chosen."""

_KEPT_MAX: Final = 5_000
"""Days kept with their times, some kilobytes each: a mending tries few vehicles often. Chosen."""

_FREELY: Final[Mapping[int, int]] = MappingProxyType({})

_Trips: TypeAlias = tuple[tuple[int, ...], ...]

_Ordered: TypeAlias = tuple[Packed, tuple[int, ...]]
"""The problem as packed for one order of a vehicle's breaks, and that order."""


class _Day(NamedTuple):
    """One vehicle's trips, how long each waits for a dock, and when the first leaves; None: when it likes."""

    vehicle: int
    trips: _Trips
    waits_s: tuple[int, ...]
    leave_s: int | None


class Scheduler:
    """Schedules the routes of one problem; packs the problem once. Safe to share between threads."""

    def __init__(self, problem: Problem, packed: Packed | None = None) -> None:
        self._problem = problem
        self._packed = pack(problem) if packed is None else packed
        self._ordered: dict[int, tuple[_Ordered, ...]] = {}
        self._docks = {docks.place: docks for docks in problem.docks}
        self._days: dict[tuple[_Day, bool], Route | None] = {}

    def schedule(self, vehicle: int, trips: Sequence[Sequence[int]]) -> Route | None:
        """
        Return the best times for these visits in this order, or None if no times exist.

        Skills are not looked at, and no other vehicle of the problem is at a dock.

        Best: the earliest end of the last trip, then the latest leaving that keeps it. Where seconds cost
        money or are limited, later returns that spare more waiting are tried as well. A tie goes to
        the earlier return. O(visits · windows · 2⁵) without breaks, times (B + 1)³ with B of them,
        for each order in which the breaks can be taken.
        """
        if self._is_docked(vehicle):
            return self._alone({vehicle: trips}, _FREELY)
        return self._best(self._packed, vehicle, trips, ())

    def schedule_from(
        self, vehicle: int, trips: Sequence[Sequence[int]], leave_s: int
    ) -> Route | None:
        """The earliest final return if the vehicle leaves just then; None: no times exist. As `schedule`."""
        if self._is_docked(vehicle):
            route = self._alone({vehicle: trips}, {vehicle: leave_s})
            return route if route is not None and route.trips[0].leave_s == leave_s else None
        return self._best_from(self._packed, vehicle, trips, (), leave_s)

    def schedule_all(
        self, orders: Orders, leaves_s: Mapping[int, int] = _FREELY, *, or_late: bool = False
    ) -> tuple[Route, ...] | None:
        """
        Return the times of all these vehicles, with the queue that they are for each other at docks; None: none were found.

        Each leaves when `leaves_s` says, or as `schedule` has it if nobody waited, and goes on as early as can be. So the
        times follow from the orders. A vehicle that cannot be driven so leaves as is best for the waits that it meets;
        `or_late`, where that does not do either, without regard to when windows close, and trips, shifts and days must be over.
        """
        routes: dict[int, Route] = {}
        days: dict[int, _Day] = {}
        for vehicle in sorted(orders):
            trips = tuple(tuple(trip) for trip in orders[vehicle] if trip)
            if not trips:
                continue
            days[vehicle] = _Day(vehicle, trips, (0,) * len(trips), leaves_s.get(vehicle))
            route = self._driven(days[vehicle], or_late=or_late)
            if route is None:
                return None
            routes[vehicle] = route
        docked = {
            vehicle: place
            for vehicle in routes
            if (place := self._problem.vehicles[vehicle].end_place) in self._docks
        }
        for _ in range(_QUEUED_MAX if docked else 0):
            settled = self._queued(routes, days, docked, or_late=or_late)
            if settled is None:
                return None
            if settled:
                return tuple(routes.values())
        return None if docked else tuple(routes.values())

    def _alone(self, orders: Orders, leaves_s: Mapping[int, int]) -> Route | None:
        routes = self.schedule_all(orders, leaves_s)
        return routes[0] if routes else None

    def _is_docked(self, vehicle: int) -> bool:
        return self._problem.vehicles[vehicle].end_place in self._docks

    def _queued(
        self,
        routes: dict[int, Route],
        days: dict[int, _Day],
        docked: Mapping[int, int | None],
        *,
        or_late: bool,
    ) -> bool | None:
        """
        Let the vehicles come back one after the other and wait; False: one would have been back earlier at another time, so
        all come again. None: one cannot go on.
        """
        lines: dict[int | None, Line] = {place: Line(docks) for place, docks in self._docks.items()}
        coming = [(routes[vehicle].trips[0].back_s, vehicle, 0) for vehicle in docked]
        heapq.heapify(coming)
        while coming:
            back_s, vehicle, number = heapq.heappop(coming)
            line = lines[docked[vehicle]]
            route, day = routes[vehicle], days[vehicle]
            wait_s = line.join(back_s, unload_s(self._problem, route.trips[number])) - back_s
            if wait_s != day.waits_s[number]:
                waits_s = (*day.waits_s[:number], wait_s, *day.waits_s[number + 1 :])
                day = day._replace(waits_s=waits_s, leave_s=route.trips[0].leave_s)
                again = self._driven(day, or_late=or_late)
                if again is None:
                    day = day._replace(leave_s=None)
                    again = self._driven(day, or_late=or_late)
                if again is None:
                    return None
                routes[vehicle], days[vehicle] = again, day
                backs_s = [
                    [trip.back_s for trip in each.trips[: number + 1]] for each in (route, again)
                ]
                if backs_s[0] != backs_s[1]:
                    return False
            if number + 1 < len(day.trips):
                heapq.heappush(
                    coming, (routes[vehicle].trips[number + 1].back_s, vehicle, number + 1)
                )
        return True

    def _driven(self, day: _Day, *, or_late: bool) -> Route | None:
        """The day with its waits, and all that is unloaded after them; kept, for it is asked for often."""
        if len(self._days) > _KEPT_MAX:
            self._days.clear()
        key = (day, or_late)
        if key not in self._days:
            route = self._timed(self._packed, day)
            if route is None and or_late:
                route = self._timed(self._patient, day)
            self._days[key] = route
        return self._days[key]

    @cached_property
    def _patient(self) -> Packed:
        """The problem in which nothing is ever too late, but for breaks."""
        packed = self._packed
        shift, limits, windows = packed.shift.copy(), packed.limits.copy(), packed.windows.copy()
        shift[:, 1] = limits[:, 1] = NEVER
        windows[packed.window_from[1:] - 1, 1] = NEVER  # the last ones
        due_s = np.full_like(packed.due_s, NEVER)
        return packed._replace(shift=shift, limits=limits, windows=windows, due_s=due_s)

    def _timed(self, packed: Packed, day: _Day) -> Route | None:
        vehicle, trips, waits_s, leave_s = day
        if leave_s is None:
            return self._best(packed, vehicle, trips, waits_s)
        return self._best_from(packed, vehicle, trips, waits_s, leave_s)

    def _best(
        self, packed: Packed, vehicle: int, trips: Sequence[Sequence[int]], waits_s: Sequence[int]
    ) -> Route | None:
        sequence = sequence_of(trips)
        if len(sequence) == 0:
            return None
        ordered = self._ordered_for(packed, vehicle, trips, waits_s)
        limit_s = packed.limits[vehicle, 1]
        facts = self._problem.vehicles[vehicle]
        fitting = [
            (time_cost(facts, finish_s - leave_s), finish_s, leave_s, number)
            for number, (each, _) in enumerate(ordered)
            for leave_s, finish_s in self._spans(each, vehicle, sequence)
            if finish_s - leave_s <= limit_s
        ]
        if not fitting:
            return None
        *_, leave_s, number = min(fitting, key=lambda each: (each[0], each[1], -each[2]))
        return self._read(*ordered[number], vehicle, sequence, leave_s, waits_s)

    def _best_from(
        self,
        packed: Packed,
        vehicle: int,
        trips: Sequence[Sequence[int]],
        waits_s: Sequence[int],
        leave_s: int,
    ) -> Route | None:
        sequence = sequence_of(trips)
        if len(sequence) == 0:
            return None
        ordered = self._ordered_for(packed, vehicle, trips, waits_s)
        found = [
            (finish_s, number)
            for number, (each, _) in enumerate(ordered)
            if (finish_s := earliest(each, vehicle, sequence, len(sequence), leave_s)[0]) < NEVER
        ]
        if not found:
            return None
        finish_s, number = min(found)
        route = self._read(*ordered[number], vehicle, sequence, leave_s, waits_s)
        is_then = route.trips[0].leave_s == leave_s
        return route if is_then and finish_s - leave_s <= packed.limits[vehicle, 1] else None

    def _ordered_for(
        self, packed: Packed, vehicle: int, trips: Sequence[Sequence[int]], waits_s: Sequence[int]
    ) -> tuple[_Ordered, ...]:
        """The packed problem for each order of the vehicle's breaks, its trips unloaded so much later."""
        if vehicle not in self._ordered:
            first, *others = break_orders(self._problem.vehicles[vehicle])
            begin = int(self._packed.break_from[vehicle])
            row_of = {number: begin + row for row, number in enumerate(first)}
            ordered = [(self._packed, first)]
            for order in others:
                breaks = self._packed.breaks.copy()
                breaks[begin : begin + len(order)] = self._packed.breaks[[row_of[n] for n in order]]
                ordered.append((self._packed._replace(breaks=breaks), order))
            self._ordered[vehicle] = tuple(ordered)
        if packed is self._packed and not any(waits_s):
            return self._ordered[vehicle]
        unloading_s = packed.unload_s.copy()
        for trip, wait_s in zip((trip for trip in trips if trip), waits_s, strict=False):
            unloading_s[trip[0]] += wait_s  # what is unloaded in one trip is one span
        return tuple(
            (packed._replace(unload_s=unloading_s, breaks=each.breaks), order)
            for each, order in self._ordered[vehicle]
        )

    def _spans(
        self, packed: Packed, vehicle: int, sequence: NDArray[np.int64]
    ) -> list[tuple[int, int]]:
        """Pairs of leaving and return, none better than another in both."""
        length = len(sequence)
        spans: list[tuple[int, int]] = []
        for not_before_s in self._departures(packed, vehicle, sequence):
            finish_s, table, origin = earliest(packed, vehicle, sequence, length, not_before_s)
            if finish_s < NEVER:
                leave_s = latest_leave(packed, vehicle, sequence, length, finish_s, table, origin)
                spans.append((leave_s, finish_s))
        return spans

    def _departures(self, packed: Packed, vehicle: int, sequence: NDArray[np.int64]) -> list[int]:
        """Moments from which leaving is worth trying: the shift's start, and where waiting may end."""
        first_s = int(packed.shift[vehicle, 0])
        if not packed.prices[vehicle, 2:].any() and packed.limits[vehicle, 1] >= NEVER:
            return [first_s]
        breaks = packed.breaks[packed.break_from[vehicle] : packed.break_from[vehicle + 1]]
        later = {int(start_s + duration_s) for start_s, _, duration_s in breaks}
        for visit in sequence[sequence >= 0]:
            rows = packed.windows[packed.window_from[visit] : packed.window_from[visit + 1]]
            # Just too late for one window: the next one becomes the target.
            later.update(
                self._latest_for(packed, vehicle, sequence, int(visit), int(row[1])) + 1
                for row in rows[:-1]
            )
        return [first_s, *sorted(each for each in later if each > first_s)[:_RETRIES_MAX]]

    @staticmethod
    def _latest_for(
        packed: Packed, vehicle: int, sequence: NDArray[np.int64], visit: int, begin_s: int
    ) -> int:
        """The last leaving at which `visit` begins by `begin_s`."""
        low_s, high_s = int(packed.shift[vehicle, 0]), max(begin_s, int(packed.shift[vehicle, 0]))
        row = int(np.flatnonzero(sequence == visit)[0]) + 1
        by_s = begin_s + int(packed.service_s[visit])
        states = int(packed.break_from[vehicle + 1] - packed.break_from[vehicle]) + 1
        while low_s < high_s:
            middle_s = (low_s + high_s + 1) // 2
            table = earliest(packed, vehicle, sequence, len(sequence), middle_s)[1]
            if table[row, :states].min() <= by_s:
                low_s = middle_s
            else:
                high_s = middle_s - 1
        return low_s

    def _read(
        self,
        packed: Packed,
        order: tuple[int, ...],
        vehicle: int,
        sequence: NDArray[np.int64],
        leave_s: int,
        waits_s: Sequence[int],
    ) -> Route:
        """Follow the table of earliest times back and state every moment."""
        _, table, origin = earliest(packed, vehicle, sequence, len(sequence), leave_s)
        rests = [self._problem.vehicles[vehicle].breaks[number] for number in order]
        states, swaps = len(rests) + 1, by_way(packed, vehicle)
        path = [states - 1]
        for row in range(len(sequence) + 1, 0, -1):
            path.append(int(origin[row, path[-1]]) >> 8)
        path.reverse()  # path[row]: breaks taken when row is done

        starts_s: list[int] = []

        def rest_from(clock_s: int, until: int) -> int:
            while len(starts_s) < until:
                rest = rests[len(starts_s)]
                starts_s.append(max(clock_s, rest.window.earliest_s))
                clock_s = starts_s[-1] + rest.duration_s
            return clock_s

        rest_from(0, path[0])
        trips: list[Trip] = []
        halts: list[ScheduledVisit] = []
        swapped: list[Swapped] = []
        left_s = clock_s = int(table[0, path[0]])
        here, end_place = (int(place) for place in packed.ends[vehicle])
        for row, visit in enumerate([*sequence.tolist(), DEPOT], start=1):
            there = end_place if visit == DEPOT else packed.place[visit]
            drive_s = 0
            if min(here, there) != NOWHERE:
                drive_s = int(packed.durations_s[packed.matrix[vehicle], here, there])
            if swaps and origin[row, states] >= 0:
                drive_s = int(table[row, states])
                swapped.append(Swapped(before=len(halts), swap=int(origin[row, states])))
            driven, after = int(origin[row, path[row]]) & 255, path[row]
            rested_from = len(starts_s)
            rest_from(clock_s, driven)
            arrival_s = clock_s + drive_s + sum(r.duration_s for r in rests[rested_from:driven])
            unloading_s = sum(int(packed.unload_s[each.visit]) for each in halts)
            rest_from(arrival_s + (unloading_s if visit == DEPOT else 0), after)
            done_s = int(table[row, after])
            if visit == DEPOT:
                trips.append(
                    Trip(
                        leave_s=left_s,
                        visits=tuple(halts),
                        back_s=arrival_s,
                        swaps=tuple(swapped),
                    )
                )
                halts, swapped, left_s = [], [], done_s
            else:
                service_s = int(packed.service_s[visit])
                halts.append(
                    ScheduledVisit(
                        visit=visit,
                        arrival_s=arrival_s,
                        begin_s=done_s - service_s,
                        departure_s=done_s,
                    )
                )
            clock_s, here = done_s, there
        ordered = dict(zip(order, starts_s, strict=True))
        if any(waits_s):
            waiting = zip(trips, waits_s, strict=True)
            trips = [replace(trip, dock_wait_s=wait_s) for trip, wait_s in waiting]
        return Route(
            vehicle=vehicle,
            trips=tuple(trips),
            break_starts_s=tuple(ordered[number] for number in sorted(ordered)),
        )


def sequence_of(trips: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """The trips as one sequence, DEPOT between them; empty trips vanish."""
    flat: list[int] = []
    for trip in trips:
        if trip:
            flat.extend(((DEPOT,) if flat else ()) + tuple(trip))
    return np.array(flat, dtype=np.int64)


def trips_of(sequence: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """The inverse of `sequence_of`."""
    trips: list[list[int]] = [[]]
    for visit in sequence:
        if visit == DEPOT:
            trips.append([])
        else:
            trips[-1].append(visit)
    return tuple(tuple(trip) for trip in trips if trip)
