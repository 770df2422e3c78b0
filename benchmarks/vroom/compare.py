"""
VROOM's dialect beside VROOM: drawn bodies, answered by both, judged by one judge.

    python3 -m venv ../peers
    ../peers/bin/pip install -e . pyvroom==1.15.0
    ../peers/bin/python benchmarks/vroom/compare.py --bodies 300
    ../peers/bin/python benchmarks/vroom/compare.py --table

Bodies and judge are those of the tests (tests/routing/vrp/vroom): neither knows the engine. VROOM, as pyvroom's command,
explores as thoroughly as it can (`-x 5`) on two threads, and stops by itself. Ours gets as many seconds as that took, from
the start of the process on, or `--floor` if that is more: by default the 2 s that a body gets which names no time.

Each body is one line of `results.jsonl`; what is there already is not run again. `--write FOLDER` keeps the bodies that came
out dearer. The table compares as VROOM does: priorities first, then how many tasks are made, then cost.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

_HERE = Path(__file__).resolve().parent
_TESTS = _HERE.parents[1] / "tests" / "routing" / "vrp" / "vroom"
_RESULTS = _HERE / "results.jsonl"
_FLOOR_S: Final = 2.0

Body = dict[str, Any]


def _costs(body: Body, key: str) -> bool:
    return any(vehicle.get("costs", {}).get(key) for vehicle in body["vehicles"])


def _vehicles(body: Body, *keys: str) -> bool:
    return any(key in vehicle for vehicle in body["vehicles"] for key in keys)


def _breaks(body: Body) -> list[Body]:
    return [rest for vehicle in body["vehicles"] for rest in vehicle.get("breaks", [])]


def _tasks(body: Body) -> list[Body]:
    halves = [
        shipment[half] for shipment in body.get("shipments", []) for half in ("pickup", "delivery")
    ]
    return [*body["jobs"], *halves]


FEATURES: Final[dict[str, Callable[[Body], bool]]] = {
    "shipments": lambda body: bool(body.get("shipments")),
    "time windows": lambda body: any("time_windows" in task for task in _tasks(body)),
    "several windows of a task": lambda body: any(len(t.get("time_windows", [])) > 1 for t in _tasks(body)),
    "hours of vehicles": lambda body: _vehicles(body, "time_window"),
    "breaks": lambda body: bool(_breaks(body)),
    "breaks of several windows": lambda body: any(len(r.get("time_windows", [])) > 1 for r in _breaks(body)),
    "breaks with `max_load`": lambda body: any("max_load" in rest for rest in _breaks(body)),
    "priorities": lambda body: any(
        order.get("priority") for order in (*body["jobs"], *body.get("shipments", []))
    ),
    "skills": lambda body: _vehicles(body, "skills"),
    "amounts": lambda body: _vehicles(body, "capacity"),
    "amounts of several numbers": lambda body: any(len(v.get("capacity", [])) > 1 for v in body["vehicles"]),
    "`max_tasks`": lambda body: _vehicles(body, "max_tasks"),
    "`max_tasks` beside shipments": lambda body: _vehicles(body, "max_tasks") and "shipments" in body,
    "`max_travel_time` or `max_distance`": lambda body: _vehicles(body, "max_travel_time", "max_distance"),
    "`fixed`": lambda body: _costs(body, "fixed"),
    "`per_hour`, `per_km`": lambda body: _costs(body, "per_km"),
    "`per_task_hour`": lambda body: _costs(body, "per_task_hour"),
    "`setup`": lambda body: any(task.get("setup") for task in _tasks(body)),
    "setup and service by type": lambda body: _vehicles(body, "type"),
    "`speed_factor`": lambda body: _vehicles(body, "speed_factor"),
    "open or different ends": lambda body: any(
        vehicle.get("start_index") != vehicle.get("end_index") for vehicle in body["vehicles"]
    ),
    "`steps`": lambda body: _vehicles(body, "steps"),
    "two profiles": lambda body: len(body["matrices"]) > 1,
    "`distances`": lambda body: any("distances" in table for table in body["matrices"].values()),
    "`costs` as a matrix": lambda body: any("costs" in table for table in body["matrices"].values()),
}  # fmt: skip


def beside(name: str) -> ModuleType:
    """A module of the tests; they are no package."""
    spec = importlib.util.spec_from_file_location(name, _TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_vroom(command: str, body: Body) -> tuple[Body, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        began_s = time.monotonic()
        run = subprocess.run(
            [command, "-x", "5", "-t", "2", "-i", path],
            capture_output=True,
            check=False,
            text=True,
        )
        return json.loads(run.stdout), time.monotonic() - began_s


def by_us(body: Body, seconds: float) -> tuple[Body, float]:
    began_s = time.monotonic()
    told = answer(read(json.dumps(body)), within_s=seconds, seed=1)
    return json.loads(json.dumps(told)), time.monotonic() - began_s


def run(wanted: argparse.Namespace) -> None:
    command = wanted.vroom or shutil.which("vroom") or str(Path(sys.executable).with_name("vroom"))
    bodies, judge = beside("bodies"), beside("judge")
    done = {line["seed"] for line in lines()}
    deadline_s = time.monotonic() + wanted.within
    by_us(bodies.generate(0), 1.0)  # loops are compiled, or read, before anything is timed
    for seed in range(wanted.first, wanted.bodies):
        if seed in done or time.monotonic() >= deadline_s:
            continue
        body = bodies.generate(seed)
        theirs, their_s = by_vroom(command, body)
        ours, our_s = by_us(body, max(their_s, wanted.floor))
        refused = theirs["code"] != 0
        line = {
            "seed": seed,
            "tasks": len(judge.tasks_of(body)),
            "vehicles": len(body["vehicles"]),
            "features": [name for name, has in FEATURES.items() if has(body)],
            "ours": judge.worth(ours),
            "our_s": round(our_s, 2),
            "our_faults": judge.complaints(body, ours),
            "theirs": None if refused else judge.worth(theirs),
            "their_s": round(their_s, 2),
            "their_faults": [] if refused else judge.complaints(body, theirs),
            "their_error": theirs.get("error"),
        }
        with _RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if wanted.write is not None and not refused and line["ours"] > line["theirs"]:
            wanted.write.mkdir(parents=True, exist_ok=True)
            (wanted.write / f"{seed}.json").write_text(json.dumps(body), encoding="utf-8")


def lines() -> list[Body]:
    if not _RESULTS.exists():
        return []
    found = [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda line: int(line["seed"]))


def table() -> Iterator[str]:
    """What docs/benchmarks.md states, and each body that came out dearer."""
    found = lines()
    both = [line for line in found if line["theirs"] is not None]
    yield f"{len(found)} bodies of {sum(line['tasks'] for line in found):,} tasks."
    errors = {line["their_error"] for line in found if line["theirs"] is None}
    yield f"VROOM refuses {len(found) - len(both)}: {', '.join(sorted(errors)) or 'none'}"
    for who, of in (("our", found), ("their", both)):
        seconds = sorted(line[f"{who}_s"] for line in of)
        yield (
            f"{who}s: {sum(not line[f'{who}_faults'] for line in of)} valid of {len(of)}, "
            f"seconds: median {seconds[len(seconds) // 2]}, most {seconds[-1]}"
        )
    alike = [line for line in both if line["ours"][:2] == line["theirs"][:2]]
    sums = [sum(line[who][2] for line in alike) for who in ("ours", "theirs")]
    yield f"as much made: {len(alike)}, at a cost of {sums[0]:,} and {sums[1]:,}"
    yield ""
    yield "| bodies with | | more made | as much, cheaper | equal | as much, dearer | less made |"
    yield "|---|---|---|---|---|---|---|"
    yield _row("anything", both)
    for name in FEATURES:
        yield _row(name, [line for line in both if name in line["features"]])
    yield ""
    for line in both:
        if line["ours"] > line["theirs"]:
            yield f"worse: {line['seed']}, {line['tasks']} tasks, {line['ours']} for {line['theirs']}"


def _row(name: str, of: list[Body]) -> str:
    made = [
        (line["ours"][:2], line["theirs"][:2], line["ours"][2] - line["theirs"][2]) for line in of
    ]
    alike = [dearer for ours, theirs, dearer in made if ours == theirs]
    cells = (
        len(of),
        sum(ours < theirs for ours, theirs, _ in made),
        sum(dearer < 0 for dearer in alike),
        sum(dearer == 0 for dearer in alike),
        sum(dearer > 0 for dearer in alike),
        sum(ours > theirs for ours, theirs, _ in made),
    )
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description="VROOM's dialect beside VROOM.")
    parser.add_argument("--bodies", type=int, default=300, help="how many, with seeds from 0 on")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--floor", type=float, default=_FLOOR_S, help="least seconds for ours")
    parser.add_argument(
        "--within", type=float, default=86_400, help="seconds after which no body begins"
    )
    parser.add_argument("--vroom", default=os.environ.get("CUNLU_VROOM"), help="its command")
    parser.add_argument("--write", type=Path, help="a folder for bodies that came out dearer")
    parser.add_argument("--table", action="store_true", help="print what is there, and run nothing")
    wanted = parser.parse_args()
    if not wanted.table:
        run(wanted)
    print("\n".join(table()))


if __name__ == "__main__":
    main()
