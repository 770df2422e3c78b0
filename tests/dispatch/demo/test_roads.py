"""The synthetic roads as an importer sees them."""

import csv
from itertools import pairwise

import networkx as nx
import numpy as np
import osmium
import pytest

from dispatch.demo.county import canal_x_m, lay_out
from routing.places import Datum, from_datum
from routing.roads.osm import SYNTHETIC_TAG
from routing.roads.snap import Snap


@pytest.fixture(scope="module")
def ways(demo):
    """Per way its tags and its nodes as (id, lon, lat)."""
    things = osmium.FileProcessor(str(demo.roads)).with_locations()
    return [
        (dict(thing.tags), [(node.ref, node.lon, node.lat) for node in thing.nodes])
        for thing in things
        if thing.is_way()
    ]


@pytest.fixture(scope="module")
def county():
    return lay_out(np.random.default_rng(1))


def usable(network, closed):
    graph = nx.DiGraph()
    for tail, head, road in network.graph.edges(data=True):
        if not road.get("against_oneway") and not closed(road):
            graph.add_edge(tail, head)
    return graph


def test_vans_go_from_anywhere_to_anywhere_but_lanes_that_are_too_narrow(network):
    graph = usable(network, lambda road: road.get("motorcar") == "no")
    assert nx.is_strongly_connected(graph)
    assert graph.number_of_nodes() > 0.75 * network.graph.number_of_nodes()


def test_three_wheelers_go_from_anywhere_to_anywhere_but_the_expressway(network):
    graph = usable(network, lambda road: road["highway"] == "trunk")
    assert nx.is_strongly_connected(graph)
    assert graph.number_of_nodes() == network.graph.number_of_nodes()


def test_some_lanes_and_tracks_are_for_three_wheelers_only(network):
    narrow = {
        road["highway"]
        for _, _, road in network.graph.edges(data=True)
        if road.get("motorcar") == "no"
    }
    assert narrow == {"path", "track"}


def test_every_class_of_road_and_a_one_way_loop_in_every_town_is_there(ways, county):
    roads = [tags for tags, _ in ways if "highway" in tags]
    assert {tags["highway"] for tags in roads} == {
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "unclassified",
        "residential",
        "track",
        "path",
    }
    loops = [(tags, nodes) for tags, nodes in ways if tags.get("oneway") == "yes"]
    assert len(loops) == county.seats == 16
    assert all(nodes[0] == nodes[-1] for _, nodes in loops)
    assert {"沙集大道", "沙集环路", "睢宁高架"} <= {tags.get("name") for tags in roads}


def test_every_object_is_labelled_synthetic_and_so_is_the_network(demo, network):
    for thing in osmium.FileProcessor(str(demo.roads)):
        if len(thing.tags):
            assert thing.tags[SYNTHETIC_TAG] == "yes"
            assert thing.tags["note"] == "synthetic"
    assert network.synthetic
    assert network.report.ways_dropped == {}


def test_the_canal_is_crossed_on_few_bridges_only(ways, county):
    bridges = 0
    for tags, nodes in ways:
        if "highway" not in tags or tags["highway"] == "trunk":
            continue
        metres = county.plane.flatten(np.array([(lon, lat) for _, lon, lat in nodes]))
        east = metres[:, 0] > canal_x_m(metres[:, 1])
        if east.any() and not east.all():
            bridges += 1
            assert tags["bridge"] == "yes"
    assert 3 <= bridges <= 12


def test_the_expressway_meets_other_roads_at_its_ends_only(ways):
    elevated = [nodes for tags, nodes in ways if tags.get("bridge") == "viaduct"]
    others = {
        node
        for tags, nodes in ways
        if "highway" in tags and tags.get("bridge") != "viaduct"
        for node, _, _ in nodes
    }
    assert elevated
    for nodes in elevated:
        assert nodes[0][0] in others
        assert nodes[-1][0] in others
        assert not {node for node, _, _ in nodes[1:-1]} & others


def test_roads_between_towns_wind_as_much_as_roads_do(network, county):
    places = [county.plane.place(centre) for centre in county.centres[: county.seats]]
    # Seats lie at the same real places whatever the seed.
    matrix = network.matrix(network.snap(places, "van"), "van")
    apart_m = np.linalg.norm(
        county.centres[: county.seats, None] - county.centres[: county.seats], axis=2
    )
    near = (apart_m > 0) & (apart_m < 12_000)
    assert 1.05 < np.median(matrix.distances_m[near] / apart_m[near]) < 1.45


def test_every_household_and_point_lies_near_a_road_for_either_vehicle(demo, network):
    with demo.households_csv.open(encoding="utf-8", newline="") as lines:
        registry = list(csv.DictReader(lines))
    places = [
        from_datum(float(row["lon"]), float(row["lat"]), Datum(row["crs"])) for row in registry
    ]
    assert {row["crs"] for row in registry} == {"wgs84", "gcj02", "bd09"}
    for profile in ("trike", "van"):
        snaps = network.snap(places, profile, limit_m=150)
        assert all(isinstance(snap, Snap) for snap in snaps)


def test_no_stretch_of_road_has_length_zero(ways):
    for tags, nodes in ways:
        if "highway" in tags:
            assert all(a[1:] != b[1:] for a, b in pairwise(nodes))
