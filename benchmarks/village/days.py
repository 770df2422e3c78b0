"""Village days to compare searches on: drawn by the demo, with three departures, unloading, sorting, points and joint orders."""

from __future__ import annotations

import math
import random
import tempfile
from dataclasses import replace
from datetime import date, datetime, time, tzinfo
from pathlib import Path
from typing import Final

import numpy as np

from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import write_demo_day
from dispatch.households import Household, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.orders import Joining, JointId, JointRule, Order, OrderId
from routing.places import great_circle_m
from routing.roads.network import RoadNetwork

DAY: Final = date(2026, 11, 11)
DEPARTURES: Final = (time(12, 30), time(16), time(18, 30))
ACCEPTING: Final = 0.4
"""Share of the households that would bring their parcels to the nearest point. Chosen, as is all that follows."""
WISHING: Final = ((0.25, DEPARTURES[0]), (0.25, DEPARTURES[1]))
"""Share of the orders that ask for a departure, where they are ready two hours before."""
JOINING: Final = 0.05
"""Share of the orders that begin a joint order with the nearest one: in one trip, or neither."""
_NEAR: Final = 8
"""Of so many neighbours by degrees the nearest in metres is taken."""
HOUSEHOLDS_PER_ORDER: Final = 2
ORDERS_PER_COURIER: Final = 30


def drawn(orders: int, seed: int) -> tuple[DayInputs, RoadNetwork]:
    """A day of so many orders, with trikes and vans, and the roads of its county."""
    with tempfile.TemporaryDirectory() as folder:
        day = write_demo_day(
            Path(folder) / "day",
            households=HOUSEHOLDS_PER_ORDER * orders,
            orders=orders,
            couriers=max(2, orders // ORDERS_PER_COURIER),
            seed=seed,
            day=DAY,
            osm=None,
        )
        network = RoadNetwork.build(day.roads, profiles=("trike", "van"))
        fleet = read_fleet(day.fleet_toml, name="fleet.toml")
        registry = registry_of(read_registry(day.households_csv, name="households.csv").accepted)
        clock = DayClock(DAY, fleet.depot.zone)
        taken = read_orders(day.orders_csv, name="orders.csv", day=clock, registry=registry)
    chance = random.Random(seed)
    depot = replace(
        fleet.depot,
        departures=DEPARTURES,
        unload_per_piece_s=4,
        sorting_s=600,
        missed_cut_off_cost_fen=400,
    )
    inputs = DayInputs(
        day=DepotDay(CompanyId("demo"), depot.depot_id, DAY),
        registry=_bringing(registry, chance),
        fleet=replace(fleet, depot=depot),
        orders=_joining(
            [_wishing(each, depot.zone, chance) for each in taken.accepted], registry, chance
        ),
    )
    return inputs, network


def _bringing(registry: Registry, chance: random.Random) -> Registry:
    households = {
        key: replace(each, points=_nearest(each, registry) if chance.random() < ACCEPTING else ())
        for key, each in registry.households.items()
    }
    return replace(registry, households=households)


def _nearest(household: Household, registry: Registry) -> tuple[PointId, ...]:
    home, points = household.place, registry.points.values()
    if home is None or not points:
        return ()
    return (min(points, key=lambda point: great_circle_m(home, point.place)).point_id,)


def _wishing(order: Order, zone: tzinfo, chance: random.Random) -> Order:
    """The order with a cut-off of its own, or none; never one before it can be picked up."""
    lot = chance.random()
    for share, departure in WISHING:
        if lot < share:
            cut_off_at = datetime.combine(DAY, departure, zone)
            begins = [each.earliest_at for each in order.windows[:1]]
            ready = [] if order.ready_at is None else [order.ready_at]
            waits = [(cut_off_at - each).total_seconds() for each in (*begins, *ready)]
            return replace(
                order, cut_off_at=cut_off_at if min(waits, default=7200) >= 7200 else None
            )
        lot -= share
    return replace(order, cut_off_at=None)


def _joining(orders: list[Order], registry: Registry, chance: random.Random) -> tuple[Order, ...]:
    """The orders, some of them in pairs of neighbours."""
    places = {
        each.order_id: place
        for each in orders
        if each.household_id is not None
        and (place := registry.households[each.household_id].place) is not None
    }
    names = list(places)
    number_of = {order_id: number for number, order_id in enumerate(names)}
    degrees = np.array([(each.lon, each.lat) for each in places.values()])
    taken = np.zeros(len(names), np.bool_)
    joined: dict[OrderId, Joining] = {}
    for order_id in chance.sample(sorted(places), round(JOINING * len(orders))):
        number = number_of[order_id]
        if taken[number]:
            continue
        taken[number] = True
        if taken.all():
            break
        home = places[order_id]
        apart = (degrees - degrees[number]) * (math.cos(math.radians(home.lat)), 1)
        apart[taken] = np.inf
        near = np.argsort(np.hypot(*apart.T), kind="stable")[:_NEAR].tolist()
        nearest = min(near, key=lambda each: great_circle_m(home, places[names[each]]))
        taken[nearest] = True
        rules = frozenset({JointRule.SAME_TRIP, JointRule.ALL_OR_NOTHING})
        joining = Joining(joint_id=JointId(order_id), rules=rules)
        joined[order_id] = joined[names[nearest]] = joining
    return tuple(replace(each, joint=joined.get(each.order_id)) for each in orders)
