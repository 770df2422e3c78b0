"""The README.md of a demo day: what is what, how it was made, and that none of it is real."""

from __future__ import annotations

from typing import Final

from dispatch.demo.day import DemoDay

MARKER: Final = "<!-- cunlu demo day -->"
"""A folder whose README.md holds this may be overwritten by another demo day."""


def readme(demo: DemoDay, source: str) -> str:
    """The text in Chinese and English; `source` says where roads and names come from."""
    roads = "roads.osm.pbf" if demo.synthetic_roads else demo.roads.name
    roads_zh = "虚构的" if demo.synthetic_roads else "真实的（不在本文件夹内）"
    roads_en = "synthetic" if demo.synthetic_roads else "real (not in this folder)"
    return f"""{MARKER}
# 演示日 {demo.day} · A demo day

**虚构数据。** 村庄位置、房屋、人员、网店、电话和订单都是程序生成的，请勿当作真实信息使用。
**Synthetic data.** Where villages and houses lie, people, shops, telephone numbers and orders are
made up by a program. Show this wherever you show the data.

| 文件 file | 内容 | what |
|---|---|---|
| `{roads}` | 道路，{roads_zh} | roads, {roads_en} |
| `households.csv` | {demo.households} 家网店、{demo.points} 个代收点；坐标有 WGS-84、GCJ-02、BD-09（见 `crs` 列） | {demo.households} households with a shop and {demo.points} collection points; see column `crs` |
| `orders.csv` | {demo.orders} 个揽件订单（UTF-8 带 BOM） | {demo.orders} pickup orders (UTF-8 with BOM) |
| `taobao-export.csv` | 另外 {demo.taobao_orders} 个平台导出的订单（GB18030）；地址是买家的 | {demo.taobao_orders} more orders as a selling platform exports them (GB18030); the addresses are the buyers' |
| `fleet.toml` | 网点、车型、{demo.couriers} 名揽件员 | depot, vehicle models, {demo.couriers} couriers |

{source}

生成参数 made with: seed {demo.seed}, day {demo.day}, households {demo.households}, orders {demo.orders}, couriers {demo.couriers}, depot `{demo.depot_id}`, time zone {demo.time_zone}.
相同参数得到完全相同的文件。The same arguments give the same bytes.
电话以 100 开头，不是手机号。Telephone numbers begin with 100: no mobile number does.
"""
