"""
Public instance sets, two cores and one wall clock for everyone: our search beside its peers.

Peers come from PyPI, into an environment of their own that sees this working tree:

    python3 -m venv ../peers
    ../peers/bin/pip install -e . pyvrp==0.14.1 pyvroom==1.15.0 commiv==0.6.0 hygese==0.1.0 matplotlib
    ../peers/bin/python benchmarks/vrp/compare.py --sets CVRP VRPTW --solvers ours pyvrp --seeds 1 2 3
    ../peers/bin/python benchmarks/vrp/table.py
    ../peers/bin/python benchmarks/vrp/draw.py --instance X-n801-k40

Instances are looked for in `$CUNLU_SHARED/data/vrp`, by default `../shared/data/vrp`. Without options every
solver runs on every set with seeds 1, 2 and 3, about six hours. What stands in `benchmarks/vrp/results/` is
not run again, so several sessions can fill the table; `--again` repeats. `--instances X-n101-k25` chooses by
name. A run with another `--budget` than the protocol's is kept, but stands in no table.

The protocol. 30 s, for CVRP/XXL 120 s, from the start of a fresh process until it is gone: interpreter,
imports and reading count, and a solver is given what they left. A result later than the budget and 5 % is late.
Everyone has two cores. A solver of one thread runs as two processes side by side, a core and a seed each, and the better of
both counts; solvers that draw nothing by chance run once. Our kernels are compiled before the clock starts, as an
installation does once. Routes are judged by our judge and by PyVRP's own count; a run on which they, or
the solver's own statement, disagree is an error. Gaps are against the published solutions, as they cost here.
How each peer is run stands at the top of its file in `peers/`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from launch import run, without_paths
from records import BUDGET_S, LATE, RESULTS, ROOT, SOLVERS, Record, instances, keep, load, thinned

_WARM_S = 3.0


def machine() -> dict[str, Any]:
    model = platform.processor()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [line for line in cpus.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "python": platform.python_version(),
    }


def commit() -> str:
    """Which of our versions ran, with a + if the tree had been changed since."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True
    )
    dirty = subprocess.run(
        [*git, "diff", "--quiet", "HEAD", "--", "routing"], check=False, capture_output=True
    )
    return head.stdout.strip() + "+" * (dirty.returncode != 0)


def judge(file: Path, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as asked:
        json.dump(answers, asked)
        asked.flush()
        command = [sys.executable, str(Path(__file__).parent / "judge.py"), str(file), asked.name]
        ended = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    if ended.returncode:
        why = ended.stderr.strip().splitlines()[-1:]
        raise SystemExit(f"the judge failed on {file.stem}: {' '.join(why)}")
    return json.loads(ended.stdout)


def single(told: dict[str, Any], verdict: dict[str, Any], budget_s: float) -> dict[str, Any]:
    """What one process answered, as it is kept."""
    error = told.get("error") or told.get("cannot_state") or verdict["error"]
    gap = None
    if error is None:
        gap = round(100 * (verdict["cost"] - verdict["best_known"]) / verdict["best_known"], 4)
    return {
        "seed": told["seed"],
        "wall_s": told["wall_s"],
        "cost": verdict["cost"],
        "cost_pyvrp": verdict["cost_pyvrp"],
        "gap": gap,
        "feasible": verdict["feasible"],
        "late": told["wall_s"] > LATE * budget_s,
        "peak_mb": told["peak_mb"],
        "error": error and without_paths(error),
    }


def measure(solver: str, name: str, file: Path, seed: int, budget_s: float) -> Record:
    told = run(solver, file, budget_s=budget_s, seeds=SOLVERS[solver].seeds(seed))
    verdicts = judge(file, told)
    singles = [
        single(each, verdict, budget_s) for each, verdict in zip(told, verdicts, strict=True)
    ]
    # In time before late, and nothing worse than a failure.
    number = min(
        range(len(singles)),
        key=lambda one: (
            singles[one]["error"] is not None,
            singles[one]["late"],
            singles[one]["cost"] or 0,
        ),
    )
    best = singles[number]
    release = version(SOLVERS[solver].package)
    return {
        "solver": solver,
        "version": f"{release} {commit()}" if solver == "ours" else release,
        "set": name,
        "instance": file.stem,
        "seed": seed,
        "budget_s": budget_s,
        "best_known": verdicts[0]["best_known"],
        **{key: best[key] for key in best if key != "seed"},
        "cannot_state": any("cannot_state" in each for each in told),
        "singles": singles if len(singles) > 1 else [],
        "trace": thinned(told[number].get("trace", ()), budget_s),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
    }


def warm(name: str) -> None:
    """Compile our kernels for a set's rules: on its smallest instance, unmeasured."""
    smallest = min(instances(name), key=lambda file: file.stat().st_size)
    run("ours", smallest, budget_s=_WARM_S, seeds=[0], patience_s=600)


def asked_for(args: argparse.Namespace) -> Iterator[tuple[str, str, Path, int, float]]:
    for name in args.sets:
        budget_s = args.budget or BUDGET_S[name]
        chosen = [f for f in instances(name) if not args.instances or f.stem in args.instances]
        for file in chosen:
            for solver in args.solvers:
                seeds = args.seeds if SOLVERS[solver].seeded else [1]
                for seed in seeds:
                    yield solver, name, file, seed, budget_s


def told_of(record: Record) -> str:
    gap = record["error"] if record["gap"] is None else f"{record['gap']:7.3f} %"
    late = ", LATE" if record["late"] else ""
    return (
        f"{record['set']} {record['instance']}, {record['solver']}, seed {record['seed']}: "
        f"{gap} in {record['wall_s']:.1f} s{late}, {record['peak_mb']} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Our search beside its peers on public sets.")
    parser.add_argument("--sets", nargs="+", choices=BUDGET_S, default=list(BUDGET_S))
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--instances", nargs="+", help="by name, without .vrp")
    parser.add_argument("--budget", type=float, help="seconds instead of the protocol's")
    parser.add_argument("--again", action="store_true", help="repeat what is there already")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of results")
    args = parser.parse_args()
    warmed: set[str] = set()
    for solver, name, file, seed, budget_s in asked_for(args):
        known = load(solver, args.results)
        if not args.again and (name, file.stem, seed, budget_s) in known:
            continue
        if any(
            record["cannot_state"] and (record["set"], record["instance"]) == (name, file.stem)
            for record in known.values()
        ):
            continue
        if solver == "ours" and name not in warmed:
            warm(name)
            warmed.add(name)
        record = measure(solver, name, file, seed, budget_s)
        keep(record, args.results)
        print(told_of(record), flush=True)


if __name__ == "__main__":
    main()
