"""The live feed over a real stream: nothing lost, nothing twice, a slow reader dropped."""

import asyncio
from contextlib import aclosing, suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import feed, operations
from dispatch.events import decode
from dispatch.feed import FeedLagged, StreamId, StreamIdMalformed
from dispatch.orders import Order, OrderId

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)


async def create(store, day, *numbers):
    for number in numbers:
        order = Order(order_id=OrderId(f"o{number}"))
        await operations.create_orders(store, day, [order], by="t", at=AT)


async def take(items, count):
    async with asyncio.timeout(30):
        return [await anext(items) for _ in range(count)]


def order_ids(items):
    return [order_id for item in items for order_id in decode(item.body).order_ids]


async def test_a_follower_gets_history_then_news(store, day):
    await create(store, day, 0, 1)
    async with aclosing(operations.follow(store, day, after="0")) as items:
        past = await take(items, 2)
        await create(store, day, 2)
        news = await take(items, 1)
    assert order_ids([*past, *news]) == ["o0", "o1", "o2"]
    assert {item.kind for item in past} == {"orders-created"}


async def test_a_reconnect_loses_nothing_and_repeats_nothing(store, day):
    await create(store, day, 0)
    async with aclosing(operations.follow(store, day, after="0")) as items:
        (first,) = await take(items, 1)
    await create(store, day, 1, 2)
    async with aclosing(operations.follow(store, day, after=first.id)) as items:
        assert order_ids(await take(items, 2)) == ["o1", "o2"]


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same():
    async def deaf():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await feed.end(task)
    assert task.cancelled()


async def test_many_followers_share_one_reader_and_each_gets_everything(store, day):
    async def follow():
        async with aclosing(operations.follow(store, day, after="0")) as items:
            return order_ids(await take(items, 30))

    followers = [asyncio.create_task(follow()) for _ in range(20)]
    await create(store, day, *range(10))
    assert store.feed.readers == 1
    await create(store, day, *range(10, 30))
    for heard in await asyncio.gather(*followers):
        assert heard == [f"o{number}" for number in range(30)]


async def test_followers_who_join_while_events_come_miss_none(store, day):
    async def follow():
        async with aclosing(operations.follow(store, day, after="0")) as items:
            return order_ids(await take(items, 60))

    followers = []
    for number in range(60):
        followers.append(asyncio.create_task(follow()))
        await create(store, day, number)
    for heard in await asyncio.gather(*followers):
        assert heard == [f"o{number}" for number in range(60)]


async def test_the_reader_ends_with_its_last_follower(store, day):
    await create(store, day, 0)
    async with aclosing(operations.follow(store, day, after="0")) as items:
        await take(items, 1)
        assert store.feed.readers == 1
    assert store.feed.readers == 0


async def test_a_slow_follower_is_dropped_and_resumes_where_it_was(store, day, monkeypatch):
    monkeypatch.setattr(feed, "QUEUE_LENGTH", 5)
    await create(store, day, 0)
    slow = operations.follow(store, day, after="0")
    quick = operations.follow(store, day, after="0")
    async with aclosing(slow), aclosing(quick):
        heard = await take(slow, 1)
        await take(quick, 1)
        news = asyncio.create_task(take(slow, 1))
        await create(store, day, 1)
        heard += await news
        await take(quick, 1)
        for number in range(2, 12):
            await create(store, day, number)
            await take(quick, 1)  # the other one is not held up
        with pytest.raises(FeedLagged) as lagged:  # noqa: PT012 -- some are still in its queue
            while True:
                heard += await take(slow, 1)
    assert lagged.value.last_id == heard[-1].id
    async with aclosing(operations.follow(store, day, after=lagged.value.last_id)) as items:
        heard += await take(items, 12 - len(heard))
    assert order_ids(heard) == [f"o{number}" for number in range(12)]


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-2-3", "٣", f"{2**64}-0", "1" * 21])
def test_text_that_is_no_stream_id_is_refused(text):
    with pytest.raises(StreamIdMalformed):
        StreamId.parse(text)


number = st.integers(0, 2**64 - 1)


@given(st.tuples(number, number), st.tuples(number, number))
def test_stream_ids_compare_as_number_pairs(a, b):
    left, right = (StreamId.parse(f"{each[0]}-{each[1]}") for each in (a, b))
    assert (left < right) == (a < b)
    assert StreamId.parse(str(left)) == left


def test_as_text_these_ids_would_compare_the_other_way():
    assert StreamId.parse("9-0") < StreamId.parse("10-0")
    assert StreamId.parse("10-9") < StreamId.parse("10-10")
