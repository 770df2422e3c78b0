"""The statement of a wave: requests that wait at a depot, requests that may come, and waves at fixed intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE
from routing.vrp.limits import MOMENT_MAX_S, TOTAL_MAX
from routing.vrp.problem import Window

EPOCHS_MAX: Final = 1_000
"""Waves after this one. More would leave the range of moments, or be no waves. Chosen."""

_SHOWN: Final = 20
"""Of as many clashes whoever asks is told; the next twenty follow from the same mistake. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One thing wrong with a statement: where (names and indices, from the outside in), a lasting code, and why."""

    path: tuple[str | int, ...]
    code: str
    why: str


class WavesRefused(RoutingError):
    """A statement that contradicts itself; every clash found is listed, up to twenty."""

    code: ClassVar[str] = "waves-refused"

    def __init__(self, clashes: tuple[Clash, ...]) -> None:
        self.clashes = clashes
        told = (f"{'/'.join(map(str, each.path))}: {each.why}" for each in clashes)
        super().__init__("; ".join(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What is to be brought to, or fetched from, one place by one route.

    window
        In which the service begins, both ends inclusive; None for any time.
    release_s
        The route that makes it leaves no earlier.
    must_go
        It leaves with this wave, whatever may come.
    """

    place: int
    demand: int = 0
    window: Window | None = None
    service_s: int = 0
    release_s: int = 0
    must_go: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A request that may come: known in time for wave `epoch`, of which the next one is 1."""

    request: Request
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """
    Requests of earlier days, of which those to come are drawn: `per_epoch` of them for each wave.

    With `mixed`, place, demand, window and service of a request come from four of them, each drawn
    by itself. Who could not be served any more by its wave is not counted as coming.
    """

    requests: tuple[Request, ...]
    per_epoch: int
    mixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveProblem:
    """
    What is to be decided at one wave; moments are seconds of one clock, at which this wave leaves at `leave_s`.

    durations_s
        int32 of shape (n, n), row = from, column = to, UNREACHABLE where no way leads; the diagonal is 0.
    epoch_s, epochs_left
        Seconds from one wave to the next, and how many follow this one. With 0, everything goes.
    back_by_s
        When every route must be back at the depot; None for any time.
    scenarios
        What may come, each time whole; or `past`, of which scenarios are drawn. With neither,
        nothing more comes.

    Vehicles are alike and as many as there are routes. A route leaves once, drives a matrix that
    knows no hour, and costs the seconds that it drives.

    Raises
    ------
    WavesRefused
        The statement contradicts itself.
    """

    durations_s: NDArray[np.int32]
    depot: int = 0
    capacity: int
    requests: tuple[Request, ...]
    leave_s: int
    epoch_s: int
    epochs_left: int
    back_by_s: int | None = None
    scenarios: tuple[tuple[Coming, ...], ...] = ()
    past: Past | None = None

    def __post_init__(self) -> None:
        found = _clashes(self)
        clashes = tuple(clash for clash, _ in zip(found, range(_SHOWN), strict=False))
        if clashes:
            raise WavesRefused(clashes)
        self.durations_s.setflags(write=False)

    @property
    def next_s(self) -> int:
        """When the next wave leaves."""
        return self.leave_s + self.epoch_s

    @property
    def home_s(self) -> int:
        """The last moment at which a route may be back."""
        return MOMENT_MAX_S - 1 if self.back_by_s is None else self.back_by_s

    def is_served_alone(self, request: Request, leave_s: int) -> bool:
        """Whether a route of its own that leaves then, or once it is released, makes the request."""
        return self.can_drive((request,), leave_s)

    def can_drive(self, requests: tuple[Request, ...], leave_s: int) -> bool:
        """Whether a route that leaves then, or once all is released, makes these in order and is back in time."""
        now_s, here = max(leave_s, *(each.release_s for each in requests)), self.depot
        for each in requests:
            now_s, here = now_s + int(self.durations_s[here, each.place]), each.place
            if each.window is not None:
                now_s = max(now_s, each.window.earliest_s)
                if now_s > each.window.latest_s:
                    return False
            now_s += each.service_s
        # Where no way leads, the drive is longer than all time: no moment reaches UNREACHABLE.
        return now_s + int(self.durations_s[here, self.depot]) <= self.home_s


def _clashes(problem: WaveProblem) -> Iterator[Clash]:
    table_clashes = list(_table_clashes(problem.durations_s))
    if table_clashes:
        # Places are rows of the table: without one nothing else can be said.
        yield from table_clashes
        return
    yield from _place_clashes(problem, ("depot",), problem.depot)
    yield from _number_clashes(("capacity",), problem.capacity, TOTAL_MAX)
    for name in ("leave_s", "epoch_s", "back_by_s"):
        yield from _number_clashes((name,), getattr(problem, name), MOMENT_MAX_S)
    yield from _number_clashes(("epochs_left",), problem.epochs_left, EPOCHS_MAX + 1)
    if problem.epoch_s == 0 and problem.epochs_left > 0:
        yield Clash(
            path=("epoch_s",),
            code="epoch-empty",
            why="waves that follow leave later: give seconds above 0",
        )
    last_s = problem.leave_s + problem.epochs_left * problem.epoch_s
    if last_s >= MOMENT_MAX_S:
        yield Clash(
            path=("epochs_left",),
            code="number-out-of-range",
            why=f"the last wave would leave at {last_s}, above {MOMENT_MAX_S - 1}",
        )
    if problem.back_by_s is not None and problem.back_by_s < problem.leave_s:
        yield Clash(
            path=("back_by_s",),
            code="back-before-leaving",
            why=f"routes cannot be back by {problem.back_by_s} that leave at {problem.leave_s}",
        )
    for number, request in enumerate(problem.requests):
        yield from _request_clashes(problem, ("requests", number), request)
    yield from _coming_clashes(problem)


def _table_clashes(durations_s: NDArray[np.int32]) -> Iterator[Clash]:
    shape, where = durations_s.shape, ("durations_s",)
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        why = f"a table of {' × '.join(map(str, shape))} is not square: give each place a row of as many numbers"
        yield Clash(path=where, code="matrix-not-square", why=why)
        return
    for row, column in np.argwhere((durations_s < 0) | (durations_s > UNREACHABLE))[
        :_SHOWN
    ].tolist():
        told = int(durations_s[row, column])
        yield from _number_clashes((*where, row, column), told, UNREACHABLE + 1)
    for row in np.flatnonzero(durations_s.diagonal())[:_SHOWN].tolist():
        why = f"from place {row} to itself it is {durations_s[row, row]} s: must be 0"
        yield Clash(path=(*where, row, row), code="matrix-diagonal", why=why)


def _coming_clashes(problem: WaveProblem) -> Iterator[Clash]:
    past = problem.past
    if past is not None and problem.scenarios:
        why = "what may come is stated twice: give `scenarios` or `past`"
        yield Clash(path=("past",), code="coming-twice", why=why)
    for each, scenario in enumerate(problem.scenarios):
        for number, coming in enumerate(scenario):
            where = ("scenarios", each, number)
            yield from _request_clashes(problem, where, coming.request)
            if not 1 <= coming.epoch <= problem.epochs_left:
                why = (
                    f"wave {coming.epoch} is none of the {problem.epochs_left} that follow: the next one is 1,"
                    " and what is known now belongs into `requests`"
                )
                yield Clash(path=(*where, "epoch"), code="epoch-unknown", why=why)
    if past is not None:
        yield from _number_clashes(("past", "per_epoch"), past.per_epoch, TOTAL_MAX)
        if past.per_epoch and not past.requests:
            why = "there is no request to draw from: give some, or leave `past` out"
            yield Clash(path=("past", "requests"), code="past-empty", why=why)
        for number, request in enumerate(past.requests):
            yield from _request_clashes(problem, ("past", "requests", number), request)


def _request_clashes(
    problem: WaveProblem, where: tuple[str | int, ...], request: Request
) -> Iterator[Clash]:
    yield from _place_clashes(problem, (*where, "place"), request.place)
    yield from _number_clashes((*where, "demand"), request.demand, TOTAL_MAX)
    if request.demand > problem.capacity:
        why = f"{request.demand} is more than the capacity of {problem.capacity}: send it as several requests"
        yield Clash(path=(*where, "demand"), code="demand-above-capacity", why=why)
    yield from _number_clashes((*where, "service_s"), request.service_s, MOMENT_MAX_S)
    yield from _number_clashes((*where, "release_s"), request.release_s, MOMENT_MAX_S)
    if request.window is None:
        return
    for end, told in enumerate((request.window.earliest_s, request.window.latest_s)):
        yield from _number_clashes((*where, "window_s", end), told, MOMENT_MAX_S)
    if request.window.latest_s < request.window.earliest_s:
        why = f"the window ends at {request.window.latest_s}, before it begins at {request.window.earliest_s}"
        yield Clash(path=(*where, "window_s"), code="window-reversed", why=why)


def _place_clashes(
    problem: WaveProblem, where: tuple[str | int, ...], place: int
) -> Iterator[Clash]:
    places = len(problem.durations_s)
    if not 0 <= place < places:
        why = f"place {place} is no row of `durations_s`: it has 0…{places - 1}"
        yield Clash(path=where, code="place-unknown", why=why)


def _number_clashes(where: tuple[str | int, ...], told: int | None, limit: int) -> Iterator[Clash]:
    if told is None or 0 <= told < limit:
        return
    code = "number-negative" if told < 0 else "number-out-of-range"
    yield Clash(path=where, code=code, why=f"{told} must lie in 0…{limit - 1}")
