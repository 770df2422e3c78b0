"""One vehicle's day as a problem of its own: so small that the judge looks at it in a millisecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from routing.matrix import TravelMatrix
from routing.vrp.check import check
from routing.vrp.cost import cost, visit_cost
from routing.vrp.problem import Problem, Vehicle, Visit
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution


def day_cost(
    problem: Problem,
    number: int,
    vehicle: Vehicle,
    trips: Sequence[Sequence[int]],
    changed: Mapping[int, Visit],
) -> int | None:
    """
    Return what the vehicle's route costs if it makes these visits; None if the judge finds no day.

    `vehicle` need not be the problem's: `number` is who it is for preferences. Nor need the visits
    that are `changed`.

    Raises
    ------
    ProblemRefused
        Vehicle or visits contradict themselves.
    """
    made = [each for trip in trips for each in trip]
    visits = [changed.get(each, problem.visits[each]) for each in made]
    # A pair torn apart is no day.
    new_number = {None: None} | {each: at for at, each in enumerate(made)}
    if any(visit.brings not in new_number for visit in visits):
        return None
    ends = (vehicle.start_place, vehicle.end_place)
    swaps = [problem.swaps[each] for each in vehicle.swaps]
    stops = {visit.place for visit in visits} | {swap.place for swap in swaps}
    places = sorted(stops | {end for end in ends if end is not None})
    row_of = {place: row for row, place in enumerate(places)}
    start_place, end_place = (None if end is None else row_of[end] for end in ends)
    day = Problem(
        matrices=(_among(problem.matrices[vehicle.matrix], places),),
        visits=tuple(
            replace(
                visit,
                place=row_of[visit.place],
                brings=new_number[visit.brings],
                joints=(),
                cost=visit_cost(visit, number),
                preferences=(),
            )
            for visit in visits
        ),
        vehicles=(
            replace(
                vehicle,
                matrix=0,
                start_place=start_place,
                end_place=end_place,
                swaps=tuple(range(len(swaps))),
            ),
        ),
        swaps=tuple(replace(each, place=row_of[each.place]) for each in swaps),
        dimensions=problem.dimensions,
        setups_s=tuple(problem.setups_s[place] for place in places) if problem.setups_s else (),
    )
    numbers = iter(range(len(visits)))
    route = Scheduler(day).schedule(0, [[next(numbers) for _ in trip] for trip in trips])
    if route is None:
        return None
    solution = Solution(routes=(route,), unserved=(), cost=cost(day, (route,)))
    return None if check(day, solution) else solution.cost


def _among(matrix: TravelMatrix, places: Sequence[int]) -> TravelMatrix:
    picked = np.ix_(places, places)
    return replace(
        matrix, durations_s=matrix.durations_s[picked], distances_m=matrix.distances_m[picked]
    )
