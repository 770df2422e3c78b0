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
from routing.roads.geometry import line_length_m
from routing.roads.speeds import Profile
from routing.roads.traits import ACCESS_KEYS, Size, Traits
from routing.roads.turns import TurnRestriction

CLOSED: Final = 1 << 61
"""The weight of what cannot be travelled; two of them still fit an int64."""

TURN: Final = 1 << 30
"""Stands for a road's arc where there is none: the arc is a turn at a junction."""

DISTANCE_BITS: Final = (1 << 32) - 1
"""The bits of a packed weight that hold its distance, see `pack`."""

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

    texts, traits = _Table(""), _Table()
    number_of: dict[tuple[Any, ...], int] = {}
    rows: list[tuple[Any, ...]] = []
    lines = []
    road_of: dict[Any, int] = {}
    for directions in edges_of.values():
        # Drawn the way it may be driven; sorted() keeps the order of two-way roads.
        directions.sort(key=lambda edge: bool(edge[2].get("against_oneway", False)))
        u, v, attributes = directions[0]
        road_of.setdefault(attributes.get("road"), len(rows))
        line = attributes.get("geometry") or [
            (graph.nodes[node]["lon"], graph.nodes[node]["lat"]) for node in (u, v)
        ]
        stated_m = attributes.get("length_m")
        length_m = line_length_m(line) if stated_m is None else float(stated_m)
        if not 0.0 <= length_m < float("inf"):
            raise GraphRefused(f"edge {u} → {v} has length_m {length_m}")
        kinds = []
        for _, _, told in directions:
            stated = tuple(told.get(key) for key in _TRAIT_KEYS)
            if stated not in number_of:
                number_of[stated] = traits.number(traits_of_edge(told))
            kinds.append(number_of[stated])
        lines.append(np.asarray(line, dtype=np.float64))
        rows.append(
            (
                nodes[u],
                nodes[v],
                kinds[0],
                kinds[1] if len(kinds) > 1 else _NO_TRAITS,
                length_m,
                attributes.get("osm_way", 0),
                texts.number(attributes.get("name", "")),
                texts.number(attributes.get("ref", "")),
            )
        )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    return Roads(
        node_lon_lat=node_lon_lat.reshape(-1, 2),
        osm_nodes=np.array([at.get("osm_node", 0) for _, at in graph.nodes(data=True)], np.int64),
        tails=np.array(columns[0], np.int32),
        heads=np.array(columns[1], np.int32),
        traits_with=np.array(columns[2], np.int32),
        traits_against=np.array(columns[3], np.int32),
        lengths_m=np.array(columns[4], np.float64),
        offsets=np.cumsum([0, *map(len, lines)], dtype=np.int64),
        lon_lat=np.concatenate(lines) if lines else np.empty((0, 2)),
        osm_ways=np.array(columns[5], np.int64),
        name_indices=np.array(columns[6], np.int32),
        ref_indices=np.array(columns[7], np.int32),
        texts=tuple(texts.numbers),
        traits=tuple(traits.numbers),
        restrictions=_restrictions_of(graph, road_of, nodes),
    )


def _restrictions_of(
    graph: nx.MultiDiGraph[Any], road_of: Mapping[Any, int], nodes: Mapping[Any, int]
) -> tuple[TurnRestriction, ...]:
    restrictions = graph.graph.get("turn_restrictions", ())
    for one in restrictions:
        well_formed = isinstance(one, TurnRestriction) and len(one.roads) == len(one.nodes) + 1 > 1
        if not well_formed or not one.kind.startswith(("no_", "only_")):
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


def arc_ends(roads: Roads) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Tails and heads of all arcs, open or not: arc 2i runs along road i, arc 2i + 1 back."""
    both = np.column_stack((roads.tails, roads.heads))
    return both.ravel(), both[:, ::-1].ravel()


def bearings_rad(roads: Roads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Directions in which each of the 2m arcs sets out and arrives: radians clockwise from north.

    NaN for roads without extent.
    """
    first, last = roads.offsets[:-1], roads.offsets[1:] - 1

    def towards(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.float64]:
        east, north = (roads.lon_lat[stop] - roads.lon_lat[start]).T
        east = east * np.cos(np.radians(roads.lon_lat[start, 1]))
        still = (east == 0.0) & (north == 0.0)
        return np.where(still, np.nan, np.arctan2(east, north))

    sets_out = np.column_stack((towards(first, first + 1), towards(last, last - 1)))
    arrives = np.column_stack((towards(last - 1, last), towards(first + 1, first)))
    return sets_out.ravel(), arrives.ravel()


def pack(durations_cs: NDArray[np.int64], distances_cm: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Put a duration (hundredths of a second) above a distance (centimetres) in one integer.

    Sums and minima of packed weights then add both and prefer the faster, and of two equally fast
    the shorter. Durations up to 62 days stay below CLOSED, distances up to 42,949 km below the
    duration.
    """
    return (durations_cs << 32) | distances_cm


def compile_arcs(roads: Roads, profile: Profile) -> NDArray[np.int64]:
    """
    Packed weights of all arcs for one profile, CLOSED where it may not go.

    Whoever travels also needs a way there and back: see `turn_graph.connected_only`.
    """
    speed_kmh = np.array([profile.speed_kmh(traits) or 0.0 for traits in roads.traits] + [0.0])
    kinds = np.column_stack((roads.traits_with, roads.traits_against)).ravel()
    speeds = speed_kmh[kinds]  # _NO_TRAITS picks the 0 at the end
    lengths_m = np.repeat(roads.lengths_m, 2)
    is_open = speeds > 0.0
    durations_cs = np.rint(lengths_m * 360.0 / np.where(is_open, speeds, 1.0)).astype(np.int64)
    distances_cm = np.rint(lengths_m * 100.0).astype(np.int64)
    return np.where(is_open, pack(durations_cs, distances_cm), CLOSED)
