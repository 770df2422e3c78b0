import numpy as np
import pytest

from routing.roads.closures import Closure, NoSuchRoad, apply
from routing.roads.graph import CLOSED

WEIGHTS = np.arange(1, 7, dtype=np.int64)  # three roads, two directions each


@pytest.mark.parametrize(
    ("closure", "closed_roads"),
    [
        (Closure(edges=(1,), until_s=100), {1}),
        (Closure(edges=(0, 2), until_s=100), {0, 2}),
        (Closure(edges=(), until_s=100), set()),
        (Closure(edges=(1,), until_s=50), set()),  # over at this very moment
        (Closure(edges=(1,), until_s=100, profiles=frozenset({"van"})), {1}),
        (Closure(edges=(1,), until_s=100, profiles=frozenset({"foot"})), set()),
    ],
)
def test_a_closure_closes_its_roads_for_its_profiles_until_it_ends(closure, closed_roads):
    changed = apply(WEIGHTS, [closure], profile="van", now_s=50).reshape(-1, 2)

    for road, arcs in enumerate(WEIGHTS.reshape(-1, 2)):
        expected = [CLOSED, CLOSED] if road in closed_roads else arcs.tolist()
        assert changed[road].tolist() == expected
    assert WEIGHTS.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("edge", [-1, 3])
def test_a_closure_of_a_road_that_is_not_there_is_refused(edge):
    with pytest.raises(NoSuchRoad, match=f"no road {edge}"):
        apply(WEIGHTS, [Closure(edges=(edge,), until_s=100)], profile="van", now_s=50)
