"""`cunlu solve` as scripts use it: good instances, odd ones, bad ones, and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from api.cli import app

HEAD = """NAME : five
TYPE : CVRP
DIMENSION : {count}
EDGE_WEIGHT_TYPE : EXPLICIT
EDGE_WEIGHT_FORMAT : FULL_MATRIX
{fields}EDGE_WEIGHT_SECTION
{matrix}
DEMAND_SECTION
{demands}
{sections}DEPOT_SECTION
1
EOF
"""

ROWS = ["0 10 20 10 20", "10 0 10 15 25", "20 10 0 25 30", "10 15 25 0 10", "20 25 30 10 0"]


def instance(folder, rows=ROWS, loads=(0, 5, 5, 5, 5), fields="CAPACITY : 10\n", sections=""):
    path = folder / "five.vrp"
    demands = "\n".join(f"{number} {load}" for number, load in enumerate(loads, start=1))
    path.write_text(
        HEAD.format(
            count=len(loads),
            matrix="\n".join(rows),
            demands=demands,
            fields=fields,
            sections=sections,
        )
    )
    return path


def solved(path, *arguments, budget="0.5"):
    result = CliRunner().invoke(app, ["solve", str(path), "--budget", budget, *arguments])
    return result.exit_code, json.loads(result.stdout.splitlines()[-1]), result.stderr


def test_the_answer_of_each_engine_is_the_best_and_keeps_the_budget(tmp_path):
    for engine in ("auto", "ortools", "ruin-recreate"):
        code, answer, _ = solved(instance(tmp_path), "--engine", engine, budget="2")
        seconds = answer.pop("seconds")
        assert code == 0
        assert answer == {"instance": "five", "cost": 80, "feasible": True, "unserved": 0}
        assert seconds < 10, "2 s are asked for, the machine may be busy or compile"


def test_prizes_not_collected_are_paid_counted_and_no_fault(tmp_path):
    prizes = "PRIZE_SECTION\n1 0\n2 100\n3 100\n4 100\n5 3\n"
    code, answer, _ = solved(instance(tmp_path, sections=prizes))
    assert (code, answer["feasible"], answer["unserved"]) == (0, True, 1)
    assert answer["cost"] == 40 + 20 + 3


def test_of_alternatives_one_is_made_and_none_is_unserved(tmp_path):
    groups = "MUTUALLY_EXCLUSIVE_GROUP_SECTION\n1 2 3\n2 4 5\n"
    code, answer, _ = solved(instance(tmp_path, sections=groups))
    assert (code, answer["cost"], answer["unserved"]) == (0, 35, 0)


def test_a_matrix_that_breaks_the_triangle_inequality_is_taken_as_it_is(tmp_path):
    rows = ["0 1 90 90 90", "1 0 1 90 90", "90 1 0 1 90", "90 90 1 0 1", "1 90 90 1 0"]
    code, answer, _ = solved(instance(tmp_path, rows=rows, fields="CAPACITY : 20\n"))
    assert (code, answer["cost"]) == (0, 1 + 1 + 1 + 1 + 1)


@pytest.mark.parametrize(("loads", "cost"), [((0,), 0), ((0, 5), 20)])
def test_no_visit_and_one_visit_are_answered(tmp_path, loads, cost):
    rows = [" ".join(row.split()[: len(loads)]) for row in ROWS[: len(loads)]]
    code, answer, _ = solved(instance(tmp_path, rows=rows, loads=loads))
    assert (code, answer["cost"], answer["feasible"], answer["unserved"]) == (0, cost, True, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"fields": "CAPACITY : 4\n"},
        {"fields": "CAPACITY : 10\nVEHICLES : 0\n"},
        {"fields": "CAPACITY : 10\nVEHICLES : 1\n"},
        {"rows": [ROWS[0], ROWS[1], "1e15 1e15 0 1e15 1e15", *ROWS[3:]]},
    ],
    ids=["load above every vehicle", "no vehicle", "too few vehicles", "place cut off"],
)
def test_what_cannot_be_served_is_never_called_feasible(tmp_path, changes):
    out = tmp_path / "out.sol"
    code, answer, told = solved(instance(tmp_path, **changes), "--out", str(out))
    assert code == 1
    assert (answer["cost"], answer["feasible"]) == (None, False)
    assert told.startswith("required-unserved: ")
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"loads": (0, -5, 5, 5, 5)}, "problem-refused"),
        ({"loads": (0, "1e99", 5, 5, 5)}, "instance-unreadable"),
        ({"rows": [ROWS[0], *ROWS[2:]]}, "instance-unreadable"),
        ({"rows": ["0 -1 20 10 20", *ROWS[1:]]}, "matrix-refused"),
        (
            {"sections": "TIME_WINDOW_SECTION\n1 0 9\n2 5 4\n3 0 9\n4 0 9\n5 0 9\n"},
            "problem-refused",
        ),
        (
            {"sections": "TIME_WINDOW_SECTION\n1 0 9\n1 0 9\n3 0 9\n4 0 9\n5 0 9\n"},
            "instance-unreadable",
        ),
    ],
    ids=["negative", "overflow", "not square", "negative way", "window upside down", "id twice"],
)
def test_a_bad_instance_is_a_named_error_and_says_nothing_else(tmp_path, changes, code):
    result = CliRunner().invoke(app, ["solve", str(instance(tmp_path, **changes))])
    assert result.exit_code == 3
    assert result.stderr.startswith(f"{code}: ")
    assert result.stdout == ""


def test_or_tools_alone_takes_releases_too(tmp_path):
    late = "TIME_WINDOW_SECTION\n" + "".join(f"{number} 0 99\n" for number in range(1, 6))
    late += "RELEASE_TIME_SECTION\n1 0\n2 9\n3 0\n4 0\n5 0\n"
    path = instance(tmp_path, sections=late)
    result = CliRunner().invoke(app, ["solve", str(path), "--engine", "ortools", "--budget", "3"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["feasible"] is True


def test_a_folder_that_is_not_there_is_told_before_the_work(tmp_path):
    out = tmp_path / "nowhere" / "out.sol"
    arguments = ["solve", str(instance(tmp_path)), "--budget", "600", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert result.stderr.startswith("file-system: ")


def test_a_solution_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    out = tmp_path / "out.sol"
    out.write_text("the one before")
    code, _, _ = solved(instance(tmp_path), "--out", str(out))
    assert code == 0
    assert out.read_text().endswith("Cost 80\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["five.vrp", "out.sol"]


@pytest.mark.parametrize("engine", ["ruin-recreate", "ortools"])
def test_ctrl_c_writes_the_best_so_far_and_ends_with_130(tmp_path, engine):
    out = tmp_path / "out.sol"
    command = [sys.executable, "-m", "api", "solve", str(instance(tmp_path)), "--engine", engine]
    process = subprocess.Popen(
        [*command, "--budget", "3000", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "five: 4 clients\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of the group
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert stderr == ""
    answer = json.loads(stdout.splitlines()[-1])
    assert (answer["feasible"], answer["unserved"]) == (True, 0)
    assert out.read_text().endswith(f"Cost {answer['cost']}\n")
