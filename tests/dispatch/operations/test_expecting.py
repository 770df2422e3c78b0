"""Expected orders from the real server: what was asked for on the depot's days before, and when."""

import random
from dataclasses import replace
from datetime import timedelta

from dispatch import operations
from dispatch.days import DepotId
from dispatch.events import CourierOut, OutReason, encode
from tests.dispatch.running.days import at, order


async def test_a_depot_expects_what_was_asked_for_on_its_days_before(store, crewed):
    chance = random.Random(5)
    yesterday = replace(crewed, day=crewed.day - timedelta(days=1))
    back = timedelta(days=1)
    orders = [order(number, chance, ready_at=None, windows=()) for number in range(4)]
    for hours, some in ((9, orders[:2]), (14, orders[2:])):
        await operations.create_orders(store, yesterday, some, by="test", at=at(hours) - back)
    await operations.cancel_order(
        store, yesterday, orders[0].order_id, reason="", by="test", at=at(9, 30) - back
    )
    handed = order(9, chance)
    await operations.create_orders(store, yesterday, [handed], by="test", at=at(15) - back)
    await store.append_event(
        yesterday,
        encode(
            CourierOut(
                at=at(15) - back,
                by="test",
                courier_id="k1",
                reason=OutReason.BREAKDOWN,
                handover_id=handed.order_id,
                order_ids=(),
            )
        ),
    )
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=2)

    async def expected(now, depot=depot, day=crewed):
        return [each.place for each in await operations.read_expected(store, day, depot, at=now)]

    assert await expected(at(7)) == [each.place for each in orders[1:]]
    assert await expected(at(9)) == [each.place for each in orders[2:]]
    assert await expected(at(14)) == []
    assert await expected(at(7), depot=fleet.depot) == [], "it does not look back"
    other = replace(crewed, depot_id=DepotId("other"))
    assert await expected(at(7), day=other) == []


async def test_what_was_expected_the_evening_before_is_looked_at_again_in_the_morning(
    store, crewed
):
    chance = random.Random(6)
    back = timedelta(days=1)
    yesterday = replace(crewed, day=crewed.day - back)
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=1)
    evening = at(20) - back
    assert await operations.read_expected(store, crewed, depot, at=evening) == ()
    late = order(1, chance, ready_at=None, windows=())
    await operations.create_orders(store, yesterday, [late], by="test", at=at(22) - back)
    (found,) = await operations.read_expected(store, crewed, depot, at=at(7))
    assert found.place == late.place


async def test_a_running_day_knows_what_it_expects(store, crewed):
    chance = random.Random(7)
    fleet = await operations.read_fleet(store, crewed.scope)
    depot = replace(fleet.depot, look_back_days=1)
    await operations.replace_fleet(
        store, crewed.scope, replace(fleet, depot=depot), by="test", at=at(6)
    )
    back = timedelta(days=1)
    asked = order(1, chance, ready_at=None, windows=())
    yesterday = replace(crewed, day=crewed.day - back)
    await operations.create_orders(store, yesterday, [asked], by="test", at=at(11) - back)
    running = await operations.read_running(store, crewed, at=at(10))
    (expected,) = running.inputs.expected
    assert expected.place == asked.place
    assert running.inputs.orders == ()
