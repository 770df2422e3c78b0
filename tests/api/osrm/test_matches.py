"""Matches: the drive, in the shape that clients of OSRM read; and what is refused, by name."""

import numpy as np
import pytest
import shapely

from api.errors import OsrmRefused
from api.osrm import matches
from api.osrm.asking import parse
from api.osrm.matches import match_trace
from routing.places import Place
from routing.roads.geometry import step_lengths_m
from routing.roads.network import RoadNetwork


@pytest.fixture
def network(roads):
    return RoadNetwork.load(roads)


def question(places, **options):
    return parse(f"match/v1/van/{';'.join(places)}", options.items(), None)


@pytest.fixture
def drive(network):
    """The way from one corner of the village to another."""
    west, south, east, north = network.bounds
    snaps = network.snap([Place(west, south), Place(east, north)], "van")
    return network.leg(*snaps, "van")


@pytest.fixture
def trace(drive):
    """Text of places all along the drive, 25 m from each other, as a phone sees them."""
    line = np.array(drive.line)
    passed_m = np.concatenate(([0.0], np.cumsum(step_lengths_m(line))))
    marks_m = np.append(np.arange(0.0, passed_m[-1], 25.0), passed_m[-1])
    lon, lat = (np.interp(marks_m, passed_m, column) for column in line.T)
    off = np.random.default_rng(3).normal(0, 3.0, (2, len(lon))) / ((92_400,), (111_195,))
    return [f"{x:.6f},{y:.6f}" for x, y in zip(lon + off[0], lat + off[1], strict=True)]


async def test_a_trace_is_answered_with_its_drive(ask, drive, trace):
    path = f"match/v1/driving/{';'.join(trace)}"
    status, told = await ask(
        path, overview="full", geometries="geojson", steps="true", annotations="distance"
    )

    assert (status, told["code"]) == (200, "Ok")
    assert set(told) == {"code", "matchings", "tracepoints"}
    (found,) = told["matchings"]
    assert set(found) == {"distance", "duration", "weight", "weight_name", "legs", "geometry", "confidence"}  # fmt: skip
    assert found["distance"] == pytest.approx(drive.distance_m, rel=0.02)
    assert 0.5 < found["confidence"] <= 1.0
    assert found["duration"] == sum(leg["duration"] for leg in found["legs"])
    assert len(found["legs"]) == len(trace) - 1
    assert all(leg["steps"][-1]["maneuver"]["type"] == "arrive" for leg in found["legs"])
    assert len(told["tracepoints"]) == len(trace)
    for number, point in enumerate(told["tracepoints"]):
        assert set(point) == {
            "location", "name", "distance", "matchings_index", "waypoint_index", "alternatives_count",
        }  # fmt: skip
        assert (point["matchings_index"], point["waypoint_index"]) == (0, number)
    line = shapely.LineString(found["geometry"]["coordinates"])
    assert max(line.distance(shapely.Point(at)) for at in drive.line) < 0.0001  # some 10 m


async def test_waypoints_say_where_legs_end(ask, trace):
    last = len(trace) - 1
    _, told = await ask(f"match/v1/van/{';'.join(trace)}", waypoints=f"0;7;{last}")

    (found,) = told["matchings"]
    assert len(found["legs"]) == 2
    turns = [point["waypoint_index"] for point in told["tracepoints"]]
    assert {turn: number for number, turn in enumerate(turns) if turn is not None} == {
        0: 0,
        1: 7,
        2: last,
    }


async def test_tidying_leaves_out_what_is_too_close(ask, trace):
    twice = [place for place in trace for _ in range(2)]
    _, told = await ask(f"match/v1/van/{';'.join(twice)}", tidy="true", waypoints=f"0;3;{len(twice) - 1}")  # fmt: skip

    kept = [number for number, point in enumerate(told["tracepoints"]) if point is not None]
    assert 3 in kept
    assert len(kept) == pytest.approx(len(trace), abs=2)


async def test_silence_splits_a_match_and_is_ignored_on_demand(ask, trace):
    places = trace[:8]
    times = ";".join(str(1_790_000_000 + 4 * n + 600 * (n > 3)) for n in range(len(places)))
    path = f"match/v1/van/{';'.join(places)}"

    _, split = await ask(path, timestamps=times)
    _, whole = await ask(path, timestamps=times, gaps="ignore")

    assert [len(found["legs"]) for found in split["matchings"]] == [3, 3]
    assert [point["matchings_index"] for point in split["tracepoints"]] == [0] * 4 + [1] * 4
    assert [point["waypoint_index"] for point in split["tracepoints"]] == [0, 1, 2, 3] * 2
    assert len(whole["matchings"]) == 1


async def test_a_false_coordinate_is_null(ask, trace, corner):
    places = [*trace[:4], corner(2.5, 2.5), *trace[4:8]]

    _, told = await ask(f"match/v1/van/{';'.join(places)}")

    assert told["tracepoints"][4] is None
    assert sum(point is None for point in told["tracepoints"]) == 1
    status, refused = await ask(f"match/v1/van/{';'.join(places)}", waypoints="0;4;8")
    assert (status, refused["code"]) == (400, "NoMatch")
    assert "coordinate 4" in refused["message"]


async def test_a_match_is_asked_for_by_post_as_well(ask, trace):
    pairs = [[float(degrees) for degrees in place.split(",")] for place in trace]
    times = list(range(len(trace)))

    _, posted = await ask("match/v1/van", body={"coordinates": pairs, "timestamps": times})
    _, got = await ask(f"match/v1/van/{';'.join(trace)}", timestamps=";".join(map(str, times)))
    _, bare = await ask(f"match/v1/van/{';'.join(trace)}", skip_waypoints="true", overview="false")

    assert posted == got
    assert set(bare) == {"code", "matchings"}
    assert "geometry" not in bare["matchings"][0]


def test_bearings_tell_which_way_a_vehicle_went(network, corner):
    places = [corner(0.3, 0), corner(0.3, 0, east_m=2.0), corner(0.3, 0, east_m=4.0)]

    eastward = match_trace(network, "van", question(places, bearings="90,45;90,45;90,45"))
    westward = match_trace(network, "van", question(places, bearings="270,45;270,45;270,45"))

    assert eastward["matchings"][0]["distance"] == 4
    assert westward["matchings"][0]["distance"] == 0  # it trembles


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"gaps": "keep"}, "InvalidQuery", "gaps"),
        ({"tidy": "1"}, "InvalidQuery", "tidy"),
        ({"timestamps": "1;2"}, "InvalidOptions", "timestamps"),
        ({"timestamps": "1;2;"}, "InvalidOptions", "timestamps"),
        ({"timestamps": "3;2;1"}, "InvalidValue", "coordinate 1"),
        ({"timestamps": "1;2;soon"}, "InvalidQuery", "timestamps"),
        ({"timestamps": "1;2;" + "9" * 500}, "InvalidQuery", "timestamps"),
        ({"timestamps": "1;2;-3"}, "InvalidQuery", "timestamps"),
        ({"radiuses": "5;5;unlimited"}, "InvalidValue", "radiuses"),
        ({"radiuses": "5;5;101"}, "InvalidValue", "radiuses"),
        ({"waypoints": "0;1"}, "InvalidOptions", "waypoints"),
        ({"roundtrip": "true"}, "InvalidOptions", "roundtrip"),
    ],
)
async def test_a_match_refuses_by_name(ask, corner, options, code, named):
    places = ";".join(corner(column, 0) for column in (0.1, 0.2, 0.3))
    status, told = await ask(f"match/v1/van/{places}", **options)

    assert (status, told["code"]) == (400, code)
    assert named in told["message"]


async def test_what_fits_nothing_is_no_match(ask, corner):
    fields = ";".join(corner(column + 0.5, 0.5) for column in range(4))
    status, told = await ask(f"match/v1/van/{fields}")

    assert (status, told["code"]) == (400, "NoMatch")


def test_the_longest_trace_is_answered_and_one_longer_refused(network, trace):
    many = (trace * (matches.PLACES_MAX // len(trace) + 1))[: matches.PLACES_MAX]

    assert match_trace(network, "van", question(many, tidy="true"))["code"] == "Ok"
    with pytest.raises(OsrmRefused) as refused:
        match_trace(network, "van", question([*many, trace[0]]))
    assert refused.value.code == "TooBig"


def test_precision_of_nothing_is_a_metre(network, trace):
    none = match_trace(network, "van", question(trace, radiuses=";".join("0" for _ in trace)))
    one = match_trace(network, "van", question(trace, radiuses=";".join("1" for _ in trace)))

    assert none == one
