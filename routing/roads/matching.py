"""
Map matching: the drive that best explains a trace of sightings.

A hidden Markov model after Newson and Krumm, "Hidden Markov Map Matching Through Noise and
Sparseness" (2009). Its states are positions together with the direction of travel, so that a trace
that trembles is no vehicle that turns round, and one that turns round at a door is told to have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.places import Place, great_circle_m
from routing.roads.legs import Leg
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap

POSITIONS_MAX: Final = 10
"""So many of the nearest positions are weighed for each sighting; further ones hardly ever win. Chosen."""

_DETOUR_M: Final = 10.0
"""The beta of the paper: how far the drive between two sightings strays from the straight line. OSRM's value."""
_DETOUR_MAX_M: Final = 2_000.0
_TURNING_BACK_M: Final = 30.0
"""A vehicle that turns round on the road is as unlikely as a detour of this length. Chosen."""
_TREMBLES: Final = 3.0
"""Going back by up to so many standard deviations is standing still."""
_FASTEST_M_S: Final = 50.0
"""Nobody drives faster; a sighting that would need it is a false one. Chosen."""

_PATIENCE: Final = 10
"""So many false sightings in a row are passed over; then a new drive begins. OSRM's value."""
_GAP_S: Final = 60
"""Silence that ends a drive where sightings come more often than every `_GAP_S / _PATIENCE` seconds."""

_ALSO_LIKELY: Final = 0.1
"""A position this share as probable as the one chosen counts as an alternative. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """
    Where a vehicle was seen.

    positions
        Where on the roads it may have been, nearest first (`RoadNetwork.around`); none for a
        sighting that is to be passed over. Their directions of travel count.
    precision_m
        Standard deviation of `place`, above 0.
    at_s
        When; the clock is the caller's. Must not fall, and must be there for all or for none.
    """

    place: Place
    positions: tuple[Snap, ...]
    precision_m: float
    at_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """
    A sighting that was put on a road.

    sighting
        Its number in the trace.
    snap
        The position, with the direction in which the vehicle came; both where it is a junction.
    probability
        Of this position, 0…1, by all that was seen before and after.
    alternatives
        How many other positions are a tenth as probable, or more.
    """

    sighting: int
    snap: Snap
    probability: float
    alternatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """One drive without a break: at least two sightings, and the legs between them."""

    matched: tuple[Matched, ...]
    legs: tuple[Leg, ...]

    @property
    def confidence(self) -> float:
        """How probable the positions are on average, 0…1."""
        return fmean(each.probability for each in self.matched)


def match(
    network: RoadNetwork, profile: str, trace: Sequence[Sighting], *, splits_at_gaps: bool = True
) -> tuple[Matching, ...]:
    """
    The drives that best explain a trace, in order; none where nothing fits together.

    A sighting that no drive explains is passed over. Where many in a row are, or where time passed
    without a sighting (unless not `splits_at_gaps`), one drive ends and the next begins.

    Raises
    ------
    UnknownProfile, SnapRefused
    """
    gap_s = _longest_gap_s(trace) if splits_at_gaps else None
    return tuple(
        _matching(network, profile, links)
        for links in _drives(network, profile, trace, gap_s)
        if len(links) > 1
    )


def tidied(trace: Sequence[Sighting]) -> tuple[int, ...]:
    """
    Numbers of the sightings that say where a vehicle went: those that are clearly apart, and the last.

    Sightings closer together than they are precise tell a drive of their trembling.
    """
    kept: list[int] = []
    for number, sighting in enumerate(trace):
        if kept:
            last = trace[kept[-1]]
            clear_m = _TREMBLES * max(last.precision_m, sighting.precision_m)
            is_last = number == len(trace) - 1
            if not is_last and great_circle_m(last.place, sighting.place) < clear_m:
                continue
        kept.append(number)
    return tuple(kept)


class _States:
    """
    All ways in which a vehicle may have come where it was seen: `count` positions with directions of travel.

    snaps
        The states, and after them those that a vehicle can only have turned into.
    edges, fractions, headings
        Of all snaps, the latter int64: 1 along the road's line, -1 back, 0 at a junction.
    twins
        int64 (count,): among all snaps the same position in the other direction, else the state itself.
    spots
        int64 (count,): equal for states at the same place.
    scores
        float64 (count,): logarithm of how likely the sighting is there, up to a constant.
    """

    def __init__(self, network: RoadNetwork, profile: str, number: int, sighting: Sighting) -> None:
        self.number, self.sighting = number, sighting
        ways = [
            (snap, network.directions(snap.edge, profile))
            for snap in sighting.positions[:POSITIONS_MAX]
        ]
        states: list[tuple[Snap, int, bool]] = []  # with the heading, and whether it may turn
        for snap, (along, back) in ways:
            if snap.fraction in {0.0, 1.0}:
                states.append((snap, 0, False))
                continue
            if along and snap.along:
                states.append((replace(snap, along=True, back=False), 1, back))
            if back and snap.back:
                states.append((replace(snap, along=False, back=True), -1, along))
        self.count = len(states)
        self.snaps = [snap for snap, _, _ in states]
        headings = [heading for _, heading, _ in states]
        number_of = {(s.edge, s.fraction, h): i for i, (s, h, _) in enumerate(states)}
        twins = list(range(self.count))
        for i, (snap, heading, may_turn) in enumerate(states):
            if may_turn:
                twin = (snap.edge, snap.fraction, -heading)
                if twin not in number_of:
                    number_of[twin] = len(self.snaps)
                    self.snaps.append(_facing_back(snap))
                    headings.append(-heading)
                twins[i] = number_of[twin]
        self.twins = np.array(twins, np.int64)
        self.headings = np.array(headings, np.int64)
        self.edges = np.array([snap.edge for snap in self.snaps], np.int64)
        self.fractions = np.array([snap.fraction for snap in self.snaps], np.float64)
        spots: dict[tuple[float, float], int] = {}
        self.spots = np.array(
            [spots.setdefault(_rounded(snap.place), len(spots)) for snap, _, _ in states], np.int64
        )
        gaps_m = np.array([snap.gap_m for snap, _, _ in states], np.float64)
        self.scores = -0.5 * (gaps_m / sighting.precision_m) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """
    A sighting of a drive, and how each of its states may have come from those of the one before.

    scores
        float64 (before, k): logarithm of how likely it is, -inf where there is no way. The first
        link of a drive has none: shape (0, k).
    turns, trembles
        Bool (before, k): whether the vehicle turns round first; whether it stands still.
    """

    states: _States
    scores: NDArray[np.float64]
    turns: NDArray[np.bool_]
    trembles: NDArray[np.bool_]


def _longest_gap_s(trace: Sequence[Sighting]) -> float | None:
    times = [sighting.at_s for sighting in trace if sighting.at_s is not None]
    if len(times) < 2:
        return None
    return max(_GAP_S, _PATIENCE * median(later - sooner for sooner, later in pairwise(times)))


def _drives(
    network: RoadNetwork, profile: str, trace: Sequence[Sighting], gap_s: float | None
) -> Iterator[list[_Link]]:
    """The trace in pieces that a vehicle may have driven, without the sightings that fit nowhere."""
    waiting = [
        states
        for number, sighting in enumerate(trace)
        if (states := _States(network, profile, number, sighting)).count
    ][::-1]
    while waiting:
        links = [_first(waiting.pop())]
        best = links[0].states.scores
        while (
            found := _next(network, profile, links[-1].states, best, waiting, gap_s)
        ) is not None:
            passed_over, link, best = found
            del waiting[-1 - passed_over :]
            links.append(link)
        yield links


def _first(states: _States) -> _Link:
    nothing = np.zeros((0, states.count))
    return _Link(states=states, scores=nothing, turns=nothing > 0, trembles=nothing > 0)


def _next(
    network: RoadNetwork,
    profile: str,
    before: _States,
    best: NDArray[np.float64],
    waiting: Sequence[_States],
    gap_s: float | None,
) -> tuple[int, _Link, NDArray[np.float64]] | None:
    """The first of the coming sightings that the drive explains, after how many that it does not."""
    for passed_over, states in enumerate(waiting[: -1 - _PATIENCE : -1]):
        if gap_s is not None and _seconds(before, states) > gap_s:
            return None
        link = _link(network, profile, before, states)
        onward = (best[:, None] + link.scores).max(axis=0) + states.scores
        if np.isfinite(onward).any():
            return passed_over, link, onward
    return None


def _link(network: RoadNetwork, profile: str, before: _States, states: _States) -> _Link:
    _, table_m = network.table(before.snaps, states.snaps[: states.count], profile)
    driven_m = np.where(table_m < UNREACHABLE, table_m, np.inf)
    sighted = before.sighting, states.sighting
    tremble_m = _TREMBLES * max(sighting.precision_m for sighting in sighted)
    driven_m[_turned_on_the_spot(before, states)] = np.inf
    trembles = _trembles(network, before, states, tremble_m)
    driven_m[trembles] = 0.0
    straight_m = great_circle_m(*(sighting.place for sighting in sighted))
    farthest_m = straight_m + _DETOUR_MAX_M
    if before.sighting.at_s is not None and states.sighting.at_s is not None:
        farthest_m = min(farthest_m, _FASTEST_M_S * _seconds(before, states) + 2.0 * tremble_m)
    scores = -np.abs(driven_m - straight_m) / _DETOUR_M
    scores[driven_m > farthest_m] = -np.inf
    turned = scores[before.twins] - _TURNING_BACK_M / _DETOUR_M
    straight_on, trembles_on = scores[: before.count], trembles[: before.count]
    turned[before.twins == np.arange(before.count)] = -np.inf
    turns = turned > straight_on
    return _Link(
        states=states,
        scores=np.where(turns, turned, straight_on),
        turns=turns,
        trembles=np.where(turns, trembles[before.twins], trembles_on),
    )


def _seconds(before: _States, states: _States) -> int:
    sooner, later = before.sighting.at_s, states.sighting.at_s
    return 0 if sooner is None or later is None else later - sooner


def _turned_on_the_spot(before: _States, states: _States) -> NDArray[np.bool_]:
    """Where the same position is left the other way: a table of positions has 0 there, no way to turn."""
    return np.asarray(
        (before.edges[:, None] == states.edges[: states.count])
        & (before.fractions[:, None] == states.fractions[: states.count])
        & (before.headings[:, None] * states.headings[: states.count] < 0)
    )


def _trembles(
    network: RoadNetwork, before: _States, states: _States, limit_m: float
) -> NDArray[np.bool_]:
    """
    Where a vehicle was seen a little behind, on the same road and in the same direction.

    Never at a junction: whoever gets there may go on another way, and not from where it stood.
    """
    headings, fractions = states.headings[: states.count], states.fractions[: states.count]
    ways = np.where(before.headings[:, None] * headings >= 0, headings, 0)
    behind = (fractions - before.fractions[:, None]) * ways < 0.0
    same = before.edges[:, None] == states.edges[: states.count]
    found = same & behind
    for row, column in zip(*np.nonzero(found), strict=True):
        # Along the road: the other arm of a hairpin bend is near, but not a little behind.
        back = abs(float(fractions[column] - before.fractions[row]))
        found[row, column] = back * network.length_m(states.edges[[column]]) <= limit_m
    return np.asarray(found)


def _matching(network: RoadNetwork, profile: str, links: Sequence[_Link]) -> Matching:
    chosen = _best(links)
    snaps = _held(links, chosen)
    matched = tuple(
        _matched(link.states, state, snap, probabilities)
        for link, state, snap, probabilities in zip(
            links, chosen, snaps, _probabilities(links), strict=True
        )
    )
    legs = tuple(
        network.leg(
            _facing_back(here) if link.turns[way] else here,
            there,
            profile,
        )
        for link, way, (here, there) in zip(
            links[1:], pairwise(chosen), pairwise(snaps), strict=True
        )
    )
    return Matching(matched=matched, legs=legs)


def _best(links: Sequence[_Link]) -> list[int]:
    """The most likely state of each sighting, after Viterbi."""
    scores = links[0].states.scores
    comings: list[NDArray[np.int64]] = []
    for link in links[1:]:
        through = scores[:, None] + link.scores
        comings.append(through.argmax(axis=0))
        scores = through.max(axis=0) + link.states.scores
    chosen = [int(scores.argmax())]
    for coming in reversed(comings):
        chosen.append(int(coming[chosen[-1]]))
    return chosen[::-1]


def _held(links: Sequence[_Link], chosen: Sequence[int]) -> list[Snap]:
    """The positions of a drive that never goes back only because the sightings tremble."""
    seen = held = links[0].states.snaps[chosen[0]]
    found = [held]
    for link, way in zip(links[1:], pairwise(chosen), strict=True):
        here, heading = link.states.snaps[way[1]], int(link.states.headings[way[1]])
        turns = bool(link.turns[way])
        # Whoever trembled back is passed by the drive until the sightings have caught up with it.
        catches_up = (
            not turns
            and heading != 0
            and here.edge == seen.edge
            and heading * (here.fraction - seen.fraction) >= 0.0
        )
        is_passed = here.edge == held.edge and heading * (here.fraction - held.fraction) <= 0.0
        stays = is_passed and (bool(link.trembles[way]) or (held is not seen and catches_up))
        held = (_facing_back(held) if turns else held) if stays else here
        seen = here
        found.append(held)
    return found


def _probabilities(links: Sequence[_Link]) -> list[NDArray[np.float64]]:
    """Of each state of each sighting, given the whole drive, by forward and backward passes."""
    forward = [links[0].states.scores]
    for link in links[1:]:
        forward.append(_summed(forward[-1][:, None] + link.scores, axis=0) + link.states.scores)
    backward = [np.zeros_like(forward[-1])]
    for link in reversed(links[1:]):
        backward.append(_summed(link.scores + link.states.scores + backward[-1], axis=1))
    found = []
    for one, other in zip(forward, reversed(backward), strict=True):
        both = one + other
        found.append(np.exp(both - _summed(both, axis=0)))
    return found


def _summed(scores: NDArray[np.float64], *, axis: int) -> NDArray[np.float64]:
    """Logarithm of the sum of what `scores` are logarithms of; -inf is nothing."""
    return np.asarray(np.logaddexp.reduce(scores, axis=axis))


def _matched(states: _States, state: int, snap: Snap, of_states: NDArray[np.float64]) -> Matched:
    of_spots = np.bincount(states.spots, weights=of_states)
    probability = min(1.0, float(of_spots[states.spots[state]]))
    likely = int((of_spots >= _ALSO_LIKELY * probability).sum())
    return Matched(
        sighting=states.number, snap=snap, probability=probability, alternatives=likely - 1
    )


def _facing_back(snap: Snap) -> Snap:
    return replace(snap, along=snap.back, back=snap.along)


def _rounded(place: Place) -> tuple[float, float]:
    """Of a centimetre: roads that meet at a junction give its place with an error of their own."""
    return round(place.lon, 7), round(place.lat, 7)
