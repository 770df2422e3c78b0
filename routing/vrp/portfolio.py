"""Several searches side by side, cooled together by the clock, going on from the best they have found."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.engine_process import Orders
from routing.vrp.packed import Packed
from routing.vrp.problem import Problem
from routing.vrp.ruin_recreate import RuinRecreate

_ROUNDS: Final = 40
"""Steps of the temperature, after each of which the searches are compared; chosen."""

_EXCHANGE_EVERY: Final = 5
"""Rounds after which the worse go on from the best: rarer keeps them apart longer; chosen."""

_HOT: Final = 0.05
_COLD: Final = 0.0005
"""Temperatures at the begin and the end, in mean costs of driving to a visit. On village days of 300
and 1,200 visits 0.03 and 0.1 at the begin were within 2 % of each other (`benchmarks/vrp/spine.py`)."""

_TELLING_SHARE: Final = 0.1
"""At most so much of the time is kept free to tell of the last find: telling may be slow once, while
its own loops compile. Chosen."""

_SLICE_S: Final = 0.05
"""How long a compiled loop runs before it looks at the clock."""

_ASK_S: Final = 0.05
"""How often the caller is asked whether to go on."""


class Portfolio:
    """
    One annealed search for each core over one problem.

    `cores` None: as many as this process may use.
    """

    def __init__(
        self, problem: Problem, packed: Packed, *, seed: int, cores: int | None = None
    ) -> None:
        count = cores or len(os.sched_getaffinity(0))
        unserved = _unserved(problem, packed)
        self._searches = [
            RuinRecreate(packed, unserved, seed=1_000 * seed + number) for number in range(count)
        ]
        self._stop = threading.Event()

    def construct(self, start: Orders) -> dict[int, tuple[tuple[int, ...], ...]]:
        """`start` with most visits added that find a place; `take` has the searches go on from it."""
        first = self._searches[0]
        first.take(start)
        first.construct()
        return first.best()

    def take(self, orders: Orders) -> None:
        """Have every search go on from `orders`."""
        for search in self._searches:
            search.take(orders)

    def improve(
        self,
        *,
        deadline_s: float,
        iterations: int | None,
        found: Callable[[Orders], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """
        Anneal until `deadline_s` of time.monotonic, or for so many iterations of each search.

        `found` hears of better orders, while the searches go on; its own time is kept free at the
        end. With `iterations` the same seed gives the same orders, if the deadline is not reached.
        """
        began_s = time.monotonic()
        stride = self._searches[0].stride
        told = min(search.best_cost for search in self._searches)
        better: Orders | None = None
        telling_s, kept_free_s = 0.0, _TELLING_SHARE * max(0.0, deadline_s - began_s)
        with ThreadPoolExecutor(len(self._searches), thread_name_prefix="search") as pool:
            for number in range(_ROUNDS):
                usable_s = deadline_s - telling_s - began_s
                until_s = began_s + usable_s * (number + 1) / _ROUNDS
                if iterations is not None:
                    until_s = deadline_s - telling_s
                if self._stop.is_set():
                    break
                if until_s <= time.monotonic():
                    continue  # a round that took long has used up this one's time as well
                temperature = stride * _HOT * (_COLD / _HOT) ** (number / _ROUNDS)
                share = None if iterations is None else _share(iterations, number)
                running = [
                    pool.submit(self._cool, search, temperature, until_s, share)
                    for search in self._searches
                ]
                if better is not None:
                    telling_s = min(_seconds_of(found, better), kept_free_s)
                    better = None
                self._await(running, cancelled)
                best = min(self._searches, key=lambda search: search.best_cost)
                if best.best_cost < told:
                    told, better = best.best_cost, best.best()
                if number % _EXCHANGE_EVERY == _EXCHANGE_EVERY - 1:
                    self._exchange(best)
        if better is not None:
            found(better)

    def _cool(
        self, search: RuinRecreate, temperature: float, until_s: float, iterations: int | None
    ) -> None:
        """Anneal at one temperature until the moment, or for the iterations, whichever is first."""
        done, slice_ = 0, 50
        while not self._stop.is_set() and (iterations is None or done < iterations):
            if iterations is not None:
                slice_ = min(slice_, iterations - done)
            began_s = time.monotonic()
            if began_s >= until_s:
                return
            search.anneal(slice_, temperature)
            done += slice_
            took_s = max(time.monotonic() - began_s, 1e-4)
            wanted_s = min(_SLICE_S, max(until_s - time.monotonic(), 1e-3))
            slice_ = max(1, min(100_000, int(slice_ * wanted_s / took_s)))

    def _await(self, running: Sequence[Future[None]], cancelled: Callable[[], bool]) -> None:
        while wait(running, timeout=_ASK_S).not_done:
            if cancelled():
                self._stop.set()
        for each in running:
            each.result()

    def _exchange(self, best: RuinRecreate) -> None:
        """Whoever's best is worse goes on from the best of all."""
        orders = best.best()
        for search in self._searches:
            if search.best_cost > best.best_cost:
                search.take(orders)


def _share(iterations: int, number: int) -> int:
    """How many of all iterations belong to one round."""
    return iterations * (number + 1) // _ROUNDS - iterations * number // _ROUNDS


def _seconds_of(found: Callable[[Orders], None], orders: Orders) -> float:
    began_s = time.monotonic()
    found(orders)
    return time.monotonic() - began_s


def _unserved(problem: Problem, packed: Packed) -> NDArray[np.float64]:
    """What leaving out costs: float64 (V,). A required visit is dearer than a hundred drives to it."""
    stated = [visit.unserved_cost for visit in problem.visits]
    farthest_m = max((int(each.max(initial=0)) for each in packed.distances_m), default=0)
    longest_s = max((int(each.max(initial=0)) for each in packed.durations_s), default=0)
    dearest = packed.prices.max(axis=0, initial=0)
    alone = float(dearest[0]) + 2.0 * farthest_m * dearest[1] + 2.0 * longest_s * dearest[2]
    required = 100.0 * (alone + 1.0) + max(filter(None, stated), default=0)
    return np.array([required if price is None else price for price in stated], np.float64)
