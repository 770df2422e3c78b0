"""
VROOM's dialect beside VROOM: generated bodies, answered by both within the same seconds, judged by one judge.

    python benchmarks/vroom/compare.py --bodies 0-60 --vroom PATH/TO/vroom
    python benchmarks/vroom/compare.py --table

Bodies and judge are those of the tests (tests/routing/vrp/vroom). VROOM (pyvroom's command) explores as thoroughly as
it can (`-x 5`) on two threads and stops by itself, at the latest after the seconds given. Each body is one line of
`results.jsonl`; bodies that are there already are passed over. `--write FOLDER` keeps the bodies that came out dearer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

_HERE = Path(__file__).resolve().parent
_TESTS = _HERE.parents[1] / "tests" / "routing" / "vrp" / "vroom"
_RESULTS = _HERE / "results.jsonl"


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, _TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_vroom(command: Path, body: dict[str, Any], seconds: float) -> tuple[dict[str, Any], float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        began_s = time.monotonic()
        run = subprocess.run(
            [command, "-x", "5", "-t", "2", "-l", str(max(1, round(seconds))), "-i", path],
            capture_output=True,
            check=False,
            text=True,
        )
        return json.loads(run.stdout), time.monotonic() - began_s


def by_us(body: dict[str, Any], seconds: float) -> tuple[dict[str, Any], float]:
    began_s = time.monotonic()
    told = answer(read(json.dumps(body)), within_s=seconds, seed=1)
    return json.loads(json.dumps(told)), time.monotonic() - began_s


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("--bodies", default="0-0", help="seeds, FROM-UNTIL")
    parse.add_argument("--seconds", type=float, default=2.0)
    parse.add_argument("--vroom", type=Path, default=Path(os.environ.get("CUNLU_VROOM", "vroom")))
    parse.add_argument("--write", type=Path)
    parse.add_argument("--table", action="store_true")
    wanted = parse.parse_args()
    if not wanted.table:
        run(wanted)
    table()


def run(wanted: argparse.Namespace) -> None:
    bodies, judge = beside("bodies"), beside("judge")
    done = {line["seed"] for line in lines()}
    first, until = map(int, wanted.bodies.split("-"))
    by_us(bodies.generate(0), 1.0)  # loops are compiled, or read, before anything is timed
    for seed in range(first, until):
        if seed in done:
            continue
        body = bodies.generate(seed)
        theirs, their_s = by_vroom(wanted.vroom, body, wanted.seconds)
        ours, our_s = by_us(body, wanted.seconds)
        line = {
            "seed": seed,
            "tasks": len(judge.tasks_of(body)),
            "vehicles": len(body["vehicles"]),
            "ours": judge.worth(ours),
            "our_s": round(our_s, 2),
            "our_faults": judge.complaints(body, ours),
            "theirs": judge.worth(theirs) if theirs["code"] == 0 else theirs["error"],
            "their_s": round(their_s, 2),
            "their_faults": judge.complaints(body, theirs) if theirs["code"] == 0 else [],
        }
        with _RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if (
            wanted.write is not None
            and isinstance(line["theirs"], tuple)
            and line["ours"] > line["theirs"]
        ):
            wanted.write.mkdir(parents=True, exist_ok=True)
            (wanted.write / f"{seed}.json").write_text(json.dumps(body), encoding="utf-8")


def lines() -> list[dict[str, Any]]:
    if not _RESULTS.exists():
        return []
    return [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]


def table() -> None:
    """What docs/benchmarks.md states."""
    found = sorted(lines(), key=lambda line: int(line["seed"]))
    both = [line for line in found if isinstance(line["theirs"], list)]
    print(f"{len(found)} bodies, {sum(line['tasks'] for line in found)} tasks")
    for who in ("our", "their"):
        valid = sum(not line[f"{who}_faults"] for line in (found if who == "our" else both))
        slowest = max((line[f"{who}_s"] for line in both), default=0.0)
        print(f"{who}s: {valid} valid, {slowest:.2f} s at most")
    print(f"VROOM refuses: {Counter(line['theirs'] for line in found if line not in both)}")
    better = Counter(
        "better"
        if line["ours"] < line["theirs"]
        else "worse"
        if line["ours"] > line["theirs"]
        else "equal"
        for line in both
    )
    print("ours is", dict(better))
    tasks = [line for line in both if line["ours"][:2] == line["theirs"][:2]]
    costs = sum(line["ours"][2] for line in tasks), sum(line["theirs"][2] for line in tasks)
    print(f"priorities and number alike: {len(tasks)}, at a cost of {costs[0]:,} and {costs[1]:,}")
    for line in both:
        if line["ours"] > line["theirs"]:
            print(f"worse: {line['seed']} {line['ours']} {line['theirs']} of {line['tasks']} tasks")


if __name__ == "__main__":
    main()
