"""PyVRP's iterated local search with its defaults, on what is left of a day. One thread."""

from __future__ import annotations

import numpy as np
import pyvrp
from pyvrp.stop import MaxRuntime
from resolving import Remainder, Trips

FAR = 10_000_000
"""Metres and seconds to a door that a vehicle may not serve."""


def solve(remainder: Remainder, budget_s: float, seed: int) -> Trips | None:
    clients, vehicles = remainder.clients, remainder.vehicles
    if not clients:
        return [[] for _ in vehicles]
    # Depot 0 is the depot; each vehicle starts at one of its own, where it stands.
    places = [
        remainder.scene.ground.depot,
        *(each.place for each in vehicles),
        *(each.place for each in clients),
    ]
    locations = [pyvrp.Location(x=0, y=0) for _ in places]
    first = 1 + len(vehicles)
    distances, durations = [], []
    for number in range(len(vehicles)):
        seconds = np.zeros((len(places), len(places)), dtype=np.int64)
        metres = np.zeros_like(seconds)
        for row, origin in enumerate(places):
            for column, target in enumerate(places):
                seconds[row, column], metres[row, column] = remainder.drive(number, origin, target)
        for column, client in enumerate(clients, start=first):
            if number not in client.allowed:
                seconds[:, column] = metres[:, column] = FAR
                seconds[column, column] = metres[column, column] = 0
        distances.append(metres)
        durations.append(seconds)
    data = pyvrp.ProblemData(
        locations=locations,
        clients=[
            pyvrp.Client(
                location=number,
                pickup=list(client.load),
                service_duration=client.service_s,
                tw_early=client.earliest_s,
                tw_late=client.latest_s,
                prize=client.prize,
                required=False,
            )
            for number, client in enumerate(clients, start=first)
        ],
        depots=[pyvrp.Depot(location=number) for number in range(first)],
        vehicle_types=[
            pyvrp.VehicleType(
                capacity=list(vehicle.capacities),
                start_depot=1 + number,
                end_depot=0,
                fixed_cost=vehicle.fixed_cost,
                tw_early=vehicle.free_s,
                tw_late=vehicle.latest_s,
                unit_distance_cost=vehicle.cost_per_m,
                unit_duration_cost=vehicle.cost_per_s,
                profile=number,
                initial_load=list(vehicle.load),
                reload_depots=[0],
                max_reloads=vehicle.trips_max - 1,
            )
            for number, vehicle in enumerate(vehicles)
        ],
        distance_matrices=distances,
        duration_matrices=durations,
    )
    result = pyvrp.solve(data, MaxRuntime(budget_s), seed=seed, collect_stats=False)
    if not result.is_feasible():
        return None
    trips: Trips = [[] for _ in vehicles]
    for route in result.best.routes():
        mine: list[list[int]] = []
        for step in route:
            if step.is_depot():
                mine.append([])
            elif step.is_client():
                mine[-1].append(step.idx)
        # Whoever reloads before it serves anybody goes home first; an empty trip says so.
        is_away = vehicles[route.vehicle_type()].is_away
        trips[route.vehicle_type()] = [t for n, t in enumerate(mine) if t or (n == 0 and is_away)]
    return trips
