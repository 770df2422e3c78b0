"""
Pictures from what `compare.py` kept: how gaps fall with time, and how time grows with clients.

    python benchmarks/vrp/draw.py --instance X-n801-k40

Writes `vrp-convergence-NAME.svg` and `vrp-growth.svg` into `docs/images/`. Needs matplotlib, which is no
dependency of the project. A solver that tells nothing while it searches is a point at its end.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from records import BUDGET_S, RESULTS, ROOT, SOLVERS, Record, load_all

COLOURS = dict(
    zip(SOLVERS, ("#c1272d", "#0072b2", "#009e73", "#e69f00", "#56b4e9", "#777777"), strict=True)
)
_GROWTH = (("X-n957-k87", 956), ("Leuven2", 4_000), ("Ghent1", 10_000), ("Brussels2", 16_000))
"""Instances and their clients."""
_FLOOR = 0.01
"""A logarithmic axis has no zero: what is nearer to the best known is drawn here."""


def fall(record: Record) -> list[tuple[float, float]]:
    """Seconds since the process was started, and the gap from then on."""
    best = record["best_known"]
    points = [(seconds, 100 * (cost - best) / best) for seconds, cost in record["trace"]]
    if record["gap"] is not None:
        points.append((record["wall_s"], record["gap"]))
    return points


def seconds_to(record: Record, gap: float) -> float | None:
    return next((seconds for seconds, reached in fall(record) if reached <= gap), None)


def drawn(figure: Any, axes: Any, file: Path) -> None:
    axes.grid(visible=True, which="major", linewidth=0.4)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    # No date and no random ids, so that the same results give the same file.
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
    print(file.name)


def convergence(records: list[Record], instance: str, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4))
    labelled: set[str] = set()
    for record in records:
        points = fall(record) if record["instance"] == instance else []
        if not points:
            continue
        solver = record["solver"]
        label = None if solver in labelled else solver
        labelled.add(solver)
        seconds, gaps = zip(*((moment, max(gap, _FLOOR)) for moment, gap in points), strict=True)
        style = "o" if len(points) == 1 else "-"
        axes.plot(
            seconds, gaps, style, drawstyle="steps-post", color=COLOURS[solver], label=label,
            linewidth=1.8 if solver == "ours" else 1.0,
        )  # fmt: skip
    if not labelled:
        raise SystemExit(f"no runs of {instance} are kept: compare.py makes them")
    axes.set(yscale="log", xlabel="seconds since the start", ylabel="gap to the best known, %")
    axes.set_xlim(left=0)
    axes.set_title(instance)
    drawn(figure, axes, file)


def growth(records: list[Record], gap: float, file: Path) -> None:
    """The median over seeds; a hollow mark at the budget where half of the runs did not get there."""
    figure, axes = plt.subplots(figsize=(7, 4))
    clients = dict(_GROWTH)
    runs: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record["instance"] in clients:
            runs[record["solver"]][record["instance"]].append(record)
    for solver, by_instance in runs.items():
        reached, missed = [], []
        for instance, known in by_instance.items():
            budget_s = known[0]["budget_s"]
            times = [seconds_to(record, gap) or float("inf") for record in known]
            if (middle := median(times)) < float("inf"):
                reached.append((clients[instance], middle))
            else:
                missed.append((clients[instance], budget_s))
        axes.plot(*zip(*sorted(reached), strict=True) if reached else ([], []), "o-",
                  color=COLOURS[solver], label=solver)  # fmt: skip
        axes.plot(*zip(*missed, strict=True) if missed else ([], []), "^", mfc="none",
                  color=COLOURS[solver])  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="clients", ylabel=f"seconds to a gap of {gap:g} %")
    axes.set_xticks(list(clients.values()), [f"{count:,}" for count in clients.values()])
    axes.minorticks_off()
    drawn(figure, axes, file)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pictures from the results that were kept.")
    parser.add_argument("--instance", default="X-n801-k40", help="the one to show over time")
    parser.add_argument("--gap", type=float, default=2.0, help="per cent, for growth")
    parser.add_argument("--format", choices=("svg", "png"), default="svg")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    args = parser.parse_args()
    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "cunlu", "svg.fonttype": "none", "font.size": 10})
    records = [
        record
        for record in load_all(args.results)
        if record["budget_s"] == BUDGET_S[record["set"]] and not record["cannot_state"]
    ]
    convergence(records, args.instance, args.out / f"vrp-convergence-{args.instance}.{args.format}")
    growth(records, args.gap, args.out / f"vrp-growth.{args.format}")


if __name__ == "__main__":
    main()
