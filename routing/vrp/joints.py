"""Joints as a search is told of them that knows of none: by what leaving out one member costs, and, once decided, by skills."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from routing.vrp.cost import unserved_cost
from routing.vrp.problem import Problem
from routing.vrp.solution import Solution

_NOBODY: Final = "nobody"
"""A skill that no vehicle has."""


def priced(problem: Problem) -> Problem:
    """
    The problem in which leaving out one member of a joint that is made whole or not at all costs what leaving out all does.

    So a search that knows of no joints rather makes way for the last member than leaves it out.
    """
    if not any(joint.all_or_nothing for joint in problem.joints):
        return problem
    visits = list(problem.visits)
    for joint, members in zip(problem.joints, members_of(problem), strict=True):
        if not joint.all_or_nothing:
            continue
        price = unserved_cost(problem, members)
        for each in members:
            if visits[each].unserved_cost is not None:
                visits[each] = replace(visits[each], unserved_cost=price)
    return replace(problem, visits=tuple(visits))


def members_of(problem: Problem) -> list[list[int]]:
    """The visits of each joint. O(visits)."""
    members: list[list[int]] = [[] for _ in problem.joints]
    for number, visit in enumerate(problem.visits):
        for joint in visit.joints:
            members[joint].append(number)
    return members


def settled(problem: Problem, solution: Solution) -> Problem:
    """
    The problem in which the joints are decided as in `solution`, which can be driven in it as well.

    What rides in one trip belongs to its vehicle, what leaves with one truck to that one, and what is left out whole
    stays out. So a search that knows of no joints has little left to tear.
    """
    visits, vehicles = list(problem.visits), list(problem.vehicles)
    driver = {
        halt.visit: route.vehicle
        for route in solution.routes
        for trip in route.trips
        for halt in trip.visits
    }
    for number, (joint, members) in enumerate(
        zip(problem.joints, members_of(problem), strict=True)
    ):
        made = [each for each in members if each in driver]
        if not made and not joint.all_or_nothing:
            continue
        dues_s = {visits[each].due_s for each in made}
        for each in members:
            skills = set(visits[each].skills)
            if not made or (joint.one_due and visits[each].due_s not in dues_s):
                skills.add(_NOBODY)
            if joint.one_trip and made:
                skills.add(f"{_NOBODY} but for joint {number}")
            visits[each] = replace(visits[each], skills=frozenset(skills))
        if joint.one_trip and made:
            at = driver[made[0]]
            own = vehicles[at].skills | {f"{_NOBODY} but for joint {number}"}
            vehicles[at] = replace(vehicles[at], skills=own)
    return replace(problem, visits=tuple(visits), vehicles=tuple(vehicles))
