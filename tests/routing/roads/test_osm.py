import bz2
import gzip
import itertools
import shutil

import pytest

from routing.roads.graph import roads_of
from routing.roads.osm import ExtractUnreadable, ExtractWithoutRoads, read_osm

LANE = {"highway": "residential", "name": "柳编路"}


def drivable(graph):
    """Pairs of OpenStreetMap node ids that an edge joins in the direction vehicles may take."""
    osm_node = graph.nodes(data="osm_node")
    return {
        (osm_node[u], osm_node[v])
        for u, v, edge in graph.edges(data=True)
        if not edge.get("against_oneway")
    }


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, {(1, 2), (2, 1)}),
        ({"oneway": "yes"}, {(1, 2)}),
        ({"oneway": "1"}, {(1, 2)}),
        ({"oneway": "-1"}, {(2, 1)}),
        ({"oneway": "no"}, {(1, 2), (2, 1)}),
        ({"junction": "roundabout"}, {(1, 2)}),
        ({"junction": "circular", "oneway": "no"}, {(1, 2), (2, 1)}),
        ({"highway": "motorway"}, {(1, 2)}),
        ({"highway": "motorway_link", "oneway": "no"}, {(1, 2), (2, 1)}),
        ({"highway": "trunk"}, {(1, 2), (2, 1)}),
    ],
)
def test_one_way_roads_and_their_exceptions(write_osm, tags, expected):
    graph, report = read_osm(write_osm([([1, 2], LANE | tags)]))

    assert drivable(graph) == expected
    assert graph.number_of_edges() == 2  # people on foot may take the other direction
    assert report.oneway_roads == (len(expected) == 1)


def test_limits_may_differ_by_direction_even_on_a_way_drawn_backwards(write_osm):
    limits = {"maxspeed": "60", "maxspeed:backward": "30"}

    two_way, _ = read_osm(write_osm([([1, 2], LANE | limits)]))
    backwards, _ = read_osm(write_osm([([1, 2], LANE | limits | {"oneway": "-1"})]))

    assert [edge["maxspeed_kmh"] for _, _, edge in two_way.edges(data=True)] == [60, 30]
    driven = [e for _, _, e in backwards.edges(data=True) if not e.get("against_oneway")]
    assert [edge["maxspeed_kmh"] for edge in driven] == [30]


def test_what_the_tags_say_stands_on_the_edge(write_osm):
    tags = {
        "surface": "gravel",
        "tracktype": "grade2",
        "ref": "X204",
        "motor_vehicle": "destination",
    }
    graph, _ = read_osm(write_osm([([1, 2, 3], LANE | tags)]))

    edge = graph.edges[0, 1, 0]
    assert edge["name"] == "柳编路"
    assert (edge["highway"], edge["ref"], edge["osm_way"]) == ("residential", "X204", 1)
    assert (edge["surface"], edge["tracktype"]) == ("gravel", "grade2")
    assert edge["motor_vehicle"] == "destination"
    assert "maxspeed_kmh" not in edge


@pytest.mark.parametrize(
    ("junction", "kept"),
    [("roundabout", "roundabout"), ("circular", "circular"), ("yes", None), ("jughandle", None)],
)
def test_roundabouts_are_told_from_other_roads(write_osm, junction, kept):
    graph, _ = read_osm(write_osm([([1, 2], LANE | {"junction": junction})]))

    assert {edge.get("junction") for _, _, edge in graph.edges(data=True)} == {kept}
    assert {kind.junction or None for kind in roads_of(graph).traits} == {kept}


def test_points_where_nothing_branches_are_no_nodes_but_stay_in_the_geometry(write_osm):
    places = {2: (118.0015, 33.901)}
    graph, report = read_osm(write_osm([([1, 2, 3], LANE)], places=places))

    assert graph.number_of_nodes() == 2
    assert graph.edges[0, 1, 0]["geometry"] == (
        (118.001, 33.9),
        (118.0015, 33.901),
        (118.003, 33.9),
    )
    assert graph.edges[1, 0, 0]["geometry"] == graph.edges[0, 1, 0]["geometry"][::-1]
    assert graph.edges[0, 1, 0]["length_m"] == pytest.approx(298.0, abs=1.0)
    assert report.length_m == round(graph.edges[0, 1, 0]["length_m"])


@pytest.mark.parametrize(
    ("ways", "roads"),
    [
        ([([1, 2], LANE), ([2, 3], LANE)], 1),
        ([([1, 2], LANE), ([3, 2], LANE)], 1),  # drawn towards each other
        ([([1, 2], LANE), ([2, 3], LANE | {"name": "other"})], 2),
        ([([1, 2], LANE), ([2, 3], LANE | {"surface": "mud"})], 2),
        ([([1, 2], LANE | {"oneway": "yes"}), ([2, 3], LANE | {"oneway": "yes"})], 1),
        ([([1, 2], LANE | {"oneway": "yes"}), ([3, 2], LANE | {"oneway": "-1"})], 1),
        ([([1, 2], LANE | {"oneway": "yes"}), ([3, 2], LANE | {"oneway": "yes"})], 2),
        ([([1, 2], LANE), ([2, 3], LANE), ([2, 4], LANE)], 3),
        ([([1, 2, 3, 1], LANE)], 1),  # a ring without a junction
        ([([1, 2], LANE), ([2, 3], LANE), ([3, 1], LANE)], 1),
        ([([1, 2, 3, 2, 4], LANE)], 3),  # crosses itself
        ([([1, 2, 3, 2, 4], LANE), ([4, 5], LANE)], 3),
    ],
)
def test_roads_are_joined_exactly_where_two_of_a_kind_meet(write_osm, ways, roads):
    graph, report = read_osm(write_osm(ways))

    assert report.roads == roads
    drawn = sum(edge["length_m"] for _, _, edge in graph.edges(data=True)) / 2
    steps = sum(abs(a - b) for refs, _ in ways for a, b in itertools.pairwise(refs))
    assert drawn == pytest.approx(steps * 92.3, rel=0.01)


def test_a_joined_one_way_chain_keeps_its_direction_wherever_the_walk_began(write_osm):
    oneway = LANE | {"oneway": "yes"}
    graph, report = read_osm(write_osm([([2, 3], oneway), ([1, 2], oneway)]))

    assert drivable(graph) == {(1, 3)}
    assert report.oneway_roads == 1


def test_a_barrier_parts_the_roads_that_meet_there(write_osm):
    graph, report = read_osm(
        write_osm([([1, 2, 3], LANE), ([2, 4], LANE)], node_tags={2: {"barrier": "bollard"}})
    )

    assert report.barriers == 1
    assert sorted(node for _, node in graph.nodes(data="osm_node")) == [1, 2, 2, 2, 3, 4]
    stops = [edge for _, _, edge in graph.edges(data=True) if edge["highway"] == "barrier"]
    assert [(edge["barrier"], edge["length_m"]) for edge in stops] == [("bollard", 0.0)] * 4


@pytest.mark.parametrize(
    "tags", [{"barrier": "gate"}, {"barrier": "gate", "access": "yes"}, {"highway": "crossing"}]
)
def test_what_stops_nobody_is_no_barrier(write_osm, tags):
    graph, report = read_osm(write_osm([([1, 2, 3], LANE)], node_tags={2: tags}))

    assert (report.barriers, graph.number_of_nodes()) == (0, 2)


def test_what_was_dropped_is_counted_with_its_reason(write_osm):
    graph, report = read_osm(
        write_osm(
            [
                ([1, 2, 3, 4, 5], LANE),
                ([1, 6], {"highway": "proposed"}),
                ([1, 6, 7, 1], {"highway": "pedestrian", "area": "yes"}),
                ([1, 6], LANE | {"oneway": "reversible"}),
                ([1, 6], {"waterway": "canal"}),
            ],
            missing=[3],
            relations='<relation id="1" version="1"><tag k="type" v="restriction"/>'
            '<tag k="restriction" v="no_left_turn"/></relation>',
        )
    )

    assert report.ways_read == 4
    assert report.ways_dropped == {
        "an area, not a line": 1,
        "direction changes with the hour": 1,
        "no road class: proposed": 1,
        "nodes missing": 1,
    }
    assert drivable(graph) == {(1, 2), (2, 1), (4, 5), (5, 4)}  # no line bridges the gap
    assert report.turn_restrictions_dropped == {"lacks from, via or to": 1}
    assert (report.turn_restrictions_read, report.turn_restrictions_honoured) == (1, 0)


@pytest.mark.parametrize(("tags", "synthetic"), [({}, False), ({"cunlu:synthetic": "yes"}, True)])
def test_generated_roads_are_labelled(write_osm, tags, synthetic):
    graph, _ = read_osm(write_osm([([1, 2], LANE), ([2, 3], LANE | tags)]))

    assert graph.graph["synthetic"] is synthetic


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_extracts_are_read(write_osm, suffix, compress):
    plain = write_osm([([1, 2], LANE)])
    packed = plain.with_name(plain.name + suffix)
    packed.write_bytes(compress(plain.read_bytes()))

    assert read_osm(packed)[1] == read_osm(plain)[1]


def test_a_folder_with_a_space_and_a_chinese_name_is_no_obstacle(write_osm, tmp_path):
    folder = tmp_path / "睢宁 路网"
    folder.mkdir()
    moved = shutil.move(write_osm([([1, 2], LANE)]), folder / "沙集镇.osm")

    assert read_osm(moved)[1].roads == 1


def test_a_truncated_extract_is_refused_by_name(bayreuth_extract, tmp_path):
    whole = bayreuth_extract.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        broken = tmp_path / "broken.osm.pbf"
        broken.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ExtractUnreadable) as refused:
            read_osm(broken)
        assert refused.value.code == "extract-unreadable"
        assert refused.value.path == broken


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.osm.pbf", b"order,household\n1,2\n" * 50),
        ("empty.osm.pbf", b""),
        ("empty.osm", b""),
        ("zeros.osm.pbf", bytes(1000)),
        ("json.osm", b'{"type": "FeatureCollection"}'),
        ("half.osm", b'<osm version="0.6"><node id="1" lon="1" lat="1"/>'),
        ("half.osm.gz", gzip.compress(b'<osm version="0.6"></osm>' * 99, mtime=0)[:40]),
        ("roads.shp", b"anything"),
    ],
)
def test_a_foreign_file_is_refused_by_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ExtractUnreadable, match="download it again"):
        read_osm(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ExtractUnreadable, match="No such file"):
        read_osm(tmp_path / "absent.osm.pbf")


@pytest.mark.parametrize(
    "ways",
    [
        [],
        [([1, 2], {"waterway": "canal"})],
        [([1, 2], {"highway": "proposed"})],
        [([1], LANE)],
        [([1, 1], LANE)],
    ],
)
def test_an_extract_without_roads_is_refused_and_says_what_it_dropped(write_osm, ways):
    with pytest.raises(ExtractWithoutRoads) as refused:
        read_osm(write_osm(ways))

    assert refused.value.code == "extract-without-roads"


def test_real_extracts_are_read_whole(shared_data):
    graph, report = read_osm(shared_data / "data" / "roads" / "liechtenstein-latest.osm.pbf")

    assert report.ways_read > 3_000
    assert graph.number_of_edges() >= 2 * report.roads
    assert graph.number_of_nodes() == report.junctions
    # The network of a country of 160 km²; the figure guards against losing a class of roads.
    assert 1_000_000 < report.length_m < 4_000_000
    assert not graph.graph["synthetic"]


# Turn restrictions


def relation(number, members, **tags):
    told = "".join(
        f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items()
    )
    listed = "".join(f'<member type="{k}" ref="{ref}" role="{role}"/>' for role, k, ref in members)
    return (
        f'<relation id="{number}" version="1">{listed}<tag k="type" v="restriction"/>{told}'
        "</relation>"
    )


FROM_1_TO_2 = (("from", "way", 1), ("via", "node", 3), ("to", "way", 2))


def named(graph):
    """The restrictions with every road as its OpenStreetMap ways' ends: pairs of osm nodes."""
    osm = graph.nodes(data="osm_node")
    ends = {road: {osm[u], osm[v]} for u, v, road in graph.edges(data="road")}
    return [
        (rule.kind, [ends[road] for road in rule.roads], [osm[node] for node in rule.nodes])
        for rule in graph.graph["turn_restrictions"]
    ]


def test_a_restriction_keeps_its_node_though_nothing_branches_there(write_osm):
    extract = write_osm(
        [([1, 2, 3], LANE), ([3, 4, 5], LANE)],
        relations=relation(7, FROM_1_TO_2, restriction="no_straight_on"),
    )

    graph, report = read_osm(extract)

    assert named(graph) == [("no_straight_on", [{1, 3}, {3, 5}], [3])]
    assert (report.turn_restrictions_read, report.turn_restrictions_dropped) == (1, {})


def test_a_restriction_survives_the_joining_of_its_ways_with_their_neighbours(write_osm):
    extract = write_osm(
        [([1, 2, 3], LANE), ([3, 4], LANE), ([9, 1], LANE), ([3, 8], LANE), ([4, 6], LANE)],
        relations=relation(7, FROM_1_TO_2, restriction="no_left_turn"),
    )

    graph, _ = read_osm(extract)

    assert named(graph) == [("no_left_turn", [{9, 3}, {3, 6}], [3])]


def test_a_via_way_is_followed_past_other_junctions(write_osm):
    members = (("from", "way", 1), ("via", "way", 2), ("to", "way", 3))
    extract = write_osm(
        [([1, 2], LANE), ([2, 3, 4], LANE), ([4, 5], LANE), ([3, 9], LANE)],
        relations=relation(7, members, restriction="no_u_turn"),
    )

    graph, _ = read_osm(extract)

    assert named(graph) == [("no_u_turn", [{1, 2}, {2, 3}, {3, 4}, {4, 5}], [2, 3, 4])]


@pytest.mark.parametrize(
    ("tags", "vehicle", "exempt"),
    [
        ({"restriction": "no_left_turn"}, "vehicle", ()),
        ({"restriction__hgv": "no_left_turn"}, "hgv", ()),
        (
            {"restriction": "no_left_turn", "except": "psv; motorcar"},
            "vehicle",
            ("psv", "motorcar"),
        ),
    ],
)
def test_a_restriction_tells_whom_it_binds(write_osm, tags, vehicle, exempt):
    extract = write_osm(
        [([1, 2, 3], LANE), ([3, 4], LANE)], relations=relation(7, FROM_1_TO_2, **tags)
    )

    (rule,) = read_osm(extract)[0].graph["turn_restrictions"]

    assert (rule.vehicle, rule.exempt, rule.osm_relation) == (vehicle, exempt, 7)


@pytest.mark.parametrize(
    ("members", "tags", "reason"),
    [
        (
            FROM_1_TO_2,
            {"restriction__conditional": "no_left_turn @ (07:00-09:00)"},
            "at some times",
        ),
        (FROM_1_TO_2, {"restriction": "maybe"}, "unknown kind"),
        ((*FROM_1_TO_2, ("to", "way", 3)), {"restriction": "no_left_turn"}, "several ways as to"),
        (FROM_1_TO_2[1:], {"restriction": "no_left_turn"}, "lacks from, via or to"),
        (
            (("from", "way", 1), ("via", "node", 3), ("to", "way", 99)),
            {"restriction": "no_left_turn"},
            "missing or cut off",
        ),
        (
            (("from", "way", 1), ("via", "node", 2), ("to", "way", 2)),
            {"restriction": "no_left_turn"},
            "do not meet end to end",
        ),
        (
            (("from", "way", 2), ("via", "node", 4), ("to", "way", 3)),
            {"restriction": "no_left_turn"},
            "a barrier stands",
        ),
    ],
)
def test_a_restriction_that_cannot_be_honoured_is_counted_with_its_reason(
    write_osm, members, tags, reason
):
    extract = write_osm(
        [([1, 2, 3], LANE), ([3, 4], LANE), ([4, 5], LANE)],
        node_tags={4: {"barrier": "bollard"}},
        relations=relation(7, members, **tags),
    )

    graph, report = read_osm(extract)

    ((why, count),) = report.turn_restrictions_dropped.items()
    assert reason in why
    assert (count, report.turn_restrictions_honoured) == (1, 0)
    assert graph.graph["turn_restrictions"] == []


def test_a_ferry_is_a_road_with_a_speed_of_its_own(write_osm):
    ferry = {"route": "ferry", "duration": "00:20", "motor_vehicle": "yes"}
    bus = {"route": "bus"}
    graph, report = read_osm(
        write_osm([([1, 2], LANE), ([2, 3, 4], ferry), ([4, 5], LANE), ([1, 5], bus)])
    )

    (crossing,) = {e["crossing_kmh"] for *_, e in graph.edges(data=True) if e["highway"] == "ferry"}
    length_m = max(e["length_m"] for *_, e in graph.edges(data=True))
    assert crossing == pytest.approx(3.6 * length_m / 1200, abs=0.01)
    assert (report.ways_read, report.roads) == (3, 3)


def test_limits_of_size_stand_on_the_edge_and_unread_ones_are_counted(write_osm):
    low = LANE | {"maxheight": "2.1", "maxweight": "3500 kg", "maxwidth": "narrow"}
    graph, report = read_osm(write_osm([([1, 2], low), ([2, 3], LANE)]))

    told = [e for *_, e in graph.edges(data=True) if "maxheight_m" in e]
    assert [(e["maxheight_m"], e["maxweight_t"]) for e in told] == [(2.1, 3.5)] * 2
    assert report.limits_unread == {"maxwidth": 1}
