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


def step_lengths_m(lon_lat: ArrayLike) -> NDArray[np.float64]:
    """Metres between consecutive points of a (k, 2) array: shape (k - 1,), by the haversine formula."""
    lon, lat = np.radians(np.asarray(lon_lat, dtype=np.float64)).T
    half = (
        np.sin(np.diff(lat) / 2.0) ** 2
        + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2.0) ** 2
    )
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half)))


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


def on_sphere_m(lon_lat: ArrayLike) -> NDArray[np.float64]:
    """Points of a (k, 2) array as (k, 3) metres from the earth's centre: straight distances compare right."""
    lon, lat = np.radians(np.asarray(lon_lat, dtype=np.float64)).T
    return EARTH_RADIUS_M * np.column_stack(
        (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    )


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
