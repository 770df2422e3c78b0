"""The road network: the one door to roads, from an extract to matrices, legs and lines on a map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import Provenance, TravelMatrix
from routing.places import Place
from routing.roads import hierarchy as ch
from routing.roads.geometry import cut
from routing.roads.graph import CLOSED, Roads, arc_ends, compile_arcs, graph_of, roads_of
from routing.roads.network_file import decode, encode, version_of, write_whole
from routing.roads.osm import ImportReport, read_osm
from routing.roads.positions import Positions, by_road, finish_rows, locate, straight, unpack
from routing.roads.snap import PlaceOffRoad, Snap, SnapIndex
from routing.roads.speeds import PROFILES, UnknownProfile
from routing.roads.traits import BARRIER, Traits

_ROAD_ARRAYS: Final = tuple(f.name for f in fields(Roads) if f.name not in {"texts", "traits"})
_HIERARCHY_ARRAYS: Final = tuple(f.name for f in fields(ch.Hierarchy))
_METRIC_ARRAYS: Final = tuple(f.name for f in fields(ch.Metric))


class NoPath(RoutingError):
    """Two positions that no path of the profile connects."""

    code: ClassVar[str] = "no-path"

    def __init__(self, origin: Snap, destination: Snap, profile: str) -> None:
        self.origin, self.destination, self.profile = origin, destination, profile
        super().__init__(
            f"no way for {profile} from {origin.place.lon:.6f}, {origin.place.lat:.6f} to"
            f" {destination.place.lon:.6f}, {destination.place.lat:.6f}: check closures between them"
        )


class SnapRefused(RoutingError):
    """A position that was snapped in another network or for another profile."""

    code: ClassVar[str] = "snap-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """
    One drive between two positions.

    `duration_s` and `distance_m` equal the matrix cell of the same pair. `line` holds (lon, lat)
    along the road, at least two points even where the positions are the same.
    """

    duration_s: int
    distance_m: int
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEdges:
    """
    The roads as a map draws them: every road once, barriers left out.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighting:
    """One profile's weights: of the arcs (for positions along roads) and of the hierarchy."""

    weights: NDArray[np.int64]
    metric: ch.Metric


class RoadNetwork:
    """
    Roads compiled for travel by several profiles; made by `build`, `from_graph` or `load`.

    version
        Content hash: equal networks have equal versions, and a changed road changes it.
    synthetic
        Whether any road is generated, so that whoever draws it says so.
    """

    def __init__(
        self,
        *,
        roads: Roads,
        hierarchy: ch.Hierarchy,
        weightings: Mapping[str, _Weighting],
        report: ImportReport,
        synthetic: bool,
        version: str,
    ) -> None:
        self.report = report
        self.synthetic = synthetic
        self.version = version
        self._roads = roads
        self._hierarchy = hierarchy
        self._weightings = dict(weightings)
        self._snap_indexes: dict[str, SnapIndex] = {}

    @classmethod
    def build(
        cls,
        extract: Path,
        *,
        profiles: Sequence[str] = ("trike", "van", "foot", "truck"),
        on_progress: Callable[[str, float], None] | None = None,
    ) -> RoadNetwork:
        """
        Import an OpenStreetMap extract and compile it for `profiles`.

        `on_progress` hears the stage ("read", "compile", "order", "weigh") and the share done, 0…1.

        Raises
        ------
        ExtractUnreadable, ExtractWithoutRoads, UnknownProfile
        """
        tell = on_progress or (lambda _stage, _share: None)
        _check_profiles(profiles)
        graph, report = read_osm(extract, on_progress=lambda share: tell("read", 0.5 * share))
        return cls._compile(graph, report, profiles, tell)

    @classmethod
    def from_graph(
        cls,
        graph: nx.MultiDiGraph[Any],
        *,
        profiles: Sequence[str] = ("trike", "van", "foot", "truck"),
    ) -> RoadNetwork:
        """
        Compile a networkx model: one from `graph` after an edit, or your own (see `graph.roads_of`).

        Raises
        ------
        GraphRefused, UnknownProfile
        """
        _check_profiles(profiles)
        return cls._compile(graph, None, profiles, lambda _stage, _share: None)

    @classmethod
    def _compile(
        cls,
        graph: nx.MultiDiGraph[Any],
        report: ImportReport | None,
        profiles: Sequence[str],
        tell: Callable[[str, float], None],
    ) -> RoadNetwork:
        tell("compile", 0.5)
        roads = roads_of(graph)
        synthetic = bool(graph.graph.get("synthetic", False))
        tell("order", 0.6)
        tails, heads = arc_ends(roads)
        hierarchy = ch.contract(tails, heads, roads.node_lon_lat)
        weightings = {}
        for done, name in enumerate(profiles):
            tell("weigh", 0.8 + 0.2 * done / len(profiles))
            weights = compile_arcs(roads, PROFILES[name])
            metric = ch.customize(hierarchy, tails, heads, weights)
            weightings[name] = _Weighting(weights=weights, metric=metric)
        if report is None:
            report = _report_on(roads)
        content = encode(*_compiled(roads, hierarchy, weightings, report, synthetic))
        tell("weigh", 1.0)
        return cls(
            roads=roads,
            hierarchy=hierarchy,
            weightings=weightings,
            report=report,
            synthetic=synthetic,
            version=version_of(content),
        )

    def save(self, path: Path) -> None:
        """Write the compiled network to one file, all of it or nothing; see `load`."""
        write_whole(
            path,
            encode(
                *_compiled(
                    self._roads, self._hierarchy, self._weightings, self.report, self.synthetic
                )
            ),
        )

    @classmethod
    def load(cls, path: Path) -> RoadNetwork:
        """
        Map a saved network into memory; processes that load the same file share it.

        Raises
        ------
        NetworkUnreadable
            Missing, foreign, of another format version, truncated or damaged.
        """
        version, facts, arrays = decode(path)
        roads = Roads(
            **{name: arrays[name] for name in _ROAD_ARRAYS},
            texts=tuple(facts["texts"]),
            traits=tuple(
                Traits(**{**kind, "access": tuple((key, value) for key, value in kind["access"])})
                for kind in facts["traits"]
            ),
        )
        return cls(
            roads=roads,
            hierarchy=ch.Hierarchy(**{name: arrays[name] for name in _HIERARCHY_ARRAYS}),
            weightings={
                profile: _Weighting(
                    weights=arrays[f"{profile}.weights"],
                    metric=ch.Metric(
                        **{name: arrays[f"{profile}.{name}"] for name in _METRIC_ARRAYS}
                    ),
                )
                for profile in facts["profiles"]
            },
            report=ImportReport(**facts["report"]),
            synthetic=facts["synthetic"],
            version=version,
        )

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(self._weightings)

    @property
    def attribution(self) -> str:
        """What must stand beside every map and figure drawn from this network."""
        generated = " · synthetic villages and roads" if self.synthetic else ""
        return "© OpenStreetMap contributors" + generated

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all roads, in degrees."""
        west, south = self._roads.lon_lat.min(axis=0).tolist()
        east, north = self._roads.lon_lat.max(axis=0).tolist()
        return west, south, east, north

    @cached_property
    def graph(self) -> nx.MultiDiGraph[int]:
        """
        The networkx model, built at the first use: to inspect, to export, to edit.

        An edit takes effect in a network made from it by `from_graph`, not in this one.
        """
        return graph_of(self._roads, synthetic=self.synthetic)

    def edges(self) -> RoadEdges:
        roads = self._roads
        class_names = tuple(dict.fromkeys(kind.highway for kind in roads.traits))
        code_of = {name: code for code, name in enumerate(class_names)}
        codes = np.array([code_of[kind.highway] for kind in roads.traits], np.uint8)
        codes = codes[roads.traits_with]
        drawn = codes != code_of.get(BARRIER, len(class_names))
        points = np.diff(roads.offsets)
        return RoadEdges(
            offsets=np.concatenate(([0], np.cumsum(points[drawn]))),
            lon_lat=roads.lon_lat[np.repeat(drawn, points)],
            class_codes=codes[drawn],
            class_names=class_names,
            name_indices=roads.name_indices[drawn],
            names=roads.texts,
        )

    def snap(
        self, places: Sequence[Place], profile: str, *, limit_m: int = 500
    ) -> tuple[Snap | PlaceOffRoad, ...]:
        """
        The nearest position that `profile` can reach and leave, for each place in order.

        A place farther than `limit_m` from every such road gets the error as its answer, so one
        bad place never hides the good ones. Raises UnknownProfile only.
        """
        index = self._snap_indexes.get(profile)
        if index is None:
            index = SnapIndex(self._roads, self._weighting(profile).weights, profile)
            self._snap_indexes[profile] = index
        return index.nearest(places, limit_m=limit_m)

    def matrix(self, snaps: Sequence[Snap], profile: str) -> TravelMatrix:
        """
        Durations and distances of the fastest paths between all `snaps`.

        Seconds are rounded up, metres to the nearest. Positions on one road see each other directly.

        Raises
        ------
        UnknownProfile, SnapRefused
        """
        weighting = self._weighting(profile)
        positions = self._locate(snaps, profile)
        groups = by_road(positions)
        durations_s = np.empty((len(snaps), len(snaps)), np.int32)
        distances_m = np.empty_like(durations_s)

        def take(row: int, block: NDArray[np.int64]) -> None:
            rows = slice(row, row + len(block))
            finish_rows(positions, groups, row, block, durations_s[rows], distances_m[rows])

        ch.many_to_many(
            self._hierarchy, weighting.metric, positions.origins, positions.destinations, take
        )
        return TravelMatrix(
            durations_s=durations_s,
            distances_m=distances_m,
            provenance=Provenance(network=self.version, profile=profile),
        )

    def leg(self, origin: Snap, destination: Snap, profile: str) -> Leg:
        """
        The fastest drive between two positions, with its line on the map.

        Raises
        ------
        NoPath, UnknownProfile, SnapRefused
        """
        positions = self._locate((origin, destination), profile)
        direct = straight(positions, 0, 1)
        found = ch.path(
            self._hierarchy,
            self._weighting(profile).metric,
            positions.origins.only(0),
            positions.destinations.only(1),
        )
        if min(direct, found.weight) >= CLOSED:
            raise NoPath(origin, destination, profile)
        if direct <= found.weight:
            line = self._part(origin.edge, origin.fraction, destination.fraction)
        else:
            line = [
                *self._part(origin.edge, origin.fraction, float(found.origin_end)),
                *self._along(found.arcs),
                *self._part(destination.edge, float(found.destination_end), destination.fraction),
            ]
        duration_s, distance_m = unpack(min(direct, found.weight))
        distinct = [point for point, following in pairwise(line) if point != following]
        return Leg(
            duration_s=duration_s,
            distance_m=distance_m,
            line=(*distinct, line[-1]) if distinct else (line[0], line[-1]),
        )

    def legs(self, stops: Sequence[Snap], profile: str) -> tuple[Leg, ...]:
        """The drives from each stop to the next: one fewer than stops. Raises as `leg` does."""
        return tuple(
            self.leg(origin, destination, profile) for origin, destination in pairwise(stops)
        )

    def _weighting(self, profile: str) -> _Weighting:
        weighting = self._weightings.get(profile)
        if weighting is None:
            raise UnknownProfile(profile, self.profiles)
        return weighting

    def _locate(self, snaps: Sequence[Snap], profile: str) -> Positions:
        weights = self._weighting(profile).weights
        for snap in snaps:
            if (
                not 0 <= snap.edge < self._roads.count
                or weights[2 * snap.edge : 2 * snap.edge + 2].min() >= CLOSED
            ):
                raise SnapRefused(
                    f"road {snap.edge} is not open to {profile} in this network: snap the place"
                    " again, for this profile and in this version of the network"
                )
        return locate(snaps, self._roads, weights)

    def _part(self, road: int, start: float, end: float) -> list[tuple[float, float]]:
        return list(cut(self._roads.line(road), start, end))

    def _along(self, arcs: NDArray[np.int32]) -> Iterator[tuple[float, float]]:
        for arc in arcs.tolist():
            line = self._roads.line(arc // 2)
            yield from map(tuple, (line if arc % 2 == 0 else line[::-1]).tolist())


def _check_profiles(names: Sequence[str]) -> None:
    for name in names:
        if name not in PROFILES:
            raise UnknownProfile(name, tuple(PROFILES))


def _report_on(roads: Roads) -> ImportReport:
    """The report of a network that no extract was read for."""
    kinds = roads.traits
    return ImportReport(
        ways_read=0,
        ways_dropped={},
        junctions=len(roads.node_lon_lat),
        roads=roads.count,
        oneway_roads=sum(
            kind < 0 or kinds[kind].against_oneway for kind in roads.traits_against.tolist()
        ),
        length_m=round(float(roads.lengths_m.sum())),
        barriers=0,
        turn_restrictions_ignored=0,
    )


def _compiled(
    roads: Roads,
    hierarchy: ch.Hierarchy,
    weightings: Mapping[str, _Weighting],
    report: ImportReport,
    synthetic: bool,
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Facts and arrays that make a network, as `RoadNetwork.load` finds them again."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(roads, name) for name in _ROAD_ARRAYS}
    arrays |= {name: getattr(hierarchy, name) for name in _HIERARCHY_ARRAYS}
    for profile, weighting in weightings.items():
        arrays[f"{profile}.weights"] = weighting.weights
        for name in _METRIC_ARRAYS:
            arrays[f"{profile}.{name}"] = getattr(weighting.metric, name)
    facts = {
        "profiles": list(weightings),
        "report": asdict(report),
        "synthetic": synthetic,
        "texts": roads.texts,
        "traits": [asdict(kind) for kind in roads.traits],
    }
    return facts, arrays
