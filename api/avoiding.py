"""Areas that one question is to avoid, beside what is closed for everybody."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from routing.errors import RoutingError
from routing.places import Place
from routing.roads.closures import Closure, ClosureUnclear
from routing.roads.network import RoadNetwork

AREAS_MAX: Final = 10
CORNERS_MAX: Final = 200
"""Of all areas together; one closure may have as many."""

_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,12})?")


def read_areas(text: str, profile: str) -> tuple[Closure, ...]:
    """
    Areas as `lon,lat;lon,lat;lon,lat|lon,lat;…`: corners in turn, the first at the end again or not.

    Raises
    ------
    ClosureUnclear
        An area that is none, or too many; the text says which.
    """
    areas = text.split("|")
    corners = len(areas) + text.count(";")
    if len(areas) > AREAS_MAX or corners > CORNERS_MAX:
        raise ClosureUnclear(
            f"avoid_polygons: {len(areas)} areas with {corners} corners: give up to {AREAS_MAX}"
            f" with {CORNERS_MAX} together"
        )
    return tuple(_area(number, area, profile) for number, area in enumerate(areas))


async def avoiding(network: RoadNetwork, text: str | None, profile: str) -> RoadNetwork:
    """
    The network without the roads that touch the areas of `text`; this one where there are none.

    An area may be empty of roads. Raises ClosureUnclear.
    """
    if text is None:
        return network
    areas = read_areas(text, profile)
    return await asyncio.to_thread(
        lambda: network.with_closures([area for area in areas if network.has_roads_of(area)])
    )


def _area(number: int, text: str, profile: str) -> Closure:
    pairs = []
    for corner in text.split(";"):
        degrees = corner.split(",")
        if len(degrees) != 2 or not all(_DEGREES.fullmatch(each) for each in degrees):
            raise ClosureUnclear(
                f"avoid_polygons: area {number} is no list of corners: give lon,lat;lon,lat;lon,lat"
            )
        pairs.append((float(degrees[0]), float(degrees[1])))
    try:
        places = tuple(Place(lon, lat) for lon, lat in pairs)
        return Closure(polygon=places, profiles=frozenset({profile}))
    except RoutingError as unclear:
        raise ClosureUnclear(f"avoid_polygons: area {number}: {unclear}") from unclear
