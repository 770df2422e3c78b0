"""Where a demo day happens: a depot and the settlements around it, whatever they were made from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.places import Place

Points = NDArray[np.float64]
"""Shape (n, 2). Metres east and north on a `Plane`, unless its name says lon and lat."""

_METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371,009 m


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of an origin: off by less than 0.1 % within 50 km."""

    origin: Place

    @property
    def _scale(self) -> NDArray[np.float64]:
        shrink = math.cos(math.radians(self.origin.lat))
        return np.array([_METRES_PER_DEGREE * shrink, _METRES_PER_DEGREE])

    def flatten(self, lon_lat: Points) -> Points:
        return (lon_lat - [self.origin.lon, self.origin.lat]) * self._scale

    def unflatten(self, metres: Points) -> Points:
        return metres / self._scale + [self.origin.lon, self.origin.lat]

    def place(self, point: NDArray[np.float64]) -> Place:
        lon, lat = self.unflatten(point.reshape(1, 2))[0]
        return Place(round(float(lon), 7), round(float(lat), 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """
    A village, or the community in the middle of a town.

    `houses_lon_lat` are the places where a shop may be; several shops may share one. Never empty.
    """

    name: str
    town: str
    centre: Place
    houses_lon_lat: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """
    A depot and its settlements, nearest first.

    `bulky_towns` are the towns that make furniture. `source` says in one line of Markdown where
    roads and settlements come from.
    """

    depot_name: str
    depot: Place
    settlements: tuple[Settlement, ...]
    bulky_towns: frozenset[str]
    source: str
