"""Promises of a simulated day: when each pickup was first announced to begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.telling import Announced

EARLIER_S: Final = 15 * 60
LATER_S: Final = 45 * 60
"""A pickup announced for ten is kept from 9:45 to 10:45: what a household plans its day by. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """`at_s` is when it was made, `version` the plan that made it; both ends are inclusive."""

    order_id: OrderId
    courier_id: CourierId
    at_s: int
    version: int
    earliest_s: int
    latest_s: int

    def is_kept_by(self, begin_s: int) -> bool:
        return self.earliest_s <= begin_s <= self.latest_s


@dataclass(slots=True)
class Ledger:
    """The promises made so far, the first of each order."""

    made: dict[OrderId, Promised] = field(default_factory=dict)

    def take(self, announced: Announced) -> None:
        for promised in promised_by(announced):
            self.made.setdefault(promised.order_id, promised)


def promised_by(announced: Announced) -> list[Promised]:
    """What a version announces, order by order. Plans carry no promises yet: a span around the planned begin."""
    return [
        Promised(
            order_id=order_id,
            courier_id=courier_id,
            at_s=announced.at_s,
            version=announced.version,
            earliest_s=stop.begin_s - EARLIER_S,
            latest_s=stop.begin_s + LATER_S,
        )
        for courier_id, handed in announced.routes.items()
        for stop in handed.stops
        for order_id in stop.order_ids
    ]
