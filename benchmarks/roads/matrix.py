"""
How long a road network takes to import, to load and to answer a matrix.

Run with `python benchmarks/roads/matrix.py EXTRACT --places 1000`. Places are drawn evenly over the
extract's bounds and kept where the profile finds a road within the limit. Prints one JSON line, then
the same as a table. The first matrix of the process is reported apart: it loads the kernels.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap


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
        first_matrix_s = seconds(lambda: network.matrix(snaps, args.profile))
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
                median_s(lambda: network.matrix(snaps, args.profile), args.repeats), 4
            ),
            "snap_ms_per_place": round(
                median_s(lambda: network.snap(places, args.profile), args.repeats)
                * 1e3
                / len(places),
                4,
            ),
            "first_leg_ms": round(first_leg_s * 1e3, 2),
            "leg_ms": round(statistics.median(legs_s) * 1e3, 3),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a road network on one extract.")
    parser.add_argument("extract", type=Path, help="a .osm.pbf, .osm or .osm.gz file")
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--profile", default="van")
    parser.add_argument("--limit-m", type=int, default=1000, help="farthest road for a place")
    parser.add_argument("--repeats", type=int, default=5, help="medians are over this many runs")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    result = measure(args.extract, args)

    print(json.dumps(result, ensure_ascii=False))
    table = Table("measure", "value")
    for name, value in result.items():
        table.add_row(name, str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
