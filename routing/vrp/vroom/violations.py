"""What a route with its times breaks, in VROOM's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from routing.vrp.problem import Window
from routing.vrp.vroom.body import Kind
from routing.vrp.vroom.driving import Passed, Way
from routing.vrp.vroom.pricing import HUNDREDTHS


@unique
class Cause(StrEnum):
    """Why a step is no good; the first two have a duration."""

    DELAY = "delay"
    LEAD_TIME = "lead_time"
    LOAD = "load"
    MAX_TASKS = "max_tasks"
    SKILLS = "skills"
    PRECEDENCE = "precedence"
    MISSING_BREAK = "missing_break"
    MAX_TRAVEL_TIME = "max_travel_time"
    MAX_DISTANCE = "max_distance"
    MAX_LOAD = "max_load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """`duration_s` is how early or late; None for what is no matter of time."""

    cause: Cause
    duration_s: int | None = None


def violations_of(
    way: Way, steps: Sequence[Passed], metres: Sequence[int | None]
) -> tuple[tuple[tuple[Violation, ...], ...], tuple[Violation, ...]]:
    """
    Return the violations at each step, and those of the route: each cause once, times added up.

    `metres` are what has been driven up to each step, None where nobody knows.
    """
    vehicle = way.vehicle
    at_step: list[list[Violation]] = []
    broken_pairs = _broken_pairs(way)
    driven, done = 0, 0
    for step, so_far_m in zip(steps, metres, strict=True):
        found: list[Violation] = []
        driven += step.travel
        if step.kind not in {Kind.START, Kind.END, Kind.BREAK}:
            done += 1
        found += _untimely(_windows(way, step, done), step.begin // HUNDREDTHS)
        load = way.loads[done]
        if any(a > b for a, b in zip(load, vehicle.capacity, strict=True)):
            found.append(Violation(cause=Cause.LOAD))
        if step.kind is Kind.BREAK and step.of is not None:
            most = vehicle.breaks[step.of].max_load
            if most is not None and any(a > b for a, b in zip(load, most, strict=True)):
                found.append(Violation(cause=Cause.MAX_LOAD))
        elif step.kind not in {Kind.START, Kind.END}:
            task = way.tasks[done - 1]
            if not task.skills <= vehicle.skills:
                found.append(Violation(cause=Cause.SKILLS))
            if vehicle.tasks_max is not None and done > vehicle.tasks_max:
                found.append(Violation(cause=Cause.MAX_TASKS))
            if done - 1 in broken_pairs:
                found.append(Violation(cause=Cause.PRECEDENCE))
        if vehicle.travel_max_s is not None and driven > HUNDREDTHS * vehicle.travel_max_s:
            found.append(Violation(cause=Cause.MAX_TRAVEL_TIME))
        far_m = vehicle.distance_max_m
        if far_m is not None and so_far_m is not None and so_far_m > far_m:
            found.append(Violation(cause=Cause.MAX_DISTANCE))
        at_step.append(found)
    rested = sum(step.kind is Kind.BREAK for step in steps)
    missing = [Violation(cause=Cause.MISSING_BREAK)] if rested < len(vehicle.breaks) else []
    together = merged([*(each for found in at_step for each in found), *missing])
    return tuple(map(tuple, at_step)), together


def merged(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Each cause once, in the order of `Cause`; times added up."""
    told = []
    for cause in Cause:
        alike = [each for each in violations if each.cause is cause]
        if alike:
            times = [each.duration_s for each in alike if each.duration_s is not None]
            told.append(Violation(cause=cause, duration_s=sum(times) if times else None))
    return tuple(told)


def _windows(way: Way, step: Passed, done: int) -> Sequence[Window]:
    match step.kind:
        case Kind.START:
            return (Window(way.vehicle.window.earliest_s, 1 << 62),)
        case Kind.END:
            return (Window(0, way.vehicle.window.latest_s),)
        case Kind.BREAK if step.of is not None:
            return way.vehicle.breaks[step.of].windows
        case _:
            return way.tasks[done - 1].windows


def _untimely(windows: Sequence[Window], begin_s: int) -> list[Violation]:
    """How much too early or too late for the nearest window; late if both are as near."""
    missed = [
        (begin_s - window.latest_s, Cause.DELAY)
        if begin_s > window.latest_s
        else (window.earliest_s - begin_s, Cause.LEAD_TIME)
        for window in windows
    ]
    off_s, cause = min(missed)
    return [Violation(cause=cause, duration_s=off_s)] if off_s > 0 else []


def _broken_pairs(way: Way) -> set[int]:
    """Positions of pickups that are not delivered later, and of deliveries not picked up before."""
    where = {number: position for position, number in enumerate(way.numbers)}
    broken = set()
    for position, task in enumerate(way.tasks):
        if task.partner is None:
            continue
        other = where.get(task.partner)
        is_first = task.kind is Kind.PICKUP
        if other is None or (other > position) != is_first:
            broken.add(position)
    return broken
