"""A demo day on an extract of real roads."""

import csv
import tomllib
from datetime import date

import numpy as np
import osmium
import pytest
from osmium.osm.mutable import Node, Way

from dispatch.demo import DemoRefused, write_demo_day
from dispatch.demo.real_roads import read_landscape
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap

DAY = date(2026, 11, 11)


def registry(demo):
    with demo.households_csv.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("extract", ["north-bayreuth.osm.pbf", "liechtenstein-latest.osm.pbf"])
def test_on_real_extracts_every_place_can_be_reached_by_either_vehicle(
    shared_data, tmp_path, extract
):
    roads = shared_data / "data" / "roads" / extract
    demo = write_demo_day(
        tmp_path / "day", households=400, orders=500, couriers=12, seed=2, day=DAY, osm=roads
    )
    assert demo.roads == roads
    assert not demo.synthetic_roads
    assert not (tmp_path / "day" / "roads.osm.pbf").exists()
    network = RoadNetwork.build(roads, profiles=("trike", "van"))
    rows = registry(demo)
    assert len(rows) == 400 + demo.points
    depot = tomllib.loads(demo.fleet_toml.read_text("utf-8"))["depot"]
    places = [Place(float(row["lon"]), float(row["lat"])) for row in rows]
    for profile in ("trike", "van"):
        snaps = network.snap([*places, Place(depot["lon"], depot["lat"])], profile, limit_m=61)
        assert all(isinstance(snap, Snap) for snap in snaps)
        assert snaps[-1].gap_m < 1


def test_settlements_bear_the_names_of_the_extract(shared_data, tmp_path):
    roads = shared_data / "data" / "roads" / "north-bayreuth.osm.pbf"
    demo = write_demo_day(
        tmp_path / "day", households=300, orders=300, couriers=10, seed=2, day=DAY, osm=roads
    )
    assert {"Neudrossenfeld", "Altdrossenfeld"} <= {row["village"] for row in registry(demo)}
    assert "OpenStreetMap" in demo.readme.read_text("utf-8")


def test_the_time_zone_is_chinas_in_china_utc_elsewhere_or_the_one_given(tmp_path, hamlet_osm):
    arguments = {"households": 20, "orders": 20, "couriers": 1, "day": DAY, "osm": hamlet_osm}
    assert write_demo_day(tmp_path / "a", **arguments).time_zone == "UTC"
    told = write_demo_day(tmp_path / "b", time_zone="Europe/Berlin", **arguments)
    assert told.time_zone == "Europe/Berlin"
    fleet = tomllib.loads(told.fleet_toml.read_text("utf-8"))
    assert fleet["depot"]["time_zone"] == "Europe/Berlin"


def test_where_nobody_named_a_settlement_dense_junctions_make_one(hamlet_osm):
    landscape = read_landscape(np.random.default_rng(1), hamlet_osm)
    assert landscape.settlements[0].name.startswith("Settlement ")
    assert landscape.depot_name == f"{landscape.settlements[0].name} depot"


def test_houses_lie_five_to_sixty_metres_beside_a_road(hamlet_osm):
    landscape = read_landscape(np.random.default_rng(1), hamlet_osm)
    network = RoadNetwork.build(hamlet_osm, profiles=("van",))
    places = [
        Place(lon, lat)
        for settlement in landscape.settlements
        for lon, lat in settlement.houses_lon_lat.tolist()
    ]
    assert len(places) > 100
    gaps_m = [snap.gap_m for snap in network.snap(places, "van")]
    assert max(gaps_m) <= 60.1
    assert np.median(gaps_m) > 5


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "residential"},  # an island: no road leads there
        {"highway": "residential", "access": "private"},
        {"highway": "track", "motorcar": "no"},
    ],
    ids=str,
)
def test_nobody_lives_where_a_van_or_a_three_wheeler_cannot_come(tmp_path, tags):
    path = tmp_path / "two.osm"
    with osmium.SimpleWriter(str(path)) as writer:
        for number in range(1, 9):
            lon = 11.5 if number < 6 else 11.51
            writer.add_node(Node(id=number, version=1, location=(lon, 50 + number / 500)))
        street = [1, 2, 3, 4, 5]
        writer.add_way(Way(id=1, version=1, nodes=street, tags={"highway": "residential"}))
        apart = [6, 7, 8] if len(tags) == 1 else [5, 6, 7, 8]
        writer.add_way(Way(id=2, version=1, nodes=apart, tags=tags))
    landscape = read_landscape(np.random.default_rng(1), path)
    houses = np.vstack([settlement.houses_lon_lat for settlement in landscape.settlements])
    assert len(houses) > 10
    assert houses[:, 1].max() < 50 + 5.4 / 500  # node 5 and 60 m beyond


@pytest.mark.parametrize("kind", ["motorway", "steps", "path"])
def test_an_extract_without_a_street_to_live_on_is_refused(tmp_path, kind):
    path = tmp_path / "bare.osm"
    with osmium.SimpleWriter(str(path)) as writer:
        for number in (1, 2, 3):
            writer.add_node(Node(id=number, version=1, location=(11.5, 50 + number / 500)))
        writer.add_way(Way(id=1, version=1, nodes=[1, 2, 3], tags={"highway": kind}))
    with pytest.raises(DemoRefused, match="residential road"):
        read_landscape(np.random.default_rng(1), path)


def test_an_extract_of_one_short_street_is_refused(tmp_path):
    path = tmp_path / "short.osm"
    with osmium.SimpleWriter(str(path)) as writer:
        for number in (1, 2):
            writer.add_node(Node(id=number, version=1, location=(11.5, 50 + number / 1200)))
        writer.add_way(Way(id=1, version=1, nodes=[1, 2], tags={"highway": "residential"}))
    with pytest.raises(DemoRefused, match="larger extract"):
        read_landscape(np.random.default_rng(1), path)
