"""The registry of a demo day: shops in the houses of the depot's settlements, a point in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.demo.landscape import Landscape, Settlement
from dispatch.demo.people import person, phone, shop
from routing.places import Datum, Place, great_circle_m, in_china, to_datum

REACH_M = 12_000.0  # a township depot collects about this far around; chosen
_SHOPS_PER_SETTLEMENT = 20  # fewer shops reach less far, so that villages stay worth a trip; chosen
_HOME_SHARE, _OTHER_SHARE = (
    1.0,
    0.3,
)  # how likely a house has a shop, in the depot's town and around
_DATUMS = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
_DATUM_SHARES = (0.7, 0.2, 0.1)  # registries are filled from several maps; chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """A household with its shop. `furniture` decides what its parcels are like."""

    household_id: str
    village: str
    town: str
    name: str
    phone: str
    shop: str
    furniture: bool
    address: str
    place: Place
    datum: Datum
    point_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A village collection point in the middle of its settlement."""

    point_id: str
    settlement: Settlement
    keeper_phone: str
    datum: Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class Sellers:
    """Sellers lie village by village; each village that has one also has a point."""

    sellers: tuple[Seller, ...]
    points: tuple[Point, ...]


def settle(
    rng: np.random.Generator, landscape: Landscape, households: int, *, furniture_share: float
) -> Sellers:
    """
    Put exactly `households` shops into the houses of settlements near the depot.

    `furniture_share` is the share of furniture shops in the towns that make furniture. Where there
    are more shops than houses, several share one, as they do in life.
    """
    within = _within_reach(landscape, households)
    home = within[0].town
    weights = np.array(
        [
            len(settlement.houses_lon_lat)
            * (_HOME_SHARE if settlement.town == home else _OTHER_SHARE)
            for settlement in within
        ]
    )
    sellers: list[Seller] = []
    points: list[Point] = []
    shop_names: set[str] = set()
    for settlement, count in zip(within, shares(households, weights).tolist(), strict=True):
        if not count:
            continue
        point = Point(
            point_id=f"P{len(points) + 1:03d}",
            settlement=settlement,
            keeper_phone=phone(rng),
            datum=_datum(rng, settlement.centre),
        )
        points.append(point)
        for lon, lat in settlement.houses_lon_lat[_houses(rng, settlement, count)].tolist():
            owner = person(rng)
            furniture = settlement.town in landscape.bulky_towns and rng.random() < furniture_share
            shop_name = shop(rng, owner, furniture=furniture)
            if shop_name in shop_names:
                shop_name += f"{len(sellers) + 1}店"
            shop_names.add(shop_name)
            place = Place(round(lon, 6), round(lat, 6))
            sellers.append(
                Seller(
                    household_id=f"H{len(sellers) + 1:05d}",
                    village=settlement.name,
                    town=settlement.town,
                    name=owner,
                    phone=phone(rng),
                    shop=shop_name,
                    furniture=furniture,
                    address=f"{rng.integers(1, 13)}组{rng.integers(1, 200)}号",
                    place=place,
                    datum=_datum(rng, place),
                    point_id=point.point_id,
                )
            )
    return Sellers(sellers=tuple(sellers), points=tuple(points))


def shares(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """`total` in whole parts as near as can be to `weights`; the earlier wins a tie."""
    exact = total * weights / weights.sum()
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - whole.sum()]] += 1
    return whole


def printed(place: Place, datum: Datum) -> tuple[str, str]:
    """Longitude and latitude as a map in `datum` shows them, to 0.1 m."""
    lon, lat = to_datum(place, datum)
    return f"{lon:.6f}", f"{lat:.6f}"


def _within_reach(landscape: Landscape, households: int) -> Sequence[Settlement]:
    nearest = landscape.settlements  # nearest first
    metres = [great_circle_m(landscape.depot, settlement.centre) for settlement in nearest]
    near = sum(apart_m <= REACH_M for apart_m in metres)
    return nearest[: max(1, min(near, max(3, households // _SHOPS_PER_SETTLEMENT)))]


def _houses(rng: np.random.Generator, settlement: Settlement, count: int) -> NDArray[np.int64]:
    """Indices of houses, each taken once before any is taken again."""
    houses = len(settlement.houses_lon_lat)
    rounds = [rng.permutation(houses) for _ in range(-(-count // houses))]
    return np.concatenate(rounds)[:count]


def _datum(rng: np.random.Generator, place: Place) -> Datum:
    choice = _DATUMS[int(rng.choice(len(_DATUMS), p=_DATUM_SHARES))]
    return choice if in_china(place.lon, place.lat) else Datum.WGS84
