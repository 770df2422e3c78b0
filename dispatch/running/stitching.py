"""Stitching: the part of each route that is settled, and the rest as it was planned anew, as one route again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from dispatch.departures import departures_of
from dispatch.figures import figures_of, overlap_of
from dispatch.fleet import CourierId
from dispatch.inputs import DayInputs
from dispatch.plan import BreakTaken, Plan, Route, Stop, Trip, waiting_at
from dispatch.running.standing import Standing


def stitched(
    plan: Plan,
    rest: Plan,
    standings: Mapping[CourierId, Standing],
    heres: Iterable[CourierId],
    inputs: DayInputs,
) -> Plan:
    """
    `rest`, read back from a remainder, with what `plan` has settled before it.

    Routes of couriers who stand somewhere begin in `rest` with a stop without orders, where they are (`heres`).
    What is over keeps its planned moments, and what dispatchers have locked goes on; sequence numbers run through the whole shift.
    """
    heres = frozenset(heres)
    routes: list[Route] = []
    planned = {each.courier_id: each for each in plan.routes}
    renewed = {each.courier_id: each for each in rest.routes}
    for courier_id in dict.fromkeys((*renewed, *standings)):
        standing = standings.get(courier_id)
        if standing is None:
            routes.append(renewed[courier_id])
        elif courier_id in heres:
            routes.append(_going_on(planned[courier_id], renewed[courier_id], standing))
        else:
            routes.append(_settled(planned[courier_id], standing))
    routes.sort(key=lambda each: each.courier_id)
    return replace(
        rest,
        routes=tuple(routes),
        figures=figures_of(routes, rest.unserved, overlap_percent=overlap_of(routes)),
        departures=departures_of(routes, inputs),
        hand=plan.hand,
    )


def _going_on(planned: Route, renewed: Route, standing: Standing) -> Route:
    """The route's first trip goes on where its courier stands; who stands at the depot may have none."""
    first, *later = renewed.trips
    begun, fresh = standing.under_way, first.stops[1:]
    trips = list(standing.trips)
    if begun is not None:
        trips.append(_trip(first, (*standing.fixed, *fresh), begun.leave_at))
    elif fresh:
        trips.append(_leaving_in_time(first, fresh, standing, renewed.breaks))
    elif not later:
        return _settled(planned, standing)
    return with_trips(renewed, (*trips, *later), _breaks(standing, renewed), renewed.cost_fen)


def _leaving_in_time(
    first: Trip, fresh: Sequence[Stop], standing: Standing, breaks: Sequence[BreakTaken]
) -> Trip:
    """
    Who stands at the depot leaves so as not to wait at the first door: until then a new version may send it elsewhere.

    In the problem everybody who has begun goes on at once.
    """
    stop = fresh[0]
    idle = waiting_at(stop, breaks)
    if any(standing.free_at <= rest.starts_at < stop.begin_at for rest in breaks):
        idle = timedelta()
    patient = replace(stop, arrive_at=stop.arrive_at + idle)
    return _trip(first, (patient, *fresh[1:]), standing.free_at + idle)


def _settled(planned: Route, standing: Standing) -> Route:
    """Nothing is left to do but to come home."""
    begun, trips = standing.under_way, list(standing.trips)
    if begun is not None:
        trips.append(_trip(begun, standing.fixed, begun.leave_at))
    return with_trips(planned, trips, tuple(filter(None, standing.taken)), planned.cost_fen)


def _trip(trip: Trip, stops: Sequence[Stop], leave_at: datetime) -> Trip:
    return replace(
        trip,
        leave_at=leave_at,
        stops=tuple(replace(stop, truck_at=trip.truck_at) for stop in stops),
        pieces=sum(stop.pieces for stop in stops),
        weight_g=sum(stop.weight_g for stop in stops),
        volume_ml=sum(stop.volume_ml for stop in stops),
    )


def _breaks(standing: Standing, renewed: Route) -> tuple[BreakTaken, ...]:
    """The breaks in the fleet's order: those that are settled stand where they were."""
    still = iter(renewed.breaks)
    breaks = [next(still, None) if each is None else each for each in standing.taken]
    return (*(each for each in breaks if each is not None), *still)


def with_trips(
    route: Route, trips: Sequence[Trip], breaks: tuple[BreakTaken, ...], cost_fen: int
) -> Route:
    """The route with these trips, its stops numbered through and its metres and seconds summed anew."""
    numbered: list[Trip] = []
    seq = count(1)
    for trip in trips:
        stops = tuple(replace(stop, seq=next(seq)) for stop in trip.stops)
        numbered.append(replace(trip, stops=stops))
    return replace(
        route,
        trips=tuple(numbered),
        breaks=breaks,
        distance_m=sum(
            trip.home.distance_m + sum(stop.leg.distance_m for stop in trip.stops)
            for trip in numbered
        ),
        duration_s=round((numbered[-1].unloaded_at - numbered[0].leave_at).total_seconds()),
        cost_fen=cost_fen,
    )
