"""A body as a problem. What a problem cannot say is left out or bounded; whoever drives the answer finds out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE, Provenance, TravelMatrix
from routing.vrp.limits import MOMENT_MAX_S
from routing.vrp.problem import Break, Preference, Problem, Vehicle, Visit, Window
from routing.vrp.vroom import body as asked
from routing.vrp.vroom.body import ALWAYS, Body, Kind, Task
from routing.vrp.vroom.clock import Clock, clock_of
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.layout import Layout, lay_out
from routing.vrp.vroom.limits import Slot, slots_of
from routing.vrp.vroom.narrowing import Narrowing, Rest
from routing.vrp.vroom.pricing import HUNDREDTHS, PER_UNIT

_WORTH_MAX: Final = 1 << 57
"""All that is left out may cost so much together, far from where sums of costs overflow."""


_NONE: Final = Narrowing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """
    The problem; its visits are the body's tasks, its vehicles those of these numbers.

    A vehicle that can never take its breaks is left at home. `is_loose`: the problem may allow what the body does not.
    """

    problem: Problem
    vehicles: tuple[int, ...]
    is_loose: bool


def pose(body: Body, ground: Ground, narrowing: Narrowing = _NONE) -> Posed:
    """
    Return the problem that `body` asks.

    It may allow what the body does not: a break between two of its windows, or under a load; a limit on seconds or
    metres beside other costs; a break within a setup; to wait for a window before a setup, or to miss one by it.
    `narrowing` forbids some of these, and some that is allowed.

    Raises
    ------
    BodyRefused
        Moments or costs lie too far apart.
    """
    careful, tight = narrowing.is_careful, narrowing.tight
    timed = body.has_hours or (careful and body.has_clock)
    layout = lay_out(body, ground, careful=careful)
    clock = clock_of(body, ground)
    able = [
        (number, vehicle, breaks)
        for number, vehicle in enumerate(body.vehicles)
        if (breaks := _breaks(vehicle, clock, narrowing.rest(number))) is not None
    ]
    vehicles = [vehicle for _, vehicle, _ in able]
    slots = slots_of(
        body,
        vehicles,
        layout,
        ground,
        ticks=clock.ticks,
        timed=timed,
        careful=careful,
        held=[narrowing.holds(number) for number, _, _ in able],
    )
    work = [_work(vehicle, layout) for vehicle in vehicles]
    fixed = [_fixed(vehicle, body) for vehicle in vehicles]
    unit = _unit(slots, work, fixed)
    dearest = _dearest(body, layout, slots, work, fixed) // unit + 1
    worths = [dearest * (1 + (len(body.tasks) + 1) * task.priority) for task in body.tasks]
    if sum(worths) > _WORTH_MAX:  # coarser prices are better than none
        coarse = -(-sum(worths) // _WORTH_MAX)
        unit, worths = unit * coarse, [max(1, each // coarse) for each in worths]
    matrices: dict[tuple[int, int], tuple[int, int]] = {}
    made: list[TravelMatrix] = []
    drawn: list[Vehicle] = []
    for (of, vehicle, breaks), slot, paid in zip(able, slots, fixed, strict=True):
        tables = id(slot.table), id(slot.durations)
        if tables not in matrices:
            table, unit_of_table = _shrunk(slot, unit)
            matrices[tables] = len(made), unit_of_table
            made.append(_matrix(slot, table))
        number, unit_of_table = matrices[tables]
        drawn.append(
            _vehicle(
                body,
                vehicle,
                slot,
                clock,
                breaks,
                ground,
                layout,
                number=number,
                timed=timed,
                unladen=narrowing.rest(of) is Rest.UNLADEN,
            )
        )
        drawn[-1] = replace(
            drawn[-1],
            fixed_cost=paid // unit,
            cost_per_m=slot.per_metre * unit_of_table // unit,
            cost_per_s=slot.per_tick // unit,
            range_m=None if slot.range is None else slot.range // unit_of_table,
        )
    problem = Problem(
        matrices=tuple(made),
        visits=tuple(_visits(body, layout, clock, work, unit, worths, timed=timed, tight=tight)),
        vehicles=tuple(drawn),
        dimensions=tuple(_dimensions(body)),
    )
    return Posed(
        problem=problem,
        vehicles=tuple(number for number, _, _ in able),
        is_loose=any(slot.is_loose for slot in slots)
        or _breaks_are_loose(vehicles, layout, timed=timed)
        or _may_miss_windows(body, layout, tight),
    )


def _may_miss_windows(body: Body, layout: Layout, tight: frozenset[int]) -> bool:
    """Whether somebody might begin outside a window, by as much as a setup takes."""
    return any(
        setup_s > 0 and task.windows != ALWAYS and number not in tight
        for number, (task, setup_s) in enumerate(
            zip(body.tasks, layout.setup_between_s, strict=True)
        )
    )


def _breaks_are_loose(vehicles: Sequence[asked.Vehicle], layout: Layout, *, timed: bool) -> bool:
    """Whether a break may come to lie where its vehicle cannot take it."""
    breaks = [rest for vehicle in vehicles for rest in vehicle.breaks]
    if not timed:
        return any(rest.max_load is not None for rest in breaks) or any(
            len(vehicle.breaks) > 1 for vehicle in vehicles
        )
    hidden = any(layout.setup_between_s) or any(each.any() for each in layout.more_s.values())
    return any(len(rest.windows) > 1 or rest.max_load is not None for rest in breaks) or bool(
        breaks and hidden
    )


def _breaks(vehicle: asked.Vehicle, clock: Clock, rested: Rest) -> tuple[Break, ...] | None:
    """The vehicle's breaks within its hours, or None if one has no room there."""
    breaks = []
    for rest in vehicle.breaks:
        hours = vehicle.window
        fitting = [
            Window(
                max(each.earliest_s, hours.earliest_s),
                min(each.latest_s, hours.latest_s - rest.service_s),
            )
            for each in rest.windows
        ]
        fitting = [each for each in fitting if each.earliest_s <= each.latest_s]
        if not fitting:
            return None
        chosen = Window(fitting[0].earliest_s, fitting[-1].latest_s)
        if rested is not Rest.BETWEEN:
            chosen = max(fitting, key=lambda each: each.latest_s - each.earliest_s)
        breaks.append(
            # A break of no time at all still interrupts: it is given the shortest there is.
            Break(window=clock.window(chosen), duration_s=max(1, rest.service_s * clock.ticks))
        )
    return tuple(breaks)


def _work(vehicle: asked.Vehicle, layout: Layout) -> NDArray[np.int64]:
    """Inner units of cost of each task's service by this vehicle."""
    spent_s = np.array(layout.spent_s[vehicle.type], np.int64)
    return vehicle.costs.per_task_hour * HUNDREDTHS * spent_s


def _fixed(vehicle: asked.Vehicle, body: Body) -> int:
    """What the vehicle costs if it is used at all; VROOM counts its breaks as work."""
    rested_s = sum(rest.service_s for rest in vehicle.breaks)
    return (
        vehicle.costs.fixed * PER_UNIT
        + vehicle.costs.per_task_hour * HUNDREDTHS * rested_s * body.has_clock
    )


def _unit(slots: Sequence[Slot], work: Sequence[NDArray[np.int64]], fixed: Sequence[int]) -> int:
    """The largest number of inner units that every price is a multiple of."""
    unit = 0
    for slot in slots:
        unit = math.gcd(unit, slot.per_tick, slot.unit * slot.per_metre)
    for each in work:
        unit = math.gcd(unit, int(np.gcd.reduce(each)) if each.size else 0)
    return max(1, math.gcd(unit, *fixed))


def _dearest(
    body: Body,
    layout: Layout,
    slots: Sequence[Slot],
    work: Sequence[NDArray[np.int64]],
    fixed: Sequence[int],
) -> int:
    """More than any answer costs: each place is come to once by the dearest way, each vehicle is used."""
    total = sum(fixed)
    into: NDArray[np.int64] = np.zeros(len(layout.row), np.int64)
    seen: dict[int, NDArray[np.int64]] = {}
    for slot in slots:
        if id(slot.table) not in seen:
            priced = slot.per_metre * slot.table + slot.per_tick * slot.durations
            seen[id(slot.table)] = priced.max(axis=0, initial=0, where=slot.durations < UNREACHABLE)
            into = np.maximum(into, seen[id(slot.table)])
        total += int(seen[id(slot.table)].max(initial=0))
    total += sum(int(into[place]) for place in layout.place_of_task)
    if work and len(body.tasks):
        total += int(np.max(work, axis=0).sum())
    return total


def _shrunk(slot: Slot, unit: int) -> tuple[NDArray[np.int64], int]:
    """The slot's numbers so small that they are metres, and what one of them stands for."""
    divisor = unit if slot.per_metre == 1 and slot.unit % unit else slot.unit
    most = int(slot.table.max(initial=0, where=slot.durations < UNREACHABLE))
    divisor *= max(1, -(-most // (divisor * (UNREACHABLE - 1))))
    return np.rint(slot.table / divisor).astype(np.int64) if divisor > 1 else slot.table, divisor


def _matrix(slot: Slot, table: NDArray[np.int64]) -> TravelMatrix:
    nowhere = slot.durations >= UNREACHABLE
    np.fill_diagonal(nowhere, val=False)
    durations = np.where(nowhere, UNREACHABLE, slot.durations).astype(np.int32)
    metres = np.where(nowhere, UNREACHABLE, np.minimum(table, UNREACHABLE - 1)).astype(np.int32)
    np.fill_diagonal(durations, 0)
    np.fill_diagonal(metres, 0)
    return TravelMatrix(
        durations_s=durations,
        distances_m=metres,
        provenance=Provenance(network="body", profile=slot.profile),
    )


def _vehicle(
    body: Body,
    vehicle: asked.Vehicle,
    slot: Slot,
    clock: Clock,
    breaks: tuple[Break, ...],
    ground: Ground,
    layout: Layout,
    *,
    number: int,
    timed: bool,
    unladen: bool,
) -> Vehicle:
    """The vehicle without its prices."""
    start, end = (
        layout.open_place if each is None else layout.place_of_row[ground.rows[each]]
        for each in (vehicle.start, vehicle.end)
    )
    capacity = vehicle.capacity
    if unladen:
        for rest in vehicle.breaks:
            capacity = tuple(map(min, capacity, rest.max_load or capacity))
    tasks_max = len(body.tasks) if vehicle.tasks_max is None else vehicle.tasks_max
    counted = (min(tasks_max, len(body.tasks)),) if _counts(body) else ()
    return Vehicle(
        shift=clock.window(vehicle.window) if timed else Window(0, MOMENT_MAX_S - 1),
        matrix=number,
        start_place=start,
        end_place=end,
        capacities=(*capacity, *counted),
        duration_limit_s=slot.ticks_max,
        skills=frozenset(map(str, vehicle.skills)),
        breaks=breaks if timed else (),
    )


def _visits(
    body: Body,
    layout: Layout,
    clock: Clock,
    work: Sequence[NDArray[np.int64]],
    unit: int,
    worths: Sequence[int],
    *,
    timed: bool,
    tight: frozenset[int],
) -> Iterator[Visit]:
    counts = _counts(body)
    for number, task in enumerate(body.tasks):
        prices = [int(each[number]) // unit for each in work]
        cheapest, preferences = _by_vehicle(prices)
        setup_s = layout.setup_between_s[number]
        if number in tight:
            windows = tuple(clock.window(each, later_s=setup_s) for each in task.windows)
        else:
            windows = tuple(clock.window(each) for each in _later(task.windows, setup_s))
        brings = task.partner if task.kind is Kind.DELIVERY else None
        yield Visit(
            place=layout.place_of_task[number],
            service_s=layout.service_s[number] * clock.ticks if timed else 0,
            loads=(*task.pickup, *((_counted(task),) if counts else ())),
            # What a job delivers is on board from the start; a shipment's half drops what the other picked up.
            deliveries=(*task.delivery, *(0,) * counts)
            if any(task.delivery) and brings is None
            else (),
            windows=() if task.windows == ALWAYS else windows,
            skills=frozenset(map(str, task.skills)),
            brings=brings,
            unserved_cost=worths[number],
            cost=cheapest,
            preferences=preferences,
        )


def _by_vehicle(prices: Sequence[int]) -> tuple[int, tuple[Preference, ...]]:
    """A price for each vehicle as the lowest, and steps up from there."""
    steps = sorted(set(prices))
    preferences = tuple(
        Preference(
            vehicles=frozenset(number for number, price in enumerate(prices) if price <= low),
            cost_otherwise=high - low,
        )
        for low, high in pairwise(steps)
    )
    return (steps[0] if steps else 0), preferences


def _later(windows: Sequence[Window], setup_s: int) -> Sequence[Window]:
    """
    Windows for the begin of a service, if those for the begin of a setup before it are given.

    A setup stands on the way to a place, so it ends rather than begins in a window; there may be none. So these allow
    to wait before a setup, and to be late without one.
    """
    ends: list[Window] = []
    for window in windows:
        if ends and window.earliest_s <= ends[-1].latest_s:
            ends[-1] = Window(ends[-1].earliest_s, window.latest_s + setup_s)
        else:
            ends.append(Window(window.earliest_s, window.latest_s + setup_s))
    return ends


def _counted(task: Task) -> int:
    """How many tasks go on board with this one, to the end; a shipment's with its second, which loads nothing that is dropped."""
    return {Kind.JOB: 1, Kind.DELIVERY: 2}.get(task.kind, 0)


def _counts(body: Body) -> bool:
    return any(vehicle.tasks_max is not None for vehicle in body.vehicles)


def _dimensions(body: Body) -> Iterator[str]:
    yield from (f"amount {axis}" for axis in range(body.dimensions))
    if _counts(body):
        yield "tasks"
