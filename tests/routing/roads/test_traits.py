import pytest

from routing.roads.traits import access_of, parse_maxspeed


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
