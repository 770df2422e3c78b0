"""When a vehicle reaches a door: the solver's arrival is when it is ready to serve there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dispatch.posing import Posed
from routing.vrp.solution import Route, ScheduledVisit


def reached_s(
    posed: Posed, route: Route, doors: Sequence[Sequence[ScheduledVisit]], *, leave_s: int
) -> Iterator[int]:
    """When each door of a trip is reached: the setup, and breaks taken during it, come after."""
    rests = posed.problem.vehicles[route.vehicle].breaks
    taken = sorted(zip(route.break_starts_s, (rest.duration_s for rest in rests), strict=True))
    left_s = leave_s
    for door in doors:
        clock_s, left_to_do_s = door[0].arrival_s, setup_s(posed, door)
        for start_s, duration_s in reversed(taken):
            worked_s = clock_s - (start_s + duration_s)
            if left_s <= start_s < clock_s and worked_s < left_to_do_s:
                clock_s, left_to_do_s = start_s, left_to_do_s - worked_s
        yield clock_s - left_to_do_s
        left_s = door[-1].departure_s


def setup_s(posed: Posed, door: Sequence[ScheduledVisit]) -> int:
    """How long it takes to park and to find the door."""
    return posed.problem.setups_s[posed.halts[door[0].visit].visit.place]
