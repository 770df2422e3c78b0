"""Places that were read in the wrong way are doubted, right ones are not."""

import networkx as nx
import numpy as np
import pytest

from routing.places import Datum, Place, to_datum
from routing.roads.doubts import PLACES_MIN, doubt_of
from routing.roads.network import RoadNetwork


@pytest.fixture(scope="module")
def network(grid_network):
    return RoadNetwork.load(grid_network)


@pytest.fixture
def houses(network):
    """Doors some ten metres from roads, all over the village."""
    rng = np.random.default_rng(11)
    lines = list(network.edges().lines())
    found = []
    for number in rng.integers(0, len(lines), 200).tolist():
        lon, lat = lines[number][0] + rng.random() * (lines[number][-1] - lines[number][0])
        off = rng.normal(0, 10, 2) / (92_400, 111_195)
        found.append(Place(float(lon + off[0]), float(lat + off[1])))
    return found


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_places_of_a_chinese_datum_that_nobody_named_are_doubted(network, houses, datum):
    stated = [Place(*to_datum(house, datum)) for house in houses]

    doubt = doubt_of(network, stated, "van")

    assert doubt is not None
    assert doubt.reading == datum
    assert doubt.gap_so_m < 15
    assert doubt.gap_m > 40
    assert f"{doubt.gap_m} m or more" in str(doubt)
    assert datum.value[:2].upper() in str(doubt)


def test_swapped_places_are_doubted_where_both_are_places():
    # West of 90° east both readings are places.
    model = RoadNetwork.from_graph(_moved_west(), profiles=["van"])
    right = [Place(76.0 + 0.0002 * n, 39.5) for n in range(30)]

    doubt = doubt_of(model, [Place(place.lat, place.lon) for place in right], "van")

    assert doubt_of(model, right, "van") is None
    assert doubt is not None
    assert (doubt.reading, doubt.gap_so_m) == ("swapped", 0)


def _moved_west():
    graph = nx.MultiDiGraph()
    for node in range(2):
        graph.add_node(node, lon=76.0 + 0.01 * node, lat=39.5)
    for u, v in ((0, 1), (1, 0)):
        graph.add_edge(u, v, road=0, highway="residential")
    return graph


@pytest.mark.parametrize("spread_m", [3, 10, 30, 200, 3_000])
def test_right_places_are_not_doubted_however_far_from_roads(network, houses, spread_m):
    rng = np.random.default_rng(12)
    off = rng.normal(0, spread_m, (len(houses), 2)) / (92_400, 111_195)
    places = [
        Place(house.lon + dx, house.lat + dy)
        for house, (dx, dy) in zip(houses, off.tolist(), strict=True)
    ]

    assert doubt_of(network, places, "van") is None


def test_a_few_places_say_nothing(network, houses):
    stated = [Place(*to_datum(house, Datum.GCJ02)) for house in houses[: PLACES_MIN - 1]]

    assert doubt_of(network, stated, "van") is None
    assert doubt_of(network, [], "van") is None


def test_a_profile_without_any_road_has_no_doubts():
    graph = _moved_west()
    for *_, edge in graph.edges(data=True):
        edge["highway"] = "motorway"
    model = RoadNetwork.from_graph(graph, profiles=["trike", "van"])

    assert doubt_of(model, [Place(76.0, 39.5)] * 30, "trike") is None
