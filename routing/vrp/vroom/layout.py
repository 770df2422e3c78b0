"""
The places that a problem has for a body's locations.

Tasks of one location share a place unless their setups or services differ by the way one comes or by who does
them: those seconds stand in the matrices. One more place is the open, from which and to which no seconds lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.vrp.vroom.body import Body
from routing.vrp.vroom.ground import Ground

OPEN = -1
"""The row of the open: a start or an end that the body does not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    `row` is each place's row in the body's matrices, OPEN for the last one.

    `setup_s` are seconds for whoever comes from another row, `more_s` what a service takes beyond the shortest
    by place and type of vehicle. `spent_s` is each task's service by type, with its setup where that is always spent;
    `service_s` the shortest, or the longest if the layout is careful; `setup_between_s` the longest setup that is
    spent only by those who come from another row.
    """

    row: NDArray[np.int64]
    setup_s: dict[str, NDArray[np.int64]]
    more_s: dict[str, NDArray[np.int64]]
    place_of_task: tuple[int, ...]
    place_of_row: dict[int, int]
    spent_s: dict[str, tuple[int, ...]]
    service_s: tuple[int, ...]
    setup_between_s: tuple[int, ...]

    @property
    def open_place(self) -> int:
        return len(self.row) - 1

    @property
    def same_row(self) -> NDArray[np.bool_]:
        """Shape (places, places): whether both lie at one row, where no setup is due."""
        return np.equal.outer(self.row, self.row)


def lay_out(body: Body, ground: Ground, *, careful: bool = False) -> Layout:
    """
    Return the places for `body`, fewer than or as many as tasks, ends of vehicles and one.

    A setup longer than a window is always spent. `careful`: every setup is, and every service is the longest: what can
    be driven so can be driven however breaks fall, and some cannot that could.
    """
    types = sorted({vehicle.type for vehicle in body.vehicles})
    rows = [ground.rows[task.location] for task in body.tasks]
    starts = {ground.rows[each.start] for each in body.vehicles if each.start is not None}
    times = Counter(rows)
    uneven = {row for row in times if any(table[row, row] for table in ground.durations_s.values())}
    places: dict[tuple[object, ...], int] = {}
    row_of: list[int] = []
    facts: list[tuple[Sequence[int], Sequence[int]]] = []

    def place(key: tuple[object, ...], row: int, setups: Sequence[int], more: Sequence[int]) -> int:
        if key not in places:
            places[key] = len(row_of)
            row_of.append(row)
            facts.append((setups, more))
        return places[key]

    nothing = (0,) * len(types)
    place_of_task, spent_of_task, between = [], [], []
    for number, (task, row) in enumerate(zip(body.tasks, rows, strict=True)):
        setups = tuple(task.setup_for_s(each) for each in types)
        longest_s = max(setups, default=0)
        short = any(each.latest_s - each.earliest_s < longest_s for each in task.windows)
        if careful or short or (times[row] == 1 and row not in starts):
            spent = tuple(a + task.service_for_s(b) for a, b in zip(setups, types, strict=True))
            setups = nothing
        else:
            spent = tuple(task.service_for_s(each) for each in types)
        more = tuple(each - min(spent, default=0) for each in spent)
        key: tuple[object, ...] = (row, setups, more, number if row in uneven else None)
        place_of_task.append(place(key, row, setups, more))
        spent_of_task.append(spent)
        between.append(max(setups, default=0))
    ends = {
        ground.rows[end]
        for each in body.vehicles
        for end in (each.start, each.end)
        if end is not None
    }
    place_of_row = {row: place(("end", row), row, nothing, nothing) for row in sorted(ends)}
    place(("open",), OPEN, nothing, nothing)
    setup_s = np.array([setups for setups, _ in facts], np.int64).reshape(len(facts), len(types))
    more_s = np.array([more for _, more in facts], np.int64).reshape(len(facts), len(types))
    return Layout(
        row=np.array(row_of, np.int64),
        setup_s={each: setup_s[:, column] for column, each in enumerate(types)},
        more_s={each: more_s[:, column] for column, each in enumerate(types)},
        place_of_task=tuple(place_of_task),
        place_of_row=place_of_row,
        spent_s={
            each: tuple(spent[column] for spent in spent_of_task)
            for column, each in enumerate(types)
        },
        service_s=tuple((max if careful else min)(spent, default=0) for spent in spent_of_task),
        setup_between_s=tuple(between),
    )
