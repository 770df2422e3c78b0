"""What every test may ask for: the shared data, a village's roads, a real server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from dispatch.server import EmbeddedServer
from routing.roads.network import RoadNetwork

# Playwright's own event loop runs in the thread of its tests: no asyncio test can share their process.
# So the browser tests run when they are named (`pytest tests/api/pages`), and `make test` names them.
_BROWSER_TESTS = "pages"

# `make test` tries the same examples everywhere, so that what is green here is green there; `make explore` tries others.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("others", derandomize=False, database=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("CUNLU_EXAMPLES", "same"))

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real extracts and public instances (`data/roads`, `data/vrp`), or a skip."""
    folder = Path(os.environ.get("CUNLU_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data in {folder}: set CUNLU_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def grid_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A village as a network file: 6 × 6 streets 0.005° apart, north-east of 118.10, 33.88.

    Built from a real OSM file, for three-wheelers and vans.
    """
    west, south, step, side = 118.10, 33.88, 0.005, 6
    nodes = [
        f'<node id="{row * side + column + 1}" lat="{south + row * step:.6f}" '
        f'lon="{west + column * step:.6f}" version="1"/>'
        for row in range(side)
        for column in range(side)
    ]
    lines = [[row * side + column + 1 for column in range(side)] for row in range(side)]
    lines += [[row * side + column + 1 for row in range(side)] for column in range(side)]
    ways = [
        f'<way id="{number}" version="1">'
        + "".join(f'<nd ref="{node}"/>' for node in line)
        + f'<tag k="highway" v="residential"/><tag k="name" v="村路{number}"/></way>'
        for number, line in enumerate(lines, start=1)
    ]
    folder = tmp_path_factory.mktemp("roads")
    extract = folder / "grid.osm"
    extract.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + ways)}</osm>')
    network = folder / "grid.network"
    RoadNetwork.build(extract, profiles=("trike", "van")).save(network)
    return network


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The embedded server, one per test process, its data in a short temporary path."""
    folder = Path(tempfile.mkdtemp(prefix="cunlu-"))
    with EmbeddedServer(folder) as server:
        yield server
    shutil.rmtree(folder)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser tests out of a run that does not name them."""
    named = any(_BROWSER_TESTS in str(each) for each in config.args)
    return True if collection_path.name == _BROWSER_TESTS and not named else None
