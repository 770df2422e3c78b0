"""All that a plan is made from."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.days import DayClock, DepotDay
from dispatch.fleet import Fleet
from dispatch.households import Registry
from dispatch.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInputs:
    """All that a plan is made from; `orders` are the open ones."""

    day: DepotDay
    registry: Registry
    fleet: Fleet
    orders: tuple[Order, ...]

    @property
    def clock(self) -> DayClock:
        return DayClock(self.day.day, self.fleet.depot.zone)
