"""Keeping days right from a worker: looks whether anything has happened, and publishes the plan's next version."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from dispatch import operations
from dispatch.clock import Clock
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.operations import FleetMissing, PlanStale
from dispatch.plan import Plan, Why
from dispatch.planner_process import Broken, Gone, Refused, Revised, ReviseTask, network_path
from dispatch.running.watching import whys
from dispatch.store import Store
from dispatch.workbench import Workbench

BUDGET_S: Final = 2.0
"""What a search for the next version takes: gains beyond are small at 3,000 stops (DESIGN, The running day)."""

OVERHEAD_S: Final = 60.0
"""Loading roads, matrices and lines may take so long on top; then the planner is ended. Chosen."""

ATTEMPTS: Final = 3
"""So often a version is made again because another was published meanwhile. Chosen."""

RETRY_S: Final = 1.0
"""Pause before a day is looked at again after the server was away."""

AUTHOR: Final = "worker"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayWorker:
    """Looks at days at a workbench that it shares with quick questions."""

    store: Store
    clock: Clock
    bench: Workbench
    roads: Path | None

    async def run_keeping(self, company_id: str, depot_id: str, day: str, search: bool) -> None:
        """
        Make and publish the next version of the day's plan, if there is reason to; through outages of the server.

        Raises
        ------
        asyncio.CancelledError
            This worker is stopping: the queue gives the look to another.
        """
        where = DepotDay(CompanyId(company_id), DepotId(depot_id), date.fromisoformat(day))
        while True:
            try:
                await self.keep(where, search=search)
            except RedisError as error:
                _log(logging.WARNING, "the server was away: the day is looked at again", where)
                if self.bench.stopping.is_set():
                    raise asyncio.CancelledError from error
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def keep(self, day: DepotDay, *, search: bool = False) -> Plan | None:
        """The version that was published, if one was. With `search`, for its cost alone too."""
        for _ in range(ATTEMPTS):
            revised = await self._revised(day, search=search)
            if revised is None:
                return None
            try:
                stored = await operations.publish_revision(
                    self.store, revised, by=AUTHOR, at=self.clock.now()
                )
            except PlanStale as stale:
                _log(logging.INFO, f"{stale.winner} came first: made again", day)
            else:
                told = ", ".join(revised.why)
                _log(logging.INFO, f"published {stored.plan.plan_id}: {told}", day)
                return stored.plan
        return None

    async def _revised(self, day: DepotDay, *, search: bool) -> Plan | None:
        now = self.clock.now()
        page = await self.store.daybook.read(day)
        if page.plan is None or self.roads is None or not self.roads.exists():
            return None
        why = await asyncio.to_thread(whys, page.plan, page.events, now=now)
        if not why and not search:
            return None
        try:
            running = await operations.read_running(self.store, day, at=now)
        except FleetMissing:
            return None
        plan = running.plan
        if plan is None or now >= running.inputs.ends_at:
            return None
        planner = await self.bench.prepare()
        task = ReviseTask(
            inputs=running.inputs,
            roads=network_path(self.roads),
            plan=plan,
            facts=running.facts,
            why=why or (Why.COST,),
            now=now,
            budget_s=BUDGET_S,
            seed=plan.version,
        )
        outcome = await self.bench.watched(
            planner, planner.revise(task), planner.end_after(BUDGET_S + OVERHEAD_S)
        )
        match outcome:
            case Revised(plan=revised):
                return revised
            case Refused(code=code, message=message):
                _log(logging.ERROR, f"no next version: {code}: {message}", day)
            case Broken(trace=trace):
                _log(logging.ERROR, f"revising broke: {trace}", day)
            case Gone(exit_code=exit_code):
                _log(logging.ERROR, f"the planning process ended ({exit_code})", day)
        return None


def _log(level: int, message: str, day: DepotDay) -> None:
    _logger.log(level, message, extra={"depot_id": day.depot_id, "day": day.day.isoformat()})
