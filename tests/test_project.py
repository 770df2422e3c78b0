"""What a release promises: locks without addresses, a valid compose file, a wheel that runs."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("lock", sorted((ROOT / "locks").glob("*.txt")), ids=lambda each: each.name)
def test_a_lock_pins_by_hash_and_names_no_address(lock):
    text = lock.read_text()
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9][\w.-]*==\S+", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)


def test_every_runtime_dependency_is_locked_and_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "locks/runtime.txt").read_text()
    explained = (ROOT / "docs/dependencies.md").read_text()
    for requirement in project["dependencies"]:
        name = re.match(r"[\w-]+", requirement).group()
        assert f"\n{name}==" in f"\n{locked}", f"run make lock: {name} is not locked"
        assert name in explained, f"docs/dependencies.md does not say why {name}"


def test_no_page_library_is_locked_to_an_address():
    for lock in ROOT.glob("web/package-lock.json"):
        assert "://" not in lock.read_text(), "make it again without resolved and funding"


class TestTheComposeFile:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    def test_every_service_has_a_health_check_and_comes_back(self):
        for name, service in self.compose["services"].items():
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped"

    def test_the_store_writes_before_it_answers_and_keeps_its_data(self):
        valkey = self.compose["services"]["valkey"]
        command = valkey["command"]
        assert command[command.index("--appendonly") + 1] == "yes"
        assert command[command.index("--appendfsync") + 1] == "always"
        assert "store:/data" in valkey["volumes"]
        assert "ports" not in valkey, "the store is not reachable from outside"

    def test_every_volume_is_declared(self):
        declared = set(self.compose["volumes"])
        used = {
            volume.split(":")[0]
            for service in self.compose["services"].values()
            for volume in service.get("volumes", ())
        }
        assert used == declared

    def test_it_holds_no_secret(self):
        text = (ROOT / "docker-compose.yml").read_text().lower()
        assert not re.search(r"(password|secret|token|api_key)\s*[:=]\s*\S", text)

    def test_its_commands_are_commands_of_cunlu(self):
        from typer.testing import CliRunner

        from api.cli import app

        for name in ("api", "worker", "deliver"):
            command = self.compose["services"][name]["command"]
            assert command[0] == "cunlu"
            result = CliRunner().invoke(app, [command[1], "--help"])
            assert result.exit_code == 0
            for flag in (each for each in command[2:] if each.startswith("--")):
                assert flag in result.output
        check = self.compose["services"]["worker"]["healthcheck"]["test"]
        assert check[:2] == ["CMD", "cunlu"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_holds_the_pages_and_the_scripts_of_the_store(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "api/web/board.html" in names
    assert any(name.endswith(".lua") for name in names)
    assert any(name.endswith("py.typed") for name in names)
    assert not any(name.startswith("tests/") for name in names)


def test_the_wheel_installed_elsewhere_gives_the_command(wheel, tmp_path):
    target = tmp_path / "site with space"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, wheel], check=True, capture_output=True)
    result = subprocess.run(
        [target / "bin/cunlu", "--help"],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "plan" in result.stdout
