"""The planner from outside: a process of its own, so that planning blocks nobody and can be ended."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from dispatch.errors import DispatchError
from dispatch.fates import RoadFacts
from dispatch.ids import JobId
from dispatch.inputs import DayInputs
from dispatch.jobs import JobProgress
from dispatch.plan import Plan, Why
from dispatch.running.desk import DayNews, DeskAnswer
from dispatch.scoping import Scope
from dispatch.versions import PlanChange

LENGTH: Final = struct.Struct(">I")
"""Before every message: how many bytes it has."""


class PlanTask(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    job_id: JobId
    inputs: DayInputs
    roads: str
    budget_s: float
    seed: int
    based_on: int
    made_at: datetime
    in_force: Plan | None = None
    facts: RoadFacts | None = None
    scope: Scope | None = None
    """Which part of the plan in force is to be better; None: all of the day is planned."""
    promises_moved_max: int | None = None


class ReviseTask(msgspec.Struct, frozen=True, kw_only=True, tag="revise"):
    """The next version of `plan` for what has happened; see `running.revising`."""

    inputs: DayInputs
    roads: str
    plan: Plan
    facts: RoadFacts
    why: tuple[Why, ...]
    now: datetime
    budget_s: float
    seed: int


class AskTask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """A question as it was encoded, see `questions`: only the planner reads it."""

    asked: msgspec.Raw
    roads: str | None


class DeskTask(msgspec.Struct, frozen=True, kw_only=True, tag="desk"):
    """New orders of a running day; see `running.desk`."""

    news: DayNews
    roads: str


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Finish with the best so far. It names its job, for the next may have begun already."""

    job_id: JobId


class Step(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    progress: JobProgress


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    plan: Plan


class Revised(msgspec.Struct, frozen=True, kw_only=True, tag="revised"):
    """What the next version changes; None: the one in force is good enough."""

    change: PlanChange | None


class AtDesk(DeskAnswer, frozen=True, kw_only=True, tag="at-desk"):
    """What new orders are told."""


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    body: msgspec.Raw


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """A named error: these inputs cannot be planned, this question has no answer."""

    code: str
    message: str


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """A bug, with its trace for the log."""

    trace: str


Task = PlanTask | ReviseTask | DeskTask | AskTask
Instruction = Task | Cancel
Answer = Step | Planned | Revised | AtDesk | Answered | Refused | Broken


@dataclass(frozen=True, slots=True)
class Gone:
    """The process ended without an answer: it was killed, or ran out of memory."""

    exit_code: int | None


Trouble = Refused | Broken | Gone
Outcome = Planned | Trouble

_answers: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


class PlannerProcess:
    """
    A running planner, which takes one task after another and keeps its road network.

    It leads a process group of its own and ends it when its standard input closes: whatever
    it started dies with it, and it dies with us, however we die.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.latest: JobProgress | None = None
        """The last step heard of in the present task."""

    @classmethod
    async def start(cls, *, niceness: int = 0) -> PlannerProcess:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dispatch.planner",
            str(niceness),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        return cls(process)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def plan(self, task: PlanTask) -> Outcome:
        """Hand `task` over and wait for what comes of it; `latest` moves on meanwhile."""
        outcome = await self._do(task)
        assert not isinstance(outcome, Answered | Revised | AtDesk), "a plan was asked for"
        return outcome

    async def revise(self, task: ReviseTask) -> Revised | Trouble:
        """Hand a day over that has changed, and wait for its next version."""
        outcome = await self._do(task)
        assert not isinstance(outcome, Answered | Planned | AtDesk), "a revision was asked for"
        return outcome

    async def answer(self, task: AskTask) -> Answered | Trouble:
        """Hand a question over and wait for what comes of it."""
        outcome = await self._do(task)
        assert not isinstance(outcome, Planned | Revised | AtDesk), "a question was asked"
        return outcome

    async def at_desk(self, task: DeskTask) -> AtDesk | Trouble:
        """Hand new orders over and wait for what they are told."""
        outcome = await self._do(task)
        assert not isinstance(outcome, Planned | Revised | Answered), "orders were asked about"
        return outcome

    async def _do(self, task: Task) -> Planned | Revised | AtDesk | Answered | Trouble:
        self.latest = None
        await self._send(task)
        while True:
            answer = await self._receive()
            match answer:
                case Step(progress=progress):
                    self.latest = progress
                case None:
                    return Gone(await self._process.wait())
                case _:
                    return answer

    async def cancel(self, job_id: JobId) -> None:
        """Ask for the best so far."""
        await self._send(Cancel(job_id=job_id))

    async def end_after(self, within_s: float) -> None:
        """A watch for `Workbench.watched`: end a planner that hangs; then wait for whoever waits for it."""
        await asyncio.sleep(within_s)
        await self.kill()
        await asyncio.Event().wait()

    async def kill(self) -> None:
        """End the process and all it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _send(self, instruction: Instruction) -> None:
        assert self._process.stdin is not None, "started with a pipe"
        body = msgspec.json.encode(instruction)
        with suppress(ConnectionError):  # a dead process is noticed where its answer is awaited
            self._process.stdin.write(LENGTH.pack(len(body)) + body)
            await self._process.stdin.drain()

    async def _receive(self) -> Answer | None:
        assert self._process.stdout is not None, "started with a pipe"
        try:
            (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
            return _answers.decode(await self._process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            return None


class RoadsMissing(DispatchError):
    """A worker without a road network to plan on."""

    code: ClassVar[str] = "roads-missing"

    def __init__(self, roads: Path | None) -> None:
        self.roads = roads
        told = "CUNLU_ROADS is not set" if roads is None else f"there is no file {roads}"
        super().__init__(f"{told}: build one with `cunlu roads build` and name it in CUNLU_ROADS")


def network_path(roads: Path) -> str:
    """The path as another process, with another working folder, finds it."""
    return str(roads.absolute())
