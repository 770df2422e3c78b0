"""Isochrones: the areas around roads that are reached within some minutes or metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import ClassVar, Final

import numpy as np
import shapely

from routing.errors import RoutingError
from routing.roads.geometry import METRES_PER_DEGREE
from routing.roads.graph import Roads
from routing.roads.reach import Reach, lines_of

WIDTH_M: Final = 60.0
"""An area goes so far to either side of a reached road: a courtyard's depth. Chosen."""

HOLE_MIN_M2: Final = 40_000.0
"""Smaller holes are blocks between reached roads, and filled. Chosen."""

ROADS_MAX: Final = 60_000
"""Of one area: the 41,000 within a van's quarter of an hour in Porto take 2.6 s (2026-11-24)."""

_CORNERS: Final = 2  # of a quarter of a circle; as round as anybody looks
_STRAY_M: Final = 5.0
"""Outlines are simplified by no more than this, well within `WIDTH_M`. Chosen."""

_DEGREES: Final = 1e-6
"""Corners are rounded to this: a tenth of a metre."""


class IsochroneTooLarge(RoutingError):
    """An area around more roads than can be drawn in a few seconds."""

    code: ClassVar[str] = "isochrone-too-large"

    def __init__(self, roads: int) -> None:
        self.roads = roads
        super().__init__(
            f"{roads:,} roads are reached, of which {ROADS_MAX:,} can be drawn as areas: ask for a"
            " smaller limit"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Isochrone:
    """
    What is reached within a limit, in degrees.

    limit
        Seconds or metres, as asked for.
    area
        Every reached road lies inside, and no outline farther than `WIDTH_M` and some metres from one. Holes larger
        than `HOLE_MIN_M2` are kept: nobody gets there in time.
    roads
        The reached roads themselves, cut where the limit ends.
    """

    limit: int
    area: shapely.MultiPolygon
    roads: shapely.MultiLineString


def draw(roads: Roads, reaches: Sequence[Reach]) -> tuple[Isochrone, ...]:
    """
    One isochrone for each reach of one position, in order; the area of a larger limit holds the others.

    Areas grow from one limit to the next, so that ten limits take little longer than one.

    Raises
    ------
    IsochroneTooLarge
    """
    most = max(len(reach.roads) for reach in reaches)
    if most > ROADS_MAX:
        raise IsochroneTooLarge(most)
    west, south = roads.lon_lat.min(axis=0).tolist()
    degree = METRES_PER_DEGREE * np.array([cos(radians(south)), 1.0])
    drawn: dict[int, Isochrone] = {}
    area: shapely.Geometry = shapely.MultiPolygon()
    is_drawn = np.zeros(roads.count, np.bool_)
    for reach in sorted(reaches, key=lambda reach: reach.limit):
        lines = lines_of(roads, reach)
        fresh = lines[~is_drawn[reach.roads]]
        on_plane = shapely.transform(fresh, lambda at: (at - (west, south)) * degree)
        thin = shapely.simplify(on_plane, _STRAY_M)
        area = shapely.union_all([area, *shapely.buffer(thin, WIDTH_M, quad_segs=_CORNERS)])
        is_drawn[reach.roads[reach.is_whole]] = True
        outlined = [_outlined(part) for part in shapely.get_parts(area)]
        on_earth = shapely.transform(
            shapely.MultiPolygon(outlined), lambda at: at / degree + (west, south)
        )
        rounded = shapely.set_precision(on_earth, _DEGREES)
        drawn[reach.limit] = Isochrone(
            limit=reach.limit,
            area=shapely.MultiPolygon(shapely.get_parts(rounded).tolist()),
            roads=shapely.MultiLineString(lines[shapely.length(lines) > 0.0].tolist()),
        )
    return tuple(drawn[reach.limit] for reach in reaches)


def _outlined(part: shapely.Polygon) -> shapely.Polygon:
    """A part of the area with fewer corners, and without the small holes."""
    holes = [hole for hole in part.interiors if shapely.Polygon(hole).area > HOLE_MIN_M2]
    filled = shapely.Polygon(part.exterior, holes)
    simple: shapely.Polygon = shapely.simplify(filled, _STRAY_M, preserve_topology=True)
    return simple
