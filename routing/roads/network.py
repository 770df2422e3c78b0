"""The road network: the one door to roads, from an extract to matrices, legs and lines on a map."""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import Provenance, TravelMatrix
from routing.places import Place
from routing.roads.closures import Affected, Closure, ClosureMisplaced, changed_weights
from routing.roads.compiled import (
    Compiled,
    Weighting,
    compile_network,
    compile_roads,
    decode_network,
    encode_network,
)
from routing.roads.edges import RoadEdges, edges_of
from routing.roads.graph import CLOSED
from routing.roads.graphml import read_graphml
from routing.roads.isochrones import Isochrone, draw
from routing.roads.junctions import Junctions
from routing.roads.legs import Leg, NoPath, find_leg
from routing.roads.many_to_many import many_to_many
from routing.roads.network_file import version_of, write_whole
from routing.roads.osm import read_roads
from routing.roads.positions import Positions, finish_rows, locate, on_same_roads
from routing.roads.reach import Reach, find_reaches
from routing.roads.snap import Nearby, PlaceOffRoad, Snap
from routing.roads.speeds import Profile, UnknownProfile, profiles_of
from routing.roads.steps import Step, steps_of
from routing.roads.views import Views


class SnapRefused(RoutingError):
    """A position that was snapped in another network or for another profile."""

    code: ClassVar[str] = "snap-refused"


DEFAULT_PROFILES: Final = ("trike", "van", "foot", "truck")

_CLOSED_KEPT: Final = 4
"""Closed networks kept for the next question: those of now, of a little ago, of two depots. Some 10 MB
for each profile of a county."""


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """
    Keep the garbage collector from walking a growing graph that holds no garbage.

    With it an import of Porto took nearly twice as long (2 busy cores, 2026-11-24).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class RoadNetwork:
    """
    Roads compiled for travel by several profiles; made by `build`, `from_graph` or `load`.

    version
        Content hash: equal networks have equal versions, and a changed road changes it.
    synthetic
        Whether any road is generated, so that whoever draws it says so.
    """

    def __init__(self, compiled: Compiled, *, version: str, views: Views | None = None) -> None:
        self.version = version
        self.report = compiled.report
        self.synthetic = compiled.synthetic
        self._compiled = compiled
        self._roads = compiled.roads
        self._weightings = dict(compiled.weightings)
        self._views = views or Views(compiled)
        self._usable: dict[str, NDArray[np.bool_]] = {}
        self._closing = Lock()
        self._closed = lru_cache(_CLOSED_KEPT)(self._close)

    @classmethod
    def build(
        cls,
        extract: Path,
        *,
        profiles: Sequence[str | Profile] = DEFAULT_PROFILES,
        on_progress: Callable[[str, float], None] | None = None,
    ) -> RoadNetwork:
        """
        Import an OpenStreetMap extract and compile it for `profiles`: known names, or your own.

        A `.graphml` file is read as the model itself (see `from_graph`).

        `on_progress` hears the stage ("read", "order", "weigh") and the share done, 0…1.

        Raises
        ------
        ExtractUnreadable, ExtractWithoutRoads, GraphRefused, UnknownProfile, ProfileTwice
        """
        tell = on_progress or (lambda _stage, _share: None)
        known = profiles_of(profiles)
        if extract.name.lower().endswith(".graphml"):
            return cls.from_graph(read_graphml(extract), profiles=known)
        with _collector_at_rest():
            read = read_roads(extract, on_progress=lambda share: tell("read", 0.5 * share))
            compiled = compile_roads(
                read.roads,
                read.report,
                known,
                synthetic=read.synthetic,
                on_progress=lambda stage, share: tell(stage, 0.5 + 0.5 * share),
            )
        return cls(compiled, version=version_of(encode_network(compiled)))

    @classmethod
    def from_graph(
        cls,
        graph: nx.MultiDiGraph[Any],
        *,
        profiles: Sequence[str | Profile] = DEFAULT_PROFILES,
    ) -> RoadNetwork:
        """
        Compile a networkx model: one from `graph` after an edit, or your own (see `graph.roads_of`).

        Raises
        ------
        GraphRefused, UnknownProfile, ProfileTwice
        """
        compiled = compile_network(graph, profiles_of(profiles))
        return cls(compiled, version=version_of(encode_network(compiled)))

    def save(self, path: Path) -> None:
        """Write the network to one file, all of it or nothing, for `load`. Raises NetworkNotSaved."""
        write_whole(path, encode_network(self._compiled))

    @classmethod
    def load(cls, path: Path) -> RoadNetwork:
        """
        Map a saved network into memory; processes that load the same file share it.

        Raises
        ------
        NetworkUnreadable
            Missing, foreign, of another format version, truncated or damaged.
        """
        version, compiled = decode_network(path)
        return cls(compiled, version=version)

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(self._weightings)

    def profile(self, name: str) -> Profile:
        """The profile of a name, as the network was built for it. Raises UnknownProfile."""
        self._weighting(name)
        return self._compiled.profiles[name]

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

    @property
    def graph(self) -> nx.MultiDiGraph[int]:
        """
        The networkx model, built at the first use: to inspect, to export, to edit.

        An edit takes effect in a network made from it by `from_graph`, not in this one.
        """
        return self._views.graph

    def edges(self, numbers: NDArray[np.int64] | None = None) -> RoadEdges:
        """The roads of these numbers (None: all) as a map draws them; barriers are left out."""
        return edges_of(self._roads, numbers)

    def length_m(self, numbers: NDArray[np.int64]) -> float:
        """Metres of the roads of these numbers together, each counted once for both directions."""
        return float(self._roads.lengths_m[numbers].sum())

    def snap(
        self,
        places: Sequence[Place],
        profile: str,
        *,
        limit_m: float = 500,
        on_motorways: bool = False,
    ) -> tuple[Snap | PlaceOffRoad, ...]:
        """
        The nearest position that `profile` can reach and leave, for each place in order.

        Nobody stops on a motorway or its ramps: unless `on_motorways`, they do not count.

        A place farther than `limit_m` from every such road gets the error as its answer, so one
        bad place never hides the good ones. Raises UnknownProfile only.
        """
        usable = self._usable_by(profile)
        if not on_motorways:
            usable = usable & self._views.may_stop
        return self._views.snap_index.nearest(places, usable, profile=profile, limit_m=limit_m)

    def around(self, place: Place, profile: str, *, limit_m: float) -> tuple[Nearby, ...]:
        """
        The nearest position on every road within `limit_m` that `profile` can reach and leave.

        Nearest first. Raises UnknownProfile.
        """
        return self._views.snap_index.around(place, self._usable_by(profile), limit_m=limit_m)

    def directions(self, road: int, profile: str) -> tuple[bool, bool]:
        """Whether `profile` may drive a road along its line, and back. Raises UnknownProfile."""
        along, back = self._weighting(profile).weights[2 * road : 2 * road + 2].tolist()
        return along < CLOSED, back < CLOSED

    def matrix(self, snaps: Sequence[Snap], profile: str) -> TravelMatrix:
        """
        Durations and distances of the fastest paths between all `snaps`.

        Seconds are rounded up, metres to the nearest. Positions on one road see each other directly.
        The last few matrices are kept, so both arrays are read-only.

        Raises
        ------
        UnknownProfile, SnapRefused
        """

        def make() -> TravelMatrix:
            durations_s, distances_m = self.table(snaps, snaps, profile)
            return TravelMatrix(
                durations_s=durations_s,
                distances_m=distances_m,
                provenance=Provenance(network=self.version, profile=profile),
            )

        return self._views.matrices.find((self.version, profile, tuple(snaps)), make)

    def table(
        self, origins: Sequence[Snap], destinations: Sequence[Snap], profile: str
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """
        Seconds and metres of the fastest paths from each of `origins` to each of `destinations`.

        Both int32 (origins, destinations), rounded as in `matrix`; UNREACHABLE without a path.
        Needs 8 bytes for each pair and little more, whatever the number of places.

        Raises
        ------
        UnknownProfile, SnapRefused
        """
        weighting = self._weighting(profile)
        leaving = self._locate(origins, profile)
        reaching = leaving if destinations is origins else self._locate(destinations, profile)
        groups = on_same_roads(leaving, reaching)
        durations_s = np.empty((len(origins), len(destinations)), np.int32)
        distances_m = np.empty_like(durations_s)

        def take(row: int, block: NDArray[np.int64]) -> None:
            rows = slice(row, row + len(block))
            finish_rows(leaving, reaching, groups, row, block, durations_s[rows], distances_m[rows])

        many_to_many(
            weighting.engine.hierarchy,
            weighting.metric,
            leaving.origins,
            reaching.destinations,
            take,
        )
        return durations_s, distances_m

    def weights(self, profile: str) -> NDArray[np.int64]:
        """
        Packed weights (`arcs.pack`) of both directions of every road, read-only int64 (2m,).

        Road i along its line is 2i, back 2i + 1; `graph.CLOSED` where the profile may not travel.
        Raises UnknownProfile.
        """
        weights = self._weighting(profile).weights.view()
        weights.flags.writeable = False
        return weights

    def with_weights(self, changed: Mapping[str, NDArray[np.int64]]) -> RoadNetwork:
        """
        The same roads with other `weights` for some profiles, if any; its version says so.

        Everything else is shared, and answers under way in this network are not disturbed. It takes
        a few hundredths of a second for each changed profile of a county. Raises UnknownProfile.
        """
        if not changed:
            return self
        told = hashlib.sha256()

        def weighed(name: str) -> Weighting:
            before = self._weighting(name)
            return before.engine.weigh(changed[name], before.turn_weights)

        for name in sorted(changed):
            told.update(name.encode() + changed[name].tobytes())
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            weightings = dict(zip(changed, threads.map(weighed, changed), strict=True))
        compiled = replace(self._compiled, weightings={**self._weightings, **weightings})
        version = f"{self.version}+{told.hexdigest()[:8]}"
        return RoadNetwork(compiled, version=version, views=self._views)

    def with_closures(self, closures: Collection[Closure]) -> RoadNetwork:
        """
        The network while `closures` are in force; this one, if they change nothing.

        Profiles that it does not have are of no account. Islands that arise stay reachable within:
        a place cut off is told as UNREACHABLE, and not moved to a road beyond the closure. The last
        few answers are kept, so that every question may ask for the closures of its moment.

        Raises
        ------
        NoSuchRoad, ClosureWithoutRoad
        """
        if not closures:
            return self
        with self._closing:  # of many questions that arrive together, one does the work
            return self._closed(frozenset(closures))

    def _close(self, closures: frozenset[Closure]) -> RoadNetwork:
        found = [(closure, self.affected(closure)) for closure in closures]
        changed = {}
        for name in self.profiles:
            mine = [
                (where, closure.duration_factor)
                for closure, where in found
                if not closure.profiles or name in closure.profiles
            ]
            before = self._weighting(name).weights
            after = changed_weights(before, mine)
            if not np.array_equal(before, after):
                changed[name] = after
        return self.with_weights(changed)

    def affected(self, closure: Closure) -> Affected:
        """The roads that a closure is about. Raises NoSuchRoad, ClosureWithoutRoad."""
        found = self._views.affected(closure)
        if isinstance(found, ClosureMisplaced):
            raise found.with_traceback(None)  # it is kept: else each raising would make it longer
        return found

    def has_roads_of(self, closure: Closure) -> bool:
        """Whether `affected` finds any: a closure made for another extract may have none here."""
        return isinstance(self._views.affected(closure), Affected)

    def leg(self, origin: Snap, destination: Snap, profile: str) -> Leg:
        """
        The fastest drive between two positions, with its line on the map.

        Raises
        ------
        NoPath, UnknownProfile, SnapRefused
        """
        positions = self._locate((origin, destination), profile)
        leg = find_leg(self._roads, self._weighting(profile), positions)
        if leg is None:
            raise NoPath(origin, destination, profile)
        return leg

    def legs(self, stops: Sequence[Snap], profile: str) -> tuple[Leg, ...]:
        """The drives from each stop to the next: one fewer than stops. Raises as `leg` does."""
        return tuple(
            self.leg(origin, destination, profile) for origin, destination in pairwise(stops)
        )

    def reaches(
        self,
        snap: Snap,
        profile: str,
        *,
        within_s: Sequence[int] = (),
        within_m: Sequence[int] = (),
        towards: bool = False,
    ) -> tuple[Reach, ...]:
        """
        What is reached from a position within seconds, or metres; or whence it is, `towards` it.

        One for each limit of whichever of the two is given, from one search.
        Raises UnknownProfile, SnapRefused, ReachUnclear.
        """
        return find_reaches(
            self._roads,
            self._weighting(profile),
            self._locate((snap,), profile),
            within_s=within_s,
            within_m=within_m,
            towards=towards,
        )

    def isochrones(self, reaches: Sequence[Reach]) -> tuple[Isochrone, ...]:
        """Reaches of one position as areas and lines on a map. Raises IsochroneTooLarge."""
        return draw(self._roads, reaches)

    def steps(self, leg: Leg, profile: str) -> tuple[Step, ...]:
        """The leg turn by turn (see `instructions` for words). Raises UnknownProfile."""
        return steps_of(leg, self.junctions, self._weighting(profile).weights)

    @property
    def junctions(self) -> Junctions:
        """Names, bearings and meetings of the roads."""
        return self._views.junctions

    def _usable_by(self, profile: str) -> NDArray[np.bool_]:
        """Whether `profile` may drive each road in at least one direction: bool (m,)."""
        if profile not in self._usable:
            open_ways = self._weighting(profile).weights.reshape(-1, 2) < CLOSED
            self._usable[profile] = np.asarray(open_ways.any(axis=1))
        return self._usable[profile]

    def _weighting(self, profile: str) -> Weighting:
        weighting = self._weightings.get(profile)
        if weighting is None:
            raise UnknownProfile(profile, self.profiles)
        return weighting

    def _locate(self, snaps: Sequence[Snap], profile: str) -> Positions:
        weighting = self._weighting(profile)
        weights = weighting.weights
        for snap in snaps:
            if (
                not 0 <= snap.edge < self._roads.count
                or weights[2 * snap.edge : 2 * snap.edge + 2].min() >= CLOSED
            ):
                raise SnapRefused(
                    f"road {snap.edge} is not open to {profile} in this network: snap the place"
                    " again, for this profile and in this version of the network"
                )
        return locate(snaps, self._roads, weighting.engine.turn_graph, weights)
