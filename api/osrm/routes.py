"""`route`: the fastest way through coordinates in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from api.errors import OsrmRefused
from api.osrm.asking import Asked
from api.osrm.drawing import Json, drawing_of
from api.osrm.snapping import snap_all
from routing.matrix import UNREACHABLE
from routing.roads.legs import Leg, NoPath, joined
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap


def route(network: RoadNetwork, profile: str, asked: Asked) -> Json:
    """
    OSRM's answer to `route`.

    Raises
    ------
    OsrmRefused
    """
    asked.refuse_unless("alternatives", {"false", "0"}, "one route, the fastest, is answered")
    drawing = drawing_of(network, profile, asked)
    halts = halts_of(asked)
    straight_on = asked.choice(
        "continue_straight", {"default": False, "true": True, "false": False}, default=False
    )
    with_waypoints = not asked.flag("skip_waypoints", default=False)
    snaps = snap_all(network, profile, asked)
    facing = _straight_on(network, profile, snaps) if straight_on else snaps
    legs = between_halts(drive(network, profile, facing), halts)
    told: Json = {"code": "Ok", "routes": [drawing.route(legs)]}
    if with_waypoints:
        told["waypoints"] = [drawing.waypoint(snaps[i]) for i in halts]
    return told


def drive(network: RoadNetwork, profile: str, snaps: Sequence[Snap]) -> tuple[Leg, ...]:
    """The legs from each position to the next; refused as NoRoute."""
    try:
        return network.legs(snaps, profile)
    except NoPath as none:
        raise OsrmRefused("NoRoute", str(none)) from none


def halts_of(asked: Asked) -> tuple[int, ...]:
    """Which coordinates end a leg: all, or those that `waypoints` lists."""
    last = len(asked.places) - 1
    halts = asked.indices("waypoints")
    if halts is None:
        return tuple(range(last + 1))
    if halts[0] != 0 or halts[-1] != last or any(one >= next_ for one, next_ in pairwise(halts)):
        raise OsrmRefused(
            "InvalidOptions", f"waypoints must rise from 0 to {last}, the first and the last"
        )
    return halts


def between_halts(legs: Sequence[Leg], halts: Sequence[int]) -> list[Leg]:
    return [joined(legs[start:stop]) for start, stop in pairwise(halts)]


def _straight_on(network: RoadNetwork, profile: str, snaps: Sequence[Snap]) -> tuple[Snap, ...]:
    """The positions with directions of travel such that nobody turns back at those in between."""
    facings = [
        (snap,)
        if number in {0, len(snaps) - 1}
        else tuple(
            replace(snap, along=along, back=not along)
            for along in (True, False)
            if (snap.along if along else snap.back)
        )
        for number, snap in enumerate(snaps)
    ]
    # The fastest chain of facings, one for each position; ways[i][k] is the best up to facing k.
    ways: list[list[tuple[int, int]]] = [[(0, 0)]]
    for here, there in pairwise(facings):
        durations_s, _ = network.table(here, there, profile)
        ways.append(
            [
                min((ways[-1][i][0] + int(durations_s[i, k]), i) for i in range(len(here)))
                for k in range(len(there))
            ]
        )
    if ways[-1][0][0] >= UNREACHABLE:
        raise OsrmRefused(
            "NoRoute",
            "no way leads straight on through every coordinate: allow turning back with"
            " continue_straight=false",
        )
    chosen, k = [snaps[-1]], 0
    for number in range(len(snaps) - 1, 0, -1):
        k = ways[number][k][1]
        chosen.append(facings[number - 1][k])
    return tuple(chosen[::-1])
