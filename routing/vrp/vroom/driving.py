"""
One vehicle's route in VROOM's time: earliest return, then latest leaving, then everything as early as can be.

All moments are hundredths of the body's seconds. A break is taken before, on or after the way to a step; what is
driven before it is as much as its window leaves time for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, permutations
from typing import Final

from routing.vrp.problem import Window
from routing.vrp.vroom.body import Body, Break, Kind, Task, Vehicle
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.pricing import HUNDREDTHS, hundredths_of

_ORDERS_MAX: Final = 24
"""Orders of breaks looked at: all of four. VROOM looks at one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """
    One step of a route, passed.

    `of` is the number of the task or of the vehicle's break. `arrival` and `begin` are hundredths of a second,
    `setup_s` and `service_s` seconds. `travel` is the way from the step before, as driven, in hundredths.
    """

    kind: Kind
    of: int | None
    arrival: int
    begin: int
    setup_s: int
    service_s: int
    travel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is known of a route before any time: hundredths of each way, seconds of each task, loads between."""

    vehicle: Vehicle
    tasks: tuple[Task, ...]
    numbers: tuple[int, ...]
    travels: tuple[int, ...]
    setups_s: tuple[int, ...]
    services_s: tuple[int, ...]
    loads: tuple[tuple[int, ...], ...]

    @property
    def actions(self) -> tuple[int, ...]:
        """Hundredths that each task takes once it has begun."""
        return tuple(
            HUNDREDTHS * (setup_s + service_s)
            for setup_s, service_s in zip(self.setups_s, self.services_s, strict=True)
        )

    def overrun(self, ground: Ground) -> float:
        """How many times as long as it may be the way is, by seconds or by metres; 0 where neither is limited."""
        over, limits = 0.0, self.vehicle
        if limits.travel_max_s is not None:
            over = sum(self.travels) / max(1, HUNDREDTHS * limits.travel_max_s)
        distances_m = ground.distances_m[limits.profile]
        if limits.distance_max_m is not None and distances_m is not None:
            driven_m = sum(int(distances_m[leg]) for leg in self.legs(ground))
            over = max(over, driven_m / max(1, limits.distance_max_m))
        return over

    def legs(self, ground: Ground) -> list[tuple[int, int]]:
        """From which row to which is driven."""
        ends = (
            None if each is None else ground.rows[each]
            for each in (self.vehicle.start, self.vehicle.end)
        )
        start, end = ends
        rows = [start, *(ground.rows[task.location] for task in self.tasks), end]
        return [
            (here, there)
            for here, there in pairwise(rows)
            if here is not None and there is not None
        ]


def way_of(body: Body, ground: Ground, vehicle: Vehicle, numbers: Sequence[int]) -> Way:
    """The way through the tasks of these numbers; `travels` has one more than they, `loads` too."""
    tasks = tuple(body.tasks[number] for number in numbers)
    rows = [ground.rows[task.location] for task in tasks]
    start, end = (
        None if each is None else ground.rows[each] for each in (vehicle.start, vehicle.end)
    )
    passed = [start, *rows, end]
    durations_s, factor = ground.durations_s[vehicle.profile], hundredths_of(vehicle)
    setups_s = tuple(
        0 if before == row else task.setup_for_s(vehicle.type)
        for before, row, task in zip(passed, rows, tasks, strict=False)
    )
    return Way(
        vehicle=vehicle,
        tasks=tasks,
        numbers=tuple(numbers),
        travels=tuple(
            0 if here is None or there is None else factor * int(durations_s[here, there])
            for here, there in pairwise(passed)
        ),
        setups_s=setups_s,
        services_s=tuple(task.service_for_s(vehicle.type) for task in tasks),
        loads=tuple(_loads(body, tasks)),
    )


def _loads(body: Body, tasks: Sequence[Task]) -> Iterator[tuple[int, ...]]:
    """What is on board at the start and after each task."""
    load = [0] * body.dimensions
    for task in tasks:
        if task.kind is Kind.JOB:
            load = [a + b for a, b in zip(load, task.delivery, strict=True)]
    yield tuple(load)
    for task in tasks:
        load = [a + b - c for a, b, c in zip(load, task.pickup, task.delivery, strict=True)]
        yield tuple(load)


def drive(way: Way) -> tuple[Passed, ...] | None:
    """
    Return the steps from start to end with their times, or None if there are none that keep every window.

    Of the orders of breaks that by their first window is taken if it can be driven. O(tasks · breaks²) for each.
    """
    breaks = way.vehicle.breaks
    for order in islice(permutations(range(len(breaks))), _ORDERS_MAX):
        taken = _breaks_before(way, [breaks[number] for number in order])
        if taken is not None:
            before, back = taken
            return _pass(way, order, before, _leave(way, order, before, back))
    return None


def _breaks_before(way: Way, breaks: Sequence[Break]) -> tuple[list[int], int] | None:
    """How many breaks are taken before each step if the return is to be earliest, and that return."""
    actions = (*way.actions, 0)
    clocks: dict[int, int] = {0: HUNDREDTHS * way.vehicle.window.earliest_s}
    origins: list[dict[int, int]] = []
    for gap, (travel, action) in enumerate(zip(way.travels, actions, strict=True)):
        windows = way.tasks[gap].windows if gap < len(way.tasks) else (way.vehicle.window,)
        ready: dict[int, int] = {}
        origin: dict[int, int] = {}
        for had, clock in clocks.items():
            left, now = travel, clock
            for having in range(had, len(breaks) + 1):
                if having > had:
                    rest = breaks[having - 1]
                    begin = _first(rest.windows, now)
                    if begin is None or not _bears(rest, way.loads[gap]):
                        break
                    left -= min(left, begin - now)
                    now = begin + HUNDREDTHS * rest.service_s
                begun = _first(windows, now + left)
                if begun is not None and begun + action < ready.get(having, 1 << 62):
                    ready[having], origin[having] = begun + action, had
        clocks = ready
        origins.append(origin)
    back = clocks.get(len(breaks))
    if back is None:
        return None
    before, having = [], len(breaks)
    for origin in reversed(origins):
        before.append(having - origin[having])
        having = origin[having]
    return before[::-1], back


def _bears(rest: Break, load: Sequence[int]) -> bool:
    return rest.max_load is None or all(a <= b for a, b in zip(load, rest.max_load, strict=True))


def _first(windows: Sequence[Window], clock: int) -> int | None:
    """The first moment from `clock` on in one of the windows."""
    for window in windows:
        if clock <= HUNDREDTHS * window.latest_s:
            return max(clock, HUNDREDTHS * window.earliest_s)
    return None


def _last(windows: Sequence[Window], clock: int) -> int:
    """The last moment up to `clock` in one of the windows; there is one."""
    window = next(each for each in reversed(windows) if HUNDREDTHS * each.earliest_s <= clock)
    return min(clock, HUNDREDTHS * window.latest_s)


def _leave(way: Way, order: Sequence[int], before: Sequence[int], back: int) -> int:
    """The latest leaving with which the return is still `back`."""
    actions, clock, having = way.actions, back, len(order)
    for gap in range(len(way.tasks), -1, -1):
        left = way.travels[gap]
        for _ in range(before[gap]):
            having -= 1
            rest = way.vehicle.breaks[order[having]]
            clock -= HUNDREDTHS * rest.service_s
            begin = _last(rest.windows, clock)
            left -= min(left, clock - begin)
            clock = begin
        clock -= left
        if gap > 0:
            clock = _last(way.tasks[gap - 1].windows, clock - actions[gap - 1])
    # Seconds are told with what is below them cut off: from a whole one on, the fewest are.
    return clock - clock % HUNDREDTHS


def _pass(way: Way, order: Sequence[int], before: Sequence[int], leave: int) -> tuple[Passed, ...]:
    steps = [_step(Kind.START, None, leave, leave)]
    clock, having = leave, 0
    for gap, travel in enumerate(way.travels):
        left = travel
        for _ in range(before[gap]):
            number = order[having]
            having += 1
            rest = way.vehicle.breaks[number]
            begin = _first(rest.windows, clock)
            assert begin is not None
            driven = min(left, begin - clock)
            left -= driven
            steps.append(
                _step(Kind.BREAK, number, clock + driven, begin, 0, rest.service_s, driven)
            )
            clock = begin + HUNDREDTHS * rest.service_s
        arrival = clock + left
        if gap == len(way.tasks):
            steps.append(_step(Kind.END, None, arrival, arrival, travel=left))
            break
        task = way.tasks[gap]
        begun = _first(task.windows, arrival)
        assert begun is not None
        setup_s, service_s = way.setups_s[gap], way.services_s[gap]
        steps.append(_step(task.kind, way.numbers[gap], arrival, begun, setup_s, service_s, left))
        clock = begun + HUNDREDTHS * (setup_s + service_s)
    return tuple(steps)


def _step(
    kind: Kind,
    of: int | None,
    arrival: int,
    begin: int,
    setup_s: int = 0,
    service_s: int = 0,
    travel: int = 0,
) -> Passed:
    return Passed(
        kind=kind,
        of=of,
        arrival=arrival,
        begin=begin,
        setup_s=setup_s,
        service_s=service_s,
        travel=travel,
    )
