"""
Waves of the EURO Meets NeurIPS 2022 kind: what waiting saves, beside sending everything and beside hindsight.

    python benchmarks/waves/run.py --instances ../shared/data/vrp/VRPTW --seeds 1 2 --budget 4

For each instance and seed the same day for every strategy. Days that are in RESULTS are not run
again, so that a long run may be taken in parts; the table is of all that it holds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from environment import Day, Source
from strategies import STRATEGIES, hindsight_s

HINDSIGHT = "hindsight"
DEFAULT = ("C1_10_2", "C2_10_4", "R1_10_2", "R2_10_6", "RC1_10_4", "RC2_10_8")


def played(
    source: Source, name: str, seed: int, budget_s: float, hindsight_budget_s: float
) -> dict:
    """One day under one strategy, as a record."""
    began_s, slowest_s, day = time.monotonic(), 0.0, Day(source, seed)
    if name == HINDSIGHT:
        cost_s = hindsight_s(day, hindsight_budget_s, seed)
    else:
        while day.epoch is not None:
            asked_s = time.monotonic()
            day.send(STRATEGIES[name](day.asked(), budget_s, seed))
            slowest_s = max(slowest_s, time.monotonic() - asked_s)
        cost_s = day.cost_s
    return {
        "instance": source.name,
        "seed": seed,
        "strategy": name,
        "requests": len(day.requests),
        "waves": len(source.epochs),
        "budget_s": hindsight_budget_s if name == HINDSIGHT else budget_s,
        "cost_s": cost_s,
        "slowest_s": round(slowest_s, 2),
        "seconds": round(time.monotonic() - began_s, 1),
    }


def table(records: list[dict]) -> str:
    """Mean costs of the days that every strategy has played, and what part of greedy's loss each wins back."""
    days = defaultdict(dict)
    for each in records:
        days[each["instance"], each["seed"]][each["strategy"]] = each
    names = [HINDSIGHT, *STRATEGIES]
    whole = {day: by for day, by in days.items() if by.keys() >= set(names)}
    lines = [
        "| instance | days | requests | " + " | ".join(names) + " | ours wins back |",
        "|---" * (len(names) + 4) + "|",
    ]
    for name in [*dict.fromkeys(instance for instance, _ in whole), "all"]:
        chosen = [by for (instance, _), by in whole.items() if name in (instance, "all")]
        if not chosen:
            continue
        mean = {each: np.mean([by[each]["cost_s"] for by in chosen]) for each in names}
        won = (mean["greedy"] - mean["ours"]) / (mean["greedy"] - mean[HINDSIGHT])
        requests = np.mean([by["ours"]["requests"] for by in chosen])
        cells = " | ".join(f"{mean[each]:,.0f}" for each in names)
        lines.append(f"| {name} | {len(chosen)} | {requests:.0f} | {cells} | {won:.0%} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True, help="folder of .vrp files")
    parser.add_argument("--names", nargs="*", default=DEFAULT)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1])
    parser.add_argument("--strategies", nargs="*", default=[HINDSIGHT, *STRATEGIES])
    parser.add_argument("--budget", type=float, default=4.0, help="seconds for each wave")
    parser.add_argument("--hindsight-budget", type=float, default=20.0)
    parser.add_argument("--results", type=Path, default=Path("waves.jsonl"))
    arguments = parser.parse_args()
    paths = [arguments.instances / f"{name}.vrp" for name in arguments.names]
    if missing := [str(path) for path in paths if not path.is_file()]:
        sys.exit(f"these instances are not there: {', '.join(missing)}; say where with --instances")
    results = arguments.results
    records = (
        [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    )
    done = {(each["instance"], each["seed"], each["strategy"]) for each in records}
    for path in paths:
        source = Source.load(path)
        for seed in arguments.seeds:
            for name in arguments.strategies:
                if (source.name, seed, name) in done:
                    continue
                record = played(source, name, seed, arguments.budget, arguments.hindsight_budget)
                records.append(record)
                with results.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(json.dumps(record), flush=True)
    print(table(records))


if __name__ == "__main__":
    main()
