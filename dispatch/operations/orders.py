"""Orders: created once, read page by page, cancelled while nobody has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from dispatch.days import DepotDay
from dispatch.errors import DispatchError
from dispatch.events import OrderCancelled, OrdersCreated, encode
from dispatch.ids import checked_depot_id, checked_text_id
from dispatch.orders import Order, OrderId, OrderRecord, OrderStatus
from dispatch.progress import settled
from dispatch.store import CancelAnswer, OrderRow, Store

PAGE_MAX: Final = 5000
"""About 2 MB of JSON; chosen, not measured."""


class OrderUnknown(DispatchError):
    """The depot-day has no order of this id."""

    code: ClassVar[str] = "order-unknown"

    def __init__(self, order_id: str, day: DepotDay) -> None:
        self.order_id, self.day = order_id, day
        super().__init__(
            f"depot {day.depot_id} has no order {order_id!r} on {day.day}: check the id and the day"
        )


class OrderClosed(DispatchError):
    """The order's parcels are in the vehicle already."""

    code: ClassVar[str] = "order-closed"

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        super().__init__(f"order {order_id} has been collected: it can no longer be cancelled")


class PageCursorMalformed(DispatchError):
    """A cursor that no page of ours ended with."""

    code: ClassVar[str] = "cursor-malformed"

    def __init__(self, given: str) -> None:
        self.given = given
        super().__init__(f"{given[:80]!r} is no cursor: pass on the `next` of the page before")


class Outcome(StrEnum):
    CREATED = "created"
    UNCHANGED = "unchanged"
    """The same order was there already."""
    CONFLICT = "conflict"
    """Another order of this id was there; it stays."""


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of one order sent; `code` and `detail` are empty unless it is in conflict."""

    order_id: OrderId
    outcome: Outcome
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """`next` is the cursor of the page after this one; None: this is the last."""

    records: tuple[OrderRecord, ...]
    next: str | None
    total: int


async def create_orders(
    store: Store, day: DepotDay, orders: Sequence[Order], *, by: str, at: datetime
) -> tuple[OrderOutcome, ...]:
    """
    Take orders in; one outcome for each, in the order given.

    Each chunk of some hundreds is atomic with its event, which names only what is new, so sending
    a batch again after a lost answer is safe.

    Raises
    ------
    IdMalformed
        An id cannot be one; nothing was taken in.
    """
    checked_depot_id(day.company_id)
    checked_depot_id(day.depot_id)
    for order in orders:
        checked_text_id("order id", order.order_id)
    event = OrdersCreated(at=at, by=by, order_ids=())
    entries = [
        (order.order_id, msgspec.json.encode(order, order="deterministic")) for order in orders
    ]
    stored = await store.create_orders(day, entries, encode(event))
    return tuple(_outcome(order, before) for order, before in zip(orders, stored, strict=True))


def _outcome(order: Order, before: bytes | None) -> OrderOutcome:
    """`before` is what was stored under the id already, None: nothing."""
    if before is None:
        return OrderOutcome(order.order_id, Outcome.CREATED)
    # Compared as orders: the same moment written in another zone is the same order.
    if _decoder.decode(before) == order:
        return OrderOutcome(order.order_id, Outcome.UNCHANGED)
    return OrderOutcome(
        order.order_id,
        Outcome.CONFLICT,
        code="order-differs",
        detail=f"another order {order.order_id} is there: cancel it, or give this one its own id",
    )


async def read_orders(
    store: Store, day: DepotDay, *, after: str | None = None, limit: int = 500
) -> OrderPage:
    """
    A page of the day's orders in the order of their creation, at most PAGE_MAX.

    Orders created while pages are read appear on a later page; none appears twice.

    Raises
    ------
    PageCursorMalformed
        `after` is not the `next` of a page.
    """
    start = 0 if after is None else _position(after)
    rows, total = await store.order_page(day, start, max(1, min(limit, PAGE_MAX)))
    end = start + len(rows)
    return OrderPage(tuple(_record(row) for row in rows), str(end) if end < total else None, total)


async def read_order(store: Store, day: DepotDay, order_id: OrderId) -> OrderRecord:
    """
    One order and what has become of it.

    Raises
    ------
    OrderUnknown
        The depot-day has no such order.
    """
    row = await store.order(day, order_id)
    if row is None:
        raise OrderUnknown(order_id, day)
    return _record(row)


async def cancel_order(
    store: Store, day: DepotDay, order_id: OrderId, *, reason: str, by: str, at: datetime
) -> OrderRecord:
    """
    Cancel an order; cancelling it again answers the same and keeps the first reason.

    Raises
    ------
    OrderUnknown
        The depot-day has no such order.
    OrderClosed
        It has been collected.
    """
    event = OrderCancelled(at=at, by=by, order_id=order_id, reason=reason)
    match await store.cancel_order(day, order_id, at, reason, encode(event)):
        case CancelAnswer.UNKNOWN:
            raise OrderUnknown(order_id, day)
        case CancelAnswer.COLLECTED:
            raise OrderClosed(order_id)
        case CancelAnswer.CANCELLED:
            return await read_order(store, day, order_id)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise PageCursorMalformed(cursor)
    return int(cursor)


def _record(row: OrderRow) -> OrderRecord:
    order = _decoder.decode(row.body)
    fate = settled(row.word, row.cancellation)
    if fate is None:
        return OrderRecord(order=order, status=OrderStatus.OPEN)
    return OrderRecord(order=order, status=fate.status, reason=fate.reason, changed_at=fate.at)


_decoder: Final = msgspec.json.Decoder(Order)
