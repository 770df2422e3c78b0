"""
PyVRP's iterated local search with its defaults. One thread, so two processes with a seed each, one of them without
alternatives; the better counts.

It states loads, several trips, ranges, shifts, costs by metre and second, orders left out at a price,
and door, point and truck as alternatives (their prices taken off the prize; of several windows each is
one alternative more). Skills and roads are profiles: what a vehicle may not carry waits far away. It does not state breaks (the
shift ends earlier by them), unloading (added to the service), a trip's due moment (windows are cut so that the
straight drive home makes it), overtime, or who should come.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyvrp
from numpy.typing import NDArray
from statement import Orders, Statement

from routing.matrix import UNREACHABLE
from routing.vrp.problem import Visit, Window

THREADS: Final = 1
_FAR: Final = 1 << 40

_Location = tuple[int, frozenset[str]]
"""A place and the skills that something there asks for."""


def answer(told: Statement) -> Orders:
    until_s = time.monotonic() + told.budget_s
    tasks = [
        (number, told.problem.visits[number], window)
        for number in told.stated()
        for window in told.windows(told.problem.visits[number])
    ]
    kinds: dict[object, list[int]] = defaultdict(list)
    for number, vehicle in enumerate(told.problem.vehicles):
        kinds[vehicle].append(number)
    result = pyvrp.solve(
        _data(told, tasks, list(kinds.values())),
        lambda _: time.monotonic() >= until_s,
        seed=told.seed,
        collect_stats=False,
    )
    waiting = [list(numbers) for numbers in kinds.values()]
    orders: Orders = {}
    for route in result.best.routes():
        trips: dict[int, list[int]] = defaultdict(list)
        trip = 0
        for step in route:
            trip += step.is_depot()
            if step.is_client():
                trips[trip].append(tasks[step.idx][0])
        orders[waiting[route.vehicle_type()].pop(0)] = list(trips.values())
    return orders


def _data(
    told: Statement, tasks: list[tuple[int, Visit, Window]], kinds: list[list[int]]
) -> pyvrp.ProblemData:
    members: dict[tuple[str, int], list[int]] = defaultdict(list)
    for client, (number, visit, _) in enumerate(tasks):
        members["alone", number if visit.group is None else -1 - visit.group].append(client)
    grouped = [each for each in members.values() if len(each) > 1]
    group_of = {client: number for number, each in enumerate(grouped) for client in each}
    locations = [(0, frozenset()), *{(visit.place, visit.skills): 0 for _, visit, _ in tasks}]
    number_of = {location: number for number, location in enumerate(locations)}
    profiles: dict[object, int] = {}
    distances_m: list[NDArray[np.int64]] = []
    durations_s: list[NDArray[np.int64]] = []
    types = []
    for numbers in kinds:
        vehicle = told.problem.vehicles[numbers[0]]
        key = vehicle.matrix, vehicle.skills
        if key not in profiles:
            profiles[key] = len(distances_m)
            metres, seconds = _matrices(told, numbers[0], locations)
            distances_m.append(metres)
            durations_s.append(seconds)
        types.append(
            pyvrp.VehicleType(
                num_available=len(numbers),
                capacity=list(vehicle.capacities),
                tw_early=vehicle.shift.earliest_s,
                tw_late=vehicle.shift.latest_s - sum(rest.duration_s for rest in vehicle.breaks),
                max_distance=_FAR - 1 if vehicle.range_m is None else vehicle.range_m,
                fixed_cost=vehicle.fixed_cost,
                unit_distance_cost=vehicle.cost_per_m,
                unit_duration_cost=vehicle.cost_per_s,
                profile=profiles[key],
                reload_depots=[1] if vehicle.trips_max > 1 else [],
                max_reloads=vehicle.trips_max - 1,
            )
        )
    turnaround_s = told.problem.vehicles[0].turnaround_s
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in locations],
        clients=[
            pyvrp.Client(
                location=number_of[visit.place, visit.skills],
                pickup=list(visit.loads),
                service_duration=visit.service_s + visit.unload_s,
                tw_early=window.earliest_s,
                tw_late=window.latest_s,
                prize=max(0, (visit.unserved_cost or 0) - visit.cost),
                required=False,
                group=group_of.get(client),
            )
            for client, (_, visit, window) in enumerate(tasks)
        ],
        depots=[pyvrp.Depot(0), pyvrp.Depot(0, service_duration=turnaround_s)],
        vehicle_types=types,
        distance_matrices=distances_m,
        duration_matrices=durations_s,
        groups=[pyvrp.ClientGroup(each, required=False) for each in grouped],
    )


def _matrices(
    told: Statement, number: int, locations: Sequence[_Location]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    vehicle = told.problem.vehicles[number]
    rows = [place for place, _ in locations]
    metres = told.problem.matrices[vehicle.matrix].distances_m[np.ix_(rows, rows)].astype(np.int64)
    seconds = told.ready_s(vehicle)[np.ix_(rows, rows)].astype(np.int64)
    lost = seconds >= UNREACHABLE
    lost[:, [not skills <= vehicle.skills for _, skills in locations]] = True
    np.fill_diagonal(lost, val=False)
    metres[lost] = seconds[lost] = _FAR
    return metres, seconds
