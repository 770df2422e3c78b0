"""Keeping days right from a worker: looks whether anything has happened, and publishes the plan's next version."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from dispatch import operations
from dispatch.clock import Clock
from dispatch.days import CompanyId, DayClock, DepotDay, DepotId, DepotScope
from dispatch.departing import risks_told
from dispatch.fates import road_facts
from dispatch.jobs import JobQueue
from dispatch.operations import FleetMissing, PlanStale
from dispatch.plan import Plan, Why
from dispatch.planner_process import Broken, Gone, Refused, Revised, ReviseTask, network_path
from dispatch.running.risks import endangered, next_watch, risks_now
from dispatch.running.watching import whys
from dispatch.store import Store
from dispatch.timetable import orders_today, plan_today
from dispatch.versions import changed
from dispatch.workbench import Workbench

BUDGET_S: Final = 2.0
"""What a search for the next version takes: gains beyond are small at 3,000 stops (DESIGN, The running day)."""

OVERHEAD_S: Final = 60.0
"""Loading roads, matrices and lines may take so long on top; then the planner is ended. Chosen."""

ATTEMPTS: Final = 3
"""So often a version is made again because another was published meanwhile. Chosen."""

EXPECTED_EVERY: Final = timedelta(minutes=15)
"""So long after the last search the next one, while a plan keeps time for orders that may not come after all. Chosen."""

RETRY_S: Final = 1.0
"""Pause before a day is looked at again after the server was away."""

AUTHOR: Final = "worker"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayWorker:
    """Looks at days at a workbench that it shares with quick questions; `budget_s` is for a search."""

    store: Store
    clock: Clock
    bench: Workbench
    roads: Path | None
    budget_s: float = BUDGET_S
    jobs: JobQueue | None = None
    """Where the next look is asked for, which comes even if nothing is heard; None: nowhere."""
    searched: dict[DepotScope, datetime] = field(default_factory=dict)
    """When this worker last searched for a cheaper plan, or another one, of each depot."""

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
                await self._watch_on(where)
            except RedisError as error:
                _log(logging.WARNING, "the server was away: the day is looked at again", where)
                if self.bench.stopping.is_set():
                    raise asyncio.CancelledError from error
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def keep(self, day: DepotDay, *, search: bool = False) -> Plan | None:
        """
        The version that was published, if one was. With `search`, for its cost alone too.

        Trucks that will be missed are said afterwards: what the new version saves is not.
        """
        before = (await self.store.daybook.read(day)).plan
        published = await self._next_version(day, search=search)
        if before is not None:
            await self._tell_risks(day, before)
        return published

    async def _next_version(self, day: DepotDay, *, search: bool) -> Plan | None:
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
                self.store.daybook.know(day, stored.plan)
                told = ", ".join(revised.why)
                _log(logging.INFO, f"published {stored.plan.plan_id}: {told}", day)
                return stored.plan
        return None

    def _expected_in_vain(self, plan: Plan, now: datetime) -> bool:
        """Whether by now the plan may keep time for orders that should have come."""
        last_at = self.searched.get(plan.day.scope, plan.made_at)
        return plan.figures.expected > 0 and now >= max(last_at, plan.made_at) + EXPECTED_EVERY

    async def _tell_risks(self, day: DepotDay, before: Plan) -> None:
        """`before` is the version that was in force when the look began."""
        now = self.clock.now()
        page = await self.store.daybook.read(day)
        if page.plan is None:
            return
        told = risks_told(page.events)
        facts = road_facts(page.events)
        old, new = (plan_today(each, facts.trucks) for each in (before, page.plan))
        named = {order_id for each in told for order_id in each.order_ids}
        for plan in (old, new):
            named.update(await asyncio.to_thread(endangered, plan, facts, now=now))
        fleet = await operations.find_fleet(self.store, day.scope)
        if not named or fleet is None:
            return
        records = await operations.read_some_orders(self.store, day, tuple(sorted(named)))
        clock = DayClock(day.day, fleet.depot.zone)
        orders = orders_today((each.order for each in records), fleet.depot, facts.trucks, clock)
        known = {each.order_id: each for each in orders}
        risks = await asyncio.to_thread(risks_now, old, new, told, known, facts, now=now)
        await operations.tell_risks(self.store, day, told, risks, by=AUTHOR, at=now)

    async def _watch_on(self, day: DepotDay) -> None:
        """Ask for the next look before a truck leaves: a courier who says nothing makes no fact."""
        page = await self.store.daybook.read(day)
        if self.jobs is None or page.plan is None:
            return
        plan = plan_today(page.plan, road_facts(page.events).trucks)
        at = next_watch(plan, now=self.clock.now())
        in_s = None if at is None else self.clock.real_s(at)
        if at is not None and in_s is not None:
            await self.jobs.put_watch(day, at, in_s=in_s)

    async def _revised(self, day: DepotDay, *, search: bool) -> Plan | None:
        now = self.clock.now()
        page = await self.store.daybook.read(day)
        if page.plan is None or self.roads is None or not self.roads.exists():
            return None
        why = await asyncio.to_thread(whys, page.plan, page.events, now=now)
        if not why and not search and not self._expected_in_vain(page.plan, now):
            return None
        self.searched[day.scope] = now
        try:
            running = await operations.read_running(self.store, day, at=now)
        except FleetMissing:
            return None
        plan = running.plan
        if plan is None or now >= running.inputs.over_at:
            return None
        planner = await self.bench.prepare()
        task = ReviseTask(
            inputs=running.inputs,
            roads=network_path(self.roads),
            plan=plan,
            facts=running.facts,
            why=why or (Why.COST,),
            now=now,
            budget_s=self.budget_s,
            seed=plan.version,
        )
        outcome = await self.bench.watched(
            planner, planner.revise(task), planner.end_after(self.budget_s + OVERHEAD_S)
        )
        match outcome:
            case Revised(change=change):
                return None if change is None else changed(plan, change)
            case Refused(code=code, message=message):
                _log(logging.ERROR, f"no next version: {code}: {message}", day)
            case Broken(trace=trace):
                _log(logging.ERROR, f"revising broke: {trace}", day)
            case Gone(exit_code=exit_code):
                _log(logging.ERROR, f"the planning process ended ({exit_code})", day)
        return None


def _log(level: int, message: str, day: DepotDay) -> None:
    _logger.log(level, message, extra={"depot_id": day.depot_id, "day": day.day.isoformat()})
