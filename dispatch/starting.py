"""Starting a search: a plan as a solution of today's problem, as far as it can still be driven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from dispatch.expected_routes import with_expected
from dispatch.fleet import CourierId
from dispatch.households import PointId
from dispatch.orders import OrderId
from dispatch.plan import Plan, Trip
from dispatch.posing import Posed
from dispatch.trucks import Trips, Trucks
from routing.vrp.check import check
from routing.vrp.cost import solution_of
from routing.vrp.finish import Finisher, orders_of
from routing.vrp.packed import pack
from routing.vrp.problem import Problem
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import Solution


def start_of(
    posed: Posed, plan: Plan, *, heres: Mapping[CourierId, int] | None = None
) -> Solution | None:
    """
    The routes of `plan` in `posed`; None: nothing of it is left.

    `heres` are visits that their couriers make before all others.

    Orders that are no longer asked for leave their routes, and expected ones that may still come are where the plan keeps time for
    them. Where a route can no longer be driven, these leave it first, and then the halts that
    come too late or are too much; new orders and those left out are for the search to place. Orders
    take the trucks with which a route is cheapest. The same day posed again gives the same times and
    costs as it was read back with, or better trucks.
    """
    problem, paired = posed.problem, posed.problem.paired
    vehicle_of = {each.courier_id: number for number, each in enumerate(posed.couriers)}
    trucks, scheduler = Trucks.of(posed), Scheduler(problem)
    visits = _Visits(posed, trucks)
    routes: list[SolvedRoute] = []
    taken: set[int] = set()
    planned = {each.courier_id: each.trips for each in plan.routes}
    expected = {each.courier_id: each for each in plan.expected}
    for courier_id in dict.fromkeys((*planned, *expected)):
        vehicle = vehicle_of.get(courier_id)
        if vehicle is None:
            continue
        skills = problem.vehicles[vehicle].skills
        trips: list[list[int]] = []
        for trip in planned.get(courier_id, ()):
            trips.append([each for each in visits.of(trip) if each not in taken])
            trips[-1] = [each for each in trips[-1] if problem.visits[each].skills <= skills]
            taken.update(trips[-1])
        if courier_id in expected:
            trips = with_expected(trips, expected[courier_id], posed, trucks)
        if heres is not None and (here := heres.get(courier_id)) is not None:
            trips = [[here, *(trips[0] if trips else ())], *trips[1:]]

        def drive(trips: Trips, vehicle: int = vehicle) -> SolvedRoute | None:
            whole = _without_halves(problem, paired, trips)
            return trucks.best(whole, lambda chosen: scheduler.schedule(vehicle, chosen))

        route = _drivable(drive, _as_expected(drive, trips, posed.expected))
        taken.difference_update(visit for trip in trips for visit in trip)
        if route is not None:
            routes.append(route)
            halts = [halt for trip in route.trips for halt in trip.visits]
            taken.update(trucks.latest(halt.visit) for halt in halts)
    routes.sort(key=lambda each: each.vehicle)
    start = solution_of(problem, routes)
    if (problem.joints or problem.docks) and routes:
        # Couriers' routes were looked at one by one: what they tear of a joint order is mended, and they wait for each other.
        return Finisher(problem, pack(problem)).finish(orders_of(start), engine="start")
    return start if routes and not check(problem, start) else None


class _Visits:
    """The visits at which orders may be picked up."""

    def __init__(self, posed: Posed, trucks: Trucks) -> None:
        self._posed, self._trucks = posed, trucks
        self._at: dict[tuple[OrderId, PointId | None], list[int]] = {}
        self._dropping: dict[OrderId, int] = {}
        for number, halt in enumerate(posed.halts):
            if halt.drops is not None:
                self._dropping[halt.drops.order_id] = number
            for order in halt.orders:
                point_id = None if halt.walked_m(order) is None else halt.spot.point_id
                self._at.setdefault((order.order_id, point_id), []).append(number)

    def of(self, trip: Trip) -> Iterable[int]:
        """The visits of a planned trip that are still asked for, each once."""
        found: dict[int, None] = {}
        for stop in trip.stops:
            brought = {each.order_id for each in stop.brought}
            for order_id in stop.order_ids:
                at = self._at.get((order_id, stop.point_id if order_id in brought else None), ())
                found |= dict.fromkeys(self._then(at, stop.begin_at))
            for each in stop.dropped:
                if each.order_id in self._dropping:
                    found[self._dropping[each.order_id]] = None
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
        return [self._trucks.latest(each) for each in (open_then or visits)[:1]]


def _without_halves(problem: Problem, paired: frozenset[int], trips: Trips) -> Trips:
    """The trips without those of `paired` visits whose other half is not in the same trip."""
    if not paired:
        return trips
    visits = problem.visits
    whole = []
    for trip in trips:
        seconds = {first: each for each in trip if (first := visits[each].brings) in trip}
        halves = {*seconds, *seconds.values()}
        whole.append([each for each in trip if each not in paired or each in halves])
    return [trip for trip in whole if trip]


def _as_expected(
    drive: Callable[[Trips], SolvedRoute | None],
    trips: list[list[int]],
    expected: frozenset[int],
) -> list[list[int]]:
    """The trips without those `expected` visits, from the first on, for which there is no time any more. O(expected) schedules."""
    for visit in [each for trip in trips for each in trip if each in expected]:
        if drive([trip for trip in trips if trip]) is not None:
            break
        trips = [[each for each in trip if each != visit] for trip in trips]
    return trips


def _drivable(
    drive: Callable[[Trips], SolvedRoute | None], trips: Sequence[Sequence[int]]
) -> SolvedRoute | None:
    """
    The trips without those visits that cannot be made after what stands before them.

    O(log visits) schedules for each that is left out.
    """

    def driven(visits: Sequence[tuple[int, int]]) -> SolvedRoute | None:
        by_trip = [[visit for at, visit in visits if at == number] for number in range(len(trips))]
        return drive([trip for trip in by_trip if trip])

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
