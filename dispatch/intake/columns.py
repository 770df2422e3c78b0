"""Which header means what: our own column names, the platforms' exports, and a company's own mapping."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from dispatch.intake.problems import (
    ColumnsMissing,
    ColumnUnclear,
    MappingInvalid,
    MappingUnknown,
)

ColumnNames = Mapping[str, tuple[str, ...]]
"""Our column name -> every other header that means the same."""

_PLACE: Final[ColumnNames] = {
    "lon": ("lng", "longitude", "经度"),
    "lat": ("latitude", "纬度"),
    "crs": ("datum", "坐标系"),
}

_SOFTNESS: Final[ColumnNames] = {
    "early_yuan_per_minute": ("早到费(元/分钟)",),
    "late_yuan_per_minute": ("晚到费(元/分钟)",),
    "missed_max_minutes": ("错过上限(分钟)",),
}

ORDER_COLUMNS: Final[ColumnNames] = {
    "id": ("order_id", "order", "订单号", "订单编号", "单号"),
    "household": ("household_id", "农户", "农户编号", "农户号", "商户编号", "卖家编号"),
    "shop": ("seller", "店铺", "店铺名称", "网店", "卖家"),
    "point": ("point_id", "代收点", "代收点编号", "村级代收点"),
    "points": ("可送代收点", "愿送代收点"),
    "pickup_address": ("取件地址", "取件地点", "揽收地址", "寄件地址"),
    **_PLACE,
    "pieces": ("parcels", "件数", "包裹数"),
    "weight_kg": ("重量(kg)", "重量(公斤)", "重量(千克)"),
    "weight_g": ("重量(g)", "重量(克)"),
    "weight_jin": ("重量(斤)",),
    "volume_l": ("体积(l)", "体积(升)"),
    "volume_ml": ("volume_cm3", "体积(ml)", "体积(毫升)", "体积(cm3)"),
    "volume_m3": ("体积(m3)", "体积(立方米)", "体积(方)"),
    "ready": ("ready_at", "可取时间", "备好时间", "最早取件时间"),
    "windows": ("window", "取件时段", "取件时间", "时间窗", "上门时间"),
    "cut_off": ("cutoff", "截单", "截单时间"),
    "late_cost_yuan": ("误班费(元)", "误班费用(元)"),
    "handling": ("搬运要求", "处理要求"),
    **_SOFTNESS,
    "joint": ("joint_id", "联单", "联单号"),
    "joint_rules": ("联单要求",),
    "joint_by": ("联单截止",),
    "joint_at": ("集中地点",),
    "drop_household": ("送达农户", "送达农户编号"),
    "drop_point": ("送达代收点", "送达代收点编号"),
    "drop_lon": ("送达经度",),
    "drop_lat": ("送达纬度",),
    "drop_windows": ("送达时段",),
    "drop_service_minutes": ("送达用时(分钟)",),
    "drop_note": ("送达备注",),
    "note": ("备注",),
}

PLACE_COLUMNS: Final[ColumnNames] = {"id": ("编号",), **_PLACE}

REGISTRY_COLUMNS: Final[ColumnNames] = {
    "kind": ("类型",),
    "id": ("household_id", "point_id", "编号", "农户编号", "代收点编号"),
    "village": ("村", "村庄", "行政村"),
    "name": ("姓名", "名称", "户主", "农户"),
    "phone": ("电话", "手机", "联系电话", "手机号"),
    **_PLACE,
    "address": ("地址",),
    "aliases": ("alias", "别名", "店铺名称"),
    "hours": ("opening_hours", "营业时间"),
    "capacity_pieces": ("容量(件)",),
    "capacity_volume_l": ("容量(l)", "容量(升)"),
    "takes_bulky": ("收大件",),
    "points": ("可送代收点", "愿送代收点"),
    **_SOFTNESS,
}

_UNIT_WANTED: Final = re.compile(r"weight|volume|重量|体积")
_WHOSE_ADDRESS: Final = frozenset({"address", "地址"})

_DROPS: Final = frozenset(each for each in ORDER_COLUMNS if each.startswith("drop_"))
_ADDABLE: Final = frozenset(ORDER_COLUMNS) - _DROPS - {"id", "shop", "note", "lon", "lat", "crs"}
"""Our columns that a company may add to a platform's export. Not those whose names an export might
itself use for the buyer."""

_BUYERS: Final = re.compile(r"^(收货|收件|买家|联系|修改后的收货|receiver|buyer|consignee)|收货")
"""Headers of the buyer, whose data is neither read nor stored."""


@cache
def folded(header: str) -> str:
    """`header` without what people vary: width, capitals, spaces, underscores, brackets."""
    return re.sub(r"[\s_()\[\]{}【】-]+", "", unicodedata.normalize("NFKC", header).casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMapping:
    """
    How a platform's order export reads as our columns, as data.

    recognised_by
        Sets of headers; all headers of any one set recognise the export.
    columns
        Our column -> their headers; the first that is filled in a row wins.
    leave_out
        Their header -> words; a row with such a word there is not to be collected.
    lines_of_one_order
        Rows are goods: those of one order id (or with a blank id below it) are one order, pieces
        are summed.
    """

    name: str
    recognised_by: tuple[frozenset[str], ...]
    columns: Mapping[str, tuple[str, ...]]
    leave_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lines_of_one_order: bool = False

    def recognises(self, header: Sequence[str]) -> bool:
        there = {folded(each) for each in header}
        return any({folded(each) for each in every} <= there for every in self.recognised_by)


_HOUSEHOLD: Final = ("农户", "农户编号", "商户编号")

# Sources: headers of real exports as read by open programs that import them (2015-2026).
PLATFORMS: Final[Mapping[str, ExportMapping]] = {
    each.name: each
    for each in (
        ExportMapping(
            name="1688",
            recognised_by=(
                frozenset({"订单编号", "卖家会员名"}),
                frozenset({"订单编号", "卖家公司名"}),
            ),
            columns={
                "id": ("订单编号",),
                "household": _HOUSEHOLD,
                "shop": ("卖家会员名", "卖家公司名"),
                "pieces": ("件数", "数量"),
            },
            leave_out={"订单状态": frozenset({"交易关闭", "交易取消", "等待买家付款", "交易成功"})},
            lines_of_one_order=True,
        ),
        ExportMapping(
            name="taobao",
            recognised_by=(frozenset({"订单编号", "宝贝总数量"}),),
            columns={
                "id": ("订单编号",),
                "household": _HOUSEHOLD,
                "shop": ("店铺名称",),
                "pieces": ("件数", "宝贝总数量"),
            },
            leave_out={"订单状态": frozenset({"交易关闭", "等待买家付款", "交易成功"})},
        ),
        ExportMapping(
            name="pinduoduo",
            recognised_by=(frozenset({"订单号", "商品数量(件)"}),),
            columns={
                "id": ("订单号",),
                "household": _HOUSEHOLD,
                "shop": ("店铺名称",),
                "pieces": ("件数", "商品数量(件)"),
            },
            leave_out={
                "订单状态": frozenset({"已取消", "待支付", "已收货"}),
                "售后状态": frozenset({"退款成功"}),
            },
        ),
    )
}


def mapping_named(name: str, *, file: str) -> ExportMapping:
    """
    The built-in mapping `name`.

    Raises
    ------
    MappingUnknown
        There is none; the message lists them.
    """
    try:
        return PLATFORMS[name]
    except KeyError:
        listed = ", ".join(sorted(PLATFORMS))
        raise MappingUnknown(
            file, f"there is no mapping {name!r}", f"choose one of {listed}, or write a TOML file"
        ) from None


def recognised(header: Sequence[str]) -> ExportMapping | None:
    """The platform whose export has this header, if any."""
    return next((each for each in PLATFORMS.values() if each.recognises(header)), None)


def mapping_from_toml(text: str, *, name: str) -> ExportMapping:
    """
    A company's own mapping; docs/files.md shows one.

    Raises
    ------
    MappingInvalid
        No TOML, an unknown key or column, or a column of the buyer.
    """

    def refuse(detail: str) -> MappingInvalid:
        return MappingInvalid(name, detail, "docs/files.md shows a mapping")

    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        raise refuse(f"it is no TOML ({failure})") from failure
    allowed = {"name", "recognised_by", "lines_of_one_order", "columns", "leave_out"}
    if unknown := sorted(set(raw) - allowed):
        raise refuse(f"it has the unknown key {unknown[0]!r}")
    columns = _texts_by_key(raw.get("columns"))
    leave_out = _texts_by_key(raw.get("leave_out", {}))
    by = raw.get("recognised_by", [])
    called, goods = raw.get("name", name), raw.get("lines_of_one_order", False)
    if columns is None or leave_out is None or not columns.get("id"):
        raise refuse("[columns] and [leave_out] hold lists of headers, and [columns] has an id")
    if not _texts(by) or not isinstance(called, str) or not isinstance(goods, bool):
        raise refuse("recognised_by is a list of headers, name a text, lines_of_one_order a truth")
    if unknown := sorted(set(columns) - set(ORDER_COLUMNS)):
        raise refuse(f"[columns] names {unknown[0]!r}, which is no column of ours")
    for header in (header for headers in columns.values() for header in headers):
        if _BUYERS.search(folded(header)):
            raise refuse(f"{header!r} is the buyer's, and no order is picked up at the buyer")
    return ExportMapping(
        name=called,
        recognised_by=(frozenset(by),) if by else (),
        columns=columns,
        leave_out={key: frozenset(words) for key, words in leave_out.items()},
        lines_of_one_order=goods,
    )


def _texts(raw: Any) -> bool:
    return isinstance(raw, list) and all(isinstance(each, str) for each in raw)


def _texts_by_key(raw: Any) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(raw, dict) or not all(_texts(each) for each in raw.values()):
        return None
    return {key: tuple(each) for key, each in raw.items()}


@dataclass(frozen=True, slots=True)
class Columns:
    """Our column -> the file's headers that fill it, best first; and the headers nobody reads."""

    headers: Mapping[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    def cell(self, cells: Mapping[str, str], column: str) -> str:
        """The first filled cell for `column`; empty if there is none."""
        for header in self.headers.get(column, ()):
            if value := cells.get(header):
                return value
        return ""

    def header(self, cells: Mapping[str, str], column: str) -> str:
        """The header under which the file has `column` in this row, for a report."""
        headers = self.headers.get(column, ())
        return next(
            (each for each in headers if cells.get(each)), headers[0] if headers else column
        )


def own_columns(header: Sequence[str], names: ColumnNames, *, file: str) -> Columns:
    """
    Our own format's columns in `header`.

    Raises
    ------
    ColumnUnclear
        A column without its unit, a misspelt one, two for one thing, or an address that may be the
        buyer's.
    """
    meaning = _meanings(names)
    found: dict[str, list[str]] = defaultdict(list)
    ignored: list[str] = []
    for each in filter(None, header):
        if ours := meaning.get(folded(each)):
            found[ours].append(each)
        else:
            ignored.append(each)
    for ours, headers in found.items():
        if len(headers) > 1:
            raise ColumnUnclear(
                file, f"both {headers[0]!r} and {headers[1]!r} mean {ours}", "keep one of them"
            )
    for each in ignored:
        _refuse_unclear(each, names, found, file)
    return Columns({ours: tuple(headers) for ours, headers in found.items()}, tuple(ignored))


@cache
def _folded_names(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, str]:
    return {folded(each): ours for ours, others in names for each in (ours, *others)}


def _meanings(names: ColumnNames) -> Mapping[str, str]:
    """Folded header -> our column."""
    return _folded_names(tuple(names.items()))


def _refuse_unclear(header: str, names: ColumnNames, found: Mapping[str, Any], file: str) -> None:
    key = folded(header)
    if "shop" in names:  # an order's columns
        if _UNIT_WANTED.match(key):
            raise ColumnUnclear(
                file,
                f"the column {header!r} names no unit that we know",
                "name it weight_kg, weight_g, weight_jin, volume_l, volume_ml or volume_m3",
            )
        if key in _WHOSE_ADDRESS:
            raise ColumnUnclear(
                file,
                f"the column {header!r} may be the buyer's address",
                "name it 'pickup_address' if parcels are picked up there, else remove it",
            )
    if _BUYERS.search(key):
        return
    meaning = _meanings(names)
    free = [each for each, ours in meaning.items() if ours not in found]
    # 0.84 takes one wrong letter in a word of six; short headers must be right. Chosen.
    if close := difflib.get_close_matches(key, free, n=1, cutoff=0.84):
        raise ColumnUnclear(
            file,
            f"the column {header!r} is unknown: did you mean {meaning[close[0]]!r}?",
            "correct its name, or remove it",
        )


def mapped_columns(header: Sequence[str], mapping: ExportMapping, *, file: str) -> Columns:
    """
    The columns of a platform's export in `header`, plus ours where a company added them.

    Raises
    ------
    ColumnsMissing
        No column holds the order's id.
    """
    there: dict[str, str] = {}
    for each in filter(None, header):
        there.setdefault(folded(each), each)
    headers: dict[str, tuple[str, ...]] = {}
    for ours in ORDER_COLUMNS:
        named = list(mapping.columns.get(ours, ()))
        if ours in _ADDABLE:
            named += [ours, *ORDER_COLUMNS[ours]]
        present = tuple(dict.fromkeys(there[folded(n)] for n in named if folded(n) in there))
        if present:
            headers[ours] = present
    if "id" not in headers:
        raise ColumnsMissing(
            file,
            f"the mapping {mapping.name!r} finds no order id",
            f"it reads {' or '.join(mapping.columns['id'])}; check the export or choose another",
        )
    read = {each for some in headers.values() for each in some}
    read |= {there[folded(each)] for each in mapping.leave_out if folded(each) in there}
    return Columns(headers, tuple(each for each in header if each and each not in read))


def has_columns(header: Sequence[str], names: ColumnNames, required: Sequence[str]) -> bool:
    """Whether `header` is a header of ours: it holds all of `required`."""
    meaning = _meanings(names)
    return set(required) <= {meaning.get(folded(each)) for each in header}
