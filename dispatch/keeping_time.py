"""Keeping time 留时: a plan found together with expected orders, without them: its time for them stays free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dispatch.posing import Posed
from routing.vrp.check import check
from routing.vrp.cost import solution_of
from routing.vrp.finish import Finisher
from routing.vrp.packed import pack
from routing.vrp.problem import Problem, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from routing.vrp.solve import solve


def without_expected(posed: Posed, solution: Solution) -> Solution:
    """
    `solution` without the visits of expected orders; all others begin just when they did with them.

    So nobody sets out before it is time, nobody is told an hour that does for known orders only, a new order finds room, and
    slack is where it was. Expected orders are not among its `unserved` either.

    Raises
    ------
    RequiredUnserved
        Without them somebody else stands at the dock, and then what must be made is too late.
    """
    if not posed.expected:
        return solution
    begins_s: dict[int, int] = {}
    orders: dict[int, tuple[tuple[int, ...], ...]] = {}
    for route in solution.routes:
        trips = []
        for trip in route.trips:
            known = [each for each in trip.visits if each.visit not in posed.expected]
            begins_s.update((each.visit, each.begin_s) for each in known)
            trips.append(tuple(each.visit for each in known))
        if any(trips):
            orders[route.vehicle] = tuple(trip for trip in trips if trip)
    routes = Scheduler(_beginning(posed.problem, begins_s)).schedule_all(orders)
    left = None if routes is None else solution_of(posed.problem, routes)
    if left is None or check(posed.problem, left):
        # Who no longer comes home first may find another at the dock.
        left = Finisher(posed.problem, pack(posed.problem)).finish(orders, engine="keeping time")
    if left is None:
        left = solve(_for_nobody(posed), budget_s=0.0, iterations=0)
    unserved = tuple(each for each in left.unserved if each not in posed.expected)
    return replace(left, unserved=unserved)


def expecting_nothing(posed: Posed) -> Posed:
    """The day in which expected orders are worth no detour."""
    return posed.with_visits(
        replace(visit, unserved_cost=0) if number in posed.expected else visit
        for number, visit in enumerate(posed.problem.visits)
    )


def known_left_out(posed: Posed, solution: Solution) -> int:
    """How many orders that somebody has asked for are in no route."""
    return len(
        {
            order.order_id
            for visit in solution.unserved
            if visit not in posed.expected
            for order in posed.halts[visit].orders
        }
    )


def expected_in(posed: Posed, solution: Solution) -> int:
    """How many expected orders `solution` picks up."""
    made = {
        order.order_id
        for route in solution.routes
        for trip in route.trips
        for each in trip.visits
        if each.visit in posed.expected
        for order in posed.halts[each.visit].orders
    }
    return len(made)


def cost_with_expected(posed: Posed, start: Solution) -> int:
    """What `start` costs with the expected orders in it where they cost least, and nothing else moved."""
    if not posed.expected:
        return start.cost
    return solve(posed.problem, budget_s=0.0, iterations=0, start=start).cost


def _for_nobody(posed: Posed) -> Problem:
    """The problem in which nobody can make the visits of expected orders."""
    visits = tuple(
        replace(visit, skills=visit.skills | {"expected"}) if number in posed.expected else visit
        for number, visit in enumerate(posed.problem.visits)
    )
    return replace(posed.problem, visits=visits)


def _beginning(problem: Problem, begins_s: Mapping[int, int]) -> Problem:
    """The problem in which these visits begin just then."""
    return replace(
        problem,
        visits=tuple(
            visit
            if number not in begins_s
            else replace(visit, windows=(Window(begins_s[number], begins_s[number]),))
            for number, visit in enumerate(problem.visits)
        ),
    )
