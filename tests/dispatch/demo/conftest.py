"""One small demo day and its road network, made once for all who only read them."""

from datetime import date
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from dispatch.demo import DemoDay, write_demo_day
from routing.roads.network import RoadNetwork


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> DemoDay:
    return write_demo_day(
        tmp_path_factory.mktemp("demo") / "演示 日",
        households=300,
        orders=600,
        couriers=20,
        seed=7,
        day=date(2026, 11, 11),
    )


@pytest.fixture
def hamlet_osm(tmp_path_factory) -> Path:
    """A tiny extract: a grid of nine by nine streets, 100 m apart, which nobody has named."""
    path = tmp_path_factory.mktemp("hamlet") / "hamlet.osm"
    size = 9
    with osmium.SimpleWriter(str(path)) as writer:
        for row in range(size):
            for column in range(size):
                at = (11.5 + column * 0.0014, 50.0 + row * 0.0009)
                writer.add_node(Node(id=1 + row * size + column, version=1, location=at))
        for line in range(size):
            across = [1 + line * size + k for k in range(size)]
            along = [1 + k * size + line for k in range(size)]
            kind = "tertiary" if line == size // 2 else "residential"
            for number, nodes in ((2 * line, across), (2 * line + 1, along)):
                tags = {"highway": kind}
                writer.add_way(Way(id=1 + number, version=1, nodes=nodes, tags=tags))
    return path


@pytest.fixture(scope="session")
def network(demo) -> RoadNetwork:
    return RoadNetwork.build(demo.roads, profiles=("trike", "van"))
