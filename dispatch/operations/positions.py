"""Where couriers are: taken in during their shifts, read while these last, gone with the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dispatch.days import DayClock, DepotDay
from dispatch.fleet import CourierId, Fleet
from dispatch.operations.registry import read_fleet
from dispatch.positions import CourierSeen, Kept, Position, seen, tracked
from dispatch.store import Store
from routing.places import Place


async def keep_positions(
    store: Store, day: DepotDay, positions: Sequence[Position], *, now: datetime
) -> tuple[Kept, ...]:
    """
    Take in what phones say; one answer for each, in the order given.

    Only what lies within its courier's shift, and after it for as long as `tracked` says.

    Raises
    ------
    FleetMissing
        There is nothing to drive with.
    """
    fleet = await read_fleet(store, day.scope)
    clock = DayClock(day.day, fleet.depot.zone)
    answers = [_objection(each, fleet, clock) for each in positions]
    good = [each for each, answer in zip(positions, answers, strict=True) if answer is None]
    if good:
        over_at = max(tracked(each, clock)[1] for each in fleet.couriers.values())
        entries = [
            (each.courier_id, each.at, each.place, msgspec.json.encode(each)) for each in good
        ]
        kept_s = max(1, round((over_at - now).total_seconds()))
        is_last = iter(await store.positions.keep(day, entries, kept_s=kept_s))
        answers = [
            (Kept.KEPT if next(is_last) else Kept.OLDER) if each is None else each
            for each in answers
        ]
    return tuple(each for each in answers if each is not None)


def _objection(position: Position, fleet: Fleet, clock: DayClock) -> Kept | None:
    courier = fleet.couriers.get(position.courier_id)
    if courier is None:
        return Kept.COURIER_UNKNOWN
    starts_at, ends_at = tracked(courier, clock)
    return None if starts_at <= position.at <= ends_at else Kept.NOT_ON_SHIFT


async def read_positions(
    store: Store, day: DepotDay, *, now: datetime, courier_id: CourierId | None = None
) -> tuple[CourierSeen, ...]:
    """Where each courier on shift at `now` was last, by id; or that one."""
    found = await _on_shift(
        store, day, [(each, None) for each in await store.positions.all(day)], now
    )
    chosen = (each for each in found if courier_id in (None, each.courier_id))
    return tuple(sorted(chosen, key=lambda each: each.courier_id))


async def nearest_couriers(
    store: Store, day: DepotDay, place: Place, *, limit: int, now: datetime
) -> tuple[CourierSeen, ...]:
    """The `limit` couriers on shift who were last seen nearest to `place`, in a straight line, the nearest first."""
    return (await _on_shift(store, day, await store.positions.near(day, place), now))[:limit]


async def _on_shift(
    store: Store, day: DepotDay, found: Sequence[tuple[bytes, float | None]], now: datetime
) -> tuple[CourierSeen, ...]:
    """Without those whose shift is over, or who left the fleet: nobody looks for them any more."""
    if not found:
        return ()
    fleet = await read_fleet(store, day.scope)
    clock = DayClock(day.day, fleet.depot.zone)
    until = {each.courier_id: tracked(each, clock)[1] for each in fleet.couriers.values()}
    told = ((_decoder.decode(body), distance_m) for body, distance_m in found)
    return tuple(
        seen(position, now=now, distance_m=distance_m)
        for position, distance_m in told
        if position.courier_id in until and now <= until[position.courier_id]
    )


_decoder: Final = msgspec.json.Decoder(Position)
