"""What became of each order and courier: words from the road and cancellations, settled into one end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.amounts import Counted
from dispatch.events import (
    AmountChanged,
    Arrived,
    Collected,
    CourierBack,
    CourierOut,
    DepartureChanged,
    Event,
    Failed,
    OrderCancelled,
)
from dispatch.fleet import CourierId
from dispatch.households import PointId
from dispatch.keepers import Notice, Scan, notices_of, scans_of
from dispatch.orders import OrderId, OrderStatus


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an order, and when in the world."""

    status: OrderStatus
    at: datetime
    reason: str = ""


def later_word(known: Fate | None, told: Fate) -> Fate:
    """
    What the courier says of an order after `told`, whichever of the two was heard first.

    The later moment wins, so a slip of the finger can be mended; at one moment, collected wins.
    """
    if known is None:
        return told
    return max(
        known,
        told,
        key=lambda fate: (fate.at, fate.status is OrderStatus.COLLECTED, fate.reason),
    )


def settled(courier: Fate | None, cancelled: Fate | None) -> Fate | None:
    """
    The order's fate from the courier's word and a cancellation, either of which may be missing.

    Parcels in the vehicle are collected, whoever cancelled and whenever; else a cancellation stands.
    """
    if courier is not None and courier.status is OrderStatus.COLLECTED:
        return courier
    return cancelled or courier


@dataclass(frozen=True, slots=True)
class RoadFacts:
    """
    What is known of a day on the road.

    The ends of orders, when each courier first stood where they wait, since when couriers are out, where orders
    stand that were scanned in, what holds of points that are full or closed, who collected what: not always whom the
    plan meant; which trucks leave otherwise than the fleet states; what was scanned instead of what was said, which
    orders are more or less than they were, and since when one is more.
    """

    fates: Mapping[OrderId, Fate]
    arrivals: Mapping[CourierId, Mapping[OrderId, datetime]]
    out: Mapping[CourierId, datetime] = field(default_factory=dict)
    scans: Mapping[OrderId, Scan] = field(default_factory=dict)
    notices: Mapping[PointId, Notice] = field(default_factory=dict)
    carriers: Mapping[OrderId, CourierId] = field(default_factory=dict)

    def carried_by(
        self, courier_id: CourierId, *, since: datetime | None = None
    ) -> tuple[OrderId, ...]:
        """What a courier has collected since then, or all day, the earliest first."""
        own = (each for each, carrier in self.carriers.items() if carrier == courier_id)
        late = [each for each in own if since is None or self.fates[each].at >= since]
        return tuple(sorted(late, key=lambda each: (self.fates[each].at, each)))

    trucks: Mapping[datetime, datetime | None] = field(default_factory=dict)
    counted: Mapping[OrderId, Counted] = field(default_factory=dict)
    restated: frozenset[OrderId] = frozenset()
    grown: Mapping[OrderId, datetime] = field(default_factory=dict)


def road_facts(events: Iterable[Event]) -> RoadFacts:
    """Fold a day's events, in any order and however often repeated, into what they say of orders."""
    events = tuple(events)
    words: dict[OrderId, Fate] = {}
    cancellations: dict[OrderId, Fate] = {}
    arrivals: dict[CourierId, dict[OrderId, datetime]] = {}
    couriers: dict[CourierId, CourierOut | CourierBack] = {}
    tellers: dict[OrderId, CourierId] = {}
    trucks: dict[datetime, DepartureChanged] = {}
    counted: dict[OrderId, Counted] = {}
    restated: set[OrderId] = set()
    grown: dict[OrderId, datetime] = {}
    for event in events:
        match event:
            case Arrived():
                own = arrivals.setdefault(event.courier_id, {})
                for order_id in event.order_ids:
                    own[order_id] = min(own.get(order_id, event.at), event.at)
            case Collected() | Failed():
                fate = fate_of(event)
                for order_id in event.order_ids:
                    before = words.get(order_id)
                    words[order_id] = later_word(before, fate)
                    if words[order_id] == fate:
                        others = (tellers[order_id],) if before == fate else ()
                        tellers[order_id] = min((event.courier_id, *others))
                        _count(counted, event, order_id, is_first=before != fate)
            case OrderCancelled():
                fate = Fate(OrderStatus.CANCELLED, event.at, event.reason)
                known = cancellations.get(event.order_id, fate)
                cancellations[event.order_id] = min(known, fate, key=lambda each: each.at)
            case CourierOut() | CourierBack():
                couriers[event.courier_id] = max(
                    couriers.get(event.courier_id, event), event, key=lambda each: each.at
                )
            case AmountChanged():
                restated.add(event.order_id)
                if event.is_more:
                    known_at = grown.get(event.order_id, event.at)
                    grown[event.order_id] = max(known_at, event.at)
            case DepartureChanged():
                trucks[event.planned_at] = max(
                    trucks.get(event.planned_at, event), event, key=lambda each: each.at
                )
            case _:
                pass  # the other kinds do not speak of the road, or of points: see `keepers`
    fates = {
        order_id: end
        for order_id in words.keys() | cancellations.keys()
        if (end := settled(words.get(order_id), cancellations.get(order_id))) is not None
    }
    out = {
        courier_id: last.at for courier_id, last in couriers.items() if isinstance(last, CourierOut)
    }
    carriers = {
        order_id: teller
        for order_id, teller in tellers.items()
        if words[order_id].status is OrderStatus.COLLECTED
    }
    leaving = {planned_at: last.leaves_at for planned_at, last in trucks.items()}
    return RoadFacts(
        fates=fates,
        arrivals=arrivals,
        out=out,
        scans=scans_of(events),
        notices=notices_of(events),
        carriers=carriers,
        trucks=leaving,
        counted={key: each for key, each in counted.items() if key in carriers},
        restated=frozenset(restated),
        grown=grown,
    )


def _count(
    counted: dict[OrderId, Counted],
    event: Collected | Failed,
    order_id: OrderId,
    *,
    is_first: bool,
) -> None:
    """Take in what the word that wins says of the order; of several of one moment, the most pieces."""
    told = event.counted if isinstance(event, Collected) else ()
    found = [each for each in told if each.order_id == order_id]
    if not is_first and order_id in counted:
        found.append(counted[order_id])
    if found:
        counted[order_id] = max(
            found, key=lambda each: (each.pieces, each.weight_g or 0, each.volume_ml or 0)
        )
    elif is_first:
        counted.pop(order_id, None)


def fate_of(event: Collected | Failed) -> Fate:
    """The fate a courier's word gives its orders."""
    match event:
        case Collected():
            return Fate(OrderStatus.COLLECTED, event.at)
        case Failed():
            return Fate(OrderStatus.FAILED, event.at, event.reason)
