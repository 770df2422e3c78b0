"""The plan: what each courier does on one depot-day; immutable and versioned once published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from dispatch.amounts import Amount, Counted
from dispatch.days import DepotDay
from dispatch.fleet import CourierId, SwapId, VehicleModelId
from dispatch.hand import NO_HAND, Hand
from dispatch.households import HouseholdId, PointId
from dispatch.orders import JointId, JointRule, OrderId
from dispatch.shortfalls import Clash, Unserved
from routing.places import Place

PlanId = NewType("PlanId", str)
"""`DEPOT.YYYY-MM-DD.VERSION`: unique within a company, readable on the phone."""


def plan_id_of(day: DepotDay, version: int) -> PlanId:
    return PlanId(f"{day.depot_id}.{day.day.isoformat()}.{version}")


class Why(StrEnum):
    """What a running day was planned anew for."""

    NEW_ORDERS = "new-orders"
    ORDERS_GONE = "orders-gone"
    """Cancelled, or changed."""
    AMOUNTS = "amounts"
    """More or fewer pieces than said, or with another courier than planned."""
    LATE = "late"
    """A promise or a truck would be missed."""
    COURIERS = "couriers"
    ROADS = "roads"
    POINTS = "points"
    """A collection point is full, closed or open again, or parcels stand elsewhere than was planned."""
    TRUCKS = "trucks"
    """A truck leaves at another time, or not at all."""
    HAND = "hand"
    """A dispatcher moved, locked or unlocked orders."""
    REOPTIMISED = "reoptimised"
    """A dispatcher asked for a better plan of some part."""
    COST = "cost"
    """Nothing has happened, but there is a cheaper plan."""


class StopKind(StrEnum):
    HOUSEHOLD = "household"
    POINT = "point"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapStop:
    """
    A swap on the way of a leg: from `depart_at` on the vehicle has its full range.

    It takes `takes_s`, and breaks that begin meanwhile besides. `after_m` is what of the leg is driven then.
    """

    swap_id: SwapId
    title: str
    place: Place
    arrive_at: datetime
    depart_at: datetime
    takes_s: int
    after_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """
    The drive to a stop, or home; with a `swap` by way of its place, and for as long as that takes besides.

    `polyline6` is the line on the road, encoded with precision 1e-6 in (lat, lon) order as the
    polyline format has it. `walk_m` is the snap gap: metres between the road and the door.
    """

    duration_s: int
    distance_m: int
    polyline6: str
    walk_m: int = 0
    swap: SwapStop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """An order that waits at a point because its household brings it there: it must be told."""

    order_id: OrderId
    household_id: HouseholdId | None
    walk_m: int
    """On foot from where the parcels are, estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What is dropped at a stop of what an order picked up earlier in the same trip: all of it."""

    order_id: OrderId
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An order that takes a later departure than its own cut-off asked for."""

    order_id: OrderId
    cut_off_at: datetime
    departures: int
    """How many after the cut-off the one is that it takes."""
    cost_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An order whose pickup begins so many seconds before or after the nearest window that it asked for, and what that costs."""

    order_id: OrderId
    earliest_at: datetime
    latest_at: datetime
    early_s: int
    late_s: int
    cost_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPart:
    """What of a joint order is picked up at a stop: these of `members` orders; `complete` if the plan picks all of them up."""

    joint_id: JointId
    order_ids: tuple[OrderId, ...]
    members: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """
    One place and the orders picked up there, or those whose parcels are dropped there; it holds no name and no phone.

    A stop picks up or drops, never both: of two at one place the second has no setup.
    """

    seq: int
    """1-based place in the courier's whole shift."""
    kind: StopKind
    place: Place
    title: str
    """Village and household or point id or name of the point: nothing personal."""
    village: str
    household_ids: tuple[HouseholdId, ...]
    point_id: PointId | None
    order_ids: tuple[OrderId, ...]
    pieces: int
    """Picked up; 0 where something is dropped."""
    weight_g: int
    volume_ml: int
    handling: tuple[str, ...]
    notes: tuple[str, ...]
    arrive_at: datetime
    begin_at: datetime
    """The first parcel: after the setup, and not before it is ready."""
    depart_at: datetime
    leg: Leg
    setup_s: int = 0
    """To park and to find the door, once for all orders of the stop."""
    brought: tuple[Brought, ...] = ()
    truck_at: datetime | None = None
    """The departure that its parcels make: that of its trip. None also where all of it is dropped on the way."""
    late: tuple[Late, ...] = ()
    joints: tuple[JointPart, ...] = ()
    missed: tuple[Missed, ...] = ()
    counted: tuple[Counted, ...] = ()
    """What was scanned here and is not what was said; `pieces`, `weight_g` and `volume_ml` are what was scanned."""
    dropped: tuple[Dropped, ...] = ()
    on_board: Amount | None = None
    """On leaving, in a trip in which something is dropped; None: all that the trip has picked up so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """
    From the depot to the depot.

    pieces, weight_g, volume_ml
        What it brings to the depot.
    cut_off_at
        The earliest departure that a parcel on board must catch: its own cut-off, or the departure that it
        takes if that is later.
    dock_wait_s
        From the return until a dock is free.
    over_at
        When all of it is unloaded; None in a plan stored before there was unloading.
    truck_at, truck_slack_s
        The first departure for which its parcels are sorted in time, needed or not, and how much later
        the trip could be over for that. None: no departure is left.
    """

    leave_at: datetime
    back_at: datetime
    cut_off_at: datetime
    stops: tuple[Stop, ...]
    home: Leg
    pieces: int
    weight_g: int
    volume_ml: int
    dock_wait_s: int = 0
    over_at: datetime | None = None
    truck_at: datetime | None = None
    truck_slack_s: int | None = None

    @property
    def docked_at(self) -> datetime:
        """When a dock is free for it, and unloading begins."""
        return self.back_at + timedelta(seconds=self.dock_wait_s)

    @property
    def unloaded_at(self) -> datetime:
        return self.back_at if self.over_at is None else self.over_at


@dataclass(frozen=True, slots=True)
class BreakTaken:
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One courier's shift."""

    courier_id: CourierId
    model_id: VehicleModelId
    profile: str
    trips: tuple[Trip, ...]
    breaks: tuple[BreakTaken, ...]
    distance_m: int
    duration_s: int
    cost_fen: int

    @property
    def stops(self) -> tuple[Stop, ...]:
        return tuple(stop for trip in self.trips for stop in trip.stops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """When a household was told that its pickup begins, and who comes."""

    order_id: OrderId
    courier_id: CourierId
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The plan in numbers."""

    orders: int
    served: int
    stops: int
    couriers: int
    distance_m: int
    duration_s: int
    cost_fen: int
    brought: int = 0
    """Orders that their households bring to a point."""
    late: int = 0
    """Orders that take a later departure than they asked for."""
    late_cost_fen: int = 0
    missed: int = 0
    """Orders picked up outside the windows that they asked for."""
    missed_cost_fen: int = 0
    dropped: int = 0
    """Orders whose parcels are dropped at another place on the way."""
    overlap_percent: int | None = None
    """Of the ground that couriers' stops span, what more than one spans. A new order that is answered at once
    leaves it as it was; None: not measured."""
    expected: int = 0
    """Orders that may still come, for which it keeps room and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """
    A line-haul truck of the day, and what leaves with it by the plan.

    `slack_s` is the least of the trips that make it, `courier_id` whose that is. `late` are orders that asked
    for an earlier one, `late_cost_fen` what that costs.
    """

    leaves_at: datetime
    trips: int
    orders: int
    pieces: int
    weight_g: int
    slack_s: int | None
    courier_id: CourierId | None
    late: int
    late_cost_fen: int
    planned_at: datetime | None = None
    """When the fleet has it leave, where that is otherwise today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointOrder:
    """
    A joint order as the plan has it, those of its orders that are over included.

    left_out
        Its orders in no route; with none `complete` holds.
    cut_off_at
        The cut-off that its orders share, or by which it shall be complete; None: there is none.
    leaves_at
        The departure with which the last of it leaves; with `same-departure` the others wait at the depot for it.
    """

    joint_id: JointId
    rules: tuple[JointRule, ...]
    order_ids: tuple[OrderId, ...]
    left_out: tuple[OrderId, ...]
    complete: bool
    cut_off_at: datetime | None = None
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRoute:
    """
    A courier's shift as it may come.

    `trips` hold the first order of each stop, and expected orders (see `expecting`) where time is kept for them.
    """

    courier_id: CourierId
    trips: tuple[tuple[OrderId, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Routes and unserved orders of one depot-day.

    based_on
        Version of the plan that was published when this one was asked for; 0: none. Publishing is
        refused when another has been published since.
    promises
        What households are told once this plan is in force, for orders that are not over yet.
    why
        What it was made for; (): somebody asked for it.
    """

    plan_id: PlanId
    day: DepotDay
    version: int
    based_on: int
    made_at: datetime
    seed: int
    budget_s: float
    turnaround_s: int
    """Least time at the depot between two trips, after unloading."""
    depot_name: str
    depot_place: Place
    network: str
    attribution: str
    synthetic: bool
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    figures: Figures
    sorting_s: int = 0
    """From unloaded to ready for the truck."""
    departures: tuple[Departure, ...] = ()
    """Those of the depot, sorted; () in a plan stored before they were told."""
    promises: tuple[Promise, ...] = ()
    joints: tuple[JointOrder, ...] = ()
    clashes: tuple[Clash, ...] = ()
    why: tuple[Why, ...] = ()
    hand: Hand = NO_HAND
    """What dispatchers have locked and agreed; next versions carry it on."""
    cold_factor: float = 1.0
    """What a charge is worth that day, of the range that vehicle models state."""
    expected: tuple[ExpectedRoute, ...] = ()
    """Where time is kept for orders that nobody has asked for yet."""


def legs_of(trip: Trip) -> tuple[Leg, ...]:
    """The legs of a trip in order, home the last."""
    return (*(stop.leg for stop in trip.stops), trip.home)


def waiting_at(stop: Stop, breaks: Iterable[BreakTaken]) -> timedelta:
    """How long a courier is planned to stand at the door until it opens, or until parcels are ready."""
    rests = (
        rest.ends_at - rest.starts_at
        for rest in breaks
        if stop.arrive_at <= rest.starts_at < stop.begin_at
    )
    ready_at = stop.arrive_at + timedelta(seconds=stop.setup_s) + sum(rests, timedelta())
    return max(timedelta(), stop.begin_at - ready_at)
