"""From a place to the nearest road that a profile may use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.places import Place
from routing.roads.geometry import apart_m, step_lengths_m
from routing.roads.graph import Roads
from routing.roads.grid import SegmentGrid
from routing.roads.traits import BARRIER, FERRY

_FAR_M: Final = 10_000.0
"""So far outside all roads nobody needs to know which of them is nearest. Chosen."""

_AT_JUNCTION_M: Final = 0.01  # the resolution of packed weights


class PlaceOffRoad(RoutingError):
    """
    A place farther from every usable road than the caller allows.

    nearest_m
        Metres to the nearest of them, from far away to the bounds of all roads; None: there is none.
    """

    code: ClassVar[str] = "place-off-road"

    def __init__(
        self, place: Place, *, profile: str, nearest_m: int | None, limit_m: float
    ) -> None:
        self.place, self.profile = place, profile
        self.nearest_m, self.limit_m = nearest_m, limit_m
        where = (
            f"{place.lon:.6f}, {place.lat:.6f} lies {nearest_m:,} m from the nearest road"
            if nearest_m is not None
            else f"{place.lon:.6f}, {place.lat:.6f} has no road at all"
        )
        super().__init__(
            f"{where} for {profile} (limit {limit_m:,.0f} m): check its coordinates and their datum"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """
    A position on a road.

    edge
        Number of the road in the network.
    fraction
        Share of the road's length before the position, 0…1, along its drawn line.
    place
        The position itself, on the road.
    gap_m
        Straight metres from the place asked for to the position: to be walked, never driven.
    along, back
        Whether who sets out or stops here may be driving along the road's line, and back. Without
        meaning where the position is a junction.
    """

    edge: int
    fraction: float
    place: Place
    gap_m: float
    along: bool = True
    back: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """
    The nearest position on one of several roads around a place.

    bearing_deg
        0…360 clockwise from north: where the road's line leads there. NaN where it has no extent.
    is_right
        Whether the place lies to the right of the line, and not on it.
    """

    snap: Snap
    bearing_deg: float
    is_right: bool


class SnapIndex:
    """
    All roads but barriers and ferries, ready to be searched for the nearest point by whoever may use some of them.

    `usable` is bool (m,) everywhere: whether each road may be snapped to.
    """

    def __init__(self, roads: Roads) -> None:
        left_out = np.array([kind.highway in {BARRIER, FERRY} for kind in roads.traits], np.bool_)
        owners = np.repeat(np.arange(roads.count), np.diff(roads.offsets))
        same_road = owners[1:] == owners[:-1]
        # A segment joins two consecutive points of a road.
        firsts = np.flatnonzero(same_road & ~left_out[roads.traits_with[owners[:-1]]])
        self._roads = owners[firsts]
        starts = roads.lon_lat[firsts]
        self._grid = SegmentGrid(starts, roads.lon_lat[firsts + 1] - starts, self._roads)
        steps_m = step_lengths_m(roads.lon_lat)
        along_m = np.concatenate(([0.0], np.cumsum(np.where(same_road, steps_m, 0.0))))
        begins_m = along_m[roads.offsets[:-1]]
        self._lengths_m = steps_m[firsts]
        self._before_m = along_m[firsts] - begins_m[self._roads]
        self._totals_m = (along_m[roads.offsets[1:] - 1] - begins_m)[self._roads]

    def nearest(
        self,
        places: Sequence[Place],
        usable: NDArray[np.bool_],
        *,
        profile: str,
        limit_m: float,
    ) -> tuple[Snap | PlaceOffRoad, ...]:
        """
        The nearest usable position for each place, or why `profile` has none within `limit_m`.

        Of two equally near roads the one with the lower number wins.
        """
        at = _lon_lat(places)
        outside_m = apart_m(at, np.clip(at, self._grid.low, self._grid.high))
        sought = outside_m <= max(limit_m, _FAR_M)
        segments, shares = self._grid.nearest(at[sought], usable)
        # Whoever looked knows whether there is a usable road; asking all roads takes longer.
        exists = bool((segments >= 0).all() if len(segments) else usable[self._roads].any())
        found = iter(self._snaps(at[sought], segments, shares)) if exists else iter(())
        answers: list[Snap | PlaceOffRoad] = []
        for place, is_sought, away_m in zip(
            places, sought.tolist(), outside_m.tolist(), strict=True
        ):
            snap = next(found) if is_sought and exists else None
            if snap is not None and snap.gap_m <= limit_m:
                answers.append(snap)
                continue
            nearest_m = round(away_m if snap is None else snap.gap_m)
            answers.append(
                PlaceOffRoad(
                    place,
                    profile=profile,
                    nearest_m=nearest_m if exists else None,
                    limit_m=limit_m,
                )
            )
        return tuple(answers)

    def around(
        self, place: Place, usable: NDArray[np.bool_], *, limit_m: float
    ) -> tuple[Nearby, ...]:
        """The nearest position on every usable road within `limit_m`, nearest first."""
        at = _lon_lat((place,))
        segments, shares, gaps_m = self._grid.within(at[0], usable, limit_m)
        order = np.lexsort((gaps_m, self._roads[segments]))
        _, firsts = np.unique(self._roads[segments][order], return_index=True)
        best = order[firsts]
        best = best[np.argsort(gaps_m[best], kind="stable")]
        segments, shares = segments[best], shares[best]
        east, north = (self._grid.spans[segments] * (np.cos(np.radians(place.lat)), 1.0)).T
        place_east, place_north = (
            (at - self._grid.starts[segments]) * (np.cos(np.radians(place.lat)), 1.0)
        ).T
        extends = (east != 0.0) | (north != 0.0)
        bearings_deg = np.where(extends, np.degrees(np.arctan2(east, north)) % 360.0, np.nan)
        is_right = east * place_north - north * place_east < 0.0
        snaps = self._snaps(np.repeat(at, len(segments), axis=0), segments, shares)
        return tuple(
            Nearby(snap=snap, bearing_deg=bearing_deg, is_right=right)
            for snap, bearing_deg, right in zip(
                snaps, bearings_deg.tolist(), is_right.tolist(), strict=True
            )
        )

    def _snaps(
        self,
        at: NDArray[np.float64],
        segments: NDArray[np.int64],
        shares: NDArray[np.float64],
    ) -> Iterator[Snap]:
        positions = self._grid.starts[segments] + shares[:, None] * self._grid.spans[segments]
        totals_m = self._totals_m[segments]
        along_m = self._before_m[segments] + shares * self._lengths_m[segments]
        # Closer to a junction than weights can tell apart is the junction, whose other roads are open.
        along_m[along_m > totals_m - _AT_JUNCTION_M] = totals_m[along_m > totals_m - _AT_JUNCTION_M]
        along_m[along_m < _AT_JUNCTION_M] = 0.0
        fractions = along_m / np.where(totals_m > 0.0, totals_m, 1.0)
        columns = (self._roads[segments], fractions, *positions.T, apart_m(at, positions))
        for road, fraction, lon, lat, gap_m in zip(*(c.tolist() for c in columns), strict=True):
            yield Snap(edge=road, fraction=fraction, place=Place(lon, lat), gap_m=gap_m)


def _lon_lat(places: Sequence[Place]) -> NDArray[np.float64]:
    return np.array([(place.lon, place.lat) for place in places], np.float64).reshape(-1, 2)
