"""What lies between a body's locations: its own matrices, or those of roads that somebody else knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.places import Place
from routing.vrp.vroom.body import Body, BodyRefused, Location, Tables


class ProfileUnknown(RoutingError):
    """Roads that do not know a profile."""

    code: ClassVar[str] = "profile-unknown"


class LocationOffRoad(RoutingError):
    """Roads that do not lead to the place of this number."""

    code: ClassVar[str] = "location-off-road"

    def __init__(self, number: int, why: str) -> None:
        self.number = number
        super().__init__(why)


class Roads(Protocol):
    """What roads must tell."""

    def table(
        self, profile: str, places: Sequence[Place]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """
        Return seconds and metres from each place to every other, int of shape (n, n); UNREACHABLE where no way leads.

        Raises
        ------
        ProfileUnknown
        LocationOffRoad
        """
        ...

    def line(self, profile: str, places: Sequence[Place]) -> str:
        """Return the encoded polyline, five digits, of the way through these places, one after the other."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    Matrices of every profile that drives, over `rows` places.

    `distances_m` is None where nobody asked for metres and the body has none.
    """

    durations_s: Mapping[str, NDArray[np.int64]]
    distances_m: Mapping[str, NDArray[np.int64] | None]
    costs: Mapping[str, NDArray[np.int64] | None]
    rows: Mapping[Location, int]

    @property
    def knows_metres(self) -> bool:
        """Whether an answer can tell distances."""
        return all(table is not None for table in self.distances_m.values())


def ground_of(body: Body, roads: Roads | None) -> Ground:
    """
    Return the matrices between all locations of `body`.

    Raises
    ------
    BodyRefused
        A location or a profile leads nowhere; or matrices are missing and there are no roads.
    """
    locations = list(_locations(body))
    numbered = {location.index is not None for location in locations}
    if len(numbered) > 1 or (numbered == {False} and body.tables):
        lacking = next(location for location in locations if location.index is None)
        raise BodyRefused(
            lacking.pointer,
            "the index is missing: with matrices, or beside other locations with an index, each needs one",
        )
    rows = _rows(locations)
    durations_s: dict[str, NDArray[np.int64]] = {}
    distances_m: dict[str, NDArray[np.int64] | None] = {}
    costs: dict[str, NDArray[np.int64] | None] = {}
    for vehicle in body.vehicles:
        profile = vehicle.profile
        tables = body.tables.get(profile, Tables())
        metres = (
            body.options.geometry or vehicle.costs.per_km > 0 or vehicle.distance_max_m is not None
        )
        if profile not in durations_s:
            costs[profile] = tables.costs
            if tables.durations_s is not None:
                durations_s[profile], distances_m[profile] = tables.durations_s, tables.distances_m
            else:
                durations_s[profile], distances_m[profile] = _by_road(
                    roads, profile, rows, f"{vehicle.pointer}/profile", "matrices"
                )
            _refuse_outside(locations, len(durations_s[profile]), profile)
        if metres and distances_m[profile] is None:
            _, distances_m[profile] = _by_road(
                roads, profile, rows, f"{vehicle.pointer}/profile", "distances"
            )
    return Ground(durations_s=durations_s, distances_m=distances_m, costs=costs, rows=rows)


def _locations(body: Body) -> Iterator[Location]:
    for vehicle in body.vehicles:
        yield from (end for end in (vehicle.start, vehicle.end) if end is not None)
    yield from (task.location for task in body.tasks)


def _rows(locations: Sequence[Location]) -> dict[Location, int]:
    rows: dict[Location, int] = {}
    of_place: dict[Place, int] = {}
    for location in locations:
        if location.index is not None:
            rows[location] = location.index
        elif location.place is not None:
            rows[location] = of_place.setdefault(location.place, len(of_place))
    return rows


def _refuse_outside(locations: Sequence[Location], size: int, profile: str) -> None:
    for location in locations:
        if location.index is not None and location.index >= size:
            raise BodyRefused(
                location.pointer, f"the matrices of {profile!r} have rows 0…{size - 1}"
            )


def _by_road(
    roads: Roads | None, profile: str, rows: Mapping[Location, int], pointer: str, what: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seconds and metres by road for every row that a location has."""
    if roads is None:
        raise BodyRefused(
            pointer, f"{what} of {profile!r} are missing, and there are no roads here"
        )
    for location in rows:
        if location.place is None:
            raise BodyRefused(
                location.pointer,
                f"{what} of {profile!r} are missing, and this location has no coordinates",
            )
    first_of: dict[int, Location] = {}
    for location, row in rows.items():
        first_of.setdefault(row, location)
    known = sorted(first_of)
    places = [place for row in known if (place := first_of[row].place) is not None]
    try:
        found = roads.table(profile, places)
    except ProfileUnknown as unknown:
        raise BodyRefused(pointer, str(unknown)) from unknown
    except LocationOffRoad as off:
        raise BodyRefused(first_of[known[off.number]].pointer, str(off)) from off
    size = max(known, default=-1) + 1
    whole = (np.zeros((size, size), np.int64), np.zeros((size, size), np.int64))
    for table, values in zip(whole, found, strict=True):
        table[np.ix_(known, known)] = values
    return whole
