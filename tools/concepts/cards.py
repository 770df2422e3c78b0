"""All pictures of docs/concepts.md, in its order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from tools.concepts import on_the_clock, on_the_map, running_day
from tools.concepts.picture import Card

_CARDS: Final[Sequence[Callable[[], Card]]] = (
    on_the_map.trips,
    on_the_map.door_or_point,
    on_the_map.joint_orders,
    on_the_map.handling,
    on_the_map.size,
    on_the_map.driving_range,
    on_the_map.swaps,
    on_the_map.territory,
    on_the_clock.departures,
    on_the_clock.docks,
    on_the_clock.pickup_times,
    on_the_clock.soft_windows,
    on_the_clock.slack,
    on_the_clock.setup,
    on_the_clock.breaks,
    on_the_clock.balance,
    on_the_clock.why_not,
    on_the_map.stability,
    on_the_map.compactness,
    running_day.expected,
    running_day.contract,
    running_day.hand_over,
    on_the_map.pairs,
    on_the_map.what_if,
)


def cards() -> tuple[Card, ...]:
    """
    Every picture, planned and drawn now.

    On one core: of ways that cost the same, searches side by side may find another one first, and
    every machine should draw the same pictures.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return tuple(draw() for draw in _CARDS)
    finally:
        os.sched_setaffinity(0, cores)
