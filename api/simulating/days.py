"""Days to simulate: a demo's village or a company's own files, drawn by seed, under one policy after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from api.simulating.ours import Ours, Planning
from api.simulating.services import Service, service_inside
from dispatch.days import CompanyId, DayClock, DepotDay
from dispatch.demo import write_demo_day
from dispatch.fleet import Fleet
from dispatch.households import Registry
from dispatch.intake import read_fleet, read_registry, registry_of
from dispatch.simulation.hindsight import Hindsight, morning_planner
from dispatch.simulation.insertion import Insertion
from dispatch.simulation.log import Log
from dispatch.simulation.nearest import Nearest
from dispatch.simulation.outcome import Outcome, outcome_of
from dispatch.simulation.rates import Rates
from dispatch.simulation.running import run_day
from dispatch.simulation.telling import Policy
from dispatch.simulation.truth import Truth, truth_of
from routing.roads.network import RoadNetwork

_COMPANY: Final = CompanyId("simulation")


class PolicyName(StrEnum):
    OURS = "ours"
    INSERTION = "insertion"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """Whose days are simulated: what does not change from day to day."""

    roads: Path
    network: RoadNetwork
    fleet: Fleet
    registry: Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which day of a village: `orders` are those of a plain day, `factor` how many times as many there are."""

    day: date
    orders: int
    seed: int
    factor: float = 1.0
    known_share: float | None = None


def demo_village(
    folder: Path, *, households: int, couriers: int, seed: int, osm: Path | None = None
) -> Village:
    """The registry, fleet and roads of a demo day, in `folder`."""
    demo = write_demo_day(
        folder / "demo",
        households=households,
        orders=max(couriers, 1),
        couriers=couriers,
        seed=seed,
        day=date(2026, 11, 11),
        osm=osm,
    )
    network = RoadNetwork.build(demo.roads, profiles=("trike", "van"))
    roads = folder / "roads.network"
    network.save(roads)
    return Village(
        roads=roads,
        network=network,
        fleet=read_fleet(demo.fleet_toml, name="fleet.toml"),
        registry=registry_of(read_registry(demo.households_csv, name="households.csv").accepted),
    )


def own_village(*, roads: Path, fleet: Path, registry: Path) -> Village:
    """A company's own files; rows of the registry that are refused are left out."""
    network = RoadNetwork.load(roads)
    return Village(
        roads=roads,
        network=network,
        fleet=read_fleet(fleet, name=fleet.name, profiles=network.profiles),
        registry=registry_of(read_registry(registry, name=registry.name).accepted),
    )


def looking_back(village: Village, days: int) -> Village:
    """The village whose plans keep time for orders as they came on so many days before."""
    depot = replace(village.fleet.depot, look_back_days=days)
    return replace(village, fleet=replace(village.fleet, depot=depot))


def draw_day(village: Village, draw: Draw, rates: Rates) -> Truth:
    return truth_of(
        village.network,
        DepotDay(_COMPANY, village.fleet.depot.depot_id, draw.day),
        village.fleet,
        village.registry,
        rates,
        orders=round(draw.orders * draw.factor),
        seed=draw.seed,
        known_share=draw.known_share,
    )


def simulate(
    village: Village,
    truth: Truth,
    name: PolicyName,
    *,
    planning: Planning,
    hindsight: Hindsight | None,
    service: Service | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> tuple[Outcome, Log]:
    """
    One day under one policy. `ours` runs on `service`; None: on one of its own, inside this process.

    Raises
    ------
    SimulationStopped, ServiceFailed
    """
    began_s = time.perf_counter()

    def run(policy: Policy) -> Log:
        return run_day(truth, policy, on_progress=on_progress, stopped=stopped)

    match name:
        case PolicyName.NEAREST:
            log = run(Nearest(truth.scene))
        case PolicyName.INSERTION:
            morning = morning_planner(truth, budget_s=planning.morning_budget_s)
            log = run(Insertion(truth.scene, morning))
        case PolicyName.OURS:
            if service is not None:
                log = run(Ours(service, truth.scene, truth.registry, planning))
            else:
                clock = DayClock(truth.scene.day.day, truth.scene.fleet.depot.zone)
                starts_at = clock.moment(round(truth.rates.morning_s))
                if truth.pasts:
                    starts_at = truth.pasts[0].clock.starts_at
                depot_id = truth.scene.day.depot_id
                with service_inside(village.roads, depot_id, starts_at=starts_at) as inside:
                    log = run(Ours(inside, truth.scene, truth.registry, planning, truth.pasts))
        case _:
            assert_never(name)
    real_s = time.perf_counter() - began_s
    return outcome_of(name, truth, log, hindsight, real_s=real_s), log
