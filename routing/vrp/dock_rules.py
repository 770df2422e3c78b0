"""What the judge asks of docks: never more unloadings than docks, and whoever is back first unloads first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from routing.vrp.problem import Docks


class Unloading(NamedTuple):
    """One trip at its depot, as a solution states it; sorted, they stand in the order of their turns."""

    back_s: int
    vehicle: int
    trip: int
    begin_s: int
    end_s: int


def crowded(docks: Docks, unloadings: Sequence[Unloading]) -> Iterator[Unloading]:
    """Those during which more vehicles unload, at some moment, than there are docks."""
    spans: list[tuple[int, int, Unloading | None]] = []
    spans += [(begin_s, end_s, None) for begin_s, end_s in docks.taken_s]
    spans += [(each.begin_s, each.end_s, each) for each in unloadings]
    busy: list[tuple[int, int, Unloading | None]] = []
    told: set[Unloading] = set()
    # How many are at a dock grows only where one begins.
    for span in sorted(spans, key=lambda span: span[:2]):
        busy = [each for each in busy if each[1] > span[0]]
        busy.append(span)
        if len(busy) > docks.vehicles:
            told |= {each for *_, each in busy if each is not None}
    yield from sorted(told)


def out_of_turn(docks: Docks, unloadings: Sequence[Unloading]) -> Iterator[tuple[Unloading, int]]:
    """Those that begin at another moment than the first at which their turn and a dock have come, with that moment."""
    before = list(docks.taken_s)
    for each in sorted(unloadings):
        length_s = each.end_s - each.begin_s
        before = [span for span in before if span[1] > each.back_s]
        # A dock becomes free when the vehicle comes, or when somebody before it ends.
        free_s = next(
            moment_s
            for moment_s in sorted({each.back_s, *(end_s for _, end_s in before)})
            if all(
                sum(begin_s <= at_s < end_s for begin_s, end_s in before) < docks.vehicles
                for at_s in (
                    moment_s,
                    *(s for s, _ in before if moment_s < s < moment_s + length_s),
                )
            )
        )
        if each.begin_s != free_s:
            yield each, free_s
        before.append((each.begin_s, each.end_s))
