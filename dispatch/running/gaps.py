"""Gaps 空隙: where in what is left of a route one more stop could be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dispatch.fates import RoadFacts
from dispatch.orders import OrderId, OrderStatus
from dispatch.plan import Route, Stop, Trip


class Gap(NamedTuple):
    """
    Between two stops of a trip; None is the depot. The drive between them takes at most `leg_s` and `leg_m`.

    Not `is_known`: the courier comes from elsewhere than from `before`. Not `is_whole`: something of the trip is
    called off, or done out of turn.
    """

    before: Stop | None
    after: Stop | None
    leg_s: int
    leg_m: float
    trip: Trip
    is_known: bool
    is_whole: bool


@dataclass(frozen=True, slots=True)
class GapsAhead:
    """
    The gaps of a route that are still to come.

    early_s
        By how much the courier may be ahead of the plan, for so much is more idle than was planned.
    late_s, due_at
        How far behind the plan it was where it was last heard of, and when the first was due of what has not been
        heard of.
    """

    gaps: tuple[Gap, ...]
    early_s: float
    late_s: float
    due_at: datetime | None
    is_begun: bool
    is_whole: bool

    def late_by_s(self, now: datetime) -> float:
        """By how much the courier is behind the plan."""
        if self.due_at is None:
            return self.late_s
        return max(self.late_s, (now - self.due_at).total_seconds())


NOTHING_AHEAD: Final = GapsAhead((), 0.0, 0.0, None, is_begun=False, is_whole=True)


def gaps_ahead(route: Route, facts: RoadFacts, top_m_per_s: float) -> GapsAhead:
    gaps: list[Gap] = []
    early_s = 0.0
    arrived = facts.arrivals.get(route.courier_id, {})
    for trip in route.trips:
        found, sooner_s = _of_trip(trip, facts, arrived, top_m_per_s)
        gaps += found
        early_s += sooner_s
    is_begun = any(_came(stop, facts, arrived) for stop in route.stops)
    late_s, due_at = _late_s(route, facts, arrived)
    is_whole = all(each.is_whole for each in gaps)
    return GapsAhead(tuple(gaps), early_s, late_s, due_at, is_begun, is_whole)


def _late_s(
    route: Route, facts: RoadFacts, arrived: Mapping[OrderId, datetime]
) -> tuple[float, datetime | None]:
    """Of a trip of which nothing is heard nobody knows that it has begun: it is late as if it began now."""
    late_s = 0.0
    dues_at: list[datetime] = []
    for trip in route.trips:
        if not any(_came(stop, facts, arrived) for stop in trip.stops):
            dues_at.append(trip.leave_at)
            continue
        for stop in trip.stops:
            ends = [facts.fates[each].at for each in stop.order_ids if each in facts.fates]
            came = [arrived[each] for each in stop.order_ids if each in arrived]
            if ends:
                late_s = max(late_s, (max(ends) - stop.depart_at).total_seconds())
            if came:
                late_s = max(late_s, (min(came) - stop.arrive_at).total_seconds())
            if len(ends) < len(stop.order_ids):
                dues_at.append(stop.depart_at if came else stop.arrive_at)
    return late_s, min(dues_at, default=None)


def _came(stop: Stop, facts: RoadFacts, arrived: Mapping[OrderId, datetime]) -> bool:
    """Whether the courier has been there for it; a stop that is called off while it waits there is not made."""
    came = is_open = False
    for order_id in stop.order_ids:
        came = came or order_id in arrived
        fate = facts.fates.get(order_id)
        if fate is None:
            is_open = True
        elif fate.status is not OrderStatus.CANCELLED:
            return True
    return came and is_open


def _of_trip(
    trip: Trip, facts: RoadFacts, arrived: Mapping[OrderId, datetime], top_m_per_s: float
) -> tuple[list[Gap], float]:
    fates = facts.fates
    gaps: list[Gap] = []
    early_s = saved_s = 0.0
    before: Stop | None = None
    leg_s, leg_m, is_sum, is_known, is_over = 0, 0.0, False, True, False

    def gap(after: Stop | None) -> Gap:
        # Of a drive that nobody has looked for, as a stop between is left out, the metres are bounded by speed.
        metres = leg_s * top_m_per_s + 1 if is_sum else leg_m
        return Gap(before, after, leg_s, metres, trip, True, True)

    for stop in trip.stops:
        leg_s, leg_m = leg_s + stop.leg.duration_s, leg_m + stop.leg.distance_m
        told = [fates[each] for each in stop.order_ids if each in fates]
        ended = len(told) == len(stop.order_ids)
        came = _came(stop, facts, arrived)
        if came and not gaps:
            moments = [(stop.depart_at, each.at) for each in told]
            # Who has arrived is predicted to begin after the setup, whatever was waited for.
            ready_at = stop.begin_at - timedelta(seconds=stop.setup_s)
            moments += [(ready_at, arrived[each]) for each in stop.order_ids if each in arrived]
            early_s = max(early_s, *((then - at).total_seconds() for then, at in moments))
            before, leg_s, leg_m, is_sum, is_over = stop, 0, 0.0, False, ended
        elif came or ended:
            # Done out of turn, or called off: whatever it took is saved, and who was there comes from there.
            saved_s += stop.leg.duration_s + (stop.depart_at - stop.arrive_at).total_seconds()
            is_sum, is_known = True, is_known and not came
        else:
            if told:
                saved_s += (stop.depart_at - stop.begin_at).total_seconds()
            gaps.append(gap(stop))
            before, leg_s, leg_m, is_sum, is_over = stop, 0, 0.0, False, False
    if not is_over:
        leg_s, leg_m = leg_s + trip.home.duration_s, leg_m + trip.home.distance_m
        gaps.append(gap(None))
    if gaps and not is_known:
        gaps[0] = gaps[0]._replace(is_known=False)
    if saved_s:
        gaps = [each._replace(is_whole=False) for each in gaps]
    return gaps, early_s + saved_s
