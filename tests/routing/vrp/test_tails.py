"""Exchanged tails: what is priced is what it costs, and what the loop keeps can be driven."""

import math
from dataclasses import replace

import numpy as np
import pytest

from routing.matrix import Provenance, TravelMatrix
from routing.vrp.annealing import renewed_price
from routing.vrp.model import EXACT, KIND
from routing.vrp.packed import pack
from routing.vrp.places import NOT_HERE
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.schedule import Scheduler
from routing.vrp.search_state import (
    HEAD,
    PART,
    SUCC,
    TRIP,
    VEHICLE,
    take_out,
)
from routing.vrp.segments import renew
from routing.vrp.tails import best_tails, exchange_tails, tails_price


def fetched_only(visit: Visit, number: int) -> Visit:
    return replace(visit, deliveries=())


def fetched_or_brought(visit: Visit, number: int) -> Visit:
    if number % 2:
        return replace(visit, loads=tuple(0 for _ in visit.loads), deliveries=visit.loads)
    return fetched_only(visit, number)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("goods", [fetched_only, fetched_or_brought])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("dearer", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_an_exchange_that_is_said_to_hold_can_be_driven_and_costs_what_was_said(
    moves, villages, seed: int, dearer: bool, ends: bool, goods, exact: bool
) -> None:
    drawn = villages.hard_problem(seed, visits=40, vehicles=4, pairs=0)
    visits = tuple(goods(each, number) for number, each in enumerate(drawn.visits))
    vehicles = drawn.vehicles
    if not exact:  # segments say all of a day without breaks and second windows
        visits = tuple(replace(each, windows=each.windows[:1]) for each in visits)
        vehicles = tuple(replace(each, breaks=()) for each in vehicles)
    problem = moves.of_two_kinds(
        replace(drawn, visits=visits, vehicles=vehicles), ends=ends, dearer=dearer
    )
    search, scheduler = moves.search_of(problem), Scheduler(problem, pack(problem))
    model, state = search.model, search.state
    search.cut(whole=True)
    for here in range(40):
        for there in range(40):
            trips = state.link[here, TRIP], state.link[there, TRIP]
            if min(trips) < 0 or trips[0] == trips[1]:
                continue
            vehicles = [int(state.trip[each, VEHICLE]) for each in trips]
            if vehicles[0] == vehicles[1]:
                continue
            are_twins = model.vehicle[vehicles[0], KIND] == model.vehicle[vehicles[1], KIND]
            price = tails_price(model, state, here, there, bool(are_twins), 1e15)
            if price >= NOT_HERE:
                continue
            before, was = moves.orders(search), search.counted_anew()
            exchange_tails(model, state, here, there)
            prices = [
                renewed_price(search._packed, model, state, each, search._scratches[0])
                for each in vehicles
            ]
            if math.inf not in prices:
                routes = [
                    scheduler.schedule(*each) for each in sorted(nonempty(moves, search).items())
                ]
                assert None not in routes
                assert moves.judged(problem, tuple(routes)) == set()
                if not model.vehicle[vehicles, EXACT].any() and not empty_trips(moves, search):
                    assert search.counted_anew() - was == pytest.approx(price, abs=0.5)
            search.take(before)
            search.cut(whole=True)


def nonempty(moves, search):
    return {
        number: kept
        for number, trips in moves.orders(search).items()
        if (kept := tuple(filter(None, trips)))
    }


def empty_trips(moves, search) -> bool:
    return any(not each for trips in moves.orders(search).values() for each in trips)


def test_a_visit_that_another_district_drives_is_left_alone(moves, villages) -> None:
    """One of a group may lie in one district and be made by the other."""
    problem = moves.of_two_kinds(villages.hard_problem(3, visits=30, vehicles=4))
    search = moves.search_of(problem, parts=2)
    search.cut()
    state = search.state
    mine = [
        visit
        for visit in range(30)
        if (trip := state.link[visit, TRIP]) >= 0 and state.trip[trip, PART] == 0
    ]
    assert mine
    assert search.parts == 2
    for visit in mine:
        assert best_tails(search.model, state, search._parts[1], visit, 1e15) == (-1, -1)


def worth(problem, unserved_cost):
    visits = tuple(replace(each, unserved_cost=unserved_cost) for each in problem.visits)
    return replace(problem, visits=visits)


@pytest.mark.parametrize("unserved_cost", [None, 300])
@pytest.mark.parametrize("seed", range(20))
def test_other_prices_for_leaving_out_do_not_change_what_is_counted(
    moves, villages, seed: int, unserved_cost: int | None
) -> None:
    drawn = moves.of_two_kinds(villages.hard_problem(seed, visits=20, vehicles=4))
    search = moves.search_of(worth(drawn, unserved_cost))
    for _ in range(4):
        search.relax(2.0)
        search.cut()
        search.anneal(0, 200, 300.0)
        search.join()
        assert search.cost == pytest.approx(search.counted_anew(), abs=0.5)
    left_out = len(search._absent())
    search.tighten()
    search.complete()
    assert unserved_cost or len(search._absent()) <= left_out
    assert search.cost == pytest.approx(search.counted_anew(), abs=0.5)
    assert search.best_cost <= search.cost


def test_the_price_of_waiting_rises_while_a_visit_waits(moves, villages) -> None:
    problem = worth(moves.of_two_kinds(villages.hard_problem(3, visits=12, vehicles=4)), None)
    search = moves.search_of(problem)
    _, *others = nonempty(moves, search).items()
    search.take(dict(others))
    made = search.state.link[:12, TRIP] >= 0
    assert 0 < made.sum() < 12
    assert not search.chooses
    search.relax(2.0)
    first = search.model.unserved - search.state.discount
    search.relax(2.0)
    second = search.model.unserved - search.state.discount
    assert (second[~made] > first[~made]).all()
    assert (second[made] < first[made]).all()
    search.tighten()
    assert not search.state.discount.any()


def test_a_neighbourhood_is_worth_more_for_a_while_where_visits_are_a_choice(
    moves, villages
) -> None:
    search = moves.search_of(
        worth(moves.of_two_kinds(villages.hard_problem(1, visits=200, vehicles=9, pairs=0)), 1)
    )
    search.take({0: ((0,),)})
    assert search.chooses
    search.relax(2.0)
    asked = search.model.unserved - search.state.discount
    assert set(np.unique(asked > 1.0)) == {False, True}
    assert (asked <= 3.0).all()
    for _ in range(60):
        search.relax(0.0)
    assert search.model.unserved - search.state.discount == pytest.approx(1.0, abs=1e-3)


def test_nothing_is_relaxed_before_a_visit_is_made(moves, villages) -> None:
    search = moves.search_of(worth(villages.hard_problem(1, visits=12, vehicles=4), None))
    search.take({})
    search.relax(2.0)
    assert not search.state.discount.any()


@pytest.mark.parametrize("cost_per_s", [0, 1])
def test_a_day_that_is_late_without_a_visit_on_its_way_is_known_to_be(
    moves, cost_per_s: int
) -> None:
    rows = np.array([[0, 10, 100], [10, 0, 10], [10, 10, 0]], np.int32)
    provenance = Provenance(network="test", profile="test")
    matrix = TravelMatrix(durations_s=rows, distances_m=rows, provenance=provenance)
    visits = Visit(place=1), Visit(place=2, windows=(Window(0, 50),))
    vehicle = Vehicle(shift=Window(0, 500), start_place=0, end_place=0, cost_per_s=cost_per_s)
    search = moves.search_of(Problem(matrices=(matrix,), visits=visits, vehicles=(vehicle,)))
    search.take({0: ((0, 1),)})
    assert renew(search.model, search.state, 0)
    take_out(search.model, search.state, 0)
    assert not renew(search.model, search.state, 0)


def test_nothing_is_left_to_exchange_where_nothing_is_driven(moves, villages) -> None:
    problem = moves.of_two_kinds(villages.hard_problem(1, visits=12, vehicles=4))
    search = moves.search_of(problem)
    search.take({})
    assert (search.state.vehicle[:, HEAD] < 0).all()
    assert (search.state.link[:12, SUCC] < 0).all()
    assert best_tails(search.model, search.state, search._parts[0], 0, 1e15) == (-1, -1)
