"""A body answered: posed, searched, driven in VROOM's time, and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from routing.vrp.reasons import Reason
from routing.vrp.solve import Progress
from routing.vrp.vroom.answer import Driven, Json, answer_of
from routing.vrp.vroom.body import Body, BodyRefused
from routing.vrp.vroom.ground import Roads, ground_of
from routing.vrp.vroom.planning import plan_routes
from routing.vrp.vroom.search import Search

_BUDGET_MIN_S: Final = 2.0
BUDGET_MAX_S: Final = 30.0
_TASKS_PER_S: Final = 100
"""Seconds for a body that names none: one for each hundred tasks, two at least. Chosen."""

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
        search = Search(body, ground, seed=seed, on_progress=on_progress, cancelled=cancelled)
        found = search.find(budget_s(body) if within_s is None else within_s)
        routes = tuple(found.routes[number] for number in sorted(found.routes))
        reasons = {
            number: {"reason": reason, "text": _TEXTS[reason]}
            for number, reason in found.reasons.items()
        }
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
