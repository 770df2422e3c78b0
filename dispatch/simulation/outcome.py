"""The outcome of a simulated day under one policy: its figures, beside what hindsight would have made of it."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.simulation.hindsight import Hindsight, gap_pct
from dispatch.simulation.kpis import Judged, Kpis, fates_of, kpis_of
from dispatch.simulation.log import Log
from dispatch.simulation.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    hindsight_gap_pct
        By how many per cent the day was dearer than the plan of one who knew everything; None: not asked.
    real_s
        How long the simulation took.
    """

    policy: str
    seed: int
    kpis: Kpis
    hindsight_gap_pct: float | None
    real_s: float


def outcome_of(
    policy: str, truth: Truth, log: Log, hindsight: Hindsight | None, *, real_s: float
) -> Outcome:
    judged = judged_of(truth)
    kpis = kpis_of(judged, log)
    gap = None if hindsight is None else gap_pct(hindsight, kpis, fates_of(judged, log), truth)
    return Outcome(policy=policy, seed=truth.seed, kpis=kpis, hindsight_gap_pct=gap, real_s=real_s)


def judged_of(truth: Truth) -> Judged:
    """What the judge may know of a day."""
    return Judged(
        scene=truth.scene,
        orders={order_id: wish.order for order_id, wish in truth.wishes.items()},
        trucks_s={order_id: truth.truck_s(order_id) for order_id in truth.wishes},
    )
