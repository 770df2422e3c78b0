"""
Plan mode: moments for routes whose order the body prescribes, every rule a wish.

As VROOM has it: the seconds by which windows are missed come first, all added up; then the time from leaving to the
return; then everything as early as can be. `service_at`, `service_after` and `service_before` are no wishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from routing.vrp.problem import Window
from routing.vrp.vroom.answer import Driven
from routing.vrp.vroom.body import Body, BodyRefused, Kind, Step, Vehicle
from routing.vrp.vroom.driving import Passed, Way, way_of
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.pricing import HUNDREDTHS

_SEARCH_MAX_S: Final = 10.0
"""For one route; a hundred tasks of three windows each take less than one. Chosen."""

_LATEST_S: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One prescribed step: when it should begin, when it must, and how long it takes (hundredths)."""

    step: Step
    windows: tuple[Window, ...]
    earliest_s: int
    latest_s: int
    setup_s: int
    service_s: int


def plan_routes(body: Body, ground: Ground) -> tuple[Driven, ...]:
    """
    Return a route for each vehicle whose steps do something, in their order.

    Raises
    ------
    BodyRefused
        Forced moments contradict each other.
    """
    return tuple(
        _planned(body, ground, vehicle)
        for vehicle in body.vehicles
        if any(step.kind not in {Kind.START, Kind.END, Kind.BREAK} for step in vehicle.steps)
    )


def _planned(body: Body, ground: Ground, vehicle: Vehicle) -> Driven:
    steps = _with_ends(vehicle)
    numbers = [step.of for step in steps if step.of is not None and step.kind is not Kind.BREAK]
    way = way_of(body, ground, vehicle, numbers)
    wishes = list(_wishes(way, steps))
    begins, travels = _moments(way, wishes)
    passed = []
    clock = begins[0]
    for wish, begin, travel in zip(wishes, begins, (0, *travels), strict=True):
        arrival = clock + travel
        passed.append(
            Passed(
                kind=wish.step.kind,
                of=wish.step.of,
                arrival=arrival,
                begin=begin,
                setup_s=wish.setup_s,
                service_s=wish.service_s,
                travel=travel,
            )
        )
        clock = begin + HUNDREDTHS * (wish.setup_s + wish.service_s)
    last = passed[-1]  # nobody waits to be back
    passed[-1] = Passed(
        kind=last.kind,
        of=None,
        arrival=last.arrival,
        begin=last.arrival,
        setup_s=0,
        service_s=0,
        travel=last.travel,
    )
    return Driven(way=way, steps=tuple(passed))


def _with_ends(vehicle: Vehicle) -> tuple[Step, ...]:
    """The steps with a start and an end, which the body may leave out."""
    for number, step in enumerate(vehicle.steps):
        if (step.kind is Kind.START and number > 0) or (
            step.kind is Kind.END and number < len(vehicle.steps) - 1
        ):
            raise BodyRefused(step.pointer, f"a route has its {step.kind} elsewhere")
    steps = list(vehicle.steps)
    ends = {
        kind: Step(
            kind=kind, of=None, at_s=None, after_s=None, before_s=None, pointer=vehicle.pointer
        )
        for kind in (Kind.START, Kind.END)
    }
    if steps[0].kind is not Kind.START:
        steps.insert(0, ends[Kind.START])
    if steps[-1].kind is not Kind.END:
        steps.append(ends[Kind.END])
    return tuple(steps)


def _wishes(way: Way, steps: Sequence[Step]) -> Sequence[_Wish]:
    wishes: list[_Wish] = []
    vehicle, done = way.vehicle, 0
    for step in steps:
        setup_s, service_s = 0, 0
        match step.kind:
            case Kind.START:
                windows: tuple[Window, ...] = (Window(vehicle.window.earliest_s, _LATEST_S),)
            case Kind.END:
                windows = (Window(0, vehicle.window.latest_s),)
            case Kind.BREAK if step.of is not None:
                windows = vehicle.breaks[step.of].windows
                service_s = vehicle.breaks[step.of].service_s
            case _:
                windows = way.tasks[done].windows
                setup_s, service_s = way.setups_s[done], way.services_s[done]
                done += 1
        earliest = [0, *(each for each in (step.at_s, step.after_s) if each is not None)]
        latest = [_LATEST_S, *(each for each in (step.at_s, step.before_s) if each is not None)]
        wishes.append(
            _Wish(
                step=step,
                windows=windows,
                earliest_s=max(earliest),
                latest_s=min(latest),
                setup_s=setup_s,
                service_s=service_s,
            )
        )
    return wishes


class _Model:
    """Columns: the begin of each step, how far it misses its windows, the travel before each, the windows chosen."""

    def __init__(self, way: Way, wishes: Sequence[_Wish], base_s: int) -> None:
        self._way, self._wishes = way, wishes
        self.steps = len(wishes)
        self.choices = [
            (step, window)
            for step, wish in enumerate(wishes)
            if len(wish.windows) > 1
            for window in wish.windows
        ]
        self.size = 3 * self.steps - 1 + len(self.choices)
        self._base_s = base_s
        self._rows: list[dict[int, float]] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._precedences()
        self._windows()

    def begin(self, step: int) -> int:
        return step

    def missed(self, step: int) -> int:
        return self.steps + step

    def travel(self, step: int) -> int:
        """The travel between `step` and the one after it."""
        return 2 * self.steps + step

    def since(self, moment_s: float) -> float:
        return HUNDREDTHS * (moment_s - self._base_s)

    def add(self, row: dict[int, float], low: float, high: float) -> None:
        self._rows.append(row)
        self._low.append(low)
        self._high.append(high)

    def _precedences(self) -> None:
        gap, in_gap = 0, {}
        for step in range(self.steps - 1):
            wish = self._wishes[step]
            action = HUNDREDTHS * (wish.setup_s + wish.service_s)
            ahead = {self.begin(step + 1): 1.0, self.begin(step): -1.0, self.travel(step): -1.0}
            self.add(ahead, action, np.inf)
            in_gap[self.travel(step)] = 1.0
            if self._wishes[step + 1].step.kind is not Kind.BREAK:
                self.add(in_gap, self._way.travels[gap], self._way.travels[gap])
                gap, in_gap = gap + 1, {}

    def _windows(self) -> None:
        column = 3 * self.steps - 1
        for step, wish in enumerate(self._wishes):
            early = {self.begin(step): 1.0, self.missed(step): 1.0}
            late = {self.begin(step): 1.0, self.missed(step): -1.0}
            if len(wish.windows) == 1:
                (window,) = wish.windows
                self.add(early, self.since(window.earliest_s), np.inf)
                self.add(late, -np.inf, self.since(window.latest_s))
                continue
            chosen: dict[int, float] = {}
            for window in wish.windows:
                early[column] = -self.since(window.earliest_s)
                late[column] = -self.since(window.latest_s)
                chosen[column] = 1.0
                column += 1
            self.add(early, 0.0, np.inf)
            self.add(late, -np.inf, 0.0)
            self.add(chosen, 1.0, 1.0)

    def solve(self, prices: dict[int, float]) -> NDArray[np.float64] | None:
        """The cheapest values of all columns, or None if there are none."""
        cost = np.zeros(self.size)
        cost[list(prices)] = list(prices.values())
        low, high = np.zeros(self.size), np.full(self.size, np.inf)
        for step, wish in enumerate(self._wishes):
            low[step] = max(0.0, self.since(wish.earliest_s))
            high[step] = self.since(wish.latest_s)
        binary = np.zeros(self.size, np.int64)
        binary[3 * self.steps - 1 :] = 1
        high[3 * self.steps - 1 :] = 1.0
        if (low > high).any():
            return None
        data = [value for row in self._rows for value in row.values()]
        columns = [column for row in self._rows for column in row]
        ends = np.cumsum([0, *(len(row) for row in self._rows)])
        matrix = csr_array((data, columns, ends), shape=(len(self._rows), self.size))
        found = milp(
            cost,
            integrality=binary,
            bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, self._low, self._high),
            options={"time_limit": _SEARCH_MAX_S, "mip_rel_gap": 0.0},
        )
        return None if found.x is None else np.asarray(found.x, np.float64)


def _moments(way: Way, wishes: Sequence[_Wish]) -> tuple[list[int], list[int]]:
    """The begin of each step, and the travel before each but the first; hundredths."""
    base_s = _base_s(way, wishes)
    model = _Model(way, wishes, base_s)
    first, last = model.begin(0), model.begin(model.steps - 1)
    makespan = float(sum(way.travels) + sum(way.actions)) + 1.0
    makespan += HUNDREDTHS * sum(rest.service_s for rest in way.vehicle.breaks)
    missed = [model.missed(step) for step in range(model.steps)]
    found = model.solve({**dict.fromkeys(missed, makespan), last: 1.0, first: -1.0})
    if found is not None:
        total, length = round(float(found[missed].sum())), round(float(found[last] - found[first]))
        model.add(dict.fromkeys(missed, 1.0), -np.inf, total)
        model.add({last: 1.0, first: -1.0}, -np.inf, length)
        found = model.solve(_earliness(way, wishes, model))
    if found is None:
        raise BodyRefused(
            f"{way.vehicle.pointer}/steps",
            "no moments keep all of service_at, service_after and service_before: loosen one",
        )
    begins = [round(float(value)) + HUNDREDTHS * base_s for value in found[: model.steps]]
    travels = [round(float(found[model.travel(step)])) for step in range(model.steps - 1)]
    return begins, travels


def _earliness(way: Way, wishes: Sequence[_Wish], model: _Model) -> dict[int, float]:
    """Prices with which steps begin early, and are driven to early if a break stands between."""
    weight = 1.0 + len(wishes) * float(max(way.travels))
    prices = {model.begin(step): weight for step in range(1, model.steps)}
    behind = 0
    for step in range(model.steps - 1):
        behind = behind + 1 if wishes[step].step.kind is Kind.BREAK else 0
        prices[model.travel(step)] = float(behind)
    return prices


def _base_s(way: Way, wishes: Sequence[_Wish]) -> int:
    """A moment before which nothing is worth beginning; numbers from there on are small enough to be exact."""
    stated = [
        moment_s
        for wish in wishes
        for moment_s in (
            *(window.earliest_s for window in wish.windows if window.earliest_s > 0),
            wish.earliest_s,
            *((wish.latest_s,) if wish.latest_s < _LATEST_S else ()),
        )
        if moment_s > 0
    ]
    busy_s = (sum(way.travels) + sum(way.actions)) // HUNDREDTHS + 1
    busy_s += sum(rest.service_s for rest in way.vehicle.breaks)
    return max(0, min(stated, default=0) - busy_s)
