"""The one forecast of a courier's day: what is heard, and the rest by planned legs, doors, breaks and waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from dispatch.fates import RoadFacts
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Plan, Route, Stop, Trip, waiting_at

T = TypeVar("T")
"""A time of the forecast: one moment, or many that may come true."""


class StopState(StrEnum):
    PLANNED = "planned"
    ARRIVED = "arrived"
    DONE = "done"
    FAILED = "failed"
    """Every order has its end, and at least one was not collected."""
    CANCELLED = "cancelled"


class Reckoning(Protocol[T]):
    """How the forecast counts time."""

    def at(self, moment: datetime) -> T: ...

    def driven(self, since: T, planned_s: int, stop: Stop) -> T:
        """After the drive to `stop`, or from the trip's last one home."""

    def at_door(self, since: T, planned: timedelta, stop: Stop) -> T:
        """After the setup of `stop`, or after its pickup."""

    def passed(self, since: T, span: timedelta) -> T:
        """After what takes as long as it is planned: a break, the time at the depot."""

    def later(self, one: T, other: T) -> T: ...

    def unheard(self, predicted: T, now: datetime) -> T:
        """What would have been heard of by `now` if it had happened."""


class InMoments:
    """The rest of the day takes as long as it is planned."""

    def at(self, moment: datetime) -> datetime:
        return moment

    def driven(self, since: datetime, planned_s: int, stop: Stop) -> datetime:  # noqa: ARG002 (any drive)
        return since + timedelta(seconds=planned_s)

    def at_door(self, since: datetime, planned: timedelta, stop: Stop) -> datetime:  # noqa: ARG002 (any door)
        return since + planned

    def passed(self, since: datetime, span: timedelta) -> datetime:
        return since + span

    def later(self, one: datetime, other: datetime) -> datetime:
        return max(one, other)

    def unheard(self, predicted: datetime, now: datetime) -> datetime:
        return max(predicted, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold(Generic[T]):
    """`begin` is when the first parcel is taken: predicted, or as it was heard."""

    stop: Stop
    state: StopState
    begin: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(Generic[T]):
    """`backs` are the returns to the depot, one for each trip."""

    stops: tuple[Foretold[T], ...]
    backs: tuple[T, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """
    How the plan comes to a stop.

    follows
        The stop before it in the same trip; None: it is the first.
    pause
        Breaks on the way.
    waits
        The plan is there before the pickup may begin.
    """

    stop: Stop
    follows: Stop | None
    pause: timedelta
    waits: bool


def approaches(route: Route) -> Iterator[tuple[Trip, tuple[Approach, ...]]]:
    """Each trip with how the plan comes to its stops. A break at the depot is on nobody's way."""
    breaks = list(route.breaks)
    free_at = route.trips[0].leave_at
    for number, trip in enumerate(route.trips):
        if number:
            free_at = trip.leave_at
        told: list[Approach] = []
        for stop in trip.stops:
            pause = timedelta()
            while breaks and breaks[0].starts_at < stop.begin_at:
                rest = breaks.pop(0)
                if rest.starts_at >= free_at:
                    pause += rest.ends_at - rest.starts_at
            told.append(
                Approach(
                    stop=stop,
                    follows=told[-1].stop if told else None,
                    pause=pause,
                    waits=waiting_at(stop, route.breaks) > timedelta(),
                )
            )
            free_at = stop.depart_at
        yield trip, tuple(told)


def forecast(
    route: Route, facts: RoadFacts, reckoning: Reckoning[T], *, now: datetime, plan: Plan
) -> Forecast[T]:
    """
    The shift from its last known moment.

    Stops done out of turn count as done; legs of the remaining ones stay those of the plan, an
    approximation that the next re-plan removes. Nobody can have arrived in the past unheard, so a stop not
    reached yet begins a setup after `now` at the earliest; where the plan waits for the household, the
    courier is not let in before the planned begin.
    """
    arrivals = facts.arrivals.get(route.courier_id, {})
    free = reckoning.at(route.trips[0].leave_at)
    stops: list[Foretold[T]] = []
    backs: list[T] = []
    over: T | None = None

    def begun(arrived: T, way: Approach) -> T:
        begins = reckoning.at_door(arrived, timedelta(seconds=way.stop.setup_s), way.stop)
        if way.waits:
            return reckoning.later(begins, reckoning.at(way.stop.begin_at))
        return begins

    for trip, ways in approaches(route):
        if over is not None:
            turned = reckoning.passed(over, timedelta(seconds=plan.turnaround_s))
            free = reckoning.later(reckoning.at(trip.leave_at), turned)
        states = {way.stop.seq: stop_state(way.stop, facts, arrivals) for way in ways}
        foretold: list[Foretold[T]] = []
        # Whoever went to a later door first goes on from there.
        for way in sorted(ways, key=lambda each: states[each.stop.seq] is StopState.PLANNED):
            stop = way.stop
            state = states[stop.seq]
            heard = heard_at(stop, facts, arrivals)
            service = stop.depart_at - stop.begin_at
            if state is StopState.CANCELLED:
                begin = reckoning.at(
                    stop.begin_at
                )  # nobody goes there: the drive on starts where it stood
            elif state in (StopState.DONE, StopState.FAILED):
                begun_at = _begun_at(stop, heard) or now
                begin = reckoning.at(begun_at)
                free = reckoning.later(free, reckoning.at(heard.ended_at or begun_at))
            elif state is StopState.ARRIVED:
                if heard.arrived_at is None or heard.ended_at is not None:
                    begin = reckoning.at(_begun_at(stop, heard) or now)
                else:
                    begin = begun(reckoning.at(heard.arrived_at), way)
                free = reckoning.unheard(reckoning.at_door(begin, service, stop), now)
            else:
                drive = reckoning.driven(free, stop.leg.duration_s, stop)
                arrive = reckoning.unheard(reckoning.passed(drive, way.pause), now)
                begin = begun(arrive, way)
                free = reckoning.at_door(begin, service, stop)
            foretold.append(Foretold(stop=stop, state=state, begin=begin))
        stops += sorted(foretold, key=lambda each: each.stop.seq)
        backs.append(reckoning.driven(free, trip.home.duration_s, trip.stops[-1]))
        over = reckoning.passed(backs[-1], trip.unloaded_at - trip.back_at)
    return Forecast(stops=tuple(stops), backs=tuple(backs))


def stop_state(stop: Stop, facts: RoadFacts, arrivals: Mapping[OrderId, datetime]) -> StopState:
    """`arrivals` are those of the stop's courier."""
    statuses = {
        facts.fates[order_id].status for order_id in stop.order_ids if order_id in facts.fates
    }
    ended = all(
        order_id in facts.fates and facts.fates[order_id].status is not OrderStatus.OPEN
        for order_id in stop.order_ids
    )
    if not ended:
        arrived = any(order_id in arrivals for order_id in stop.order_ids)
        return (
            StopState.ARRIVED
            if arrived or statuses - {OrderStatus.CANCELLED}
            else (StopState.PLANNED)
        )
    if statuses == {OrderStatus.CANCELLED}:
        return StopState.CANCELLED
    return StopState.FAILED if OrderStatus.FAILED in statuses else StopState.DONE


@dataclass(frozen=True, slots=True)
class Heard:
    """When the courier was at a stop, as far as its phone has said."""

    arrived_at: datetime | None
    ended_at: datetime | None


def heard_at(stop: Stop, facts: RoadFacts, arrivals: Mapping[OrderId, datetime]) -> Heard:
    """`arrivals` are those of the stop's courier."""
    arrived = [arrivals[order] for order in stop.order_ids if order in arrivals]
    ends = [
        facts.fates[order].at
        for order in stop.order_ids
        if order in facts.fates and facts.fates[order].status is not OrderStatus.CANCELLED
    ]
    return Heard(min(arrived, default=None), max(ends, default=None))


def _begun_at(stop: Stop, heard: Heard) -> datetime | None:
    """A setup after the arrival, unless the pickup was over sooner."""
    if heard.arrived_at is None:
        return heard.ended_at
    begun_at = heard.arrived_at + timedelta(seconds=stop.setup_s)
    return begun_at if heard.ended_at is None else min(begun_at, heard.ended_at)
