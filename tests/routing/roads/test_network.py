import threading
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads.geometry import line_length_m
from routing.roads.graph import CLOSED, add_road
from routing.roads.graphml import as_graphml
from routing.roads.network import NoPath, RoadNetwork, SnapRefused
from routing.roads.snap import Snap
from routing.roads.speeds import PROFILES, UnknownProfile
from routing.roads.traits import Traits

LANE = {"highway": "residential"}


def on(edge, fraction):
    return Snap(edge=edge, fraction=fraction, place=Place(118.0, 33.9), gap_m=0.0)


def drawn_roads(network, highway):
    """The edges of a class as (tail, head, road)."""
    for u, v, edge in network.graph.edges(data=True):
        if edge["highway"] == highway:
            yield u, v, edge["road"]


def cell(network, origin, destination, profile="van"):
    matrix = network.matrix([origin, destination], profile)
    return int(matrix.durations_s[0, 1]), int(matrix.distances_m[0, 1])


def snaps_in(network, profile, count, seed=1):
    rng = np.random.default_rng(seed)
    west, south, east, north = network.bounds
    places = [
        Place(float(lon), float(lat))
        for lon, lat in zip(
            rng.uniform(west, east, count), rng.uniform(south, north, count), strict=True
        )
    ]
    return [snap for snap in network.snap(places, profile, limit_m=2_000) if isinstance(snap, Snap)]


# Positions on one road


def test_a_trip_along_one_two_way_road_goes_straight_in_both_directions(write_osm):
    network = RoadNetwork.build(write_osm([([1, 11], LANE)]))  # 923 m at 25 km/h

    there, back = (
        network.leg(on(0, 0.25), on(0, 0.75), "van"),
        cell(network, on(0, 0.75), on(0, 0.25)),
    )

    assert (there.duration_s, there.distance_m) == back == (67, 461)
    assert there.line == pytest.approx(np.array([[118.0035, 33.9], [118.0085, 33.9]]))


def test_a_trip_against_a_one_way_road_goes_round_the_block(write_osm):
    places = {1: (118.0, 33.9), 2: (118.01, 33.9), 3: (118.005, 33.905)}
    network = RoadNetwork.build(
        write_osm([([1, 2], LANE | {"oneway": "yes"}), ([2, 3, 1], LANE)], places=places)
    )
    block_m = line_length_m([places[node] for node in (1, 2, 3, 1)])
    street = next(
        edge["road"] for _, _, edge in network.graph.edges(data=True) if edge.get("against_oneway")
    )

    along = network.leg(on(street, 0.25), on(street, 0.75), "van")
    against = network.leg(on(street, 0.75), on(street, 0.25), "van")
    walked = network.leg(on(street, 0.75), on(street, 0.25), "foot")

    assert along.distance_m + against.distance_m == pytest.approx(block_m, abs=1.0)
    assert line_length_m(against.line) == pytest.approx(against.distance_m, abs=1.0)
    assert walked.distance_m == along.distance_m


def test_a_one_way_ring_is_driven_round_to_a_point_behind(write_osm):
    places = {1: (118.0, 33.9), 2: (118.01, 33.9), 3: (118.005, 33.905)}
    network = RoadNetwork.build(
        write_osm([([1, 2, 3, 1], LANE | {"junction": "roundabout"})], places=places)
    )
    ring_m = line_length_m([places[node] for node in (1, 2, 3, 1)])

    leg = network.leg(on(0, 0.6), on(0, 0.5), "van")

    assert leg.distance_m == pytest.approx(0.9 * ring_m, abs=1.0)
    assert line_length_m(leg.line) == pytest.approx(leg.distance_m, abs=2.0)


def test_a_detour_that_is_faster_than_the_road_itself_is_taken(write_osm):
    slow, fast = LANE | {"maxspeed": "5"}, {"highway": "primary", "maxspeed": "100"}
    network = RoadNetwork.build(
        write_osm(
            [([1, 2, 11], slow), ([1, 12], fast), ([12, 11], fast)], places={12: (118.006, 33.901)}
        )
    )
    lane = next(
        edge["road"]
        for _, _, edge in network.graph.edges(data=True)
        if edge["highway"] != "primary"
    )

    leg = network.leg(on(lane, 0.01), on(lane, 0.99), "van")

    assert leg.duration_s < 120  # the lane itself takes 814 s
    assert any(lat > 33.9005 for _, lat in leg.line)


def test_the_same_position_is_nowhere_to_go(bayreuth):
    (snap, *_) = snaps_in(bayreuth, "trike", 1)

    leg = bayreuth.leg(snap, snap, "trike")

    assert (leg.duration_s, leg.distance_m) == (0, 0)
    assert len(leg.line) == 2
    assert cell(bayreuth, snap, snap, "trike") == (0, 0)


def test_a_junction_is_one_position_whichever_road_it_is_named_by(write_osm):
    oneway = LANE | {"oneway": "yes"}
    network = RoadNetwork.build(
        write_osm(
            [([1, 2], oneway), ([2, 3], LANE), ([3, 1], LANE | {"name": "x"}), ([2, 4], LANE)]
        )
    )
    roads = network._roads
    drawn = dict(enumerate(zip(roads.tails.tolist(), roads.heads.tolist(), strict=True)))

    for junction, roads_there in ((1, 2), (2, 3)):
        names = [
            on(road, float(side))
            for road, ends in drawn.items()
            for side in (0, 1)
            if network.graph.nodes[ends[side]]["osm_node"] == junction
        ]
        assert len(names) == roads_there
        assert not network.matrix(names, "van").durations_s.any()


def test_a_road_open_only_against_its_drawing_is_not_driven_along_it():
    model = nx.MultiDiGraph()
    for node, place in enumerate([(118.0, 33.9), (118.01, 33.9), (118.005, 33.905)]):
        model.add_node(node, lon=place[0], lat=place[1])
    model.add_edge(0, 1, road=0, highway="footway")
    for tail, head in ((1, 0), (0, 2), (2, 0), (2, 1), (1, 2)):
        model.add_edge(tail, head, road=tail + head - 1, highway="residential")
    network = RoadNetwork.from_graph(model, profiles=("van",))

    assert cell(network, on(0, 0.75), on(0, 0.25))[1] == pytest.approx(461, abs=1)
    assert cell(network, on(0, 0.25), on(0, 0.75))[1] > 1_000


# Against networkx


@st.composite
def villages(draw):
    """A model with loops, parallel, one-way and zero-length roads, and positions anywhere on them."""
    n = draw(st.integers(2, 9))
    graph = nx.MultiDiGraph()
    for node in range(n):
        graph.add_node(node, lon=118.0 + draw(st.integers(0, 6)) / 1000, lat=33.9 + node / 2000)
    node = st.integers(0, n - 1)
    kinds = st.sampled_from(["residential", "primary", "service"])
    roads = draw(st.lists(st.tuples(node, node, kinds, st.booleans()), min_size=1, max_size=24))
    for tail, head, highway, oneway in roads:
        line = [(graph.nodes[end]["lon"], graph.nodes[end]["lat"]) for end in (tail, head)]
        if tail == head and draw(st.booleans()):
            line.insert(1, (118.02, 33.92))
        traits = Traits(highway=highway)
        back = Traits(highway=highway, against_oneway=oneway)
        add_road(graph, tail, head, traits=(traits, back), line=line)
    shares = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0]) | st.floats(0.0, 1.0)
    positions = draw(
        st.lists(st.tuples(st.integers(0, len(roads) - 1), shares), min_size=2, max_size=10)
    )
    return graph, positions


def split_at_positions(network, profile, snaps):
    """The open arcs as a networkx graph in which every position is a node of its own."""
    roads, weights = network._roads, network._weightings[profile].weights.tolist()
    graph = nx.MultiDiGraph()
    for road in range(roads.count):
        on_road = sorted({snap.fraction for snap in snaps if snap.edge == road} | {0.0, 1.0})
        tail, head = int(roads.tails[road]), int(roads.heads[road])

        def name(fraction, road=road, tail=tail, head=head):
            return {0.0: tail, 1.0: head}.get(fraction, (road, fraction))

        for start, stop in pairwise(on_road):
            for direction, (u, v) in enumerate(((start, stop), (stop, start))):
                whole = weights[2 * road + direction]
                if whole < CLOSED:
                    duration = [int(np.floor((whole >> 32) * share)) for share in (start, stop)]
                    distance = [
                        int(np.floor((whole & 0xFFFFFFFF) * share)) for share in (start, stop)
                    ]
                    weight = (duration[1] - duration[0]) << 32 | (distance[1] - distance[0])
                    graph.add_edge(name(u), name(v), weight=weight)
    named = [
        {0.0: int(roads.tails[snap.edge]), 1.0: int(roads.heads[snap.edge])}.get(
            snap.fraction, (snap.edge, snap.fraction)
        )
        for snap in snaps
    ]
    return graph, named


@settings(max_examples=120, deadline=None)
@given(villages())
def test_matrix_and_legs_equal_dijkstra_between_any_positions(case):
    model, positions = case
    network = RoadNetwork.from_graph(model, profiles=("van", "foot"))
    for profile in network.profiles:
        is_open = (network._weightings[profile].weights.reshape(-1, 2) < CLOSED).any(axis=1)
        snaps = [on(edge, fraction) for edge, fraction in positions if is_open[edge]]
        matrix = network.matrix(snaps, profile)
        graph, names = split_at_positions(network, profile, snaps)
        for i, origin in enumerate(snaps):
            reached = nx.single_source_dijkstra_path_length(graph, names[i])
            for j, destination in enumerate(snaps):
                weight = reached[names[j]]  # open roads are connected, so every pair has a path
                expected = (-(-(weight >> 32) // 100), ((weight & 0xFFFFFFFF) + 50) // 100)
                assert (matrix.durations_s[i, j], matrix.distances_m[i, j]) == expected
                leg = network.leg(origin, destination, profile)
                assert (leg.duration_s, leg.distance_m) == expected
                assert line_length_m(leg.line) == pytest.approx(leg.distance_m, abs=1.0, rel=1e-3)


# Real extracts


@pytest.mark.parametrize("profile", ["trike", "van", "truck", "foot"])
def test_every_leg_equals_its_matrix_cell_and_keeps_to_the_roads(bayreuth, profile):
    snaps = snaps_in(bayreuth, profile, 150)
    matrix = bayreuth.matrix(snaps, profile)
    lines = [
        [tuple(point) for point in edge["geometry"]]
        for _, _, edge in bayreuth.graph.edges(data=True)
    ]
    steps_on_roads = {step for line in lines for step in pairwise(line)}

    assert matrix.reachable.all()
    assert not np.diagonal(matrix.durations_s).any()
    legs = bayreuth.legs(snaps, profile)
    assert len(legs) == len(snaps) - 1
    for i, leg in enumerate(legs):
        assert leg.duration_s == matrix.durations_s[i, i + 1]
        assert leg.distance_m == matrix.distances_m[i, i + 1]
        assert line_length_m(leg.line) == pytest.approx(leg.distance_m, abs=1.0)
        for end, snap in ((leg.line[0], snaps[i]), (leg.line[-1], snaps[i + 1])):
            assert end == pytest.approx((snap.place.lon, snap.place.lat), abs=1e-6)
        assert set(pairwise(leg.line[1:-1])) <= steps_on_roads  # the ends lie within a step


def test_the_matrix_agrees_with_dijkstra_on_the_exported_model(bayreuth, tmp_path):
    # Plain Dijkstra knows no turns; test_turn_graph has a search that does.
    free = bayreuth.graph.copy()
    free.graph["turn_restrictions"] = []
    network = RoadNetwork.from_graph(free, profiles=("van",))
    path = tmp_path / "van.graphml"
    path.write_bytes(as_graphml(free, profile=PROFILES["van"]))
    model = nx.read_graphml(path, node_type=int)
    largest = max(nx.strongly_connected_components(model), key=len)
    # Bridges and barriers put two nodes on one spot; take nodes that stand alone.
    spots = Counter((at["lon"], at["lat"]) for _, at in model.nodes(data=True))
    alone = [n for n, at in model.nodes(data=True) if spots[at["lon"], at["lat"]] == 1]
    nodes = np.random.default_rng(3).choice(sorted(largest & set(alone)), 25, replace=False)
    places = [Place(model.nodes[node]["lon"], model.nodes[node]["lat"]) for node in nodes]
    snaps = network.snap(places, "van", limit_m=1)

    durations = network.matrix(snaps, "van").durations_s

    for i, node in enumerate(nodes):
        reached = nx.single_source_dijkstra_path_length(model, node, weight="duration_s")
        for j, target in enumerate(nodes):
            # Ours rounds each road to 0.01 s and the sum up to a second.
            assert durations[i, j] == pytest.approx(reached[target] + 0.5, abs=1.5)


def test_durations_keep_the_triangle_inequality(bayreuth):
    durations = bayreuth.matrix(snaps_in(bayreuth, "van", 120), "van").durations_s

    through = (durations[:, :, None] + durations[None, :, :]).min(axis=1)
    assert (durations <= through).all()


# Files


def test_a_saved_network_answers_the_same(bayreuth, tmp_path):
    path = tmp_path / "沙集 roads.cunlu"
    bayreuth.save(path)
    loaded = RoadNetwork.load(path)

    assert loaded.version == bayreuth.version
    assert loaded.report == bayreuth.report
    assert (loaded.synthetic, loaded.bounds) == (False, bayreuth.bounds)
    assert loaded.profiles == bayreuth.profiles
    snaps = snaps_in(bayreuth, "van", 40)
    assert snaps_in(loaded, "van", 40) == snaps
    before, after = bayreuth.matrix(snaps, "van"), loaded.matrix(snaps, "van")
    assert np.array_equal(before.durations_s, after.durations_s)
    assert np.array_equal(before.distances_m, after.distances_m)
    assert loaded.legs(snaps[:5], "van") == bayreuth.legs(snaps[:5], "van")
    assert loaded._roads.traits == bayreuth._roads.traits


# The rest of the door


def test_a_bollard_stops_the_van_and_lets_the_three_wheeler_through(write_osm):
    ring = {1: (118.0, 33.9), 2: (118.005, 33.9), 3: (118.01, 33.9), 4: (118.005, 33.92)}
    network = RoadNetwork.build(
        write_osm(
            [([1, 2, 3], LANE), ([1, 4, 3], LANE)],
            places=ring,
            node_tags={2: {"barrier": "bollard"}},
        )
    )
    ends = [Place(*ring[1]), Place(*ring[3])]

    by_trike, by_van = (
        network.matrix(network.snap(ends, name), name).distances_m[0, 1]
        for name in ("trike", "van")
    )

    assert by_trike == pytest.approx(923, abs=2)
    assert by_van > 4_000


def test_a_pair_without_a_path_is_marked_in_the_matrix_and_named_as_a_leg(write_osm):
    network = RoadNetwork.build(
        write_osm([([1, 2], LANE), ([2, 3], {"highway": "service"}), ([3, 4], LANE)])
    )
    weights = network.weights("van").copy()
    service = next(road for *_, road in drawn_roads(network, "service"))
    weights[2 * service : 2 * service + 2] = CLOSED
    free, network = network, network.with_weights({"van": weights})
    assert network.weights("van")[2 * service] == CLOSED > free.weights("van")[2 * service]
    first, last = network.snap([Place(118.0015, 33.9), Place(118.0035, 33.9)], "van")

    matrix = network.matrix([first, last], "van")

    assert matrix.durations_s.tolist() == [[0, UNREACHABLE], [UNREACHABLE, 0]]
    assert matrix.distances_m.tolist() == [[0, UNREACHABLE], [UNREACHABLE, 0]]
    with pytest.raises(NoPath) as refused:
        network.leg(first, last, "van")
    assert refused.value.code == "no-path"
    assert network.leg(first, last, "trike").distance_m == pytest.approx(185, abs=1)


def test_an_unknown_profile_is_named_with_those_there_are(write_osm):
    extract = write_osm([([1, 2], LANE)])
    network = RoadNetwork.build(extract, profiles=("van",))

    with pytest.raises(UnknownProfile, match="rocket"):
        RoadNetwork.build(extract, profiles=("van", "rocket"))
    with pytest.raises(UnknownProfile, match="choose one of van"):
        network.snap([Place(118.0, 33.9)], "trike")


def test_a_position_of_another_profile_or_network_is_refused(write_osm):
    network = RoadNetwork.build(write_osm([([1, 2], LANE), ([2, 3], {"highway": "path"})]))
    (on_the_path,) = network.snap([Place(118.0025, 33.9)], "foot")

    with pytest.raises(SnapRefused, match="snap the place again"):
        network.matrix([on_the_path], "van")
    with pytest.raises(SnapRefused):
        network.leg(on_the_path, on(99, 0.0), "foot")


def test_a_table_from_some_places_to_others_is_a_part_of_the_matrix(bayreuth):
    snaps = snaps_in(bayreuth, "van", 90)
    snaps.append(replace(snaps[70], fraction=snaps[70].fraction / 2))  # two on one road
    matrix = bayreuth.matrix(snaps, "van")

    durations_s, distances_m = bayreuth.table(snaps[:7] + snaps[-1:], snaps[40:], "van")

    rows = [*range(7), len(snaps) - 1]
    assert (durations_s.dtype, distances_m.dtype) == (np.int32, np.int32)
    assert np.array_equal(durations_s, matrix.durations_s[rows, 40:])
    assert np.array_equal(distances_m, matrix.distances_m[rows, 40:])


def test_no_positions_make_an_empty_matrix(bayreuth):
    assert bayreuth.matrix([], "van").size == 0
    assert bayreuth.legs([], "van") == ()


def test_several_threads_may_ask_at_once(bayreuth):
    snaps = snaps_in(bayreuth, "van", 300)
    expected = bayreuth.matrix(snaps, "van").durations_s
    answers = []

    def ask():
        answers.append(bayreuth.matrix(snaps, "van").durations_s)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 4
    assert all(np.array_equal(answer, expected) for answer in answers)
