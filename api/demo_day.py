"""A demo day on the road: what couriers would report if the plan met a little of the world."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.events import FailReason
from dispatch.plan import Plan, Route

# All chosen, not measured: enough for a board to have something to show.
LEG_SPREAD: Final = 0.12
"""Standard deviation of a drive's time, as a share of the planned one."""
SERVICE_SPREAD: Final = 0.25
FAILED_SHARE: Final = 0.02
SLOW_ROUTES_SHARE: Final = 0.15
"""Couriers who have a bad day: everything takes them a fifth longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One event as `POST /v1/events` takes it."""

    kind: str
    event_id: str
    courier_id: str
    order_ids: tuple[str, ...]
    at: datetime
    reason: FailReason | None = None


def reports(plan: Plan, seed: int) -> list[Report]:
    """Every report of the day in the order of time; the same seed, the same day."""
    told = [
        report
        for route in plan.routes
        for report in _route_reports(route, random.Random(f"{seed} {route.courier_id}"))
    ]
    return sorted(told, key=lambda each: (each.at, each.event_id))


def _route_reports(route: Route, chance: random.Random) -> list[Report]:
    pace = 1.2 if chance.random() < SLOW_ROUTES_SHARE else 1.0
    told: list[Report] = []
    free_at = route.trips[0].leave_at
    for trip in route.trips:
        free_at = max(free_at, trip.leave_at)
        for stop in trip.stops:
            drive_s = stop.leg.duration_s * pace * max(0.7, chance.gauss(1.0, LEG_SPREAD))
            setup = timedelta(seconds=stop.setup_s)
            waits = stop.begin_at > stop.arrive_at + setup
            ready_at = free_at + timedelta(seconds=drive_s) + setup
            begin_at = max(ready_at, stop.begin_at) if waits else ready_at
            service_s = (stop.depart_at - stop.begin_at).total_seconds()
            service_s *= pace * max(0.4, chance.gauss(1.0, SERVICE_SPREAD))
            free_at = begin_at + timedelta(seconds=service_s)
            fails = chance.random() < FAILED_SHARE
            told += [
                Report(
                    kind="arrived",
                    event_id=f"{route.courier_id}-{stop.seq}-arrived",
                    courier_id=route.courier_id,
                    order_ids=stop.order_ids,
                    at=begin_at - setup,
                ),
                Report(
                    kind="failed" if fails else "collected",
                    event_id=f"{route.courier_id}-{stop.seq}-ended",
                    courier_id=route.courier_id,
                    order_ids=stop.order_ids,
                    at=free_at,
                    reason=chance.choice([FailReason.NOBODY_HOME, FailReason.NOT_READY])
                    if fails
                    else None,
                ),
            ]
        free_at += timedelta(seconds=trip.home.duration_s * pace)
    return told
