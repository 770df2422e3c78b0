"""Handing out: a plan as couriers of a simulated day are told it."""

from __future__ import annotations

from dispatch.days import DayClock
from dispatch.plan import Plan, Route, Stop, Trip
from dispatch.simulation.telling import Announced, Handed, HandedStop, HandedTrip


def announced_of(plan: Plan, clock: DayClock, *, at_s: int, version: int) -> Announced:
    return Announced(
        at_s=at_s,
        version=version,
        routes={
            route.courier_id: handed_of(route, clock, version=version) for route in plan.routes
        },
    )


def handed_of(route: Route, clock: DayClock, *, version: int) -> Handed:
    return Handed(
        version=version,
        trips=tuple(_trip(each, clock) for each in route.trips),
        break_starts_s=tuple(sorted(clock.seconds(each.starts_at) for each in route.breaks)),
    )


def _trip(trip: Trip, clock: DayClock) -> HandedTrip:
    return HandedTrip(
        leave_s=clock.seconds(trip.leave_at),
        stops=tuple(_stop(each, clock) for each in trip.stops),
    )


def _stop(stop: Stop, clock: DayClock) -> HandedStop:
    begin_s = clock.seconds(stop.begin_at)
    waits = begin_s > clock.seconds(stop.arrive_at) + stop.setup_s
    return HandedStop(
        place=stop.place,
        order_ids=stop.order_ids,
        begin_s=begin_s,
        not_before_s=begin_s if waits else 0,
    )
