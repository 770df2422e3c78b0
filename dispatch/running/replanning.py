"""Replanning: the rest of a running day, from where everybody stands, with what was promised kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.clashes import clashes_in, without_impossible
from dispatch.expected_routes import expected_routes
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.halts import MILLIFEN
from dispatch.holding import at_held_times, with_holds, without_taken_out
from dispatch.inputs import DayInputs
from dispatch.joints import told_joints
from dispatch.keeping_time import (
    cost_with_expected,
    expected_in,
    expecting_nothing,
    known_left_out,
    without_expected,
)
from dispatch.orders import OrderId
from dispatch.pairs import without_pairs
from dispatch.pickup_times import DAY_S
from dispatch.plan import Plan
from dispatch.posing import Posed
from dispatch.progress import route_progress
from dispatch.promises import at_promised_times, promised, with_promises
from dispatch.reading import read_back
from dispatch.running.barring import without_barred
from dispatch.running.boarding import as_boarded
from dispatch.running.lateness import with_later_times
from dispatch.running.remainder import pose_remainder
from dispatch.running.reshuffling import calmer
from dispatch.running.standing import Standing, standings
from dispatch.running.stitching import stitched
from dispatch.starting import start_of
from routing.roads.network import RoadNetwork
from routing.vrp.cost import solution_of
from routing.vrp.problem import Problem
from routing.vrp.slack import with_slack
from routing.vrp.solution import Solution
from routing.vrp.solve import Progress, solve

FIRST_SHARE: Final = 0.6
"""Of the budget, for a plan that keeps all promises, with slack; what it cannot keep has the rest. Chosen."""

REGAINING_SHARE: Final = 0.4
"""Of the budget, where delays have used up slack: for a plan of the same orders that has it again. Chosen."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """
    A plan whose rest is new, without a version.

    `saved` is what its rest costs less than that of the old one, orders left out priced, in the solver's unit;
    None: the old one can no longer be driven.
    """

    plan: Plan
    saved: int | None


def replan(
    inputs: DayInputs,
    network: RoadNetwork,
    plan: Plan,
    facts: RoadFacts,
    *,
    now: datetime,
    budget_s: float,
    seed: int,
    iterations: int | None = None,
    reshuffled_fen: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Replanned:
    """
    The day as `plan` has it so far, its rest planned anew at `now`; `inputs.orders` are those still open.

    Another order of stops than couriers know saves at least `reshuffled_fen` for each stop that comes behind another, or it stays.

    What is over or locked stays. An order that was promised begins within the time told, if it is in anybody's
    power; else as little later as can be, and its promise is a new one. `network` has its closures.

    Raises
    ------
    DepotOffRoad
        No vehicle can leave the depot.
    """
    stated, inputs = inputs, without_impossible(without_pairs(inputs))
    depot, hand, asked = inputs.fleet.depot, plan.hand, inputs.orders
    inputs, aside = without_taken_out(inputs, hand)
    plan = as_boarded(plan, replace(inputs, orders=asked), network, facts)
    plan = without_barred(plan, inputs, facts, now=now)
    as_told, plan = plan, at_held_times(plan)
    told = {each.order_id: each for each in plan.promises}
    where = standings(plan, facts, inputs.fleet, now=now)
    going = _going(plan, facts, where, now=now)
    rest = pose_remainder(
        at_promised_times(inputs, plan), network, where, companies_of(going), plan.joints, now=now
    )
    as_promised = with_promises(with_holds(rest.posed, hand), plan, depot)
    late = {
        order_id: 1 + inputs.clock.seconds(stop.begin_at)
        for route in going.routes
        for stop in route.stops
        for order_id in stop.order_ids
        if order_id in told and stop.begin_at > told[order_id].latest_at
    }
    posed = with_later_times(as_promised, inputs, plan, late)
    until_s = time.monotonic() + budget_s

    def search(problem: Problem, start: Solution | None, *, share: float) -> Solution:
        return solve(
            problem,
            budget_s=max(0.0, share * (until_s - time.monotonic())),
            seed=seed,
            iterations=iterations,
            start=start,
            on_progress=on_progress,
            cancelled=cancelled,
        )

    solution = start = start_of(posed, going, heres=rest.heres)
    if start is not None:
        # Slack that delays have used up is wanted back, unless somebody would be left out for it.
        fixed = frozenset((*rest.heres.values(), *range(len(as_promised.halts), len(posed.halts))))
        slack = with_slack(posed.problem, depot.slack_s, (), besides=fixed)
        regained = start_of(replace(posed, problem=slack), going, heres=rest.heres)
        if regained is not None and not _orders(posed, start) <= _orders(posed, regained):
            regained = search(slack, regained, share=REGAINING_SHARE)
        if regained is not None and _orders(posed, start) <= _orders(posed, regained):
            solution = regained
        posed = _with_required(posed, start)
    left_out = frozenset[int]()
    hoping: tuple[Posed, Solution] | None = None
    for share in (FIRST_SHARE, 1.0):
        later = frozenset(range(len(as_promised.halts), len(posed.halts)))
        as_found = () if solution is None else solution.routes
        solution = search(
            with_slack(posed.problem, depot.slack_s, as_found, besides=later | left_out),
            solution,
            share=share,
        )
        left_out = frozenset(solution.unserved)
        broken = {
            order.order_id
            for visit in left_out
            for order in posed.halts[visit].orders
            if order.order_id in told
        }
        if share < 1.0:
            posed = with_later_times(posed, inputs, plan, dict.fromkeys(broken, DAY_S))
            if posed.expected and known_left_out(posed, solution):
                hoping = posed, solution_of(posed.problem, solution.routes)
                posed = expecting_nothing(posed)
            # The problem has got further visits since, or other prices.
            solution = solution_of(posed.problem, solution.routes)
    assert solution is not None, "searched"
    if hoping is not None and known_left_out(posed, solution) >= known_left_out(*hoping):
        posed, solution = hoping
    if start is not None and reshuffled_fen:
        fixed = frozenset((*rest.heres.values(), *later, *solution.unserved))
        slack = with_slack(posed.problem, depot.slack_s, solution.routes, besides=fixed)
        price = reshuffled_fen * MILLIFEN
        solution = calmer(posed, slack, going, solution, heres=rest.heres, price=price)
    planned = read_back(
        rest.inputs,
        network,
        posed,
        without_expected(posed, solution),
        made_at=now,
        version=0,
        based_on=plan.version,
        seed=seed,
        budget_s=budget_s,
    )
    planned = replace(planned, unserved=(*planned.unserved, *aside))
    again = told_joints(stitched(plan, planned, where, rest.heres, inputs), asked, plan)
    figures = replace(again.figures, expected=expected_in(posed, solution))
    again = replace(
        again,
        clashes=clashes_in(stated, rest.posed),
        figures=figures,
        expected=expected_routes(posed, solution),
    )
    again = promised(again, as_told, depot, now=now)
    if start is None:
        return Replanned(again, None)
    start = solution_of(posed.problem, start.routes)
    return Replanned(again, cost_with_expected(posed, start) - solution.cost)


def _orders(posed: Posed, solution: Solution) -> frozenset[OrderId]:
    """Whose parcels are picked up, of those who have asked."""
    return frozenset(
        order.order_id
        for route in solution.routes
        for trip in route.trips
        for made in trip.visits
        if made.visit not in posed.expected
        for order in posed.halts[made.visit].orders
    )


def _with_required(posed: Posed, start: Solution) -> Posed:
    """The day in which what `start` makes may not be left out: nobody's promise pays for another's."""
    made = {halt.visit for route in start.routes for trip in route.trips for halt in trip.visits}
    made -= posed.expected
    groups = {posed.halts[number].visit.group for number in made} - {None}
    return posed.with_visits(
        replace(visit, unserved_cost=None) if number in made or visit.group in groups else visit
        for number, visit in enumerate(posed.problem.visits)
    )


def companies_of(plan: Plan) -> dict[OrderId, int]:
    """Orders of one stop, told by its number: a halt never holds orders of two stops, nor a stop's and new ones."""
    stops = (stop for route in plan.routes for stop in route.stops)
    return {order_id: number for number, stop in enumerate(stops) for order_id in stop.order_ids}


def _going(
    plan: Plan, facts: RoadFacts, where: Mapping[CourierId, Standing], *, now: datetime
) -> Plan:
    """What `plan` still has to do, each stop at the moment that is predicted now."""
    routes = []
    for route in plan.routes:
        progress = route_progress(route, facts, now=now, plan=plan)
        begins = {each.seq: each.eta_at for each in progress.stops}
        trips = route.trips
        settled: frozenset[OrderId] = frozenset()
        if (standing := where.get(route.courier_id)) is not None:
            settled = standing.order_ids
            trips = trips[len(standing.trips) :]
        trips = tuple(
            replace(
                trip,
                stops=tuple(
                    replace(stop, begin_at=begins[stop.seq])
                    for stop in trip.stops
                    if settled.isdisjoint(stop.order_ids)
                ),
            )
            for trip in trips
        )
        routes.append(replace(route, trips=trips))
    return replace(plan, routes=tuple(routes))
