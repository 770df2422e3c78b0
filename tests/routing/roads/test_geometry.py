import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.places import Place, great_circle_m
from routing.roads.geometry import cut, line_length_m

near = st.tuples(st.floats(117.9, 118.1), st.floats(33.8, 34.0))


@given(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), near)
def test_a_line_of_two_points_is_as_long_as_the_great_circle(a, b):
    assert line_length_m([a, b]) == pytest.approx(great_circle_m(Place(*a), Place(*b)), abs=0.01)


@given(st.lists(near, min_size=2, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_a_cut_has_its_share_of_the_length_and_turns_with_its_ends(line, start, end):
    part = cut(np.array(line), start, end)

    assert len(part) >= 2
    # Along a segment degrees are shared out evenly; metres are so to 1e-3 over 20 km.
    whole_m = line_length_m(line)
    assert line_length_m(part) == pytest.approx(
        abs(end - start) * whole_m, abs=1e-6 + 1e-3 * whole_m
    )
    assert part == cut(np.array(line), end, start)[::-1]


def test_a_whole_cut_is_the_line_itself():
    line = ((118.0, 33.9), (118.001, 33.9), (118.001, 33.901))

    assert cut(np.array(line), 0.0, 1.0) == pytest.approx(np.array(line))
