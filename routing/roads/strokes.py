"""Strokes: edges of one class and name drawn without lifting the pen, so that a map has fewer lines."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.roads.edges import RoadEdges

STROKE_EDGES: Final = 16
"""Most edges in a stroke: a longer one saves little and touches too many tiles. Chosen, not measured."""

_NOBODY: Final = -1


def join_strokes(edges: RoadEdges) -> RoadEdges:
    """
    The same drawing with edges of one class and name joined where they meet.

    Where more than two meet, any two are joined: ink does not show which way the pen went. Near-linear
    in the number of edges (0.5 s for 94,000).
    """
    if not edges.count:
        return edges
    stroke, reversed_, offsets = _ordered(_mates(edges))
    starts, ends = edges.offsets[:-1][stroke], edges.offsets[1:][stroke]
    heads = np.zeros(len(stroke), bool)
    heads[offsets[:-1]] = True
    skipped = np.where(heads, 0, 1)  # an edge that goes on has its first point from the one before
    counts = ends - starts - skipped
    point_offsets = np.concatenate(([0], np.cumsum(counts)))
    step = np.arange(point_offsets[-1]) - np.repeat(point_offsets[:-1] - skipped, counts)
    forward = np.repeat(starts, counts) + step
    backward = np.repeat(ends - 1, counts) - step
    rows = np.where(np.repeat(reversed_, counts), backward, forward)
    firsts = stroke[offsets[:-1]]
    return RoadEdges(
        offsets=point_offsets[offsets],
        lon_lat=edges.lon_lat[rows],
        class_codes=edges.class_codes[firsts],
        class_names=edges.class_names,
        name_indices=edges.name_indices[firsts],
        names=edges.names,
    )


def _mates(edges: RoadEdges) -> NDArray[np.int64]:
    """
    For each end the end it goes on with, or NOBODY.

    Edge i has the ends 2i, at its first point, and 2i + 1, at its last.
    """
    points = np.column_stack((edges.offsets[:-1], edges.offsets[1:] - 1)).ravel()
    lon, lat = edges.lon_lat[points].T
    alike = (np.repeat(edges.class_codes, 2), np.repeat(edges.name_indices, 2), lon, lat)
    order = np.lexsort(alike)
    same = np.ones(len(order) - 1, bool)
    for key in alike:
        same &= key[order[1:]] == key[order[:-1]]
    new_group = np.concatenate(([True], ~same))
    group_start = np.maximum.accumulate(np.where(new_group, np.arange(len(order)), 0))
    rank = np.arange(len(order)) - group_start
    second = np.flatnonzero(rank % 2 == 1)
    left, right = order[second - 1], order[second]
    apart = left // 2 != right // 2  # a ring meets itself: nothing to join
    mates = np.full(len(order), _NOBODY, np.int64)
    mates[left[apart]] = right[apart]
    mates[right[apart]] = left[apart]
    return mates


def _ordered(
    mates: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Edges in drawing order, whether each is drawn backwards, and where each stroke begins."""
    mate = mates.tolist()
    count = len(mate) // 2
    drawn = bytearray(count)
    order: list[int] = []
    backwards: list[bool] = []
    offsets = [0]
    open_ends = np.flatnonzero(mates == _NOBODY).tolist()
    for start in (*open_ends, *range(0, 2 * count, 2)):  # what is left after the first are rings
        end = start
        while end != _NOBODY and not drawn[end // 2]:
            drawn[end // 2] = True
            order.append(end // 2)
            backwards.append(end % 2 == 1)
            if len(order) - offsets[-1] == STROKE_EDGES:
                offsets.append(len(order))
            end = mate[end ^ 1]
        if len(order) > offsets[-1]:
            offsets.append(len(order))
    return np.array(order), np.array(backwards), np.array(offsets)
