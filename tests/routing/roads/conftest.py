"""Small hand-drawn extracts, and one real one compiled once."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from routing.roads.network import RoadNetwork

WriteOsm = Callable[..., Path]


@pytest.fixture
def write_osm(tmp_path: Path) -> WriteOsm:
    """
    Write `.osm` XML from node ids and ways: `write_osm([([1, 2], {"highway": "residential"})])`.

    Node i lies 0.001° × i east of 118.0, 33.9 unless `places` says otherwise.
    """

    def write(
        ways: Sequence[tuple[Sequence[int], Mapping[str, str]]],
        *,
        places: Mapping[int, tuple[float, float]] | None = None,
        node_tags: Mapping[int, Mapping[str, str]] | None = None,
        missing: Sequence[int] = (),
        relations: str = "",
        name: str = "village.osm",
    ) -> Path:
        def tags(of: Mapping[str, str]) -> str:
            return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in of.items())

        nodes = sorted({node for refs, _ in ways for node in refs} - set(missing))
        lines = ['<osm version="0.6">']
        for node in nodes:
            lon, lat = (places or {}).get(node, (118.0 + node * 0.001, 33.9))
            told = tags((node_tags or {}).get(node, {}))
            lines.append(f'<node id="{node}" version="1" lon="{lon}" lat="{lat}">{told}</node>')
        for number, (refs, of) in enumerate(ways, start=1):
            members = "".join(f'<nd ref="{node}"/>' for node in refs)
            lines.append(f'<way id="{number}" version="1">{members}{tags(of)}</way>')
        path = tmp_path / name
        path.write_text("\n".join([*lines, relations, "</osm>"]), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def bayreuth_extract(shared_data: Path) -> Path:
    return shared_data / "data" / "roads" / "north-bayreuth.osm.pbf"


@pytest.fixture(scope="session")
def bayreuth(bayreuth_extract: Path) -> RoadNetwork:
    """A real rural district, compiled for every profile."""
    return RoadNetwork.build(bayreuth_extract)
