"""Roads that cross meet in a node, unless one passes over."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatch.demo.drawing import Drawing, Way

coordinates = st.tuples(st.floats(0, 1000), st.floats(0, 1000))
lines = st.lists(st.lists(coordinates, min_size=2, max_size=4), min_size=1, max_size=8)


def drawn(lines, passing_over=0):
    drawing = Drawing()
    for index, line in enumerate(lines):
        nodes = [drawing.node(x, y) for x, y in line]
        drawing.ways.append(Way(nodes, {}, passes_over=index < passing_over))
    return drawing


def crossings_without_a_node(drawing, ways):
    """Proper crossings, by the side on which each end lies: shares no code with the drawing."""

    def side(a, b, c):
        (ax, ay), (bx, by), (cx, cy) = (drawing.nodes[node] for node in (a, b, c))
        return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)

    segments = [pair for way in ways for pair in pairwise(way.nodes)]
    noise = 1e-3  # square metres: rounding puts a junction this far off its line
    return [
        (a, b, c, d)
        for index, (a, b) in enumerate(segments)
        for c, d in segments[:index]
        if len({a, b, c, d}) == 4
        and side(a, b, c) * side(a, b, d) < 0
        and side(c, d, a) * side(c, d, b) < 0
        and min(abs(side(*each)) for each in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))) > noise
    ]


@settings(max_examples=60, deadline=None)
@given(lines)
@example(
    [[(0.0, 0.0), (0.0, 1.1125369292536007e-308), (0.0, 2.0), (1.0, 0.0)]]
)  # too short to divide by
def test_after_joining_no_two_ways_cross_without_a_common_node(lines):
    drawing = drawn(lines)
    drawing.join_crossings()
    assert crossings_without_a_node(drawing, drawing.ways) == []


def test_two_crossing_roads_share_one_node_at_the_crossing():
    drawing = drawn([[(0, 0), (100, 100)], [(0, 100), (100, 0)]])
    drawing.join_crossings()
    (shared,) = set(drawing.ways[0].nodes) & set(drawing.ways[1].nodes)
    assert [round(part, 9) for part in drawing.nodes[shared]] == [50, 50]


def test_roads_that_touch_or_meet_in_one_point_share_one_node_and_have_no_stretch_of_length_zero():
    star = [[(0, 0), (100, 100)], [(0, 100), (100, 0)], [(50, 50), (50, 90)], [(0, 50), (100, 50)]]
    drawing = drawn(star)
    drawing.join_crossings()
    (shared,) = set.intersection(*(set(way.nodes) for way in drawing.ways))
    assert drawing.nodes[shared] == (50, 50)
    for way in drawing.ways:
        assert all(drawing.nodes[a] != drawing.nodes[b] for a, b in pairwise(way.nodes))


def test_a_road_that_passes_over_meets_nothing_on_its_way():
    drawing = drawn([[(0, 0), (900, 900)], [(0, 900), (900, 0)]], passing_over=1)
    drawing.join_crossings()
    assert not set(drawing.ways[0].nodes) & set(drawing.ways[1].nodes)
    assert len(crossings_without_a_node(drawing, drawing.ways)) == 1


def test_a_drawing_without_any_crossing_keeps_its_ways():
    drawing = drawn([[(0, 0), (50, 0)]])
    drawing.join_crossings()
    assert drawing.ways[0].nodes == [0, 1]
