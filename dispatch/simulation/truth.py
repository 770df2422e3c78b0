"""The truth of one simulated day: all that will happen by itself, whatever anybody plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import ClassVar

from dispatch.days import DayClock, DepotDay
from dispatch.errors import DispatchError
from dispatch.fleet import Courier, CourierId, Fleet, VehicleModel
from dispatch.households import Registry
from dispatch.orders import OrderId
from dispatch.simulation.demand import Wish, wishes_of
from dispatch.simulation.ground import Ground
from dispatch.simulation.mishaps import Mishaps, mishaps_of
from dispatch.simulation.rates import Rates
from routing.places import Place
from routing.roads.network import RoadNetwork


class NothingToSimulate(DispatchError):
    """A day without a courier, a departure, or a household on the roads."""

    code: ClassVar[str] = "nothing-to-simulate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    What everybody knows of a day before it begins, and where its orders are.

    `places` hold those of orders that nobody has asked for yet, too: only the world and its judge look.
    `at_points` are the orders that wait at a collection point.
    """

    day: DepotDay
    fleet: Fleet
    ground: Ground
    places: Mapping[OrderId, Place]
    at_points: frozenset[OrderId] = frozenset()

    @property
    def clock(self) -> DayClock:
        return DayClock(self.day.day, self.fleet.depot.zone)

    def model(self, courier_id: CourierId) -> VehicleModel:
        return self.fleet.models[self.fleet.couriers[courier_id].model_id]

    def shift_s(self, courier: Courier) -> tuple[int, int]:
        return self.clock.span_of(courier.shift_starts, courier.shift_ends)


@dataclass(frozen=True, slots=True)
class PastDemand:
    """What was asked for on a day before, and not taken back, by the moment at which the company heard of it."""

    clock: DayClock
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """`pasts` are the days to which the depot looks back, the earliest first."""

    seed: int
    rates: Rates
    scene: Scene
    registry: Registry
    wishes: Mapping[OrderId, Wish]
    mishaps: Mishaps
    pasts: tuple[PastDemand, ...] = ()

    def due_s(self, order_id: OrderId) -> int:
        """The departure, as stated, that the order must catch."""
        return due_s(self.scene, self.wishes[order_id])

    def truck_s(self, order_id: OrderId) -> int:
        """When that truck leaves in truth."""
        due = self.due_s(order_id)
        return due + self.mishaps.truck_late_s.get(due, 0)


def due_s(scene: Scene, wish: Wish) -> int:
    last_s = scene.clock.seconds_of(scene.fleet.depot.departures[-1])
    cut_off_at = wish.order.cut_off_at
    return last_s if cut_off_at is None else min(last_s, scene.clock.seconds(cut_off_at))


def truth_of(
    network: RoadNetwork,
    day: DepotDay,
    fleet: Fleet,
    registry: Registry,
    rates: Rates,
    *,
    orders: int,
    seed: int,
    known_share: float | None = None,
) -> Truth:
    """
    Draw a day. Orders at places that some vehicle of the fleet cannot reach are left out.

    Nobody brings anything to a collection point in this world: households' offers are taken out of the
    registry.

    Raises
    ------
    NothingToSimulate
    """
    if not fleet.couriers or not fleet.depot.departures:
        raise NothingToSimulate(
            f"depot {fleet.depot.depot_id} has no courier or no departure: add one to the fleet"
        )
    clock = DayClock(day.day, fleet.depot.zone)
    registry = replace(
        registry,
        households={key: replace(each, points=()) for key, each in registry.households.items()},
    )
    wish = partial(
        wishes_of, registry, fleet, rates, orders=orders, seed=seed, known_share=known_share
    )
    wishes = wish(clock)
    ground = Ground.of(network, fleet, (each.place for each in wishes))
    reached = {each.order.order_id: each for each in wishes if each.place in ground.rows}
    if not reached:
        raise NothingToSimulate("no household lies at the roads: are these the roads of its depot?")
    scene = Scene(
        day=day,
        fleet=fleet,
        ground=ground,
        places={order_id: each.place for order_id, each in reached.items()},
        at_points=frozenset(
            order_id for order_id, each in reached.items() if each.order.point_id is not None
        ),
    )
    return Truth(
        seed=seed,
        rates=rates,
        scene=scene,
        registry=registry,
        wishes=reached,
        mishaps=mishaps_of(fleet, ground, clock, rates, seed=seed),
        pasts=tuple(_past(wish, clock, days) for days in range(fleet.depot.look_back_days, 0, -1)),
    )


def _past(wish: Callable[..., tuple[Wish, ...]], clock: DayClock, days: int) -> PastDemand:
    then = DayClock(clock.day - timedelta(days=days), clock.zone)
    asked = wish(then, days_ago=days)
    return PastDemand(then, tuple(each for each in asked if each.cancelled_at_s is None))
