from dataclasses import replace
from pathlib import Path

import pytest

from routing.roads.profiles_file import ProfileUnreadable, read_profile
from routing.roads.speeds import TRIKE, UnknownProfile
from routing.roads.turns import TurnCosts

HEAD = 'name = "loaded"\nextends = "trike"\nsource = "measured in May"\n'


def test_a_profile_differs_from_the_one_it_extends_only_where_it_says_so():
    profile = read_profile(HEAD + "top_kmh = 20\n[class_kmh]\nprimary = 18\n")

    assert (profile.name, profile.top_kmh, profile.class_kmh["primary"]) == ("loaded", 20, 18)
    assert profile.class_kmh["track"] == TRIKE.class_kmh["track"]
    assert profile.surface_kmh == TRIKE.surface_kmh


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name =", "not TOML"),
        (HEAD + "topkmh = 20", "did you mean 'top_kmh'"),
        (HEAD + "top_kmh = 0", "from 1 to 200"),
        (HEAD + "top_kmh = true", "whole number"),
        (HEAD + "class_kmh = 3", "table of speeds"),
        (HEAD + "[surface_kmh]\nmud = 2.5", "surface_kmh.mud"),
        (HEAD.replace("loaded", "van"), "taken"),
        ('extends = "trike"', "'name'"),
        (HEAD.replace("loaded", "Loaded"), "name 'Loaded'"),
        (HEAD.replace("loaded", "../../etc"), "use up to 32"),
        (HEAD + "[class_kmh]\nresidental = 14", "did you mean 'residential'"),
        (HEAD + "[size]\nheigth_m = 2.4", "did you mean 'height_m'"),
        (HEAD + "[size]\nheight_m = 0", "from 0.1 to 100"),
        (HEAD + "[size]\nheight_m = nan", "from 0.1 to 100"),
        (HEAD + "[size]\nheight_m = true", "must be a number"),
        (HEAD + "[size]\nheight_m = '2.4'", "must be a number"),
        (HEAD + "size = 2.4", "table of numbers"),
        (HEAD + "[turn_costs]\nleft_s = -1", "from 0 to 3600"),
        (HEAD + "[turn_costs]\nleft_s = 1e300", "from 0 to 3600"),
        (HEAD + "turn_costs = []", "table of numbers"),
        (HEAD + "top_kmh = 1" + "0" * 5000, "TOML|from 1 to 200"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_a_profile_that_cannot_be_read_is_refused_by_name(text, says):
    with pytest.raises(ProfileUnreadable, match=says):
        read_profile(text)


def test_a_profile_must_extend_a_known_one():
    with pytest.raises(UnknownProfile, match="rickshaw"):
        read_profile(HEAD.replace("trike", "rickshaw"))


def test_the_example_differs_from_a_three_wheeler_in_speeds_size_and_turns():
    text = (Path(__file__).parents[3] / "examples" / "flatbed.profile.toml").read_text()

    profile = read_profile(text)

    assert (profile.name, profile.top_kmh, profile.surface_kmh["mud"]) == ("flatbed", 22, 4)
    assert profile.size == replace(TRIKE.size, height_m=2.4, width_m=1.5, weight_t=1.5)
    assert profile.turn_costs == TurnCosts(left_s=4.0, right_s=1.0, u_turn_s=12.0, crossing_s=0.5)
    assert profile.access_keys == TRIKE.access_keys
