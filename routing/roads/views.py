"""What is made of the roads alone, at its first use; networks that differ in weights share it."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.roads.closures import Affected, Closure, ClosureMisplaced, affected
from routing.roads.compiled import Compiled
from routing.roads.graph import graph_of
from routing.roads.junctions import Junctions
from routing.roads.recent import RecentMatrices
from routing.roads.snap import SnapIndex
from routing.roads.traits import NO_STOPPING

_CLOSURES_KEPT: Final = 1024


class Views:
    """
    Ways to look at the roads of a network.

    affected
        Of a closure: the roads it is about, or why there are none.
    matrices
        Of all networks that share the roads, by version.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.affected = lru_cache(_CLOSURES_KEPT)(self._affected)
        self.matrices = RecentMatrices()

    def _affected(self, closure: Closure) -> Affected | ClosureMisplaced:
        try:
            return affected(closure, self._compiled.roads)
        except ClosureMisplaced as misplaced:
            return misplaced

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        return graph_of(self._compiled.roads, synthetic=self._compiled.synthetic)

    @cached_property
    def junctions(self) -> Junctions:
        return Junctions(self._compiled.roads)

    @cached_property
    def may_stop(self) -> NDArray[np.bool_]:
        """Bool (m,): roads on which somebody may be picked up."""
        roads = self._compiled.roads
        allows = np.array([kind.highway not in NO_STOPPING for kind in roads.traits], np.bool_)
        return np.asarray(allows[roads.traits_with])

    @cached_property
    def snap_index(self) -> SnapIndex:
        return SnapIndex(self._compiled.roads)
