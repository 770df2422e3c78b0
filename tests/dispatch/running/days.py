"""Drawn days that run: orders on a grid of streets, a morning plan, and a world that does not keep to it."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from dispatch.days import CompanyId, DepotDay, DepotId, TimeWindow
from dispatch.events import Arrived, Collected, Failed, FailReason, OrderCancelled
from dispatch.fates import road_facts
from dispatch.fleet import BreakRule, Courier, CourierId, Depot, Fleet, VehicleModel, VehicleModelId
from dispatch.households import Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from routing.places import Place

DAY = datetime(2026, 11, 11, tzinfo=UTC).date()
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


def morning(seed, *, orders=40, couriers=3):
    chance = random.Random(seed)
    trike = VehicleModel(
        model_id=VehicleModelId("trike"),
        profile="trike",
        capacity_pieces=25,
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


class World:
    """
    Couriers who follow whatever plan they have last been given, as roads and households let them.

    How long a drive or a service takes belongs to its stop, so asking twice gives the same world.
    """

    def __init__(self, seed, *, pace=1.0):
        self.events = []
        self._seed, self._pace = seed, pace
        self._free_at, self._ended, self._home = {}, set(), set()

    def drive(self, plan, now):
        """Follow `plan` until `now`; returns all that was heard so far."""
        for route in plan.routes:
            self._follow(route, now)
        return self.events

    def _follow(self, route, now):
        who = route.courier_id
        for trip in route.trips:
            mine = [stop.order_ids for stop in trip.stops]
            if not self._ended.intersection(mine):
                self._free_at[who] = max(self._free_at.get(who, trip.leave_at), trip.leave_at)
            for stop in trip.stops:
                if stop.order_ids not in self._ended and not self._reach(route, stop, now):
                    return
            if mine[-1] not in self._home:
                self._home.add(mine[-1])
                self._free_at[who] += timedelta(seconds=trip.home.duration_s * self._pace + 600)

    def _reach(self, route, stop, now):
        chance = random.Random(f"{self._seed} {route.courier_id} {stop.order_ids}")
        pace = self._pace * random.Random(f"{self._seed} {route.courier_id}").choice([1, 1, 1.4])
        drive_s = stop.leg.duration_s * pace * chance.uniform(0.8, 1.3)
        arrive_at = self._free_at[route.courier_id] + timedelta(seconds=drive_s)
        ready_at = arrive_at + timedelta(seconds=stop.setup_s)
        waits = stop.begin_at > stop.arrive_at + timedelta(seconds=stop.setup_s)
        begin_at = max(ready_at, stop.begin_at) if waits else ready_at
        service_s = (stop.depart_at - stop.begin_at).total_seconds()
        end_at = begin_at + timedelta(seconds=service_s * pace * chance.uniform(0.7, 1.4))
        said = {"by": "test", "courier_id": route.courier_id, "order_ids": stop.order_ids}
        name = f"{route.courier_id} {stop.order_ids}"
        if arrive_at <= now:
            self.events.append(Arrived(at=arrive_at, event_id=f"{name} there", **said))
        if end_at > now:
            return False
        if chance.random() < 0.05:
            reason = FailReason.NOBODY_HOME
            self.events.append(Failed(at=end_at, event_id=name, reason=reason, **said))
        else:
            self.events.append(Collected(at=end_at, event_id=name, **said))
        self._ended.add(stop.order_ids)
        self._free_at[route.courier_id] = end_at
        return True


def cancelled(orders, now, chance, share):
    return [
        OrderCancelled(at=now, by="test", order_id=each.order_id, reason="")
        for each in orders
        if chance.random() < share
    ]


def at_moment(inputs, events, *, further=()):
    """The inputs with the orders that are still open, and the facts."""
    facts = road_facts(events)
    still = tuple(each for each in inputs.orders if each.order_id not in facts.fates)
    return replace(inputs, orders=(*still, *further)), facts
