"""From coordinates to positions on roads, as OSRM's radiuses, bearings and approaches limit them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from api.errors import OsrmRefused
from api.osrm.asking import Asked, read_bearing, read_radius
from routing.places import Place
from routing.roads.junctions import bend_deg
from routing.roads.network import RoadNetwork
from routing.roads.snap import Nearby, PlaceOffRoad, Snap

FAR_M: Final = 5_000
"""Without a radius a coordinate farther from all roads is a mistake, not a place.
Chosen; OSRM has no limit unless it is asked for one."""

_ANYWHERE_M: Final = 20_050_000  # half the earth round
_FIRST_LOOK_M: Final = 100.0
_ON_ROAD_M: Final = 0.5  # nearer than this a place is on neither side of the road
_APPROACHES: Final = ("unrestricted", "curb", "opposite")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the caller says of one coordinate."""

    number: int
    place: Place
    limit_m: float
    bearing: tuple[float, float] | None
    approach: str

    @property
    def faces(self) -> bool:
        return self.bearing is not None or self.approach != "unrestricted"


def snap_all(network: RoadNetwork, profile: str, asked: Asked) -> tuple[Snap, ...]:
    """
    A position for each coordinate.

    Raises
    ------
    OsrmRefused
        NoSegment: a coordinate has no road that fits; the first such is named.
    """
    wishes = _wishes(asked, _limits_m(asked))
    alike: defaultdict[float, list[_Wish]] = defaultdict(list)
    snaps: dict[int, Snap] = {}
    for wish in wishes:
        if wish.faces:
            snaps[wish.number] = _fitting(network, profile, wish, count=1)[0]
        else:
            alike[wish.limit_m].append(wish)
    for limit_m, together in alike.items():
        places = [wish.place for wish in together]
        for wish, snap in zip(
            together, network.snap(places, profile, limit_m=limit_m, on_motorways=True), strict=True
        ):
            if isinstance(snap, PlaceOffRoad):
                raise OsrmRefused("NoSegment", f"coordinate {wish.number}: {snap}")
            snaps[wish.number] = snap
    return tuple(snaps[wish.number] for wish in wishes)


def snaps_near(network: RoadNetwork, profile: str, asked: Asked, *, count: int) -> tuple[Snap, ...]:
    """
    Positions on the `count` nearest roads around the one coordinate, fewer where there are no more.

    Raises
    ------
    OsrmRefused
        NoSegment: there is none at all.
    """
    if count == 1:
        return snap_all(network, profile, asked)
    (wish,) = _wishes(asked, _limits_m(asked))
    return _fitting(network, profile, wish, count=count)


def positions_around(
    network: RoadNetwork, profile: str, asked: Asked, *, limits_m: Sequence[float]
) -> list[tuple[Snap, ...]]:
    """For each coordinate the positions within its limit on every road that fits, nearest first."""
    return [
        tuple(_facing_ways(network, profile, wish, wish.limit_m))
        for wish in _wishes(asked, limits_m)
    ]


def _limits_m(asked: Asked) -> list[float]:
    return [
        FAR_M if radius_m is None else min(radius_m, _ANYWHERE_M)
        for radius_m in asked.each("radiuses", read_radius)
    ]


def _wishes(asked: Asked, limits_m: Sequence[float]) -> list[_Wish]:
    columns = zip(
        asked.places,
        limits_m,
        asked.each("bearings", read_bearing),
        asked.each("approaches", _read_approach),
        strict=True,
    )
    return [
        _Wish(
            number=number,
            place=place,
            limit_m=limit_m,
            bearing=bearing,
            approach=approach or "unrestricted",
        )
        for number, (place, limit_m, bearing, approach) in enumerate(columns)
    ]


def _fitting(network: RoadNetwork, profile: str, wish: _Wish, *, count: int) -> tuple[Snap, ...]:
    look_m = min(_FIRST_LOOK_M, wish.limit_m)
    while True:
        found = _facing_ways(network, profile, wish, look_m)
        if len(found) >= count or look_m >= wish.limit_m:
            break
        look_m = min(2.0 * look_m, wish.limit_m)
    if not found:
        raise OsrmRefused(
            "NoSegment",
            f"coordinate {wish.number}: no road for {profile} within {wish.limit_m:,.0f} m leads"
            " that way: widen bearings or radiuses",
        )
    return tuple(found[:count])


def _facing_ways(network: RoadNetwork, profile: str, wish: _Wish, look_m: float) -> list[Snap]:
    around = network.around(wish.place, profile, limit_m=look_m)
    facing = (_facing(network.directions(each.snap.edge, profile), each, wish) for each in around)
    return [snap for snap in facing if snap is not None]


def _facing(open_ways: tuple[bool, bool], nearby: Nearby, wish: _Wish) -> Snap | None:
    """The position with the directions of travel that are wished for; None if none is open."""
    along, back = open_ways
    if wish.bearing is not None:
        wanted, spread = wish.bearing
        along = along and abs(bend_deg(wanted, nearby.bearing_deg)) <= spread
        back = back and abs(bend_deg(wanted, nearby.bearing_deg + 180.0)) <= spread
    # The kerb of a one-way road is reached from either side, as OSRM has it; traffic keeps right.
    has_side = all(open_ways) and nearby.snap.gap_m > _ON_ROAD_M
    if wish.approach != "unrestricted" and has_side:
        keeps_along = nearby.is_right == (wish.approach == "curb")
        along, back = along and keeps_along, back and not keeps_along
    return replace(nearby.snap, along=along, back=back) if along or back else None


def _read_approach(text: str) -> str:
    if text not in _APPROACHES:
        raise OsrmRefused("InvalidQuery", f"approaches: choose from {', '.join(_APPROACHES)}")
    return text
