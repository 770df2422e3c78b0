"""The planner from inside: the program that a worker runs to plan days and answer questions in turn."""

from __future__ import annotations

import gc
import os
import queue
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, assert_never

import msgspec

from dispatch.answering import answer
from dispatch.closures import closed
from dispatch.errors import DispatchError
from dispatch.fates import RoadFacts
from dispatch.jobs import JobProgress
from dispatch.moved import moving_at_most
from dispatch.plan import Plan
from dispatch.planner_process import (
    LENGTH,
    Answer,
    Answered,
    AskTask,
    AtDesk,
    Broken,
    Cancel,
    DeskTask,
    Instruction,
    Planned,
    PlanTask,
    Refused,
    Revised,
    ReviseTask,
    RoadsMissing,
    Step,
    Task,
)
from dispatch.planning import SearchStep, plan_day, step_of
from dispatch.questions import decode
from dispatch.rehearsal import rehearse
from dispatch.running.ahead import Situation
from dispatch.running.boarding import as_boarded
from dispatch.running.desk import Desk
from dispatch.running.reoptimising import reoptimise
from dispatch.running.revising import revise
from dispatch.scoping import Scope
from dispatch.versions import change_between
from routing.errors import RoutingError
from routing.roads.network import RoadNetwork

_instructions: Final[msgspec.json.Decoder[Instruction]] = msgspec.json.Decoder(Instruction)


class _Planner:
    """Does what comes in at `instructions` and answers at `answers`."""

    def __init__(self, instructions: BinaryIO, answers: BinaryIO) -> None:
        self._instructions = instructions
        self._answers = answers
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._network: tuple[tuple[str, int], RoadNetwork] | None = None
        self._desk = Desk()

    def run(self) -> None:
        threading.Thread(target=self._listen, name="instructions", daemon=True).start()
        rehearse()
        # What is loaded by now is here to stay: walking it would hold an order up for 100 ms now and then.
        gc.collect()
        gc.freeze()
        while True:
            self._answer(self._do(self._tasks.get()))

    def _listen(self) -> None:
        """Hear instructions while the main thread plans; when the worker is gone, so are we."""
        while head := self._instructions.read(LENGTH.size):
            (length,) = LENGTH.unpack(head)
            match _instructions.decode(self._instructions.read(length)):
                case PlanTask() | ReviseTask() | DeskTask() | AskTask() as task:
                    self._tasks.put(task)
                case Cancel(job_id=job_id):
                    self._cancelled.add(job_id)
        # Searches run in processes of their own: the whole group ends, or they would go on.
        os.killpg(0, signal.SIGKILL)

    def _do(self, task: Task) -> Answer:
        try:
            match task:
                case PlanTask():
                    return self._planned(task)
                case ReviseTask():
                    return self._revised(task)
                case DeskTask(news=news, roads=roads):
                    found = self._desk.answer(news, lambda: self._network_of(roads))
                    return AtDesk(answers=found.answers, change=found.change)
                case AskTask(asked=asked, roads=roads):
                    return Answered(
                        body=msgspec.Raw(answer(decode(asked), lambda: self._network_of(roads)))
                    )
                case _:
                    assert_never(task)
        except (DispatchError, RoutingError) as error:
            return Refused(code=error.code, message=str(error))
        except Exception:  # noqa: BLE001 -- a worker outlives a bug in planning, and records it
            return Broken(trace=traceback.format_exc())

    def _planned(self, task: PlanTask) -> Planned:
        if task.promises_moved_max is None or task.in_force is None:
            return Planned(plan=self._following(task, task.in_force, 1.0))
        plan = moving_at_most(
            task.promises_moved_max, task.in_force, task.inputs, partial(self._following, task)
        )
        return Planned(plan=plan)

    def _following(self, task: PlanTask, in_force: Plan | None, share: float) -> Plan:
        """What the task asks for after this plan, with a share of its budget."""
        if task.scope is not None and in_force is not None and task.facts is not None:
            return self._reoptimised(task, in_force, task.facts, task.scope, share)
        return plan_day(
            task.inputs,
            self._network_at(Path(task.roads)),
            budget_s=share * task.budget_s,
            seed=task.seed,
            based_on=task.based_on,
            made_at=task.made_at,
            start=in_force,
            facts=task.facts,
            on_progress=self._tell,
            cancelled=lambda: task.job_id in self._cancelled,
        )

    def _reoptimised(
        self, task: PlanTask, plan: Plan, facts: RoadFacts, scope: Scope, share: float
    ) -> Plan:
        network = self._network_at(Path(task.roads))
        roads = closed(network, task.inputs.closures_met(task.made_at))
        situation = Situation(
            plan=as_boarded(plan, task.inputs, roads, facts),
            inputs=task.inputs,
            network=roads,
            facts=facts,
            now=task.made_at,
        )
        found = reoptimise(
            situation,
            scope,
            budget_s=share * task.budget_s,
            seed=task.seed,
            on_progress=lambda each: self._tell(step_of(each)),
            cancelled=lambda: task.job_id in self._cancelled,
        )
        return replace(found, based_on=task.based_on)

    def _revised(self, task: ReviseTask) -> Revised:
        network = self._network_at(Path(task.roads))
        plan = revise(
            task.inputs,
            closed(network, task.inputs.closures_met(task.now)),
            task.plan,
            task.facts,
            why=task.why,
            now=task.now,
            budget_s=task.budget_s,
            seed=task.seed,
        )
        return Revised(change=None if plan is None else change_between(task.plan, plan))

    def _network_of(self, roads: str | None) -> RoadNetwork:
        """As `_network_at`; a question may need no roads, so nobody has looked whether there are any."""
        path = None if roads is None else Path(roads)
        if path is None or not path.exists():
            raise RoadsMissing(path)
        return self._network_at(path)

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


def give_way(niceness: int) -> None:
    """Let processes of less niceness go first, before this one and all it starts."""
    os.nice(niceness)
    # Linux shares time among sessions before it looks at processes, and the planner leads one.
    session = Path("/proc/self/autogroup")
    with suppress(OSError):
        session.write_text(str(niceness), encoding="ascii")


def main() -> None:
    """Answer on what was standard output; whatever libraries print goes to standard error."""
    give_way(int(sys.argv[1]))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _Planner(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
