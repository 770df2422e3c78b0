"""Looking ahead: scenarios solved side by side, and which requests went now in how many of them."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from routing.vrp.engine_process import Orders
from routing.vrp.packed import pack
from routing.vrp.portfolio import Portfolio
from routing.vrp.waves.posing import Bound, Poser
from routing.vrp.waves.scenarios import Scenario, scenarios
from routing.vrp.waves.statement import WaveProblem

_LOOK_AHEAD: Final = 1
"""Waves after this one that scenarios hold, as for the competition in that paper. With all that follow, three days of
`benchmarks/waves` came to 348,132 in place of 344,687 (1.5 s a wave, one run): the same time goes into fewer scenarios."""

_SCENARIOS_MAX: Final = 30
"""Of one round, as in the paper that `deciding` follows."""

_SCENARIO_S: Final = 0.001
"""Seconds of a core that a scenario has for each of its visits, if the time is short. Chosen."""

_SCENARIOS_COUNTED: Final = 6
"""Of one round where iterations are counted: enough to disagree. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """In how many of the scenarios each request went now."""

    went: Counter[int]
    scenarios: int

    def share(self, request: int) -> float:
        return self.went[request] / self.scenarios


class Lookout:
    """Solves scenarios of one wave; every look has others, as long as there are some."""

    def __init__(
        self,
        problem: WaveProblem,
        poser: Poser,
        *,
        seed: int,
        iterations: int | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._problem, self._poser = problem, poser
        self._coming = scenarios(problem, epochs=_LOOK_AHEAD, seed=seed)
        self._seeds = count(1_000 * seed)
        self._iterations, self._cancelled = iterations, cancelled
        self._cores = len(os.sched_getaffinity(0))

    def look(self, bound: Bound, *, until_s: float) -> Seen:
        """Solve scenarios until that moment of time.monotonic, at least one; with iterations, a fixed number."""
        first = next(self._coming)
        visits = len(bound.requests) + len(first)
        spent_s = self._cores * max(0.0, until_s - time.monotonic())
        wanted = _SCENARIOS_COUNTED
        if self._iterations is None:
            affordable = int(spent_s / (_SCENARIO_S * max(1, visits)))
            wanted = max(self._cores, min(_SCENARIOS_MAX, affordable))
        slice_s = spent_s / wanted
        drawn = [first, *islice(self._coming, wanted - 1)]
        with ThreadPoolExecutor(self._cores, thread_name_prefix="scenario") as pool:
            running = [
                pool.submit(self._solved, bound, scenario, seed, number, slice_s, until_s)
                for number, (scenario, seed) in enumerate(zip(drawn, self._seeds, strict=False))
            ]
            found = [each.result() for each in running]
        solved = [each for each in found if each is not None]
        return Seen(went=Counter(went for each in solved for went in each), scenarios=len(solved))

    def _solved(
        self,
        bound: Bound,
        scenario: Scenario,
        seed: int,
        number: int,
        slice_s: float,
        until_s: float,
    ) -> frozenset[int] | None:
        """The requests that go now in one scenario; None: there was no time for it."""
        began_s = time.monotonic()
        if number and (began_s >= until_s or self._cancelled()):
            return None
        problem = self._poser.with_scenario(bound, scenario)
        portfolio = Portfolio(problem, pack(problem), seed=seed, cores=1)
        best: list[Orders] = [portfolio.construct({})]
        portfolio.take(best[0])
        portfolio.improve(
            deadline_s=until_s if self._iterations is not None else min(until_s, began_s + slice_s),
            iterations=self._iterations,
            found=best.append,
            cancelled=self._cancelled,
        )
        return frozenset(self._going(bound, best[-1]))

    def _going(self, bound: Bound, orders: Orders) -> Iterator[int]:
        """Who is in a route of this wave that cannot leave with the next one as well."""
        for vehicle, trips in orders.items():
            if vehicle >= bound.vehicles_now:
                continue
            for trip in trips:
                route = [bound.requests[visit] for visit in trip]
                if not bound.now.isdisjoint(route) or not self.can_wait(route):
                    yield from route

    def can_wait(self, route: Sequence[int]) -> bool:
        """Whether the requests could leave with the next wave in the same order, for the same cost."""
        requests = tuple(self._problem.requests[number] for number in route)
        return self._problem.can_drive(requests, self._problem.next_s)
