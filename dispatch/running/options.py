"""Options 可选方案: what would let a new order be picked up after all, each with its cost, the cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from dispatch.docks import in_line
from dispatch.halts import MILLIFEN
from dispatch.households import PointId
from dispatch.orders import Order
from dispatch.remedies import remedies_of
from dispatch.running.ahead import Ahead, Situation, keeping_slack, look_ahead
from dispatch.running.inserting import Inserted, Memory, NotInserted, insert
from dispatch.shortfalls import Remedy, RemedyCode
from dispatch.trucks import Trucks
from routing.places import great_circle_m
from routing.vrp.cost import solution_of
from routing.vrp.reasons import why_unserved
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution

COURIERS_MAX: Final = 6
"""Of whom any is asked to wait or to work longer: those whose shifts would grow least. Chosen for time."""

POINTS_MAX: Final = 2
"""Collection points that a household is offered beyond those that it accepts, the nearest ones. Chosen."""

_TAKEN_NOW: Final = frozenset(
    {
        RemedyCode.WINDOW_CLOSES_LATER,
        RemedyCode.LATER_TRUCK,
        RemedyCode.SHIFT_ENDS_LATER,
        RemedyCode.COLLECTION_POINT,
    }
)
"""What can still be agreed on while couriers drive: other vehicles and earlier shifts cannot."""


def options_for(
    situation: Situation, order: Order, found: NotInserted, memory: Memory
) -> tuple[Remedy, ...]:
    """
    What would do for an order that fits nowhere: a later time, a later truck, a courier who works longer, a point.

    Each has been tried by itself; none is promised until somebody takes it, for the day goes on.
    """
    if not found.doors:
        return ()
    tried = (*_by_time(situation, order, found), *_at_points(situation, order, found, memory))
    return tuple(sorted(tried, key=lambda each: each.cost_fen))


def _by_time(situation: Situation, order: Order, found: NotInserted) -> Iterator[Remedy]:
    orders = {e.order_id: e for e in situation.inputs.orders if e.order_id != order.order_id}
    told = {each.order_id: each for each in situation.plan.promises}
    able = []
    for courier_id in found.nearest:
        ahead = look_ahead(situation, orders, (courier_id,), order, found.doors[:1], told)
        if ahead is not None and _solution(ahead) is not None:
            able.append(courier_id)
        if len(able) == COURIERS_MAX:
            break
    ahead = None
    if able:
        ahead = look_ahead(situation, orders, tuple(able), order, found.doors[:1], told)
    solution = None if ahead is None else _solution(ahead)
    if ahead is None or solution is None:
        return
    slack_s = situation.inputs.fleet.depot.slack_s
    posed = replace(ahead.posed, problem=keeping_slack(ahead, solution.routes, slack_s))
    reasons = why_unserved(posed.problem, solution)
    asked = {visit: reasons[visit] for visit in ahead.new}
    remedies = remedies_of(posed, solution, asked, ahead.inputs)
    for visit in ahead.new:
        yield from (each for each in remedies[visit] if each.code in _TAKEN_NOW)


def _solution(ahead: Ahead) -> Solution | None:
    """What the couriers do without the new order; None: one of them cannot."""
    problem = ahead.posed.problem
    scheduler, trucks = Scheduler(problem), Trucks.of(ahead.posed)
    routes = []
    for number, courier in enumerate(ahead.posed.couriers):
        trips = ahead.trips[courier.courier_id]
        if not trips:
            continue
        route = trucks.best(trips, partial(scheduler.schedule, number))
        if route is None:
            return None
        routes.append(route)
    return solution_of(problem, in_line(ahead.posed, scheduler, routes))


def _at_points(
    situation: Situation, order: Order, found: NotInserted, memory: Memory
) -> Iterator[Remedy]:
    """Points near by to which the household has not said that it would go."""
    asked = {door.spot.point_id for door in found.doors}
    place = found.doors[0].spot.place
    near = sorted(
        (great_circle_m(place, point.place), point_id)
        for point_id, point in situation.inputs.registry.points.items()
        if point_id not in asked
    )
    walk_max_m = situation.inputs.fleet.depot.walk_max_m
    for metres, point_id in near[:POINTS_MAX]:
        if order.point_id is not None or metres > walk_max_m:
            return
        willing = replace(order, points=(point_id,))
        inserted = insert(situation, willing, memory)
        if isinstance(inserted, Inserted) and inserted.stop.point_id == point_id:
            yield _brought(inserted, order, point_id)


def _brought(inserted: Inserted, order: Order, point_id: PointId) -> Remedy:
    walk_m = next(e.walk_m for e in inserted.stop.brought if e.order_id == order.order_id)
    return Remedy(
        code=RemedyCode.COLLECTION_POINT,
        detail=f"the household brings it to point {point_id}, some {walk_m} m on foot",
        cost_fen=round(inserted.cost / MILLIFEN),
        courier_id=inserted.courier_id,
        point_id=point_id,
        distance_m=walk_m,
    )
