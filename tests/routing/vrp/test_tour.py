"""Tours: exact where there are few places, never worse than farthest insertion where there are many."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.matrix import UNREACHABLE
from routing.vrp import tour
from routing.vrp.tour import Tour, TourRefused, find_tour

ENDS = [
    (returns, first, last)
    for returns in (True, False)
    for first in (None, "first")
    for last in (None, "last")
]


def random_durations(n, seed, *, high=1_000):
    durations_s = np.random.default_rng(seed).integers(0, high, (n, n), dtype=np.int32)
    np.fill_diagonal(durations_s, 0)
    return durations_s


def town(n, seed):
    """Durations between places of a plane, each way its own."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 5_000, (n, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    durations_s = np.rint(apart * random.uniform(1, 1.3, (n, n))).astype(np.int32)
    np.fill_diagonal(durations_s, 0)
    return durations_s


def driven_s(durations_s, places, *, returns):
    closed = [*places, places[0]] if returns else places
    return sum(int(durations_s[a, b]) for a, b in pairwise(closed))


def fixed(n, first, last):
    return (0 if first else None), (n - 1 if last else None)


def farthest_insertion_s(durations_s):
    """Seconds of the loop of farthest insertion, begun with the pair that is farthest apart."""
    loop = list(np.unravel_index(durations_s.argmax(), durations_s.shape))
    left = set(range(len(durations_s))) - set(loop)

    def added(node, at):
        one, next_ = loop[at], loop[(at + 1) % len(loop)]
        return int(durations_s[one, node]) + durations_s[node, next_] - durations_s[one, next_]

    while left:
        cheapest = {node: min((added(node, at), at) for at in range(len(loop))) for node in left}
        node = max(sorted(left), key=lambda node: cheapest[node][0])
        loop.insert(cheapest[node][1] + 1, node)
        left.remove(node)
    return driven_s(durations_s, loop, returns=True)


@pytest.fixture
def searching(monkeypatch):
    """Tours of few places are searched for like those of many."""
    monkeypatch.setattr(tour, "EXACT_MAX", 3)


@pytest.mark.parametrize(("returns", "first", "last"), ENDS)
@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 10_000))
def test_a_tour_of_few_places_is_the_shortest_of_all_orders(returns, first, last, n, seed):
    durations_s = random_durations(n, seed)
    first, last = fixed(n, first, last)

    found = find_tour(durations_s, returns=returns, first=first, last=last, budget_s=0)

    shortest_s = min(
        driven_s(durations_s, order, returns=returns)
        for order in permutations(range(n))
        if (first is None or order[0] == first)
        # A loop comes back to its one end; only beside a fixed first place does the last say more.
        and (last is None or order[-1] == last or (returns and first is None))
    )
    assert found.is_shortest
    assert sorted(found.places) == list(range(n))
    assert found.duration_s == driven_s(durations_s, found.places, returns=returns) == shortest_s
    assert first is None or found.places[0] == first
    if last is not None:
        assert found.places[0 if returns and first is None else -1] == last


@pytest.mark.parametrize(("returns", "first", "last"), ENDS)
@settings(max_examples=12, deadline=None)
@given(n=st.integers(7, 10), seed=st.integers(0, 10_000), flat=st.booleans())
def test_a_searched_tour_is_a_tour_and_as_short_as_it_says(returns, first, last, n, seed, flat):
    durations_s = town(n, seed) if flat else random_durations(n, seed)
    first, last = fixed(n, first, last)
    asked = {"returns": returns, "first": first, "last": last, "seed": seed}
    shortest = find_tour(durations_s, **asked, budget_s=0)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tour, "EXACT_MAX", 3)
        found = find_tour(durations_s, **asked, budget_s=1)

    assert not found.is_shortest
    assert sorted(found.places) == list(range(n))
    assert found.duration_s == driven_s(durations_s, found.places, returns=returns)
    assert shortest.duration_s <= found.duration_s <= 1.2 * shortest.duration_s
    assert first is None or found.places[0] == first
    if last is not None:
        assert found.places[0 if returns and first is None else -1] == last


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_the_shortest_tour_of_a_small_town(searching, seed):
    durations_s = town(11, seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tour, "EXACT_MAX", 13)
        shortest = find_tour(durations_s, returns=True, budget_s=0)

    assert find_tour(durations_s, returns=True, budget_s=5).duration_s == shortest.duration_s


@pytest.mark.parametrize("n", [15, 16, 25, 60])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [town, random_durations])
def test_no_tour_is_longer_than_farthest_insertion_makes_it(make, n, seed):
    durations_s = make(n, seed)

    found = find_tour(durations_s, returns=True, budget_s=2)

    assert found.places[0] == 0
    assert sorted(found.places) == list(range(n))
    assert found.duration_s <= farthest_insertion_s(durations_s)


def test_a_town_of_a_hundred_gains_a_tenth_on_farthest_insertion():
    durations_s = town(100, 100)

    found = find_tour(durations_s, returns=True, budget_s=10)

    assert found.duration_s < 0.9 * farthest_insertion_s(durations_s)


def test_the_same_seed_finds_the_same_tour():
    durations_s = random_durations(30, 1)

    one, other = (find_tour(durations_s, returns=True, budget_s=30, seed=7) for _ in range(2))

    assert one == other


@pytest.mark.parametrize("seed", range(5))
def test_a_tour_without_a_budget_is_farthest_insertion(seed):
    durations_s = town(40, seed)

    found = find_tour(durations_s, returns=True, budget_s=0)

    assert found.duration_s == farthest_insertion_s(durations_s)
    assert found.places[0] == 0


def test_a_tour_without_a_budget_visits_every_place_once():
    durations_s = town(400, 3)
    found = find_tour(durations_s, returns=True, budget_s=0)

    assert sorted(found.places) == list(range(400))


def test_a_budget_shortens_what_insertion_alone_finds():
    durations_s = town(500, 4)

    quick = find_tour(durations_s, returns=True, budget_s=0.5)

    assert quick.duration_s < find_tour(durations_s, returns=True, budget_s=0).duration_s


def test_one_place_is_a_tour_without_a_drive():
    alone = np.zeros((1, 1), np.int32)

    for returns in (True, False):
        found = find_tour(alone, returns=returns, first=0, last=0, budget_s=0)
        assert found == Tour(places=(0,), duration_s=0, is_shortest=True)


def test_places_that_coincide_are_visited_all_the_same():
    assert sorted(find_tour(np.zeros((20, 20), np.int32), returns=True, budget_s=1).places) == list(
        range(20)
    )


@pytest.mark.parametrize(
    ("n", "ends", "words"),
    [
        (0, {}, "needs a place"),
        (3, {"first": 3}, "first is 3"),
        (3, {"last": -1}, "last is -1"),
        (3, {"first": 1, "last": 1, "returns": False}, "let the tour return"),
    ],
)
def test_ends_that_make_no_tour_are_refused(n, ends, words):
    with pytest.raises(TourRefused, match=words):
        find_tour(np.zeros((n, n), np.int32), **{"returns": True, "budget_s": 0} | ends)


def test_a_pair_without_a_way_is_refused_by_name():
    durations_s = random_durations(5, 1)
    durations_s[3, 1] = UNREACHABLE

    with pytest.raises(TourRefused, match="from place 3 to place 1"):
        find_tour(durations_s, returns=True, budget_s=0)
