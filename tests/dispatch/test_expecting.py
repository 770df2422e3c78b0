"""Expected orders: drawn from the days before, planned with, and in no plan."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from dispatch import operations
from dispatch.days import DayClock, DepotId, TimeWindow
from dispatch.events import CourierOut, OutReason, encode
from dispatch.expecting import PastDay, expected_on, still_to_come
from dispatch.keeping_time import without_expected
from dispatch.orders import Drop, Joining, JointId, OrderId
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.running.boarding import as_boarded
from dispatch.running.contract import breaches
from dispatch.running.replanning import replan
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.check import check
from routing.vrp.cost import solution_of
from routing.vrp.solve import solve
from tests.dispatch.day_judge import wrongs
from tests.dispatch.running.days import (
    DAY,
    SOUTH,
    STEP,
    WEST,
    World,
    at,
    at_moment,
    morning,
    order,
)

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def planned(inputs, network, *, now, start=None, facts=None, seed=1, iterations=300):
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=iterations,
        seed=seed,
        made_at=now,
        start=start,
        facts=facts,
    )


def past(days, orders, told_at):
    clock = DayClock(DAY - timedelta(days=days), ZONE)
    back = timedelta(days=days)
    moved = [
        replace(
            each,
            order_id=OrderId(f"{days}-{each.order_id}"),
            ready_at=None if each.ready_at is None else each.ready_at - back,
            windows=tuple(
                TimeWindow(window.earliest_at - back, window.latest_at - back)
                for window in each.windows
            ),
        )
        for each in orders
    ]
    return PastDay(clock, moved, {each.order_id: told_at(each) - back for each in moved})


def with_expected(inputs, seed, *, count=25, told_from=8):
    """The day of so many more orders that may come, asked for between then and four in the afternoon."""
    chance = random.Random(seed)
    orders = [order(500 + number, chance, ready_at=None, windows=()) for number in range(count)]
    told = {
        each.order_id: at(chance.randint(told_from, 15), chance.randint(0, 59)) for each in orders
    }
    expected = expected_on(inputs.clock, [past(1, orders, lambda each: told[each.order_id[2:]])])
    return inputs, expected


# What is expected


def test_each_household_is_expected_as_often_as_it_asked_on_average():
    chance = random.Random(1)
    weights = [1 / rank for rank in range(1, 31)]
    pasts = [
        past(
            days,
            [
                order(number, chance, household_id=f"h{household:02d}")
                for number, household in enumerate(chance.choices(range(30), weights, k=90))
            ],
            lambda _: at(chance.randint(7, 16), chance.randint(0, 59)),
        )
        for days in range(1, 6)
    ]
    asked = Counter(each.household_id for day in pasts for each in day.orders)
    expected = expected_on(DayClock(DAY, ZONE), pasts)
    found = Counter(each.order.household_id for each in expected)
    assert len(expected) == 90
    for household, times in asked.items():
        assert times // 5 <= found[household] <= -(-times // 5), household
    assert expected == expected_on(DayClock(DAY, ZONE), pasts)
    assert expected != expected_on(DayClock(DAY + timedelta(days=1), ZONE), pasts)


def test_an_expected_order_comes_at_the_hours_of_its_past_one_and_is_ready_no_sooner():
    chance = random.Random(2)
    stated = order(
        1,
        chance,
        ready_at=at(10),
        windows=(TimeWindow(at(11), at(13)),),
        cut_off_at=None,
    )
    (found,) = expected_on(DayClock(DAY, ZONE), [past(3, [stated], lambda _: at(10, 20))])
    assert (found.told_at, found.order.ready_at) == (at(10, 20), at(10, 20))
    assert found.order.windows == (TimeWindow(at(11), at(13)),)
    assert (found.order.place, found.order.pieces) == (stated.place, stated.pieces)
    assert found.order.order_id != stated.order_id
    assert still_to_come([found], at(10)) == (found.order,)
    assert still_to_come([found], at(10, 20)) == ()


def test_on_a_day_on_which_clocks_change_it_comes_at_the_same_second_of_the_day():
    zone = ZoneInfo("Europe/Berlin")
    chance = random.Random(2)
    clock = DayClock(date(2026, 10, 24), zone)
    stated = order(1, chance, ready_at=None, windows=())
    (found,) = expected_on(
        DayClock(date(2026, 10, 25), zone),
        [PastDay(clock, [stated], {stated.order_id: clock.moment(36_000)})],
    )
    assert DayClock(date(2026, 10, 25), zone).seconds(found.told_at) == 36_000


def test_what_needs_others_or_lies_nobody_knows_where_is_not_expected():
    chance = random.Random(3)
    orders = [
        order(1, chance, joint=Joining(joint_id=JointId("j"))),
        order(2, chance, drop=Drop(place=Place(WEST, SOUTH))),
        order(3, chance, unclear=True, place=None, address="村口"),
        order(4, chance),
    ]
    expected = expected_on(DayClock(DAY, ZONE), [past(1, orders, lambda _: at(10))])
    assert [each.order.pieces for each in expected] == [orders[3].pieces]


def test_without_days_before_nothing_is_expected():
    assert expected_on(DayClock(DAY, ZONE), []) == ()


# Plans


@pytest.mark.parametrize("seed", range(10))
def test_a_plan_holds_known_orders_only_and_serves_as_many(network, seed):
    inputs, expected = with_expected(morning(seed), seed)
    alone = planned(inputs, network, now=at(7))
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7))
    assert wrongs(inputs, plan) == []
    assert b"\\u0000" not in msgspec.json.encode(plan), "an expected order"
    assert len(plan.unserved) <= len(alone.unserved)
    assert 0 < plan.figures.expected <= len(inputs.expected)
    assert alone.figures.expected == 0


def test_who_is_expected_beside_a_known_door_is_waited_for(network):
    inputs = morning(1, orders=0, couriers=1)
    chance = random.Random(1)
    far = Place(WEST + 4.5 * STEP, SOUTH + 4.5 * STEP)
    known = order(1, chance, place=far, ready_at=None, windows=())
    inputs = replace(inputs, orders=(known,))
    assert planned(inputs, network, now=at(7)).routes[0].stops[0].begin_at < at(10)
    beside = order(2, chance, place=far, ready_at=None, windows=())
    expected = expected_on(inputs.clock, [past(1, [beside], lambda _: at(14))])
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    (stop,) = plan.routes[0].stops
    assert stop.order_ids == (known.order_id,)
    assert at(13, 50) <= stop.begin_at <= at(14, 30)
    (promise,) = plan.promises
    assert promise.latest_at > at(14)


@pytest.mark.parametrize("seed", range(6))
def test_known_orders_begin_just_when_they_would_with_the_expected_ones(network, seed):
    """Not later either: until the last moment would be without slack."""
    inputs, expected = with_expected(morning(seed), seed)
    posed = pose(replace(inputs, expected=still_to_come(expected, at(7))), network)
    solution = solve(posed.problem, budget_s=20, iterations=300, seed=seed)
    left = without_expected(posed, solution)
    begins_s, after_s = (
        {
            halt.visit: halt.begin_s
            for route in each.routes
            for trip in route.trips
            for halt in trip.visits
        }
        for each in (solution, left)
    )
    assert posed.expected & begins_s.keys()
    assert after_s == {key: each for key, each in begins_s.items() if key not in posed.expected}
    assert check(posed.problem, solution_of(posed.problem, left.routes)) == ()


def test_nobody_known_is_left_out_for_somebody_expected(network):
    inputs = morning(4, orders=12, couriers=1, capacity_pieces=6)
    models = {key: replace(each, trips_max=1) for key, each in inputs.fleet.models.items()}
    inputs = replace(inputs, fleet=replace(inputs.fleet, models=models))
    alone = planned(inputs, network, now=at(7), iterations=2000)
    assert alone.unserved, "a day too full"
    inputs, expected = with_expected(inputs, 4)
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7), iterations=2000)
    assert len(plan.unserved) == len(alone.unserved)


@pytest.mark.parametrize("docks", [None, 1])
@pytest.mark.parametrize("seed", range(8))
def test_a_running_day_keeps_the_contract_while_it_expects(network, seed, docks):
    chance = random.Random(seed)
    inputs = morning(seed)
    depot = replace(inputs.fleet.depot, docks=docks)
    inputs = replace(inputs, fleet=replace(inputs.fleet, depot=depot))
    inputs, expected = with_expected(inputs, seed)
    world = World(seed, pace=chance.choice([0.9, 1.0, 1.2]))
    plan = planned(replace(inputs, expected=still_to_come(expected, at(7))), network, now=at(7))
    for hour in range(8, 18, 2):
        now = at(hour, 20)
        further = [order(1000 + 10 * hour + each, chance, ready_at=None) for each in range(2)]
        inputs = replace(inputs, orders=(*inputs.orders, *further))
        rest, facts = at_moment(inputs, world.drive(plan, now))
        rest = replace(rest, expected=still_to_come(expected, now))
        again = planned(rest, network, now=now, start=plan, facts=facts, seed=hour)
        before = as_boarded(plan, rest, network, facts)  # what failed at the door is not unloaded
        assert breaches(before, again, rest, facts, now=now) == ()
        assert b"\\u0000" not in msgspec.json.encode(again)
        plan = again


@pytest.mark.parametrize("seed", range(4))
def test_what_room_for_expected_orders_is_worth_is_no_saving(network, seed):
    """The same day again: the old plan is compared as if it had room for them, too."""
    inputs, expected = with_expected(morning(seed, orders=15), seed, count=8)
    inputs = replace(inputs, expected=still_to_come(expected, at(7)))
    plan = planned(inputs, network, now=at(7), iterations=3000)
    _, facts = at_moment(inputs, [])
    again = replan(inputs, network, plan, facts, now=at(7), budget_s=20, seed=1, iterations=300)
    assert again.saved is not None
    prices = len(inputs.expected) * inputs.fleet.depot.unserved_cost_fen * 1000 // 4
    assert abs(again.saved) < prices / 10


# From the store


async def test_a_depot_expects_what_was_asked_for_on_its_days_before(store, crewed):
    chance = random.Random(5)
    yesterday = replace(crewed, day=crewed.day - timedelta(days=1))
    back = timedelta(days=1)
    orders = [order(number, chance, ready_at=None, windows=()) for number in range(4)]
    for hours, some in ((9, orders[:2]), (14, orders[2:])):
        await operations.create_orders(store, yesterday, some, by="test", at=at(hours) - back)
    await operations.cancel_order(
        store, yesterday, orders[0].order_id, reason="", by="test", at=at(9, 30) - back
    )
    handed = order(9, chance)
    await operations.create_orders(store, yesterday, [handed], by="test", at=at(15) - back)
    await store.append_event(
        yesterday,
        encode(
            CourierOut(
                at=at(15) - back,
                by="test",
                courier_id="k1",
                reason=OutReason.BREAKDOWN,
                handover_id=handed.order_id,
                order_ids=(),
            )
        ),
    )
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=2)

    async def expected(now, depot=depot, day=crewed):
        return [each.place for each in await operations.read_expected(store, day, depot, at=now)]

    assert await expected(at(7)) == [each.place for each in orders[1:]]
    assert await expected(at(9)) == [each.place for each in orders[2:]]
    assert await expected(at(14)) == []
    assert await expected(at(7), depot=fleet.depot) == [], "it does not look back"
    other = replace(crewed, depot_id=DepotId("other"))
    assert await expected(at(7), day=other) == []


async def test_what_was_expected_the_evening_before_is_looked_at_again_in_the_morning(
    store, crewed
):
    chance = random.Random(6)
    back = timedelta(days=1)
    yesterday = replace(crewed, day=crewed.day - back)
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=1)
    evening = at(20) - back
    assert await operations.read_expected(store, crewed, depot, at=evening) == ()
    late = order(1, chance, ready_at=None, windows=())
    await operations.create_orders(store, yesterday, [late], by="test", at=at(22) - back)
    (found,) = await operations.read_expected(store, crewed, depot, at=at(7))
    assert found.place == late.place


async def test_a_running_day_knows_what_it_expects(store, crewed):
    chance = random.Random(7)
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=1)
    await operations.replace_fleet(
        store, crewed.scope, replace(fleet, depot=depot), by="test", at=at(6)
    )
    back = timedelta(days=1)
    asked = order(1, chance, ready_at=None, windows=())
    yesterday = replace(crewed, day=crewed.day - back)
    await operations.create_orders(store, yesterday, [asked], by="test", at=at(11) - back)
    running = await operations.read_running(store, crewed, at=at(10))
    (expected,) = running.inputs.expected
    assert expected.place == asked.place
    assert running.inputs.orders == ()
