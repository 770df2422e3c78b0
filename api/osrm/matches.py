"""`match`: the drives that best explain a trace of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from api.errors import OsrmRefused
from api.osrm.asking import DIGITS_MAX, Asked, read_radius
from api.osrm.drawing import Drawing, Json, drawing_of
from api.osrm.routes import between_halts, halts_of
from api.osrm.snapping import positions_around
from routing.roads.matching import Matching, Sighting, match, tidied
from routing.roads.network import RoadNetwork

PLACES_MAX: Final = 2_000
"""Of one trace, so that nobody waits, nor holds a thread, for longer than a few seconds. OSRM's own
server takes 100."""

_PRECISION_M: Final = 5.0
"""Standard deviation of a coordinate without a radius; OSRM's value."""
_PRECISION_MIN_M: Final = 1.0
_PRECISION_MAX_M: Final = 100.0
_LOOK_M: Final = 50.0
_LOOK: Final = 3.0
"""Roads are weighed up to `_LOOK_M` away, or so many standard deviations. Chosen; OSRM's is the latter."""


def match_trace(network: RoadNetwork, profile: str, asked: Asked) -> Json:
    """
    OSRM's answer to `match`.

    Raises
    ------
    OsrmRefused
        TooBig, and NoMatch where nothing fits together, among others.
    """
    count = len(asked.places)
    if count > PLACES_MAX:
        raise OsrmRefused(
            "TooBig",
            f"a trace has up to {PLACES_MAX:,} coordinates, not {count:,}: ask for it in parts",
        )
    drawing = drawing_of(network, profile, asked)
    halts = frozenset(halts_of(asked))
    splits_at_gaps = asked.choice("gaps", {"split": True, "ignore": False}, default=True)
    tidies = asked.flag("tidy", default=False)
    with_tracepoints = not asked.flag("skip_waypoints", default=False)
    trace = _trace(network, profile, asked)
    numbers: Sequence[int] = range(count)
    if tidies:
        listed = halts if "waypoints" in asked.options else frozenset[int]()
        numbers = sorted({*tidied(trace), *listed})
    matchings = match(
        network, profile, [trace[number] for number in numbers], splits_at_gaps=splits_at_gaps
    )
    if not matchings:
        raise OsrmRefused(
            "NoMatch",
            f"no drive for {profile} explains these coordinates: check radiuses and order",
        )
    told: list[Json] = []
    tracepoints: list[Json | None] = [None] * count
    for matching in matchings:
        seen = [numbers[each.sighting] for each in matching.matched]
        last = len(seen) - 1
        stops = [i for i, number in enumerate(seen) if number in halts or i in {0, last}]
        told.append(_told(drawing, matching, stops))
        turns = {stop: turn for turn, stop in enumerate(stops)}
        for i, (number, each) in enumerate(zip(seen, matching.matched, strict=True)):
            tracepoints[number] = drawing.waypoint(
                each.snap,
                matchings_index=len(told) - 1,
                waypoint_index=turns.get(i),
                alternatives_count=each.alternatives,
            )
    _refuse_lost(asked, tracepoints, halts)
    answer: Json = {"code": "Ok", "matchings": told}
    if with_tracepoints:
        answer["tracepoints"] = tracepoints
    return answer


def _told(drawing: Drawing, matching: Matching, stops: Sequence[int]) -> Json:
    route = drawing.route(between_halts(matching.legs, stops))
    return {**route, "confidence": round(matching.confidence, 6)}


def _refuse_lost(asked: Asked, tracepoints: Sequence[Json | None], halts: frozenset[int]) -> None:
    """What the caller named as a waypoint may not be passed over."""
    if "waypoints" not in asked.options:
        return
    for number in sorted(halts):
        if tracepoints[number] is None:
            raise OsrmRefused(
                "NoMatch", f"waypoints: coordinate {number} fits no drive: leave it out of the list"
            )


def _trace(network: RoadNetwork, profile: str, asked: Asked) -> list[Sighting]:
    precisions_m = [
        _PRECISION_M if given is None else given
        for given in asked.each("radiuses", _read_precision)
    ]
    times = _times(asked)
    around = positions_around(
        network, profile, asked, limits_m=[max(_LOOK_M, _LOOK * each) for each in precisions_m]
    )
    columns = zip(asked.places, around, precisions_m, times, strict=True)
    return [
        Sighting(place=place, positions=positions, precision_m=precision_m, at_s=at_s)
        for place, positions, precision_m, at_s in columns
    ]


def _times(asked: Asked) -> Sequence[int | None]:
    times = asked.each("timestamps", _read_time)
    given = [at_s for at_s in times if at_s is not None]
    if given and len(given) < len(times):
        raise OsrmRefused(
            "InvalidOptions", "timestamps: give one for each coordinate, or leave them out"
        )
    for number, (sooner, later) in enumerate(pairwise(given), start=1):
        if later < sooner:
            raise OsrmRefused(
                "InvalidValue", f"timestamps: coordinate {number} is before the one before it"
            )
    return times


def _read_time(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX + 3):
        raise OsrmRefused("InvalidQuery", "timestamps are whole seconds since 1970")
    return int(text)


def _read_precision(text: str) -> float:
    precision_m = read_radius(text)
    if precision_m > _PRECISION_MAX_M:
        raise OsrmRefused(
            "InvalidValue",
            "radiuses: a match takes them for the precision of coordinates, up to"
            f" {_PRECISION_MAX_M:,.0f} m",
        )
    return max(_PRECISION_MIN_M, precision_m)
