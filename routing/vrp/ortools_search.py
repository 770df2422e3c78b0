"""The problem in OR-Tools' routing solver, with every rule but those of `solve.NOT_COVERED`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from routing.matrix import UNREACHABLE
from routing.vrp.engine_process import Orders, Task, serve
from routing.vrp.problem import Problem, Vehicle, Visit

_REQUIRED_PRICE: Final = 1 << 50
"""For leaving out a visit that must be made: above every sum a problem may hold in practice."""

_LIMIT_S: Final = 24 * 3600
"""Longest search without a nearer deadline."""

_RESTORE_S: Final = 10
"""For one propagation of a whole solution; far more than the largest model seen has taken."""

_LNS_VISITS_MAX: Final = 100
"""
Up to here whole routes are also torn up. With it 21 of 21 drawn problems of 4 visits were solved to
the proven optimum in 0.8 s, without it 19 (2026-11-23); the bound itself is chosen, not measured.
"""


def search(task: Task, found: Callable[[Orders], None]) -> None:
    """
    Improve `task.start` by guided local search and report each better solution.

    Set-up is O(P·N²) in time and memory for N visits and P pairs of matrix and price (Python lists,
    about 8 bytes an entry). Stops at the deadline or after `task.iterations` solutions looked at.
    """
    problem = task.problem
    if not problem.visits or not problem.vehicles:
        return
    model = _Model(problem)
    model.improve(task, found)


class _Model:
    """
    Nodes: the visits, then one reload per possible extra trip, then the distinct starts and ends.

    A reload is the depot once more, kept for one vehicle; passing it unloads. Starts and ends are
    nodes apart even where they are one place, so that the empty route costs and takes nothing.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        vehicles, visits = problem.vehicles, problem.visits
        extra = [min(vehicle.trips_max, len(visits)) - 1 for vehicle in vehicles]
        self._reload_vehicle = [v for v, trips in enumerate(extra) for _ in range(max(trips, 0))]
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
        self._routing = pywrapcp.RoutingModel(self._manager)
        self._horizon_s = max(vehicle.shift.latest_s for vehicle in vehicles)
        self._add_prices()
        self._time = self._add_time()
        self._add_range()
        self._add_loads()
        self._add_dues()
        self._add_visits()
        self._add_breaks()

    def improve(self, task: Task, found: Callable[[Orders], None]) -> None:
        routing = self._routing
        routing.solver().ReSeed(task.seed + 1)
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        )
        if len(self._problem.visits) <= _LNS_VISITS_MAX:
            operators = parameters.local_search_operators
            for name in ("use_path_lns", "use_full_path_lns", "use_inactive_lns"):
                setattr(operators, name, pywrapcp.BOOL_TRUE)
        # Restoring a start of 1,200 visits takes 0.2 s, more than the default of 0.1 s allows.
        parameters.lns_time_limit.seconds = _RESTORE_S
        if task.iterations is not None:
            parameters.solution_limit = max(task.iterations, 1)
        # Setting the limit before closing is required; what closing takes is known only after it.
        parameters.time_limit.seconds = _LIMIT_S
        routing.CloseModelWithParameters(parameters)
        best = math.inf

        def look() -> None:
            nonlocal best
            if (price := routing.CostVar().Value()) < best:
                best = price
                found(self._orders())

        routing.AddAtSolutionCallback(look)
        left_s = task.deadline_s - time.monotonic()
        if left_s <= 0:
            return
        parameters.time_limit.FromMilliseconds(max(1, int(left_s * 1000)))
        start = routing.ReadAssignmentFromRoutes(self._indices(task.start), True)
        if start is None:
            routing.SolveWithParameters(parameters)
        else:
            routing.SolveFromAssignmentWithParameters(start, parameters)

    def _indices(self, orders: Orders) -> list[list[int]]:
        routes: list[list[int]] = [[] for _ in self._problem.vehicles]
        for vehicle, trips in orders.items():
            reloads = iter(self._reloads(vehicle))
            for number, trip in enumerate(trips):
                if number:
                    routes[vehicle].append(next(reloads))
                routes[vehicle].extend(self._manager.NodeToIndex(visit) for visit in trip)
        return routes

    def _orders(self) -> Orders:
        routing, manager = self._routing, self._manager
        orders: dict[int, list[list[int]]] = {}
        for vehicle in range(len(self._problem.vehicles)):
            trips: list[list[int]] = [[]]
            index = routing.NextVar(routing.Start(vehicle)).Value()
            while not routing.IsEnd(index):
                node = manager.IndexToNode(index)
                if node < len(self._problem.visits):
                    trips[-1].append(node)
                else:
                    trips.append([])
                index = routing.NextVar(index).Value()
            if any(trips):
                orders[vehicle] = [trip for trip in trips if trip]
        return orders

    def _reloads(self, vehicle: int) -> list[int]:
        first = len(self._problem.visits)
        return [
            self._manager.NodeToIndex(first + number)
            for number, owner in enumerate(self._reload_vehicle)
            if owner == vehicle
        ]

    def _nodes(self, matrix: NDArray[np.int32]) -> NDArray[np.int64]:
        """A travel matrix spread over the nodes; open ends and unused vehicles drive nothing."""
        rows = np.array([0 if place is None else place for place in self._places], dtype=np.int64)
        spread = matrix[np.ix_(rows, rows)].astype(np.int64)
        open_nodes = [node for node, place in enumerate(self._places) if place is None]
        spread[open_nodes, :] = 0
        spread[:, open_nodes] = 0
        spread[self._first_start : self._first_end, self._first_end :] = 0
        return spread

    def _service_s(self) -> list[int]:
        """Seconds spent at each node."""
        vehicles, visits = self._problem.vehicles, self._problem.visits
        ends = len(self._places) - self._first_start
        return [
            *(visit.service_s for visit in visits),
            *(vehicles[vehicle].turnaround_s for vehicle in self._reload_vehicle),
            *([0] * ends),
        ]

    def _add_prices(self) -> None:
        """Metres as arc prices; seconds are paid by the span of the time dimension."""
        evaluators: dict[tuple[int, int], int] = {}
        for number, vehicle in enumerate(self._problem.vehicles):
            key = (vehicle.matrix, vehicle.cost_per_m)
            if key not in evaluators:
                matrix = self._problem.matrices[vehicle.matrix]
                prices = self._nodes(matrix.distances_m) * vehicle.cost_per_m
                prices[prices >= UNREACHABLE * max(vehicle.cost_per_m, 1)] = _REQUIRED_PRICE
                evaluators[key] = self._routing.RegisterTransitMatrix(prices.tolist())
            self._routing.SetArcCostEvaluatorOfVehicle(evaluators[key], number)
            self._routing.SetFixedCostOfVehicle(vehicle.fixed_cost, number)

    def _add_time(self) -> Any:
        routing = self._routing
        service_s = np.array(self._service_s(), dtype=np.int64)
        transits: dict[int, int] = {}
        for vehicle in self._problem.vehicles:
            if vehicle.matrix not in transits:
                matrix = self._problem.matrices[vehicle.matrix]
                seconds = self._nodes(matrix.durations_s) + service_s[:, np.newaxis]
                transits[vehicle.matrix] = routing.RegisterTransitMatrix(seconds.tolist())
        routing.AddDimensionWithVehicleTransits(
            [transits[vehicle.matrix] for vehicle in self._problem.vehicles],
            self._horizon_s,
            self._horizon_s,
            False,
            "time",
        )
        time_of_day = routing.GetDimensionOrDie("time")
        for number, vehicle in enumerate(self._problem.vehicles):
            shift = vehicle.shift
            for index in (routing.Start(number), routing.End(number)):
                time_of_day.CumulVar(index).SetRange(shift.earliest_s, shift.latest_s)
            if vehicle.cost_per_s:
                time_of_day.SetSpanCostCoefficientForVehicle(vehicle.cost_per_s, number)
            if vehicle.duration_limit_s is not None:
                time_of_day.SetSpanUpperBoundForVehicle(vehicle.duration_limit_s, number)
            routing.AddVariableMaximizedByFinalizer(time_of_day.CumulVar(routing.Start(number)))
            routing.AddVariableMinimizedByFinalizer(time_of_day.CumulVar(routing.End(number)))
        return time_of_day

    def _add_range(self) -> None:
        vehicles = self._problem.vehicles
        if all(vehicle.range_m is None for vehicle in vehicles):
            return
        transits = {
            number: self._routing.RegisterTransitMatrix(self._nodes(matrix.distances_m).tolist())
            for number, matrix in enumerate(self._problem.matrices)
            if any(vehicle.matrix == number for vehicle in vehicles)
        }
        endless = UNREACHABLE * (len(self._places) + 1)
        self._routing.AddDimensionWithVehicleTransitAndCapacity(
            [transits[vehicle.matrix] for vehicle in vehicles],
            0,
            [endless if vehicle.range_m is None else vehicle.range_m for vehicle in vehicles],
            True,
            "range",
        )

    def _add_loads(self) -> None:
        for axis, name in enumerate(self._problem.dimensions):
            capacities = [vehicle.capacities[axis] for vehicle in self._problem.vehicles]
            loads = [visit.loads[axis] for visit in self._problem.visits]
            self._add_counter(f"load {name}", loads, capacities)

    def _add_counter(self, name: str, amounts: Sequence[int], limits: Sequence[int]) -> Any:
        """A dimension that sums `amounts` over a trip: a reload takes off all there is."""
        routing = self._routing
        ends = len(self._places) - self._first_start
        unload = [-limits[vehicle] for vehicle in self._reload_vehicle]
        transit = routing.RegisterUnaryTransitVector([*amounts, *unload, *([0] * ends)])
        slack = max(limits) if self._reload_vehicle else 0
        routing.AddDimensionWithVehicleCapacity(transit, slack, list(limits), True, name)
        counter = routing.GetDimensionOrDie(name)
        if slack:
            for visit in range(len(self._problem.visits)):
                counter.SlackVar(self._manager.NodeToIndex(visit)).SetValue(0)
            for vehicle in range(len(self._problem.vehicles)):
                counter.SlackVar(routing.Start(vehicle)).SetValue(0)
                for index in self._reloads(vehicle):
                    routing.AddVariableMinimizedByFinalizer(counter.SlackVar(index))
        return counter

    def _add_dues(self) -> None:
        """For each due moment that can bind: a trip with such a load on board is back by then."""
        visits = self._problem.visits
        binding = {visit.due_s for visit in visits if visit.due_s is not None}
        for due_s in sorted(due_s for due_s in binding if due_s < self._horizon_s):
            waiting = [int(visit.due_s == due_s) for visit in visits]
            limits = [len(visits)] * len(self._problem.vehicles)
            counter = self._add_counter(f"due {due_s}", waiting, limits)
            solver = self._routing.solver()
            for vehicle in range(len(self._problem.vehicles)):
                for index in (*self._reloads(vehicle), self._routing.End(vehicle)):
                    empty = solver.IsEqualCstVar(counter.CumulVar(index), 0)
                    late_s = self._horizon_s - due_s
                    solver.Add(self._time.CumulVar(index) <= due_s + empty * late_s)

    def _add_visits(self) -> None:
        routing, manager = self._routing, self._manager
        for order in _orders(self._problem.visits):
            price = self._problem.visits[order[0]].unserved_cost
            indices = [manager.NodeToIndex(number) for number in order]
            routing.AddDisjunction(
                indices, _REQUIRED_PRICE if price is None else min(price, _REQUIRED_PRICE)
            )
        for number, visit in enumerate(self._problem.visits):
            index = manager.NodeToIndex(number)
            able = [
                each for each, v in enumerate(self._problem.vehicles) if visit.skills <= v.skills
            ]
            if not self._add_windows(visit, index, able):
                able = []
            if len(able) < len(self._problem.vehicles):
                routing.VehicleVar(index).SetValues([-1, *able])
        for vehicle in range(len(self._problem.vehicles)):
            for index in self._reloads(vehicle):
                routing.AddDisjunction([index], 0)
                routing.VehicleVar(index).SetValues([-1, vehicle])

    def _add_windows(self, visit: Visit, index: int, able: Sequence[int]) -> bool:
        """Narrow the begin of service to windows, shifts and due moment; False if none is left."""
        latest_s = max(
            (self._latest_begin_s(visit, self._problem.vehicles[each]) for each in able), default=-1
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

    def _add_breaks(self) -> None:
        routing = self._routing
        nodes_s = self._service_s()
        indices = routing.Size() + routing.vehicles()
        service_s = [nodes_s[self._manager.IndexToNode(index)] for index in range(indices)]
        for number, vehicle in enumerate(self._problem.vehicles):
            if not vehicle.breaks:
                continue
            rests = [
                routing.solver().FixedDurationIntervalVar(
                    rest.window.earliest_s,
                    rest.window.latest_s,
                    rest.duration_s,
                    False,
                    f"break {order} of vehicle {number}",
                )
                for order, rest in enumerate(vehicle.breaks)
            ]
            self._time.SetBreakIntervalsOfVehicle(rests, number, service_s)


def _orders(visits: Sequence[Visit]) -> list[list[int]]:
    """The visits of each group, and each other visit alone."""
    orders: dict[int, list[int]] = {}
    for number, visit in enumerate(visits):
        key = -1 - number if visit.group is None else visit.group
        orders.setdefault(key, []).append(number)
    return list(orders.values())


if __name__ == "__main__":
    serve(search)
