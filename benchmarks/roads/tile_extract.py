"""
Repeat an extract east and north, as an OpenStreetMap file that peers can read too.

Run with `python benchmarks/roads/tile_extract.py EXTRACT 8 --out tiled.osm.pbf`: 8 × 8 copies of its
roads, barriers and turn restrictions, neighbours joined by a road. Roads go nowhere real: for timing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import osmium
from osmium.osm import mutable

_JOINING = ("primary", "secondary", "tertiary", "unclassified", "residential")
_GAP_DEG = 0.002


@dataclass
class Extract:
    """What matters of an extract, with ids renumbered from 1."""

    places: list[tuple[float, float]] = field(default_factory=list)
    node_tags: list[dict[str, str]] = field(default_factory=list)
    ways: list[tuple[list[int], dict[str, str]]] = field(default_factory=list)
    relations: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = field(default_factory=list)


def read(path: Path) -> Extract:
    found = Extract()
    nodes: dict[int, int] = {}
    ways: dict[int, int] = {}
    tags_of: dict[int, dict[str, str]] = {}
    for thing in osmium.FileProcessor(str(path)).with_locations():
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_node() and tags:
            tags_of[thing.id] = tags
        elif thing.is_way() and "highway" in tags:
            refs = []
            for node in thing.nodes:
                if node.location.valid():
                    if node.ref not in nodes:
                        found.places.append((node.lon, node.lat))
                        found.node_tags.append(tags_of.get(node.ref, {}))
                        nodes[node.ref] = len(found.places)
                    refs.append(nodes[node.ref])
            if len(refs) > 1:
                found.ways.append((refs, tags))
                ways[thing.id] = len(found.ways)
        elif thing.is_relation() and tags.get("type") == "restriction":
            known = {"n": nodes, "w": ways}
            members = [(m.type, known.get(m.type, {}).get(m.ref, 0), m.role) for m in thing.members]
            if all(ref for _, ref, _ in members):
                found.relations.append((members, tags))
    return found


def write(extract: Extract, side: int, out: Path) -> None:
    lons, lats = zip(*extract.places, strict=True)
    west, south = min(lons), min(lats)
    wide, high = max(lons) - west + _GAP_DEG, max(lats) - south + _GAP_DEG
    joining = {node for refs, tags in extract.ways if tags["highway"] in _JOINING for node in refs}
    ends = [
        pick(joining, key=lambda node, axis=axis: extract.places[node - 1][axis])
        for axis in (0, 1)
        for pick in (max, min)
    ]
    n, w, r = len(extract.places), len(extract.ways), len(extract.relations)
    tiles = [(row, column) for row in range(side) for column in range(side)]
    out.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(out)) as writer:
        for k, (row, column) in enumerate(tiles):
            for number, ((lon, lat), tags) in enumerate(
                zip(extract.places, extract.node_tags, strict=True), start=1
            ):
                at = (lon - west + 5.0 + column * wide, lat - south + 45.0 + row * high)
                writer.add_node(mutable.Node(id=k * n + number, location=at, tags=tags, version=1))
        for k in range(len(tiles)):
            for number, (refs, tags) in enumerate(extract.ways, start=1):
                nodes = [k * n + ref for ref in refs]
                writer.add_way(mutable.Way(id=k * w + number, nodes=nodes, tags=tags, version=1))
        last = len(tiles) * w
        east, far_west, north, far_south = ends
        for k, (row, column) in enumerate(tiles):
            for is_inner, here, there, step in (
                (column + 1 < side, east, far_west, 1),
                (row + 1 < side, north, far_south, side),
            ):
                if is_inner:
                    last += 1
                    nodes = [k * n + here, (k + step) * n + there]
                    tags = {"highway": "secondary"}
                    writer.add_way(mutable.Way(id=last, nodes=nodes, tags=tags, version=1))
        for k in range(len(tiles)):
            base = {"n": k * n, "w": k * w}
            for number, (members, tags) in enumerate(extract.relations, start=1):
                listed = [(kind, base[kind] + ref, role) for kind, ref, role in members]
                writer.add_relation(
                    mutable.Relation(id=k * r + number, members=listed, tags=tags, version=1)
                )


def main() -> None:
    parser = argparse.ArgumentParser(description="Repeat an extract east and north.")
    parser.add_argument("extract", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    write(read(args.extract), args.side, args.out)
    print(f"{args.out}: {args.side} × {args.side}")


if __name__ == "__main__":
    main()
