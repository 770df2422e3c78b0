"""Many places: near ones stand together, and nothing else changes."""

import random

import numpy as np
import pytest

from routing.cores import on_all_cores
from routing.matrix import UNREACHABLE
from routing.vrp.check import check
from routing.vrp.model import model_of
from routing.vrp.nearby import LARGE, near_together
from routing.vrp.packed import NOWHERE, pack
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.ruin_recreate import RuinRecreate
from routing.vrp.solve import solve


def scattered(places: int, seed: int = 1) -> np.ndarray:
    """Seconds between places in a square."""
    points = np.random.default_rng(seed).integers(0, 10_000, (places, 2))
    apart = np.hypot(*(points[:, np.newaxis] - points).transpose(2, 0, 1))
    return np.rint(apart).astype(np.int32)


def test_neighbours_in_the_order_are_nearer_than_chance_would_have_them() -> None:
    durations_s = scattered(2_000)
    order = near_together(durations_s)
    assert sorted(order.tolist()) == list(range(2_000))
    beside_s = durations_s[order[1:], order[:-1]].mean()
    assert beside_s < durations_s.mean() / 5


@pytest.mark.parametrize("durations_s", [np.zeros((0, 0)), np.zeros((40, 40)), np.zeros((1, 1))])
def test_places_that_cannot_be_told_apart_are_all_in_the_order(durations_s: np.ndarray) -> None:
    order = near_together(durations_s.astype(np.int32))
    assert sorted(order.tolist()) == list(range(len(durations_s)))


def test_places_that_cannot_be_reached_are_in_the_order() -> None:
    durations_s = scattered(100)
    durations_s[:, ::3] = durations_s[::7] = UNREACHABLE
    assert sorted(near_together(durations_s).tolist()) == list(range(100))


@pytest.mark.parametrize("seed", range(12))
def test_every_drive_is_as_long_as_in_the_problem(villages, monkeypatch, seed: int) -> None:
    monkeypatch.setattr("routing.vrp.packed.LARGE", 1)
    problem = villages.hard_problem(seed, visits=40, vehicles=5)
    packed = pack(problem)
    assert packed.place.tolist() != [each.place for each in problem.visits], "they stand otherwise"
    rows = {each.place: row for each, row in zip(problem.visits, packed.place, strict=True)}
    for vehicle, ends in zip(problem.vehicles, packed.ends.tolist(), strict=True):
        for place, row in zip((vehicle.start_place, vehicle.end_place), ends, strict=True):
            assert (place is None) == (row == NOWHERE)
            rows |= {} if place is None else {place: row}
    rows |= {each.place: row for each, row in zip(problem.swaps, packed.swaps[:, 0], strict=True)}
    places, at = list(rows), list(rows.values())
    for number, matrix in enumerate(problem.matrices):
        here, there = np.ix_(places, places), np.ix_(at, at)
        assert (packed.durations_s[number][there] == problem.ready_s(number)[here]).all()
        assert (packed.distances_m[number][there] == matrix.distances_m[here]).all()


@pytest.mark.parametrize("seed", range(6))
def test_plans_of_rearranged_places_pass_the_judge(villages, monkeypatch, caplog, seed) -> None:
    monkeypatch.setattr("routing.vrp.packed.LARGE", 1)
    problem = villages.hard_problem(seed, visits=40, vehicles=5)
    solution = solve(problem, budget_s=60.0, iterations=2_000, seed=seed)
    assert check(problem, solution) == ()
    assert not caplog.records, "no answer was refused"


def large(villages) -> Problem:
    rows = scattered(LARGE + 100).tolist()
    vehicle = Vehicle(
        shift=Window(0, 1 << 29), start_place=0, end_place=0, capacities=(40,), cost_per_m=1
    )
    return Problem(
        matrices=(villages.matrix_of(rows, metres_per_s=1),),
        visits=tuple(Visit(place=each, loads=(1,)) for each in range(1, len(rows))),
        vehicles=(vehicle,) * 20,
        dimensions=("load",),
    )


def test_a_search_comes_by_every_neighbourhood(villages) -> None:
    """However small the part of the map that it looks at for the moment."""
    problem = large(villages)
    packed = pack(problem)
    search = RuinRecreate(packed, model_of(problem, packed), seed=1)
    search.construct()
    before = search.best()
    trip_of = {visit: trip for trips in before.values() for trip in trips for visit in trip}
    search.cut()
    search.anneal(0, 20_000, search.warm(0.3))
    search.join()
    after = {visit: trip for trips in search.best().values() for trip in trips for visit in trip}
    stayed = [visit for visit in trip_of if trip_of[visit] == after[visit]]
    assert len(stayed) < len(trip_of) / 10
    assert search.cost == pytest.approx(search.counted_anew(), abs=0.5)


def test_the_same_seed_gives_the_same_plan_of_many_places(villages) -> None:
    problem = large(villages)
    plans = [solve(problem, budget_s=60.0, iterations=3_000, seed=3) for _ in range(2)]
    assert plans[0] == plans[1]


def test_all_rows_are_worked_on_once_and_errors_are_told() -> None:
    seen: list[int] = []
    on_all_cores(seen.extend, range(3, 100, 2))
    assert sorted(seen) == list(range(3, 100, 2))
    on_all_cores(seen.extend, range(0))
    with pytest.raises(ZeroDivisionError):
        on_all_cores(lambda rows: random.seed(1 // (rows[0] - rows[0])), range(4))
