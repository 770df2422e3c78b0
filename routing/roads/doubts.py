"""Doubts about where places are: they would lie at the roads if they were read another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from routing.places import Datum, NotAPlace, Place, from_datum
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad

PLACES_MIN: Final = 20
"""Fewer say nothing: a farm may well lie far from the road."""

_PLACES_MAX: Final = 500  # as many as tell, evenly chosen
_CLEARLY: Final = 2.0
_CLEARLY_M: Final = 15.0
"""Another reading is likelier if its median gap is so many times, and metres, smaller. Chosen: right
coordinates lie some 10 m from roads, and no other reading brings them nearer."""

_LIMIT_M: Final = 5_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """
    Places that fit the roads better another way.

    reading
        "gcj02" or "bd09", or "swapped" longitude and latitude.
    gap_m, gap_so_m
        Median metres to the nearest road: as they are, and read so.
    """

    reading: str
    gap_m: int
    gap_so_m: int

    def __str__(self) -> str:
        what = {
            "gcj02": "if they were GCJ-02, as Chinese maps have them",
            "bd09": "if they were BD-09, as Baidu has them",
            "swapped": "if longitude and latitude were swapped",
        }[self.reading]
        return (
            f"half of the places lie {self.gap_m:,} m or more from the nearest road, but it would be"
            f" {self.gap_so_m:,} m {what}: check them"
        )


def doubt_of(network: RoadNetwork, places: Iterable[Place], profile: str) -> Doubt | None:
    """What speaks against `places` being where they say; None: nothing does, or they are too few."""
    known = list(places)
    if len(known) < PLACES_MIN:
        return None
    chosen = known[:: max(1, len(known) // _PLACES_MAX)]
    gap_m = _median_gap_m(network, chosen, profile)
    found = [
        (_median_gap_m(network, again, profile), reading)
        for reading, read in _READINGS.items()
        if (again := _read_so(chosen, read)) is not None
    ]
    gap_so_m, reading = min(found)
    if gap_so_m == float("inf"):
        return None  # this profile has no road at all
    if gap_so_m * _CLEARLY > gap_m or gap_so_m + _CLEARLY_M > gap_m:
        return None
    return Doubt(reading=reading, gap_m=round(gap_m), gap_so_m=round(gap_so_m))


_READINGS: Final[Mapping[str, Callable[[Place], Place]]] = {
    "gcj02": lambda place: from_datum(place.lon, place.lat, Datum.GCJ02),
    "bd09": lambda place: from_datum(place.lon, place.lat, Datum.BD09),
    "swapped": lambda place: Place(place.lat, place.lon),
}


def _read_so(places: Sequence[Place], read: Callable[[Place], Place]) -> list[Place] | None:
    try:
        return [read(place) for place in places]
    except NotAPlace:
        return None


def _median_gap_m(network: RoadNetwork, places: Sequence[Place], profile: str) -> float:
    """Infinite where no road is there at all."""
    return median(
        (float("inf") if snap.nearest_m is None else float(snap.nearest_m))
        if isinstance(snap, PlaceOffRoad)
        else snap.gap_m
        for snap in network.snap(places, profile, limit_m=_LIMIT_M, on_motorways=True)
    )
