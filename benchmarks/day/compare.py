"""
Days under several policies, in the same worlds: `python benchmarks/day/compare.py --seeds 1 2 3 --policies ours pyvrp`.

Each seed is a day; every policy meets the same one. A record is one line of JSON in --out, and is not run again.
The table has means, and beside them the mean difference from the first policy with its 95 % confidence
interval, by pairs of the same seed (Student's t).
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from resolving import Resolving
from scipy.stats import t as student

from api.simulating.days import (
    Draw,
    PolicyName,
    Village,
    demo_village,
    draw_day,
    looking_back,
    simulate,
)
from api.simulating.ours import Planning
from dispatch.simulation.hindsight import Hindsight, hindsight_of
from dispatch.simulation.outcome import Outcome, outcome_of
from dispatch.simulation.rates import read_rates
from dispatch.simulation.running import run_day
from dispatch.simulation.truth import Truth

OURS = tuple(each.value for each in PolicyName)
KNOWN_ONLY = "known-only"
"""Ours that does not look back on days before."""
PEERS = ("pyvrp", "ortools")
FIGURES = (
    "on_time_pct",
    "promises_kept_pct",
    "broken_unforced",
    "cut_offs_missed",
    "cost_fen_per_parcel",
    "m_per_parcel",
    "overtime_s",
    "courier_changes_pct",
    "courier_changes_unforced_pct",
    "order_changes_pct",
    "time_changes_pct",
    "event_to_plan_p50_s",
    "event_to_plan_p99_s",
    "fairness_gini",
    "hindsight_gap_pct",
)


def peer(name: str) -> Callable[..., Any]:
    """The solver of a peer, imported only if it is asked for: it need not be installed."""
    if name == "pyvrp":
        from by_pyvrp import solve  # noqa: PLC0415
    else:
        from by_ortools import solve  # noqa: PLC0415
    return solve


def run(
    name: str, village: Village, truth: Truth, planning: Planning, hindsight: Hindsight | None
) -> Outcome:
    if name == KNOWN_ONLY:
        alone = looking_back(village, 0)
        told = replace(truth, pasts=(), scene=replace(truth.scene, fleet=alone.fleet))
        outcome, _ = simulate(alone, told, PolicyName.OURS, planning=planning, hindsight=hindsight)
        return replace(outcome, policy=name)
    if name in OURS:
        outcome, _ = simulate(
            village, truth, PolicyName(name), planning=planning, hindsight=hindsight
        )
        return outcome
    began_s = time.perf_counter()
    policy = Resolving(
        truth.scene,
        peer(name),
        budget_s=planning.budget_s,
        morning_budget_s=planning.morning_budget_s,
        seed=planning.seed,
    )
    log = run_day(truth, policy)
    return outcome_of(name, truth, log, hindsight, real_s=time.perf_counter() - began_s)


def record(outcome: Outcome, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "policy": outcome.policy,
        "seed": outcome.seed,
        **wanted(options),
        **asdict(outcome.kpis),
        "hindsight_gap_pct": outcome.hindsight_gap_pct,
        "real_s": round(outcome.real_s, 1),
    }


def wanted(options: argparse.Namespace) -> dict[str, Any]:
    """What makes two records comparable."""
    names = ("households", "orders", "couriers", "factor", "look_back")
    names += ("budget", "morning_budget", "hindsight")
    return {name: getattr(options, name) for name in names}


def interval(differences: Sequence[float]) -> str:
    """Mean difference and half the width of its 95 % confidence interval."""
    count = len(differences)
    mean = sum(differences) / count
    if count < 2:
        return f"{mean:+.2f}"
    spread = math.sqrt(sum((each - mean) ** 2 for each in differences) / (count - 1))
    half = float(student.ppf(0.975, count - 1)) * spread / math.sqrt(count)
    return f"{mean:+.2f} ± {half:.2f}"


def table(records: Sequence[Mapping[str, Any]], policies: Sequence[str]) -> str:
    by = {(each["policy"], each["seed"]): each for each in records}
    counts = [sum(each["policy"] == name for each in records) for name in policies]
    head = [f"{name} ({count})" for name, count in zip(policies, counts, strict=True)]
    lines = ["| mean of days | " + " | ".join(head) + " |", "|---" * (1 + len(head)) + "|"]
    for figure in FIGURES:
        cells = []
        for name in policies:
            values = {
                s: v for (p, s), r in by.items() if p == name and (v := r[figure]) is not None
            }
            cell = f"{sum(values.values()) / len(values):.2f}" if values else "–"
            pairs = [
                values[seed] - by[policies[0], seed][figure]
                for seed in values
                if (policies[0], seed) in by and by[policies[0], seed][figure] is not None
            ]
            cells.append(f"{cell} ({interval(pairs)})" if pairs and name != policies[0] else cell)
        lines.append(f"| {figure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--policies", nargs="+", choices=(*OURS, KNOWN_ONLY, *PEERS), default=[*OURS]
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=10)
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--look-back", type=int, default=5, help="Days that ours learns from.")
    parser.add_argument("--budget", type=float, default=2.0)
    parser.add_argument("--morning-budget", type=float, default=10.0)
    parser.add_argument("--hindsight", type=float, default=30.0, help="Seconds; 0: none.")
    parser.add_argument("--out", type=Path, help="JSON lines, gone on with.")
    options = parser.parse_args()
    records = []
    if options.out is not None and options.out.exists():
        records = [json.loads(line) for line in options.out.read_text().splitlines()]
        records = [each for each in records if wanted(options).items() <= each.items()]
    done = {(each["policy"], each["seed"]) for each in records}
    planning = Planning(budget_s=options.budget, morning_budget_s=options.morning_budget)
    with tempfile.TemporaryDirectory() as folder:
        village = demo_village(
            Path(folder), households=options.households, couriers=options.couriers, seed=1
        )
        village = looking_back(village, options.look_back)
        for seed in options.seeds:
            missing = [name for name in options.policies if (name, seed) not in done]
            if not missing:
                continue
            draw = Draw(
                day=date(2026, 11, 11), orders=options.orders, seed=seed, factor=options.factor
            )
            truth = draw_day(village, draw, read_rates())
            known = None
            if options.hindsight:
                known = hindsight_of(truth, budget_s=options.hindsight)
            for name in missing:
                records.append(record(run(name, village, truth, planning, known), options))
                print(json.dumps(records[-1]), flush=True)
                if options.out is not None:
                    with options.out.open("a") as file:
                        file.write(json.dumps(records[-1]) + "\n")
    print(table(records, options.policies))


if __name__ == "__main__":
    main()
