"""Departures of one day: a truck that leaves earlier, later or not at all, and parcels that will miss theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import ClassVar

from dispatch.days import DayClock, DepotDay
from dispatch.departing import AtRisk
from dispatch.errors import DispatchError
from dispatch.events import DepartureAtRisk, DepartureChanged, DepartureSafe, encode
from dispatch.fates import road_facts
from dispatch.operations.registry import read_fleet
from dispatch.store import Store
from dispatch.timetable import TruckToday, timetable


class DepartureUnknown(DispatchError):
    """The fleet has no truck at that time."""

    code: ClassVar[str] = "departure-unknown"

    def __init__(self, planned: time, known: Iterable[time]) -> None:
        told = ", ".join(f"{each:%H:%M}" for each in known) or "none"
        super().__init__(
            f"the fleet has no truck at {planned:%H:%M}: name one of its departures ({told}), "
            "wherever it has been moved to since"
        )


class DepartureTaken(DispatchError):
    """Another truck leaves at that moment."""

    code: ClassVar[str] = "departure-taken"

    def __init__(self, leaves_at: datetime) -> None:
        super().__init__(
            f"another truck leaves at {leaves_at:%H:%M} already: cancel this one instead"
        )


class LastDeparture(DispatchError):
    """No truck would be left."""

    code: ClassVar[str] = "last-departure"

    def __init__(self) -> None:
        super().__init__(
            "no other truck leaves this day: say when a truck comes in its place, with leaves_at"
        )


class DepartureOnAnotherDay(DispatchError):
    """A truck cannot be moved to another day."""

    code: ClassVar[str] = "not-this-day"

    def __init__(self, leaves_at: datetime, day: DepotDay) -> None:
        super().__init__(
            f"{leaves_at.isoformat()} is not on {day.day}: a truck stays on its day; cancel it if it "
            "leaves on no moment of it"
        )


async def read_timetable(store: Store, day: DepotDay) -> tuple[TruckToday, ...]:
    """
    The trucks of the day as they leave.

    Raises
    ------
    FleetMissing
        Nobody has said which trucks there are.
    """
    depot = (await read_fleet(store, day.scope)).depot
    page = await store.daybook.read(day)
    return timetable(depot, road_facts(page.events).trucks, DayClock(day.day, depot.zone))


async def change_departure(
    store: Store,
    day: DepotDay,
    planned: time,
    *,
    leaves_at: datetime | None,
    by: str,
    at: datetime,
) -> tuple[TruckToday, ...]:
    """
    Have the truck that the fleet states for `planned` leave at another time of this day, or (None) not at all.

    Told again, it is as once. The fleet stays as it is.

    Raises
    ------
    DepartureUnknown, DepartureTaken, LastDeparture, DepartureOnAnotherDay
        There is no such truck, or it cannot leave so.
    FleetMissing
        Nobody has said which trucks there are.
    """
    depot = (await read_fleet(store, day.scope)).depot
    clock = DayClock(day.day, depot.zone)
    if planned not in depot.departures:
        raise DepartureUnknown(planned, depot.departures)
    trucks = await read_timetable(store, day)
    planned_at = clock.moment(clock.seconds_of(planned))
    if leaves_at is not None:
        leaves_at = leaves_at.astimezone(depot.zone).replace(microsecond=0)
        if leaves_at.date() != day.day:
            raise DepartureOnAnotherDay(leaves_at, day)
    others = [each.leaves_at for each in trucks if each.planned_at != planned_at]
    if leaves_at is None and not any(others):
        raise LastDeparture
    if leaves_at is not None and leaves_at in others:
        raise DepartureTaken(leaves_at)
    if TruckToday(planned_at=planned_at, leaves_at=leaves_at) in trucks:
        return trucks
    event = DepartureChanged(at=at, by=by, planned_at=planned_at, leaves_at=leaves_at)
    await store.append_event(day, encode(event))
    return await read_timetable(store, day)


async def tell_risks(
    store: Store,
    day: DepotDay,
    told: Sequence[AtRisk],
    risks: Sequence[AtRisk],
    *,
    by: str,
    at: datetime,
) -> None:
    """Say what is at risk and was not said, and take back what was said and is not; each once, whoever else says it."""
    now = {each.key: each for each in risks}
    for each in risks:
        warning = DepartureAtRisk(
            at=at,
            by=by,
            leaves_at=each.leaves_at,
            courier_id=each.courier_id,
            order_ids=each.order_ids,
            late_s=each.late_s,
        )
        await store.tell_risk(day, each.key, at_risk=True, event=encode(warning))
    for each in told:
        if each.key not in now and each.leaves_at > at:
            safe = DepartureSafe(at=at, by=by, leaves_at=each.leaves_at, courier_id=each.courier_id)
            await store.tell_risk(day, each.key, at_risk=False, event=encode(safe))
