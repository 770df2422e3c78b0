"""Mishaps: couriers who do not come, vehicles that break down, roads that are closed, trucks that leave late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dispatch.days import DayClock
from dispatch.fleet import CourierId, Fleet
from dispatch.simulation.chance import chance, waiting_s
from dispatch.simulation.ground import Ground
from dispatch.simulation.rates import Rates
from routing.places import Place
from routing.roads.closures import Closure, ClosureWithoutRoad

_SIDE_M: Final = 120.0
"""Half the side of the square in which roads are closed: a bridge, a market street. Chosen."""

_METRES_PER_DEGREE: Final = 111_195.0
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class RoadClosed:
    """Holds from `from_s` until just before `until_s`; somebody says so at `told_s`."""

    closure: Closure
    from_s: int
    told_s: int
    until_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """
    sick_told_s
        Who does not come, and when that is said.
    breakdown_s
        Whose vehicle breaks down, and when; nothing happens if it then stands at the depot.
    truck_late_s
        By how much later each departure, in seconds of the day, leaves than stated.
    """

    sick_told_s: Mapping[CourierId, int]
    breakdown_s: Mapping[CourierId, int]
    truck_late_s: Mapping[int, int]
    closures: tuple[RoadClosed, ...]


def mishaps_of(
    fleet: Fleet, ground: Ground, clock: DayClock, rates: Rates, *, seed: int
) -> Mishaps:
    sick: dict[CourierId, int] = {}
    breakdowns: dict[CourierId, int] = {}
    for courier in fleet.couriers.values():
        draw = chance(seed, "mishap", courier.courier_id)
        starts_s, ends_s = clock.span_of(courier.shift_starts, courier.shift_ends)
        is_sick, breaks = draw.random() < rates.sick_share, draw.random() < rates.breakdown_share
        breakdown_s = round(draw.uniform(starts_s, ends_s))
        if is_sick:
            told_s = max(rates.morning_s + 60, starts_s - rates.sick_told_s)
            sick[courier.courier_id] = round(told_s)
        elif breaks:
            breakdowns[courier.courier_id] = breakdown_s
    return Mishaps(
        sick_told_s=sick,
        breakdown_s=breakdowns,
        truck_late_s={
            (leaves_s := clock.seconds_of(each)): waiting_s(
                chance(seed, "truck", leaves_s), rates.truck_late_s
            )
            for each in fleet.depot.departures
        },
        closures=tuple(_closures(fleet, ground, clock, rates, seed)),
    )


def _closures(
    fleet: Fleet, ground: Ground, clock: DayClock, rates: Rates, seed: int
) -> list[RoadClosed]:
    """Squares half-way between the depot and places of the day, so that somebody would have passed."""
    draw = chance(seed, "closures")
    spans = [clock.span_of(each.shift_starts, each.shift_ends) for each in fleet.couriers.values()]
    places = list(ground.rows)
    found: list[RoadClosed] = []
    for _ in range(_poisson(draw.random(), rates.closures_mean)):
        from_s = round(draw.uniform(min(s for s, _ in spans), max(e for _, e in spans)))
        lasting_s = 600 + waiting_s(draw, rates.closure_s)
        for _try in range(_TRIES):
            place = draw.choice(places)
            share = draw.uniform(0.2, 0.8)
            centre = Place(
                ground.depot.lon + share * (place.lon - ground.depot.lon),
                ground.depot.lat + share * (place.lat - ground.depot.lat),
            )
            closure = Closure(polygon=_square(centre))
            try:
                ground.network.with_closures([closure])
            except ClosureWithoutRoad:
                continue
            told_s = from_s + round(rates.closure_told_s)
            found.append(RoadClosed(closure, from_s, told_s, from_s + lasting_s))
            break
    return found


def _poisson(height: float, mean: float) -> int:
    """The number whose share of all days reaches `height`, 0…1."""
    number, share = 0, math.exp(-mean)
    while height > share and number < 50:
        height -= share
        number += 1
        share *= mean / number
    return number


def _square(centre: Place) -> tuple[Place, ...]:
    north = _SIDE_M / _METRES_PER_DEGREE
    east = north / math.cos(math.radians(centre.lat))
    return tuple(
        Place(round(centre.lon + x * east, 6), round(centre.lat + y * north, 6))
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    )
