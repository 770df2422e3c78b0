"""The orders of a demo day: who sells how much today, what it weighs and when it is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.demo.sellers import Seller, shares
from dispatch.orders import Handling

# Chosen by what the press reports of Taobao villages, not measured, unless a source is named.
ORDERS_PER_SHOP = 2  # mean of the shops that sell at all today
_ZIPF = 0.8  # exponent: the first of 1,500 shops then sells about 90 a day, as a factory shop does
_READY_PEAKS_S = (10 * 3600 + 2700, 15 * 3600)  # late morning and mid-afternoon
_READY_SPREAD_S = 50 * 60
_READY_FROM_S, _READY_UNTIL_S = 8 * 3600, 16 * 3600 + 1800
_ANY_TIME = 0.15  # ready since yesterday evening: no time stated
_WINDOWED = 0.2
_WINDOWS_END_S = 17 * 3600 + 1800
EARLY_TRUCK_S = 12 * 3600 + 1800
_EARLY = 0.08  # must catch the midday truck
_EARLY_READY_S = 10 * 3600
_AT_POINT = 0.12  # left at the village's collection point; furniture never is
_NOTED = 0.06
_NOTES = ("放在门口", "请提前打电话", "侧门取件", "村委会西50米", "院内有狗，请敲门", "易碎轻放")
_TWO_PERSON_G = 32_000  # one person lifts no more
_STEP_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One row of orders.csv; times are seconds since local midnight."""

    order_id: str
    seller: Seller
    at_point: bool
    pieces: int
    weight_g: int
    volume_ml: int
    ready_s: int | None
    window_s: tuple[int, int] | None
    cut_off_s: int | None
    handling: tuple[Handling, ...]
    note: str


def demand(
    rng: np.random.Generator, sellers: Sequence[Seller], orders: int, *, id_prefix: str
) -> tuple[Request, ...]:
    """Exactly `orders` requests, in the order in which they came in: ids count from 1."""
    per_seller = _sales(rng, len(sellers), orders)
    seller_of = rng.permutation(np.repeat(np.arange(len(sellers)), per_seller))
    return tuple(
        _request(rng, sellers[index], f"{id_prefix}-{number:06d}")
        for number, index in enumerate(seller_of.tolist(), start=1)
    )


def _sales(rng: np.random.Generator, shops: int, orders: int) -> NDArray[np.int64]:
    """Orders of each shop today: one for each active shop, the rest by Zipf's law."""
    active = min(shops, max(1, orders // ORDERS_PER_SHOP))
    ranked = 1 + shares(orders - active, np.arange(1, active + 1, dtype=np.float64) ** -_ZIPF)
    sales = np.zeros(shops, dtype=np.int64)
    sales[rng.permutation(shops)[:active]] = ranked
    return sales


def _request(rng: np.random.Generator, seller: Seller, order_id: str) -> Request:
    request = (
        _furniture(rng, seller, order_id) if seller.furniture else _small(rng, seller, order_id)
    )
    if rng.random() < _NOTED:
        return replace(request, note=str(rng.choice(_NOTES)))
    return request


def _furniture(rng: np.random.Generator, seller: Seller, order_id: str) -> Request:
    weight_g = int(np.clip(rng.lognormal(np.log(17_000), 0.45), 8_000, 45_000))
    heavy = (Handling.TWO_PERSON,) if weight_g > _TWO_PERSON_G else ()
    request = Request(
        order_id=order_id,
        seller=seller,
        at_point=False,
        pieces=2 if rng.random() < 0.2 else 1,
        weight_g=weight_g // 100 * 100,
        # Flat packs: about six litres a kilogram.
        volume_ml=int(weight_g * rng.uniform(4.0, 8.0)) // 1000 * 1000,
        ready_s=None,
        window_s=None,
        cut_off_s=None,
        handling=(Handling.BULKY, *heavy),
        note="",
    )
    return _timed(rng, request)


def _small(rng: np.random.Generator, seller: Seller, order_id: str) -> Request:
    pieces = 1 + int(rng.random() < 0.15) + int(rng.random() < 0.05)
    weight_g = int(np.clip(pieces * rng.lognormal(np.log(1_100), 0.7), 300, 5_000))
    handling = (Handling.FRAGILE,) if rng.random() < 0.04 else ()
    request = Request(
        order_id=order_id,
        seller=seller,
        at_point=bool(rng.random() < _AT_POINT),
        pieces=pieces,
        weight_g=weight_g // 10 * 10,
        volume_ml=int(weight_g * rng.uniform(3.0, 9.0)) // 100 * 100,
        ready_s=None,
        window_s=None,
        cut_off_s=None,
        handling=handling,
        note="",
    )
    return _timed(rng, request)


def _timed(rng: np.random.Generator, request: Request) -> Request:
    """The same with times that agree with each other, all of them whole five minutes."""
    kind = rng.random()
    if kind < _EARLY:
        ready_s = int(rng.integers(_READY_FROM_S, _EARLY_READY_S + 1)) // _STEP_S * _STEP_S
        return replace(request, ready_s=ready_s, cut_off_s=EARLY_TRUCK_S)
    ready_s = _ready(rng)
    # Nobody waits for the courier at a collection point: its opening hours are the window.
    if kind < _EARLY + _WINDOWED / (1 - _AT_POINT) and not request.at_point:
        length_s = int(rng.integers(5, 11)) * 1800 // 2 * 2
        begins_s = min(ready_s, _WINDOWS_END_S - length_s)
        return replace(request, ready_s=begins_s, window_s=(begins_s, begins_s + length_s))
    if rng.random() < _ANY_TIME:
        return request
    return replace(request, ready_s=ready_s)


def _ready(rng: np.random.Generator) -> int:
    peak_s = _READY_PEAKS_S[int(rng.random() < 0.5)]
    ready_s = int(np.clip(rng.normal(peak_s, _READY_SPREAD_S), _READY_FROM_S, _READY_UNTIL_S))
    return ready_s // _STEP_S * _STEP_S
