"""Expecting: what may still be asked for on a day, from the orders of the days before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.days import DayClock, DepotDay
from dispatch.events import CourierOut, OrdersCreated, decode
from dispatch.expecting import Expected, PastDay, expected_on, still_to_come
from dispatch.fleet import Depot
from dispatch.operations.orders import all_orders
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.store import Store

DAYS_KEPT: Final = 64
"""As a daybook keeps; 3,000 orders take some 2 MB. Chosen."""


async def read_expected(
    store: Store, day: DepotDay, depot: Depot, *, at: datetime
) -> tuple[Order, ...]:
    """What may still be asked for after `at`, by those of the depot's days before on which there were orders."""
    if not depot.look_back_days:
        return ()
    key = (day, depot.look_back_days)
    expected = store.expected.get(key)
    if expected is None:
        expected = await _expected(store, day, depot)
        if at >= DayClock(day.day, depot.zone).starts_at:  # the days before are over
            store.expected[key] = expected
            if len(store.expected) > DAYS_KEPT:
                del store.expected[next(iter(store.expected))]
    return still_to_come(expected, at)


async def _expected(store: Store, day: DepotDay, depot: Depot) -> tuple[Expected, ...]:
    pasts: list[PastDay] = []
    for days in range(1, depot.look_back_days + 1):
        past = replace(day, day=day.day - timedelta(days=days))
        told = await _told(store, past)
        orders = tuple(
            each.order
            for each in await all_orders(store, past)
            if each.status is not OrderStatus.CANCELLED and each.order.order_id in told
        )
        if orders:
            pasts.append(PastDay(DayClock(past.day, depot.zone), orders, told))
    return await asyncio.to_thread(expected_on, DayClock(day.day, depot.zone), pasts)


async def _told(store: Store, day: DepotDay) -> Mapping[OrderId, datetime]:
    """When each order of a day was heard of, without those that hand over what was on board: nobody asked for them."""
    told: dict[OrderId, datetime] = {}
    after, is_whole = "0-0", False
    while not is_whole:
        found = await store.day_slice(day, after=after)
        is_whole = found.complete
        for event in await asyncio.to_thread(
            lambda entries: [decode(body) for _, body in entries], found.entries
        ):
            match event:
                case OrdersCreated():
                    told |= dict.fromkeys(event.order_ids, event.at)
                case CourierOut(handover_id=handed) if handed is not None:
                    told.pop(handed, None)
                case _:
                    pass
        after = found.entries[-1][0] if found.entries else after
    return told
