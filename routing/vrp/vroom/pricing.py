"""
VROOM's costs as whole numbers: prices of every way, and what the problem's metres stand for.

VROOM pays for driving and working, never for waiting, while a problem's seconds run from leaving to the return. So
seconds cost nothing here where anybody has a clock, and the problem's "metres" are prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.vroom.body import Body, Vehicle
from routing.vrp.vroom.ground import Ground
from routing.vrp.vroom.layout import OPEN, Layout

HUNDREDTHS: Final = 100
"""VROOM counts in hundredths of a second, so that a `speed_factor` of two digits is exact enough."""

PER_UNIT: Final = 360_000
"""So many of VROOM's inner units of cost make one: hundredths of a second times an hour's seconds."""

PER_METRE: Final = 360
"""Inner units of a metre at a price of 1 a kilometre."""


def hundredths_of(vehicle: Vehicle) -> int:
    """Hundredths that the vehicle drives for a second of the matrix; rounded as VROOM rounds them."""
    return round(HUNDREDTHS / vehicle.speed_factor)


def hour_price(vehicle: Vehicle, *, has_clock: bool) -> int:
    """
    Inner units of a second of the matrix.

    VROOM tells the price of what was driven where anybody has a clock, and a price rounded by itself elsewhere.
    """
    if has_clock:
        return vehicle.costs.per_hour * hundredths_of(vehicle)
    return round(HUNDREDTHS / vehicle.speed_factor * vehicle.costs.per_hour)


@dataclass(frozen=True, slots=True)
class Kind:
    """What two vehicles must share to share a matrix."""

    profile: str
    hundredths: int
    per_second: int
    per_metre: int
    per_work: int
    type: str


def kind_of(vehicle: Vehicle, body: Body, layout: Layout) -> Kind:
    by_type = (*layout.setup_s.values(), *layout.more_s.values())
    differs = any(seconds.any() for seconds in by_type)
    return Kind(
        profile=vehicle.profile,
        hundredths=hundredths_of(vehicle),
        per_second=hour_price(vehicle, has_clock=body.has_clock),
        per_metre=PER_METRE * vehicle.costs.per_km,
        per_work=vehicle.costs.per_task_hour if differs else 0,
        type=vehicle.type if differs else "",
    )


def between(table: NDArray[np.int64], layout: Layout) -> NDArray[np.int64]:
    """Values of a body's matrix between all places, shape (places, places); nothing to and from the open."""
    inside = layout.row != OPEN
    spread = np.zeros((len(layout.row), len(layout.row)), np.int64)
    spread[np.ix_(inside, inside)] = table[np.ix_(layout.row[inside], layout.row[inside])]
    return spread


def setups_s(kind: Kind, layout: Layout) -> NDArray[np.int64]:
    """Seconds of setup for each way, shape (places, places)."""
    setup_s = layout.setup_s.get(kind.type, np.zeros(len(layout.row), np.int64))
    return np.where(layout.same_row, 0, setup_s[np.newaxis, :])


def prices(kind: Kind, layout: Layout, ground: Ground) -> NDArray[np.int64]:
    """Inner units of each way, shape (places, places): driving, and setups where work has a price."""
    costs = ground.costs[kind.profile]
    if costs is not None:
        priced = PER_UNIT * between(costs, layout)
    else:
        priced = kind.per_second * between(ground.durations_s[kind.profile], layout)
        distances_m = ground.distances_m[kind.profile]
        if kind.per_metre and distances_m is not None:
            priced += kind.per_metre * between(distances_m, layout)
    if kind.per_work:
        priced += kind.per_work * HUNDREDTHS * setups_s(kind, layout)
    np.fill_diagonal(priced, 0)
    return priced
