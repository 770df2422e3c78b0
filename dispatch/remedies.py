"""Remedies in the words of a depot: whom to ask for what, so that an order is picked up after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from dispatch.days import DayClock
from dispatch.fleet import CourierId
from dispatch.halts import MILLIFEN, Halt
from dispatch.inputs import DayInputs
from dispatch.posing import Posed
from dispatch.shortfalls import Remedy, RemedyCode
from routing.vrp.changes import (
    DueLater,
    OneMoreVehicle,
    OtherKind,
    RangeLonger,
    ShiftLonger,
    SkillsAdded,
    WindowLonger,
)
from routing.vrp.reasons import Reason
from routing.vrp.remedies import Remedy as Found
from routing.vrp.remedies import remedies
from routing.vrp.solution import Solution

LOOKED_AT_MAX: Final = 500
"""Some two seconds. A day that leaves out more needs another fleet, not a list of remedies. Chosen."""


def remedies_of(
    posed: Posed, solution: Solution, reasons: Mapping[int, Reason], inputs: DayInputs
) -> Mapping[int, tuple[Remedy, ...]]:
    """
    For each visit left out, what would have it made; trucks are those of the depot's departures that its orders may not take.

    Of more than LOOKED_AT_MAX visits those with the most orders are looked at, the others have none.
    """
    clock, depot, halts = inputs.clock, inputs.fleet.depot, posed.halts
    dearest = sorted(reasons, key=lambda visit: (-len(halts[visit].orders), visit))
    found = remedies(
        posed.problem,
        solution,
        {visit: reasons[visit] for visit in dearest[:LOOKED_AT_MAX]},
        kinds=tuple(posed.kinds.values()),
        dues_s=[clock.seconds_of(each) - depot.sorting_s for each in depot.departures],
    )
    words = _Words(posed, clock, depot.sorting_s)
    return {
        visit: tuple(
            words.of(each)
            for each in found.get(visit, ())
            if not isinstance(each.change, WindowLonger) or not _has_hours(halts[visit], inputs)
        )
        for visit in reasons
    }


def _has_hours(halt: Halt, inputs: DayInputs) -> bool:
    """Whether it is for a point's keeper, and not for a household, to say how long somebody is there."""
    point_id = halt.spot.point_id
    return point_id is not None and bool(inputs.registry.points[point_id].hours)


@dataclass(frozen=True, slots=True)
class _Words:
    """Says remedies of one day."""

    posed: Posed
    clock: DayClock
    sorting_s: int

    def of(self, found: Found) -> Remedy:
        change, cost_fen = found.change, round(found.cost / MILLIFEN)
        if isinstance(change, OneMoreVehicle):
            like = self.posed.couriers[change.like]
            return Remedy(
                code=RemedyCode.ONE_MORE_COURIER,
                detail=f"one more courier with a {like.model_id}, as {like.courier_id} has",
                cost_fen=cost_fen,
                like_courier_id=like.courier_id,
                model_id=like.model_id,
            )
        courier = self.posed.couriers[found.vehicle]
        who = courier.courier_id
        match change:
            case ShiftLonger() | WindowLonger():
                return self._moved(change, who, cost_fen)
            case DueLater():
                at = self.clock.moment(change.due_s + self.sorting_s)
                return Remedy(
                    code=RemedyCode.LATER_TRUCK,
                    detail=f"the truck at {at:%H:%M}: courier {who} comes",
                    cost_fen=cost_fen,
                    courier_id=who,
                    at=at,
                )
            case RangeLonger():
                return Remedy(
                    code=RemedyCode.MORE_RANGE,
                    detail=f"courier {who} charges for {change.more_m / 1000:.1f} km more",
                    cost_fen=cost_fen,
                    courier_id=who,
                    distance_m=change.more_m,
                )
            case OtherKind():
                model_id = tuple(self.posed.kinds)[change.kind]
                return Remedy(
                    code=RemedyCode.OTHER_VEHICLE,
                    detail=f"courier {who} drives a {model_id} instead of a {courier.model_id}",
                    cost_fen=cost_fen,
                    courier_id=who,
                    model_id=model_id,
                )
            case SkillsAdded():
                skills = tuple(sorted(change.skills))
                return Remedy(
                    code=RemedyCode.SKILLS_ADDED,
                    detail=f"courier {who} may carry what is {' and '.join(skills)}",
                    cost_fen=cost_fen,
                    courier_id=who,
                    skills=skills,
                )
            case _:
                assert_never(change)

    def _moved(self, change: ShiftLonger | WindowLonger, who: CourierId, cost_fen: int) -> Remedy:
        """One end of a shift or a window moved by whole minutes; never both at once."""
        minutes, is_later = (change.earlier_s + change.later_s) // 60, change.later_s > 0
        problem = self.posed.problem
        match change:
            case ShiftLonger():
                span = change.of(problem.vehicles[change.vehicle]).shift
                codes = (RemedyCode.SHIFT_BEGINS_EARLIER, RemedyCode.SHIFT_ENDS_LATER)
                words = (
                    "courier {who} begins {minutes} min earlier, at {at:%H:%M}",
                    ("courier {who} works {minutes} min longer, until {at:%H:%M}"),
                )
            case WindowLonger():
                span = change.of(problem.visits[change.visit]).windows[change.window]
                codes = (RemedyCode.WINDOW_OPENS_EARLIER, RemedyCode.WINDOW_CLOSES_LATER)
                words = (
                    "pickup {minutes} min earlier, from {at:%H:%M} on: courier {who} comes",
                    ("pickup {minutes} min later, until {at:%H:%M}: courier {who} comes"),
                )
            case _:
                assert_never(change)
        at = self.clock.moment(span.latest_s if is_later else span.earliest_s)
        return Remedy(
            code=codes[is_later],
            detail=words[is_later].format(who=who, minutes=minutes, at=at),
            cost_fen=cost_fen,
            courier_id=who,
            at=at,
            minutes=minutes,
        )
