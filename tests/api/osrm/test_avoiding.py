"""Areas to avoid: a question keeps out of them, and nobody else's does."""

import polyline
import pytest
import shapely

from api.avoiding import AREAS_MAX, read_areas
from routing.roads.closures import ClosureUnclear


@pytest.fixture
def around(corner):
    """Text of a square of 2 × `half_m` metres around a crossing."""

    def around(column, row, half_m=100.0):
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return ";".join(corner(column, row, x * half_m, y * half_m) for x, y in signs)

    return around


def shape_of(area):
    return shapely.Polygon([tuple(map(float, corner.split(","))) for corner in area.split(";")])


def line_of(route):
    return shapely.LineString([(lon, lat) for lat, lon in polyline.decode(route["geometry"])])


async def test_a_route_keeps_out_of_an_area_and_the_next_one_does_not(ask, corner, around):
    path = f"route/v1/van/{corner(0, 2)};{corner(4, 2)}"
    area = around(2, 2)
    _, free = await ask(path, overview="full")
    crossed = shape_of(area).intersects(line_of(free["routes"][0]))
    assert crossed

    status, told = await ask(path, overview="full", avoid_polygons=area)
    _, again = await ask(path, overview="full")

    assert status == 200, told
    assert not shape_of(area).intersects(line_of(told["routes"][0]))
    assert told["routes"][0]["duration"] > free["routes"][0]["duration"]
    assert again == free


async def test_every_service_avoids_several_areas_and_takes_them_in_a_body(ask, corner, around):
    places = [corner(0, 2), corner(4, 2), corner(4, 4)]
    areas = [around(2, 2), around(2, 1)]
    pairs = [[float(degrees) for degrees in place.split(",")] for place in places]
    nested = [
        [[float(degrees) for degrees in each.split(",")] for each in area.split(";")]
        for area in areas
    ]
    more = {"avoid_polygons": "|".join(areas)}
    path = ";".join(places)

    _, table = await ask(f"table/v1/van/{path}", **more)
    _, posted = await ask("table/v1/van", body={"coordinates": pairs, "avoid_polygons": nested})
    _, route = await ask(f"route/v1/van/{path}", **more)
    _, trip = await ask(f"trip/v1/van/{path}", source="first", destination="last", roundtrip="false", **more)  # fmt: skip
    _, nearest = await ask(f"nearest/v1/van/{corner(2, 2)}", **more)
    _, matched = await ask(f"match/v1/van/{path}", **more)
    _, free = await ask(f"table/v1/van/{path}")

    assert table == posted
    legs = [leg["duration"] for leg in route["routes"][0]["legs"]]
    assert legs == [table["durations"][0][1], table["durations"][1][2]]
    assert [leg["duration"] for leg in trip["trips"][0]["legs"]] == legs
    assert legs == [leg["duration"] for leg in matched["matchings"][0]["legs"]]
    assert nearest["waypoints"][0]["distance"] > 100
    assert table["durations"][0][1] > free["durations"][0][1]


async def test_an_area_without_roads_changes_nothing(ask, corner):
    path = f"route/v1/van/{corner(0, 0)};{corner(1, 1)}"
    _, free = await ask(path)
    _, told = await ask(path, avoid_polygons="10,10;10.1,10;10.1,10.1")

    assert told == free


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "area 0"),
        ("118,33;118.1,33", "area 0"),
        ("118,33;118.1,33;118.1,33.1|", "area 1"),
        ("118,33;118.1,33.1;118.1,33;118,33.1", "area 0"),
        ("118,33;118.1,33;nan,33.1", "area 0"),
        ("118,33;118.1,33;1e2,33.1", "area 0"),
        ("33,118;33,118.1;33.1,118.1", "area 0"),
        ("|".join(["118,33;118.1,33;118.1,33.1"] * (AREAS_MAX + 1)), "11 areas"),
        (";".join(["118,33"] * 201), "201 corners"),
    ],
)
async def test_what_is_no_area_is_refused_by_name(ask, corner, text, named):
    status, told = await ask(f"route/v1/van/{corner(0, 0)};{corner(1, 1)}", avoid_polygons=text)

    assert (status, told["code"]) == (400, "InvalidOptions")
    assert named in told["message"]


async def test_isochrones_avoid_areas_too(client, company, ask, around):
    await ask(f"nearest/v1/van/{around(2, 2).split(';', maxsplit=1)[0]}")  # the roads are loaded
    at = {"profile": "van", "lon": 118.1, "lat": 33.89, "minutes": "6"}
    free = (await company.call("GET", "/v1/isochrones", params=at)).json()
    area = around(2, 2)
    told = (
        await company.call("GET", "/v1/isochrones", params=at | {"avoid_polygons": area})
    ).json()
    wrong = await company.call("GET", "/v1/isochrones", params=at | {"avoid_polygons": "here"})

    reached, kept = (shapely.geometry.shape(f["features"][0]["geometry"]) for f in (free, told))
    crossing = shape_of(area).centroid
    assert reached.covers(crossing)
    assert not kept.covers(crossing)
    assert kept.area < reached.area
    assert (wrong.status_code, wrong.json()["code"]) == (422, "closure-unclear")


def test_areas_hold_for_the_profile_that_asks():
    (area,) = read_areas("118,33;118.1,33;118.1,33.1", "van")

    assert area.profiles == {"van"}
    with pytest.raises(ClosureUnclear, match="area 0"):
        read_areas("0,0;1,1;0,0", "van")
