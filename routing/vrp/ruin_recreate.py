"""Ruin and recreate: one annealed search over the whole problem, run by whoever has the time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.engine_process import Orders
from routing.vrp.insertion import twins
from routing.vrp.packed import Packed
from routing.vrp.schedule import sequence_of, trips_of
from routing.vrp.search_state import State, depart, route_price
from routing.vrp.strings import anneal
from routing.vrp.timing import DEPOT

_NEAR: Final = 40
"""Neighbours of a visit that may lose a string with it or take it in; chosen."""

_CONSTRUCTING: Final = 10
"""Iterations between two looks at whether all are in; each takes up to twenty."""


class RuinRecreate:
    """
    One search, to be annealed by whoever has the time; no two threads may run the same one.

    unserved
        float64 (V,): what leaving each visit out costs; required ones so much that none is left out
        that has a place.
    """

    def __init__(self, packed: Packed, unserved: NDArray[np.float64], *, seed: int) -> None:
        self._packed, self._unserved = packed, unserved
        visits, vehicles = packed.allowed.shape
        width = visits + int(packed.limits[:, 2].clip(max=visits).max(initial=0)) + 2
        self._near = neighbours(packed)
        self._kinds = twins(packed)
        self._state = State(
            routes=np.full((vehicles, width), DEPOT, np.int64),
            lengths=np.zeros(vehicles, np.int64),
            departures_s=np.zeros((vehicles, width), np.int64),
            costs=np.zeros(vehicles),
            route_of=np.full(visits, -1, np.int64),
            best_routes=np.full((vehicles, width), DEPOT, np.int64),
            best_lengths=np.zeros(vehicles, np.int64),
            totals=np.zeros(2),
            random=np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1),
        )

    def take(self, orders: Orders) -> None:
        """Go on from `orders`, which the vehicles must be able to drive."""
        packed, state = self._packed, self._state
        state.lengths[:] = 0
        state.costs[:] = 0.0
        state.route_of[:] = -1
        state.departures_s[:, 0] = packed.shift[:, 0]
        for vehicle, trips in orders.items():
            sequence = sequence_of(trips)
            length = len(sequence)
            if length:
                state.routes[vehicle, :length] = sequence
                state.lengths[vehicle] = length
                state.route_of[sequence[sequence != DEPOT]] = vehicle
                state.costs[vehicle] = route_price(packed, vehicle, state.routes[vehicle], length)
                depart(packed, state, vehicle)
        state.totals[:] = state.costs.sum() + self._left_out()
        state.best_routes[:] = state.routes
        state.best_lengths[:] = state.lengths

    def anneal(self, iterations: int, temperature: float) -> None:
        """Ruin and recreate so often; a worse state is gone on from as simulated annealing says."""
        anneal(
            self._packed,
            self._near,
            self._kinds,
            self._unserved,
            self._state,
            iterations,
            temperature,
        )

    def construct(self) -> None:
        """Put in what finds a place, a few visits at a time, until nothing more does."""
        while True:
            before = self._state.totals[1]
            self.anneal(_CONSTRUCTING, 0.0)
            if not (self._state.route_of < 0).any() or self._state.totals[1] >= before:
                return

    def _left_out(self) -> float:
        """The price of what is not made, a group's once."""
        group, absent = self._packed.group, self._state.route_of < 0
        alone = float(self._unserved[absent & (group < 0)].sum())
        made = np.zeros(len(self._packed.member_from) - 1, np.bool_)
        made[group[~absent & (group >= 0)]] = True
        firsts = self._packed.members[self._packed.member_from[:-1]]
        return alone + float(self._unserved[firsts[~made]].sum())

    @property
    def stride(self) -> float:
        """The mean cost of driving from one halt to the next, as the routes stand."""
        packed, state = self._packed, self._state
        used = np.flatnonzero(state.lengths)
        served = np.flatnonzero(state.route_of >= 0)
        idle = packed.service_s[served] * packed.prices[state.route_of[served], 2]
        driving = state.costs[used].sum() - packed.prices[used, 0].sum() - idle.sum()
        return max(0.0, float(driving)) / max(1, len(served) + len(used))

    @property
    def best_cost(self) -> float:
        return float(self._state.totals[1])

    def best(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        """The cheapest orders met since `take`."""
        return {
            vehicle: trips_of(self._state.best_routes[vehicle, :length].tolist())
            for vehicle, length in enumerate(self._state.best_lengths.tolist())
            if length
        }


def neighbours(packed: Packed) -> NDArray[np.int64]:
    """The visits nearest to each by driving time, the nearer direction counted: shape (V, ≤ 40)."""
    visits = len(packed.place)
    count = min(_NEAR, max(visits - 1, 0))
    found = np.zeros((visits, count), np.int64)
    durations_s = packed.durations_s[0]
    for visit in range(visits if count else 0):
        place = packed.place[visit]
        apart_s = np.minimum(durations_s[place][packed.place], durations_s[:, place][packed.place])
        apart_s[visit] = np.iinfo(np.int32).max
        nearest = np.argpartition(apart_s, count - 1)[:count]
        found[visit] = nearest[np.argsort(apart_s[nearest], kind="stable")]
    return found
