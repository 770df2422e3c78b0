"""The grid against a look at every segment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.roads.geometry import EARTH_RADIUS_M
from routing.roads.grid import SegmentGrid


def every_gap(point, starts, spans):
    """Squared metres from the point to each segment, and where along it, one after the other."""
    scale = np.radians(EARTH_RADIUS_M) * np.array([np.cos(np.radians(point[1])), 1.0])
    found = []
    for start, span in zip((starts - point) * scale, spans * scale, strict=True):
        length2 = span @ span
        share = float(np.clip(-(start @ span) / length2, 0.0, 1.0)) if length2 else 0.0
        found.append((float(((start + share * span) ** 2).sum()), share))
    return found


@st.composite
def maps(draw):
    """Segments of all lengths (some none at all, some across the whole map), owners, points, usable."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, roads = draw(st.integers(1, 60)), draw(st.integers(1, 10))
    extent = draw(st.sampled_from([1e-5, 0.01, 0.3]))
    lon_lat = np.array(
        [draw(st.sampled_from([118.0, -70.0])), draw(st.sampled_from([33.9, -55.0]))]
    )
    starts = lon_lat + rng.uniform(0.0, extent, (count, 2))
    lengths = extent * 10.0 ** rng.uniform(-3, 0, (count, 1)) * (rng.random((count, 1)) > 0.1)
    spans = lengths * rng.uniform(-1.0, 1.0, (count, 2)) * (rng.random((count, 2)) > 0.2)
    points = lon_lat + rng.uniform(-0.7 * extent, 1.7 * extent, (30, 2))
    points[:5] = starts[rng.integers(0, count, 5)]
    return starts, spans, rng.integers(0, roads, count), points, rng.random(roads) > 0.3


@settings(max_examples=150, deadline=None)
@given(maps())
def test_the_nearest_segment_is_found_and_the_lowest_of_equals(case):
    starts, spans, owners, points, usable = case
    segments, shares = SegmentGrid(starts, spans, owners).nearest(points, usable)

    for point, segment, share in zip(points, segments.tolist(), shares.tolist(), strict=True):
        gaps = every_gap(point, starts, spans)
        open_to_it = [i for i in range(len(owners)) if usable[owners[i]]]
        if not open_to_it:
            assert segment == -1
            continue
        best2 = min(gaps[i][0] for i in open_to_it)
        assert usable[owners[segment]]
        assert gaps[segment][0] == pytest.approx(best2, rel=1e-9, abs=1e-9)
        assert share == pytest.approx(gaps[segment][1], abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(maps(), st.sampled_from([0.0, 10.0, 300.0, 5000.0]))
def test_all_segments_within_a_distance_are_found_once(case, limit_m):
    starts, spans, owners, points, usable = case
    grid = SegmentGrid(starts, spans, owners)

    for point in points[:8]:
        segments, _, gaps_m = grid.within(point, usable, limit_m)
        gaps = every_gap(point, starts, spans)
        told = set(segments.tolist())
        assert len(told) == len(segments)
        assert gaps_m == pytest.approx([gaps[i][0] ** 0.5 for i in segments], abs=1e-6)
        for i, (gap2, _) in enumerate(gaps):
            if usable[owners[i]] and gap2**0.5 < limit_m - 1e-6:
                assert i in told
            if not usable[owners[i]] or gap2**0.5 > limit_m + 1e-6:
                assert i not in told


def test_of_two_segments_at_one_place_the_first_is_taken():
    starts = np.array([[118.0, 33.9], [118.0, 33.9]])
    spans = np.array([[0.001, 0.0], [0.001, 0.0]])
    grid = SegmentGrid(starts, spans, np.array([0, 1]))
    point = np.array([[118.0005, 33.901]])

    assert grid.nearest(point, np.array([True, True]))[0].tolist() == [0]
    assert grid.nearest(point, np.array([False, True]))[0].tolist() == [1]


def test_a_grid_of_nothing_finds_nothing():
    grid = SegmentGrid(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, np.int64))

    segments, _ = grid.nearest(np.array([[118.0, 33.9]]), np.array([True]))
    found, _, _ = grid.within(np.array([118.0, 33.9]), np.array([True]), 1e6)

    assert (segments.tolist(), found.tolist()) == ([-1], [])
