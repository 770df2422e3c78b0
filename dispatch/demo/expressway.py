"""An elevated road across the county that passes over all others and meets them at its ends only."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from dispatch.demo.county import County
from dispatch.demo.drawing import Drawing, Way

_NEAR_TOWNS: Final = ("王集", "睢城", "沙集")  # west to east
_RAMP_NORTH_M = 2_000.0  # ramps are looked for around a point this far north of a town; chosen
_OUT_OF_TOWN_M = 1_200.0  # and not among its streets; chosen
_BULGE = 0.04  # of its length to the north: no road is quite straight; chosen
_TAGS: Final = {
    "highway": "trunk",
    "surface": "asphalt",
    "maxspeed": "80",
    "name": "睢宁高架",
    "bridge": "viaduct",
    "layer": "2",
}


def draw_expressway(county: County, drawing: Drawing) -> None:
    """
    Draw one elevated road from ramp to ramp, closed to three-wheelers by its class.

    Ramps are nodes of main and county roads, which must have been drawn. It is what shows whether
    an importer takes crossing lines for junctions.
    """
    ramps = sorted(
        {
            node
            for way in drawing.ways
            if way.tags["highway"] in {"primary", "secondary"}
            for node in way.nodes
        }
    )
    at = np.array([drawing.nodes[node] for node in ramps])
    seats = county.centres[: county.seats]
    in_town = np.linalg.norm(at[:, None] - seats, axis=2).min(axis=1) < _OUT_OF_TOWN_M
    chosen = []
    for town in _NEAR_TOWNS:
        wanted = county.centres[county.seat_of(town)] + [0.0, _RAMP_NORTH_M]
        away_m = np.where(in_town, np.inf, np.linalg.norm(at - wanted, axis=1))
        chosen.append(ramps[int(away_m.argmin())])
    share = np.linspace(0.0, 1.0, 9)[1:-1, None]
    for a, b in pairwise(chosen):
        start, end = np.array(drawing.nodes[a]), np.array(drawing.nodes[b])
        line = start + share * (end - start)
        line[:, 1] += (4 * _BULGE * np.linalg.norm(end - start) * share * (1 - share))[:, 0]
        nodes = [a, *(drawing.node(*point) for point in line), b]
        drawing.ways.append(Way(nodes, dict(_TAGS), passes_over=True))
