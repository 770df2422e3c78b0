"""Processes timed from outside: started together, pinned to cores, waited for, measured."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records import ROOT

_HERE = Path(__file__).parent
_PATIENCE = 2.0
"""A process that takes this many budgets, and five seconds, is ended. Chosen."""
_PATH = re.compile(r"(?<![\w/])/[\w.+-]+(/[\w.+-]+)+")


@dataclass(slots=True, kw_only=True)
class _Running:
    process: subprocess.Popen[bytes]
    seed: int
    began_s: float
    out: Path
    complaints: Path
    wall_s: float | None = None
    peak_mb: int = 0
    killed: bool = False


def run(
    solver: str,
    file: Path,
    *,
    budget_s: float,
    seeds: list[int],
    patience_s: float | None = None,
) -> list[dict[str, Any]]:
    """
    One process for each seed, side by side; two share the first two cores, one has them both.

    Each answer tells what `run_one.py` wrote, with `seed`, `wall_s` from before the process was
    started until it was gone, and `peak_mb`, the most memory it held. After `patience_s`, by default
    twice the budget, a process is ended without an answer.
    """
    patience_s = _PATIENCE * budget_s + 5 if patience_s is None else patience_s
    with tempfile.TemporaryDirectory() as folder:
        running = [
            _start(solver, file, budget_s, seed, Path(folder), _cores(number, len(seeds)))
            for number, seed in enumerate(seeds)
        ]
        try:
            while any(each.wall_s is None for each in running):
                for each in running:
                    _look(each, patience_s)
                time.sleep(0.005)
        finally:
            for each in running:
                if each.wall_s is None:
                    _end(each)
        return [_told(each) for each in running]


def without_paths(text: str) -> str:
    """Names of this machine's folders are nobody's business."""
    return _PATH.sub("…", text).strip()


def _cores(number: int, processes: int) -> set[int]:
    cores = sorted(os.sched_getaffinity(0))[:2]
    return {cores[number % len(cores)]} if processes > 1 else set(cores)


def _start(
    solver: str, file: Path, budget_s: float, seed: int, folder: Path, cores: set[int]
) -> _Running:
    out, complaints = folder / f"{seed}.json", folder / f"{seed}.txt"
    command = [sys.executable, str(_HERE / "run_one.py"), solver, str(file.resolve())]
    command += ["--budget", str(budget_s), "--seed", str(seed), "--out", str(out), "--began"]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # which the process inherits
    try:
        with complaints.open("wb") as written:
            began_s = time.monotonic()
            process = subprocess.Popen(
                [*command, repr(began_s)],
                stdout=subprocess.DEVNULL,
                stderr=written,
                cwd=folder,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )
    finally:
        os.sched_setaffinity(0, mine)
    return _Running(process=process, seed=seed, began_s=began_s, out=out, complaints=complaints)


def _look(each: _Running, patience_s: float) -> None:
    """Take the process's end if it has come, or bring it."""
    if each.wall_s is not None:
        return
    passed_s = time.monotonic() - each.began_s
    pid, status, usage = os.wait4(each.process.pid, os.WNOHANG)
    if pid:
        each.wall_s = passed_s
        each.peak_mb = usage.ru_maxrss // 1024
        each.process.returncode = os.waitstatus_to_exitcode(status)
    elif passed_s > patience_s and not each.killed:
        each.killed = True
        os.killpg(each.process.pid, signal.SIGKILL)


def _end(each: _Running) -> None:
    os.killpg(each.process.pid, signal.SIGKILL)
    each.process.wait()


def _told(each: _Running) -> dict[str, Any]:
    told: dict[str, Any] = {"seed": each.seed}
    if each.killed:
        told["error"] = f"no answer after {each.wall_s:.0f} s"
    elif each.out.exists():
        told |= json.loads(each.out.read_text(encoding="utf-8"))
    else:
        last = each.complaints.read_text(errors="replace").strip().splitlines()[-1:]
        told["error"] = f"ended with {each.process.returncode}: {' '.join(last)}"
    if "error" in told:
        told["error"] = without_paths(told["error"])[:300]
    return told | {"wall_s": round(each.wall_s or 0.0, 3), "peak_mb": each.peak_mb}
