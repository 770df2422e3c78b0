"""When a vehicle reaches a door or a swap: the solver's arrival is when it is ready to serve there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dispatch.posing import Posed
from routing.vrp.solution import Route, ScheduledVisit, Trip


def doors_of(posed: Posed, trip: Trip) -> tuple[list[list[ScheduledVisit]], Mapping[int, int]]:
    """
    The visits of a trip, those of one door that follow each other together; and on the way to which door, counted
    from 0, the trip swaps at which swap of the problem: one more than there are is the way home.
    """
    swap_before = {each.before: each.swap for each in trip.swaps}
    doors: list[list[ScheduledVisit]] = []
    swaps: dict[int, int] = {}
    for number, made in enumerate(trip.visits):
        place = posed.problem.visits[made.visit].place
        follows = doors and posed.problem.visits[doors[-1][-1].visit].place == place
        if follows and number not in swap_before:
            doors[-1].append(made)
            continue
        if number in swap_before:
            swaps[len(doors)] = swap_before[number]
        doors.append([made])
    if len(trip.visits) in swap_before:
        swaps[len(doors)] = swap_before[len(trip.visits)]
    return doors, swaps


def rested_s(posed: Posed, route: Route, from_s: int, lasts_s: int) -> int:
    """When so many seconds of driving or swapping, begun at `from_s`, are over: breaks interrupt them."""
    rests = posed.problem.vehicles[route.vehicle].breaks
    over_s = from_s + lasts_s
    for start_s, duration_s in sorted(
        zip(route.break_starts_s, (rest.duration_s for rest in rests), strict=True)
    ):
        if from_s <= start_s < over_s:
            over_s += duration_s
    return over_s


def swapping_s(
    posed: Posed, route: Route, swap: int, rows: tuple[int, int], span_s: tuple[int, int]
) -> int:
    """
    How long the swap on the way between two rows lasts, breaks apart.

    `span_s` is from leaving one until being ready to serve at the other: what of it is neither drive, break nor setup.
    """
    problem, (left_s, ready_s) = posed.problem, span_s
    vehicle, place = problem.vehicles[route.vehicle], problem.swaps[swap].place
    durations_s = problem.matrices[vehicle.matrix].durations_s
    drives_s = int(durations_s[rows[0], place]) + int(durations_s[place, rows[1]])
    breaks = zip(vehicle.breaks, route.break_starts_s, strict=True)
    rests_s = sum(each.duration_s for each, at_s in breaks if left_s <= at_s < ready_s)
    return ready_s - left_s - drives_s - rests_s - problem.setups_s[rows[1]]


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
