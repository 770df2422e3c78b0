import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
