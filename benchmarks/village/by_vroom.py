"""
VROOM through its bindings, at the highest level of exploration that its seconds allow. Two threads, no chance.

Orders are shipments from their place to the depot, due before their truck: so it states several trips, trucks,
unloading, loads, ranges, shifts, breaks, skills and several windows. It does not state
alternatives (each order at its first place, for its first truck), a price for leaving out (it leaves out the
fewest), what waiting and service cost, or a limit on trips. A turnaround is part of the drive from the depot.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np
import vroom
from statement import Orders, Statement
from vroom.solution.solution import Solution

THREADS: Final = 2
_MILLIFEN: Final = 1000
_LEVEL: Final = 5


def answer(told: Statement) -> Orders:
    problem, model = told.problem, vroom.Input()
    turnaround_s = problem.vehicles[0].turnaround_s
    skills = {word for each in problem.visits for word in each.skills}
    number_of = {word: number for number, word in enumerate(sorted(skills))}
    for number, matrix in enumerate(problem.matrices):
        seconds = problem.ready_s(number).copy()
        seconds[0, 1:] += turnaround_s
        model.set_durations_matrix(str(number), seconds.astype(np.uint32))
        model.set_distances_matrix(str(number), matrix.distances_m.astype(np.uint32))
    for number, vehicle in enumerate(problem.vehicles):
        model.add_vehicle(
            vroom.Vehicle(
                number,
                start=0,
                end=0,
                profile=str(vehicle.matrix),
                capacity=list(vehicle.capacities),
                skills={number_of[word] for word in vehicle.skills if word in number_of},
                time_window=(vehicle.shift.earliest_s - turnaround_s, vehicle.shift.latest_s),
                breaks=[
                    vroom.Break(
                        index,
                        time_windows=[
                            vroom.TimeWindow(rest.window.earliest_s, rest.window.latest_s)
                        ],
                        service=rest.duration_s,
                    )
                    for index, rest in enumerate(vehicle.breaks)
                ],
                costs=vroom.VehicleCosts(
                    fixed=vehicle.fixed_cost // _MILLIFEN,
                    per_hour=3600 * vehicle.cost_per_s // _MILLIFEN,
                    per_km=vehicle.cost_per_m,
                ),
                **({} if vehicle.range_m is None else {"max_distance": vehicle.range_m}),
            )
        )
    for number in replace(told, simply=True).stated():
        visit = problem.visits[number]
        due_s = 30 * 3600 if visit.due_s is None else visit.due_s
        windows = [vroom.TimeWindow(each.earliest_s, each.latest_s) for each in visit.windows]
        model.add_shipment(
            vroom.ShipmentStep(
                number, visit.place, default_service=visit.service_s, time_windows=windows
            ),
            vroom.ShipmentStep(
                number,
                0,
                default_service=visit.unload_s,
                time_windows=[vroom.TimeWindow(0, due_s - visit.unload_s)],
            ),
            amount=vroom.Amount(list(visit.loads)),
            skills={number_of[word] for word in visit.skills},
        )
    limit = timedelta(seconds=told.budget_s)
    # Not `solve`: in 1.15.0 it refuses every timeout by mistake.
    found = Solution(model._solve(exploration_level=_LEVEL, nb_threads=THREADS, timeout=limit))  # noqa: SLF001
    return _orders(found)


def _orders(found: Solution) -> Orders:
    """A trip ends with what it brings to the depot, and the next pickup begins another."""
    orders: Orders = {}
    unloading: dict[int, bool] = {}
    steps = found.routes
    for vehicle, kind, visit in zip(steps["vehicle_id"], steps["type"], steps["id"], strict=True):
        number = int(vehicle)
        if kind == "delivery":
            unloading[number] = True
        elif kind == "pickup":
            trips = orders.setdefault(number, [[]])
            if unloading.pop(number, False):
                trips.append([])
            trips[-1].append(int(visit))
    return orders
