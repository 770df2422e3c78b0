"""Closures on drawn roads, and under property tests against a network compiled without these roads."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads.closures import (
    Closure,
    ClosureUnclear,
    ClosureWithoutRoad,
    NoSuchRoad,
)
from routing.roads.graph import CLOSED
from routing.roads.legs import NoPath
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap

LANE = {"highway": "residential"}


@pytest.fixture
def square(write_osm):
    """
    Two ways from A (node 1) to B (node 3): a short one over node 2, and a long one over 4 and 5.

    4 --- 5
    |     |
    1--2--3
       |
       6

    Every corner has a dead end of some 9 m, which makes it a junction.
    """
    return RoadNetwork.build(
        write_osm(
            [
                ([1, 2], LANE),
                ([2, 3], LANE),
                ([1, 4], LANE),
                ([4, 5], LANE),
                ([5, 3], LANE),
                ([2, 6], LANE),
                *(([node, node + 10], LANE) for node in (1, 3, 4, 5)),
            ],
            places={
                1: (118.000, 33.900),
                2: (118.003, 33.900),
                3: (118.006, 33.900),
                4: (118.000, 33.906),
                5: (118.006, 33.906),
                6: (118.003, 33.897),
                11: (117.9999, 33.9),
                13: (118.0061, 33.9),
                14: (117.9999, 33.906),
                15: (118.0061, 33.906),
            },
        ),
        profiles=("van", "foot"),
    )  # fmt: skip


A, B = Place(118.0, 33.9), Place(118.006, 33.9)


def ways_of(network, numbers):
    return sorted({int(network._roads.osm_ways[number]) for number in numbers})


def metres(network, profile="van"):
    snaps = network.snap([A, B], profile)
    return int(network.matrix(snaps, profile).distances_m[0, 1])


@pytest.mark.parametrize(
    ("where", "ways"),
    [
        ({"osm_ways": (2,)}, [2]),
        ({"osm_ways": (2, 5)}, [2, 5]),
        # Drawn along the road from 2 to 3, 5 m beside it; the side road to 6 is not meant.
        ({"line": (Place(118.0031, 33.90004), Place(118.0059, 33.90004))}, [2]),
        # To the very end of it: what begins beyond is not meant.
        ({"line": (Place(118.0031, 33.9), Place(118.006, 33.9))}, [2]),
        # A triangle: what lies in its bounds only is not meant.
        ({"polygon": (Place(117.999, 33.8995), Place(117.999, 33.9065), Place(118.004, 33.8995))}, [1, 2, 3, 6, 7]),
        # 60 m of it are enough.
        ({"line": (Place(118.0040, 33.9), Place(118.00465, 33.9))}, [2]),
        ({"line": (Place(118.001, 33.9), Place(118.003, 33.9), Place(118.003, 33.898))}, [1, 6]),
        # An area between the lanes' ends, on the road from 2 to 3 only.
        ({"polygon": (Place(118.004, 33.8999), Place(118.005, 33.8999), Place(118.0045, 33.9001))}, [2]),
        # Corners may turn either way and close the ring or not.
        (
            {"polygon": (Place(117.999, 33.905), Place(117.999, 33.907), Place(118.007, 33.907), Place(118.007, 33.905), Place(117.999, 33.905))},
            [3, 4, 5, 9, 10],
        ),
    ],
)  # fmt: skip
def test_the_roads_of_a_closure_are_those_it_says(square, where, ways):
    assert ways_of(square, square.affected(Closure(**where)).roads) == ways


def test_a_closed_road_is_driven_around_and_the_first_network_stays_as_it_was(square):
    closed = square.with_closures([Closure(osm_ways=(2,))])

    assert metres(square) == pytest.approx(554, abs=2)
    assert metres(closed) == pytest.approx(2 * 667 + 554, abs=3)
    assert metres(square) == pytest.approx(554, abs=2)
    leg = closed.leg(*closed.snap([A, B], "van"), "van")
    assert leg.distance_m == metres(closed)
    assert closed.version.startswith(square.version + "+")
    assert closed.with_closures([]).version == closed.version


def test_the_closures_of_the_last_question_are_not_worked_out_again(square):
    lane, side = Closure(osm_ways=(2,)), Closure(osm_ways=(6,))
    both = square.with_closures([lane, side])
    assert square.with_closures((side, lane)) is both
    assert square.with_closures([lane]) is not both
    assert both.with_closures([]) is both


def test_a_closure_of_another_extract_is_told_as_having_no_road_here(square):
    assert square.has_roads_of(Closure(osm_ways=(2,)))
    assert not square.has_roads_of(Closure(osm_ways=(99,)))
    for _ in range(2):
        with pytest.raises(NoSuchRoad):
            square.affected(Closure(osm_ways=(99,)))


def test_equal_closures_make_equal_versions_and_others_others(square):
    versions = [
        square.with_closures(closures).version
        for closures in (
            [Closure(osm_ways=(2,))],
            [Closure(osm_ways=(2,))],
            [Closure(osm_ways=(1,))],
            [Closure(osm_ways=(2,), duration_factor=2.0)],
            [Closure(osm_ways=(2,), profiles=frozenset({"van"}))],
            [],
        )
    ]

    assert versions[0] == versions[1]
    assert len(set(versions)) == 5
    assert versions[-1] == square.version


def test_a_closure_holds_for_its_profiles_only(square):
    closed = square.with_closures([Closure(osm_ways=(2,), profiles=frozenset({"van", "tractor"}))])

    assert metres(closed, "van") > metres(square, "van")
    assert metres(closed, "foot") == metres(square, "foot")


def test_a_slow_road_takes_its_factor_as_long_and_is_as_far(square):
    where = {"osm_ways": (2,)}
    slow = square.with_closures([Closure(**where, duration_factor=1.5)])
    (road,) = square.affected(Closure(**where)).roads
    before, after = (each.weights("van")[2 * road] for each in (square, slow))

    assert after >> 32 == int(np.ceil((before >> 32) * 1.5))
    assert after & 0xFFFFFFFF == before & 0xFFFFFFFF
    assert metres(slow) == metres(square)  # still the faster way
    assert metres(square.with_closures([Closure(**where, duration_factor=50.0)])) > metres(square)


def test_an_area_slows_the_part_of_a_road_inside(square):
    # The western half of the road from 2 to 3.
    half = tuple(
        Place(lon, lat)
        for lon, lat in ((118.003, 33.8999), (118.0045, 33.8999), (118.0045, 33.9001), (118.003, 33.9001))
    )  # fmt: skip
    slow = square.with_closures([Closure(polygon=half, duration_factor=3.0)])
    road = int(square.affected(Closure(osm_ways=(2,))).roads[0])
    before, after = (int(each.weights("van")[2 * road] >> 32) for each in (square, slow))

    assert after == pytest.approx(2.0 * before, rel=0.001)


def test_of_several_slow_downs_the_slowest_counts_and_a_closure_above_all(square):
    road = int(square.affected(Closure(osm_ways=(2,))).roads[0])

    def duration(*factors):
        closures = [Closure(osm_ways=(2,), duration_factor=factor) for factor in factors]
        return int(square.with_closures(closures).weights("van")[2 * road])

    assert duration(2.0, 4.0) == duration(4.0, 2.0) == duration(4.0) > duration(2.0)
    assert duration(2.0, None) == duration(None, 2.0) == CLOSED


def test_a_village_cut_off_is_told_as_unreachable_and_stays_where_it_is(square):
    # Node 6 hangs on the lane from 2; both ways into 2 are closed.
    closed = square.with_closures([Closure(osm_ways=(1, 2))])
    village = Place(118.003, 33.8975)
    snaps = closed.snap([A, village], "van")

    assert all(isinstance(snap, Snap) for snap in snaps)
    assert snaps[1].gap_m < 1.0
    assert closed.matrix(snaps, "van").durations_s[0, 1] == UNREACHABLE
    with pytest.raises(NoPath):
        closed.leg(*snaps, "van")


def test_nobody_snaps_to_a_closed_road(square):
    at = Place(118.0045, 33.9)  # in the middle of the road from 2 to 3
    closed = square.with_closures([Closure(osm_ways=(2,), profiles=frozenset({"van"}))])

    (open_snap,), (van,), (walker,) = (
        network.snap([at], profile)
        for network, profile in ((square, "van"), (closed, "van"), (closed, "foot"))
    )
    assert open_snap.gap_m < 0.1 > walker.gap_m
    assert van.gap_m == pytest.approx(138.5, abs=1)
    all_ways = square.with_closures([Closure(osm_ways=tuple(range(1, 11)))])
    assert isinstance(all_ways.snap([at], "van")[0], PlaceOffRoad)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({}, "exactly one of"),
        ({"roads": (1,), "osm_ways": (1,)}, "exactly one of"),
        ({"line": (A,)}, "2 points"),
        ({"polygon": (A, B)}, "3 or more"),
        ({"polygon": (A, B, A)}, "no area"),
        ({"polygon": (A, Place(118.006, 33.906), B, Place(118.0, 33.906))}, "without crossings"),
        ({"osm_ways": (1,), "duration_factor": 1.0}, "above 1"),
        ({"osm_ways": (1,), "duration_factor": float("nan")}, "above 1"),
        ({"osm_ways": (1,), "duration_factor": 1000.0}, "above 1"),
    ],
)
def test_an_unclear_closure_says_what_it_lacks(told, error):
    with pytest.raises(ClosureUnclear, match=error):
        Closure(**told)


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ({"roads": (99,)}, NoSuchRoad, "no road 99"),
        ({"roads": (-1,)}, NoSuchRoad, "no road -1"),
        ({"osm_ways": (1, 77)}, NoSuchRoad, "way 77"),
        ({"osm_ways": (0,)}, NoSuchRoad, "way 0"),
        ({"line": (Place(118.1, 33.9), Place(118.11, 33.9))}, ClosureWithoutRoad, "follows no road"),
        # Drawn across the road like a gate, not along it.
        ({"line": (Place(118.0045, 33.8999), Place(118.0045, 33.9001))}, ClosureWithoutRoad, "50 m"),
        ({"polygon": (Place(1.0, 1.0), Place(1.1, 1.0), Place(1.0, 1.1))}, ClosureWithoutRoad, "no road lies"),
    ],
)  # fmt: skip
def test_a_closure_of_nothing_is_refused(square, where, error, words):
    with pytest.raises(error, match=words):
        square.with_closures([Closure(**where)])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_closed_roads_answer_as_if_they_were_not_there(bayreuth, seed):
    """The oracle is a fresh Dijkstra over networkx with the closed roads taken out."""
    rng = np.random.default_rng(seed)
    edges = bayreuth._roads
    low, high = np.array(bayreuth.bounds).reshape(2, 2)
    centre = rng.uniform(low, high)
    east, north = rng.uniform(0.002, 0.03, 2)
    corners = [(-east, -north), (east, -north), (east, north), (-east, north)]
    area = tuple(Place(*(centre + corner).tolist()) for corner in corners)
    gone = rng.choice(edges.count, 200, replace=False)
    closures = [Closure(roads=tuple(gone.tolist()))]
    try:
        bayreuth.affected(Closure(polygon=area))
        closures.append(Closure(polygon=area))
    except ClosureWithoutRoad:
        pass
    closed = bayreuth.with_closures(closures)

    profile = "foot"  # nobody forbids those on foot a turn, so that a plain graph is the truth
    shut = np.unique(np.concatenate([bayreuth.affected(each).roads for each in closures]))
    weights = bayreuth.weights(profile).copy().reshape(-1, 2)
    weights[shut] = CLOSED
    assert (closed.weights(profile).reshape(-1, 2) == weights).all()
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(edges.node_lon_lat)))
    for road, (along, back) in enumerate(weights.tolist()):
        for tail, head, weight in (
            (int(edges.tails[road]), int(edges.heads[road]), along),
            (int(edges.heads[road]), int(edges.tails[road]), back),
        ):
            known = graph.get_edge_data(tail, head, {"w": CLOSED})["w"]
            if weight < known:
                graph.add_edge(tail, head, w=weight)
    usable = np.flatnonzero(weights.min(axis=1) < CLOSED)
    picked = rng.choice(usable, 6)
    # At the tails of open roads, so that no part of a road is driven.
    snaps = [
        Snap(edge=int(road), fraction=0.0, place=Place(*edges.line(int(road))[0].tolist()), gap_m=0.0)
        for road in picked
    ]  # fmt: skip
    table = closed.matrix(snaps, profile).durations_s
    for i, origin in enumerate(picked):
        truth = nx.single_source_dijkstra_path_length(graph, int(edges.tails[origin]), weight="w")
        for j, destination in enumerate(picked):
            weight = truth.get(int(edges.tails[destination]))
            expected = UNREACHABLE if weight is None else ((weight >> 32) + 99) // 100
            assert table[i, j] == expected
