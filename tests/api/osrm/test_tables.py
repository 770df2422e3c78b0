"""Tables: every option, and never a word that differs from the route."""

import msgspec
import numpy as np
import pytest

from api.errors import OsrmRefused
from api.osrm import tables
from api.osrm.asking import parse
from api.osrm.routes import route
from api.osrm.tables import table
from routing.places import great_circle_m
from routing.roads.graph import CLOSED
from routing.roads.network import RoadNetwork

SIDE = 6


@pytest.fixture
def network(roads):
    return RoadNetwork.load(roads)


@pytest.fixture
def one_way_out(network):
    """The village after the roads into its north-east corner were closed; those out of it are open."""
    _, _, east, north = network.bounds
    corner = [
        n for n, at in network.graph.nodes(data=True) if (at["lon"], at["lat"]) == (east, north)
    ]
    weights = network.weights("van").copy()
    into = [arc for arc in range(len(weights)) if network.junctions.head(arc) in corner]
    weights[into] = CLOSED
    return network.with_weights({"van": weights})


def question(service, places, **options):
    return parse(f"{service}/v1/van/{places}", options.items(), None)


def answer(network, places, **options):
    return msgspec.json.decode(
        b"".join(table(network, "van", question("table", places, **options)))
    )


@pytest.fixture
def places(corner):
    drawn = np.random.default_rng(3).uniform(0, SIDE - 1, (7, 2)).tolist()
    return ";".join(corner(column, row) for column, row in drawn)


def test_a_cell_equals_the_route_of_its_pair(network, places):
    told = answer(network, places, annotations="duration,distance")
    one_by_one = places.split(";")
    for i, origin in enumerate(one_by_one):
        for j, destination in enumerate(one_by_one):
            (driven,) = route(network, "van", question("route", f"{origin};{destination}"))[
                "routes"
            ]
            assert told["durations"][i][j] == driven["duration"]
            assert told["distances"][i][j] == driven["distance"]


@pytest.mark.parametrize(
    ("annotations", "members"),
    [
        (None, {"durations"}),
        ("duration", {"durations"}),
        ("distance", {"distances"}),
        ("duration,distance", {"durations", "distances"}),
        ("distance,duration", {"durations", "distances"}),
    ],
)
def test_annotations_say_what_is_told(network, places, annotations, members):
    whole = answer(network, places, annotations="duration,distance")
    told = answer(network, places, **({"annotations": annotations} if annotations else {}))

    assert set(told) == {"code", "sources", "destinations"} | members
    assert all(told[name] == whole[name] for name in members)


def test_sources_and_destinations_choose_rows_and_columns(network, places):
    whole = answer(network, places)
    told = answer(network, places, sources="4;0;4", destinations="1;6")

    rows = np.array(whole["durations"])
    assert told["durations"] == rows[np.ix_([4, 0, 4], [1, 6])].tolist()
    assert told["sources"] == [whole["sources"][i] for i in (4, 0, 4)]
    assert told["destinations"] == [whole["destinations"][i] for i in (1, 6)]
    assert answer(network, places, sources="all", destinations="all") == whole


def test_a_table_written_in_blocks_is_the_same(network, places, monkeypatch):
    options = {"annotations": "duration,distance", "fallback_speed": "5"}
    whole = answer(network, places, **options)

    monkeypatch.setattr(tables, "_BLOCK_CELLS", 15)

    assert answer(network, places, **options) == whole


def test_pairs_without_a_path_are_null_or_estimated(one_way_out, corner):
    places = f"{corner(5, 5)};{corner(0, 0, 0, 200)};{corner(3, 3)}"

    told = answer(one_way_out, places, annotations="duration,distance")
    estimated = answer(one_way_out, places, annotations="duration,distance", fallback_speed="10")

    assert [row[0] for row in told["durations"]] == [0, None, None]
    assert [row[0] for row in told["distances"]] == [0, None, None]
    assert told["durations"][0][1] > 0
    assert "fallback_speed_cells" not in told
    assert estimated["fallback_speed_cells"] == [[1, 0], [2, 0]]
    asked = question("table", places).places
    for row in (1, 2):
        straight_m = great_circle_m(asked[row], asked[0])
        assert estimated["durations"][row][0] == pytest.approx(straight_m / 10, abs=0.1)
        assert estimated["distances"][row][0] == pytest.approx(straight_m, abs=0.1)
    with pytest.raises(OsrmRefused, match="no way for van") as refused:
        route(one_way_out, "van", question("route", f"{corner(3, 3)};{corner(5, 5)}"))
    assert refused.value.code == "NoRoute"


def test_an_estimate_begins_at_the_coordinate_or_at_the_road(one_way_out, corner):
    places = f"{corner(5, 5)};{corner(2, 0, 0, -1000)}"
    options = {"annotations": "distance", "fallback_speed": "1"}

    at_input = answer(one_way_out, places, **options, fallback_coordinate="input")
    snapped = answer(one_way_out, places, **options, fallback_coordinate="snapped")

    assert at_input == answer(one_way_out, places, **options)
    assert at_input["distances"][1][0] - snapped["distances"][1][0] > 500


def test_durations_may_be_scaled_and_distances_may_not(one_way_out, corner):
    places = f"{corner(5, 5)};{corner(2, 0)}"
    options = {"annotations": "duration,distance", "fallback_speed": "7"}
    told = answer(one_way_out, places, **options)
    scaled = answer(one_way_out, places, **options, scale_factor="1.5")

    assert scaled["distances"] == told["distances"]
    for row, told_row in zip(scaled["durations"], told["durations"], strict=True):
        assert row == [pytest.approx(1.5 * value, abs=0.11) for value in told_row]


def test_a_table_that_fits_no_memory_says_what_it_would_need(network, corner, monkeypatch):
    monkeypatch.setattr(tables, "MEMORY_MAX_BYTES", 64)
    places = ";".join(corner(column, 1) for column in range(5))

    with pytest.raises(OsrmRefused, match=r"5 × 5 .* one annotation at a time") as refused:
        answer(network, places, annotations="duration,distance")

    assert refused.value.code == "TooBig"
    assert len(answer(network, places, annotations="distance")["distances"]) == 5


async def test_a_long_list_is_asked_for_by_post_and_sent_while_it_is_computed(ask, client, company):
    drawn = np.random.default_rng(5).uniform((118.1, 33.88), (118.125, 33.905), (700, 2))
    body = {"coordinates": drawn.round(6).tolist(), "annotations": ["duration", "distance"]}

    answer = await company.call("POST", "/osrm/table/v1/van", json=body)

    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "identity"  # more than one part
    told = answer.json()
    durations_s = np.array(told["durations"])
    assert durations_s.shape == np.array(told["distances"]).shape == (700, 700)
    assert not durations_s.diagonal().any()
    _, some = await ask("table/v1/van", body=body | {"sources": [3, 699], "destinations": [5]})
    assert some["durations"] == durations_s[[3, 699]][:, [5]].tolist()
