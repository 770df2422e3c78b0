"""Lengths and cuts of lines on the earth, over arrays of (lon, lat) degrees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M: Final = 6_371_009.0
"""Mean radius, as geopy's great circle has it, so that lengths agree with `great_circle_m`."""

METRES_PER_DEGREE: Final = radians(EARTH_RADIUS_M)
"""Of latitude; of longitude times the cosine of the latitude."""


def apart_m(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Metres along the great circle between the points of two (k, 2) arrays, by the haversine formula."""
    lon, lat = np.radians(np.asarray(a, dtype=np.float64)).T
    to_lon, to_lat = np.radians(np.asarray(b, dtype=np.float64)).T
    half = (
        np.sin((to_lat - lat) / 2.0) ** 2
        + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2.0) ** 2
    )
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def step_lengths_m(lon_lat: ArrayLike) -> NDArray[np.float64]:
    """Metres between consecutive points of a (k, 2) array: shape (k - 1,)."""
    points = np.asarray(lon_lat, dtype=np.float64)
    return apart_m(points[:-1], points[1:])


def line_length_m(line: Sequence[tuple[float, float]]) -> float:
    """Metres along a line of at least one point; for a few points plain floats beat arrays tenfold."""
    total_m = 0.0
    for (lon, lat), (next_lon, next_lat) in pairwise(line):
        phi, next_phi = radians(lat), radians(next_lat)
        half = (
            sin((next_phi - phi) / 2.0) ** 2
            + cos(phi) * cos(next_phi) * sin(radians(next_lon - lon) / 2.0) ** 2
        )
        total_m += 2.0 * EARTH_RADIUS_M * asin(sqrt(half))
    return total_m


def cut(line: NDArray[np.float64], start: float, end: float) -> tuple[tuple[float, float], ...]:
    """
    The part of a (k, 2) line from fraction `start` to fraction `end` of its length, at least two points.

    Runs backwards where `start` is above `end`. A line without length yields its two ends.
    """
    if start > end:
        return cut(line, end, start)[::-1]
    along = np.concatenate(([0.0], np.cumsum(step_lengths_m(line))))
    if along[-1] > 0.0:
        along /= along[-1]
    else:
        along = np.linspace(0.0, 1.0, len(line))
    inner = line[(along > start) & (along < end)]
    ends = [
        [np.interp(fraction, along, line[:, axis]) for axis in (0, 1)] for fraction in (start, end)
    ]
    points = np.vstack((ends[0], inner, ends[1]))
    return tuple((float(lon), float(lat)) for lon, lat in points)


def simplified(line: Sequence[tuple[float, float]], *, share: float) -> list[tuple[float, float]]:
    """
    The points of `line` from which no other strays by more than a share of the line's extent.

    Ramer, Douglas and Peucker: both ends stay, and so does whatever lies farthest off a kept chord.
    O(k log k) for roads of k points.
    """
    points = np.asarray(line, dtype=np.float64)
    plane = points * (cos(radians(float(points[0, 1]))), 1.0)
    tolerance = share * float(np.hypot(*np.ptp(plane, axis=0)))
    kept = np.zeros(len(points), np.bool_)
    kept[[0, -1]] = True
    chords = [(0, len(points) - 1)]
    while chords:
        first, last = chords.pop()
        inner = plane[first + 1 : last] - plane[first]
        if not len(inner):
            continue
        chord = plane[last] - plane[first]
        squared = float(chord @ chord)
        nearest = np.clip(inner @ chord / squared, 0.0, 1.0) if squared else np.zeros(len(inner))
        strays = np.hypot(*(inner - nearest[:, None] * chord).T)
        farthest = int(strays.argmax())
        if strays[farthest] > tolerance:
            kept[first + 1 + farthest] = True
            chords += [(first, first + 1 + farthest), (first + 1 + farthest, last)]
    return [line[i] for i in np.flatnonzero(kept).tolist()]
