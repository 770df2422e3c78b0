"""Routes as OSRM's documentation draws them: legs, steps, annotations and lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polyline

from api.errors import OsrmRefused
from api.osrm.asking import Asked
from routing.roads.geometry import simplified, step_lengths_m
from routing.roads.graph import DISTANCE_BITS
from routing.roads.instructions import LANGUAGES, instructions
from routing.roads.legs import Leg
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.roads.steps import Crossing, Manoeuvre, Step

Line = Sequence[tuple[float, float]]
Json = dict[str, Any]

_ANNOTATIONS: Final = frozenset({"duration", "distance", "speed", "weight", "datasources"})
_LINES: Final[Mapping[str, Callable[[Line], Any]]] = {
    "polyline": lambda line: polyline.encode([(lat, lon) for lon, lat in line], 5),
    "polyline6": lambda line: polyline.encode([(lat, lon) for lon, lat in line], 6),
    "geojson": lambda line: {"type": "LineString", "coordinates": [_degrees(*at) for at in line]},
}
_SIMPLIFIED_SHARE: Final = 1 / 1000
"""A simplified line strays from the full one by this share of its extent: less than a pixel on a
screen that shows the whole. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How the caller wants routes drawn."""

    network: RoadNetwork
    profile: str
    steps: bool
    annotations: frozenset[str]
    overview: str
    line: Callable[[Line], Any]
    language: str | None

    def route(self, legs: Sequence[Leg]) -> Json:
        """OSRM's route object."""
        duration_s = sum(leg.duration_s for leg in legs)
        told: Json = {
            "distance": sum(leg.distance_m for leg in legs),
            "duration": duration_s,
            "weight": duration_s,
            "weight_name": "duration",
            "legs": [self._leg(leg) for leg in legs],
        }
        if self.overview != "false":
            line = [point for leg in legs[:-1] for point in leg.line[:-1]] + list(legs[-1].line)
            if self.overview == "simplified":
                line = simplified(line, share=_SIMPLIFIED_SHARE)
            told["geometry"] = self.line(line)
        return told

    def waypoint(self, snap: Snap, **more: Any) -> Json:
        """OSRM's waypoint object."""
        return {
            "location": _degrees(snap.place.lon, snap.place.lat),
            "name": self.network.junctions.name(2 * snap.edge),
            "distance": round(snap.gap_m, 2),
            **more,
        }

    def _leg(self, leg: Leg) -> Json:
        told: Json = {
            "distance": leg.distance_m,
            "duration": leg.duration_s,
            "weight": leg.duration_s,
            "summary": "",
            "steps": [],
        }
        if self.steps:
            steps = self.network.steps(leg, self.profile)
            words = instructions(steps, self.language) if self.language else None
            told["summary"] = _summary(steps)
            told["steps"] = [
                self._step(step, leg, None if words is None else words[i])
                for i, step in enumerate(steps)
            ]
        if self.annotations:
            told["annotation"] = _annotation(leg, self.annotations)
        return told

    @property
    def _walks(self) -> bool:
        return "foot" in self.network.profile(self.profile).access_keys

    def _step(self, step: Step, leg: Leg, words: str | None) -> Json:
        line = leg.line[step.first : step.last + 1]
        told: Json = {
            "distance": step.distance_m,
            "duration": step.duration_s,
            "weight": step.duration_s,
            "geometry": self.line(line if len(line) > 1 else (*line, *line)),
            "name": step.name,
            "mode": "walking" if self._walks else "driving",
            "driving_side": "right",
            "maneuver": _manoeuvre(step.manoeuvre),
            "intersections": [_crossing(crossing) for crossing in step.crossings],
        }
        if step.ref:
            told["ref"] = step.ref
        if words is not None:
            told["maneuver"]["instruction"] = words
        return told


def drawing_of(network: RoadNetwork, profile: str, asked: Asked) -> Drawing:
    """
    Read the options that routes, matches and trips share.

    Raises
    ------
    OsrmRefused
    """
    if "nodes" in asked.options.get("annotations", "").split(","):
        raise OsrmRefused(
            "NotImplemented", "annotations=nodes is not supported: no ids of nodes are kept"
        )
    if asked.options.get("annotations") in {None, "true", "false"}:
        all_of_them = asked.flag("annotations", default=False)
        annotations = _ANNOTATIONS if all_of_them else frozenset[str]()
    else:
        annotations = asked.several("annotations", _ANNOTATIONS) or frozenset[str]()
    return Drawing(
        network=network,
        profile=profile,
        steps=asked.flag("steps", default=False),
        annotations=annotations,
        overview=asked.choice(
            "overview",
            {word: word for word in ("simplified", "full", "false")},
            default="simplified",
        ),
        line=asked.choice("geometries", _LINES, default=_LINES["polyline"]),
        language=asked.choice("language", {word: word for word in LANGUAGES}, default=None),
    )


def _degrees(lon: float, lat: float) -> tuple[float, float]:
    return round(lon, 6), round(lat, 6)


def _summary(steps: Sequence[Step]) -> str:
    """The names of the two roads that the leg follows longest, in the order of travel."""
    metres: Counter[str] = Counter()
    for step in steps:
        if step.name or step.ref:
            metres[step.name or step.ref] += round(step.distance_m)
    longest = {name for name, _ in metres.most_common(2)}
    return ", ".join(name for name in metres if name in longest)


def _annotation(leg: Leg, wanted: frozenset[str]) -> Json:
    """Metres and seconds between each two points of the leg's line; turns are not in them."""
    course = leg.course
    lengths_m = step_lengths_m(leg.line)
    stretches = np.repeat(np.arange(len(course.arcs)), np.diff(course.points))
    drawn_m = np.bincount(stretches, weights=lengths_m, minlength=len(course.arcs))
    shares = lengths_m / np.where(drawn_m > 0.0, drawn_m, 1.0)[stretches]
    distances_m = shares * ((course.weights & DISTANCE_BITS) / 100.0)[stretches]
    durations_s = shares * ((course.weights >> 32) / 100.0)[stretches]
    speeds = np.divide(
        distances_m, durations_s, out=np.zeros_like(distances_m), where=durations_s > 0.0
    )
    told = {
        "distance": distances_m.round(3).tolist(),
        "duration": durations_s.round(3).tolist(),
        "speed": speeds.round(2).tolist(),
        "weight": durations_s.round(3).tolist(),
        "datasources": [0] * len(lengths_m),
    }
    annotation: Json = {name: values for name, values in told.items() if name in wanted}
    if "datasources" in wanted:
        annotation["metadata"] = {"datasource_names": ["profile"]}
    return annotation


def _manoeuvre(manoeuvre: Manoeuvre) -> Json:
    told: Json = {
        "type": manoeuvre.kind,
        "location": _degrees(*manoeuvre.place),
        "bearing_before": manoeuvre.bearing_before_deg,
        "bearing_after": manoeuvre.bearing_after_deg,
    }
    if manoeuvre.modifier is not None:
        told["modifier"] = manoeuvre.modifier
    if manoeuvre.exit is not None:
        told["exit"] = manoeuvre.exit
    return told


def _crossing(crossing: Crossing) -> Json:
    told: Json = {
        "location": _degrees(*crossing.place),
        "bearings": crossing.bearings_deg,
        "entry": crossing.entries,
    }
    if crossing.came_by is not None:
        told["in"] = crossing.came_by
    if crossing.goes_by is not None:
        told["out"] = crossing.goes_by
    return told
