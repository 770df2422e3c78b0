"""Moving orders by hand on a plan: what it would cost and break, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dispatch.departures import departures_of
from dispatch.figures import figures_of, overlap_of
from dispatch.fleet import CourierId
from dispatch.hand import Hand, Hold
from dispatch.holding import as_agreed, taken_out
from dispatch.orders import OrderId
from dispatch.plan import Plan, Promise, Route, Stop, Why
from dispatch.promises import promised
from dispatch.reading import read_back
from dispatch.route_table import NO_FIGURES, RouteFigures
from dispatch.running.ahead import Situation
from dispatch.running.commands import (
    Command,
    CommandProblem,
    CommandsRefused,
    Lock,
    MoveOrders,
    Unassign,
    Unlock,
    problems_of,
)
from dispatch.running.contract import breaches
from dispatch.running.inserting import drives_of
from dispatch.running.sheet import Sheet
from dispatch.running.standing import standings
from dispatch.running.stitching import stitched
from dispatch.running.telling import OrderChange, plan_diff
from dispatch.violations import BrokenRule
from routing.vrp.check import Rule
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import Solution

AGREED_TIMES: Final = 3
"""So often routes are driven again with what was agreed: one agreement may make another rule bind. Chosen."""

LOCKED_WITHIN: Final = timedelta(minutes=5)
"""A locked time is kept to that, early or late: nobody drives to the second. Chosen."""

_UNTOLD: Final = datetime.max.replace(tzinfo=UTC)
"""Stands for a time that is locked and not known yet."""

LATENESS: Final = "lateness"
OVERTIME: Final = "overtime"
_ACCEPTABLE: Final[Mapping[str, str]] = {Rule.WINDOW: LATENESS, Rule.SHIFT: OVERTIME}
"""What people can agree to. Nobody agrees to what cannot be driven or carried, or to a truck that has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveViolation:
    """
    A rule that the moves break.

    `acceptable` is the word by which a dispatcher accepts it; None: nobody can. `accepted` says that it was.
    """

    broken: BrokenRule
    acceptable: str | None
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMoved:
    """What the moves change in one route."""

    courier_id: CourierId
    change: RouteFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """
    What comes of the moves.

    plan
        The next version, without its number; None: it cannot be, see `violations`.
    change, routes
        What the day and its routes then take more; as predicted now, against what was planned.
    changes
        Orders whose pickup is another, with what their households were and are to be told.
    """

    plan: Plan | None
    change: RouteFigures
    routes: tuple[RouteMoved, ...]
    changes: tuple[OrderChange, ...]
    violations: tuple[MoveViolation, ...]


def move(situation: Situation, commands: Sequence[Command], *, accept: Iterable[str] = ()) -> Moved:
    """
    Carry the commands out on the situation's plan, one after the other.

    Only the routes that they touch change, from where their couriers stand; all else in these keeps its order. Violations that
    are accepted are kept with the plan, so that its next versions hold to them. The contract has been asked.
    O(n²) for n stops of the routes touched.

    Raises
    ------
    CommandsRefused
        Commands make no sense on this day.
    """
    plan, facts, now = situation.plan, situation.facts, situation.now
    where = standings(plan, facts, situation.inputs.fleet, now=now)
    stops = _stops(plan)
    settled = frozenset(order_id for each in where.values() for order_id in each.order_ids)
    problems = list(problems_of(commands, situation, stops, settled))
    if problems:
        raise CommandsRefused(problems)
    carried = [each for each in commands if isinstance(each, MoveOrders | Unassign)]
    named = tuple(dict.fromkeys(each for command in carried for each in command.order_ids))
    freed = {each for command in commands for each in command.order_ids}
    hand = plan.hand.holding(freed - _locked(commands), ())
    couriers = dict.fromkeys(stops[each][0] for each in named if each in stops)
    couriers |= {each.courier_id: None for each in carried if isinstance(each, MoveOrders)}
    accept = frozenset(accept)
    if not couriers:
        return _only_held(plan, commands, situation)
    agreed: list[BrokenRule] = []
    for _ in range(AGREED_TIMES):
        sheet = Sheet.laid(situation, tuple(couriers), named, hand)
        sheet.carry_out(commands)
        routes = sheet.driven()
        broken = sheet.broken(routes)
        open_ = [each for each in broken if _ACCEPTABLE.get(each.rule) not in accept]
        if not broken or open_:
            break
        agreed += (each for each in broken if _key(each) not in map(_key, agreed))
        hand = hand.agreeing(sheet.late(broken, routes), sheet.overtime(broken, routes))
    if any(each.rule == Rule.UNREACHABLE for each in broken):
        return _refused(broken, accept)
    whose = {order_id: courier_id for order_id, (courier_id, _) in stops.items()}
    holds = tuple(_holds(commands, whose | sheet.couriers_of(named)))
    return _read(situation, sheet, routes, broken, agreed, hand, (freed, holds), accept)


def retimed(situation: Situation, couriers: Sequence[CourierId]) -> Plan | None:
    """The plan with these routes at the best moments there are; None: one of them cannot be driven as it is."""
    sheet = Sheet.laid(situation, couriers, (), situation.plan.hand)
    routes = sheet.driven()
    if sheet.broken(routes):
        return None
    none = frozenset[str]()
    return _read(situation, sheet, routes, (), (), situation.plan.hand, ((), ()), none).plan


def _stops(plan: Plan) -> dict[OrderId, tuple[CourierId, Stop]]:
    return {
        order_id: (route.courier_id, stop)
        for route in plan.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }


def _locked(commands: Iterable[Command]) -> set[OrderId]:
    return {each for command in commands if isinstance(command, Lock) for each in command.order_ids}


def _key(broken: BrokenRule) -> tuple[str, CourierId, tuple[OrderId, ...]]:
    return broken.rule, broken.courier_id, broken.order_ids


def _refused(broken: Sequence[BrokenRule], accept: frozenset[str]) -> Moved:
    return Moved(
        plan=None,
        change=NO_FIGURES,
        routes=(),
        changes=(),
        violations=tuple(_violation(each, accept) for each in broken),
    )


def _violation(broken: BrokenRule, accept: frozenset[str]) -> MoveViolation:
    word = _ACCEPTABLE.get(broken.rule)
    return MoveViolation(broken=broken, acceptable=word, accepted=word in accept)


def _holds(
    commands: Sequence[Command], whose: Mapping[OrderId, CourierId | None]
) -> Iterator[Hold]:
    """What the last command that names an order says of it; a time is filled in when the routes are known."""
    last = {
        order_id: (number, command)
        for number, command in enumerate(commands)
        for order_id in command.order_ids
    }
    for order_id, (number, command) in last.items():
        match command:
            case MoveOrders(courier_id=courier_id, lock=True):
                yield Hold(order_id=order_id, courier_id=courier_id)
            case Unassign():
                yield Hold(order_id=order_id, courier_id=None)
            case Lock(at_time=at_time):
                keeper = whose.get(order_id)
                if keeper is None:
                    detail = f"order {order_id} is in no route: move it to a courier first"
                    problem = CommandProblem(
                        command=number, code="not-served", detail=detail, order_id=order_id
                    )
                    raise CommandsRefused([problem])
                yield Hold(
                    order_id=order_id,
                    courier_id=keeper,
                    earliest_at=_UNTOLD if at_time else None,
                )
            case MoveOrders() | Unlock():
                pass


def _only_held(plan: Plan, commands: Sequence[Command], situation: Situation) -> Moved:
    """No order goes anywhere: the plan with another hand."""
    stops = _stops(plan)
    whose = {order_id: courier_id for order_id, (courier_id, _) in stops.items()}
    holds = [_at_its_time(each, stops) for each in _holds(commands, whose)]
    freed = {each for command in commands for each in command.order_ids}
    after = replace(
        plan,
        based_on=plan.version,
        made_at=situation.now.astimezone(situation.inputs.fleet.depot.zone),
        why=(Why.HAND,),
        hand=plan.hand.holding(freed, holds),
    )
    return Moved(plan=after, change=NO_FIGURES, routes=(), changes=(), violations=())


def _at_its_time(hold: Hold, stops: Mapping[OrderId, tuple[CourierId, Stop]]) -> Hold:
    if hold.earliest_at is None:
        return hold
    begin_at = stops[hold.order_id][1].begin_at
    return replace(hold, earliest_at=begin_at - LOCKED_WITHIN, latest_at=begin_at + LOCKED_WITHIN)


def _read(
    situation: Situation,
    sheet: Sheet,
    routes: Sequence[SolvedRoute],
    broken: Sequence[BrokenRule],
    agreed: Sequence[BrokenRule],
    hand: Hand,
    holding: tuple[Iterable[OrderId], Sequence[Hold]],
    accept: frozenset[str],
) -> Moved:
    plan, now, depot = situation.plan, situation.now, situation.inputs.fleet.depot
    own = tuple(each for each in plan.routes if each.courier_id in sheet.couriers)
    rest = read_back(
        sheet.inputs,
        situation.network,
        sheet.posed,
        Solution(routes=tuple(routes), unserved=(), cost=0),
        made_at=now,
        version=0,
        based_on=plan.version,
        seed=plan.seed,
        budget_s=plan.budget_s,
        known=drives_of(own, plan) if situation.network.version == plan.network else {},
    )
    before = replace(plan, routes=own, unserved=())
    after = stitched(before, replace(rest, unserved=()), sheet.begun, sheet.heres, sheet.inputs)
    after = promised(after, before, depot, now=now)
    after = _with_hand(plan, after, hand, holding)
    met = {
        order_id
        for route in (*own, *after.routes)
        for stop in route.stops
        for order_id in stop.order_ids
    }
    met |= set(sheet.named)
    whole = with_routes(situation, after, own, met)
    told = [_violation(each, accept) for each in (*broken, *agreed)]
    if not broken:
        inputs = as_agreed(situation.inputs, whole.hand)
        inputs = replace(
            inputs, orders=tuple(each for each in inputs.orders if each.order_id in met)
        )
        old = replace(
            before, unserved=tuple(each for each in plan.unserved if each.order_id in met)
        )
        new = replace(
            after, unserved=tuple(each for each in whole.unserved if each.order_id in met)
        )
        told += (
            MoveViolation(
                broken=BrokenRule(
                    rule=each.term,
                    courier_id=next(iter(sheet.couriers), CourierId("")),
                    order_ids=(),
                    by=None,
                    unit="",
                    detail=each.detail,
                ),
                acceptable=None,
                accepted=False,
            )
            for each in breaches(old, new, inputs, situation.facts, now=now)
        )
    moved = tuple(_route_moved(each, own, after.routes) for each in sheet.couriers)
    return Moved(
        plan=whole if all(each.accepted for each in told) else None,
        change=RouteFigures(
            distance_m=sum(each.change.distance_m for each in moved),
            duration_s=sum(each.change.duration_s for each in moved),
            cost_fen=sum(each.change.cost_fen for each in moved),
            orders=sum(each.change.orders for each in moved),
        ),
        routes=moved,
        changes=plan_diff(plan, whole).changes,
        violations=tuple(told),
    )


def _with_hand(
    plan: Plan,
    after: Plan,
    hand: Hand,
    holding: tuple[Iterable[OrderId], Sequence[Hold]],
) -> Plan:
    freed, holds = holding
    stops = _stops(replace(plan, routes=(*plan.routes, *after.routes)))
    held = tuple(_at_its_time(each, stops) for each in holds)
    return replace(after, hand=hand.holding(freed, held), why=(Why.HAND,))


def with_routes(situation: Situation, after: Plan, own: Sequence[Route], met: set[OrderId]) -> Plan:
    """
    The situation's plan with the routes of `after` in place of `own`; `met` are the orders of both, and those named.
    """
    plan, inputs = situation.plan, situation.inputs
    old = {each.courier_id for each in own} | {each.courier_id for each in after.routes}
    others = (each for each in plan.routes if each.courier_id not in old)
    routes = tuple(sorted((*others, *after.routes), key=lambda each: each.courier_id))
    served = {order_id for route in routes for stop in route.stops for order_id in stop.order_ids}
    orders = {each.order_id: each for each in inputs.orders}
    known = {each.order_id: each for each in plan.unserved}
    out = {each.order_id for each in after.hand.holds if each.courier_id is None}
    left = dict.fromkeys((*known, *(each for each in met if each in orders)))
    unserved = tuple(
        known[each]
        if each in known and not (each in out and each in orders)
        else taken_out(orders[each])
        for each in left
        if each not in served and (each in known or each in orders)
    )
    promises: tuple[Promise, ...] = (
        *(each for each in plan.promises if each.order_id not in met),
        *after.promises,
    )
    return replace(
        plan,
        based_on=plan.version,
        made_at=after.made_at,
        routes=routes,
        unserved=unserved,
        figures=figures_of(
            routes,
            unserved,
            overlap_percent=overlap_of(routes),
            expected=plan.figures.expected,
        ),
        promises=promises,
        departures=departures_of(routes, inputs),
        why=(Why.HAND,),
        hand=after.hand,
    )


def _route_moved(
    courier_id: CourierId, before: Iterable[Route], after: Iterable[Route]
) -> RouteMoved:
    old, new = (
        next(
            (RouteFigures.planned(each) for each in routes if each.courier_id == courier_id),
            NO_FIGURES,
        )
        for routes in (before, after)
    )
    return RouteMoved(courier_id=courier_id, change=new.less(old))
