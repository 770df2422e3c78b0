"""The workbench: one planner process that a worker's jobs and questions take turns at."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dispatch.planner_process import PlannerProcess

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Workbench:
    """
    Whoever uses it has it alone: the queue hands a worker one thing at a time.

    Where all processors are busy, a planner of less `niceness` gets them first: 0 for what somebody waits for.
    """

    niceness: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it only after the queue was told to stop: it then keeps the work for another worker."""
    _planner: PlannerProcess | None = field(default=None, init=False)

    async def prepare(self) -> PlannerProcess:
        """A living planner, which warms itself: started before it is asked for, it costs none."""
        if self._planner is None or not self._planner.is_alive:
            self._planner = await PlannerProcess.start(niceness=self.niceness)
        return self._planner

    async def watched(
        self,
        planner: PlannerProcess,
        work: Coroutine[Any, Any, _T],
        watch: Coroutine[Any, Any, None],
    ) -> _T:
        """
        What comes of `work`, which is done by `planner`, while `watch` runs beside it.

        Whatever `watch` raises ends the work; so does the worker's end, and the planner with it.

        Raises
        ------
        asyncio.CancelledError
            This worker is stopping.
        """
        working = asyncio.create_task(work)
        watching = asyncio.create_task(watch)
        stopping = asyncio.create_task(self.stopping.wait())
        tasks: tuple[asyncio.Task[Any], ...] = (working, watching, stopping)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                await watching
            if not working.done():
                raise asyncio.CancelledError
            return await working
        finally:
            if not working.done():
                await planner.kill()
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        if self._planner is not None:
            await self._planner.kill()
