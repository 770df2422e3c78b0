"""Roads between settlements: a planar net of field boundaries on which roads are found and merge."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree

from dispatch.demo.county import County, canal_x_m
from dispatch.demo.drawing import Drawing, Way
from dispatch.demo.landscape import Points

# All lengths and shares below are chosen by eye, not measured, unless a source is named.
_FIELD_M = 330.0  # usual width of a field between two boundaries
_COUNTY_EDGE_M = 9_500.0  # fields reach this far from the nearest town
_SITE_CLEAR_M, _SEAT_CLEAR_M = 180.0, 420.0  # no field corner nearer to a village or a town centre
_LONGEST_BOUNDARY_M = 900.0  # longer sides of the triangulation are artefacts of its rim
_ROUGHNESS = 0.45  # spread of the boundaries' costs; brings the detour of village roads near 1.25
_SLANT = 0.25  # boundaries of the plain's fields run north-south or east-west: others cost more
_BUILT = 0.55  # an existing road costs this share, so that new roads join it
_BRIDGE_EVERY_M = 4_500.0
_FURTHER_ROADS, _FURTHER_TRACKS = 0.15, 0.10  # share of the Delaunay pairs beyond the neighbours
_FURTHEST_PAIR_M = 6_000.0


class RoadClass(IntEnum):
    """Ascending: where roads share a boundary the highest class wins."""

    NONE = 0
    TRACK = 1
    VILLAGE = 2
    TOWNSHIP = 3
    COUNTY = 4
    MAIN = 5


# Speeds of the county's roads, villages' roads and lanes as shared by those who asked for the demo.
_TAGS: dict[RoadClass, dict[str, str]] = {
    RoadClass.TRACK: {
        "highway": "track",
        "tracktype": "grade2",
        "surface": "compacted",
        "motorcar": "no",
        "motorcycle": "yes",
    },
    RoadClass.VILLAGE: {"highway": "unclassified", "surface": "concrete", "maxspeed": "35"},
    RoadClass.TOWNSHIP: {"highway": "tertiary", "surface": "concrete", "maxspeed": "40"},
    RoadClass.COUNTY: {"highway": "secondary", "surface": "asphalt", "maxspeed": "60"},
    RoadClass.MAIN: {"highway": "primary", "surface": "asphalt", "maxspeed": "70"},
}


class _Fields:
    """
    The planar net: corners, boundaries between them, and what has been built on each boundary.

    The first corners are the county's sites, in their order.
    """

    def __init__(self, rng: np.random.Generator, county: County) -> None:
        self.corners = _corners(rng, county)
        self.boundaries = _boundaries(self.corners)
        along = self.corners[self.boundaries[:, 1]] - self.corners[self.boundaries[:, 0]]
        length_m = np.linalg.norm(along, axis=1)
        slant = np.abs(np.sin(2 * np.arctan2(along[:, 1], along[:, 0])))
        rough = rng.lognormal(0.0, _ROUGHNESS, len(length_m))
        self.cost_m = length_m * rough * (1 + _SLANT * slant)
        self.built = np.full(len(length_m), RoadClass.NONE.value)
        self.names = [""] * len(length_m)
        self._bridge_the_canal()
        self._compile()

    def _bridge_the_canal(self) -> None:
        """Forget the boundaries that cross the canal, but for one every _BRIDGE_EVERY_M."""
        east = self.corners[:, 0] > canal_x_m(self.corners[:, 1])
        crosses = np.flatnonzero(east[self.boundaries[:, 0]] != east[self.boundaries[:, 1]])
        middle_y = self.corners[self.boundaries[crosses], 1].mean(axis=1)
        wanted = np.arange(middle_y.min() + 500.0, middle_y.max(), _BRIDGE_EVERY_M)
        bridges = np.unique(crosses[np.abs(middle_y - wanted[:, None]).argmin(axis=1)])
        kept = np.ones(len(self.boundaries), dtype=bool)
        kept[np.setdiff1d(crosses, bridges)] = False
        self.is_bridge = np.isin(np.flatnonzero(kept), bridges)
        self.boundaries, self.cost_m = self.boundaries[kept], self.cost_m[kept]
        self.built, self.names = self.built[kept], [""] * int(kept.sum())

    def _compile(self) -> None:
        count, number = len(self.corners), np.arange(1.0, len(self.boundaries) + 1)
        a, b = self.boundaries.T
        rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
        self._net = csr_matrix(
            (np.concatenate([number, number]), (rows, columns)), shape=(count, count)
        )
        self._number = self._net.data.astype(np.int64) - 1
        self._between = {(int(a), int(b)): i for i, (a, b) in enumerate(self.boundaries)}

    def between(self, a: int, b: int) -> int:
        return self._between[min(a, b), max(a, b)]

    def _cheapest(
        self, source: int, limit_m: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Costs from `source` to each corner (infinite beyond `limit_m`), and the corner before."""
        reach, before = dijkstra(
            self._net, indices=[source], limit=limit_m, return_predecessors=True
        )
        return reach[0], before[0]

    def build(
        self, source: int, targets: Sequence[int], kind: RoadClass, *, near_m: float = np.inf
    ) -> None:
        """
        Build the cheapest road of `kind` from `source` to each target.

        What costs more than `near_m` to reach, as beyond the canal, takes a second, slower search.
        """
        cost = np.where(self.built >= kind, self.cost_m * _BUILT, self.cost_m)
        self._net.data = cost[self._number]
        reach, before = self._cheapest(source, near_m)
        if not np.isfinite(reach[targets]).all():
            _, before = self._cheapest(source, np.inf)
        for target in targets:
            corner = target
            while corner != source:
                previous = int(before[corner])
                boundary = self.between(previous, corner)
                self.built[boundary] = max(self.built[boundary], kind)
                corner = previous

    def name(self, source: int, target: int, name: str) -> None:
        """Give `name` to what is nameless of the fastest way over county roads."""
        self._net.data = np.where(self.built >= RoadClass.COUNTY, self.cost_m, 1e9)[self._number]
        _, before = self._cheapest(source, np.inf)
        while target != source:
            previous = int(before[target])
            boundary = self.between(previous, target)
            self.names[boundary] = self.names[boundary] or name
            target = previous


def draw_field_roads(rng: np.random.Generator, county: County, drawing: Drawing) -> None:
    """
    Draw every road between settlements; the drawing's first nodes are the county's sites.

    Towns are joined with their relative neighbours (two towns are, if no third is nearer to both),
    villages likewise and with some more; each road is the cheapest path over field boundaries, on
    which built roads are cheap, so that roads merge as they do. Relative neighbours hang together, so vans reach all sites.
    """
    fields = _Fields(rng, county)
    centres, seats = county.centres, county.seats
    seat, depot = county.seat_of(county.county_seat), county.seat_of(county.depot_town)
    fields.build(seat, [depot], RoadClass.MAIN)
    neighbours, _ = _pairs(centres[:seats])
    for a, b in neighbours:
        fields.build(a, [b], RoadClass.COUNTY)
    for a, b in neighbours:
        # County roads are called after the first characters of the towns they join.
        fields.name(a, b, f"{county.sites[a].town[0]}{county.sites[b].town[0]}线")
    neighbours, others = _pairs(centres)
    near = [
        pair
        for pair in others
        if np.linalg.norm(np.diff(centres[list(pair)], axis=0)) < _FURTHEST_PAIR_M
    ]
    chosen = [near[i] for i in rng.permutation(len(near))]
    roads, tracks = round(_FURTHER_ROADS * len(others)), round(_FURTHER_TRACKS * len(others))
    plan = (
        (RoadClass.TOWNSHIP, [pair for pair in neighbours if pair[0] < seats]),
        (RoadClass.VILLAGE, [*neighbours, *sorted(chosen[:roads])]),
        (RoadClass.TRACK, sorted(chosen[roads : roads + tracks])),
    )
    for kind, pairs in plan:
        for a, targets in _by_first(pairs):
            farthest_m = np.linalg.norm(centres[targets] - centres[a], axis=1).max()
            fields.build(a, targets, kind, near_m=3.0 * farthest_m)
    _draw(fields, county, drawing)


def _corners(rng: np.random.Generator, county: County) -> Points:
    """The sites, then a jittered grid that keeps clear of them."""
    towns = county.centres[: county.seats]
    low, high = towns.min(axis=0) - _COUNTY_EDGE_M, towns.max(axis=0) + _COUNTY_EDGE_M
    across = [np.arange(a, b, _FIELD_M) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*across), axis=-1).reshape(-1, 2)
    grid += rng.uniform(-0.3, 0.3, grid.shape) * _FIELD_M
    clear = (
        (cKDTree(towns).query(grid)[0] < _COUNTY_EDGE_M)
        & (cKDTree(towns).query(grid)[0] > _SEAT_CLEAR_M)
        & (cKDTree(county.centres).query(grid)[0] > _SITE_CLEAR_M)
    )
    return np.vstack([county.centres, grid[clear]])


def _boundaries(corners: Points) -> NDArray[np.int64]:
    """Sides of the Delaunay triangulation, which never cross; smaller corner first, shape (m, 2)."""
    sides = Delaunay(corners).simplices[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    unique = np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64)
    length_m = np.linalg.norm(corners[unique[:, 0]] - corners[unique[:, 1]], axis=1)
    kept: NDArray[np.int64] = unique[length_m <= _LONGEST_BOUNDARY_M]
    return kept


def _pairs(points: Points) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Relative neighbours, which are all Delaunay pairs, and the other Delaunay pairs."""
    sides = Delaunay(points).simplices[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    pairs = np.unique(np.sort(sides, axis=1), axis=0)
    apart_m = np.linalg.norm(points[:, None] - points, axis=2)
    neighbours: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    for a, b in pairs.tolist():
        lune = np.maximum(apart_m[a], apart_m[b])
        lune[[a, b]] = np.inf
        (others if (lune < apart_m[a, b]).any() else neighbours).append((a, b))
    return neighbours, others


def _by_first(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = {}
    for a, b in pairs:
        groups.setdefault(a, []).append(b)
    return list(groups.items())


def _draw(fields: _Fields, county: County, drawing: Drawing) -> None:
    """Chains of boundaries of one kind and name become ways with rounded corners."""
    sites = [drawing.node(site.x_m, site.y_m) for site in county.sites]
    node_of = dict(zip(range(len(sites)), sites, strict=True))
    used = np.flatnonzero(fields.built > RoadClass.NONE)
    at_corner: dict[int, list[int]] = {}
    for boundary in used.tolist():
        for corner in fields.boundaries[boundary].tolist():
            at_corner.setdefault(corner, []).append(boundary)

    def look(boundary: int) -> tuple[int, str, bool]:
        kind = int(fields.built[boundary])
        return kind, fields.names[boundary], bool(fields.is_bridge[boundary])

    def goes_on(corner: int) -> bool:
        meeting = at_corner[corner]
        return corner >= len(sites) and len(meeting) == 2 and look(meeting[0]) == look(meeting[1])

    done: set[int] = set()
    for first in used.tolist():
        if first in done:
            continue
        chain = fields.boundaries[first].tolist()
        done.add(first)
        for _ in range(2):  # prolong at the end, then turn round and prolong at the other end
            while goes_on(chain[-1]):
                following = [b for b in at_corner[chain[-1]] if b not in done]
                if not following:
                    break
                done.add(following[0])
                a, b = fields.boundaries[following[0]].tolist()
                chain.append(b if a == chain[-1] else a)
            chain.reverse()
        kind, name, is_bridge = look(first)
        tags = dict(_TAGS[RoadClass(kind)])
        if name:
            tags["name"] = name
        if is_bridge:
            tags |= {"bridge": "yes", "layer": "1"}
        inner = _rounded(fields.corners[chain])[1:-1]
        ends = []
        for corner in (chain[0], chain[-1]):
            if corner not in node_of:
                node_of[corner] = drawing.node(*fields.corners[corner])
            ends.append(node_of[corner])
        nodes = [ends[0], *(drawing.node(x, y) for x, y in inner), ends[1]]
        drawing.ways.append(Way(nodes, tags))


def _rounded(line: Points) -> Points:
    """Chaikin's corner cutting, twice: stays inside each corner, so planar nets stay planar."""
    for _ in range(2):
        if len(line) < 3:
            return line
        a, b = line[:-1], line[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        line = np.vstack([line[:1], cut[1:-1], line[-1:]])
    return line
