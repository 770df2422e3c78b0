"""A lane to the server: what many callers want at one moment travels together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from dispatch.errors import DispatchError

BATCH_MAX: Final = 100
"""Commands sent together; more would only make the first of them wait for its answer."""

REPLICAS_WITHIN_MS: Final = 5000
"""How long a change waits for its replicas before it counts as not safe. Chosen, not measured."""

Command = Sequence[str | bytes | int]


class NotOnReplicas(DispatchError):
    """A change was made, but too few replicas have it on disk: a failover might lose it."""

    code: ClassVar[str] = "not-on-replicas"

    def __init__(self, wanted: int, reached: int) -> None:
        self.wanted, self.reached = wanted, reached
        super().__init__(
            f"the change is on {reached} of {wanted} replicas: send it again with the same ids "
            "when the replicas are back"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    command: Command
    answer: asyncio.Future[Any]


class Lane:
    """
    Sends commands in order over one connection at a time, and hands each caller its own answer.

    While one batch is under way the next gathers, so that the busier it is the cheaper a command
    gets: most of a command's price is the client's work around one send and one receive (50
    callers, 2 busy cores, 2026-11: see benchmarks/store.py).

    replicas
        How many must have a batch on disk before its callers hear of success; 0: none.
    """

    def __init__(self, client: Redis, scripts: Sequence[str], *, replicas: int = 0) -> None:
        self._client = client
        self._scripts = scripts
        self._replicas = replicas
        self._queue: deque[_Waiting] = deque()
        self._sender: asyncio.Task[None] | None = None

    async def send(self, command: Command) -> Any:
        """Return the answer to `command`; errors are those of redis-py."""
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._drain(), name="lane")
        return await waiting.answer

    async def close(self) -> None:
        """Wait until everything sent has its answer."""
        if self._sender is not None:
            await self._sender

    async def _drain(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
            try:
                answers = await self._execute([each.command for each in batch])
            except BaseException as error:
                answers = [error] * len(batch)
                if not isinstance(error, Exception):
                    _hand_out(batch, answers)
                    raise
            _hand_out(batch, answers)

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        """Answers or errors, one for each command; scripts that the server forgot are sent again."""
        answers = await self._exchange(commands)
        forgotten = [index for index, each in enumerate(answers) if isinstance(each, NoScriptError)]
        if forgotten:
            for script in self._scripts:
                await self._client.script_load(script)
            again = await self._exchange([commands[index] for index in forgotten])
            for index, answer in zip(forgotten, again, strict=True):
                answers[index] = answer
        return answers

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            if self._replicas:  # it speaks of what its own connection wrote
                pipeline.waitaof(1, self._replicas, REPLICAS_WITHIN_MS)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        if self._replicas:
            _, reached = answers.pop()
            if reached < self._replicas:
                error = NotOnReplicas(self._replicas, reached)
                return [each if isinstance(each, Exception) else error for each in answers]
        return answers


def _hand_out(batch: Sequence[_Waiting], answers: Sequence[Any]) -> None:
    for waiting, answer in zip(batch, answers, strict=True):
        if waiting.answer.done():
            continue  # its caller has gone
        if isinstance(answer, BaseException):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
