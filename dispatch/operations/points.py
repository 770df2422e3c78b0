"""Collection points while the day runs: what keepers say of them, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from dispatch.days import DepotDay, DepotScope
from dispatch.errors import DispatchError
from dispatch.events import PointClosed, PointFull, PointNotice, PointOpened, encode
from dispatch.fates import road_facts
from dispatch.households import CollectionPoint, PointId
from dispatch.keepers import NOTHING_SAID, Notice, notices_of
from dispatch.operations.orders import read_some_orders
from dispatch.operations.registry import find_fleet, registry_of
from dispatch.operations.road import Arrival, arrivals_at
from dispatch.point_day import PointDay, orders_at, point_day
from dispatch.progress import board
from dispatch.store import Store


class ClosingOver(DispatchError):
    """A point cannot be closed until a moment that has passed, or that comes before it closes."""

    code: ClassVar[str] = "closing-over"

    def __init__(self, until_at: datetime) -> None:
        self.until_at = until_at
        super().__init__(
            f"it would be open again at {until_at.isoformat()}, before it is closed: say a later moment, or none"
        )


async def find_point(store: Store, scope: DepotScope, point_id: PointId) -> CollectionPoint | None:
    """The point; None: the registry has no such point."""
    return (await registry_of(store, scope, (), (point_id,))).points.get(point_id)


async def say_full(
    store: Store, day: DepotDay, point_id: PointId, *, pieces_left: int, by: str, at: datetime
) -> Notice:
    """From now on no more than `pieces_left` are brought to the point; said again, the later word counts."""
    return await _say(
        store, day, PointFull(at=at, by=by, point_id=point_id, pieces_left=pieces_left)
    )


async def say_closed(
    store: Store,
    day: DepotDay,
    point_id: PointId,
    *,
    from_at: datetime | None,
    until_at: datetime | None,
    by: str,
    at: datetime,
) -> Notice:
    """
    Nobody comes to the point from then (None: now) until just before `until_at` (None: until told otherwise).

    Raises
    ------
    ClosingOver
        That is over already, or before it begins.
    """
    begins_at = at if from_at is None else from_at
    if until_at is not None and until_at <= max(at, begins_at):
        raise ClosingOver(until_at)
    event = PointClosed(at=at, by=by, point_id=point_id, from_at=begins_at, until_at=until_at)
    return await _say(store, day, event)


async def say_open(
    store: Store, day: DepotDay, point_id: PointId, *, by: str, at: datetime
) -> Notice:
    """Take back that the point is full or closed."""
    return await _say(store, day, PointOpened(at=at, by=by, point_id=point_id))


async def _say(store: Store, day: DepotDay, told: PointNotice) -> Notice:
    """Record it; what holds of the point then."""
    await store.append_event(day, encode(told))
    page = await store.daybook.read(day)
    return notices_of(page.events).get(told.point_id, NOTHING_SAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """A point's day, and who comes to it, by expected time; past halts too."""

    point: PointDay
    arrivals: tuple[Arrival, ...]


async def read_point(
    store: Store, day: DepotDay, point: CollectionPoint, *, now: datetime
) -> PointView:
    """How a collection point stands at `now`."""
    page = await store.daybook.read(day)
    standing = board(
        day, page.plan, page.events, now=now, as_of=page.as_of, orders_total=page.orders_total
    )
    facts = road_facts(page.events)
    wanted = orders_at(point.point_id, page.plan, facts)
    records = await read_some_orders(store, day, wanted)
    fleet = await find_fleet(store, day.scope)
    couriers = {} if fleet is None else fleet.couriers
    names = {courier_id: courier.name for courier_id, courier in couriers.items()}
    arrivals = (
        () if page.plan is None else arrivals_at(point.point_id, page.plan, standing, names, facts)
    )
    told = point_day(point, page.plan, standing, facts, [each.order for each in records])
    return PointView(point=told, arrivals=arrivals)
