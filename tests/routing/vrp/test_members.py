"""Which visit of each order is made: the best of all choices along a trip, and nothing that may not be."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from routing.matrix import Provenance, TravelMatrix
from routing.vrp.check import check
from routing.vrp.cost import cost
from routing.vrp.members import exchange_members
from routing.vrp.problem import Preference, Problem, Vehicle, Visit, Window
from routing.vrp.search_state import HEAD, NEXT
from routing.vrp.solve import solve


def grouped(seed: int, orders: int = 9) -> Problem:
    """Orders of one to four places without clocks; some places cost something, load otherwise, or ask for a skill."""
    draw = random.Random(f"members {seed}")
    visits: list[Visit] = []
    for order in range(orders):
        load = draw.randint(1, 4)
        for _ in range(draw.choice([1, 2, 3, 4])):
            visits.append(
                Visit(
                    place=len(visits) + 1,
                    group=order,
                    loads=(load if draw.random() < 0.8 else load + 1,),
                    skills=frozenset({"narrow"}) if draw.random() < 0.2 else frozenset(),
                    cost=draw.choice([0, 0, 50]),
                    preferences=(Preference(vehicles=frozenset({0}), cost_otherwise=30),)
                    if draw.random() < 0.2
                    else (),
                )
            )
    places = len(visits) + 1
    spots = [(draw.randrange(1000), draw.randrange(1000)) for _ in range(places)]
    metres = np.array(
        [[round(((a - c) ** 2 + (b - d) ** 2) ** 0.5) for c, d in spots] for a, b in spots],
        np.int32,
    )
    if seed % 3 == 0:  # one-way streets
        metres += np.triu(np.full_like(metres, 40), 1)
    vehicle = Vehicle(
        start_place=0, end_place=0, capacities=(10,), cost_per_m=2, shift=Window(0, 10**6)
    )
    skilled = replace(vehicle, skills=frozenset({"narrow"}), end_place=None if seed % 4 == 1 else 0)
    return Problem(
        matrices=(
            TravelMatrix(
                durations_s=metres,
                distances_m=metres,
                provenance=Provenance(network="made up", profile="none"),
            ),
        ),
        visits=tuple(visits),
        vehicles=(skilled, vehicle, vehicle, skilled),
        dimensions=("weight_g",),
    )


def choices(problem: Problem, number: int, trip: tuple[int, ...], *, any_load: bool = False):
    """Every way to make the orders of a trip at other places that load the same, or anything, in their order."""
    vehicle = problem.vehicles[number]

    def of(visit: int):
        group, loads = problem.visits[visit].group, problem.visits[visit].loads
        return [
            other
            for other, each in enumerate(problem.visits)
            if each.group == group
            and (any_load or each.loads == loads)
            and each.skills <= vehicle.skills
        ]

    return itertools.product(*map(of, trip))


@pytest.mark.parametrize("seed", range(60))
def test_no_choice_of_visits_makes_the_trip_cheaper(moves, seed: int) -> None:
    problem = grouped(seed)
    search = moves.search_of(problem)
    search.cut(whole=True)
    model, state, scratch = search.model, search.state, search._scratches[0]
    draw = random.Random(seed)

    def price(number: int, trip: tuple[int, ...]) -> float:
        vehicle = problem.vehicles[number]
        rows = [0, *(problem.visits[each].place for each in trip)]
        rows += [] if vehicle.end_place is None else [0]
        metres = sum(
            int(problem.matrices[0].distances_m[a, b]) for a, b in itertools.pairwise(rows)
        )
        made = sum(
            problem.visits[each].cost
            + sum(
                wish.cost_otherwise
                for wish in problem.visits[each].preferences
                if number not in wish.vehicles
            )
            for each in trip
        )
        return vehicle.cost_per_m * metres + made

    for number, trips in moves.orders(search).items():
        # Any other choice than the search's own to begin with.
        scattered = [
            draw.choice(list(choices(problem, number, trip, any_load=True))) for trip in trips
        ]
        search.take({**moves.orders(search), number: scattered})
        search.cut(whole=True)
        before = search.counted_anew()
        told, slot = 0.0, int(state.vehicle[number, HEAD])
        while slot >= 0:
            scratch.tally[:] = 0
            told += exchange_members(model, state, scratch, slot)
            slot = int(state.trip[slot, NEXT])
        assert search.counted_anew() == pytest.approx(before - told)
        for was, trip in zip(scattered, moves.orders(search)[number], strict=True):
            least = min(price(number, each) for each in choices(problem, number, was))
            assert price(number, tuple(trip)) == least
            assert tuple(trip) in set(choices(problem, number, was))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_turned_down_leaves_no_visit_of_a_group_behind(seed: int) -> None:
    problem = grouped(seed, orders=14)
    found = solve(problem, budget_s=60, iterations=4_000, seed=seed)
    assert check(problem, found) == ()
    assert found.cost == cost(problem, found.routes)
