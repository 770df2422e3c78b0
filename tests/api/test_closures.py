"""Roads closed over HTTP: in the next answer of every process, for one company alone, until they reopen."""

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import networkx as nx
import pytest
from httpx import ASGITransport, AsyncClient

from api.app import create_app
from dispatch.settings import Settings
from routing.places import Datum, Place, to_datum
from routing.roads.network import RoadNetwork

WEST, SOUTH, STEP = 118.10, 33.88, 0.005
NOW = datetime(2026, 11, 11, 2, tzinfo=UTC)
WAY = "118.1020,33.8800;118.1130,33.8800"
"""Along the southernmost street, over its second stretch."""


class StoppedClock:
    def __init__(self):
        self.at = NOW

    def now(self):
        return self.at


@pytest.fixture
async def loaded(client):
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
async def here(village, loaded, clock):
    return village


def place(column, row):
    return {"lon": WEST + column * STEP, "lat": SOUTH + row * STEP}


SECOND = {"line": [place(1.1, 0), place(1.9, 0)]}
"""The second stretch of the southernmost street."""


async def metres(company, *, role="dispatcher", profile="van"):
    answer = await company.call("GET", f"/osrm/route/v1/{profile}/{WAY}", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json()["routes"][0]["distance"]


async def close(company, **told):
    answer = await company.call("POST", "/v1/closures", json=told)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_closed_road_is_driven_around_from_the_next_answer_on_until_it_reopens(here):
    straight_m = await metres(here)
    added = await close(here, **SECOND, reason="桥面积水")
    assert (added["roads"], added["names"], added["is_in_force"]) == (1, ["村路1"], True)
    assert added["length_m"] == pytest.approx(461, abs=2)
    assert len(added["lines6"]) == 1
    assert await metres(here) == pytest.approx(straight_m + 2 * 556, abs=3)

    removed = await here.call("DELETE", f"/v1/closures/{added['closure_id']}")
    assert (removed.status_code, removed.json()) == (200, added)
    assert await metres(here) == straight_m
    again = await here.call("DELETE", f"/v1/closures/{added['closure_id']}")
    assert (again.status_code, again.json()["code"]) == (404, "closure-unknown")


async def test_what_is_reached_in_some_minutes_shrinks_with_a_closed_road(here):
    where = "/v1/isochrones?profile=van&lon=118.1020&lat=33.88&minutes=2"

    async def reached():
        answer = await here.call("GET", where)
        assert answer.status_code == 200, answer.text
        return answer.json()["features"][0]["geometry"]

    free = await reached()
    await close(here, **SECOND)
    assert await reached() != free


async def test_every_process_on_the_store_answers_alike(here, server, roads):
    straight_m = await metres(here)
    await close(here, **SECOND)
    app = create_app(Settings(roads=roads), url=server.url)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://cunlu") as client,
    ):
        while not app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
            await asyncio.sleep(0.01)
        other = replace(here, client=client)
        assert await metres(other) == await metres(here) > straight_m


async def test_a_closure_begins_and_ends_at_its_times_without_anybody_doing_anything(here, clock):
    straight_m = await metres(here)
    begins, ends = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    added = await close(here, **SECOND, from_at=begins.isoformat(), until_at=ends.isoformat())
    assert not added["is_in_force"]
    for at, is_longer, listed in (
        (begins - timedelta(seconds=1), False, 1),
        (begins, True, 1),
        (ends - timedelta(seconds=1), True, 1),
        (ends, False, 0),
    ):
        clock.at = at
        assert (await metres(here) > straight_m) == is_longer
        assert len((await here.call("GET", "/v1/closures")).json()["closures"]) == listed


async def test_a_closure_counts_for_its_profiles_and_a_factor_slows(here):
    straight_m = await metres(here)
    await close(here, **SECOND, profiles=["van"])
    assert await metres(here) > straight_m
    free = (await here.call("GET", f"/osrm/route/v1/trike/{WAY}")).json()["routes"][0]
    assert free["distance"] == straight_m
    trike_s = free["duration"]
    await close(here, osm_ways=[1], profiles=["trike"], duration_factor=2)
    slowed = await here.call("GET", f"/osrm/route/v1/trike/{WAY}")
    route = slowed.json()["routes"][0]
    assert route["distance"] == straight_m
    assert route["duration"] == pytest.approx(2 * trike_s, abs=1)


async def test_another_company_drives_on(here, stranger, fleet_json):
    await stranger.call("PUT", "/v1/fleet", content=fleet_json)
    straight_m = await metres(here)
    added = await close(here, **SECOND)
    assert await metres(stranger) == straight_m
    assert (await stranger.call("GET", "/v1/closures")).json() == {"closures": []}
    refused = await stranger.call("DELETE", f"/v1/closures/{added['closure_id']}")
    assert refused.status_code == 404
    assert await metres(here) > straight_m


async def test_couriers_and_screens_see_closures_and_only_dispatchers_report_them(here):
    await close(here, **SECOND)
    for role, status in (("courier", 200), ("dashboard", 200), ("point", 403)):
        assert (await here.call("GET", "/v1/closures", role=role)).status_code == status
        answer = await here.call("POST", "/v1/closures", role=role, json=SECOND)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "closure-unclear"),
        (SECOND | {"osm_ways": [1]}, "closure-unclear"),
        ({"line": [place(0, 0)]}, "closure-unclear"),
        ({"line": [place(0, 0), place(500, 0)]}, "closure-unclear"),
        ({"polygon": [place(0, 0), place(1, 0)]}, "closure-unclear"),
        ({"polygon": [place(0, 0), place(1, 1), place(1, 0), place(0, 1)]}, "closure-unclear"),
        (SECOND | {"duration_factor": 0.5}, "closure-unclear"),
        ({"osm_ways": [4711]}, "road-unknown"),
        ({"roads": [60]}, "road-unknown"),
        ({"line": [place(0.5, 0.5), place(0.5, 0.6)]}, "closure-without-road"),
        ({"polygon": [place(9, 9), place(10, 9), place(10, 10)]}, "closure-without-road"),
        (SECOND | {"profiles": ["tractor"]}, "profile-unknown"),
        (SECOND | {"until_at": "2026-11-11T01:00:00Z"}, "closure-over"),
        (SECOND | {"from_at": "2026-11-11"}, "not-valid"),
        (SECOND | {"duration_factor": "inf"}, "not-valid"),
        ({"line": [place(0, 0)] * 201}, "not-valid"),
        ({"osm_ways": [10**30]}, "not-valid"),
        ({"roads": [-1]}, "not-valid"),
        ({"line": [{"lon": 1e308, "lat": 0}] * 2}, "not-valid"),
        (SECOND | {"factor": 2}, "not-valid"),
    ],
)
async def test_a_closure_that_closes_nothing_is_refused_by_name(here, told, code):
    answer = await here.call("POST", "/v1/closures", json=told)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await here.call("GET", "/v1/closures")).json() == {"closures": []}


async def test_the_same_report_sent_twice_with_its_key_closes_once(here):
    sent = [
        await here.call("POST", "/v1/closures", json=SECOND, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert sent[0].json() == sent[1].json()
    assert sent[1].status_code == 201
    assert len((await here.call("GET", "/v1/closures")).json()["closures"]) == 1


async def test_a_closure_in_chinese_map_coordinates_lies_where_it_was_drawn(here):
    wgs84 = await close(here, **SECOND)
    drawn = []
    for end in SECOND["line"]:
        lon, lat = to_datum(Place(**end), Datum.GCJ02)
        drawn.append({"lon": lon, "lat": lat, "crs": "gcj02"})
    answer = await here.call("POST", "/v1/closures", json={"line": drawn})
    assert answer.status_code == 201, answer.text
    assert answer.json()["lines6"] == wgs84["lines6"]


async def test_a_new_network_is_taken_up_and_lists_what_it_does_not_have(
    server, company, fleet_json, roads, tmp_path
):
    file = tmp_path / "roads.network"
    shutil.copy(roads, file)
    app = create_app(Settings(roads=file), url=server.url)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://cunlu") as client,
    ):
        mine = replace(company, client=client)

        async def version():
            return (await mine.call("GET", "/v1/me")).json()["network"]

        async with asyncio.timeout(60):
            while not (before := await version()):  # noqa: ASYNC110 (loading offers no event)
                await asyncio.sleep(0.01)
        await mine.call("PUT", "/v1/fleet", content=fleet_json)
        await close(mine, osm_ways=[1])
        await close(mine, **SECOND)
        straight_m = await metres(mine)

        # Somebody redraws the village: the streets keep their places and lose their ids.
        network = RoadNetwork.load(file)
        for _, _, road in network.graph.edges(data=True):
            road["osm_way"] += 100
        redrawn = RoadNetwork.from_graph(nx.MultiDiGraph(network.graph), profiles=network.profiles)
        redrawn.save(file)
        async with asyncio.timeout(60):
            while await version() == before:  # noqa: ASYNC110 (nor does this)
                await asyncio.sleep(0.01)
        found = (await mine.call("GET", "/v1/closures")).json()["closures"]
        assert [each["roads"] for each in found] == [0, 1]
        assert await metres(mine) < straight_m

        # A broken file takes nothing away.
        broken = tmp_path / "broken"
        broken.write_bytes(b"no network")
        broken.replace(file)
        async with asyncio.timeout(60):
            while "network" not in app.state.deps.roads.trouble:  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0.01)
        assert await metres(mine) < straight_m


async def test_slow_hours_of_every_day_come_and_go_by_the_depots_clock(here, clock):
    async def seconds():
        answer = await here.call("GET", f"/osrm/route/v1/van/{WAY}")
        return answer.json()["routes"][0]["duration"]

    usual = await seconds()
    hours = {"starts": "11:00", "ends": "13:30:00"}  # it is 10 o'clock there
    told = await close(here, **SECOND, duration_factor=1.5, hours=hours)
    assert told["hours"] == {"starts": "11:00:00", "ends": "13:30:00", "time_zone": "Asia/Shanghai"}
    assert not told["is_in_force"]
    assert await seconds() == usual

    clock.at = NOW + timedelta(hours=1, days=3)
    assert await seconds() > usual
    (seen,) = (await here.call("GET", "/v1/closures")).json()["closures"]
    assert seen["is_in_force"]

    clock.at = NOW + timedelta(hours=3, minutes=30, days=3)
    assert await seconds() == usual


@pytest.mark.parametrize(
    "hours",
    [
        {"starts": "6"},
        {"starts": "06:00", "ends": "24:30"},
        "06:00-09:00",
        {"starts": "06:00", "ends": "09:00", "days": "Mo"},
        {"starts": "06:00Z", "ends": "09:00"},
        {"starts": "06:00", "ends": "09:00+08:00"},
        {"starts": 21_600, "ends": "09:00"},
    ],
)
async def test_hours_that_are_none_are_refused(here, hours):
    answer = await here.call("POST", "/v1/closures", json=SECOND | {"hours": hours})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/hours")
