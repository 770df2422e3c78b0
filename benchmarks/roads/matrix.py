"""
How long a road network takes to import, to load and to answer a matrix.

Run with `python benchmarks/roads/matrix.py EXTRACT --places 1000`. Places are drawn evenly over the
extract's bounds and kept where the profile finds a road within the limit. Prints one JSON line, then
the same as a table. The first matrix of the process is reported apart: it loads the kernels.

With `--tiles 1 4 8 16` the extract is repeated that many times east and north, with a road between
neighbours, to show how the time of every step grows with the number of junctions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.compiled import compile_roads
from routing.roads.geometry import line_length_m
from routing.roads.graph import CLOSED, Roads
from routing.roads.network import RoadNetwork
from routing.roads.osm import read_roads
from routing.roads.snap import Snap
from routing.roads.speeds import profiles_of


def seconds(action: Callable[[], Any]) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start


def median_s(action: Callable[[], Any], repeats: int) -> float:
    return statistics.median(seconds(action) for _ in range(repeats))


def draw_snaps(
    network: RoadNetwork, profile: str, count: int, *, limit_m: int, seed: int
) -> list[Snap]:
    """The first `count` of up to fifty times as many random places that have a road nearby."""
    rng = np.random.default_rng(seed)
    west, south, east, north = network.bounds
    found: list[Snap] = []
    for _ in range(50):
        places = [
            Place(float(lon), float(lat))
            for lon, lat in zip(
                rng.uniform(west, east, count), rng.uniform(south, north, count), strict=True
            )
        ]
        found += [
            answer
            for answer in network.snap(places, profile, limit_m=limit_m)
            if isinstance(answer, Snap)
        ]
        if len(found) >= count:
            return found[:count]
    raise SystemExit(f"only {len(found)} of {count} random places lie within {limit_m} m of a road")


def measure(extract: Path, args: argparse.Namespace) -> dict[str, Any]:
    start = perf_counter()
    network = RoadNetwork.build(extract, profiles=(args.profile,))
    import_s = perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network"
        save_s = seconds(lambda: network.save(path))
        load_s = median_s(lambda: RoadNetwork.load(path), args.repeats)
        size_bytes = path.stat().st_size
        network = RoadNetwork.load(path)
        snaps = draw_snaps(network, args.profile, args.places, limit_m=args.limit_m, seed=args.seed)
        places = [snap.place for snap in snaps]
        rng = np.random.default_rng(args.seed)
        pairs = rng.choice(len(snaps), (200, 2))
        first_matrix_s = seconds(lambda: network.table(snaps, snaps, args.profile))
        first_leg_s = seconds(lambda: network.leg(snaps[0], snaps[-1], args.profile))
        legs_s = []
        for a, b in pairs:
            start = perf_counter()
            network.leg(snaps[a], snaps[b], args.profile)
            legs_s.append(perf_counter() - start)
        return {
            "extract": extract.name,
            "junctions": network.report.junctions,
            "roads": network.report.roads,
            "profile": args.profile,
            "places": len(snaps),
            "repeats": args.repeats,
            "seed": args.seed,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "import_s": round(import_s, 3),
            "save_s": round(save_s, 3),
            "load_s": round(load_s, 4),
            "file_mb": round(size_bytes / 1e6, 1),
            "first_matrix_s": round(first_matrix_s, 3),
            "matrix_s": round(
                median_s(lambda: network.table(snaps, snaps, args.profile), args.repeats), 4
            ),
            "snap_ms_per_place": round(
                median_s(lambda: network.snap(places, args.profile), args.repeats)
                * 1e3
                / len(places),
                4,
            ),
            "closure_s": closure_s(network, snaps, args),
            "first_leg_ms": round(first_leg_s * 1e3, 2),
            "leg_ms": round(statistics.median(legs_s) * 1e3, 3),
        }


def closure_s(network: RoadNetwork, snaps: list[Snap], args: argparse.Namespace) -> float:
    """Seconds from a closed road to the next place that is snapped beside it."""
    others = iter(dict.fromkeys(snap.edge for snap in snaps))  # what was asked for once is kept

    def close() -> None:
        closures = [Closure(roads=(next(others),))]
        network.with_closures(closures).snap([snaps[0].place], args.profile)

    return round(median_s(close, args.repeats), 4)


def tiled(roads: Roads, usable: NDArray[np.bool_], side: int) -> Roads:
    """`side` × `side` copies of the roads, neighbours joined by a straight road between usable ones."""
    steps = np.ptp(roads.node_lon_lat, axis=0) * 1.02
    shifts = [(x, y) for y in range(side) for x in range(side)]
    n, m, copies = len(roads.node_lon_lat), roads.count, len(shifts)
    ends = np.unique(np.concatenate((roads.tails[usable], roads.heads[usable])))
    lon_lat = roads.node_lon_lat[ends]
    to_east, to_north = ends[lon_lat[:, 0].argmax()], ends[lon_lat[:, 1].argmax()]
    from_west, from_south = ends[lon_lat[:, 0].argmin()], ends[lon_lat[:, 1].argmin()]
    places = np.concatenate([roads.node_lon_lat + steps * shift for shift in shifts])
    links = [
        (tile * n + start, (tile + ahead) * n + stop)
        for tile, (x, y) in enumerate(shifts)
        for ahead, start, stop, inside in (
            (1, to_east, from_west, x + 1 < side),
            (side, to_north, from_south, y + 1 < side),
        )
        if inside
    ]
    tails = np.array([tail for tail, _ in links], np.int32)
    heads = np.array([head for _, head in links], np.int32)
    link_lines = places[np.column_stack((tails, heads))].reshape(-1, 2)
    kind = np.full(len(links), roads.traits_with[usable][0], np.int32)

    def again(values: NDArray[Any], step: int = 0) -> list[NDArray[Any]]:
        return [values + np.asarray(tile * step, values.dtype) for tile in range(copies)]

    points = len(roads.lon_lat)
    starts = np.concatenate([roads.offsets[:-1] + tile * points for tile in range(copies)])
    link_starts = points * copies + 2 * np.arange(len(links) + 1)
    nothing = np.zeros(len(links), np.int32)
    return Roads(
        node_lon_lat=places,
        osm_nodes=np.concatenate(again(roads.osm_nodes)),
        tails=np.concatenate((*again(roads.tails, n), tails)),
        heads=np.concatenate((*again(roads.heads, n), heads)),
        traits_with=np.concatenate((*again(roads.traits_with), kind)),
        traits_against=np.concatenate((*again(roads.traits_against), kind)),
        lengths_m=np.concatenate(
            (
                *again(roads.lengths_m),
                [line_length_m(line.tolist()) for line in link_lines.reshape(-1, 2, 2)],
            )
        ),
        offsets=np.concatenate((starts, link_starts)),
        lon_lat=np.concatenate((*[roads.lon_lat + steps * shift for shift in shifts], link_lines)),
        osm_ways=np.concatenate((*again(roads.osm_ways), nothing)),
        name_indices=np.concatenate((*again(roads.name_indices), nothing)),
        ref_indices=np.concatenate((*again(roads.ref_indices), nothing)),
        texts=roads.texts,
        traits=roads.traits,
        restrictions=tuple(
            replace(
                one,
                roads=tuple(tile * m + road for road in one.roads),
                nodes=tuple(tile * n + node for node in one.nodes),
            )
            for tile in range(copies)
            for one in roads.restrictions
        ),
    )


def measure_growth(extract: Path, side: int, args: argparse.Namespace) -> dict[str, Any]:
    start = perf_counter()
    one = read_roads(extract).roads
    read_s = perf_counter() - start
    profiles = profiles_of([args.profile])
    small = RoadNetwork(compile_roads(one, None, profiles, synthetic=False), version="1")
    usable = (small.weights(args.profile).reshape(-1, 2) < CLOSED).all(axis=1)
    roads = tiled(one, usable, side)
    start = perf_counter()
    compiled = compile_roads(roads, None, profiles, synthetic=False)
    compile_s = perf_counter() - start
    network = RoadNetwork(compiled, version=f"{side} x {side}")
    weights = network.weights(args.profile)
    customise_s = median_s(lambda: network.with_weights({args.profile: weights}), args.repeats)
    snap_start = perf_counter()
    snaps = draw_snaps(network, args.profile, args.places, limit_m=args.limit_m, seed=args.seed)
    first_snap_s = perf_counter() - snap_start
    pairs = np.random.default_rng(args.seed).choice(len(snaps), (100, 2))
    network.table(snaps, snaps, args.profile)
    return {
        "extract": f"{extract.name}, {side} x {side}",
        "junctions": len(roads.node_lon_lat),
        "turn_restrictions": len(roads.restrictions),
        "profile": args.profile,
        "places": len(snaps),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "read_one_tile_s": round(read_s, 3),
        "compile_s": round(compile_s, 3),
        "customise_s": round(customise_s, 4),
        "first_snap_s": round(first_snap_s, 3),
        "matrix_s": round(
            median_s(lambda: network.table(snaps, snaps, args.profile), args.repeats), 4
        ),
        "closure_s": closure_s(network, snaps, args),
        "leg_ms": round(
            statistics.median(
                seconds(lambda a=a, b=b: network.leg(snaps[a], snaps[b], args.profile))
                for a, b in pairs.tolist()
            )
            * 1e3,
            3,
        ),
    }


def report(result: dict[str, Any]) -> None:
    print(json.dumps(result, ensure_ascii=False))
    table = Table("measure", "value")
    for name, value in result.items():
        table.add_row(name, str(value))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a road network on one extract.")
    parser.add_argument("extract", type=Path, help="a .osm.pbf, .osm or .osm.gz file")
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--profile", default="van")
    parser.add_argument("--limit-m", type=int, default=1000, help="farthest road for a place")
    parser.add_argument("--repeats", type=int, default=5, help="medians are over this many runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tiles", type=int, nargs="*", help="repeat the extract this often")
    args = parser.parse_args()

    if args.tiles:
        for side in args.tiles:
            report(measure_growth(args.extract, side, args))
    else:
        report(measure(args.extract, args))


if __name__ == "__main__":
    main()
