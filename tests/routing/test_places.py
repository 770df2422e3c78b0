import math

import pytest
from coord_convert import transform
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import RoutingError
from routing.places import Datum, NotAPlace, Place, from_datum, great_circle_m, in_china, to_datum

in_china_lon, in_china_lat = st.floats(73.0, 135.0), st.floats(18.0, 53.5)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(181.0, 0.0), (-180.1, 0.0), (0.0, 90.1), (0.0, -91.0), (math.nan, 0.0), (0.0, math.nan),
     (math.inf, 0.0), (0.0, -math.inf)],
)  # fmt: skip
def test_two_numbers_that_are_no_place_are_refused(lon, lat):
    with pytest.raises(NotAPlace) as refused:
        Place(lon, lat)

    assert isinstance(refused.value, RoutingError)
    assert refused.value.code == "not-a-place"


def test_a_swapped_pair_is_recognised():
    with pytest.raises(NotAPlace, match="look swapped"):
        Place(33.9, 118.13)


def test_the_edges_of_the_earth_are_places():
    for lon, lat in ((180.0, 90.0), (-180.0, -90.0)):
        assert Place(lon, lat).lon == lon


@given(in_china_lon, in_china_lat)
def test_gcj02_agrees_with_an_independent_implementation(lon, lat):
    assert to_datum(Place(lon, lat), Datum.GCJ02) == pytest.approx(
        transform.wgs2gcj(lon, lat), abs=1e-8
    )


@given(in_china_lon, in_china_lat)
def test_bd09_agrees_with_an_independent_implementation(lon, lat):
    assert to_datum(Place(lon, lat), Datum.BD09) == pytest.approx(
        transform.wgs2bd(lon, lat), abs=1e-8
    )


@given(in_china_lon, in_china_lat, st.sampled_from(Datum))
def test_a_place_survives_the_way_to_a_datum_and_back_within_a_tenth_of_a_millimetre(
    lon, lat, datum
):
    place = Place(lon, lat)

    back = from_datum(*to_datum(place, datum), datum)

    assert great_circle_m(place, back) < 1e-4


def test_the_datums_really_differ_where_the_villages_are():
    shaji = Place(118.13333, 33.9)

    gcj02, bd09 = (Place(*to_datum(shaji, datum)) for datum in (Datum.GCJ02, Datum.BD09))

    assert 400 < great_circle_m(shaji, gcj02) < 700
    assert 700 < great_circle_m(shaji, bd09) < 1_500


@given(st.floats(-180, 60), st.floats(-90, 90), st.sampled_from(Datum))
def test_outside_china_every_datum_is_wgs84(lon, lat, datum):
    assert not in_china(lon, lat)
    assert to_datum(Place(lon, lat), datum) == (lon, lat)
    assert from_datum(lon, lat, datum) == Place(lon, lat)


@pytest.mark.parametrize("datum", Datum)
def test_numbers_that_are_no_place_are_refused_in_every_datum(datum):
    for lon, lat in ((math.nan, 30.0), (33.9, 118.13), (500.0, 0.0)):
        with pytest.raises(NotAPlace):
            from_datum(lon, lat, datum)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        (Place(0.0, 0.0), Place(0.0, 1.0), 111_195.1),
        (Place(179.9995, 0.0), Place(-179.9995, 0.0), 111.2),
        (Place(118.0, 33.9), Place(118.0, 33.9), 0.0),
    ],
)
def test_great_circle_distance(a, b, metres):
    assert great_circle_m(a, b) == pytest.approx(metres, abs=0.1)
