"""The command `cunlu` as people and scripts use it."""

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from api.cli import COMMANDS, app
from api.commands.plan_folder import PlanFolderTaken, check_free, file_name, write_folder

INSTANCE = """NAME : five
TYPE : CVRP
DIMENSION : 5
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 0 10
3 0 20
4 10 0
5 20 0
DEMAND_SECTION
1 0
2 5
3 5
4 5
5 5
DEPOT_SECTION
1
-1
EOF
"""

SUBCOMMANDS = [
    *([name] for name in COMMANDS if name not in ("roads", "keys")),
    ["roads"],
    ["roads", "build"],
    ["keys"],
    ["keys", "create"],
    ["keys", "revoke"],
]


@pytest.fixture(autouse=True)
def _nobodys_environment(monkeypatch):
    for name in ("CUNLU_SERVER", "CUNLU_KEY", "CUNLU_PORT", "CUNLU_ROADS", "CUNLU_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def cunlu(*arguments, cwd):
    """The real command, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "api", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


# Help


@pytest.mark.parametrize("command", SUBCOMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command):
    result = run(*command, "--help")
    assert result.exit_code == 0, result.output
    assert f"cunlu {' '.join(command)}" in result.output.split("Example:", 1)[1]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("roads", "keys")])
def test_the_list_of_commands_says_what_the_command_itself_says(name):
    module = f"api.commands.{COMMANDS[name].module}"
    assert find_spec(module) is not None
    command = get_group(__import__(module, fromlist=["app"]).app).commands[name]
    assert command.help.split("\n\n", 1)[0] == COMMANDS[name].summary


def test_help_waits_for_no_engine():
    heavy = ("ortools", "numba", "numpy", "osmium", "fastapi", "redis", "pydantic")
    program = (
        "import sys; from typer.testing import CliRunner; from api.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        f"sys.exit(', '.join(set(sys.modules) & set({heavy!r})))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert found.stderr.strip() == ""


# Wrong use


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan",),
        ("plan", "--budget", "-1"),
        ("roads", "build"),
        ("solve",),
        ("solve", "x", "--engine", "magic"),
        ("demo-data", "--out", "x", "--day", "tomorrow"),
        ("import", "--key", "k"),
        ("keys", "create", "--company", "c", "--role", "king"),
        ("keys", "create", "--company", "c", "--role", "courier"),
        ("keys", "create", "--company", "c", "--role", "dispatcher", "--subject", "c1"),
        ("serve", "--port", "99999"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2_and_says_why(arguments):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr
    assert "Traceback" not in result.output


def test_a_command_nearly_spelled_right_is_suggested():
    assert "solve" in run("sovle").stderr


def test_a_setting_that_cannot_be_is_named(monkeypatch):
    monkeypatch.setenv("CUNLU_PORT", "many")
    result = run("worker", "--check")
    assert result.exit_code == 2
    assert result.stderr.startswith("settings-invalid: CUNLU_PORT: ")


# Wrong files


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


def test_a_wrong_file_is_one_named_line_and_ends_with_3(wrong_file, day, tmp_path):
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


def test_a_network_that_cannot_be_written_is_a_named_error(day, tmp_path):
    (tmp_path / "file").touch()
    extract = day.folder / "roads.osm.pbf"
    result = run("roads", "build", extract, "--out", tmp_path / "file" / "n.network")
    assert result.exit_code == 3
    assert result.stderr.startswith("network-not-saved: ")


# Servers that are not there, or say no


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:9", "nonsense", "htp:/x", "http://[", "http://a b"]
)
def test_a_server_that_does_not_answer_ends_with_4(server):
    result = run("status", "--server", server, "--key", "k")
    assert result.exit_code == 4, result.exception
    assert result.stderr.startswith("server-unreachable: ")


def test_without_a_key_nobody_is_asked_and_it_ends_with_5():
    result = run("status", "--server", "http://127.0.0.1:9")
    assert result.exit_code == 5
    assert "CUNLU_KEY" in result.stderr


def test_a_check_of_a_store_that_is_not_there_starts_none(tmp_path):
    result = run("worker", "--check", "--data-dir", tmp_path / "data")
    assert result.exit_code == 4
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_named(tmp_path):
    program = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as taken:
        port = taken.stdout.readline().strip()
        result = run("serve", "--port", port, "--data-dir", tmp_path / "data")
        taken.communicate("\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("address-taken: ")


def test_a_key_is_made_and_revoked_and_a_second_revoking_is_refused(server):
    store = ("--data-dir", server.folder.parent)
    made = run("keys", "create", "--company", "acme", "--role", "dispatcher", "--json", *store)
    assert made.exit_code == 0, made.output
    key = json.loads(made.stdout)
    assert key["key"].startswith("cl_")
    revoke = ("keys", "revoke", "--company", "acme", key["key_id"], *store)
    assert run(*revoke).exit_code == 0
    again = run(*revoke)
    assert again.exit_code == 3
    assert again.stderr.startswith("key-unknown: ")


def test_a_check_of_a_store_that_answers_ends_with_0(server):
    assert run("worker", "--check", "--data-dir", server.folder.parent).exit_code == 0


# The chain from nothing to a plan


@dataclass(frozen=True)
class Day:
    folder: Path
    network: Path
    built: dict


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Files and network made by the command itself, in a folder with a difficult name."""
    place = tmp_path_factory.mktemp("村路") / "a b 沙集"
    place.mkdir()
    numbers = ("--households", 60, "--orders", 40, "--couriers", 3, "--seed", 1)
    made = cunlu("demo-data", *numbers, "--day", "2026-11-11", "--out", "一天", "--json", cwd=place)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["orders"] == 40
    built = cunlu(
        "roads", "build", "一天/roads.osm.pbf", "--out", "路 网.network", "--json", cwd=place
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


def test_a_plan_is_made_of_files_and_made_again_in_the_same_folder(day, tmp_path):
    out = tmp_path / "计 划"
    first = cunlu(*plan_flags(day, out, "--json"), cwd=day.folder)
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
        assert len(list(csv.DictReader(file))) == 40
    assert told["summary"]["served"] + sum(told["summary"]["unserved"].values()) == 40

    (out / f"{couriers[0]}.gpx").unlink()  # an earlier plan may have lost a file
    again = cunlu(*plan_flags(day, out), cwd=day.folder)
    assert again.returncode == 0, again.stderr
    assert "orders served" in again.stdout
    assert (out / f"{couriers[0]}.gpx").exists()
    assert [each.name for each in tmp_path.iterdir()] == [out.name]  # nothing is left beside it

    (out / "diary.txt").write_text("mine")
    with pytest.raises(PlanFolderTaken, match=r"diary\.txt"):
        write_folder(out, {"plan.json": b"new"})
    assert (out / f"{couriers[0]}.gpx").exists()


def test_refused_rows_are_listed_and_the_good_ones_planned(day, tmp_path):
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


def test_foreign_files_are_never_replaced(day, tmp_path):
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


# Instances


def test_an_instance_is_solved_and_the_last_line_is_json(tmp_path):
    instance, solution = tmp_path / "five.vrp", tmp_path / "five.sol"
    instance.write_text(INSTANCE)
    result = run("solve", instance, "--budget", 2, "--out", solution)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout.splitlines()[-1])
    seconds = answer.pop("seconds")
    assert answer == {"instance": "five", "cost": 80, "feasible": True, "unserved": 0}
    assert seconds < 10
    assert solution.read_text().endswith("Cost 80\n")


def test_an_instance_without_an_answer_ends_with_1(tmp_path):
    instance = tmp_path / "heavy.vrp"
    instance.write_text(INSTANCE.replace("CAPACITY : 10", "CAPACITY : 4"))
    result = run("solve", instance, "--budget", 1, "--json")
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["feasible"] is False
    assert "required-unserved" in result.stderr
