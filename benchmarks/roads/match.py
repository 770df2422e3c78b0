"""
Drives told from noisy traces: our map matching beside OSRM's and Valhalla's.

In an environment with the peers of `compare.py`:

    python benchmarks/roads/match.py EXTRACT --drives 40

Drives are routes of OSRM and of ours in turn, cut to some kilometres, sampled evenly and shifted by
normal noise; every engine is told the noise. Of each answer the script tells how much of the true
line lies within 15 m of the matched one (found), and how much of the matched one within 15 m of the
true one (right), by length; and the milliseconds for each point of a trace, the answer's full line
included. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polyline
import shapely
from compare import PROFILE_CHOICES, Osrm, Ours, Valhalla, osrm, seconds_of, valhalla, versions
from matrix import draw_snaps
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from routing.places import Place
from routing.roads.geometry import METRES_PER_DEGREE, step_lengths_m
from routing.roads.matching import Sighting, match, tidied

Line = NDArray[np.float64]

NEAR_M = 15.0
DRIVE_M = 6_000.0
TRACES = ((5.0, 20.0), (10.0, 40.0), (20.0, 100.0), (10.0, 300.0))
"""Metres of noise, and between two points."""


def by_ours(ours: Ours, places: list[Place], noise_m: float) -> list[Line]:
    network, profile = ours.network, ours.profile
    trace = [
        Sighting(
            place=place,
            positions=tuple(
                nearby.snap
                for nearby in network.around(place, profile, limit_m=max(50.0, 3.0 * noise_m))
            ),
            precision_m=noise_m,
        )
        for place in places
    ]
    found = match(network, profile, [trace[number] for number in tidied(trace)])
    return [np.array(leg.line) for matching in found for leg in matching.legs]


def by_osrm(engine: Osrm, places: list[Place], noise_m: float) -> list[Line]:
    told = engine.engine.Match(
        osrm.MatchParameters(
            coordinates=[(place.lon, place.lat) for place in places],
            radiuses=[noise_m] * len(places),
            overview="full",
            geometries="polyline6",
            tidy=True,
        )
    )
    return [
        np.array(polyline.decode(str(each["geometry"]), 6))[:, ::-1] for each in told["matchings"]
    ]


def by_valhalla(engine: Valhalla, places: list[Place], noise_m: float) -> list[Line]:
    told = engine.actor.trace_route(
        {
            "shape": [{"lon": place.lon, "lat": place.lat} for place in places],
            "costing": "auto",
            "shape_match": "map_snap",
            "trace_options": {"gps_accuracy": noise_m, "search_radius": min(100, 3 * noise_m)},
        }
    )
    legs = [*told["trip"]["legs"]]
    for other in told.get("alternates", ()):
        legs += other["trip"]["legs"]
    return [np.array(polyline.decode(leg["shape"], 6))[:, ::-1] for leg in legs]


def sampled(line: Line, every_m: float, noise_m: float, rng: np.random.Generator) -> list[Place]:
    passed_m = np.concatenate(([0.0], np.cumsum(step_lengths_m(line))))
    marks_m = np.arange(0.0, min(passed_m[-1], DRIVE_M), every_m)
    at = np.column_stack([np.interp(marks_m, passed_m, line[:, axis]) for axis in (0, 1)])
    at += rng.normal(0.0, noise_m, at.shape) / scale_of(line)
    return [Place(lon, lat) for lon, lat in at.tolist()]


def scale_of(line: Line) -> Line:
    return METRES_PER_DEGREE * np.array([np.cos(np.radians(line[0, 1])), 1.0])


def cut_off(line: Line) -> Line:
    passed_m = np.concatenate(([0.0], np.cumsum(step_lengths_m(line))))
    return line[: max(2, int(np.searchsorted(passed_m, DRIVE_M)))]


def shares(true: Line, matched: list[Line]) -> tuple[float, float]:
    """Of the true line what was found, and of the matched ones what is right."""
    scale = scale_of(true)
    truth = shapely.LineString(true * scale)
    found = shapely.MultiLineString([line * scale for line in matched if len(line) > 1])
    near = truth.intersection(found.buffer(NEAR_M)).length / truth.length
    right = found.intersection(truth.buffer(NEAR_M)).length / max(found.length, 1e-9)
    return near, right


def main() -> None:
    parser = argparse.ArgumentParser(description="Map matching beside peers.")
    parser.add_argument("extract", type=Path)
    parser.add_argument("--drives", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    told: dict[str, Any] = {"extract": args.extract.name, "versions": versions(), "rows": []}
    rng = np.random.default_rng(args.seed)
    table = Table("noise m", "every m", "engine", "found", "right", "no answer", "ms a point")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        ours = Ours(args.extract, Path(one), PROFILE_CHOICES["car"])
        peer, other = Osrm(args.extract, Path(two)), Valhalla(args.extract, Path(one))
        engines: dict[str, Callable[[list[Place], float], list[Line]]] = {
            "cunlu": lambda places, noise_m: by_ours(ours, places, noise_m),
            "OSRM": lambda places, noise_m: by_osrm(peer, places, noise_m),
            "Valhalla": lambda places, noise_m: by_valhalla(other, places, noise_m),
        }
        snaps = draw_snaps(ours.network, ours.profile, 2 * args.drives, limit_m=500, seed=args.seed)
        drives = []
        for number in range(args.drives):
            here, there = snaps[2 * number : 2 * number + 2]
            line = np.array(ours.network.leg(here, there, ours.profile).line)
            if number % 2:
                line = route_of(peer, here.place, there.place)
            if step_lengths_m(line).sum() > 1_000.0:
                drives.append(cut_off(line))
        for noise_m, every_m in TRACES:
            traces = [sampled(line, every_m, noise_m, rng) for line in drives]
            for name, engine in engines.items():
                engine(traces[0], noise_m)
                row = judged(engine, drives, traces, noise_m)
                told["rows"].append({"noise_m": noise_m, "every_m": every_m, "engine": name} | row)
                table.add_row(f"{noise_m:g}", f"{every_m:g}", name, *map(str, row.values()))
    print(json.dumps(told))
    Console(width=100).print(table)


def route_of(peer: Osrm, origin: Place, destination: Place) -> Line:
    told = peer.engine.Route(
        osrm.RouteParameters(
            coordinates=[(origin.lon, origin.lat), (destination.lon, destination.lat)],
            overview="full",
            geometries="polyline6",
        )
    )
    return np.array(polyline.decode(str(told["routes"][0]["geometry"]), 6))[:, ::-1]


def judged(
    engine: Callable[[list[Place], float], list[Line]],
    drives: list[Line],
    traces: list[list[Place]],
    noise_m: float,
) -> dict[str, float]:
    found, right, refused, times_s, points = [], [], 0, [], 0
    for line, trace in zip(drives, traces, strict=True):
        try:
            took_s, matched = seconds_of(lambda trace=trace: engine(trace, noise_m))
        except (RuntimeError, ValueError):
            took_s, matched = 0.0, []
        if not matched:
            refused += 1
            found.append(0.0)
            continue
        times_s.append(took_s)
        points += len(trace)
        near, correct = shares(line, matched)
        found.append(near)
        right.append(correct)
    return {
        "found": round(statistics.fmean(found), 4),
        "right": round(statistics.fmean(right), 4) if right else 0.0,
        "no_answer": refused,
        "ms_a_point": round(1e3 * sum(times_s) / max(points, 1), 3),
    }


if __name__ == "__main__":
    assert osrm is not None
    assert valhalla is not None
    main()
