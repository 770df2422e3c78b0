"""Problems that tests of the search share."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def beside(name: str) -> ModuleType:
    """A module of this folder; tests do not import each other."""
    source = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"vrp_{name.replace('/', '_')}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def villages() -> ModuleType:
    """The seeded generator of `villages.py`."""
    return beside("villages")


@pytest.fixture(scope="session")
def brute_force() -> ModuleType:
    """Tiny problems and their proven optimum, of `brute_force.py`."""
    return beside("brute_force")


@pytest.fixture(scope="session")
def docked() -> ModuleType:
    """Problems with docks, small ones with their proven optimum, of `docked.py`."""
    return beside("docked")


@pytest.fixture(scope="session")
def moves() -> ModuleType:
    """A search in which tests make its moves, of `moves.py`."""
    return beside("moves")
