"""Where roads meet: which arcs leave each junction, and in which direction they set out."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.roads.arcs import arc_ends
from routing.roads.geometry import METRES_PER_DEGREE
from routing.roads.graph import Roads
from routing.roads.traits import BARRIER, Traits

_LOOK_M: Final = 15.0
"""A bearing is that of the first metres, not of the first bend of the kerb. Chosen, not measured."""


class Junctions:
    """Arcs by the junction from which they set out; arc 2i runs along road i, arc 2i + 1 back."""

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        self._tails, self._heads = arc_ends(roads)
        self._by_tail = np.argsort(self._tails, kind="stable")
        self._first = np.searchsorted(
            self._tails[self._by_tail], np.arange(len(roads.node_lon_lat) + 1)
        )

    def head(self, arc: int) -> int:
        return int(self._heads[arc])

    def leaving(self, node: int) -> tuple[int, ...]:
        """All arcs that set out at a junction, open or not, barriers left out."""
        arcs = self._by_tail[self._first[node] : self._first[node + 1]].tolist()
        return tuple(arc for arc in arcs if self.traits(arc).highway != BARRIER)

    def traits(self, arc: int) -> Traits:
        kind = int(self._roads.traits_with[arc // 2])
        if arc % 2:
            against = int(self._roads.traits_against[arc // 2])
            kind = against if against >= 0 else kind
        return self._roads.traits[kind]

    def name(self, arc: int) -> str:
        return str(self._roads.texts[self._roads.name_indices[arc // 2]])

    def ref(self, arc: int) -> str:
        return str(self._roads.texts[self._roads.ref_indices[arc // 2]])

    def bearing_deg(self, arc: int) -> float:
        """The direction in which an arc sets out, 0…360 clockwise from north."""
        line = self._roads.line(arc // 2)
        return bearing_deg(line if arc % 2 == 0 else line[::-1])


def bearing_deg(line: NDArray[np.float64]) -> float:
    """The direction of the first metres of a (k, 2) line, 0…360; 0 for one without extent."""
    lon, lat = line[0].tolist()
    shrink = cos(radians(lat))
    east = north = 0.0
    for point in line[1:]:  # not all at once: the line may be the rest of a long leg
        next_lon, next_lat = point.tolist()
        east, north = (
            (next_lon - lon) * shrink * METRES_PER_DEGREE,
            (next_lat - lat) * METRES_PER_DEGREE,
        )
        if hypot(east, north) >= _LOOK_M:
            break
    return degrees(atan2(east, north)) % 360.0


def bend_deg(before_deg: float, after_deg: float) -> float:
    """How far one turns to the right from one bearing to another, in (-180, 180]."""
    bend = (after_deg - before_deg) % 360.0
    return bend - 360.0 if bend > 180.0 else bend
