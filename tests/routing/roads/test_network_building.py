"""From an extract or a model to a network, and back."""

from dataclasses import replace

import networkx as nx
import pytest

from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.graph import GraphRefused
from routing.roads.network import RoadNetwork
from routing.roads.network_file import NetworkUnreadable
from routing.roads.osm import ExtractUnreadable
from routing.roads.speeds import VAN, UnknownProfile
from routing.roads.traits import Size
from routing.roads.turns import TurnCosts

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


def test_a_profile_of_ones_own_is_kept_with_the_network(write_osm, tmp_path):
    low = LANE | {"maxheight": "2.1"}
    ways = [([1, 2, 3], LANE), ([1, 4, 3], low)]
    places = {1: (118.0, 33.9), 2: (118.001, 33.903), 3: (118.002, 33.9), 4: (118.001, 33.9001)}
    extract = write_osm(ways, places=places)
    tall = replace(VAN, name="tall", size=Size(height_m=2.5), turn_costs=TurnCosts(left_s=5.0))
    slow = replace(tall, top_kmh=10)

    network = RoadNetwork.build(extract, profiles=["van", tall])
    network.save(tmp_path / "own.network")
    loaded = RoadNetwork.load(tmp_path / "own.network")

    assert loaded.profiles == ("van", "tall")
    assert (loaded.profile("tall"), loaded.profile("van")) == (tall, VAN)
    ends = [Place(118.0, 33.9), Place(118.002, 33.9)]
    tables = {
        name: loaded.matrix(loaded.snap(ends, name), name).distances_m[0, 1]
        for name in loaded.profiles
    }
    assert tables["tall"] > 3 * tables["van"]
    closed = loaded.with_closures([Closure(polygon=(*ends, Place(118.001, 33.9002)))])
    assert closed.profile("tall") == tall
    again = RoadNetwork.from_graph(loaded.graph, profiles=["van", tall])
    assert again.profile("tall") == tall
    slower = RoadNetwork.build(extract, profiles=["van", slow])
    assert len({network.version, loaded.version, slower.version}) == 2
    with pytest.raises(UnknownProfile, match="did you mean 'tall'"):
        loaded.profile("tal")
