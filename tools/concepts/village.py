"""The little invented township of the pictures: its roads, households and points, and how its days are planned."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.fates import RoadFacts
from dispatch.fleet import (
    Courier,
    CourierId,
    Depot,
    Fleet,
    SwapPlace,
    VehicleModel,
    VehicleModelId,
)
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan
from dispatch.planning import plan_day
from routing.places import Place
from routing.roads.network import RoadNetwork

DAY: Final = date(2026, 11, 11)
ZONE: Final = ZoneInfo("Asia/Shanghai")

_WEST, _SOUTH = 118.1, 33.9
_LON_M, _LAT_M = 92_400.0, 110_900.0
"""Metres of a degree at 33.9° north; that a picture is a metre out harms nobody."""

ITERATIONS: Final = 50_000
"""Far more than the dozen stops of a picture need."""


@dataclass(frozen=True, slots=True)
class Metres:
    """A spot of the township: metres east and north of its depot."""

    east: float
    north: float

    @property
    def place(self) -> Place:
        return Place(_WEST + self.east / _LON_M, _SOUTH + self.north / _LAT_M)


def metres_of(lat: float, lon: float) -> Metres:
    return Metres((lon - _WEST) * _LON_M, (lat - _SOUTH) * _LAT_M)


@dataclass(frozen=True, slots=True)
class Street:
    """Corners in metres; `width_m`, where stated, keeps wider vehicles out."""

    corners: tuple[tuple[int, int], ...]
    highway: str = "residential"
    width_m: float | None = None


# Each corner that two streets share is a junction.
STREETS: Final = (
    Street(((-1900, 0), (-1100, 0), (0, 0), (1000, 0), (1850, 0)), "tertiary"),
    Street(((0, 0), (0, 800), (0, 1450)), "tertiary"),
    Street(((-1900, 850), (-1100, 800), (0, 800), (1000, 750), (1850, 1000)), "tertiary"),
    Street(((-1100, 0), (-1100, 400), (-1100, 800))),
    Street(((-1900, 0), (-1900, 400), (-1900, 850))),
    Street(((-1900, 400), (-1100, 400))),
    Street(((1000, 0), (1000, 400), (1000, 750))),
    Street(((1850, 0), (1850, 450), (1850, 1000))),
    Street(((1000, 400), (1850, 450)), width_m=1.5),
    Street(((-750, 1450), (0, 1450), (700, 1380))),
)

DOORS: Final[Mapping[str, Metres]] = {
    "w1": Metres(-1100, 200),
    "w2": Metres(-1450, 400),
    "w3": Metres(-1900, 620),
    "w4": Metres(-1480, 824),
    "w5": Metres(-1900, 180),
    "e1": Metres(1000, 230),
    "e2": Metres(1400, 424),
    "e3": Metres(1850, 730),
    "e4": Metres(1420, 874),
    "e5": Metres(1850, 210),
    "n1": Metres(-600, 1450),
    "n2": Metres(540, 1396),
    "n3": Metres(0, 1120),
}
POINTS: Final[Mapping[str, Metres]] = {"pw": Metres(-1100, 560), "pn": Metres(0, 1360)}
_VILLAGES: Final = {"w": "West", "e": "East", "n": "North"}

TRIKE: Final = VehicleModel(
    model_id=VehicleModelId("trike"),
    profile="trike",
    capacity_pieces=120,
    trips_max=4,
    fixed_cost_fen=3_000,
    cost_per_km_fen=15,
    cost_per_hour_fen=2_500,
)
OLDER: Final = replace(TRIKE, model_id=VehicleModelId("older"), cost_per_km_fen=16)
"""Whom c1 is not: no two couriers are equal, so that no picture hangs on who was tried first."""
VAN: Final = replace(
    TRIKE, model_id=VehicleModelId("van"), profile="van", capacity_pieces=600, fixed_cost_fen=8_000
)


@cache
def roads() -> RoadNetwork:
    """The township's network, built from a real OSM file as any other."""
    numbers: dict[tuple[int, int], int] = {}
    for street in STREETS:
        for corner in street.corners:
            numbers.setdefault(corner, 1 + len(numbers))
    told = []
    for corner, number in numbers.items():
        place = Metres(*corner).place
        told.append(
            f'<node id="{number}" lat="{place.lat:.7f}" lon="{place.lon:.7f}" version="1"/>'
        )
    for number, street in enumerate(STREETS, start=1):
        tags = {"highway": street.highway}
        if street.width_m is not None:
            tags["maxwidth"] = str(street.width_m)
        told += [f'<way id="{number}" version="1">']
        told += [f'<nd ref="{numbers[corner]}"/>' for corner in street.corners]
        told += [f'<tag k="{key}" v="{value}"/>' for key, value in tags.items()]
        told += ["</way>"]
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "township.osm"
        extract.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(told)}</osm>')
        return RoadNetwork.build(extract, profiles=("trike", "van"))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=ZONE)


def courier(name: str, **facts: Any) -> Courier:
    model = TRIKE if name == "c1" else OLDER
    stated = {"model_id": model.model_id, "shift_starts": time(8), "shift_ends": time(18, 30)}
    return Courier(courier_id=CourierId(name), name="", **(stated | facts))


def order(door: str, **facts: Any) -> Order:
    """An order of a household; its id is the household's unless stated."""
    stated = {"order_id": OrderId(door), "household_id": HouseholdId(door), "pieces": 10}
    return Order(**(stated | facts))


def a_day(
    orders: Iterable[Order],
    *couriers: Courier,
    model: Mapping[str, Any] | None = None,
    accept: Mapping[str, Sequence[str]] | None = None,
    swaps: Sequence[SwapPlace] = (),
    **depot: Any,
) -> DayInputs:
    """
    `model` are facts of every three-wheeler, `accept` the points to which households bring parcels.

    Without slack, unless stated: each picture shows its own rule.
    """
    registry = Registry(
        households={
            HouseholdId(name): Household(
                household_id=HouseholdId(name),
                village=_VILLAGES[name[0]],
                name="",
                place=spot.place,
                points=tuple(map(PointId, (accept or {}).get(name, ()))),
            )
            for name, spot in DOORS.items()
        },
        points={
            PointId(name): CollectionPoint(
                point_id=PointId(name), village=_VILLAGES[name[1]], name=name, place=spot.place
            )
            for name, spot in POINTS.items()
        },
    )
    models = (replace(TRIKE, **(model or {})), replace(OLDER, **(model or {})), VAN)
    fleet = Fleet(
        depot=Depot(
            depot_id=DepotId("depot"), name="", place=Metres(0, 0).place, **{"slack_s": 0} | depot
        ),
        models={each.model_id: each for each in models},
        couriers={each.courier_id: each for each in couriers},
        swaps=tuple(swaps),
    )
    return DayInputs(
        day=DepotDay(CompanyId("concepts"), DepotId("depot"), DAY),
        registry=registry,
        fleet=fleet,
        orders=tuple(orders),
    )


def plan_of(
    inputs: DayInputs,
    *,
    start: Plan | None = None,
    facts: RoadFacts | None = None,
    now: datetime | None = None,
) -> Plan:
    """The plan that the product makes of the day."""
    return plan_day(
        inputs,
        roads(),
        budget_s=3_600,
        iterations=ITERATIONS,
        seed=1,
        made_at=now or at(6),
        start=start,
        facts=facts,
    )
