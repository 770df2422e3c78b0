"""Which points an order is offered at: its household's word, the walk, the hours, the room."""

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.fleet import Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import (
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
    Registry,
)
from dispatch.inputs import DayInputs
from dispatch.offers import offers_of, useless_points
from dispatch.orders import Handling, Order, OrderId
from routing.places import Place

ZONE = ZoneInfo("Asia/Shanghai")
NEAR, FAR = PointId("near"), PointId("far")
POINTS = {
    NEAR: CollectionPoint(
        point_id=NEAR, village="东风", name="东风代收点", place=Place(118.13, 33.9)
    ),
    FAR: CollectionPoint(
        point_id=FAR, village="西风", name="西风代收点", place=Place(118.126, 33.9)
    ),
}
HOMES = {
    HouseholdId(f"h{number}"): Household(
        household_id=HouseholdId(f"h{number}"),
        village="东风",
        name="王",
        place=Place(118.13 + 0.001 * number, 33.9),
        points=(FAR, NEAR),
    )
    for number in range(12)
}
FLEET = Fleet(
    depot=Depot(depot_id=DepotId("shaji"), name="沙集", place=Place(118.1, 33.9)),
    models={VehicleModelId("t"): VehicleModel(model_id=VehicleModelId("t"), profile="trike")},
    couriers={
        CourierId("c"): Courier(
            courier_id=CourierId("c"),
            name="张",
            model_id=VehicleModelId("t"),
            shift_starts=time(8),
            shift_ends=time(18),
        )
    },
)


def at(hour, minute=0):
    return datetime(2026, 11, 11, hour, minute, tzinfo=ZONE)


def an_order(home=1, **facts):
    facts = {"order_id": OrderId(f"o{home}"), "household_id": HouseholdId(f"h{home}")} | facts
    return Order(**facts)


def offered(*orders, points=POINTS, homes=HOMES, fleet=FLEET):
    """Order id to the ids of the points at which it may be picked up, and how far they are."""
    inputs = DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
        registry=Registry(households=homes, points=points),
        fleet=fleet,
        orders=orders,
    )
    waiting = [
        (each, each.place or homes[each.household_id].place) for each in orders if not each.point_id
    ]
    found = offers_of(waiting, inputs, set(points))
    return {
        order_id: [(each.point.point_id, each.walk_m) for each in offers]
        for order_id, offers in found.items()
    }


def points_of(*orders, **more):
    return {key: [point for point, _ in each] for key, each in offered(*orders, **more).items()}


def test_the_points_of_the_household_are_offered_nearest_first_with_the_walk():
    ((near, near_m), (far, far_m)) = offered(an_order(1))["o1"]
    assert (near, far) == (NEAR, FAR)
    # A thousandth of a degree is 92 m here, and a walk is 1.3 times the straight line.
    assert near_m == pytest.approx(1.3 * 92.4, abs=2)
    assert far_m == pytest.approx(1.3 * 5 * 92.4, abs=5)


def test_an_order_says_for_itself_where_it_may_be_brought():
    assert points_of(an_order(1, points=(NEAR,))) == {"o1": [NEAR]}
    assert points_of(an_order(1, points=())) == {}


def test_who_accepts_no_point_is_not_asked():
    at_door = {key: replace(each, points=()) for key, each in HOMES.items()}
    assert points_of(an_order(1), homes=at_door) == {}
    assert points_of(an_order(1, points=(FAR,)), homes=at_door) == {"o1": [FAR]}


def test_a_point_that_the_registry_does_not_have_is_passed_over():
    assert points_of(an_order(1, points=(PointId("gone"), NEAR))) == {"o1": [NEAR]}


def test_an_order_that_waits_at_a_point_is_brought_nowhere_else():
    assert points_of(an_order(1, point_id=FAR)) == {}


def test_nobody_is_asked_to_walk_farther_than_the_depot_says():
    near_only = replace(FLEET, depot=replace(FLEET.depot, walk_max_m=200))
    assert points_of(an_order(1), fleet=near_only) == {"o1": [NEAR]}


@pytest.mark.parametrize(
    ("handling", "takes_bulky", "asked"),
    [
        (Handling.BULKY, True, True),
        (Handling.BULKY, False, False),
        (Handling.FRAGILE, False, True),
        (Handling.KEEP_DRY, False, True),
        (Handling.TWO_PERSON, True, False),
        (Handling.COLD, True, False),
    ],
)
def test_goods_are_offered_where_a_household_can_bring_them(handling, takes_bulky, asked):
    points = {NEAR: replace(POINTS[NEAR], takes_bulky=takes_bulky)}
    order = an_order(1, handling=frozenset({handling}))
    assert bool(points_of(order, points=points)) is asked


def test_a_point_is_offered_while_it_is_open_after_the_walk_and_before_the_truck():
    hours = (OpeningHours(time(8), time(12)),)
    points = {NEAR: replace(POINTS[NEAR], hours=hours)}

    def is_offered(**facts):
        return bool(points_of(an_order(11, **facts), points=points))

    assert is_offered(ready_at=at(11, 30))
    assert not is_offered(ready_at=at(11, 50))  # 1,320 m, 18 minutes on foot
    assert not is_offered(ready_at=at(13))
    assert not is_offered(cut_off_at=at(7, 30))
    assert is_offered(windows=(TimeWindow(at(15), at(16)),))  # nobody need be at home


def test_a_full_point_is_offered_to_the_nearest_only():
    points = {NEAR: replace(POINTS[NEAR], capacity_pieces=5)}
    orders = [an_order(home, pieces=2) for home in (3, 1, 2)]
    assert points_of(*orders, points=points) == {"o1": [NEAR], "o2": [NEAR]}


def test_what_waits_at_a_point_anyway_takes_its_room_first():
    points = {NEAR: replace(POINTS[NEAR], capacity_pieces=5)}
    waiting = an_order(9, point_id=NEAR, pieces=4)
    assert points_of(an_order(1, pieces=2), an_order(2), waiting, points=points) == {"o2": [NEAR]}


def test_volume_is_room_as_well():
    points = {NEAR: replace(POINTS[NEAR], capacity_volume_ml=1000)}
    orders = [an_order(1, volume_ml=900), an_order(2, volume_ml=200), an_order(3, volume_ml=100)]
    assert points_of(*orders, points=points) == {"o1": [NEAR], "o3": [NEAR]}


homes = st.integers(0, 11)
stated = st.none() | st.lists(st.sampled_from([NEAR, FAR]), unique=True).map(tuple)


@given(
    st.lists(st.tuples(homes, st.integers(1, 9), stated, st.booleans()), max_size=25),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_all_that_is_offered_at_a_point_fits_beside_what_waits_there(rows, near_room, far_room):
    orders = [
        an_order(
            home,
            order_id=OrderId(f"o{number}"),
            pieces=pieces,
            points=points,
            point_id=NEAR if waits else None,
        )
        for number, (home, pieces, points, waits) in enumerate(rows)
    ]
    rooms = {NEAR: near_room, FAR: far_room}
    points = {key: replace(each, capacity_pieces=rooms[key]) for key, each in POINTS.items()}
    found = points_of(*orders, points=points)
    for point_id, room in rooms.items():
        brought = [each.pieces for each in orders if point_id in found.get(each.order_id, ())]
        waiting = [each.pieces for each in orders if each.point_id == point_id]
        assert not brought or sum(brought) + sum(waiting) <= room


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"capacity_pieces": 0}, "capacity is 0"),
        ({"capacity_volume_ml": 0}, "capacity is 0"),
        ({"hours": (OpeningHours(time(18, 30), time(21)),)}, "never open during a courier's shift"),
        ({"hours": (OpeningHours(time(6), time(8)),)}, "never open during a courier's shift"),
    ],
)
def test_a_point_to_which_nobody_can_bring_anything_is_named_and_offered_to_nobody(facts, why):
    points = {**POINTS, NEAR: replace(POINTS[NEAR], **facts)}
    (told,) = useless_points(FLEET, Registry(points=points))
    assert told.startswith("nobody brings parcels to point near")
    assert why in told
    assert points_of(an_order(1), points=points) == {"o1": [FAR]}


def test_a_shift_past_midnight_meets_late_hours():
    night = {
        key: replace(each, shift_starts=time(16), shift_ends=time(2))
        for key, each in FLEET.couriers.items()
    }
    late = replace(POINTS[NEAR], hours=(OpeningHours(time(21), time(23)),))
    assert useless_points(replace(FLEET, couriers=night), Registry(points={NEAR: late})) == ()
