"""Starting a search: a plan as a solution of today's problem, as far as it can still be driven."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dispatch.households import PointId
from dispatch.orders import OrderId
from dispatch.plan import Plan, Route
from dispatch.posing import Posed
from dispatch.trucks import Trips, Trucks
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import Solution


def start_of(posed: Posed, plan: Plan) -> Solution | None:
    """
    The routes of `plan` in `posed`; None: nothing of it is left.

    Orders that are no longer asked for leave their routes. Where a route can no longer be driven, its last halts
    are left out until it can; new orders and those left out are for the search to place. Orders take the
    trucks with which a route is cheapest. The same day posed again gives the same times and costs as it
    was read back with, or better trucks.
    """
    problem = posed.problem
    vehicle_of = {each.courier_id: number for number, each in enumerate(posed.couriers)}
    trucks, scheduler = Trucks.of(posed), Scheduler(problem)
    visit_of = {
        (order.order_id, None if halt.walk_m is None else halt.spot.point_id): trucks.latest(number)
        for number, halt in enumerate(posed.halts)
        for order in halt.orders
    }
    routes: list[SolvedRoute] = []
    taken: set[int] = set()
    for planned in plan.routes:
        vehicle = vehicle_of.get(planned.courier_id)
        if vehicle is None:
            continue
        skills = problem.vehicles[vehicle].skills
        trips: list[list[int]] = []
        for stops in _orders_of(planned):
            visits = dict.fromkeys(visit_of[each] for each in stops if each in visit_of)
            trips.append([each for each in visits if each not in taken])
            trips[-1] = [each for each in trips[-1] if problem.visits[each].skills <= skills]
            taken.update(trips[-1])

        def drive(trips: Trips, vehicle: int = vehicle) -> SolvedRoute | None:
            return trucks.best(trips, lambda chosen: scheduler.schedule(vehicle, chosen))

        route = _drivable(drive, trips)
        taken.difference_update(visit for trip in trips for visit in trip)
        if route is not None:
            routes.append(route)
            halts = [halt for trip in route.trips for halt in trip.visits]
            taken.update(trucks.latest(halt.visit) for halt in halts)
    routes.sort(key=lambda each: each.vehicle)
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    start = Solution(
        routes=tuple(routes), unserved=unserved_of(problem, served), cost=cost(problem, routes)
    )
    return start if routes and not check(problem, start) else None


def _orders_of(route: Route) -> list[list[tuple[OrderId, PointId | None]]]:
    """Order ids of each trip, in the order of the stops, and the point to which each is brought."""
    return [
        [
            (
                each,
                stop.point_id if each in {brought.order_id for brought in stop.brought} else None,
            )
            for stop in trip.stops
            for each in stop.order_ids
        ]
        for trip in route.trips
    ]


def _drivable(
    drive: Callable[[Trips], SolvedRoute | None], trips: Sequence[Sequence[int]]
) -> SolvedRoute | None:
    """The trips, or as many of their first visits as can be driven. O(visits) schedules at worst."""
    left = [list(trip) for trip in trips if trip]
    while left:
        route = drive(left)
        if route is not None:
            return route
        left[-1].pop()
        if not left[-1]:
            left.pop()
    return None
