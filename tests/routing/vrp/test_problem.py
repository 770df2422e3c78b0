"""Statements that contradict themselves are refused, with every clash; odd but possible ones are not."""

from dataclasses import replace

import pytest

from routing.vrp.problem import (
    Break,
    Docks,
    Feature,
    Joint,
    Preference,
    Problem,
    ProblemRefused,
    Swap,
    Vehicle,
    Visit,
    Window,
)

DAY = Window(0, 10_000)


def stated(villages, visit: Visit, vehicle: Vehicle, dimensions=("weight_g",)) -> Problem:
    return Problem(
        matrices=(villages.matrix_of([[0, 5], [5, 0]]),),
        visits=(visit,),
        vehicles=(vehicle,),
        dimensions=dimensions,
    )


VISIT = Visit(place=1, loads=(1,))
VEHICLE = Vehicle(shift=DAY, start_place=0, end_place=0, capacities=(5,))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": 2}, "no row"),
        ({"place": -1}, "no row"),
        ({"service_s": -1}, "service_s is -1"),
        ({"service_s": 1 << 30}, "service_s"),
        ({"loads": ()}, "0 numbers for 1 dimensions"),
        ({"loads": (-1,)}, "loads is -1"),
        ({"loads": (1 << 60,)}, "loads"),
        ({"due_s": -1}, "due_s is -1"),
        ({"release_s": -1}, "release_s is -1"),
        ({"group": -1}, "number groups from 0"),
        ({"deliveries": (1, 2)}, "2 numbers for 1 dimensions"),
        ({"deliveries": (-1,)}, "deliveries is -1"),
        ({"deliveries": (1 << 60,)}, "deliveries"),
        ({"unserved_cost": -1}, "unserved_cost is -1"),
        ({"unserved_cost": (1 << 60) - 1}, None),
        ({"cost": -1}, "cost is -1"),
        ({"cost": 1 << 60}, "cost is"),
        (
            {"preferences": (Preference(vehicles=frozenset({0}), cost_otherwise=-1),)},
            "cost_otherwise",
        ),
        (
            {"preferences": (Preference(vehicles=frozenset({1}), cost_otherwise=1),)},
            "none of the 1",
        ),
        (
            {"preferences": (Preference(vehicles=frozenset({-1}), cost_otherwise=1),)},
            "none of the 1",
        ),
        ({"preferences": (Preference(vehicles=frozenset(), cost_otherwise=1),)}, "for no vehicle"),
        ({"cost": (1 << 60) - 1, "unserved_cost": 9}, "costs could add up"),
        ({"windows": (Window(9, 8),)}, "ends at 8 before it starts at 9"),
        ({"windows": (Window(5, 9), Window(1, 3))}, "overlap or are unsorted"),
        ({"windows": (Window(1, 5), Window(5, 9))}, "overlap or are unsorted"),
    ],
)
def test_a_clash_in_a_visit_is_named(villages, changes, said) -> None:
    if said is None:
        stated(villages, replace(VISIT, **changes), VEHICLE)
        return
    with pytest.raises(ProblemRefused, match=said) as refused:
        stated(villages, replace(VISIT, **changes), VEHICLE)
    assert refused.value.code == "problem-refused"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matrix": 1}, "none of the 1"),
        ({"start_place": 9}, "start_place 9 is no row"),
        ({"end_place": -2}, "end_place -2 is no row"),
        ({"shift": Window(5, 4)}, "shift ends at 4"),
        ({"capacities": (1, 2)}, "2 numbers for 1"),
        ({"capacities": (-1,)}, "capacities is -1"),
        ({"range_m": -1}, "range_m is -1"),
        ({"duration_limit_s": -1}, "duration_limit_s"),
        ({"turnaround_s": -1}, "turnaround_s"),
        ({"fixed_cost": -1}, "fixed_cost"),
        ({"cost_per_m": -1}, "cost_per_m"),
        ({"overtime_after_s": -1}, "overtime_after_s is -1"),
        ({"overtime_after_s": 1, "overtime_cost_per_s": -1}, "overtime_cost_per_s is -1"),
        ({"overtime_cost_per_s": 1}, "say from when on it is paid"),
        ({"cost_per_s": 1 << 59}, "costs could add up"),
        ({"trips_max": 0}, "trips_max is 0"),
        ({"trips_max": 2, "end_place": 1}, "several trips need"),
        ({"trips_max": 2, "end_place": None}, "several trips need"),
        ({"breaks": (Break(window=Window(9, 8), duration_s=1),)}, "break window ends"),
        ({"breaks": (Break(window=DAY, duration_s=10_001),)}, "longer than the shift"),
        ({"breaks": (Break(window=DAY, duration_s=-1),)}, "break duration_s is -1"),
    ],
)
def test_a_clash_in_a_vehicle_is_named(villages, changes, said) -> None:
    with pytest.raises(ProblemRefused, match=said):
        stated(villages, VISIT, replace(VEHICLE, **changes))


@pytest.mark.parametrize(
    ("setups_s", "said"),
    [
        ((0,), "1 numbers for 2 places"),
        ((0, -1), "setups_s is -1"),
        ((0, 1 << 30), "setups_s is"),
        ((1, 0), "setups_s of place 0, where vehicles start or end"),
    ],
)
def test_a_clash_in_setups_is_named(villages, setups_s, said) -> None:
    with pytest.raises(ProblemRefused, match=said):
        replace(stated(villages, VISIT, VEHICLE), setups_s=setups_s)


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (Swap(place=7), "swap 0: place 7 is no row of the matrices"),
        (Swap(place=1, takes_s=-1), "swap 0: takes_s is -1"),
        (Swap(place=1, charged_m_per_minute=0), "swap 0: charged_m_per_minute is 0"),
        (Swap(place=1), "swap 0: place 1 has a setup: give the swap a row of its own"),
    ],
)
def test_a_clash_in_a_swap_is_named(villages, swap: Swap, said: str) -> None:
    with pytest.raises(ProblemRefused, match=said):
        replace(stated(villages, VISIT, VEHICLE), setups_s=(0, 9), swaps=(swap,))


def test_a_vehicle_uses_swaps_that_there_are(villages) -> None:
    with pytest.raises(ProblemRefused, match="swap 1 is none of the 0 given"):
        stated(villages, VISIT, replace(VEHICLE, swaps=(1,)))


@pytest.mark.parametrize(
    ("of_visits", "said"),
    [
        (({"joints": (1,)}, {}), "visit 0: joint 1 is none of the 1 given"),
        (
            ({"joints": (0,)}, {"brings": 0}),
            "visit 0 is half of a pair: it is a member of no joint",
        ),
        (
            ({"joints": (0,), "group": 3}, {"group": 3}),
            "visit 1: its joints are not those of its group 3",
        ),
    ],
)
def test_a_joint_that_makes_no_sense_is_named(villages, of_visits, said) -> None:
    plain = stated(villages, VISIT, VEHICLE)
    visits = tuple(replace(VISIT, **changes) for changes in of_visits)
    with pytest.raises(ProblemRefused) as refused:
        replace(plain, visits=visits, joints=(Joint(all_or_nothing=True),))
    assert said in refused.value.clashes


@pytest.mark.parametrize(
    ("docks", "said"),
    [
        (
            Docks(place=0, vehicles=0),
            "docks 0: 0 vehicles could unload at place 0: at least 1, or no docks where nobody ever waits",
        ),
        (
            Docks(place=0, vehicles=-2),
            "docks 0: -2 vehicles could unload at place 0: at least 1, or no docks where nobody ever waits",
        ),
        (Docks(place=9, vehicles=1), "docks 0: place 9 is no row of the matrices (0…1)"),
        (
            Docks(place=0, vehicles=1, taken_s=((30, 30),)),
            "docks 0: taken from 30 until 30, which is no time",
        ),
        (
            Docks(place=0, vehicles=1, taken_s=((-1, 30),)),
            "docks 0: taken_s is -1: must lie in 0…1073741823",
        ),
    ],
)
def test_docks_that_make_no_sense_are_named(villages, docks: Docks, said: str) -> None:
    with pytest.raises(ProblemRefused) as refused:
        replace(stated(villages, VISIT, VEHICLE), docks=(docks,))
    assert refused.value.clashes == (said,)


def test_a_place_states_its_docks_once(villages) -> None:
    docks = Docks(place=0, vehicles=1)
    with pytest.raises(ProblemRefused, match="place 0 has docks already: state their sum"):
        replace(stated(villages, VISIT, VEHICLE), docks=(docks, docks))


def test_a_group_has_one_price(villages) -> None:
    dear, cheap = replace(VISIT, group=0, unserved_cost=5), replace(VISIT, group=0, unserved_cost=4)
    with pytest.raises(ProblemRefused, match="a group has one price"):
        replace(stated(villages, VISIT, VEHICLE), visits=(dear, cheap))


FEATURES = [
    (Feature.ALTERNATIVES, {"group": 0}, {}),
    (Feature.BREAKS, {}, {"breaks": (Break(window=DAY, duration_s=1),)}),
    (Feature.DELIVERIES, {"deliveries": (1,)}, {}),
    (Feature.DOCKS, {}, {}),
    (Feature.DUE, {"due_s": 9}, {}),
    (Feature.DURATION_LIMIT, {}, {"duration_limit_s": 9}),
    (Feature.JOINTS, {}, {}),
    (Feature.OPEN_ROUTES, {}, {"end_place": None}),
    (Feature.OVERTIME, {}, {"overtime_after_s": 9}),
    (Feature.PAIRS, {}, {}),
    (Feature.PRIZES, {"unserved_cost": 0}, {}),
    (Feature.RANGE, {}, {"range_m": 9}),
    (Feature.RELEASE, {"release_s": 1}, {}),
    (Feature.RELOADS, {}, {"trips_max": 2}),
    (Feature.SEVERAL_WINDOWS, {"windows": (Window(1, 2), Window(4, 5))}, {}),
    (Feature.SETUPS, {}, {}),
    (Feature.SKILLS, {"skills": frozenset({"cold"})}, {}),
    (Feature.SWAPS, {}, {}),
    (Feature.UNLOADING, {"unload_s": 1}, {}),
    (Feature.VISIT_PRICES, {"cost": 1}, {}),
]


@pytest.mark.parametrize(("feature", "of_visit", "of_vehicle"), FEATURES)
def test_a_problem_says_which_rules_it_uses(villages, feature, of_visit, of_vehicle) -> None:
    plain = stated(villages, VISIT, VEHICLE)
    bent = stated(villages, replace(VISIT, **of_visit), replace(VEHICLE, **of_vehicle))
    if feature is Feature.SETUPS:
        bent = replace(bent, setups_s=(0, 9))
    if feature is Feature.DOCKS:
        bent = replace(bent, docks=(Docks(place=0, vehicles=1),))
    if feature is Feature.PAIRS:
        second = replace(VISIT, brings=0, loads=(0,) * len(VISIT.loads))
        bent = replace(bent, visits=(*bent.visits, second))
    if feature is Feature.JOINTS:
        bent = replace(bent, joints=(Joint(one_trip=True),))
        bent = replace(bent, visits=(replace(bent.visits[0], joints=(0,)), *bent.visits[1:]))
    assert plain.features == frozenset()
    if feature is Feature.SWAPS:
        van = replace(VEHICLE, swaps=(0,))
        bent = replace(bent, swaps=(Swap(place=0),), vehicles=(van,))
        assert bent.features == frozenset(), "without a range nothing is swapped"
        bent = replace(bent, vehicles=(replace(van, range_m=9),))
        assert bent.features == {Feature.SWAPS, Feature.RANGE}
        return
    assert bent.features == {feature}


def test_every_rule_that_may_be_used_is_tried() -> None:
    assert {feature for feature, _, _ in FEATURES} == set(Feature)


def test_all_clashes_are_listed_at_once(villages) -> None:
    with pytest.raises(ProblemRefused) as refused:
        stated(villages, Visit(place=7, service_s=-1), replace(VEHICLE, fixed_cost=-1))
    assert len(refused.value.clashes) == 4


def test_matrices_over_different_places_clash(villages) -> None:
    with pytest.raises(ProblemRefused, match="differ in size"):
        Problem(
            matrices=(villages.matrix_of([[0]]), villages.matrix_of([[0, 1], [1, 0]])),
            visits=(),
            vehicles=(),
        )


def test_what_cannot_be_served_is_still_a_problem(villages) -> None:
    stated(villages, replace(VISIT, loads=(99,)), VEHICLE)
    stated(villages, replace(VISIT, windows=(Window(20_000, 30_000),)), VEHICLE)
    Problem(matrices=(), visits=(), vehicles=())
