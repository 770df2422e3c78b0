"""ETAs of a day: of all open orders of the plan in force, of some, or of one."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import ClassVar

from dispatch.days import DepotDay
from dispatch.errors import DispatchError
from dispatch.etas import Eta, EtaList, etas
from dispatch.fates import road_facts
from dispatch.fleet import CourierId
from dispatch.operations.orders import read_order
from dispatch.orders import OrderId
from dispatch.store import Store


class EtaMissing(DispatchError):
    """Nobody is on the way to this order."""

    code: ClassVar[str] = "eta-missing"

    def __init__(self, order_id: OrderId) -> None:
        self.order_id = order_id
        super().__init__(
            f"nobody is planned to come to order {order_id} any more, or not yet: "
            f"GET /v1/orders/{order_id} says what has become of it"
        )


async def read_etas(
    store: Store,
    day: DepotDay,
    *,
    now: datetime,
    courier_id: CourierId | None = None,
    village: str | None = None,
) -> EtaList:
    """When each open order's pickup will begin, as known at `now`; those of one courier or village."""
    page = await store.daybook.read(day)

    def work() -> EtaList:
        if page.plan is None:
            return EtaList(
                day=day, plan_id=None, version=0, now_at=now, as_of=page.as_of, etas=(), tempos=()
            )
        found, learned = etas(page.plan, road_facts(page.events), now=now, courier_id=courier_id)
        return EtaList(
            day=day,
            plan_id=page.plan.plan_id,
            version=page.plan.version,
            now_at=now,
            as_of=page.as_of,
            etas=tuple(each for each in found if village is None or each.village == village),
            tempos=learned,
        )

    return await asyncio.to_thread(work)


async def read_eta(store: Store, day: DepotDay, order_id: OrderId, *, now: datetime) -> Eta:
    """
    When one order's pickup will begin.

    Raises
    ------
    OrderUnknown
        The depot-day has no such order.
    EtaMissing
        It is over, or in no route.
    """
    await read_order(store, day, order_id)
    page = await store.daybook.read(day)
    carriers = (
        route.courier_id
        for route in (() if page.plan is None else page.plan.routes)
        if any(order_id in stop.order_ids for stop in route.stops)
    )
    courier_id = next(carriers, None)
    if courier_id is not None:
        told = await read_etas(store, day, now=now, courier_id=courier_id)
        for each in told.etas:
            if each.order_id == order_id:
                return each
    raise EtaMissing(order_id)
