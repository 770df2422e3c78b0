"""What tests of VROOM's dialect share: the judge, the generator, and VROOM itself where it is installed."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer


def beside(name: str) -> ModuleType:
    """A module of this folder; tests do not import each other."""
    source = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"vroom_{name}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def judge() -> ModuleType:
    """The independent judge of `judge.py`."""
    return beside("judge")


@pytest.fixture(scope="session")
def bodies() -> ModuleType:
    """The seeded generator of `bodies.py`."""
    return beside("bodies")


@pytest.fixture(scope="session")
def documented() -> ModuleType:
    """Bodies after VROOM's documentation, of `documented.py`."""
    return beside("documented")


@pytest.fixture(scope="session")
def solved():
    """Answer a body as JSON would bring it, within some seconds."""

    def solved(body, within_s=0.1, seed=1):
        told = answer(read(json.dumps(body).encode()), within_s=within_s, seed=seed)
        return json.loads(json.dumps(told))

    return solved


@pytest.fixture(scope="session")
def vroom(tmp_path_factory):
    """VROOM's own answer to a body: `vroom(body, "-c")`."""
    command = os.environ.get("CUNLU_VROOM") or shutil.which("vroom")
    if command is None:
        pytest.skip(
            "VROOM is not installed: `pip install pyvroom`, and name its `vroom` in CUNLU_VROOM"
        )
    path = tmp_path_factory.mktemp("vroom") / "body.json"

    def vroom(body, *options):
        path.write_text(json.dumps(body))
        run = subprocess.run(
            [command, "-t", "2", "-i", path, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return json.loads(run.stdout)

    return vroom
