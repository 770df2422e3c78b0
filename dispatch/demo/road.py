"""A demo day on the road: what couriers report while the plan meets a little of the world."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from dispatch.events import Arrived, Collected, CourierEvent, Failed, FailReason
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Plan, Route, Stop

# All chosen, not measured: enough for a board to have something to show.
LEG_SPREAD: Final = 0.12
"""Standard deviation of a drive's time, as a share of the planned one."""
SERVICE_SPREAD: Final = 0.25
FAILED_SHARE: Final = 0.02
SLOW_SHARE: Final = 0.15
"""Couriers who have a bad day: everything takes them a fifth longer."""


class Crew:
    """
    Couriers who follow whatever version of the plan they were given last.

    How long a drive or a pickup takes belongs to its stop, so that asking twice gives the same day.
    """

    def __init__(self, seed: int, *, by: str = "demo", pace: float = 1.0) -> None:
        self._seed, self._by, self._pace = seed, by, pace
        self._free_at: dict[CourierId, datetime] = {}
        self._there: set[tuple[OrderId, ...]] = set()
        self._ended: set[tuple[OrderId, ...]] = set()
        self._home: set[tuple[OrderId, ...]] = set()

    def drive(self, plan: Plan, until: datetime) -> list[CourierEvent]:
        """What is reported until then and was not before, in the order of time."""
        told = [
            each
            for route in plan.routes
            for each in self._follow(route, until, turnaround_s=plan.turnaround_s)
        ]
        return sorted(told, key=lambda each: (each.at, each.event_id))

    def _follow(
        self, route: Route, until: datetime, *, turnaround_s: int
    ) -> Iterator[CourierEvent]:
        who = route.courier_id
        slow = random.Random(f"{self._seed} {who}").random() < SLOW_SHARE
        pace = self._pace * (1.2 if slow else 1.0)
        for trip in route.trips:
            stops = [stop.order_ids for stop in trip.stops]
            if not self._ended.intersection(stops):
                self._free_at[who] = max(self._free_at.get(who, trip.leave_at), trip.leave_at)
            for stop in trip.stops:
                if stop.order_ids not in self._ended:
                    yield from self._make(who, stop, until, pace)
                if stop.order_ids not in self._ended:
                    return
            if stops[-1] not in self._home:
                self._home.add(stops[-1])
                self._free_at[who] += timedelta(seconds=trip.home.duration_s * pace + turnaround_s)

    def _make(
        self, who: CourierId, stop: Stop, until: datetime, pace: float
    ) -> Iterator[CourierEvent]:
        chance = random.Random(f"{self._seed} {who} {stop.order_ids}")
        drive_s = stop.leg.duration_s * pace * max(0.7, chance.gauss(1.0, LEG_SPREAD))
        setup = timedelta(seconds=stop.setup_s)
        arrive_at = self._free_at[who] + timedelta(seconds=drive_s)
        waits = stop.begin_at > stop.arrive_at + setup
        begin_at = max(arrive_at + setup, stop.begin_at) if waits else arrive_at + setup
        service_s = (stop.depart_at - stop.begin_at).total_seconds()
        end_at = begin_at + timedelta(
            seconds=service_s * pace * max(0.4, chance.gauss(1.0, SERVICE_SPREAD))
        )
        digest = hashlib.sha256(" ".join(stop.order_ids).encode()).hexdigest()[:12]
        name = f"{who}-{digest}"
        if arrive_at <= until and stop.order_ids not in self._there:
            self._there.add(stop.order_ids)
            yield Arrived(
                at=arrive_at,
                by=self._by,
                event_id=f"{name}-arrived",
                courier_id=who,
                order_ids=stop.order_ids,
            )
        if end_at > until:
            return
        self._ended.add(stop.order_ids)
        self._free_at[who] = end_at
        if chance.random() < FAILED_SHARE:
            yield Failed(
                at=end_at,
                by=self._by,
                event_id=f"{name}-ended",
                courier_id=who,
                order_ids=stop.order_ids,
                reason=chance.choice([FailReason.NOBODY_HOME, FailReason.NOT_READY]),
            )
        else:
            yield Collected(
                at=end_at,
                by=self._by,
                event_id=f"{name}-ended",
                courier_id=who,
                order_ids=stop.order_ids,
            )
