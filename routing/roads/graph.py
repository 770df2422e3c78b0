"""The networkx model of roads and its compact arrays: one to look at and edit, the other to compute with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, ClassVar, Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.roads.geometry import line_length_m, step_lengths_m
from routing.roads.traits import ACCESS_KEYS, Size, Traits
from routing.roads.turns import TurnRestriction

CLOSED: Final = 1 << 61
"""The weight of what cannot be travelled; two of them still fit an int64."""

TURN: Final = 1 << 30
"""Stands for a road's arc where there is none: the arc is a turn at a junction."""

DISTANCE_BITS: Final = (1 << 32) - 1
"""The bits of a packed weight that hold its distance, see `arcs.pack`."""

_NO_TRAITS: Final = -1
_LIMITS: Final = {f"max{f.name}": f.name for f in fields(Size)}
_PLAIN_TRAITS: Final = tuple(f.name for f in fields(Traits) if f.name not in {"access", "limits"})
_TRAIT_KEYS: Final = (*_PLAIN_TRAITS, *_LIMITS, *ACCESS_KEYS)


class GraphRefused(RoutingError):
    """A networkx graph that is no road model."""

    code: ClassVar[str] = "graph-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """
    n nodes and m roads as arrays; a road counts once and has up to two directions.

    node_lon_lat
        float64 (n, 2).
    tails, heads
        int32 (m,): the nodes where the drawn line begins and ends.
    traits_with, traits_against
        int32 (m,): index into `traits` for travel along the line and back; -1 where the model has
        no such edge.
    lengths_m
        float64 (m,).
    offsets, lon_lat
        int64 (m + 1,) and float64 (k, 2): road i's line is lon_lat[offsets[i]:offsets[i + 1]].
    name_indices, ref_indices
        int32 (m,): index into `texts`; 0 is the empty text.
    restrictions
        Of turns, with roads and nodes as numbers of these arrays.
    """

    node_lon_lat: NDArray[np.float64]
    osm_nodes: NDArray[np.int64]
    tails: NDArray[np.int32]
    heads: NDArray[np.int32]
    traits_with: NDArray[np.int32]
    traits_against: NDArray[np.int32]
    lengths_m: NDArray[np.float64]
    offsets: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    osm_ways: NDArray[np.int64]
    name_indices: NDArray[np.int32]
    ref_indices: NDArray[np.int32]
    texts: tuple[str, ...]
    traits: tuple[Traits, ...]
    restrictions: tuple[TurnRestriction, ...] = ()

    @property
    def count(self) -> int:
        return len(self.tails)

    def line(self, road: int) -> NDArray[np.float64]:
        return self.lon_lat[self.offsets[road] : self.offsets[road + 1]]


def add_road(
    graph: nx.MultiDiGraph[int],
    tail: int,
    head: int,
    *,
    traits: tuple[Traits, Traits],
    line: Sequence[tuple[float, float]],
    name: str = "",
    ref: str = "",
    osm_way: int = 0,
) -> None:
    """
    Add both directions of a road to the model as two edges.

    An edge holds `highway`, `length_m`, `geometry` (lon, lat pairs with both ends), `name`, `ref`,
    `osm_way`, `road` (the same number on both directions) and, where known, `surface`,
    `tracktype`, `barrier`, `junction`, `maxspeed_kmh`, `maxheight_m` and its like, a ferry's
    `crossing_kmh` and the access tags. The edge that runs
    against a one-way road is marked `against_oneway`: whoever walks may take it.
    """
    length_m = line_length_m(line)
    road = graph.graph["roads"] = graph.graph.get("roads", -1) + 1
    for u, v, kind, points in (
        (tail, head, traits[0], tuple(line)),
        (head, tail, traits[1], tuple(line[::-1])),
    ):
        graph.add_edge(
            u,
            v,
            road=road,
            length_m=length_m,
            geometry=points,
            name=name,
            ref=ref,
            osm_way=osm_way,
            **_attributes_of(kind),
        )


@lru_cache(maxsize=4096)  # an extract has a few thousand kinds of road, and many roads of each
def _attributes_of(traits: Traits) -> dict[str, Any]:
    told = {name: getattr(traits, name) for name in _PLAIN_TRAITS}
    limits = {key: getattr(traits.limits, name) for key, name in _LIMITS.items()}
    return {
        key: value
        for key, value in (told | limits | dict(traits.access)).items()
        if value or key == "highway"
    }


def traits_of_edge(attributes: Mapping[str, Any]) -> Traits:
    """The traits that an edge of the model holds as attributes."""
    limit = attributes.get("maxspeed_kmh")
    return Traits(
        highway=attributes["highway"],
        surface=attributes.get("surface", ""),
        tracktype=attributes.get("tracktype", ""),
        barrier=attributes.get("barrier", ""),
        maxspeed_kmh=None if limit is None else int(limit),
        against_oneway=bool(attributes.get("against_oneway", False)),
        junction=attributes.get("junction", ""),
        crossing_kmh=_number(attributes.get("crossing_kmh")),
        limits=Size(**{name: _number(attributes.get(key)) for key, name in _LIMITS.items()}),
        access=tuple((key, attributes[key]) for key in ACCESS_KEYS if key in attributes),
    )


def _number(stated: Any) -> float | None:
    return None if stated is None else float(stated)


class _Table:
    """Distinct values in the order of their first appearance, each with its number."""

    def __init__(self, *first: Any) -> None:
        self.numbers: dict[Any, int] = {value: number for number, value in enumerate(first)}

    def number(self, value: Any) -> int:
        return self.numbers.setdefault(value, len(self.numbers))


class RoadsBuilder:
    """Gathers nodes and roads one by one, as an extract or a model has them, into the arrays of Roads."""

    def __init__(self) -> None:
        self._texts, self._kinds = _Table(""), _Table()
        self._nodes: list[tuple[float, float]] = []
        self._osm_nodes: list[int] = []
        self._rows: list[tuple[int, ...]] = []
        self._counts: list[int] = []
        self._points: list[tuple[float, float]] = []
        self._stated_m: dict[int, float] = {}

    @property
    def node_count(self) -> int:
        return len(self._nodes)

    def add_node(self, lon: float, lat: float, *, osm_node: int) -> int:
        self._nodes.append((lon, lat))
        self._osm_nodes.append(osm_node)
        return len(self._nodes) - 1

    def kind(self, traits: Traits) -> int:
        """The number of these traits among all that roads have."""
        return self._kinds.number(traits)

    def add_road(
        self,
        tail: int,
        head: int,
        *,
        kinds: tuple[int, int],
        line: Sequence[tuple[float, float]],
        length_m: float | None = None,
        name: str = "",
        ref: str = "",
        osm_way: int = 0,
    ) -> int:
        """A road along `line` and back, and its number; its length is the line's where none is stated."""
        road = len(self._rows)
        texts = self._texts.number(name), self._texts.number(ref)
        self._rows.append((tail, head, *kinds, osm_way, *texts))
        self._counts.append(len(line))
        self._points.extend(line)
        if length_m is not None:
            self._stated_m[road] = length_m
        return road

    def roads(self, restrictions: tuple[TurnRestriction, ...]) -> Roads:
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * 7
        lon_lat = np.array(self._points, np.float64).reshape(-1, 2)
        offsets = np.cumsum([0, *self._counts], dtype=np.int64)
        lengths_m = _lengths_m(lon_lat, offsets)
        lengths_m[list(self._stated_m)] = list(self._stated_m.values())
        return Roads(
            node_lon_lat=np.array(self._nodes, np.float64).reshape(-1, 2),
            osm_nodes=np.array(self._osm_nodes, np.int64),
            tails=np.array(columns[0], np.int32),
            heads=np.array(columns[1], np.int32),
            traits_with=np.array(columns[2], np.int32),
            traits_against=np.array(columns[3], np.int32),
            lengths_m=lengths_m,
            offsets=offsets,
            lon_lat=lon_lat,
            osm_ways=np.array(columns[4], np.int64),
            name_indices=np.array(columns[5], np.int32),
            ref_indices=np.array(columns[6], np.int32),
            texts=tuple(self._texts.numbers),
            traits=tuple(self._kinds.numbers),
            restrictions=restrictions,
        )


def _lengths_m(lon_lat: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Metres along each line: float64 (m,)."""
    if len(lon_lat) < 2:
        return np.zeros(len(offsets) - 1)
    steps_m = np.append(step_lengths_m(lon_lat), 0.0)
    steps_m[offsets[1:] - 1] = 0.0  # from one line's end to the next one's beginning
    return np.add.reduceat(steps_m, offsets[:-1])


def roads_of(graph: nx.MultiDiGraph[Any]) -> Roads:
    """
    Compile the model into arrays, edited by hand or not.

    Nodes need `lon` and `lat`, edges need `highway`; a missing `geometry` is the straight line
    between the nodes and a missing `length_m` is the length of the geometry. Two opposite edges
    with the same `road` become one road with two directions; an edge without `road` stands alone.
    The graph's own attribute `turn_restrictions` is a list of TurnRestriction; those that name a
    road or a node which is no longer there are left out.

    Raises
    ------
    GraphRefused
        A node or an edge lacks what it needs, or a number is none, negative or not finite.
    """
    try:
        return _roads_of(graph)
    except (TypeError, ValueError) as refused:
        raise GraphRefused(f"an attribute of the model is no number: {refused}") from refused


def _roads_of(graph: nx.MultiDiGraph[Any]) -> Roads:
    nodes = {node: number for number, node in enumerate(graph.nodes)}
    try:
        node_lon_lat = np.array([(at["lon"], at["lat"]) for _, at in graph.nodes(data=True)], float)
    except KeyError as missing:
        raise GraphRefused(f"every node needs lon and lat; one lacks {missing}") from missing
    # Comparisons with NaN are false, so NaN is refused too.
    if node_lon_lat.size and not (np.abs(node_lon_lat) <= (180.0, 90.0)).all():
        raise GraphRefused("a node lies outside lon -180…180, lat -90…90: are they swapped?")
    edges_of: defaultdict[Any, list[tuple[Any, Any, dict[str, Any]]]] = defaultdict(list)
    for u, v, key, attributes in graph.edges(keys=True, data=True):
        if "highway" not in attributes:
            raise GraphRefused(f"edge {u} → {v} lacks the attribute highway")
        road = attributes.get("road")
        directions = edges_of[road] if road is not None else []
        opposite = len(directions) == 1 and directions[0][:2] == (v, u)
        if road is None or (directions and not opposite):
            directions = edges_of[u, v, key]
        directions.append((u, v, attributes))

    gathered = RoadsBuilder()
    for _, at in graph.nodes(data=True):
        gathered.add_node(at["lon"], at["lat"], osm_node=at.get("osm_node", 0))
    kind_of: dict[tuple[Any, ...], int] = {}
    road_of: dict[Any, int] = {}
    for directions in edges_of.values():
        # Drawn the way it may be driven; sorted() keeps the order of two-way roads.
        directions.sort(key=lambda edge: bool(edge[2].get("against_oneway", False)))
        u, v, attributes = directions[0]
        line = attributes.get("geometry") or [
            (graph.nodes[node]["lon"], graph.nodes[node]["lat"]) for node in (u, v)
        ]
        stated_m = attributes.get("length_m")
        length_m = None if stated_m is None else float(stated_m)
        if length_m is not None and not 0.0 <= length_m < float("inf"):
            raise GraphRefused(f"edge {u} → {v} has length_m {length_m}")
        kinds = []
        for _, _, told in directions:
            stated = tuple(told.get(key) for key in _TRAIT_KEYS)
            if stated not in kind_of:
                kind_of[stated] = gathered.kind(traits_of_edge(told))
            kinds.append(kind_of[stated])
        road = gathered.add_road(
            nodes[u],
            nodes[v],
            kinds=(kinds[0], kinds[1] if len(kinds) > 1 else _NO_TRAITS),
            line=line,
            length_m=length_m,
            name=str(attributes.get("name", "")),
            ref=str(attributes.get("ref", "")),
            osm_way=attributes.get("osm_way", 0),
        )
        road_of.setdefault(attributes.get("road"), road)
    roads = gathered.roads(_restrictions_of(graph, road_of, nodes))
    if roads.lon_lat.size and not (np.abs(roads.lon_lat) <= (180.0, 90.0)).all():
        raise GraphRefused("a geometry leaves lon -180…180, lat -90…90, or is no number there")
    return roads


def _restrictions_of(
    graph: nx.MultiDiGraph[Any], road_of: Mapping[Any, int], nodes: Mapping[Any, int]
) -> tuple[TurnRestriction, ...]:
    restrictions = graph.graph.get("turn_restrictions", ())
    for one in restrictions:
        well_formed = isinstance(one, TurnRestriction) and len(one.roads) == len(one.nodes) + 1 > 1
        if not well_formed or not str(one.kind).startswith(("no_", "only_")):
            raise GraphRefused(
                f"{one!r} is no turn restriction: give a TurnRestriction of kind no_… or only_…,"
                " with one road more than nodes"
            )
    return tuple(
        replace(
            one,
            roads=tuple(road_of[road] for road in one.roads),
            nodes=tuple(nodes[node] for node in one.nodes),
        )
        for one in restrictions
        if road_of.keys() >= set(one.roads) and nodes.keys() >= set(one.nodes)
    )


def graph_of(roads: Roads, *, synthetic: bool) -> nx.MultiDiGraph[int]:
    """Build the model again from its arrays, with the attributes that `add_road` describes."""
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(
        synthetic=synthetic,
        roads=roads.count - 1,
        turn_restrictions=list(roads.restrictions),
    )
    for node, ((lon, lat), osm_node) in enumerate(
        zip(roads.node_lon_lat.tolist(), roads.osm_nodes.tolist(), strict=True)
    ):
        graph.add_node(node, lon=lon, lat=lat, osm_node=osm_node)
    attributes = [_attributes_of(traits) for traits in roads.traits]
    for road in range(roads.count):
        line = tuple((lon, lat) for lon, lat in roads.line(road).tolist())
        tail, head = int(roads.tails[road]), int(roads.heads[road])
        shared = {
            "road": road,
            "length_m": float(roads.lengths_m[road]),
            "name": roads.texts[roads.name_indices[road]],
            "ref": roads.texts[roads.ref_indices[road]],
            "osm_way": int(roads.osm_ways[road]),
        }
        for u, v, kind, points in (
            (tail, head, int(roads.traits_with[road]), line),
            (head, tail, int(roads.traits_against[road]), line[::-1]),
        ):
            if kind != _NO_TRAITS:
                graph.add_edge(u, v, geometry=points, **shared, **attributes[kind])
    return graph
