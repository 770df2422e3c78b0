"""Expected routes 预期路线: where a plan keeps time for expected orders, so that the next search goes on from there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from dispatch.expecting import is_expected
from dispatch.orders import OrderId
from dispatch.plan import ExpectedRoute
from dispatch.posing import Posed
from dispatch.trucks import Trucks
from routing.vrp.solution import Solution


def expected_routes(posed: Posed, solution: Solution) -> tuple[ExpectedRoute, ...]:
    """The routes of `solution` that pick up expected orders."""
    routes = []
    for route in solution.routes:
        trips = [[each.visit for each in trip.visits] for trip in route.trips]
        if any(not posed.expected.isdisjoint(trip) for trip in trips):
            told = (tuple(filter(None, (_first(posed, each) for each in trip))) for trip in trips)
            courier_id = posed.couriers[route.vehicle].courier_id
            routes.append(ExpectedRoute(courier_id=courier_id, trips=tuple(told)))
    return tuple(routes)


def with_expected(
    trips: Sequence[Sequence[int]], route: ExpectedRoute, posed: Posed, trucks: Trucks
) -> list[list[int]]:
    """
    The trips, with those expected orders of `route` that may still come, each behind what it came behind.

    Where all before it is over, it comes before what follows; where that is over too, its trip is the one under way, and it comes
    first. A trip for nobody else is a trip of its own.
    """
    expected = {_first(posed, each): trucks.latest(each) for each in sorted(posed.expected)}
    known = {_first(posed, visit): visit for trip in trips for visit in trip}
    ahead: dict[int, list[int]] = defaultdict(list)
    behind: dict[int, list[int]] = defaultdict(list)
    under_way: list[int] = []
    alone: dict[int | None, list[list[int]]] = defaultdict(list)
    met: int | None = None
    for planned in route.trips:
        loose: list[int] = []
        last: int | None = None
        for order_id in planned:
            if order_id in known:
                met = last = known[order_id]
                ahead[last] += loose
                loose = []
            elif order_id in expected:
                (loose if last is None else behind[last]).append(expected[order_id])
        if all(map(is_expected, planned)):
            alone[met] += [loose] if loose else []
        else:
            under_way += loose
    grown = []
    for trip in trips:
        grown.append([each for visit in trip for each in (*ahead[visit], visit, *behind[visit])])
        grown += (each for visit in trip for each in alone[visit])
    grown[:1] = [[*under_way, *each] for each in grown[:1]]
    grown[1:1] = alone[None]
    return grown


def _first(posed: Posed, visit: int) -> OrderId | None:
    """By what a stop is told from others; None: it is where a courier stands."""
    return next((each.order_id for each in posed.halts[visit].orders), None)
