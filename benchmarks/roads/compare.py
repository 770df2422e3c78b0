"""
The same extract, the same places, the same process: our roads beside OSRM, Valhalla, scipy, networkx.

Peers come from PyPI and need Python ≥ 3.12 (OSRM's bindings). In a virtual environment that has
cunlu's runtime, `pip install osrm-bindings pyvalhalla`, then

    python benchmarks/roads/compare.py EXTRACT --places 1000

Prepares every peer from the extract (timed), draws places on roads, asks each for both matrices
(durations and distances; coordinates snapped within the time), checks how far the answers agree, and
prints one JSON line and a table. A peer that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import networkx as nx
import numpy as np
from matrix import draw_snaps
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.speeds import VAN, Profile
from routing.roads.traits import Size
from routing.roads.turns import TurnCosts

try:
    import osrm
except ImportError:
    osrm = None
try:
    import valhalla
except ImportError:
    valhalla = None

Matrix = NDArray[np.float64]

PROFILE_CHOICES = {
    "van": VAN,
    # OSRM's car: it drives no tracks.
    "car": replace(
        VAN,
        name="car",
        class_kmh={
            name: kmh for name, kmh in VAN.class_kmh.items() if name not in {"track", "road"}
        },
        size=Size(),
    ),
}
PROFILE_CHOICES["car with turns"] = replace(
    PROFILE_CHOICES["car"],
    name="car with turns",
    turn_costs=TurnCosts(left_s=7.5, right_s=3.0, u_turn_s=27.5),
)
"""`car` sees the roads as OSRM's profile does, so that answers may be compared and not only times."""


def seconds_of(action: Callable[[], Any]) -> tuple[float, Any]:
    start = perf_counter()
    answer = action()
    return perf_counter() - start, answer


def medians(action: Callable[[], Any], repeats: int) -> dict[str, float]:
    """The median and the range of several runs after one that warms."""
    action()
    times = [seconds_of(action)[0] for _ in range(repeats)]
    return {
        "median_s": round(statistics.median(times), 4),
        "min_s": round(min(times), 4),
        "max_s": round(max(times), 4),
    }


class Ours:
    name = "cunlu"

    def __init__(self, extract: Path, folder: Path, profile: Profile) -> None:
        self.profile = profile.name
        built = RoadNetwork.build(extract, profiles=(profile,))
        built.save(folder / "roads.network")
        del built
        gc.collect()  # what the import left behind is not the load's to sweep up
        self.load_s, self.network = seconds_of(lambda: RoadNetwork.load(folder / "roads.network"))

    def both(self, places: list[Place]) -> tuple[Matrix, Matrix]:
        snaps = self.network.snap(places, self.profile)
        # Not `matrix`, which keeps its answers.
        durations_s, distances_m = self.network.table(snaps, snaps, self.profile)  # type: ignore[arg-type] # all on roads
        return durations_s.astype(float), distances_m.astype(float)

    def route(self, origin: Place, destination: Place) -> None:
        first, second = self.network.snap((origin, destination), self.profile)
        self.network.leg(first, second, self.profile)  # type: ignore[arg-type]

    def nearest(self, place: Place) -> None:
        self.network.snap((place,), self.profile)


class Osrm:
    """
    Contraction hierarchies, asked in process.

    One thread, as OSRM answers one table: its bindings hold Python's lock, so halves asked from two
    threads take longer (north-bayreuth, 300 places: 0.041 against 0.026 s).
    """

    name = "OSRM CH"

    def __init__(self, extract: Path, folder: Path) -> None:
        home = Path(osrm.__file__).parent
        copy = folder / "roads.osm.pbf"
        shutil.copy(extract, copy)
        profile = str(home / "share/profiles/car.lua")
        for program, more in (
            ("osrm-extract", ["-p", profile, str(copy)]),
            ("osrm-contract", [str(folder / "roads.osrm")]),
        ):
            subprocess.run([str(home / "bin" / program), *more], check=True, capture_output=True)
        self.load_s, self.engine = seconds_of(
            lambda: osrm.OSRM(
                storage_config=str(folder / "roads.osrm"), use_shared_memory=False, algorithm="CH"
            )
        )

    def both(self, places: list[Place]) -> tuple[Matrix, Matrix]:
        self.answer = self.engine.Table(
            osrm.TableParameters(
                coordinates=[(place.lon, place.lat) for place in places],
                annotations=["duration", "distance"],
                generate_hints=False,
            )
        )
        return np.empty(0), np.empty(0)

    def arrays(self) -> tuple[Matrix, Matrix]:
        """The last answer as arrays: not counted in the time of `both`."""

        def of(key: str) -> Matrix:
            rows = [
                [np.nan if cell is None else float(cell) for cell in row]
                for row in self.answer[key]
            ]
            return np.array(rows)

        return of("durations"), of("distances")

    def route(self, origin: Place, destination: Place) -> None:
        self.engine.Route(
            osrm.RouteParameters(
                coordinates=[(origin.lon, origin.lat), (destination.lon, destination.lat)],
                overview="full",
                geometries="polyline6",
            )
        )

    def nearest(self, place: Place) -> None:
        self.engine.Nearest(osrm.NearestParameters(coordinates=[(place.lon, place.lat)]))


class Valhalla:
    name = "Valhalla"

    def __init__(self, extract: Path, folder: Path) -> None:
        tiles = folder / "tiles"
        tiles.mkdir()
        config = valhalla.get_config(tile_extract="", tile_dir=str(tiles), verbose=False)
        limits = config["service_limits"]
        for costing in ("auto",):
            limits[costing]["max_matrix_location_pairs"] = 10**9
            limits[costing]["max_matrix_distance"] = 1e7
        limits["max_timedep_distance_matrix"] = 0
        path = folder / "valhalla.json"
        path.write_text(json.dumps(config))
        subprocess.run(
            ["valhalla_build_tiles", "-c", str(path), str(extract)], check=True, capture_output=True
        )
        self.load_s, self.actor = seconds_of(lambda: valhalla.Actor(str(path)))

    def both(self, places: list[Place]) -> tuple[Matrix, Matrix]:
        at = [{"lon": place.lon, "lat": place.lat} for place in places]
        self.actor.matrix({"sources": at, "targets": at, "costing": "auto", "verbose": False})
        return np.empty(0), np.empty(0)

    def route(self, origin: Place, destination: Place) -> None:
        ends = [{"lon": each.lon, "lat": each.lat} for each in (origin, destination)]
        self.actor.route({"locations": ends, "costing": "auto"})


@contextmanager
def prepared(make: Callable[[Path], Any], told: dict[str, Any]) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        told["prepare_s"], engine = seconds_of(lambda: make(Path(folder)))
        told["prepare_s"] = round(told["prepare_s"], 2)
        told["load_s"] = round(engine.load_s, 4)
        yield engine


def agreement(ours: Matrix, theirs: Matrix) -> dict[str, float]:
    """How far two matrices of the same places differ, as shares of theirs; pairs both can reach."""
    known = (ours < 1 << 30) & np.isfinite(theirs) & (theirs > 0)
    ratio = ours[known] / theirs[known]
    low, middle, high = np.quantile(ratio, (0.05, 0.5, 0.95)).round(3).tolist()
    return {"p05": low, "median": middle, "p95": high, "pairs": int(known.sum())}


def by_dijkstra(network: RoadNetwork, sources: int) -> tuple[float, float]:
    """Seconds a source of scipy's and of networkx's Dijkstra over the same junctions, by metres."""
    graph = network.graph
    node_of = {node: number for number, node in enumerate(graph.nodes)}
    rows, columns, weights = [], [], []
    for u, v, edge in graph.edges(data=True):
        rows.append(node_of[u])
        columns.append(node_of[v])
        weights.append(max(edge["length_m"], 0.01))
        edge["weight"] = weights[-1]
    n = len(node_of)
    sparse = csr_array((weights, (rows, columns)), shape=(n, n))
    chosen = np.random.default_rng(0).choice(n, sources)
    scipy_s, _ = seconds_of(lambda: dijkstra(sparse, indices=chosen))
    nodes = list(graph.nodes)
    networkx_s, _ = seconds_of(
        lambda: nx.single_source_dijkstra_path_length(graph, nodes[int(chosen[0])])
    )
    return scipy_s / sources, networkx_s


def versions() -> dict[str, str]:
    told = {"python": platform.python_version(), "cores": str(os.cpu_count())}
    for package in ("osrm-bindings", "pyvalhalla", "scipy", "networkx", "numba"):
        try:
            told[package] = version(package)
        except PackageNotFoundError:
            told[package] = "absent"
    return told


def measure(args: argparse.Namespace) -> dict[str, Any]:
    told: dict[str, Any] = {
        "extract": args.extract.name,
        "places": args.places,
        "seed": args.seed,
        "profile": args.profile,
        "versions": versions(),
    }
    profile = PROFILE_CHOICES[args.profile]
    rng = np.random.default_rng(args.seed)
    ours_told: dict[str, Any] = {}
    engines: dict[str, tuple[Callable[[Path], Any], int]] = {}
    if osrm is not None:
        engines["OSRM CH"] = (lambda folder: Osrm(args.extract, folder), args.places)
    if valhalla is not None:
        engines["Valhalla"] = (lambda folder: Valhalla(args.extract, folder), args.valhalla_places)
    with prepared(lambda folder: Ours(args.extract, folder, profile), ours_told) as ours:
        told["junctions"] = ours.network.report.junctions
        snaps = draw_snaps(ours.network, profile.name, args.places, limit_m=500, seed=args.seed)
        places = [snap.place for snap in snaps]
        pairs = [(places[a], places[b]) for a, b in rng.choice(len(places), (200, 2))]
        first_s, (durations_s, distances_m) = seconds_of(lambda: ours.both(places))
        ours_told["first_matrix_s"] = round(first_s, 3)
        ours_told["matrix"] = medians(lambda: ours.both(places), args.repeats)
        ours_told |= singles(ours, pairs)
        told["cunlu"] = ours_told
        if args.dijkstra:
            scipy_s, networkx_s = by_dijkstra(ours.network, 20)
            told["scipy Dijkstra"] = {"s_per_source": round(scipy_s, 4)}
            told["networkx Dijkstra"] = {"s_per_source": round(networkx_s, 3)}
        for name, (make, count) in engines.items():
            told[name] = beside(
                make, places[:count], pairs, args.repeats, (durations_s, distances_m)
            )
    return told


def beside(
    make: Callable[[Path], Any],
    places: list[Place],
    pairs: list[tuple[Place, Place]],
    repeats: int,
    ours: tuple[Matrix, Matrix],
) -> dict[str, Any]:
    """What one peer takes, and how far its answers are from ours where it hands them out."""
    told: dict[str, Any] = {"places": len(places)}
    with prepared(make, told) as peer:
        told["matrix"] = medians(lambda: peer.both(places), repeats)
        if hasattr(peer, "arrays"):
            for what, own, theirs in zip(("seconds", "metres"), ours, peer.arrays(), strict=True):
                told[f"ours / theirs, {what}"] = agreement(own, theirs)
        return told | singles(peer, pairs)


def singles(engine: Any, pairs: list[tuple[Place, Place]]) -> dict[str, float]:
    """Milliseconds of one route with its line, and of one nearest road, at the median."""
    routes_s, refused = [], 0
    for pair in pairs:
        try:
            routes_s.append(seconds_of(lambda pair=pair: engine.route(*pair))[0])
        except RuntimeError:  # the peer's way to say that no road leads there
            refused += 1
    told = {"route_ms": round(statistics.median(routes_s) * 1e3, 3), "routes_refused": refused}
    if hasattr(engine, "nearest"):
        near_s = [seconds_of(lambda pair=pair: engine.nearest(pair[0]))[0] for pair in pairs]
        told["nearest_ms"] = round(statistics.median(near_s) * 1e3, 3)
    return told


def show(told: dict[str, Any]) -> None:
    table = Table(
        title=f"{told['extract']}, {told['junctions']:,} junctions, {told['places']:,} places"
    )
    for column in (
        "engine",
        "prepare s",
        "load s",
        "both matrices s",
        "ratio",
        "route ms",
        "nearest ms",
    ):
        table.add_column(column, justify="left" if column == "engine" else "right")
    own_s = told["cunlu"]["matrix"]["median_s"]
    for name, facts in told.items():
        if not isinstance(facts, dict) or "matrix" not in facts:
            continue
        count = facts.get("places", told["places"])
        matrix_s = facts["matrix"]["median_s"]
        ratio = matrix_s / own_s if count == told["places"] else float("nan")
        table.add_row(
            name + ("" if count == told["places"] else f" ({count} places)"),
            f"{facts['prepare_s']:g}",
            f"{facts['load_s']:g}",
            f"{matrix_s:g}",
            f"{ratio:.1f}",
            f"{facts.get('route_ms', float('nan')):g}",
            f"{facts.get('nearest_ms', float('nan')):g}",
        )
    Console(width=110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Our roads beside their peers on one extract.")
    parser.add_argument("extract", type=Path)
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--valhalla-places", type=int, default=100)
    parser.add_argument("--profile", choices=PROFILE_CHOICES, default="van")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-dijkstra", dest="dijkstra", action="store_false")
    parser.add_argument("--out", type=Path, help="keep the JSON here")
    args = parser.parse_args()
    for package, module in (("osrm-bindings", osrm), ("pyvalhalla", valhalla)):
        if module is None:
            print(f"{package} is not installed and left out")
    told = measure(args)
    print(json.dumps(told))
    if args.out is not None:
        args.out.write_text(json.dumps(told, indent=1) + "\n")
    show(told)


if __name__ == "__main__":
    main()
