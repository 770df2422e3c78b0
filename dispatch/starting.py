"""Starting a search: a plan as a solution of today's problem, as far as it can still be driven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from dispatch.fleet import CourierId
from dispatch.households import PointId
from dispatch.orders import OrderId
from dispatch.plan import Plan, Trip
from dispatch.posing import Posed
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import Solution


def start_of(
    posed: Posed, plan: Plan, *, heres: Mapping[CourierId, int] | None = None
) -> Solution | None:
    """
    The routes of `plan` in `posed`; None: nothing of it is left.

    `heres` are visits that their couriers make before all others.

    Orders that are no longer asked for leave their routes. Where a route can no longer be driven, the halts that
    come too late or are too much are left out; new orders and those left out are for the search to place. The same
    day posed again gives the same times and costs as it was read back with.
    """
    problem = posed.problem
    vehicle_of = {each.courier_id: number for number, each in enumerate(posed.couriers)}
    visits = _Visits(posed)
    scheduler = Scheduler(problem)
    routes: list[SolvedRoute] = []
    made: set[int] = set()
    for planned in plan.routes:
        vehicle = vehicle_of.get(planned.courier_id)
        if vehicle is None:
            continue
        skills = problem.vehicles[vehicle].skills
        trips: list[list[int]] = []
        for trip in planned.trips:
            trips.append([each for each in visits.of(trip) if each not in made])
            trips[-1] = [each for each in trips[-1] if problem.visits[each].skills <= skills]
            made.update(trips[-1])
        if heres is not None and (here := heres.get(planned.courier_id)) is not None:
            trips = [[here, *(trips[0] if trips else ())], *trips[1:]]
        route = _drivable(scheduler, vehicle, trips)
        made.difference_update(visit for trip in trips for visit in trip)
        if route is not None:
            routes.append(route)
            made.update(halt.visit for trip in route.trips for halt in trip.visits)
    routes.sort(key=lambda each: each.vehicle)
    start = Solution(
        routes=tuple(routes), unserved=unserved_of(problem, made), cost=cost(problem, routes)
    )
    return start if routes and not check(problem, start) else None


class _Visits:
    """The visits at which orders may be picked up."""

    def __init__(self, posed: Posed) -> None:
        self._posed = posed
        self._at: dict[tuple[OrderId, PointId | None], list[int]] = {}
        for number, halt in enumerate(posed.halts):
            point_id = None if halt.walk_m is None else halt.spot.point_id
            for order in halt.orders:
                self._at.setdefault((order.order_id, point_id), []).append(number)

    def of(self, trip: Trip) -> Iterable[int]:
        """The visits of a planned trip that are still asked for, each once."""
        found: dict[int, None] = {}
        for stop in trip.stops:
            brought = {each.order_id for each in stop.brought}
            for order_id in stop.order_ids:
                at = self._at.get((order_id, stop.point_id if order_id in brought else None), ())
                found |= dict.fromkeys(self._then(at, stop.begin_at))
        return found

    def _then(self, visits: Sequence[int], begin_at: datetime) -> Sequence[int]:
        """Of the times at which an order may be picked up, the one in which its stop begins."""
        begin_s = self._posed.clock.seconds(begin_at)
        open_then = [
            each
            for each in visits
            if any(
                window.earliest_s <= begin_s <= window.latest_s
                for window in self._posed.problem.visits[each].windows
            )
        ]
        return (open_then or visits)[:1]


def _drivable(
    scheduler: Scheduler, vehicle: int, trips: Sequence[Sequence[int]]
) -> SolvedRoute | None:
    """
    The trips without those visits that cannot be made after what stands before them.

    O(log visits) schedules for each that is left out.
    """

    def driven(visits: Sequence[tuple[int, int]]) -> SolvedRoute | None:
        by_trip = [[visit for at, visit in visits if at == number] for number in range(len(trips))]
        return scheduler.schedule(vehicle, [trip for trip in by_trip if trip])

    ahead = [(number, visit) for number, trip in enumerate(trips) for visit in trip]
    kept: list[tuple[int, int]] = []
    if (whole := driven(ahead)) is not None:
        return whole
    while ahead:
        fitting, failing = 0, len(ahead) + 1
        while failing - fitting > 1:
            middle = (fitting + failing) // 2
            if driven([*kept, *ahead[:middle]]) is None:
                failing = middle
            else:
                fitting = middle
        kept += ahead[:fitting]
        ahead = ahead[fitting + 1 :]
    return driven(kept)
