"""Planning a day: pose it, search, judge, read back. The one way from orders to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.closures import closed
from dispatch.fates import RoadFacts
from dispatch.halts import MILLIFEN
from dispatch.hand import NO_HAND
from dispatch.holding import with_holds, without_taken_out
from dispatch.inputs import DayInputs
from dispatch.plan import Plan, figures_of
from dispatch.posing import pose
from dispatch.promises import promised, with_promises
from dispatch.reading import read_back
from dispatch.running.remainder import leaving_from
from dispatch.running.replanning import replan
from dispatch.starting import start_of
from dispatch.trucks import settled
from routing.roads.network import RoadNetwork
from routing.vrp.solve import Progress, solve


@dataclass(frozen=True, slots=True)
class SearchStep:
    """How far a search has come: `served` and `unserved` count halts."""

    seconds: float
    cost_fen: int
    served: int
    unserved: int


def step_of(progress: Progress) -> SearchStep:
    return SearchStep(
        seconds=progress.seconds,
        cost_fen=round(progress.cost / MILLIFEN),
        served=progress.served,
        unserved=progress.unserved,
    )


def plan_day(
    inputs: DayInputs,
    network: RoadNetwork,
    *,
    budget_s: float,
    seed: int,
    made_at: datetime,
    version: int = 0,
    based_on: int = 0,
    iterations: int | None = None,
    start: Plan | None = None,
    facts: RoadFacts | None = None,
    on_progress: Callable[[SearchStep], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """
    Plan a depot-day: every open order ends up in one route or unserved with a reason.

    Closures in force while couriers drive are kept out of; `network` itself has none.

    `budget_s` is the time for the search; matrices and lines on the map come on top. With
    `iterations` in place of time, the same inputs and seed give the same plan. With `start` the
    search begins from that plan as far as it can still be driven, what it promised has a price, and where
    it wholly can be driven, the answer is no dearer, what is left out priced.

    `facts` are what is known of the road: with them, and unless it is over, the day is one that runs.
    Nobody leaves before `made_at`, and of `start` stays what is over, locked or promised.

    Raises
    ------
    DepotOffRoad
        No vehicle can leave the depot.
    """

    def report(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(step_of(progress))

    network = closed(network, inputs.closures_met(made_at))
    runs = facts is not None and made_at < inputs.over_at
    if start is not None and facts is not None and runs:
        return replan(
            inputs,
            network,
            start,
            facts,
            now=made_at,
            budget_s=budget_s,
            seed=seed,
            iterations=iterations,
            on_progress=report,
            cancelled=cancelled,
        ).plan
    hand = NO_HAND if start is None else start.hand
    inputs, aside = without_taken_out(inputs, hand)
    posed = with_holds(pose(inputs, network), hand)
    if runs:
        posed = leaving_from(posed, made_at)
    if start is not None:
        posed = with_promises(posed, start, inputs.fleet.depot)

    solution = solve(
        posed.problem,
        budget_s=budget_s,
        seed=seed,
        iterations=iterations,
        start=None if start is None else start_of(posed, start),
        on_progress=report,
        cancelled=cancelled,
    )
    plan = read_back(
        inputs,
        network,
        posed,
        settled(posed, solution),
        made_at=made_at,
        version=version,
        based_on=based_on,
        seed=seed,
        budget_s=budget_s,
    )
    unserved = (*plan.unserved, *aside)
    plan = replace(plan, unserved=unserved, figures=figures_of(plan.routes, unserved), hand=hand)
    return promised(plan, start, inputs.fleet.depot, now=made_at)
