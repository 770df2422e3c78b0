import networkx as nx
import numpy as np
import pytest

from routing.roads.arcs import compile_arcs
from routing.roads.graph import CLOSED, GraphRefused, add_road, graph_of, roads_of
from routing.roads.osm import read_osm
from routing.roads.speeds import FOOT, TRIKE, VAN
from routing.roads.traits import Traits
from routing.roads.turn_graph import connected_only, split

LANE = Traits(highway="residential")


def model(*lanes):
    """A model from (tail, head) pairs of two-way lanes, nodes 0.001° apart."""
    graph = nx.MultiDiGraph()
    for tail, head in lanes:
        for node in (tail, head):
            graph.add_node(node, lon=118.0 + 0.001 * node, lat=33.9)
        line = tuple((graph.nodes[node]["lon"], 33.9) for node in (tail, head))
        add_road(graph, tail, head, traits=(LANE, LANE), line=line)
    return graph


def test_the_model_survives_compilation_edge_by_edge(bayreuth_extract):
    graph, _ = read_osm(bayreuth_extract)
    again = graph_of(roads_of(graph), synthetic=False)

    assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))

    def told(of):
        return sorted(
            (u, v, sorted((k, a) for k, a in edge.items() if k != "road"))
            for u, v, edge in of.edges(data=True)
        )

    assert told(again) == told(graph)


def test_a_lane_added_by_hand_needs_only_its_class():
    graph = model((0, 1))
    graph.add_node("仓库", lon=118.0, lat=33.901)
    graph.add_edge(0, "仓库", highway="service")

    roads = roads_of(graph)

    assert roads.count == 2
    assert roads.lengths_m[1] == pytest.approx(111.2, abs=0.1)
    assert roads.line(1).tolist() == [[118.0, 33.9], [118.0, 33.901]]
    assert roads.traits_against[1] == -1  # one edge is one direction


def test_an_edge_removed_by_hand_closes_that_direction():
    graph = model((0, 1), (1, 2), (2, 0))
    graph.remove_edge(1, 0)

    weights = usable(graph, FOOT)

    assert (weights < CLOSED).sum(axis=1).tolist().count(1) == 1


def test_a_copied_edge_that_kept_its_road_number_is_a_road_of_its_own():
    graph = model((0, 1))
    graph.add_edge(0, 1, **graph.edges[0, 1, 0])

    assert roads_of(graph).count == 2


def usable(graph, profile):
    """Weights as a network compiles them, one row for each road."""
    roads = roads_of(graph)
    turns = split(roads)
    return connected_only(
        turns,
        roads.lengths_m,
        compile_arcs(roads, profile),
        turns.turn_weights(roads, profile),
    ).reshape(-1, 2)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda graph: graph.add_node(9), "lacks 'lon'"),
        (lambda graph: graph.add_node(9, lon=33.9, lat=118.0), "are they swapped"),
        (lambda graph: graph.add_node(9, lon=118.0, lat=float("nan")), "lies outside"),
        (lambda graph: graph.add_edge(0, 1), "lacks the attribute highway"),
        (lambda graph: graph.add_edge(0, 1, highway="path", length_m=-1.0), "length_m -1.0"),
        (lambda graph: graph.add_edge(0, 1, highway="path", length_m=float("nan")), "nan"),
    ],
)
def test_a_graph_that_is_no_road_model_is_refused(change, complaint):
    graph = model((0, 1))
    change(graph)

    with pytest.raises(GraphRefused, match=complaint):
        roads_of(graph)


def test_only_the_largest_connected_part_is_open():
    graph = model((0, 1), (1, 2), (10, 11))

    weights = usable(graph, VAN)

    assert (weights < CLOSED).tolist() == [[True, True], [True, True], [False, False]]


def test_the_largest_part_is_that_with_most_road_not_with_most_junctions():
    car_park = [(node, node + 1) for node in range(10)]  # 923 m
    village_road = [(100, 120)]  # 1,846 m

    weights = usable(model(*car_park, *village_road), VAN)

    assert (weights < CLOSED).any(axis=1).tolist() == [False] * 10 + [True]


def test_a_one_way_exit_is_closed_since_nobody_comes_back():
    graph = model((0, 1), (1, 2))
    graph.add_node(3, lon=118.003, lat=33.9)
    graph.add_edge(2, 3, highway="residential")

    weights = usable(graph, TRIKE)

    assert (weights < CLOSED).tolist() == [[True, True], [True, True], [False, False]]


def test_a_profile_without_any_road_finds_everything_closed():
    graph = model((0, 1))
    for _, _, edge in graph.edges(data=True):
        edge["highway"] = "footway"

    assert (usable(graph, VAN) == CLOSED).all()


def test_weights_are_length_over_speed_with_the_length_below():
    graph = model((0, 1))
    roads = roads_of(graph)

    weight = int(compile_arcs(roads, VAN)[0])

    assert weight >> 32 == round(roads.lengths_m[0] / (25 / 3.6) * 100)
    assert weight & 0xFFFF_FFFF == round(roads.lengths_m[0] * 100)


def test_an_empty_model_compiles_to_no_roads():
    roads = roads_of(nx.MultiDiGraph())

    assert (roads.count, roads.node_lon_lat.shape, roads.lon_lat.shape) == (0, (0, 2), (0, 2))
    assert np.array_equal(roads.offsets, [0])
