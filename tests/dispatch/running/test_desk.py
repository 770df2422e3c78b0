"""The desk answers from news alone as it would if it were told the whole day again."""

import random
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from dispatch.days import TimeWindow
from dispatch.households import Household, HouseholdId, Registry
from dispatch.orders import OrderId
from dispatch.planning import plan_day
from dispatch.running.desk import DayNews, Desk
from dispatch.versions import changed, numbered
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def through_the_pipe(news):
    return msgspec.json.decode(msgspec.json.encode(news), type=DayNews)


def at_homes(inputs, chance):
    """The day with orders of households, each with a price of its own for windows that are short."""
    homes, orders = {}, []
    for each in inputs.orders:
        home = Household(
            household_id=HouseholdId(f"h-{each.order_id}"),
            village="",
            name="",
            late_fen_per_minute=chance.choice([1, 5]),
            missed_max_s=7200,
        )
        homes[home.household_id] = home
        opens = at(chance.randint(9, 14))
        windows = (TimeWindow(opens, opens + timedelta(minutes=5)),)
        orders.append(replace(each, household_id=home.household_id, ready_at=None, windows=windows))
    return replace(inputs, registry=Registry(households=homes), orders=tuple(orders))


def named_by(orders, registry):
    """What of the registry these orders name."""
    names = {each.household_id for each in orders}
    homes = {key: each for key, each in registry.households.items() if key in names}
    return replace(registry, households=homes)


@pytest.mark.parametrize("seed", range(3))
def test_a_desk_that_is_told_news_answers_as_one_that_is_told_all(network, seed):
    chance = random.Random(seed)
    inputs = at_homes(morning(seed), chance)
    plan = plan_day(inputs, network, budget_s=20, iterations=100, seed=1, made_at=at(7))
    plan = numbered(plan, 1)
    assert plan.figures.missed > 0
    world, desk = World(seed), Desk()
    orders, told_orders, told_events = list(inputs.orders), 0, 0
    for number in range(4):
        now = at(9 + number, 10)
        new = order(800 + number, chance, ready_at=None)
        orders.append(new)
        events = tuple(world.drive(plan, now))
        fixed = {
            "day": plan.day,
            "version": plan.version,
            "fleet": inputs.fleet,
            "closures": (),
            "asked": (OrderId(new.order_id),),
            "now": now,
        }
        news = DayNews(
            afresh=False,
            plan=plan if number == 0 else None,
            orders=tuple(orders[told_orders:]),
            registry=named_by(orders[told_orders:], inputs.registry),
            events=events[told_events:],
            **fixed,
        )
        whole = DayNews(
            afresh=True,
            plan=plan,
            orders=tuple(orders),
            registry=inputs.registry,
            events=events,
            **fixed,
        )
        told_orders, told_events = len(orders), len(events)
        answer = desk.answer(through_the_pipe(news), lambda: network)
        assert answer == Desk().answer(through_the_pipe(whole), lambda: network)
        if answer.change is not None:
            # Others have used numbers meanwhile.
            plan = numbered(changed(plan, answer.change), plan.version + 3)
