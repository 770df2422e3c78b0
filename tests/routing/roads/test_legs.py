"""What a leg tells of the roads it drives sums to the leg itself."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from routing.places import Place
from routing.roads.geometry import line_length_m
from routing.roads.network import RoadNetwork
from routing.roads.positions import unpack
from routing.roads.snap import Snap
from routing.roads.speeds import PROFILES
from routing.roads.turns import TurnCosts


def snaps_in(network, profile, count, seed=1):
    west, south, east, north = network.bounds
    drawn = np.random.default_rng(seed).uniform((west, south), (east, north), (count, 2))
    places = [Place(lon, lat) for lon, lat in drawn.tolist()]
    return [snap for snap in network.snap(places, profile, limit_m=2_000) if isinstance(snap, Snap)]


def check_course(leg):
    course = leg.course
    assert unpack(int(course.weights.sum() + course.turn_weights.sum())) == (
        leg.duration_s,
        leg.distance_m,
    )
    assert course.points[0] == 0
    assert course.points[-1] == len(leg.line) - 1
    for i, (first, last) in enumerate(pairwise(course.points.tolist())):
        drawn_m = line_length_m(leg.line[first : last + 1])
        assert drawn_m == pytest.approx(
            (int(course.weights[i]) & 0xFFFFFFFF) / 100, abs=0.05, rel=1e-3
        )
        backwards = course.starts[i] > course.ends[i]
        assert course.arcs[i] % 2 == backwards or course.starts[i] == course.ends[i]


@pytest.mark.parametrize("profile", ["trike", "foot"])
def test_the_stretches_of_a_leg_sum_to_the_leg_and_divide_its_line(bayreuth, profile):
    for leg in bayreuth.legs(snaps_in(bayreuth, profile, 60), profile):
        check_course(leg)


def test_turns_that_cost_time_are_a_part_of_the_course(bayreuth_extract):
    costly = replace(PROFILES["van"], turn_costs=TurnCosts(left_s=7, right_s=3, crossing_s=1))
    network = RoadNetwork.build(bayreuth_extract, profiles=[costly])

    legs = network.legs(snaps_in(network, "van", 30), "van")

    assert any(leg.course.turn_weights.any() for leg in legs)
    for leg in legs:
        check_course(leg)


def test_a_leg_that_goes_nowhere_still_has_one_stretch(write_osm):
    network = RoadNetwork.build(write_osm([([1, 2, 3], {"highway": "residential"})]))
    (snap,) = network.snap([Place(118.0015, 33.9)], "van")

    leg = network.leg(snap, snap, "van")

    assert leg.course.points.tolist() == [0, 1]
    assert leg.course.weights.tolist() == [0]
    assert leg.course.arcs.tolist() == [0]
