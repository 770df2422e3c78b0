"""The problem as OR-Tools' routing solver is told it, with every rule there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise, product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp

from routing.matrix import UNREACHABLE
from routing.vrp.engine_process import Orders
from routing.vrp.ortools_size import PriceClass, extra_trips, has_two_clocks, price_classes
from routing.vrp.packed import can_rest
from routing.vrp.problem import Feature, Problem, Vehicle, Visit

_REQUIRED_PRICE: Final = 1 << 50
"""For leaving out a visit that must be made: above every sum a problem may hold in practice."""


class Statement:
    """
    Nodes: the visits, then one reload per possible extra trip, then the distinct starts and ends.

    A reload is the depot once more, kept for one vehicle; passing it unloads. Starts and ends are
    nodes apart even where they are one place, so that the empty route costs and takes nothing.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        vehicles, visits = problem.vehicles, problem.visits
        self._reload_vehicle = [
            number
            for number, vehicle in enumerate(vehicles)
            for _ in range(extra_trips(problem, vehicle))
        ]
        start_places = list(dict.fromkeys(vehicle.start_place for vehicle in vehicles))
        end_places = list(dict.fromkeys(vehicle.end_place for vehicle in vehicles))
        self._first_start = len(visits) + len(self._reload_vehicle)
        self._first_end = self._first_start + len(start_places)
        self._places = [
            *(visit.place for visit in visits),
            *(vehicles[vehicle].start_place for vehicle in self._reload_vehicle),
            *start_places,
            *end_places,
        ]
        self._manager = pywrapcp.RoutingIndexManager(
            len(self._places),
            len(vehicles),
            [self._first_start + start_places.index(v.start_place) for v in vehicles],
            [self._first_end + end_places.index(v.end_place) for v in vehicles],
        )
        self.routing = pywrapcp.RoutingModel(self._manager)
        self._horizon_s = max(vehicle.shift.latest_s for vehicle in vehicles)
        self._add_prices()
        # A release binds the moment of leaving a reload, a due moment that of coming to it.
        reloads = len(self._reload_vehicle) > 0
        releases = Feature.RELEASE in problem.features
        self._time = self._add_time("time", leaving=reloads and releases)
        self._price_time()
        self._add_range()
        self._add_loads()
        if releases:
            self._add_releases()
        moments = [self._time]
        if any(visit.due_s is not None for visit in visits):
            if has_two_clocks(problem):
                moments.append(self._add_back())
            self._add_dues(moments[-1])
        self._add_visits()
        if Feature.JOINTS in problem.features:
            self._add_joints()
        self._add_breaks(*moments)

    def indices(self, orders: Orders) -> list[list[int]]:
        routes: list[list[int]] = [[] for _ in self.problem.vehicles]
        for vehicle, trips in orders.items():
            reloads = iter(self._reloads(vehicle))
            for number, trip in enumerate(trips):
                if number:
                    routes[vehicle].append(next(reloads))
                routes[vehicle].extend(self._manager.NodeToIndex(visit) for visit in trip)
        return routes

    def orders(self) -> Orders:
        routing, manager = self.routing, self._manager
        orders: dict[int, list[list[int]]] = {}
        for vehicle in range(len(self.problem.vehicles)):
            trips: list[list[int]] = [[]]
            index = routing.NextVar(routing.Start(vehicle)).Value()
            while not routing.IsEnd(index):
                node = manager.IndexToNode(index)
                if node < len(self.problem.visits):
                    trips[-1].append(node)
                else:
                    trips.append([])
                index = routing.NextVar(index).Value()
            if any(trips):
                orders[vehicle] = [trip for trip in trips if trip]
        return orders

    def _reloads(self, vehicle: int) -> list[int]:
        first = len(self.problem.visits)
        return [
            self._manager.NodeToIndex(first + number)
            for number, owner in enumerate(self._reload_vehicle)
            if owner == vehicle
        ]

    def _rows(self, matrix: NDArray[np.int32]) -> Iterator[NDArray[np.int64]]:
        """A travel matrix spread over the nodes; open ends and unused vehicles drive nothing."""
        columns = np.array([each or 0 for each in self._places], dtype=np.int64)
        open_nodes = [node for node, place in enumerate(self._places) if place is None]
        for node, place in enumerate(self._places):
            row = matrix[place or 0, columns].astype(np.int64)
            row[open_nodes] = 0
            if place is None:
                row[:] = 0
            if self._first_start <= node < self._first_end:
                row[self._first_end :] = 0
            yield row

    def _spent_s(self) -> NDArray[np.int64]:
        """Seconds of service at each node."""
        seconds = np.zeros(len(self._places), dtype=np.int64)
        seconds[: len(self.problem.visits)] = [visit.service_s for visit in self.problem.visits]
        return seconds

    def _turnaround_s(self) -> NDArray[np.int64]:
        """Seconds between coming to and leaving each node, where it is a reload."""
        seconds = np.zeros(len(self._places), dtype=np.int64)
        vehicles = self.problem.vehicles
        seconds[len(self.problem.visits) : self._first_start] = [
            vehicles[vehicle].turnaround_s for vehicle in self._reload_vehicle
        ]
        return seconds

    def _register(self, rows: Iterable[NDArray[np.int64]]) -> int:
        """Hand a matrix over. Equal numbers are one object: apart they take five times the memory."""
        shared: dict[int, int] = {}
        lists = [[shared.setdefault(each, each) for each in row.tolist()] for row in rows]
        return int(self.routing.RegisterTransitMatrix(lists))

    def _add_prices(self) -> None:
        """Metres, and what a visit costs by itself, as arc prices; seconds are paid by the span of the time dimension."""
        evaluators: dict[PriceClass, int] = {}
        elsewhere = (0,) * (len(self._places) - len(self.problem.visits))
        for number, key in enumerate(price_classes(self.problem)):
            vehicle = self.problem.vehicles[number]
            if key not in evaluators:
                distances_m = self.problem.matrices[vehicle.matrix].distances_m
                made = (key.made or (0,) * len(self.problem.visits)) + elsewhere
                evaluators[key] = self._register(
                    # Only what is beyond reach may overflow.
                    np.where(row < UNREACHABLE, row * vehicle.cost_per_m + cost, _REQUIRED_PRICE)
                    for row, cost in zip(self._rows(distances_m), made, strict=True)
                )
            self.routing.SetArcCostEvaluatorOfVehicle(evaluators[key], number)
            self.routing.SetFixedCostOfVehicle(vehicle.fixed_cost, number)

    def _add_time(self, name: str, *, leaving: bool) -> Any:
        """When each visit begins; for a reload when it is left or come to, for an end when it is."""
        routing = self.routing
        spent_s, turnaround_s = self._spent_s(), self._turnaround_s()
        before_s = turnaround_s if leaving else np.zeros_like(turnaround_s)
        after_s = spent_s if leaving else spent_s + turnaround_s
        transits: dict[int, int] = {}
        for vehicle in self.problem.vehicles:
            if vehicle.matrix not in transits:
                durations_s = self.problem.ready_s(vehicle.matrix)
                transits[vehicle.matrix] = self._register(
                    row + spent_here_s + before_s
                    for row, spent_here_s in zip(self._rows(durations_s), after_s, strict=True)
                )
        routing.AddDimensionWithVehicleTransits(
            [transits[vehicle.matrix] for vehicle in self.problem.vehicles],
            self._horizon_s,
            self._horizon_s,
            False,
            name,
        )
        return routing.GetDimensionOrDie(name)

    def _price_time(self) -> None:
        routing = self.routing
        for number, vehicle in enumerate(self.problem.vehicles):
            shift = vehicle.shift
            for index in (routing.Start(number), routing.End(number)):
                self._time.CumulVar(index).SetRange(shift.earliest_s, shift.latest_s)
            if vehicle.cost_per_s:
                self._time.SetSpanCostCoefficientForVehicle(vehicle.cost_per_s, number)
            if vehicle.overtime_after_s is not None and vehicle.overtime_cost_per_s:
                bound = pywrapcp.BoundCost(vehicle.overtime_after_s, vehicle.overtime_cost_per_s)
                self._time.SetSoftSpanUpperBoundForVehicle(bound, number)
            if vehicle.duration_limit_s is not None:
                self._time.SetSpanUpperBoundForVehicle(vehicle.duration_limit_s, number)
            routing.AddVariableMaximizedByFinalizer(self._time.CumulVar(routing.Start(number)))
            routing.AddVariableMinimizedByFinalizer(self._time.CumulVar(routing.End(number)))

    def _add_back(self) -> Any:
        """The same times, but for a reload when it is come to."""
        back = self._add_time("back", leaving=False)
        solver = self.routing.solver()
        reloads = range(len(self.problem.visits), self._first_start)
        apart = {self._manager.NodeToIndex(node) for node in reloads}
        for index in range(self.routing.Size() + self.routing.vehicles()):
            if index not in apart:
                solver.Add(back.CumulVar(index) == self._time.CumulVar(index))
        return back

    def _add_range(self) -> None:
        vehicles = self.problem.vehicles
        if all(vehicle.range_m is None for vehicle in vehicles):
            return
        transits = {
            number: self._register(self._rows(matrix.distances_m))
            for number, matrix in enumerate(self.problem.matrices)
            if any(vehicle.matrix == number for vehicle in vehicles)
        }
        endless = UNREACHABLE * (len(self._places) + 1)
        self.routing.AddDimensionWithVehicleTransitAndCapacity(
            [transits[vehicle.matrix] for vehicle in vehicles],
            0,
            [endless if v.range_m is None else v.range_m + v.swapped_at_m for v in vehicles],
            True,
            "range",
        )

    def _add_loads(self) -> None:
        visits = self.problem.visits
        for axis, name in enumerate(self.problem.dimensions):
            capacities = [vehicle.capacities[axis] for vehicle in self.problem.vehicles]
            loads = [
                visit.loads[axis]
                - (0 if visit.brings is None else visits[visit.brings].loads[axis])
                for visit in visits
            ]
            deliveries = [visit.deliveries[axis] if visit.deliveries else 0 for visit in visits]
            if any(deliveries):
                self._add_exchange(name, loads, deliveries, capacities)
            else:
                self._add_counter(f"load {name}", loads, capacities, empty=True)

    def _add_exchange(
        self, name: str, loads: Sequence[int], deliveries: Sequence[int], capacities: Sequence[int]
    ) -> None:
        """
        What is on board, and what of it is still to be brought: nothing at a trip's end.

        So a trip begins with exactly what it brings, and what it fetches comes on top.
        """
        changes = [load - delivery for load, delivery in zip(loads, deliveries, strict=True)]
        board = self._add_counter(f"load {name}", changes, capacities, empty=False)
        owed = self._add_counter(
            f"owed {name}", [-delivery for delivery in deliveries], capacities, empty=False
        )
        routing, solver = self.routing, self.routing.solver()
        for vehicle in range(len(self.problem.vehicles)):
            start = routing.Start(vehicle)
            solver.Add(board.CumulVar(start) == owed.CumulVar(start))
            owed.CumulVar(routing.End(vehicle)).SetValue(0)
            for index in self._reloads(vehicle):
                owed.CumulVar(index).SetValue(0)
                solver.Add(board.CumulVar(index) + board.SlackVar(index) == owed.SlackVar(index))

    def _add_counter(
        self, name: str, amounts: Sequence[int], limits: Sequence[int], *, empty: bool
    ) -> Any:
        """A dimension that sums `amounts` over a trip, which begins at 0 if `empty`, else anywhere."""
        routing = self.routing
        ends = len(self._places) - self._first_start
        unload = [-limits[vehicle] for vehicle in self._reload_vehicle]
        transit = routing.RegisterUnaryTransitVector([*amounts, *unload, *([0] * ends)])
        # The way from a reload takes the limit off; the slack gives back what that is too much.
        slack = (1 if empty else 2) * max(limits) if self._reload_vehicle else 0
        routing.AddDimensionWithVehicleCapacity(transit, slack, list(limits), empty, name)
        counter = routing.GetDimensionOrDie(name)
        self._hold_over_trips(counter)
        return counter

    def _add_level(self, name: str) -> Any:
        """A moment that is one and the same from a trip's start to its end, and never falls after."""
        routing = self.routing
        transit = routing.RegisterUnaryTransitVector([0] * len(self._places))
        slack = self._horizon_s if self._reload_vehicle else 0
        routing.AddDimension(transit, slack, self._horizon_s, False, name)
        level = routing.GetDimensionOrDie(name)
        self._hold_over_trips(level)
        return level

    def _hold_over_trips(self, dimension: Any) -> None:
        """Leave the dimension slack at reloads only."""
        if not self._reload_vehicle:
            return
        for visit in range(len(self.problem.visits)):
            dimension.SlackVar(self._manager.NodeToIndex(visit)).SetValue(0)
        for vehicle in range(len(self.problem.vehicles)):
            dimension.SlackVar(self.routing.Start(vehicle)).SetValue(0)
            for index in self._reloads(vehicle):
                self.routing.AddVariableMinimizedByFinalizer(dimension.SlackVar(index))

    def _add_releases(self) -> None:
        """No trip leaves before the level of its visits, which is at least each one's release."""
        level, solver = self._add_level("release"), self.routing.solver()
        for number, visit in enumerate(self.problem.visits):
            if visit.release_s <= self._horizon_s:  # else nobody makes it
                level.CumulVar(self._manager.NodeToIndex(number)).SetMin(visit.release_s)
        for vehicle in range(len(self.problem.vehicles)):
            start = self.routing.Start(vehicle)
            solver.Add(level.CumulVar(start) <= self._time.CumulVar(start))
            for index in self._reloads(vehicle):
                after = level.CumulVar(index) + level.SlackVar(index)
                solver.Add(after <= self._time.CumulVar(index))

    def _add_dues(self, back: Any) -> None:
        """No trip comes back after the level of its visits, which is at most each one's due moment."""
        level, solver = self._add_level("due"), self.routing.solver()
        for number, visit in enumerate(self.problem.visits):
            if visit.due_s is not None:
                index = self._manager.NodeToIndex(number)
                level.CumulVar(index).SetMax(min(visit.due_s, self._horizon_s))
        for vehicle in range(len(self.problem.vehicles)):
            for index in (*self._reloads(vehicle), self.routing.End(vehicle)):
                solver.Add(back.CumulVar(index) <= level.CumulVar(index))

    def _add_visits(self) -> None:
        routing, manager = self.routing, self._manager
        for order in _orders(self.problem.visits):
            price = self.problem.visits[order[0]].unserved_cost
            indices = [manager.NodeToIndex(number) for number in order]
            routing.AddDisjunction(
                indices, _REQUIRED_PRICE if price is None else min(price, _REQUIRED_PRICE)
            )
        for number, visit in enumerate(self.problem.visits):
            if visit.brings is not None:
                first, second = manager.NodeToIndex(visit.brings), manager.NodeToIndex(number)
                routing.AddPickupAndDelivery(first, second)
                routing.solver().Add(routing.VehicleVar(first) == routing.VehicleVar(second))
                # A visit left out has a moment too, which must not bind.
                begun = routing.ActiveVar(first) * self._time.CumulVar(first)
                routing.solver().Add(begun <= self._time.CumulVar(second))
        rested = [can_rest(vehicle) for vehicle in self.problem.vehicles]
        for number, visit in enumerate(self.problem.visits):
            index = manager.NodeToIndex(number)
            able = [
                each
                for each, v in enumerate(self.problem.vehicles)
                if rested[each] and visit.skills <= v.skills and visit.release_s <= v.shift.latest_s
            ]
            if not self._add_windows(visit, index, able):
                able = []
            if len(able) < len(self.problem.vehicles):
                routing.VehicleVar(index).SetValues([-1, *able])
        for vehicle in range(len(self.problem.vehicles)):
            for index in self._reloads(vehicle):
                routing.AddDisjunction([index], 0)
                routing.VehicleVar(index).SetValues([-1, vehicle])

    def _add_joints(self) -> None:
        """Members are made together, and in one trip, which counts the reloads before it."""
        routing, solver, visits = self.routing, self.routing.solver(), self.problem.visits
        reloads, ends = len(self._reload_vehicle), len(self._places) - self._first_start
        transit = routing.RegisterUnaryTransitVector([0] * len(visits) + [1] * reloads + [0] * ends)
        routing.AddDimension(transit, 0, reloads + 1, True, "trip")
        trip = routing.GetDimensionOrDie("trip")
        for number, joint in enumerate(self.problem.joints):
            members = [
                [self._manager.NodeToIndex(each) for each in order]
                for order in _orders(visits)
                if number in visits[order[0]].joints
            ]
            made = [solver.Sum([routing.ActiveVar(each) for each in order]) for order in members]
            if joint.all_or_nothing:
                for one, other in pairwise(made):
                    solver.Add(one == other)
            for one, other in combinations(members, 2):
                for a, b in product(one, other):
                    both = routing.ActiveVar(a) * routing.ActiveVar(b)
                    if joint.one_trip:
                        apart = routing.VehicleVar(a) - routing.VehicleVar(b)
                        solver.Add(both * apart == 0)
                        solver.Add(both * (trip.CumulVar(a) - trip.CumulVar(b)) == 0)
                    dues_s = {visits[self._manager.IndexToNode(each)].due_s for each in (a, b)}
                    if joint.one_due and len(dues_s) > 1:
                        solver.Add(both == 0)

    def _add_windows(self, visit: Visit, index: int, able: Sequence[int]) -> bool:
        """Narrow the begin of service to windows, shifts and due moment; False if none is left."""
        latest_s = max(
            (self._latest_begin_s(visit, self.problem.vehicles[each]) for each in able), default=-1
        )
        windows = [window for window in visit.windows if window.earliest_s <= latest_s]
        if latest_s < 0 or (visit.windows and not windows):
            return False
        begin = self._time.CumulVar(index)
        begin.SetMax(min(latest_s, windows[-1].latest_s) if windows else latest_s)
        if windows:
            begin.SetMin(windows[0].earliest_s)
        for before, after in pairwise(windows):
            begin.RemoveInterval(before.latest_s + 1, after.earliest_s - 1)
        return True

    @staticmethod
    def _latest_begin_s(visit: Visit, vehicle: Vehicle) -> int:
        """A bound that holds even where a detour is shorter than the direct way home."""
        back_s = vehicle.shift.latest_s
        if visit.due_s is not None:
            back_s = min(back_s, visit.due_s)
        return back_s - visit.service_s

    def _add_breaks(self, *moments: Any) -> None:
        """Breaks interrupt no service, but a drive and a turnaround; no two are taken at once."""
        routing, solver = self.routing, self.routing.solver()
        spent_s = self._spent_s().tolist()
        indices = range(routing.Size() + routing.vehicles())
        busy_s = [spent_s[self._manager.IndexToNode(index)] for index in indices]
        for number, vehicle in enumerate(self.problem.vehicles):
            if not vehicle.breaks or not can_rest(vehicle):
                continue
            rests = [
                solver.FixedDurationIntervalVar(
                    rest.window.earliest_s,
                    rest.window.latest_s,
                    rest.duration_s,
                    False,
                    f"break {order} of vehicle {number}",
                )
                for order, rest in enumerate(vehicle.breaks)
            ]
            for moment in moments:
                moment.SetBreakIntervalsOfVehicle(rests, number, busy_s)
            # The dimension keeps them apart on the road only.
            solver.Add(solver.DisjunctiveConstraint(rests, f"breaks of vehicle {number}"))


def _orders(visits: Sequence[Visit]) -> list[list[int]]:
    """The visits of each group, and each other visit alone."""
    orders: dict[int, list[int]] = {}
    for number, visit in enumerate(visits):
        key = -1 - number if visit.group is None else visit.group
        orders.setdefault(key, []).append(number)
    return list(orders.values())
