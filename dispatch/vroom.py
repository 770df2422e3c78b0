"""VROOM's dialect over our roads: a body answered in a worker, refusals in VROOM's words included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import polyline
from numpy.typing import NDArray

from dispatch.closures import closed
from dispatch.questions import VroomBody
from routing.places import Place
from routing.roads.legs import NoPath
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap
from routing.vrp.vroom.body import BodyRefused
from routing.vrp.vroom.ground import LocationOffRoad, ProfileUnknown
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

OTHER_NAMES: Final[Mapping[str, str]] = {"driving": "van", "car": "van", "walking": "foot"}
"""What clients of OSRM and VROOM call profiles that have other names here."""

FAR_M: Final = 5_000
"""A location farther from all roads is a mistake, not a place; as for our OSRM interface. Chosen."""

INPUT_ERROR: Final = 2
"""VROOM's code for a body that it does not take."""

_SEED: Final = 1


class NetworkRoads:
    """Roads as the dialect asks for them; the network is looked for when somebody does."""

    def __init__(self, network: Callable[[], RoadNetwork]) -> None:
        self._find = network
        self._network: RoadNetwork | None = None
        self._snaps: dict[tuple[str, Place], Snap] = {}

    def table(
        self, profile: str, places: Sequence[Place]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Seconds and metres; raises `ProfileUnknown` and `LocationOffRoad`."""
        name = self._name(profile)
        snaps = self._snapped(name, places)
        return self._roads.table(snaps, snaps, name)

    def line(self, profile: str, places: Sequence[Place]) -> str:
        """The encoded way; where no way leads between two places it ends at one and goes on at the other."""
        name = self._name(profile)
        snaps = self._snapped(name, places)
        points: list[tuple[float, float]] = []
        for here, there in pairwise(snaps):
            try:
                line = self._roads.leg(here, there, name).line
            except NoPath:
                line = ((here.place.lon, here.place.lat), (there.place.lon, there.place.lat))
            points += [(lat, lon) for lon, lat in line if points[-1:] != [(lat, lon)]]
        return polyline.encode(points, 5)

    @property
    def _roads(self) -> RoadNetwork:
        if self._network is None:
            self._network = self._find()
        return self._network

    def _name(self, profile: str) -> str:
        """A network may have a "car" of its own."""
        known = self._roads.profiles
        name = profile if profile in known else OTHER_NAMES.get(profile, profile)
        if name not in known:
            others = [other for other, own in OTHER_NAMES.items() if own in known]
            raise ProfileUnknown(
                f"there is no profile {profile[:20]!r}: choose one of {', '.join((*known, *others))}"
            )
        return name

    def _snapped(self, profile: str, places: Sequence[Place]) -> list[Snap]:
        new = [place for place in places if (profile, place) not in self._snaps]
        for place, snap in zip(
            new, self._roads.snap(new, profile, limit_m=FAR_M, on_motorways=True), strict=True
        ):
            if isinstance(snap, PlaceOffRoad):
                raise LocationOffRoad(places.index(place), str(snap))
            self._snaps[profile, place] = snap
        return [self._snaps[profile, place] for place in places]


def answer_body(asked: VroomBody, network: Callable[[], RoadNetwork]) -> bytes:
    """The answer in VROOM's JSON; where there is none, that says why, by a code above 0."""
    roads = NetworkRoads(lambda: closed(network(), asked.closures))
    try:
        told = answer(read(asked.text), roads, seed=_SEED)
    except BodyRefused as refused:
        return refusal(refused)
    return msgspec.json.encode(told)


def refusal(refused: BodyRefused) -> bytes:
    """A refused body in VROOM's JSON, with a pointer to what is wrong."""
    told = {
        "code": INPUT_ERROR,
        "error": str(refused),
        "pointer": refused.pointer,
        "reason": refused.code,
    }
    if refused.did_you_mean is not None:
        told["did_you_mean"] = refused.did_you_mean
    return msgspec.json.encode(told)
