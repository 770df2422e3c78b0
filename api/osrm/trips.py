"""`trip`: a short way through coordinates in the order that suits it."""

from __future__ import annotations

from typing import Final

from api.errors import OsrmRefused
from api.osrm.asking import Asked
from api.osrm.drawing import Json, drawing_of
from api.osrm.routes import drive
from api.osrm.snapping import snap_all
from routing.matrix import UNREACHABLE
from routing.roads.network import RoadNetwork
from routing.vrp.tour import find_tour

PLACES_MAX: Final = 500
"""Of one trip, so that nobody waits, nor holds a thread, for longer than a few seconds. OSRM's own
server takes 100."""

_BUDGET_PER_PLACE_S: Final = 0.02
_BUDGET_MAX_S: Final = 2.0
"""For the search, from the first place on; 100 places are settled in less. Chosen."""


def trip(network: RoadNetwork, profile: str, asked: Asked) -> Json:
    """
    OSRM's answer to `trip`: always one trip, the shortest where few coordinates are to be visited.

    Beyond OSRM, a trip without a return may begin or end anywhere.

    Raises
    ------
    OsrmRefused
        TooBig, and NoTrips where a coordinate cannot be reached from another, among others.
    """
    count = len(asked.places)
    if count > PLACES_MAX:
        raise OsrmRefused(
            "TooBig",
            f"a trip has up to {PLACES_MAX} coordinates, not {count:,}: ask for several trips",
        )
    drawing = drawing_of(network, profile, asked)
    returns = asked.flag("roundtrip", default=True)
    first = asked.choice("source", {"any": None, "first": 0}, default=None)
    last = asked.choice("destination", {"any": None, "last": count - 1}, default=None)
    with_waypoints = not asked.flag("skip_waypoints", default=False)
    snaps = snap_all(network, profile, asked)
    durations_s, _ = network.table(snaps, snaps, profile)
    for origin, row in enumerate(durations_s.tolist()):
        if max(row) >= UNREACHABLE:
            raise OsrmRefused(
                "NoTrips",
                f"no way for {profile} leads from coordinate {origin} to coordinate"
                f" {row.index(max(row))}: leave one of them out",
            )
    tour = find_tour(
        durations_s,
        returns=returns,
        first=first,
        last=last,
        budget_s=min(_BUDGET_MAX_S, _BUDGET_PER_PLACE_S * count),
    )
    visited = [*tour.places, tour.places[0]] if returns else tour.places
    told: Json = {
        "code": "Ok",
        "trips": [drawing.route(drive(network, profile, [snaps[i] for i in visited]))],
    }
    if with_waypoints:
        turns = {place: turn for turn, place in enumerate(tour.places)}
        told["waypoints"] = [
            drawing.waypoint(snap, trips_index=0, waypoint_index=turns[i])
            for i, snap in enumerate(snaps)
        ]
    return told
