"""The roads as a map draws them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from routing.roads.graph import Roads
from routing.roads.traits import BARRIER


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEdges:
    """
    Every road once, barriers left out.

    offsets, lon_lat
        int64 (m + 1,) and float64 (k, 2) degrees: line i is lon_lat[offsets[i]:offsets[i + 1]].
    class_codes
        uint8 (m,): index into `class_names` (values of OpenStreetMap's highway key).
    name_indices
        int32 (m,): index into `names`; the empty name where a road has none.
    """

    offsets: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    class_codes: NDArray[np.uint8]
    class_names: tuple[str, ...]
    name_indices: NDArray[np.int32]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.class_codes)

    def lines(self) -> Iterator[NDArray[np.float64]]:
        """The lines one by one: float64 (points, 2) degrees."""
        return (self.lon_lat[begin:end] for begin, end in pairwise(self.offsets.tolist()))


def edges_of(roads: Roads, numbers: NDArray[np.int64] | None = None) -> RoadEdges:
    """The roads of these numbers (None: all) as a map draws them."""
    class_names = tuple(dict.fromkeys(kind.highway for kind in roads.traits))
    code_of = {name: code for code, name in enumerate(class_names)}
    codes = np.array([code_of[kind.highway] for kind in roads.traits], np.uint8)
    codes = codes[roads.traits_with]
    drawn = codes != code_of.get(BARRIER, len(class_names))
    if numbers is not None:
        drawn &= np.isin(np.arange(roads.count), numbers)
    points = np.diff(roads.offsets)
    return RoadEdges(
        offsets=np.concatenate(([0], np.cumsum(points[drawn]))),
        lon_lat=roads.lon_lat[np.repeat(drawn, points)],
        class_codes=codes[drawn],
        class_names=class_names,
        name_indices=roads.name_indices[drawn],
        names=roads.texts,
    )
