"""What couriers report: idempotent, late, out of order, and always the same end."""

import random
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch import operations
from dispatch.clock import SystemClock
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.events import Arrived, Collected, Failed, FailReason, decode
from dispatch.fates import road_facts
from dispatch.fleet import CourierId
from dispatch.ids import IdMalformed
from dispatch.operations import Heard
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.store import Store

AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
ORDER_IDS = tuple(OrderId(f"o{number}") for number in range(3))
K1 = CourierId("k1")


async def create(store, day):
    orders = [Order(order_id=each) for each in ORDER_IDS]
    await operations.create_orders(store, day, orders, by="t", at=AT)


def collected(event_id, *order_ids, minute=0):
    at = AT + timedelta(minutes=minute)
    return Collected(event_id=event_id, at=at, by="", courier_id=K1, order_ids=order_ids)


def failed(event_id, *order_ids, minute=0, reason=FailReason.NOBODY_HOME):
    at = AT + timedelta(minutes=minute)
    return Failed(
        event_id=event_id, at=at, by="", courier_id=K1, order_ids=order_ids, reason=reason
    )


async def record(store, day, *events):
    return await operations.record_events(store, day, events, by="courier:k")


async def statuses(store, day):
    page = await operations.read_orders(store, day)
    return {
        each.order.order_id: (each.status, each.reason, each.changed_at) for each in page.records
    }


async def test_an_event_sent_twice_is_recorded_once(store, day):
    await create(store, day)
    word = collected("e1", "o0", "o1")
    first, again = await record(store, day, word, word)
    assert (first.outcome, again.outcome) == (Heard.RECORDED, Heard.DUPLICATE)
    (later,) = await record(store, day, word)
    assert later.outcome is Heard.DUPLICATE
    found = await statuses(store, day)
    assert [found[each][0] for each in ORDER_IDS] == ["collected", "collected", "open"]
    kinds = [decode(body) for _, body in await store.history(day, after="0-0", limit=100)]
    assert sum(isinstance(each, Collected) for each in kinds) == 1


async def test_another_event_under_a_known_id_is_refused(store, day):
    await create(store, day)
    _, other = await record(store, day, collected("e1", "o0"), collected("e1", "o1"))
    assert (other.outcome, other.code) == (Heard.REFUSED, "event-differs")
    assert (await statuses(store, day))["o1"][0] is OrderStatus.OPEN


@pytest.mark.parametrize("order_ids", [(), ("stranger",), ("o0", "stranger")])
async def test_an_event_with_an_unknown_order_or_none_is_refused_as_a_whole(store, day, order_ids):
    await create(store, day)
    (outcome,) = await record(store, day, collected("e1", *order_ids))
    assert (outcome.outcome, outcome.code) == (Heard.REFUSED, "order-unknown")
    assert (await statuses(store, day))["o0"][0] is OrderStatus.OPEN


async def test_a_refused_event_may_be_sent_again_when_its_order_is_there(store, day):
    word = collected("e1", "o0")
    (early,) = await record(store, day, word)
    await create(store, day)
    (now,) = await record(store, day, word)
    assert (early.outcome, now.outcome) == (Heard.REFUSED, Heard.RECORDED)


async def test_the_event_says_who_passed_it_on(store, day):
    await create(store, day)
    await record(store, day, collected("e1", "o0"))
    (_, body) = (await store.history(day, after="0-0", limit=100))[-1]
    assert decode(body).by == "courier:k"


async def test_a_failed_pickup_may_be_collected_later_and_a_slip_mended(store, day):
    await create(store, day)
    await record(store, day, failed("e1", "o0"), collected("e2", "o0", minute=5))
    await record(store, day, collected("e3", "o1"), failed("e4", "o1", minute=5))
    found = await statuses(store, day)
    assert found["o0"][0] is OrderStatus.COLLECTED
    assert found["o1"][:2] == (OrderStatus.FAILED, "nobody-home")


async def test_collected_wins_over_a_cancellation_whenever_it_is_heard(store, day):
    await create(store, day)
    await operations.cancel_order(store, day, ORDER_IDS[0], reason="x", by="t", at=AT)
    await record(store, day, collected("e1", "o0", minute=-30))
    assert (await statuses(store, day))["o0"][0] is OrderStatus.COLLECTED


async def test_an_event_id_that_cannot_be_one_is_refused(store, day):
    with pytest.raises(IdMalformed):
        await record(store, day, collected("", "o0"))


def words():
    """Few moments and few orders, so that ties and contradictions are common."""
    number = st.integers(0, 2)
    some = st.lists(st.sampled_from(ORDER_IDS), min_size=1, max_size=3, unique=True).map(tuple)
    return st.lists(
        st.tuples(
            st.sampled_from(["arrived", "collected", *FailReason]), some, number, st.booleans()
        ),
        min_size=1,
        max_size=7,
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(told=words(), cancelled=st.sets(st.sampled_from(ORDER_IDS)), seed=st.integers(0, 2**32))
def test_any_order_and_repetition_of_the_same_events_ends_the_same(server, told, cancelled, seed):
    import asyncio

    events = []
    for index, (kind, order_ids, minute, sub_second) in enumerate(told):
        at = AT + timedelta(minutes=minute, microseconds=sub_second)
        facts = {"event_id": f"e{index}", "at": at, "by": "", "courier_id": K1}
        match kind:
            case "arrived":
                events.append(Arrived(order_ids=order_ids, **facts))
            case "collected":
                events.append(Collected(order_ids=order_ids, **facts))
            case reason:
                events.append(Failed(order_ids=order_ids, reason=reason, **facts))
    rng = random.Random(seed)
    deliveries = [events + rng.choices(events, k=3) for _ in range(2)]
    for each in deliveries:
        rng.shuffle(each)

    async def deliver(store, delivery, name):
        day = DepotDay(CompanyId(f"p{secrets.token_hex(8)}{name}"), DepotId("d"), AT.date())
        await create(store, day)
        for each in cancelled:
            await operations.cancel_order(store, day, each, reason="c", by="t", at=AT)
        for each in delivery:
            await record(store, day, each)
        found = await statuses(store, day)
        stream = [decode(body) for _, body in await store.history(day, after="0-0", limit=1000)]
        fates = road_facts(stream).fates
        told_by_events = {
            order_id: (fate.status, fate.reason, fate.at) for order_id, fate in fates.items()
        }
        assert told_by_events == {
            order_id: end for order_id, end in found.items() if end[0] is not OrderStatus.OPEN
        }
        return found

    async def both():
        async with Store.open(server.url) as store:
            first, second = [
                await deliver(store, delivery, name)
                for delivery, name in zip(deliveries, "ab", strict=True)
            ]
        assert first == second

    asyncio.run(both())


async def test_the_board_counts_what_happened_and_reads_only_what_is_new(store, crewed):
    await create(store, crewed)
    await record(store, crewed, collected("e1", "o0"))
    first = await operations.read_board(store, crewed, now=AT)
    assert (first.figures.orders_total, first.figures.orders_collected) == (3, 1)
    await record(store, crewed, failed("e2", "o1"))
    second = await operations.read_board(store, crewed, now=SystemClock().now())
    assert (second.figures.orders_collected, second.figures.orders_failed) == (1, 1)
    assert second.as_of != first.as_of
    fresh = await operations.read_board(store, crewed, now=second.now_at)
    assert fresh == second
