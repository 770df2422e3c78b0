"""Checking a hand-made route: its moments, loads and cost, what it breaks, and what the plan makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.closures import closed
from dispatch.fleet import CourierId
from dispatch.inputs import DayInputs
from dispatch.joints import as_joined
from dispatch.offers import Offer
from dispatch.orders import OrderId
from dispatch.plan import BreakTaken, Plan, Route, Stop
from dispatch.route_table import NO_FIGURES, CheckedTrip, RouteFigures, RouteTable, Trips
from dispatch.soft_windows import softness_of
from dispatch.violations import BrokenRule, of_nowhere, of_the_day
from routing.roads.network import RoadNetwork
from routing.vrp.check import Rule, check
from routing.vrp.cost import cost
from routing.vrp.solution import Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRoute:
    """A route that loses orders to the one asked about; `change` is what that saves it."""

    courier_id: CourierId
    order_ids: tuple[OrderId, ...]
    change: RouteFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCheck:
    """
    A route as it would be driven, and what it does to the plan.

    fits
        Nothing is broken: it could be driven so.
    figures, change
        Of the route, and against the courier's route in the plan.
    plan_change
        Against the plan as a whole: other routes lose what this one takes; `orders` is how many more are picked up.
    left, joined
        Orders of the courier's planned route that would be in none, and orders that no planned route had.
    """

    plan_id: str
    courier_id: CourierId
    fits: bool
    trips: tuple[CheckedTrip, ...]
    breaks: tuple[BreakTaken, ...]
    figures: RouteFigures
    change: RouteFigures
    plan_change: RouteFigures
    others: tuple[OtherRoute, ...]
    left: tuple[OrderId, ...]
    joined: tuple[OrderId, ...]
    violations: tuple[BrokenRule, ...]


def losing(plan: Plan, courier_id: CourierId, trips: Trips) -> tuple[Route, ...]:
    """Routes of other couriers that would lose an order to these trips."""
    taken = {each for trip in trips for each in trip}
    return tuple(
        route
        for route in plan.routes
        if route.courier_id != courier_id
        and any(each in taken for stop in route.stops for each in stop.order_ids)
    )


def named_at(stop: Stop) -> tuple[OrderId, ...]:
    """The orders that are picked up at a stop, or those that are dropped there."""
    return (*stop.order_ids, *(each.order_id for each in stop.dropped))


def orders_met(plan: Plan, courier_id: CourierId, trips: Trips) -> tuple[OrderId, ...]:
    """All orders that a check of these trips is about, each once."""
    own = (each for trip in trips for each in trip)
    others = (
        each
        for route in losing(plan, courier_id, trips)
        for stop in route.stops
        for each in stop.order_ids
    )
    return tuple(dict.fromkeys((*own, *others)))


def check_route(
    plan: Plan,
    inputs: DayInputs,
    network: RoadNetwork,
    *,
    courier_id: CourierId,
    trips: Trips,
    leave_at: datetime | None,
    now: datetime,
) -> RouteCheck:
    """
    What driving these trips would mean; orders of `inputs` are those of `orders_met`, whatever became of them.

    Moments are the best there are (as in plans) if the day can be driven, outside windows only if it cannot be driven
    otherwise; else each is as early as can be,
    and `violations` say what is missed by how much. With `leave_at` the courier leaves then. Orders
    picked up at one door one after another share a halt by the rules of planning, and what the plan has
    brought to a point waits there. O(n²) for n stops.

    Raises
    ------
    DepotOffRoad
        No vehicle can leave the depot.
    """
    taken = {each for trip in trips for each in trip}
    wanted: dict[CourierId, Trips] = {courier_id: trips}
    for loser in losing(plan, courier_id, trips):
        if loser.courier_id not in inputs.fleet.couriers:
            continue  # has left the fleet since: nobody can say what its day would cost
        wanted[loser.courier_id] = [
            [each for stop in trip.stops for each in named_at(stop) if each not in taken]
            for trip in loser.trips
        ]
    roads = closed(network, inputs.closures_met(now))
    inputs = as_joined(inputs, plan.joints)
    others = [each for each in plan.routes if each.courier_id not in wanted]
    soft = any(softness_of(each, inputs) for each in inputs.orders)
    for missing in (False, True) if soft else (False,):
        table = RouteTable.laid(
            inputs, roads, wanted, _brought(plan, inputs), others, missing=missing
        )
        routes = {
            courier: route
            for courier in wanted
            if (route := table.driven(courier, leave_at if courier == courier_id else None))
        }
        solved = table.in_line(routes.values())
        routes = {table.posed.couriers[each.vehicle].courier_id: each for each in solved}
        problem = table.posed.problem
        broken = check(
            problem, Solution(routes=tuple(solved), unserved=(), cost=cost(problem, solved))
        )
        if not any(each.rule is Rule.WINDOW for each in broken):
            break
    violations = (
        *(of_nowhere(each, table.courier_of[each.order_id]) for each in table.posed.unserved),
        *of_the_day(broken, solved, table.posed, inputs.clock, inputs.fleet.depot),
    )

    planned = {route.courier_id: route for route in plan.routes}
    before = {
        courier: RouteFigures.planned(planned[courier]) if courier in planned else NO_FIGURES
        for courier in wanted
    }
    after = {courier: table.figures(routes.get(courier)) for courier in wanted}
    change = {courier: after[courier].less(before[courier]) for courier in wanted}
    carried = {each for route in plan.routes for stop in route.stops for each in stop.order_ids}
    own = planned.get(courier_id)
    of_own = [] if own is None else [each for stop in own.stops for each in stop.order_ids]
    return RouteCheck(
        plan_id=plan.plan_id,
        courier_id=courier_id,
        fits=not violations,
        trips=() if courier_id not in routes else table.trips(routes[courier_id]),
        breaks=() if courier_id not in routes else table.breaks(routes[courier_id]),
        figures=after[courier_id],
        change=change[courier_id],
        plan_change=RouteFigures(
            distance_m=sum(each.distance_m for each in change.values()),
            duration_s=sum(each.duration_s for each in change.values()),
            cost_fen=sum(each.cost_fen for each in change.values()),
            orders=sum(each.orders for each in change.values()),
        ),
        others=tuple(
            OtherRoute(
                courier_id=courier,
                order_ids=tuple(
                    each
                    for stop in planned[courier].stops
                    for each in stop.order_ids
                    if each in taken
                ),
                change=change[courier],
            )
            for courier in wanted
            if courier != courier_id
        ),
        left=tuple(each for each in of_own if each not in taken),
        joined=tuple(dict.fromkeys(each for trip in trips for each in trip if each not in carried)),
        violations=violations,
    )


def _brought(plan: Plan, inputs: DayInputs) -> dict[OrderId, Offer]:
    """The orders that households bring to a point, as the plan says, if the point is still there and takes them."""
    points, full = inputs.registry.points, inputs.full
    return {
        each.order_id: Offer(points[stop.point_id], each.walk_m)
        for route in plan.routes
        for stop in route.stops
        for each in stop.brought
        if stop.point_id is not None and stop.point_id in points
        if stop.point_id not in full or each.order_id in full[stop.point_id].coming
    }
