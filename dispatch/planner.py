"""The planner from inside: the program that a worker runs to plan days, one after another."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from dispatch.errors import DispatchError
from dispatch.jobs import JobProgress
from dispatch.planner_process import (
    LENGTH,
    Answer,
    Broken,
    Cancel,
    Instruction,
    Planned,
    PlanTask,
    Refused,
    Step,
)
from dispatch.planning import SearchStep, plan_day
from dispatch.rehearsal import rehearse
from routing.errors import RoutingError
from routing.roads.network import RoadNetwork

_instructions: Final[msgspec.json.Decoder[Instruction]] = msgspec.json.Decoder(Instruction)


class _Planner:
    """Plans what comes in at `instructions` and answers at `answers`."""

    def __init__(self, instructions: BinaryIO, answers: BinaryIO) -> None:
        self._instructions = instructions
        self._answers = answers
        self._tasks: queue.SimpleQueue[PlanTask] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._network: tuple[tuple[str, int], RoadNetwork] | None = None

    def run(self) -> None:
        threading.Thread(target=self._listen, name="instructions", daemon=True).start()
        rehearse()
        while True:
            self._answer(self._plan(self._tasks.get()))

    def _listen(self) -> None:
        """Hear instructions while the main thread plans; when the worker is gone, so are we."""
        while head := self._instructions.read(LENGTH.size):
            (length,) = LENGTH.unpack(head)
            match _instructions.decode(self._instructions.read(length)):
                case PlanTask() as task:
                    self._tasks.put(task)
                case Cancel(job_id=job_id):
                    self._cancelled.add(job_id)
        # Searches run in processes of their own: the whole group ends, or they would go on.
        os.killpg(0, signal.SIGKILL)

    def _plan(self, task: PlanTask) -> Answer:
        try:
            plan = plan_day(
                task.inputs,
                self._network_at(Path(task.roads)),
                budget_s=task.budget_s,
                seed=task.seed,
                based_on=task.based_on,
                made_at=task.made_at,
                on_progress=self._tell,
                cancelled=lambda: task.job_id in self._cancelled,
            )
        except (DispatchError, RoutingError) as error:
            return Refused(code=error.code, message=str(error))
        except Exception:  # noqa: BLE001 -- a worker outlives a bug in planning, and records it
            return Broken(trace=traceback.format_exc())
        return Planned(plan=plan)

    def _network_at(self, path: Path) -> RoadNetwork:
        """The network in `path`, kept until the file changes."""
        key = (str(path), path.stat().st_mtime_ns) if path.exists() else (str(path), 0)
        if self._network is None or self._network[0] != key:
            self._network = (key, RoadNetwork.load(path))
        return self._network[1]

    def _tell(self, step: SearchStep) -> None:
        progress = JobProgress(
            seconds=step.seconds,
            cost_fen=step.cost_fen,
            served=step.served,
            unserved=step.unserved,
        )
        self._answer(Step(progress=progress))

    def _answer(self, answer: Answer) -> None:
        body = msgspec.json.encode(answer)
        self._answers.write(LENGTH.pack(len(body)) + body)
        self._answers.flush()


def main() -> None:
    """Answer on what was standard output; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _Planner(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
