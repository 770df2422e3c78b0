"""A body answered: posed, searched, driven in VROOM's time, and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from routing.vrp.cost import distance_m
from routing.vrp.finish import Finisher, orders_of
from routing.vrp.packed import pack
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Solution
from routing.vrp.solve import Engine, Progress, solve
from routing.vrp.vroom.answer import Driven, Json, answer_of
from routing.vrp.vroom.body import Body, BodyRefused, Kind, Vehicle
from routing.vrp.vroom.driving import Way, drive, way_of
from routing.vrp.vroom.ground import Ground, Roads, ground_of
from routing.vrp.vroom.planning import plan_routes
from routing.vrp.vroom.posing import Narrowing, Posed, pose
from routing.vrp.vroom.violations import violations_of

_BUDGET_MIN_S: Final = 2.0
BUDGET_MAX_S: Final = 30.0
_TASKS_PER_S: Final = 100
"""Seconds for a body that names none: one for each hundred tasks, two at least. Chosen."""

_SEARCHES: Final = 3
_SEARCHES_IF_LOOSE: Final = 4
_SEARCHES_FROM_S: Final = 1.5
_SMALL: Final = 100
"""Searches of a body up to so many tasks, if there is so much time, and of any whose first answer may not be drivable: on eight bodies that came out dearer than VROOM's,
the better of two searches of 1 s was better than one of 3 s on five and worse on two (throwaway runs)."""

_TEXTS: Final = {
    Reason.NO_VEHICLE: "there is no vehicle that could drive at all",
    Reason.SKILL_MISSING: "no vehicle has all its skills",
    Reason.TOO_HEAVY: "its amounts are above every capacity of a vehicle with its skills",
    Reason.UNREACHABLE: "no way leads there and back",
    Reason.RANGE_TOO_SHORT: "it lies beyond the longest way that any vehicle may drive",
    Reason.WINDOW_CANNOT_BE_MET: "no vehicle can be there in its time windows, even with nothing else to do",
    Reason.NO_CAPACITY_LEFT: "no vehicle has room for it, or tasks left, beside what it does",
    Reason.NO_RANGE_LEFT: "no vehicle can drive so far beside what it does",
    Reason.NO_TIME_LEFT: "no vehicle has time for it beside what it does",
    Reason.NOT_WORTH_IT: "tasks of a higher priority would have to be left out for it",
    Reason.OVERLOOKED: "the search ended before it found its place: give it more time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Routes that can be driven; tasks of others are `undriven`."""

    posed: Posed
    solution: Solution
    routes: tuple[Driven, ...]
    undriven: frozenset[int]
    cost: int

    def worth(self, body: Body) -> tuple[int, int, int]:
        """More is better: priorities, then tasks, then what is not spent."""
        done = [number for route in self.routes for number in route.way.numbers]
        return sum(body.tasks[number].priority for number in done), len(done), -self.cost

    @property
    def reasons(self) -> dict[int, Json]:
        """Why each task is left out that is; O(tasks left out · vehicles) schedules."""
        reasons = dict(why_unserved(self.posed.problem, self.solution))
        reasons |= dict.fromkeys(self.undriven, Reason.NO_TIME_LEFT)
        return {
            number: {"reason": reason, "text": _TEXTS[reason]} for number, reason in reasons.items()
        }


def budget_s(body: Body) -> float:
    """Seconds that the search may take for this body."""
    if body.options.limit_s is not None:
        return body.options.limit_s
    return min(max(_BUDGET_MIN_S, len(body.tasks) / _TASKS_PER_S), BUDGET_MAX_S)


def answer(
    body: Body,
    roads: Roads | None = None,
    *,
    seed: int = 0,
    within_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Json:
    """
    Return VROOM's answer to `body`, and under `reasons` why each unassigned task is.

    `within_s` is the search's time; without it that of the body. Raises `BodyRefused` where the body cannot be answered.
    """
    began_s = time.monotonic()
    ground = ground_of(body, roads)
    loaded_s = time.monotonic()
    if body.options.plan:
        routes, reasons = plan_routes(body, ground), None
    else:
        search = _Search(body, ground, seed=seed, on_progress=on_progress, cancelled=cancelled)
        found = search.find(budget_s(body) if within_s is None else within_s)
        routes = found.routes
        reasons = found.reasons
    solved_s = time.monotonic()
    if body.options.geometry:
        routes = _drawn(routes, roads)
    drawn_s = time.monotonic()
    return answer_of(
        body,
        ground,
        routes,
        reasons=reasons,
        computing_ms={
            "loading": round(1_000 * (loaded_s - began_s)),
            "solving": round(1_000 * (solved_s - loaded_s)),
            "routing": round(1_000 * (drawn_s - solved_s)),
        },
    )


class _Search:
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

    def find(self, seconds: float) -> _Found:
        """
        Return the best routes found.

        A small body is searched from nothing several times. Where routes cannot be driven, the next search is asked
        a narrower problem, and the last one a careful one.
        """
        prescribed = self._prescribed()
        deadline_s = time.monotonic() + seconds
        narrowing = Narrowing()
        posed = pose(self._body, self._ground, narrowing)
        is_small = len(self._body.tasks) <= _SMALL
        searches = _SEARCHES if is_small and seconds >= _SEARCHES_FROM_S else 1
        searches = _SEARCHES_IF_LOOSE if posed.is_loose else searches
        best: _Found | None = None
        start = _start(posed, prescribed)
        for number in range(searches):
            share_s = (deadline_s - time.monotonic()) / (searches - number)
            solution = self._solve(posed, share_s, self._seed + number, start)
            found = self._read(posed, solution)
            if best is None or found.worth(self._body) > best.worth(self._body):
                best = found
            if found.undriven:
                narrowing, start = self._narrowed(narrowing, found), None
                if number == searches - 2:
                    narrowing = Narrowing(is_careful=True)
                posed = pose(self._body, self._ground, narrowing)
            elif not is_small:
                start = solution
        assert best is not None
        return best

    def _narrowed(self, narrowing: Narrowing, found: _Found) -> Narrowing:
        """What forbids the routes that could not be driven, and little else."""
        ranges_m = dict(narrowing.ranges_m)
        for route in found.solution.routes:
            number = found.posed.vehicles[route.vehicle]
            tasks = [halt.visit for trip in route.trips for halt in trip.visits]
            way = self._way(self._body.vehicles[number], tasks)
            if found.undriven.isdisjoint(tasks) or (over := way.overrun(self._ground)) <= 1.0:
                continue
            ranges_m[number] = int(distance_m(found.posed.problem, route) / over)
        return Narrowing(tight=narrowing.tight | found.undriven, ranges_m=ranges_m)

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

    def _read(self, posed: Posed, solution: Solution) -> _Found:
        routes, undriven = [], list[int]()
        for number, (trip,) in orders_of(solution).items():
            vehicle = self._body.vehicles[posed.vehicles[number]]
            route = self._driven(vehicle, trip) or self._shortened(vehicle, trip)
            if route is not None:
                routes.append(route)
            kept = () if route is None else route.way.numbers
            undriven += [task for task in trip if task not in kept]
        return _Found(
            posed=posed,
            solution=solution,
            routes=tuple(routes),
            undriven=frozenset(undriven),
            cost=sum(route.cost(self._body, self._ground) for route in routes),
        )

    def _driven(self, vehicle: Vehicle, tasks: Sequence[int]) -> Driven | None:
        """The route with its times, or None if it breaks a rule whatever they are."""
        way = self._way(vehicle, tasks)
        steps = drive(way)
        if steps is None:
            return None
        route = Driven(way=way, steps=steps)
        _, broken = violations_of(way, steps, route.metres(self._ground))
        return None if broken else route

    def _shortened(self, vehicle: Vehicle, tasks: Sequence[int]) -> Driven | None:
        """
        The route without some of its tasks, so that it can be driven; None if nothing is left of it.

        One task or pair is left out after another, of the lowest priority each, until the rest can be driven; of
        those after which it can be, the dearest. O(tasks²) drives.
        """
        left = list(tasks)
        while True:
            units = [(task, self._body.tasks[task].partner) for task in left]
            lowest = min(self._body.tasks[task].priority for task in left)
            found: list[Driven] = []
            shorter: list[list[int]] = []
            for task, partner in units:
                if self._body.tasks[task].priority > lowest:
                    continue
                rest = [each for each in left if each not in {task, partner}]
                if not rest:
                    return None
                shorter.append(rest)
                if (route := self._driven(vehicle, rest)) is not None:
                    found.append(route)
            if found:
                return min(found, key=lambda each: each.cost(self._body, self._ground))
            left = min(shorter, key=lambda each: sum(self._way(vehicle, each).travels))

    def _way(self, vehicle: Vehicle, tasks: Sequence[int]) -> Way:
        return way_of(self._body, self._ground, vehicle, tasks)

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
            if self._driven(vehicle, tasks) is None:
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


def _drawn(routes: Sequence[Driven], roads: Roads | None) -> tuple[Driven, ...]:
    """The routes with their lines by road, where each of their locations has coordinates."""
    drawn = []
    for route in routes:
        vehicle = route.way.vehicle
        locations = [vehicle.start, *(task.location for task in route.way.tasks), vehicle.end]
        stops = [each for each in locations if each is not None]
        for stop in stops:
            if stop.place is None:
                raise BodyRefused(
                    stop.pointer, "there are no coordinates to draw a line to: give them"
                )
        if roads is None:
            raise BodyRefused(
                "/options/g", "there are no roads here to draw lines of: leave it out"
            )
        places = [each.place for each in stops if each.place is not None]
        drawn.append(replace(route, line=roads.line(vehicle.profile, places)))
    return tuple(drawn)
