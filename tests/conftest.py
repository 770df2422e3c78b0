"""What every test may ask for: the shared data, where it lies beside the repository."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real extracts and public instances (`data/roads`, `data/vrp`), or a skip."""
    folder = Path(os.environ.get("CUNLU_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data in {folder}: set CUNLU_SHARED to its folder")
    return folder
