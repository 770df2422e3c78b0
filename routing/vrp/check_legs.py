"""What a stated trip drives, as the judge counts it: it shares no code with any search."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from routing.matrix import UNREACHABLE, TravelMatrix
from routing.vrp.problem import Problem, Swap, Vehicle
from routing.vrp.solution import Trip


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLeg:
    """
    A drive as stated, with what the matrix says of it, by way of its swap; `to` is None for the way home.

    `since_m` are the metres since the vehicle had its full range at its end, `farthest_m` the most on the way.
    """

    departure_s: int
    arrival_s: int
    duration_s: int
    setup_s: int
    since_m: int
    farthest_m: int
    to: int | None


def stated_legs(problem: Problem, vehicle: Vehicle, trip: Trip, since_m: int) -> list[StatedLeg]:
    """The drives of a trip, home the last, that begins `since_m` metres after the vehicle had its full range."""
    matrix = problem.matrices[vehicle.matrix]
    halts = [
        (problem.visits[halt.visit].place, halt.arrival_s, halt.departure_s, halt.visit)
        for halt in trip.visits
    ]
    from_ends = [(vehicle.start_place, trip.leave_s), *((each[0], each[2]) for each in halts)]
    to_ends = [
        *((each[0], each[1], each[3]) for each in halts),
        (vehicle.end_place, trip.back_s, None),
    ]
    swaps = {each.before: problem.swaps[each.swap] for each in trip.swaps}
    legs = []
    for number, ((origin, departure_s), (target, arrival_s, to)) in enumerate(
        zip(from_ends, to_ends, strict=True)
    ):
        duration_s, farthest_m = 0, since_m
        if origin is not None and target is not None:
            duration_s, since_m, farthest_m = _way(
                matrix, origin, target, swaps.get(number), since_m
            )
        setup_s = 0
        if problem.setups_s and origin is not None and target is not None and to is not None:
            setup_s = problem.setups_s[target] if origin != target or number in swaps else 0
        legs.append(
            StatedLeg(
                departure_s=departure_s,
                arrival_s=arrival_s,
                duration_s=duration_s,
                setup_s=setup_s,
                since_m=since_m,
                farthest_m=farthest_m,
                to=to,
            )
        )
    return legs


def _way(
    matrix: TravelMatrix, origin: int, target: int, swap: Swap | None, since_m: int
) -> tuple[int, int, int]:
    """
    Seconds of a drive begun `since_m` metres after the range was full, the same metres at its end, and the most on the way.

    Where no way leads it is UNREACHABLE seconds long, and no metres.
    """
    places = (origin, target) if swap is None else (origin, swap.place, target)
    parts = list(pairwise(places))
    if any(matrix.durations_s[part] >= UNREACHABLE for part in parts):
        return UNREACHABLE, since_m, since_m
    seconds = sum(int(matrix.durations_s[part]) for part in parts)
    first_m, last_m = int(matrix.distances_m[parts[0]]), int(matrix.distances_m[parts[-1]])
    reached_m = since_m + first_m
    if swap is None:
        return seconds, reached_m, reached_m
    seconds += swap.takes_s
    if swap.charged_m_per_minute is not None:
        seconds -= -60 * max(0, reached_m) // swap.charged_m_per_minute  # rounded up
    return seconds, last_m, max(reached_m, last_m)
