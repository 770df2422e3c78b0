"""What of a plan is shown to whom."""

from __future__ import annotations

from dataclasses import replace

from dispatch.plan import Plan, Route, Trip


def plan_without_lines(plan: Plan) -> Plan:
    """The plan without its lines on the map, which are most of its bytes."""

    def trip_without(trip: Trip) -> Trip:
        stops = (replace(stop, leg=replace(stop.leg, polyline6="")) for stop in trip.stops)
        return replace(trip, stops=tuple(stops), home=replace(trip.home, polyline6=""))

    routes = (replace(route, trips=tuple(map(trip_without, route.trips))) for route in plan.routes)
    return replace(plan, routes=tuple(routes))


def route_without_notes(route: Route) -> Route:
    """The route for eyes that may not see what people wrote: a note may hold a name or a phone."""
    trips = tuple(
        replace(trip, stops=tuple(replace(stop, notes=()) for stop in trip.stops))
        for trip in route.trips
    )
    return replace(route, trips=trips)
