"""Who sells, and where their houses are."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.demo.landscape import Landscape, Plane, Settlement
from dispatch.demo.sellers import REACH_M, settle, shares
from routing.places import Datum, Place, great_circle_m

DEPOT = Place(118.13333, 33.9)


def landscape(distances_m, houses=10, depot=DEPOT):
    plane = Plane(depot)
    settlements = []
    for index, away_m in enumerate(distances_m):
        rows = np.stack([np.full(houses, away_m), np.arange(houses) * 15.0], axis=1)
        settlements.append(
            Settlement(
                name=f"村{index}",
                town="沙集" if index < 2 else "高作",
                centre=plane.place(rows[0]),
                houses_lon_lat=plane.unflatten(rows),
            )
        )
    return Landscape(
        depot_name="沙集网点",
        depot=depot,
        settlements=tuple(settlements),
        bulky_towns=frozenset({"沙集"}),
        source="",
    )


def settled(land, households, seed=1):
    return settle(np.random.default_rng(seed), land, households, furniture_share=1 / 3)


@given(
    st.integers(0, 10_000),
    st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40),
)
def test_shares_add_up_and_are_off_by_less_than_one(total, weights):
    weights = np.array(weights)
    parts = shares(total, weights)
    assert parts.sum() == total
    assert np.abs(parts - total * weights / weights.sum()).max() < 1 + 1e-6


@pytest.mark.parametrize("households", [1, 2, 7, 100, 1_000])
def test_there_are_exactly_as_many_households_as_asked_for(households):
    found = settled(landscape([0, 1_000, 2_000]), households)
    assert len(found.sellers) == households
    assert len({seller.household_id for seller in found.sellers}) == households
    assert len({seller.shop for seller in found.sellers}) == households


def test_nobody_sells_out_of_the_depots_reach():
    land = landscape([0, 3_000, 11_900, 12_100, 40_000])
    found = settled(land, 1_000)
    assert {seller.village for seller in found.sellers} == {"村0", "村1", "村2"}
    assert all(great_circle_m(seller.place, DEPOT) <= REACH_M + 200 for seller in found.sellers)


def test_few_shops_stay_in_the_nearest_villages():
    land = landscape([1_000 * k for k in range(11)])
    assert {seller.village for seller in settled(land, 80).sellers} <= {"村0", "村1", "村2", "村3"}


def test_a_house_gets_a_second_shop_only_when_every_house_has_one():
    land = landscape([0], houses=10)
    shops = Counter(seller.place for seller in settled(land, 25).sellers)
    assert sorted(shops.values()) == [2] * 5 + [3] * 5


def test_each_village_with_a_shop_has_one_point():
    found = settled(landscape([0, 1_000, 2_000]), 200)
    points = {point.point_id: point.settlement.name for point in found.points}
    assert len(points) == 3
    assert all(points[seller.point_id] == seller.village for seller in found.sellers)


def test_furniture_is_made_in_the_furniture_town_only_and_by_about_a_third():
    found = settled(landscape([0, 1_000, 2_000], houses=400), 2_000)
    at_home = [seller.furniture for seller in found.sellers if seller.town == "沙集"]
    assert not any(seller.furniture for seller in found.sellers if seller.town != "沙集")
    assert 0.28 < np.mean(at_home) < 0.39


def test_registries_mix_datums_in_china_and_nowhere_else():
    here = Counter(seller.datum for seller in settled(landscape([0]), 1_000).sellers)
    assert here[Datum.WGS84] > here[Datum.GCJ02] > here[Datum.BD09] > 50
    bayreuth = landscape([0], depot=Place(11.5, 50.0))
    assert {seller.datum for seller in settled(bayreuth, 200).sellers} == {Datum.WGS84}
