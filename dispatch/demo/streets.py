"""Roads inside settlements, and where their houses stand: rows along lanes, a grid in towns."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from dispatch.demo.county import County, Site
from dispatch.demo.drawing import Drawing, Way
from dispatch.demo.landscape import Points

# All lengths and shares are chosen by eye, not measured, unless a source is named.
_LANES_MIN, _LANES_MAX = 2, 5
_HOMES_PER_LANE = 110
_PLOT_M = 14.0  # width of a plot along its lane
_LONGEST_LANE_M = 660.0  # so that neighbouring villages hardly touch
_LANE_APART_M = 68.0  # two rows of houses stand between two lanes
_BLOCK_M = 210.0  # between two streets of a town
_BLOCKS = 2  # streets on either side of a town's middle
_NARROW_LANES, _NARROW_ALLEYS = 0.5, 0.3  # only three-wheelers pass: share of villages, of alleys

_LANE = {"highway": "residential", "surface": "concrete", "maxspeed": "15"}
_NARROW_LANE = {
    "highway": "path",
    "surface": "compacted",
    "motorcar": "no",
    "motorcycle": "yes",
}
_STREET = {"highway": "residential", "surface": "asphalt", "maxspeed": "30"}
_AVENUE = {"highway": "tertiary", "surface": "asphalt", "maxspeed": "40"}
_LOOP = {"highway": "secondary", "surface": "asphalt", "maxspeed": "40", "oneway": "yes"}


def draw_streets(rng: np.random.Generator, county: County, drawing: Drawing) -> list[Points]:
    """
    Draw every settlement's own roads through its centre; return the houses of each, in metres.

    The drawing's first nodes must be the county's sites.
    """
    return [
        _draw_town(rng, site, index, drawing)
        if site.is_seat
        else _draw_village(rng, site, index, drawing)
        for index, site in enumerate(county.sites)
    ]


def _draw_village(rng: np.random.Generator, site: Site, centre: int, drawing: Drawing) -> Points:
    """Parallel lanes, nearly east-west so that houses face south, a spine and two alleys."""
    lanes = int(np.clip(round(site.homes / _HOMES_PER_LANE), _LANES_MIN, _LANES_MAX))
    per_side = math.ceil(site.homes / lanes / 2)
    length_m = min(per_side * _PLOT_M, _LONGEST_LANE_M)
    plot_m = length_m / per_side
    turn = math.radians(rng.normal(0, 5))
    east = np.array([math.cos(turn), math.sin(turn)])
    north = np.array([-east[1], east[0]])
    middle = np.array([site.x_m, site.y_m])
    offsets = (np.arange(lanes) - (lanes - 1) / 2) * _LANE_APART_M + rng.normal(0, 5, lanes)
    # At most one lane is narrow, so that every alley and the spine reach one that is not.
    narrow_lane = int(rng.choice((0, lanes - 1))) if rng.random() < _NARROW_LANES else None
    alley_at = length_m * rng.uniform(0.25, 0.4, 2)

    spine = [(0.0, centre)]  # north of the centre, node
    alleys: tuple[list[int], list[int]] = ([], [])
    houses: list[Points] = []
    for lane, offset in enumerate(offsets):
        shift = rng.normal(0, 25)
        ends = (shift - length_m / 2, shift + length_m / 2)
        stations = (ends[0], -alley_at[0], 0.0, alley_at[1], ends[1])
        west, alley_west, spine_node, alley_east, far_east = (
            drawing.node(*(middle + along * east + offset * north)) for along in stations
        )
        drawing.ways.append(
            Way(
                [west, alley_west, spine_node, alley_east, far_east],
                dict(_NARROW_LANE if lane == narrow_lane else _LANE),
            )
        )
        spine.append((float(offset), spine_node))
        alleys[0].append(alley_west)
        alleys[1].append(alley_east)
        row = np.arange(ends[0] + plot_m / 2, ends[1], plot_m)
        for side in (-1, 1):
            along = row + rng.uniform(-3, 3, len(row))
            across = offset + side * rng.uniform(8, 18, len(row))
            houses.append(middle + along[:, None] * east + across[:, None] * north)
    drawing.ways.append(Way([node for _, node in sorted(spine)], dict(_LANE)))
    for alley in alleys:
        narrow = rng.random() < _NARROW_ALLEYS
        drawing.ways.append(Way(alley, dict(_NARROW_LANE if narrow else _LANE)))
    return np.vstack(houses)


def _draw_town(rng: np.random.Generator, site: Site, centre: int, drawing: Drawing) -> Points:
    """A grid of streets around two avenues, and a one-way loop round the inner blocks."""
    turn = math.radians(rng.normal(0, 4))
    east = np.array([math.cos(turn), math.sin(turn)])
    north = np.array([-east[1], east[0]])
    middle = np.array([site.x_m, site.y_m])
    lines = range(-_BLOCKS, _BLOCKS + 1)
    corner = {
        (i, j): centre
        if i == j == 0
        else drawing.node(*(middle + _BLOCK_M * (i * east + j * north)))
        for i in lines
        for j in lines
    }
    loop = [
        *((i, -1) for i in (-1, 0, 1)),
        *((1, j) for j in (0, 1)),
        *((i, 1) for i in (0, -1)),
        *((-1, j) for j in (0, -1)),
    ]
    in_loop = {frozenset(side) for side in pairwise(loop)}
    drawing.ways.append(Way([corner[at] for at in loop], _LOOP | {"name": f"{site.town}环路"}))
    houses = []
    for line in lines:
        for streets_run_east in (True, False):
            at = [(k, line) if streets_run_east else (line, k) for k in lines]
            along = east if streets_run_east else north
            names = (f"{site.town}大道", f"{site.town}中路")
            tags = (
                _AVENUE | {"name": names[0] if streets_run_east else names[1]}
                if line == 0
                else _STREET
            )
            for a, b in pairwise(at):
                if frozenset((a, b)) not in in_loop:
                    drawing.ways.append(Way([corner[a], corner[b]], dict(tags)))
            start = np.array(drawing.nodes[corner[at[0]]])
            length_m = 2 * _BLOCKS * _BLOCK_M
            row = np.arange(_PLOT_M, length_m - _PLOT_M, length_m * len(lines) * 4 / site.homes)
            for side in (-1, 1):
                spread = row + rng.uniform(-4, 4, len(row))
                across = side * rng.uniform(9, 22, len(row))
                normal = np.array([-along[1], along[0]])
                houses.append(start + spread[:, None] * along + across[:, None] * normal)
    return np.vstack(houses)
