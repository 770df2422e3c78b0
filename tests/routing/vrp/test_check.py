"""A fault for every rule: each turns the judge red, with exactly that rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from routing.vrp.check import Rule, check
from routing.vrp.cost import cost
from routing.vrp.problem import Break, Problem, Swap, Vehicle, Visit, Window
from routing.vrp.solution import Route, Solution, Swapped, Trip
from tests.routing.vrp.faults import (
    FAULTS,
    Case,
    alternatives,
    both_at_once,
    brought,
    docked,
    halt,
    halts,
    joined,
    joined_as_alternatives,
    opened,
    paired,
    rested,
    rested_on_arrival,
    route,
    second_dimension,
    solution,
    swapped,
    swapping,
    trip,
    unloaded,
    vehicle,
    visit,
)


@pytest.fixture
def case(villages) -> Case:
    """
    Places in a row, 100 s and 500 m apart; vehicle 0 drives two trips, vehicle 1 a third.

    Vehicle 0 leaves at 1000 for visit 0 (place 1), interrupts the drive to visit 1 (place 2) for a
    break, is back at 1750, turns round, makes visit 2 (place 3). Visit 4 is left out.
    """
    rows = [[abs(a - b) * 100 for b in range(6)] for a in range(6)]
    visits = (
        Visit(place=1, service_s=50, loads=(4,), windows=(Window(1_100, 1_200),), unserved_cost=9),
        Visit(place=2, service_s=50, loads=(4,), due_s=2_000, unserved_cost=None),
        Visit(place=3, service_s=50, loads=(8,), skills=frozenset({"cold"}), unserved_cost=9),
        Visit(place=1, service_s=50, loads=(4,), release_s=1_000, unserved_cost=9),
        Visit(place=5, service_s=50, loads=(4,), unserved_cost=9),
    )
    both = Vehicle(
        shift=Window(1_000, 3_000), start_place=0, end_place=0, capacities=(9,),
        skills=frozenset({"cold"}), fixed_cost=7, cost_per_m=1, cost_per_s=2,
    )  # fmt: skip
    first = replace(
        both, trips_max=2, turnaround_s=100, range_m=5_000, duration_limit_s=1_800,
        breaks=(Break(window=Window(1_150, 1_300), duration_s=200),),
    )  # fmt: skip
    problem = Problem(
        matrices=(villages.matrix_of(rows),),
        visits=visits,
        vehicles=(first, replace(both, skills=frozenset())),
        dimensions=("weight_g",),
    )
    routes = (
        Route(
            vehicle=0,
            trips=(
                Trip(
                    leave_s=1_000,
                    visits=(halt(0, 1_100, 1_100, 1_150), halt(1, 1_450, 1_500, 1_550)),
                    back_s=1_750,
                ),
                Trip(leave_s=1_850, visits=(halt(2, 2_150, 2_200, 2_250),), back_s=2_550),
            ),
            break_starts_s=(1_200,),
        ),
        Route(
            vehicle=1,
            trips=(Trip(leave_s=1_000, visits=(halt(3, 1_100, 1_100, 1_150),), back_s=1_250),),
        ),
    )
    solution = Solution(routes=routes, unserved=(4,), cost=cost(problem, routes))
    return Case(problem, solution)


def test_a_sound_solution_passes(case: Case) -> None:
    assert check(case.problem, case.solution) == ()


def test_of_alternatives_one_is_enough_and_the_others_are_not_listed(case: Case) -> None:
    paid = case.solution.cost
    alternatives(0, 4, unserved=())(case)
    assert cost(case.problem, case.solution.routes) == paid - 9
    case.solution = replace(case.solution, cost=cost(case.problem, case.solution.routes))
    assert check(case.problem, case.solution) == ()


def test_a_group_left_out_is_listed_whole_and_paid_once(case: Case) -> None:
    visits = (*case.problem.visits, replace(case.problem.visits[4], place=4, group=1))
    case.problem = replace(case.problem, visits=visits)
    visit(4, group=1)(case)
    solution(unserved=(4, 5))(case)
    assert check(case.problem, case.solution) == ()


def test_what_is_brought_makes_room_for_what_is_fetched(case: Case) -> None:
    """Eight are brought to visit 0, and go down before four are fetched at visit 1."""
    brought(0, 8)(case)
    assert check(case.problem, case.solution) == ()


def test_what_was_brought_is_on_board_no_more(case: Case) -> None:
    """Nine are carried from visit 0 to visit 1, then eight more are fetched in the same trip."""
    paired(0, 1, load=9)(case)
    assert check(case.problem, case.solution) == ()


def test_a_trip_is_over_when_its_load_is_unloaded(case: Case) -> None:
    """Ten seconds are paid, and allowed until the shift and the longest day end."""
    paid = case.solution.cost
    unloaded(10, shift=Window(1_000, 1_260), duration_limit_s=260, of_visit={"due_s": 1_260})(case)
    assert case.solution.cost == paid + 10 * 2
    assert check(case.problem, case.solution) == ()


def test_the_cost_is_what_one_adds_up_by_hand(case: Case) -> None:
    driven_m = 500 * (1 + 1 + 2 + 3 + 3) + 500 * 2
    seconds = (2_550 - 1_000) + (1_250 - 1_000)
    assert case.solution.cost == 7 * 2 + driven_m + 2 * seconds + 9


@pytest.mark.parametrize(("rule", "bend"), FAULTS)
def test_a_seeded_fault_is_found_and_named(
    case: Case, rule: Rule, bend: Callable[[Case], None]
) -> None:
    bend(case)
    if rule is not Rule.COST and rule not in {
        Rule.UNKNOWN_VISIT, Rule.UNKNOWN_VEHICLE, Rule.TRIP_EMPTY,
    }:  # fmt: skip
        case.solution = replace(case.solution, cost=cost(case.problem, case.solution.routes))
    found = {violation.rule for violation in check(case.problem, case.solution)}
    companions = {
        # Leaving a visit out of the list that is made twice, or making it in another's place.
        Rule.VISIT_ONCE: {Rule.VISIT_ACCOUNTED},
        # Who begins before a dock is free has not had its turn, and two who unload at once have not both.
        Rule.DOCKS: {Rule.DOCK_TURN},
    }
    assert found - companions.get(rule, set()) == {rule}


KEPT = {
    "shift": vehicle(1, shift=Window(1_000, 1_250)),
    "longest day": vehicle(0, duration_limit_s=1_550),
    "range": vehicle(0, range_m=5_000),
    "a full range halfway": swapping(1, 0, range_m=2_500),
    "a full range early": swapping(0, 1, range_m=4_500),
    "range since the last swap of what is over": vehicle(0, range_m=4_000, swapped_at_m=1_000),
    "capacity": vehicle(0, capacities=(8,)),
    "second dimension": second_dimension(13),
    "due": visit(1, due_s=1_750),
    "joint made whole": joined(0, 1, 2, all_or_nothing=True),
    "joint left out whole": joined(4, all_or_nothing=True),
    "joint with one of two alternatives": joined_as_alternatives,
    "joint in one trip": joined(0, 1, 4, one_trip=True),
    "joint with one due moment": joined(0, 2, 4, one_due=True),
    "wait for a dock": docked(50, 0),
    "docks enough": docked(0, 0, vehicles=2),
    "dock that is free only when two others are": docked(150, 100, taken_s=((2_400, 2_600),)),
    "gap too short": docked(150, 50, taken_s=((2_450, 2_550), (2_650, 2_700))),
    "both at once": both_at_once,
    "release": visit(2, release_s=1_850),
    "window that ends": visit(0, windows=(Window(0, 1_100), Window(1_300, 2_000))),
    "window that opens": visit(0, windows=(Window(0, 1_000), Window(1_100, 2_000))),
    "open ends": opened,
    "break before the turnaround": rested(1_550),
    "break in the turnaround": rested(1_600),
    "break after the turnaround": rested(1_650),
    "break at the very departure": route(0, break_starts_s=(1_150,)),
    "break until the service begins": rested_on_arrival,
}


@pytest.mark.parametrize("bend", KEPT.values(), ids=KEPT)
def test_what_is_just_kept_is_no_fault(case: Case, bend: Callable[[Case], None]) -> None:
    bend(case)
    case.solution = replace(case.solution, cost=cost(case.problem, case.solution.routes))
    assert check(case.problem, case.solution) == ()


def test_an_open_end_is_neither_driven_to_nor_paid(case: Case) -> None:
    opened(case)
    assert cost(case.problem, case.solution.routes[1:]) == 7 + 50 * 2 + 9 + 9 + 9


@pytest.mark.parametrize(
    ("bend", "told", "facts"),
    [
        (
            halts(0, 0, halt(0, 1_100, 1_100, 1_150), halt(1, 1_449, 1_500, 1_550)),
            "vehicle 0, visit 1, spent_s 299, needed_s 300: drives faster than the matrix",
            {"vehicle": 0, "visit": 1, "spent_s": 299, "needed_s": 300},
        ),
        (
            trip(1, 0, back_s=1_249),
            "vehicle 1, spent_s 99, needed_s 100: drives faster than the matrix",
            {"vehicle": 1, "spent_s": 99, "needed_s": 100},
        ),
        (
            vehicle(0, duration_limit_s=1_549),
            "vehicle 0, duration_s 1550: is out too long",
            {"vehicle": 0, "duration_s": 1_550},
        ),
        (swapped, "the solution: routes are not ordered by vehicle", {}),
    ],
)
def test_a_violation_tells_its_facts(case: Case, bend, told: str, facts) -> None:
    bend(case)
    case.solution = replace(case.solution, cost=cost(case.problem, case.solution.routes))
    (found,) = check(case.problem, case.solution)
    assert (found.message, found.facts) == (told, facts)


@pytest.mark.parametrize("start_s", [1_100, 1_149, 900, 1_650])
def test_a_break_during_a_service_or_across_a_departure_is_found(case: Case, start_s: int) -> None:
    vehicle(0, breaks=(Break(window=Window(0, 3_000), duration_s=200),))(case)
    route(0, break_starts_s=(start_s,))(case)
    assert Rule.BREAK_OVERLAP in {each.rule for each in check(case.problem, case.solution)}


@pytest.mark.parametrize("start_s", [0, 800, 1_250, 2_550, 2_900])
def test_a_break_off_the_road_takes_no_time_from_the_route(case: Case, start_s: int) -> None:
    """Vehicle 1 is out from 1000 to 1250."""
    vehicle(1, breaks=(Break(window=Window(0, 3_000), duration_s=200),))(case)
    route(1, break_starts_s=(start_s,))(case)
    assert check(case.problem, case.solution) == ()


def test_two_breaks_at_once_are_found(case: Case) -> None:
    rest = Break(window=Window(0, 3_000), duration_s=200)
    vehicle(1, breaks=(rest, rest))(case)
    route(1, break_starts_s=(1_300, 1_400))(case)
    assert {each.rule for each in check(case.problem, case.solution)} == {Rule.BREAK_OVERLAP}


def test_every_rule_has_a_fault() -> None:
    assert {rule for rule, _ in FAULTS} | {Rule.BREAK_OVERLAP} == set(Rule)


def test_a_swap_that_is_none_of_the_problem_is_named(case: Case) -> None:
    trip(1, 0, swaps=(Swapped(before=0, swap=0),))(case)
    assert {each.rule for each in check(case.problem, case.solution)} == {Rule.SWAP}


def test_the_way_to_a_swap_is_paid_for(case: Case) -> None:
    before = cost(case.problem, case.solution.routes)
    swapping(1, 1)(case)
    case.problem = replace(case.problem, swaps=(Swap(place=5), Swap(place=5)))
    detour_m = 2 * 2 * 500
    assert cost(case.problem, case.solution.routes) == before + detour_m
