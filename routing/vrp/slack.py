"""Slack: a problem in which nothing is cut fine, so that a delay of minutes does no harm."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from routing.vrp.cost import over_s
from routing.vrp.problem import Problem, Visit, Window
from routing.vrp.solution import Route


def with_slack(
    problem: Problem, slack_s: int, routes: Iterable[Route], *, besides: Container[int] = ()
) -> Problem:
    """
    `problem` with windows that end, and trips that are due, up to `slack_s` earlier.

    No earlier than `routes` need, so that these can be driven as they are: slack that is used up is not asked for again. Visits in
    `besides` keep their times, and so do windows shorter than the slack, and the dues that members of a joint must share. Solutions of it are solutions of `problem`, at the same cost.
    """
    needs: dict[int, tuple[int, int]] = {}
    for route in routes:
        for trip in route.trips:
            ends_s = over_s(problem, trip)
            needs.update((each.visit, (each.begin_s, ends_s)) for each in trip.visits)
    one_due = {number for number, joint in enumerate(problem.joints) if joint.one_due}
    return replace(
        problem,
        visits=tuple(
            visit
            if number in besides
            else _earlier(
                visit,
                slack_s,
                *needs.get(number, (0, 0)),
                joined=not one_due.isdisjoint(visit.joints),
            )
            for number, visit in enumerate(problem.visits)
        ),
    )


def _earlier(visit: Visit, slack_s: int, begin_s: int, ends_s: int, *, joined: bool) -> Visit:
    def window(each: Window) -> Window:
        latest_s = each.latest_s - slack_s
        if latest_s <= each.earliest_s:
            return each
        if each.earliest_s <= begin_s <= each.latest_s:
            latest_s = max(latest_s, begin_s)
        return Window(each.earliest_s, latest_s)

    due_s = visit.due_s
    if due_s is not None and not joined:
        due_s = min(due_s, max(due_s - slack_s, ends_s))
    return replace(visit, windows=tuple(map(window, visit.windows)), due_s=due_s)
