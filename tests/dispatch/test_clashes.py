"""Clashes: named with the fewest facts that show them, while the rest of the day is planned."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from dispatch.fleet import BreakRule
from dispatch.households import CollectionPoint, OpeningHours, PointId, Registry
from dispatch.orders import Handling, Joining, JointId, JointRule, OrderId
from dispatch.planning import plan_day
from dispatch.shortfalls import ClashCode
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import SOUTH, STEP, WEST, World, at, at_moment, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def an_order(name, east=1.0, north=1.0, **facts):
    plain = {
        "windows": (),
        "ready_at": None,
        "pieces": 1,
        "place": Place(WEST + east * STEP, SOUTH + north * STEP),
    }
    return order(0, random.Random(1), **{"order_id": OrderId(name), **plain, **facts})


def a_day(*orders, points=(), model=None, courier=None):
    """Two couriers, c0 and c1; what is said of a courier is said of c0."""
    inputs = morning(0, orders=0, couriers=2)
    fleet = inputs.fleet
    models = {key: replace(each, **(model or {})) for key, each in fleet.models.items()}
    couriers = dict(fleet.couriers)
    couriers["c0"] = replace(couriers["c0"], **(courier or {}))
    return replace(
        inputs,
        orders=orders,
        registry=Registry(points={each.point_id: each for each in points}),
        fleet=replace(fleet, models=models, couriers=couriers),
    )


def planned(inputs, network, **more):
    told = {"made_at": datetime(2026, 11, 11, tzinfo=UTC)} | more
    return plan_day(inputs, network, budget_s=20, iterations=100, seed=1, **told)


def test_a_day_without_clashes_names_none(network):
    assert planned(morning(1), network).clashes == ()


def test_a_member_that_nobody_may_carry_clashes_with_all_or_nothing(network):
    joint = Joining(joint_id=JointId("j"), rules=frozenset({JointRule.ALL_OR_NOTHING}))
    cold = an_order("cold", 2, 2, joint=joint, handling=frozenset({Handling.COLD}))
    plan = planned(a_day(an_order("o1", joint=joint), cold, an_order("o2", 3, 1)), network)
    (clash,) = plan.clashes
    assert (clash.code, clash.joint_id, clash.order_ids) == (
        ClashCode.JOINT_MEMBER_IMPOSSIBLE,
        "j",
        ("cold",),
    )
    assert "no courier has all the skills" in clash.detail
    assert plan.figures.served == 1


def test_a_member_whose_place_nobody_knows_clashes_with_all_or_nothing(network):
    joint = Joining(joint_id=JointId("j"), rules=frozenset({JointRule.ALL_OR_NOTHING}))
    unclear = an_order("x", joint=joint, unclear=True, address="somewhere")
    (clash,) = planned(a_day(an_order("o1", joint=joint), unclear), network).clashes
    assert (clash.code, clash.order_ids) == (ClashCode.JOINT_MEMBER_IMPOSSIBLE, ("x",))


def test_a_member_that_is_only_crowded_out_clashes_with_nothing(network):
    """Each could be picked up; together they are too much for the vehicles of the day."""
    joint = Joining(joint_id=JointId("j"), rules=frozenset({JointRule.ALL_OR_NOTHING}))
    orders = [an_order(f"o{n}", 1 + n / 9, 2, joint=joint, pieces=20) for n in range(9)]
    plan = planned(a_day(*orders, model={"trips_max": 1}), network)
    assert plan.clashes == ()
    assert plan.figures.served == 0
    assert {each.reason for each in plan.unserved} <= {"joint-incomplete", "no-capacity-left"}


def test_a_point_that_is_open_in_no_shift_is_named_with_what_waits_there(network):
    point = CollectionPoint(
        point_id=PointId("p"),
        village="",
        name="",
        place=Place(WEST + STEP, SOUTH + STEP),
        hours=(OpeningHours(time(19), time(21)),),
    )
    waits = an_order("waits", place=None, point_id=PointId("p"))
    plan = planned(a_day(waits, an_order("o2", 3, 1), points=(point,)), network)
    (clash,) = plan.clashes
    assert (clash.code, clash.point_id, clash.order_ids) == (
        ClashCode.POINT_NEVER_OPEN,
        "p",
        ("waits",),
    )
    assert "open 19:00-21:00" in clash.detail
    assert plan.figures.served == 1
    open_then = replace(point, hours=(*point.hours, OpeningHours(time(9), time(10))))
    assert planned(a_day(waits, points=(open_then,)), network).clashes == ()


def test_a_break_longer_than_its_shift_keeps_one_courier_at_home_and_no_other(network):
    rest = BreakRule(time(9), time(10), 11 * 3600)
    inputs = a_day(an_order("o1"), courier={"breaks": (rest,)})
    plan = planned(inputs, network)
    (clash,) = plan.clashes
    assert (clash.code, clash.courier_ids) == (ClashCode.BREAK_LONGER_THAN_SHIFT, ("c0",))
    assert "660 min" in clash.detail
    assert [route.courier_id for route in plan.routes] == ["c1"]


def test_a_running_day_names_its_clashes_as_well(network):
    rest = BreakRule(time(9), time(10), 11 * 3600)
    inputs = a_day(*(an_order(f"o{n}", 1 + n, 2) for n in range(4)), courier={"breaks": (rest,)})
    plan = planned(inputs, network, made_at=at(7))
    open_now, facts = at_moment(inputs, World(1).drive(plan, at(9)))
    again = planned(open_now, network, made_at=at(9), start=plan, facts=facts)
    assert [each.code for each in again.clashes] == [ClashCode.BREAK_LONGER_THAN_SHIFT]


def test_a_range_below_the_nearest_stop_is_named_with_both(network):
    orders = (an_order("far", 4, 4), an_order("near", 2, 2))
    plan = planned(a_day(*orders, model={"range_m": 1_000}), network)
    (clash,) = plan.clashes
    assert (clash.code, clash.order_ids, clash.courier_ids) == (
        ClashCode.RANGE_BELOW_NEAREST_STOP,
        ("near",),
        ("c0", "c1"),
    )
    assert "go 1.0 km, and the nearest stop, order near, is" in clash.detail
    assert {each.reason for each in plan.unserved} == {"range-too-short"}
    assert planned(a_day(*orders, model={"range_m": 30_000}), network).clashes == ()
