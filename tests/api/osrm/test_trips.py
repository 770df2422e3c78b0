"""Trips: the order is the fastest, the answer OSRM's, and each leg the route's own."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from api.errors import OsrmRefused
from api.osrm import trips
from api.osrm.asking import parse
from api.osrm.routes import route
from api.osrm.trips import trip
from routing.matrix import UNREACHABLE
from routing.roads.graph import CLOSED
from routing.roads.network import RoadNetwork


@pytest.fixture
def network(roads):
    return RoadNetwork.load(roads)


@pytest.fixture
def places(corner):
    drawn = np.random.default_rng(5).uniform(0, 5, (6, 2)).tolist()
    return [corner(column, row) for column, row in drawn]


def question(service, places, **options):
    return parse(f"{service}/v1/van/{';'.join(places)}", options.items(), None)


def visited(told):
    """The coordinates' numbers in the order of the trip."""
    turns = [each["waypoint_index"] for each in told["waypoints"]]
    assert {each["trips_index"] for each in told["waypoints"]} == {0}
    assert sorted(turns) == list(range(len(turns)))
    return sorted(range(len(turns)), key=turns.__getitem__)


def driven_s(network, places, order):
    told = route(network, "van", question("route", [places[i] for i in order]))
    return told["routes"][0]["duration"]


@pytest.mark.parametrize("roundtrip", ["true", "false"])
@pytest.mark.parametrize("source", ["any", "first"])
@pytest.mark.parametrize("destination", ["any", "last"])
def test_a_trip_is_the_fastest_of_all_orders(network, places, roundtrip, source, destination):
    places = places[:5]
    returns, last = roundtrip == "true", len(places) - 1
    options = {"roundtrip": roundtrip, "source": source, "destination": destination}

    told = trip(network, "van", question("trip", places, **options))

    order = visited(told)
    (driven,) = told["trips"]
    loop_ends_at_last = returns and source == "any" and destination == "last"
    if source == "first":
        assert order[0] == 0
    if destination == "last":
        assert order[0 if loop_ends_at_last else -1] == last
    if (source, destination) == ("any", "any") and returns:
        assert order[0] == 0
    closed = [*order, order[0]] if returns else order
    assert len(driven["legs"]) == len(closed) - 1
    assert driven["duration"] == driven_s(network, places, closed)
    durations_s = {
        (a, b): driven_s(network, places, (a, b)) for a, b in permutations(range(len(places)), 2)
    }
    assert driven["duration"] == min(
        sum(durations_s[pair] for pair in pairwise([*each, each[0]] if returns else each))
        for each in permutations(range(len(places)))
        if (source == "any" or each[0] == 0)
        and (destination == "any" or each[-1] == last or loop_ends_at_last)
    )


async def test_a_trip_has_the_members_that_clients_read(ask, places):
    path = f"trip/v1/driving/{';'.join(places)}"
    status, told = await ask(
        path, steps="true", annotations="duration", geometries="geojson", overview="full"
    )

    assert (status, told["code"]) == (200, "Ok")
    assert set(told) == {"code", "trips", "waypoints"}
    (driven,) = told["trips"]
    assert set(driven) == {"distance", "duration", "weight", "weight_name", "legs", "geometry"}
    assert driven["geometry"]["coordinates"][0] == driven["geometry"]["coordinates"][-1]
    assert all(leg["steps"][0]["maneuver"]["type"] == "depart" for leg in driven["legs"])
    assert all(set(leg["annotation"]) == {"duration"} for leg in driven["legs"])
    for waypoint, place in zip(told["waypoints"], places, strict=True):  # in the order of the input
        assert set(waypoint) == {"location", "name", "distance", "trips_index", "waypoint_index"}
        assert waypoint["location"] == pytest.approx(
            [float(each) for each in place.split(",")], abs=0.003
        )


async def test_a_trip_is_asked_for_by_post_as_well(ask, places):
    pairs = [[float(degrees) for degrees in place.split(",")] for place in places]

    _, posted = await ask(
        "trip/v1/van", body={"coordinates": pairs, "roundtrip": False, "source": "first"}
    )
    _, got = await ask(f"trip/v1/van/{';'.join(places)}", roundtrip="false", source="first")
    _, bare = await ask(f"trip/v1/van/{';'.join(places)}", skip_waypoints="true", overview="false")

    assert posted == got
    assert set(bare) == {"code", "trips"}
    assert "geometry" not in bare["trips"][0]


def test_many_places_are_visited_once_each(network, corner):
    drawn = np.random.default_rng(6).uniform(0, 5, (40, 2)).tolist()
    places = [corner(column, row) for column, row in drawn]

    told = trip(network, "van", question("trip", places))

    order = visited(told)
    assert told["trips"][0]["duration"] == driven_s(network, places, [*order, order[0]])
    assert told["trips"][0]["duration"] < driven_s(network, places, range(40))


def test_two_places_and_one_place_twice_are_trips(network, corner):
    there_and_back = trip(network, "van", question("trip", [corner(0, 0), corner(3, 0)]))
    nowhere = trip(network, "van", question("trip", [corner(1, 1), corner(1, 1)]))

    assert len(there_and_back["trips"][0]["legs"]) == 2
    assert nowhere["trips"][0]["duration"] == 0


def test_places_that_no_road_joins_are_no_trip(network, corner):
    _, _, east, north = network.bounds
    (tip,) = [
        n for n, at in network.graph.nodes(data=True) if (at["lon"], at["lat"]) == (east, north)
    ]
    weights = network.weights("van").copy()
    into = [arc for arc in range(len(weights)) if network.junctions.head(arc) == tip]
    weights[into] = CLOSED
    cut_off = network.with_weights({"van": weights})
    places = [corner(0, 0), corner(2, 0), corner(5, 5)]
    snaps = cut_off.snap(question("trip", places).places, "van")
    assert cut_off.matrix(snaps, "van").durations_s[0, 2] == UNREACHABLE

    with pytest.raises(OsrmRefused, match="from coordinate 0 to coordinate 2") as refused:
        trip(cut_off, "van", question("trip", places))

    assert refused.value.code == "NoTrips"


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"roundtrip": "yes"}, "InvalidQuery", "roundtrip"),
        ({"source": "last"}, "InvalidQuery", "source"),
        ({"destination": "first"}, "InvalidQuery", "destination"),
        ({"waypoints": "0;1"}, "InvalidOptions", "waypoints"),
        ({"alternatives": "true"}, "InvalidOptions", "alternatives"),
        ({"continue_straight": "true"}, "InvalidOptions", "continue_straight"),
        ({"exclude": "motorway"}, "NotImplemented", "exclude"),
        ({"annotations": "nodes"}, "NotImplemented", "annotations"),
        ({"geometries": "wkt"}, "InvalidQuery", "geometries"),
        ({"radiuses": "1"}, "InvalidOptions", "radiuses"),
    ],
)
async def test_a_trip_refuses_by_name(ask, corner, options, code, named):
    status, told = await ask(f"trip/v1/van/{corner(0, 0)};{corner(1, 1)}", **options)

    assert (status, told["code"]) == (400, code)
    assert named in told["message"]


async def test_too_few_and_too_many_places_are_refused(ask, corner):
    status, told = await ask(f"trip/v1/van/{corner(0, 0)}")
    assert (status, told["code"]) == (400, "InvalidOptions")

    pairs = [[118.1, 33.88]] * (trips.PLACES_MAX + 1)
    status, told = await ask("trip/v1/van", body={"coordinates": pairs})
    assert (status, told["code"]) == (400, "TooBig")
    assert "500" in told["message"]
