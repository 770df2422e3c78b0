"""Slack ends windows and dues earlier, and never what a route already needs."""

import pytest

from routing.vrp.check import check
from routing.vrp.cost import cost, over_s
from routing.vrp.slack import with_slack
from routing.vrp.solve import solve
from tests.routing.vrp.villages import hard_problem

SLACK_S = 600


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_with_slack_holds_without_and_costs_the_same(seed):
    problem = hard_problem(seed)
    found = solve(with_slack(problem, SLACK_S, ()), budget_s=20, seed=1, iterations=200)
    assert check(problem, found) == ()
    assert cost(problem, found.routes) == found.cost


@pytest.mark.parametrize("seed", range(20))
def test_routes_that_use_the_slack_up_can_be_driven_as_they_are(seed):
    problem = hard_problem(seed)
    found = solve(problem, budget_s=20, seed=1, iterations=200)
    assert check(with_slack(problem, SLACK_S, found.routes), found) == ()


def test_what_nobody_makes_is_due_the_whole_slack_earlier_and_the_rest_as_far_as_it_can():
    moved = 0
    for seed in range(20):
        problem = hard_problem(seed)
        if not problem.visits:
            continue
        found = solve(problem, budget_s=20, seed=1, iterations=100)
        tight = with_slack(problem, SLACK_S, found.routes, besides={0})
        ends_s = {
            halt.visit: over_s(problem, trip)
            for route in found.routes
            for trip in route.trips
            for halt in trip.visits
        }
        assert tight.visits[0] == problem.visits[0]
        for number, (before, after) in enumerate(zip(problem.visits, tight.visits, strict=True)):
            if number == 0 or before.due_s is None:
                continue
            assert after.due_s == max(before.due_s - SLACK_S, ends_s.get(number, 0))
            moved += after.due_s < before.due_s
    assert moved > 10
