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

FERRY: Final = "ferry"
"""The class of a line that a ship travels, with whoever is aboard; never snapped to."""

NO_STOPPING: Final = frozenset({"motorway", "motorway_link"})
"""Classes of road where nobody is picked up."""

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
class Size:
    """Of a vehicle, loaded, or the most that a road takes; None where it is not known or not posted."""

    height_m: float | None = None
    width_m: float | None = None
    length_m: float | None = None
    weight_t: float | None = None

    def fits(self, limits: Size) -> bool:
        """Whether nothing known of it is above `limits`."""
        return all(
            size is None or limit is None or size <= limit
            for size, limit in (
                (self.height_m, limits.height_m),
                (self.width_m, limits.width_m),
                (self.length_m, limits.length_m),
                (self.weight_t, limits.weight_t),
            )
        )


UNLIMITED: Final = Size()


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
    crossing_kmh
        Of a ferry whose duration is known, waiting aside.
    limits
        The largest and heaviest vehicle that may pass.
    """

    highway: str
    surface: str = ""
    tracktype: str = ""
    barrier: str = ""
    maxspeed_kmh: int | None = None
    against_oneway: bool = False
    junction: str = ""
    crossing_kmh: float | None = None
    limits: Size = UNLIMITED
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
    limits, _ = size_limits(tags)
    closed = any(value in CLOSED_TO_COURIERS for _, value in access)
    if kind in STOPPING_BARRIERS or (kind and (closed or limits != UNLIMITED)):
        return Traits(highway=BARRIER, barrier=kind, access=access, limits=limits)
    return None


# https://wiki.openstreetmap.org/wiki/Key:maxheight and its like: what a sign says, and what there is.
_KEYS_OF_SIZE: Final[Mapping[str, tuple[str, ...]]] = {
    "height_m": ("maxheight", "maxheight:physical"),
    "width_m": ("maxwidth", "maxwidth:physical"),
    "length_m": ("maxlength",),
    "weight_t": ("maxweight", "maxweightrating"),
}
SIZE_KEYS: Final = frozenset(key for keys in _KEYS_OF_SIZE.values() for key in keys)
_NO_LIMIT: Final = frozenset({"none", "no", "default", "unsigned", "no_sign", "no_indications"})
_QUANTITY = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([a-z]*)")
_FEET = re.compile(r"(\d{1,3})\s*(?:'|ft)\s*(?:(\d{1,2}(?:\.\d{1,3})?)\s*(?:\"|in)?)?")
_METRES_PER: Final = {"": 1.0, "m": 1.0, "cm": 0.01}
_TONNES_PER: Final = {"": 1.0, "t": 1.0, "kg": 0.001, "st": 0.907185, "lbs": 0.000453592}


def size_limits(tags: Mapping[str, str]) -> tuple[Size, tuple[str, ...]]:
    """
    The limits of size and weight among `tags`, and the keys that state no number that is known.

    Of several limits ("3.5;4", or a sign and what there is) the lowest counts.
    """
    if SIZE_KEYS.isdisjoint(tags):
        return UNLIMITED, ()
    limits: dict[str, float] = {}
    unread = []
    for name, keys in _KEYS_OF_SIZE.items():
        units = _TONNES_PER if name.endswith("_t") else _METRES_PER
        for key in keys:
            for part in (stated.strip() for stated in tags.get(key, "none").lower().split(";")):
                if part in _NO_LIMIT:
                    continue
                limit = _size(part, units)
                if limit is None:
                    unread.append(key)
                else:
                    limits[name] = min(limit, limits.get(name, limit))
    return Size(**limits), tuple(dict.fromkeys(unread))


def _size(text: str, units: Mapping[str, float]) -> float | None:
    found = _QUANTITY.fullmatch(text)
    if found and found[2] in units:
        return round(float(found[1]) * units[found[2]], 3)
    feet = _FEET.fullmatch(text)
    if feet and units is _METRES_PER:
        return round(float(feet[1]) * 0.3048 + float(feet[2] or 0.0) * 0.0254, 3)
    return None


_ISO_DURATION = re.compile(r"pt(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?")


def parse_duration_s(value: str) -> int | None:
    """Seconds of "MM", "HH:MM", "HH:MM:SS" or "PT1H5M", above 0; None for whatever else is written."""
    text = value.strip().lower()
    iso = _ISO_DURATION.fullmatch(text)
    parts = text.split(":")
    if iso:
        hours, minutes, seconds = (int(part or 0) for part in iso.groups())
    elif 1 <= len(parts) <= 3 and all(re.fullmatch(r"\d{1,4}", part) for part in parts):
        stated = [int(part) for part in parts]
        hours, minutes, seconds = ([0, *stated, 0], [*stated, 0], stated)[len(parts) - 1]
    else:
        return None
    return 3600 * hours + 60 * minutes + seconds or None


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
