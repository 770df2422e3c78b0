"""Lanes drawn by hand: where they meet roads, what they shorten, and that nothing else changes."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from routing.places import Place
from routing.roads.graphml import as_graphml
from routing.roads.lanes import Lane, LaneRefused, read_lanes, with_lanes
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.roads.speeds import VAN

EAST_M, NORTH_M = 92_290.0, 111_195.0  # of a degree at 33.9° north
SERVICE = {"highway": "service"}


def at(east_m, north_m):
    return Place(118.0 + east_m / EAST_M, 33.9 + north_m / NORTH_M)


def lane(*points_m, **tags):
    return Lane(line=tuple(at(*point) for point in points_m), tags=SERVICE | tags)


@pytest.fixture
def village(write_osm):
    """Two streets of a kilometre, 200 m apart, that only their western ends join."""
    corners = {1: (0, 0), 2: (1000, 0), 3: (0, 200), 4: (1000, 200)}
    places = {node: (at(*mark).lon, at(*mark).lat) for node, mark in corners.items()}
    ways = [([2, 1, 3, 4], {"highway": "residential"})]
    return RoadNetwork.build(write_osm(ways, places=places), profiles=["van"])


def metres(network, *points_m):
    snaps = network.snap([at(*point) for point in points_m], "van")
    return network.matrix(snaps, "van").distances_m


def test_a_lane_joins_two_streets_in_their_middle(village):
    ends = (800, 0), (800, 200)
    assert metres(village, *ends)[0, 1] == pytest.approx(1800, abs=4)

    widened = with_lanes(village, [lane((800, 12), (820, 100), (800, 188))])

    assert metres(widened, *ends).tolist() == [[0, 204], [204, 0]]
    assert metres(widened, (900, 0), (900, 200))[0, 1] == 404
    assert widened.version != village.version
    assert village.graph.number_of_edges() == 2
    assert (
        widened.graph.number_of_edges() == 6 + 2
    )  # both directions of the street in three parts, and of the lane


@pytest.mark.parametrize(("oneway", "there", "back"), [("yes", 205, 1800), ("-1", 1800, 205)])
def test_a_lane_may_be_one_way(village, oneway, there, back):
    widened = with_lanes(village, [lane((800, 0), (820, 100), (800, 200), oneway=oneway)])

    assert metres(widened, (800, 0), (800, 200))[0, 1] == pytest.approx(there, abs=4)
    assert metres(widened, (800, 0), (800, 200))[1, 0] == pytest.approx(back, abs=4)


def test_a_lane_meets_a_junction_that_is_there_and_a_lane_before_it(village):
    first, second = lane((1000, 5), (1100, 0)), lane((1050, 10), (1050, 200), (1005, 200))

    widened = with_lanes(village, [first, second])

    assert metres(widened, (1000, 0), (1000, 200))[0, 1] == pytest.approx(50 + 200 + 50, abs=4)
    assert metres(widened, (900, 0), (1100, 0))[0, 1] == pytest.approx(200, abs=2)
    assert min(told["length_m"] for _, _, told in widened.graph.edges(data=True)) > 30.0


def test_a_lane_may_leave_a_street_and_come_back_to_it(village):
    before = metres(village, (100, 0), (900, 0))

    widened = with_lanes(
        village, [lane((300, 0), (300, 60), (600, 60), (600, 0), name="Bow", highway="residential")]
    )

    assert metres(widened, (100, 0), (900, 0)).tolist() == before.tolist()
    assert metres(widened, (300, 60), (600, 60))[0, 1] == pytest.approx(300, abs=2)
    (snap,) = widened.snap([at(450, 60)], "van")
    assert widened.junctions.name(2 * snap.edge) == "Bow"


def test_who_may_use_a_lane_is_in_its_tags(village):
    widened = with_lanes(village, [lane((800, 0), (800, 200), motor_vehicle="no")])

    assert metres(widened, (800, 0), (800, 200))[0, 1] == pytest.approx(1800, abs=4)


def test_profiles_of_ones_own_travel_on_lanes_too(village):
    slow = replace(VAN, name="slow", top_kmh=10)
    own = RoadNetwork.from_graph(village.graph, profiles=[slow])

    widened = with_lanes(own, [lane((800, 0), (800, 200))])

    assert widened.profile("slow") == slow


def test_a_saved_network_keeps_its_lanes(village, tmp_path):
    widened = with_lanes(village, [lane((800, 0), (800, 200))])
    widened.save(tmp_path / "wide.network")

    again = RoadNetwork.load(tmp_path / "wide.network")

    assert again.version == widened.version
    assert metres(again, (800, 0), (800, 200))[0, 1] == pytest.approx(200, abs=2)


def test_lanes_that_lead_nowhere_change_no_other_answer(bayreuth):
    """They split one-way roads, where nobody turns round at the new junction."""
    graph = bayreuth.graph
    restricted = {road for one in graph.graph["turn_restrictions"] for road in one.roads}
    split = {
        told["road"]: told["geometry"]
        for _, _, told in graph.edges(data=True)
        if told.get("against_oneway") and told["length_m"] > 30.0
    }
    assert len(split) > 20
    assert len(restricted & split.keys()) > 5
    lanes = []
    for line in split.values():
        (lon, lat), (to_lon, to_lat) = line[len(line) // 2 - 1], line[len(line) // 2]
        middle = Place((lon + to_lon) / 2, (lat + to_lat) / 2)
        off = Place(middle.lon + 0.0003, middle.lat + 0.0003)
        lanes.append(Lane(line=(middle, off), tags=SERVICE | {"motor_vehicle": "no"}))
    west, south, east, north = bayreuth.bounds
    drawn = np.random.default_rng(8).uniform((west, south), (east, north), (250, 2)).tolist()
    places = [Place(*each) for each in drawn] + [Place(*line[0]) for line in split.values()]

    widened = with_lanes(bayreuth, lanes)

    before, after = bayreuth.snap(places, "van"), widened.snap(places, "van")
    on_roads = [i for i, snap in enumerate(before) if isinstance(snap, Snap)]
    assert len(on_roads) > 150
    old = bayreuth.matrix([before[i] for i in on_roads], "van")
    new = widened.matrix([after[i] for i in on_roads], "van")
    assert np.abs(old.durations_s - new.durations_s).max() <= 1
    assert np.abs(old.distances_m - new.distances_m).max() <= 2


def restriction(kind, *members):
    told = "".join(
        f'<member type="{"node" if role == "via" and ref < 100 else "way"}" role="{role}"'
        f' ref="{ref % 100}"/>'
        for role, ref in members
    )
    tags = f'<tag k="type" v="restriction"/><tag k="restriction" v="{kind}"/>'
    return f'<relation id="1" version="1">{told}{tags}</relation>'


@pytest.fixture
def crossing(write_osm):
    """Roads of 300 m to the west (1), east (2) and north (3) of a crossing, made with a restriction."""
    corners = {1: (-300, 0), 2: (300, 0), 3: (0, 300), 9: (0, 0), 4: (300, 300), 5: (-300, 300)}
    places = {node: (at(*mark).lon, at(*mark).lat) for node, mark in corners.items()}
    ways = [([first, last], {"highway": "residential"}) for first, last in ((1, 9), (9, 2), (9, 3))]

    def crossing(relation, *more):
        extract = write_osm([*ways, *more], places=places, relations=relation)
        return RoadNetwork.build(extract, profiles=["van"])

    return crossing


@pytest.mark.parametrize("at_m", [(-100, 0), (0, 100)])
@pytest.mark.parametrize("kind", ["no_left_turn", "only_straight_on"])
def test_a_forbidden_turn_stays_forbidden_on_the_halves_of_its_roads(crossing, kind, at_m):
    onto = 102 if kind.startswith("only") else 103
    network = crossing(restriction(kind, ("from", 101), ("via", 9), ("to", onto)))
    ends = (-290, 0), (0, 290)
    before = metres(network, *ends)
    assert before[0, 1] == pytest.approx(290 + 600 + 290, abs=6)

    east_m, north_m = at_m
    off = (east_m + 30, north_m + 30)
    widened = with_lanes(network, [lane(at_m, off, motor_vehicle="no")])

    assert metres(widened, *ends) == pytest.approx(before, abs=2)


def test_a_restriction_over_a_way_between_passes_both_its_halves(crossing):
    more = ([2, 4], {"highway": "residential"}), ([1, 5], {"highway": "residential"})
    relation = restriction("no_u_turn", ("from", 101), ("via", 102), ("to", 104))
    network = crossing(relation, *more)
    (old,) = network.graph.graph["turn_restrictions"]
    assert len(old.roads) == 3

    widened = with_lanes(network, [lane((120, 0), (120, 40))])

    (new,) = widened.graph.graph["turn_restrictions"]
    middle = widened.graph.nodes[new.nodes[1]]
    assert (middle["lon"], middle["lat"]) == pytest.approx((at(120, 0).lon, 33.9), abs=1e-6)
    passed = {told["road"]: {u, v} for u, v, told in widened.graph.edges(data=True)}
    assert len(new.roads) == 4
    assert [passed[one] & passed[other] for one, other in pairwise(new.roads)] == [
        {node} for node in new.nodes
    ]


def feature(*points, kind="LineString", **tags):
    return {
        "type": "Feature",
        "properties": tags,
        "geometry": {"type": kind, "coordinates": list(points)},
    }


def test_lanes_are_read_from_geojson():
    first = feature([118.0, 33.9], [118.1, 33.9, 12.0], highway="track", width=2, note=None)
    one = read_lanes(json.dumps(first).encode("utf-16"))
    two = read_lanes(json.dumps({"type": "FeatureCollection", "features": [first] * 2}).encode())

    assert one == two[:1]
    assert two[1].line == (Place(118.0, 33.9), Place(118.1, 33.9))
    assert two[1].tags == {"highway": "track", "width": "2"}
    assert read_lanes(b'{"type": "FeatureCollection", "features": []}') == ()


def test_a_name_that_no_file_can_hold_is_mended(village, tmp_path):
    told = feature([118.008, 33.9], [118.008, 33.9018], highway="service", name="a\ud800\u0007b")

    widened = with_lanes(village, read_lanes(json.dumps(told).encode()))
    widened.save(tmp_path / "wide.network")
    (tmp_path / "wide.graphml").write_bytes(as_graphml(widened.graph))

    again = RoadNetwork.build(tmp_path / "wide.graphml", profiles=["van"])
    names = {edge["name"] for *_, edge in again.graph.edges(data=True)}
    assert names == {"", "a?b"}


def test_a_network_of_ferries_alone_has_no_road_to_meet(write_osm):
    ferry = {"route": "ferry", "motor_vehicle": "yes"}
    network = RoadNetwork.build(write_osm([([1, 2], ferry)]), profiles=["van"])

    with pytest.raises(LaneRefused, match="no road lies"):
        with_lanes(network, [lane((92, 0), (92, 50))])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\xfa", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no GeoJSON"),
        (b'{"type": []}', "no GeoJSON"),
        (b'{"type": "Feature", "geometry": {"type": {}, "coordinates": []}}', "lane 0"),
        (json.dumps(feature([10**400, 2], [3, 4], highway="track")).encode(), "pair of degrees"),
        (b'{"type": "FeatureCollection"}', "no GeoJSON"),
        (b'{"type": "FeatureCollection", "features": [1]}', "lane 0"),
        (b'{"type": "Feature"}', "lane 0"),
        (b'{"type": "Feature", "geometry": {"type": "LineString"}}', "lane 0"),
        (json.dumps(feature([1, 2], [3, 4])).encode(), "highway=''"),
        (json.dumps(feature([1, 2], [3, 4], highway="runway")).encode(), "'runway'"),
        (json.dumps(feature([1, 2], [3, 4], kind="Polygon", highway="track")).encode(), "LineString"),
        (json.dumps(feature([1, 2], highway="track")).encode(), "2 different points"),
        (json.dumps(feature([1, 2], [1, 2], highway="track")).encode(), "2 different points"),
        (json.dumps(feature([1, 2], [3], highway="track")).encode(), "pair of degrees"),
        (json.dumps(feature([1, 2], [True, 4], highway="track")).encode(), "pair of degrees"),
        (json.dumps(feature([1, 2], [33, 118], highway="track")).encode(), "not a place"),
        (json.dumps(feature([1, 2], [float("nan"), 1], highway="track")).encode(), "not a place"),
        (b'{"type":"Feature","properties":[1],"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}', "properties"),
    ],
)  # fmt: skip
def test_what_is_no_lane_is_refused_by_name(content, named):
    with pytest.raises(LaneRefused, match=named):
        read_lanes(content)


def test_a_lane_that_meets_nothing_is_refused_and_nothing_is_changed(village):
    with pytest.raises(LaneRefused, match="lane 1: no road lies within 20 m"):
        with_lanes(village, [lane((800, 0), (800, 50)), lane((500, 80), (600, 80))])

    assert village.graph.number_of_edges() == 2
