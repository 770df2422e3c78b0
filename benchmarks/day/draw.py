"""
A picture of what `compare.py` kept: what a parcel cost and which promises were kept, day by day.

    python benchmarks/day/draw.py days.jsonl

Writes `days.svg` into `docs/images/`: a small mark for each day, a large one for the mean of a policy. Needs matplotlib, which is no
dependency of the project. Give one run's records only: days of other sizes are other days.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
COLOURS = {
    "ours": "#c1272d",
    "known-only": "#e69f00",
    "insertion": "#0072b2",
    "nearest": "#777777",
    "pyvrp": "#009e73",
    "ortools": "#56b4e9",
}
LABELS = {
    "ours": "ours, looking ahead",
    "known-only": "ours, known orders only",
    "insertion": "morning plan and insertion",
    "nearest": "nearest courier",
    "pyvrp": "PyVRP every 10 min",
    "ortools": "OR-Tools every 10 min",
}
_PANELS = (
    ("promises_kept_pct", "promises kept, %", "linear"),
    ("hindsight_gap_pct", "above hindsight, %", "log"),
)


def panel(
    axes: Any, days: Mapping[str, Sequence[Mapping[str, Any]]], figure: str, label: str, scale: str
) -> None:
    for policy, records in days.items():
        points = [
            (each["cost_fen_per_parcel"] / 100, each[figure])
            for each in records
            if each["cost_fen_per_parcel"] is not None and each[figure] is not None
        ]
        if not points:
            continue
        costs, figures = zip(*points, strict=True)
        look: dict[str, Any] = {"color": COLOURS[policy], "linewidths": 0}
        axes.scatter(costs, figures, s=12, alpha=0.35, **look)
        axes.scatter([fmean(costs)], [fmean(figures)], s=90, label=LABELS[policy], **look)
    axes.set(xlabel="yuan a parcel", ylabel=label, yscale=scale)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(visible=True, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description="A picture of the records that were kept.")
    parser.add_argument("records", type=Path, help="what compare.py wrote to --out")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "days.svg")
    options = parser.parse_args()
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in options.records.read_text().splitlines():
        record = json.loads(line)
        days[record["policy"]].append(record)
    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "cunlu", "svg.fonttype": "none", "font.size": 10})
    drawing, both = plt.subplots(1, 2, figsize=(10, 4.6))
    for axes, (figure, label, scale) in zip(both, _PANELS, strict=True):
        panel(axes, {each: days[each] for each in COLOURS if each in days}, figure, label, scale)
    handles, labels = both[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="lower center", ncols=3, frameon=False)
    drawing.tight_layout(rect=(0, 0.12, 1, 1))
    # No date and no random ids, so that the same records give the same file.
    drawing.savefig(options.out, metadata={"Date": None} if options.out.suffix == ".svg" else None)
    print(options.out.name)


if __name__ == "__main__":
    main()
