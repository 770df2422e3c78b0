"""What would have a visit made: the least change, at its exact cost, held against every place there is."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE
from routing.vrp.changes import (
    Change,
    DueLater,
    OneMoreVehicle,
    OtherKind,
    RangeLonger,
    ShiftLonger,
    SkillsAdded,
    WindowLonger,
    apply,
)
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_cost, unserved_of
from routing.vrp.finish import orders_of
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.remedies import (
    MINUTE_S,
    RANGE_STEP_M,
    REMEDIES_MAX,
    Remedy,
    promise,
    remedies,
    with_remedy,
)
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from routing.vrp.solve import solve

WORTH = 1_000_000_000
"""Leaving out costs more than any remedy."""
SHIFT = Window(10_000, 30_000)
TRIKE = Vehicle(
    shift=SHIFT, start_place=0, end_place=0, capacities=(100,), cost_per_m=1, cost_per_s=2
)
VAN = replace(TRIKE, capacities=(500,), cost_per_m=3, fixed_cost=5_000)
FAR = Visit(place=2, loads=(10,), unserved_cost=WORTH)
"""2,000 s from the depot, there and back 4,000 s."""


def line(villages, visits, vehicles=(TRIKE,), rows=None, **facts) -> Problem:
    """Places 0, 1 and 2 in a line, 1,000 s and 5,000 m apart each."""
    rows = rows or [[0, 1000, 2000], [1000, 0, 1000], [2000, 1000, 0]]
    return Problem(
        matrices=(villages.matrix_of(rows),),
        visits=tuple(visits),
        vehicles=tuple(vehicles),
        dimensions=("weight_g",),
        **facts,
    )


def planned(problem: Problem, orders: dict[int, Any]) -> Solution:
    """These trips and no others, as the judge passes them."""
    scheduler = Scheduler(problem)
    routes = tuple(scheduler.schedule(each, trips) for each, trips in sorted(orders.items()))
    served = {visit for trips in orders.values() for trip in trips for visit in trip}
    found = Solution(
        routes=routes, unserved=unserved_of(problem, served), cost=cost(problem, routes)
    )
    assert check(problem, found) == ()
    return found


def offered(problem: Problem, solution: Solution | None = None, **more) -> tuple[Remedy, ...]:
    """What is offered for the one visit that is left out."""
    solution = solution or planned(problem, {})
    reasons = why_unserved(problem, solution)
    (found,) = remedies(problem, solution, reasons, **more).values()
    return found


def the(found: tuple[Remedy, ...], kind: type, field: str | None = None) -> Any:
    """The one change of this kind that moves `field`."""
    (change,) = [
        each.change
        for each in found
        if isinstance(each.change, kind) and (field is None or getattr(each.change, field))
    ]
    return change


SHORT = pytest.mark.parametrize(
    ("short_s", "minutes"), [(1, 1), (59, 1), (60, 1), (61, 2), (3_600, 60)]
)


@SHORT
def test_a_shift_too_short_ends_later_by_as_few_minutes_as_do(villages, short_s, minutes) -> None:
    vehicle = replace(TRIKE, shift=Window(10_000, 14_000 - short_s))
    found = offered(line(villages, [FAR], [vehicle]))
    assert the(found, ShiftLonger, "later_s").later_s == 60 * minutes
    assert the(found, ShiftLonger, "earlier_s").earlier_s == 60 * minutes


@SHORT
def test_a_window_missed_opens_earlier_or_closes_later_by_as_few_minutes_as_do(
    villages, short_s, minutes
) -> None:
    closes = replace(FAR, windows=(Window(5_000, 12_000 - short_s),))
    found = offered(line(villages, [closes]))
    assert the(found, WindowLonger, "later_s").later_s == 60 * minutes
    opens = replace(FAR, windows=(Window(28_000 + short_s, 40_000),))
    found = offered(line(villages, [opens]))
    assert the(found, WindowLonger, "earlier_s").earlier_s == 60 * minutes
    assert the(found, ShiftLonger, "later_s").later_s == 60 * minutes


def test_of_several_windows_the_one_that_is_nearest_is_moved(villages) -> None:
    windows = (Window(0, 11_000), Window(11_500, 11_930), Window(40_000, 50_000))
    found = offered(line(villages, [replace(FAR, windows=windows)]))
    assert the(found, WindowLonger) == WindowLonger(visit=0, window=1, later_s=120)


def test_a_truck_missed_is_followed_by_the_first_that_does(villages) -> None:
    visit = replace(FAR, due_s=13_990)
    trucks = [12_000, 13_990, 13_999, 14_000, 20_000]
    found = offered(line(villages, [visit]), dues_s=trucks)
    assert the(found, DueLater) == DueLater(visit=0, due_s=14_000)
    found = offered(line(villages, [visit]), dues_s=trucks[:3])
    assert not any(isinstance(each.change, DueLater) for each in found)


@pytest.mark.parametrize(("short_m", "more_m"), [(1, 100), (100, 100), (101, 200), (9_950, 10_000)])
def test_a_range_too_short_grows_by_as_few_hundred_metres_as_do(villages, short_m, more_m) -> None:
    vehicle = replace(TRIKE, range_m=20_000 - short_m)
    problem = line(villages, [FAR], [vehicle])
    assert why_unserved(problem, planned(problem, {})) == {0: Reason.RANGE_TOO_SHORT}
    (found,) = offered(problem)
    assert found.change == RangeLonger(vehicle=0, more_m=more_m)
    assert found.cost == 20_000 + 2 * 4_000


def test_where_capacity_is_missing_another_kind_is_offered_and_no_time(villages) -> None:
    heavy = replace(FAR, loads=(60,))
    problem = line(villages, [replace(heavy, place=1), heavy])
    before = planned(problem, {0: [[0]]})
    assert why_unserved(problem, before) == {1: Reason.NO_CAPACITY_LEFT}
    more, van = offered(problem, before, kinds=[TRIKE, VAN])
    assert more.change == OneMoreVehicle(like=0)
    assert more.cost == 20_000 + 2 * 4_000
    assert van.change == OtherKind(vehicle=0, kind=1, model=VAN)
    assert van.cost == 5_000 + 3 * 20_000 + 2 * 4_000 - (10_000 + 2 * 2_000)
    too_heavy = line(villages, [replace(FAR, loads=(101,))])
    (van,) = offered(too_heavy, kinds=[TRIKE, VAN])
    assert van.change == OtherKind(vehicle=0, kind=1, model=VAN)


def test_a_skill_is_offered_to_who_lacks_the_fewest_kilometres(villages) -> None:
    cold = replace(FAR, skills=frozenset({"cold", "tall"}))
    away = replace(TRIKE, start_place=1, end_place=1, skills=frozenset({"cold"}))
    (found,) = offered(line(villages, [cold], [TRIKE, away]))
    assert found.change == SkillsAdded(vehicle=1, skills=frozenset({"tall"}))


def test_a_dear_vehicle_that_catches_the_first_truck_beats_a_cheap_one_for_a_later(
    villages,
) -> None:
    cheap = replace(TRIKE, shift=Window(15_000, 30_000))
    problem = line(villages, [replace(FAR, due_s=13_000)], [VAN, cheap])
    late = the(offered(problem, dues_s=[14_000, 20_000]), DueLater)
    assert late == DueLater(visit=0, due_s=14_000)


def test_what_is_farther_than_twice_the_range_asks_for_a_kind_that_gets_there(villages) -> None:
    problem = line(villages, [FAR], [replace(TRIKE, range_m=9_999)])
    assert offered(problem) == ()
    (far,) = offered(problem, kinds=[VAN])
    assert far.change == OtherKind(vehicle=0, kind=0, model=VAN)


def test_another_kind_is_offered_to_who_has_the_skills(villages) -> None:
    heavy = replace(FAR, loads=(200,), skills=frozenset({"cold"}))
    near = replace(TRIKE, start_place=1, end_place=1)
    cold = replace(TRIKE, skills=frozenset({"cold"}))
    (van,) = offered(line(villages, [heavy], [near, cold]), kinds=[VAN])
    assert van.change == OtherKind(vehicle=1, kind=0, model=VAN)


NO_WAY = [[0, 1000, UNREACHABLE], [1000, 0, UNREACHABLE], [UNREACHABLE, UNREACHABLE, 0]]


@pytest.mark.parametrize(
    ("visit", "facts"),
    [
        (FAR, {"rows": NO_WAY}),
        (FAR, {"vehicles": []}),
        (
            replace(FAR, unserved_cost=28_000),
            {"vehicles": [replace(TRIKE, shift=Window(0, 3_999))]},
        ),
        (replace(FAR, service_s=20_000), {"vehicles": [replace(TRIKE, shift=Window(0, 4_000))]}),
        (replace(FAR, windows=(Window(0, 100),)), {}),
        (replace(FAR, release_s=50_000), {}),
        (replace(FAR, loads=(501,)), {}),
    ],
    ids=["no road", "no vehicle", "not worth it", "hours", "window", "release", "load"],
)
def test_nothing_is_offered_where_nothing_helps(villages, visit: Visit, facts) -> None:
    assert offered(line(villages, [visit], **facts), kinds=[TRIKE, VAN], dues_s=[20_000]) == ()


def test_waiting_and_overtime_are_in_the_price(villages) -> None:
    """Place 1 is open from 15,000 on only; the way there is 1,000 s, and 2,000 s are no overtime."""
    vehicle = replace(
        TRIKE, shift=Window(12_000, 15_999), overtime_after_s=2_000, overtime_cost_per_s=7
    )
    near = Visit(place=1, loads=(1,), windows=(Window(12_000, 13_000),), unserved_cost=WORTH)
    late = replace(near, windows=(Window(15_000, 15_000),))
    problem = line(villages, [near, late], [vehicle])
    before = planned(problem, {0: [[0]]})
    by_shift = next(
        each for each in offered(problem, before) if isinstance(each.change, ShiftLonger)
    )
    assert by_shift.change == ShiftLonger(vehicle=0, later_s=60)
    # From 12,000 to 16,000 instead of 12,000 to 14,000, by the same road.
    assert by_shift.cost == 2_000 * (2 + 7)


def test_the_setup_of_a_place_takes_its_time(villages) -> None:
    vehicle = replace(TRIKE, shift=Window(10_000, 14_000))
    problem = line(villages, [FAR], [vehicle], setups_s=(0, 30, 61))
    longer = next(each for each in offered(problem) if each.change.later_s)
    assert longer.change == ShiftLonger(vehicle=0, later_s=120)
    assert longer.cost == 20_000 + 2 * 4_061


def everywhere(problem: Problem, vehicle: int, trips, visit: int) -> Iterator[list[list[int]]]:
    """Each way to make the visit beside these trips: in one of them, or in a trip of its own."""
    old = [list(trip) for trip in trips]
    for number, trip in enumerate(old):
        for position in range(len(trip) + 1):
            yield [*old[:number], [*trip[:position], visit, *trip[position:]], *old[number + 1 :]]
    if not old or problem.vehicles[vehicle].trips_max > len(old):
        for number in range(len(old) + 1):
            yield [*old[:number], [visit], *old[number:]]


def fits(problem: Problem, vehicle: int, trips, visit: int) -> bool:
    scheduler = Scheduler(problem)
    return any(
        scheduler.schedule(vehicle, each) is not None
        for each in everywhere(problem, vehicle, trips, visit)
    )


def less(change: Change) -> Change | None:
    """The change by one step less; None if it has no size, or would be none."""
    match change:
        case ShiftLonger() | WindowLonger():
            earlier_s, later_s = (
                max(0, each - MINUTE_S) for each in (change.earlier_s, change.later_s)
            )
            return replace(change, earlier_s=earlier_s, later_s=later_s)
        case RangeLonger():
            return replace(change, more_m=change.more_m - RANGE_STEP_M)
        case _:
            return None


@cache
def a_day(villages, seed: int) -> tuple[Problem, Solution]:
    """A day of a village where shifts, windows, loads, ranges and trucks leave something out."""
    draw = random.Random(f"remedies {seed}")
    problem = villages.hard_problem(seed, visits=draw.choice([5, 9, 14]), vehicles=3, pairs=0)
    vehicles = [
        replace(
            vehicle,
            # One break, of which there is but one order; no longest day (see `least_steps`).
            breaks=vehicle.breaks[:1],
            duration_limit_s=None,
            range_m=draw.choice([None, 6_000, 15_000]),
            capacities=tuple(draw.choice([60, 130]) for _ in problem.dimensions),
        )
        for vehicle in problem.vehicles
    ]
    visits = [
        replace(
            visit,
            due_s=draw.choice([visit.due_s, draw.randrange(2_000, 9_000)]),
            unserved_cost=draw.choice([WORTH, WORTH, 30_000]),
            group=None,
        )
        for visit in problem.visits
    ]
    problem = replace(problem, visits=tuple(visits), vehicles=tuple(vehicles))
    return problem, solve(problem, budget_s=10.0, iterations=100, seed=seed)


def kinds_of(problem: Problem) -> list[Vehicle]:
    """A bigger one, and one without a limit, at other prices."""
    one = problem.vehicles[0]
    wide = tuple(4 * each for each in one.capacities)
    return [
        replace(one, capacities=wide, fixed_cost=700, cost_per_m=2),
        replace(one, range_m=None, trips_max=3, start_place=0, end_place=0, cost_per_s=3),
    ]


def all_offered(problem: Problem, solution: Solution) -> dict[int, tuple[Remedy, ...]]:
    reasons = why_unserved(problem, solution)
    dues_s = range(4_000, 24_000, 4_000)
    return dict(remedies(problem, solution, reasons, kinds=kinds_of(problem), dues_s=dues_s))


DAYS = pytest.mark.parametrize("seed", range(40))


@DAYS
def test_every_remedy_holds_at_its_price_and_touches_no_other_route(villages, seed: int) -> None:
    problem, before = a_day(villages, seed)
    for visit, found in all_offered(problem, before).items():
        assert len(found) <= REMEDIES_MAX
        assert [each.cost for each in found] == sorted(each.cost for each in found)
        for remedy in found:
            _, after = with_remedy(problem, before, remedy)
            assert after is not None
            assert set(before.unserved) - set(after.unserved) == {visit}
            saved = unserved_cost(problem, [visit])
            assert after.cost == before.cost + remedy.cost - saved
            assert remedy.cost < saved
            assert {route for route in after.routes if route.vehicle != remedy.vehicle} == {
                route for route in before.routes if route.vehicle != remedy.vehicle
            }


@DAYS
def test_no_remedy_asks_for_a_step_more_than_needed(villages, seed: int) -> None:
    problem, before = a_day(villages, seed)
    orders = orders_of(before)
    for visit, found in all_offered(problem, before).items():
        for remedy in found:
            smaller = less(remedy.change)
            if smaller is not None:
                trips = orders.get(remedy.vehicle, ())
                assert fits(apply(problem, remedy.change), remedy.vehicle, trips, visit)
                assert not fits(apply(problem, smaller), remedy.vehicle, trips, visit)


@pytest.mark.parametrize("seed", range(12))
def test_after_a_remedy_a_new_search_serves_the_visit_and_all_served_before(
    villages, seed: int
) -> None:
    problem, before = a_day(villages, seed)
    for visit, found in all_offered(problem, before).items():
        for remedy in found[:1]:
            changed, start = with_remedy(problem, before, remedy)
            promised = promise(changed, start)
            after = solve(promised, budget_s=5.0, iterations=50, seed=seed, start=start)
            assert visit not in after.unserved
            assert set(after.unserved) <= set(before.unserved)


def test_the_days_ask_for_every_kind_of_change(villages) -> None:
    """Else the properties above say little."""
    seen: Counter[str] = Counter()
    for seed in range(40):
        for found in all_offered(*a_day(villages, seed)).values():
            seen.update(type(each.change).__name__ for each in found)
    kinds = (
        ShiftLonger,
        WindowLonger,
        DueLater,
        RangeLonger,
        OtherKind,
        SkillsAdded,
        OneMoreVehicle,
    )
    assert min(seen[kind.__name__] for kind in kinds) >= 4, seen


@pytest.mark.parametrize("seed", range(60))
def test_any_statement_is_answered(villages, seed: int) -> None:
    try:
        problem = Problem(**villages.spoiled_statement(seed))
        before = solve(problem, budget_s=0)
    except RoutingError:
        return
    for visit, found in all_offered(problem, before).items():
        for remedy in found:
            assert visit not in with_remedy(problem, before, remedy)[1].unserved
