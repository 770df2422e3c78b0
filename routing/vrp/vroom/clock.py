"""Moments of a body as moments of a problem."""

from __future__ import annotations

import math
from dataclasses import dataclass

from routing.matrix import UNREACHABLE
from routing.vrp.limits import MOMENT_MAX_S
from routing.vrp.problem import Window
from routing.vrp.vroom.body import ALWAYS, Body, BodyRefused
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.pricing import HUNDREDTHS, hundredths_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A problem's clock runs from `base_s` of its body on, `ticks` a second."""

    base_s: int
    ticks: int

    def moment(self, moment_s: int) -> int:
        return min(max(0, moment_s - self.base_s) * self.ticks, MOMENT_MAX_S - 1)

    def window(self, window: Window, *, later_s: int = 0) -> Window:
        """The window, its begin so many seconds later."""
        return Window(self.moment(window.earliest_s + later_s), self.moment(window.latest_s))


def clock_of(body: Body, ground: Ground) -> Clock:
    """
    A clock that begins early enough for all work without a window to be done before the first window.

    Raises
    ------
    BodyRefused
    """
    ticks = HUNDREDTHS if any(hundredths_of(v) != HUNDREDTHS for v in body.vehicles) else 1
    windows = [
        window
        for each in (
            *(task.windows for task in body.tasks),
            *((vehicle.window,) for vehicle in body.vehicles),
            *(rest.windows for vehicle in body.vehicles for rest in vehicle.breaks),
        )
        if each != ALWAYS
        for window in each
    ]
    first_s = min((window.earliest_s for window in windows), default=0)
    work_s = sum(
        max(task.setup_s, *task.setup_s_by_type.values(), 0)
        + max(task.service_s, *task.service_s_by_type.values(), 0)
        for task in body.tasks
    )
    work_s += sum(rest.service_s for vehicle in body.vehicles for rest in vehicle.breaks)
    slowest = max((hundredths_of(v) for v in body.vehicles), default=HUNDREDTHS) / HUNDREDTHS
    farthest_s = max(
        (
            int(table.max(initial=0, where=table < UNREACHABLE))
            for table in ground.durations_s.values()
        ),
        default=0,
    )
    before_s = min(work_s + math.ceil(slowest * farthest_s) * (len(body.tasks) + 1), first_s)
    clock = Clock(base_s=first_s - min(before_s, (MOMENT_MAX_S - 1) // (4 * ticks)), ticks=ticks)
    last_s = max((window.earliest_s for window in windows), default=0)
    if (last_s - clock.base_s) * ticks >= MOMENT_MAX_S:
        raise BodyRefused(
            "", f"windows open from {first_s} to {last_s}: give moments that lie less far apart"
        )
    return clock
