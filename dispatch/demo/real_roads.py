"""A demo day on real roads: settlements of an OpenStreetMap extract, with made-up houses along them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import osmium
from numpy.typing import NDArray
from osmium.filter import KeyFilter
from scipy.spatial import cKDTree

from dispatch.demo.errors import DemoRefused
from dispatch.demo.landscape import Landscape, Plane, Points, Settlement
from routing.places import Place
from routing.roads.graph import CLOSED, Roads, roads_of
from routing.roads.network import RoadNetwork
from routing.roads.osm import read_osm

_VEHICLES: Final = ("trike", "van")
_LIVED_ON: Final = frozenset(
    {"residential", "living_street", "unclassified", "tertiary", "service", "track", "road"}
)
_MAIN: Final = ("trunk", "primary", "secondary", "tertiary")
# Chosen by eye on the extracts of three countries, not measured.
_HOUSE_EVERY_M = 30.0
_OFFSET_M = (5.0, 60.0)
_SETTLEMENT_RADIUS_M = {"city": 1_500.0, "town": 1_200.0, "village": 700.0}
_RADIUS_M = 400.0  # of hamlets, suburbs and the like, and of a spot dense in junctions
_NAMED_SHARE = (
    0.1  # of all houses; if fewer lie near a name, the extract's names are too few to use
)
_HOUSES_MIN = 5  # fewer make no settlement
_DENSE_M = 300.0
_DENSE_SPOTS = 60
_PLACES: Final = frozenset(
    {"city", "town", "village", "hamlet", "suburb", "neighbourhood", "quarter", "isolated_dwelling"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A `place` node, or a spot dense in junctions that nobody named."""

    name: str
    lon: float
    lat: float
    radius_m: float


def read_landscape(rng: np.random.Generator, path: Path) -> Landscape:
    """
    Find settlements in an extract and put houses 5 to 60 m beside their roads.

    Only roads count that a three-wheeler and a van may use both there and back, so that every
    house can be served by either. The depot stands on a main road of the largest settlement.

    Raises
    ------
    ExtractUnreadable, ExtractWithoutRoads
        See `routing.roads.osm.read_osm`.
    DemoRefused
        Nobody could live there: no road for both vehicles outside main roads.
    """
    graph, _ = read_osm(path)
    roads = roads_of(graph)
    usable = _usable(RoadNetwork.from_graph(graph, profiles=_VEHICLES))
    middle = roads.node_lon_lat.mean(axis=0)
    plane = Plane(Place(float(middle[0]), float(middle[1])))
    houses = _houses(rng, roads, usable, plane)
    if not len(houses):
        raise DemoRefused(
            f"{path} holds no residential road that a three-wheeler and a van may both use:"
            " choose an extract with villages in it"
        )
    settlements = _settlements(_named_places(path), houses, plane)
    named = sum(len(settlement.houses_lon_lat) for settlement in settlements)
    if named < _NAMED_SHARE * len(houses):
        settlements = _settlements(_dense_spots(roads, plane), houses, plane)
    if not settlements:
        raise DemoRefused(
            f"{path} holds no settlement with at least {_HOUSES_MIN} places for a house:"
            " choose a larger extract"
        )
    largest = max(settlements, key=lambda settlement: len(settlement.houses_lon_lat))
    depot = _depot(roads, usable, plane, largest)
    at_depot = plane.flatten(np.array([[depot.lon, depot.lat]]))[0]

    def from_depot_m(settlement: Settlement) -> float:
        at = plane.flatten(np.array([[settlement.centre.lon, settlement.centre.lat]]))[0]
        return 0.0 if settlement is largest else float(np.linalg.norm(at - at_depot))

    return Landscape(
        depot_name=f"{largest.name} depot",
        depot=depot,
        settlements=tuple(sorted(settlements, key=from_depot_m)),
        bulky_towns=frozenset({largest.town}),
        source=(
            f"Roads and names of settlements: `{path.name}`, © OpenStreetMap contributors, ODbL"
            " (unless that file says otherwise). It is not copied into this folder."
        ),
    )


def _usable(network: RoadNetwork) -> NDArray[np.bool_]:
    """Which roads both vehicles may use from anywhere to anywhere: shape (roads,)."""
    usable = np.ones(len(network.weights(_VEHICLES[0])) // 2, dtype=np.bool_)
    for profile in _VEHICLES:
        usable &= (network.weights(profile) < CLOSED).reshape(-1, 2).any(axis=1)
    return usable


def _classes(roads: Roads) -> NDArray[np.str_]:
    return np.array([traits.highway for traits in roads.traits])[roads.traits_with]


def _houses(
    rng: np.random.Generator, roads: Roads, usable: NDArray[np.bool_], plane: Plane
) -> Points:
    """Places beside every usable road that people live on, in metres."""
    lived_on = np.flatnonzero(usable & np.isin(_classes(roads), sorted(_LIVED_ON)))
    found = [np.empty((0, 2))]
    for road in lived_on.tolist():
        line = plane.flatten(roads.line(road))
        steps = np.diff(line, axis=0)
        length_m = np.linalg.norm(steps, axis=1)
        reached = np.concatenate([[0.0], length_m.cumsum()])
        along = np.arange(_HOUSE_EVERY_M / 2, reached[-1], _HOUSE_EVERY_M)
        if not len(along):
            continue
        along = np.clip(along + rng.uniform(-8, 8, len(along)), 0.0, reached[-1])
        segment = np.minimum(np.searchsorted(reached, along, side="right") - 1, len(steps) - 1)
        direction = steps[segment] / np.maximum(length_m[segment, None], 1e-9)
        left = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
        side = rng.choice([-1.0, 1.0], len(along)) * rng.uniform(*_OFFSET_M, len(along))
        at = line[segment] + direction * (along - reached[segment])[:, None]
        found.append(at + left * side[:, None])
    return np.vstack(found)


def _named_places(path: Path) -> list[_Name]:
    nodes: Any = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(KeyFilter("place"))
    return [
        _Name(
            name=node.tags["name"],
            lon=node.location.lon,
            lat=node.location.lat,
            radius_m=_SETTLEMENT_RADIUS_M.get(node.tags["place"], _RADIUS_M),
        )
        for node in nodes
        if node.tags["place"] in _PLACES and "name" in node.tags
    ]


def _dense_spots(roads: Roads, plane: Plane) -> list[_Name]:
    """Where many junctions lie close together, the densest first, none within reach of another."""
    nodes = plane.flatten(roads.node_lon_lat)
    density = cKDTree(nodes).query_ball_point(nodes, _DENSE_M, return_length=True)
    spots: list[int] = []
    for node in np.argsort(-density, kind="stable").tolist():
        if len(spots) == _DENSE_SPOTS:
            break
        if not spots or np.linalg.norm(nodes[spots] - nodes[node], axis=1).min() > 2 * _RADIUS_M:
            spots.append(node)
    return [
        _Name(name=f"Settlement {number}", lon=lon, lat=lat, radius_m=_RADIUS_M)
        for number, (lon, lat) in enumerate(roads.node_lon_lat[spots].tolist(), start=1)
    ]


def _settlements(names: list[_Name], houses: Points, plane: Plane) -> list[Settlement]:
    """Each house belongs to the nearest name, if it lies within that name's radius."""
    if not names:
        return []
    centres = plane.flatten(np.array([(name.lon, name.lat) for name in names]))
    apart_m, nearest = cKDTree(centres).query(houses)
    inside = apart_m <= np.array([name.radius_m for name in names])[nearest]
    lon_lat = plane.unflatten(houses)
    settlements, times = [], Counter[str]()
    for index, name in enumerate(names):
        own = lon_lat[inside & (nearest == index)]
        if len(own) < _HOUSES_MIN:
            continue
        times[name.name] += 1
        unique = name.name if times[name.name] == 1 else f"{name.name} ({times[name.name]})"
        settlements.append(
            Settlement(
                name=unique[:60],
                town=unique[:60],
                # On a house, so that the collection point lies beside a usable road.
                centre=_nearest_house(own, name),
                houses_lon_lat=own,
            )
        )
    return settlements


def _nearest_house(houses_lon_lat: Points, name: _Name) -> Place:
    away = np.linalg.norm(houses_lon_lat - [name.lon, name.lat], axis=1)
    lon, lat = houses_lon_lat[int(away.argmin())].tolist()
    return Place(lon, lat)


def _depot(roads: Roads, usable: NDArray[np.bool_], plane: Plane, settlement: Settlement) -> Place:
    """The end of a usable road nearest to the settlement's centre, on a main road if it has one."""
    centre = plane.flatten(np.array([[settlement.centre.lon, settlement.centre.lat]]))[0]
    nodes = plane.flatten(roads.node_lon_lat)
    away_m = np.linalg.norm(nodes - centre, axis=1)
    main = usable & np.isin(_classes(roads), _MAIN)
    main &= away_m[roads.tails] <= max(_SETTLEMENT_RADIUS_M.values())
    ends = roads.tails[main if main.any() else usable]
    return plane.place(nodes[ends[away_m[ends].argmin()]])
