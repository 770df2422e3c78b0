"""The desk answers from news alone as it would if it were told the whole day again."""

import random

import msgspec
import pytest

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


@pytest.mark.parametrize("seed", range(3))
def test_a_desk_that_is_told_news_answers_as_one_that_is_told_all(network, seed):
    chance = random.Random(seed)
    inputs = morning(seed)
    plan = plan_day(inputs, network, budget_s=20, iterations=100, seed=1, made_at=at(7))
    plan = numbered(plan, 1)
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
            "registry": inputs.registry,
            "closures": (),
            "asked": (OrderId(new.order_id),),
            "now": now,
        }
        news = DayNews(
            afresh=False,
            plan=plan if number == 0 else None,
            orders=tuple(orders[told_orders:]),
            events=events[told_events:],
            **fixed,
        )
        whole = DayNews(afresh=True, plan=plan, orders=tuple(orders), events=events, **fixed)
        told_orders, told_events = len(orders), len(events)
        answer = desk.answer(through_the_pipe(news), lambda: network)
        assert answer == Desk().answer(through_the_pipe(whole), lambda: network)
        if answer.change is not None:
            # Others have used numbers meanwhile.
            plan = numbered(changed(plan, answer.change), plan.version + 3)
