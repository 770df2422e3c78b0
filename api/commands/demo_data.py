"""`cunlu demo-data`: the files of a demo day, as a user would bring them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api.commands.console import AsJson, DayText, date_of, print_json, progress
from dispatch.demo import write_demo_day

app = typer.Typer()

_ZONE = ZoneInfo("Asia/Shanghai")


@app.command("demo-data")
def demo_data(
    *,
    out: Annotated[Path, typer.Option(help="New folder, or one with an earlier demo day.")],
    households: Annotated[int, typer.Option(help="Sellers in the registry.")] = 600,
    orders: Annotated[int, typer.Option(help="Orders of the day.")] = 300,
    couriers: Annotated[int, typer.Option(help="Couriers of the fleet.")] = 10,
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 1,
    osm: Annotated[
        Path | None, typer.Option(help="Extract whose real roads to use; else a synthetic county.")
    ] = None,
    day: DayText = None,
    as_json: AsJson = False,
) -> None:
    """
    Write the files of a demo day.

    Roads, registry, orders and fleet in the formats that a user would bring.

    Example: `cunlu demo-data --households 600 --orders 300 --couriers 10 --seed 1 --out demo`
    """
    with progress("demo day") as tell:
        written = write_demo_day(
            out,
            households=households,
            orders=orders,
            couriers=couriers,
            seed=seed,
            day=date_of(day) or datetime.now(_ZONE).date(),
            osm=osm,
            on_progress=lambda step: tell(f"demo day: {step}"),
        )
    if as_json:
        print_json(
            {
                "folder": str(written.folder),
                "roads": str(written.roads),
                "day": written.day,
                "households": written.households,
                "points": written.points,
                "orders": written.orders,
                "couriers": written.couriers,
                "synthetic_roads": written.synthetic_roads,
            }
        )
        return
    typer.echo(
        f"{written.folder}: {written.households:,} households, {written.points:,} points, "
        f"{written.orders:,} orders and {written.couriers:,} couriers for {written.day}"
    )
    typer.echo(f"roads: {written.roads}")
