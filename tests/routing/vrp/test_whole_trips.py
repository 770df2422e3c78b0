"""Trips that change vehicles: what is priced is what it costs, and what the loop keeps can be driven."""

import math
from dataclasses import replace

import pytest

from routing.vrp.annealing import renewed_price
from routing.vrp.model import EXACT
from routing.vrp.packed import pack
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.search_state import HEAD, NEXT, OWNER, ROOM, VEHICLE
from routing.vrp.solve import solve
from routing.vrp.whole_trips import best_vehicle, hand_trip


def trips_of(search):
    """Each trip that is driven, with its vehicle."""
    state = search.state
    for vehicle in range(len(state.vehicle)):
        trip = int(state.vehicle[vehicle, HEAD])
        while trip >= 0:
            yield trip, vehicle
            trip = int(state.trip[trip, NEXT])


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("dearer", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_a_trip_that_is_said_to_fit_another_vehicle_is_driven_by_it_at_the_cost_said(
    moves, villages, seed: int, dearer: bool, ends: bool, exact: bool
) -> None:
    drawn = villages.hard_problem(seed, visits=30, vehicles=4)
    visits, vehicles = drawn.visits, drawn.vehicles
    if not exact:  # segments say all of a day without breaks and second windows
        visits = tuple(replace(each, windows=each.windows[:1]) for each in visits)
        vehicles = tuple(replace(each, breaks=()) for each in vehicles)
    problem = moves.of_two_kinds(
        replace(drawn, visits=visits, vehicles=vehicles),
        ends=ends,
        dearer=dearer,
        smaller=seed % 2 == 1,
    )
    search, scheduler = moves.search_of(problem), Scheduler(problem, pack(problem))
    model, state = search.model, search.state
    search.take(
        moves.orders(search)
    )  # numbers the trips as every later `take` of the same orders does
    for trip in [each for each, _ in trips_of(search)]:
        for _ in range(6):
            search.cut(whole=True)
            was, before = search.counted_anew(), moves.orders(search)
            driver = int(state.trip[trip, VEHICLE])
            vehicle, beyond, price = best_vehicle(model, state, search._parts[0], trip, 1e15)
            if vehicle < 0:
                continue
            assert vehicle != driver
            hand_trip(model, state, search._parts[0], trip, vehicle, beyond)
            for capacity, load in zip(
                model.capacity[vehicle, :1], state.load[trip, :1], strict=True
            ):
                assert state.trip[trip, ROOM] == capacity - load
            if state.vehicle[driver, HEAD] < 0:
                assert search._parts[0].listed[driver]
            prices = [
                renewed_price(search._packed, model, state, each, search._scratches[0])
                for each in (driver, vehicle)
            ]
            if not model.vehicle[[driver, vehicle], EXACT].any():
                assert math.inf not in prices
                assert search.counted_anew() - was == pytest.approx(price, abs=0.5)
            if math.inf not in prices:
                orders = moves.orders(search)
                routes = [scheduler.schedule(*each) for each in sorted(orders.items())]
                assert None not in routes
                assert moves.judged(problem, tuple(routes)) == set()
                assert sum(map(len, orders.values())) == sum(map(len, before.values()))
            search.take(before)


def test_a_trip_of_another_district_is_left_alone(moves, villages) -> None:
    problem = moves.of_two_kinds(villages.hard_problem(3, visits=30, vehicles=4))
    search = moves.search_of(problem, parts=2)
    search.cut()
    assert search.parts == 2
    before = moves.orders(search)
    search.anneal(0, 500, 1e4)
    after = moves.orders(search)
    assert before != after
    state = search.state
    for vehicle in range(len(state.vehicle)):
        if state.vehicle[vehicle, OWNER] == 1:
            assert before.get(vehicle) == after.get(vehicle)


def test_one_vehicle_drives_both_trips_where_a_second_costs_more_than_waiting(villages) -> None:
    """Twelve visits in the morning and twelve in the afternoon: each fills a vehicle, and an hour is cheap."""
    rows = [[10 * abs(a - b) for b in range(25)] for a in range(25)]
    vehicle = Vehicle(
        shift=Window(0, 36_000), start_place=0, end_place=0, capacities=(12,), trips_max=2,
        fixed_cost=10_000, cost_per_s=1,
    )  # fmt: skip
    windows = [Window(0, 1_000)] * 12 + [Window(5_000, 6_000)] * 12
    problem = Problem(
        matrices=(villages.matrix_of(rows),),
        visits=tuple(
            Visit(place=number + 1, loads=(1,), windows=(window,))
            for number, window in enumerate(windows)
        ),
        vehicles=(vehicle, vehicle),
        dimensions=("pieces",),
    )
    apart = solve(replace(problem, vehicles=(replace(vehicle, trips_max=1),) * 2), budget_s=0.0)
    assert len(apart.routes) == 2
    together = solve(problem, budget_s=30.0, iterations=400, start=apart)
    assert [len(route.trips) for route in together.routes] == [2]
