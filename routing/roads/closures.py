"""Roads closed or slowed for a while: where they are, and what a network's weights become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.places import Place
from routing.roads.geometry import METRES_PER_DEGREE, line_length_m
from routing.roads.graph import CLOSED, DISTANCE_BITS, Roads
from routing.roads.traits import BARRIER

FACTOR_MAX: Final = 100.0
"""Whatever slows more than that is a closure."""

LINE_MAX_M: Final = 100_000.0
"""A line longer than a county is a mistake, and what it crosses takes long to find. Chosen."""

_LINE_GAP_M: Final = 15.0
"""A line drawn by hand strays so far from the road that it follows. Chosen."""

_LINE_LEAST_M: Final = 50.0
_LINE_LEAST_SHARE: Final = 0.8
"""A road that a line follows for so many metres, or for this share of a shorter one, is meant; a side
road is not, which the line's width reaches for `_LINE_GAP_M` only. Chosen."""


class ClosureUnclear(RoutingError):
    """A closure that does not say what it closes."""

    code: ClassVar[str] = "closure-unclear"


class ClosureMisplaced(RoutingError):
    """A closure of roads that this network does not have; another one may."""

    code: ClassVar[str] = "closure-misplaced"


class NoSuchRoad(ClosureMisplaced):
    """A closure of a road, by its number or its way, that the network does not have."""

    code: ClassVar[str] = "road-unknown"


class ClosureWithoutRoad(ClosureMisplaced):
    """A line or an area in which no road lies."""

    code: ClassVar[str] = "closure-without-road"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """
    Roads that may not be driven, or only slowly, in both directions.

    Where is said in one of four ways:

    roads
        Numbers of roads in the network, as in the networkx model; they change with the extract.
    osm_ways
        Ids of ways in OpenStreetMap: all roads made of them. A road joined from several ways has
        the id of the first.
    line
        Points along the road, 2 or more, as drawn on a map: the roads it follows for 50 m, or for
        most of their length.
    polygon
        Corners of an area, 3 or more: every road that touches it. A road is closed as a whole, from
        junction to junction, and slowed as far as it lies inside.
    profiles
        Names of the profiles it holds for; empty for all.
    duration_factor
        How many times as long the way takes, above 1; None: it is closed.

    Raises
    ------
    ClosureUnclear
    """

    roads: tuple[int, ...] = ()
    osm_ways: tuple[int, ...] = ()
    line: tuple[Place, ...] = ()
    polygon: tuple[Place, ...] = ()
    profiles: frozenset[str] = frozenset()
    duration_factor: float | None = None

    def __post_init__(self) -> None:
        if sum(map(bool, (self.roads, self.osm_ways, self.line, self.polygon))) != 1:
            raise ClosureUnclear(
                "give exactly one of roads, osm_ways, line and polygon: where is it?"
            )
        if len(self.line) == 1:
            raise ClosureUnclear("a line needs 2 points or more")
        drawn = [(place.lon, place.lat) for place in self.line]
        if drawn and line_length_m(drawn) > LINE_MAX_M:
            raise ClosureUnclear(
                f"a line may be {LINE_MAX_M / 1000:.0f} km long: close a longer road by its ways, or"
                " in parts"
            )
        if self.polygon:
            ring = _ring(self.polygon)
            if not shapely.is_valid(ring) or ring.is_empty or ring.area == 0.0:
                raise ClosureUnclear(
                    "the polygon is no area: give its corners in turn, 3 or more, without crossings"
                )
        if self.duration_factor is not None and not 1.0 < self.duration_factor <= FACTOR_MAX:
            raise ClosureUnclear(
                f"duration_factor must lie above 1 and up to {FACTOR_MAX:.0f}; leave it out to"
                " close the road"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """
    The k roads that a closure is about.

    roads
        int64 (k,): their numbers, rising.
    shares
        float64 (k,): the part of each that lies inside, above 0 and up to 1.
    """

    roads: NDArray[np.int64]
    shares: NDArray[np.float64]


def affected(closure: Closure, roads: Roads) -> Affected:
    """
    Find the roads of a closure.

    Raises
    ------
    NoSuchRoad, ClosureWithoutRoad
    """
    if closure.roads:
        numbers = np.unique(np.array(closure.roads, np.int64))
        for road in (int(numbers[0]), int(numbers[-1])):
            if not 0 <= road < roads.count:
                raise NoSuchRoad(f"there is no road {road}: the network has {roads.count:,}")
        return Affected(roads=numbers, shares=np.ones(len(numbers)))
    if closure.osm_ways:
        ways = np.array(closure.osm_ways, np.int64)
        # Roads drawn by hand have way 0, which is nobody's id.
        missing = ways[~np.isin(ways, roads.osm_ways) | (ways <= 0)]
        if len(missing):
            raise NoSuchRoad(
                f"the network has no road of way {missing[0]}: ask for it by a line or a polygon"
            )
        numbers = np.flatnonzero(np.isin(roads.osm_ways, ways))
        return Affected(roads=numbers, shares=np.ones(len(numbers)))
    return _along(closure.line, roads) if closure.line else _inside(closure.polygon, roads)


def changed_weights(
    weights: NDArray[np.int64], closures: Iterable[tuple[Affected, float | None]]
) -> NDArray[np.int64]:
    """
    Packed weights of all road arcs under closures and their factors; a copy.

    Of several slow-downs of one road the slowest counts, and a closure before any of them.
    """
    by_road = weights.reshape(-1, 2)
    factors = np.ones(len(by_road))
    shut = np.zeros(len(by_road), np.bool_)
    for where, factor in closures:
        if factor is None:
            shut[where.roads] = True
        else:
            slowed = 1.0 + (factor - 1.0) * where.shares
            factors[where.roads] = np.maximum(factors[where.roads], slowed)
    durations = np.ceil((by_road >> 32) * factors[:, None]).astype(np.int64)
    changed = np.where(
        (by_road < CLOSED) & (factors > 1.0)[:, None],
        (durations << 32) | (by_road & DISTANCE_BITS),
        by_road,
    )
    changed[shut] = CLOSED
    return changed.reshape(-1)


def _ring(corners: Sequence[Place]) -> shapely.Polygon:
    points = [(place.lon, place.lat) for place in corners]
    return shapely.Polygon(points) if len(points) > 2 else shapely.Polygon()


def _along(line: Sequence[Place], roads: Roads) -> Affected:
    degrees = np.array([(place.lon, place.lat) for place in line])
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(degrees[:, 1].mean())), 1.0])
    drawn = shapely.LineString(degrees * scale)
    found, lines = _lines_near(roads, degrees, _LINE_GAP_M / scale, scale)
    # Flat ends, or a line drawn across a street would run along the street for its own width.
    followed = shapely.buffer(drawn, _LINE_GAP_M, cap_style="flat")
    shapely.prepare(followed)
    near = shapely.intersects(followed, lines)
    found, lines = found[near], lines[near]
    inside_m = shapely.length(shapely.intersection(lines, followed))
    shares = inside_m / shapely.length(lines)
    meant = (inside_m >= _LINE_LEAST_M) | (shares >= _LINE_LEAST_SHARE)
    if not meant.any():
        raise ClosureWithoutRoad(
            f"the line follows no road: draw it within {_LINE_GAP_M:.0f} m of the road, for"
            f" {_LINE_LEAST_M:.0f} m of it or nearly all of a shorter one"
        )
    return Affected(roads=found[meant], shares=np.minimum(shares[meant], 1.0))


def _inside(corners: Sequence[Place], roads: Roads) -> Affected:
    area = _ring(corners)
    found, lines = _lines_near(roads, np.array(area.exterior.coords), 0.0, 1.0)
    shapely.prepare(area)
    touching = shapely.intersects(area, lines)
    if not touching.any():
        raise ClosureWithoutRoad("no road lies in the polygon: check its corners and their datum")
    found, lines = found[touching], lines[touching]
    # Most lie wholly inside, where there is nothing to measure.
    shares = np.ones(len(found))
    cut = ~shapely.contains_properly(area, lines)
    inside_m = shapely.length(shapely.intersection(lines[cut], area))
    shares[cut] = inside_m / shapely.length(lines[cut])
    return Affected(roads=found, shares=shares)


def _lines_near(
    roads: Roads,
    points: NDArray[np.float64],
    margin: NDArray[np.float64] | float,
    scale: NDArray[np.float64] | float,
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The roads whose bounds meet those of `points`, and their lines, both scaled; barriers left out."""
    begins = roads.offsets[:-1]
    low = np.minimum.reduceat(roads.lon_lat, begins, axis=0)
    high = np.maximum.reduceat(roads.lon_lat, begins, axis=0)
    barrier = np.array([traits.highway == BARRIER for traits in roads.traits], np.bool_)
    meets = (low <= points.max(axis=0) + margin) & (high >= points.min(axis=0) - margin)
    extends = (low < high).any(axis=1)
    found = np.flatnonzero(meets.all(axis=1) & extends & ~barrier[roads.traits_with])
    counts = np.diff(roads.offsets)[found]
    picked = np.repeat(begins[found] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    owners = np.repeat(np.arange(len(found)), counts)
    lines = shapely.linestrings(roads.lon_lat[picked] * scale, indices=owners)
    return found, np.asarray(lines, np.object_)
