"""Scenarios: what may come until the last wave, as stated or drawn from earlier days."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from routing.vrp.waves.statement import Coming, Past, Request, WaveProblem

Scenario = tuple[Coming, ...]


def scenarios(problem: WaveProblem, *, epochs: int, seed: int) -> Iterator[Scenario]:
    """
    Yield scenarios of the next `epochs` waves without end: those stated in turn, or as many drawn as asked for.

    Who could not be served by its own wave is in none. The same seed draws the same.
    """
    epochs = min(epochs, problem.epochs_left)
    if problem.past is None:
        stated = [_servable(problem, each, epochs) for each in problem.scenarios] or [()]
        while True:
            yield from stated
    draw = np.random.default_rng(seed)
    while True:
        drawn = (
            Coming(request=request, epoch=epoch)
            for epoch in range(1, epochs + 1)
            for request in _drawn(problem.past, draw)
        )
        yield _servable(problem, drawn, epochs)


def _drawn(past: Past, draw: np.random.Generator) -> Iterator[Request]:
    """The requests of one wave, each drawn without regard to the others."""
    count, requests = len(past.requests), past.requests
    if not count:
        return
    columns = 4 if past.mixed else 1
    for row in draw.integers(count, size=(past.per_epoch, columns)).tolist():
        if not past.mixed:
            yield requests[row[0]]
            continue
        place, demand, window, service = row
        yield Request(
            place=requests[place].place,
            demand=requests[demand].demand,
            window=requests[window].window,
            service_s=requests[service].service_s,
        )


def _servable(problem: WaveProblem, comings: Iterator[Coming] | Scenario, epochs: int) -> Scenario:
    return tuple(
        each
        for each in comings
        if each.epoch <= epochs
        and problem.is_served_alone(each.request, problem.leave_s + each.epoch * problem.epoch_s)
    )
