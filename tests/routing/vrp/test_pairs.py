"""Pairs: what one visit picks up another drops, later in the same trip, and in between it is on board."""

import random
from dataclasses import replace

import pytest

from routing.vrp.check import check
from routing.vrp.problem import Problem, ProblemRefused, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.schedule import Scheduler
from routing.vrp.solve import Engine, EngineUnfit, solve

VEHICLE = Vehicle(
    shift=Window(0, 10_000), start_place=0, end_place=0, capacities=(5,), cost_per_m=1
)
PLAIN = Visit(place=0, loads=(0,), unserved_cost=100_000)


def at(place: int, **facts: object) -> Visit:
    return replace(PLAIN, place=place, **facts)


def in_a_row(villages, visits, vehicles=(VEHICLE,)) -> Problem:
    """Places 0 … 5 in a line, 100 s and 100 m apart."""
    rows = [[abs(a - b) * 100 for b in range(6)] for a in range(6)]
    return Problem(
        matrices=(villages.matrix_of(rows, metres_per_s=1),),
        visits=tuple(visits),
        vehicles=vehicles,
        dimensions=("weight_g",),
    )


def answer(problem: Problem, engine: Engine = Engine.RUIN_RECREATE):
    found = solve(problem, budget_s=2.0, engine=engine, iterations=300)
    assert check(problem, found) == ()
    return found


def made(found) -> list[list[int]]:
    return [[halt.visit for halt in trip.visits] for r in found.routes for trip in r.trips]


engines = pytest.mark.parametrize("engine", [Engine.RUIN_RECREATE, Engine.ORTOOLS])


@engines
def test_the_first_comes_before_the_second_though_that_is_farther(villages, engine) -> None:
    found = answer(in_a_row(villages, [at(3, loads=(4,)), at(1, brings=0)]), engine)
    assert made(found) == [[0, 1]]
    assert found.cost == 600


@engines
def test_what_is_brought_makes_room_for_what_is_picked_up_next(villages, engine) -> None:
    """Two pairs of four each, and five carried at most: one after the other, on one way out and home."""
    pairs = [at(1, loads=(4,)), at(2, brings=0), at(3, loads=(4,)), at(4, brings=2)]
    found = answer(in_a_row(villages, pairs), engine)
    assert made(found) == [[0, 1, 2, 3]]
    assert found.cost == 800


@engines
def test_what_is_carried_between_two_visits_counts_beside_what_goes_home(villages, engine) -> None:
    """Two for the depot lie on the way: they are fetched before the pair is on board, or after."""
    visits = [at(1, loads=(4,)), at(3, brings=0), at(2, loads=(2,)), at(5, loads=(1,))]
    (order,) = made(answer(in_a_row(villages, visits), engine))
    assert sorted(order) == [0, 1, 2, 3]
    assert not order.index(0) < order.index(2) < order.index(1)


@engines
def test_what_the_second_loads_of_its_own_goes_home(villages, engine) -> None:
    """Three stay on board, and five are carried at most: whatever else is fetched or carried comes before, and no second pair."""
    pairs = [at(1, loads=(4,)), at(2, brings=0, loads=(3,)), at(3, loads=(4,)), at(4, brings=2)]
    assert made(answer(in_a_row(villages, pairs), engine)) == [[2, 3, 0, 1]]
    pairs[3] = replace(pairs[3], loads=(3,))
    assert len(answer(in_a_row(villages, pairs), engine).unserved) == 2


@engines
def test_half_a_pair_is_never_made(villages, engine) -> None:
    late = at(2, brings=0, windows=(Window(0, 10),))
    problem = in_a_row(villages, [at(1, loads=(1,)), late, at(1)])
    found = answer(problem, engine)
    assert found.unserved == (0, 1)
    reasons = why_unserved(problem, found)
    assert reasons == {0: Reason.WINDOW_CANNOT_BE_MET, 1: Reason.WINDOW_CANNOT_BE_MET}


def test_a_pair_is_worth_what_both_halves_are(villages) -> None:
    """Out and home costs 400: more than either half is worth, and less than both."""
    for price, expected in ((250, [[0, 1]]), (190, [])):
        pair = [at(1, loads=(1,), unserved_cost=price), at(2, brings=0, unserved_cost=price)]
        found = answer(problem := in_a_row(villages, pair))
        assert made(found) == expected
        if not expected:
            assert set(why_unserved(problem, found).values()) == {Reason.NOT_WORTH_IT}


def test_a_pair_that_finds_no_room_says_so(villages) -> None:
    early = (Window(0, 250),)
    visits = [
        at(1, loads=(5,), unserved_cost=None, windows=early),
        at(2, loads=(1,), windows=early),
        at(1, brings=1),
    ]
    problem = in_a_row(villages, visits, (replace(VEHICLE, shift=Window(0, 700)),))
    found = answer(problem)
    assert found.unserved == (1, 2)
    assert set(why_unserved(problem, found).values()) == {Reason.NO_CAPACITY_LEFT}


def test_each_trip_brings_what_it_picked_up(villages) -> None:
    """Three for the depot fill a trip; the pairs go with another, whole."""
    vehicle = replace(VEHICLE, trips_max=3, capacities=(3,))
    fetched = [at(place, loads=(3,)) for place in (1, 2)]
    problem = in_a_row(villages, [*fetched, at(4, loads=(3,)), at(1, brings=2)], (vehicle,))
    assert sorted(map(sorted, made(answer(problem)))) in ([[0, 2, 3], [1]], [[0], [1, 2, 3]])
    with pytest.raises(EngineUnfit, match="pairs of visits inside one of several trips"):
        solve(problem, budget_s=1.0, engine=Engine.ORTOOLS)


@pytest.mark.parametrize("seed", range(6))
def test_the_search_keeps_to_all_rules_and_counts_right(moves, villages, seed: int) -> None:
    """After rounds of every move the running sums are what one adds up anew, and each route is allowed."""
    draw = random.Random(seed)
    problem = villages.hard_problem(seed, visits=40, vehicles=5)
    visits = list(villages.with_pairs(draw, problem.visits, share=draw.choice([0.3, 0.9])))
    problem = replace(problem, visits=tuple(visits))
    search, scheduler = moves.search_of(problem), Scheduler(problem)
    for _ in range(5):
        search.cut()
        search.anneal(0, 300, 400.0)
        search.join()
        assert search.cost == pytest.approx(search.counted_anew())
        routes = [scheduler.schedule(*day) for day in sorted(moves.orders(search).items())]
        assert None not in routes
        assert moves.judged(problem, routes) == set()
    found = solve(problem, budget_s=5.0, seed=seed, iterations=500, engine=Engine.RUIN_RECREATE)
    assert check(problem, found) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({1: {"brings": 1}}, "that is no other visit"),
        ({1: {"brings": 7}}, "that is no other visit"),
        ({2: {"brings": 1}}, "which brings itself"),
        ({2: {"brings": 0}}, "both bring what visit 0 picks up"),
        ({0: {"unserved_cost": None}}, "both may be left out, or neither"),
        ({0: {"due_s": 900}}, "visit 0 is half of a pair: it has no group"),
        ({1: {"release_s": 9}}, "visit 1 is half of a pair: it has no group"),
        ({1: {"group": 0}}, "visit 1 is half of a pair: it has no group"),
        ({0: {"deliveries": (1,)}}, "it has no deliveries"),
    ],
)
def test_pairs_that_make_no_sense_are_named(villages, changes, words: str) -> None:
    visits = [at(1, loads=(1,)), at(2, brings=0), at(3)]
    for number, change in changes.items():
        visits[number] = replace(visits[number], **change)
    with pytest.raises(ProblemRefused, match=words):
        in_a_row(villages, visits)
