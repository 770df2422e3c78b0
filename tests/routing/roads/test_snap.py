from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE
from routing.places import Place, great_circle_m
from routing.roads.graph import CLOSED
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap

LANE = {"highway": "residential"}
PATH = {"highway": "path"}


@pytest.fixture
def village(write_osm):
    """A lane of 277 m from node 1 to 4, a footpath north of it from 2, and a lane on an island."""
    return RoadNetwork.build(
        write_osm(
            [([1, 2, 4], LANE), ([2, 20], PATH), ([30, 31], LANE)],
            places={20: (118.002, 33.902), 30: (118.001, 33.9005), 31: (118.0015, 33.9005)},
        )
    )


def test_a_place_snaps_to_the_nearest_point_of_the_nearest_road(village):
    (snap,) = village.snap([Place(118.003, 33.9003)], "trike")

    assert (snap.place.lon, snap.place.lat) == pytest.approx((118.003, 33.9), abs=1e-7)
    assert snap.gap_m == pytest.approx(33.4, abs=0.1)
    assert snap.fraction == pytest.approx(0.5, abs=1e-4)  # lane 2–4


def test_each_profile_snaps_to_roads_of_its_own(village):
    beside_the_path = Place(118.002, 33.9015)

    (walked,) = village.snap([beside_the_path], "foot")
    (driven,) = village.snap([beside_the_path], "van")

    assert walked.gap_m == pytest.approx(0.0, abs=0.01)
    assert driven.gap_m == pytest.approx(166.8, abs=0.5)


def test_an_island_is_never_snapped_to(village):
    (snap,) = village.snap([Place(118.00125, 33.9005)], "van")

    assert snap.place.lat == pytest.approx(33.9)


def test_a_place_off_the_roads_gets_its_own_answer_and_harms_no_other(village):
    good, bad, far = village.snap(
        [Place(118.003, 33.9), Place(118.003, 33.91), Place(-70.0, -33.0)], "van"
    )

    assert isinstance(good, Snap)
    assert isinstance(bad, PlaceOffRoad)
    assert (bad.code, bad.limit_m, bad.nearest_m) == (
        "place-off-road",
        500,
        pytest.approx(1112, abs=1),
    )
    assert "check its coordinates" in str(bad)
    assert isinstance(far, PlaceOffRoad)
    assert far.nearest_m > 10_000_000


def test_the_limit_is_the_callers(village):
    place = Place(118.003, 33.9045)  # 500.4 m

    assert isinstance(village.snap([place], "van")[0], PlaceOffRoad)
    assert isinstance(village.snap([place], "van", limit_m=501)[0], Snap)


def test_where_a_profile_has_no_road_every_place_is_off_road(write_osm):
    network = RoadNetwork.build(write_osm([([1, 2], PATH)]))

    (answer,) = network.snap([Place(118.001, 33.9)], "truck")

    assert isinstance(answer, PlaceOffRoad)
    assert answer.nearest_m is None
    assert "no road at all" in str(answer)


def test_nobody_snaps_to_a_bollard(write_osm):
    network = RoadNetwork.build(
        write_osm([([1, 2], PATH), ([2, 3], LANE)], node_tags={2: {"barrier": "bollard"}})
    )
    classes = {edge["road"]: edge["highway"] for _, _, edge in network.graph.edges(data=True)}

    snaps = network.snap([Place(118.002, 33.9), Place(118.0015, 33.9)], "trike")

    assert sorted(classes.values()) == ["barrier", "path", "residential"]
    assert [classes[snap.edge] for snap in snaps] == ["residential"] * 2


def test_closer_to_a_junction_than_a_centimetre_is_the_junction(village):
    nearly = 0.005 / 92_300  # half a centimetre, in degrees of longitude here

    tail, head, beyond = village.snap(
        [Place(lon, 33.9) for lon in (118.001 + nearly, 118.004 - nearly, 118.003)], "van"
    )

    assert (tail.fraction, head.fraction) == (0.0, 1.0)
    assert beyond.fraction == pytest.approx(0.5, abs=1e-4)


def test_no_places_no_answers(village):
    assert village.snap([], "van") == ()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_other_usable_road_is_nearer(bayreuth, seed):
    rng = np.random.default_rng(seed)
    west, south, east, north = bayreuth.bounds
    place = Place(float(rng.uniform(west, east)), float(rng.uniform(south, north)))
    (snap,) = bayreuth.snap([place], "foot", limit_m=20_000)

    # The oracle walks every line that is open on foot, forty steps to a segment.
    roads = bayreuth._roads
    is_open = (bayreuth._weightings["foot"].weights.reshape(-1, 2) < CLOSED).any(axis=1)
    owners = np.repeat(np.arange(roads.count), np.diff(roads.offsets))
    firsts = np.flatnonzero((owners[1:] == owners[:-1]) & is_open[owners[:-1]])
    a, b = roads.lon_lat[firsts], roads.lon_lat[firsts + 1]
    near = np.abs((a + b) / 2 - (place.lon, place.lat)).max(axis=1) < 0.02
    shares = np.linspace(0.0, 1.0, 40)[:, None, None]
    points = (a[near] + shares * (b[near] - a[near])).reshape(-1, 2)
    flat = (points - (place.lon, place.lat)) * (np.cos(np.radians(place.lat)), 1.0)
    lon, lat = points[(flat**2).sum(axis=1).argmin()]

    assert snap.gap_m <= great_circle_m(place, Place(float(lon), float(lat))) + 0.01


def test_around_a_place_every_usable_road_is_told_once_nearest_first(village):
    place = Place(118.0018, 33.9003)

    walked = village.around(place, "foot", limit_m=100)
    driven = village.around(place, "van", limit_m=100)

    roads = [each.snap.edge for each in walked]
    assert len(set(roads)) == len(roads) == 3  # both parts of the lane and the path
    assert [each.snap.gap_m for each in walked] == sorted(each.snap.gap_m for each in walked)
    assert walked[0].snap == village.snap([place], "foot")[0]
    assert {each.snap.edge for each in driven} < set(roads)
    assert village.around(place, "foot", limit_m=20) == walked[:1]
    assert village.around(Place(0.0, 0.0), "foot", limit_m=100) == ()


def test_a_place_lies_to_the_right_or_the_left_of_the_road_it_snaps_to(village):
    (north,) = village.around(Place(118.0030, 33.9003), "van", limit_m=40)
    (south,) = village.around(Place(118.0030, 33.8997), "van", limit_m=40)

    assert north.bearing_deg == pytest.approx(90.0, abs=0.01)  # drawn eastward
    assert (north.is_right, south.is_right) == (False, True)


@pytest.mark.parametrize("profile", ["van", "foot"])
def test_of_all_directions_at_both_ends_the_best_is_the_unrestricted_answer(bayreuth, profile):
    west, south, east, north = bayreuth.bounds
    drawn = np.random.default_rng(7).uniform((west, south), (east, north), (60, 2))
    snaps = [
        snap
        for snap in bayreuth.snap([Place(*at) for at in drawn.tolist()], profile, limit_m=2000)
        if isinstance(snap, Snap)
    ][:20]
    # Neighbours on one road, before and behind, where the straight way counts too.
    snaps += [replace(snap, fraction=snap.fraction * 0.5) for snap in snaps[:4]]
    free_s, _ = bayreuth.table(snaps, snaps, profile)
    ways = [{"along": True, "back": False}, {"along": False, "back": True}]
    bound = [[replace(snap, **way) for snap in snaps] for way in ways]
    tables = {
        (leaves, stops): bayreuth.table(bound[leaves], bound[stops], profile)
        for leaves in (0, 1)
        for stops in (0, 1)
    }
    best_s = np.minimum.reduce([durations_s for durations_s, _ in tables.values()])

    assert (best_s == free_s).all()
    for (leaves, stops), (durations_s, distances_m) in tables.items():
        assert (durations_s != free_s).any()
        for i in range(0, len(snaps), 5):
            for j in range(1, len(snaps), 3):
                if durations_s[i, j] in (0, UNREACHABLE):
                    continue
                leg = bayreuth.leg(bound[leaves][i], bound[stops][j], profile)
                assert (leg.duration_s, leg.distance_m) == (durations_s[i, j], distances_m[i, j])
                for snap, arc, way in (
                    (snaps[i], leg.course.arcs[0], leaves),
                    (snaps[j], leg.course.arcs[-1], stops),
                ):
                    if 0.0 < snap.fraction < 1.0:
                        assert arc == 2 * snap.edge + way


def test_nobody_stops_on_a_motorway_or_boards_in_mid_river(write_osm):
    roads = write_osm(
        [
            ([1, 2], {"highway": "motorway", "oneway": "no"}),
            ([2, 3], {"highway": "residential"}),
            ([3, 4], {"route": "ferry", "motor_vehicle": "yes"}),
            ([4, 5], {"highway": "residential"}),
        ]
    )
    network = RoadNetwork.build(roads, profiles=["van"])
    by_motorway, in_river = Place(118.0015, 33.9001), Place(118.0036, 33.9001)

    stops = network.snap([by_motorway, in_river], "van")
    passing, _ = network.snap([by_motorway, in_river], "van", on_motorways=True)
    refused = network.snap([by_motorway], "van", limit_m=20)

    assert [stop.place.lon for stop in stops] == pytest.approx([118.002, 118.004], abs=1e-6)
    assert passing.gap_m == pytest.approx(11.1, abs=0.1)
    assert isinstance(refused[0], PlaceOffRoad)
    assert network.matrix(stops, "van").durations_s[0, 1] > 60
    leg = network.leg(*network.snap([by_motorway, Place(118.0045, 33.9)], "van"), "van")
    assert network.steps(leg, "van")[-1].manoeuvre.kind == "arrive"
