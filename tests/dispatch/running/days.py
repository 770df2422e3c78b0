"""Drawn days that run: orders on a grid of streets, a morning plan, and a world that does not keep to it."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.amounts import amount_of
from dispatch.days import CompanyId, DayClock, DepotDay, DepotId, TimeWindow
from dispatch.demo import Crew
from dispatch.events import OrderCancelled
from dispatch.expecting import PastDay, expected_on
from dispatch.fates import road_facts
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.planning import plan_day
from routing.places import Place

DAY = datetime(2026, 11, 11, tzinfo=UTC).date()
ZONE = ZoneInfo("Asia/Shanghai")
WEST, SOUTH, STEP = 118.10, 33.88, 0.005


def at(hours, minutes=0):
    """A moment of the day in the depot's zone, eight hours ahead of UTC."""
    return datetime(2026, 11, 11, tzinfo=UTC) + timedelta(hours=hours - 8, minutes=minutes)


def order(number, chance, **stated):
    windows = ()
    if chance.random() < 0.3:
        opens = chance.randint(8, 14)
        windows = (TimeWindow(at(opens), at(opens + 3)),)
    facts = {
        "order_id": OrderId(f"o{number:03d}"),
        "place": Place(
            WEST + chance.uniform(0.1, 4.9) * STEP, SOUTH + chance.uniform(0.1, 4.9) * STEP
        ),
        "pieces": chance.randint(1, 4),
        "ready_at": at(chance.randint(8, 12)) if chance.random() < 0.3 else None,
        "windows": windows,
    }
    return Order(**(facts | stated))


def morning(seed, *, orders=40, couriers=3, capacity_pieces=25, slack_s=600):
    chance = random.Random(seed)
    trike = VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_pieces=capacity_pieces,
        trips_max=4,
        range_m=60_000,
        fixed_cost_fen=2000,
        cost_per_km_fen=30,
        cost_per_hour_fen=2500,
    )
    crew = [
        Courier(
            courier_id=CourierId(f"c{number}"),
            name="",
            model_id=trike.model_id,
            shift_starts=time(8),
            shift_ends=time(18),
            breaks=(BreakRule(time(11), time(13), 1800),) if number % 2 else (),
        )
        for number in range(couriers)
    ]
    depot = Depot(
        depot_id=DepotId("shaji"),
        name="",
        place=Place(WEST + 0.001, SOUTH),
        departures=(time(12, 30), time(18, 30)),
        service_per_piece_s=120,
        unload_per_piece_s=4,
        sorting_s=300,
        slack_s=slack_s,
    )
    return DayInputs(
        day=DepotDay(CompanyId("demo"), DepotId("shaji"), DAY),
        registry=Registry(),
        fleet=Fleet(
            depot=depot,
            models={trike.model_id: trike},
            couriers={each.courier_id: each for each in crew},
        ),
        orders=tuple(order(number, chance) for number in range(orders)),
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


def expecting(inputs, seed, *, count=25, told_from=8):
    """The day of so many more orders that may come, asked for between then and four in the afternoon."""
    chance = random.Random(seed)
    orders = [order(500 + number, chance, ready_at=None, windows=()) for number in range(count)]
    told = {
        each.order_id: at(chance.randint(told_from, 15), chance.randint(0, 59)) for each in orders
    }
    expected = expected_on(inputs.clock, [past(1, orders, lambda each: told[each.order_id[2:]])])
    return inputs, expected


class World:
    """All that has been heard of couriers who follow the plan they were given last."""

    def __init__(self, seed, *, pace=1.0):
        self.events = []
        self._crew = Crew(seed, by="test", pace=pace)

    def drive(self, plan, now):
        self.events += self._crew.drive(plan, now)
        return list(self.events)


def planned(inputs, network, *, now=None, start=None, facts=None, seed=1, iterations=300):
    """A plan by so many iterations, whatever the machine does besides."""
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=iterations,
        seed=seed,
        made_at=now or datetime(2026, 11, 11, tzinfo=UTC),
        start=start,
        facts=facts,
    )


def cancelled(orders, now, chance, share):
    return [
        OrderCancelled(at=now, by="test", order_id=each.order_id, reason="")
        for each in orders
        if chance.random() < share
    ]


def at_moment(inputs, events, *, further=()):
    """The inputs with the orders that are still open and with what was collected, and the facts."""
    facts = road_facts(events)
    still = tuple(each for each in inputs.orders if each.order_id not in facts.fates)
    amounts = {
        each.order_id: amount_of(each) for each in inputs.orders if each.order_id in facts.carriers
    }
    return replace(inputs, orders=(*still, *further), amounts=amounts), facts
