"""
What stands for a problem's metres and seconds, so that prices and limits both hold.

A problem sums two things along a route: metres, which have a price and a limit, and seconds, which keep windows. Where
somebody has a clock, metres must carry the prices (see pricing.py), and a limit holds only if it is a limit on prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from routing.matrix import UNREACHABLE
from routing.vrp.vroom.body import Body, Vehicle
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.layout import Layout
from routing.vrp.vroom.pricing import HUNDREDTHS, Kind, between, kind_of, prices, setups_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """
    One vehicle's sums.

    table
        int64 (places, places): what the problem's metres are made of; vehicles share it by identity.
    unit
        The largest number that all of `table` is a multiple of.
    per_metre, per_tick
        Inner units of cost for 1 of `table`, and for 1 of `durations`.
    range, ticks_max
        Most of the table along a route, and of durations and waiting.
    is_loose
        Whether a limit of the vehicle is not in these.
    durations
        int64 (places, places), ticks from being done at one place to being there at another.
    """

    profile: str
    table: NDArray[np.int64]
    unit: int
    per_metre: int
    per_tick: int
    range: int | None
    ticks_max: int | None
    is_loose: bool
    durations: NDArray[np.int64]


def slots_of(
    body: Body,
    vehicles: Sequence[Vehicle],
    layout: Layout,
    ground: Ground,
    *,
    ticks: int,
    timed: bool,
    careful: bool,
    held: Sequence[bool],
) -> list[Slot]:
    """
    One slot for each vehicle.

    `timed`: hours are kept. A limit that fits nowhere is left out, unless it is `held`: then prices are those of an average way.
    """
    maker = _Maker(body, layout, ground, ticks=ticks, timed=timed, careful=careful)
    return [maker.slot(vehicle, held=each) for vehicle, each in zip(vehicles, held, strict=True)]


class _Maker:
    """Makes each table once."""

    def __init__(
        self,
        body: Body,
        layout: Layout,
        ground: Ground,
        *,
        ticks: int,
        timed: bool,
        careful: bool,
    ) -> None:
        self._body, self._layout, self._ground = body, layout, ground
        self._ticks, self._timed, self._careful = ticks, timed, careful
        self._made: dict[tuple[Kind, str], Slot] = {}

    def slot(self, vehicle: Vehicle, *, held: bool) -> Slot:
        kind = kind_of(vehicle, self._body, self._layout)
        travel_max_s, distance_max_m = vehicle.travel_max_s, vehicle.distance_max_m
        seconds_max = None if travel_max_s is None else HUNDREDTHS * travel_max_s // kind.hundredths
        ticks_max = None
        if not self._timed and travel_max_s is not None:
            # Nobody waits: seconds are those of driving alone, and limit it.
            ticks_max, seconds_max = self._ticks * travel_max_s, None
        plain = self._ground.costs[kind.profile] is None and not self._pays_setups(kind)
        if seconds_max is None and distance_max_m is None:
            return self._limited(self._priced(kind), None, ticks_max)
        if distance_max_m is None and plain and kind.per_metre == 0 and kind.per_second > 0:
            most = None if seconds_max is None else kind.per_second * seconds_max
            return self._limited(self._priced(kind), most, ticks_max)
        if seconds_max is None and plain and kind.per_second == 0 and kind.per_metre > 0:
            most = None if distance_max_m is None else kind.per_metre * distance_max_m
            return self._limited(self._priced(kind), most, ticks_max)
        if seconds_max is None and plain and not self._timed:
            return self._limited(self._apart(kind, vehicle), distance_max_m, ticks_max)
        if not held:
            return self._limited(self._priced(kind), None, ticks_max, is_loose=True)
        if seconds_max is None:
            return self._limited(self._averaged(kind, "metres"), distance_max_m, ticks_max)
        is_loose = distance_max_m is not None
        return self._limited(
            self._averaged(kind, "seconds"), seconds_max, ticks_max, is_loose=is_loose
        )

    def _pays_setups(self, kind: Kind) -> bool:
        return kind.per_work > 0 and bool(setups_s(kind, self._layout).any())

    @staticmethod
    def _limited(
        slot: Slot, most: int | None, ticks_max: int | None, *, is_loose: bool = False
    ) -> Slot:
        return replace(slot, range=most, ticks_max=ticks_max, is_loose=is_loose)

    def _priced(self, kind: Kind) -> Slot:
        """Metres are prices."""
        if (kind, "prices") not in self._made:
            table = prices(kind, self._layout, self._ground)
            self._made[kind, "prices"] = self._new(kind, table, per_metre=1)
        return self._made[kind, "prices"]

    def _apart(self, kind: Kind, vehicle: Vehicle) -> Slot:
        """Metres are metres and seconds are seconds, each at its price; nobody waits."""
        if (kind, "apart") not in self._made:
            per_tick = vehicle.costs.per_hour * HUNDREDTHS // self._ticks
            table = self._metres(kind)
            self._made[kind, "apart"] = self._new(
                kind, table, per_metre=kind.per_metre, per_tick=per_tick
            )
        return self._made[kind, "apart"]

    def _averaged(self, kind: Kind, what: str) -> Slot:
        """Metres are what is limited, at the price of an average way."""
        if (kind, what) not in self._made:
            table = self._metres(kind)
            if what == "seconds":
                table = between(self._ground.durations_s[kind.profile], self._layout)
            priced = prices(kind, self._layout, self._ground)
            drives = self._durations(kind) < UNREACHABLE
            most = max(1, int(table[drives].sum()))
            self._made[kind, what] = self._new(
                kind, table, per_metre=max(1, int(priced[drives].sum()) // most)
            )
        return self._made[kind, what]

    def _new(
        self, kind: Kind, table: NDArray[np.int64], *, per_metre: int, per_tick: int = 0
    ) -> Slot:
        durations = self._durations(kind)
        unit = int(np.gcd.reduce(table[durations < UNREACHABLE], initial=0)) or 1
        return Slot(
            profile=kind.profile,
            table=table,
            unit=unit,
            per_metre=per_metre,
            per_tick=per_tick,
            range=None,
            ticks_max=None,
            is_loose=False,
            durations=durations,
        )

    def _metres(self, kind: Kind) -> NDArray[np.int64]:
        distances_m = self._ground.distances_m[kind.profile]
        size = len(self._layout.row)
        if distances_m is None:
            return np.zeros((size, size), np.int64)
        return between(distances_m, self._layout)

    def _durations(self, kind: Kind) -> NDArray[np.int64]:
        """Ticks of each way: driving, setups of those who come from elsewhere, and longer services before it."""
        seconds = between(self._ground.durations_s[kind.profile], self._layout)
        factor = kind.hundredths * self._ticks // HUNDREDTHS
        durations = np.where(seconds >= UNREACHABLE, UNREACHABLE, factor * seconds)
        if self._timed:
            durations += self._ticks * setups_s(kind, self._layout)
            if not self._careful:
                more_s = self._layout.more_s.get(kind.type)
                if more_s is not None:
                    durations += self._ticks * more_s[:, np.newaxis]
        durations = np.minimum(durations, UNREACHABLE)
        np.fill_diagonal(durations, 0)
        return durations
