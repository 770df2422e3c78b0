"""All that a plan is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatch.amounts import Amount, amount_of
from dispatch.closures import TimedClosure
from dispatch.days import DayClock, DepotDay
from dispatch.fates import RoadFacts
from dispatch.fleet import Fleet
from dispatch.households import PointId, Registry
from dispatch.keepers import FullPoint
from dispatch.orders import Order, OrderId
from dispatch.shortfalls import Unserved
from dispatch.timetable import Trucks, depot_today, orders_today


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInputs:
    """
    All that a plan is made from; `orders` are the open ones, `closures` those not over yet.

    `full` are the points into which nothing fits but what is said here; `barred` are those of the orders that nobody can
    pick up for what keepers of points say, and why.
    `trucks` are those that leave otherwise than the fleet states; `fleet` and `orders` know it already.
    `expected` are orders that may still come, for which plans keep room and time.
    `amounts` are what was said of orders that couriers have collected since; what was scanned instead, the facts say.
    """

    day: DepotDay
    registry: Registry
    fleet: Fleet
    orders: tuple[Order, ...]
    closures: tuple[TimedClosure, ...] = ()
    expected: tuple[Order, ...] = ()
    full: Mapping[PointId, FullPoint] = field(default_factory=dict)
    barred: Mapping[OrderId, Unserved] = field(default_factory=dict)
    trucks: Trucks = field(default_factory=dict)
    amounts: Mapping[OrderId, Amount] = field(default_factory=dict)

    @property
    def clock(self) -> DayClock:
        return DayClock(self.day.day, self.fleet.depot.zone)

    @property
    def over_at(self) -> datetime:
        """Midnight, or the end of the last shift if that is later: from then on nothing happens on this day."""
        ends_s = max((ends_s for _, ends_s in self._shifts), default=0)
        return self.clock.moment(max(ends_s, 24 * 3600))

    @property
    def _shifts(self) -> list[tuple[int, int]]:
        return [
            self.clock.span_of(each.shift_starts, each.shift_ends)
            for each in self.fleet.couriers.values()
        ]

    def as_known(self, facts: RoadFacts) -> DayInputs:
        """The same day without orders that have ended since, and without couriers who are out; its trucks as they leave."""
        couriers = {key: each for key, each in self.fleet.couriers.items() if key not in facts.out}
        said = {
            each.order_id: amount_of(each)
            for each in self.orders
            if each.order_id in facts.carriers
        }
        known = replace(
            self,
            fleet=replace(self.fleet, couriers=couriers),
            orders=tuple(each for each in self.orders if each.order_id not in facts.fates),
            amounts={**self.amounts, **said},
        )
        return known.by_timetable(facts.trucks)

    def by_timetable(self, trucks: Trucks) -> DayInputs:
        """The same day with its trucks as they leave; of a day as its fleet states it."""
        depot = self.fleet.depot
        return replace(
            self,
            fleet=replace(self.fleet, depot=depot_today(depot, trucks, self.clock)),
            orders=orders_today(self.orders, depot, trucks, self.clock),
            expected=orders_today(self.expected, depot, trucks, self.clock),
            trucks=trucks,
        )

    def only_whom_orders_name(self) -> DayInputs:
        """The same day for planning, in fewer bytes: left out are households and points to which no order can lead."""
        named = (*self.orders, *self.expected)
        households = {each.household_id for each in named}
        points = {each.point_id for each in named}
        points |= {point for order in self.orders for point in order.points or ()}
        for key, household in self.registry.households.items():
            if key in households:
                points |= set(household.points)
        drops = [each.drop for each in self.orders if each.drop is not None]
        households |= {each.household_id for each in drops}
        points |= {each.point_id for each in drops}
        gathered_at = {each.joint.gather_at for each in self.orders if each.joint}
        registry = Registry(
            households={
                key: each
                for key, each in self.registry.households.items()
                if key in households | gathered_at
            },
            points={
                key: each
                for key, each in self.registry.points.items()
                if key in points | gathered_at
            },
        )
        return replace(self, registry=registry)

    def closures_met(self, now: datetime) -> tuple[TimedClosure, ...]:
        """
        The closures in force at any moment at which a courier may still drive.

        That is from the first shift's start, or from `now` if that lies within the shifts, to the
        last one's end. A plan drives around them all day: it does not know when it passes. Hours in
        which roads are slow every day count on average over all shifts.
        """
        clock, shifts = self.clock, self._shifts
        if not shifts:
            return ()
        first_at = clock.moment(min(starts_s for starts_s, _ in shifts))
        last_at = clock.moment(max(ends_s for _, ends_s in shifts))
        from_at = now if first_at < now < last_at else first_at
        met = (each for each in self.closures if each.holds_within(from_at, last_at))
        averaged = (each.averaged(first_at, last_at) for each in met)
        return tuple(each for each in averaged if each is not None)
