"""Joint orders: whole days on a grid of streets, judged by the orders as they were stated."""

import random
from dataclasses import replace

import pytest

from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.joints import as_joined, told_joints
from dispatch.orders import Handling, Joining, JointId, JointRule, OrderId
from dispatch.posing import pose
from dispatch.running.contract import breaches
from dispatch.running.standing import standings
from dispatch.starting import start_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.day_judge import wrongs
from tests.dispatch.joint_judge import joint_wrongs
from tests.dispatch.running.days import (
    SOUTH,
    STEP,
    WEST,
    World,
    at,
    at_moment,
    morning,
    order,
    planned,
)

RULES = [
    (),
    (JointRule.SAME_TRIP,),
    (JointRule.SAME_DEPARTURE,),
    (JointRule.ALL_OR_NOTHING,),
    (JointRule.SAME_TRIP, JointRule.ALL_OR_NOTHING),
    (JointRule.SAME_DEPARTURE, JointRule.ALL_OR_NOTHING),
]


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def joining(name, *rules, **facts):
    return Joining(joint_id=JointId(name), rules=frozenset(rules), **facts)


def joined_morning(seed, *, joints=6):
    """A drawn morning in which some orders, wherever they are, belong together."""
    chance = random.Random(f"joined {seed}")
    inputs = morning(seed)
    depot = replace(inputs.fleet.depot, missed_cut_off_cost_fen=chance.choice([None, 300, 300]))
    orders = list(inputs.orders)
    chance.shuffle(orders)
    for number in range(joints):
        rules = chance.choice(RULES)
        for slot in range(3 * number, 3 * number + chance.choice([2, 3])):
            facts = {}
            if chance.random() < 0.3:
                facts["cut_off_at"] = at(12, 30)
            if chance.random() < 0.2:
                facts["handling"] = frozenset({chance.choice([Handling.COLD, Handling.BULKY])})
            orders[slot] = replace(orders[slot], joint=joining(f"j{number}", *rules), **facts)
    return replace(
        inputs,
        fleet=replace(inputs.fleet, depot=depot),
        orders=tuple(sorted(orders, key=lambda each: each.order_id)),
    )


@pytest.mark.parametrize("seed", range(16))
def test_a_day_keeps_its_joint_orders(network, seed):
    inputs = joined_morning(seed)
    plan = planned(inputs, network)
    assert joint_wrongs(inputs, plan) == []
    if inputs.fleet.depot.missed_cut_off_cost_fen is None:  # else some wait at the depot
        assert wrongs(as_joined(inputs), plan) == []


def test_drawn_days_would_tear_joint_orders(network):
    """Or the test above would prove nothing."""
    torn = set()
    for seed in range(4):
        inputs = joined_morning(seed)
        alone = replace(inputs, orders=tuple(replace(o, joint=None) for o in inputs.orders))
        told = told_joints(planned(alone, network), inputs.orders)
        torn |= {each.split(": ")[1] for each in joint_wrongs(inputs, told)}
    assert {"more than one trip", "picked up in part"} <= torn


@pytest.mark.parametrize("seed", range(16))
def test_a_running_day_tears_no_joint_order(network, seed):
    chance = random.Random(seed)
    inputs = joined_morning(seed)
    plan = planned(inputs, network, now=at(7))
    now = at(chance.randint(9, 15), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.9, 1.0, 1.4])).drive(plan, now)
    rest, facts = at_moment(inputs, events)
    again = planned(rest, network, now=now, start=plan, facts=facts)
    where = standings(plan, facts, inputs.fleet, now=now).values()
    begun = {order_id for each in where for order_id in each.order_ids}
    aboard = {order_id for each in where for stop in each.fixed for order_id in stop.order_ids}
    assert breaches(plan, again, as_joined(rest, plan.joints), facts, now=now) == ()
    assert joint_wrongs(inputs, again, begun, begun - aboard) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_with_joint_orders_is_where_the_next_search_starts(network, seed):
    inputs = joined_morning(seed)
    plan = planned(inputs, network)
    start = start_of(pose(as_joined(inputs), network), plan)
    assert start is not None
    served = sum(len(stop.order_ids) for route in plan.routes for stop in route.stops)
    again = planned(inputs, network, start=plan)
    assert again.figures.served >= served


def a_place(east, north):
    return Place(WEST + east * STEP, SOUTH + north * STEP)


def a_day(*orders, homes=(), points=(), **depot):
    inputs = morning(0, orders=0)
    return replace(
        inputs,
        orders=orders,
        registry=Registry(
            households={each.household_id: each for each in homes},
            points={each.point_id: each for each in points},
        ),
        fleet=replace(inputs.fleet, depot=replace(inputs.fleet.depot, **depot)),
    )


def an_order(name, east=1.0, north=1.0, **facts):
    plain = {"windows": (), "ready_at": None, "pieces": 1, "place": a_place(east, north)}
    return order(0, random.Random(1), **{"order_id": OrderId(name), **plain, **facts})


def test_all_or_nothing_leaves_all_out_with_the_one_that_nobody_may_carry(network):
    joint = joining("j", JointRule.ALL_OR_NOTHING)
    cold = an_order("cold", 2, 2, joint=joint, handling=frozenset({Handling.COLD}))
    plan = planned(a_day(an_order("o1", joint=joint), cold, an_order("other", 3, 1)), network)
    left = {each.order_id: each for each in plan.unserved}
    assert {key: each.reason for key, each in left.items()} == {
        "o1": "joint-incomplete",
        "cold": "skill-missing",
    }
    assert left["o1"].detail == (
        "joint order j is picked up whole or not at all, and order cold cannot be: "
        "no courier has all the skills that the goods ask for"
    )
    assert [each.complete for each in plan.joints] == [False]
    assert plan.figures.served == 1


def test_all_or_nothing_leaves_all_out_with_the_one_whose_place_nobody_knows(network):
    joint = joining("j", JointRule.ALL_OR_NOTHING)
    unclear = an_order("unclear", joint=joint, unclear=True, address="somewhere")
    plan = planned(a_day(an_order("o1", joint=joint), unclear, an_order("other", 3, 1)), network)
    reasons = {each.order_id: each.reason for each in plan.unserved}
    assert reasons == {"o1": "joint-incomplete", "unclear": "address-unclear"}
    assert plan.figures.served == 1


def test_without_all_or_nothing_the_others_are_picked_up(network):
    joint = joining("j", JointRule.SAME_TRIP)
    unclear = an_order("unclear", joint=joint, unclear=True, address="somewhere")
    plan = planned(a_day(an_order("o1", joint=joint), unclear), network)
    assert plan.figures.served == 1
    (told,) = plan.joints
    assert (told.left_out, told.complete) == (("unclear",), False)


def test_members_leave_with_the_truck_that_the_last_of_them_makes(network):
    """The second is ready in the afternoon only, so the first waits for it at the depot, and that costs."""
    joint = joining("j", JointRule.SAME_DEPARTURE)
    early = an_order("early", joint=joint, cut_off_at=at(12, 30))
    late = an_order("late", 3, 3, joint=joint, ready_at=at(14))
    inputs = a_day(early, late, missed_cut_off_cost_fen=300)
    plan = planned(inputs, network)
    (told,) = plan.joints
    assert told.leaves_at == at(18, 30)
    assert told.cut_off_at == at(12, 30)
    assert plan.figures.late == 2
    forbidden = planned(a_day(early, late), network)
    assert {each.order_id for each in forbidden.unserved} == {"late"}


def test_a_joint_order_is_complete_by_the_moment_stated(network):
    joint = joining("j", JointRule.SAME_TRIP, complete_by_at=at(12))
    inputs = a_day(an_order("o1", joint=joint), an_order("o2", 3, 3, joint=joint))
    plan = planned(inputs, network)
    (trip,) = [trip for route in plan.routes for trip in route.trips]
    assert trip.over_at < at(12)
    late = replace(inputs.orders[1], ready_at=at(12, 30))
    assert planned(replace(inputs, orders=(inputs.orders[0], late)), network).joints[
        0
    ].left_out == ("o2",)


def a_home(name, east, north):
    return Household(
        household_id=HouseholdId(name), village="东风", name="王", place=a_place(east, north)
    )


def gathered_day(*, gather_at="h1", points=(), far=1.6, **facts):
    joint = joining("j", JointRule.GATHER, gather_at=gather_at)
    homes = [a_home("h1", 1, 1), a_home("h2", 1.5, 1), a_home("h3", far, 1)]
    orders = [
        an_order(f"o{each.household_id}", place=None, household_id=each.household_id, joint=joint)
        for each in homes
    ]
    orders[1] = replace(orders[1], ready_at=at(11), **facts)
    return a_day(*orders, homes=homes, points=points)


def stops_of(plan):
    return [stop for route in plan.routes for stop in route.stops]


def test_a_gathered_joint_order_is_one_stop_when_all_of_it_is_there(network):
    inputs = gathered_day()
    plan = planned(inputs, network)
    assert joint_wrongs(inputs, plan) == []
    (stop,) = stops_of(plan)
    assert stop.order_ids == ("oh1", "oh2", "oh3")
    assert {each.household_id for each in stop.brought} == {"h2", "h3"}
    assert stop.place == a_place(1, 1)
    assert stop.begin_at > at(11, 3)  # 300 m on foot


def test_a_joint_order_is_gathered_at_a_collection_point_while_that_is_open(network):
    point = CollectionPoint(
        point_id=PointId("p"), village="东风", name="代收点", place=a_place(1.2, 1)
    )
    inputs = gathered_day(gather_at="p", points=(point,))
    plan = planned(inputs, network)
    assert joint_wrongs(inputs, plan) == []
    (stop,) = stops_of(plan)
    assert (stop.point_id, len(stop.brought)) == ("p", 3)
    again = start_of(pose(as_joined(inputs), network), plan)
    assert again is not None
    assert again.unserved == ()


def test_who_cannot_bring_it_is_picked_up_at_its_door_in_the_same_trip(network):
    inputs = gathered_day(far=4.5)
    plan = planned(inputs, network)
    assert joint_wrongs(inputs, plan) == []
    assert [
        stop.order_ids for stop in sorted(stops_of(plan), key=lambda each: -len(each.order_ids))
    ] == [
        ("oh1", "oh2"),
        ("oh3",),
    ]
    heavy = gathered_day(handling=frozenset({Handling.TWO_PERSON}))
    assert not any(
        each.order_id == "oh2"
        for stop in stops_of(planned(heavy, network))
        for each in stop.brought
    )


def test_orders_are_joined_once(network):
    inputs = gathered_day()
    once = as_joined(inputs)
    assert as_joined(once) == once


def test_a_cut_off_of_a_member_that_is_over_still_holds(network):
    joint = joining("j", JointRule.SAME_DEPARTURE)
    first = an_order("o1", joint=joint, cut_off_at=at(12, 30))
    second = an_order("o2", 4, 4, joint=joint)
    plan = planned(a_day(first, second), network, now=at(7))
    rest = as_joined(a_day(second), plan.joints)
    assert rest.orders[0].cut_off_at == at(12, 30)
    assert as_joined(a_day(second)).orders[0].cut_off_at is None
