"""Orders: created once, read page by page, cancelled while nobody has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from dispatch.amounts import Amount, amount_of, with_amount
from dispatch.days import DepotDay
from dispatch.errors import DispatchError
from dispatch.events import AmountChanged, OrderCancelled, OrderPlaced, OrdersCreated, encode
from dispatch.fates import settled
from dispatch.gazetteer import Match
from dispatch.ids import checked_depot_id, checked_text_id
from dispatch.intake import at_match
from dispatch.orders import Order, OrderId, OrderRecord, OrderStatus
from dispatch.store import CancelAnswer, OrderRow, Store
from routing.places import Place

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
    """The order's parcels are in the vehicle already, or it has ended otherwise."""

    code: ClassVar[str] = "order-closed"

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        super().__init__(f"order {order_id} is closed: nothing of it can change any more")


class OrderPlacedAlready(DispatchError):
    """Nobody asks any more where the order waits."""

    code: ClassVar[str] = "order-placed-already"

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        super().__init__(
            f"order {order_id} has its place already: to move it, cancel it and send another"
        )


class PlaceUnknown(DispatchError):
    """A household that cannot say where it lies cannot take another's parcels in."""

    code: ClassVar[str] = "place-unknown"

    def __init__(self, household_id: str) -> None:
        self.household_id = household_id
        super().__init__(
            f"household {household_id} has no coordinates yet: give it some, or answer with a place"
        )


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
    UNRESOLVED = "unresolved"
    """Kept, but somebody must say which place its address means."""
    PLACED = "placed"
    """It was there unresolved; what was sent now says where it is."""
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
    entries = [(order.order_id, _encoded(order)) for order in orders]
    stored = await store.create_orders(day, entries, encode(event))
    outcomes = []
    for order, before in zip(orders, stored, strict=True):
        outcome = _outcome(order, before)
        if outcome.outcome is Outcome.PLACED:
            assert before is not None, "only what was there can be placed"
            placed = OrderPlaced(at=at, by=by, order_id=order.order_id)
            await store.replace_order(day, order.order_id, before, _encoded(order), encode(placed))
        outcomes.append(outcome)
    return tuple(outcomes)


def _outcome(order: Order, before: bytes | None) -> OrderOutcome:
    """`before` is what was stored under the id already, None: nothing."""
    if before is None:
        outcome = Outcome.UNRESOLVED if order.unclear else Outcome.CREATED
        return OrderOutcome(order.order_id, outcome)
    # Compared as orders: the same moment written in another zone is the same order.
    known = _decoder.decode(before)
    if _asks_the_same(known, order):
        if known.unclear:
            outcome = Outcome.UNRESOLVED if order.unclear else Outcome.PLACED
            return OrderOutcome(order.order_id, outcome)
        return OrderOutcome(order.order_id, Outcome.UNCHANGED)
    return OrderOutcome(
        order.order_id,
        Outcome.CONFLICT,
        code="order-differs",
        detail=f"another order {order.order_id} is there: cancel it, or give this one its own id",
    )


def _asks_the_same(known: Order, sent: Order) -> bool:
    """Equal, or equal but for the place, which one of them does not know yet."""
    if not (known.unclear or sent.unclear):
        return known == replace(sent, address=known.address)
    same_words = known.address == sent.address or not (known.address and sent.address)
    return same_words and _placeless(known) == _placeless(sent)


def _placeless(order: Order) -> Order:
    return replace(order, household_id=None, point_id=None, place=None, address="", unclear=False)


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


async def open_orders(store: Store, day: DepotDay) -> tuple[Order, ...]:
    """All orders that nobody has collected, failed or cancelled."""
    records = await all_orders(store, day)
    return tuple(each.order for each in records if each.status is OrderStatus.OPEN)


async def all_orders(store: Store, day: DepotDay) -> tuple[OrderRecord, ...]:
    """All orders of the day, whatever has become of them."""
    records: list[OrderRecord] = []
    after: str | None = None
    while True:
        page = await read_orders(store, day, after=after, limit=PAGE_MAX)
        records += page.records
        after = page.next
        if after is None:
            return tuple(records)


async def read_some_orders(
    store: Store, day: DepotDay, order_ids: Sequence[OrderId]
) -> tuple[OrderRecord, ...]:
    """Those of these orders that the depot-day has, whatever has become of them."""
    return tuple(_record(row) for row in await store.orders_of(day, order_ids))


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


async def place_order(
    store: Store, day: DepotDay, order_id: OrderId, answer: Match | Place, *, by: str, at: datetime
) -> OrderRecord:
    """
    Say where an unresolved order is picked up; saying the same again answers the same.

    Raises
    ------
    OrderUnknown
        The depot-day has no such order.
    OrderPlacedAlready
        Its place is known, and it is another.
    PlaceUnknown
        The household named has no coordinates to lend.
    """
    while True:
        row = await store.order(day, order_id)
        if row is None:
            raise OrderUnknown(order_id, day)
        order = _decoder.decode(row.body)
        placed = _placed(order, answer)
        if placed == order:
            return _record(row)
        if not order.unclear:
            raise OrderPlacedAlready(order_id)
        event = encode(OrderPlaced(at=at, by=by, order_id=order_id))
        if await store.replace_order(day, order_id, row.body, _encoded(placed), event):
            return await read_order(store, day, order_id)


async def change_order(
    store: Store, day: DepotDay, before: Order, after: Order, event: bytes
) -> bool:
    """Return whether the order was still `before`; if not, nothing changed."""
    row = await store.order(day, before.order_id)
    if row is None or _decoder.decode(row.body) != before:
        return False
    return await store.replace_order(day, before.order_id, row.body, _encoded(after), event)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountRestated:
    """How much an order was, and is now."""

    before: Amount
    after: Amount


async def restate_amount(
    store: Store,
    day: DepotDay,
    order_id: OrderId,
    *,
    pieces: int | None,
    weight_g: int | None,
    volume_ml: int | None,
    by: str,
    at: datetime,
) -> AmountRestated:
    """
    Take in that an open order is more or less than was said of it; said again, nothing changes.

    Of what is None nothing is said, see `Amount.restated`.

    Raises
    ------
    OrderUnknown
        The depot-day has no such order.
    OrderClosed
        It has been collected, has failed or was cancelled.
    """
    while True:
        record = await read_order(store, day, order_id)
        if record.status is not OrderStatus.OPEN:
            raise OrderClosed(order_id)
        before = amount_of(record.order)
        after = before.restated(pieces=pieces, weight_g=weight_g, volume_ml=volume_ml)
        told = AmountRestated(before=before, after=after)
        if after == before:
            return told
        event = AmountChanged(at=at, by=by, order_id=order_id, before=before, after=after)
        changed = with_amount(record.order, after)
        if await change_order(store, day, record.order, changed, encode(event)):
            return told


def _placed(order: Order, answer: Match | Place) -> Order:
    if isinstance(answer, Place):
        return replace(order, place=answer, unclear=False)
    placed = at_match(order, answer)
    if placed is None:
        raise PlaceUnknown(str(answer.household_id))
    return placed


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


def _encoded(order: Order) -> bytes:
    """Equal orders give equal bytes: sets are sorted."""
    return msgspec.json.encode(order, order="deterministic")


_decoder: Final = msgspec.json.Decoder(Order)
