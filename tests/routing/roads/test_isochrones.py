"""Reaches against Dijkstra, the matrix and forbidden turns; areas against the roads they are drawn around."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads import isochrones
from routing.roads.closures import Closure
from routing.roads.geometry import METRES_PER_DEGREE, line_length_m
from routing.roads.graph import CLOSED, DISTANCE_BITS, add_road
from routing.roads.isochrones import HOLE_MIN_M2, WIDTH_M, IsochroneTooLarge
from routing.roads.network import RoadNetwork
from routing.roads.reach import ReachUnclear
from routing.roads.snap import Snap
from routing.roads.traits import Traits
from routing.roads.turns import TurnRestriction

LANE = {"highway": "residential"}


def on(edge, fraction, **facing):
    return Snap(edge=edge, fraction=fraction, place=Place(118.0, 33.9), gap_m=0.0, **facing)


def weighted(network, profile="van"):
    """The open arcs of the exported model: tail, head, road arc, and hundredths of seconds and metres."""
    weights = network.weights(profile)
    for arc in np.flatnonzero(weights < CLOSED).tolist():
        tail, head = network.junctions.head(arc ^ 1), network.junctions.head(arc)
        yield tail, head, arc, int(weights[arc] >> 32), int(weights[arc] & DISTANCE_BITS)


@st.composite
def villages(draw):
    """Junctions of a grid with one-way, parallel and looped roads, some turns forbidden."""
    n = draw(st.integers(3, 8))
    graph = nx.MultiDiGraph()
    for node in range(n):
        graph.add_node(node, lon=118.0 + node % 3 / 500, lat=33.9 + node // 3 / 500)
    node = st.integers(0, n - 1)
    ends = draw(st.lists(st.tuples(node, node), min_size=3, max_size=16))
    for tail, head in ends:
        oneway = draw(st.booleans())
        kind = draw(st.sampled_from(["residential", "primary", "track"]))
        line = [(graph.nodes[end]["lon"], graph.nodes[end]["lat"]) for end in (tail, head)]
        traits = (Traits(highway=kind), Traits(highway=kind, against_oneway=oneway))
        add_road(graph, tail, head, traits=traits, line=line)
    restrictions = []
    for _ in range(draw(st.integers(0, 4))):
        road = draw(st.integers(0, len(ends) - 1))
        at = ends[road][draw(st.integers(0, 1))]
        roads, nodes = [road], []
        for _ in range(draw(st.integers(1, 2))):  # two: over a way between
            road = draw(st.sampled_from([r for r, pair in enumerate(ends) if at in pair]))
            roads.append(road)
            nodes.append(at)
            at = ends[road][0] if ends[road][1] == at else ends[road][1]
        restrictions.append(
            TurnRestriction(
                kind=draw(st.sampled_from(["no_left_turn", "no_u_turn", "only_straight_on"])),
                roads=tuple(roads),
                nodes=tuple(nodes),
                vehicle="vehicle",
                exempt=(),
            )
        )
    graph.graph["turn_restrictions"] = tuple(restrictions)
    network = RoadNetwork.from_graph(graph, profiles=("van", "foot"))
    profile = draw(st.sampled_from(["van", "van", "foot"]))
    if draw(st.booleans()):
        shut = tuple(draw(st.sets(st.integers(0, len(ends) - 1), min_size=1, max_size=2)))
        network = network.with_closures([Closure(roads=shut)])
    opened = np.flatnonzero((network.weights(profile).reshape(-1, 2) < CLOSED).any(axis=1))
    if not len(opened):
        return None
    road = int(draw(st.sampled_from(opened.tolist())))
    fraction = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    return network, profile, on(road, fraction), draw(st.integers(5, 120)), draw(st.booleans())


def cells(network, snap, others, profile, *, towards):
    if towards:
        return network.table(others, [snap], profile)[0][:, 0]
    return network.table([snap], others, profile)[0][0]


@settings(max_examples=150, deadline=None)
@given(villages())
def test_a_position_is_reached_just_when_its_matrix_cell_is_within_the_limit(case):
    if case is None:
        return
    network, profile, snap, limit_s, towards = case

    (reach,) = network.reaches(snap, profile, within_s=[limit_s], towards=towards)

    weights = network.weights(profile).reshape(-1, 2)
    opened = np.flatnonzero((weights < CLOSED).any(axis=1)).tolist()
    for road in opened:
        pieces = [
            (start, end)
            for r, start, end in zip(reach.roads, reach.starts, reach.ends, strict=True)
            if r == road
        ]
        assert all(0.0 <= start < end <= 1.0 for start, end in pieces)
        assert all(one[1] < next_[0] for one, next_ in pairwise(pieces))
        shares = np.linspace(0.01, 0.99, 29)
        found = cells(network, snap, [on(road, s) for s in shares], profile, towards=towards)
        for share, cell_s in zip(shares, found.tolist(), strict=True):
            is_near_an_end = any(abs(share - end) < 1e-3 for piece in pieces for end in piece)
            is_inside = any(start <= share <= end for start, end in pieces)
            # Weights are whole hundredths: at the very end of a piece the two may differ.
            assert is_near_an_end or is_inside == (cell_s <= limit_s), (road, share, cell_s, pieces)


@settings(max_examples=100, deadline=None)
@given(villages())
def test_every_junction_is_reached_when_the_matrix_says(case):
    if case is None:
        return
    network, profile, snap, limit_s, towards = case

    (reach,) = network.reaches(snap, profile, within_s=[limit_s], towards=towards)

    weights = network.weights(profile)
    ends = {}
    for arc in np.flatnonzero(weights < CLOSED).tolist():
        ends.setdefault(network.junctions.head(arc), on(arc // 2, 1.0 - arc % 2))
        ends.setdefault(network.junctions.head(arc ^ 1), on(arc // 2, float(arc % 2)))
    junctions = list(ends)
    found = cells(network, snap, [ends[j] for j in junctions], profile, towards=towards)
    expected = np.where(found <= limit_s, found, UNREACHABLE)
    assert reach.junctions[junctions].tolist() == expected.tolist()


@pytest.mark.parametrize("unit", ["within_s", "within_m"])
@pytest.mark.parametrize("towards", [False, True])
def test_a_real_district_agrees_with_networkx(bayreuth, unit, towards):
    model = nx.MultiDiGraph()
    for tail, head, _, centiseconds, centimetres in weighted(bayreuth, "foot"):
        ends = (head, tail) if towards else (tail, head)
        model.add_edge(*ends, weight=centiseconds if unit == "within_s" else centimetres)
    road = next(road for road in range(100, 200) if all(bayreuth.directions(road, "foot")))
    snap = on(road, 0.0)
    start = bayreuth.junctions.head(2 * road + 1)
    limit = 1_500

    (reach,) = bayreuth.reaches(snap, "foot", **{unit: [limit]}, towards=towards)

    lengths = nx.single_source_dijkstra_path_length(model, start, cutoff=100 * limit)
    reached = np.flatnonzero(reach.junctions < UNREACHABLE)
    assert len(reached) > 30
    assert set(reached.tolist()) == set(lengths)
    assert {j: int(reach.junctions[j]) for j in lengths} == {
        j: -(-length // 100) for j, length in lengths.items()
    }


def test_a_one_way_street_is_left_and_reached_in_its_sense_alone(write_osm):
    # A ring of two-way lanes, and a one-way street across it.
    places = {1: (118.0, 33.9), 2: (118.01, 33.9), 3: (118.01, 33.91), 4: (118.0, 33.91)}
    network = RoadNetwork.build(
        write_osm([([1, 2, 3, 4, 1], LANE), ([1, 3], LANE | {"oneway": "yes"})], places=places)
    )
    street = next(
        edge["road"] for _, _, edge in network.graph.edges(data=True) if edge.get("against_oneway")
    )

    (away,) = network.reaches(on(street, 0.5), "van", within_m=[100])
    (here,) = network.reaches(on(street, 0.5), "van", within_m=[100], towards=True)

    assert away.roads.tolist() == here.roads.tolist() == [street]
    assert away.starts[0] == here.ends[0] == 0.5
    whole_m = network.leg(on(street, 0.0), on(street, 1.0), "van").distance_m
    assert away.ends[0] - 0.5 == pytest.approx(100 / whole_m, rel=1e-2)
    assert 0.5 - here.starts[0] == pytest.approx(100 / whole_m, rel=1e-2)


def test_a_snap_that_faces_one_way_sets_out_that_way_only(write_osm):
    network = RoadNetwork.build(write_osm([([1, 2, 3, 4, 5, 6, 7, 8, 9], LANE)]))

    (along,) = network.reaches(on(0, 0.5, back=False), "van", within_m=[50])
    (back,) = network.reaches(on(0, 0.5, along=False), "van", within_m=[50])

    assert (along.starts[0], back.ends[0]) == (0.5, 0.5)
    assert along.ends[0] > 0.5 > back.starts[0]


def test_a_road_with_a_gap_in_the_middle_stands_twice(write_osm):
    # Round a ring both ways: the far road is entered at both ends and not travelled whole.
    ring = [([1, 2], LANE), ([2, 3], LANE), ([3, 4], LANE), ([4, 1], LANE)]
    places = {1: (118.0, 33.9), 2: (118.01, 33.9), 3: (118.01, 33.91), 4: (118.0, 33.91)}
    spur = [([node, 10 + node], LANE) for node in places]
    places |= {10 + node: (lon, lat + 0.0003) for node, (lon, lat) in places.items()}
    network = RoadNetwork.build(write_osm(ring + spur, places=places))
    lengths_m = {edge["road"]: edge["length_m"] for _, _, edge in network.graph.edges(data=True)}
    (near,) = network.snap([Place(118.005, 33.9)], "van")

    (reach,) = network.reaches(near, "van", within_m=[1_900])

    twice = [road for road in lengths_m if (reach.roads == road).sum() == 2]
    assert len(twice) == 1
    (first, second) = np.flatnonzero(reach.roads == twice[0])
    assert reach.starts[first] == 0.0
    assert reach.ends[first] < reach.starts[second]
    assert reach.ends[second] == 1.0


def test_a_closure_ends_the_reach(bayreuth):
    (snap,) = bayreuth.snap([Place(*bayreuth.edges().lon_lat[5_000].tolist())], "van")
    (before,) = bayreuth.reaches(snap, "van", within_s=[300])
    shut = tuple(road for road in before.roads.tolist() if road != snap.edge)

    (after,) = bayreuth.with_closures([Closure(roads=shut)]).reaches(snap, "van", within_s=[300])

    assert len(before.roads) > 20
    assert set(after.roads.tolist()) == {snap.edge}


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"within_s": [60], "within_m": [60]},
        {"within_s": [60, 0]},
        {"within_m": [-1]},
        {"within_s": [1 << 40]},
    ],
)
def test_limits_that_mean_nothing_are_refused(bayreuth, limits):
    (snap,) = bayreuth.snap([Place(*bayreuth.edges().lon_lat[0].tolist())], "van")

    with pytest.raises(ReachUnclear):
        bayreuth.reaches(snap, "van", **limits)


@pytest.fixture
def drawn(bayreuth):
    """Three isochrones in the wrong order, with their reaches, and a scale to metres."""
    (snap,) = bayreuth.snap([Place(*bayreuth.edges().lon_lat[5_000].tolist())], "van")
    reaches = bayreuth.reaches(snap, "van", within_s=[600, 120, 300])
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(snap.place.lat)), 1.0])
    return (
        bayreuth.isochrones(reaches),
        reaches,
        lambda geometry: shapely.transform(geometry, lambda at: at * scale),
    )


def with_extent(network, reach):
    """Where a reach has roads that can be drawn: barriers are points."""
    return np.flatnonzero(network._roads.lengths_m[reach.roads] > 0.0)


def test_an_area_holds_every_reached_road_and_no_place_far_from_all(bayreuth, drawn):
    areas, reaches, in_metres = drawn
    assert [area.limit for area in areas] == [600, 120, 300]
    for found, reach in zip(areas, reaches, strict=True):
        area, roads = in_metres(found.area), in_metres(found.roads)
        assert shapely.is_valid(found.area)
        assert found.area.geom_type == "MultiPolygon"
        assert len(found.roads.geoms) == len(with_extent(bayreuth, reach)) >= 5
        assert area.buffer(0.5).covers(roads)
        corners = shapely.points(shapely.get_coordinates(area))
        assert shapely.distance(corners, roads).max() < WIDTH_M + 6
        holes = [shapely.Polygon(hole) for part in area.geoms for hole in part.interiors]
        assert all(hole.area > 0.9 * HOLE_MIN_M2 for hole in holes)
    assert any(part.interiors for part in areas[0].area.geoms)


def test_a_larger_limit_holds_the_smaller_ones(drawn):
    (large, small, middle), _, in_metres = drawn

    for outer, inner in ((large, middle), (middle, small)):
        assert in_metres(outer.area).buffer(6.0).covers(in_metres(inner.area))
        assert outer.area.area > inner.area.area


def test_drawn_roads_are_cut_where_the_limit_ends(bayreuth, drawn):
    (found, *_), (reach, *_), _ = drawn

    shown = with_extent(bayreuth, reach).tolist()
    lines = dict(zip(shown, found.roads.geoms, strict=True))
    cuts = np.flatnonzero(~reach.is_whole).tolist()
    assert len(cuts) > 5
    roads = {edge["road"]: edge for _, _, edge in bayreuth.graph.edges(data=True)}
    for i in cuts:
        road, part = roads[int(reach.roads[i])], reach.ends[i] - reach.starts[i]
        length_m = line_length_m(list(lines[i].coords))
        assert length_m == pytest.approx(part * road["length_m"], rel=1e-3, abs=0.1)
        ends = shapely.points(lines[i].coords)
        assert shapely.distance(ends, shapely.LineString(road["geometry"])).max() < 1e-6


def test_too_many_roads_are_refused_as_an_area(bayreuth, monkeypatch):
    monkeypatch.setattr(isochrones, "ROADS_MAX", 20)
    (snap,) = bayreuth.snap([Place(*bayreuth.edges().lon_lat[5_000].tolist())], "van")

    with pytest.raises(IsochroneTooLarge, match="smaller limit"):
        bayreuth.isochrones(bayreuth.reaches(snap, "van", within_s=[600]))
