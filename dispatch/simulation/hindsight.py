"""Hindsight: the day planned for long, by somebody who knows in the morning all that is asked for and how it turns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.planning import plan_day
from dispatch.simulation.handing import announced_of
from dispatch.simulation.insertion import PlansMornings
from dispatch.simulation.kpis import Fate, Kpis
from dispatch.simulation.telling import Announced, OrdersAsked
from dispatch.simulation.truth import Truth


@dataclass(frozen=True, slots=True)
class Hindsight:
    """`cost_fen` is that of the routes, and the price of what even they leave out."""

    cost_fen: int


def hindsight_of(truth: Truth, *, budget_s: float) -> Hindsight:
    """
    Plan the orders that are not taken back and whose household is there, with their true sizes and readiness.

    Roads are open and drives take what is planned: what the day's weather costs is no policy's fault, and is
    part of the gap of all of them alike.
    """
    scene, clock = truth.scene, truth.scene.clock
    orders = tuple(
        replace(
            wish.order,
            pieces=wish.pieces,
            weight_g=wish.weight_g,
            volume_ml=wish.volume_ml,
            ready_at=clock.moment(wish.ready_s),
        )
        for wish in truth.wishes.values()
        if wish.is_home and wish.cancelled_at_s is None
    )
    plan = plan_day(
        replace(_inputs(truth), orders=orders),
        scene.ground.network,
        budget_s=budget_s,
        seed=truth.seed,
        made_at=_morning(truth),
    )
    left_out = len(plan.unserved) * scene.fleet.depot.unserved_cost_fen
    return Hindsight(plan.figures.cost_fen + left_out)


def gap_pct(hindsight: Hindsight, kpis: Kpis, fates: Mapping[OrderId, Fate], truth: Truth) -> float:
    """By how many per cent the day was dearer, what was left behind or missed its truck priced as plans price it."""
    lost = sum(
        fate in (Fate.TOO_LATE, Fate.LEFT_BEHIND) and truth.wishes[order_id].is_home
        for order_id, fate in fates.items()
    )
    cost_fen = kpis.paid_fen + lost * truth.scene.fleet.depot.unserved_cost_fen
    return 100 * (cost_fen / hindsight.cost_fen - 1) if hindsight.cost_fen else 0.0


def morning_planner(truth: Truth, *, budget_s: float) -> PlansMornings:
    """What plans a morning as the service would, from what is known then."""

    def plan(asked: OrdersAsked) -> Announced:
        made = plan_day(
            replace(_inputs(truth), orders=asked.orders),
            truth.scene.ground.network,
            budget_s=budget_s,
            seed=truth.seed,
            made_at=_morning(truth),
        )
        return announced_of(made, truth.scene.clock, at_s=asked.at_s, version=1)

    return plan


def _inputs(truth: Truth) -> DayInputs:
    scene = truth.scene
    return DayInputs(day=scene.day, registry=truth.registry, fleet=scene.fleet, orders=())


def _morning(truth: Truth) -> datetime:
    return truth.scene.clock.moment(round(truth.rates.morning_s))
