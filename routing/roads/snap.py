"""From a place to the nearest road that a profile may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from routing.errors import RoutingError
from routing.places import Place, great_circle_m
from routing.roads.geometry import EARTH_RADIUS_M, on_sphere_m, step_lengths_m
from routing.roads.graph import CLOSED, Roads
from routing.roads.traits import BARRIER

# Roads are sampled this densely to find candidates; the answer itself is exact. Chosen: half as many
# metres double the index, twice as many double the candidates.
_SPACING_M: Final = 50.0
_AT_JUNCTION_M: Final = 0.01  # the resolution of packed weights


class PlaceOffRoad(RoutingError):
    """A place farther from every usable road than the caller allows."""

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
    """The usable roads of one profile, ready to be searched for the nearest point."""

    def __init__(self, roads: Roads, weights: NDArray[np.int64], profile: str) -> None:
        self._profile = profile
        usable = np.asarray((weights.reshape(-1, 2) < CLOSED).any(axis=1))
        barrier = np.array([traits.highway == BARRIER for traits in roads.traits], dtype=np.bool_)
        if roads.count:
            usable &= ~barrier[roads.traits_with]
        point_roads = np.repeat(np.arange(roads.count), np.diff(roads.offsets))
        steps_m = step_lengths_m(roads.lon_lat) if len(roads.lon_lat) else np.empty(0)
        # A segment joins two consecutive points of the same usable road.
        firsts = np.flatnonzero((point_roads[1:] == point_roads[:-1]) & usable[point_roads[:-1]])
        self._roads = point_roads[firsts]
        self._starts = roads.lon_lat[firsts]
        self._spans = roads.lon_lat[firsts + 1] - self._starts
        along_m = np.zeros(len(roads.lon_lat))
        along_m[1:] = np.cumsum(np.where(point_roads[1:] == point_roads[:-1], steps_m, 0.0))
        begins = along_m[roads.offsets[:-1]]
        totals = along_m[roads.offsets[1:] - 1] - begins
        self._before_m = along_m[firsts] - begins[self._roads]
        self._lengths_m = steps_m[firsts]
        self._totals_m = totals[self._roads]

        counts = np.floor(self._lengths_m / _SPACING_M).astype(np.int64) + 2
        self._sample_segments = np.repeat(np.arange(len(firsts)), counts)
        nth = np.arange(len(self._sample_segments)) - np.repeat(np.cumsum(counts) - counts, counts)
        shares = nth / (counts - 1)[self._sample_segments]
        samples = (
            self._starts[self._sample_segments]
            + self._spans[self._sample_segments] * shares[:, None]
        )
        self._tree = cKDTree(on_sphere_m(samples)) if len(samples) else None

    def nearest(
        self, places: Sequence[Place], *, limit_m: float
    ) -> tuple[Snap | PlaceOffRoad, ...]:
        """
        The nearest usable position for each place, or why there is none within `limit_m`.

        Of two equally near roads the one with the lower number wins. About O(log k) for k metres.
        """
        if self._tree is None or not places:
            return tuple(self._off_road(place, None, limit_m) for place in places)
        at = np.array([(place.lon, place.lat) for place in places])
        points = on_sphere_m(at)
        sampled_m = np.asarray(self._tree.query(points)[0])
        # The nearest road has a sample within half a spacing of its nearest point.
        near = sampled_m - _SPACING_M / 2.0 <= limit_m
        found = self._tree.query_ball_point(points[near], sampled_m[near] + _SPACING_M / 2.0 + 1.0)
        candidates = iter(found)
        return tuple(
            self._exact(place, np.unique(self._sample_segments[next(candidates)]), limit_m)
            if is_near
            else self._off_road(place, round(float(distance_m)), limit_m)
            for place, is_near, distance_m in zip(places, near, sampled_m, strict=True)
        )

    def around(self, place: Place, *, limit_m: float) -> tuple[Nearby, ...]:
        """The nearest position on every usable road within `limit_m`, nearest first."""
        if self._tree is None:
            return ()
        point = on_sphere_m([(place.lon, place.lat)])[0]
        samples = self._tree.query_ball_point(point, limit_m + _SPACING_M / 2.0 + 1.0)
        segments = np.unique(self._sample_segments[samples])
        shares, gaps2 = self._projected(place, segments)
        order = np.lexsort((gaps2, self._roads[segments]))
        _, firsts = np.unique(self._roads[segments][order], return_index=True)
        best = order[firsts]
        best = best[np.argsort(gaps2[best], kind="stable")]
        found = (self._nearby(place, int(segments[i]), float(shares[i])) for i in best)
        return tuple(each for each in found if each.snap.gap_m <= limit_m)

    def _nearby(self, place: Place, segment: int, share: float) -> Nearby:
        scale = np.array([np.cos(np.radians(place.lat)), 1.0])
        east, north = self._spans[segment] * scale
        place_east, place_north = ((place.lon, place.lat) - self._starts[segment]) * scale
        extends = bool(east or north)
        return Nearby(
            snap=self._snap(place, segment, share),
            bearing_deg=float(np.degrees(np.arctan2(east, north)) % 360.0) if extends else np.nan,
            is_right=bool(east * place_north - north * place_east < 0.0),
        )

    def _exact(
        self, place: Place, segments: NDArray[np.int64], limit_m: float
    ) -> Snap | PlaceOffRoad:
        shares, gaps2 = self._projected(place, segments)
        best = int(gaps2.argmin())
        snap = self._snap(place, int(segments[best]), float(shares[best]))
        return snap if snap.gap_m <= limit_m else self._off_road(place, round(snap.gap_m), limit_m)

    def _projected(
        self, place: Place, segments: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where along each segment its point nearest to the place lies, 0…1, and the squared gap."""
        # A plane that touches the earth at the place: exact enough (1e-4) as far as anybody walks.
        scale = np.radians(EARTH_RADIUS_M) * np.array([np.cos(np.radians(place.lat)), 1.0])
        spans = self._spans[segments] * scale
        starts = (self._starts[segments] - (place.lon, place.lat)) * scale
        squared = (spans**2).sum(axis=1)
        shares = -(starts * spans).sum(axis=1) / np.where(squared > 0.0, squared, 1.0)
        shares = np.clip(shares, 0.0, 1.0)
        return shares, ((starts + spans * shares[:, None]) ** 2).sum(axis=1)

    def _snap(self, place: Place, segment: int, share: float) -> Snap:
        lon, lat = self._starts[segment] + share * self._spans[segment]
        position = Place(float(lon), float(lat))
        total_m = float(self._totals_m[segment])
        along_m = float(self._before_m[segment] + share * self._lengths_m[segment])
        # Closer to a junction than weights can tell apart is the junction, whose other roads are open.
        if along_m < _AT_JUNCTION_M:
            along_m = 0.0
        elif along_m > total_m - _AT_JUNCTION_M:
            along_m = total_m
        return Snap(
            edge=int(self._roads[segment]),
            fraction=along_m / total_m if total_m > 0.0 else 0.0,
            place=position,
            gap_m=great_circle_m(place, position),
        )

    def _off_road(self, place: Place, nearest_m: int | None, limit_m: float) -> PlaceOffRoad:
        return PlaceOffRoad(place, profile=self._profile, nearest_m=nearest_m, limit_m=limit_m)
