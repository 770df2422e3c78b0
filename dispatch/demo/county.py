"""The synthetic county: real towns of Suining, and where villages, fields and the canal are put."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from dispatch.demo.landscape import Plane, Points
from routing.places import Place

VILLAGE_SPACING_M = 900  # least distance between two villages' centres
_CELL_RADIUS_M = 7_500  # a town's villages lie no farther out; chosen, half the towns' spacing
_CANDIDATES = 10  # of which the loneliest becomes a village: enough to look even, not like a grid
_CANAL_X_M = -4_900.0  # between Shaji and Gaozuo
CANAL_CLEARANCE_M = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A village's or a town's middle in metres from the depot town, and how many live there."""

    name: str
    town: str
    x_m: float
    y_m: float
    homes: int
    is_seat: bool
    """Whether it is the community in the middle of its town."""


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """Sites in a fixed order: towns' seats first, in the order of the data file."""

    plane: Plane
    sites: tuple[Site, ...]
    depot_town: str
    county_seat: str

    @property
    def centres(self) -> Points:
        return np.array([(site.x_m, site.y_m) for site in self.sites])

    @property
    def seats(self) -> int:
        return sum(site.is_seat for site in self.sites)

    def seat_of(self, town: str) -> int:
        """Index among `sites` of the middle of `town`."""
        return next(i for i, site in enumerate(self.sites) if site.is_seat and site.town == town)


def canal_x_m(y_m: Points) -> Points:
    """How far east of the depot town the canal runs at `y_m`: it flows north to south in bends."""
    return _CANAL_X_M + 500.0 * np.sin(y_m / 2_900.0) + 350.0 * np.sin(y_m / 6_700.0 + 1.0)


def lay_out(rng: np.random.Generator) -> County:
    """
    Put every village of Suining somewhere in its town's Voronoi cell, away from the others.

    The loneliest of a few random candidates is taken each time (Mitchell 1991), which gives blue
    noise; no two centres are nearer than VILLAGE_SPACING_M. Homes are lognormal around 400.
    """
    data = tomllib.loads(files("dispatch.demo").joinpath("suining.toml").read_text("utf-8"))
    towns = data["towns"]
    by_name = {town["name"]: town for town in towns}
    depot = by_name[data["depot_town"]]
    plane = Plane(Place(depot["lon"], depot["lat"]))
    centres = plane.flatten(np.array([(town["lon"], town["lat"]) for town in towns]))

    times_used = Counter(village for town in towns for village in town["villages"])
    seats: list[Site] = []
    villages: list[Site] = []
    taken = list(centres)
    for index, town in enumerate(towns):
        seat = _seat_name(town["name"], town["villages"])
        for village in town["villages"]:
            if village == seat:
                point = centres[index]
            else:
                point = _loneliest(rng, centres, index, np.array(taken))
                taken.append(point)
            site = Site(
                name=village if times_used[village] == 1 else f"{town['name']}镇{village}",
                town=town["name"],
                x_m=float(point[0]),
                y_m=float(point[1]),
                homes=int(np.clip(rng.lognormal(math.log(400), 0.35), 150, 900)),
                is_seat=village == seat,
            )
            (seats if site.is_seat else villages).append(site)
    return County(
        plane=plane,
        sites=(*seats, *villages),
        depot_town=data["depot_town"],
        county_seat=data["county_seat"],
    )


def _seat_name(town: str, villages: list[str]) -> str:
    """The community that bears the town's name lies in its middle; else the one listed first."""
    return next((village for village in villages if town in village), villages[0])


def _loneliest(
    rng: np.random.Generator, centres: Points, index: int, taken: Points
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A point of the town's cell, at least VILLAGE_SPACING_M from all `taken` and off the canal."""
    while True:  # a cell holds several times as many villages as any town has
        radius = _CELL_RADIUS_M * np.sqrt(rng.random(4 * _CANDIDATES))
        angle = rng.uniform(0, 2 * math.pi, 4 * _CANDIDATES)
        points = centres[index] + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        nearest_town = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
        dry = np.abs(points[:, 0] - canal_x_m(points[:, 1])) > CANAL_CLEARANCE_M
        points = points[(nearest_town == index) & dry][:_CANDIDATES]
        if not len(points):
            continue
        alone_m = np.linalg.norm(points[:, None] - taken, axis=2).min(axis=1)
        best = int(alone_m.argmax())
        if alone_m[best] >= VILLAGE_SPACING_M:
            return points[best]  # type: ignore[no-any-return]  # numpy types a row as Any
