"""The timetable 时刻表 of a running day: when its trucks really leave, which may be otherwise than the fleet says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from dispatch.days import DayClock
from dispatch.fleet import Depot
from dispatch.orders import Order
from dispatch.plan import Departure, Plan, Route, Trip

Trucks: TypeAlias = Mapping[datetime, datetime | None]
"""When a truck leaves today, by the moment that the fleet states for it; None: it does not leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruckToday:
    """A truck of the depot: when the fleet has it leave, and when it leaves today; None: cancelled."""

    planned_at: datetime
    leaves_at: datetime | None


def timetable(depot: Depot, trucks: Trucks, clock: DayClock) -> tuple[TruckToday, ...]:
    """Every truck of the fleet as it leaves today, in the fleet's order."""
    planned = (clock.moment(clock.seconds_of(each)) for each in depot.departures)
    return tuple(
        TruckToday(planned_at=each, leaves_at=_zoned(trucks.get(each, each), clock))
        for each in planned
    )


def depot_today(depot: Depot, trucks: Trucks, clock: DayClock) -> Depot:
    """The depot with the departures that there are today."""
    leaving = (each.leaves_at for each in timetable(depot, trucks, clock))
    local = sorted({each.time() for each in leaving if each is not None})
    return replace(depot, departures=tuple(local))


def orders_today(
    orders: Iterable[Order], depot: Depot, trucks: Trucks, clock: DayClock
) -> tuple[Order, ...]:
    """The orders with cut-offs as they are today: one that names a truck moves with it."""
    today = timetable(depot, trucks, clock)
    leaving = sorted(each.leaves_at for each in today if each.leaves_at is not None)
    instead = {
        each.planned_at: each.leaves_at or _next_after(each.planned_at, leaving)
        for each in today
        if each.leaves_at != each.planned_at
    }
    return tuple(
        each
        if each.cut_off_at is None or each.cut_off_at not in instead
        else replace(each, cut_off_at=instead[each.cut_off_at])
        for each in orders
    )


def plan_today(plan: Plan, trucks: Trucks) -> Plan:
    """
    `plan` with its trips as the trucks leave today; the same plan if it knows them already.

    Moments of the drive stay, and a trip stays with the truck that it was planned for, unless it makes an earlier one:
    what can no longer be made shows as slack that is negative.
    """
    rows = {each.planned_at or each.leaves_at: each.leaves_at for each in plan.departures}
    instead = {
        rows[planned_at]: leaves_at
        for planned_at, leaves_at in trucks.items()
        if planned_at in rows and rows[planned_at] != leaves_at
    }
    back = {
        planned_at: leaves_at
        for planned_at, leaves_at in trucks.items()
        if planned_at not in rows and leaves_at is not None
    }
    if not plan.departures or not (instead or back):
        return plan
    stated = {planned_at: instead.get(at, at) for planned_at, at in (rows | back).items()}
    planned = {at: planned_at for planned_at, at in stated.items() if at is not None}
    leaving = sorted(planned)
    sorting = timedelta(seconds=plan.sorting_s)
    routes = tuple(
        replace(
            route,
            trips=tuple(_trip_today(each, instead, leaving, sorting) for each in route.trips),
        )
        for route in plan.routes
    )
    return replace(plan, routes=routes, departures=rows_of(routes, leaving, planned))


def _trip_today(
    trip: Trip,
    instead: Mapping[datetime, datetime | None],
    leaving: Sequence[datetime],
    sorting: timedelta,
) -> Trip:
    sorted_at = trip.unloaded_at + sorting
    made = [each for each in leaving if sorted_at <= each][:1]
    planned_for = instead.get(trip.truck_at, trip.truck_at) if trip.truck_at else None
    truck_at = min((each for each in (*made, planned_for) if each is not None), default=None)
    cut_off_at = trip.cut_off_at
    if cut_off_at in instead:
        cut_off_at = instead[cut_off_at] or _next_after(cut_off_at, leaving)
    return replace(
        trip,
        cut_off_at=cut_off_at,
        truck_at=truck_at,
        truck_slack_s=None if truck_at is None else round((truck_at - sorted_at).total_seconds()),
        stops=tuple(
            stop if stop.truck_at is None and stop.on_board else replace(stop, truck_at=truck_at)
            for stop in trip.stops
        ),
    )


def rows_of(
    routes: Sequence[Route], leaving: Iterable[datetime], planned: Mapping[datetime, datetime]
) -> tuple[Departure, ...]:
    """
    What leaves with each truck of `leaving`; of equal slacks the first courier's is told.

    `planned` says when the fleet had it leave.
    """
    told = []
    for leaves_at in leaving:
        made = [
            (route.courier_id, trip)
            for route in routes
            for trip in route.trips
            if trip.truck_at == leaves_at
        ]
        stops = [stop for _, trip in made for stop in trip.stops]
        # What is dropped on the way leaves with no truck.
        dropped = [each for stop in stops for each in stop.dropped]
        slacks = [
            (trip.truck_slack_s, courier_id)
            for courier_id, trip in made
            if trip.truck_slack_s is not None
        ]
        slack_s, courier_id = min(slacks, key=lambda each: each[0], default=(None, None))
        planned_at = planned.get(leaves_at, leaves_at)
        told.append(
            Departure(
                leaves_at=leaves_at,
                planned_at=None if planned_at == leaves_at else planned_at,
                trips=len(made),
                orders=sum(len(stop.order_ids) for stop in stops) - len(dropped),
                pieces=sum(stop.pieces for stop in stops)
                - sum(each.amount.pieces for each in dropped),
                weight_g=sum(stop.weight_g for stop in stops)
                - sum(each.amount.weight_g for each in dropped),
                slack_s=slack_s,
                courier_id=courier_id,
                late=sum(len(stop.late) for stop in stops),
                late_cost_fen=sum(each.cost_fen for stop in stops for each in stop.late),
            )
        )
    return tuple(told)


def _next_after(moment: datetime, leaving: Sequence[datetime]) -> datetime:
    """The truck that takes what a cancelled one leaves behind; the last one if none comes after it."""
    return next((each for each in leaving if each > moment), leaving[-1] if leaving else moment)


def _zoned(moment: datetime | None, clock: DayClock) -> datetime | None:
    return None if moment is None else moment.astimezone(clock.zone)
