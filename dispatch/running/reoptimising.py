"""Re-optimising part of a plan: a better one for some couriers, villages or hours, all else as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from dispatch.errors import DispatchError
from dispatch.figures import figures_of, overlap_of
from dispatch.fleet import CourierId
from dispatch.hand import Hold
from dispatch.orders import OrderId
from dispatch.plan import Plan, Promise, Route, Stop, Why
from dispatch.promises import promised
from dispatch.running.ahead import Situation
from dispatch.running.contract import breaches
from dispatch.running.moving import LOCKED_WITHIN, retimed, with_routes
from dispatch.running.replanning import replan
from dispatch.running.revising import ContractBreached
from dispatch.scoping import Level, Scope
from routing.vrp.solve import Progress


class NothingBetter(DispatchError):
    """Within the scope there is no better plan, or none was found in time."""

    code: ClassVar[str] = "nothing-better"

    def __init__(self) -> None:
        super().__init__(
            "no better plan was found within the scope: name more couriers or villages, a freer level, or a "
            "larger budget"
        )


def reoptimise(
    situation: Situation,
    scope: Scope,
    *,
    budget_s: float,
    seed: int,
    iterations: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """
    The plan with the part in `scope` made better, as far as its level allows; passed by the contract.

    What is over, locked or promised stays, as in every version of a running day.

    Raises
    ------
    NothingBetter
    ContractBreached
        What was found may not be published.
    """
    plan, inputs, now = situation.plan, situation.inputs, situation.now
    couriers = tuple(
        each for each in inputs.fleet.couriers if not scope.couriers or each in scope.couriers
    )
    if scope.level is Level.NONE:
        found = retimed(situation, couriers)
        if found is None or found.figures.cost_fen >= plan.figures.cost_fen:
            raise NothingBetter
    else:
        found = _searched(
            situation,
            scope,
            couriers,
            budget_s=budget_s,
            seed=seed,
            iterations=iterations,
            on_progress=on_progress,
            cancelled=cancelled,
        )
    if broken := breaches(plan, found, inputs, situation.facts, now=now):
        raise ContractBreached(broken)
    return replace(found, why=(Why.REOPTIMISED,), seed=seed, budget_s=budget_s)


def _searched(
    situation: Situation,
    scope: Scope,
    couriers: tuple[CourierId, ...],
    *,
    budget_s: float,
    seed: int,
    iterations: int | None,
    on_progress: Callable[[Progress], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Plan:
    plan, inputs, fleet = situation.plan, situation.inputs, situation.inputs.fleet
    own = tuple(each for each in plan.routes if each.courier_id in couriers)
    mine = {order_id for route in own for stop in route.stops for order_id in stop.order_ids}
    if scope.level is Level.ALL and not scope.villages and scope.after_at is None:
        mine |= {each.order_id for each in plan.unserved}
    kept = dict(_kept(own, scope))
    narrow = {
        order_id: Promise(
            order_id=order_id,
            courier_id=hold.courier_id,
            earliest_at=hold.earliest_at,
            latest_at=hold.latest_at,
        )
        for order_id, hold in kept.items()
        if hold.courier_id and hold.earliest_at and hold.latest_at
    }
    told = {each.order_id: each for each in plan.promises if each.order_id in mine}
    held = {each.order_id: each for each in plan.hand.holds if each.order_id in mine}
    part = replace(
        plan,
        routes=own,
        unserved=tuple(each for each in plan.unserved if each.order_id in mine),
        promises=tuple((narrow | told).values()),
        hand=replace(plan.hand, holds=tuple((kept | held).values())),
    )
    is_whole = len(couriers) == len(fleet.couriers)
    rest = replace(
        inputs,
        orders=tuple(each for each in inputs.orders if each.order_id in mine),
        fleet=replace(fleet, couriers={each: fleet.couriers[each] for each in couriers}),
        # Who may still ask is nobody's: a part of the couriers is not to wait for all of it.
        expected=inputs.expected if is_whole else (),
    )
    found = replan(
        rest,
        situation.network,
        part,
        situation.facts,
        now=situation.now,
        budget_s=budget_s,
        seed=seed,
        iterations=iterations,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    if found.saved is not None and found.saved <= 0:
        raise NothingBetter
    after = replace(found.plan, hand=plan.hand)
    whole = with_routes(situation, after, own, mine)
    unserved = (
        *(each for each in plan.unserved if each.order_id not in mine),
        *found.plan.unserved,
    )
    expecting = found.plan if is_whole else plan
    figures = figures_of(
        whole.routes,
        unserved,
        overlap_percent=overlap_of(whole.routes),
        expected=expecting.figures.expected,
    )
    whole = replace(whole, unserved=unserved, figures=figures, expected=expecting.expected)
    return promised(whole, plan, fleet.depot, now=situation.now)


def _kept(routes: tuple[Route, ...], scope: Scope) -> Iterator[tuple[OrderId, Hold]]:
    """What the scope does not free: with its courier, and outside of it at its time."""
    for route in routes:
        for stop in route.stops:
            is_free = _is_free(stop, scope)
            if is_free and scope.level is Level.ALL:
                continue
            for order_id in stop.order_ids:
                yield (
                    order_id,
                    Hold(
                        order_id=order_id,
                        courier_id=route.courier_id,
                        earliest_at=None if is_free else stop.begin_at - LOCKED_WITHIN,
                        latest_at=None if is_free else stop.begin_at + LOCKED_WITHIN,
                    ),
                )


def _is_free(stop: Stop, scope: Scope) -> bool:
    return (not scope.villages or stop.village in scope.villages) and (
        scope.after_at is None or stop.begin_at >= scope.after_at
    )
