"""The search on every core: districts of one plan, cut anew each round, or rivals that share their best."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final, NamedTuple

from routing.vrp.engine_process import Orders
from routing.vrp.model import model_of
from routing.vrp.packed import Packed
from routing.vrp.problem import Problem
from routing.vrp.ruin_recreate import RuinRecreate

_DISTRICTS_FROM: Final = 250
"""Visits from which one plan is cut into a district for each core; below, cores search as rivals."""

_ROUNDS: Final = 200
_ROUND_MIN_S: Final = 0.05
"""Steps of the temperature, after each of which districts are cut anew: 240 were better than 60 (mean gap of
three CVRP instances after 9 s 0.39 instead of 0.44 %), but cutting and comparing takes its time as well."""

_EXCHANGE_EVERY: Final = 10
"""Rounds after which the worse rivals go on from the best: rarer keeps them apart longer; chosen."""


class _Cooling(NamedTuple):
    """
    Temperatures at the begin and the end, in mean drives (`RuinRecreate.warm`), and the share of rounds in which leaving
    visits out costs something else than stated (`RuinRecreate.relax`).
    """

    hot: float
    cold: float
    relaxed_share: float


_PLAIN: Final = _Cooling(1.2, 0.05, 0.1)
"""Without clocks, and with vehicles paid alike: decision 0037."""

_TIMED: Final = _Cooling(1.2, 0.01, 0.4)
"""With clocks: throwaway runs on VRPTW instances of `benchmarks/vrp` (decision 0011)."""

_CHOOSING: Final = _Cooling(1.2, 0.02, 0.4)
"""Where it is a choice which visits are made, or, without clocks, by which kind of vehicle: chosen by
throwaway runs of 10 s, one or two seeds, on PCVRPTW and HFVRP instances (decision 0010)."""

_SURCHARGE: Final = 2.0
"""How many times what is stated leaving out may cost more at the begin of these: 1, 2 and 4 came to 1.7, 1.6 and 2.0 % on
three PCVRPTW instances of long routes (throwaway runs of 10 s, two seeds), within what runs differ by."""

_TELLING_SHARE: Final = 0.1
"""At most so much of the time is kept free to tell of the last find: telling may be slow once, while
its own loops compile. Chosen."""

_TELLING_REST: Final = 20.0
"""Telling takes a core from the search: for so many times its duration nothing more is told."""

_SLICE_S: Final = 0.05
"""How long a compiled loop runs before it looks at the clock."""

_ASK_S: Final = 0.05
"""How often the caller is asked whether to go on."""


class Portfolio:
    """
    Annealed searches over one problem, a thread for each core.

    `cores` None: as many as this process may use.
    """

    def __init__(
        self, problem: Problem, packed: Packed, *, seed: int, cores: int | None = None
    ) -> None:
        cores = cores or len(os.sched_getaffinity(0))
        model = model_of(problem, packed)
        districts = cores if len(problem.visits) >= _DISTRICTS_FROM else 1
        self._searches = [
            RuinRecreate(packed, model, seed=1_000 * seed + number, parts=districts)
            for number in range(cores // districts)
        ]
        self._chooses_vehicles = model.unlike and not model.timed
        self._cooling = _TIMED if model.timed else _PLAIN
        self._cores = cores
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
        Anneal until `deadline_s` of time.monotonic, or for so many iterations on each core.

        `found` hears of better orders, while the searches go on; its own time is kept free at the
        end. With `iterations` the same seed gives the same orders, if the deadline is not reached.
        """
        began_s = time.monotonic()
        budget_s = max(0.0, deadline_s - began_s)
        rounds = _ROUNDS
        if iterations is None:
            rounds = int(min(max(budget_s / _ROUND_MIN_S, 10), _ROUNDS))
        told = min(search.best_cost for search in self._searches)
        cooling = self._cooling
        if self._chooses_vehicles or any(search.chooses for search in self._searches):
            cooling = _CHOOSING
        telling_s, kept_free_s, told_until_s = 0.0, _TELLING_SHARE * budget_s, began_s
        with ThreadPoolExecutor(self._cores, thread_name_prefix="search") as pool:
            for number in range(rounds):
                now_s, last_s = time.monotonic(), deadline_s - telling_s
                if self._stop.is_set() or now_s >= last_s:
                    break
                until_s = last_s
                if iterations is None:
                    until_s = min(last_s, now_s + (last_s - now_s) / (rounds - number))
                cooled = cooling.hot * (cooling.cold / cooling.hot) ** (number / rounds)
                share = None if iterations is None else _share(iterations, number)
                # What is told when decides which of two is kept that only the schedule tells apart.
                due = iterations is not None or now_s >= told_until_s
                better = self._news(told) if due else None
                running = []
                for search in self._searches:
                    if (left := 1.0 - number / (cooling.relaxed_share * rounds)) > 0.0:
                        search.relax(_SURCHARGE * left)
                    elif search.is_relaxed:
                        search.tighten()
                        search.complete()
                    search.cut()
                    temperature = search.warm(cooled)  # asked before the first part begins
                    running += [
                        pool.submit(self._cool, search, part, temperature, until_s, share)
                        for part in range(search.parts)
                    ]
                if better is not None:
                    told, orders = better
                    took_s = _seconds_of(found, orders)
                    telling_s = min(max(telling_s, took_s), kept_free_s)
                    told_until_s = time.monotonic() + _TELLING_REST * took_s
                self._await(running, cancelled)
                for search in self._searches:
                    search.join()
                if number % _EXCHANGE_EVERY == _EXCHANGE_EVERY - 1:
                    self._exchange()
        for search in self._searches:
            search.tighten()
        if (better := self._news(told)) is not None:
            found(better[1])

    def _news(self, told: float) -> tuple[float, Orders] | None:
        """The cost and the orders of the best search, if that is better than what was told."""
        best = min(self._searches, key=lambda search: search.best_cost)
        return (best.best_cost, best.best()) if best.best_cost < told else None

    def _cool(
        self,
        search: RuinRecreate,
        part: int,
        temperature: float,
        until_s: float,
        iterations: int | None,
    ) -> None:
        """Anneal at one temperature until the moment, or for the iterations, whichever is first."""
        done, slice_ = 0, 50
        while not self._stop.is_set() and (iterations is None or done < iterations):
            if iterations is not None:
                slice_ = min(slice_, iterations - done)
            began_s = time.monotonic()
            if began_s >= until_s:
                return
            search.anneal(part, slice_, temperature)
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

    def _exchange(self) -> None:
        """Whoever's best is worse goes on from the best of all."""
        best = min(self._searches, key=lambda search: search.best_cost)
        for search in self._searches:
            if search.best_cost > best.best_cost:
                search.take(best.best())


def _share(iterations: int, number: int) -> int:
    """How many of all iterations belong to one round."""
    return iterations * (number + 1) // _ROUNDS - iterations * number // _ROUNDS


def _seconds_of(found: Callable[[Orders], None], orders: Orders) -> float:
    began_s = time.monotonic()
    found(orders)
    return time.monotonic() - began_s
