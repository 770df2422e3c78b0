"""
A day of waves as in the EURO Meets NeurIPS 2022 competition: what is revealed when, what must go, what it costs.

The rules are those of its published environment, written anew. An instance with time windows is the
source: for each wave a hundred customers, windows, demands and services are drawn from it, each by
itself, and who could no longer be served is dropped. What is drawn depends on the seed alone, never
on decisions, so that all strategies meet the same day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from routing.vrp.problem import Window
from routing.vrp.vrplib import read
from routing.vrp.waves.statement import Past, Request, WaveProblem

PER_WAVE = 100
"""The competition's number."""

WAVES_OF_A_DAY = 10
"""An hour between waves is about a tenth of the competition's days; instances count in other units."""


class RouteInvalid(Exception):
    """Routes that the rules forbid; the competition ends a day on which that happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The instance from which days are drawn; row 0 of all arrays but `durations_s` is the first customer."""

    name: str
    durations_s: NDArray[np.int32]
    capacity: int
    places: NDArray[np.int64]
    demands: NDArray[np.int64]
    windows: NDArray[np.int64]
    services_s: NDArray[np.int64]
    home_s: int
    epoch_s: int

    @classmethod
    def load(cls, path: Path) -> Source:
        """An instance of one depot; a wave leaves one interval after it is decided, as in the competition."""
        instance = read(path)
        vehicle, visits = instance.problem.vehicles[0], instance.problem.visits
        windows = [(visit.windows[0].earliest_s, visit.windows[0].latest_s) for visit in visits]
        return cls(
            name=path.stem,
            durations_s=instance.problem.matrices[0].durations_s,
            capacity=vehicle.capacities[0],
            places=np.array([visit.place for visit in visits]),
            demands=np.array([visit.loads[0] for visit in visits]),
            windows=np.array(windows),
            services_s=np.array([visit.service_s for visit in visits]),
            home_s=vehicle.shift.latest_s,
            epoch_s=vehicle.shift.latest_s // WAVES_OF_A_DAY,
        )

    @property
    def epochs(self) -> range:
        """From the wave of the first window to that of the last."""
        first_s, last_s = int(self.windows[:, 0].min()), int(self.windows[:, 0].max())
        first, last = ((each - self.epoch_s) // self.epoch_s for each in (first_s, last_s))
        return range(max(first, 0), max(last, 0) + 1)

    def leave_s(self, epoch: int) -> int:
        return (epoch + 1) * self.epoch_s

    def in_time(self, request: Request, leave_s: int) -> bool:
        """Whether a route of its own makes the request."""
        assert request.window is not None
        arrive_s = leave_s + int(self.durations_s[0, request.place])
        begin_s = max(arrive_s, request.window.earliest_s)
        back_s = begin_s + request.service_s + int(self.durations_s[request.place, 0])
        return begin_s <= request.window.latest_s and back_s <= self.home_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """A request of a day, and when it becomes known."""

    request: Request
    epoch: int


def drawn_day(source: Source, seed: int) -> tuple[Revealed, ...]:
    """All requests of a day, by when they are revealed."""
    draw = np.random.default_rng(seed)
    day = []
    for epoch in source.epochs:
        rows = [draw.integers(len(source.places), size=PER_WAVE) for _ in range(4)]
        for place, window, demand, service in zip(*(each.tolist() for each in rows), strict=True):
            request = Request(
                place=int(source.places[place]),
                demand=int(source.demands[demand]),
                window=Window(*source.windows[window].tolist()),
                service_s=int(source.services_s[service]),
            )
            if source.in_time(request, source.leave_s(epoch)):
                day.append(Revealed(request=request, epoch=epoch))
    return tuple(day)


class Day:
    """One day in play: what is open at the wave that is due, and what was paid so far."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source, self.requests = source, drawn_day(source, seed)
        self._epochs = iter(source.epochs)
        self._sent: set[int] = set()
        self.cost_s = 0
        self.epoch: int | None = next(self._epochs)

    @property
    def open(self) -> tuple[int, ...]:
        """Numbers of the day's requests that are known and not sent."""
        assert self.epoch is not None
        return tuple(
            number
            for number, each in enumerate(self.requests)
            if each.epoch <= self.epoch and number not in self._sent
        )

    def must_go(self, number: int) -> bool:
        """Whether the next wave would be too late; after the last there is none."""
        assert self.epoch is not None
        if self.epoch == self.source.epochs[-1]:
            return True
        leave_s = self.source.leave_s(self.epoch + 1)
        return not self.source.in_time(self.requests[number].request, leave_s)

    def asked(self) -> WaveProblem:
        """What a strategy is told: its answer speaks of positions in `open`."""
        assert self.epoch is not None
        source = self.source
        return WaveProblem(
            durations_s=source.durations_s,
            capacity=source.capacity,
            requests=tuple(self._told(number) for number in self.open),
            leave_s=source.leave_s(self.epoch),
            epoch_s=source.epoch_s,
            epochs_left=source.epochs[-1] - self.epoch,
            back_by_s=source.home_s,
            past=Past(requests=tuple(_customers(source)), per_epoch=PER_WAVE, mixed=True),
        )

    def send(self, routes: Sequence[Sequence[int]]) -> None:
        """
        Send routes, each of positions in `open`, and go on to the next wave.

        Raises
        ------
        RouteInvalid
            A rule is broken.
        """
        assert self.epoch is not None
        numbers = self.open
        sent = [numbers[each] for route in routes for each in route]
        if len(set(sent)) < len(sent):
            raise RouteInvalid("a request is sent twice")
        if missing := [each for each in numbers if self.must_go(each) and each not in set(sent)]:
            raise RouteInvalid(f"requests {missing} had to go")
        self.cost_s += sum(
            self._driven_s([self.requests[numbers[each]].request for each in route])
            for route in routes
        )
        self._sent |= set(sent)
        self.epoch = next(self._epochs, None)

    def _told(self, number: int) -> Request:
        told = self.requests[number].request
        return Request(
            place=told.place,
            demand=told.demand,
            window=told.window,
            service_s=told.service_s,
            must_go=self.must_go(number),
        )

    def _driven_s(self, route: Sequence[Request]) -> int:
        assert self.epoch is not None
        if not route:
            raise RouteInvalid("a route makes no request")
        if sum(each.demand for each in route) > self.source.capacity:
            raise RouteInvalid("a route carries too much")
        durations_s, driven_s, here = self.source.durations_s, 0, 0
        now_s = self.source.leave_s(self.epoch)
        for each in route:
            assert each.window is not None
            leg_s = int(durations_s[here, each.place])
            driven_s, now_s, here = driven_s + leg_s, now_s + leg_s, each.place
            now_s = max(now_s, each.window.earliest_s)
            if now_s > each.window.latest_s:
                raise RouteInvalid("a route comes too late")
            now_s += each.service_s
        leg_s = int(durations_s[here, 0])
        if now_s + leg_s > self.source.home_s:
            raise RouteInvalid("a route is back too late")
        return driven_s + leg_s


def _customers(source: Source) -> Iterator[Request]:
    rows = zip(source.places, source.demands, source.windows, source.services_s, strict=True)
    for place, demand, window, service_s in rows:
        yield Request(
            place=int(place),
            demand=int(demand),
            window=Window(*window.tolist()),
            service_s=int(service_s),
        )
