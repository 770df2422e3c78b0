import pytest

from routing.roads.speeds import FOOT, PROFILES, TRIKE, TRUCK, VAN
from routing.roads.traits import BARRIER, ROAD_CLASSES, STOPPING_BARRIERS, Traits, access_of


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

    assert set(tables) <= set(ROAD_CLASSES)
    assert all(0 < kmh <= profile.top_kmh for kmh in tables.values())
    assert profile.stopped_by <= STOPPING_BARRIERS
    assert not set(profile.class_kmh) & set(profile.invited_kmh)


def test_no_three_wheeler_is_faster_than_25_kmh():
    assert TRIKE.top_kmh == 25
