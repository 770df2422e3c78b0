"""
A running day at size: `python benchmarks/running_day.py --orders 3000 --couriers 100 --budget 20`.

A morning plan is driven until --until with a little of the world in it (`dispatch.demo.Crew`), while --share of the orders come
during the day; then one next version is made. Prints one JSON line: seconds of each step, and what the version changes.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import Crew, write_demo_day
from dispatch.fates import road_facts
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.planning import plan_day
from dispatch.running.contract import breaches
from dispatch.running.remainder import pose_remainder
from dispatch.running.replanning import replan
from dispatch.running.reshuffling import RESHUFFLED_FEN
from dispatch.running.standing import standings
from dispatch.running.telling import plan_diff
from dispatch.running.watching import whys
from routing.roads.network import RoadNetwork


def run(options: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        day = write_demo_day(
            Path(folder) / "day",
            households=options.households,
            orders=options.orders,
            couriers=options.couriers,
            seed=options.seed,
            day=date(2026, 11, 11),
        )
        network = RoadNetwork.build(day.roads, profiles=("trike", "van"))
        fleet = read_fleet(day.fleet_toml, name="fleet.toml")
        registry = registry_of(read_registry(day.households_csv, name="households.csv").accepted)
        clock = DayClock(day.day, fleet.depot.zone)
        read = read_orders(day.orders_csv, name="orders.csv", day=clock, registry=registry)
    if options.reassign is not None:
        depot = replace(fleet.depot, reassign_cost_fen=round(100 * options.reassign))
        fleet = replace(fleet, depot=depot)
    orders = list(read.accepted)
    random.Random(options.seed).shuffle(orders)
    later = orders[: round(options.share * len(orders))]
    inputs = DayInputs(
        day=DepotDay(CompanyId("demo"), fleet.depot.depot_id, day.day),
        registry=registry,
        fleet=fleet,
        orders=tuple(orders[len(later) :]),
    )
    plan = plan_day(
        inputs,
        network,
        budget_s=options.budget,
        seed=options.seed,
        made_at=datetime(2026, 11, 10, 22, tzinfo=UTC),
    )
    now = clock.moment(round(3600 * options.until))
    events = Crew(options.seed).drive(plan, now)
    steps_s: dict[str, float] = {}

    def lap(name: str, began_s: float) -> None:
        steps_s[name] = round(time.perf_counter() - began_s, 3)

    began_s = time.perf_counter()
    why = whys(plan, events, now=now)
    lap("look", began_s)
    facts = road_facts(events)
    rest = replace(inputs, orders=(*inputs.orders, *later)).as_known(facts)
    began_s = time.perf_counter()
    pose_remainder(rest, network, standings(plan, facts, fleet, now=now), {}, now=now)
    lap("pose", began_s)
    began_s = time.perf_counter()
    found = replan(
        rest,
        network,
        plan,
        facts,
        now=now,
        budget_s=options.search,
        seed=1,
        reshuffled_fen=round(100 * options.reshuffled),
    )
    lap("replan", began_s)
    began_s = time.perf_counter()
    broken = breaches(plan, found.plan, rest, facts, now=now)
    lap("contract", began_s)
    diff = plan_diff(plan, found.plan)
    open_ids = {each.order_id for each in rest.orders}
    announced = {each.order_id for each in plan.promises} & open_ids
    return {
        "orders": len(orders),
        "couriers": len(fleet.couriers),
        "driving": len(plan.routes),
        "open": len(open_ids),
        "new": len(later),
        "why": list(why),
        "steps_s": steps_s,
        "search_s": options.search,
        "breaches": len(broken),
        "first_breach": broken[0].detail if broken else None,
        "announced": len(announced),
        "moved": len(announced.intersection(diff.moved)),
        "retold": len(announced.intersection(diff.retold)),
        "served": found.plan.figures.served,
        "unserved": len(found.plan.unserved),
        "cost_fen": found.plan.figures.cost_fen,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=10)
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument(
        "--budget", type=float, default=10.0, help="Seconds for the morning's plan."
    )
    parser.add_argument("--search", type=float, default=2.0, help="Seconds for the next version.")
    parser.add_argument("--share", type=float, default=0.3, help="Of the orders, which come later.")
    parser.add_argument("--until", type=float, default=10.5, help="Hours of the day.")
    parser.add_argument("--reassign", type=float, help="Yuan for each order that changes courier.")
    parser.add_argument(
        "--reshuffled",
        type=float,
        default=RESHUFFLED_FEN / 100,
        help="Yuan that each stop has to save that comes behind another one.",
    )
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(run(parser.parse_args()), ensure_ascii=False))


if __name__ == "__main__":
    main()
