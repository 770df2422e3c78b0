"""Every option is understood or refused by name; a day of bad questions."""

import polyline
import pytest

from api.errors import OsrmRefused
from api.osrm.asking import OPTIONS, Service, parse

TWO = "118.1,33.88;118.11,33.89"


def asked(path, body=None, **options):
    return parse(path, options.items(), body)


@pytest.mark.parametrize(
    ("path", "code", "named"),
    [
        ("", "InvalidService", "''"),
        (f"rout/v1/van/{TWO}", "InvalidService", "'rout'"),
        ("tile/v1/van/tile(1,2,3).mvt", "NotImplemented", "tile"),
        (f"route/v2/van/{TWO}", "InvalidVersion", "'v2'"),
        ("route/v1/van", "InvalidUrl", "no coordinates"),
        ("route/v1/van/", "InvalidUrl", "no coordinates"),
        ("route/v1/van/.json", "InvalidUrl", "no coordinates"),
        ("route/v1/van/118.1,33.88", "InvalidOptions", "at least 2"),
        ("match/v1/van/118.1,33.88", "InvalidOptions", "match takes at least 2"),
        ("trip/v1/van/118.1,33.88", "InvalidOptions", "trip takes at least 2"),
        (f"nearest/v1/van/{TWO}", "InvalidOptions", "not 2"),
        ("route/v1/van/118.1,33.88;", "InvalidUrl", "coordinate 1"),
        ("route/v1/van/118.1;33.88", "InvalidUrl", "coordinate 0"),
        ("route/v1/van/118.1,33.88,5;118,33", "InvalidUrl", "coordinate 0"),
        ("route/v1/van/nan,33.88;118.1,33.9", "InvalidUrl", "coordinate 0"),
        ("route/v1/van/118.1,inf;118.1,33.9", "InvalidUrl", "coordinate 0"),
        ("route/v1/van/118.1,33.88;1_1,33.9", "InvalidUrl", "coordinate 1"),
        ("route/v1/van/118.1,33.88;33.89,118.1", "InvalidValue", "swapped"),
        ("route/v1/van/118.1,33.88;500,33.9", "InvalidValue", "coordinate 1"),
        ("route/v1/van/polyline(", "InvalidUrl", "coordinate 0"),
        ("route/v1/van/polyline()", "InvalidUrl", "no coordinates"),
        ("route/v1/van/polyline(_)", "InvalidUrl", "breaks off"),
        ("route/v1/van/polyline(??A)", "InvalidUrl", "breaks off"),
        ("route/v1/van/polyline(村路)", "InvalidUrl", "damaged"),
        # Decoding it would take longer than the test may.
        (f"route/v1/van/polyline({'~' * 3_000_000})", "InvalidUrl", "damaged"),
        (f"route/v1/van/{TWO}.flatbuffers", "NotImplemented", "flatbuffers"),
    ],
)
def test_a_bad_address_is_refused_by_name(path, code, named):
    with pytest.raises(OsrmRefused, match=named) as refused:
        asked(path)

    assert refused.value.code == code


@pytest.mark.parametrize("service", list(Service))
def test_an_option_of_another_service_is_refused_by_name(service):
    place = TWO if service is not Service.NEAREST else "118.1,33.88"
    every = frozenset().union(*OPTIONS.values(), {"stepps"})

    for name in every - OPTIONS[service]:
        with pytest.raises(OsrmRefused, match=f"no option '{name}'") as refused:
            asked(f"{service}/v1/van/{place}", **{name: "true"})
        assert refused.value.code == "InvalidOptions"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exclude", "motorway"),
        ("snapping", "any"),
        ("hints", "abc;def"),
        ("generate_hints", "true"),
    ],
)
@pytest.mark.parametrize("service", ["route", "table"])
def test_what_no_service_does_is_refused_by_name(service, name, value):
    with pytest.raises(OsrmRefused, match=name) as refused:
        asked(f"{service}/v1/van/{TWO}", **{name: value})

    assert refused.value.code == "NotImplemented"


def test_options_that_ask_for_the_usual_are_no_trouble():
    usual = {"generate_hints": "false", "hints": ";", "exclude": "", "snapping": "default"}

    assert asked(f"route/v1/van/{TWO}", **usual).options == usual


@pytest.mark.parametrize(
    "form",
    [
        TWO,
        f"{TWO}.json",
        f"polyline({polyline.encode([(33.88, 118.1), (33.89, 118.11)])})",
        f"polyline6({polyline.encode([(33.88, 118.1), (33.89, 118.11)], 6)}).json",
    ],
)
def test_coordinates_are_read_in_every_form(form):
    places = asked(f"route/v1/van/{form}").places

    assert [(round(p.lon, 5), round(p.lat, 5)) for p in places] == [(118.1, 33.88), (118.11, 33.89)]


def test_a_body_says_the_same_as_an_address():
    told = asked(f"table/v1/van/{TWO}", sources="0", annotations="duration,distance", radiuses=";5")
    body = {
        "coordinates": [[118.1, 33.88], [118.11, 33.89]],
        "sources": [0],
        "annotations": ["duration", "distance"],
        "radiuses": [None, 5],
    }

    assert asked("table/v1/van", body) == told
    assert asked("table/v1/van/", body) == told


@pytest.mark.parametrize(
    ("path", "body", "code", "named"),
    [
        (f"table/v1/van/{TWO}", {"coordinates": TWO}, "InvalidOptions", "coordinates"),
        (f"table/v1/van/{TWO}", {"sourcs": [0]}, "InvalidOptions", "sourcs"),
        ("table/v1/van", {"coordinates": [[1, 2, 3]]}, "InvalidUrl", "coordinate 0"),
        ("table/v1/van", {"coordinates": []}, "InvalidUrl", "no coordinates"),
        ("table/v1/van", {"coordinates": {"lon": 1}}, "InvalidQuery", "neither"),
        ("table/v1/van", {}, "InvalidUrl", "no coordinates"),
        ("table/v1/van", {"coordinates": [[[[1, 2]]]]}, "InvalidQuery", "pairs"),
        (f"table/v1/van/{TWO}", {"annotations": [["duration"]]}, "InvalidQuery", "pairs"),
    ],
)
def test_a_bad_body_is_refused_by_name(path, body, code, named):
    with pytest.raises(OsrmRefused, match=named) as refused:
        asked(path, body)

    assert refused.value.code == code


def test_an_option_given_twice_is_refused():
    twice = [("sources", "0"), ("sources", "1")]
    with pytest.raises(OsrmRefused, match="sources is given twice"):
        parse(f"table/v1/van/{TWO}", twice, None)
    with pytest.raises(OsrmRefused, match="sources is given twice"):
        parse(f"table/v1/van/{TWO}", twice[:1], {"sources": [0]})


@pytest.mark.parametrize(
    ("service", "options", "code", "named"),
    [
        ("route", {"steps": "yes"}, "InvalidQuery", "steps=yes"),
        ("route", {"geometries": "wkt"}, "InvalidQuery", "polyline6"),
        ("route", {"overview": "all"}, "InvalidQuery", "simplified"),
        ("route", {"annotations": "durations"}, "InvalidQuery", "durations"),
        ("route", {"annotations": "duration,nodes"}, "NotImplemented", "nodes"),
        ("route", {"alternatives": "true"}, "NotImplemented", "alternatives"),
        ("route", {"alternatives": "3"}, "NotImplemented", "alternatives"),
        ("route", {"language": "tlh"}, "InvalidQuery", "zh-CN"),
        ("route", {"waypoints": "0"}, "InvalidOptions", "first and the last"),
        ("route", {"waypoints": "1;0"}, "InvalidOptions", "first and the last"),
        ("route", {"waypoints": "0;9"}, "InvalidOptions", "no coordinate 9"),
        ("route", {"continue_straight": "no"}, "InvalidQuery", "continue_straight"),
        ("route", {"radiuses": "5"}, "InvalidOptions", "1 elements for 2"),
        ("route", {"radiuses": "5;5;5"}, "InvalidOptions", "3 elements for 2"),
        ("route", {"radiuses": "-5;5"}, "InvalidValue", "below 0"),
        ("route", {"radiuses": "nan;5"}, "InvalidQuery", "nan"),
        ("route", {"radiuses": "1;"}, "NoSegment", "coordinate 0"),
        ("route", {"bearings": "0,20"}, "InvalidOptions", "1 elements for 2"),
        ("route", {"bearings": "400,20;"}, "InvalidValue", "0…360"),
        ("route", {"bearings": "0,200;"}, "InvalidValue", "0…180"),
        ("route", {"bearings": "north;"}, "InvalidQuery", "north"),
        ("route", {"approaches": "curb"}, "InvalidOptions", "1 elements for 2"),
        ("route", {"approaches": "kerb;"}, "InvalidQuery", "curb"),
        ("table", {"sources": "2"}, "InvalidOptions", "no coordinate 2"),
        ("table", {"sources": "-1"}, "InvalidQuery", "'-1'"),
        ("table", {"destinations": "0;"}, "InvalidQuery", "''"),
        ("table", {"destinations": "99999999999999999999999"}, "InvalidOptions", "no coordinate"),
        ("table", {"destinations": "9" * 5000}, "InvalidOptions", "no coordinate"),
        ("table", {"scale_factor": "1e999"}, "InvalidValue", "up to 1,000,000,000"),
        ("table", {"scale_factor": "1e300"}, "InvalidValue", "up to 1,000,000,000"),
        ("table", {"fallback_speed": "1e-320"}, "InvalidValue", "above 0"),
        ("nearest", {"number": "9" * 5000}, "InvalidOptions", "at least 1"),
        ("table", {"annotations": "speed"}, "InvalidQuery", "speed"),
        ("table", {"scale_factor": "0"}, "InvalidValue", "above 0"),
        ("table", {"scale_factor": "x"}, "InvalidQuery", "no number"),
        ("table", {"fallback_speed": "-1"}, "InvalidValue", "above 0"),
        ("table", {"fallback_coordinate": "here"}, "InvalidQuery", "snapped"),
        ("nearest", {"number": "0"}, "InvalidOptions", "at least 1"),
        ("nearest", {"number": "1.5"}, "InvalidOptions", "at least 1"),
    ],
)  # fmt: skip
async def test_a_bad_value_is_refused_by_name(ask, corner, service, options, code, named):
    places = corner(0, 0, 100, 20) + (";" + corner(3, 3, 100, 20)) * (service != "nearest")

    status, told = await ask(f"{service}/v1/van/{places}", **options)

    assert (status, told["code"]) == (400, code), told
    assert named in told["message"]


async def test_a_profile_is_taken_by_our_name_or_by_osrms(ask, corner):
    here = corner(1, 1)

    for name in ("van", "driving", "car", "trike"):
        assert (await ask(f"nearest/v1/{name}/{here}"))[0] == 200
    for name in ("foot", "bike", "", "x" * 99):
        status, told = await ask(f"nearest/v1/{name}/{here}")
        assert (status, told["code"]) == (400, "InvalidValue")
        assert "choose one of trike, van, driving, car" in told["message"]


async def test_a_place_far_from_all_roads_is_named_unless_any_distance_is_allowed(ask, corner):
    far = f"{corner(0, 0)};117.5,33.88"

    status, told = await ask(f"route/v1/van/{far}")
    assert (status, told["code"]) == (400, "NoSegment")
    assert "coordinate 1" in told["message"]
    status, told = await ask(f"route/v1/van/{far}", radiuses=";unlimited")
    assert status == 200
    assert told["waypoints"][1]["distance"] == pytest.approx(55_400, abs=200)


async def test_a_body_that_is_no_json_object_is_refused(client, company, ask):
    deep, digits = (
        b'{"coordinates": ' + b"[" * 100_000,
        b'{"coordinates": [[1, 2]], "sources": [' + b"9" * 5000 + b"]}",
    )
    for content in (b"", b"{", b"[1]", b'"x"', b"\xff", b'{"coordinates": "\xff"}', deep, digits):
        answer = await company.call("POST", "/osrm/table/v1/van", content=content)
        assert answer.status_code == 400
        assert answer.json()["code"] == "InvalidQuery"


@pytest.mark.parametrize(("role", "status"), [("courier", 200), ("dashboard", 200), ("point", 403)])
async def test_roles_that_may_ask(ask, client, company, corner, role, status):
    answer = await company.call("GET", f"/osrm/nearest/v1/van/{corner(1, 1)}", role=role)

    assert answer.status_code == status


async def test_a_key_is_asked_for_in_the_header_or_in_the_address(ask, client, company, corner):
    path = f"nearest/v1/van/{corner(1, 1)}"

    assert (await client.get(f"/osrm/{path}")).json()["code"] == "key-missing"
    assert (await client.get(f"/osrm/key/cl_wrong/{path}")).json()["code"] == "key-unknown"
    answer = await client.get(f"/osrm/key/{company.keys['dispatcher']}/{path}")
    assert answer.json()["code"] == "Ok"


async def test_half_a_character_is_refused_and_told_whole(client, company, ask):
    body = b'{"coordinates": [[118.1, 33.88]], "annotations": "\\ud800"}'

    answer = await company.call("POST", "/osrm/table/v1/van", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidQuery")
    assert "annotations=?" in answer.json()["message"]
