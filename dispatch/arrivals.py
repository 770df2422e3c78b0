"""When a vehicle reaches a door or a swap: the solver's arrival is when it is ready to serve there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dispatch.posing import Posed
from routing.vrp.solution import Route, ScheduledVisit, Trip


def doors_of(posed: Posed, trip: Trip) -> tuple[list[list[ScheduledVisit]], Mapping[int, int]]:
    """
    The visits of a trip, those of one door that follow each other together; and on the way to which door, counted
    from 0, the trip swaps at which swap of the problem: one more than there are is the way home. What is picked up
    at a door and what is dropped there are doors apart.
    """
    swap_before = {each.before: each.swap for each in trip.swaps}
    doors: list[list[ScheduledVisit]] = []
    swaps: dict[int, int] = {}
    for number, made in enumerate(trip.visits):
        last = doors[-1][-1].visit if doors else None
        follows = last is not None and _door(posed, last) == _door(posed, made.visit)
        if follows and number not in swap_before:
            doors[-1].append(made)
            continue
        if number in swap_before:
            swaps[len(doors)] = swap_before[number]
        doors.append([made])
    if len(trip.visits) in swap_before:
        swaps[len(doors)] = swap_before[len(trip.visits)]
    return doors, swaps


def _door(posed: Posed, visit: int) -> tuple[int, bool]:
    """Its place, and whether something is dropped there."""
    return posed.problem.visits[visit].place, posed.halts[visit].drops is not None


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
    posed: Posed,
    route: Route,
    doors: Sequence[Sequence[ScheduledVisit]],
    setups_s: Sequence[int],
    *,
    leave_s: int,
) -> Iterator[int]:
    """When each door of a trip is reached: the setup (one of `setups_of`), and breaks taken during it, come after."""
    rests = posed.problem.vehicles[route.vehicle].breaks
    taken = sorted(zip(route.break_starts_s, (rest.duration_s for rest in rests), strict=True))
    left_s = leave_s
    for door, setup_s in zip(doors, setups_s, strict=True):
        clock_s, left_to_do_s = door[0].arrival_s, setup_s
        for start_s, duration_s in reversed(taken):
            worked_s = clock_s - (start_s + duration_s)
            if left_s <= start_s < clock_s and worked_s < left_to_do_s:
                clock_s, left_to_do_s = start_s, left_to_do_s - worked_s
        yield clock_s - left_to_do_s
        left_s = door[-1].departure_s


def setups_of(
    posed: Posed, doors: Sequence[Sequence[ScheduledVisit]], swaps: Mapping[int, int]
) -> tuple[int, ...]:
    """How long it takes at each of `doors_of` to park and to find the door: nothing where the vehicle stands there already."""
    places = [posed.problem.visits[door[0].visit].place for door in doors]
    return tuple(
        0
        if number and places[number - 1] == place and number not in swaps
        else posed.problem.setups_s[place]
        for number, place in enumerate(places)
    )
