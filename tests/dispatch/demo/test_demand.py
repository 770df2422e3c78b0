"""What is to be picked up on a demo day."""

from collections import Counter

import numpy as np
import pytest

from dispatch.demo.demand import EARLY_TRUCK_S, demand
from dispatch.demo.sellers import Seller
from dispatch.orders import Handling
from routing.places import Datum, Place


def sellers(count):
    return [
        Seller(
            household_id=f"H{number}",
            village="东风社区",
            town="沙集",
            name="王小雨",
            phone="10000000000",
            shop=f"小雨{number}",
            furniture=number % 3 == 0,
            address="",
            place=Place(118.1, 33.9),
            datum=Datum.WGS84,
            point_id="P001",
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def requests():
    return demand(np.random.default_rng(5), sellers(3_000), 3_000, id_prefix="20261111")


@pytest.mark.parametrize(("shops", "orders"), [(1, 1), (1, 50), (50, 1), (10, 7), (10, 1_000)])
def test_there_are_exactly_as_many_orders_as_asked_for(shops, orders):
    found = demand(np.random.default_rng(1), sellers(shops), orders, id_prefix="20261111")
    assert len(found) == orders
    assert len({request.order_id for request in found}) == orders


def test_active_shops_sell_two_on_average_and_a_few_sell_very_much(requests):
    sales = Counter(request.seller.household_id for request in requests)
    assert 1.8 <= len(requests) / len(sales) <= 2.2
    assert 40 <= max(sales.values()) <= 150
    assert np.median(list(sales.values())) <= 2


def test_furniture_is_bulky_and_heavy_and_all_else_is_small(requests):
    for request in requests:
        if request.seller.furniture:
            assert 8_000 <= request.weight_g <= 45_000
            assert Handling.BULKY in request.handling
            assert (Handling.TWO_PERSON in request.handling) == (request.weight_g > 32_000 - 100)
            assert not request.at_point
        else:
            assert 300 <= request.weight_g <= 5_000
            assert Handling.BULKY not in request.handling


def test_shares_are_those_of_the_design(requests):
    def share(kind):
        return np.mean([kind(request) for request in requests])

    small = [request for request in requests if not request.seller.furniture]
    assert 0.25 < share(lambda request: Handling.BULKY in request.handling) < 0.42
    assert 0.09 < np.mean([request.at_point for request in small]) < 0.15
    assert 0.16 < share(lambda request: request.window_s is not None) < 0.24
    assert 0.05 < share(lambda request: request.cut_off_s is not None) < 0.11
    assert 0.03 < share(lambda request: bool(request.note)) < 0.10


def test_no_order_contradicts_itself(requests):
    for request in requests:
        if request.window_s is not None:
            begins_s, ends_s = request.window_s
            assert request.ready_s == begins_s < ends_s <= 17 * 3600 + 1800
            assert ends_s - begins_s >= 2 * 3600
        if request.cut_off_s is not None:
            assert request.cut_off_s == EARLY_TRUCK_S
            assert request.ready_s is not None
            assert request.ready_s <= EARLY_TRUCK_S - 2 * 3600
        if request.ready_s is not None:
            assert 8 * 3600 <= request.ready_s <= 16 * 3600 + 1800


def test_parcels_become_ready_in_two_peaks(requests):
    hours = Counter(request.ready_s // 3600 for request in requests if request.ready_s is not None)
    assert hours[10] > 2 * hours[12]
    assert hours[15] > 2 * hours[12]
    assert hours[14] > hours[12]
