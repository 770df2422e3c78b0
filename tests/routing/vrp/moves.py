"""What tests of the search's moves share: a search to make them in, and the judge of what they leave."""

from dataclasses import replace

from routing.vrp.check import Rule, check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.model import model_of
from routing.vrp.packed import pack
from routing.vrp.ruin_recreate import RuinRecreate
from routing.vrp.solution import Solution


def search_of(problem, parts=1):
    packed = pack(problem)
    search = RuinRecreate(packed, model_of(problem, packed), seed=1, parts=parts)
    search.construct()
    return search


def of_two_kinds(problem, *, ends: bool = False, dearer: bool = False, smaller: bool = False):
    """
    Two kinds of three twins; the second has another depot and no skills, is paid otherwise, or
    carries half as much, if asked.
    """
    first = problem.vehicles[0]
    other = first
    if ends:
        other = replace(other, start_place=1, end_place=1, skills=frozenset())
    if dearer:
        per_m, per_s = 2 * first.cost_per_m + 1, 3 * first.cost_per_s + 1
        other = replace(other, cost_per_m=per_m, cost_per_s=per_s, fixed_cost=77)
    if smaller:
        other = replace(other, capacities=tuple(each // 2 for each in first.capacities))
    return replace(problem, vehicles=(first,) * 3 + (other,) * 3)


def orders(search):
    search._keep_best()
    return search.best()


def judged(problem, routes):
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    unserved = unserved_of(problem, served)
    solution = Solution(routes=routes, unserved=unserved, cost=cost(problem, routes))
    return {each.rule for each in check(problem, solution)} - {Rule.VISIT_REQUIRED}
