"""Ruin and recreate: every state can be driven, costs what the judge says, and never loses its best."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np
import pytest

from routing.vrp.check import Rule, check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.model import model_of
from routing.vrp.packed import pack
from routing.vrp.portfolio import Portfolio
from routing.vrp.ruin_recreate import RuinRecreate
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution

MANY = range(60)


def search_of(problem, seed=1, parts=1):
    packed = pack(problem)
    return RuinRecreate(packed, model_of(problem, packed), seed=seed, parts=parts)


def run(search, iterations, temperature):
    """One round."""
    search.cut()
    for part in range(search.parts):
        search.anneal(part, iterations, temperature)
    search.join()


@pytest.mark.parametrize("seed", MANY)
def test_what_is_found_passes_the_judge_and_costs_no_more_than_the_search_says(villages, seed):
    problem = villages.hard_problem(seed, visits=20, vehicles=4)
    search = search_of(problem)
    search.take({})
    search.construct()
    run(search, 300, 1000.0)
    # Scheduled as it is held, without the trimming that `Finisher` does.
    scheduler = Scheduler(problem, pack(problem))
    routes = tuple(
        scheduler.schedule(vehicle, trips) for vehicle, trips in sorted(search.best().items())
    )
    assert None not in routes
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    unserved = unserved_of(problem, served)
    solution = Solution(routes=routes, unserved=unserved, cost=cost(problem, routes))
    assert {each.rule for each in check(problem, solution)} <= {Rule.VISIT_REQUIRED}
    required = [each for each in unserved if problem.visits[each].unserved_cost is None]
    scheduled = solution.cost + search.model.unserved[required].sum()
    assert search.best_cost >= scheduled - 0.5
    # Only a later day may be cheaper: after an early break, or in a visit's second window.
    if not any(each.breaks for each in problem.vehicles) and all(
        len(each.windows) < 2 for each in problem.visits
    ):
        assert search.best_cost == pytest.approx(scheduled, abs=0.5)


@pytest.mark.parametrize("seed", MANY)
def test_districts_searched_side_by_side_add_up_to_a_plan_that_passes_the_judge(villages, seed):
    problem = villages.hard_problem(seed, visits=30, vehicles=6)
    search = search_of(problem, seed, parts=2)
    search.construct()
    for temperature in (1000.0, 100.0, 0.0):
        search.cut()
        with ThreadPoolExecutor(search.parts) as pool:
            list(pool.map(search.anneal, range(search.parts), repeat(100), repeat(temperature)))
        search.join()
        assert search.cost == pytest.approx(search.counted_anew(), abs=0.5), (
            "what parts say adds up"
        )
    scheduler = Scheduler(problem, pack(problem))
    routes = tuple(
        scheduler.schedule(vehicle, trips) for vehicle, trips in sorted(search.best().items())
    )
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    solution = Solution(
        routes=routes, unserved=unserved_of(problem, served), cost=cost(problem, routes)
    )
    assert {each.rule for each in check(problem, solution)} <= {Rule.VISIT_REQUIRED}


@pytest.mark.parametrize("seed", MANY)
def test_the_best_never_gets_worse_whatever_the_temperature(villages, seed):
    search = search_of(villages.hard_problem(seed, visits=15, vehicles=3))
    search.take({})
    costs = []
    for temperature in (0.0, 1e7, 0.0, 1e5):
        run(search, 30, temperature)
        costs.append(search.best_cost)
    assert costs == sorted(costs, reverse=True)


def test_a_search_goes_on_from_what_it_is_given(villages):
    problem = villages.hard_problem(3, visits=30, vehicles=5)
    first, second = search_of(problem), search_of(problem, seed=2)
    first.take({})
    first.construct()
    second.take(first.best())
    assert second.best_cost == pytest.approx(first.best_cost)
    assert second.best() == first.best()


def test_the_same_seed_takes_the_same_way_and_another_one_another(villages):
    problem = villages.hard_problem(3, visits=30, vehicles=5)

    def way(seed):
        search = search_of(problem, seed)
        search.take({})
        run(search, 50, 100.0)
        return search.best()

    assert way(1) == way(1)
    assert way(1) != way(2)


def test_neighbours_are_the_nearest_first_and_never_oneself(villages):
    problem = villages.hard_problem(4, visits=12, vehicles=2)
    packed, near = pack(problem), search_of(problem).model.near
    apart = packed.durations_s[0][np.ix_(packed.place, packed.place)]
    for visit, others in enumerate(near.tolist()):
        assert sorted(others) == [each for each in range(len(near)) if each != visit]
        away = apart[visit][others].tolist()
        assert away == sorted(away)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_visits_are_no_special_case(villages, count):
    problem = villages.hard_problem(1, visits=count, vehicles=2)
    search = search_of(problem)
    search.take({})
    run(search, 5, 1.0)
    assert np.isfinite(search.best_cost)


def test_a_cancelled_portfolio_hands_over_its_best_at_once(villages):
    problem = villages.hard_problem(6, visits=60, vehicles=6)
    portfolio = Portfolio(problem, pack(problem), seed=1)
    portfolio.construct({})
    found = []
    portfolio.improve(
        deadline_s=float("inf"), iterations=None, found=found.append, cancelled=lambda: True
    )
    assert len(found) <= 1


def test_a_slow_listener_costs_rounds_but_not_the_rest_of_the_budget(villages):
    problem = villages.hard_problem(6, visits=60, vehicles=6)
    portfolio = Portfolio(problem, pack(problem), seed=1)
    portfolio.take(portfolio.construct({}))
    heard = []

    def listen(orders):
        heard.append(orders)
        if len(heard) == 1:
            time.sleep(1.5)  # as a first call does that compiles

    began_s = time.monotonic()
    portfolio.improve(
        deadline_s=began_s + 3.0, iterations=None, found=listen, cancelled=lambda: False
    )
    assert heard, "the first rounds find something better"
    assert time.monotonic() - began_s > 2.5
