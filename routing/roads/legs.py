"""One drive between two positions: the roads it takes, what each of them costs, and the line on the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.roads.compiled import Weighting
from routing.roads.fastest_path import fastest_path
from routing.roads.geometry import cut
from routing.roads.graph import CLOSED, Roads
from routing.roads.positions import Positions, straight, unpack
from routing.roads.snap import Snap


class NoPath(RoutingError):
    """Two positions that no path of the profile connects."""

    code: ClassVar[str] = "no-path"

    def __init__(self, origin: Snap, destination: Snap, profile: str) -> None:
        self.origin, self.destination, self.profile = origin, destination, profile
        super().__init__(
            f"no way for {profile} from {origin.place.lon:.6f}, {origin.place.lat:.6f} to"
            f" {destination.place.lon:.6f}, {destination.place.lat:.6f}: check closures between them"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """
    The k stretches of road that a leg drives one after the other, at least one.

    arcs
        int64 (k,): 2 × road where it is driven along its line, one more where it is driven back.
    starts, ends
        float64 (k,): shares of the road's line; a stretch driven back starts above its end.
    weights
        int64 (k,): packed (`arcs.pack`); with `turn_weights` they sum to the weight of the leg.
    turn_weights
        int64 (k,): packed, of the turn onto each stretch.
    points
        int64 (k + 1,): stretch i is drawn by line[points[i] : points[i + 1] + 1].
    """

    arcs: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.int64]
    turn_weights: NDArray[np.int64]
    points: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """
    One drive between two positions.

    `duration_s` and `distance_m` equal the matrix cell of the same pair. `line` holds (lon, lat)
    along the road, at least two points even where the positions are the same.
    """

    duration_s: int
    distance_m: int
    line: tuple[tuple[float, float], ...]
    course: Course = field(compare=False, repr=False)


def find_leg(roads: Roads, weighting: Weighting, positions: Positions) -> Leg | None:
    """The fastest drive from the first of two positions to the second; None without a path."""
    direct = straight(positions, 0, 1)
    found = fastest_path(
        weighting.engine.hierarchy,
        weighting.metric,
        positions.origins.only(0),
        positions.destinations.only(1),
    )
    weight = min(direct, found.weight)
    if weight >= CLOSED:
        return None
    (origin, destination), (leaves_at, stops_at) = positions.edges, positions.fractions
    if direct <= found.weight:
        arcs = np.array([2 * origin + (leaves_at > stops_at)])
        starts, ends = np.array([leaves_at]), np.array([stops_at])
        weights = np.array([direct])
        turn_weights = np.zeros(1, np.int64)
    else:
        whole = found.arcs.astype(np.int64)
        back = whole % 2 == 1
        first, last = 2 * origin + (1 - found.origin_end), 2 * destination + found.destination_end
        arcs = np.concatenate(([first], whole, [last]))
        starts = np.concatenate(([leaves_at], back, [float(found.destination_end)]))
        ends = np.concatenate(([float(found.origin_end)], ~back, [stops_at]))
        weights = np.concatenate(
            (
                positions.origins.costs[:1, found.origin_end],
                weighting.weights[whole],
                positions.destinations.costs[1:, found.destination_end],
            )
        )
        # Who starts or stops at a junction drives nothing of the road that names the position.
        driven = starts != ends
        driven[0] |= not driven.any()
        arcs, starts, ends, weights = arcs[driven], starts[driven], ends[driven], weights[driven]
        turn_weights = _turn_weights(weighting, arcs)
    duration_s, distance_m = unpack(weight)
    line, points = _drawn(roads, arcs, starts, ends)
    return Leg(
        duration_s=duration_s,
        distance_m=distance_m,
        line=tuple((lon, lat) for lon, lat in line.tolist()),
        course=Course(
            arcs=arcs,
            starts=starts,
            ends=ends,
            weights=weights,
            turn_weights=turn_weights,
            points=points,
        ),
    )


def joined(legs: Sequence[Leg]) -> Leg:
    """One leg that drives all of `legs`, at least one, each beginning where the one before ends."""
    if len(legs) == 1:
        return legs[0]
    courses = [leg.course for leg in legs]
    offsets = np.cumsum([0, *(len(leg.line) - 1 for leg in legs)])
    line = [point for leg in legs[:-1] for point in leg.line[:-1]]
    arcs, starts, ends, weights, turn_weights = (
        np.concatenate([getattr(course, name) for course in courses])
        for name in ("arcs", "starts", "ends", "weights", "turn_weights")
    )
    begins = np.concatenate(
        [course.points[:-1] + offset for course, offset in zip(courses, offsets, strict=False)]
    )
    # A halt where nothing is driven would look like a stretch of its own.
    driven = starts != ends
    driven[0] |= not driven.any()
    return Leg(
        duration_s=sum(leg.duration_s for leg in legs),
        distance_m=sum(leg.distance_m for leg in legs),
        line=(*line, *legs[-1].line),
        course=Course(
            arcs=arcs[driven],
            starts=starts[driven],
            ends=ends[driven],
            weights=weights[driven],
            turn_weights=turn_weights[driven],
            points=np.append(begins[driven], offsets[-1]),
        ),
    )


def _turn_weights(weighting: Weighting, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
    """What the turn onto each of the arcs costs, 0 for the first and wherever turns are free."""
    weights = np.zeros(len(arcs), np.int64)
    if not weighting.turn_weights.any():
        return weights
    graph = weighting.engine.turn_graph
    _charge(graph.turned_from, graph.turned_onto, weighting.turn_weights, arcs, weights)
    return weights


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _charge(
    turned_from: NDArray[np.int32],
    turned_onto: NDArray[np.int32],
    turn_weights: NDArray[np.int64],
    arcs: NDArray[np.int64],
    weights: NDArray[np.int64],
) -> None:
    for i in range(1, len(arcs)):
        turn = np.searchsorted(turned_from, arcs[i - 1])
        best = CLOSED
        # A turn that is forbidden to some who come this way stands there twice.
        while turn < len(turned_from) and turned_from[turn] == arcs[i - 1]:
            if turned_onto[turn] == arcs[i]:
                best = min(best, turn_weights[turn])
            turn += 1
        if best < CLOSED:
            weights[i] = best


def _drawn(
    roads: Roads,
    arcs: NDArray[np.int64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The line along all stretches without repeated points, and where on it each stretch begins."""
    partial = [0] if len(arcs) == 1 else [0, len(arcs) - 1]
    cuts = {i: np.array(cut(roads.line(int(arcs[i]) // 2), starts[i], ends[i])) for i in partial}
    inner = arcs[1:-1]
    firsts, stops = roads.offsets[inner // 2], roads.offsets[inner // 2 + 1]
    counts = stops - firsts
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    forward = np.repeat(inner % 2 == 0, counts)
    drawn = np.where(forward, np.repeat(firsts, counts) + nth, np.repeat(stops - 1, counts) - nth)
    line = np.concatenate((cuts[0], roads.lon_lat[drawn], *(cuts[i] for i in partial[1:])))
    sizes = [len(cuts[0]), *counts.tolist(), *(len(cuts[i]) for i in partial[1:])]
    begins = np.cumsum([0, *sizes])
    begins[-1] -= 1
    moves = np.ones(len(line), np.bool_)
    moves[1:] = (line[1:] != line[:-1]).any(axis=1)
    if moves.sum() == 1:
        return line[[0, -1]], np.concatenate((np.zeros(len(arcs), np.int64), [1]))
    return line[moves], (np.cumsum(moves) - 1)[begins]
