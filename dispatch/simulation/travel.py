"""How long drives and doors take in truth: the planned time under weather, hour, neighbourhood, and person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.chance import chance, factor
from dispatch.simulation.ground import STAYS, Drive, Ground
from dispatch.simulation.mishaps import RoadClosed
from dispatch.simulation.rates import Rates
from routing.places import Place

_METRES_PER_DEGREE: Final = 111_195.0
_SAMPLES_MAX: Final = 12
"""Squares looked at along a leg: more change its mean by nothing that matters. Chosen."""


@dataclass(slots=True)
class Travel:
    """
    The true times of one day. The same seed, leg, hour and courier give the same, whoever asks.

    Legs through one square are slow together, and the day and the hour are everybody's.
    """

    ground: Ground
    closures: Sequence[RoadClosed]
    rates: Rates
    seed: int
    _closed: dict[tuple[RoadClosed, ...], Ground] = field(default_factory=dict, init=False)
    _cells: dict[tuple[int, ...], float] = field(default_factory=dict, init=False)

    def drive(
        self, courier_id: CourierId, profile: str, origin: Place, target: Place, at_s: int
    ) -> Drive:
        """The drive begun at `at_s`. Where a closure leaves no way, it begins when the road reopens."""
        if origin == target:
            return STAYS
        closed = tuple(each for each in self.closures if each.from_s <= at_s < each.until_s)
        if closed and closed not in self._closed:
            self._closed[closed] = self.ground.closed(each.closure for each in closed)
        ground = self._closed[closed] if closed else self.ground
        planned = ground.drive(profile, origin, target)
        waits_s = 0
        if planned is None:
            planned = self.ground.drive(profile, origin, target)
            assert planned is not None, "the day has no places without a way"
            waits_s = max(each.until_s for each in closed) - at_s
        hour = at_s // 3600 % 24
        leg = factor(chance(self.seed, "leg", *_ends(origin, target), hour), self.rates.leg_spread)
        times = (
            factor(chance(self.seed, "day"), self.rates.day_spread)
            * self.rates.hour_factors[hour]
            * self._neighbourhood(origin, target, hour)
            * leg
            * self.pace(courier_id)
        )
        return Drive(waits_s + max(1, round(planned.duration_s * times)), planned.distance_m)

    def pace(self, courier_id: CourierId) -> float:
        return factor(chance(self.seed, "pace", courier_id), self.rates.pace_spread)

    def at_door_s(self, courier_id: CourierId, order_id: OrderId, planned_s: int) -> int:
        """Loading an order, or, under the first order's name, finding the door."""
        times = factor(chance(self.seed, "door", order_id), self.rates.service_spread)
        return max(1, round(planned_s * times * self.pace(courier_id)))

    def unloading_s(self, courier_id: CourierId, trip: int, planned_s: int) -> int:
        draw = chance(self.seed, "unloading", courier_id, trip)
        return max(1, round(planned_s * factor(draw, self.rates.unload_spread)))

    def _neighbourhood(self, origin: Place, target: Place, hour: int) -> float:
        """Mean factor of the squares under the straight line."""
        east_m = (target.lon - origin.lon) * _METRES_PER_DEGREE * math.cos(math.radians(origin.lat))
        north_m = (target.lat - origin.lat) * _METRES_PER_DEGREE
        steps = min(_SAMPLES_MAX, 1 + round(2 * math.hypot(east_m, north_m) / self.rates.cell_m))
        side = self.rates.cell_m / _METRES_PER_DEGREE
        factors = [
            self._cell(
                math.floor((origin.lon + share * (target.lon - origin.lon)) / side),
                math.floor((origin.lat + share * (target.lat - origin.lat)) / side),
                hour,
            )
            for share in (step / steps for step in range(steps + 1))
        ]
        return sum(factors) / len(factors)

    def _cell(self, column: int, row: int, hour: int) -> float:
        key = (column, row, hour)
        if key not in self._cells:
            rates = self.rates
            all_day = factor(chance(self.seed, "cell", column, row), rates.cell_day_spread)
            now = factor(chance(self.seed, "cell", column, row, hour), rates.cell_hour_spread)
            self._cells[key] = all_day * now
        return self._cells[key]


def _ends(origin: Place, target: Place) -> tuple[float, ...]:
    return origin.lon, origin.lat, target.lon, target.lat
