from dataclasses import replace

import pytest

from routing.roads.speeds import (
    FOOT,
    PROFILES,
    TRIKE,
    TRUCK,
    VAN,
    ProfileTwice,
    UnknownProfile,
    profiles_of,
)
from routing.roads.traits import (
    BARRIER,
    FERRY,
    ROAD_CLASSES,
    STOPPING_BARRIERS,
    Size,
    Traits,
    access_of,
    size_limits,
)


def on(highway, *, against_oneway=False, maxspeed_kmh=None, **tags):
    return Traits(
        highway=highway,
        surface=tags.pop("surface", ""),
        tracktype=tags.pop("tracktype", ""),
        barrier=tags.pop("barrier", ""),
        maxspeed_kmh=maxspeed_kmh,
        against_oneway=against_oneway,
        access=access_of(tags),
    )


@pytest.mark.parametrize(
    ("traits", "open_to"),
    [
        (on("residential"), "trike van truck foot"),
        (on("motorway"), "van truck"),
        (on("trunk"), "van truck"),
        (on("trunk", trike="yes"), "van truck"),
        (on("trunk", foot="yes"), "van truck foot"),
        (on("track"), "trike van foot"),
        (on("footway"), "foot"),
        (on("steps"), "foot"),
        (on("path"), "foot"),
        (on("path", motorcycle="yes"), "trike foot"),
        (on("path", trike="yes"), "trike foot"),
        (on("path", trike="no", motorcycle="yes"), "foot"),
        (on("pedestrian", motor_vehicle="delivery"), "trike van truck foot"),
        (on("residential", access="private"), ""),
        (on("residential", access="no", foot="yes"), "foot"),
        (on("residential", access="private", motor_vehicle="destination"), "trike van truck"),
        (on("residential", motor_vehicle="no"), "foot"),
        (on("residential", motor_vehicle="no", motorcycle="yes"), "trike foot"),
        (on("residential", vehicle="no"), "foot"),
        (on("residential", hgv="no"), "trike van foot"),
        (on("residential", access="delivery"), "trike van truck foot"),
        (on("track", motor_vehicle="agricultural"), "foot"),
        (on("residential", against_oneway=True), "foot"),
        (on("proposed"), ""),
        (on(BARRIER, barrier="bollard"), "trike foot"),
        (on(BARRIER, barrier="block"), "foot"),
        (on(BARRIER, barrier="block", motor_vehicle="yes"), "trike van truck foot"),
        (on(BARRIER, barrier="gate", access="private"), ""),
        (on(BARRIER, barrier="gate", access="private", foot="yes"), "foot"),
        (on(BARRIER, barrier="wall"), ""),
    ],
)
def test_each_profile_goes_where_the_tags_let_it(traits, open_to):
    let_in = {name for name, profile in PROFILES.items() if profile.speed_kmh(traits) is not None}

    assert let_in == set(open_to.split())


@pytest.mark.parametrize(
    ("profile", "traits", "kmh"),
    [
        (VAN, on("residential"), 25),
        (VAN, on("residential", maxspeed_kmh=50), 40),  # a posted limit says more than the class
        (VAN, on("primary", maxspeed_kmh=30), 24),
        (VAN, on("motorway", maxspeed_kmh=200), 110),
        (VAN, on("primary", surface="gravel"), 40),
        (VAN, on("track", tracktype="grade5"), 5),
        (TRIKE, on("residential", maxspeed_kmh=50), 16),  # and only caps a slow vehicle
        (TRIKE, on("residential", maxspeed_kmh=7), 7),
        (TRIKE, on("unclassified", surface="mud"), 6),
        (TRUCK, on("primary", maxspeed_kmh=80), 60),
        (FOOT, on("steps"), 2),
        (FOOT, on("primary", maxspeed_kmh=100), 5),
    ],
)
def test_speed_is_that_of_class_limit_and_ground(profile, traits, kmh):
    assert profile.speed_kmh(traits) == kmh


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_table_speaks_of_known_classes_and_keeps_to_the_top_speed(profile):
    tables = profile.class_kmh | profile.invited_kmh

    assert set(tables) <= {*ROAD_CLASSES, FERRY}
    assert all(0 < kmh <= profile.top_kmh for kmh in tables.values())
    assert profile.stopped_by <= STOPPING_BARRIERS
    assert not set(profile.class_kmh) & set(profile.invited_kmh)


def test_no_three_wheeler_is_faster_than_25_kmh():
    assert TRIKE.top_kmh == 25


@pytest.mark.parametrize(
    ("tags", "open_to"),
    [
        ({"maxheight": "2.1"}, "trike van foot"),
        ({"maxheight": "1.9"}, "foot"),
        ({"maxwidth": "1.7"}, "trike van foot"),  # what just fits may pass
        ({"maxwidth:physical": "1.5"}, "trike foot"),
        ({"maxlength": "5"}, "trike van foot"),
        ({"maxweight": "3.5"}, "trike van foot"),
        ({"maxweightrating": "1500 kg"}, "trike foot"),
        ({"maxweight": "soon"}, "trike van truck foot"),
    ],
)
@pytest.mark.parametrize("highway", ["residential", BARRIER])
def test_who_is_too_large_or_too_heavy_stays_out(highway, tags, open_to):
    traits = replace(on(highway), limits=size_limits(tags)[0])

    able = [name for name, profile in PROFILES.items() if profile.speed_kmh(traits) is not None]

    assert able == open_to.split()


@pytest.mark.parametrize(
    ("tags", "crossing_kmh", "expected"),
    [
        ({}, None, {"foot": 5}),
        ({"motor_vehicle": "yes"}, None, {"trike": 5, "van": 5, "truck": 5, "foot": 5}),
        ({"motor_vehicle": "yes", "hgv": "no"}, 12.5, {"trike": 12.5, "van": 12.5, "foot": 12.5}),
        ({"foot": "no"}, 31.0, {}),
    ],
)
def test_a_ferry_takes_aboard_whom_its_tags_invite(tags, crossing_kmh, expected):
    traits = replace(on(FERRY, **tags), crossing_kmh=crossing_kmh)

    speeds = {name: profile.speed_kmh(traits) for name, profile in PROFILES.items()}

    assert {name: kmh for name, kmh in speeds.items() if kmh is not None} == expected


def test_profiles_are_given_by_name_or_as_they_are():
    slow = replace(VAN, name="slow", top_kmh=30)

    assert profiles_of(["foot", slow, "foot"]) == (FOOT, slow)
    with pytest.raises(UnknownProfile, match="did you mean 'truck'"):
        profiles_of(["truk"])
    with pytest.raises(ProfileTwice, match="'van'"):
        profiles_of(["van", replace(VAN, top_kmh=30)])


def test_what_is_not_known_of_a_size_or_not_posted_stops_nobody():
    assert Size(height_m=9.0).fits(Size(width_m=1.0))
    assert Size().fits(Size(height_m=0.5, width_m=0.5, length_m=0.5, weight_t=0.5))
