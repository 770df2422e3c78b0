"""Docks 卸货位: how those who are planned together stand in line for them with each other and with everybody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dispatch.plan import Route
from dispatch.posing import Posed
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute


def with_taken(posed: Posed, spans_s: Iterable[tuple[int, int]]) -> Posed:
    """The day in which somebody unloads in each of these spans, whatever is planned."""
    problem = posed.problem
    taken_s = tuple(span for span in spans_s if span[0] < span[1])
    docks = tuple(replace(each, taken_s=(*each.taken_s, *taken_s)) for each in problem.docks)
    return replace(posed, problem=replace(problem, docks=docks))


def beside(posed: Posed, routes: Iterable[Route]) -> Posed:
    """The day of some couriers in which the others, who drive these routes, unload as they are planned."""
    if not posed.problem.docks:
        return posed
    clock = posed.clock
    return with_taken(
        posed,
        (
            (clock.seconds(trip.docked_at), clock.seconds(trip.unloaded_at))
            for route in routes
            for trip in route.trips
        ),
    )


def in_line(
    posed: Posed, scheduler: Scheduler, routes: Sequence[SolvedRoute]
) -> tuple[SolvedRoute, ...]:
    """
    Routes that were timed one by one, with what they wait for each other: late rather than not at all.

    Each leaves as it does. As they are where somebody could not go on after waiting.
    """
    if not posed.problem.docks:
        return tuple(routes)
    orders = {
        route.vehicle: [[halt.visit for halt in trip.visits] for trip in route.trips]
        for route in routes
    }
    leaves_s = {route.vehicle: route.trips[0].leave_s for route in routes}
    return scheduler.schedule_all(orders, leaves_s, or_late=True) or tuple(routes)
