"""
OR-Tools' routing solver as its guides use it: cheapest insertion, then guided local search. One thread, no chance, so two
processes, one of them without alternatives; the better counts.

Reloading is the guide's: optional stays at the depot that empty the vehicle. So it states loads, several trips, ranges,
shifts, breaks, skills, several windows, alternatives, orders left out at a price, and costs by metre and second. It does not
state unloading (added to the service) or a trip's due moment (windows are cut so that the straight drive home
makes it), overtime, or who should come. Its matrices are lists: days of thousands of visits do not fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Final

from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from statement import CannotState, Orders, Statement

from routing.matrix import UNREACHABLE
from routing.vrp.problem import Vehicle

THREADS: Final = 1
_NODES_MAX: Final = 5_000
_END_S: Final = 30 * 3600
_FAR: Final = 1 << 40


def answer(told: Statement) -> Orders:
    model = _Model(told)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = (
        routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    )
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    parameters.time_limit.FromTimedelta(timedelta(seconds=told.budget_s))
    found = model.routing.SolveWithParameters(parameters)
    if found is None:
        raise CannotState(f"OR-Tools found nothing: status {model.routing.status()}")
    return model.orders(found)


class _Model:
    """Nodes: the depot, the visits, then the stays at the depot of each vehicle."""

    def __init__(self, told: Statement) -> None:
        self.told, problem = told, told.problem
        self.numbers, vehicles = told.stated(), problem.vehicles
        self.visits = [problem.visits[number] for number in self.numbers]
        self.stays = [
            number for number, each in enumerate(vehicles) for _ in range(each.trips_max - 1)
        ]
        self.places = [0, *(visit.place for visit in self.visits), *(0 for _ in self.stays)]
        if len(self.places) > _NODES_MAX:
            raise CannotState(f"{len(self.places)} nodes, more than {_NODES_MAX}")
        self.manager = pywrapcp.RoutingIndexManager(len(self.places), len(vehicles), 0)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._index = [self.manager.NodeToIndex(node) for node in range(len(self.places))]
        self._costs_and_ranges()
        self._loads()
        self._times()
        self._choices()

    def _registered(self, values: Callable[[Vehicle], list[list[int]]]) -> list[int]:
        """One callback for each vehicle; vehicles that are alike share theirs."""
        known: dict[object, int] = {}
        for vehicle in self.told.problem.vehicles:
            if vehicle not in known:
                known[vehicle] = self.routing.RegisterTransitMatrix(values(vehicle))
        return [known[vehicle] for vehicle in self.told.problem.vehicles]

    def _costs_and_ranges(self) -> None:
        problem = self.told.problem

        def metres(vehicle: Vehicle) -> list[list[int]]:
            matrix = problem.matrices[vehicle.matrix].distances_m
            return [[int(matrix[a, b]) for b in self.places] for a in self.places]

        prices = [0, *(visit.cost for visit in self.visits), *(0 for _ in self.stays)]

        def costs(vehicle: Vehicle) -> list[list[int]]:
            return [
                [
                    vehicle.cost_per_m * metre + price
                    for metre, price in zip(row, prices, strict=True)
                ]
                for row in metres(vehicle)
            ]

        for number, callback in enumerate(self._registered(costs)):
            self.routing.SetArcCostEvaluatorOfVehicle(callback, number)
            self.routing.SetFixedCostOfVehicle(problem.vehicles[number].fixed_cost, number)
        limits = [_FAR if each.range_m is None else each.range_m for each in problem.vehicles]
        self.routing.AddDimensionWithVehicleTransitAndCapacity(
            self._registered(metres), 0, limits, True, "metres"
        )

    def _loads(self) -> None:
        problem = self.told.problem
        for axis, name in enumerate(problem.dimensions):
            capacities = [vehicle.capacities[axis] for vehicle in problem.vehicles]
            loads = [0, *(visit.loads[axis] for visit in self.visits)]
            loads += [-capacities[number] for number in self.stays]
            callback = self.routing.RegisterUnaryTransitVector(loads)
            self.routing.AddDimensionWithVehicleCapacity(
                callback, max(capacities), capacities, True, name
            )
            dimension = self.routing.GetDimensionOrDie(name)
            for node in range(1, 1 + len(self.visits)):
                dimension.SlackVar(self._index[node]).SetValue(0)

    def _times(self) -> None:
        problem = self.told.problem
        stay_s = problem.vehicles[0].turnaround_s
        services = [0, *(each.service_s + each.unload_s for each in self.visits)]
        services += [stay_s for _ in self.stays]

        def seconds(vehicle: Vehicle) -> list[list[int]]:
            ready_s = self.told.ready_s(vehicle)
            return [
                [
                    service_s + (int(ready_s[a, b]) if ready_s[a, b] < UNREACHABLE else _END_S)
                    for b in self.places
                ]
                for a, service_s in zip(self.places, services, strict=True)
            ]

        self.routing.AddDimensionWithVehicleTransits(
            self._registered(seconds), _END_S, _END_S, False, "time"
        )
        clock = self.routing.GetDimensionOrDie("time")
        for node, visit in enumerate(self.visits, start=1):
            windows, begin = self.told.windows(visit), clock.CumulVar(self._index[node])
            if not windows:
                self.routing.VehicleVar(self._index[node]).SetValues([-1])
                continue
            begin.SetRange(windows[0].earliest_s, windows[-1].latest_s)
            for before, after in pairwise(windows):
                begin.RemoveInterval(before.latest_s + 1, after.earliest_s - 1)
        solver = self.routing.solver()
        nodes = [services[self.manager.IndexToNode(each)] for each in range(self.routing.Size())]
        for number, vehicle in enumerate(problem.vehicles):
            for end in (self.routing.Start(number), self.routing.End(number)):
                clock.CumulVar(end).SetRange(vehicle.shift.earliest_s, vehicle.shift.latest_s)
            clock.SetSpanCostCoefficientForVehicle(vehicle.cost_per_s, number)
            rests = [
                solver.FixedDurationIntervalVar(
                    rest.window.earliest_s, rest.window.latest_s, rest.duration_s, False, "rest"
                )
                for rest in vehicle.breaks
            ]
            clock.SetBreakIntervalsOfVehicle(rests, number, nodes)

    def _choices(self) -> None:
        """Who may serve what, and what may be left out."""
        problem, alternatives = self.told.problem, defaultdict(list)
        for node, visit in enumerate(self.visits, start=1):
            able = [
                number
                for number, vehicle in enumerate(problem.vehicles)
                if self.told.may_make(vehicle, visit)
            ]
            if self.told.windows(visit):
                self.routing.VehicleVar(self._index[node]).SetValues([-1, *able])
            alternatives[-node if visit.group is None else visit.group].append(node)
        for nodes in alternatives.values():
            price = self.visits[nodes[0] - 1].unserved_cost or 0
            self.routing.AddDisjunction([self._index[node] for node in nodes], price)
        for node, number in enumerate(self.stays, start=1 + len(self.visits)):
            self.routing.VehicleVar(self._index[node]).SetValues([-1, number])
            self.routing.AddDisjunction([self._index[node]], 0)

    def orders(self, found: pywrapcp.Assignment) -> Orders:
        orders: Orders = {}
        for number in range(len(self.told.problem.vehicles)):
            trips: list[list[int]] = [[]]
            index = found.Value(self.routing.NextVar(self.routing.Start(number)))
            while not self.routing.IsEnd(index):
                node = self.manager.IndexToNode(index)
                if node <= len(self.numbers):
                    trips[-1].append(self.numbers[node - 1])
                else:
                    trips.append([])
                index = found.Value(self.routing.NextVar(index))
            if any(trips):
                orders[number] = trips
        return orders
