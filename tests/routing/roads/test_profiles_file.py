import pytest

from routing.roads.profiles_file import ProfileUnreadable, read_profile
from routing.roads.speeds import TRIKE, UnknownProfile

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
    ],
)
def test_a_profile_that_cannot_be_read_is_refused_by_name(text, says):
    with pytest.raises(ProfileUnreadable, match=says):
        read_profile(text)


def test_a_profile_must_extend_a_known_one():
    with pytest.raises(UnknownProfile, match="rickshaw"):
        read_profile(HEAD.replace("trike", "rickshaw"))
