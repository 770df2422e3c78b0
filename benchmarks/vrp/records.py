"""What is run and what is kept: sets, solvers, budgets, and the files of results."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"

BUDGET_S = {
    "CVRP": 30.0,
    "CVRP/XXL": 120.0,
    "VRPTW": 30.0,
    "PCVRPTW": 30.0,
    "MTVRPTWR": 30.0,
    "HFVRP": 30.0,
    "MDVRPTW": 30.0,
    "SDVRPTW": 30.0,
    "GVRP": 30.0,
}
"""The sets, by their folders, and the wall clock of a run."""

LATE = 1.05
"""A result later than this many budgets is late."""

Record = dict[str, Any]
Key = tuple[str, str, int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """
    How a solver is run.

    A solver of one thread runs as two `processes` side by side, a core each, and the better of both
    counts; one that draws nothing by chance is not `seeded` and runs once.
    """

    package: str
    processes: int
    seeded: bool = True

    def seeds(self, seed: int) -> list[int]:
        """What the processes are given for this seed; no two seeds share any."""
        return [self.processes * (seed - 1) + number for number in range(1, self.processes + 1)]


SOLVERS = {
    "ours": Solver(package="cunlu", processes=1),
    "pyvrp": Solver(package="pyvrp", processes=2),
    "hygese": Solver(package="hygese", processes=2),
    "commiv": Solver(package="commiv", processes=2),
    "pyvroom": Solver(package="pyvroom", processes=1, seeded=False),
    "ortools": Solver(package="ortools", processes=2, seeded=False),
}


def instances(name: str) -> list[Path]:
    """The files of a set; ends the script where the shared data is absent."""
    shared = Path(os.environ.get("CUNLU_SHARED", ROOT.parent / "shared"))
    files = sorted((shared / "data" / "vrp" / name).glob("*.vrp"))
    if not files:
        raise SystemExit(
            f"no instances of {name}: the shared data is not here; set CUNLU_SHARED to its folder"
        )
    return files


def key_of(record: Record) -> Key:
    return record["set"], record["instance"], record["seed"], record["budget_s"]


def load(solver: str, folder: Path = RESULTS) -> dict[Key, Record]:
    """All runs of a solver; of a repeated one the last."""
    file = folder / f"{solver}.jsonl"
    if not file.exists():
        return {}
    records = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {key_of(record): record for record in records}


def load_all(folder: Path = RESULTS) -> list[Record]:
    return [record for solver in SOLVERS for record in load(solver, folder).values()]


def keep(record: Record, folder: Path = RESULTS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{record['solver']}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def thinned(trace: Iterable[tuple[float, int]], budget_s: float) -> list[list[float]]:
    """The last improvement of every hundredth of the budget."""
    last = {int(100 * seconds / budget_s): [round(seconds, 3), cost] for seconds, cost in trace}
    return list(last.values())
