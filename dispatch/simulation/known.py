"""What a dispatcher of a simulated day knows: open orders, and where couriers were last heard of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.foreseeing import Standing
from dispatch.simulation.telling import (
    CourierBack,
    CourierOut,
    CourierReport,
    Fact,
    OrdersAsked,
    OrderTakenBack,
    RoadReported,
)
from dispatch.simulation.truth import Scene
from routing.places import Place


@dataclass(slots=True)
class Known:
    """
    Folds facts. Of the scene it looks at nothing that nobody has told: not at its `places`.

    orders
        The open ones.
    sizes
        Every order ever heard of, for what lies on board.
    """

    scene: Scene
    orders: dict[OrderId, Order] = field(default_factory=dict)
    sizes: dict[OrderId, Order] = field(default_factory=dict)
    places: dict[OrderId, Place] = field(default_factory=dict)
    standings: dict[CourierId, Standing] = field(init=False)

    def __post_init__(self) -> None:
        """Everybody begins at the depot."""
        self.standings = {
            courier.courier_id: Standing(
                place=self.scene.ground.depot,
                free_s=self.scene.shift_s(courier)[0],
                is_away=False,
            )
            for courier in self.scene.fleet.couriers.values()
        }

    def hear(self, fact: Fact) -> None:
        match fact:
            case OrdersAsked(orders=orders, places=places):
                for order, place in zip(orders, places, strict=True):
                    self.orders[order.order_id] = self.sizes[order.order_id] = order
                    self.places[order.order_id] = place
            case OrderTakenBack(order_id=order_id):
                self.orders.pop(order_id, None)
            case CourierReport():
                self._report(fact)
            case CourierBack(at_s=at_s, courier_id=courier_id):
                before = self.standings.get(courier_id)
                if before is not None:
                    self.standings[courier_id] = Standing(
                        place=self.scene.ground.depot,
                        free_s=at_s,
                        is_away=False,
                        rested=before.rested,
                    )
            case CourierOut(courier_id=courier_id):
                self.standings.pop(courier_id, None)
            case RoadReported():
                pass  # dispatchers with a pencil do not redraw their map
            case _:
                assert_never(fact)

    def at(self, courier_id: CourierId, now_s: int) -> Standing:
        """How the courier stands, for all that was heard: breaks whose time is over were taken."""
        standing = self.standings[courier_id]
        clock = self.scene.clock
        breaks = self.scene.fleet.couriers[courier_id].breaks
        rested = sum(clock.seconds_of(each.latest) < now_s for each in breaks)
        return replace(standing, rested=rested)

    def load(self, order_ids: Iterable[OrderId]) -> tuple[int, int, int]:
        """Grams, millilitres and pieces, as stated."""
        orders = [self.sizes[each] for each in order_ids]
        return (
            sum(each.weight_g for each in orders),
            sum(each.volume_ml for each in orders),
            sum(each.pieces for each in orders),
        )

    def fits(self, courier_id: CourierId, order_ids: Iterable[OrderId]) -> bool:
        """Whether the courier's vehicle holds these together."""
        model = self.scene.model(courier_id)
        return all(
            limit is None or load <= limit
            for limit, load in zip(model.capacities, self.load(order_ids), strict=True)
        )

    def may_carry(self, courier_id: CourierId, order: Order) -> bool:
        skills = self.scene.fleet.couriers[courier_id].skills
        return {word.value for word in order.handling} <= skills

    def due_s(self, order_id: OrderId) -> int:
        """The truck that the order must catch, as stated."""
        clock = self.scene.clock
        last_s = clock.seconds_of(self.scene.fleet.depot.departures[-1])
        cut_off_at = self.sizes[order_id].cut_off_at
        return last_s if cut_off_at is None else min(last_s, clock.seconds(cut_off_at))

    def latest_s(self, order_id: OrderId) -> int:
        """The end of the last window in which the pickup may begin."""
        clock = self.scene.clock
        ends = [clock.seconds(each.latest_at) for each in self.sizes[order_id].windows]
        return max(ends, default=self.due_s(order_id))

    def _report(self, fact: CourierReport) -> None:
        standing = self.standings.get(fact.courier_id)
        if fact.kind != "arrived":
            for order_id in fact.order_ids:
                self.orders.pop(order_id, None)
        if standing is None:
            return
        if fact.kind == "arrived":
            place = self.places[fact.order_ids[0]]
            setup_s = self.scene.fleet.depot.service_per_stop_s + self.scene.ground.walk_s(place)
            still = tuple(each for each in fact.order_ids if each in self.orders)
            self.standings[fact.courier_id] = replace(
                standing, place=place, free_s=fact.at_s + setup_s, is_away=True, at_door=still
            )
            return
        collected = fact.order_ids if fact.kind == "collected" else ()
        self.standings[fact.courier_id] = replace(
            standing,
            place=self.places[fact.order_ids[0]],
            free_s=fact.at_s,
            is_away=True,
            at_door=tuple(each for each in standing.at_door if each not in fact.order_ids),
            on_board=(*standing.on_board, *collected),
        )
