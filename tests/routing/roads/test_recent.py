"""Matrices kept: the same question is answered by the same arrays, any other by its own."""

from threading import Barrier, Thread

import numpy as np
import pytest

from routing.matrix import Provenance, TravelMatrix
from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork
from routing.roads.recent import RecentMatrices


def matrix(count):
    return TravelMatrix(
        durations_s=np.zeros((count, count), np.int32),
        distances_m=np.zeros((count, count), np.int32),
        provenance=Provenance(network="n", profile="van"),
    )


def test_the_same_places_are_answered_without_work(grid_network):
    network = RoadNetwork.load(grid_network)
    places = [Place(118.102, 33.8801), Place(118.112, 33.8899)]
    snaps = network.snap(places, "van")

    first = network.matrix(snaps, "van")

    assert network.matrix(tuple(snaps), "van") is first
    assert network.matrix(network.snap(places, "van"), "van") is first
    with pytest.raises(ValueError, match="read-only"):
        first.durations_s[0, 1] = 7
    with pytest.raises(ValueError, match="read-only"):
        first.distances_m[0, 1] = 7


def test_other_profiles_places_and_closures_are_answered_anew(grid_network):
    network = RoadNetwork.load(grid_network)
    places = [Place(118.102, 33.8801), Place(118.112, 33.8899), Place(118.122, 33.9001)]
    snaps = network.snap(places, "van")
    first = network.matrix(snaps, "van")
    slowed = network.with_closures([Closure(roads=(snaps[0].edge,), duration_factor=3.0)])

    turned = network.matrix([snaps[1], snaps[0], snaps[2]], "van")
    assert turned.durations_s[0, 2] == first.durations_s[1, 2] != first.durations_s[0, 2]
    by_trike = network.matrix(network.snap(places, "trike"), "trike")
    assert by_trike.durations_s.tolist() != first.durations_s.tolist()
    closed = slowed.matrix(snaps, "van")
    assert closed.durations_s[0, 1] > first.durations_s[0, 1]
    assert closed.provenance.network == slowed.version
    again = network.with_closures([Closure(roads=(snaps[0].edge,), duration_factor=3.0)])
    assert again.matrix(snaps, "van") is closed


def test_what_was_not_asked_for_lately_makes_room():
    kept = RecentMatrices(kept_bytes=2 * 8 * 10 * 10)
    first, second = (kept.find(name, lambda: matrix(10)) for name in "ab")
    assert kept.find("a", lambda: matrix(10)) is first

    third = kept.find("c", lambda: matrix(10))

    assert kept.find("a", lambda: matrix(10)) is first
    assert kept.find("c", lambda: matrix(10)) is third
    assert kept.find("b", lambda: matrix(10)) is not second


def test_a_matrix_larger_than_all_room_is_answered_and_not_kept():
    kept = RecentMatrices(kept_bytes=100)
    small = kept.find("small", lambda: matrix(2))

    large = kept.find("large", lambda: matrix(10))

    assert kept.find("large", lambda: matrix(10)) is not large
    assert kept.find("small", lambda: matrix(2)) is small


def test_two_threads_that_ask_at_once_both_have_an_answer():
    kept, together = RecentMatrices(), Barrier(2)
    found = []

    def make():
        together.wait(timeout=30)  # both are making it
        return matrix(3)

    threads = [Thread(target=lambda: found.append(kept.find("a", make))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 2
    assert any(each is kept.find("a", make) for each in found)
