"""The two arcs of every road: where they begin and end, which way they point, and what they weigh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.roads.graph import CLOSED, Roads
from routing.roads.speeds import Profile


def arc_ends(roads: Roads) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Tails and heads of all arcs, open or not: arc 2i runs along road i, arc 2i + 1 back."""
    both = np.column_stack((roads.tails, roads.heads))
    return both.ravel(), both[:, ::-1].ravel()


def bearings_rad(roads: Roads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Directions in which each of the 2m arcs sets out and arrives: radians clockwise from north.

    NaN for roads without extent.
    """
    first, last = roads.offsets[:-1], roads.offsets[1:] - 1

    def towards(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.float64]:
        east, north = (roads.lon_lat[stop] - roads.lon_lat[start]).T
        east = east * np.cos(np.radians(roads.lon_lat[start, 1]))
        still = (east == 0.0) & (north == 0.0)
        return np.where(still, np.nan, np.arctan2(east, north))

    sets_out = np.column_stack((towards(first, first + 1), towards(last, last - 1)))
    arrives = np.column_stack((towards(last - 1, last), towards(first + 1, first)))
    return sets_out.ravel(), arrives.ravel()


def pack(durations_cs: NDArray[np.int64], distances_cm: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Put a duration (hundredths of a second) above a distance (centimetres) in one integer.

    Sums and minima of packed weights then add both and prefer the faster, and of two equally fast
    the shorter. Durations up to 62 days stay below CLOSED, distances up to 42,949 km below the
    duration.
    """
    return (durations_cs << 32) | distances_cm


def compile_arcs(roads: Roads, profile: Profile) -> NDArray[np.int64]:
    """
    Packed weights of all arcs for one profile, CLOSED where it may not go.

    Whoever travels also needs a way there and back: see `turn_graph.connected_only`.
    """
    speed_kmh = np.array([profile.speed_kmh(traits) or 0.0 for traits in roads.traits] + [0.0])
    kinds = np.column_stack((roads.traits_with, roads.traits_against)).ravel()
    speeds = speed_kmh[kinds]  # -1, no such direction, picks the 0 at the end
    lengths_m = np.repeat(roads.lengths_m, 2)
    is_open = speeds > 0.0
    durations_cs = np.rint(lengths_m * 360.0 / np.where(is_open, speeds, 1.0)).astype(np.int64)
    distances_cm = np.rint(lengths_m * 100.0).astype(np.int64)
    return np.where(is_open, pack(durations_cs, distances_cm), CLOSED)
