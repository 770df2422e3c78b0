"""Promises of a simulated day: when households were first told that the pickup begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.promises import TOLD_TO_S
from dispatch.simulation.telling import Announced
from dispatch.simulation.truth import Scene


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
    """The promises made so far by the depot's rules, the first of each order."""

    scene: Scene
    made: dict[OrderId, Promised] = field(default_factory=dict)

    def take(self, announced: Announced) -> None:
        for promised in promised_by(announced, self.scene):
            self.made.setdefault(promised.order_id, promised)


def promised_by(announced: Announced, scene: Scene) -> Iterator[Promised]:
    """
    What a version tells households, order by order: a span around the planned begin, in full five minutes.

    Parcels at a collection point wait for nobody's word.
    """
    depot, ahead_s = scene.fleet.depot, scene.fleet.depot.announce_ahead_s
    for courier_id, handed in announced.routes.items():
        for stop in handed.stops:
            if ahead_s is not None and stop.begin_s > announced.at_s + ahead_s:
                continue
            earliest_s = stop.begin_s - depot.promise_early_s
            latest_s = stop.begin_s + depot.promise_late_s
            for order_id in (each for each in stop.order_ids if each not in scene.at_points):
                yield Promised(
                    order_id=order_id,
                    courier_id=courier_id,
                    at_s=announced.at_s,
                    version=announced.version,
                    earliest_s=earliest_s - earliest_s % TOLD_TO_S,
                    latest_s=latest_s + -latest_s % TOLD_TO_S,
                )
