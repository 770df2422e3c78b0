"""The synthetic county as an OpenStreetMap file: the same tags that a real extract has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
from osmium.osm.mutable import Node, Way

from dispatch.demo.county import County, canal_x_m
from dispatch.demo.drawing import Drawing
from dispatch.demo.landscape import Points
from routing.roads.osm import SYNTHETIC_TAG

SYNTHETIC = {SYNTHETIC_TAG: "yes", "note": "synthetic"}
"""On every object, so that whoever meets it in another file sees what it is."""


def write_osm(path: Path, county: County, drawing: Drawing) -> None:
    """
    Write roads, the canal and the settlements' names; the ending of `path` chooses the format.

    Ids count from 1 in the order of the drawing. Nothing in the file depends on the clock.
    """
    nodes = county.plane.unflatten(np.array(drawing.nodes))
    canal = county.plane.unflatten(_canal(np.array(drawing.nodes)))
    places = county.plane.unflatten(county.centres)
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        number = 0
        for lon, lat in [*nodes.tolist(), *canal.tolist()]:
            number += 1
            writer.add_node(Node(id=number, version=1, location=(lon, lat)))
        for site, (lon, lat) in zip(county.sites, places.tolist(), strict=True):
            number += 1
            tags = {
                "place": "town" if site.is_seat else "village",
                "name": f"{site.town}镇" if site.is_seat else site.name,
                **SYNTHETIC,
            }
            writer.add_node(Node(id=number, version=1, location=(lon, lat), tags=tags))
        for way_number, way in enumerate(drawing.ways, start=1):
            refs = [node + 1 for node in way.nodes]
            writer.add_way(Way(id=way_number, version=1, nodes=refs, tags=way.tags | SYNTHETIC))
        refs = [len(nodes) + 1 + k for k in range(len(canal))]
        tags = {"waterway": "canal", "name": "徐沙运河（虚构）", **SYNTHETIC}
        writer.add_way(Way(id=len(drawing.ways) + 1, version=1, nodes=refs, tags=tags))


def _canal(nodes: Points) -> Points:
    """The canal's line where roads are within a few kilometres of it."""
    beside = nodes[np.abs(nodes[:, 0] - canal_x_m(nodes[:, 1])) < 4_000.0]
    y = np.arange(beside[:, 1].min(), beside[:, 1].max(), 150.0)
    return np.stack([canal_x_m(y), y], axis=1)
