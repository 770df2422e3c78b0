"""Scenarios: what may come, as stated or as drawn."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from routing.vrp.problem import Window
from routing.vrp.waves.scenarios import scenarios
from routing.vrp.waves.statement import Coming, Past, Request, WaveProblem

FAR = np.array([[0, 100, 400], [100, 0, 300], [400, 300, 0]], np.int32)


def wave(**more):
    stated = {"durations_s": FAR, "capacity": 5, "requests": (), "leave_s": 0, "epoch_s": 1_000}
    return WaveProblem(**stated | {"epochs_left": 3} | more)


def coming(epoch, latest_s=100_000, place=1):
    return Coming(request=Request(place=place, window=Window(0, latest_s)), epoch=epoch)


def test_stated_scenarios_come_in_turn():
    stated = ((coming(1),), (coming(2), coming(1, place=2)))

    drawn = islice(scenarios(wave(scenarios=stated), epochs=9, seed=1), 4)

    assert tuple(drawn) == stated * 2


def test_who_could_not_be_served_by_its_own_wave_is_in_none():
    stated = ((coming(1, latest_s=1_099), coming(1, latest_s=1_100), coming(2, latest_s=2_099)),)

    (first,) = islice(scenarios(wave(scenarios=stated), epochs=9, seed=1), 1)

    assert first == (stated[0][1],)


def test_waves_farther_ahead_are_left_out():
    stated = (tuple(coming(epoch) for epoch in (1, 2, 3)),)

    (first,) = islice(scenarios(wave(scenarios=stated), epochs=2, seed=1), 1)

    assert [each.epoch for each in first] == [1, 2]


def test_without_anything_stated_nothing_comes():
    assert list(islice(scenarios(wave(), epochs=2, seed=1), 2)) == [(), ()]


PAST = Past(
    requests=tuple(
        Request(place=1 + n % 2, demand=n, service_s=10 * n, window=Window(n, 90_000 + n))
        for n in range(5)
    ),
    per_epoch=40,
)


def test_drawn_scenarios_have_so_many_for_each_wave_and_differ():
    one, other = islice(scenarios(wave(past=PAST), epochs=2, seed=1), 2)

    assert Counter(each.epoch for each in one) == {1: 40, 2: 40}
    assert one != other
    assert {each.request for each in one} == set(PAST.requests)


def test_the_same_seed_draws_the_same():
    one = islice(scenarios(wave(past=PAST), epochs=2, seed=4), 3)
    same = islice(scenarios(wave(past=PAST), epochs=2, seed=4), 3)

    assert list(one) == list(same)


def test_mixed_requests_take_each_member_from_one_of_their_own():
    mixed = Past(requests=PAST.requests, per_epoch=900, mixed=True)

    (first,) = islice(scenarios(wave(past=mixed), epochs=1, seed=1), 1)

    assert {each.request.demand for each in first} == set(range(5))
    drawn = {(each.request.place, each.request.demand, each.request.service_s) for each in first}
    assert len(drawn) == 2 * 5 * 5


@pytest.mark.parametrize("left", [0, 1])
def test_no_scenario_goes_beyond_the_last_wave(left):
    (first,) = islice(scenarios(wave(past=PAST, epochs_left=left), epochs=5, seed=1), 1)

    assert {each.epoch for each in first} == set(range(1, left + 1))
