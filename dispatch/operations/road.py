"""The road: what couriers report, how the day stands, and who hears of it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from dispatch.amounts import amount_of
from dispatch.days import DepotDay
from dispatch.events import Collected, CourierEvent, Failed, FailReason, KeeperEvent, encode
from dispatch.fates import Fate, RoadFacts, fate_of
from dispatch.feed import FeedItem
from dispatch.fleet import CourierId
from dispatch.forecast import StopState
from dispatch.households import PointId
from dispatch.ids import checked_text_id
from dispatch.operations.orders import read_some_orders
from dispatch.operations.routes import RouteMissing
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Brought, Plan
from dispatch.point_day import HandOver, hand_over_of
from dispatch.progress import Board, ShiftProgress, board, shift_progress
from dispatch.store import COLLECTED_RANK, ReportAnswer, ReportEntry, Store


class Heard(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    """The same event was recorded before: nothing changed."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event sent; `code` and `detail` are empty unless it was refused."""

    event_id: str
    outcome: Heard
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A courier's halt at a collection point: planned, under way or past; with both sides of its hand-over."""

    courier_id: CourierId
    courier_name: str
    seq: int
    state: StopState
    planned_at: datetime
    eta_at: datetime
    late_s: int
    pieces: int
    order_ids: tuple[OrderId, ...]
    brought: tuple[Brought, ...]
    hand_over: HandOver


async def record_events(
    store: Store, day: DepotDay, events: Sequence[CourierEvent | KeeperEvent], *, by: str
) -> tuple[EventOutcome, ...]:
    """
    Take in what a courier's phone or a point's scanner reports; one outcome for each, in the order given.

    Sending an event again is harmless, and late ones fall into their place: an order's status
    depends on what was reported, not on when it was heard (see `progress.settled`). An event with
    an unknown order or without any is refused as a whole.

    Raises
    ------
    IdMalformed
        An event's id cannot be one; nothing was recorded.
    """
    for event in events:
        checked_text_id("event id", event.event_id)
    events = await _without_idle_counts(store, day, events)
    entries = [_entry(msgspec.structs.replace(event, by=by)) for event in events]
    answers = await store.record_events(day, entries)
    return tuple(_outcome(event, answer) for event, answer in zip(events, answers, strict=True))


async def _without_idle_counts(
    store: Store, day: DepotDay, events: Sequence[CourierEvent | KeeperEvent]
) -> Sequence[CourierEvent | KeeperEvent]:
    """The events without counts that say no more than what was said of the order."""
    counting = [each for each in events if isinstance(each, Collected) and each.counted]
    if not counting:
        return events
    named = tuple(dict.fromkeys(each.order_id for event in counting for each in event.counted))
    said = {
        each.order.order_id: amount_of(each.order)
        for each in await read_some_orders(store, day, named)
    }

    def only_news(event: Collected) -> Collected:
        counted = tuple(
            each
            for each in event.counted
            if each.order_id not in said or each.of(said[each.order_id]) != said[each.order_id]
        )
        return msgspec.structs.replace(event, counted=counted)

    return [only_news(each) if isinstance(each, Collected) else each for each in events]


def _entry(event: CourierEvent | KeeperEvent) -> ReportEntry:
    fate = fate_of(event) if isinstance(event, Collected | Failed) else None
    return ReportEntry(
        event_id=event.event_id,
        digest=_digest(event),
        body=encode(event),
        order_ids=event.order_ids,
        fate=fate,
        rank=0 if fate is None else _rank(fate),
    )


def _digest(event: CourierEvent | KeeperEvent) -> bytes:
    """What makes two events the same, whoever passes them on and however the moment is written."""
    plain = msgspec.structs.replace(event, by="", at=event.at.astimezone(UTC))
    return hashlib.sha256(encode(plain)).digest()[:16]


_RANKS: Final = {reason.value: rank for rank, reason in enumerate(sorted(FailReason), start=1)}


def _rank(fate: Fate) -> int:
    """The place of `fate` among those of one moment, as `progress.later_word` orders them."""
    if fate.status is OrderStatus.COLLECTED:
        return COLLECTED_RANK
    return _RANKS[fate.reason]


def _outcome(event: CourierEvent | KeeperEvent, answer: ReportAnswer) -> EventOutcome:
    match answer:
        case ReportAnswer.RECORDED:
            return EventOutcome(event.event_id, Heard.RECORDED)
        case ReportAnswer.DUPLICATE:
            return EventOutcome(event.event_id, Heard.DUPLICATE)
        case ReportAnswer.DIFFERS:
            detail = "another event of this id was recorded: give each event its own"
            return EventOutcome(event.event_id, Heard.REFUSED, "event-differs", detail)
        case ReportAnswer.UNKNOWN_ORDER:
            detail = f"not all of these are orders of the day: {', '.join(event.order_ids)}"
            return EventOutcome(event.event_id, Heard.REFUSED, "order-unknown", detail)


async def read_board(store: Store, day: DepotDay, *, now: datetime) -> Board:
    """How the day stands at `now`; the feed after `board.as_of` brings what comes next."""
    page = await store.daybook.read(day)
    return board(
        day,
        page.plan,
        page.events,
        now=now,
        as_of=page.as_of,
        orders_total=page.orders_total,
    )


async def read_shift(
    store: Store, day: DepotDay, courier_id: CourierId, *, now: datetime
) -> ShiftProgress:
    """
    How one courier's shift stands at `now`.

    Raises
    ------
    RouteMissing
        The published plan has no route for the courier, or none is published.
    """
    page = await store.daybook.read(day)
    if page.plan is not None:
        shift = shift_progress(page.plan, courier_id, page.events, now=now, as_of=page.as_of)
        if shift is not None:
            return shift
    raise RouteMissing(courier_id, day)


def follow(store: Store, day: DepotDay, *, after: str) -> AsyncGenerator[FeedItem, None]:
    """
    The day's events after the stream id `after` ("0" for all), then each as it happens, for ever.

    Raises
    ------
    StreamIdMalformed
        `after` is no stream id.
    FeedLagged
        The reader was too slow; it resumes after the last id it has seen.
    """
    return store.feed.follow(day, after=after)


async def recall(store: Store, day: DepotDay, *, after: str) -> AsyncGenerator[FeedItem, None]:
    """
    The day's events after the stream id `after` up to now, and then an end.

    Raises
    ------
    StreamIdMalformed
        `after` is no stream id.
    """
    async for item in store.feed.recall(day, after=after):
        yield item


def arrivals_at(
    point_id: PointId,
    plan: Plan,
    standing: Board,
    names: Mapping[CourierId, str],
    facts: RoadFacts,
) -> tuple[Arrival, ...]:
    """The halts of `plan` at `point_id` with what `standing` predicts, by expected time."""
    predicted = {
        (route.courier_id, stop.seq): stop for route in standing.routes for stop in route.stops
    }
    arrivals = [
        Arrival(
            courier_id=route.courier_id,
            courier_name=names.get(route.courier_id, ""),
            seq=stop.seq,
            state=told.state,
            planned_at=stop.begin_at,
            eta_at=told.eta_at,
            late_s=told.late_s,
            pieces=stop.pieces,
            order_ids=stop.order_ids,
            brought=stop.brought,
            hand_over=hand_over_of(stop, told.state, facts),
        )
        for route in plan.routes
        for stop in route.stops
        if stop.point_id == point_id
        and (told := predicted.get((route.courier_id, stop.seq))) is not None
    ]
    return tuple(sorted(arrivals, key=lambda each: (each.eta_at, each.courier_id, each.seq)))
