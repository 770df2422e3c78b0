"""A plan on the map of the little township."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polyline
from shapely import LineString, MultiPoint

from dispatch.plan import Leg, Plan, Route, Stop, StopKind, legs_of
from routing.places import Place
from tools.concepts.picture import HALF, disc, line, shape, text
from tools.concepts.village import DOORS, STREETS, Metres, metres_of

HEIGHT: Final = 196
_SCALE: Final = 0.083
_MIDDLE: Final = Metres(-25, 670)
_BESIDE: Final = 2.6
"""Pixels to the right of the road's middle at which vehicles are drawn, so that there and back are two lines."""
_WALK_SEEN_M: Final = 40
"""Shorter walks are those across the yard. All sizes here are chosen by looking."""


def map_of(
    plan: Plan,
    *,
    labels: Mapping[str, str] | None = None,
    with_hulls: bool = False,
    narrow: str = "",
    stranded: str = "",
) -> str:
    """
    Routes, stops numbered in each route's order, and what is left out. `labels` stand at doors.

    `narrow` is what to write at the narrow street. Who is `stranded` does not drive home.
    """
    drawn = [_streets(narrow)]
    if with_hulls:
        drawn += [_hull(route, number) for number, route in _numbered(plan)]
    for number, route in _numbered(plan):
        drawn += _ways(route, number, goes_home=route.courier_id != stranded)
    drawn.append(_depot())
    for _, route in _numbered(plan):
        drawn += [_swap(leg) for trip in route.trips for leg in legs_of(trip) if leg.swap]
    for number, route in _numbered(plan):
        drawn += [_on_foot(stop) for stop in route.stops]
        for seq, stop in enumerate(route.stops, start=1):
            drawn += _stop(stop, seq, number)
    for left in plan.unserved:
        x, y = _at(DOORS[str(left.order_id)])
        drawn += [disc(x, y, 7.5, "left"), text(x, y + 4.2, "×", "cross")]
    for name, words in (labels or {}).items():
        x, y = _at(DOORS[name])
        if DOORS[name].east > 1700:
            drawn.append(text(x - 12, y + 4, words, "small end bold halo"))
        elif DOORS[name].east < -1700:
            drawn.append(text(x + 12, y + 4, words, "small bold halo"))
        else:
            drawn.append(text(x, y - 11, words, "small mid bold halo"))
    return "".join(drawn)


def _at(spot: Metres) -> tuple[float, float]:
    return (
        HALF / 2 + (spot.east - _MIDDLE.east) * _SCALE,
        HEIGHT / 2 - (spot.north - _MIDDLE.north) * _SCALE,
    )


def _of(place: Place) -> tuple[float, float]:
    return _at(metres_of(place.lat, place.lon))


def _numbered(plan: Plan) -> Iterator[tuple[int, Route]]:
    """Each route with the number of its colour: that of its courier's id, c1 being the first."""
    for route in sorted(plan.routes, key=lambda each: each.courier_id):
        yield int(route.courier_id[1:]) - 1, route


def _streets(narrow: str) -> str:
    drawn = []
    for street in STREETS:
        is_narrow = bool(narrow) and street.width_m is not None
        width = 2 if is_narrow else 7 if street.highway == "tertiary" else 5
        points = [_at(Metres(*corner)) for corner in street.corners]
        drawn.append(line(points, "road", stroke_width=width))
        if is_narrow:
            (x, y), (x2, y2) = points[0], points[-1]
            drawn.append(text((x + 2 * x2) / 3 - 6, (y + 2 * y2) / 3 + 17, narrow, "small mid"))
    return "".join(drawn)


def _ways(route: Route, number: int, *, goes_home: bool) -> Iterator[str]:
    for trip_number, trip in enumerate(route.trips):
        kind = f"way k{number}" + (" second" if trip_number % 2 else "")
        for leg in (*(stop.leg for stop in trip.stops), *((trip.home,) if goes_home else ())):
            points = [_at(metres_of(lat, lon)) for lat, lon in polyline.decode(leg.polyline6, 6)]
            if len({*points}) < 2:
                continue
            # On the page north is up and y runs down: shapely's left is the right of whoever drives.
            beside = LineString(points).offset_curve(
                _BESIDE * (1 + 1.3 * number), join_style="mitre"
            )
            if beside.geom_type == "LineString" and not beside.is_empty:
                yield line(list(beside.coords), kind)


def _stop(stop: Stop, seq: int, number: int) -> Iterator[str]:
    x, y = _of(stop.place)
    for each in stop.brought:
        home = _at(DOORS[str(each.household_id)])
        yield line([home, (x, y)], "walk") + disc(*home, 5, "door")
    radius = 8.0
    if stop.kind is StopKind.POINT:
        yield _diamond(x, y)
        x, y, radius = x + 13, y - 11, 7.5
    yield disc(x, y, radius, f"f{number} ring") + text(x, y + 3.8, str(seq), "on")


def _swap(leg: Leg) -> str:
    assert leg.swap is not None, "looked for"
    x, y = _of(leg.swap.place)
    return disc(x, y, 6, "door") + text(x, y + 19, leg.swap.title, "small mid bold halo")


def _on_foot(stop: Stop) -> str:
    if stop.leg.walk_m < _WALK_SEEN_M:
        return ""
    lat, lon = polyline.decode(stop.leg.polyline6, 6)[-1]
    return line([_at(metres_of(lat, lon)), _of(stop.place)], "walk")


def _diamond(x: float, y: float) -> str:
    return shape([(x, y - 8), (x + 8, y), (x, y + 8), (x - 8, y)], "point")


def _depot() -> str:
    x, y = _at(Metres(0, 0))
    corners = [(x - 7, y - 7), (x + 7, y - 7), (x + 7, y + 7), (x - 7, y + 7)]
    return shape(corners, "depot ring") + text(x, y + 21, "depot", "small mid halo")


def _hull(route: Route, number: int) -> str:
    hull = MultiPoint([_of(stop.place) for stop in route.stops]).convex_hull
    if hull.geom_type != "Polygon":
        return ""
    return shape(list(hull.exterior.coords), f"hull f{number} k{number}")
