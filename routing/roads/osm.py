"""OpenStreetMap extracts in: a file becomes the networkx model of its roads and a count of what was dropped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final

import networkx as nx
import osmium
from osmium.filter import KeyFilter

from routing.errors import RoutingError
from routing.roads.geometry import line_length_m
from routing.roads.graph import Roads, RoadsBuilder, graph_of
from routing.roads.osm_tags import oneway_of, reason_to_drop, traits_of
from routing.roads.osm_turns import RESTRICTION_KEYS, RoadEnds, TurnRelations
from routing.roads.traits import FERRY, Traits, size_limits, stopping_barrier

SYNTHETIC_TAG: Final = "cunlu:synthetic"
"""A way tagged so with "yes" was made by a generator; a network that holds one is labelled everywhere."""


_PER_DEGREE: Final = 10_000_000  # of an extract's whole numbers

_Run = list[tuple[int, tuple[float, float]]]


class ExtractUnreadable(RoutingError):
    """A file that is missing, truncated or no OpenStreetMap extract."""

    code: ClassVar[str] = "extract-unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} cannot be read as an OpenStreetMap extract ({reason}): download it again, or"
            " check that it is a .osm.pbf, .osm, .osm.gz or .osm.bz2 file"
        )


class ExtractWithoutRoads(RoutingError):
    """A readable extract that holds no road to travel on."""

    code: ClassVar[str] = "extract-without-roads"

    def __init__(self, path: Path, dropped: Mapping[str, int]) -> None:
        self.path, self.dropped = path, dropped
        told = ", ".join(f"{count} × {reason}" for reason, count in dropped.items())
        super().__init__(
            f"{path} holds no usable road ({told or 'no way has a highway tag'}): choose an extract"
            " that covers roads, complete with their nodes"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """
    What was read from an extract and what was dropped.

    ways_read
        Ways with a highway tag, and ferries.
    ways_dropped
        Reason to number of ways. Ways that lack nodes are cut there and lose only that part.
    junctions, roads, length_m
        Of the simplified graph; a road counts once however many directions it has.
    barriers
        Nodes that stop at least one profile and part at least two roads.
    turn_restrictions_read, turn_restrictions_dropped
        Restrictions found in the extract; and reason to number of those that are not honoured.
    limits_unread
        Key of a limit of size or weight to number of ways where it states no number that is known.
    """

    ways_read: int
    ways_dropped: Mapping[str, int]
    junctions: int
    roads: int
    oneway_roads: int
    length_m: int
    barriers: int
    turn_restrictions_read: int
    turn_restrictions_dropped: Mapping[str, int]
    limits_unread: Mapping[str, int]

    @property
    def turn_restrictions_honoured(self) -> int:
        return self.turn_restrictions_read - sum(self.turn_restrictions_dropped.values())


@dataclass(slots=True, kw_only=True)
class _Stretch:
    """
    A way, a piece of one, or several joined, on its way to become a road.

    traits
        With the drawn direction and against it. A one-way stretch is drawn the way it may be driven.
    osm_ways
        The way at its first node and the way at its last.
    """

    nodes: list[int]
    line: list[tuple[float, float]]
    traits: tuple[Traits, Traits]
    label: tuple[str, str]
    osm_ways: tuple[int, int]

    def part(self, start: int, stop: int) -> _Stretch:
        """The stretch from one of its nodes to another, both included."""
        return _Stretch(
            nodes=self.nodes[start : stop + 1],
            line=self.line[start : stop + 1],
            traits=self.traits,
            label=self.label,
            osm_ways=self.osm_ways,
        )

    def flipped(self) -> _Stretch:
        return _Stretch(
            nodes=self.nodes[::-1],
            line=self.line[::-1],
            traits=(self.traits[1], self.traits[0]),
            label=self.label,
            osm_ways=self.osm_ways[::-1],
        )


@dataclass(slots=True)
class _Reading:
    """What one pass over the file has gathered."""

    stretches: list[_Stretch] = field(default_factory=list)
    barriers: dict[int, Traits] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    limits_unread: Counter[str] = field(default_factory=Counter)
    ways: int = 0
    way_ends: dict[int, tuple[int, int]] = field(default_factory=dict)
    turns: TurnRelations = field(default_factory=TurnRelations)
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """
    What became of an extract.

    synthetic
        Whether any road was made by a generator.
    """

    roads: Roads
    report: ImportReport
    synthetic: bool


def read_osm(
    path: Path, *, on_progress: Callable[[float], None] | None = None
) -> tuple[nx.MultiDiGraph[int], ImportReport]:
    """The roads of an extract as the networkx model (see `graph.add_road`); otherwise as `read_roads`."""
    read = read_roads(path, on_progress=on_progress)
    return graph_of(read.roads, synthetic=read.synthetic), read.report


def read_roads(path: Path, *, on_progress: Callable[[float], None] | None = None) -> Import:
    """
    Read the roads of an extract: `.osm.pbf`, `.osm`, also `.gz` or `.bz2`.

    A barrier is a road of length 0 and class "barrier" that parts the roads meeting there. Points
    where nothing branches and nothing changes are no nodes. Nodes with negative ids (unsaved edits)
    count as missing.

    Raises
    ------
    ExtractUnreadable
        Missing, truncated or foreign file. Nothing is returned of a file that breaks half-way.
    ExtractWithoutRoads
        Read to its end, and no road found.
    """
    tell = on_progress or (lambda _share: None)
    reading = _read(path)
    tell(0.5)
    if not reading.stretches:
        raise ExtractWithoutRoads(path, dict(reading.dropped))
    turning_points = reading.turns.resolve(reading.way_ends, reading.barriers)
    pieces = _split_at_junctions(reading.stretches, reading.barriers)
    stretches = list(_joined(pieces, keep=turning_points | reading.barriers.keys()))
    tell(0.75)
    gathered, barriers, road_ends = _gathered(stretches, reading.barriers)
    roads = gathered.roads(tuple(reading.turns.on_roads(road_ends)))
    tell(1.0)
    report = ImportReport(
        ways_read=reading.ways,
        ways_dropped=dict(sorted(reading.dropped.items())),
        junctions=gathered.node_count,
        roads=len(stretches),
        oneway_roads=sum(stretch.traits[1].against_oneway for stretch in stretches),
        length_m=round(float(roads.lengths_m.sum())),
        barriers=barriers,
        turn_restrictions_read=reading.turns.read,
        turn_restrictions_dropped=dict(sorted(reading.turns.dropped.items())),
        limits_unread=dict(sorted(reading.limits_unread.items())),
    )
    return Import(roads=roads, report=report, synthetic=reading.synthetic)


def _read(path: Path) -> _Reading:
    reading = _Reading()
    try:
        # One pass: the reader keeps the nodes' locations itself and hands over tagged objects only.
        things = osmium.FileProcessor(str(path)).with_locations()
        for thing in things.with_filter(
            KeyFilter("highway", "barrier", "route", *RESTRICTION_KEYS)
        ):
            if isinstance(thing, osmium.osm.Way):
                _take_way(reading, thing)
            elif isinstance(thing, osmium.osm.Node):
                stopping = stopping_barrier({tag.k: tag.v for tag in thing.tags})
                if stopping is not None:
                    reading.barriers[thing.id] = stopping
            elif isinstance(thing, osmium.osm.Relation) and thing.tags.get("type") == "restriction":
                reading.turns.add(
                    thing.id,
                    {tag.k: tag.v for tag in thing.tags},
                    [(member.role, member.type, member.ref) for member in thing.members],
                )
    except (RuntimeError, OSError, UnicodeDecodeError) as refused:
        raise ExtractUnreadable(path, str(refused)) from refused
    return reading


def _take_way(reading: _Reading, way: osmium.osm.Way) -> None:
    tags = {tag.k: tag.v for tag in way.tags}
    if "highway" not in tags:
        if tags.get("route") != "ferry":
            return
        tags["highway"] = FERRY
    reading.ways += 1
    reason = reason_to_drop(tags)
    if reason is not None:
        reading.dropped[reason] += 1
        return
    runs, is_whole = _known_runs(way.nodes)
    if not is_whole:
        reading.dropped["nodes missing"] += 1
    elif len(runs) == 1:
        reading.way_ends[way.id] = (runs[0][0][0], runs[0][-1][0])
    reading.limits_unread.update(size_limits(tags)[1])
    length_m = 0.0
    if tags["highway"] == FERRY:
        length_m = sum(line_length_m([at for _, at in run]) for run in runs)
    traits = traits_of(tags, length_m=length_m)
    for run in runs:
        if oneway_of(tags) < 0:
            run.reverse()
        reading.synthetic |= tags.get(SYNTHETIC_TAG) == "yes"
        reading.stretches.append(
            _Stretch(
                nodes=[node for node, _ in run],
                line=[at for _, at in run],
                traits=traits,
                label=(tags.get("name", ""), tags.get("ref", "")),
                osm_ways=(way.id, way.id),
            )
        )


def _known_runs(nodes: Iterable[Any]) -> tuple[list[_Run], bool]:
    """The longest runs of at least two different nodes whose places the extract holds, and if it holds all."""
    run: _Run = []
    runs = [run]
    has_all = True
    last = None
    for node in nodes:
        location, ref = node.location, node.ref
        if not location.valid():
            has_all, last, run = False, None, []
            runs.append(run)
        elif ref != last:
            run.append((ref, (location.x / _PER_DEGREE, location.y / _PER_DEGREE)))
            last = ref
    known = [run for run in runs if len(run) > 1]
    return known, has_all and bool(known)


def _split_at_junctions(
    stretches: Iterable[_Stretch], barriers: Mapping[int, Traits]
) -> list[_Stretch]:
    """Cut every stretch where it meets another, itself or a barrier."""
    stretches = list(stretches)
    uses = Counter(node for stretch in stretches for node in stretch.nodes)
    pieces = []
    for stretch in stretches:
        start = 0
        for stop in range(1, len(stretch.nodes)):
            node = stretch.nodes[stop]
            if uses[node] > 1 or node in barriers or stop == len(stretch.nodes) - 1:
                pieces.append(stretch.part(start, stop))
                start = stop
    return pieces


def _joined(pieces: list[_Stretch], *, keep: AbstractSet[int]) -> Iterator[_Stretch]:
    """Join pieces at nodes where exactly two of a kind meet, and yield each chain once; never at `keep`."""
    ends: defaultdict[int, list[tuple[int, bool]]] = defaultdict(
        list
    )  # node -> piece, leaves there
    for index, piece in enumerate(pieces):
        ends[piece.nodes[0]].append((index, True))
        ends[piece.nodes[-1]].append((index, False))

    def leaving(end: tuple[int, bool]) -> _Stretch:
        return pieces[end[0]] if end[1] else pieces[end[0]].flipped()

    def joins(node: int) -> bool:
        if node in keep or len(ends[node]) != 2:
            return False
        (one, one_leaves), (other, other_leaves) = ends[node]
        if pieces[one].label != pieces[other].label:
            return False
        arriving, onward = pieces[one].traits, pieces[other].traits
        return onward == (arriving if one_leaves != other_leaves else arriving[::-1])

    taken = [False] * len(pieces)

    def chain_from(first: tuple[int, bool]) -> _Stretch:
        chain = leaving(first)
        nodes, line, last = list(chain.nodes), list(chain.line), first[0]
        last_way = chain.osm_ways[1]
        taken[last] = True
        while joins(nodes[-1]):
            one, other = ends[nodes[-1]]
            following = other if one[0] == last else one
            if taken[following[0]]:  # round a ring and back
                break
            last = following[0]
            taken[last] = True
            piece = leaving(following)
            last_way = piece.osm_ways[1]
            nodes += piece.nodes[1:]
            line += piece.line[1:]
        ways = (chain.osm_ways[0], last_way)
        whole = replace(chain, nodes=nodes, line=line, osm_ways=ways)
        return whole.flipped() if whole.traits[0].against_oneway else whole

    for index, piece in enumerate(pieces):
        for leaves in (True, False):
            if not taken[index] and not joins(piece.nodes[0 if leaves else -1]):
                yield chain_from((index, leaves))
    for index in range(len(pieces)):  # what is left are rings without a junction
        if not taken[index]:
            yield chain_from((index, True))


def _gathered(
    stretches: Iterable[_Stretch], barriers: Mapping[int, Traits]
) -> tuple[RoadsBuilder, int, dict[int, RoadEnds]]:
    """The roads and nodes, how many barriers part roads, and where each road begins and ends."""
    gathered = RoadsBuilder()
    index_of: dict[int, int] = {}
    parted: set[int] = set()
    road_ends: dict[int, RoadEnds] = {}

    def node_at(osm_node: int, at: tuple[float, float]) -> int:
        """The node of a road's end: at a barrier every end but the first gets one of its own."""
        known = index_of.get(osm_node)
        if known is not None and osm_node not in barriers:
            return known
        index = gathered.add_node(*at, osm_node=osm_node)
        if known is None:
            index_of[osm_node] = index
        else:
            parted.add(osm_node)
            stopping = gathered.kind(barriers[osm_node])
            gathered.add_road(known, index, kinds=(stopping, stopping), line=(at, at))
        return index

    for stretch in stretches:
        ends = stretch.nodes[0], stretch.nodes[-1]
        tail, head = node_at(ends[0], stretch.line[0]), node_at(ends[1], stretch.line[-1])
        along, against = stretch.traits
        road = gathered.add_road(
            tail,
            head,
            kinds=(gathered.kind(along), gathered.kind(against)),
            line=stretch.line,
            name=stretch.label[0],
            ref=stretch.label[1],
            osm_way=stretch.osm_ways[0],
        )
        road_ends[road] = RoadEnds(nodes=ends, ways=stretch.osm_ways, ends=(tail, head))
    return gathered, len(parted), road_ends
