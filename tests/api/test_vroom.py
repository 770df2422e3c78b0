"""VROOM's JSON through HTTP and a real worker, over the village's roads and over matrices of its own."""

import asyncio
import json

import polyline
import pytest

WEST, SOUTH, STEP = 118.10, 33.88, 0.005
MATRIX = [[0, 2104, 197, 1299], [2103, 0, 2255, 3152], [197, 2256, 0, 1102], [1299, 3153, 1102, 0]]
SMALL = {
    "vehicles": [{"id": 0, "start_index": 0, "end_index": 3}],
    "jobs": [{"id": 1414, "location_index": 1}, {"id": 1515, "location_index": 2}],
    "matrix": MATRIX,
}


@pytest.fixture
async def send(company):
    """`await send(body)`: status and JSON."""

    async def send(body, *, role="dispatcher", path="/vroom/"):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await company.call("POST", path, role=role, content=content, timeout=200)
        if answer.status_code == 503 and answer.json().get("reason") == "workers-busy":
            # On a busy machine a new worker may need longer than somebody waits: ask again, as it says.
            answer = await company.call("POST", path, role=role, content=content, timeout=200)
        return answer.status_code, answer.json()

    return send


def at(column, row):
    return [round(WEST + column * STEP, 6), round(SOUTH + row * STEP, 6)]


def village(**more):
    """Three jobs at crossings of the village and a van."""
    return {
        "vehicles": [{"id": 7, "profile": "van", "start": at(0, 0), "end": at(0, 0)}],
        "jobs": [{"id": n, "location": at(n, 1), "service": 60} for n in (1, 2, 3)],
        "options": {"l": 0.3},
    } | more


async def test_a_body_with_matrices_is_answered_in_its_shape(send, worker):
    status, answer = await send(SMALL)

    assert status == 200, answer
    assert answer["code"] == 0
    assert answer["summary"]["cost"] == 5461
    assert [step["type"] for step in answer["routes"][0]["steps"]] == ["start", "job", "job", "end"]
    assert answer["reasons"] == []


async def test_what_is_left_out_has_a_reason(send, worker):
    jobs = [*SMALL["jobs"], {"id": 9, "location_index": 2, "skills": [4]}]

    _, answer = await send(SMALL | {"jobs": jobs})

    assert [each["id"] for each in answer["unassigned"]] == [9]
    assert answer["reasons"] == [
        {
            "id": 9,
            "type": "job",
            "reason": "skill-missing",
            "text": "no vehicle has all its skills",
        }
    ]


async def test_a_misspelt_key_is_refused_at_once_and_a_better_one_named(send):
    jobs = [{"id": 1, "location_index": 1, "time_window": [[0, 9]]}]

    status, answer = await send(SMALL | {"jobs": jobs})  # nobody works here

    assert status == 400
    assert answer["code"] == 2
    assert answer["pointer"] == "/jobs/0/time_window"
    assert answer["did_you_mean"] == "time_windows"
    assert "did you mean `time_windows`?" in answer["error"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b'"x"', b"\xff", b"[" * 100_000, b'{"vehicles": [1e999]}', b"9" * 5_000],
)
async def test_what_is_no_body_is_refused_whatever_it_is(send, content):
    status, answer = await send(content)

    assert (status, answer["code"]) == (400, 2)


async def test_a_large_body_is_read_by_the_worker_and_refused_all_the_same(send, worker):
    jobs = [{"id": n, "location_index": 1, "description": "x" * 300} for n in range(1_000)]
    jobs.append({"id": 5, "location_index": 1})

    status, answer = await send(SMALL | {"jobs": jobs})

    assert (status, answer["pointer"]) == (400, "/jobs/1000/id")


async def test_locations_are_driven_to_by_road(send, company, client, worker):
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)

    status, answer = await send(village())

    assert status == 200, answer
    steps = answer["routes"][0]["steps"]
    places = ";".join("{},{}".format(*step["location"]) for step in steps)
    route = await company.call("GET", f"/osrm/route/v1/van/{places}")
    assert answer["summary"]["duration"] == route.json()["routes"][0]["duration"]
    assert answer["summary"]["unassigned"] == 0


async def test_geometry_brings_lines_and_metres(send, worker):
    _, answer = await send(village(options={"g": True, "l": 0.3}))

    assert answer["code"] == 0, answer
    route = answer["routes"][0]
    line = polyline.decode(route["geometry"], 5)
    assert line[0] == pytest.approx(tuple(reversed(at(0, 0))), abs=1e-3)
    assert line[0] == line[-1]
    assert route["distance"] == route["steps"][-1]["distance"] > 0


async def test_a_profile_nobody_knows_is_named(send, worker):
    body = village()
    body["vehicles"][0]["profile"] = "sledge"

    status, answer = await send(body)

    assert (status, answer["pointer"]) == (400, "/vehicles/0/profile")
    assert "choose one of" in answer["error"]


async def test_a_location_off_all_roads_is_named(send, worker):
    body = village()
    body["jobs"][1]["location"] = [100.0, 40.0]

    status, answer = await send(body)

    assert (status, answer["pointer"]) == (400, "/jobs/1/location")


async def test_closures_of_the_depot_hold(send, company, client, worker):
    _, before = await send(village())
    roads = client.app.state.deps.roads
    while not roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)
    line = [dict(zip(("lon", "lat"), at(column, 1), strict=True)) for column in (1, 2, 3)]
    closed = await company.call("POST", "/v1/closures", json={"line": line})
    assert closed.status_code == 201, closed.text

    _, after = await send(village())

    assert after["summary"]["duration"] > before["summary"]["duration"]


@pytest.mark.parametrize(("role", "status"), [("courier", 403), ("dashboard", 403), ("point", 403)])
async def test_only_dispatchers_may_send_a_body(send, role, status):
    assert (await send(SMALL, role=role))[0] == status


async def test_a_key_may_stand_in_the_address(client, company, send, worker):
    path = f"/vroom/key/{company.keys['dispatcher']}/"
    assert (await send(SMALL))[0] == 200  # the worker is awake

    assert (await client.post("/vroom/", json=SMALL)).json()["code"] == "key-missing"
    assert (await client.post(path, json=SMALL, timeout=200)).json()["code"] == 0


async def test_a_search_longer_than_anybody_waits_is_refused(send):
    status, answer = await send(SMALL | {"options": {"l": 5_000}})

    assert (status, answer["pointer"]) == (400, "/options/l")
