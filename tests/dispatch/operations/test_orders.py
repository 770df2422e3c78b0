"""Orders through the real server: taken in once, paged, cancelled while nobody has them."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dispatch import operations
from dispatch.events import Collected, OrderCancelled, OrdersCreated, decode
from dispatch.fleet import CourierId
from dispatch.ids import IdMalformed
from dispatch.operations import OrderClosed, OrderUnknown, Outcome, PageCursorMalformed
from dispatch.orders import Handling, Order, OrderId, OrderStatus
from routing.places import Place

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
BY = "dispatcher:k"


def order(number, **facts):
    return Order(order_id=OrderId(f"柳编-{number:05}"), place=Place(118.0, 33.9), **facts)


async def create(store, day, orders):
    return await operations.create_orders(store, day, orders, by=BY, at=AT)


async def events_of(store, day):
    return [decode(body) for _, body in await store.history(day, after="0-0", limit=10_000)]


async def test_orders_come_back_as_they_were_sent_in_the_order_of_creation(store, day):
    sent = [
        order(
            2, pieces=3, handling=frozenset({Handling.BULKY, Handling.FRAGILE}), note="村委会西50米"
        ),
        order(1, ready_at=AT, weight_g=2500),
    ]
    outcomes = await create(store, day, sent)
    assert [each.outcome for each in outcomes] == [Outcome.CREATED] * 2
    page = await operations.read_orders(store, day)
    assert [each.order for each in page.records] == sent
    assert all(each.status is OrderStatus.OPEN for each in page.records)
    assert (page.next, page.total) == (None, 2)


async def test_the_same_file_twice_adds_nothing_and_tells_nobody(store, day):
    sent = [order(1, ready_at=AT), order(2)]
    await create(store, day, sent)
    elsewhere = timezone(timedelta(hours=8))
    again = await create(
        store, day, [order(1, ready_at=AT.astimezone(elsewhere)), order(2), order(3)]
    )
    assert [each.outcome for each in again] == [
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
        Outcome.CREATED,
    ]
    told = await events_of(store, day)
    assert [each.order_ids for each in told if isinstance(each, OrdersCreated)] == [
        (sent[0].order_id, sent[1].order_id),
        (order(3).order_id,),
    ]
    await create(store, day, sent)
    assert await events_of(store, day) == told


async def test_another_order_of_a_known_id_is_a_conflict_and_changes_nothing(store, day):
    await create(store, day, [order(1, pieces=1)])
    (outcome,) = await create(store, day, [order(1, pieces=2)])
    assert (outcome.outcome, outcome.code) == (Outcome.CONFLICT, "order-differs")
    record = await operations.read_order(store, day, order(1).order_id)
    assert record.order.pieces == 1


async def test_one_id_twice_in_a_batch_counts_once(store, day):
    outcomes = await create(store, day, [order(1), order(1), order(1, pieces=9)])
    assert [each.outcome for each in outcomes] == ["created", "unchanged", "conflict"]


async def test_pages_join_to_the_whole_day_though_orders_arrive_meanwhile(store, day):
    await create(store, day, [order(number) for number in range(1200)])
    seen, cursor, added = [], None, False
    while True:
        page = await operations.read_orders(store, day, after=cursor, limit=250)
        seen += [each.order.order_id for each in page.records]
        if not added:
            added = True
            await create(store, day, [order(number) for number in range(1190, 1210)])
        if page.next is None:
            break
        cursor = page.next
    assert seen == [order(number).order_id for number in range(1210)]


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "١", "9" * 10])
async def test_a_cursor_that_no_page_ended_with_is_refused(store, day, cursor):
    with pytest.raises(PageCursorMalformed):
        await operations.read_orders(store, day, after=cursor)


async def test_a_page_beyond_the_end_is_empty(store, day):
    page = await operations.read_orders(store, day, after="100")
    assert (page.records, page.next) == ((), None)


async def test_depot_days_and_companies_do_not_see_each_other(store, day):
    await create(store, day, [order(1)])
    other = type(day)(day.company_id, day.depot_id, day.day + timedelta(days=1))
    with pytest.raises(OrderUnknown):
        await operations.read_order(store, other, order(1).order_id)


@pytest.mark.parametrize("bad", ["", "a\nb", "x" * 65, "a\x00"])
async def test_an_id_that_cannot_be_one_is_refused_before_anything_is_taken_in(store, day, bad):
    with pytest.raises(IdMalformed):
        await create(store, day, [order(1), Order(order_id=OrderId(bad))])
    assert (await operations.read_orders(store, day)).total == 0


@pytest.mark.parametrize("depot", ["a}b", "Shaji", "", "沙集", "x" * 33])
async def test_a_depot_that_could_leave_its_hash_tag_is_refused(store, day, depot):
    stranger = type(day)(day.company_id, depot, day.day)
    with pytest.raises(IdMalformed):
        await create(store, stranger, [order(1)])
    with pytest.raises(IdMalformed):
        await operations.read_orders(store, stranger)


async def test_cancelling_twice_answers_the_same_and_tells_once(store, day):
    await create(store, day, [order(1)])
    first = await operations.cancel_order(
        store, day, order(1).order_id, reason="seller asked", by=BY, at=AT
    )
    again = await operations.cancel_order(
        store, day, order(1).order_id, reason="other", by=BY, at=AT + timedelta(hours=1)
    )
    assert first == again
    assert (first.status, first.reason, first.changed_at) == (
        OrderStatus.CANCELLED,
        "seller asked",
        AT,
    )
    told = [each for each in await events_of(store, day) if isinstance(each, OrderCancelled)]
    assert len(told) == 1


async def test_an_unknown_order_cannot_be_cancelled(store, day):
    with pytest.raises(OrderUnknown):
        await operations.cancel_order(store, day, OrderId("none"), reason="", by=BY, at=AT)


async def test_parcels_in_the_vehicle_cannot_be_cancelled(store, day):
    await create(store, day, [order(1)])
    word = Collected(
        event_id="e1", at=AT, by="", courier_id=CourierId("k1"), order_ids=(order(1).order_id,)
    )
    await operations.record_events(store, day, [word], by=BY)
    with pytest.raises(OrderClosed):
        await operations.cancel_order(store, day, order(1).order_id, reason="", by=BY, at=AT)


async def test_ten_thousand_orders_are_taken_in_within_seconds_and_a_chunk_at_a_time(store, day):
    orders = [order(number, pieces=2, note="三组 12 号") for number in range(10_000)]
    began_s = time.perf_counter()
    outcomes = await create(store, day, orders)
    took_s = time.perf_counter() - began_s
    assert all(each.outcome is Outcome.CREATED for each in outcomes)
    assert (await operations.read_orders(store, day, limit=1)).total == 10_000
    assert took_s < 10, "five times the target, for machines that are busy"
