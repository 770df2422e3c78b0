"""Map matching: the most probable of all drives, held to trying every one of them, and to drives known beforehand."""

from dataclasses import replace
from itertools import pairwise, product
from math import dist, exp

import numpy as np
import pytest

from routing.places import Place, great_circle_m
from routing.roads.legs import NoPath
from routing.roads.matching import Sighting, match, tidied
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap

EAST_M, NORTH_M = 92_290.0, 111_195.0  # of a degree at 33.9° north


def at(east_m, north_m=0.0):
    return Place(118.0 + east_m / EAST_M, 33.9 + north_m / NORTH_M)


def seen(network, place, *, at_s=None, precision_m=5.0, within_m=50.0, profile="van", count=10):
    around = network.around(place, profile, limit_m=within_m)
    return Sighting(
        place=place,
        positions=tuple(nearby.snap for nearby in around)[:count],
        precision_m=precision_m,
        at_s=at_s,
    )


def trace_of(network, places, **more):
    return [seen(network, place, **more) for place in places]


def driven_m(matching):
    return sum(leg.distance_m for leg in matching.legs)


def arcs(matching):
    """The arcs of the drive in order, each once for as long as it is followed."""
    passed = [arc for leg in matching.legs for arc in leg.course.arcs.tolist()]
    return [passed[0], *(arc for last, arc in pairwise(passed) if arc != last)]


def along(line, *, every_m):
    """Places on a line at equal distances."""
    steps_m = [great_circle_m(Place(*one), Place(*other)) for one, other in pairwise(line)]
    passed_m = np.concatenate(([0.0], np.cumsum(steps_m)))
    marks_m = np.arange(0.0, passed_m[-1], every_m)
    columns = (np.interp(marks_m, passed_m, column) for column in np.array(line).T)
    return [Place(lon, lat) for lon, lat in zip(*columns, strict=True)]


@pytest.fixture
def grid(write_osm):
    """Streets 100 m apart, five by five; the first row is one-way to the east."""
    places = {
        10 * row + column + 1: (at(100.0 * column, 100.0 * row).lon, at(0.0, 100.0 * row).lat)
        for row in range(5)
        for column in range(5)
    }
    rows = [
        (
            [10 * row + column + 1 for column in range(5)],
            {"highway": "residential", "name": f"row {row}"}
            | ({"oneway": "yes"} if row == 0 else {}),
        )
        for row in range(5)
    ]
    columns = [
        (
            [10 * row + column + 1 for row in range(5)],
            {"highway": "residential", "name": f"column {column}"},
        )
        for column in range(5)
    ]
    return RoadNetwork.build(write_osm([*rows, *columns], places=places), profiles=["van"])


@pytest.fixture
def street(write_osm):
    """One road of a kilometre, straight east, in both directions."""
    ends = {1: (at(0.0).lon, 33.9), 2: (at(1000.0).lon, 33.9)}
    extract = write_osm([([1, 2], {"highway": "residential"})], places=ends)
    return RoadNetwork.build(extract, profiles=["van"])


def random_drive(network, profile, rng):
    west, south, east, north = network.bounds
    while True:
        ends = [Place(rng.uniform(west, east), rng.uniform(south, north)) for _ in range(2)]
        snaps = network.snap(ends, profile, limit_m=2_000)
        if all(isinstance(snap, Snap) for snap in snaps):
            return network.leg(*snaps, profile)


@pytest.mark.parametrize(("profile", "seed"), [("van", 1), ("van", 2), ("trike", 3), ("foot", 4)])
def test_a_clean_trace_of_a_real_drive_gives_the_drive_back(bayreuth, profile, seed):
    leg = random_drive(bayreuth, profile, np.random.default_rng(seed))
    places = along(leg.line, every_m=40.0)

    (found,) = match(bayreuth, profile, trace_of(bayreuth, places, profile=profile))

    assert len(found.matched) == len(places) > 30
    assert driven_m(found) == pytest.approx(40.0 * (len(places) - 1), rel=0.005)
    assert {arc // 2 for arc in arcs(found)} <= {arc // 2 for arc in leg.course.arcs.tolist()}
    assert found.confidence > 0.8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_noisy_trace_still_tells_the_drive(bayreuth, seed):
    rng = np.random.default_rng(seed)
    leg = random_drive(bayreuth, "van", rng)
    places = [
        Place(
            place.lon + rng.normal(0, 8) / 71_600,  # metres of a degree there
            place.lat + rng.normal(0, 8) / NORTH_M,
        )
        for place in along(leg.line, every_m=12.0)
    ]
    trace = trace_of(bayreuth, places, precision_m=8.0)

    (found,) = match(bayreuth, "van", [trace[i] for i in tidied(trace)])

    driven = [arc // 2 for each in found.legs for arc in each.course.arcs.tolist()]
    true = {arc // 2 for arc in leg.course.arcs.tolist()}
    assert sum(road in true for road in driven) / len(driven) > 0.9
    assert driven_m(found) == pytest.approx(leg.distance_m, rel=0.1)


def ways_of(network, sighting):
    """Every state of a sighting: its position, the heading, and the logarithm of its probability."""
    for snap in sighting.positions:
        score = -0.5 * (snap.gap_m / sighting.precision_m) ** 2
        if snap.fraction in (0.0, 1.0):
            yield snap, 0, score
            continue
        for heading, may in zip((1, -1), network.directions(snap.edge, "van"), strict=True):
            if may:
                yield snap, heading, score


def facing(snap, heading):
    return Snap(
        edge=snap.edge,
        fraction=snap.fraction,
        place=snap.place,
        gap_m=snap.gap_m,
        along=heading >= 0,
        back=heading <= 0,
    )


def score_between(network, one, other, trace):
    """Of one state after another: the better of driving on and of turning round first."""
    (snap, heading, _), (to, to_heading, _) = one, other
    straight_m = great_circle_m(*(sighting.place for sighting in trace))
    scores = []
    for leaves, penalty in ((heading, 0.0), (-heading, 3.0)):
        if penalty and (heading == 0 or not all(network.directions(snap.edge, "van"))):
            continue
        ways = {1, -1} & {leaves, to_heading}
        behind = (to.fraction - snap.fraction) * sum(ways) < 0  # 0 with both ways, or none
        whole_m = network.length_m(np.array([snap.edge]))
        near = abs(to.fraction - snap.fraction) * whole_m <= 3.0 * trace[0].precision_m
        if snap.edge == to.edge and to_heading and behind and near:
            scores.append(-straight_m / 10.0 - penalty)
            continue
        try:
            leg = network.leg(facing(snap, leaves), facing(to, to_heading), "van")
        except NoPath:
            continue
        scores.append(-abs(leg.distance_m - straight_m) / 10.0 - penalty)
    return max(scores, default=-np.inf)


@pytest.mark.parametrize("seed", range(12))
def test_the_drive_found_is_the_most_probable_of_all(grid, seed):
    rng = np.random.default_rng(seed)
    start, step = rng.uniform(0, 400, 2), rng.normal(0, 60, (4, 2))
    places = [at(*np.clip(each, -20, 420)) for each in start + np.cumsum(step, axis=0)]
    trace = trace_of(grid, places, precision_m=12.0, count=3)
    states = [list(ways_of(grid, sighting)) for sighting in trace]
    between = [
        {(one, other): score_between(grid, one, other, pair) for one, other in product(*sides)}
        for pair, sides in zip(pairwise(trace), pairwise(states), strict=True)
    ]

    (found,) = match(grid, "van", trace)

    scores = {
        drive: sum(state[2] for state in drive)
        + sum(link[way] for link, way in zip(between, pairwise(drive), strict=True))
        for drive in product(*states)
    }
    chosen = max(scores, key=scores.__getitem__)
    held = found.matched[0].snap.place
    for each, state in zip(found.matched, chosen, strict=True):
        assert each.snap.place in (state[0].place, held)  # a drive that trembles back stands still
        held = each.snap.place
    total = sum(map(exp, scores.values()))
    for number, each in enumerate(found.matched):
        of_places = {}
        for drive, score in scores.items():
            spot = spot_of(drive[number])
            known = next((other for other in of_places if dist(other, spot) < 1e-7), spot)
            of_places[known] = of_places.get(known, 0.0) + exp(score) / total
        own = min(of_places, key=lambda spot: dist(spot, spot_of(chosen[number])))
        assert each.probability == pytest.approx(of_places[own], abs=1e-6)
        likely = [spot for spot, share in of_places.items() if share >= 0.1 * of_places[own]]
        assert each.alternatives == len(likely) - 1


def spot_of(state):
    return state[0].place.lon, state[0].place.lat


def test_a_vehicle_that_turns_at_a_door_drives_there_and_back(street):
    marks_m = [*range(100, 501, 40), *range(460, 99, -40)]

    (found,) = match(street, "van", trace_of(street, [at(m, 3.0) for m in marks_m]))

    assert driven_m(found) == pytest.approx(800, abs=12)
    assert [each.snap.along for each in found.matched] == [True] * 11 + [False] * 10
    assert [each.snap.back for each in found.matched] == [False] * 11 + [True] * 10


def test_a_vehicle_that_turns_a_little_behind_where_it_was_seen_drives_no_loop(street):
    marks_m = [100, 140, 180, 186, 150, 110]

    for ahead_m in (-8, 0, 8):
        marks_m[3] = 180 + ahead_m
        (found,) = match(street, "van", trace_of(street, [at(m, 1.0) for m in marks_m]))

        assert driven_m(found) == pytest.approx(2 * max(marks_m) - 210, abs=1)
        assert not found.matched[-1].snap.along


def test_a_heading_that_is_known_tells_where_a_vehicle_turned(street):
    trace = trace_of(street, [at(m, 1.0) for m in (100, 140, 180, 186, 150, 110)])
    (position,) = trace[3].positions
    trace[3] = replace(trace[3], positions=(replace(position, along=False),))

    (found,) = match(street, "van", trace)

    assert [each.snap.along for each in found.matched] == [True] * 3 + [False] * 3
    assert found.matched[3].snap.place == found.matched[2].snap.place
    assert driven_m(found) == pytest.approx(150, abs=1)


def test_a_vehicle_that_trembled_may_go_round_a_loop(write_osm):
    corners = {1: (0, 0), 2: (100, 0), 3: (100, 100), 4: (0, 100), 5: (-300, 0)}
    places = {node: (at(*mark).lon, at(*mark).lat) for node, mark in corners.items()}
    ways = [
        ([1, 2, 3, 4, 1], {"highway": "residential", "oneway": "yes"}),
        ([5, 1], {"highway": "residential"}),
    ]
    ring = RoadNetwork.build(write_osm(ways, places=places), profiles=["van"])
    marks = [(100, 20), (100, 60), (100, 50), (60, 0), (100, 10)]

    (found,) = match(ring, "van", trace_of(ring, [at(*mark) for mark in marks], within_m=30.0))

    assert driven_m(found) == pytest.approx(40 + 300 + 50, abs=4)


@pytest.mark.parametrize("past_m", [2, 6, 12])
def test_a_vehicle_that_trembled_at_a_junction_goes_on_by_any_road(grid, past_m):
    """It passes the crossing by some metres, is seen at it again, and leaves it to the north."""
    marks = [(140, 100), (180, 100), (200 + past_m, 100), (200, 100), (200, 130), (200, 170)]

    (found,) = match(grid, "van", trace_of(grid, [at(*mark) for mark in marks], within_m=30.0))

    assert driven_m(found) == pytest.approx(60 + 2 * past_m + 70, abs=2 * past_m + 2)


def test_a_vehicle_that_trembled_turns_where_it_stands_and_drives_no_loop(street):
    """Seen at the same spot in both directions, behind where it had been."""
    trace = trace_of(street, [at(m, 1.0) for m in (100, 150, 145, 145, 90)])
    (position,) = trace[3].positions
    trace[3] = replace(trace[3], positions=(replace(position, along=False),))

    (found,) = match(street, "van", trace)

    assert not found.matched[-1].snap.along
    assert driven_m(found) == pytest.approx(50 + 60, abs=1)


def test_a_turn_between_where_it_was_seen_and_where_it_stood_drives_no_loop(street):
    """It stood at 150, was seen back at 140, and turned: at 143 it faces west and is ahead of 150."""
    trace = trace_of(street, [at(m, 1.0) for m in (100, 150, 140, 143, 147, 200)])
    headings = (True, True, True, False, True, True)
    trace = [
        replace(each, positions=(replace(each.positions[0], along=east, back=not east),))
        for each, east in zip(trace, headings, strict=True)
    ]

    (found,) = match(street, "van", trace)

    assert driven_m(found) == pytest.approx(50 + 7 + 57, abs=8)


def test_the_other_arm_of_a_hairpin_bend_is_no_trembling(write_osm):
    corners = {1: (0, 0), 2: (300, 0), 3: (300, 12), 4: (0, 12)}
    places = {node: (at(*mark).lon, at(*mark).lat) for node, mark in corners.items()}
    bend = RoadNetwork.build(
        write_osm([([1, 2, 3, 4], {"highway": "residential"})], places=places), profiles=["van"]
    )
    lower, upper = at(100, 0), at(98, 12)
    trace = [seen(bend, lower, count=1), seen(bend, upper, count=1), seen(bend, lower, count=1)]

    (found,) = match(bend, "van", trace)

    assert driven_m(found) == pytest.approx(2 * (200 + 12 + 202), abs=8)


@pytest.mark.parametrize("seed", range(8))
def test_whoever_stands_trembles_and_turns_never_drives_to_the_end_and_back(street, seed):
    """Half a kilometre of road on either side: a loop would be a leg of more than that."""
    rng = np.random.default_rng(seed)
    ways_m = np.cumsum(rng.choice([-1, 0, 1], 150) * rng.exponential(8.0, 150))
    true_m = 500 + np.clip(ways_m, -80, 80)
    noise = rng.normal(0, 6.0, (150, 2))
    places = [at(m + east, north) for m, (east, north) in zip(true_m, noise, strict=True)]

    (found,) = match(street, "van", trace_of(street, places, precision_m=6.0))

    assert max(leg.distance_m for leg in found.legs) < 150
    assert len(found.matched) == 150


def test_a_junction_ahead_ends_the_trembling_before_it(street):
    marks_m = (940, 960, 955, 1000)

    (found,) = match(street, "van", trace_of(street, [at(m) for m in marks_m]))

    assert driven_m(found) == pytest.approx(60, abs=1)
    assert found.matched[-1].snap.fraction in (0.0, 1.0)


def test_a_vehicle_that_stands_does_not_drive(street):
    rng = np.random.default_rng(7)
    waits = [at(300 + rng.normal(0, 4), rng.normal(0, 4)) for _ in range(40)]
    places = [at(200), at(250), *waits, at(350), at(400)]

    (found,) = match(street, "van", trace_of(street, places))

    assert driven_m(found) == pytest.approx(200, abs=1)
    assert all(each.snap.along and not each.snap.back for each in found.matched)


def test_a_one_way_road_is_never_driven_back(grid):
    eastward = [at(m, 1.0) for m in range(20, 390, 40)]

    (found,) = match(grid, "van", trace_of(grid, eastward))
    against = match(grid, "van", trace_of(grid, eastward[::-1]))

    assert driven_m(found) == pytest.approx(360, abs=10)
    open_ways = [grid.directions(arc // 2, "van")[arc % 2] for m in against for arc in arcs(m)]
    assert open_ways
    assert all(open_ways)


def test_a_false_sighting_is_passed_over(street):
    places = [at(100), at(140), at(180), at(180, 4_000), at(220), at(260)]

    (found,) = match(street, "van", trace_of(street, places))

    assert [each.sighting for each in found.matched] == [0, 1, 2, 4, 5]


def test_a_jump_that_nobody_drives_is_passed_over_where_times_are_known(grid):
    marks = [(20, 100), (60, 100), (380, 300), (100, 100), (140, 100)]
    trace = [seen(grid, at(*mark), at_s=number) for number, mark in enumerate(marks)]

    (found,) = match(grid, "van", trace)
    (without_times,) = match(grid, "van", trace_of(grid, [at(*mark) for mark in marks]))

    assert [each.sighting for each in found.matched] == [0, 1, 3, 4]
    assert len(without_times.matched) == 5


def test_silence_ends_a_drive_unless_it_is_to_be_ignored(street):
    times = [0, 5, 10, 75, 80]
    trace = [seen(street, at(100 + 30 * n), at_s=at_s) for n, at_s in enumerate(times)]

    before, after = match(street, "van", trace)
    (whole,) = match(street, "van", trace, splits_at_gaps=False)

    assert [each.sighting for each in before.matched] == [0, 1, 2]
    assert [each.sighting for each in after.matched] == [3, 4]
    assert [each.sighting for each in whole.matched] == [0, 1, 2, 3, 4]


def test_rare_sightings_are_no_silence(street):
    trace = [seen(street, at(100 + 100 * n), at_s=90 * n) for n in range(5)]

    (found,) = match(street, "van", trace)

    assert len(found.matched) == 5


def test_where_many_sightings_fit_nothing_another_drive_begins(write_osm):
    ends = {1: (at(0).lon, 33.9), 2: (at(6_000).lon, 33.9)}
    long = RoadNetwork.build(
        write_osm([([1, 2], {"highway": "residential"})], places=ends), profiles=["van"]
    )
    places = [at(m) for m in (100, 140, 180)] + [at(5_100 + 20 * n) for n in range(12)]

    trace = [seen(long, place, at_s=n) for n, place in enumerate(places)]
    first, second = match(long, "van", trace)

    assert [each.sighting for each in first.matched] == [0, 1, 2]
    assert [each.sighting for each in second.matched] == list(range(3, 15))


@pytest.mark.parametrize("count", [0, 1])
def test_what_is_no_drive_has_no_match(street, count):
    assert match(street, "van", trace_of(street, [at(100)] * count)) == ()
    assert match(street, "van", trace_of(street, [at(100, 900)] * 5)) == ()


def test_tidying_keeps_what_is_clearly_apart_and_the_last(street):
    places = [at(m) for m in (0, 5, 12, 16, 20, 40, 41)]

    assert tidied(trace_of(street, places)) == (0, 3, 5, 6)
    assert tidied(trace_of(street, places, precision_m=1.0)) == (0, 1, 2, 3, 4, 5, 6)
    assert tidied([]) == ()
