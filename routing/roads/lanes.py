"""Lanes that a map lacks, drawn by hand: read from GeoJSON, joined to the roads, compiled with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, ClassVar, Final

import networkx as nx
import numpy as np
import shapely

from routing.errors import RoutingError
from routing.places import Place
from routing.roads.geometry import METRES_PER_DEGREE, cut
from routing.roads.graph import add_road
from routing.roads.network import RoadNetwork
from routing.roads.osm_tags import oneway_of, traits_of
from routing.roads.traits import BARRIER, FERRY, ROAD_CLASSES
from routing.roads.turns import TurnRestriction

_Edge = tuple[int, int, int, dict[str, Any]]

JOIN_M: Final = 20.0
"""An end so near to a road was meant to meet it. Chosen: wider than a road, narrower than a yard."""

_AT_JUNCTION_M: Final = 0.01  # the resolution of packed weights


class LaneRefused(RoutingError):
    """A lane that cannot become a road."""

    code: ClassVar[str] = "lane-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """
    A road to be added.

    line
        Its points, 2 or more. Either end meets the nearest road within JOIN_M, by a junction that is
        made there if there is none; in between it crosses roads without meeting them.
    tags
        As OpenStreetMap has them, with `highway` at least: `surface`, `oneway`, `name`, access, ….

    Raises
    ------
    LaneRefused
    """

    line: tuple[Place, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.line) < 2 or all(place == self.line[0] for place in self.line):
            raise LaneRefused("a lane needs 2 different points or more")
        highway = self.tags.get("highway", "")
        if highway not in ROAD_CLASSES:
            raise LaneRefused(
                f"highway={highway!r} is no class of road: give service, track, residential, …"
            )


def read_lanes(content: bytes) -> tuple[Lane, ...]:
    """
    The LineStrings of a GeoJSON file, their properties as tags.

    Raises
    ------
    LaneRefused
        Not all of it is lanes; the message says where.
    """
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as broken:
        raise LaneRefused(f"the lanes are no JSON: {broken}") from broken
    kind = told.get("type") if isinstance(told, dict) else None
    features = told.get("features") if kind == "FeatureCollection" else [told]
    if kind not in ("FeatureCollection", "Feature") or not isinstance(features, list):
        raise LaneRefused("the lanes are no GeoJSON: give a FeatureCollection of LineStrings")
    lanes = []
    for number, feature in enumerate(features):
        try:
            lanes.append(_lane_of(feature))
        except RoutingError as refused:
            raise LaneRefused(f"lane {number}: {refused}") from refused
    return tuple(lanes)


def add_lane(graph: nx.MultiDiGraph[int], lane: Lane) -> None:
    """
    Add a lane to the networkx model of a network, and the junctions where its ends meet roads.

    Raises
    ------
    LaneRefused
        It meets no road with either end: nobody could get there.
    """
    tail, tail_meets = _end(graph, lane.line[0])
    head, head_meets = _end(graph, lane.line[-1])
    if not (tail_meets or head_meets):
        raise LaneRefused(
            f"no road lies within {JOIN_M:.0f} m of either end: draw the lane up to one"
        )
    inner = [(place.lon, place.lat) for place in lane.line[1:-1]]
    if oneway_of(lane.tags) < 0:
        tail, head, inner = head, tail, inner[::-1]
    add_road(
        graph,
        tail,
        head,
        traits=traits_of(lane.tags),
        line=[_at(graph, tail), *inner, _at(graph, head)],
        name=lane.tags.get("name", ""),
        ref=lane.tags.get("ref", ""),
    )


def with_lanes(network: RoadNetwork, lanes: Sequence[Lane]) -> RoadNetwork:
    """
    The network with `lanes` as roads of it, compiled anew. Lanes may meet lanes that come before them.

    Raises
    ------
    LaneRefused
    """
    graph = network.graph.copy()
    for number, lane in enumerate(lanes):
        try:
            add_lane(graph, lane)
        except LaneRefused as refused:
            raise LaneRefused(f"lane {number}: {refused}") from refused
    profiles = [network.profile(name) for name in network.profiles]
    return RoadNetwork.from_graph(graph, profiles=profiles)


def _lane_of(feature: Any) -> Lane:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict):
        geometry = {}
    points = geometry.get("coordinates")
    if geometry.get("type") != "LineString" or not isinstance(points, list):
        raise LaneRefused("it is no Feature with a LineString")
    tags = feature.get("properties") or {}
    if not isinstance(tags, dict):
        raise LaneRefused("its properties are no object")
    line = []
    for point in points:
        pair = point[:2] if isinstance(point, list) else []
        if len(pair) < 2 or any(
            isinstance(x, bool) or not isinstance(x, int | float) for x in pair
        ):
            raise LaneRefused(f"{str(point)[:40]} is no pair of degrees")
        try:
            line.append(Place(float(pair[0]), float(pair[1])))
        except OverflowError as huge:
            raise LaneRefused(f"{str(point)[:40]}… is no pair of degrees") from huge
    return Lane(
        line=tuple(line),
        tags={_told(key): _told(value) for key, value in tags.items() if value is not None},
    )


def _told(value: Any) -> str:
    """As text that every file can hold: JSON can smuggle in half a character, and bells."""
    whole = str(value).encode(errors="replace").decode()
    return "".join(each for each in whole if each.isprintable())


@dataclass(frozen=True, slots=True)
class _Halves:
    """What a road was split into: `first` from `tail` to `node`, `second` from there to `head`."""

    first: int
    second: int
    tail: int
    node: int
    head: int

    def ways(
        self, enters: int | None, leaves: int | None
    ) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Roads and the nodes between them for who enters and leaves at a node; None: on the road."""
        found: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        if enters is None or leaves is None:
            at = leaves if enters is None else enters
            found += [((self.first,), ())] * (at == self.tail)
            found += [((self.second,), ())] * (at == self.head)
        else:
            inner = (self.node,)
            found += [((self.first, self.second), inner)] * (
                (enters, leaves) == (self.tail, self.head)
            )
            found += [((self.second, self.first), inner)] * (
                (enters, leaves) == (self.head, self.tail)
            )
        return found


def _at(graph: nx.MultiDiGraph[int], node: int) -> tuple[float, float]:
    return graph.nodes[node]["lon"], graph.nodes[node]["lat"]


def _end(graph: nx.MultiDiGraph[int], place: Place) -> tuple[int, bool]:
    """The node at an end of a lane, and whether it is one of the nearest road, split there if need be."""
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(place.lat)), 1.0])
    point = shapely.Point((place.lon, place.lat) * scale)
    edges = [
        edge
        for edge in graph.edges(keys=True, data=True)
        if edge[3]["highway"] not in {BARRIER, FERRY}
    ]
    if not edges:
        return _new_node(graph, place), False
    lines = [np.array(told["geometry"]) * scale for *_, told in edges]
    indices = np.repeat(np.arange(len(lines)), [*map(len, lines)])
    drawn = np.asarray(shapely.linestrings(np.concatenate(lines), indices=indices))
    gaps_m = np.asarray(shapely.distance(drawn, point))
    nearest = int(gaps_m.argmin())
    if gaps_m[nearest] > JOIN_M:
        return _new_node(graph, place), False
    passed_m, whole_m = drawn[nearest].project(point), drawn[nearest].length
    tail, head, *_ = edges[nearest]
    if passed_m < _AT_JUNCTION_M:
        return tail, True
    if passed_m > whole_m - _AT_JUNCTION_M:
        return head, True
    return _split_road(graph, edges[nearest], passed_m / whole_m), True


def _new_node(graph: nx.MultiDiGraph[int], place: Place) -> int:
    node = 1 + max(graph.nodes)
    graph.add_node(node, lon=place.lon, lat=place.lat, osm_node=0)
    return node


def _split_road(graph: nx.MultiDiGraph[int], along: _Edge, share: float) -> int:
    """A new node at a share of an edge's length; its road, in both directions, becomes two."""
    tail, head, _, told = along
    line = np.array(told["geometry"])
    before, behind = cut(line, 0.0, share), cut(line, share, 1.0)
    node = _new_node(graph, Place(*behind[0]))
    first, second = told["road"], graph.graph["roads"] + 1
    graph.graph["roads"] = second
    halves = (
        (first, tail, node, before, told["length_m"] * share),
        (second, node, head, behind, told["length_m"] * (1.0 - share)),
    )
    both = [edge for edge in graph.edges(keys=True, data=True) if edge[3]["road"] == first]
    for edge in both:
        graph.remove_edge(*edge[:3])
        for road, one, other, part, length_m in halves:
            more = edge[3] | {"road": road, "length_m": length_m}
            if edge[3] is told:
                graph.add_edge(one, other, **more | {"geometry": part})
            else:
                graph.add_edge(other, one, **more | {"geometry": part[::-1]})
    split = _Halves(first, second, tail, node, head)
    graph.graph["turn_restrictions"] = [
        each for one in graph.graph["turn_restrictions"] for each in _split(one, first, split)
    ]
    return node


def _split(restriction: TurnRestriction, road: int, halves: _Halves) -> Iterator[TurnRestriction]:
    """What a restriction becomes when `road` is split: more than one only where it was a loop."""
    last = len(restriction.roads) - 1
    choices = []
    for i, passed in enumerate(restriction.roads):
        enters = None if i == 0 else restriction.nodes[i - 1]
        leaves = None if i == last else restriction.nodes[i]
        choices.append(halves.ways(enters, leaves) if passed == road else [((passed,), ())])
    for ways in product(*choices):
        roads = [each for passed, _ in ways for each in passed]
        nodes: list[int] = []
        for i, (_, inner) in enumerate(ways):
            nodes.extend(inner)
            nodes.extend(restriction.nodes[i : i + 1])
        yield replace(restriction, roads=tuple(roads), nodes=tuple(nodes))
