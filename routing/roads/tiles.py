"""
The map under everything: vector tiles painted from the road graph, with nothing fetched from anywhere.

Every step below handles all lines of a tile at once, in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.places import Place
from routing.roads import mvt
from routing.roads.edges import RoadEdges
from routing.roads.strokes import join_strokes

EXTENT: Final = 4096
"""Units across a tile of MAX_ZOOM, which maps stretch: 0.6 m."""

COARSE_EXTENT: Final = 1024
"""Units across the tiles above it: half a pixel of a tile drawn 512 px wide."""

BUFFER: Final = 1 / 64
"""Share of a tile drawn beyond each side, so that wide strokes meet across the seam: 8 px."""

MAX_ZOOM: Final = 14
"""A map stretches tiles of this zoom when it looks closer; there is nothing finer to show."""

DEEPEST_ZOOM: Final = 22

NAMES_FROM_ZOOM: Final = 12
VILLAGES_FROM_ZOOM: Final = 10

# From which zoom a class is drawn: chosen on screenshots so that a map of any zoom shows roads but no felt.
_FROM_ZOOM: Final = {
    "motorway": 4,
    "trunk": 5,
    "primary": 7,
    "secondary": 9,
    "tertiary": 10,
    "motorway_link": 11,
    "trunk_link": 11,
    "primary_link": 11,
    "secondary_link": 12,
    "tertiary_link": 12,
    "unclassified": 12,
    "residential": 13,
    "living_street": 13,
    "road": 13,
    "pedestrian": 13,
    "busway": 13,
}
_MINOR_FROM_ZOOM: Final = 14

_MERCATOR_LAT: Final = 85.0511287798066
"""Where web Mercator ends: the latitude at which the world is a square."""


class TileOutOfRange(RoutingError):
    """There is no tile at these coordinates."""

    code: ClassVar[str] = "tile-out-of-range"

    def __init__(self, z: int, x: int, y: int) -> None:
        self.z, self.x, self.y = z, x, y
        super().__init__(
            f"no tile {z}/{x}/{y}: zoom is 0 to {DEEPEST_ZOOM}, x and y are 0 to 2^zoom - 1"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name on the map that is not a road's."""

    name: str
    kind: Literal["town", "village"]
    place: Place


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Where a tile lies in the Mercator square, and how finely it is drawn."""

    z: int
    origin: NDArray[np.float64]
    extent: int

    @property
    def scale(self) -> int:
        return self.extent << self.z

    @property
    def margin(self) -> float:
        return self.extent * BUFFER


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines in tile units: line i is xy[offsets[i]:offsets[i + 1]], a piece of edge `edge[i]`."""

    offsets: NDArray[np.int64]
    xy: NDArray[np.float64]
    edge: NDArray[np.int64]


class TilePainter:
    """
    Paints any tile of a road network; safe to call from several threads.

    A tile has up to three layers: `roads`, one line feature for each class (tag `class`), so that a
    tile costs a map a dozen features instead of thousands; `road_names`, one feature for each named
    stretch (tags `class`, `name`), which maps join into long lines to write along; `places`, points
    (tags `kind`, `name`).
    """

    def __init__(self, edges: RoadEdges, labels: Sequence[Label] = ()) -> None:
        self._edges = edges = join_strokes(edges)
        self._xy = _mercator(edges.lon_lat)
        self._from_zoom = np.array(
            [_FROM_ZOOM.get(name, _MINOR_FROM_ZOOM) for name in edges.class_names], np.int8
        )[edges.class_codes]
        self._named = np.array([bool(name) for name in edges.names])[edges.name_indices]
        starts = edges.offsets[:-1]
        if edges.count:
            self._low = np.minimum.reduceat(self._xy, starts)
            self._high = np.maximum.reduceat(self._xy, starts)
        else:
            self._low = self._high = np.zeros((0, 2))
        self._labels = tuple(labels)
        self._label_xy = _mercator(
            np.array([(each.place.lon, each.place.lat) for each in labels]).reshape(-1, 2)
        )

    def tile(self, z: int, x: int, y: int) -> bytes:
        """
        The tile in the usual scheme (y from the north), not compressed; empty where nothing is.

        Raises
        ------
        TileOutOfRange
        """
        if not (0 <= z <= DEEPEST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            raise TileOutOfRange(z, x, y)
        extent = EXTENT if z >= MAX_ZOOM else COARSE_EXTENT
        canvas = _Canvas(z, np.array([x, y]) / 2**z, extent)
        lines = self._lines_near(canvas)
        if extent == COARSE_EXTENT:
            lines = _thinned(lines)
        lines = _joined(_clipped(lines, canvas))
        layers = [self._roads_layer(lines, extent), self._places_layer(canvas)]
        if z >= NAMES_FROM_ZOOM:
            layers.append(self._names_layer(lines, extent))
        return b"".join(layers)

    def _lines_near(self, canvas: _Canvas) -> _Lines:
        """The edges drawn at this zoom whose box touches the tile."""
        near = (
            (self._from_zoom <= canvas.z)
            & (self._high >= canvas.origin - BUFFER / 2**canvas.z).all(axis=1)
            & (self._low <= canvas.origin + (1 + BUFFER) / 2**canvas.z).all(axis=1)
        )
        edge = np.flatnonzero(near)
        starts, ends = self._edges.offsets[edge], self._edges.offsets[edge + 1]
        offsets = np.concatenate(([0], np.cumsum(ends - starts)))
        taken = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], ends - starts)
        return _Lines(offsets, (self._xy[taken] - canvas.origin) * canvas.scale, edge)

    def _roads_layer(self, lines: _Lines, extent: int) -> bytes:
        if not len(lines.edge):
            return b""
        codes = self._edges.class_codes[lines.edge]
        order = np.argsort(codes, kind="stable")
        sorted_lines = _taken(lines, order)
        present, firsts = np.unique(codes[order], return_index=True)
        geometries = mvt.line_geometries(
            sorted_lines.xy, sorted_lines.offsets, np.append(firsts, len(order))
        )
        features = [
            mvt.feature(mvt.LINE_STRING, (0, value), geometry)
            for value, geometry in enumerate(geometries)
        ]
        values = [self._edges.class_names[code] for code in present]
        return mvt.layer("roads", features, ("class",), values, extent)

    def _names_layer(self, lines: _Lines, extent: int) -> bytes:
        named = np.flatnonzero(self._named[lines.edge])
        if not len(named):
            return b""
        lines = _taken(lines, named)
        geometries = mvt.line_geometries(lines.xy, lines.offsets, np.arange(len(named) + 1))
        values: dict[str, int] = {}
        features = []
        for edge, geometry in zip(lines.edge.tolist(), geometries, strict=True):
            class_name = self._edges.class_names[self._edges.class_codes[edge]]
            name = self._edges.names[self._edges.name_indices[edge]]
            tags = (
                0,
                values.setdefault(class_name, len(values)),
                1,
                values.setdefault(name, len(values)),
            )
            features.append(mvt.feature(mvt.LINE_STRING, tags, geometry))
        return mvt.layer("road_names", features, ("class", "name"), list(values), extent)

    def _places_layer(self, canvas: _Canvas) -> bytes:
        xy = (self._label_xy - canvas.origin) * canvas.scale
        inside = ((xy >= 0) & (xy < canvas.extent)).all(
            axis=1
        )  # in one tile only, or it is drawn twice
        values: dict[str, int] = {}
        features = []
        for index in np.flatnonzero(inside).tolist():
            label = self._labels[index]
            if label.kind == "village" and canvas.z < VILLAGES_FROM_ZOOM:
                continue
            tags = (
                0,
                values.setdefault(label.kind, len(values)),
                1,
                values.setdefault(label.name, len(values)),
            )
            geometry = mvt.point_geometry(np.floor(xy[index]))
            features.append(mvt.feature(mvt.POINT, tags, geometry))
        if not features:
            return b""
        return mvt.layer("places", features, ("kind", "name"), list(values), canvas.extent)


def _mercator(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Web Mercator with the world from (0, 0) in the north-west to (1, 1)."""
    lat = np.radians(np.clip(lon_lat[:, 1], -_MERCATOR_LAT, _MERCATOR_LAT))
    return np.column_stack((lon_lat[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)))


def _thinned(lines: _Lines) -> _Lines:
    """
    Drop what nobody sees on a coarse tile: points within a unit, half a pixel, of the chord past them.

    Ends stay, so that roads still meet. Two passes, each over every second point, so that no point
    is judged by a neighbour that goes with it: the line moves by one pixel at most.
    """
    for parity in (0, 1):
        count = len(lines.xy)
        if count < 3:
            return lines
        line = np.repeat(np.arange(len(lines.edge)), np.diff(lines.offsets))
        rank = np.arange(count) - lines.offsets[line]
        inner = np.zeros(count, bool)
        inner[1:-1] = (line[:-2] == line[1:-1]) & (line[2:] == line[1:-1])
        judged = np.flatnonzero(inner & (rank % 2 == parity))
        before, here, after = (lines.xy[judged + step] for step in (-1, 0, 1))
        chord, to_here = after - before, here - before
        length = np.hypot(chord[:, 0], chord[:, 1])
        area = np.abs(chord[:, 0] * to_here[:, 1] - chord[:, 1] * to_here[:, 0])
        along = (chord * to_here).sum(axis=1)
        between = (along >= 0) & (along <= length**2)  # a hairpin's tip is not on its chord
        keep = np.ones(count, bool)
        keep[judged[between & (length > 0) & (area <= length)]] = False
        counts = np.add.reduceat(keep, lines.offsets[:-1])
        lines = _Lines(np.concatenate(([0], np.cumsum(counts))), lines.xy[keep], lines.edge)
    return lines


def _clipped(lines: _Lines, canvas: _Canvas) -> _Lines:
    """
    Cut every segment at the tile's buffered border (Liang and Barsky 1984).

    The answer has a line of two points for each surviving segment; `_joined` makes them long again.
    """
    total = len(lines.xy)
    low, high = -canvas.margin, canvas.extent + canvas.margin
    first = np.ones(total, bool)
    first[lines.offsets[1:-1] - 1] = False
    first[-1:] = False  # the last point of a line begins no segment
    start = np.flatnonzero(first)
    a, d = lines.xy[start], lines.xy[start + 1] - lines.xy[start]
    enter, leave = np.zeros(len(start)), np.ones(len(start))
    for axis in (0, 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            t_low = (low - a[:, axis]) / d[:, axis]
            t_high = (high - a[:, axis]) / d[:, axis]
        parallel = d[:, axis] == 0
        inside = (a[:, axis] >= low) & (a[:, axis] <= high)
        t_low[parallel] = np.where(inside[parallel], -np.inf, np.inf)
        t_high[parallel] = np.inf
        enter = np.maximum(enter, np.minimum(t_low, t_high))
        leave = np.minimum(leave, np.maximum(t_low, t_high))
    kept = enter < leave
    line = np.repeat(np.arange(len(lines.edge)), np.diff(lines.offsets) - 1)[kept]
    a, d, enter, leave = a[kept], d[kept], enter[kept, None], leave[kept, None]
    ends = np.rint(np.stack((a + d * enter, a + d * leave), axis=1))
    return _Lines(np.arange(len(ends) + 1) * 2, ends.reshape(-1, 2), lines.edge[line])


def _joined(segments: _Lines) -> _Lines:
    """Chain segments that continue each other on one edge; drop those shorter than a unit."""
    ends = segments.xy.reshape(-1, 2, 2)
    long = (ends[:, 0] != ends[:, 1]).any(axis=1)
    ends, edge = ends[long], segments.edge[long]
    if not len(edge):
        return _Lines(np.zeros(1, np.int64), np.zeros((0, 2)), edge)
    begins = np.ones(len(edge), bool)
    begins[1:] = (edge[1:] != edge[:-1]) | (ends[1:, 0] != ends[:-1, 1]).any(axis=1)
    heads = np.flatnonzero(begins)
    lengths = np.diff(np.append(heads, len(edge))) + 1
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    xy = np.empty((offsets[-1], 2))
    xy[offsets[:-1]] = ends[heads, 0]
    is_tail = np.ones(len(xy), bool)
    is_tail[offsets[:-1]] = False
    xy[is_tail] = ends[:, 1]
    return _Lines(offsets, xy, edge[heads])


def _taken(lines: _Lines, order: NDArray[np.int64]) -> _Lines:
    """The lines at `order`, in that order."""
    lengths = np.diff(lines.offsets)[order]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    rows = np.arange(offsets[-1]) + np.repeat(lines.offsets[order] - offsets[:-1], lengths)
    return _Lines(offsets, lines.xy[rows], lines.edge[order])
