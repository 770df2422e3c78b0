"""What peers are told of a day: its problem, with what none of them knows folded into what they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.vrp.problem import Problem, Vehicle, Visit, Window

Orders = dict[int, list[list[int]]]
"""Vehicle to the visits of each of its trips, in order."""


class CannotState(Exception):
    """A peer has no words for the day, or no room."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A posed day, and the seconds after which the answer is due. `simply`: each order one way only."""

    problem: Problem
    budget_s: float
    seed: int
    simply: bool

    def stated(self) -> list[int]:
        """The visits to state: all, or of each group the first (door, first truck) for which there is time."""
        if not self.simply:
            return list(range(len(self.problem.visits)))
        chosen: dict[tuple[str, int], int] = {}
        for number, visit in enumerate(self.problem.visits):
            key = ("alone", number) if visit.group is None else ("group", visit.group)
            if key not in chosen and self.windows(visit):
                chosen[key] = number
        return list(chosen.values())

    def home_s(self, visit: Visit) -> int:
        """The shortest drive home of any vehicle."""
        drives = [int(each.durations_s[visit.place, 0]) for each in self.problem.matrices]
        return min(drives)

    def windows(self, visit: Visit) -> tuple[Window, ...]:
        """
        When the pickup may begin, cut so that driving straight home makes the visit's truck.

        A relaxation of due moments: what is picked up after it in the same trip is not looked at.
        """
        windows = visit.windows or (Window(0, 30 * 3600),)
        if visit.due_s is None:
            return windows
        last_s = visit.due_s - visit.unload_s - visit.service_s - self.home_s(visit)
        cut = (Window(each.earliest_s, min(each.latest_s, last_s)) for each in windows)
        return tuple(each for each in cut if each.earliest_s <= each.latest_s)

    def may_make(self, vehicle: Vehicle, visit: Visit) -> bool:
        durations_s = self.problem.matrices[vehicle.matrix].durations_s
        there_s, back_s = int(durations_s[0, visit.place]), int(durations_s[visit.place, 0])
        return visit.skills <= vehicle.skills and max(there_s, back_s) < UNREACHABLE

    def ready_s(self, vehicle: Vehicle) -> NDArray[np.int32]:
        """Drives with the setups of the places they lead to."""
        return self.problem.ready_s(vehicle.matrix)
