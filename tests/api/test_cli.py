"""The command `cunlu` as people and scripts use it."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
from typer.main import get_group

from api.cli import COMMANDS

SUBCOMMANDS = [
    *([name] for name in COMMANDS if name not in ("roads", "keys")),
    ["roads"],
    ["roads", "build"],
    ["keys"],
    ["keys", "create"],
    ["keys", "revoke"],
]


# Help


@pytest.mark.parametrize("command", SUBCOMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(run, command):
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
        ("export", "--key", "k", "--plan", "current", "--out", "-", "--json"),
        ("keys", "create", "--company", "c", "--role", "king"),
        ("keys", "create", "--company", "c", "--role", "courier"),
        ("keys", "create", "--company", "c", "--role", "dispatcher", "--subject", "c1"),
        ("serve", "--port", "99999"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2_and_says_why(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr
    assert "Traceback" not in result.output


def test_a_command_nearly_spelled_right_is_suggested(run):
    assert "solve" in run("sovle").stderr


def test_a_setting_that_cannot_be_is_named(run, monkeypatch):
    monkeypatch.setenv("CUNLU_PORT", "many")
    result = run("worker", "--check")
    assert result.exit_code == 2
    assert result.stderr.startswith("settings-invalid: CUNLU_PORT: ")


# Bugs


def test_a_bug_ends_with_70_in_one_line_below_its_trace():
    program = (
        "import sys; from api import cli; sys.argv = ['cunlu', 'solve'];\n"
        "import api.commands.solve as solve\n"
        "def broken(): raise ZeroDivisionError('a bug')\n"
        "solve.app.registered_commands[0].callback = broken\n"
        "cli.main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert found.returncode == 70
    assert found.stdout == ""
    *trace, last = found.stderr.splitlines()
    assert trace[0].startswith("Traceback")
    assert trace[-1] == "ZeroDivisionError: a bug"
    assert last.startswith("internal: ")


# Servers that are not there, or say no


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:9", "nonsense", "htp:/x", "http://[", "http://a b"]
)
def test_a_server_that_does_not_answer_ends_with_4(run, server):
    result = run("status", "--server", server, "--key", "k")
    assert result.exit_code == 4, result.exception
    assert result.stderr.startswith("server-unreachable: ")


def test_without_a_key_nobody_is_asked_and_it_ends_with_5(run):
    result = run("status", "--server", "http://127.0.0.1:9")
    assert result.exit_code == 5
    assert "CUNLU_KEY" in result.stderr


def test_a_check_of_a_store_that_is_not_there_starts_none(run, tmp_path):
    result = run("worker", "--check", "--data-dir", tmp_path / "data")
    assert result.exit_code == 4
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_named(run, tmp_path):
    program = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as taken:
        port = taken.stdout.readline().strip()
        result = run("serve", "--port", port, "--data-dir", tmp_path / "data")
        taken.communicate("\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("address-taken: ")


def test_a_key_is_made_and_revoked_and_a_second_revoking_is_refused(run, server):
    store = ("--data-dir", server.folder.parent)
    made = run("keys", "create", "--company", "acme", "--role", "dispatcher", "--json", *store)
    assert made.exit_code == 0, made.output
    key = json.loads(made.stdout)
    assert key["key"].startswith("cl_")
    revoke = ("keys", "revoke", "--company", "acme", "--json", key["key_id"], *store)
    revoked = run(*revoke)
    assert revoked.exit_code == 0
    assert json.loads(revoked.stdout) == {"key_id": key["key_id"], "revoked": True}
    again = run(*revoke)
    assert again.exit_code == 3
    assert again.stderr.startswith("key-unknown: ")


def test_a_check_of_a_store_that_answers_ends_with_0(run, server):
    assert run("worker", "--check", "--data-dir", server.folder.parent).exit_code == 0
