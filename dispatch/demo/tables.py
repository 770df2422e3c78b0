"""The tables of a demo day, in the columns that docs/files.md describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from dispatch.demo.demand import Request
from dispatch.demo.people import person, phone
from dispatch.demo.sellers import Seller, Sellers, printed

Rows = Iterable[Sequence[object]]
"""The header, then the rows."""

_BRINGING = 3  # every third small shop would bring its parcels to the point; chosen


def registry_rows(rng: np.random.Generator, sellers: Sellers) -> Rows:
    yield (
        "kind", "id", "village", "name", "phone", "lon", "lat", "crs",
        "address", "aliases", "points", "hours", "capacity_pieces", "capacity_volume_l",
    )  # fmt: skip
    for number, seller in enumerate(sellers.sellers):
        brings = not seller.furniture and number % _BRINGING == 0
        yield (
            "household", seller.household_id, seller.village, seller.name, seller.phone,
            *printed(seller.place, seller.datum), seller.datum,
            seller.address, seller.shop, seller.point_id if brings else "", "", "", "",
        )  # fmt: skip
    for point in sellers.points:
        village = point.settlement.name
        yield (
            "point", point.point_id, village, f"{village}代收点", point.keeper_phone,
            *printed(point.settlement.centre, point.datum), point.datum,
            "", "", "", rng.choice(("08:00-19:00", "07:30-12:30;13:30-19:30")), 400, 20_000,
        )  # fmt: skip


def order_rows(requests: Sequence[Request]) -> Rows:
    yield (
        "订单号", "农户", "代收点", "件数", "重量(kg)", "体积(L)",
        "可取时间", "取件时段", "截单时间", "搬运要求", "备注",
    )  # fmt: skip
    for request in requests:
        window = "" if request.window_s is None else "-".join(map(_clock, request.window_s))
        yield (
            request.order_id,
            request.seller.household_id,
            request.seller.point_id if request.at_point else "",
            request.pieces,
            f"{request.weight_g / 1000:g}",
            f"{request.volume_ml / 1000:g}",
            _clock(request.ready_s),
            window,
            _clock(request.cut_off_s),
            "|".join(request.handling),
            request.note,
        )


def _clock(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def taobao_rows(rng: np.random.Generator, sellers: Sequence[Seller], count: int, day: date) -> Rows:
    """As a platform exports them: the addresses are the buyers', who do not exist either."""
    yield (
        "订单编号", "买家会员名", "订单状态", "收货人姓名", "收货地址", "联系手机",
        "宝贝标题", "宝贝总数量", "店铺名称", "件数", "重量(kg)",
    )  # fmt: skip
    cities = (
        "浙江省 杭州市 虚构区 幻想路",
        "广东省 广州市 虚构区 想象街",
        "四川省 成都市 虚构区 乌有巷",
    )
    for number, index in enumerate(rng.permutation(len(sellers))[:count].tolist(), start=1):
        yield (
            f"37{day:%Y%m%d}{number:09d}",
            f"demo_buyer_{number}",
            "买家已付款，等待卖家发货",
            person(rng),
            f"{rng.choice(cities)}{rng.integers(1, 300)}号",
            phone(rng),
            "演示商品",
            1,
            sellers[index].shop,
            1,
            f"{rng.integers(3, 40) / 10:g}",
        )
