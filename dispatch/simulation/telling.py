"""What is told: facts to a dispatcher, routes to couriers. The only way between the world and a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dispatch.events import FailReason
from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.mishaps import RoadClosed
from routing.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersAsked:
    """Households want something picked up; `places` are where, parallel to `orders`."""

    at_s: int
    orders: tuple[Order, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTakenBack:
    at_s: int
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierReport:
    """What a phone sends; `reason` is why a pickup failed, None for the other kinds."""

    at_s: int
    kind: str
    report_id: str
    courier_id: CourierId
    order_ids: tuple[OrderId, ...]
    reason: FailReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierBack:
    """At the depot and unloaded."""

    at_s: int
    courier_id: CourierId


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierOut:
    """For the rest of the day; `on_board` is brought to the depot by somebody else."""

    at_s: int
    courier_id: CourierId
    is_sick: bool
    on_board: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReported:
    at_s: int
    closed: RoadClosed


Fact = OrdersAsked | OrderTakenBack | CourierReport | CourierBack | CourierOut | RoadReported


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedStop:
    """
    begin_s
        When the first parcel is taken, as planned.
    not_before_s
        The courier waits for this moment: a window, or parcels that are not ready.
    """

    place: Place
    order_ids: tuple[OrderId, ...]
    begin_s: int
    not_before_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedTrip:
    """
    Ends at the depot; `stays` where its last stop is, for more to come, as long as the truck allows.

    `leave_s` is when it leaves the depot.
    """

    leave_s: int
    stops: tuple[HandedStop, ...]
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """
    A courier's route of one version. Stops that are over are passed by.

    The trip of a courier who is on the road is the one that holds what is on board, else the first with
    an open stop, which then goes on from where the courier is. A trip without any stop sends it home first.
    """

    version: int
    trips: tuple[HandedTrip, ...]
    break_starts_s: tuple[int, ...] = ()

    @property
    def stops(self) -> tuple[HandedStop, ...]:
        return tuple(stop for trip in self.trips for stop in trip.stops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A version of all routes, from `at_s` on in force."""

    at_s: int
    version: int
    routes: Mapping[CourierId, Handed]


class Policy(Protocol):
    """
    Runs a day: is told facts, and hands out routes.

    Whatever it raises ends the simulation.
    """

    def begin(self, asked: OrdersAsked) -> Announced:
        """Plan the day in the morning, from what is known then."""

    def hear(self, fact: Fact, now_s: int) -> None:
        """Take in a fact, which may have happened before now."""

    def settle(self, now_s: int) -> Announced | None:
        """Act upon what was heard; a new version, or None while the last stays in force."""

    def route_of(self, courier_id: CourierId) -> Handed | None:
        """The newest route of a courier; None: nothing to do."""
