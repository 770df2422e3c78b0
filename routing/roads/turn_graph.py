"""
The graph that searches run on: roads, with those junctions split where not every turn is free.

At a split junction those who may turn anywhere arrive at its entry and leave from its exit; an arc
with a turn of its own gets a node of its own there, and arcs of weight 0 stand for the turns. Where
a restriction remembers more than the last road (via ways), the roads between are duplicated for
those who came that way, so that a search never has to remember anything itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from routing.roads.arcs import arc_ends, bearings_rad
from routing.roads.graph import CLOSED, TURN, Roads
from routing.roads.speeds import Profile
from routing.roads.turns import TurnCosts, TurnRestriction

_Sequence = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnGraph:
    """
    The k arcs of the split graph: 2m road arcs (`arcs.arc_ends`), duplicates of some, then t turns.

    tails, heads
        int32 (k,).
    road_arcs
        int32 (k,): the road arc that each arc stands for, TURN for turns.
    entries, exits
        int32 (n,): the node from which one who starts at a junction may turn anywhere, and the node
        that all who reach the junction can reach.
    sinks
        int32 (2m,): the node that all who are about to travel a road arc can reach.
    junctions
        int32: the junction that each node is a part of.
    blocked_arcs, blocked_by
        int32 (b,): arc blocked_arcs[i] is closed to whom restriction blocked_by[i] binds.
    turned_from, turned_onto
        int32 (t,): the road arcs before and after each turn that may cost time, the arcs before
        rising; -1 for other turns, which come first.
    """

    tails: NDArray[np.int32]
    heads: NDArray[np.int32]
    road_arcs: NDArray[np.int32]
    entries: NDArray[np.int32]
    exits: NDArray[np.int32]
    sinks: NDArray[np.int32]
    junctions: NDArray[np.int32]
    blocked_arcs: NDArray[np.int32]
    blocked_by: NDArray[np.int32]
    turned_from: NDArray[np.int32]
    turned_onto: NDArray[np.int32]

    @property
    def turns(self) -> slice:
        """Where the turns stand among the arcs."""
        return slice(len(self.road_arcs) - len(self.turned_from), len(self.road_arcs))

    def turn_weights(self, roads: Roads, profile: Profile) -> NDArray[np.int64]:
        """int64 (t,): what each turn costs this profile, CLOSED where it is forbidden to it."""
        weights = np.zeros(len(self.turned_from), np.int64)
        if profile.turn_costs is not None:
            costly = np.flatnonzero(self.turned_from >= 0)
            weights[costly] = _costs(
                roads, profile.turn_costs, self.turned_from[costly], self.turned_onto[costly]
            )
        binds = np.array([one.binds(profile.access_keys) for one in roads.restrictions], np.bool_)
        weights[self.blocked_arcs[binds[self.blocked_by]] - self.turns.start] = CLOSED
        return weights

    def arc_weights(
        self, weights: NDArray[np.int64], turn_weights: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """int64 (k,): weights of all arcs from those of the 2m road arcs and of the turns."""
        travelled = self.road_arcs[: self.turns.start]
        return np.concatenate((weights[travelled], turn_weights))


def _costs(
    roads: Roads,
    costs: TurnCosts,
    turned_from: NDArray[np.int32],
    turned_onto: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Packed weights of turns between road arcs at junctions of three roads or more."""
    sets_out, arrives = bearings_rad(roads)
    bend = sets_out[turned_onto] - arrives[turned_from]
    bend = (bend + np.pi) % (2.0 * np.pi) - np.pi  # clockwise; comparisons with NaN are false
    # Straight back along another road counts as a left turn, whatever rounding makes of it.
    bend = np.where(bend > np.pi - 1e-6, -np.pi, bend)
    seconds = np.select(
        (turned_onto == (turned_from ^ 1), bend > np.pi / 4.0, bend < -np.pi / 4.0),
        (costs.u_turn_s, costs.right_s, costs.left_s),
        0.0,
    )
    return np.rint((seconds + costs.crossing_s) * 100.0).astype(np.int64) << 32


def connected_only(
    graph: TurnGraph,
    lengths_m: NDArray[np.float64],
    weights: NDArray[np.int64],
    turn_weights: NDArray[np.int64],
) -> NDArray[np.int64]:
    """
    Road arcs' weights with CLOSED outside the largest strongly connected component.

    A place on an island, behind a private gate or beyond a one-way exit would have no way there or
    back; with those closed, every two open positions are connected. `lengths_m` is float64 (m,).
    """
    count = len(graph.junctions)
    is_open = graph.arc_weights(weights, turn_weights) < CLOSED
    links = csr_array(
        (np.ones(is_open.sum(), np.int8), (graph.tails[is_open], graph.heads[is_open])),
        shape=(count, count),
    )
    _, component = connected_components(links, connection="strong")
    travelled = slice(graph.turns.start)
    begins, ends = component[graph.tails[travelled]], component[graph.heads[travelled]]
    inside = is_open[travelled] & (begins == ends)
    if not inside.any():
        return np.full_like(weights, CLOSED)
    # The largest by length of road: a dense car park must not outweigh a village.
    arcs = graph.road_arcs[travelled]
    road_m = np.bincount(begins[inside], weights=lengths_m[arcs[inside] // 2])
    # A duplicate inside opens the arc itself: whoever starts on it may turn wherever that one may.
    kept = np.zeros(len(weights), np.bool_)
    kept[arcs[inside & (begins == road_m.argmax())]] = True
    return np.where(kept, weights, CLOSED)


class _Arcs:
    """Road arcs by the junction where they begin or end."""

    def __init__(self, roads: Roads) -> None:
        self.tails, self.heads = arc_ends(roads)
        self._by_tail = np.argsort(self.tails, kind="stable").astype(np.int32)
        self._first = np.searchsorted(
            self.tails[self._by_tail], np.arange(len(roads.node_lon_lat) + 1)
        )

    def leaving(self, junction: int) -> list[int]:
        arcs = self._by_tail[self._first[junction] : self._first[junction + 1]]
        return [int(arc) for arc in arcs]

    def of(self, road: int) -> tuple[int, int]:
        return 2 * road, 2 * road + 1


def split(roads: Roads, *, costly: bool = False) -> TurnGraph:
    """
    Split the junctions that a restriction names, and no other.

    With `costly` also those where three roads or more meet, so that every turn there may have a cost.
    """
    arcs = _Arcs(roads)
    meeting = np.bincount(arcs.tails, minlength=len(roads.node_lon_lat)) if costly else np.zeros(0)
    splits = np.flatnonzero(meeting >= 3)  # each road leaves a junction as one arc
    forbidden = _forbidden(arcs, roads.restrictions)
    prefixes = sorted({path[:end] for path in forbidden for end in range(2, len(path))})
    m2, n = len(arcs.tails), len(roads.node_lon_lat)
    states = {prefix: m2 + i for i, prefix in enumerate(prefixes)}  # a lone arc is its own state
    arc_of = [*range(m2), *(prefix[-1] for prefix in prefixes)]
    lone = np.flatnonzero(np.isin(arcs.heads, splits)).tolist()
    arriving = [(arc,) for arc in sorted({path[0] for path in forbidden} | set(lone))] + prefixes
    turning = {
        (_state(states, passed), onward): _turned(states, forbidden, (*passed, onward))
        for passed in arriving
        for onward in arcs.leaving(int(arcs.heads[passed[-1]]))
    }
    # States that need a node of their own where they begin: not everybody who arrives may enter.
    set_off = {
        end
        for (_, onward), (to, blocks) in turning.items()
        if blocks or to != onward
        for end in (onward, to)
    }
    set_off.update(np.flatnonzero(np.isin(arcs.tails, splits)).tolist())
    split_at = sorted({int(arcs.heads[passed[-1]]) for passed in arriving})

    junctions = list(range(n))

    def node_at(junction: int) -> int:
        junctions.append(junction)
        return len(junctions) - 1

    entries = np.arange(n, dtype=np.int32)
    for junction in split_at:
        entries[junction] = node_at(junction)
    tails, heads = arcs.tails[arc_of], entries[arcs.heads[arc_of]]
    for state in sorted(set_off):
        tails[state] = node_at(int(tails[state]))
    for passed in arriving:
        heads[_state(states, passed)] = node_at(int(arcs.heads[passed[-1]]))

    turns: dict[tuple[int, int], tuple[int, ...]] = {}
    between: dict[tuple[int, int], tuple[int, int]] = {}
    costs_time = set(splits.tolist())
    for junction in split_at:
        entry = int(entries[junction])
        turns[entry, junction] = ()
        for onward in arcs.leaving(junction):
            if onward in set_off:
                turns[entry, int(tails[onward])] = ()
    for (state, _), (to, blocks) in turning.items():
        turns[int(heads[state]), int(arcs.tails[arc_of[to]])] = ()
        if to in set_off:
            pair = int(heads[state]), int(tails[to])
            turns[pair] = blocks
            if int(junctions[pair[0]]) in costs_time:
                between[pair] = arc_of[state], arc_of[to]
    sinks = tails[:m2].copy()
    for arc in sorted({prefix[-1] for prefix in prefixes}):
        sinks[arc] = node_at(int(arcs.tails[arc]))
        for state in (arc, *(states[prefix] for prefix in prefixes if prefix[-1] == arc)):
            turns[int(tails[state]), int(sinks[arc])] = ()

    listed = sorted(turns, key=lambda pair: between.get(pair, (-1, -1))[0])
    pairs = np.array(listed, np.int32).reshape(-1, 2)
    blocked = [(len(arc_of) + i, number) for i, pair in enumerate(listed) for number in turns[pair]]
    turned = np.array([between.get(pair, (-1, -1)) for pair in listed], np.int32).reshape(-1, 2)
    blocked_pairs = np.array(blocked, np.int32).reshape(-1, 2)
    return TurnGraph(
        tails=np.concatenate((tails, pairs[:, 0])),
        heads=np.concatenate((heads, pairs[:, 1])),
        road_arcs=np.concatenate((np.array(arc_of, np.int32), np.full(len(pairs), TURN, np.int32))),
        entries=entries,
        exits=np.arange(n, dtype=np.int32),
        sinks=sinks,
        junctions=np.array(junctions, np.int32),
        blocked_arcs=blocked_pairs[:, 0].copy(),
        blocked_by=blocked_pairs[:, 1].copy(),
        turned_from=turned[:, 0].copy(),
        turned_onto=turned[:, 1].copy(),
    )


def _state(states: dict[_Sequence, int], passed: _Sequence) -> int:
    return states[passed] if len(passed) > 1 else passed[0]


def _turned(
    states: dict[_Sequence, int], forbidden: dict[_Sequence, list[int]], path: _Sequence
) -> tuple[int, tuple[int, ...]]:
    """The state after `path`, which is the longest end of it that matters, and who forbids the turn."""
    ends = [path[start:] for start in range(len(path) - 1)]
    blocks = {number for end in ends for number in forbidden.get(end, ())}
    remembered = next((states[end] for end in ends if end in states), path[-1])
    return remembered, tuple(sorted(blocks))


def _forbidden(
    arcs: _Arcs, restrictions: tuple[TurnRestriction, ...]
) -> dict[_Sequence, list[int]]:
    """The sequences of arcs that complete a forbidden turn, each with the restrictions that say so."""
    found: defaultdict[_Sequence, list[int]] = defaultdict(list)
    allowed: defaultdict[tuple[object, ...], set[_Sequence]] = defaultdict(set)
    for restriction in restrictions:
        if restriction.is_only:
            allowed[_same_only(restriction)].update(_paths(arcs, restriction))
    for number, restriction in enumerate(restrictions):
        for path in _paths(arcs, restriction):
            if not restriction.is_only:
                found[path].append(number)
                continue
            kept = allowed[_same_only(restriction)]
            # With one junction the first turn is the one restricted; via ways are free to enter.
            for end in range(1 if len(path) == 2 else 2, len(path)):
                for onward in arcs.leaving(int(arcs.heads[path[end - 1]])):
                    left = (*path[:end], onward)
                    if all(other[: end + 1] != left for other in kept):
                        found[left].append(number)
    return dict(found)


def _same_only(restriction: TurnRestriction) -> tuple[object, ...]:
    """What mandatory turns have in common that are alternatives to each other."""
    return (restriction.roads[:-1], restriction.nodes, restriction.vehicle, restriction.exempt)


def _paths(arcs: _Arcs, restriction: TurnRestriction) -> Iterator[_Sequence]:
    """The restricted roads as arcs; more than one path only where a road is a loop."""
    for path in product(*map(arcs.of, restriction.roads)):
        if all(
            arcs.heads[arc] == node == arcs.tails[onward]
            for (arc, onward), node in zip(pairwise(path), restriction.nodes, strict=True)
        ):
            yield path
