"""Demand: what households ask for and when, and how it then turns out, which nobody is told."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import time
from itertools import accumulate
from typing import Final

from dispatch.days import DayClock, TimeWindow
from dispatch.fleet import Fleet
from dispatch.households import Household, PointId, Registry
from dispatch.orders import Handling, Order, OrderId
from dispatch.simulation.chance import chance, factor, waiting_s
from dispatch.simulation.rates import Rates
from routing.places import Place

_STEP_S: Final = 300
"""People state times in whole five minutes."""

_WINDOW_S: Final = (7200, 18000)
_EARLY_READY_S: Final = 9000
"""What must catch the first truck is ready so long before it. Chosen."""

_LEAST_SHIFT_LEFT_S: Final = 7200
"""An order is stated as ready at the latest so long before the last truck. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    One order as it is stated, and the truth about it.

    told_at_s
        When the company hears of it; at or before the morning: it is known when the day is planned.
    ready_s
        When the parcels are there, whatever was stated.
    cancelled_at_s
        When the household takes it back, unless it was picked up before; None: never.
    is_home
        Whether somebody opens when the courier comes.
    weight_g, volume_ml, pieces
        What waits, whatever was stated.
    """

    order: Order
    place: Place
    told_at_s: int
    ready_s: int
    cancelled_at_s: int | None
    is_home: bool
    pieces: int
    weight_g: int
    volume_ml: int


def wishes_of(
    registry: Registry,
    fleet: Fleet,
    rates: Rates,
    clock: DayClock,
    *,
    orders: int,
    seed: int,
    known_share: float | None = None,
    days_ago: int = 0,
) -> tuple[Wish, ...]:
    """
    So many orders of a day, by the moment at which the company hears of them; of one so many days before that of `seed`.

    Households without a place ask for nothing. Few households ask for much: Zipf's law over a draw of
    their order. `known_share` of them is known in the morning; None: drawn from the rates.
    """
    households = [each for each in registry.households.values() if each.place is not None]
    name = ("days ago", days_ago) if days_ago else ()
    if known_share is None:
        known_share = chance(seed, *name, "known share").uniform(*rates.known_at_start_share)
    teller = _Teller(registry, fleet, clock, rates, seed, name, known_share)
    chooser = chance(seed, "households")
    chooser.shuffle(households)  # who sells much does so every day
    if days_ago:
        chooser = chance(seed, *name, "households")
    heights = list(
        accumulate((rank + 1) ** -rates.household_tail for rank in range(len(households)))
    )
    wishes = [
        teller.wish(number, chooser.choices(households, cum_weights=heights)[0])
        for number in range(1, orders + 1 if households else 1)
    ]
    return tuple(sorted(wishes, key=lambda each: (each.told_at_s, each.order.order_id)))


@dataclass(frozen=True, slots=True)
class _Teller:
    registry: Registry
    fleet: Fleet
    clock: DayClock
    rates: Rates
    seed: int
    name: tuple[object, ...]
    known_share: float

    def wish(self, number: int, household: Household) -> Wish:
        rates, clock = self.rates, self.clock
        draw = chance(self.seed, *self.name, "order", number)
        morning_s = round(rates.morning_s)
        is_known = draw.random() < self.known_share
        asked_s = self._asked_s(draw)
        told_at_s = morning_s if is_known else asked_s
        is_early = is_known and draw.random() < rates.early_truck_share
        departures_s = [clock.seconds_of(each) for each in self.fleet.depot.departures]
        first_s, last_s = departures_s[0], departures_s[-1]
        stated_s = asked_s + waiting_s(draw, rates.packing_s)
        if is_early:
            stated_s = min(stated_s, first_s - _EARLY_READY_S)
        stated_s = _step(max(told_at_s, min(stated_s, last_s - _LEAST_SHIFT_LEFT_S)))
        window_s = None
        at_point = draw.random() < rates.at_point_share
        if not is_early and draw.random() < rates.windowed_share:
            window_s = (stated_s, min(_step(stated_s + draw.uniform(*_WINDOW_S)), last_s - 1800))
        is_bulky = (
            chance(self.seed, "bulky", household.household_id).random()
            < rates.bulky_household_share
        )
        pieces, weight_g, volume_ml = self._size(draw, is_bulky=is_bulky)
        point_id = None if is_bulky or not at_point else self._point_of(household)
        place = self.registry.points[point_id].place if point_id is not None else household.place
        assert place is not None, "households without a place ask for nothing"
        if point_id is not None:  # nobody waits for the courier at a collection point
            window_s = None
        order = Order(
            order_id=OrderId(f"{clock.day:%Y%m%d}-{number:06d}"),
            household_id=household.household_id,
            point_id=point_id,
            pieces=pieces,
            weight_g=weight_g,
            volume_ml=volume_ml,
            ready_at=clock.moment(stated_s),
            windows=()
            if window_s is None or window_s[1] <= window_s[0]
            else (TimeWindow(*map(clock.moment, window_s)),),
            cut_off_at=clock.moment(first_s) if is_early else None,
            handling=self._handling(is_bulky=is_bulky),
        )
        return self._truth(draw, order, place, told_at_s, stated_s, last_s)

    def _truth(
        self,
        draw: random.Random,
        order: Order,
        place: Place,
        told_at_s: int,
        stated_s: int,
        last_s: int,
    ) -> Wish:
        rates = self.rates
        late_s = waiting_s(draw, rates.not_ready_delay_s)
        is_late = draw.random() < rates.not_ready_share
        cancelled_at_s = round(draw.uniform(told_at_s + 60, max(told_at_s + 120, last_s)))
        is_cancelled = draw.random() < rates.cancelled_share
        no_show = draw.random() < rates.no_show_share and order.point_id is None
        times = factor(draw, rates.volume_surprise_spread)
        if draw.random() >= rates.volume_surprise_share:
            times = 1.0
        return Wish(
            order=order,
            place=place,
            told_at_s=told_at_s,
            ready_s=stated_s + late_s if is_late and order.point_id is None else stated_s,
            cancelled_at_s=cancelled_at_s if is_cancelled else None,
            is_home=not no_show,
            pieces=max(1, round(order.pieces * times)),
            weight_g=max(1, round(order.weight_g * times)),
            volume_ml=max(1, round(order.volume_ml * times)),
        )

    def _asked_s(self, draw: random.Random) -> int:
        peak_s = self.rates.order_peaks_s[draw.randrange(2)]
        asked_s = draw.gauss(peak_s, self.rates.order_spread_s)
        return round(min(max(asked_s, self.rates.morning_s + 60), self.rates.last_order_s))

    def _size(self, draw: random.Random, *, is_bulky: bool) -> tuple[int, int, int]:
        median_g = self.rates.bulky_weight_g if is_bulky else self.rates.small_weight_g
        pieces = 1 + (draw.random() < 0.2) + (not is_bulky and draw.random() < 0.05)
        spread = self.rates.weight_spread
        weight_g = median_g * (1 if is_bulky else pieces) * math.exp(draw.gauss(0, spread))
        weight_g = min(weight_g, 3 * median_g)
        volume_ml = weight_g * self.rates.volume_ml_per_g
        return pieces, round(weight_g / 10) * 10 + 10, round(volume_ml / 100) * 100 + 100

    def _handling(self, *, is_bulky: bool) -> frozenset[Handling]:
        """Bulky goods ask for a courier who carries them, where a fleet tells such couriers apart."""
        has_skilled = any(
            Handling.BULKY in courier.skills for courier in self.fleet.couriers.values()
        )
        return frozenset({Handling.BULKY} if is_bulky and has_skilled else ())

    def _point_of(self, household: Household) -> PointId | None:
        """The village's point, if it has one that is open all afternoon."""
        for point in self.registry.points.values():
            closes = [each.closes for each in point.hours]
            if point.village == household.village and (not closes or max(closes) >= time(18)):
                return point.point_id
        return None


def _step(moment_s: float) -> int:
    return math.ceil(moment_s / _STEP_S) * _STEP_S
