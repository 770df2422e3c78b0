"""`nearest`: the positions on roads around one coordinate."""

from __future__ import annotations

from api.errors import OsrmRefused
from api.osrm.asking import DIGITS_MAX, Asked
from api.osrm.drawing import Json, drawing_of
from api.osrm.snapping import snaps_near
from routing.roads.network import RoadNetwork


def nearest(network: RoadNetwork, profile: str, asked: Asked) -> Json:
    """
    OSRM's answer to `nearest`: one position for each road, nearest first.

    Raises
    ------
    OsrmRefused
    """
    drawing = drawing_of(network, profile, asked)
    text = asked.options.get("number", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and int(text) >= 1):
        raise OsrmRefused("InvalidOptions", "number must be a whole number of at least 1")
    with_waypoints = not asked.flag("skip_waypoints", default=False)
    found = snaps_near(network, profile, asked, count=int(text))
    told: Json = {"code": "Ok"}
    if with_waypoints:
        told["waypoints"] = [drawing.waypoint(snap) for snap in found]
    return told
