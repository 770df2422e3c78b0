"""The search for one body: problem after problem, until what is found can be driven by VROOM's rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from routing.vrp.finish import Finisher, orders_of
from routing.vrp.packed import pack
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Solution
from routing.vrp.solve import Engine, Progress, solve
from routing.vrp.vroom.answer import Driven
from routing.vrp.vroom.body import Body, BodyRefused, Kind, Vehicle
from routing.vrp.vroom.driving import way_of
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.mending import Mender
from routing.vrp.vroom.narrowing import Narrowing, Rest
from routing.vrp.vroom.posing import Posed, pose

_SEARCHES: Final = 3
_SEARCHES_IF_LOOSE: Final = 5
_SEARCHES_FROM_S: Final = 1.5
_SMALL: Final = 100
"""Searches of a body up to so many tasks, if there is so much time, and of any whose first answer may not be drivable: on
eight bodies that came out dearer than VROOM's, the better of two searches of 1 s was better than one of 3 s on five and
worse on two (throwaway runs)."""

_MENDING_SHARE: Final = 0.25
"""Of the time of a body whose routes could not all be driven, for changes by VROOM's own rules. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    Routes that can be driven, by the vehicle's number in the body.

    `undriven` are tasks that the problem's routes make besides, and nobody can.
    """

    posed: Posed
    solution: Solution
    routes: dict[int, Driven]
    undriven: frozenset[int]
    cost: int

    def worth(self, body: Body) -> tuple[int, int, int]:
        """More is better: priorities, then tasks, then what is not spent."""
        done = [number for route in self.routes.values() for number in route.way.numbers]
        return sum(body.tasks[number].priority for number in done), len(done), -self.cost

    @property
    def reasons(self) -> dict[int, Reason]:
        """Why tasks are left out, all that are and maybe others; O(tasks left out · vehicles) schedules."""
        tasks = range(len(self.posed.problem.visits))
        known = why_unserved(self.posed.problem, self.solution)
        return dict.fromkeys(tasks, Reason.NO_TIME_LEFT) | dict(known)


class Search:
    """The search for one body."""

    def __init__(
        self,
        body: Body,
        ground: Ground,
        *,
        seed: int,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._body, self._ground, self._seed = body, ground, seed
        self._on_progress, self._cancelled = on_progress, cancelled
        self._mender = Mender(body, ground)

    def find(self, seconds: float) -> Found:
        """
        Return the best routes found.

        A small body is searched from nothing several times. Where routes cannot be driven, the next search is asked
        a narrower problem, and at last a careful one; the best of all is mended.
        """
        deadline_s = time.monotonic() + seconds
        narrowing = Narrowing()
        posed = pose(self._body, self._ground, narrowing)
        start = _start(posed, self._prescribed())
        is_small = len(self._body.tasks) <= _SMALL
        left = _SEARCHES if is_small and seconds >= _SEARCHES_FROM_S else 1
        left = _SEARCHES_IF_LOOSE if posed.is_loose else left
        kept_free_s = 0.0
        best: Found | None = None
        for seed in count(self._seed):
            share_s = (deadline_s - kept_free_s - time.monotonic()) / left
            solution = self._solve(posed, share_s, seed, start)
            found = self._read(posed, solution)
            if best is None or found.worth(self._body) > best.worth(self._body):
                best = found
            left -= 1
            if found.undriven:
                kept_free_s = _MENDING_SHARE * seconds
            if left == 0:
                return self._mended(best, deadline_s) if kept_free_s else best
            if found.undriven:
                narrowing = (
                    Narrowing(is_careful=True) if left == 1 else self._narrowed(narrowing, found)
                )
                posed, start = pose(self._body, self._ground, narrowing), None
            elif not is_small:
                left, start = 1, solution
        raise AssertionError

    def _narrowed(self, narrowing: Narrowing, found: Found) -> Narrowing:
        """What forbids the routes that could not be driven, and little else."""
        rests, held = dict(narrowing.rests), narrowing.held
        for index, (trip,) in orders_of(found.solution).items():
            number = found.posed.vehicles[index]
            if found.undriven.isdisjoint(trip):
                continue
            vehicle = self._body.vehicles[number]
            way = way_of(self._body, self._ground, vehicle, trip)
            if way.overrun(self._ground) > 1.0:
                held = frozenset(found.posed.vehicles)  # the others would drive too far next time
            else:
                rests[number] = _less(vehicle, narrowing.rest(number))
        return Narrowing(tight=narrowing.tight | found.undriven, held=held, rests=rests)

    def _solve(self, posed: Posed, seconds: float, seed: int, start: Solution | None) -> Solution:
        return solve(
            posed.problem,
            budget_s=max(0.0, seconds),
            seed=seed,
            # What OR-Tools is good at, days that begin later, costs nothing here: nobody pays for waiting.
            engine=Engine.RUIN_RECREATE,
            start=start,
            on_progress=self._on_progress,
            cancelled=self._cancelled,
        )

    def _read(self, posed: Posed, solution: Solution) -> Found:
        """The routes of a solution as far as they can be driven."""
        routes: dict[int, Driven] = {}
        undriven: list[int] = []
        for index, (trip,) in orders_of(solution).items():
            number = posed.vehicles[index]
            route = self._mender.shortened(number, trip)
            if route is not None:
                routes[number] = route
            kept = () if route is None else route.way.numbers
            undriven += [task for task in trip if task not in kept]
        return Found(
            posed=posed,
            solution=solution,
            routes=routes,
            undriven=frozenset(undriven),
            cost=sum(route.cost(self._body, self._ground) for route in routes.values()),
        )

    def _mended(self, found: Found, deadline_s: float) -> Found:
        """What was found, made better by VROOM's own rules."""
        tasks = {number: route.way.numbers for number, route in found.routes.items()}
        routes = self._mender.mend(tasks, deadline_s)
        cost = sum(route.cost(self._body, self._ground) for route in routes.values())
        return replace(found, routes=routes, cost=cost)

    def _prescribed(self) -> dict[int, tuple[int, ...]]:
        """
        Routes to begin with, by the vehicle's number.

        Raises
        ------
        BodyRefused
            One of them cannot be driven.
        """
        prescribed = {}
        for number, vehicle in enumerate(self._body.vehicles):
            tasks = tuple(
                step.of
                for step in vehicle.steps
                if step.of is not None and step.kind is not Kind.BREAK
            )
            if not tasks:
                continue
            if self._mender.drive(number, tasks) is None:
                raise BodyRefused(
                    f"{vehicle.pointer}/steps",
                    "this route breaks a rule whenever it is driven: correct it, or ask for its moments and what it"
                    " breaks with `options.c`",
                )
            prescribed[number] = tasks
        return prescribed


def _start(posed: Posed, prescribed: dict[int, tuple[int, ...]]) -> Solution | None:
    """The prescribed routes as a solution; None if there are none, or the problem does not take them."""
    if not prescribed:
        return None
    orders = {
        number: (prescribed[of],) for number, of in enumerate(posed.vehicles) if of in prescribed
    }
    return Finisher(posed.problem, pack(posed.problem)).finish(orders, engine="steps of the body")


def _less(vehicle: Vehicle, rested: Rest) -> Rest:
    """The next stricter way to pose a vehicle's breaks."""
    if rested is Rest.BETWEEN and any(len(rest.windows) > 1 for rest in vehicle.breaks):
        return Rest.IN_WIDEST
    return Rest.UNLADEN
