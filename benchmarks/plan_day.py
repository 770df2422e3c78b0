"""
Time the whole way from files to a checked plan: `python benchmarks/plan_day.py --orders 3000 --couriers 100 --budget 60`.

Prints one JSON line; with --osm the households stand on the real roads of an extract. With --accept 0.6
that share of the households would bring their parcels to the nearest collection point; without, none. With --unload 10 --docks 2
each piece takes ten seconds to unload, and two couriers can unload at the same time.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import write_demo_day
from dispatch.households import Household, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.plan import Plan
from dispatch.planning import SearchStep, plan_day
from dispatch.posing import pose
from routing.places import great_circle_m
from routing.roads.network import RoadNetwork


class Stopwatch:
    """Seconds of each named step, in order."""

    def __init__(self) -> None:
        self.steps_s: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.steps_s[name] = round(now - self._since, 2)
        self._since = now


def run(options: argparse.Namespace) -> dict[str, object]:
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        day = write_demo_day(
            Path(folder) / "day",
            households=options.households,
            orders=options.orders,
            couriers=options.couriers,
            seed=options.seed,
            day=date(2026, 11, 11),
            osm=options.osm,
        )
        watch.lap("demo data")
        network = RoadNetwork.build(day.roads, profiles=("trike", "van"))
        watch.lap("roads build")
        fleet = read_fleet(day.fleet_toml, name="fleet.toml")
        depot = replace(
            fleet.depot, docks=options.docks, unload_per_piece_s=options.unload_per_piece_s
        )
        fleet = replace(fleet, depot=depot)
        registry = registry_of(read_registry(day.households_csv, name="households.csv").accepted)
        clock = DayClock(day.day, fleet.depot.zone)
        orders = read_orders(day.orders_csv, name="orders.csv", day=clock, registry=registry)
        watch.lap("files in")
    registry = bringing(registry, options.accept, options.seed)
    inputs = DayInputs(
        day=DepotDay(CompanyId("demo"), fleet.depot.depot_id, day.day),
        registry=registry,
        fleet=fleet,
        orders=orders.accepted,
    )
    posed = pose(inputs, network)
    watch.lap("snap, merge, matrices")
    steps: list[SearchStep] = []
    plan = plan_day(
        inputs,
        network,
        budget_s=options.budget,
        seed=options.seed,
        made_at=datetime(2026, 11, 11, tzinfo=UTC),
        on_progress=steps.append,
    )
    watch.lap("plan")
    return {
        "orders": len(orders.accepted),
        "couriers": len(fleet.couriers),
        "accept": options.accept,
        "halts": len({halt.orders for halt in posed.halts}),
        "visits": len(posed.halts),
        "budget_s": options.budget,
        "first_plan_s": steps[0].seconds if steps else None,
        "first_cost_fen": steps[0].cost_fen if steps else None,
        **told(plan),
        "steps_s": watch.steps_s,
    }


def bringing(registry: Registry, share: float, seed: int) -> Registry:
    """The registry, in which so many households, drawn by lot, accept the point nearest to them."""
    chance = random.Random(seed)
    households = {
        key: replace(each, points=_nearest(each, registry) if chance.random() < share else ())
        for key, each in registry.households.items()
    }
    return replace(registry, households=households)


def _nearest(household: Household, registry: Registry) -> tuple[PointId, ...]:
    home = household.place
    if home is None:
        return ()
    points = registry.points.values()
    return (min(points, key=lambda point: great_circle_m(home, point.place)).point_id,)


def told(plan: Plan) -> dict[str, object]:
    figures = plan.figures
    return {
        "served": figures.served,
        "brought": figures.brought,
        "unserved": dict(Counter(each.reason for each in plan.unserved)),
        "routes": figures.couriers,
        "stops": figures.stops,
        "km": round(figures.distance_m / 1000, 1),
        "hours": round(figures.duration_s / 3600, 1),
        "cost_fen": figures.cost_fen,
        "late": figures.late,
        "dock_wait_min": round(
            sum(trip.dock_wait_s for route in plan.routes for trip in route.trips) / 60, 1
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=10)
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument("--budget", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--osm", type=Path)
    parser.add_argument("--accept", type=float, default=0.0, help="Share of households, 0 to 1.")
    parser.add_argument("--docks", type=int, help="As many as couriers unless stated.")
    parser.add_argument("--unload", dest="unload_per_piece_s", type=int, default=0)
    print(json.dumps(run(parser.parse_args()), ensure_ascii=False))


if __name__ == "__main__":
    main()
