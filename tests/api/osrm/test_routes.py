"""Routes and positions as OSRM's documentation draws them."""

import polyline
import pytest

LEG = {"distance", "duration", "weight", "summary", "steps"}
STEP = {
    "distance", "duration", "weight", "geometry", "name", "mode", "driving_side", "maneuver",
    "intersections",
}  # fmt: skip


async def test_a_route_has_the_members_that_clients_read(ask, corner):
    status, told = await ask(
        f"route/v1/van/{corner(0, 0, 100, 20)};{corner(3, 2, 100)};{corner(5, 5)}",
        steps="true",
        annotations="true",
        overview="full",
    )

    assert (status, told["code"]) == (200, "Ok")
    assert len(told["waypoints"]) == 3
    assert set(told["waypoints"][0]) == {"location", "name", "distance"}
    assert told["waypoints"][0]["distance"] == pytest.approx(20, abs=0.2)
    (route,) = told["routes"]
    assert set(route) == {"distance", "duration", "weight", "weight_name", "legs", "geometry"}
    assert len(route["legs"]) == 2
    assert route["duration"] == sum(leg["duration"] for leg in route["legs"])
    for leg in route["legs"]:
        assert set(leg) == LEG | {"annotation"}
        assert [s["maneuver"]["type"] for s in leg["steps"]][:: len(leg["steps"]) - 1] == [
            "depart",
            "arrive",
        ]
        assert sum(s["duration"] for s in leg["steps"]) == pytest.approx(leg["duration"], abs=1)
        assert sum(s["distance"] for s in leg["steps"]) == pytest.approx(leg["distance"], abs=1)
        for step in leg["steps"]:
            assert set(step) == STEP
            assert len(polyline.decode(step["geometry"])) >= 2
        points = {len(leg["annotation"][name]) for name in ("distance", "duration", "speed")}
        assert len(points) == 1
        assert sum(leg["annotation"]["duration"]) == pytest.approx(leg["duration"], abs=1)
        assert sum(leg["annotation"]["distance"]) == pytest.approx(leg["distance"], abs=1)
        assert "村路" in leg["summary"]


@pytest.mark.parametrize("precision", [5, 6])
async def test_a_line_is_the_same_in_every_format(ask, corner, precision):
    places = f"{corner(0, 0, 100)};{corner(3, 2, 100)}"
    name = "polyline" if precision == 5 else "polyline6"

    _, encoded = await ask(f"route/v1/van/{places}", geometries=name, overview="full")
    _, drawn = await ask(f"route/v1/van/{places}", geometries="geojson", overview="full")

    line = drawn["routes"][0]["geometry"]
    assert line["type"] == "LineString"
    decoded = polyline.decode(encoded["routes"][0]["geometry"], precision)
    assert [(lon, lat) for lat, lon in decoded] == [
        pytest.approx(at, abs=10**-precision) for at in line["coordinates"]
    ]


async def test_an_overview_is_simplified_full_or_left_out(ask, corner):
    places = f"{corner(0, 0, 100)};{corner(0, 5, 100)}"
    lines = {}
    for overview in ("simplified", "full", "false"):
        _, told = await ask(f"route/v1/van/{places}", overview=overview, geometries="geojson")
        lines[overview] = told["routes"][0].get("geometry")

    assert lines["false"] is None
    full, simplified = lines["full"]["coordinates"], lines["simplified"]["coordinates"]
    assert len(simplified) < len(full)  # crossings on a straight road say nothing
    assert [simplified[0], simplified[-1]] == [full[0], full[-1]]


async def test_instructions_are_written_in_the_language_asked_for(ask, corner):
    places = f"{corner(0, 0, 100)};{corner(3, 2, 0, 100)}"
    told = {}
    for language in ("zh-CN", "en"):
        _, answer = await ask(f"route/v1/van/{places}", steps="true", language=language)
        steps = answer["routes"][0]["legs"][0]["steps"]
        told[language] = [step["maneuver"]["instruction"] for step in steps]
    _, silent = await ask(f"route/v1/van/{places}", steps="true")

    assert told["zh-CN"][0] == "沿村路1向东出发"
    assert told["en"][0] == "Set out heading east on 村路1"
    assert "instruction" not in silent["routes"][0]["legs"][0]["steps"][0]["maneuver"]


async def test_coordinates_that_are_no_waypoints_end_no_leg(ask, corner):
    places = ";".join((corner(0, 0, 100), corner(2, 0, 100), corner(2, 3, 0, 100), corner(5, 5)))

    _, whole = await ask(f"route/v1/van/{places}", steps="true", overview="full")
    _, joined = await ask(f"route/v1/van/{places}", steps="true", overview="full", waypoints="0;3")

    (one,), (other,) = whole["routes"], joined["routes"]
    assert [len(one["legs"]), len(other["legs"])] == [3, 1]
    assert len(joined["waypoints"]) == 2
    assert (one["duration"], one["geometry"]) == (other["duration"], other["geometry"])
    kinds = [step["maneuver"]["type"] for step in other["legs"][0]["steps"]]
    assert kinds.count("depart") == kinds.count("arrive") == 1


async def test_a_vehicle_that_must_go_straight_on_drives_round_instead_of_back(ask, corner):
    places = ";".join((corner(1, 1, 0, 5), corner(2, 1, 100), corner(1, 1, 0, 5)))

    _, free = await ask(f"route/v1/van/{places}", continue_straight="false", steps="true")
    _, bound = await ask(f"route/v1/van/{places}", continue_straight="true", steps="true")

    assert bound["routes"][0]["duration"] > free["routes"][0]["duration"]
    first, second = bound["routes"][0]["legs"]
    assert (
        first["steps"][-1]["maneuver"]["bearing_before"]
        == second["steps"][0]["maneuver"]["bearing_after"]
    )


@pytest.mark.parametrize(("approach", "bearing"), [("curb", 90), ("opposite", 270)])
async def test_the_kerb_of_a_stop_says_which_way_one_arrives(ask, corner, approach, bearing):
    south_of_the_road = corner(2, 2, 200, -10)  # to the right of who drives east

    _, told = await ask(
        f"route/v1/van/{corner(0, 0, 100)};{south_of_the_road}",
        approaches=f";{approach}",
        steps="true",
    )

    arrival = told["routes"][0]["legs"][0]["steps"][-1]["maneuver"]
    assert arrival["bearing_before"] == bearing


@pytest.mark.parametrize("bearing", [0, 90, 180, 270])
async def test_a_bearing_chooses_the_road_and_the_direction(ask, corner, bearing):
    _, told = await ask(
        f"route/v1/van/{corner(2, 2, 20, 30)};{corner(5, 5)}",
        bearings=f"{bearing},30;",
        steps="true",
    )

    start = told["routes"][0]["legs"][0]["steps"][0]["maneuver"]
    assert start["bearing_after"] == bearing


async def test_a_bearing_that_no_road_has_finds_no_segment(ask, corner):
    status, told = await ask(
        f"nearest/v1/van/{corner(2, 2, 20, 30)}", bearings="45,10", radiuses="300"
    )

    assert (status, told["code"]) == (400, "NoSegment")


async def test_nearest_tells_as_many_roads_as_are_asked_for(ask, corner):
    _, told = await ask(f"nearest/v1/van/{corner(2, 2, 20, 30)}", number=4)

    distances = [each["distance"] for each in told["waypoints"]]
    assert len(distances) == 4
    assert distances == sorted(distances)
    assert len({(w["name"], *w["location"]) for w in told["waypoints"]}) == 4
    _, one = await ask(f"nearest/v1/van/{corner(2, 2, 20, 30)}")
    assert one["waypoints"] == told["waypoints"][:1]


async def test_waypoints_are_left_out_on_request(ask, corner):
    places = f"{corner(0, 0)};{corner(1, 1)}"

    _, route = await ask(f"route/v1/van/{places}", skip_waypoints="true")
    _, table = await ask(f"table/v1/van/{places}", skip_waypoints="true")

    assert set(route) == {"code", "routes"}
    assert set(table) == {"code", "durations"}


async def test_a_route_from_a_place_to_itself_is_nowhere(ask, corner):
    here = corner(2, 2, 40)

    _, told = await ask(f"route/v1/van/{here};{here}", steps="true", annotations="true")

    (route,) = told["routes"]
    assert (route["duration"], route["distance"]) == (0, 0)
    assert [s["maneuver"]["type"] for s in route["legs"][0]["steps"]] == ["depart", "arrive"]
