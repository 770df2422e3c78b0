"""How far couriers' areas overlap, beside a count on a fine grid that shares no code with it."""

import random
from itertools import pairwise

import pytest

from dispatch.compactness import overlap_percent
from routing.places import Place

LON, LAT = 118.13, 33.9


def a_square(west, south, side=0.01):
    corners = [(0, 0), (side, 0), (side, side), (0, side)]
    return [Place(LON + west + x, LAT + south + y) for x, y in corners]


def hull(places):
    """Andrew's monotone chain, counter-clockwise."""

    def half(points):
        chain = []
        for point in points:
            while len(chain) > 1 and turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    points = sorted({(place.lon, place.lat) for place in places})
    return half(points) + half(points[::-1])


def turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def counted(areas, steps=300):
    """Of grid points in any hull, the share in more than one."""
    hulls = [hull(places) for places in areas]
    hulls = [corners for corners in hulls if len(corners) > 2]
    lons = [lon for corners in hulls for lon, _ in corners]
    lats = [lat for corners in hulls for _, lat in corners]
    once = twice = 0
    for column in range(steps):
        for row in range(steps):
            point = (
                min(lons) + (column + 0.5) * (max(lons) - min(lons)) / steps,
                min(lats) + (row + 0.5) * (max(lats) - min(lats)) / steps,
            )
            inside = sum(
                all(turn(a, b, point) > 0 for a, b in pairwise([*corners, corners[0]]))
                for corners in hulls
            )
            once, twice = once + (inside > 0), twice + (inside > 1)
    return 100 * twice / once


@pytest.mark.parametrize("seed", range(8))
def test_the_overlap_is_what_is_counted_on_a_grid(seed):
    chance = random.Random(seed)
    areas = []
    for _ in range(chance.randint(2, 5)):
        lon, lat = LON + chance.uniform(0, 0.03), LAT + chance.uniform(0, 0.03)
        areas.append(
            [
                Place(lon + chance.gauss(0, 0.01), lat + chance.gauss(0, 0.01))
                for _ in range(chance.randint(3, 12))
            ]
        )
    assert overlap_percent(areas) == pytest.approx(counted(areas), abs=1.5)


def test_areas_apart_or_beside_each_other_do_not_overlap():
    assert overlap_percent([a_square(0, 0), a_square(0.02, 0)]) == 0
    assert overlap_percent([a_square(0, 0), a_square(0.01, 0)]) == 0


def test_the_same_area_twice_overlaps_wholly_and_thrice_not_more():
    assert overlap_percent([a_square(0, 0)] * 2) == 100
    assert overlap_percent([a_square(0, 0)] * 3) == 100


def test_half_of_two_squares_is_a_third_of_what_they_cover():
    assert overlap_percent([a_square(0, 0), a_square(0.005, 0)]) == 33


@pytest.mark.parametrize(
    "areas",
    [
        [],
        [a_square(0, 0)],
        [[Place(LON, LAT)], [Place(LON, LAT)]],
        [[Place(LON, LAT), Place(LON + 0.01, LAT)]] * 2,
        [a_square(0, 0), [Place(LON - 0.01, LAT + 0.005), Place(LON + 0.02, LAT + 0.005)]],
        [[]],
    ],
)
def test_places_that_span_no_area_overlap_nothing(areas):
    assert overlap_percent(areas) == 0
