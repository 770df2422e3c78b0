"""Problems that tests of the search share."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def villages() -> ModuleType:
    """The seeded generator of `villages.py`; tests do not import each other."""
    source = Path(__file__).with_name("villages.py")
    spec = importlib.util.spec_from_file_location("vrp_villages", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
