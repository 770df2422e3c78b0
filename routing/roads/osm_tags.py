"""What the tags of a way make of it: a road to keep or to drop, its direction, its traits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from routing.roads.traits import (
    ACCESS_KEYS,
    FERRY,
    ROAD_CLASSES,
    ROUNDABOUTS,
    SIZE_KEYS,
    Traits,
    access_of,
    parse_duration_s,
    parse_maxspeed,
    size_limits,
)

_CLASSES: Final = frozenset({*ROAD_CLASSES, FERRY})


def reason_to_drop(tags: Mapping[str, str]) -> str | None:
    """Why a way with these tags is no road for anybody; None: it is one."""
    if tags["highway"] not in _CLASSES:
        return "no road class: " + tags["highway"]
    if tags.get("area") == "yes":
        return "an area, not a line"
    if tags.get("oneway") == "reversible":
        return "direction changes with the hour"
    return None


def oneway_of(tags: Mapping[str, str]) -> int:
    """1 along the way only, -1 against it only, 0 both (https://wiki.openstreetmap.org/wiki/Key:oneway)."""
    stated = tags.get("oneway", "")
    if stated in {"yes", "true", "1"}:
        return 1
    if stated in {"-1", "reverse"}:
        return -1
    implied = (
        tags["highway"] in {"motorway", "motorway_link"} or tags.get("junction") in ROUNDABOUTS
    )
    return 1 if implied and stated not in {"no", "false", "0"} else 0


def traits_of(tags: Mapping[str, str], *, length_m: float = 0.0) -> tuple[Traits, Traits]:
    """
    Traits with the drawn direction and against it, after a way against its drawing was turned round.

    `length_m` of the whole way tells the speed of a ferry that states its duration.
    """
    traits = _traits_of(frozenset(item for item in tags.items() if item[0] in _KEYS))
    if tags["highway"] != FERRY:
        return traits
    crossing_kmh = _crossing_kmh(tags, length_m)
    along, against = (replace(each, crossing_kmh=crossing_kmh) for each in traits)
    return along, against


_KEYS: Final = frozenset(
    {
        "highway",
        "oneway",
        "junction",
        "surface",
        "tracktype",
        "maxspeed",
        "maxspeed:forward",
        "maxspeed:backward",
        *SIZE_KEYS,
        *ACCESS_KEYS,
    }
)
"""What traits are made of."""


@lru_cache(maxsize=1 << 15)  # an extract has a few thousand kinds of way, and many ways of each
def _traits_of(stated: frozenset[tuple[str, str]]) -> tuple[Traits, Traits]:
    tags = dict(stated)
    oneway = oneway_of(tags)
    both = tags.get("maxspeed", "")
    junction = tags.get("junction", "")
    with_line = Traits(
        highway=tags["highway"],
        surface=tags.get("surface", ""),
        tracktype=tags.get("tracktype", ""),
        maxspeed_kmh=parse_maxspeed(tags.get("maxspeed:forward", both)),
        junction=junction if junction in ROUNDABOUTS else "",
        limits=size_limits(tags)[0],
        access=access_of(tags),
    )
    against = replace(
        with_line,
        maxspeed_kmh=parse_maxspeed(tags.get("maxspeed:backward", both)),
    )
    if oneway < 0:
        with_line, against = against, with_line
    return with_line, replace(against, against_oneway=oneway != 0)


def _crossing_kmh(tags: Mapping[str, str], length_m: float) -> float | None:
    duration_s = parse_duration_s(tags.get("duration", ""))
    if duration_s is None or length_m <= 0.0:
        return None
    return max(0.1, round(3.6 * length_m / duration_s, 2))
