"""
Turn restrictions as OpenStreetMap relations, carried over to the roads that ways have become.

https://wiki.openstreetmap.org/wiki/Relation:restriction
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Final

from routing.roads.traits import ACCESS_KEYS
from routing.roads.turns import TurnRestriction

_VEHICLE_OF: Final = {"restriction": "vehicle"} | {
    f"restriction:{key}": key for key in ACCESS_KEYS if key != "access"
}
_TIMED: Final = "restriction:conditional"
RESTRICTION_KEYS: Final = (*_VEHICLE_OF, _TIMED)
"""Tags of which a restriction has at least one."""

_SEVERAL_ALLOWED: Final = {"no_entry": "from", "no_exit": "to"}


class _Dropped(Exception):
    """Why one relation is not honoured; counted, never seen outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    """One rule of a relation in OpenStreetMap's own ids, all of its turning points known."""

    kind: str
    ways: tuple[int, ...]
    nodes: tuple[int, ...]
    vehicle: str
    exempt: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEnds:
    """
    One road as the importer made it.

    nodes, ways
        OpenStreetMap's node, and the way that the road is a part of there, at its tail and head.
    ends
        The same two nodes in the model.
    """

    nodes: tuple[int, int]
    ways: tuple[int, int]
    ends: tuple[int, int]


@dataclass(slots=True)
class TurnRelations:
    """The restrictions of one extract on their way into the model, and a count of what was lost."""

    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    _told: list[tuple[int, Mapping[str, str], Sequence[tuple[str, str, int]]]] = field(
        default_factory=list
    )
    _rules: list[_Relation] = field(default_factory=list)

    def add(
        self, number: int, tags: Mapping[str, str], members: Sequence[tuple[str, str, int]]
    ) -> None:
        """Take a relation in; members are (role, "n" or "w", id)."""
        self.read += 1
        self._told.append((number, tags, members))

    def resolve(self, way_ends: Mapping[int, tuple[int, int]], barriers: Iterable[int]) -> set[int]:
        """
        Find the nodes where the restricted turns happen, and return them: they must stay nodes.

        `way_ends` holds the first and last node of every way that is whole in the extract.
        """
        closed_off = set(barriers)
        for number, tags, members in self._told:
            try:
                rules = list(_rules_of(number, tags, members, way_ends))
            except _Dropped as reason:
                self.dropped[str(reason)] += 1
                continue
            if any(closed_off & set(rule.nodes) for rule in rules):
                self.dropped["a barrier stands at the turn"] += 1
            else:
                self._rules += rules
        return {node for rule in self._rules for node in rule.nodes}

    def on_roads(self, roads: Mapping[int, RoadEnds]) -> list[TurnRestriction]:
        """The restrictions in the model's terms; `roads` by their number in the model."""
        at: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for number, road in roads.items():
            for node, way in zip(road.nodes, road.ways, strict=True):
                at[node, way].append(number)
        found = []
        lost: dict[int, str] = {}
        for rule in self._rules:
            try:
                found.append(_on_roads(rule, roads, at))
            except _Dropped as reason:
                lost[rule.number] = str(reason)
        self.dropped.update(lost.values())
        return [restriction for restriction in found if restriction.osm_relation not in lost]


def _rules_of(
    number: int,
    tags: Mapping[str, str],
    members: Sequence[tuple[str, str, int]],
    way_ends: Mapping[int, tuple[int, int]],
) -> Iterator[_Relation]:
    stated = {key: tags[key] for key in _VEHICLE_OF if key in tags}
    if not stated:
        raise _Dropped("holds at some times only" if _TIMED in tags else "no kind stated")
    by_role: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for role, kind, ref in members:
        by_role[role, kind].append(ref)
    before, after = by_role["from", "w"], by_role["to", "w"]
    via_nodes, via_ways = by_role["via", "n"], by_role["via", "w"]
    if not before or not after or not (len(via_nodes) == 1) ^ bool(via_ways):
        raise _Dropped("lacks from, via or to")
    exempt = tuple(part.strip() for part in tags.get("except", "").split(";") if part.strip())
    for key, kind in stated.items():
        if not kind.startswith(("no_", "only_")):
            raise _Dropped("unknown kind")
        for role, given in (("from", before), ("to", after)):
            if len(given) > 1 and _SEVERAL_ALLOWED.get(kind) != role:
                raise _Dropped(f"several ways as {role}")
        for first, last in product(before, after):
            ways = (first, *via_ways, last)
            yield _Relation(
                kind=kind,
                ways=ways,
                nodes=tuple(_turning_points(ways, via_nodes, way_ends)),
                vehicle=_VEHICLE_OF[key],
                exempt=exempt,
                number=number,
            )


def _turning_points(
    ways: Sequence[int], via_nodes: Sequence[int], way_ends: Mapping[int, tuple[int, int]]
) -> Iterator[int]:
    for way, onward in pairwise(ways):
        if way not in way_ends or onward not in way_ends:
            raise _Dropped("a way is missing or cut off")
        shared = set(way_ends[way]) & set(way_ends[onward])
        if via_nodes:
            shared &= set(via_nodes)
        if len(shared) != 1 or any(len(set(way_ends[one])) == 1 for one in (way, onward)):
            raise _Dropped("the ways do not meet end to end")
        yield shared.pop()


def _on_roads(
    rule: _Relation,
    roads: Mapping[int, RoadEnds],
    at: Mapping[tuple[int, int], Sequence[int]],
) -> TurnRestriction:
    node = rule.nodes[0]
    numbers = [_only(at.get((node, rule.ways[0]), ()))]
    passed = [_end_at(roads[numbers[0]], node)]
    for way, stop in zip(rule.ways[1:-1], rule.nodes[1:], strict=True):
        while node != stop:  # other roads may meet the via way
            numbers.append(_only(set(at.get((node, way), ())) - {numbers[-1]}))
            tail, head = roads[numbers[-1]].nodes
            node = head if node == tail else tail
            passed.append(_end_at(roads[numbers[-1]], node))
    return TurnRestriction(
        kind=rule.kind,
        roads=(*numbers, _only(at.get((node, rule.ways[-1]), ()))),
        nodes=tuple(passed),
        vehicle=rule.vehicle,
        exempt=rule.exempt,
        osm_relation=rule.number,
    )


def _end_at(road: RoadEnds, node: int) -> int:
    return road.ends[road.nodes.index(node)]


def _only(numbers: Iterable[int]) -> int:
    found = list(numbers)
    if len(found) != 1:
        raise _Dropped("the way meets itself at the turn")
    return found[0]
