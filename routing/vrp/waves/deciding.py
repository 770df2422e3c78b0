"""Deciding a wave: what nearly all scenarios send now goes, what nearly none does is kept, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from itertools import pairwise
from typing import Final

from routing.vrp.solution import Trip
from routing.vrp.solve import Engine, solve
from routing.vrp.waves.looking_ahead import Lookout
from routing.vrp.waves.posing import Bound, Poser
from routing.vrp.waves.statement import WaveProblem

_ROUNDS: Final = 3
_GO_SHARE: Final = 0.5
_KEEP_SHARE: Final = 0.2
"""Rounds, the share of a round's scenarios from which on a request goes, and that up to which it is kept: as in Lan et
al., "An iterative sample scenario approach for the dynamic dispatch waves problem" (2024). What is between
after the last round is kept. Mean cost of eight days (four instances of `benchmarks/waves`, two seeds, 1.2 s a wave)
when going begins at 0.5, 0.65 and 0.8: 357,481, 357,009 and 366,540."""

_SENDING_SHARE: Final = 0.2
"""Of the budget, for the routes that go. Chosen."""


@unique
class Why(StrEnum):
    """Why a request goes or is kept."""

    MUST_GO = "must-go"
    LAST_CHANCE = "last-chance"
    """The next wave would be too late for it, even with nothing else to do."""
    LAST_WAVE = "last-wave"
    NOT_RELEASED = "not-released"
    """It cannot leave before the next wave does."""
    SCENARIOS = "scenarios"
    FITS_LATER = "fits-later"
    """The route found for it can leave with the next wave as it is: nothing is lost by waiting."""
    IMPOSSIBLE = "impossible"
    """No route of its own could make it any more, so it is in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRoute:
    """A route that leaves with this wave; its visits are numbers of requests. `cost_s` is what it drives."""

    trip: Trip
    load: int
    cost_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What leaves with this wave, and what waits.

    kept, impossible
        Numbers of requests; every request is in one route or one of these.
    why
        For each request, why it is where it is.
    shares
        For each request the share of scenarios in which it went now, in the last round that it was
        undecided; None where nothing had to be found out.
    cost_s
        Seconds of driving of all routes sent.
    scenarios
        How many were solved, over all rounds.
    """

    routes: tuple[SentRoute, ...]
    kept: tuple[int, ...]
    impossible: tuple[int, ...]
    why: tuple[Why, ...]
    shares: tuple[float | None, ...]
    cost_s: int
    scenarios: int


def decide(
    problem: WaveProblem,
    *,
    budget_s: float,
    seed: int = 0,
    iterations: int | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Decision:
    """
    Return the routes to send now, and what to keep back.

    Every round solves scenarios of what may come, side by side on all cores, and binds what goes now
    in most of them to this wave and what goes now in few to those that follow; the next round's
    scenarios are solved under that. Routes whose requests could leave one wave later in the same
    order count as later: waiting costs them nothing. At last the routes that go are searched by
    themselves, and `check` has passed them.

    With `iterations` each scenario is searched for that many, and the answer depends on the seed
    alone if the budget is not reached.
    """
    wave = _Wave(problem, budget_s=budget_s, seed=seed, iterations=iterations, cancelled=cancelled)
    return wave.decided()


class _Wave:
    """One decision in the making."""

    def __init__(
        self,
        problem: WaveProblem,
        *,
        budget_s: float,
        seed: int,
        iterations: int | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._began_s, self._budget_s = time.monotonic(), budget_s
        self._problem, self._poser = problem, Poser(problem)
        self._seed, self._iterations = seed, iterations
        self._cancelled = cancelled or _never
        self._lookout = Lookout(
            problem, self._poser, seed=seed, iterations=iterations, cancelled=self._cancelled
        )
        self._why = dict(_settled(problem))
        self._shares: dict[int, float] = {}
        self._scenarios = 0

    def decided(self) -> Decision:
        numbers = range(len(self._problem.requests))
        self._look_ahead()
        routes = self._routes([number for number in numbers if self._goes(number)])
        sent = {halt.visit for route in routes for halt in route.trip.visits}
        impossible = [number for number in numbers if self._why[number] is Why.IMPOSSIBLE]
        return Decision(
            routes=routes,
            kept=tuple(number for number in numbers if number not in {*sent, *impossible}),
            impossible=tuple(impossible),
            why=tuple(self._why[number] for number in numbers),
            shares=tuple(self._shares.get(number) for number in numbers),
            cost_s=sum(route.cost_s for route in routes),
            scenarios=self._scenarios,
        )

    def _goes(self, number: int) -> bool:
        match self._why.get(number):
            case Why.MUST_GO | Why.LAST_CHANCE | Why.LAST_WAVE:
                return True
            case Why.SCENARIOS:
                return self._shares[number] >= _GO_SHARE
            case _:
                return False

    def _look_ahead(self) -> None:
        """Decide what needs no rule to be decided."""
        numbers = range(len(self._problem.requests))
        requests = tuple(each for each in numbers if self._why.get(each) is not Why.IMPOSSIBLE)
        for round_ in range(1, _ROUNDS + 1):
            undecided = [number for number in requests if number not in self._why]
            if not undecided:
                return
            now = frozenset(filter(self._goes, requests))
            later = frozenset(requests) - now - frozenset(undecided)
            share = (1.0 - _SENDING_SHARE) * round_ / _ROUNDS
            seen = self._lookout.look(
                Bound(requests=requests, now=now, later=later),
                until_s=self._began_s + share * self._budget_s,
            )
            self._scenarios += seen.scenarios
            for number in undecided:
                self._shares[number] = seen.share(number)
                is_split = _KEEP_SHARE < self._shares[number] < _GO_SHARE
                if round_ == _ROUNDS or not is_split:
                    self._why[number] = Why.SCENARIOS

    def _routes(self, going: Sequence[int]) -> tuple[SentRoute, ...]:
        """The routes of what goes, without those that can wait as they are."""
        if not going:
            return ()
        solution = solve(
            self._poser.sending(going),
            budget_s=max(0.0, self._began_s + self._budget_s - time.monotonic()),
            seed=self._seed,
            engine=Engine.RUIN_RECREATE,
            iterations=self._iterations,
            cancelled=self._cancelled,
        )
        routes = []
        for (trip,) in (route.trips for route in solution.routes):
            requests = [going[halt.visit] for halt in trip.visits]
            if self._can_wait(requests):
                self._why.update(dict.fromkeys(requests, Why.FITS_LATER))
                continue
            routes.append(self._sent(requests, trip))
        return tuple(routes)

    def _can_wait(self, requests: Sequence[int]) -> bool:
        if any(self._why[number] is not Why.SCENARIOS for number in requests):
            return False
        return self._lookout.can_wait(requests)

    def _sent(self, requests: Sequence[int], trip: Trip) -> SentRoute:
        problem = self._problem
        places = [
            problem.depot,
            *(problem.requests[each].place for each in requests),
            problem.depot,
        ]
        visits = zip(requests, trip.visits, strict=True)
        return SentRoute(
            trip=replace(trip, visits=tuple(replace(halt, visit=each) for each, halt in visits)),
            load=sum(problem.requests[each].demand for each in requests),
            cost_s=sum(int(problem.durations_s[a, b]) for a, b in pairwise(places)),
        )


def _settled(problem: WaveProblem) -> Iterator[tuple[int, Why]]:
    """What needs no scenario to be decided."""
    for number, request in enumerate(problem.requests):
        if not problem.is_served_alone(request, problem.leave_s):
            yield number, Why.IMPOSSIBLE
        elif request.must_go:
            yield number, Why.MUST_GO
        elif problem.epochs_left == 0:
            yield number, Why.LAST_WAVE
        elif not problem.is_served_alone(request, problem.next_s):
            yield number, Why.LAST_CHANCE
        elif request.release_s >= problem.next_s:
            yield number, Why.NOT_RELEASED


def _never() -> bool:
    return False
