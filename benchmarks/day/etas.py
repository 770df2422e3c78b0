"""
How right ETAs are: `python benchmarks/day/etas.py --seeds 1 2 3`.

Each seed is a simulated day that the service runs, over HTTP, in the world of dispatch/simulation. Every --every minutes its
ETAs are asked for; when a pickup began in truth says afterwards how often that was by P10, P50 and P90. Orders that
another courier than the one foretold came to, or nobody, are counted apart: a range does not foresee a new version of the
plan. The board's one moment (`GET /v1/status`) is beside it, as a P50.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from api.simulating.days import Draw, Village, demo_village, draw_day
from api.simulating.ours import Ours, Planning
from api.simulating.services import InsideService, service_inside, told
from dispatch.days import DayClock
from dispatch.simulation.log import Begun, Log
from dispatch.simulation.rates import read_rates
from dispatch.simulation.running import run_day
from dispatch.simulation.telling import Announced
from dispatch.simulation.truth import Truth

AHEAD_MIN = ((0, 15), (15, 60), (60, 180), (180, 720))
"""How far ahead the P50 lay, in minutes: rows of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was answered at `at_s` of one order; seconds of the day."""

    at_s: float
    order_id: str
    courier_id: str
    p10_s: float
    p50_s: float
    p90_s: float
    board_s: float


@dataclass(slots=True)
class Tally:
    pairs: int = 0
    by_p10: int = 0
    by_p50: int = 0
    by_p90: int = 0
    by_board: int = 0
    widths_s: list[float] = field(default_factory=list)
    errors_s: list[float] = field(default_factory=list)
    board_errors_s: list[float] = field(default_factory=list)


class Asking(Ours):
    """Ours, with its ETAs written down now and then."""

    def __init__(
        self, service: InsideService, truth: Truth, planning: Planning, every_s: int
    ) -> None:
        super().__init__(service, truth.scene, truth.registry, planning)
        self.asked: list[Asked] = []
        self._every_s, self._next_s = every_s, 0
        self._clock = truth.scene.clock
        self._http = service
        day = truth.scene.day
        self._day = {"depot": str(day.depot_id), "day": day.day.isoformat()}

    def settle(self, now_s: int) -> Announced | None:
        announced = super().settle(now_s)
        if now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            self._http.at(self._clock.moment(now_s))
            self.asked += self._ask(now_s)
        return announced

    def _ask(self, now_s: int) -> Iterator[Asked]:
        board = told(self._http, "GET", "/v1/status", query=self._day).json()
        moments = {
            (route["courier_id"], stop["seq"]): stop["eta_at"]
            for route in board["routes"]
            for stop in route["stops"]
        }
        found = told(self._http, "GET", "/v1/etas", query=self._day).json()
        for each in found["etas"]:
            if each["state"] == "planned":
                yield Asked(
                    at_s=now_s,
                    order_id=each["order_id"],
                    courier_id=each["courier_id"],
                    p10_s=self._seconds(each["p10_at"]),
                    p50_s=self._seconds(each["p50_at"]),
                    p90_s=self._seconds(each["p90_at"]),
                    board_s=self._seconds(moments[each["courier_id"], each["seq"]]),
                )

    def _seconds(self, moment: str) -> float:
        return self._clock.seconds(datetime.fromisoformat(moment))


def a_day(
    village: Village, truth: Truth, planning: Planning, every_s: int
) -> tuple[list[Asked], Log]:
    clock = DayClock(truth.scene.day.day, truth.scene.fleet.depot.zone)
    starts_at = clock.moment(round(truth.rates.morning_s))
    with service_inside(village.roads, truth.scene.day.depot_id, starts_at=starts_at) as service:
        policy = Asking(service, truth, planning, every_s)
        return policy.asked, run_day(truth, policy)


def judged(asked: list[Asked], log: Log, tallies: dict[tuple[int, int], Tally]) -> int:
    """Count each answer where its P50 lay; return how many were of another courier, or of nobody, in truth."""
    begun = {
        order_id: (entry.courier_id, entry.at_s)
        for entry in log.entries
        if isinstance(entry, Begun)
        for order_id in entry.order_ids
    }
    others = 0
    for each in asked:
        courier_id, at_s = begun.get(each.order_id, (None, 0))
        if courier_id != each.courier_id:
            others += 1
            continue
        ahead_min = (each.p50_s - each.at_s) / 60
        row = next((row for row in AHEAD_MIN if row[0] <= ahead_min < row[1]), AHEAD_MIN[0])
        tally = tallies[row]
        tally.pairs += 1
        tally.by_p10 += at_s <= each.p10_s
        tally.by_p50 += at_s <= each.p50_s
        tally.by_p90 += at_s <= each.p90_s
        tally.by_board += at_s <= each.board_s
        tally.widths_s.append(each.p90_s - each.p50_s)
        tally.errors_s.append(abs(at_s - each.p50_s))
        tally.board_errors_s.append(abs(at_s - each.board_s))
    return others


def table(tallies: dict[tuple[int, int], Tally]) -> Iterator[str]:
    yield "| ahead, min | answers | begun by P10, % | by P50, % | by P90, % | by the board's moment, % | P90 - P50, min | error of P50, min | of the board's, min |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in AHEAD_MIN:
        each = tallies[row]
        if each.pairs:
            shares = (each.by_p10, each.by_p50, each.by_p90, each.by_board)
            means = (each.widths_s, each.errors_s, each.board_errors_s)
            cells = [f"{row[0]}…{row[1]}", f"{each.pairs:,}"]
            cells += [f"{100 * share / each.pairs:.0f}" for share in shares]
            cells += [f"{sum(values) / len(values) / 60:.1f}" for values in means]
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    asking = argparse.ArgumentParser(description=__doc__)
    asking.add_argument("--seeds", type=int, nargs="+", default=[1])
    asking.add_argument("--households", type=int, default=300)
    asking.add_argument("--orders", type=int, default=150)
    asking.add_argument("--couriers", type=int, default=5)
    asking.add_argument("--every", type=int, default=20, help="minutes between two answers")
    asking.add_argument(
        "--look", type=int, default=10, help="minutes between two looks of a worker"
    )
    asking.add_argument("--budget", type=float, default=0.3)
    options = asking.parse_args()
    planning = Planning(budget_s=options.budget, morning_budget_s=2.0, every_s=60 * options.look)
    tallies: dict[tuple[int, int], Tally] = defaultdict(Tally)
    others = total = 0
    with tempfile.TemporaryDirectory() as folder:
        village = demo_village(
            Path(folder), households=options.households, couriers=options.couriers, seed=1
        )
        for seed in options.seeds:
            draw = Draw(day=date(2026, 11, 11), orders=options.orders, seed=seed)
            truth = draw_day(village, draw, read_rates())
            asked, log = a_day(village, truth, planning, 60 * options.every)
            others += judged(asked, log, tallies)
            total += len(asked)
            print(f"seed {seed}: {len(asked)} answers", flush=True)
    print("\n".join(table(tallies)))
    print(f"{others} of {total} answers left out: another courier came, or nobody")


if __name__ == "__main__":
    main()
