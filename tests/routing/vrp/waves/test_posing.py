"""Posing: what a scenario asks of a search."""

import numpy as np
import pytest

from routing.vrp.problem import Window
from routing.vrp.waves.posing import Bound, Poser
from routing.vrp.waves.statement import Coming, Request, WaveProblem

FAR = np.array([[0, 100, 400], [90, 0, 300], [500, 310, 0]], np.int32)
BOUND = Bound(requests=(0, 2, 3), now=frozenset({2}), later=frozenset({3}))


@pytest.fixture
def posed():
    """Of four requests one is impossible, one bound to this wave and one to later ones; two come."""
    problem = WaveProblem(
        durations_s=FAR,
        capacity=7,
        requests=(
            Request(place=1, demand=2, window=Window(5, 90), service_s=3, release_s=1_200),
            Request(place=1, window=Window(0, 1)),
            Request(place=2),
            Request(place=2, release_s=9_000),
        ),
        leave_s=1_000,
        epoch_s=600,
        epochs_left=3,
        back_by_s=50_000,
    )
    scenario = tuple(
        Coming(request=Request(place=1, demand=epoch), epoch=epoch) for epoch in (1, 3)
    )
    return Poser(problem).with_scenario(BOUND, scenario)


def test_what_comes_is_there_for_its_own_wave_and_no_earlier(posed):
    assert [visit.release_s for visit in posed.visits] == [1_200, 0, 9_000, 1_600, 2_800]
    assert [visit.loads for visit in posed.visits] == [(2,), (0,), (0,), (1,), (3,)]


def test_vehicles_of_this_wave_and_of_later_ones_make_what_they_may(posed):
    now, later = posed.vehicles[: BOUND.vehicles_now], posed.vehicles[BOUND.vehicles_now :]
    assert (len(now), len(later)) == (2, 4)
    assert {vehicle.shift for vehicle in now} == {Window(1_000, 50_000)}
    assert {vehicle.shift for vehicle in later} == {Window(1_600, 50_000)}
    may = [tuple(visit.skills <= side[0].skills for side in (now, later)) for visit in posed.visits]
    assert may == [(True, True), (True, False), (False, True), (False, True), (False, True)]


def test_driving_is_what_costs(posed):
    (matrix,) = posed.matrices
    assert (matrix.distances_m == FAR).all()
    assert (matrix.durations_s == FAR).all()
    assert {(each.cost_per_m, each.cost_per_s, each.fixed_cost) for each in posed.vehicles} == {
        (1, 0, 0)
    }
