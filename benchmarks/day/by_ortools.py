"""
OR-Tools' routing solver as its guides use it: cheapest insertion, then guided local search. One thread.

It plans the present trip of each courier; what does not fit into it is planned once the courier is back.
"""

from __future__ import annotations

from datetime import timedelta

from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from resolving import Remainder, Trips


def solve(remainder: Remainder, budget_s: float, seed: int) -> Trips | None:  # noqa: ARG001 (it draws nothing)
    clients, vehicles = remainder.clients, remainder.vehicles
    if not clients:
        return [[] for _ in vehicles]
    # Node 0 is the depot; each vehicle starts at a node of its own, where it stands.
    places = [
        remainder.scene.ground.depot,
        *(each.place for each in vehicles),
        *(each.place for each in clients),
    ]
    first = 1 + len(vehicles)
    manager = pywrapcp.RoutingIndexManager(
        len(places), len(vehicles), list(range(1, first)), [0] * len(vehicles)
    )
    routing = pywrapcp.RoutingModel(manager)
    transits = []
    for number, vehicle in enumerate(vehicles):
        seconds, costs = [], []
        for row, origin in enumerate(places):
            service_s = clients[row - first].service_s if row >= first else 0
            drives = [remainder.drive(number, origin, target) for target in places]
            seconds.append([drive_s + service_s for drive_s, _ in drives])
            costs.append([metres * vehicle.cost_per_m for _, metres in drives])
        transits.append(routing.RegisterTransitMatrix(seconds))
        routing.SetArcCostEvaluatorOfVehicle(routing.RegisterTransitMatrix(costs), number)
        routing.SetFixedCostOfVehicle(vehicle.fixed_cost, number)
    horizon_s = max(each.ends_s for each in vehicles)
    routing.AddDimensionWithVehicleTransits(transits, horizon_s, horizon_s, False, "time")
    time = routing.GetDimensionOrDie("time")
    for number, vehicle in enumerate(vehicles):
        time.CumulVar(routing.Start(number)).SetRange(vehicle.free_s, vehicle.latest_s)
        time.CumulVar(routing.End(number)).SetRange(vehicle.free_s, vehicle.latest_s)
        time.SetSpanCostCoefficientForVehicle(vehicle.cost_per_s, number)
    for axis in range(3):
        loads = [0] * first + [each.load[axis] for each in clients]
        routing.AddDimensionWithVehicleCapacity(
            routing.RegisterUnaryTransitVector(loads),
            0,
            [max(0, each.capacities[axis] - each.load[axis]) for each in vehicles],
            True,
            f"load {axis}",
        )
    for node, client in enumerate(clients, start=first):
        index = manager.NodeToIndex(node)
        time.CumulVar(index).SetRange(client.earliest_s, client.latest_s)
        routing.VehicleVar(index).SetValues([-1, *sorted(client.allowed)])
        routing.AddDisjunction([index], client.prize)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = (
        routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    )
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    parameters.time_limit.FromTimedelta(timedelta(seconds=budget_s))
    found = routing.SolveWithParameters(parameters)
    if found is None:
        return None
    trips: Trips = []
    for number in range(len(vehicles)):
        trip: list[int] = []
        index = found.Value(routing.NextVar(routing.Start(number)))
        while not routing.IsEnd(index):
            trip.append(manager.IndexToNode(index) - first)
            index = found.Value(routing.NextVar(index))
        trips.append([trip] if trip else [])
    return trips
