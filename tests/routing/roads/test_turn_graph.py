"""Forbidden turns against a search that keeps its whole history and reads the restrictions as written."""

import heapq
import math
from dataclasses import replace
from itertools import count, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.roads.arcs import arc_ends
from routing.roads.geometry import line_length_m
from routing.roads.graph import CLOSED, add_road
from routing.roads.network import RoadNetwork
from routing.roads.snap import Place, Snap
from routing.roads.speeds import PROFILES
from routing.roads.traits import Traits
from routing.roads.turn_graph import split
from routing.roads.turns import TurnCosts, TurnRestriction


def on(edge, fraction):
    return Snap(edge=edge, fraction=fraction, place=Place(118.0, 33.9), gap_m=0.0)


@st.composite
def towns(draw):
    """One-way, parallel, looped and zero-length roads, and restrictions along walks among them."""
    n = draw(st.integers(2, 6))
    graph = nx.MultiDiGraph()
    for node in range(n):
        graph.add_node(node, lon=118.0 + draw(st.integers(0, 3)) / 1000, lat=33.9 + node // 2 / 500)
    node = st.integers(0, n - 1)
    ends = draw(st.lists(st.tuples(node, node), min_size=2, max_size=12))
    for tail, head in ends:
        oneway = draw(st.integers(0, 3)) == 0
        line = [(graph.nodes[end]["lon"], graph.nodes[end]["lat"]) for end in (tail, head)]
        kind = draw(st.sampled_from(["residential", "primary"]))
        traits = (Traits(highway=kind), Traits(highway=kind, against_oneway=oneway))
        add_road(graph, tail, head, traits=traits, line=line)
    restrictions = []
    for _ in range(draw(st.integers(0, 7))):
        road = draw(st.integers(0, len(ends) - 1))
        at = ends[road][draw(st.integers(0, 1))]
        roads, nodes = [road], []
        for _ in range(draw(st.integers(1, 3))):
            road = draw(st.sampled_from([r for r, pair in enumerate(ends) if at in pair]))
            roads.append(road)
            nodes.append(at)
            at = ends[road][0] if ends[road][1] == at else ends[road][1]
        restrictions.append(
            TurnRestriction(
                kind=draw(st.sampled_from(["no_left_turn", "no_u_turn", "only_straight_on"])),
                roads=tuple(roads),
                nodes=tuple(nodes),
                vehicle=draw(st.sampled_from(["vehicle", "vehicle", "hgv"])),
                exempt=draw(st.sampled_from([(), (), ("motorcar",)])),
            )
        )
    graph.graph["turn_restrictions"] = restrictions
    shares = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0])
    positions = st.tuples(st.integers(0, len(ends) - 1), shares)
    return graph, draw(st.lists(positions, min_size=2, max_size=7))


COSTS = TurnCosts(left_s=7.0, right_s=2.0, u_turn_s=20.0, crossing_s=1.0)


def with_costs(model, name, costs):
    """A network whose only profile is the one of that name, with turn costs."""
    return RoadNetwork.from_graph(model, profiles=[replace(PROFILES[name], turn_costs=costs)])


class History:
    """Dijkstra over whole recent histories: the last roads travelled, each with where it ended."""

    def __init__(self, network, profile, costs=None):
        roads = network._roads
        self.roads, self.costs = roads, costs
        self.weights = network._weightings[profile].weights.tolist()
        tails, heads = arc_ends(roads)
        self.tails, self.heads = tails.tolist(), heads.tolist()
        keys = PROFILES[profile].access_keys
        self.rules = [
            rule
            for rule in roads.restrictions
            if rule.vehicle in keys and not any(key in keys for key in rule.exempt)
        ]
        self.known = {}
        self.memory = max((len(rule.nodes) for rule in self.rules), default=1)
        ends = [*roads.tails.tolist(), *roads.heads.tolist()]
        self.meeting = [ends.count(node) for node in range(len(roads.node_lon_lat))]

    def follows(self, arcs, roads, nodes):
        """Did one drive exactly these roads, over exactly these nodes between them?"""
        return [arc // 2 for arc in arcs] == list(roads) and [
            self.heads[arc] for arc in arcs[:-1]
        ] == list(nodes)

    def may(self, history, onward):
        if (history, onward) not in self.known:
            self.known[history, onward] = self.permitted(history, onward)
        return self.known[history, onward]

    def permitted(self, history, onward):
        path = (*history, onward)
        for rule in self.rules:
            k = len(rule.roads)
            if not rule.kind.startswith("only_"):
                if len(path) >= k and self.follows(path[-k:], rule.roads, rule.nodes):
                    return False
                continue
            for driven in range(1 if k == 2 else 2, k):
                if len(history) < driven:
                    continue
                past = history[-driven:]
                on_it = (
                    self.follows(past, rule.roads[:driven], rule.nodes[: driven - 1])
                    and self.heads[past[-1]] == rule.nodes[driven - 1]
                    and self.can_finish(past, rule)
                )
                alike = [
                    other
                    for other in self.rules
                    if other.kind.startswith("only_")
                    and (other.roads[:-1], other.nodes, other.vehicle, other.exempt)
                    == (rule.roads[:-1], rule.nodes, rule.vehicle, rule.exempt)
                ]
                if on_it and not any(self.can_finish((*past, onward), other) for other in alike):
                    return False
        return True

    def can_finish(self, arcs, rule):
        """Whether some way of driving the rule's roads begins with these arcs."""
        done = len(arcs)
        if not self.follows(arcs, rule.roads[:done], rule.nodes[: done - 1]):
            return False
        if done == len(rule.roads):
            return True
        if self.heads[arcs[-1]] != rule.nodes[done - 1]:
            return False
        road = rule.roads[done]
        return any(
            self.tails[arc] == rule.nodes[done - 1] and self.can_finish((*arcs, arc), rule)
            for arc in (2 * road, 2 * road + 1)
        )

    def turn(self, history, onward):
        """Packed cost of going on, by the corner's angle between straight lines."""
        if self.costs is None or not history or self.meeting[self.tails[onward]] < 3:
            return 0
        seconds = self.costs.crossing_s
        if onward // 2 == history[-1] // 2 and onward != history[-1]:
            seconds += self.costs.u_turn_s
        else:
            before, after = self.shape(history[-1])[-2:], self.shape(onward)[:2]
            (x1, y1), (x2, y2) = (
                ((b[0] - a[0]) * math.cos(math.radians(a[1])), b[1] - a[1])
                for a, b in (before, after)
            )
            sideways, ahead = x1 * y2 - y1 * x2, x1 * x2 + y1 * y2
            assert abs(abs(sideways) - abs(ahead)) > 1e-12 or sideways == ahead == 0.0
            left = math.degrees(math.atan2(sideways, ahead)) if sideways or ahead else 0.0
            if abs(left) > 45:
                # Straight back along another road of the same line has no side: we call it left.
                is_left = left > 0 or abs(left) > 180 - 1e-6
                seconds += self.costs.left_s if is_left else self.costs.right_s
        return round(seconds * 100) << 32

    def shape(self, arc):
        line = self.roads.line(arc // 2).tolist()
        return line if arc % 2 == 0 else line[::-1]

    def parts(self, arc, share):
        """Weight of an arc from where its road begins to be drawn up to a share, and of the rest."""
        whole = self.weights[arc]
        first = int((whole >> 32) * share) << 32 | int((whole & 0xFFFFFFFF) * share)
        return first, whole - first

    def all_from(self, snap):
        """Packed weights to every state that can be reached, a state being a history at a junction."""
        best, queue, order = {}, [], count()

        def push(weight, history, node):
            heapq.heappush(queue, (weight, next(order), history, node))

        road = snap.edge
        if snap.fraction in {0.0, 1.0}:
            push(0, (), (self.tails if snap.fraction == 0.0 else self.heads)[2 * road])
        else:
            for arc in (2 * road, 2 * road + 1):
                if self.weights[arc] < CLOSED:
                    cost = self.parts(arc, snap.fraction)[1 - arc % 2]
                    push(cost, (arc,), self.heads[arc])
        while queue:
            weight, _, history, node = heapq.heappop(queue)
            if (history, node) in best:
                continue
            best[history, node] = weight
            for arc, tail in enumerate(self.tails):
                if tail == node and self.weights[arc] < CLOSED and self.may(history, arc):
                    push(
                        weight + self.turn(history, arc) + self.weights[arc],
                        (*history, arc)[-self.memory :],
                        self.heads[arc],
                    )
        return best

    def distance(self, origin, reached, destination):
        road, share = destination.edge, destination.fraction
        found = [CLOSED]
        if share in {0.0, 1.0}:
            goal = (self.tails if share == 0.0 else self.heads)[2 * road]
            found += [weight for (_, node), weight in reached.items() if node == goal]
        for arc in (2 * road, 2 * road + 1):
            if self.weights[arc] == CLOSED:
                continue
            cost = self.parts(arc, share)[arc % 2]
            found += [
                weight + self.turn(history, arc) + cost
                for (history, node), weight in reached.items()
                if node == self.tails[arc] and self.may(history, arc)
            ]
            if origin.edge == road:
                ahead = share - origin.fraction if arc % 2 == 0 else origin.fraction - share
                if ahead >= 0.0:
                    begun = self.parts(arc, origin.fraction)[arc % 2]
                    found.append(cost - begun)
        return min(found)


@settings(max_examples=60, deadline=None)
@given(towns())
def test_matrix_and_legs_keep_every_restriction_and_are_the_fastest_that_do(case):
    model, positions = case
    network = RoadNetwork.from_graph(model, profiles=("van", "truck", "foot"))
    for profile in network.profiles:
        check_all_pairs(network, profile, positions)


@settings(max_examples=60, deadline=None)
@given(towns(), st.sampled_from([COSTS, TurnCosts(u_turn_s=9.0), TurnCosts(crossing_s=0.5)]))
def test_matrix_and_legs_pay_for_every_turn_and_are_the_cheapest(case, costs):
    model, positions = case
    check_all_pairs(with_costs(model, "van", costs), "van", positions, costs)


def check_all_pairs(network, profile, positions, costs=None):
    is_open = (network._weightings[profile].weights.reshape(-1, 2) < CLOSED).any(axis=1)
    snaps = [on(edge, fraction) for edge, fraction in positions if is_open[edge]]
    matrix = network.matrix(snaps, profile)
    oracle = History(network, profile, costs)
    for i, origin in enumerate(snaps):
        reached = oracle.all_from(origin)
        for j, destination in enumerate(snaps):
            weight = oracle.distance(origin, reached, destination)
            assert weight < CLOSED  # open roads are connected
            expected = (-(-(weight >> 32) // 100), ((weight & 0xFFFFFFFF) + 50) // 100)
            assert (matrix.durations_s[i, j], matrix.distances_m[i, j]) == expected
            leg = network.leg(origin, destination, profile)
            assert (leg.duration_s, leg.distance_m) == expected
            assert line_length_m(leg.line) == pytest.approx(leg.distance_m, abs=1.5, rel=1e-3)


def cross(**kinds):
    """Four arms of different length around junction 0, numbered as their roads; arm 4 leads round to 1."""
    graph = nx.MultiDiGraph()
    places = [(0, 0), (-1, 0), (0, 3), (2, 0), (0, -2)]
    for node, (x, y) in enumerate(places):
        graph.add_node(node, lon=118.0 + x / 100, lat=33.9 + y / 100)
    both = (Traits(highway="residential"),) * 2
    for arm in (1, 2, 3, 4):
        line = [(118.0, 33.9), (graph.nodes[arm]["lon"], graph.nodes[arm]["lat"])]
        add_road(graph, 0, arm, traits=both, line=line)
    graph.graph["turn_restrictions"] = [TurnRestriction(**kinds)] if kinds else []
    return graph


def goes_straight(model, profile, start, stop):
    """Whether the leg from the middle of one arm to the middle of another is just these two halves."""
    network = RoadNetwork.from_graph(model, profiles=(profile,))
    leg = network.leg(on(start, 0.5), on(stop, 0.5), profile)
    halves_m = (network._roads.lengths_m[start] + network._roads.lengths_m[stop]) / 2
    return abs(leg.distance_m - halves_m) < 2


@pytest.mark.parametrize(
    ("kind", "vehicle", "exempt", "profile", "straight"),
    [
        ("no_left_turn", "vehicle", (), "van", {0: False, 2: True, 3: True}),
        ("only_left_turn", "vehicle", (), "van", {0: True, 2: False, 3: False}),
        ("no_left_turn", "vehicle", (), "foot", {0: True, 2: True, 3: True}),
        ("no_left_turn", "vehicle", ("motorcar",), "van", {0: True}),
        ("no_left_turn", "vehicle", ("motorcar",), "truck", {0: False}),
        ("no_left_turn", "hgv", (), "van", {0: True}),
        ("no_left_turn", "hgv", (), "truck", {0: False}),
    ],
)
def test_a_restriction_binds_whom_it_names(kind, vehicle, exempt, profile, straight):
    model = cross(kind=kind, roads=(1, 0), nodes=(0,), vehicle=vehicle, exempt=exempt)

    assert {to: goes_straight(model, profile, 1, to) for to in straight} == straight


@pytest.mark.parametrize(("kind", "onto", "aside"), [("only_straight_on", 4, 5), ("no_turn", 5, 4)])
def test_a_restriction_over_a_way_binds_those_who_came_all_the_way(kind, onto, aside):
    model = cross()
    both = (Traits(highway="residential"),) * 2
    for node, (x, y) in ((5, (4, 0)), (6, (2, 3))):
        model.add_node(node, lon=118.0 + x / 100, lat=33.9 + y / 100)
        line = [(model.nodes[end]["lon"], model.nodes[end]["lat"]) for end in (3, node)]
        add_road(model, 3, node, traits=both, line=line)
    roads = (1, 2, 4)
    model.graph["turn_restrictions"] = [TurnRestriction(kind=kind, roads=roads, nodes=(0, 3))]
    network = RoadNetwork.from_graph(model, profiles=("van",))

    def drives(*passed):
        """Whether the leg between the outer two roads is their halves and the roads between."""
        leg = network.leg(on(passed[0], 0.5), on(passed[-1], 0.5), "van")
        lengths_m = network._roads.lengths_m[list(passed)]
        return abs(leg.distance_m - lengths_m.sum() + lengths_m[[0, -1]].sum() / 2) < 2

    assert drives(1, 2, onto)
    assert not drives(1, 2, aside)
    assert drives(1, 3)  # the first junction is free
    assert drives(1, 2)  # as is the way itself
    assert drives(0, 2, aside)  # and all of it for those who came from elsewhere
    assert drives(2, aside)


def test_only_junctions_with_a_restriction_are_split():
    model = cross(kind="no_left_turn", roads=(1, 0), nodes=(0,))
    plain, restricted = (
        split(RoadNetwork.from_graph(graph, profiles=("van",))._roads) for graph in (cross(), model)
    )

    assert (len(plain.junctions), len(plain.tails)) == (5, 8)
    # the junction becomes entry, exit, one who may not turn left, and the road nobody else keeps from him
    assert len(restricted.junctions) == 5 + 3
    assert (restricted.junctions[5:] == 0).all()
    assert np.array_equal(restricted.tails[:8] != plain.tails, [True] + [False] * 7)


def test_a_restriction_is_edited_in_the_model_and_survives_a_round_trip(tmp_path):
    network = RoadNetwork.from_graph(cross(kind="no_left_turn", roads=(1, 0), nodes=(0,)))
    network.save(tmp_path / "roads")
    model = RoadNetwork.load(tmp_path / "roads").graph

    (kept,) = model.graph["turn_restrictions"]
    assert (kept.kind, kept.roads, kept.nodes) == ("no_left_turn", (1, 0), (0,))
    assert not goes_straight(model, "van", 1, 0)
    model.graph["turn_restrictions"].remove(kept)
    assert goes_straight(model, "van", 1, 0)


def test_a_real_district_keeps_its_restrictions_on_every_leg(bayreuth):
    roads = bayreuth._roads
    told = bayreuth.report
    assert told.turn_restrictions_honoured > 0
    assert roads.restrictions
    weights = bayreuth._weightings["van"].weights
    bound = [r for r in roads.restrictions if len(r.roads) == 2 and r.kind.startswith("no_")]
    checked = 0
    for rule in bound:
        start, stop = rule.roads
        if start == stop or min(weights[2 * start : 2 * start + 2]) >= CLOSED:
            continue
        if min(weights[2 * stop : 2 * stop + 2]) >= CLOSED or not rule.binds(
            PROFILES["van"].access_keys
        ):
            continue
        leg = bayreuth.leg(on(start, 0.5), on(stop, 0.5), "van")
        corner = tuple(roads.node_lon_lat[rule.nodes[0]].tolist())
        lines = [[tuple(point) for point in roads.line(road).tolist()] for road in rule.roads]
        before = {line[1] if line[0] == corner else line[-2] for line in lines[:1]}
        after = {line[1] if line[0] == corner else line[-2] for line in lines[1:]}
        steps = list(zip(leg.line, leg.line[1:], leg.line[2:], strict=False))
        assert not any(a in before and b == corner and c in after for a, b, c in steps)
        checked += 1
    assert checked
    assert all(a != b for a, b in pairwise(leg.line))


def test_a_network_whose_turns_cost_time_is_kept_whole(tmp_path):
    network = with_costs(cross(kind="no_left_turn", roads=(1, 0), nodes=(0,)), "van", COSTS)
    network.save(tmp_path / "roads")
    snaps = [on(road, 0.5) for road in range(4)]

    loaded = RoadNetwork.load(tmp_path / "roads")
    slowed = loaded.with_weights({"van": np.minimum(2 * loaded.weights("van"), CLOSED)})

    before, after = (one.table(snaps, snaps, "van") for one in (network, loaded))
    assert np.array_equal(before, after)
    free = RoadNetwork.from_graph(cross(), profiles=("van",)).table(snaps, snaps, "van")
    assert before[0][3, 1] == pytest.approx(free[0][3, 1] + COSTS.crossing_s, abs=1)
    # From the west a left turn leads north, a right turn south.
    assert before[0][0, 1] == pytest.approx(free[0][0, 1] + 8.0, abs=1)
    assert before[0][0, 3] == pytest.approx(free[0][0, 3] + 3.0, abs=1)
    doubled = slowed.table(snaps, snaps, "van")[0]
    assert doubled[3, 1] == pytest.approx(2 * free[0][3, 1] + COSTS.crossing_s, abs=1)
