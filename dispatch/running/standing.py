"""Where a courier stands in the day: what of the route is over or locked, and from where it can still change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId, Fleet
from dispatch.forecast import StopState
from dispatch.orders import OrderId
from dispatch.plan import BreakTaken, Leg, Plan, Route, Stop, Trip, legs_of
from dispatch.progress import RouteProgress, StopProgress, route_progress
from routing.places import Place

_ENDED: Final = (StopState.DONE, StopState.FAILED)
_TOUCHED: Final = (StopState.ARRIVED, *_ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How far a courier's shift is settled at a moment.

    trips
        Trips that are over, or on their way home with nothing left to do. They stay as planned.
    fixed
        Stops of the trip under way that are over or locked, in the order in which they are made; (): the
        courier is at the depot. Those not over have the moments that are predicted now.
    left_at, free_at
        When the courier first left, and from when on anything may be decided: after the last fixed stop,
        or when the next trip may leave.
    back_at
        When the last of `trips` comes, or came, home, as predicted; without any, `left_at`.
    late
        How much later that is than was planned, or no time.
    driven_m, swapped_at_m
        Metres of the shift until then, and until the last swap: 0 if there was none.
    taken, planned
        The courier's breaks in the fleet's order: those that are over or settled (None: still to come), and all as
        they were planned.
    """

    courier_id: CourierId
    trips: tuple[Trip, ...]
    under_way: Trip | None
    fixed: tuple[Stop, ...]
    left_at: datetime
    free_at: datetime
    back_at: datetime
    late: timedelta
    driven_m: int
    swapped_at_m: int
    taken: tuple[BreakTaken | None, ...]
    planned: tuple[BreakTaken, ...]

    @property
    def order_ids(self) -> frozenset[OrderId]:
        """Orders about which nothing can be decided any more."""
        stops = (*(stop for trip in self.trips for stop in trip.stops), *self.fixed)
        return frozenset(order_id for stop in stops for order_id in stop.order_ids)

    def aboard(self, facts: RoadFacts, *, now: datetime) -> tuple[OrderId, ...]:
        """
        Orders that this courier has collected and not brought to the depot yet.

        Also those that the plan meant for somebody else; and not those of its own stops that somebody else was quicker at.
        """
        trip = self.under_way
        if trip is None and now < self.back_at:
            trip = self.trips[-1]
        if trip is None:
            return ()
        # A courier who was given up may have set out long before the plan that takes it back would have it leave.
        since = trip.leave_at if self.trips and trip is not self.trips[0] else None
        stops = self.fixed if self.under_way is not None else trip.stops
        planned = [order_id for stop in stops for order_id in stop.order_ids]
        strange = [
            order_id
            for order_id in facts.carried_by(self.courier_id, since=since)
            if order_id not in self.order_ids
        ]
        return tuple(
            order_id
            for order_id in (*planned, *strange)
            if facts.carriers.get(order_id) == self.courier_id
        )

    def last_place(self, facts: RoadFacts) -> Place | None:
        """Where the courier was last heard of in the trip under way, or the last one."""
        stops = self.fixed or (self.trips[-1].stops if self.trips else ())
        arrived = facts.arrivals.get(self.courier_id, {})
        heard = [
            stop
            for stop in stops
            if any(each in facts.fates or each in arrived for each in stop.order_ids)
        ]
        return heard[-1].place if heard else None


def standings(
    plan: Plan, facts: RoadFacts, fleet: Fleet, *, now: datetime
) -> Mapping[CourierId, Standing]:
    """
    Where each courier of `plan` stands who has begun, or is about to.

    Locked are the stop to which a courier is driving and those that begin within the depot's `lock_ahead_s`,
    as they are predicted now: nobody turns round on the way, and a household that sees the
    three-wheeler come is not passed by. Who is no longer in the fleet, or out, has nothing locked.
    """
    found = (
        _standing(
            route,
            route_progress(route, facts, now=now, plan=plan),
            facts,
            now=now,
            lock_until=now + timedelta(seconds=fleet.depot.lock_ahead_s),
            is_there=route.courier_id in fleet.couriers and route.courier_id not in facts.out,
            turnaround=timedelta(seconds=plan.turnaround_s),
        )
        for route in plan.routes
    )
    return {each.courier_id: each for each in found if each is not None}


def _standing(
    route: Route,
    progress: RouteProgress,
    facts: RoadFacts,
    *,
    now: datetime,
    lock_until: datetime,
    is_there: bool,
    turnaround: timedelta,
) -> Standing | None:
    reached = {each.seq: each for each in progress.stops}
    states = {seq: each.state for seq, each in reached.items()}
    last_touched = max(
        (
            number
            for number, trip in enumerate(route.trips)
            if any(states[stop.seq] in _TOUCHED for stop in trip.stops)
        ),
        default=-1,
    )
    over: list[Trip] = []
    free_at = back_at = route.trips[0].leave_at
    for number, trip in enumerate(route.trips):
        ended = _in_order_of_end([stop for stop in trip.stops if states[stop.seq] in _ENDED], facts)
        here = [stop for stop in trip.stops if states[stop.seq] is StopState.ARRIVED]
        ahead = [stop for stop in trip.stops if states[stop.seq] is StopState.PLANNED]
        if number < last_touched or not is_there:
            # Whatever was passed by, or is come by no more, waits for anybody.
            ahead, here = [], here if is_there else []
        # Whoever should have left by now is on the way, unless heard otherwise.
        is_begun = number == last_touched or max(trip.leave_at, free_at) <= now
        locked = _locked(ahead, reached, is_begun=is_begun, lock_until=lock_until)
        fixed = (*ended, *(_as_predicted(each, reached[each.seq]) for each in (*here, *locked)))
        if not fixed:
            if number < last_touched:
                continue  # nothing of it was ever done
            break
        free_at = max(free_at, _free_at(fixed, reached, facts, now=now))
        if ahead or (here and number == last_touched):
            return _told(route, over, trip, fixed, free_at=free_at, back_at=back_at, now=now)
        over.append(replace(trip, stops=fixed))
        back_at = free_at + timedelta(seconds=trip.home.duration_s)
        free_at = back_at + (trip.unloaded_at - trip.back_at) + turnaround
    if not over:
        return None
    return _told(route, over, None, (), free_at=free_at, back_at=back_at, now=now)


def _locked(
    ahead: Sequence[Stop],
    reached: Mapping[int, StopProgress],
    *,
    is_begun: bool,
    lock_until: datetime,
) -> tuple[Stop, ...]:
    locked: list[Stop] = []
    for stop in ahead:
        is_next = is_begun and not locked
        if not is_next and reached[stop.seq].eta_at > lock_until:
            break
        locked.append(stop)
    return tuple(locked)


def _as_predicted(stop: Stop, progress: StopProgress) -> Stop:
    begin_at = progress.eta_at
    arrive_at = begin_at - timedelta(seconds=stop.setup_s)
    return replace(
        stop,
        arrive_at=stop.arrive_at if begin_at == stop.begin_at else arrive_at,
        begin_at=begin_at,
        depart_at=begin_at + (stop.depart_at - stop.begin_at),
    )


def _free_at(
    fixed: Sequence[Stop],
    reached: Mapping[int, StopProgress],
    facts: RoadFacts,
    *,
    now: datetime,
) -> datetime:
    last = fixed[-1]
    if reached[last.seq].state in _ENDED:
        return max(_ended_at(stop, facts) for stop in fixed)
    return max(last.depart_at, now)


def _ended_at(stop: Stop, facts: RoadFacts) -> datetime:
    return max(facts.fates[order_id].at for order_id in stop.order_ids)


def _in_order_of_end(stops: Sequence[Stop], facts: RoadFacts) -> list[Stop]:
    return sorted(stops, key=lambda stop: (_ended_at(stop, facts), stop.seq))


def _told(
    route: Route,
    over: Sequence[Trip],
    under_way: Trip | None,
    fixed: tuple[Stop, ...],
    *,
    free_at: datetime,
    back_at: datetime,
    now: datetime,
) -> Standing:
    begun = [*over, *(() if under_way is None else (under_way,))]
    stops = [*(stop for trip in over for stop in trip.stops), *fixed]
    last_begin_at = max(stop.begin_at for stop in stops)
    taken: list[BreakTaken | None] = []
    for rest in route.breaks:
        if rest.starts_at < last_begin_at:
            taken.append(rest)
        elif rest.starts_at <= now:
            starts_at = max(free_at, rest.starts_at)
            free_at = starts_at + (rest.ends_at - rest.starts_at)
            taken.append(BreakTaken(starts_at, free_at))
        else:
            taken.append(None)
    if not fixed:
        free_at = max(free_at, now)
    planned_at = {stop.seq: stop.depart_at for stop in route.stops}
    planned_free_at = max(planned_at[stop.seq] for stop in stops)
    legs = _legs_driven(over, fixed)
    return Standing(
        courier_id=route.courier_id,
        trips=tuple(over),
        under_way=under_way,
        fixed=fixed,
        left_at=begun[0].leave_at,
        free_at=free_at + timedelta(microseconds=-free_at.microsecond % 1_000_000),
        back_at=back_at,
        late=max(timedelta(), free_at - planned_free_at) if fixed else timedelta(),
        driven_m=sum(leg.distance_m for leg in legs),
        swapped_at_m=_swapped_at_m(legs),
        taken=tuple(taken),
        planned=route.breaks,
    )


def _legs_driven(over: Sequence[Trip], fixed: Sequence[Stop]) -> tuple[Leg, ...]:
    """The legs of trips that are over, each home, and those to the stops of the one under way."""
    return (*(leg for trip in over for leg in legs_of(trip)), *(stop.leg for stop in fixed))


def _swapped_at_m(legs: Sequence[Leg]) -> int:
    """The metres driven until the last swap. Whoever came to the stop behind it has swapped."""
    driven_m = swapped_at_m = 0
    for leg in legs:
        driven_m += leg.distance_m
        if leg.swap is not None:
            swapped_at_m = driven_m - leg.swap.after_m
    return swapped_at_m
