"""Which vehicle may use which road, and how fast: one small readable table for each profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import ClassVar, Final

from routing.errors import RoutingError
from routing.roads.traits import (
    BARRIER,
    CLOSED_TO_COURIERS,
    FERRY,
    STOPPING_BARRIERS,
    UNLIMITED,
    Size,
    Traits,
)
from routing.roads.turns import TurnCosts


class UnknownProfile(RoutingError):
    """A profile that the network was not built for."""

    code: ClassVar[str] = "profile-unknown"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? There are" if near else "choose one of"
        super().__init__(
            f"there is no profile {name!r} here: {hint} {', '.join(known)}; or build the network with"
            " it"
        )


class ProfileTwice(RoutingError):
    """Two different profiles of one name."""

    code: ClassVar[str] = "profile-twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    How one kind of vehicle sees the roads.

    access_keys
        The access tags that speak of it, general before special; the last one present decides.
    class_kmh
        Usual speed by road class; a class that is missing is closed.
    invited_kmh
        The same for classes that open only where one of `inviting_keys` is tagged on the way.
    surface_kmh, tracktype_kmh
        No faster than this on such ground; ground that is missing does not slow.
    top_kmh
        The vehicle's own limit.
    limit_share
        Where a maximum speed is posted, this share of it replaces the class's speed (a limit says
        more than the class does); None for slow vehicles, which it merely caps.
    stopped_by
        Barriers it cannot pass, unless an access tag on the barrier lets it.
    turn_costs
        What turning costs it; None where turns are free, which is several times faster to answer.
    size
        A road that takes less is closed.
    source
        Where the numbers come from.
    """

    name: str
    access_keys: tuple[str, ...]
    class_kmh: Mapping[str, int]
    invited_kmh: Mapping[str, int] = field(default_factory=dict)
    inviting_keys: tuple[str, ...] = ()
    surface_kmh: Mapping[str, int] = field(default_factory=dict)
    tracktype_kmh: Mapping[str, int] = field(default_factory=dict)
    top_kmh: int
    limit_share: float | None
    minds_oneway: bool = True
    stopped_by: frozenset[str]
    turn_costs: TurnCosts | None = None
    size: Size = UNLIMITED
    source: str

    def speed_kmh(self, traits: Traits) -> float | None:
        """Speed along a road with these traits, above 0; None where this profile may not go."""
        if self.minds_oneway and traits.against_oneway:
            return None
        permission = self._permission(traits)
        if permission in CLOSED_TO_COURIERS or not self.size.fits(traits.limits):
            return None
        if traits.highway == BARRIER:
            stopped = traits.barrier in self.stopped_by and permission is None
            return None if stopped else float(self.top_kmh)
        speed = self._class_kmh(traits)
        if speed is None:
            return None
        if traits.crossing_kmh is not None:
            return traits.crossing_kmh
        if traits.maxspeed_kmh is not None:
            if self.limit_share is None:
                speed = min(speed, traits.maxspeed_kmh)
            else:
                speed = traits.maxspeed_kmh * self.limit_share
        return float(
            min(
                speed,
                self.surface_kmh.get(traits.surface, self.top_kmh),
                self.tracktype_kmh.get(traits.tracktype, self.top_kmh),
                self.top_kmh,
            )
        )

    def _permission(self, traits: Traits) -> str | None:
        access = dict(traits.access)
        stated = [access[key] for key in self.access_keys if key in access]
        return stated[-1] if stated else None

    def _class_kmh(self, traits: Traits) -> float | None:
        usual = self.class_kmh.get(traits.highway)
        if usual is not None:
            return usual
        access = dict(traits.access)
        if any(access.get(key, "no") not in CLOSED_TO_COURIERS for key in self.inviting_keys):
            return self.invited_kmh.get(traits.highway)
        return None


_FERRY_KMH: Final = 5
"""Where no duration is stated, waiting included; OSRM's value."""

# Rough ground slows a loaded three-wheeler for the goods' sake. Chosen, not measured.
_TRIKE_SURFACE_KMH = {
    "compacted": 18,
    "fine_gravel": 16,
    "gravel": 12,
    "pebblestone": 12,
    "cobblestone": 12,
    "sett": 15,
    "unhewn_cobblestone": 8,
    "unpaved": 14,
    "dirt": 12,
    "earth": 12,
    "ground": 12,
    "grass": 8,
    "sand": 6,
    "mud": 6,
    "rock": 6,
}

TRIKE: Final = Profile(
    name="trike",
    access_keys=("access", "vehicle", "motor_vehicle", "motorcycle", "trike"),
    class_kmh={
        "primary": 22,
        "primary_link": 18,
        "secondary": 22,
        "secondary_link": 18,
        "tertiary": 22,
        "tertiary_link": 18,
        "unclassified": 20,
        "residential": 16,
        "living_street": 12,
        "service": 12,
        "road": 16,
        "track": 15,
    },
    invited_kmh={
        "path": 12,
        "pedestrian": 10,
        "cycleway": 15,
        "footway": 10,
        "bridleway": 10,
        FERRY: _FERRY_KMH,
    },
    inviting_keys=("motorcycle", "trike", "motor_vehicle", "vehicle"),
    surface_kmh=_TRIKE_SURFACE_KMH,
    tracktype_kmh={"grade1": 18, "grade2": 15, "grade3": 12, "grade4": 8, "grade5": 6},
    top_kmh=25,
    limit_share=None,
    # A three-wheeler is 1.0–1.2 m wide and passes between bollards (usual gap 1.5 m).
    stopped_by=STOPPING_BARRIERS - {"bollard", "sump_buster", "bus_trap"},
    size=Size(height_m=2.0, width_m=1.2, length_m=3.2, weight_t=0.8),
    source=(
        "Couriers' electric three-wheelers run about 15–25 km/h (the postal standard YZ/T 0136-2014"
        " was drafted with 15 km/h at most). Class speeds chosen below the top for stops and"
        " junctions, not measured. Motorways and trunk roads are closed to vehicles this slow. Size with a"
        " full box chosen, not measured."
    ),
)

VAN: Final = Profile(
    name="van",
    access_keys=("access", "vehicle", "motor_vehicle", "motorcar"),
    class_kmh={
        "motorway": 90,
        "motorway_link": 45,
        "trunk": 85,
        "trunk_link": 40,
        "primary": 65,
        "primary_link": 30,
        "secondary": 55,
        "secondary_link": 25,
        "tertiary": 40,
        "tertiary_link": 20,
        "unclassified": 25,
        "residential": 25,
        "living_street": 10,
        "service": 15,
        "road": 20,
        "track": 10,
    },
    invited_kmh={"pedestrian": 7, "path": 7, "busway": 30, FERRY: _FERRY_KMH},
    inviting_keys=("motorcar", "motor_vehicle", "vehicle"),
    surface_kmh={
        "compacted": 60,
        "fine_gravel": 50,
        "gravel": 40,
        "pebblestone": 40,
        "cobblestone": 30,
        "sett": 40,
        "unhewn_cobblestone": 20,
        "unpaved": 40,
        "dirt": 30,
        "earth": 30,
        "ground": 30,
        "grass": 15,
        "sand": 10,
        "mud": 10,
        "rock": 10,
    },
    tracktype_kmh={"grade1": 40, "grade2": 25, "grade3": 15, "grade4": 10, "grade5": 5},
    top_kmh=110,
    limit_share=0.8,
    stopped_by=STOPPING_BARRIERS,
    size=Size(height_m=2.0, width_m=1.7, length_m=4.5, weight_t=2.0),
    source=(
        "Class speeds, surfaces and the share 0.8 of a posted limit follow the defaults of OSRM's"
        " car profile; track, road, the top speed and the size of a microvan chosen, not measured."
    ),
)

TRUCK: Final = Profile(
    name="truck",
    access_keys=("access", "vehicle", "motor_vehicle", "goods", "hgv"),
    class_kmh={
        "motorway": 80,
        "motorway_link": 40,
        "trunk": 70,
        "trunk_link": 35,
        "primary": 55,
        "primary_link": 25,
        "secondary": 45,
        "secondary_link": 20,
        "tertiary": 35,
        "tertiary_link": 18,
        "unclassified": 20,
        "residential": 18,
        "living_street": 8,
        "service": 10,
        "road": 15,
    },
    invited_kmh={"track": 8, "pedestrian": 5, FERRY: _FERRY_KMH},
    inviting_keys=("hgv", "goods", "motor_vehicle", "vehicle"),
    surface_kmh={**VAN.surface_kmh, "gravel": 25, "unpaved": 25, "dirt": 15, "earth": 15},
    tracktype_kmh={"grade1": 20, "grade2": 12, "grade3": 8, "grade4": 5, "grade5": 5},
    top_kmh=90,
    limit_share=0.75,
    stopped_by=STOPPING_BARRIERS,
    size=Size(height_m=3.2, width_m=2.3, length_m=6.0, weight_t=4.5),
    source=(
        "About 0.85 of the van, no unpaved tracks; chosen, not measured. A light truck by GA 802-2019:"
        " shorter than 6 m, up to 4.5 t; height and width chosen."
    ),
)

FOOT: Final = Profile(
    name="foot",
    access_keys=("access", "foot"),
    class_kmh={
        **dict.fromkeys(TRIKE.class_kmh, 5),
        **dict.fromkeys(("pedestrian", "footway", "path", "cycleway", "bridleway"), 5),
        "steps": 2,
        FERRY: _FERRY_KMH,
    },
    invited_kmh={"trunk": 5, "trunk_link": 5},
    inviting_keys=("foot",),
    surface_kmh={"sand": 3, "mud": 3, "rock": 3},
    top_kmh=5,
    limit_share=None,
    minds_oneway=False,
    stopped_by=frozenset({"wall", "full-height_turnstile"}),
    source="5 km/h as OSRM's foot profile; steps and soft ground chosen, not measured.",
)


def profiles_of(wanted: Sequence[str | Profile]) -> tuple[Profile, ...]:
    """
    The profiles of PROFILES by name, and others as they are.

    Raises
    ------
    UnknownProfile
    ProfileTwice
        Two of them have one name.
    """
    found: dict[str, Profile] = {}
    for each in wanted:
        if isinstance(each, str) and each not in PROFILES:
            raise UnknownProfile(each, tuple(PROFILES))
        profile = PROFILES[each] if isinstance(each, str) else each
        if found.setdefault(profile.name, profile) is not profile:
            raise ProfileTwice(f"two profiles are called {profile.name!r}: give one another name")
    return tuple(found.values())


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {profile.name: profile for profile in (TRIKE, VAN, TRUCK, FOOT)}
)
