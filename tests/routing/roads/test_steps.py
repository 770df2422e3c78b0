"""What a driver is told, on drawn crossroads and on real roads."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from routing.places import Place
from routing.roads.instructions import LANGUAGES, LanguageUnknown, instructions
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.roads.steps import Kind, Modifier, modifier_of

# A compass around node 0: straight roads of some 400 m, one degree of longitude being shorter than
# one of latitude.
CENTRE = (118.0, 33.9)
COMPASS = {
    "n": (118.0, 33.904),
    "ne": (118.0034, 33.9028),
    "e": (118.0048, 33.9),
    "se": (118.0034, 33.8972),
    "s": (118.0, 33.896),
    "sw": (117.9966, 33.8972),
    "w": (117.9952, 33.9),
    "nnw": (117.9984, 33.9037),
    "nne": (118.0016, 33.9037),
}
NUMBER = {name: number for number, name in enumerate(COMPASS, start=1)}


def crossroads(write_osm, roads, ways=()):
    """Roads from the centre, by the name of their direction, and further ways between such ends."""
    places = {0: CENTRE} | {NUMBER[name]: at for name, at in COMPASS.items()}
    arms = [(["centre", direction], tags) for direction, tags in roads.items()]
    drawn = [
        ([NUMBER.get(name, 0) for name in names], {"highway": "residential"} | tags)
        for names, tags in (*arms, *ways)
    ]
    return RoadNetwork.build(write_osm(drawn, places=places), profiles=("van",))


def told(network, start, stop, profile="van"):
    """Kind, modifier and name of every step but the departure and the arrival."""
    places = [Place(*COMPASS[start]), Place(*COMPASS[stop])]
    snaps = network.snap(places, profile, limit_m=50, on_motorways=True)
    steps = network.steps(network.leg(*snaps, profile), profile)
    assert steps[0].manoeuvre.kind is Kind.DEPART
    assert steps[-1].manoeuvre.kind is Kind.ARRIVE
    return [(s.manoeuvre.kind, s.manoeuvre.modifier, s.name) for s in steps[1:-1]]


A, B, C = {"name": "甲路"}, {"name": "乙路"}, {"name": "丙路"}
MOTORWAY = {"highway": "motorway", "name": "高速", "oneway": "no"}
RAMP = {"highway": "motorway_link", "oneway": "no"}


@pytest.mark.parametrize(
    ("roads", "start", "stop", "expected"),
    [
        ({"s": A, "n": A, "e": B, "w": B}, "s", "e", [("turn", "right", "乙路")]),
        ({"s": A, "n": A, "e": B, "w": B}, "s", "w", [("turn", "left", "乙路")]),
        ({"s": A, "n": A, "e": B, "w": B}, "s", "n", []),
        ({"s": A, "n": B, "e": C, "w": C}, "s", "n", [("new name", "straight", "乙路")]),
        ({"s": A, "e": A}, "s", "e", []),  # a bend that nobody can miss
        ({"s": A, "e": B}, "s", "e", [("new name", "right", "乙路")]),
        ({"s": A, "e": A, "n": B}, "s", "e", [("continue", "right", "甲路")]),
        ({"s": A, "e": B, "w": B}, "s", "e", [("end of road", "right", "乙路")]),
        ({"s": A, "e": B, "w": B}, "s", "w", [("end of road", "left", "乙路")]),
        ({"s": A, "nne": B, "nnw": C}, "s", "nne", [("fork", "slight right", "乙路")]),
        ({"s": A, "nne": B, "nnw": C}, "s", "nnw", [("fork", "slight left", "丙路")]),
        ({"s": A, "n": B, "nnw": C}, "s", "n", [("fork", "slight right", "乙路")]),
        ({"s": A, "nne": A, "nnw": C}, "s", "nne", []),  # the name says which fork goes on
        ({"s": A, "se": B, "n": A}, "s", "se", [("turn", "sharp right", "乙路")]),
        ({"s": A, "sw": B, "n": A}, "s", "sw", [("turn", "sharp left", "乙路")]),
        ({"s": A, "ne": B, "n": A}, "s", "ne", [("turn", "right", "乙路")]),
        ({"s": MOTORWAY, "n": MOTORWAY, "nne": RAMP}, "s", "nne", [("off ramp", "slight right", "")]),
        ({"s": A, "n": A, "e": RAMP}, "s", "e", [("on ramp", "right", "")]),
        ({"s": RAMP, "n": MOTORWAY, "se": MOTORWAY}, "s", "n", [("merge", "slight left", "高速")]),
    ],
)  # fmt: skip
def test_what_is_told_at_a_junction(write_osm, roads, start, stop, expected):
    network = crossroads(write_osm, roads)

    assert told(network, start, stop) == expected


def test_a_road_that_cannot_be_entered_makes_no_fork(write_osm):
    against = {"nnw": C | {"oneway": "-1"}}  # driven towards the centre only
    there = crossroads(write_osm, {"s": A, "nne": B} | {"nnw": C})
    closed = crossroads(
        write_osm, {"s": A, "nne": B} | against, ways=[(["nnw", "w"], {}), (["w", "s"], {})]
    )

    assert told(there, "s", "nne") == [("fork", "slight right", "乙路")]
    assert told(closed, "s", "nne") == [("new name", "straight", "乙路")]


@pytest.fixture
def roundabout(write_osm):
    """Driven clockwise seen from below, as in China: south, east, north and west arms."""
    places = {
        1: (118.0, 33.8997), 2: (118.00036, 33.9), 3: (118.0, 33.9003), 4: (117.99964, 33.9),
        11: (118.0, 33.896), 12: (118.0048, 33.9), 13: (118.0, 33.904), 14: (117.9952, 33.9),
    }  # fmt: skip
    arms = [([10 + i, i], {"highway": "tertiary", "name": f"{i}号路"}) for i in range(1, 5)]
    ring = ([1, 2, 3, 4, 1], {"highway": "tertiary", "junction": "roundabout"})
    return RoadNetwork.build(write_osm([ring, *arms], places=places), profiles=("van",))


@pytest.mark.parametrize(("arm", "exit_number"), [("e", 1), ("n", 2), ("w", 3), ("s", 4)])
def test_exits_of_a_roundabout_are_counted(roundabout, arm, exit_number):
    inside, outside = Place(118.0, 33.898), Place(*COMPASS[arm])
    snaps = roundabout.snap([inside, outside], "van", limit_m=50)
    steps = roundabout.steps(roundabout.leg(*snaps, "van"), "van")
    if arm == "s":  # straight back along the road is shorter than once round
        assert [s.manoeuvre.kind for s in steps] == [Kind.DEPART, Kind.ARRIVE]
        return

    name = {"e": "2号路", "n": "3号路", "w": "4号路"}[arm]
    assert [s.manoeuvre.kind for s in steps[1:-1]] == [Kind.ROUNDABOUT, Kind.EXIT_ROUNDABOUT]
    assert steps[1].manoeuvre.exit == steps[2].manoeuvre.exit == exit_number
    assert instructions(steps, "en")[1] == f"At the roundabout, take exit {exit_number} onto {name}"
    assert instructions(steps, "zh-CN")[1] == f"进入环岛，从第{exit_number}个出口驶入{name}"


def test_a_leg_that_ends_inside_a_roundabout_names_no_exit(roundabout):
    start, *stops = roundabout.snap([Place(118.0, 33.898), Place(118.0002, 33.9002)], "van")
    steps = roundabout.steps(roundabout.leg(start, stops[0], "van"), "van")

    assert steps[1].manoeuvre.kind is Kind.ROUNDABOUT
    assert steps[1].manoeuvre.exit is None
    assert instructions(steps, "en")[1] == "Enter the roundabout"


def test_a_turn_back_on_the_same_road_is_told(write_osm):
    network = crossroads(write_osm, {"s": A, "n": A, "e": B})
    origin, further_south = network.snap([Place(118.0, 33.898), Place(118.0, 33.897)], "van")
    facing_north = replace(origin, along=False)  # the road is drawn southward

    steps = network.steps(network.leg(facing_north, further_south, "van"), "van")

    assert [s.manoeuvre.modifier for s in steps[1:-1]] == [Modifier.UTURN]
    direct = network.steps(network.leg(origin, further_south, "van"), "van")
    assert [s.manoeuvre.kind for s in direct] == [Kind.DEPART, Kind.ARRIVE]


@pytest.mark.parametrize(
    ("bend", "word"),
    [
        (0, "straight"), (20, "straight"), (-20, "straight"), (21, "slight right"), (-45, "slight left"),
        (46, "right"), (-90, "left"), (125, "right"), (126, "sharp right"), (-175, "sharp left"),
        (180, "uturn"), (-176, "uturn"),
    ],
)  # fmt: skip
def test_bends_have_words(bend, word):
    assert modifier_of(bend) == word


def real_legs(network, profile, count=40):
    west, south, east, north = network.bounds
    drawn = np.random.default_rng(5).uniform((west, south), (east, north), (count, 2))
    snaps = [
        snap
        for snap in network.snap([Place(*at) for at in drawn.tolist()], profile, limit_m=2000)
        if isinstance(snap, Snap)
    ]
    return network.legs(snaps, profile)


@pytest.mark.parametrize("profile", ["van", "foot"])
def test_steps_divide_a_leg_and_every_sentence_is_whole(bayreuth, profile):
    kinds = set()
    for leg in real_legs(bayreuth, profile):
        steps = bayreuth.steps(leg, profile)
        kinds |= {step.manoeuvre.kind for step in steps}
        assert 0 <= leg.duration_s - sum(step.duration_s for step in steps) < 1
        assert sum(step.distance_m for step in steps) == pytest.approx(leg.distance_m, abs=0.51)
        assert steps[0].first == 0
        assert steps[-1].last == len(leg.line) - 1
        for step, following in pairwise(steps):
            assert step.last == following.first
            assert following.manoeuvre.place == leg.line[following.first]
        for step in steps:
            for crossing in step.crossings:
                assert list(crossing.bearings_deg) == sorted(crossing.bearings_deg)
                if crossing.goes_by is not None:
                    assert crossing.entries[crossing.goes_by]
        for language in LANGUAGES:
            sentences = instructions(steps, language)
            assert len(sentences) == len(steps)
            assert all(s and "{" not in s and "None" not in s for s in sentences)
    assert {Kind.TURN, Kind.CONTINUE, Kind.NEW_NAME, Kind.FORK} <= kinds


def test_a_language_that_nobody_wrote_is_refused_by_name(write_osm):
    network = crossroads(write_osm, {"s": A, "n": A})
    snaps = network.snap([Place(*COMPASS["s"]), Place(*COMPASS["n"])], "van")
    steps = network.steps(network.leg(*snaps, "van"), "van")

    with pytest.raises(LanguageUnknown, match=r"'tlh'.*zh-CN"):
        instructions(steps, "tlh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_manoeuvre_has_words_in_every_language(language):
    words = LANGUAGES[language]

    assert set(words.turns) == set(Modifier)
    assert set(words.plain) == set(words.onto) == set(Kind)
    assert len(words.headings) == 8
