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
from typing import Final

import msgspec

from dispatch.ids import JobId
from dispatch.inputs import DayInputs
from dispatch.jobs import JobProgress
from dispatch.plan import Plan

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


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Finish with the best so far. It names its job, for the next may have begun already."""

    job_id: JobId


class Step(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    progress: JobProgress


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    plan: Plan


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """A named error: these inputs cannot be planned."""

    code: str
    message: str


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """A bug, with its trace for the log."""

    trace: str


Instruction = PlanTask | Cancel
Answer = Step | Planned | Refused | Broken


@dataclass(frozen=True, slots=True)
class Gone:
    """The process ended without an answer: it was killed, or ran out of memory."""

    exit_code: int | None


Outcome = Planned | Refused | Broken | Gone

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
    async def start(cls) -> PlannerProcess:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dispatch.planner",
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


def network_path(roads: Path) -> str:
    """The path as another process, with another working folder, finds it."""
    return str(roads.absolute())
