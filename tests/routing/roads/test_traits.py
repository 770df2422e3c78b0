import pytest

from routing.roads.traits import (
    Size,
    access_of,
    parse_duration_s,
    parse_maxspeed,
    size_limits,
    stopping_barrier,
)


@pytest.mark.parametrize(
    ("value", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48),
        ("30mph", 48),
        ("5 knots", 9),
        ("7.5", 7),
        ("70;50", 50),
        ("CN:urban", 50),
        ("walk", 7),
        ("DE:walk", 7),
        ("none", None),
        ("signals", None),
        ("CN:rural", None),
        ("0", None),
        ("", None),
        ("-20", None),
        ("fast", None),
    ],
)
def test_a_maximum_speed_is_read_as_written_or_not_at_all(value, kmh):
    assert parse_maxspeed(value) == kmh


def test_access_tags_come_general_before_special_and_the_first_of_several_values_counts():
    tags = {
        "foot": "yes",
        "name": "x",
        "access": "No ",
        "hgv": "destination;delivery",
        "vehicle": "",
    }

    assert access_of(tags) == (("access", "no"), ("hgv", "destination"), ("foot", "yes"))


@pytest.mark.parametrize(
    ("tags", "size", "unread"),
    [
        ({"maxheight": "3.5"}, Size(height_m=3.5), ()),
        ({"maxheight": "3.5 m", "maxheight:physical": "3.4"}, Size(height_m=3.4), ()),
        ({"maxheight": "350 cm"}, Size(height_m=3.5), ()),
        ({"maxheight": "11'6\""}, Size(height_m=3.505), ()),
        ({"maxwidth": "7 ft"}, Size(width_m=2.134), ()),
        ({"maxheight": "default"}, Size(), ()),
        ({"maxheight": "none;2.2"}, Size(height_m=2.2), ()),
        ({"maxweight": "3.5;7.5"}, Size(weight_t=3.5), ()),
        ({"maxweight": "3500 kg"}, Size(weight_t=3.5), ()),
        ({"maxweight": "10 st", "maxweightrating": "8"}, Size(weight_t=8.0), ()),
        ({"maxweight": "10 st"}, Size(weight_t=9.072), ()),
        ({"maxlength": "12m", "maxwidth": "2.3"}, Size(length_m=12.0, width_m=2.3), ()),
        ({"maxlength": "3,5"}, Size(), ("maxlength",)),
        ({"maxheight": "3 t"}, Size(), ("maxheight",)),
        ({"maxweight": "12'"}, Size(), ("maxweight",)),
        ({"maxweight": "-3"}, Size(), ("maxweight",)),
        ({"maxheight": "9" * 400}, Size(), ("maxheight",)),
        ({"maxheight": ""}, Size(), ("maxheight",)),
        ({"maxheight": "low;2.5;low"}, Size(height_m=2.5), ("maxheight",)),
    ],
)
def test_limits_of_size_are_read_or_told_to_be_unread(tags, size, unread):
    assert size_limits(tags) == (size, unread)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20", 1200),
        ("00:20", 1200),
        ("1:05", 3900),
        ("01:05:30", 3930),
        ("PT1H5M", 3900),
        ("PT90S", 90),
        ("PT", None),
        ("00:00", None),
        ("soon", None),
        ("1:2:3:4", None),
        ("-5", None),
        ("99999", None),
        ("", None),
    ],
)
def test_a_duration_is_read_as_written_or_not_at_all(value, seconds):
    assert parse_duration_s(value) == seconds


def test_a_barrier_that_lets_only_small_vehicles_pass_is_one():
    beam = stopping_barrier({"barrier": "height_restrictor", "maxheight": "2.1"})

    assert beam is not None
    assert beam.limits == Size(height_m=2.1)
    assert stopping_barrier({"barrier": "height_restrictor"}) is None
    assert stopping_barrier({"maxheight": "2.1"}) is None
