"""From waves to routing problems: what goes now and what goes later drive apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from routing.matrix import Provenance, TravelMatrix
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.waves.scenarios import Scenario
from routing.vrp.waves.statement import Request, WaveProblem

_NOW: Final = frozenset({"now"})
_LATER: Final = frozenset({"later"})
_EITHER: Final = frozenset[str]()
"""Skills of the routes of this wave and of those that follow, asked for by requests that are bound to one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The requests that take part, by number; `now` are bound to this wave, `later` to those that follow."""

    requests: tuple[int, ...]
    now: frozenset[int]
    later: frozenset[int]

    @property
    def vehicles_now(self) -> int:
        """Vehicles of this wave: one for each request that may go with it."""
        return len(self.requests) - len(self.later)


class Poser:
    """Poses problems of one wave over one matrix, whose metres are its seconds: driving is what costs."""

    def __init__(self, problem: WaveProblem) -> None:
        self._problem = problem
        self._matrix = TravelMatrix(
            durations_s=problem.durations_s,
            distances_m=problem.durations_s,
            provenance=Provenance(network="stated", profile="waves"),
        )

    def with_scenario(self, bound: Bound, scenario: Scenario) -> Problem:
        """Visits are the requests that take part, in order, then the scenario's; vehicles of this wave come first."""
        problem = self._problem
        visits = []
        for number in bound.requests:
            skills = _NOW if number in bound.now else _LATER if number in bound.later else _EITHER
            visits.append(_visit(problem.requests[number], skills))
        for coming in scenario:
            known_s = problem.leave_s + coming.epoch * problem.epoch_s
            visits.append(_visit(coming.request, _LATER, known_s))
        later = len(visits) - len(bound.now)
        return self._posed(
            visits,
            (
                *self._vehicles(bound.vehicles_now, problem.leave_s, _NOW),
                *self._vehicles(later, problem.next_s, _LATER),
            ),
        )

    def sending(self, requests: Sequence[int]) -> Problem:
        """These requests alone, in this wave."""
        visits = [_visit(self._problem.requests[number], _EITHER) for number in requests]
        return self._posed(visits, self._vehicles(len(visits), self._problem.leave_s, _EITHER))

    def _vehicles(self, count: int, leave_s: int, skills: frozenset[str]) -> tuple[Vehicle, ...]:
        problem = self._problem
        if leave_s > problem.home_s:
            return ()
        vehicle = Vehicle(
            shift=Window(leave_s, problem.home_s),
            start_place=problem.depot,
            end_place=problem.depot,
            capacities=(problem.capacity,),
            skills=skills,
            cost_per_m=1,
        )
        return (vehicle,) * count

    def _posed(self, visits: Iterable[Visit], vehicles: Iterable[Vehicle]) -> Problem:
        return Problem(
            matrices=(self._matrix,),
            dimensions=("demand",),
            visits=tuple(visits),
            vehicles=tuple(vehicles),
        )


def _visit(request: Request, skills: frozenset[str], known_s: int = 0) -> Visit:
    return Visit(
        place=request.place,
        service_s=request.service_s,
        loads=(request.demand,),
        windows=() if request.window is None else (request.window,),
        release_s=max(request.release_s, known_s),
        skills=skills,
    )
