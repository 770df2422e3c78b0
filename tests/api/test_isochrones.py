"""Isochrones over HTTP: GeoJSON that holds what the matrix says, and every misuse refused by name."""

import asyncio

import numpy as np
import pytest
import shapely

from api import isochrones
from routing.places import Place
from routing.roads import isochrones as drawing

AT = {"profile": "van", "lon": 118.1126, "lat": 33.8901}


@pytest.fixture
async def ask(client, company):
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)

    async def asked(role="dispatcher", **parameters):
        answer = await company.call("GET", "/v1/isochrones", role=role, params=AT | parameters)
        return answer.status_code, answer.json()

    return asked


@pytest.mark.parametrize("direction", ["from", "to"])
async def test_an_area_holds_just_the_places_within_its_minutes(ask, client, direction):
    network = client.app.state.deps.roads.network
    random = np.random.default_rng(4)
    west, south, east, north = network.bounds
    drawn = random.uniform((west, south), (east, north), (60, 2)).tolist()
    snaps = network.snap([Place(AT["lon"], AT["lat"]), *(Place(*at) for at in drawn)], "van")
    durations_s = network.matrix(snaps, "van").durations_s
    cells = durations_s[1:, 0] if direction == "to" else durations_s[0, 1:]

    status, told = await ask(minutes="1,2.5", direction=direction)

    assert status == 200, told
    assert told["type"] == "FeatureCollection"
    assert [each["properties"] for each in told["features"]] == [
        {"minutes": 2.5, "metres": None},
        {"minutes": 1.0, "metres": None},
    ]
    areas = [shapely.geometry.shape(each["geometry"]) for each in told["features"]]
    assert all(area.is_valid and area.geom_type == "MultiPolygon" for area in areas)
    for area, limit_s in zip(areas, (150, 60), strict=True):
        within = [
            shapely.Point(snap.place.lon, snap.place.lat)
            for snap, cell_s in zip(snaps[1:], cells.tolist(), strict=True)
            if cell_s <= limit_s
        ]
        assert 0 < len(within) < 60
        assert all(area.covers(point) for point in within)
    assert areas[0].covers(areas[1].buffer(-1e-5))
    assert told["place"] == [pytest.approx(AT["lon"], abs=0.01), pytest.approx(33.89, abs=0.01)]
    assert "OpenStreetMap" in told["attribution"]


async def test_metres_go_as_far_as_they_say(ask):
    status, told = await ask(metres="300")

    assert status == 200, told
    (contour,) = told["features"]
    assert contour["properties"] == {"minutes": None, "metres": 300.0}
    away = shapely.get_coordinates(shapely.geometry.shape(contour["geometry"])) - told["place"]
    far_m = np.hypot(*(away * (92_400, 111_195)).T).max()
    assert 300 < far_m < 380


@pytest.mark.parametrize(("role", "status"), [("courier", 200), ("dashboard", 200), ("point", 403)])
async def test_whoever_may_ask_roads_may_ask_for_isochrones(ask, role, status):
    assert (await ask(role=role, minutes="1"))[0] == status


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({}, "limits-unclear", "minutes or metres"),
        ({"minutes": "5", "metres": "500"}, "limits-unclear", "minutes or metres"),
        ({"minutes": ""}, "limits-unclear", "minutes"),
        ({"minutes": "0"}, "limits-unclear", "minutes"),
        ({"minutes": "-5"}, "limits-unclear", "minutes"),
        ({"minutes": "5,"}, "limits-unclear", "minutes"),
        ({"minutes": "5;10"}, "limits-unclear", "minutes"),
        ({"minutes": "nan"}, "limits-unclear", "minutes"),
        ({"minutes": "1e3"}, "limits-unclear", "minutes"),
        ({"minutes": "٥"}, "limits-unclear", "minutes"),
        ({"minutes": "241"}, "limits-unclear", "240"),
        ({"minutes": ",".join(["5"] * 13)}, "limits-unclear", "up to 12"),
        ({"minutes": "5" * 50_000}, "limits-unclear", "minutes"),
        ({"metres": "200001"}, "limits-unclear", "metres"),
        ({"minutes": "5", "direction": "around"}, "not-valid", "direction"),
        ({"minutes": "5", "profile": "rocket"}, "profile-unknown", "rocket"),
        ({"minutes": "5", "lon": "nan"}, "not-a-place", "nan"),
        ({"minutes": "5", "lon": "east"}, "not-valid", "lon"),
        ({"minutes": "5", "lat": "91"}, "not-a-place", "91"),
        ({"minutes": "5", "lat": "34.2"}, "place-off-road", "road"),
        ({"minutes": "5", "minute": "5"}, "parameter-unknown", "minutes"),
    ],
)
async def test_what_makes_no_isochrone_is_refused_by_name(ask, parameters, code, named):
    status, told = await ask(**parameters)

    assert (status, told["code"]) == (422, code), told
    assert named in told["detail"]


async def test_an_area_around_too_many_roads_is_refused(ask, monkeypatch):
    monkeypatch.setattr(drawing, "ROADS_MAX", 5)

    status, told = await ask(minutes="30")

    assert (status, told["code"]) == (422, "isochrone-too-large")


async def test_the_same_limit_twice_is_one_area(ask):
    _, told = await ask(minutes=",".join(["1"] * isochrones.LIMITS_MAX))

    assert len(told["features"]) == 1
