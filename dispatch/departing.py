"""How departures stand: what the plan has for each, and by how much its trips will make or miss it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.events import DepartureAtRisk, DepartureSafe, Event
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Plan, Trip


@dataclass(frozen=True, slots=True, kw_only=True)
class TripProgress:
    """
    A trip as it stands.

    over_at
        When it is, or will be, unloaded.
    slack_s
        Seconds from sorted to the departure that a parcel on board must catch; negative: it will be missed.
    truck_at, truck_slack_s
        The departure for which it is planned, and the same seconds for that; None: the plan names none.
    """

    over_at: datetime
    slack_s: int
    truck_at: datetime | None
    truck_slack_s: int | None


def trip_progress(trip: Trip, *, back_at: datetime, sorting_s: int) -> TripProgress:
    """The trip if it is back then; unloading takes as long as planned."""
    over_at = back_at + (trip.unloaded_at - trip.back_at)
    later_s = round((over_at - trip.unloaded_at).total_seconds())
    return TripProgress(
        over_at=over_at,
        slack_s=round((trip.cut_off_at - over_at).total_seconds()) - sorting_s,
        truck_at=trip.truck_at,
        truck_slack_s=None if trip.truck_slack_s is None else trip.truck_slack_s - later_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureProgress:
    """
    A departure as it stands, with the trips that the plan has for it.

    slack_s, courier_id
        The least predicted slack of these trips and whose that is; negative: that trip will miss it; None:
        no trip is planned for it.
    trips_missing
        Trips that will be too late for a parcel which must leave with it.
    planned_at
        When the fleet has it leave.
    is_cancelled
        It does not leave today.
    """

    leaves_at: datetime
    trips: int
    orders: int
    pieces: int
    slack_s: int | None
    courier_id: CourierId | None
    trips_missing: int
    planned_at: datetime
    is_cancelled: bool = False


def departures_standing(
    plan: Plan,
    trips: Iterable[tuple[CourierId, TripProgress]],
    *,
    cancelled: Iterable[datetime] = (),
) -> tuple[DepartureProgress, ...]:
    """Every departure of the plan's table, and those cancelled; of equal slacks the first courier's is told."""
    known = [(courier_id, trip) for courier_id, trip in trips if trip.truck_slack_s is not None]
    told = []
    for planned in plan.departures:
        own = [each for each in known if each[1].truck_at == planned.leaves_at]
        slack_s, courier_id = min(
            ((trip.truck_slack_s, courier_id) for courier_id, trip in own),
            key=lambda each: each[0] or 0,
            default=(None, None),
        )
        told.append(
            DepartureProgress(
                leaves_at=planned.leaves_at,
                trips=planned.trips,
                orders=planned.orders,
                pieces=planned.pieces,
                slack_s=slack_s,
                courier_id=courier_id,
                trips_missing=sum(trip.slack_s < 0 for _, trip in own),
                planned_at=planned.planned_at or planned.leaves_at,
            )
        )
    told += (
        DepartureProgress(
            leaves_at=each.astimezone(plan.made_at.tzinfo),
            trips=0,
            orders=0,
            pieces=0,
            slack_s=None,
            courier_id=None,
            trips_missing=0,
            planned_at=each.astimezone(plan.made_at.tzinfo),
            is_cancelled=True,
        )
        for each in cancelled
    )
    return tuple(sorted(told, key=lambda each: each.leaves_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """
    Parcels with a courier, or to be, that will miss the truck which they must catch, by `late_s` as it was said.

    `leaves_at` is when it leaves, or the cut-off that the orders state.
    """

    leaves_at: datetime
    courier_id: CourierId
    order_ids: tuple[OrderId, ...]
    late_s: int

    @property
    def key(self) -> str:
        return f"{self.leaves_at.timestamp():.0f} {self.courier_id}"


def risks_told(events: Iterable[Event]) -> tuple[AtRisk, ...]:
    """What was said to be at risk and not taken back, the first truck first."""
    told: dict[tuple[datetime, CourierId], AtRisk] = {}
    for event in events:
        match event:
            case DepartureAtRisk(leaves_at=leaves_at, courier_id=courier_id):
                told[leaves_at, courier_id] = AtRisk(
                    leaves_at=leaves_at,
                    courier_id=courier_id,
                    order_ids=event.order_ids,
                    late_s=event.late_s,
                )
            case DepartureSafe(leaves_at=leaves_at, courier_id=courier_id):
                told.pop((leaves_at, courier_id), None)
            case _:
                pass
    return tuple(told[key] for key in sorted(told))
