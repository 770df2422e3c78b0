"""The hierarchy against networkx Dijkstra, on raw arcs: closed, parallel, looped, free of charge."""

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.roads.arcs import pack
from routing.roads.climbing import Terminals
from routing.roads.fastest_path import fastest_path
from routing.roads.graph import CLOSED
from routing.roads.hierarchy import contract, customize
from routing.roads.many_to_many import many_to_many


@st.composite
def weighted_arcs(draw):
    n = draw(st.integers(1, 14))
    node = st.integers(0, n - 1)
    small = st.integers(0, 5)  # ties and zeros are the rule, not the exception
    arcs = draw(st.lists(st.tuples(node, node, small, small, st.booleans()), max_size=45))
    terminals = draw(
        st.lists(
            st.tuples(node, node, small, small, st.sampled_from("12b")), min_size=1, max_size=24
        )
    )
    return n, arcs, terminals


def compiled(n, arcs):
    tails = np.array([arc[0] for arc in arcs], np.int32)
    heads = np.array([arc[1] for arc in arcs], np.int32)
    packed = pack(
        np.array([arc[2] for arc in arcs], np.int64), np.array([arc[3] for arc in arcs], np.int64)
    )
    weights = np.where(np.array([arc[4] for arc in arcs], bool), packed, CLOSED)
    angles = np.linspace(0.0, 6.0, n)
    hierarchy = contract(tails, heads, np.column_stack((118 + np.cos(angles), 33 + np.sin(angles))))
    return hierarchy, customize(hierarchy, tails, heads, weights), weights


def at(terminals):
    costs = [
        [
            CLOSED if usable == "2" else one << 32 | other,
            CLOSED if usable == "1" else other << 32 | one,
        ]
        for _, _, one, other, usable in terminals
    ]
    return Terminals(
        nodes=np.array([row[:2] for row in terminals], np.int32), costs=np.array(costs, np.int64)
    )


def fastest(n, arcs, weights, ends):
    """The same question to networkx: ends become nodes of their own, packed weights plain integers."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    for (tail, head, *_), weight in zip(arcs, weights.tolist(), strict=True):
        if weight < CLOSED:
            graph.add_edge(tail, head, weight=weight)
    for i, (nodes, costs) in enumerate(zip(ends.nodes.tolist(), ends.costs.tolist(), strict=True)):
        graph.add_nodes_from([("from", i), ("to", i)])
        for node, cost in zip(nodes, costs, strict=True):
            if cost < CLOSED:
                graph.add_edge(("from", i), node, weight=cost)
                graph.add_edge(node, ("to", i), weight=cost)
    expected = np.full((len(ends.nodes), len(ends.nodes)), CLOSED, np.int64)
    for i in range(len(expected)):
        reached = nx.single_source_dijkstra_path_length(graph, ("from", i))
        for j in range(len(expected)):
            expected[i, j] = reached.get(("to", j), CLOSED)
    return expected


@settings(max_examples=150, deadline=None)
@given(weighted_arcs())
def test_all_pairs_equal_dijkstra_in_duration_and_in_distance_of_the_fastest(case):
    n, arcs, terminals = case
    hierarchy, metric, weights = compiled(n, arcs)
    ends = at(terminals)
    answered = np.full((len(terminals), len(terminals)), -1, np.int64)

    def take(row, block):
        answered[row : row + len(block)] = block

    many_to_many(hierarchy, metric, ends, ends, take)

    assert np.array_equal(np.minimum(answered, CLOSED), fastest(n, arcs, weights, ends))


@settings(max_examples=150, deadline=None)
@given(weighted_arcs())
def test_an_unpacked_path_is_connected_and_costs_what_dijkstra_says(case):
    n, arcs, terminals = case
    hierarchy, metric, weights = compiled(n, arcs)
    ends = at(terminals)
    expected = fastest(n, arcs, weights, ends)

    for i in range(len(terminals)):
        for j in range(min(4, len(terminals))):
            found = fastest_path(hierarchy, metric, ends.only(i), ends.only(j))
            assert found.weight == expected[i, j]
            if found.weight < CLOSED:
                node = ends.nodes[i, found.origin_end]
                cost = ends.costs[i, found.origin_end] + ends.costs[j, found.destination_end]
                for arc in found.arcs.tolist():
                    assert arcs[arc][0] == node
                    node = arcs[arc][1]
                    cost += weights[arc]
                assert node == ends.nodes[j, found.destination_end]
                assert cost == found.weight


def test_hundreds_of_rows_come_back_in_their_places_from_several_threads():
    rng = np.random.default_rng(5)
    n, size = 400, 1_200
    tails, heads = rng.integers(0, n, (2, size)).astype(np.int32)
    weights = pack(rng.integers(1, 99, size), rng.integers(1, 99, size))
    hierarchy = contract(tails, heads, rng.uniform(0.0, 1.0, (n, 2)))
    metric = customize(hierarchy, tails, heads, weights)
    nodes = np.repeat(np.arange(n, dtype=np.int32)[:, None], 2, axis=1)
    ends = Terminals(nodes=nodes, costs=np.zeros((n, 2), np.int64))
    answered = np.full((n, n), -1, np.int64)
    rows = []

    def take(row, block):
        rows.extend(range(row, row + len(block)))
        answered[row : row + len(block)] = block

    many_to_many(hierarchy, metric, ends, ends, take)

    assert sorted(rows) == list(range(n))
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(
        zip(tails.tolist(), heads.tolist(), weights.tolist(), strict=True)
    )
    for source in (0, 17, 129, 399):
        reached = nx.single_source_dijkstra_path_length(graph, source)
        expected = [reached.get(target, CLOSED) for target in range(n)]
        assert np.minimum(answered[source], CLOSED).tolist() == expected


def test_weights_may_change_without_a_new_order():
    arcs = [(0, 1, 3, 1, True), (1, 2, 3, 1, True), (0, 2, 9, 1, True)]
    hierarchy, metric, weights = compiled(3, arcs)
    ends = at([(0, 0, 0, 0, "1"), (2, 2, 0, 0, "1")])
    tails, heads = np.array([0, 1, 0], np.int32), np.array([1, 2, 2], np.int32)

    before = fastest_path(hierarchy, metric, ends.only(0), ends.only(1))
    weights[1] = CLOSED
    after = fastest_path(
        hierarchy, customize(hierarchy, tails, heads, weights), ends.only(0), ends.only(1)
    )

    assert (before.weight >> 32, before.arcs.tolist()) == (6, [0, 1])
    assert (after.weight >> 32, after.arcs.tolist()) == (9, [2])
