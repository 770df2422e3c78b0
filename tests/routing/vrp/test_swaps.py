"""Swaps: where the range would not do, a vehicle has it full again on the way; held against trying everything."""

import random
from dataclasses import replace

import pytest

from routing.matrix import UNREACHABLE
from routing.vrp.check import check
from routing.vrp.cost import route_cost
from routing.vrp.finish import orders_of
from routing.vrp.problem import Feature, Problem, Swap, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.solve import Engine, RequiredUnserved, solve
from tests.routing.vrp.tiny import tiny_problem

BESIDE = [
    each
    for each in Feature
    if each
    not in (Feature.JOINTS, Feature.PAIRS, Feature.SWAPS, Feature.RANGE, Feature.OPEN_ROUTES)
]


def drawn(seed: int) -> Problem:
    draw = random.Random(f"{seed} beside swaps")
    others = draw.sample(BESIDE, draw.choice([0, 1, 2]))
    problem = tiny_problem(seed, frozenset({Feature.SWAPS, Feature.PRIZES, *others}), visits=3)
    # Where no way leads straight the search does not look whether one leads by a swap.
    (matrix,) = problem.matrices
    durations_s, distances_m = matrix.durations_s.copy(), matrix.distances_m.copy()
    distances_m[durations_s >= UNREACHABLE], durations_s[durations_s >= UNREACHABLE] = 28, 14
    everywhere = replace(matrix, durations_s=durations_s, distances_m=distances_m)
    problem = replace(problem, matrices=(everywhere,))
    if seed % 3 == 0:
        return problem
    open_all_day = tuple(
        replace(each, windows=each.windows[:1] if seed % 3 == 1 and number == 0 else ())
        for number, each in enumerate(problem.visits)
    )
    return replace(problem, visits=open_all_day)


@pytest.mark.parametrize("first", range(0, 160, 40))
def test_a_day_by_way_of_swaps_is_the_cheapest_that_this_order_of_visits_has(
    brute_force, first: int
) -> None:
    """With breaks, or seconds for which waiting is paid, a day may be missed or dearer; never one that the judge refuses."""
    swapped = 0
    for seed in range(first, first + 40):
        problem = drawn(seed)
        draw = random.Random(seed)
        visits = list(range(len(problem.visits)))
        draw.shuffle(visits)
        scheduler = Scheduler(problem)
        for number, vehicle in enumerate(problem.vehicles):
            cut = draw.randrange(1, 3) if vehicle.trips_max > 1 else 3
            order = tuple(trip for trip in (tuple(visits[:cut]), tuple(visits[cut:])) if trip)
            best = brute_force.cheapest_route(problem, number, order)
            found = scheduler.schedule(number, order)
            if found is None:
                assert best is None or vehicle.breaks or vehicle.duration_limit_s is not None
                continue
            assert best is not None
            assert route_cost(problem, found) >= route_cost(problem, best)
            if not (vehicle.cost_per_s or vehicle.overtime_cost_per_s or vehicle.breaks):
                assert route_cost(problem, found) == route_cost(problem, best)
            swapped += any(trip.swaps for trip in found.trips)
    assert swapped >= 5


@pytest.mark.parametrize("seed", range(16))
def test_the_search_finds_the_proven_optimum_with_swaps(brute_force, caplog, seed: int) -> None:
    problem = drawn(seed)
    best = brute_force.optimum(problem)
    try:
        found = solve(problem, budget_s=60.0, iterations=1_000, engine=Engine.RUIN_RECREATE)
    except RequiredUnserved:
        assert best is None
        return
    assert not caplog.records, "the judge had to refuse an answer"
    assert best is not None
    assert found.cost == best.cost


@pytest.mark.parametrize("seed", range(12))
def test_hard_problems_with_swaps_are_planned_as_the_judge_allows(
    villages, caplog, seed: int
) -> None:
    problem = villages.hard_problem(seed, visits=12, vehicles=3)
    near = [each for each, visit in enumerate(problem.visits) if visit.unserved_cost is None]
    visits = [
        replace(visit, unserved_cost=10_000_000) if number in near else visit
        for number, visit in enumerate(problem.visits)
    ]
    free = len(visits) + 1
    problem = replace(
        problem,
        visits=tuple(visits),
        setups_s=(),
        swaps=(Swap(place=0, takes_s=60), Swap(place=free, charged_m_per_minute=2_000)),
        vehicles=tuple(replace(each, range_m=12_000, swaps=(0, 1)) for each in problem.vehicles),
    )
    found = solve(problem, budget_s=20.0, iterations=300, engine=Engine.RUIN_RECREATE)
    assert check(problem, found) == ()
    assert not caplog.records, "the judge had to refuse an answer"
    without = replace(problem, vehicles=tuple(replace(v, swaps=()) for v in problem.vehicles))
    assert (
        solve(without, budget_s=20.0, iterations=300, engine=Engine.RUIN_RECREATE).cost
        >= found.cost
    )


def line(villages, vehicles: int, *, fixed_cost: int, **swap: int) -> Problem:
    """Six visits on a line, 100 s and 500 m apart, and vehicles that go 5 km; a swap at the depot, place 0."""
    rows = [[abs(a - b) * 100 for b in range(7)] for a in range(7)]
    van = Vehicle(
        shift=Window(0, 10_000), start_place=0, end_place=0, range_m=5_000, swaps=(0,),
        fixed_cost=fixed_cost, cost_per_m=1, cost_per_s=1, capacities=(3,), trips_max=3,
    )  # fmt: skip
    return Problem(
        matrices=(villages.matrix_of(rows),),
        visits=tuple(Visit(place=place, loads=(1,), unserved_cost=99_999) for place in range(1, 6)),
        vehicles=(van,) * vehicles,
        dimensions=("pieces",),
        swaps=(Swap(place=0, **swap),),
    )


@pytest.mark.parametrize(
    ("fixed_cost", "couriers"), [(10_000, 1), (0, 2)], ids=["a swap is cheaper", "a courier is"]
)
def test_a_swap_is_planned_where_it_is_cheaper_than_another_vehicle(
    villages, fixed_cost: int, couriers: int
) -> None:
    problem = line(villages, 2, fixed_cost=fixed_cost, takes_s=300)
    found = solve(problem, budget_s=20.0, iterations=500, engine=Engine.RUIN_RECREATE)
    assert check(problem, found) == ()
    assert found.unserved == ()
    assert len(found.routes) == couriers
    swaps = sum(len(trip.swaps) for route in found.routes for trip in route.trips)
    assert swaps == (1 if couriers == 1 else 0)


def test_without_a_swap_the_range_is_that_of_the_whole_shift(villages) -> None:
    problem = line(villages, 1, fixed_cost=0)
    problem = replace(problem, vehicles=(replace(problem.vehicles[0], swaps=()),))
    found = solve(problem, budget_s=20.0, iterations=500, engine=Engine.RUIN_RECREATE)
    assert found.unserved, "coming back to the depot charges nothing"


def test_charging_takes_as_long_as_was_driven(villages) -> None:
    problem = line(villages, 1, fixed_cost=0, charged_m_per_minute=1_000)
    found = solve(problem, budget_s=20.0, iterations=500, engine=Engine.RUIN_RECREATE)
    assert found.unserved == ()
    (route,) = found.routes
    drives_s = 2 * (500 + 200) if len(route.trips[0].visits) == 2 else 2 * (500 + 300)
    span_s = route.trips[-1].back_s - route.trips[0].leave_s
    assert 60 * 2 <= span_s - drives_s <= 60 * 5, (
        "two kilometres at least were charged, five at most"
    )


def test_what_was_driven_after_a_swap_that_is_over_counts(villages) -> None:
    """Nothing is decided of it any more, but the battery knows."""
    problem = line(villages, 1, fixed_cost=0, takes_s=300)
    (van,) = problem.vehicles
    far = replace(
        problem, visits=problem.visits[4:], vehicles=(replace(van, swaps=(), range_m=4_000),)
    )
    assert solve(far, budget_s=9.0, iterations=50).unserved == (0,)
    (later,) = (replace(van, swaps=(), range_m=4_000, swapped_at_m=1_000),)
    again = replace(far, vehicles=(later,))
    assert solve(again, budget_s=9.0, iterations=50, engine=Engine.RUIN_RECREATE).unserved == ()
    assert orders_of(solve(again, budget_s=2.0, engine=Engine.ORTOOLS)) == {0: ((0,),)}
