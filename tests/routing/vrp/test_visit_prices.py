"""What a visit costs by itself: at this place, and by others than those who should make it."""

from dataclasses import replace

import pytest

from routing.vrp.check import Rule, check
from routing.vrp.cost import visit_cost
from routing.vrp.problem import Preference, Problem, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.search_state import MADE
from routing.vrp.solve import Engine, solve

SHIFT = Window(0, 10_000)
NEAR = Vehicle(shift=SHIFT, start_place=0, end_place=0, cost_per_m=1)
FAR = replace(NEAR, start_place=2, end_place=2)


def of(villages, visits, vehicles=(NEAR, FAR)) -> Problem:
    """Places 0, 1 and 2 in a line, 10 and 100 metres apart."""
    rows = [[0, 10, 110], [10, 0, 100], [110, 100, 0]]
    matrix = villages.matrix_of(rows, metres_per_s=1)
    return Problem(matrices=(matrix,), visits=tuple(visits), vehicles=vehicles)


def engines():
    return pytest.mark.parametrize("engine", [Engine.RUIN_RECREATE, Engine.ORTOOLS])


def answer(problem: Problem, engine: Engine):
    found = solve(problem, budget_s=2.0, engine=engine, iterations=200)
    assert check(problem, found) == ()
    return found


def prefers(vehicle: int, cost_otherwise: int) -> Preference:
    return Preference(vehicles=frozenset({vehicle}), cost_otherwise=cost_otherwise)


@engines()
@pytest.mark.parametrize(
    ("cost_otherwise", "vehicle", "cost"), [(179, 0, 20 + 179 + 5), (181, 1, 200 + 5)]
)
def test_who_should_make_a_visit_does_unless_that_is_dearer(
    villages, engine: Engine, cost_otherwise: int, vehicle: int, cost: int
) -> None:
    visit = Visit(place=1, cost=5, preferences=(prefers(1, cost_otherwise),))
    found = answer(of(villages, [visit]), engine)
    assert [route.vehicle for route in found.routes] == [vehicle]
    assert found.cost == cost


def test_preferences_of_one_visit_are_added(villages) -> None:
    visit = Visit(place=1, preferences=(prefers(0, 7), prefers(1, 3), prefers(1, 4)))
    assert answer(of(villages, [visit]), Engine.RUIN_RECREATE).cost == 20 + 3 + 4


@engines()
@pytest.mark.parametrize("walk", [19, 21])
def test_a_place_is_chosen_by_the_way_there_and_by_the_walk(
    villages, engine: Engine, walk: int
) -> None:
    """The door lies 10 m away, the point at the depot, and costs the household a walk."""
    door = Visit(place=1, group=0)
    point = Visit(place=0, group=0, cost=walk)
    found = answer(of(villages, [door, point], (NEAR,)), engine)
    (halt,) = found.routes[0].trips[0].visits
    assert halt.visit == (1 if walk < 20 else 0)
    assert found.cost == min(20, walk)


def test_a_stated_cost_without_a_preference_paid_is_refused(villages) -> None:
    problem = of(villages, [Visit(place=1, preferences=(prefers(1, 9),))])
    found = answer(problem, Engine.RUIN_RECREATE)
    wrong = replace(found, cost=found.cost - 9)
    assert {each.rule for each in check(problem, wrong)} == {Rule.COST}


def test_what_costs_more_by_itself_than_leaving_it_out_is_not_worth_it(villages) -> None:
    problem = of(villages, [Visit(place=1, cost=50, unserved_cost=40)])
    found = answer(problem, Engine.RUIN_RECREATE)
    assert found.unserved == (0,)
    assert why_unserved(problem, found) == {0: Reason.NOT_WORTH_IT}


@pytest.mark.parametrize("seed", range(12))
def test_a_vehicles_day_keeps_the_sum_of_what_its_visits_cost(moves, villages, seed: int) -> None:
    search = moves.search_of(problem := villages.hard_problem(seed, visits=30, vehicles=4))
    for _ in range(4):
        search.cut()
        search.anneal(0, 200, 300.0)
        search.join()
    for vehicle, trips in moves.orders(search).items():
        costs = [visit_cost(problem.visits[each], vehicle) for trip in trips for each in trip]
        assert search.state.vehicle[vehicle, MADE] == sum(costs)
