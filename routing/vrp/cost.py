"""The one objective: what a set of routes costs, in the problem's own unit."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import pairwise

from routing.vrp.problem import Problem, Vehicle, Visit
from routing.vrp.solution import Route, Solution, Trip


def cost(problem: Problem, routes: Iterable[Route]) -> int:
    """
    Return fixed costs of the used vehicles, metres and seconds at their prices, what their visits
    cost by themselves, and what is left out.

    Seconds run from a vehicle's first leaving until its last trip is over: waiting, breaks,
    turnarounds, queues at docks and unloading are paid. A visit without `unserved_cost` adds nothing when left out; leaving it out is a
    violation, which `routing.vrp.check` names.
    """
    total, served = 0, set[int]()
    for route in routes:
        total += route_cost(problem, route)
        served.update(halt.visit for trip in route.trips for halt in trip.visits)
    return total + unserved_cost(problem, unserved_of(problem, served))


def solution_of(problem: Problem, routes: Iterable[Route]) -> Solution:
    """These routes with what they leave out and cost."""
    routes = tuple(routes)
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    return Solution(
        routes=routes, unserved=unserved_of(problem, served), cost=cost(problem, routes)
    )


def unserved_of(problem: Problem, served: Container[int]) -> tuple[int, ...]:
    """The visits that nobody makes, without those whose order another visit of their group serves."""
    visits = problem.visits
    done = {visit.group for number, visit in enumerate(visits) if number in served} - {None}
    return tuple(
        number
        for number, visit in enumerate(visits)
        if number not in served and visit.group not in done
    )


def unserved_cost(problem: Problem, unserved: Iterable[int]) -> int:
    """What leaving these out costs: a group once, however many of its visits are listed."""
    total, paid = 0, set[int]()
    for number in unserved:
        visit = problem.visits[number]
        if visit.group is not None:
            if visit.group in paid:
                continue
            paid.add(visit.group)
        total += visit.unserved_cost or 0
    return total


def route_cost(problem: Problem, route: Route) -> int:
    """One route's part of the cost."""
    vehicle = problem.vehicles[route.vehicle]
    seconds = over_s(problem, route.trips[-1]) - route.trips[0].leave_s
    driven = vehicle.cost_per_m * distance_m(problem, route)
    made = sum(
        visit_cost(problem.visits[halt.visit], route.vehicle)
        for trip in route.trips
        for halt in trip.visits
    )
    return vehicle.fixed_cost + driven + time_cost(vehicle, seconds) + made


def over_s(problem: Problem, trip: Trip) -> int:
    """When the trip is over: back, at a dock, and all of its load unloaded."""
    return trip.back_s + trip.dock_wait_s + unload_s(problem, trip)


def unload_s(problem: Problem, trip: Trip) -> int:
    """How long all of its load is unloaded."""
    return sum(problem.visits[halt.visit].unload_s for halt in trip.visits)


def time_cost(vehicle: Vehicle, seconds: int) -> int:
    """What so many seconds from leaving until the last trip is over cost."""
    cost = vehicle.cost_per_s * seconds
    if vehicle.overtime_after_s is not None:
        cost += vehicle.overtime_cost_per_s * max(0, seconds - vehicle.overtime_after_s)
    return cost


def visit_cost(visit: Visit, vehicle: int) -> int:
    """What making the visit costs by itself if this vehicle does."""
    others = (each for each in visit.preferences if vehicle not in each.vehicles)
    return visit.cost + sum(each.cost_otherwise for each in others)


def distance_m(problem: Problem, route: Route) -> int:
    """Metres of all trips, those by way of a swap included; an open start or end adds none."""
    vehicle = problem.vehicles[route.vehicle]
    distances_m = problem.matrices[vehicle.matrix].distances_m
    total = 0
    for trip in route.trips:
        places = [problem.visits[halt.visit].place for halt in trip.visits]
        for each in reversed(trip.swaps):
            places.insert(each.before, problem.swaps[each.swap].place)
        if vehicle.start_place is not None:
            places.insert(0, vehicle.start_place)
        if vehicle.end_place is not None:
            places.append(vehicle.end_place)
        total += sum(int(distances_m[a, b]) for a, b in pairwise(places))
    return total
