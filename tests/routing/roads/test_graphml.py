"""GraphML: other tools open it, and what they or we wrote becomes the same network again."""

import networkx as nx
import numpy as np
import pytest

from routing.places import Place
from routing.roads.graph import GraphRefused
from routing.roads.graphml import as_graphml, read_graphml
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.roads.speeds import VAN
from routing.roads.turns import restrictions_from_text


def test_graphml_opens_in_networkx_with_positions_lengths_and_durations(bayreuth, tmp_path):
    everything, for_vans = tmp_path / "all.graphml", tmp_path / "van.graphml"
    everything.write_bytes(as_graphml(bayreuth.graph))
    for_vans.write_bytes(as_graphml(bayreuth.graph, profile=VAN))

    graph, vans = nx.read_graphml(everything), nx.read_graphml(for_vans)

    restrictions = bayreuth.graph.graph["turn_restrictions"]
    assert restrictions
    assert list(restrictions_from_text(graph.graph["turn_restrictions"])) == restrictions
    assert len(graph) == len(bayreuth.graph)
    assert graph.number_of_edges() == bayreuth.graph.number_of_edges()
    assert 0 < vans.number_of_edges() < graph.number_of_edges()
    assert all(-180 <= lon <= 180 for _, lon in graph.nodes(data="lon"))
    for _, _, edge in vans.edges(data=True):
        assert edge["geometry"].startswith("LINESTRING (")
        assert edge["duration_s"] >= edge["length_m"] * 3.6 / VAN.top_kmh
    assert not any(edge.get("against_oneway") for _, _, edge in vans.edges(data=True))


def test_a_model_that_comes_back_from_graphml_is_the_same_network(bayreuth, tmp_path):
    path = tmp_path / "model.GraphML"
    path.write_bytes(as_graphml(bayreuth.graph))

    again = RoadNetwork.build(path, profiles=bayreuth.profiles)

    same = RoadNetwork.from_graph(bayreuth.graph, profiles=bayreuth.profiles)
    assert again.version == same.version
    assert len(again.graph.graph["turn_restrictions"]) > 20
    assert again.graph.graph["turn_restrictions"] == same.graph.graph["turn_restrictions"]
    west, south, east, north = bayreuth.bounds
    drawn = np.random.default_rng(2).uniform((west, south), (east, north), (80, 2)).tolist()
    places = [Place(*at) for at in drawn]
    for profile in bayreuth.profiles:
        snaps = [s for s in bayreuth.snap(places, profile, limit_m=900) if isinstance(s, Snap)]
        found = [s for s in again.snap(places, profile, limit_m=900) if isinstance(s, Snap)]
        assert len(snaps) > 20
        # Roads are counted and drawn in another order, so parts of them round in another way.
        old, new = bayreuth.matrix(snaps, profile), again.matrix(found, profile)
        assert np.abs(old.durations_s - new.durations_s).max() <= 1


def test_generated_roads_stay_labelled(write_osm, tmp_path):
    lane = {"highway": "residential", "cunlu:synthetic": "yes"}
    network = RoadNetwork.build(write_osm([([1, 2], lane)]), profiles=["van"])
    path = tmp_path / "model.graphml"
    path.write_bytes(as_graphml(network.graph))

    assert RoadNetwork.build(path, profiles=["van"]).synthetic


def test_a_graph_of_another_tool_needs_only_places_and_classes(tmp_path):
    graph = nx.DiGraph()
    for name, lon in (("a", 118.0), ("b", 118.01)):
        graph.add_node(name, lon=lon, lat=33.9)
    graph.add_edge("a", "b", highway="residential", road=1)
    graph.add_edge("b", "a", highway="residential", road=1)
    nx.write_graphml(graph, tmp_path / "theirs.graphml")

    network = RoadNetwork.build(tmp_path / "theirs.graphml", profiles=["van"])

    snaps = network.snap([Place(118.002, 33.9), Place(118.008, 33.9)], "van")
    assert network.matrix(snaps, "van").distances_m.tolist() == [[0, 554], [554, 0]]


def small():
    graph = nx.MultiDiGraph()
    graph.add_node(0, lon=118.0, lat=33.9)
    graph.add_node(1, lon=118.01, lat=33.9)
    graph.add_edge(0, 1, highway="residential")
    graph.add_edge(1, 0, highway="residential")
    return graph


def changed(**attributes):
    graph = small()
    graph.edges[0, 1, 0].update(attributes)
    return graph


def moved(**attributes):
    graph = small()
    graph.nodes[0].update(attributes)
    return graph


def restricted(text):
    graph = small()
    graph.graph["turn_restrictions"] = text
    return graph


@pytest.mark.parametrize(
    ("graph", "named"),
    [
        (nx.MultiGraph(small()), "no directions"),
        (changed(geometry="LINESTRING (118 33.9"), "no WKT"),
        (changed(geometry=7), "no WKT"),
        (changed(geometry="POINT (118 33.9)"), "no LINESTRING"),
        (changed(geometry="LINESTRING (nan nan, 118 33.9)"), "geometry"),
        (changed(geometry="LINESTRING (1e300 33, 118 33.9)"), "geometry"),
        (changed(geometry="LINESTRING EMPTY"), "no LINESTRING"),
        (changed(geometry=""), "no WKT"),
        (changed(length_m="long"), "no number"),
        (changed(length_m=-1.0), "length_m"),
        (changed(maxspeed_kmh="walk"), "no number"),
        (changed(maxheight_m="low"), "no number"),
        (moved(lat="north"), "no number"),
        (moved(lat=float("nan")), "lat"),
        (restricted("left"), "turn_restrictions"),
        (restricted('[{"kind": "no_left_turn"}]'), "turn_restrictions"),
        (restricted("[1]"), "turn_restrictions"),
        (restricted("[" * 100_000), "turn_restrictions"),
        (
            restricted(
                '[{"kind": 1, "roads": [1, 1], "nodes": [0], "vehicle": "v", "exempt": [], "osm_relation": 0}]'
            ),
            "no turn restriction",
        ),
        (nx.MultiDiGraph(), "no road"),
    ],
)
def test_what_is_no_road_model_is_refused_by_name(tmp_path, graph, named):
    nx.write_graphml(graph, tmp_path / "wrong.graphml")

    with pytest.raises(GraphRefused, match=named):
        RoadNetwork.build(tmp_path / "wrong.graphml", profiles=["van"])


@pytest.mark.parametrize("content", [b"", b"<graphml>", b"<html/>", b"id,lon,lat", b"\xff\xfe"])
def test_what_is_no_graphml_is_refused_by_name(tmp_path, content):
    (tmp_path / "wrong.graphml").write_bytes(content)

    with pytest.raises(GraphRefused, match=r"wrong\.graphml"):
        read_graphml(tmp_path / "wrong.graphml")
