"""An answer in VROOM's JSON: what it says of each route, its steps, and of all of them together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from routing.vrp.vroom.body import Body, Kind, Location, Task
from routing.vrp.vroom.driving import Passed, Way
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.pricing import HUNDREDTHS, PER_METRE, PER_UNIT, hour_price
from routing.vrp.vroom.violations import Violation, merged, violations_of

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A route with its times; `line` is its polyline, None where nobody asked."""

    way: Way
    steps: tuple[Passed, ...]
    line: str | None = None

    def metres(self, ground: Ground) -> list[int | None]:
        """Metres up to each step, on a break those of what is driven before it; None where nobody knows."""
        return _metres(ground, self)

    def cost(self, body: Body, ground: Ground) -> int:
        """
        The route's cost as it is told.

        As VROOM rounds it: the price of what was told where anybody has a clock, a price cut off elsewhere.
        """
        return _cost(body, ground, self)

    @property
    def spent_s(self) -> int:
        """Seconds of driving as they are told: each moment cut off to whole seconds, then what lies between."""
        spent_s, ended_s = 0, self.steps[0].arrival // HUNDREDTHS
        for step in self.steps:
            spent_s += step.arrival // HUNDREDTHS - ended_s
            ended_s = step.begin // HUNDREDTHS + step.setup_s + step.service_s
        return spent_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A route as JSON, and the violations in it."""

    route: Json
    violations: tuple[Violation, ...]


def answer_of(
    body: Body,
    ground: Ground,
    routes: Sequence[Driven],
    *,
    reasons: Mapping[int, Json] | None = None,
    computing_ms: Mapping[str, int],
) -> Json:
    """
    The whole answer; tasks in none of `routes` are unassigned, in the body's order.

    `reasons` adds to a task's number why it is.
    """
    told = [_told(body, ground, route) for route in routes]
    done = {number for route in routes for number in route.way.numbers}
    left = [number for number in range(len(body.tasks)) if number not in done]
    summary = _summary(body, ground, told, len(left), computing_ms)
    answer: Json = {
        "code": 0,
        "summary": summary,
        "unassigned": [_unassigned(body.tasks[number]) for number in left],
        "routes": [each.route for each in told],
    }
    if reasons is not None:
        answer["reasons"] = [
            {"id": body.tasks[number].id, "type": body.tasks[number].kind, **reasons[number]}
            for number in left
            if number in reasons
        ]
    return answer


def _summary(
    body: Body, ground: Ground, told: Sequence[Told], left: int, computing_ms: Mapping[str, int]
) -> Json:
    routes = [each.route for each in told]
    summary: Json = {
        "cost": sum(route["cost"] for route in routes),
        "routes": len(routes),
        "unassigned": left,
    }
    if body.dimensions:
        for key in ("delivery", "amount", "pickup"):
            summary[key] = [
                sum(route[key][axis] for route in routes) for axis in range(body.dimensions)
            ]
    for key in ("setup", "service", "duration", "waiting_time", "priority"):
        summary[key] = sum(route[key] for route in routes)
    if ground.knows_metres:
        summary["distance"] = sum(route["distance"] for route in routes)
    summary["violations"] = _violations(
        merged([each for route in told for each in route.violations])
    )
    summary["computing_times"] = dict(computing_ms)
    return summary


def _told(body: Body, ground: Ground, driven: Driven) -> Told:
    way, vehicle = driven.way, driven.way.vehicle
    metres = _metres(ground, driven)
    at_step, of_route = violations_of(way, driven.steps, metres)
    steps: list[Json] = []
    done = 0
    spent_s = 0
    ended_s = driven.steps[0].arrival // HUNDREDTHS
    for step, so_far_m, found in zip(driven.steps, metres, at_step, strict=True):
        if step.kind not in {Kind.START, Kind.BREAK, Kind.END}:
            done += 1
        arrival_s = step.arrival // HUNDREDTHS
        # Seconds are cut off from hundredths; what lies between is then told so that it adds up.
        waiting_s = step.begin // HUNDREDTHS - arrival_s
        spent_s += arrival_s - ended_s
        ended_s = arrival_s + waiting_s + step.setup_s + step.service_s
        told = _step(way, step, done)
        if body.dimensions:
            told["load"] = list(way.loads[done])
        told |= {"arrival": arrival_s, "duration": spent_s, "violations": _violations(found)}
        told |= {"setup": step.setup_s, "service": step.service_s, "waiting_time": waiting_s}
        if ground.knows_metres:
            told["distance"] = so_far_m
        steps.append(told)
    route: Json = {"vehicle": vehicle.id, "cost": driven.cost(body, ground)}
    if vehicle.description:
        route["description"] = vehicle.description
    if body.dimensions:
        delivered = _added([task.delivery for task in way.tasks], body.dimensions)
        route |= {"delivery": delivered, "amount": delivered}
        route["pickup"] = _added([task.pickup for task in way.tasks], body.dimensions)
    route |= {key: sum(step[key] for step in steps) for key in ("setup", "service")}
    route |= {"duration": spent_s, "waiting_time": sum(step["waiting_time"] for step in steps)}
    route["priority"] = sum(task.priority for task in way.tasks)
    if ground.knows_metres:
        route["distance"] = metres[-1]
    route |= {"steps": steps, "violations": _violations(of_route)}
    if driven.line is not None:
        route["geometry"] = driven.line
    return Told(route=route, violations=of_route)


def _step(way: Way, step: Passed, done: int) -> Json:
    told: Json = {"type": step.kind}
    match step.kind:
        case Kind.START:
            told |= _location(way.vehicle.start or way.tasks[0].location)
        case Kind.END:
            told |= _location(way.vehicle.end or way.tasks[-1].location)
        case Kind.BREAK if step.of is not None:
            rest = way.vehicle.breaks[step.of]
            told |= {"id": rest.id} | (
                {"description": rest.description} if rest.description else {}
            )
        case _:
            task = way.tasks[done - 1]
            told |= {"id": task.id, "job": task.id} | _location(task.location)
            if task.description:
                told["description"] = task.description
    return told


def _location(location: Location) -> Json:
    told: Json = {}
    if location.place is not None:
        told["location"] = [location.place.lon, location.place.lat]
    if location.index is not None:
        told["location_index"] = location.index
    return told


def _unassigned(task: Task) -> Json:
    told = {"id": task.id, "type": task.kind} | _location(task.location)
    return told | ({"description": task.description} if task.description else {})


def _violations(violations: Sequence[Violation]) -> list[Json]:
    return [
        {"cause": each.cause} | ({} if each.duration_s is None else {"duration": each.duration_s})
        for each in violations
    ]


def _added(amounts: Sequence[tuple[int, ...]], size: int) -> list[int]:
    return [sum(each[axis] for each in amounts) for axis in range(size)]


def _rows(ground: Ground, way: Way) -> list[int | None]:
    """The matrix's row at the start, at each task and at the end."""
    ends = (
        None if each is None else ground.rows[each] for each in (way.vehicle.start, way.vehicle.end)
    )
    start, end = ends
    return [start, *(ground.rows[task.location] for task in way.tasks), end]


def _metres(ground: Ground, driven: Driven) -> list[int | None]:
    """Metres driven up to each step; on a break those of the part of the way that was driven before it."""
    way = driven.way
    distances_m = ground.distances_m[way.vehicle.profile]
    if distances_m is None:
        return [None] * len(driven.steps)
    rows = _rows(ground, way)
    metres: list[int | None] = []
    so_far_m, gap, part_m = 0, 0, 0.0
    for step in driven.steps:
        if step.kind is Kind.START:
            metres.append(0)
            continue
        here, there = rows[gap], rows[gap + 1]
        leg_m = 0 if here is None or there is None else int(distances_m[here, there])
        if step.kind is Kind.BREAK:
            part_m += leg_m * step.travel / way.travels[gap] if way.travels[gap] else 0.0
            metres.append(so_far_m + round(part_m))
            continue
        so_far_m, gap, part_m = so_far_m + leg_m, gap + 1, 0.0
        metres.append(so_far_m)
    return metres


def _cost(body: Body, ground: Ground, driven: Driven) -> int:
    way, costs = driven.way, driven.way.vehicle.costs
    custom, metres = ground.costs[way.vehicle.profile], driven.metres(ground)[-1] or 0
    legs = way.legs(ground)
    if custom is not None:
        driving = sum(int(custom[leg]) for leg in legs)
    elif body.has_clock or body.options.plan:
        price = driven.spent_s * costs.per_hour / 3_600 + metres * costs.per_km / 1_000
        driving = math.floor(price + 0.5)
    else:
        durations_s = ground.durations_s[way.vehicle.profile]
        seconds = sum(int(durations_s[leg]) for leg in legs)
        price = hour_price(way.vehicle, has_clock=False) * seconds
        driving = (price + PER_METRE * costs.per_km * metres) // PER_UNIT
    worked_s = sum(step.setup_s + step.service_s for step in driven.steps)
    return costs.fixed + driving + costs.per_task_hour * HUNDREDTHS * worked_s // PER_UNIT
