from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.halts import Halt, halts_at, spot_of
from dispatch.households import (
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
    Registry,
)
from dispatch.inputs import DayInputs
from dispatch.orders import Handling, Order, OrderId
from dispatch.plan import StopKind
from dispatch.shortfalls import Unserved
from routing.places import Place

ZONE = ZoneInfo("Asia/Shanghai")
DOOR = Place(118.13, 33.9)
HOUSEHOLD = Household(
    household_id=HouseholdId("h1"), village="东风", name="王小明", phone="13812345678", place=DOOR
)
POINT = CollectionPoint(
    point_id=PointId("p1"),
    village="东风",
    name="东风代收点",
    place=Place(118.14, 33.9),
    hours=(OpeningHours(time(8), time(12)), OpeningHours(time(14), time(19))),
)
REGISTRY = Registry(households={HOUSEHOLD.household_id: HOUSEHOLD}, points={POINT.point_id: POINT})
TRIKE = VehicleModel(model_id=VehicleModelId("trike"), profile="trike", capacity_weight_g=180_000)
VAN = VehicleModel(model_id=VehicleModelId("van"), profile="van", capacity_weight_g=1_000_000)


def a_courier(name, model, *skills):
    return Courier(
        courier_id=CourierId(name),
        name=name,
        model_id=model.model_id,
        shift_starts=time(8),
        shift_ends=time(18),
        skills=frozenset(skills),
    )


FLEET = Fleet(
    depot=Depot(depot_id=DepotId("shaji"), name="沙集", place=DOOR, departures=(time(18, 30),)),
    models={each.model_id: each for each in (TRIKE, VAN)},
    couriers={
        each.courier_id: each for each in (a_courier("t", TRIKE), a_courier("v", VAN, "bulky"))
    },
)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def an_order(name="o1", **facts):
    facts = {"household_id": HOUSEHOLD.household_id, "weight_g": 1000} | facts
    return Order(order_id=OrderId(name), **facts)


def the_day(*orders, fleet=FLEET, registry=REGISTRY):
    day = DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11))
    return DayInputs(day=day, registry=registry, fleet=fleet, orders=orders)


def halts_of(*orders, fleet=FLEET):
    spot = spot_of(orders[0], REGISTRY)
    return list(
        halts_at(spot, orders, the_day(*orders, fleet=fleet), row=1, offers={}, companies={})
    )


def ids(halts):
    return [[order.order_id for order in halt.orders] for halt in halts]


def test_an_order_at_a_point_waits_there_though_its_household_is_known():
    spot = spot_of(an_order(point_id=POINT.point_id), REGISTRY)
    assert (spot.kind, spot.place) == (StopKind.POINT, POINT.place)


def test_an_order_with_a_place_of_its_own_is_picked_up_there():
    spot = spot_of(an_order(place=Place(118.2, 33.8)), REGISTRY)
    assert (spot.kind, spot.place) == (StopKind.PLACE, Place(118.2, 33.8))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"point_id": PointId("nowhere")}, "point-unknown"),
        ({"household_id": HouseholdId("nobody")}, "household-unknown"),
        ({"household_id": None}, "household-unknown"),
    ],
)
def test_an_order_nobody_can_find_is_left_out_with_its_reason(facts, reason):
    spot = spot_of(an_order(**facts), REGISTRY)
    assert isinstance(spot, Unserved)
    assert spot.reason == reason


def test_a_household_without_coordinates_is_not_guessed():
    lost = Registry(households={HouseholdId("h1"): replace(HOUSEHOLD, place=None)})
    assert spot_of(an_order(), lost).reason == "place-unknown"


def test_a_stop_is_titled_without_anything_personal():
    title = spot_of(an_order(), REGISTRY).title
    assert HOUSEHOLD.name not in title
    assert HOUSEHOLD.phone not in title


def test_orders_of_one_door_share_a_halt_and_add_up():
    (halt,) = halts_of(an_order("a", pieces=2), an_order("b", pieces=3, weight_g=500))
    assert halt.visit.loads == (1500, 0, 5)
    assert halt.visit.service_s == 5 * 15
    assert halt.visit.unserved_cost == 2 * 50_000 * 1000


def test_orders_for_different_trucks_keep_apart():
    early = an_order("a", cut_off_at=at(12, 30))
    assert ids(halts_of(early, an_order("b"))) == [["a"], ["b"]]


def test_orders_of_different_skills_keep_apart():
    bulky = an_order("a", handling=frozenset({Handling.BULKY}))
    assert len(halts_of(bulky, an_order("b"))) == 2


def test_a_late_parcel_does_not_hold_up_an_early_window():
    early = an_order("a", windows=(TimeWindow(at(9), at(10)),))
    late = an_order("b", ready_at=at(9, 30))
    assert ids(halts_of(early, late)) == [["a"], ["b"]]


def test_merging_never_costs_a_vehicle_that_could_have_come():
    heavy = [an_order(name, weight_g=100_000) for name in "abc"]
    assert ids(halts_of(*heavy)) == [["a"], ["b"], ["c"]]
    only_vans = replace(FLEET, couriers={CourierId("v"): a_courier("v", VAN)})
    assert ids(halts_of(*heavy, fleet=only_vans)) == [["a", "b", "c"]]


def test_an_order_ready_after_its_truck_is_left_out_and_spares_its_neighbour():
    late = an_order("a", ready_at=at(13), cut_off_at=at(12, 30))
    left, halt = halts_of(late, an_order("b"))
    assert (left.order_id, left.reason) == ("a", "no-common-time")
    assert isinstance(halt, Halt)


def test_a_point_is_served_in_its_opening_hours_only():
    order = an_order(point_id=POINT.point_id, ready_at=at(11))
    (halt,) = halts_of(order)
    assert [(each.earliest_s, each.latest_s) for each in halt.visit.windows] == [
        (11 * 3600, 12 * 3600),
        (14 * 3600, 19 * 3600),
    ]


def test_windows_that_touch_become_one():
    touching = (TimeWindow(at(9), at(10)), TimeWindow(at(10), at(11)))
    (halt,) = halts_of(an_order(windows=touching))
    assert [(each.earliest_s, each.latest_s) for each in halt.visit.windows] == [
        (9 * 3600, 11 * 3600)
    ]


orders = st.builds(
    lambda number, weight_g, ready, noon, bulky: an_order(
        f"o{number}",
        weight_g=weight_g,
        ready_at=None if ready is None else at(ready),
        cut_off_at=at(12, 30) if noon else None,
        handling=frozenset({Handling.BULKY}) if bulky else frozenset(),
    ),
    st.integers(0, 999),
    st.integers(0, 300_000),
    st.none() | st.integers(7, 18),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(orders, min_size=1, max_size=12, unique_by=lambda each: each.order_id))
def test_every_order_is_in_one_halt_or_left_out(orders):
    answers = halts_of(*orders)
    seen = [
        order_id
        for answer in answers
        for order_id in (
            [answer.order_id]
            if isinstance(answer, Unserved)
            else [order.order_id for order in answer.orders]
        )
    ]
    assert sorted(seen) == sorted(order.order_id for order in orders)
    for halt in answers:
        if isinstance(halt, Halt):
            ready = [order.ready_at for order in halt.orders if order.ready_at]
            assert all(halt.visit.windows[0].earliest_s >= each.hour * 3600 for each in ready), (
                "a halt begins before one of its parcels is ready"
            )
