"""`cunlu roads export` and `cunlu roads matrix`: what other tools read, or a named error and no file."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from routing.matrix import UNREACHABLE
from routing.places import Datum, Place, to_datum
from routing.roads.network import RoadNetwork


@pytest.fixture
def osm_extract(grid_network):
    return grid_network.with_name("grid.osm")


PLACES = "id,lon,lat\na,118.102,33.8801\nb,118.112,33.8899\nc,118.122,33.9001\n"


def test_the_matrix_is_that_of_the_network(run, grid_network, tmp_path):
    (tmp_path / "places.csv").write_text(PLACES)
    out = tmp_path / "out.npz"
    result = run(
        "roads", "matrix", grid_network, tmp_path / "places.csv", "--profile", "van", "--out", out
    )
    assert result.exit_code == 0, result.output
    network = RoadNetwork.load(grid_network)
    places = [Place(118.102, 33.8801), Place(118.112, 33.8899), Place(118.122, 33.9001)]
    expected = network.matrix(network.snap(places, "van"), "van")
    with np.load(out) as found:
        assert found["ids"].tolist() == ["a", "b", "c"]
        assert (found["durations_s"] == expected.durations_s).all()
        assert (found["distances_m"] == expected.distances_m).all()
        assert found["durations_s"].dtype == np.int32
        assert found["durations_s"].max() < UNREACHABLE


@pytest.mark.parametrize(
    ("rows", "profile", "code"),
    [
        ("id,lon,lat\na,118.1,33.88\nb,33.88,118.1\n", "van", "places-refused"),
        ("id,lon,lat\na,118.1,33.88\nb,,\n", "van", "places-refused"),
        ("id,lon,lat\na,118.1,33.88\nb,120.5,33.88\n", "van", "places-refused"),
        (PLACES, "submarine", "profile-unknown"),
        ("x,y\n1,2\n", "van", "columns-missing"),
        ("", "van", "file-empty"),
    ],
)
def test_what_is_no_place_is_told_and_nothing_is_written(
    run, grid_network, tmp_path, rows, profile, code
):
    (tmp_path / "places.csv").write_text(rows)
    out = tmp_path / "out.npz"
    result = run(
        *("roads", "matrix", grid_network, tmp_path / "places.csv"),
        *("--profile", profile, "--out", out),
    )
    assert result.exit_code == 3
    assert result.stderr.startswith(f"{code}: ")
    assert not out.exists()


def test_the_export_is_a_graph_that_networkx_reads(run, grid_network, tmp_path):
    out = tmp_path / "grid.graphml"
    result = run("roads", "export", grid_network, "--profile", "trike", "--graphml", out)
    assert result.exit_code == 0, result.output
    graph = nx.read_graphml(out)
    assert graph.number_of_nodes() == 36
    assert {"lon", "lat"} <= next(iter(graph.nodes(data=True)))[1].keys()
    lengths = nx.get_edge_attributes(graph, "length_m")
    durations = nx.get_edge_attributes(graph, "duration_s")
    assert len(lengths) == len(durations) == 120
    assert min(durations.values()) > 0


def test_an_export_for_an_unknown_profile_or_of_a_foreign_file_is_a_named_error(
    run, grid_network, tmp_path
):
    out = tmp_path / "x.graphml"
    result = run("roads", "export", grid_network, "--profile", "foot", "--graphml", out)
    assert (result.exit_code, result.stderr.split(":")[0]) == (3, "profile-unknown")
    (tmp_path / "places.csv").write_text(PLACES)
    result = run(
        *("roads", "export", tmp_path / "places.csv", "--profile", "van", "--graphml", out)
    )
    assert (result.exit_code, result.stderr.split(":")[0]) == (3, "network-unreadable")
    assert not out.exists()


LANES = """{"type": "FeatureCollection", "features": [{"type": "Feature",
  "properties": {"highway": "service", "name": "后巷"},
  "geometry": {"type": "LineString", "coordinates": [[118.1025, 33.88], [118.1025, 33.885]]}}]}"""


def test_lanes_drawn_by_hand_are_roads_of_the_new_network(run, grid_network, tmp_path):
    (tmp_path / "lanes.geojson").write_text(LANES, encoding="utf-8")
    out = tmp_path / "wide.network"

    result = run("roads", "add-lanes", grid_network, tmp_path / "lanes.geojson", "--out", out)
    again = run("roads", "add-lanes", out, tmp_path / "lanes.geojson", "--out", out, "--json")

    assert result.exit_code == again.exit_code == 0, result.output + again.output
    assert "1 lanes added" in result.output
    network = RoadNetwork.load(out)
    (snap,) = network.snap([Place(118.1025, 33.8825)], "trike")
    assert (snap.gap_m < 1, network.junctions.name(2 * snap.edge)) == (True, "后巷")
    assert network.version in again.output
    assert network.version != RoadNetwork.load(grid_network).version


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{}", "lane-refused"),
        ("id,lon,lat", "lane-refused"),
        (LANES.replace("118.1025", "118.2025"), "lane-refused"),
        (None, "file-system"),
    ],
)
def test_a_file_that_holds_no_lanes_changes_nothing(run, grid_network, tmp_path, content, code):
    lanes, out = tmp_path / "lanes.geojson", tmp_path / "wide.network"
    if content is not None:
        lanes.write_text(content, encoding="utf-8")

    result = run("roads", "add-lanes", grid_network, lanes, "--out", out)

    assert result.exit_code != 0
    assert code in result.output
    assert not out.exists()


def test_a_network_is_built_with_a_profile_of_ones_own(run, osm_extract, tmp_path):
    own = Path(__file__).parents[2] / "examples" / "flatbed.profile.toml"
    out, export = tmp_path / "own.network", tmp_path / "own.graphml"

    built = run(
        "roads", "build", osm_extract, "--out", out, "--profile", "van", "--profile-file", own
    )
    told = run("roads", "export", out, "--profile", "flatbed", "--graphml", export)

    assert built.exit_code == told.exit_code == 0, built.output + told.output
    assert "for van, flatbed" in built.output
    assert RoadNetwork.load(out).profiles == ("van", "flatbed")
    speeds = {
        round(3.6 * edge["length_m"] / edge["duration_s"])
        for *_, edge in nx.read_graphml(export).edges(data=True)
    }
    assert max(speeds) <= 22


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        (b"name = 1", "profile-unreadable", "own.toml"),
        (b"\xff", "profile-unreadable", "own.toml"),
        (b'name = "x"\nextends = "vann"\nsource = "y"', "profile-unknown", "did you mean 'van'"),
        (None, "file-system", "own.toml"),
    ],
)
def test_a_profile_that_cannot_be_read_leaves_no_network(
    run, osm_extract, tmp_path, content, code, named
):
    own, out = tmp_path / "own.toml", tmp_path / "own.network"
    if content is not None:
        own.write_bytes(content)

    result = run("roads", "build", osm_extract, "--out", out, "--profile-file", own)

    assert result.exit_code != 0
    assert code in result.output
    assert named in result.output
    assert not out.exists()


def test_a_name_that_is_no_profile_leaves_no_network(run, osm_extract, tmp_path):
    out = tmp_path / "own.network"

    result = run("roads", "build", osm_extract, "--out", out, "--profile", "trik")

    assert result.exit_code != 0
    assert "did you mean 'trike'" in result.output
    assert not out.exists()


def test_places_of_another_datum_are_doubted_aloud(run, grid_network, tmp_path):
    rows = [Place(118.1003 + 0.001 * n, 33.8801) for n in range(24)]
    right = "".join(f"{n},{row.lon},{row.lat}\n" for n, row in enumerate(rows))
    moved = "".join(
        f"{n},{to_datum(row, Datum.GCJ02)[0]},{to_datum(row, Datum.GCJ02)[1]}\n"
        for n, row in enumerate(rows)
    )
    out, told = tmp_path / "out.npz", {}
    for name, text in (("right", right), ("moved", moved)):
        (tmp_path / f"{name}.csv").write_text("id,lon,lat\n" + text)
        arguments = (grid_network, tmp_path / f"{name}.csv", "--profile", "van", "--out", out)
        told[name] = run("roads", "matrix", *arguments)
    refused = run("roads", "matrix", *arguments, "--limit-m", "5")

    assert "GCJ-02" in told["moved"].output
    assert "GCJ-02" not in told["right"].output
    assert [each.exit_code for each in told.values()] == [0, 0]
    assert refused.exit_code != 0
    assert "GCJ-02" in refused.output
