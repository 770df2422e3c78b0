"""Straight segments in a grid over the map, and the nearest of them to a point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.roads.geometry import METRES_PER_DEGREE

_SIDE_MAX: Final = 4096
"""Cells along a side of the grid, at most: an index of 16 million cells takes 64 MB."""
_NONE: Final = -1


class SegmentGrid:
    """
    k segments, each in every cell that it touches.

    Gaps are measured in the plane that touches the earth at the point asked for: exact enough
    (1e-4) as far as anybody walks. Nothing is found across the 180th meridian.

    starts, spans
        float64 (k, 2): lon and lat in degrees where each segment starts, and from there to its end.
    owners
        int64 (k,): the number of the road that each is a part of.
    low, high
        float64 (2,): the south-western and the north-eastern corner around all of them.
    """

    def __init__(
        self, starts: NDArray[np.float64], spans: NDArray[np.float64], owners: NDArray[np.int64]
    ) -> None:
        self.starts, self.spans, self.owners = starts, spans, owners
        ends = starts + spans
        self.low = np.minimum(starts, ends).min(axis=0, initial=180.0)
        self.high = np.maximum(starts, ends).max(axis=0, initial=-180.0)
        # About one cell for each segment, square on the ground in the middle of the map.
        middle = np.radians(float(self.low[1] + self.high[1]) / 2.0)
        m_per_degree = METRES_PER_DEGREE * np.array([np.cos(middle), 1.0])
        extent_m = np.maximum((self.high - self.low) * m_per_degree, 1.0)
        side_m = max(
            float(np.sqrt(extent_m.prod() / max(len(owners), 1))), float(extent_m.max()) / _SIDE_MAX
        )
        self._cell = side_m / m_per_degree
        self._shape = np.floor(extent_m / side_m).astype(np.int64) + 1
        self._first, self._members = _filled(starts, spans, self.low, self._cell, self._shape)

    def nearest(
        self, points: NDArray[np.float64], usable: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """
        The nearest segment of a usable road to each point, and where along it the nearest place is.

        `points` is float64 (n, 2), `usable` has an entry for each road. int64 (n,), -1 where there is
        none, and float64 (n,), 0…1. Of equally near segments the one with the lowest number wins.
        """
        found: tuple[NDArray[np.int64], NDArray[np.float64]] = _nearest(
            points, usable, self._parts, self.low, self._cell, self._shape
        )
        return found

    def within(
        self, point: NDArray[np.float64], usable: NDArray[np.bool_], limit_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Segments of usable roads within a distance, once each: numbers, places along, gaps in metres."""
        found: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] = _within(
            point, usable, limit_m, self._parts, self.low, self._cell, self._shape
        )
        return found

    @property
    def _parts(self) -> _Parts:
        return self.starts, self.spans, self.owners, self._first, self._members


_Parts = tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int32],
]  # what the kernels need

_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _column(position: float, low: float, cell: float, count: int) -> int:
    """The column (or row) of a position, from 0 to count - 1 also for those outside the map."""
    return int(min(max((position - low) / cell, 0.0), count - 1.0))


@_kernel
def _filled(
    starts: NDArray[np.float64],
    spans: NDArray[np.float64],
    low: NDArray[np.float64],
    cell: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """
    The numbers of the segments in each cell, cells row by row: first (cells + 1,) and members.

    A segment is in the cells of each row between the columns where it enters and leaves the row.
    """
    columns, rows = shape[0], shape[1]
    first = np.zeros(columns * rows + 1, np.int64)
    members = np.empty(0, np.int32)
    for counting in (True, False):
        for i in range(len(starts)):
            west, south = starts[i, 0], starts[i, 1]
            east, north = west + spans[i, 0], south + spans[i, 1]
            if south > north:
                west, south, east, north = east, north, west, south
            bottom = _column(south, low[1], cell[1], rows)
            top = _column(north, low[1], cell[1], rows)
            for row in range(bottom, top + 1):
                enters, leaves = west, east
                if top > bottom:
                    slope = (east - west) / (north - south)
                    floor = low[1] + row * cell[1]
                    enters = west + slope * max(floor - south, 0.0)
                    leaves = west + slope * (min(floor + cell[1], north) - south)
                a = _column(min(enters, leaves), low[0], cell[0], columns)
                b = _column(max(enters, leaves), low[0], cell[0], columns)
                for column in range(a, b + 1):
                    if counting:
                        first[row * columns + column + 1] += 1
                    else:
                        members[first[row * columns + column]] = i
                        first[row * columns + column] += 1
        if counting:
            first = np.cumsum(first)
            members = np.empty(first[-1], np.int32)
    first[1:] = first[:-1].copy()
    first[0] = 0
    return first, members


@_kernel
def _project(
    east_m: float, north_m: float, point: NDArray[np.float64], segment: int, parts: _Parts
) -> tuple[float, float]:
    """Where along a segment its nearest place to the point is, and the squared gap; metres per degree given."""
    starts, spans = parts[0], parts[1]
    x = (starts[segment, 0] - point[0]) * east_m
    y = (starts[segment, 1] - point[1]) * north_m
    dx, dy = spans[segment, 0] * east_m, spans[segment, 1] * north_m
    squared = dx * dx + dy * dy
    share = 0.0
    if squared > 0.0:
        share = min(max(-(x * dx + y * dy) / squared, 0.0), 1.0)
    return share, (x + share * dx) ** 2 + (y + share * dy) ** 2


@_kernel
def _nearest(
    points: NDArray[np.float64],
    usable: NDArray[np.bool_],
    parts: _Parts,
    low: NDArray[np.float64],
    cell: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    _, _, owners, first, members = parts
    columns, rows = shape[0], shape[1]
    segments = np.full(len(points), _NONE, np.int64)
    shares = np.zeros(len(points))
    for i in range(len(points)):
        lon, lat = points[i, 0], points[i, 1]
        north_m = METRES_PER_DEGREE
        east_m = north_m * np.cos(np.radians(lat))
        column = _column(lon, low[0], cell[0], columns)
        row = _column(lat, low[1], cell[1], rows)
        best2 = np.inf
        # Rings of cells around the point's own, until nothing beyond them can be nearer.
        for ring in range(max(columns, rows)):
            west, east = column - ring, column + ring
            south, north = row - ring, row + ring
            for y in range(max(south, 0), min(north, rows - 1) + 1):
                # Whole rows at the ring's south and north, two cells of all others.
                for x in range(west, east + 1, 1 if y in (south, north) else 2 * ring):
                    if not 0 <= x < columns:
                        continue
                    here = y * columns + x
                    for k in range(first[here], first[here + 1]):
                        segment = members[k]
                        if not usable[owners[segment]]:
                            continue
                        share, gap2 = _project(east_m, north_m, points[i], segment, parts)
                        if gap2 < best2 or (gap2 == best2 and segment < segments[i]):
                            best2, segments[i], shares[i] = gap2, segment, share
            beyond_m = np.inf
            if west > 0:
                beyond_m = min(beyond_m, (lon - low[0] - west * cell[0]) * east_m)
            if east < columns - 1:
                beyond_m = min(beyond_m, (low[0] + (east + 1) * cell[0] - lon) * east_m)
            if south > 0:
                beyond_m = min(beyond_m, (lat - low[1] - south * cell[1]) * north_m)
            if north < rows - 1:
                beyond_m = min(beyond_m, (low[1] + (north + 1) * cell[1] - lat) * north_m)
            if beyond_m > 0.0 and best2 < beyond_m * beyond_m:
                break
    return segments, shares


@_kernel
def _within(
    point: NDArray[np.float64],
    usable: NDArray[np.bool_],
    limit_m: float,
    parts: _Parts,
    low: NDArray[np.float64],
    cell: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    _, _, owners, first, members = parts
    columns, rows = shape[0], shape[1]
    lon, lat = point[0], point[1]
    north_m = METRES_PER_DEGREE
    east_m = north_m * np.cos(np.radians(lat))
    found = []
    for y in range(
        _column(lat - limit_m / north_m, low[1], cell[1], rows),
        _column(lat + limit_m / north_m, low[1], cell[1], rows) + 1,
    ):
        for x in range(
            _column(lon - limit_m / east_m, low[0], cell[0], columns),
            _column(lon + limit_m / east_m, low[0], cell[0], columns) + 1,
        ):
            for k in range(first[y * columns + x], first[y * columns + x + 1]):
                segment = members[k]
                if usable[owners[segment]]:
                    _, gap2 = _project(east_m, north_m, point, segment, parts)
                    if gap2 <= limit_m * limit_m:
                        found.append(np.int64(segment))
    segments = np.unique(np.array(found, np.int64))
    shares, gaps_m = np.empty(len(segments)), np.empty(len(segments))
    for i in range(len(segments)):
        shares[i], gap2 = _project(east_m, north_m, point, segments[i], parts)
        gaps_m[i] = np.sqrt(gap2)
    return segments, shares, gaps_m
