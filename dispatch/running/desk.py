"""The desk 接单台: days whose new orders this process answers, as they were last told, so that only news is sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from dispatch.at_points import as_keepers_say
from dispatch.closures import TimedClosure, closed
from dispatch.days import DepotDay
from dispatch.events import Event
from dispatch.fates import road_facts
from dispatch.fleet import Fleet
from dispatch.holding import as_agreed
from dispatch.households import Household, HouseholdId, Registry
from dispatch.inputs import DayInputs
from dispatch.joints import as_joined
from dispatch.order_answers import OrderAnswer
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan
from dispatch.running.ahead import Situation
from dispatch.running.answering import answer_orders
from dispatch.running.boarding import as_boarded
from dispatch.running.inserting import Memory
from dispatch.timetable import plan_today
from dispatch.versions import PlanChange, change_between, numbered
from routing.roads.network import RoadNetwork

DAYS_KEPT: Final = 8
"""Some 30 MB each at 3,000 stops. Chosen."""


class DayNews(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a desk has to know of a day to answer `asked` at `now`.

    afresh
        Nothing that was told before counts.
    version, plan
        The plan in force; None: the one that is known, which may since have been published as `version`.
    orders, events
        Those not told yet; an order told again is as it is told now.
    registry
        The households of the orders asked about, and all points.
    """

    day: DepotDay
    afresh: bool
    version: int
    plan: Plan | None
    orders: tuple[Order, ...]
    events: tuple[Event, ...]
    fleet: Fleet
    registry: Registry
    closures: tuple[TimedClosure, ...]
    asked: tuple[OrderId, ...]
    now: datetime


class DeskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answers, and what the next version of the plan changes; None: nothing, no order fits."""

    answers: tuple[OrderAnswer, ...]
    change: PlanChange | None


@dataclass(slots=True)
class _Known:
    plan: Plan | None = None
    grown: Plan | None = None
    orders: dict[OrderId, Order] = field(default_factory=dict)
    households: dict[HouseholdId, Household] = field(default_factory=dict)
    """Those that its orders name."""
    events: list[Event] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    network: str = ""


class Desk:
    """Keeps the days last asked about."""

    def __init__(self) -> None:
        self._days: OrderedDict[DepotDay, _Known] = OrderedDict()

    def answer(self, news: DayNews, network: Callable[[], RoadNetwork]) -> DeskAnswer:
        """Take in what is new, and answer; `network` gives the roads, without closures."""
        known = self._told(news)
        assert known.plan is not None, "told, or known"
        facts = road_facts(known.events)
        inputs = DayInputs(
            day=news.day,
            registry=replace(news.registry, households=known.households),
            fleet=news.fleet,
            orders=tuple(known.orders.values()),
            closures=news.closures,
        )
        whole = network()
        if known.network != whole.version:
            known.memory, known.network = Memory(), whole.version
        inputs = as_joined(
            as_agreed(
                as_keepers_say(inputs.as_known(facts), facts, known.plan, now=news.now),
                known.plan.hand,
            ),
            known.plan.joints,
        )
        roads = closed(whole, inputs.closures_met(news.now))
        plan = as_boarded(plan_today(known.plan, facts.trucks), inputs, roads, facts)
        situation = Situation(plan=plan, inputs=inputs, network=roads, facts=facts, now=news.now)
        grown, answers = answer_orders(situation, news.asked, known.memory)
        if grown.routes == plan.routes:
            return DeskAnswer(answers=answers, change=None)
        known.grown = grown
        return DeskAnswer(answers=answers, change=change_between(known.plan, grown))

    def _told(self, news: DayNews) -> _Known:
        if news.afresh:
            self._days.pop(news.day, None)
        known = self._days.setdefault(news.day, _Known())
        self._days.move_to_end(news.day)
        if len(self._days) > DAYS_KEPT:
            self._days.popitem(last=False)
        known.orders.update((each.order_id, each) for each in news.orders)
        known.households |= news.registry.households
        known.events += news.events
        if news.plan is not None:
            known.plan = news.plan
        elif known.plan is not None and known.plan.version != news.version:
            assert known.grown is not None, "published as it was answered"
            known.plan = numbered(known.grown, news.version)
        known.grown = None
        return known
