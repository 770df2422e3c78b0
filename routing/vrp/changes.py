"""Changes of a problem that may let a visit be made: each says what changes, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar, assert_never

from routing.vrp.problem import Problem, Vehicle, Visit, Window

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftLonger:
    """The vehicle may leave so much earlier, and be back so much later."""

    vehicle: int
    earlier_s: int = 0
    later_s: int = 0

    def of(self, vehicle: Vehicle) -> Vehicle:
        shift = vehicle.shift
        longer = Window(shift.earliest_s - self.earlier_s, shift.latest_s + self.later_s)
        return replace(vehicle, shift=longer)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLonger:
    """One of the visit's windows opens so much earlier, and closes so much later."""

    visit: int
    window: int
    earlier_s: int = 0
    later_s: int = 0

    def of(self, visit: Visit) -> Visit:
        old = visit.windows[self.window]
        new = Window(old.earliest_s - self.earlier_s, old.latest_s + self.later_s)
        return replace(visit, windows=_put(visit.windows, self.window, new))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLater:
    """What is fetched catches a later truck."""

    visit: int
    due_s: int

    def of(self, visit: Visit) -> Visit:
        return replace(visit, due_s=self.due_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeLonger:
    """The vehicle drives so many metres more: it is charged, or its battery changed."""

    vehicle: int
    more_m: int

    def of(self, vehicle: Vehicle) -> Vehicle:
        return replace(vehicle, range_m=(vehicle.range_m or 0) + self.more_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherKind:
    """
    Who drives this vehicle takes one of another kind.

    `kind` counts in the kinds that were offered; from `model` come roads, capacities, range, trips
    and prices. Ends, shift, breaks, skills and what is agreed about long days stay.
    """

    vehicle: int
    kind: int
    model: Vehicle

    def of(self, vehicle: Vehicle) -> Vehicle:
        model = self.model
        returns = vehicle.start_place is not None and vehicle.start_place == vehicle.end_place
        return replace(
            vehicle,
            matrix=model.matrix,
            capacities=model.capacities,
            range_m=model.range_m,
            trips_max=model.trips_max if returns else 1,
            fixed_cost=model.fixed_cost,
            cost_per_m=model.cost_per_m,
            cost_per_s=model.cost_per_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsAdded:
    """Who drives this vehicle has these skills as well."""

    vehicle: int
    skills: frozenset[str]

    def of(self, vehicle: Vehicle) -> Vehicle:
        return replace(vehicle, skills=vehicle.skills | self.skills)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMoreVehicle:
    """One more vehicle like this one, numbered behind all others."""

    like: int


OfVehicle: TypeAlias = ShiftLonger | RangeLonger | OtherKind | SkillsAdded
OfVisit: TypeAlias = WindowLonger | DueLater
Change: TypeAlias = OfVehicle | OfVisit | OneMoreVehicle


def apply(problem: Problem, change: Change) -> Problem:
    """
    The problem with the change made.

    Raises
    ------
    ProblemRefused
        The change is none of this problem: its moments or windows would contradict themselves.
    """
    visits, vehicles = problem.visits, problem.vehicles
    match change:
        case ShiftLonger() | RangeLonger() | OtherKind() | SkillsAdded():
            number = change.vehicle
            return replace(problem, vehicles=_put(vehicles, number, change.of(vehicles[number])))
        case WindowLonger() | DueLater():
            number = change.visit
            return replace(problem, visits=_put(visits, number, change.of(visits[number])))
        case OneMoreVehicle():
            return replace(problem, vehicles=(*vehicles, vehicles[change.like]))
        case _:
            assert_never(change)


def _put(things: Sequence[_T], number: int, thing: _T) -> tuple[_T, ...]:
    return (*things[:number], thing, *things[number + 1 :])
