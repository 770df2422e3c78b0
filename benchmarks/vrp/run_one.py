"""
One run in a process of its own: `compare.py` starts this, and times it from outside.

Answers with JSON in a file: routes, the cost the solver states, its trace; or why not.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from peers.case import CannotState, Task
from records import SOLVERS


def main() -> None:
    parser = argparse.ArgumentParser(description="One run of one solver.")
    parser.add_argument("solver", choices=SOLVERS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--began", type=float, required=True, help="time.monotonic of the start")
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    told: dict[str, Any] = {}
    task = Task(file=args.file, seed=args.seed, began_s=args.began, budget_s=args.budget)
    try:
        solve = importlib.import_module(f"peers.by_{args.solver}").answer
        found = solve(task)
        told |= {"routes": found.routes, "stated": found.stated, "trace": found.trace}
    except CannotState as reason:
        told["cannot_state"] = str(reason)
    except Exception as error:  # noqa: BLE001 # a peer may fail in any way; the table shows it
        told["error"] = f"{type(error).__name__}: {error}"
    args.out.write_text(json.dumps(told, default=int), encoding="utf-8")


if __name__ == "__main__":
    main()
