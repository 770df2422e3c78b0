"""Moves by hand: a dispatcher's commands on a plan, made or only looked at, taken back and made again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final, Literal

import msgspec

from dispatch.closures import closed
from dispatch.days import CompanyId
from dispatch.errors import DispatchError
from dispatch.events import Event, OrdersMoved
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.holding import as_agreed
from dispatch.inputs import DayInputs
from dispatch.operations.plans import (
    PlanStale,
    StoredPlan,
    keep_draft,
    publish_revision,
    read_plan,
    without_drops,
)
from dispatch.operations.running import RunningDay, read_running
from dispatch.orders import OrderId
from dispatch.plan import Plan, PlanId, Route, plan_id_of
from dispatch.running.ahead import Situation
from dispatch.running.boarding import as_boarded
from dispatch.running.commands import (
    Command,
    CommandProblem,
    CommandsRefused,
    Lock,
    MoveOrders,
    Unassign,
    Unlock,
)
from dispatch.running.moving import Moved, move
from dispatch.store import Store
from dispatch.timetable import plan_today
from routing.roads.network import RoadNetwork

ATTEMPTS: Final = 3
"""So often moves are looked at again because a worker has published another version meanwhile. Chosen."""

Again = Literal["undo", "redo"]


class MovesBreak(DispatchError):
    """What the moves would break, and nobody has accepted or nobody can."""

    code: ClassVar[str] = "moves-break"

    def __init__(self, moved: Moved) -> None:
        self.moved = moved
        first = next(each for each in moved.violations if not each.accepted)
        advice = "" if first.acceptable is None else f"; accept {first.acceptable!r} to have it so"
        super().__init__(f"{first.broken.detail}{advice}")


class NothingToUndo(DispatchError):
    """There is no move that could be taken back, or made again."""

    code: ClassVar[str] = "nothing-to-undo"

    def __init__(self, again: Again) -> None:
        super().__init__(f"there is no move to {again} on this plan")


class DayOver(DispatchError):
    """Nothing moves on a day that is over."""

    code: ClassVar[str] = "day-over"

    def __init__(self, plan_id: PlanId) -> None:
        super().__init__(f"the day of {plan_id} is over: plan another day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """
    What came of commands.

    `plan_id` is the version that has them (a draft if they were given to one), or, of a look only, the plan looked
    at; `undoes` and `redoes` the move that was taken back or made again.
    """

    plan_id: PlanId
    version: int
    is_draft: bool
    move_id: str | None
    undoes: str | None
    redoes: str | None
    moved: Moved


async def make_moves(
    store: Store,
    network: RoadNetwork,
    company_id: CompanyId,
    plan_id: PlanId,
    commands: Sequence[Command] | Again,
    *,
    accept: Iterable[str],
    dry_run: bool,
    by: str,
    at: datetime,
) -> Made:
    """
    Carry out commands on the plan in force, which makes its next version, or on a draft, which makes another one.

    A worker's version that comes in between is no reason to refuse: the commands are looked at again on it.

    Raises
    ------
    PlanUnknown
        The company has no such plan.
    PlanStale
        The plan is neither in force nor a draft that could be published.
    CommandsRefused, NothingToUndo
        The commands make no sense on this day.
    MovesBreak
        They would break what was not accepted. Not with `dry_run`.
    DayOver, FleetMissing
    """
    accept = tuple(accept)
    for attempt in range(ATTEMPTS):
        stored = await read_plan(store, company_id, plan_id)
        running = await read_running(store, stored.plan.day, at=at)
        plan, is_draft = which(stored, running, is_first=attempt == 0)
        plan_id = plan.plan_id
        if running.plan is not None and at >= running.inputs.over_at:
            raise DayOver(plan_id)
        undoes = redoes = None
        todo: Sequence[Command]
        if isinstance(commands, str):
            last = _to_undo(running.events, plan, is_draft, commands)
            todo = await _again(store, last, plan, commands, running.facts)
            undoes = last.move_id if commands == "undo" else None
            redoes = last.move_id if commands == "redo" else None
        else:
            todo = commands
        _, inputs, now = situation_of(running, plan, at) if is_draft else (None, running.inputs, at)
        moved = await asyncio.to_thread(
            _moved, plan, inputs, network, running.facts, todo, accept=accept, now=now
        )
        made = Made(
            plan_id=plan_id,
            version=plan.version,
            is_draft=is_draft,
            move_id=None,
            undoes=undoes,
            redoes=redoes,
            moved=moved,
        )
        if dry_run:
            return made
        if moved.plan is None:
            raise MovesBreak(moved)
        happened = OrdersMoved(
            at=at,
            by=by,
            move_id=f"m{secrets.token_hex(6)}",
            plan_id=plan_id,
            version=plan.version,
            previous=plan.version,
            is_draft=is_draft,
            order_ids=tuple(dict.fromkeys(each for told in todo for each in told.order_ids)),
            accepted=tuple(
                sorted({str(each.acceptable) for each in moved.violations if each.accepted})
            ),
            undoes=undoes,
            redoes=redoes,
        )
        telling = partial(_of_version, happened)
        try:
            if is_draft:
                draft = replace(moved.plan, based_on=plan.based_on)
                kept = await keep_draft(store, draft, telling=telling)
            else:
                kept = await publish_revision(
                    store,
                    moved.plan,
                    by=by,
                    at=at,
                    all_routes=False,
                    telling=telling,
                )
        except PlanStale as stale:
            if is_draft or attempt == ATTEMPTS - 1:
                raise
            plan_id = stale.winner
            continue
        return replace(
            made,
            plan_id=kept.plan.plan_id,
            version=kept.plan.version,
            move_id=happened.move_id,
        )
    raise AssertionError("the last attempt answers or raises")


def _moved(
    plan: Plan,
    inputs: DayInputs,
    network: RoadNetwork,
    facts: RoadFacts,
    commands: Sequence[Command],
    *,
    accept: Iterable[str],
    now: datetime,
) -> Moved:
    roads = closed(network, inputs.closures_met(now))
    plan = as_boarded(plan, inputs, roads, facts)
    situation = Situation(plan=plan, inputs=inputs, network=roads, facts=facts, now=now)
    return move(situation, commands, accept=accept)


def _of_version(happened: OrdersMoved, version: Plan) -> Event:
    return msgspec.structs.replace(happened, plan_id=version.plan_id, version=version.version)


async def _again(
    store: Store, last: OrdersMoved, plan: Plan, again: Again, facts: RoadFacts
) -> Sequence[Command]:
    """What takes the move back on `plan`, or makes it again, read from the versions before and after it."""
    company_id = plan.day.company_id
    before = (await read_plan(store, company_id, plan_id_of(plan.day, last.previous))).plan
    after = (await read_plan(store, company_id, last.plan_id)).plan
    goal, there = (before, after) if again == "undo" else (after, before)
    return _back_to(goal, there, plan, last.order_ids, facts)


def which(stored: StoredPlan, running: RunningDay, *, is_first: bool = True) -> tuple[Plan, bool]:
    """
    The plan to work on, and whether it is a draft.

    Raises
    ------
    PlanStale
        It is neither in force nor a draft that could be published.
    PlanHasDrops
        It is a draft that drops parcels on the way.
    """
    plan, current = stored.plan, running.plan
    version = 0 if current is None else current.version
    if current is not None and plan.version == version:
        return current, False
    if not is_first and current is not None:
        return current, False
    if plan.version > version and plan.based_on == version:
        return plan_today(without_drops(plan), running.facts.trucks), True
    raise PlanStale(plan.plan_id, plan.based_on, plan_id_of(plan.day, version), version)


def situation_of(
    running: RunningDay, draft: Plan, at: datetime
) -> tuple[Plan, DayInputs, datetime]:
    """
    The draft by the day's timetable, the day with what was agreed on it, and the moment from which it may change.

    Where no plan is in force nobody drives by a draft: whoever should have left has not.
    """
    inputs = as_agreed(running.inputs, draft.hand)
    if running.plan is None:
        ahead = timedelta(seconds=inputs.fleet.depot.lock_ahead_s + 1)
        at = min((at, *(route.trips[0].leave_at - ahead for route in draft.routes)))
    return plan_today(draft, running.facts.trucks), inputs, at


def _to_undo(events: Sequence[Event], plan: Plan, is_draft: bool, again: Again) -> OrdersMoved:
    """
    The last move that stands (to undo), or that was taken back and nothing came after (to redo).

    Raises
    ------
    NothingToUndo
    """
    moves = [each for each in events if isinstance(each, OrdersMoved)]
    if is_draft:
        line, version = [], plan.version
        for each in reversed(moves):
            if each.version == version:
                line.append(each)
                version = each.previous
        moves = line[::-1]
    else:
        moves = [each for each in moves if not each.is_draft]
    standing: list[OrdersMoved] = []
    taken_back: list[OrdersMoved] = []
    for each in moves:
        if each.undoes is not None:
            taken_back.append(standing.pop())
        elif each.redoes is not None:
            standing.append(taken_back.pop())
        else:
            standing.append(each)
            taken_back.clear()
    found = standing if again == "undo" else taken_back
    if not found:
        raise NothingToUndo(again)
    return found[-1]


def _back_to(
    goal: Plan, there: Plan, now: Plan, order_ids: Iterable[OrderId], facts: RoadFacts
) -> list[Command]:
    """
    Commands that give these orders to those who have them in `goal`, from those who have them in `there`.

    Raises
    ------
    CommandsRefused
        Some of them have gone on since: with somebody else, or to an end.
    """
    problems: list[CommandProblem] = []
    commands: list[Command] = []
    wanted, had, have = _places(goal), _places(there), _places(now)
    held = goal.hand.held
    for order_id in order_ids:
        if order_id in facts.fates:
            detail = f"order {order_id} is {facts.fates[order_id].status} since: it cannot go back"
            problems.append(_gone(order_id, "order-closed", detail))
            continue
        mine, then = have.get(order_id), had.get(order_id)
        if (mine and mine[0]) != (then and then[0]):
            who = "nobody" if mine is None else mine[0]
            detail = f"{who} has order {order_id} now, by a later version: move it by itself"
            problems.append(_gone(order_id, "order-moved-since", detail))
            continue
        target = wanted.get(order_id)
        hold = held.get(order_id)
        if target is None:
            # Held out, whether it was or not: else the next version would bring it back seconds later.
            commands.append(Unassign(order_ids=(order_id,)))
            continue
        if mine is None or mine[0] != target[0] or mine[1] != target[1]:
            neighbour = target[1]
            beside = have.get(neighbour) if neighbour is not None else None
            after = neighbour if beside is not None and beside[0] == target[0] else None
            commands.append(
                MoveOrders(
                    order_ids=(order_id,),
                    courier_id=target[0],
                    after=after,
                    lock=hold is not None,
                )
            )
        elif hold is None:
            commands.append(Unlock(order_ids=(order_id,)))
        if hold is not None and hold.courier_id is not None:
            at_time = hold.earliest_at is not None
            commands.append(Lock(order_ids=(order_id,), at_time=at_time))
    if problems:
        raise CommandsRefused(problems)
    return commands


def _gone(order_id: OrderId, code: str, detail: str) -> CommandProblem:
    return CommandProblem(command=0, code=code, detail=detail, order_id=order_id)


def _places(plan: Plan) -> dict[OrderId, tuple[CourierId, OrderId | None]]:
    """Who comes for each order, and behind which other one of the same trip."""
    return {
        order_id: (route.courier_id, behind)
        for route in plan.routes
        for order_id, behind in _in_order(route)
    }


def _in_order(route: Route) -> Iterable[tuple[OrderId, OrderId | None]]:
    for trip in route.trips:
        behind: OrderId | None = None
        for stop in trip.stops:
            for order_id in stop.order_ids:
                yield order_id, behind
                behind = order_id
