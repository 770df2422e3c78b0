"""An engine in a process of its own: OR-Tools holds the interpreter lock while it searches."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final, TypeAlias

from routing.vrp.problem import Problem

_LOG = logging.getLogger(__name__)

_ASK_CANCELLED_S: Final = 0.05
"""How often the caller is asked whether to go on."""

_PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h: the signal that the kernel sends us when our parent dies."""

Orders: TypeAlias = Mapping[int, Sequence[Sequence[int]]]
"""For each used vehicle its visits, trip by trip, without times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an engine is asked: improve `start` until `deadline_s` (of time.monotonic)."""

    problem: Problem
    start: Orders
    deadline_s: float
    seed: int
    iterations: int | None


def run_engine(
    module: str,
    task: Task,
    *,
    found: Callable[[Orders], None],
    cancelled: Callable[[], bool],
) -> None:
    """
    Run `module`, which calls `serve`, and hand over what it finds until it ends, time is up or
    `cancelled` says so. With an iteration limit everything is handed over, else only the newest of
    what piled up while `found` was busy. The process is gone when this returns.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", module, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        process_group=0,  # Ctrl-C is for us: we end the engine when we have its last answer
    )
    inbox: queue.SimpleQueue[Orders | None] = queue.SimpleQueue()
    talk = threading.Thread(target=_talk, args=(process, task, inbox), daemon=True)
    talk.start()
    judging_s, stopped = 0.0, False
    try:
        while not (stopped := cancelled()):
            # The last answer must still be judged inside the budget.
            left_s = task.deadline_s - judging_s - time.monotonic()
            if left_s <= 0:
                stopped = True
                break
            try:
                news = inbox.get(timeout=min(left_s, _ASK_CANCELLED_S))
            except queue.Empty:
                continue
            if task.iterations is None:
                while news is not None and not inbox.empty():
                    news = inbox.get() or news
            if news is None:
                break
            judged_s = time.monotonic()
            found(news)
            judging_s = max(judging_s, time.monotonic() - judged_s)
    finally:
        if stopped or sys.exc_info()[0] is not None:
            process.kill()
        process.wait()
        talk.join()
    if not stopped and process.returncode != 0:
        _LOG.error("engine %s ended with status %d", module, process.returncode)


def _talk(
    process: subprocess.Popen[bytes], task: Task, inbox: queue.SimpleQueue[Orders | None]
) -> None:
    """Hand the task over, then read one answer per line until the process closes its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as to_child:
        pickle.dump(task, to_child, protocol=pickle.HIGHEST_PROTOCOL)
    with process.stdout as from_child:
        for line in from_child:
            if line.endswith(b"\n"):  # a killed process may leave half a line
                inbox.put(dict(json.loads(line)))
    inbox.put(None)


def serve(search: Callable[[Task, Callable[[Orders], None]], None]) -> None:
    """Be the child: read the task from standard input, write what `search` finds, end."""
    _die_with(int(sys.argv[1]))
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301  written by our own parent
    answers: IO[bytes] = sys.stdout.buffer

    def found(orders: Orders) -> None:
        answers.write(json.dumps(list(orders.items())).encode() + b"\n")
        answers.flush()

    search(task, found)


def _die_with(parent: int) -> None:
    """
    Let the kernel end us when the parent dies; no thread of ours could, the search holds the lock.

    Elsewhere than on Linux an orphan ends at its deadline, or when it writes its next answer.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
