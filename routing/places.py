"""Points on the earth: WGS-84 inside, the Chinese datums GCJ-02 and BD-09 at the edge only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from geopy.distance import great_circle

from routing.errors import RoutingError


class Datum(StrEnum):
    """What a pair of degrees is measured against. Chinese maps are off WGS-84 by law, up to 680 m."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class NotAPlace(RoutingError):
    """Two numbers that are no longitude and latitude."""

    code: ClassVar[str] = "not-a-place"

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = lon, lat
        hint = ": longitude and latitude look swapped" if abs(lat) > 90 >= abs(lon) else ""
        super().__init__(
            f"lon {lon}, lat {lat} is not a place: lon lies in -180…180, lat in -90…90{hint}"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """
    A point by longitude and latitude in WGS-84 degrees, in that order.

    Raises
    ------
    NotAPlace
        A value is out of range or not finite.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        # Comparisons with NaN are false, so NaN fails here too.
        if not (-180.0 <= self.lon <= 180.0 and -90.0 <= self.lat <= 90.0):
            raise NotAPlace(self.lon, self.lat)


def great_circle_m(a: Place, b: Place) -> float:
    """Metres along the great circle (mean earth radius 6,371,009 m): never a road distance."""
    return float(great_circle((a.lat, a.lon), (b.lat, b.lon)).m)


# The published constants of GCJ-02: the Krasovsky 1940 ellipsoid and its squared eccentricity.
_AXIS_M = 6_378_245.0
_ECCENTRICITY2 = 0.006_693_421_622_965_943
# BD-09 turns and shifts GCJ-02 by these; the published constants.
_BD_TURN = math.pi * 3000.0 / 180.0
_BD_LON_SHIFT, _BD_LAT_SHIFT = 0.0065, 0.006


def in_china(lon: float, lat: float) -> bool:
    """Whether the Chinese datums differ from WGS-84 here: the rectangle that map makers use."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def _gcj02_offset(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    common = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (common + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2 / 3
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (common + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2 / 3
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2 / 3
    phi = math.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * math.sin(phi) ** 2
    degrees_lat = math.degrees(
        north * magic * math.sqrt(magic) / (_AXIS_M * (1.0 - _ECCENTRICITY2))
    )
    degrees_lon = math.degrees(east * math.sqrt(magic) / (_AXIS_M * math.cos(phi)))
    return degrees_lon, degrees_lat


def _wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    if not in_china(lon, lat):
        return lon, lat
    d_lon, d_lat = _gcj02_offset(lon, lat)
    return lon + d_lon, lat + d_lat


def _gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    z = math.hypot(lon, lat) + 0.000_02 * math.sin(lat * _BD_TURN)
    theta = math.atan2(lat, lon) + 0.000_003 * math.cos(lon * _BD_TURN)
    return z * math.cos(theta) + _BD_LON_SHIFT, z * math.sin(theta) + _BD_LAT_SHIFT


def _wgs84_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat)) if in_china(lon, lat) else (lon, lat)


_FROM_WGS84: dict[Datum, Callable[[float, float], tuple[float, float]]] = {
    Datum.WGS84: lambda lon, lat: (lon, lat),
    Datum.GCJ02: _wgs84_to_gcj02,
    Datum.BD09: _wgs84_to_bd09,
}


def to_datum(place: Place, datum: Datum) -> tuple[float, float]:
    """Longitude and latitude of `place` as a map in `datum` would print them."""
    return _FROM_WGS84[datum](place.lon, place.lat)


def from_datum(lon: float, lat: float, datum: Datum) -> Place:
    """
    The WGS-84 place that a map in `datum` prints as `lon`, `lat`.

    The forward formulas have no closed inverse; five fixed-point steps leave less than 0.1 mm
    inside China (one step, as often seen, leaves up to 3.4 m).

    Raises
    ------
    NotAPlace
        The numbers are out of range or not finite.
    """
    guess = Place(lon, lat)  # refuses NaN and swapped pairs before any arithmetic
    forward = _FROM_WGS84[datum]
    guess_lon, guess_lat = guess.lon, guess.lat
    for _ in range(5):
        seen_lon, seen_lat = forward(guess_lon, guess_lat)
        guess_lon += lon - seen_lon
        guess_lat += lat - seen_lat
    return Place(guess_lon, guess_lat)
