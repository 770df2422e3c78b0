"""What a stretch of road is, in the words of OpenStreetMap's tags, before any vehicle judges it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# https://wiki.openstreetmap.org/wiki/Key:highway. Not here: proposed, construction, platform,
# corridor, raceway and whatever else nobody delivers along.
ROAD_CLASSES: Final = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
    "track",
    "busway",
    "pedestrian",
    "cycleway",
    "bridleway",
    "footway",
    "path",
    "steps",
)

BARRIER: Final = "barrier"
"""The class of the zero-length edge that stands for a bollard or a gate; never drawn, never snapped to."""

# Whose permission a tag speaks of, general before special; `trike` is ours, for electric three-wheelers.
ACCESS_KEYS: Final = (
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "trike",
    "goods",
    "hgv",
    "foot",
)

# https://wiki.openstreetmap.org/wiki/Key:access. `destination`, `delivery`, `customers`, `permissive`
# let a courier in; these do not.
CLOSED_TO_COURIERS: Final = frozenset(
    {"no", "private", "agricultural", "forestry", "military", "emergency", "permit", "dismount"}
)

ROUNDABOUTS: Final = frozenset({"roundabout", "circular"})
"""Values of the key junction: https://wiki.openstreetmap.org/wiki/Key:junction; one-way, both of them."""

# Barriers that stop somebody even without an access tag; each profile says which of them stop it.
# Others (gate, lift_gate, toll_booth, cattle_grid, …) stop nobody unless an access tag on them does.
STOPPING_BARRIERS: Final = frozenset(
    {
        "block",
        "bollard",
        "bus_trap",
        "chain",
        "cycle_barrier",
        "debris",
        "full-height_turnstile",
        "horse_stile",
        "jersey_barrier",
        "kissing_gate",
        "log",
        "motorcycle_barrier",
        "planter",
        "sump_buster",
        "stile",
        "turnstile",
        "wall",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """
    All that decides who may travel one direction of a road, and how fast.

    access
        Pairs of a key of ACCESS_KEYS and its value, in the order of ACCESS_KEYS.
    against_oneway
        This direction runs against a one-way sign: only those on foot may take it.
    junction
        One of ROUNDABOUTS where the road is a part of one.
    """

    highway: str
    surface: str = ""
    tracktype: str = ""
    barrier: str = ""
    maxspeed_kmh: int | None = None
    against_oneway: bool = False
    junction: str = ""
    access: tuple[tuple[str, str], ...] = ()


def access_of(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The access tags among `tags`; of several values ("yes;permit") the first counts."""
    return tuple(
        (key, tags[key].split(";")[0].strip().lower()) for key in ACCESS_KEYS if tags.get(key)
    )


def stopping_barrier(tags: Mapping[str, str]) -> Traits | None:
    """The traits of a node's barrier that stops at least one profile; None where nothing does."""
    kind = tags.get("barrier", "")
    access = access_of(tags)
    closed = any(value in CLOSED_TO_COURIERS for _, value in access)
    if kind in STOPPING_BARRIERS or (kind and closed):
        return Traits(highway=BARRIER, barrier=kind, access=access)
    return None


_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?")
_KMH_PER = {"mph": 1.609344, "knots": 1.852}
# https://wiki.openstreetmap.org/wiki/Key:maxspeed; "walk" is 4–7 km/h in the courts' reading, and the
# implicit zones below mean the same in nearly every country. Rural zones differ and stay unknown.
_NAMED_KMH = {"walk": 7, "living_street": 7, "bicycle_road": 30, "urban": 50}


def parse_maxspeed(value: str) -> int | None:
    """
    Kilometres per hour, rounded down; None where the tag states no number ("none", "signals").

    Of several limits ("50;30") the lowest counts. Zones such as "CN:urban" are read by their kind.
    """
    limits = []
    for part in (stated.strip() for stated in value.lower().split(";")):
        match = _SPEED.fullmatch(part)
        if match:
            limits.append(int(float(match[1]) * _KMH_PER.get(match[2] or "", 1.0)))
        elif (named := _NAMED_KMH.get(part.rpartition(":")[2])) is not None:
            limits.append(named)
    positive = [limit for limit in limits if limit > 0]
    return min(positive, default=None)
