"""
Turn by turn: a leg as the steps between the manoeuvres that a driver must be told.

Types and modifiers are those of OSRM's HTTP API, so that existing clients can speak them; what
deserves an instruction is decided here, by the bend, the names and the classes of the roads that
meet, and by what else the driver could take for the way straight on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.roads.graph import CLOSED, DISTANCE_BITS
from routing.roads.junctions import Junctions, bearing_deg, bend_deg
from routing.roads.legs import Leg
from routing.roads.traits import BARRIER, FERRY, ROAD_CLASSES, ROUNDABOUTS


class Kind(StrEnum):
    """What the driver does."""

    DEPART = "depart"
    TURN = "turn"
    CONTINUE = "continue"
    NEW_NAME = "new name"
    END_OF_ROAD = "end of road"
    FORK = "fork"
    MERGE = "merge"
    ON_RAMP = "on ramp"
    OFF_RAMP = "off ramp"
    ROUNDABOUT = "roundabout"
    EXIT_ROUNDABOUT = "exit roundabout"
    ARRIVE = "arrive"


class Modifier(StrEnum):
    """Which way it goes."""

    UTURN = "uturn"
    SHARP_RIGHT = "sharp right"
    RIGHT = "right"
    SLIGHT_RIGHT = "slight right"
    STRAIGHT = "straight"
    SLIGHT_LEFT = "slight left"
    LEFT = "left"
    SHARP_LEFT = "sharp left"


# Bends in degrees up to which a turn is called so, to either side; beyond the last it is a U-turn.
# The first two also decide what counts as straight on. Chosen near OSRM's.
_STRAIGHT_DEG: Final = 20.0
_SLIGHT_DEG: Final = 45.0
_TURN_DEG: Final = 125.0
_SHARP_DEG: Final = 175.0
# One road is plainly straighter than another if it bends so much less. Chosen.
_PLAINLY_DEG: Final = 30.0

_KEEPS_A_SIDE: Final = frozenset({Kind.FORK, Kind.MERGE, Kind.ON_RAMP, Kind.OFF_RAMP})
"""Where a driver who goes nearly straight on still has to choose a side."""

_FAST: Final = frozenset({"motorway", "trunk"})
_RAMPS: Final = frozenset({"motorway_link", "trunk_link"})
_RANK: Final = {
    highway: ROAD_CLASSES.index(highway.removesuffix("_link")) for highway in ROAD_CLASSES
} | {FERRY: len(ROAD_CLASSES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manoeuvre:
    """
    What happens at one point of a leg.

    place
        (lon, lat).
    bearing_before_deg, bearing_after_deg
        0…359 clockwise from north, of the travel before and after; 0 where there is none.
    modifier
        None at depart and arrive.
    exit
        Which exit of the roundabout is taken, from 1; None elsewhere, and where the leg ends inside.
    """

    kind: Kind
    modifier: Modifier | None
    place: tuple[float, float]
    bearing_before_deg: int
    bearing_after_deg: int
    exit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """
    A junction on the way.

    bearings_deg, entries
        Of all roads that meet there, by ascending bearing, and which of them the profile may enter.
    came_by, goes_by
        Indices into these: the road behind and the road ahead; None where the leg begins or ends.
    """

    place: tuple[float, float]
    bearings_deg: tuple[int, ...]
    entries: tuple[bool, ...]
    came_by: int | None
    goes_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    A manoeuvre, and the drive to the next one; at the arrival that drive has no length.

    first, last
        The step is drawn by leg.line[first : last + 1].
    duration_s, distance_m
        Exact to 0.01, where the leg's are rounded; the steps sum to what the leg was rounded from.
    crossings
        The manoeuvre's own junction first, then those passed without being told.
    """

    manoeuvre: Manoeuvre
    name: str
    ref: str
    duration_s: float
    distance_m: float
    first: int
    last: int
    crossings: tuple[Crossing, ...]


def steps_of(leg: Leg, junctions: Junctions, weights: NDArray[np.int64]) -> tuple[Step, ...]:
    """
    At least a departure and an arrival; `weights` are those of the profile that drove the leg.
    """
    return tuple(_Telling(leg, junctions, weights).steps())


def modifier_of(bend: float) -> Modifier:
    """The word for a bend in degrees, to the right above 0."""
    size = abs(bend)
    if size > _SHARP_DEG:
        return Modifier.UTURN
    if size <= _STRAIGHT_DEG:
        return Modifier.STRAIGHT
    right, left = (
        (Modifier.SLIGHT_RIGHT, Modifier.SLIGHT_LEFT)
        if size <= _SLIGHT_DEG
        else (Modifier.RIGHT, Modifier.LEFT)
        if size <= _TURN_DEG
        else (Modifier.SHARP_RIGHT, Modifier.SHARP_LEFT)
    )
    return right if bend > 0.0 else left


class _Telling:
    """
    One leg while its steps are found.

    Stretches across a barrier, or beyond a halt on the same road, belong to what lies before.
    """

    def __init__(self, leg: Leg, junctions: Junctions, weights: NDArray[np.int64]) -> None:
        course = leg.course
        self._junctions, self._weights = junctions, weights
        self._line = np.array(leg.line)
        arcs = course.arcs.tolist()
        inside = (course.starts > 0.0) & (course.starts < 1.0)
        begins = [
            i
            for i, arc in enumerate(arcs)
            if i == 0
            or not (junctions.traits(arc).highway == BARRIER or (inside[i] and arc == arcs[i - 1]))
        ]
        stops = [*begins[1:], len(arcs)]
        spent = course.weights + course.turn_weights
        self._arcs: list[int] = [arcs[i] for i in begins]
        self._inside = inside[begins]
        self._points = [*course.points[begins].tolist(), int(course.points[-1])]
        self._weights_spent = [
            int(spent[start:stop].sum()) for start, stop in zip(begins, stops, strict=True)
        ]

    def steps(self) -> Iterator[Step]:
        told: list[tuple[int, Manoeuvre]] = [(0, self._departure())]
        passed: dict[int, Crossing] = {}
        entered: tuple[int, int] | None = None  # the roundabout's manoeuvre, and exits so far
        if self._round(0):
            entered = (-1, 0)
        for i in range(1, len(self._arcs)):
            passed[i] = self._crossing(i)
            if self._round(i):
                if entered is None:
                    entered = (len(told), 0)
                    told.append((i, self._at(i, Kind.ROUNDABOUT)))
                else:
                    entered = (entered[0], entered[1] + self._exits(i))
            elif entered is not None:
                which, exits = entered[0], entered[1] + 1
                if which >= 0:
                    told[which] = (told[which][0], replace(told[which][1], exit=exits))
                told.append((i, replace(self._at(i, Kind.EXIT_ROUNDABOUT), exit=exits)))
                entered = None
            else:
                kind = self._kind(i)
                if kind is not None:
                    told.append((i, self._at(i, kind)))
        stops = [*(i for i, _ in told[1:]), len(self._arcs)]
        for (start, manoeuvre), stop in zip(told, stops, strict=True):
            spent = sum(self._weights_spent[start:stop])
            own = [passed[i] for i in range(max(start, 1), stop)]
            if start == 0:
                own.insert(0, self._end(0))
            yield Step(
                manoeuvre=manoeuvre,
                name=self._junctions.name(self._arcs[start]),
                ref=self._junctions.ref(self._arcs[start]),
                duration_s=(spent >> 32) / 100.0,
                distance_m=(spent & DISTANCE_BITS) / 100.0,
                first=self._points[start],
                last=self._points[stop],
                crossings=tuple(own),
            )
        yield self._arrival()

    def _departure(self) -> Manoeuvre:
        return Manoeuvre(
            kind=Kind.DEPART,
            modifier=None,
            place=self._place(0),
            bearing_before_deg=0,
            bearing_after_deg=_whole_deg(self._ahead_deg(0)),
        )

    def _arrival(self) -> Step:
        last = len(self._line) - 1
        return Step(
            manoeuvre=Manoeuvre(
                kind=Kind.ARRIVE,
                modifier=None,
                place=self._place(last),
                bearing_before_deg=_whole_deg(self._behind_deg(last)),
                bearing_after_deg=0,
            ),
            name=self._junctions.name(self._arcs[-1]),
            ref=self._junctions.ref(self._arcs[-1]),
            duration_s=0.0,
            distance_m=0.0,
            first=last,
            last=last,
            crossings=(self._end(last),),
        )

    def _at(self, i: int, kind: Kind) -> Manoeuvre:
        point = self._points[i]
        before, after = self._behind_deg(point), self._ahead_deg(point)
        bend = bend_deg(before, after)
        modifier = Modifier.UTURN if self._turns_back(i) else modifier_of(bend)
        if kind in _KEEPS_A_SIDE and modifier is Modifier.STRAIGHT:
            modifier = self._side(i, bend)
        return Manoeuvre(
            kind=kind,
            modifier=modifier,
            place=self._place(point),
            bearing_before_deg=_whole_deg(before),
            bearing_after_deg=_whole_deg(after),
        )

    def _side(self, i: int, bend: float) -> Modifier:
        """Whether a way nearly straight on keeps left or right of the others there."""
        others = [self._bend(i, arc) for arc in self._options(i) if arc != self._arcs[i]]
        nearest = min(others, key=abs, default=-bend)
        return Modifier.SLIGHT_LEFT if bend < nearest else Modifier.SLIGHT_RIGHT

    def _kind(self, i: int) -> Kind | None:
        """What to say at the i-th stretch's beginning; None where the way goes on by itself."""
        came, goes = self._arcs[i - 1], self._arcs[i]
        same_road = self._same_road(came, goes)
        if self._turns_back(i):
            return Kind.CONTINUE
        bend = self._bend(i, goes)
        others = [arc for arc in self._options(i) if arc != goes]
        was, will_be = (self._junctions.traits(arc).highway for arc in (came, goes))
        if others and will_be in _RAMPS and was not in _RAMPS:
            return Kind.OFF_RAMP if was in _FAST else Kind.ON_RAMP
        if was in _RAMPS and will_be in _FAST:
            return Kind.MERGE
        if not others or self._is_plain(i, bend, others, same_road=same_road):
            return None if same_road or not self._junctions.name(goes) else Kind.NEW_NAME
        if abs(bend) <= _SLIGHT_DEG:
            return Kind.FORK
        if same_road and self._junctions.name(goes):
            return Kind.CONTINUE
        elsewhere = [self._bend(i, arc) for arc in others]
        ends = all(abs(other) > _SLIGHT_DEG for other in elsewhere)
        both_sides = any(other * bend < 0.0 for other in elsewhere)
        return Kind.END_OF_ROAD if ends and both_sides else Kind.TURN

    def _is_plain(self, i: int, bend: float, others: list[int], *, same_road: bool) -> bool:
        """Whether everybody who is told nothing would take this way, and none of the others."""
        if abs(bend) > _SLIGHT_DEG:
            return False
        came, goes = self._arcs[i - 1], self._arcs[i]
        rank = _RANK[self._junctions.traits(goes).highway]
        named = same_road and bool(self._junctions.name(goes) or self._junctions.ref(goes))
        for other in others:
            straighter = abs(self._bend(i, other)) - abs(bend)
            lesser = _RANK[self._junctions.traits(other).highway] > rank
            leaves_name = named and not self._same_road(came, other)
            if straighter < (-_SLIGHT_DEG if lesser or leaves_name else _PLAINLY_DEG):
                return False
        return True

    def _same_road(self, one: int, other: int) -> bool:
        name, ref = self._junctions.name, self._junctions.ref
        if name(one) or name(other):
            return name(one) == name(other)
        return ref(one) == ref(other)

    def _turns_back(self, i: int) -> bool:
        return bool(self._arcs[i] == self._arcs[i - 1] ^ 1)

    def _node(self, i: int) -> int:
        """The junction where the i-th stretch begins."""
        return self._junctions.head(self._arcs[i] ^ 1)

    def _options(self, i: int) -> list[int]:
        """What the driver could enter where the i-th stretch begins, without turning back."""
        back = self._arcs[i - 1] ^ 1
        return [
            arc
            for arc in self._junctions.leaving(self._node(i))
            if arc != back and self._weights[arc] < CLOSED
        ]

    def _exits(self, i: int) -> int:
        """How many exits of a roundabout lie where its i-th stretch begins."""
        return sum(
            self._junctions.traits(arc).junction not in ROUNDABOUTS for arc in self._options(i)
        )

    def _round(self, i: int) -> bool:
        return self._junctions.traits(self._arcs[i]).junction in ROUNDABOUTS

    def _bend(self, i: int, onto: int) -> float:
        after = (
            self._ahead_deg(self._points[i])
            if onto == self._arcs[i]
            else self._junctions.bearing_deg(onto)
        )
        return bend_deg(self._behind_deg(self._points[i]), after)

    def _ahead_deg(self, point: int) -> float:
        return bearing_deg(self._line[point:])

    def _behind_deg(self, point: int) -> float:
        return (bearing_deg(self._line[point::-1]) + 180.0) % 360.0 if point else 0.0

    def _place(self, point: int) -> tuple[float, float]:
        lon, lat = self._line[point].tolist()
        return lon, lat

    def _crossing(self, i: int) -> Crossing:
        if self._inside[i]:  # one turns back between two junctions
            return replace(self._end(self._points[i]), goes_by=0)
        back = self._arcs[i - 1] ^ 1
        arcs = {*self._junctions.leaving(self._node(i)), self._arcs[i], back}
        around = sorted((_whole_deg(self._junctions.bearing_deg(arc)), arc) for arc in arcs)
        order = [arc for _, arc in around]
        return Crossing(
            place=self._place(self._points[i]),
            bearings_deg=tuple(bearing for bearing, _ in around),
            entries=tuple(bool(self._weights[arc] < CLOSED) for arc in order),
            came_by=order.index(back),
            goes_by=order.index(self._arcs[i]),
        )

    def _end(self, point: int) -> Crossing:
        bearing = self._ahead_deg(0) if point == 0 else (self._behind_deg(point) + 180.0) % 360.0
        return Crossing(
            place=self._place(point),
            bearings_deg=(_whole_deg(bearing),),
            entries=(True,),
            came_by=None if point == 0 else 0,
            goes_by=0 if point == 0 else None,
        )


def _whole_deg(bearing: float) -> int:
    return round(bearing) % 360
