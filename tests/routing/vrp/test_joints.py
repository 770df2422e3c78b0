"""Joints in drawn problems: whatever an engine answers, they are kept or left out whole."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.vrp.check import Rule, check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.days import without
from routing.vrp.engine_process import Orders
from routing.vrp.finish import orders_of
from routing.vrp.joints import priced, settled
from routing.vrp.mending import Mender
from routing.vrp.packed import pack
from routing.vrp.problem import Joint, Problem, Vehicle, Visit, Window
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.remedies import remedies
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route, Solution
from routing.vrp.solve import Engine, RequiredUnserved, solve

JOINTS = {Rule.JOINT_WHOLE, Rule.JOINT_TRIP, Rule.JOINT_DUE}


def joined(problem: Problem, seed: int) -> Problem:
    """Some joints of two to four visits each; all visits of a group are members or none."""
    draw = random.Random(f"joined {seed}")
    halves = {each.brings for each in problem.visits}
    free = [
        number
        for number, visit in enumerate(problem.visits)
        if visit.group is None and visit.brings is None and number not in halves
    ]
    draw.shuffle(free)
    visits, joints = list(problem.visits), []
    while len(free) >= 4 and len(joints) < 4:
        for number in [free.pop() for _ in range(draw.choice([2, 3, 4]))]:
            visits[number] = replace(visits[number], joints=(len(joints),))
        joints.append(
            draw.choice(
                [
                    Joint(all_or_nothing=True),
                    Joint(one_trip=True),
                    Joint(all_or_nothing=True, one_trip=True),
                    Joint(all_or_nothing=True, one_trip=True, one_due=True),
                ]
            )
        )
    return replace(problem, visits=tuple(visits), joints=tuple(joints))


@given(seed=st.integers(0, 1 << 30))
@settings(max_examples=60, deadline=None)
def test_the_first_answer_keeps_to_joints(villages, seed: int) -> None:
    problem = joined(villages.hard_problem(seed, visits=20, vehicles=4), seed)
    try:
        solution = solve(problem, budget_s=0)
    except RequiredUnserved:
        return
    assert check(problem, solution) == ()


@pytest.mark.parametrize("seed", range(6))
def test_what_the_search_tears_is_mended_or_left_out(villages, caplog, seed: int) -> None:
    problem = joined(villages.hard_problem(seed, visits=30, vehicles=4), seed)
    solution = solve(problem, budget_s=30, iterations=400, engine=Engine.RUIN_RECREATE)
    assert check(problem, solution) == ()
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def torn(villages, seed: int, *, visits=30, vehicles=4) -> tuple[Problem, Solution]:
    """A problem, and a day of it that was planned by somebody who knows of no joints."""
    problem = joined(villages.hard_problem(seed, visits=visits, vehicles=vehicles), seed)
    apart = replace(
        problem, visits=tuple(replace(each, joints=()) for each in problem.visits), joints=()
    )
    return problem, solve(apart, budget_s=0)


def test_drawn_days_tear_joints_where_nobody_mends_them(villages) -> None:
    """Or the tests above would prove nothing."""
    broken = set()
    for seed in range(6):
        broken |= {each.rule for each in check(*torn(villages, seed))}
    assert broken == {Rule.JOINT_WHOLE, Rule.JOINT_TRIP, Rule.JOINT_DUE}


def mended(problem: Problem, orders: Orders, *, quickly: bool = False) -> tuple[int, Orders] | None:
    """What the mended day costs as a whole, and the day; None: it cannot be."""
    packed = pack(problem)
    found = Mender(problem, packed, Scheduler(problem, packed)).mended(orders, quickly=quickly)
    if found is None:
        return None
    routes = driven(problem, found)
    return None if routes is None else (cost(problem, routes), found)


def driven(problem: Problem, orders: Orders) -> tuple[Route, ...] | None:
    scheduler = Scheduler(problem, pack(problem))
    routes = [scheduler.schedule(vehicle, trips) for vehicle, trips in orders.items() if any(trips)]
    done = tuple(each for each in routes if each is not None)
    return done if len(done) == len(routes) else None


def alone(problem: Problem, number: int) -> tuple[Problem, list[int]]:
    """The problem with one of its joints only, and that joint's members."""
    members = [each for each, visit in enumerate(problem.visits) if number in visit.joints]
    visits = [replace(each, joints=()) for each in problem.visits]
    for each in members:
        visits[each] = replace(visits[each], joints=(0,))
    joint = problem.joints[number]
    return replace(problem, visits=tuple(visits), joints=(joint,)), members


def test_a_torn_joint_is_left_out_only_where_that_is_cheaper(villages) -> None:
    """Mending prices the vehicles that change; here the whole day is priced."""
    made = 0
    for seed in range(30):
        problem, solution = torn(villages, seed)
        orders = orders_of(solution)
        for number in range(len(problem.joints)):
            single, members = alone(problem, number)
            answer = mended(single, orders)
            left_out = mended(single, without(orders, members))
            if answer is None or left_out is None or answer[1] == orders:
                continue  # it cannot be, what is left cannot be driven, or nothing was torn
            assert answer[0] <= left_out[0]
            made += answer[0] < left_out[0]
    assert made > 5


def test_mending_leaves_nothing_out_that_is_required_and_was_made(villages) -> None:
    """Rather it says that it cannot be mended."""
    changed = impossible = 0
    for seed in range(30):
        problem, solution = torn(villages, seed)
        orders = orders_of(solution)
        required = {n for n, each in enumerate(problem.visits) if each.joints and n % 2}
        visits = tuple(
            replace(each, unserved_cost=None) if n in required else each
            for n, each in enumerate(problem.visits)
        )
        answer = mended(replace(problem, visits=visits), orders)
        if answer is None:
            impossible += 1
            continue
        assert required & visits_of(orders) <= visits_of(answer[1])
        changed += answer[1] != orders
    assert changed > 3, (changed, impossible)
    assert impossible > 0


def visits_of(orders: Orders) -> set[int]:
    return {visit for trips in orders.values() for trip in trips for visit in trip}


@pytest.mark.parametrize("nearest", [3, 40])
def test_a_large_fleet_is_asked_where_it_comes_near(villages, monkeypatch, nearest: int) -> None:
    """By the nearest visits; by all of them everybody on the road is asked, and the answer is as if the fleet were small."""
    differ = 0
    for seed in range(12):
        problem, solution = torn(villages, seed, visits=40, vehicles=12)
        whole = mended(problem, orders_of(solution))
        with monkeypatch.context() as patch:
            patch.setattr("routing.vrp.mending._ASKED_WHOLE", 0)
            patch.setattr("routing.vrp.mending._NEAREST", nearest)
            found = mended(problem, orders_of(solution))
        differ += found != whole
    assert differ == 0 if nearest == 40 else differ > 0


def test_quick_mending_begins_trips_only_where_nothing_else_can_be(villages, monkeypatch) -> None:
    """Where many joints are torn; members then stay in trips that held some of them, or go."""
    begins = Mender._begun
    begun: list[int] = []

    def noted(self, days, visits):
        begun.append(1)
        return begins(self, days, visits)

    monkeypatch.setattr(Mender, "_begun", noted)
    differ = begun_whole = begun_quickly = 0
    for seed in range(20):
        problem, solution = torn(villages, seed)
        orders = orders_of(solution)
        begun.clear()
        whole = mended(problem, orders)
        begun_whole += len(begun)
        assert mended(problem, orders, quickly=True) == whole, "few are torn"
        begun.clear()
        with monkeypatch.context() as patch:
            patch.setattr("routing.vrp.mending._MANY_TORN", 1)
            quick = mended(problem, orders, quickly=True)
        begun_quickly += len(begun)
        assert (quick is None) == (whole is None)
        if quick is None or whole is None:
            continue
        differ += quick != whole
        routes = driven(problem, quick[1])
        assert routes is not None
        unserved = unserved_of(problem, visits_of(quick[1]))
        day = Solution(routes=routes, unserved=unserved, cost=quick[0])
        assert {each.rule for each in check(problem, day)}.isdisjoint(JOINTS)
    assert differ > 1
    assert begun_quickly < begun_whole / 4


def test_orders_that_keep_to_joints_stay_as_they_are(villages) -> None:
    problem = joined(villages.hard_problem(3, visits=20, vehicles=4), 3)
    orders = orders_of(solve(problem, budget_s=0))
    packed = pack(problem)
    assert Mender(problem, packed, Scheduler(problem, packed)).mended(orders) == orders


def test_one_member_costs_as_much_as_all_where_one_cannot_be_left_out(villages) -> None:
    problem = joined(villages.hard_problem(3, visits=20, vehicles=4), 3)
    for number, joint in enumerate(problem.joints):
        members = [each for each, visit in enumerate(problem.visits) if number in visit.joints]
        stated = [problem.visits[each].unserved_cost for each in members]
        asked = {priced(problem).visits[each].unserved_cost for each in members}
        assert asked == ({sum(stated)} if joint.all_or_nothing else set(stated))


def test_a_joint_that_is_decided_can_be_driven_as_it_was(villages) -> None:
    problem = joined(villages.hard_problem(3, visits=20, vehicles=4), 3)
    solution = solve(problem, budget_s=0)
    assert check(settled(problem, solution), solution) == ()


def test_who_could_come_alone_is_left_out_for_another_and_says_so(villages) -> None:
    """Nobody may carry what is cold, so its companion stays as well."""
    vehicle = Vehicle(
        shift=Window(0, 10_000), start_place=0, end_place=0, capacities=(9,), cost_per_m=1
    )
    both = Visit(place=1, loads=(1,), joints=(0,), unserved_cost=10_000)
    problem = Problem(
        matrices=(villages.matrix_of([[0, 100], [100, 0]]),),
        visits=(both, replace(both, skills=frozenset({"cold"}))),
        vehicles=(vehicle,),
        dimensions=("weight_g",),
        joints=(Joint(all_or_nothing=True),),
    )
    solution = solve(problem, budget_s=0)
    assert solution.unserved == (0, 1)
    reasons = why_unserved(problem, solution)
    assert reasons == {0: Reason.JOINT_INCOMPLETE, 1: Reason.SKILL_MISSING}
    assert remedies(problem, solution, reasons) == {0: (), 1: ()}
