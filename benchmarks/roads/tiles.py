"""
How long a map tile takes to paint and how much of the wire it takes.

Run with `python benchmarks/roads/tiles.py EXTRACT_OR_NETWORK`. Paints up to `--most` tiles of each zoom
that touch the roads, from the north-west on, and prints the median and the greatest of milliseconds
and of gzipped kilobytes (level 6).
"""

from __future__ import annotations

import argparse
import gzip
import math
import statistics
from itertools import islice, product
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from routing.roads.network import RoadNetwork
from routing.roads.tiles import MAX_ZOOM, TilePainter


def tile_span(network: RoadNetwork, zoom: int) -> tuple[range, range]:
    """Columns and rows of the tiles over the network's bounds."""
    west, south, east, north = network.bounds

    def row(lat: float) -> int:
        return int((0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * 2**zoom)

    def column(lon: float) -> int:
        return int((lon / 360 + 0.5) * 2**zoom)

    return range(column(west), column(east) + 1), range(row(north), row(south) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("roads", type=Path, help="an OpenStreetMap extract, or a .network file")
    parser.add_argument("--most", type=int, default=400, help="tiles of a zoom, at most")
    options = parser.parse_args()
    is_extract = ".osm" in options.roads.name
    network = (
        RoadNetwork.build(options.roads, profiles=("trike",))
        if is_extract
        else RoadNetwork.load(options.roads)
    )
    edges = network.edges()
    start = perf_counter()
    painter = TilePainter(edges)
    table = Table(
        "zoom", "tiles", "ms median", "ms max", "kB median", "kB max",
        title=f"{edges.count:,} edges; painter made in {perf_counter() - start:.2f} s",
    )  # fmt: skip
    for zoom in range(6, MAX_ZOOM + 1):
        took_ms, sizes_kb = [], []
        for x, y in islice(product(*tile_span(network, zoom)), options.most):
            start = perf_counter()
            body = painter.tile(zoom, x, y)
            took_ms.append((perf_counter() - start) * 1e3)
            if body:
                sizes_kb.append(len(gzip.compress(body, 6)) / 1e3)
        row = (statistics.median(took_ms), max(took_ms), statistics.median(sizes_kb or [0]))
        figures = [f"{value:.1f}" for value in (*row, max(sizes_kb, default=0))]
        table.add_row(str(zoom), str(len(took_ms)), *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
