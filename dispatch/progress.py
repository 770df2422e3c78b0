"""How the day stands: a plan and the facts from the road, folded into what a dispatcher sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.days import DepotDay
from dispatch.departing import (
    AtRisk,
    DepartureProgress,
    TripProgress,
    departures_standing,
    risks_told,
    trip_progress,
)
from dispatch.events import Event
from dispatch.fates import Fate, RoadFacts, road_facts
from dispatch.fleet import CourierId
from dispatch.forecast import InMoments, StopState, forecast
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Plan, PlanId, Route
from dispatch.timetable import plan_today

LATE_AFTER: Final = timedelta(minutes=5)
"""From here a route counts as late. Chosen, not measured: shorter delays come and go with traffic."""


class RouteState(StrEnum):
    WAITING = "waiting"
    DRIVING = "driving"
    AT_STOP = "at-stop"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopProgress:
    """`eta_at` is the predicted begin, or the actual one; `late_s` compares it with the plan."""

    seq: int
    state: StopState
    eta_at: datetime
    late_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProgress:
    """
    One courier's shift as it stands.

    late_s
        Of the next stop, or of the return when no stop is left; never negative.
    slack_s
        Least seconds from a trip's parcels sorted, as predicted, to the departure they must catch; negative
        means that a truck will be missed.
    """

    courier_id: CourierId
    state: RouteState
    stops_done: int
    stops_failed: int
    stops_total: int
    pieces_collected: int
    pieces_total: int
    next_seq: int | None
    late_s: int
    back_at: datetime
    slack_s: int
    cut_off_at: datetime
    """The departure that `slack_s` speaks of."""
    stops: tuple[StopProgress, ...]
    trips: tuple[TripProgress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFigures:
    routes: int = 0
    stops_done: int = 0
    stops_total: int = 0
    orders_total: int = 0
    orders_collected: int = 0
    orders_failed: int = 0
    orders_cancelled: int = 0
    orders_unserved: int = 0
    late_routes: int = 0
    distance_m: int = 0
    cost_fen: int = 0
    next_cut_off_at: datetime | None = None
    next_cut_off_in_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """
    The whole day at `now_at`; `as_of` is the stream id of the last event it includes.

    `at_risk` are trucks that have not left and that parcels are predicted to miss.
    """

    day: DepotDay
    now_at: datetime
    as_of: str
    plan_id: PlanId | None
    version: int
    figures: BoardFigures
    routes: tuple[RouteProgress, ...]
    departures: tuple[DepartureProgress, ...] = ()
    at_risk: tuple[AtRisk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftProgress:
    """
    One courier's shift, for whoever carries it on: a second phone, or one that was off line.

    `fates` holds the orders of the route that have ended, by whomever told.
    """

    plan_id: PlanId
    version: int
    now_at: datetime
    as_of: str
    route: RouteProgress
    fates: Mapping[OrderId, Fate]


def board(
    day: DepotDay,
    plan: Plan | None,
    events: Iterable[Event],
    *,
    now: datetime,
    as_of: str,
    orders_total: int,
) -> Board:
    """
    What the dispatcher's board shows at `now`.

    `orders_total` counts every order of the day, planned or not; orders_unserved those that the
    published plan left out and nobody cancelled since.
    """
    events = tuple(events)
    facts = road_facts(events)
    statuses = [fate.status for fate in facts.fates.values()]
    counted = {status: statuses.count(status) for status in OrderStatus}
    if plan is None:
        figures = BoardFigures(
            orders_total=orders_total,
            orders_collected=counted[OrderStatus.COLLECTED],
            orders_failed=counted[OrderStatus.FAILED],
            orders_cancelled=counted[OrderStatus.CANCELLED],
        )
        return Board(
            day=day, now_at=now, as_of=as_of, plan_id=None, version=0, figures=figures, routes=()
        )
    plan = plan_today(plan, facts.trucks)
    routes = tuple(route_progress(route, facts, now=now, plan=plan) for route in plan.routes)
    ahead = [
        trip.cut_off_at for route in plan.routes for trip in route.trips if trip.cut_off_at >= now
    ]
    next_cut_off_at = min(ahead, default=None)
    figures = BoardFigures(
        routes=len(routes),
        stops_done=sum(route.stops_done for route in routes),
        stops_total=sum(route.stops_total for route in routes),
        orders_total=orders_total,
        orders_collected=counted[OrderStatus.COLLECTED],
        orders_failed=counted[OrderStatus.FAILED],
        orders_cancelled=counted[OrderStatus.CANCELLED],
        orders_unserved=sum(1 for order in plan.unserved if order.order_id not in facts.fates),
        late_routes=sum(1 for route in routes if is_late(route)),
        distance_m=plan.figures.distance_m,
        cost_fen=plan.figures.cost_fen,
        next_cut_off_at=next_cut_off_at,
        next_cut_off_in_s=None
        if next_cut_off_at is None
        else round((next_cut_off_at - now).total_seconds()),
    )
    return Board(
        day=day,
        now_at=now,
        as_of=as_of,
        plan_id=plan.plan_id,
        version=plan.version,
        figures=figures,
        routes=routes,
        departures=departures_standing(
            plan,
            ((route.courier_id, trip) for route in routes for trip in route.trips),
            cancelled=[each for each, leaves_at in facts.trucks.items() if leaves_at is None],
        ),
        at_risk=tuple(each for each in risks_told(events) if each.leaves_at >= now),
    )


def shift_progress(
    plan: Plan, courier_id: CourierId, events: Iterable[Event], *, now: datetime, as_of: str
) -> ShiftProgress | None:
    """How one courier's shift stands at `now`; None if the plan has no route for it."""
    facts = road_facts(events)
    plan = plan_today(plan, facts.trucks)
    for route in plan.routes:
        if route.courier_id == courier_id:
            break
    else:
        return None
    orders = {order_id for stop in route.stops for order_id in stop.order_ids}
    return ShiftProgress(
        plan_id=plan.plan_id,
        version=plan.version,
        now_at=now,
        as_of=as_of,
        route=route_progress(route, facts, now=now, plan=plan),
        fates={order_id: fate for order_id, fate in facts.fates.items() if order_id in orders},
    )


def is_late(route: RouteProgress) -> bool:
    """Whether a dispatcher should look: behind by more than LATE_AFTER, or about to miss a truck."""
    unfinished = route.state is not RouteState.BACK
    return unfinished and (route.late_s > LATE_AFTER.total_seconds() or route.slack_s < 0)


def route_progress(route: Route, facts: RoadFacts, *, now: datetime, plan: Plan) -> RouteProgress:
    """How one courier's shift stands: the rest is predicted from its last known moment by planned legs and services."""
    told = forecast(route, facts, InMoments(), now=now, plan=plan)
    stops = [
        StopProgress(
            seq=each.stop.seq,
            state=each.state,
            eta_at=each.begin,
            late_s=max(0, round((each.begin - each.stop.begin_at).total_seconds())),
        )
        for each in told.stops
    ]
    trips = [
        trip_progress(trip, back_at=back_at, sorting_s=plan.sorting_s)
        for trip, back_at in zip(route.trips, told.backs, strict=True)
    ]
    back_at = told.backs[-1]
    slack_s, tightest = min((trip.slack_s, number) for number, trip in enumerate(trips))
    upcoming = [stop for stop in stops if stop.state in (StopState.PLANNED, StopState.ARRIVED)]
    last_back_at = route.trips[-1].back_at
    late_s = (
        upcoming[0].late_s if upcoming else max(0, round((back_at - last_back_at).total_seconds()))
    )
    collected = {
        order_id for order_id, fate in facts.fates.items() if fate.status is OrderStatus.COLLECTED
    }
    return RouteProgress(
        courier_id=route.courier_id,
        state=_route_state(route, stops, now=now, back_at=back_at),
        stops_done=sum(
            1 for stop in stops if stop.state not in (StopState.PLANNED, StopState.ARRIVED)
        ),
        stops_failed=sum(1 for stop in stops if stop.state is StopState.FAILED),
        stops_total=len(stops),
        pieces_collected=sum(
            stop.pieces for stop in route.stops if collected.issuperset(stop.order_ids)
        ),
        pieces_total=sum(stop.pieces for stop in route.stops),
        next_seq=upcoming[0].seq if upcoming else None,
        late_s=late_s,
        back_at=back_at,
        slack_s=slack_s,
        cut_off_at=route.trips[tightest].cut_off_at,
        stops=tuple(stops),
        trips=tuple(trips),
    )


def _route_state(
    route: Route, stops: list[StopProgress], *, now: datetime, back_at: datetime
) -> RouteState:
    if any(stop.state is StopState.ARRIVED for stop in stops):
        return RouteState.AT_STOP
    if all(stop.state is not StopState.PLANNED for stop in stops):
        return RouteState.BACK if now >= back_at else RouteState.DRIVING
    begun = any(stop.state is not StopState.PLANNED for stop in stops)
    return RouteState.DRIVING if begun or now >= route.trips[0].leave_at else RouteState.WAITING
