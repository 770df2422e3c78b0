"""All that a network is made of, compiled from the networkx model, and its form in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import msgspec
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.roads.arcs import compile_arcs
from routing.roads.graph import GraphRefused, Roads, roads_of
from routing.roads.hierarchy import Hierarchy, Metric, contract, customize
from routing.roads.network_file import decode, encode
from routing.roads.osm import ImportReport
from routing.roads.speeds import Profile
from routing.roads.traits import BARRIER, Traits
from routing.roads.turn_graph import TurnGraph, connected_only, split
from routing.roads.turns import restrictions_as_text, restrictions_from_text

_ROAD_ARRAYS: Final = tuple(
    f.name for f in fields(Roads) if f.name not in {"texts", "traits", "restrictions"}
)
_TURN_ARRAYS: Final = tuple(f.name for f in fields(TurnGraph))
_HIERARCHY_ARRAYS: Final = tuple(f.name for f in fields(Hierarchy))
_METRIC_ARRAYS: Final = tuple(f.name for f in fields(Metric))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A graph to search on and its hierarchy; profiles whose turns cost nothing share the small one."""

    turn_graph: TurnGraph
    hierarchy: Hierarchy

    @classmethod
    def over(cls, roads: Roads, *, costly: bool) -> Engine:
        """Split and contract once; `costly` as in `turn_graph.split`."""
        graph = split(roads, costly=costly)
        # Moving a junction's nodes apart along their roads changed nothing (Porto: 1 % fewer shortcuts,
        # no time, 2026-11-24).
        places = roads.node_lon_lat[graph.junctions]
        return cls(turn_graph=graph, hierarchy=contract(graph.tails, graph.heads, places))

    def weighting_of(self, roads: Roads, profile: Profile) -> Weighting:
        """The roads as `profile` travels them; its turn costs need a costly engine."""
        turn_weights = self.turn_graph.turn_weights(roads, profile)
        weights = compile_arcs(roads, profile)
        weights = connected_only(self.turn_graph, roads.lengths_m, weights, turn_weights)
        return self.weigh(weights, turn_weights)

    def weigh(self, weights: NDArray[np.int64], turn_weights: NDArray[np.int64]) -> Weighting:
        """Carry weights over to the hierarchy: when a network is built, and again when they change."""
        graph = self.turn_graph
        metric = customize(
            self.hierarchy,
            graph.tails,
            graph.heads,
            graph.arc_weights(weights, turn_weights),
            graph.road_arcs,
        )
        return Weighting(engine=self, weights=weights, turn_weights=turn_weights, metric=metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """
    The roads as one profile travels them.

    engine
        Where the profile's searches run.
    weights
        int64 (2m,): packed weight of every road arc, CLOSED where no way leads there and back.
    turn_weights
        int64 (t,): packed weight of every turn of the turn graph.
    metric
        The same carried over to the hierarchy's shortcuts.
    """

    engine: Engine
    weights: NDArray[np.int64]
    turn_weights: NDArray[np.int64]
    metric: Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Roads, the profiles that travel them, and what each makes of them, by name."""

    roads: Roads
    profiles: Mapping[str, Profile]
    weightings: Mapping[str, Weighting]
    report: ImportReport
    synthetic: bool


def compile_network(graph: nx.MultiDiGraph[Any], profiles: Sequence[Profile]) -> Compiled:
    """
    Compile the networkx model for `profiles`, with a report counted from it.

    Raises
    ------
    GraphRefused
    """
    synthetic = bool(graph.graph.get("synthetic", False))
    return compile_roads(roads_of(graph), None, profiles, synthetic=synthetic)


def compile_roads(
    roads: Roads,
    report: ImportReport | None,
    profiles: Sequence[Profile],
    *,
    synthetic: bool,
    on_progress: Callable[[str, float], None] | None = None,
) -> Compiled:
    """
    Compile roads for `profiles`; without a report one is counted from the roads.

    Raises
    ------
    GraphRefused
        There is no road.
    """
    tell = on_progress or (lambda _stage, _share: None)
    if roads.count == 0:
        raise GraphRefused("the model holds no road: add edges with the attribute highway")
    tell("order", 0.0)
    engines = {
        costly: Engine.over(roads, costly=costly)
        for costly in sorted({profile.turn_costs is not None for profile in profiles})
    }
    weightings = {}
    for done, profile in enumerate(profiles):
        tell("weigh", 0.5 + 0.5 * done / len(profiles))
        engine = engines[profile.turn_costs is not None]
        weightings[profile.name] = engine.weighting_of(roads, profile)
    tell("weigh", 1.0)
    return Compiled(
        roads=roads,
        profiles={profile.name: profile for profile in profiles},
        weightings=weightings,
        report=report or _report_on(roads),
        synthetic=synthetic,
    )


def _report_on(roads: Roads) -> ImportReport:
    kinds = roads.traits
    drawn = [kinds[kind].highway != BARRIER for kind in roads.traits_with.tolist()]
    return ImportReport(
        ways_read=0,
        ways_dropped={},
        junctions=len(roads.node_lon_lat),
        roads=sum(drawn),
        oneway_roads=sum(
            kind < 0 or kinds[kind].against_oneway for kind in roads.traits_against.tolist()
        ),
        length_m=round(float(roads.lengths_m.sum())),
        barriers=len(drawn) - sum(drawn),
        turn_restrictions_read=len(roads.restrictions),
        turn_restrictions_dropped={},
        limits_unread={},
    )


def encode_network(compiled: Compiled) -> bytes:
    """The bytes of the network's file; equal networks give equal bytes."""
    roads = compiled.roads
    arrays: dict[str, NDArray[Any]] = {name: getattr(roads, name) for name in _ROAD_ARRAYS}
    engine_of: dict[str, str] = {}
    for profile, weighting in compiled.weightings.items():
        engine = weighting.engine
        known = [name for name in engine_of.values() if compiled.weightings[name].engine is engine]
        engine_of[profile] = known[0] if known else profile
        if not known:  # each engine is kept once, under the first profile that uses it
            arrays |= {f"{profile}.{n}": getattr(engine.turn_graph, n) for n in _TURN_ARRAYS}
            arrays |= {f"{profile}.{n}": getattr(engine.hierarchy, n) for n in _HIERARCHY_ARRAYS}
        arrays[f"{profile}.weights"] = weighting.weights
        arrays[f"{profile}.turn_weights"] = weighting.turn_weights
        for name in _METRIC_ARRAYS:
            arrays[f"{profile}.{name}"] = getattr(weighting.metric, name)
    facts = {
        "engine_of": engine_of,
        "profiles": msgspec.to_builtins(list(compiled.profiles.values()), order="sorted"),
        "report": asdict(compiled.report),
        "synthetic": compiled.synthetic,
        "restrictions": restrictions_as_text(roads.restrictions),
        "texts": roads.texts,
        "traits": msgspec.to_builtins(roads.traits),
    }
    return encode(facts, arrays)


def decode_network(path: Path) -> tuple[str, Compiled]:
    """
    The version and the parts of a saved network, mapped into memory.

    Raises
    ------
    NetworkUnreadable
        See `network_file.decode`.
    """
    version, facts, arrays = decode(path)
    engines = {
        name: Engine(
            turn_graph=TurnGraph(**{n: arrays[f"{name}.{n}"] for n in _TURN_ARRAYS}),
            hierarchy=Hierarchy(**{n: arrays[f"{name}.{n}"] for n in _HIERARCHY_ARRAYS}),
        )
        for name in set(facts["engine_of"].values())
    }
    return version, Compiled(
        roads=Roads(
            **{name: arrays[name] for name in _ROAD_ARRAYS},
            texts=tuple(facts["texts"]),
            traits=msgspec.convert(facts["traits"], tuple[Traits, ...]),
            restrictions=restrictions_from_text(facts["restrictions"]),
        ),
        profiles={
            profile.name: profile
            for profile in msgspec.convert(facts["profiles"], tuple[Profile, ...])
        },
        weightings={
            profile: Weighting(
                engine=engines[name],
                weights=arrays[f"{profile}.weights"],
                turn_weights=arrays[f"{profile}.turn_weights"],
                metric=Metric(**{n: arrays[f"{profile}.{n}"] for n in _METRIC_ARRAYS}),
            )
            for profile, name in facts["engine_of"].items()
        },
        report=ImportReport(**facts["report"]),
        synthetic=facts["synthetic"],
    )
