"""Orders of a day as plain tuples, and where in them a visit costs least: what mending takes apart and puts together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np

from routing.vrp.insertion import INFINITE, cheapest, put, twins
from routing.vrp.packed import Packed
from routing.vrp.schedule import sequence_of, trips_of

Trips: TypeAlias = tuple[tuple[int, ...], ...]

Days: TypeAlias = Mapping[int, Trips]
"""Of each vehicle that is used its trips; none is empty."""


class Places:
    """Places of visits in days of one problem, by price and by whether a vehicle can drive there, whatever others do."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._firsts = twins(packed).tolist()

    def vehicles(self, days: Days) -> list[int]:
        """Those on the road, and of idle ones that are alike the first."""
        idle: dict[int, int] = {}
        for vehicle, first in enumerate(self._firsts):
            if vehicle not in days:
                idle.setdefault(first, vehicle)
        return sorted((*days, *idle.values()))

    def price(self, days: Days, vehicle: int, visit: int) -> float:
        """About what the visit costs in its cheapest place there, what making it costs included; INFINITE: it fits nowhere."""
        price = self._place(days, vehicle, visit)[0]
        return price if price >= INFINITE else price + self.made_cost(visit, vehicle)

    def put(self, days: Days, vehicle: int, visit: int) -> dict[int, Trips]:
        """The days with the visit in that place."""
        _, position, kind = self._place(days, vehicle, visit)
        sequence = sequence_of(days.get(vehicle, ()))
        route = np.concatenate([sequence, np.full(3, -1, np.int64)])
        target = np.empty(len(sequence) + 2, np.int64)
        grown = put(target, len(sequence), visit, position, kind, route)
        return {**days, vehicle: trips_of(target[:grown].tolist())}

    def made_cost(self, visit: int, vehicle: int) -> int:
        made = self._packed.made
        return int(made[visit, vehicle]) if made.shape[1] else 0

    def _place(self, days: Days, vehicle: int, visit: int) -> tuple[float, int, int]:
        sequence = sequence_of(days.get(vehicle, ()))
        route = np.concatenate([sequence, np.full(3, -1, np.int64)])
        return cheapest(self._packed, vehicle, route, len(sequence), visit)


def without(days: Days, visits: Iterable[int]) -> dict[int, Trips]:
    """The days with these visits left out."""
    gone = set(visits)
    left = {
        vehicle: trips
        if gone.isdisjoint(each for trip in trips for each in trip)
        else tuple(
            kept for trip in trips if (kept := tuple(each for each in trip if each not in gone))
        )
        for vehicle, trips in days.items()
    }
    return {vehicle: trips for vehicle, trips in left.items() if trips}
