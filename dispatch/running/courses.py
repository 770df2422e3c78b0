"""Courses 行程: what each courier's shift in a version leaves idle, and how late it may become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dispatch.days import TimeWindow
from dispatch.fleet import CourierId
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.plan import Plan, Promise, Route
from dispatch.posing import DIMENSIONS
from dispatch.vehicles import vehicle_of
from routing.vrp.problem import Vehicle, Window

ENDLESS: Final = float("inf")

_NO_LIMITS: Final = (1 << 60,) * len(DIMENSIONS)
"""More than any day's load, where a vehicle has no limit."""


class _Rest(NamedTuple):
    """A break as it is planned."""

    starts_at: datetime
    window: Window
    length_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """
    One courier's shift in a version of a plan; without a route there is none yet.

    idle_s
        Seconds of the shift that are neither drive nor work: more than these no stop can save, breaks among them, for
        they may come to lie before or after the shift.
    margins_s
        By stop: by how much it and all that follow may be late before one of them misses its time and has to wait for
        its next one, longer than was planned.
    """

    vehicle: Vehicle
    profile: str
    route: Route | None
    idle_s: float
    idle_from_s: Mapping[int, float] = field(default_factory=dict)
    """By stop: of `idle_s` what lies between the stop before and the end of the shift."""
    rests: tuple[_Rest, ...] = ()
    """The breaks that are part of `idle_s`."""
    margins_s: Mapping[int, float] = field(default_factory=dict)
    first_latest_s: float = ENDLESS
    """When the first stop must begin for what was promised."""
    slacks_s: Mapping[int, float] = field(default_factory=dict)
    """By stop: how much later than planned it and all that follow may begin for what was promised."""


def courses_of(
    plan: Plan,
    inputs: DayInputs,
    told: Mapping[OrderId, Promise],
    before: Mapping[CourierId, Course],
) -> Mapping[CourierId, Course]:
    """The shifts of all couriers of the fleet; those of `before` whose route is the same are taken over."""
    fleet = inputs.fleet
    profiles = tuple(dict.fromkeys(model.profile for model in fleet.models.values()))
    routes = {route.courier_id: route for route in plan.routes}
    several = {each.order_id: each.windows for each in inputs.orders if len(each.windows) > 1}
    courses: dict[CourierId, Course] = {}
    for courier in fleet.couriers.values():
        vehicle = vehicle_of(courier, fleet, profiles, _NO_LIMITS, inputs.clock)
        known, route = before.get(courier.courier_id), routes.get(courier.courier_id)
        if known is not None and known.route is route and known.vehicle == vehicle:
            courses[courier.courier_id] = known
            continue
        profile = fleet.models[courier.model_id].profile
        idle_s = 0.0
        rests: tuple[_Rest, ...] = ()
        idle_from_s: Mapping[int, float] = {}
        slacks_s: Mapping[int, float] = {}
        margins_s: Mapping[int, float] = {}
        first_latest_s = ENDLESS
        if route is not None:
            slacks_s = _slacks_s(route, told)
            first_latest_s = min(
                (
                    inputs.clock.seconds(told[each].latest_at)
                    for each in route.stops[0].order_ids
                    if each in told
                ),
                default=ENDLESS,
            )
            rests = _rests(route, vehicle)
            idle_from_s = _idle_from_s(route, plan.turnaround_s)
            idle_s = idle_from_s[route.stops[0].seq]
            margins_s = _margins_s(route, inputs, several)
        courses[courier.courier_id] = Course(
            vehicle=vehicle,
            profile=profile,
            route=route,
            idle_s=idle_s,
            idle_from_s=idle_from_s,
            rests=rests,
            margins_s=margins_s,
            first_latest_s=first_latest_s,
            slacks_s=slacks_s,
        )
    return courses


def _idle_from_s(route: Route, turnaround_s: int) -> Mapping[int, float]:
    idle_s: dict[int, float] = {}
    free_at = route.trips[0].leave_at
    for trip in route.trips:
        for stop in trip.stops:
            ready_at = free_at + timedelta(seconds=stop.leg.duration_s + stop.setup_s)
            idle_s[stop.seq] = (stop.begin_at - ready_at).total_seconds()
            free_at = stop.depart_at
        # A break after the last stop of a trip, or at the depot, counts for the next stop, or as if before the last one.
        home_at = free_at + timedelta(seconds=trip.home.duration_s)
        idle_s[trip.stops[-1].seq] += max(0.0, (trip.back_at - home_at).total_seconds())
        idle_s[trip.stops[-1].seq] += trip.dock_wait_s
        free_at = trip.unloaded_at + timedelta(seconds=turnaround_s)
    from_s: dict[int, float] = {}
    rest_s = 0.0
    for seq in sorted(idle_s, reverse=True):
        rest_s += max(0.0, idle_s[seq])
        from_s[seq] = rest_s
    return from_s


def _margins_s(
    route: Route, inputs: DayInputs, several: Mapping[OrderId, Sequence[TimeWindow]]
) -> Mapping[int, float]:
    margins_s: dict[int, float] = {}
    least_s = ENDLESS
    clock, points = inputs.clock, inputs.registry.points
    for stop in reversed(route.stops):
        ends = [
            window.latest_at
            for order_id in stop.order_ids
            for window in several.get(order_id, ())
            if window.latest_at >= stop.begin_at
        ]
        point = None if stop.point_id is None else points.get(stop.point_id)
        if point is not None and len(point.hours) > 1:
            closing = (clock.moment(clock.seconds_of(each.closes)) for each in point.hours)
            ends += (each for each in closing if each >= stop.begin_at)
        if ends:
            least_s = min(least_s, (min(ends) - stop.begin_at).total_seconds())
        margins_s[stop.seq] = least_s
    return margins_s


def _slacks_s(route: Route, told: Mapping[OrderId, Promise]) -> Mapping[int, float]:
    slacks_s: dict[int, float] = {}
    least_s = ENDLESS
    for stop in reversed(route.stops):
        for order_id in stop.order_ids:
            if (promise := told.get(order_id)) is not None:
                least_s = min(least_s, (promise.latest_at - stop.begin_at).total_seconds())
        slacks_s[stop.seq] = least_s
    return slacks_s


def _rests(route: Route, vehicle: Vehicle) -> tuple[_Rest, ...]:
    left_at, back_at = route.trips[0].leave_at, route.trips[-1].unloaded_at
    if len(route.breaks) != len(vehicle.breaks):
        return ()
    return tuple(
        _Rest(taken.starts_at, rest.window, rest.duration_s)
        for taken, rest in zip(route.breaks, vehicle.breaks, strict=True)
        if left_at <= taken.starts_at and taken.ends_at <= back_at
    )
