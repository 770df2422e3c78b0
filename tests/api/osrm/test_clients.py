"""A client that was written for OSRM, against a real server over a real socket."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import routingpy

from api.app import create_app
from api.serving import Server, listen
from dispatch.settings import Settings

PLACES = [[118.1011, 33.8802], [118.1151, 33.8903], [118.1249, 33.9049]]


@asynccontextmanager
async def served(server, roads):
    """A real uvicorn on a free port, with its roads loaded."""
    app = create_app(Settings(roads=roads), url=server.url)
    listener = listen("127.0.0.1", 0)
    running = Server(app)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    while not (running.started and app.state.deps.roads.is_loaded):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/osrm"
    finally:
        running.should_exit = True
        await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("keeps_key_in", ["header", "address"])
async def test_routingpy_works_by_changing_its_base_url(server, roads, company, keeps_key_in):
    key = company.keys["dispatcher"]
    async with served(server, roads) as base:
        if keeps_key_in == "header":
            headers = {"Authorization": f"Bearer {key}"}
            osrm = routingpy.OSRM(base_url=base, headers=headers)
        else:
            osrm = routingpy.OSRM(base_url=f"{base}/key/{key}")

        def asked():
            route = osrm.directions(
                PLACES,
                profile="driving",
                radiuses=[100, 100, 100],
                bearings=[[90, 90], [0, 180], [0, 180]],
                steps=True,
                annotations=True,
                geometries="geojson",
                overview="full",
                continue_straight=False,
            )
            matrix = osrm.matrix(PLACES, profile="driving", sources=[0, 1], destinations=[1, 2])
            with pytest.raises(routingpy.exceptions.RouterApiError, match="NoSegment"):
                osrm.directions([[0.0, 0.0], PLACES[0]])
            return route, matrix

        route, matrix = await asyncio.to_thread(asked)

    legs = route.raw["routes"][0]["legs"]
    assert matrix.durations[0][0] == legs[0]["duration"]
    assert matrix.distances[1][1] == legs[1]["distance"]
    assert route.duration == matrix.durations[0][0] + matrix.durations[1][1]
    assert route.geometry[0] == pytest.approx([118.1011, 33.88], abs=1e-6)
