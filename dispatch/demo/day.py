"""What a demo day is: its files and how much they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDay:
    """
    The files of a demo day and what they hold.

    `roads` is the extract that was given, or the synthetic one in `folder`. `taobao_orders` come on
    top of `orders`.
    """

    folder: Path
    roads: Path
    households_csv: Path
    orders_csv: Path
    taobao_csv: Path
    fleet_toml: Path
    readme: Path
    depot_id: str
    time_zone: str
    day: date
    seed: int
    households: int
    points: int
    orders: int
    taobao_orders: int
    couriers: int
    synthetic_roads: bool
