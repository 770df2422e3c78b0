"""
OR-Tools' routing solver as its guides use it: a first solution, then guided local search. One thread.

Nothing in it is drawn by chance, so the two processes begin with different first solutions instead.

It states every set: clients that some vehicles may not serve by their vehicle variables, prizes and
alternatives by disjunctions, several trips with release times as pickups and deliveries whose pickups
lie at the depot. A vehicle of its own for each that is worthwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from peers.case import Answer, Case, Fleet, Route, Task, read


def answer(task: Task) -> Answer:
    case = read(task.file)
    model = _Model(case)
    trace: list[tuple[float, int]] = []

    def listen() -> None:
        cost = model.routing.CostVar().Max()
        if cost < (trace[-1][1] if trace else model.left_out):
            trace.append((task.since_s(), cost))

    model.routing.AddAtSolutionCallback(listen)
    found = model.solve(task)
    if found is None:
        raise RuntimeError(f"OR-Tools found no solution: status {model.routing.status()}")
    if found.ObjectiveValue() >= model.left_out:
        raise RuntimeError("OR-Tools left required clients out")
    return Answer(routes=model.routes(found), stated=found.ObjectiveValue(), trace=trace)


class _Model:
    """
    Nodes are the case's places; where vehicles reload, every client has a second one at the depot.

    The clients' second nodes follow in the clients' order.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.vehicles: list[tuple[int, Fleet]] = [
            (vehicle, fleet) for fleet in case.fleets for vehicle in case.worthwhile(fleet)
        ]
        self.reloads = any(fleet.reloads for fleet in case.fleets)
        # Above every cost. Without it, where vehicles are scarce there is no first solution.
        self.left_out = 100 * len(case.matrix) * int(case.matrix.max())
        places = list(range(len(case.matrix)))
        if self.reloads:
            places += [case.fleets[0].depot] * len(case.clients)
        depots = [fleet.depot for _, fleet in self.vehicles]
        self.manager = pywrapcp.RoutingIndexManager(len(places), len(depots), depots, depots)
        self.routing = pywrapcp.RoutingModel(self.manager)
        matrix = case.matrix[np.ix_(places, places)] if self.reloads else case.matrix
        self._costs(matrix)
        self._loads()
        if case.timed:
            self._times(matrix)
        self._choices()

    def _costs(self, matrix: NDArray[np.int32]) -> None:
        callbacks = {
            price: self.routing.RegisterTransitMatrix(list(_rows(matrix, price)))
            for price in {fleet.price for fleet in self.case.fleets}
        }
        for number, (_, fleet) in enumerate(self.vehicles):
            self.routing.SetArcCostEvaluatorOfVehicle(callbacks[fleet.price], number)
            self.routing.SetFixedCostOfVehicle(fleet.fixed_cost, number)

    def _loads(self) -> None:
        loads = list(self.case.demands)
        if self.reloads:
            loads = [-load for load in loads] + loads[self.case.depots :]
        callback = self.routing.RegisterUnaryTransitVector(loads)
        capacities = [fleet.capacity for _, fleet in self.vehicles]
        self.routing.AddDimensionWithVehicleCapacity(callback, 0, capacities, True, "load")

    def _times(self, matrix: NDArray[np.int32]) -> None:
        case, to_index = self.case, self.manager.NodeToIndex
        services = np.zeros(len(matrix), dtype=np.int32)
        services[: len(case.matrix)] = case.services
        callback = self.routing.RegisterTransitMatrix(list(_rows(matrix + services[:, np.newaxis])))
        horizon = max(fleet.window[1] for fleet in case.fleets)
        self.routing.AddDimension(callback, horizon, horizon, False, "time")
        time = self.routing.GetDimensionOrDie("time")
        for client in case.clients:
            time.CumulVar(to_index(client)).SetRange(*case.windows[client])
        for number, (_, fleet) in enumerate(self.vehicles):
            time.CumulVar(self.routing.Start(number)).SetRange(*fleet.window)
            time.CumulVar(self.routing.End(number)).SetRange(*fleet.window)
            if fleet.duration_max is not None:
                time.SetSpanUpperBoundForVehicle(fleet.duration_max, number)
        if self.reloads:
            for node, client in enumerate(case.clients, start=len(case.matrix)):
                time.CumulVar(to_index(node)).SetRange(case.releases[client], horizon)
                self._pair(to_index(node), to_index(client), time)

    def _pair(self, pickup: int, delivery: int, time: pywrapcp.RoutingDimension) -> None:
        self.routing.AddPickupAndDelivery(pickup, delivery)
        solver = self.routing.solver()
        solver.Add(self.routing.VehicleVar(pickup) == self.routing.VehicleVar(delivery))
        solver.Add(time.CumulVar(pickup) <= time.CumulVar(delivery))

    def _choices(self) -> None:
        """Who may serve whom, and what may be left out."""
        case, to_index = self.case, self.manager.NodeToIndex
        if any(fleet.allowed is not None for fleet in case.fleets):
            for client in case.clients:
                able = [
                    number
                    for number, (_, fleet) in enumerate(self.vehicles)
                    if fleet.allowed is None or client in fleet.allowed
                ]
                self.routing.VehicleVar(to_index(client)).SetValues([-1, *able])
        if case.timed and not self.reloads:
            for client in case.clients:
                prize = case.prizes[client]
                price = self.left_out if prize is None else prize
                self.routing.AddDisjunction([to_index(client)], price)
        for group in case.groups:
            self.routing.AddDisjunction([to_index(client) for client in group])

    def solve(self, task: Task) -> pywrapcp.Assignment | None:
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = self._first(task.seed)
        parameters.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        )
        parameters.time_limit.FromTimedelta(timedelta(seconds=task.left_s()))
        return self.routing.SolveWithParameters(parameters)

    def _first(self, seed: int) -> int:
        """For even seeds the strategy that never failed, for odd ones the best of the others tried."""
        strategies = routing_enums_pb2.FirstSolutionStrategy
        if seed % 2 == 0:
            return strategies.PARALLEL_CHEAPEST_INSERTION
        if any(prize is not None for prize in self.case.prizes):
            return strategies.ALL_UNPERFORMED
        if self.reloads:
            return strategies.LOCAL_CHEAPEST_INSERTION
        if self.case.timed and len(self.case.fleets) == 1:
            return strategies.SAVINGS
        return strategies.PATH_CHEAPEST_ARC

    def routes(self, found: pywrapcp.Assignment) -> list[Route]:
        return [
            (vehicle, trips)
            for number, (vehicle, _) in enumerate(self.vehicles)
            if (trips := self._trips(found, number))
        ]

    def _trips(self, found: pywrapcp.Assignment, number: int) -> list[list[int]]:
        trips: list[list[int]] = [[]]
        index = found.Value(self.routing.NextVar(self.routing.Start(number)))
        while not self.routing.IsEnd(index):
            node = self.manager.IndexToNode(index)
            if node < len(self.case.matrix):
                trips[-1].append(node)
            else:  # at the depot
                trips.append([])
            index = found.Value(self.routing.NextVar(index))
        return [trip for trip in trips if trip]


def _rows(matrix: NDArray[np.int32], price: int = 1) -> Iterable[list[int]]:
    """Lists are all that it takes; equal numbers share one object, which spares half the memory."""
    numbers = np.array([price * number for number in range(int(matrix.max()) + 1)], dtype=object)
    for row in matrix:
        yield numbers[row].tolist()
