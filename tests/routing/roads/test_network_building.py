"""From an extract or a model to a network, and back."""

import networkx as nx
import pytest

from routing.places import Place
from routing.roads.graph import GraphRefused
from routing.roads.network import RoadNetwork
from routing.roads.network_file import NetworkUnreadable
from routing.roads.osm import ExtractUnreadable

LANE = {"highway": "residential"}


def test_the_same_extract_gives_the_same_version_and_another_road_another(write_osm):
    one = RoadNetwork.build(write_osm([([1, 2], LANE)]), profiles=("van",))
    same = RoadNetwork.build(write_osm([([1, 2], LANE)]), profiles=("van",))
    other = RoadNetwork.build(write_osm([([1, 3], LANE)]), profiles=("van",))

    assert one.version == same.version != other.version


def test_a_damaged_network_is_refused(bayreuth, tmp_path):
    path = tmp_path / "roads.cunlu"
    bayreuth.save(path)
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(NetworkUnreadable, match="truncated"):
        RoadNetwork.load(path)


def test_generated_roads_are_named_in_the_attribution(write_osm):
    real = RoadNetwork.build(write_osm([([1, 2], LANE)]))
    generated = RoadNetwork.build(write_osm([([1, 2], LANE | {"cunlu:synthetic": "yes"})]))

    assert real.attribution == "© OpenStreetMap contributors"
    assert generated.attribution == "© OpenStreetMap contributors · synthetic villages and roads"
    assert generated.synthetic


def test_every_road_is_drawn_once_with_its_class_and_name(write_osm):
    network = RoadNetwork.build(
        write_osm(
            [([1, 2, 3], LANE | {"name": "柳编路"}), ([3, 4], {"highway": "path"})],
            node_tags={2: {"barrier": "bollard"}},
        )
    )

    edges = network.edges()

    drawn = [
        (
            edges.class_names[edges.class_codes[i]],
            edges.names[edges.name_indices[i]],
            edges.lon_lat[edges.offsets[i] : edges.offsets[i + 1]].round(3).tolist(),
        )
        for i in range(edges.count)
    ]
    assert sorted(drawn) == [
        ("path", "", [[118.003, 33.9], [118.004, 33.9]]),
        ("residential", "柳编路", [[118.001, 33.9], [118.002, 33.9]]),
        ("residential", "柳编路", [[118.002, 33.9], [118.003, 33.9]]),
    ]


def test_a_lane_added_in_networkx_shortens_the_way(write_osm):
    places = {1: (118.0, 33.9), 2: (118.005, 33.91), 3: (118.01, 33.9)}
    network = RoadNetwork.build(write_osm([([1, 2, 3], LANE)], places=places))
    model = network.graph.copy()
    for u, v in ((0, 1), (1, 0)):
        model.add_edge(u, v, highway="residential", name="新路")

    shorter = RoadNetwork.from_graph(model)

    assert shorter.version != network.version
    ends = [Place(*places[1]), Place(*places[3])]
    before = network.matrix(network.snap(ends, "trike"), "trike").distances_m[0, 1]
    after = shorter.matrix(shorter.snap(ends, "trike"), "trike").distances_m[0, 1]
    assert (before, after) == (pytest.approx(2410, abs=10), pytest.approx(923, abs=2))
    assert shorter.report.roads == 3


def test_a_model_without_roads_is_refused():
    with pytest.raises(GraphRefused, match="holds no road"):
        RoadNetwork.from_graph(nx.MultiDiGraph())


def test_progress_is_told_in_stages_up_to_the_end(write_osm):
    heard = []
    RoadNetwork.build(write_osm([([1, 2], LANE)]), on_progress=lambda *told: heard.append(told))

    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert next(stage for stage, _ in heard) == "read"


def test_a_foreign_extract_builds_nothing(tmp_path):
    path = tmp_path / "orders.osm.pbf"
    path.write_text("订单号,农户\n", encoding="gb18030")

    with pytest.raises(ExtractUnreadable):
        RoadNetwork.build(path)
