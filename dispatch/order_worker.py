"""Answering new orders from a worker: the planner says where they fit, and the next version is published at once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, assert_never

from redis.exceptions import RedisError

from dispatch import operations
from dispatch.clock import Clock
from dispatch.days import CompanyId, DepotDay
from dispatch.events import AmountChanged, OrderChanged, OrderPlaced, OrdersCreated
from dispatch.ids import QuestionId
from dispatch.operations import PlanStale
from dispatch.order_answers import NewOrders, OrderAnswer, Verdict, decode, encode_answers, queued
from dispatch.orders import OrderId
from dispatch.plan import Plan, PlanId
from dispatch.planner_process import (
    AtDesk,
    Broken,
    DeskTask,
    Gone,
    PlannerProcess,
    Refused,
    network_path,
)
from dispatch.running.desk import DayNews
from dispatch.store import Store
from dispatch.versions import changed
from dispatch.workbench import Workbench

ATTEMPTS: Final = 3
"""So often orders are fitted in again because another version was published meanwhile. Chosen."""

WITHIN_S: Final = 30.0
"""A planner that takes longer hangs, and is ended: the first answer of all loads the roads. Chosen."""

RETRY_S: Final = 0.2
"""Pause before orders are taken up again after the server was away."""

AUTHOR: Final = "worker"

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Told:
    """What the planner of this process id knows of a day."""

    pid: int
    version: int = 0
    events: int = 0
    orders: set[OrderId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class OrderWorker:
    """Has a workbench of its own: whoever sends an order waits for nobody's plan."""

    store: Store
    clock: Clock
    bench: Workbench
    roads: Path | None
    _told: dict[DepotDay, _Told] = field(default_factory=dict)

    async def run_orders(self, company_id: str, question_id: str) -> None:
        """
        Answer new orders, through outages of the server; a question that is answered or withdrawn is left alone.

        Raises
        ------
        asyncio.CancelledError
            This worker is stopping: the queue gives the question to another.
        """
        company, question = CompanyId(company_id), QuestionId(question_id)
        while True:
            try:
                started = await operations.start_question(self.store, company, question)
                if started is None:
                    return
                answers = await self.answer(decode(started[0]))
                body = encode_answers(answers)
                await operations.keep_answer(self.store, company, question, body)
            except RedisError as error:
                _log(logging.WARNING, "the server was away: orders are taken up again", question)
                if self.bench.stopping.is_set():
                    raise asyncio.CancelledError from error
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def answer(self, asked: NewOrders) -> tuple[OrderAnswer, ...]:
        """The answers; what is promised in them is published."""
        for _ in range(ATTEMPTS):
            page = await self.store.daybook.read(asked.day)
            if page.plan is None:
                return _all_queued(asked, "no-plan", "no plan of the day is in force")
            found = await self._fitted(asked, page.plan)
            if isinstance(found, str):
                return _all_queued(asked, found, "the order waits for the plan's next version")
            if found.change is None:
                return tuple(_named(each, page.plan) for each in found.answers)
            try:
                stored = await operations.publish_revision(
                    self.store,
                    changed(page.plan, found.change),
                    by=AUTHOR,
                    at=self.clock.now(),
                    all_routes=False,
                )
            except PlanStale as stale:
                _log(
                    logging.INFO, f"{stale.winner} came first: fitted in again", asked.day.depot_id
                )
                continue
            self.store.daybook.know(asked.day, stored.plan)
            self._told[asked.day].version = stored.plan.version
            return tuple(_named(each, stored.plan) for each in found.answers)
        return _all_queued(asked, "plan-moves", "the plan changed while the order was looked at")

    async def _fitted(self, asked: NewOrders, plan: Plan) -> AtDesk | str:
        """What the planner says, or the code of why it says nothing."""
        if self.roads is None or not self.roads.exists():
            return "no-roads"
        planner = await self.bench.prepare()
        task = DeskTask(news=await self._news(asked, plan, planner), roads=network_path(self.roads))
        told = self._told[asked.day]
        told.version = -1  # until it has answered, nobody knows what it knows
        outcome = await self.bench.watched(
            planner, planner.at_desk(task), planner.end_after(WITHIN_S)
        )
        match outcome:
            case AtDesk():
                told.version = plan.version
                return outcome
            case Refused(code=code, message=message):
                _logger.warning("orders not answered: %s: %s", code, message)
                del self._told[asked.day]
                return code
            case Broken(trace=trace):
                _logger.error("answering orders broke: %s", trace)
                del self._told[asked.day]
                return "internal"
            case Gone(exit_code=exit_code):
                _logger.error("the planning process ended (%s)", exit_code)
                return "planner-died"
            case _:
                assert_never(outcome)

    async def _news(self, asked: NewOrders, plan: Plan, planner: PlannerProcess) -> DayNews:
        """What the planner does not know yet; the page that `plan` is from was read a moment ago."""
        store, day, now = self.store, asked.day, self.clock.now()
        page = await store.daybook.read(day)
        told = self._told.get(day)
        afresh = told is None or told.pid != planner.pid or told.version < 0
        if told is None or afresh:
            told = self._told[day] = _Told(planner.pid)
        events = tuple(page.events[told.events :])
        named = [OrderId(each) for each in asked.order_ids if each not in told.orders]
        for event in events:
            if isinstance(event, OrdersCreated):
                named += (each for each in event.order_ids if each not in told.orders)
            elif isinstance(event, AmountChanged | OrderChanged | OrderPlaced):
                named.append(event.order_id)
        records = await operations.read_some_orders(store, day, tuple(dict.fromkeys(named)))
        orders = tuple(each.order for each in records)
        if not set(asked.order_ids) <= {each.order_id for each in orders}:
            known = await operations.read_some_orders(store, day, asked.order_ids)
        else:
            known = records
        fleet, registry, closures = await asyncio.gather(
            operations.read_fleet(store, day.scope),
            operations.registry_around(
                store, day.scope, [each.order for each in (*records, *known)]
            ),
            operations.read_closures(store, day.scope, at=now),
        )
        news = DayNews(
            day=day,
            afresh=afresh,
            version=plan.version,
            plan=None if told.version == plan.version else plan,
            orders=orders,
            events=events,
            fleet=fleet,
            registry=registry,
            closures=closures,
            asked=asked.order_ids,
            now=now,
        )
        told.events = len(page.events)
        told.orders.update(each.order_id for each in orders)
        return news


def _named(answer: OrderAnswer, plan: Plan) -> OrderAnswer:
    """The answer with the version of which it speaks."""
    if answer.verdict is not Verdict.PROMISED:
        return answer
    return replace(answer, plan_id=PlanId(plan.plan_id), version=plan.version)


def _all_queued(asked: NewOrders, code: str, detail: str) -> tuple[OrderAnswer, ...]:
    return tuple(queued(each, code, detail) for each in asked.order_ids)


def _log(level: int, message: str, about: str) -> None:
    _logger.log(level, message, extra={"about": about})
