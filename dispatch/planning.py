"""Planning a day: pose it, search, judge, read back. The one way from orders to a plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.clashes import clashes_in, without_impossible
from dispatch.closures import closed
from dispatch.expected_routes import expected_routes
from dispatch.fates import RoadFacts
from dispatch.figures import figures_of
from dispatch.halts import MILLIFEN
from dispatch.hand import NO_HAND
from dispatch.holding import only_held, with_holds, without_taken_out
from dispatch.inputs import DayInputs
from dispatch.joints import as_joined, told_joints
from dispatch.keeping_time import (
    expected_in,
    expecting_nothing,
    known_left_out,
    without_expected,
)
from dispatch.plan import Plan
from dispatch.posing import Posed, pose
from dispatch.promises import at_promised_times, promised, with_promises
from dispatch.reading import read_back
from dispatch.running.remainder import leaving_from
from dispatch.running.replanning import companies_of, replan
from dispatch.starting import start_of
from dispatch.trucks import settled
from routing.roads.network import RoadNetwork
from routing.vrp.cost import solution_of
from routing.vrp.slack import with_slack
from routing.vrp.solution import Solution
from routing.vrp.solve import Progress, solve

FIRST_SHARE: Final = 0.95
"""Of the budget, for a plan with slack everywhere; what it leaves out may use the slack up in the rest. Chosen."""


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
    began_s = time.monotonic()

    def report(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(replace(step_of(progress), seconds=time.monotonic() - began_s))

    network = closed(network, inputs.closures_met(made_at))
    inputs = as_joined(inputs, () if start is None else start.joints)
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
    stated, inputs = inputs, without_impossible(inputs)
    asked = inputs.orders
    inputs, aside = without_taken_out(inputs, hand)
    if start is not None:
        inputs = at_promised_times(inputs, only_held(start))
    # What is locked to different couriers shares no halt.
    companies = {} if start is None or not hand.holds else companies_of(start)
    posed = with_holds(pose(inputs, network, companies=companies), hand)
    clashes = clashes_in(stated, posed)
    if runs:
        posed = leaving_from(posed, made_at)
    if start is not None:
        posed = with_promises(posed, start, inputs.fleet.depot)

    began_s = time.monotonic()
    solution = None if start is None else start_of(posed, start)
    left_out = frozenset[int]()
    hoping: tuple[Posed, Solution] | None = None
    for share in (FIRST_SHARE, 1.0):
        as_found = () if solution is None else solution.routes
        solution = solve(
            with_slack(posed.problem, inputs.fleet.depot.slack_s, as_found, besides=left_out),
            budget_s=max(0.0, share * (began_s + budget_s - time.monotonic())),
            seed=seed,
            iterations=iterations,
            start=solution,
            on_progress=report,
            cancelled=cancelled,
        )
        left_out = frozenset(solution.unserved)
        if not left_out:
            break
        if share < 1.0 and posed.expected and known_left_out(posed, solution):
            # Nobody's order is left out for one that may never come.
            hoping, posed = (posed, solution), expecting_nothing(posed)
            solution = solution_of(posed.problem, solution.routes)
    assert solution is not None, "searched"
    if hoping is not None and known_left_out(posed, solution) >= known_left_out(*hoping):
        posed, solution = hoping
    plan = read_back(
        inputs,
        network,
        posed,
        settled(posed, without_expected(posed, solution)),
        made_at=made_at,
        version=version,
        based_on=based_on,
        seed=seed,
        budget_s=budget_s,
    )
    unserved = (*plan.unserved, *aside)
    figures = figures_of(
        plan.routes,
        unserved,
        overlap_percent=plan.figures.overlap_percent,
        expected=expected_in(posed, solution),
    )
    plan = replace(
        plan,
        unserved=unserved,
        figures=figures,
        hand=hand,
        expected=expected_routes(posed, solution),
    )
    plan = replace(told_joints(plan, asked), clashes=clashes)
    return promised(plan, start, inputs.fleet.depot, now=made_at)
