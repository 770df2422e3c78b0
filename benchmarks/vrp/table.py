"""
The tables of `docs/benchmarks.md` from what `compare.py` kept, and whether our targets hold.

    python benchmarks/vrp/table.py

A gap is over instances, and first over the seeds of each. Failed runs have no gap and are counted;
late ones are counted too, and stay in the mean. — means that the solver cannot state it.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

from records import BUDGET_S, RESULTS, SOLVERS, Record, load_all

Runs = dict[str, dict[str, list[Record]]]
"""By solver, then by instance."""

_OTHERS = "better than the best peer"
TARGETS = {
    "CVRP": (0.7, None, "mean at most 0.7 %"),
    "CVRP, 500 and more clients": (None, 0.5, "under half of the best peer's"),
    "CVRP/XXL": (1.2, None, "mean at most 1.2 %"),
    "VRPTW": (1.5, 0.5, "mean at most 1.5 % and under half of the best peer's"),
    "PCVRPTW": (None, 1.0, _OTHERS),
    "MTVRPTWR": (None, 1.0, _OTHERS),
    "HFVRP": (None, 1.0, _OTHERS),
    "MDVRPTW": (None, 1.0, _OTHERS),
    "SDVRPTW": (None, 1.0, _OTHERS),
    "GVRP": (None, 1.0, _OTHERS),
}
"""For each set the mean that ours may have, and which part of the best peer's it stays under."""


def of_set(records: Iterable[Record], name: str) -> Runs:
    """The protocol's runs of a set, or of the large instances of CVRP."""
    folder, _, large = name.partition(", ")
    runs: Runs = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record["set"] != folder or record["budget_s"] != BUDGET_S[folder]:
            continue
        if large and int(re.findall(r"\d+", record["instance"])[0]) <= 500:
            continue
        runs[record["solver"]][record["instance"]].append(record)
    return runs


def gaps(runs: list[Record]) -> list[float]:
    return [record["gap"] for record in runs if record["gap"] is not None]


def mean(by_instance: dict[str, list[Record]]) -> float | None:
    means = [fmean(known) for runs in by_instance.values() if (known := gaps(runs))]
    return fmean(means) if means else None


def counted(runs: Iterable[Record], what: Callable[[Record], bool], word: str) -> str:
    number = sum(what(record) for record in runs)
    return f", {number} {word}" if number else ""


def cell(by_instance: dict[str, list[Record]], instances: int) -> str:
    runs = [record for each in by_instance.values() for record in each]
    if not runs:
        return ""
    if all(record["cannot_state"] for record in runs):
        return "—"
    average = mean(by_instance)
    seeds = {len(each) for each in by_instance.values()}
    text = "no answer" if average is None else f"{average:.2f}"
    text += f" ({'–'.join(map(str, sorted({min(seeds), max(seeds)})))})"
    if len(by_instance) < instances:
        text += f", {len(by_instance)} of {instances}"
    text += counted(runs, lambda record: record["gap"] is None, "failed")
    return text + counted(runs, lambda record: record["late"], "late")


def row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def head(cells: list[str]) -> list[str]:
    return [row(cells), "|" + "---|" * len(cells)]


def sets_table(records: list[Record], solvers: list[str]) -> list[str]:
    lines = head(["set", "instances", "s", *solvers])
    for name in TARGETS:
        runs = of_set(records, name)
        instances = len({instance for each in runs.values() for instance in each})
        if instances:
            cells = [cell(runs[solver], instances) for solver in solvers]
            lines.append(row([name, instances, f"{BUDGET_S[name.partition(', ')[0]]:g}", *cells]))
    return lines


def instances_table(records: list[Record], solvers: list[str]) -> list[str]:
    lines = head(["set", "instance", "best known", *solvers])
    for name in BUDGET_S:
        runs = of_set(records, name)
        best = {
            instance: record["best_known"]
            for each in runs.values()
            for instance, known in each.items()
            for record in known
        }
        for instance in sorted(best):
            cells = [cell({instance: runs[solver][instance]}, 1) for solver in solvers]
            lines.append(row([name, instance, f"{best[instance]:,}", *cells]))
    return lines


def verdict(name: str, runs: Runs) -> str:
    """Whether a target holds; a peer is compared on the instances that it answered."""
    most, part, words = TARGETS[name]
    own = mean(runs["ours"])
    if own is None:
        return f"- {name}, {words}: no run of ours"
    reasons = []
    if most is not None and own > most:
        reasons.append(f"it is {own:.2f} %")
    if part is not None:
        for peer, by_instance in runs.items():
            both = [
                instance
                for instance, known in by_instance.items()
                if gaps(known) and gaps(runs["ours"][instance])
            ]
            theirs = mean({instance: by_instance[instance] for instance in both})
            ours = mean({instance: runs["ours"][instance] for instance in both})
            if peer != "ours" and theirs is not None and ours is not None and ours >= part * theirs:
                reasons.append(f"{ours:.2f} % against {peer}'s {theirs:.2f} %")
    everything = [record for each in runs["ours"].values() for record in each]
    if amiss := sum(record["gap"] is None or record["late"] for record in everything):
        reasons.append(f"{amiss} runs of ours failed or were late")
    holds = f"holds ({own:.2f} %)" if not reasons else f"does NOT hold: {'; '.join(reasons)}"
    return f"- {name}, {words}: {holds}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Tables from the results that were kept.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    records = load_all(args.results)
    present = {record["solver"] for record in records}
    solvers = [solver for solver in SOLVERS if solver in present]
    print("Mean gap in % over instances and (seeds):\n")
    print("\n".join(sets_table(records, solvers)), end="\n\n")
    print("\n".join(instances_table(records, solvers)), end="\n\n")
    print("\n".join(verdict(name, of_set(records, name)) for name in TARGETS), end="\n\n")
    for solver in solvers:
        versions = {record["version"] for record in records if record["solver"] == solver}
        print(f"{solver}: {', '.join(sorted(filter(None, versions)))}")


if __name__ == "__main__":
    main()
