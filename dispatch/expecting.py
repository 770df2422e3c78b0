"""Expecting 预期: orders that may still be asked for today, as they were on days before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.days import DayClock, TimeWindow
from dispatch.orders import Order, OrderId

_MARK: Final = "\x00"
"""Begins the ids of expected orders: no order of a company has a control character in its id."""


@dataclass(frozen=True, slots=True)
class PastDay:
    """Orders of a day before, and when the company heard of each."""

    clock: DayClock
    orders: Sequence[Order]
    told: Mapping[OrderId, datetime]


@dataclass(frozen=True, slots=True)
class Expected:
    """An order as it may be asked for at `told_at`; its parcels are ready no sooner."""

    told_at: datetime
    order: Order


def expected_on(clock: DayClock, pasts: Sequence[PastDay]) -> tuple[Expected, ...]:
    """
    A day as it may come: of all past orders one in so many as there are days, moved to the day of `clock`.

    Every household asks about as often as it did on average, and at the hours at which it did: of its orders by their moment
    each so many-th is taken, counted on from one household to the next. The same days give the same. Members of joint orders,
    what is dropped on the way, and what nobody knows the place of are not expected.
    """
    moved = sorted(
        (
            (order.household_id or "", _moved(order, past, clock))
            for past in pasts
            for order in past.orders
            if order.joint is None and order.drop is None and not order.unclear
        ),
        key=lambda each: (each[0], each[1].told_at, each[1].order.order_id),
    )
    every = max(1, len(pasts))
    chosen = (each for _, each in moved[clock.day.toordinal() % every :: every])
    return tuple(sorted(chosen, key=lambda each: (each.told_at, each.order.order_id)))


def is_expected(order_id: OrderId) -> bool:
    return order_id.startswith(_MARK)


def still_to_come(expected: Iterable[Expected], now: datetime) -> tuple[Order, ...]:
    return tuple(each.order for each in expected if each.told_at > now)


def _moved(order: Order, past: PastDay, clock: DayClock) -> Expected:
    """The order at the same hours of another day; whoever asks may carry nothing to a point."""

    def then(at: datetime) -> datetime:
        return clock.moment(past.clock.seconds(at))

    told_at = then(past.told[order.order_id])
    ready_at = told_at if order.ready_at is None else max(told_at, then(order.ready_at))
    return Expected(
        told_at,
        replace(
            order,
            order_id=OrderId(f"{_MARK}{past.clock.day.isoformat()} {order.order_id}"),
            ready_at=ready_at,
            windows=tuple(
                TimeWindow(then(each.earliest_at), then(each.latest_at)) for each in order.windows
            ),
            points=(),
            cut_off_at=None if order.cut_off_at is None else then(order.cut_off_at),
        ),
    )
