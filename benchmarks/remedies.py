"""
Whether remedies hold: `python benchmarks/remedies.py --seeds 1 2 3`.

Village days are made short of couriers, hours, capacity, range and skills in turn, and planned. Of up to
`--sample` unserved stops every remedy is then made, each alone, and the day is searched again from there. It
holds if the stop is served and nothing is lost that was served before. That is looked at by inserting the stop; after
a search in which what is served is promised; and after one that may leave out whatever it likes: that one
exchanges stops of one price, so it is counted as well whether it serves more than before.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from datetime import time as local_time
from pathlib import Path
from typing import Final

from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import write_demo_day
from dispatch.fleet import Fleet, VehicleModel
from dispatch.inputs import DayInputs
from dispatch.intake import read_fleet, read_orders, read_registry, registry_of
from dispatch.posing import pose
from dispatch.rehearsal import rehearse
from routing.roads.network import RoadNetwork
from routing.vrp.cost import unserved_cost
from routing.vrp.reasons import why_unserved
from routing.vrp.remedies import promise, remedies, with_remedy
from routing.vrp.solution import Solution
from routing.vrp.solve import solve

DAY: Final = date(2026, 11, 11)


def _models(fleet: Fleet, change: Callable[[VehicleModel], VehicleModel]) -> Fleet:
    return replace(fleet, models={name: change(model) for name, model in fleet.models.items()})


def _fewer_couriers(fleet: Fleet) -> Fleet:
    few = dict(list(fleet.couriers.items())[: max(1, len(fleet.couriers) // 6)])
    return replace(fleet, couriers=few)


def _short_shifts(fleet: Fleet) -> Fleet:
    couriers = {
        name: replace(each, shift_ends=local_time(15), breaks=())
        for name, each in fleet.couriers.items()
    }
    return replace(fleet, couriers=couriers)


def _small_vehicles(fleet: Fleet) -> Fleet:
    """One trip, with a quarter of the volume."""
    models = {
        name: replace(
            model,
            trips_max=1,
            capacity_volume_ml=(model.capacity_volume_ml or 0) // 4,
        )
        for name, model in fleet.models.items()
    }
    return replace(fleet, models=models)


def _short_range(fleet: Fleet) -> Fleet:
    return _models(fleet, lambda model: replace(model, range_m=25_000))


def _fewer_skills(fleet: Fleet) -> Fleet:
    couriers = {
        name: replace(each, skills=each.skills - {"two-person", "bulky"})
        for name, each in fleet.couriers.items()
    }
    return replace(fleet, couriers=couriers)


SHORT_OF: Final[Mapping[str, Callable[[Fleet], Fleet]]] = {
    "couriers": _fewer_couriers,
    "hours": _short_shifts,
    "capacity": _small_vehicles,
    "range": _short_range,
    "skills": _fewer_skills,
}


@dataclass(slots=True)
class Tally:
    """What became of the remedies of some days."""

    stops: int = 0
    with_remedy: int = 0
    seconds: float = 0.0
    tried: int = 0
    at_once: int = 0
    promised: int = 0
    free: int = 0
    more: int = 0


def serves(before: Solution, after: Solution | None, visit: int) -> bool:
    """Whether the visit is made, and all that were made before."""
    return after is not None and set(after.unserved) <= set(before.unserved) - {visit}


def run(name: str, inputs: DayInputs, network: RoadNetwork, options: argparse.Namespace) -> Tally:
    tally = Tally()
    posed = pose(inputs, network)
    problem = posed.problem
    before = solve(problem, budget_s=options.budget, seed=options.seed)
    reasons = why_unserved(problem, before)
    began_s = time.perf_counter()
    clock, departures = inputs.clock, inputs.fleet.depot.departures
    found = remedies(
        problem,
        before,
        reasons,
        kinds=tuple(posed.kinds.values()),
        dues_s=[clock.seconds_of(each) for each in departures],
    )
    tally.seconds = time.perf_counter() - began_s
    helped = [visit for visit, each in found.items() if each]
    tally.stops, tally.with_remedy = len(before.unserved), len(helped)
    for visit in helped[:: max(1, len(helped) // options.sample)][: options.sample]:
        for remedy in found[visit]:
            tally.tried += 1
            changed, start = with_remedy(problem, before, remedy)
            tally.at_once += serves(before, start, visit)
            if start is None:
                continue
            search = {"budget_s": options.again, "seed": options.seed + 1, "start": start}
            tally.promised += serves(before, solve(promise(changed, start), **search), visit)
            free = solve(changed, **search)
            tally.free += serves(before, free, visit)
            left_out = unserved_cost(problem, before.unserved)
            tally.more += unserved_cost(changed, free.unserved) < left_out
    reasons_told = ", ".join(f"{count} {each}" for each, count in Counter(reasons.values()).items())
    first = Counter(type(found[visit][0].change).__name__ for visit in helped)
    ways_told = ", ".join(f"{count} {each}" for each, count in first.items())
    milliseconds = 1000 * tally.seconds / max(1, tally.stops)
    print(
        f"| {name} | {len(problem.visits)} | {tally.stops}: {reasons_told} | {tally.with_remedy}: "
        f"{ways_told} | {milliseconds:.1f} | {tally.tried} | {tally.at_once} | {tally.promised} | "
        f"{tally.free} | {tally.more} |",
        flush=True,
    )
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=600)
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument("--couriers", type=int, default=18)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--budget", type=float, default=5.0, help="Seconds for the day's plan.")
    parser.add_argument("--again", type=float, default=1.0, help="Seconds after a remedy.")
    parser.add_argument("--sample", type=int, default=10, help="Stops whose remedies are tried.")
    parser.add_argument("--short-of", nargs="+", choices=list(SHORT_OF), default=list(SHORT_OF))
    options = parser.parse_args()
    rehearse()
    print(
        "| short of | stops | unserved | with a remedy, the first of them | ms a stop | tried "
        "| hold at once | after a search | after a free search | it serves more |"
    )
    print("|---" * 10 + "|")
    tallies: list[Tally] = []
    for seed in options.seeds:
        options.seed = seed
        with tempfile.TemporaryDirectory() as folder:
            day = write_demo_day(
                Path(folder) / "day",
                households=options.households,
                orders=options.orders,
                couriers=options.couriers,
                seed=seed,
                day=DAY,
            )
            network = RoadNetwork.build(day.roads, profiles=("trike", "van"))
            fleet = read_fleet(day.fleet_toml, name="fleet.toml")
            registry = registry_of(read_registry(day.households_csv, name="registry").accepted)
            orders = read_orders(
                day.orders_csv,
                name="orders.csv",
                day=DayClock(DAY, fleet.depot.zone),
                registry=registry,
            ).accepted
        for name in options.short_of:
            inputs = DayInputs(
                day=DepotDay(CompanyId("demo"), fleet.depot.depot_id, DAY),
                registry=registry,
                fleet=SHORT_OF[name](fleet),
                orders=orders,
            )
            tallies.append(run(f"{name}, seed {seed}", inputs, network, options))
    tried = sum(each.tried for each in tallies)
    for word, held in (
        ("at once", sum(each.at_once for each in tallies)),
        ("after a search", sum(each.promised for each in tallies)),
        ("after a free search", sum(each.free for each in tallies)),
        ("in that a free search serves more", sum(each.more for each in tallies)),
    ):
        print(f"{held} of {tried} hold {word}")


if __name__ == "__main__":
    main()
