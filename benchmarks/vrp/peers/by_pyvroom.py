"""
VROOM through its bindings. Two threads, nothing drawn by chance.

It states capacities, time windows, several depots, mixed fleets, and, as shipments that begin at the
depot, several trips with release times. It does not state a limit on a route's duration (it knows one
on driving alone), so neither MDVRPTW nor SDVRPTW here; prizes (its priorities come before any cost); or
alternatives.

A level of exploration is a number of starts; cut short by the limit, a high level is worse than the
lowest at its end (X-n957-k87: 88,670 after 20 s against 87,134 after 14 s). So the lowest comes first,
then the highest that may end in time; the better counts.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import vroom
from peers.case import Answer, Case, Task, read
from vroom.solution.solution import Solution

_LEVELS = ((5, 40), (3, 15), (1, 2))
"""Levels, and how many times the lowest's seconds they need. Chosen after X-n251-k28: 1, 10, over 25."""


def answer(task: Task) -> Answer:
    case = read(task.file)
    known = ("time_windows", "several_depots", "vehicles_of_several_kinds", "several_trips",
             "clients_not_for_every_vehicle")  # fmt: skip
    rules = {name: present for name, present in case.rules.items() if name not in known}
    case.refuse("VROOM", **rules)
    began_s = task.since_s()
    best = _solve(case, task, level=0)
    for level, times in _LEVELS:
        if task.left_s() > times * (task.since_s() - began_s):
            best = min(best, _solve(case, task, level), key=_price)
            break
    if left_out := len(best.unassigned):
        raise RuntimeError(f"VROOM left {left_out} clients out")
    return Answer(routes=_routes(best), stated=int(best.summary.cost))


def _price(found: Solution) -> tuple[int, int]:
    return len(found.unassigned), int(found.summary.cost)


def _solve(case: Case, task: Task, level: int) -> Solution:
    model = vroom.Input()
    model.set_durations_matrix("car", case.matrix)
    skills = _skills(case)
    for number, fleet in enumerate(case.fleets):
        for vehicle in case.worthwhile(fleet):
            model.add_vehicle(
                vroom.Vehicle(
                    vehicle,
                    start=fleet.depot,
                    end=fleet.depot,
                    capacity=[fleet.capacity],
                    skills=skills[number],
                    time_window=fleet.window if case.timed else None,
                    # A second costs the price of a metre: in these sets they are the same number.
                    costs=vroom.VehicleCosts(fixed=fleet.fixed_cost, per_hour=3_600 * fleet.price),
                )
            )
    _add_clients(model, case, {client: {client} for client in _choosy(case)})
    limit = timedelta(seconds=task.left_s())
    # Not `solve`: in 1.15.0 it refuses every timeout by mistake.
    return Solution(model._solve(exploration_level=level, nb_threads=2, timeout=limit))  # noqa: SLF001


def _choosy(case: Case) -> list[int]:
    """Clients that some vehicles may not serve."""
    allowed = [fleet.allowed for fleet in case.fleets if fleet.allowed is not None]
    return [client for client in case.clients if not all(client in able for able in allowed)]


def _skills(case: Case) -> list[set[int]]:
    """For each fleet: a choosy client is a skill of its own."""
    choosy = set(_choosy(case))
    return [choosy if fleet.allowed is None else choosy & fleet.allowed for fleet in case.fleets]


def _add_clients(model: vroom.Input, case: Case, skills: dict[int, set[int]]) -> None:
    reloads = any(fleet.reloads for fleet in case.fleets)
    home = case.windows[0] if case.timed else None
    for client in case.clients:
        windows = [vroom.TimeWindow(*case.windows[client])] if case.timed else []
        load, service = [case.demands[client]], case.services[client] if case.services else 0
        if reloads:
            ready = [vroom.TimeWindow(case.releases[client], home[1])]
            model.add_shipment(
                vroom.ShipmentStep(client, case.fleets[0].depot, time_windows=ready),
                vroom.ShipmentStep(client, client, default_service=service, time_windows=windows),
                amount=vroom.Amount(load),
            )
        else:
            model.add_job(
                vroom.Job(
                    client,
                    client,
                    default_service=service,
                    delivery=load,
                    skills=skills.get(client, set()),
                    time_windows=windows,
                )
            )


def _routes(found: Solution) -> list[tuple[int, list[list[int]]]]:
    trips: dict[int, list[list[int]]] = defaultdict(lambda: [[]])
    steps = found.routes
    for vehicle, kind, client in zip(steps["vehicle_id"], steps["type"], steps["id"], strict=True):
        if kind == "pickup":  # at the depot: another trip, unless it has just come there
            trips[vehicle].append([])
        elif kind in {"job", "delivery"}:
            trips[vehicle][-1].append(int(client))
    return [(int(vehicle), [trip for trip in driven if trip]) for vehicle, driven in trips.items()]
