"""`cunlu plan`: the chain from nothing to a plan, and what stands in its way."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.commands.plan_folder import PlanFolderTaken, check_free, file_name, write_folder
from routing.places import Datum, from_datum, to_datum


@dataclass(frozen=True)
class Day:
    folder: Path
    network: Path
    built: dict


@pytest.fixture(scope="module")
def day(run_in, tmp_path_factory):
    """Files and network made by the command itself, in a folder with a difficult name."""
    place = tmp_path_factory.mktemp("村路") / "a b 沙集"
    place.mkdir()
    numbers = ("--households", 60, "--orders", 40, "--couriers", 3, "--seed", 1)
    made = run_in(place, "demo-data", *numbers, "--day", "2026-11-11", "--out", "一天", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["orders"] == 40
    built = run_in(
        place, "roads", "build", "一天/roads.osm.pbf", "--out", "路 网.network", "--json"
    )
    assert built.returncode == 0, built.stderr
    return Day(place / "一天", place / "路 网.network", json.loads(built.stdout))


def plan_flags(day, out, *more, orders=None):
    return (
        *("plan", "--roads", day.network, "--orders", orders or day.folder / "orders.csv"),
        *("--households", day.folder / "households.csv", "--fleet", day.folder / "fleet.toml"),
        *("--day", "2026-11-11", "--budget", 1, "--out", out, *more),
    )


def test_building_roads_says_what_was_read(day):
    assert day.built["report"]["roads"] > 1000
    assert day.built["profiles"] == ["trike", "van", "foot", "truck"]


def test_a_plan_is_made_of_files_and_made_again_in_the_same_folder(run_in, day, tmp_path):
    out = tmp_path / "计 划"
    first = run_in(day.folder, *plan_flags(day, out, "--json"))
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    stored = json.loads((out / "plan.json").read_bytes())
    couriers = [each["courier_id"] for each in stored["routes"]]
    assert couriers
    assert {each.name for each in out.iterdir()} == {
        *("plan.json", "routes.geojson", "orders.csv"),
        *(f"{courier}.{kind}" for courier in couriers for kind in ("gpx", "html")),
    }
    assert json.loads((out / "routes.geojson").read_bytes())["type"] == "FeatureCollection"
    with (out / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        statuses = [row["status"] for row in csv.DictReader(file)]
    assert len(statuses) == 40
    assert statuses.count("served") == told["summary"]["served"]
    assert told["summary"]["served"] + sum(told["summary"]["unserved"].values()) == 40
    assert told["summary"]["overlap_percent"] == stored["figures"]["overlap_percent"]

    (out / f"{couriers[0]}.gpx").unlink()  # an earlier plan may have lost a file
    again = run_in(day.folder, *plan_flags(day, out))
    assert again.returncode == 0, again.stderr
    assert "orders served" in again.stdout
    assert (out / f"{couriers[0]}.gpx").exists()
    assert [each.name for each in tmp_path.iterdir()] == [out.name]  # nothing is left beside it

    (out / "diary.txt").write_text("mine")
    with pytest.raises(PlanFolderTaken, match=r"diary\.txt"):
        write_folder(out, {"plan.json": b"new"})
    assert (out / f"{couriers[0]}.gpx").exists()


def test_ctrl_c_ends_the_search_and_the_best_so_far_is_written(day, tmp_path):
    """On a terminal, where the command says how far it is."""
    out, (ours, theirs) = tmp_path / "plan", pty.openpty()
    flags = [3000 if each == 1 else each for each in plan_flags(day, out, "--json")]
    process = subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    said = b""
    while b"of 3000 s" not in said:
        said += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 130, said
    told, stored = json.loads(stdout), json.loads((out / "plan.json").read_bytes())
    assert told["summary"]["served"] == stored["figures"]["served"] > 0


@pytest.mark.parametrize(
    ("stated", "changed", "said"),
    [
        (
            "skills = [",
            'villages = ["无此村"]\nskills = [',
            "couriers know '无此村', but no household or point lies there",
        ),
        ("[depot]", "[depot]\nlook_back_days = 5", "this plan expects no orders"),
    ],
    ids=["a village that nobody lives in", "days that only a server keeps"],
)
def test_what_of_a_fleet_does_nothing_here_is_named(run_in, day, tmp_path, stated, changed, said):
    fleet = tmp_path / "fleet.toml"
    text = (day.folder / "fleet.toml").read_text(encoding="utf-8")
    fleet.write_text(text.replace(stated, changed, 1), "utf-8")
    flags = [
        fleet if each == day.folder / "fleet.toml" else each
        for each in plan_flags(day, tmp_path / "plan")
    ]
    made = run_in(day.folder, *flags)
    assert made.returncode == 0, made.stderr
    told = [line for line in made.stderr.splitlines() if line.startswith("fleet.toml: ")]
    assert said in " ".join(told)


def test_refused_rows_are_listed_and_the_good_ones_planned(run, day, tmp_path):
    orders = tmp_path / "orders.csv"
    with (day.folder / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows.append(rows[0] | {"订单号": "bad", "件数": "-3"})
    with orders.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    out = tmp_path / "out"
    result = run(*plan_flags(day, out, "--json", orders=orders))
    assert result.exit_code == 1, result.stderr
    assert json.loads(result.stdout)["refused"] == 1
    assert "problems.csv" in result.stderr
    with (out / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["line"], row["column"]) == ("orders.csv", "42", "件数")
    assert row["value"] == "'-3"  # no spreadsheet may run it
    check_free(out)  # problems.csv is ours too


def test_parcels_of_a_file_go_from_village_to_village(run, day, tmp_path):
    """Households of the demo send some parcels to the depot, some to another one, and one to nobody."""
    with (day.folder / "households.csv").open(encoding="utf-8-sig", newline="") as opened:
        homes = [row["id"] for row in csv.DictReader(opened) if row["lon"]][:6]
    orders = tmp_path / "drops.csv"
    orders.write_text(
        "id,household,pieces,drop_household,drop_service_minutes\n"
        f"to-depot,{homes[0]},1,,\n"
        f"dropped,{homes[1]},2,{homes[4]},\n"
        f"at-home,{homes[2]},3,{homes[4]},7\n"
        f"bad,{homes[3]},1,nobody,\n",
        encoding="utf-8",
    )
    out = tmp_path / "plan"
    made = run(*plan_flags(day, out, orders=orders))
    assert made.exit_code == 1, made.stderr
    assert "2 of them are dropped on the way" in made.stdout
    with (out / "problems.csv").open(encoding="utf-8-sig", newline="") as opened:
        codes = [(row["column"], row["code"]) for row in csv.DictReader(opened)]
    assert ("drop_household", "household-unknown") in codes
    plan = json.loads((out / "plan.json").read_bytes())
    places = {}
    for route in plan["routes"]:
        for number, trip in enumerate(route["trips"]):
            for stop in trip["stops"]:
                for order_id in stop["order_ids"]:
                    places[order_id] = route["courier_id"], number, stop["seq"]
    ends = {
        each["order_id"]: (route["courier_id"], number, stop)
        for route in plan["routes"]
        for number, trip in enumerate(route["trips"])
        for stop in trip["stops"]
        for each in stop["dropped"]
    }
    assert set(ends) == {"dropped", "at-home"}
    for order_id, (courier, number, stop) in ends.items():
        assert places[order_id][:2] == (courier, number)
        assert places[order_id][2] < stop["seq"]
        assert stop["household_ids"] == [homes[4]]
        sheet = (out / file_name(courier, ".html")).read_text(encoding="utf-8")
        assert f"送往第 {stop['seq']} 站" in sheet
    assert set(places) == {"to-depot", "dropped", "at-home"}
    with (out / "orders.csv").open(encoding="utf-8-sig", newline="") as opened:
        fates = {row["order"]: row["dropped_where"] for row in csv.DictReader(opened)}
    assert fates["dropped"] == ends["dropped"][2]["title"]
    assert fates["to-depot"] == ""


def test_foreign_files_are_never_replaced(run, day, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    result = run(*plan_flags(day, tmp_path))
    assert result.exit_code == 3
    assert result.stderr.startswith("plan-folder-taken: ")
    assert [each.name for each in tmp_path.iterdir()] == ["diary.txt"]


@pytest.mark.parametrize(
    "files",
    [
        {"plan.json": b"{}"},
        {"plan.json": b"junk"},
        {"orders.csv": b"mine"},
    ],
)
def test_a_folder_that_only_looks_like_a_plan_is_left_alone(files, tmp_path):
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    with pytest.raises(PlanFolderTaken):
        write_folder(tmp_path, {"plan.json": b"new"})
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == files


def test_a_file_in_the_way_is_refused(tmp_path):
    path = tmp_path / "plan"
    path.write_text("mine")
    with pytest.raises(PlanFolderTaken):
        check_free(path)


@pytest.mark.parametrize(
    ("courier_id", "name"),
    [
        ("c01", "c01.gpx"),
        ("王师傅", "王师傅.gpx"),
        ("../../x", "%2E.%2F..%2Fx.gpx"),
        ("a/b", "a%2Fb.gpx"),
        ("a%2Fb", "a%252Fb.gpx"),
    ],
)
def test_a_couriers_file_stays_in_its_folder(courier_id, name):
    assert file_name(courier_id, ".gpx") == name


@pytest.fixture(params=["missing", "junk", "empty", "folder"])
def wrong_file(request, tmp_path):
    path = tmp_path / "wrong.file"
    match request.param:
        case "junk":
            path.write_bytes(bytes(range(256)) * 40)
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
    return path


def test_a_wrong_file_is_one_named_line_and_ends_with_3(run, wrong_file, day, tmp_path):
    out = tmp_path / "out"
    good = {
        "--roads": day.network,
        "--orders": day.folder / "orders.csv",
        "--households": day.folder / "households.csv",
        "--fleet": day.folder / "fleet.toml",
    }
    plans = [
        [part for flag in {**good, wrong: wrong_file}.items() for part in flag] for wrong in good
    ]
    for arguments in [
        *(["plan", *flags, "--out", out] for flags in plans),
        ["roads", "build", wrong_file, "--out", out],
        ["solve", wrong_file],
        ["import", "--key", "k", "--fleet", wrong_file],
    ]:
        result = run(*arguments)
        assert result.exit_code == 3, (arguments, result.output, result.exception)
        code, _, message = result.stderr.partition(": ")
        assert code.replace("-", "").isalpha()
        assert message.count("\n") == 1
        assert result.stdout == ""
        assert not out.exists()


def test_a_network_that_cannot_be_written_is_a_named_error(run, day, tmp_path):
    (tmp_path / "file").touch()
    extract = day.folder / "roads.osm.pbf"
    result = run("roads", "build", extract, "--out", tmp_path / "file" / "n.network")
    assert result.exit_code == 3
    assert result.stderr.startswith("network-not-saved: ")


def test_a_registry_whose_datum_was_forgotten_is_doubted_aloud(run, day, tmp_path):
    with (day.folder / "households.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        place = from_datum(float(row["lon"]), float(row["lat"]), Datum(row["crs"]))
        row["lon"], row["lat"] = map(str, to_datum(place, Datum.GCJ02))
        row["crs"] = ""
    households = tmp_path / "households.csv"
    with households.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    usual = run(*plan_flags(day, tmp_path / "plan"))
    told = run(*plan_flags(day, tmp_path / "other"), "--households", households)

    assert "GCJ-02" not in usual.output
    assert "households.csv: half of the places lie" in told.output
    assert "GCJ-02" in told.output
