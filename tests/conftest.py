"""What every test may ask for: the shared data, where it lies beside the repository."""

import os
from pathlib import Path

import pytest

# Playwright's own event loop runs in the thread of its tests: no asyncio test can share their process.
# So the browser tests run when they are named (`pytest tests/api/pages`), and `make test` names them.
_BROWSER_TESTS = "pages"

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real extracts and public instances (`data/roads`, `data/vrp`), or a skip."""
    folder = Path(os.environ.get("CUNLU_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data in {folder}: set CUNLU_SHARED to its folder")
    return folder


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser tests out of a run that does not name them."""
    named = any(_BROWSER_TESTS in str(each) for each in config.args)
    return True if collection_path.name == _BROWSER_TESTS and not named else None
