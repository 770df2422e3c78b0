"""Profiles of a company's own under OSRM's interface: their names come before OSRM's."""

from dataclasses import replace

import pytest

from routing.roads.network import RoadNetwork
from routing.roads.speeds import FOOT


@pytest.fixture
def roads(grid_network, tmp_path):
    """The village, where "car" is somebody who walks."""
    path = tmp_path / "own.network"
    extract = grid_network.with_name("grid.osm")
    RoadNetwork.build(extract, profiles=[replace(FOOT, name="car"), "van"]).save(path)
    return path


async def test_a_car_of_ones_own_is_no_other_name_for_a_van(ask, corner):
    path = f"{corner(0, 0)};{corner(1, 0)}"

    _, own = await ask(f"route/v1/car/{path}", steps="true")
    _, van = await ask(f"route/v1/van/{path}", steps="true")
    _, driving = await ask(f"route/v1/driving/{path}", steps="true")

    def modes(told):
        return {step["mode"] for step in told["routes"][0]["legs"][0]["steps"]}

    assert own["routes"][0]["duration"] > 2 * van["routes"][0]["duration"]
    assert driving == van
    assert (modes(own), modes(van)) == ({"walking"}, {"driving"})
