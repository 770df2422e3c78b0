"""What peers are told of a day: its problem, with what none of them knows folded into what they do."""

from __future__ import annotations

import copyreg
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE, TravelMatrix
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


def on_disk(problem: Problem, folder: Path) -> Problem:
    """The problem with its matrices in files, which every process that it is sent to shares instead of copying them."""

    def kept(values: NDArray[np.int32], name: str) -> NDArray[np.int32]:
        np.save(folder / name, values)
        return np.load(folder / name, mmap_mode="r")

    matrices = tuple(
        TravelMatrix(
            durations_s=kept(each.durations_s, f"{number}-durations.npy"),
            distances_m=kept(each.distances_m, f"{number}-distances.npy"),
            provenance=each.provenance,
        )
        for number, each in enumerate(problem.matrices)
    )
    return replace(problem, matrices=matrices)


def _sent(values: np.memmap[Any, Any]) -> tuple[Any, ...]:
    return _opened, (values.filename,)


def _opened(file: Path) -> NDArray[Any]:
    return np.asarray(np.load(file, mmap_mode="r"))


copyreg.pickle(np.memmap, _sent)
