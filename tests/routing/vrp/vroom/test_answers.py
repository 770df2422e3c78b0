"""Answers to generated bodies and to VROOM's own examples, judged by somebody else."""

import json

import pytest

from routing.vrp.vroom.body import BodyRefused
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

MATRIX = [[0, 2104, 197, 1299], [2103, 0, 2255, 3152], [197, 2256, 0, 1102], [1299, 3153, 1102, 0]]


def small(**more):
    return {
        "vehicles": [{"id": 0, "start_index": 0, "end_index": 3}],
        "jobs": [{"id": 1414, "location_index": 1}, {"id": 1515, "location_index": 2}],
        "matrix": MATRIX,
    } | more


@pytest.mark.parametrize("seed", range(60))
def test_every_answer_to_a_generated_body_may_be_driven(seed, bodies, judge, solved):
    body = bodies.generate(seed, tasks_max=30)

    told = solved(body)

    assert judge.complaints(body, told) == []
    assert [(each["type"], each["id"]) for each in told["reasons"]] == [
        (each["type"], each["id"]) for each in told["unassigned"]
    ]


def test_the_documented_example_with_matrices_is_answered_as_documented(solved):
    told = solved(small())

    assert told["code"] == 0
    assert told["summary"] | {"computing_times": None} == {
        "cost": 5461,
        "routes": 1,
        "unassigned": 0,
        "setup": 0,
        "service": 0,
        "duration": 5461,
        "waiting_time": 0,
        "priority": 0,
        "violations": [],
        "computing_times": None,
    }
    (route,) = told["routes"]
    assert [step["arrival"] for step in route["steps"]] == [0, 2104, 4359, 5461]
    assert route["steps"][1] == {
        "type": "job",
        "id": 1414,
        "job": 1414,
        "location_index": 1,
        "setup": 0,
        "service": 0,
        "waiting_time": 0,
        "arrival": 2104,
        "duration": 2104,
        "violations": [],
    }


def test_a_body_without_tasks_has_no_routes(solved):
    told = solved(small(jobs=[]))

    assert (told["routes"], told["unassigned"], told["reasons"]) == ([], [], [])


def test_a_body_without_vehicles_says_so_of_each_task(solved):
    told = solved(small(vehicles=[]))

    assert [each["reason"] for each in told["reasons"]] == ["no-vehicle"] * 2


def test_priorities_come_before_the_number_of_tasks_and_that_before_cost(solved):
    jobs = [{"id": 1, "location_index": 1, "priority": 1, "pickup": [2]}]
    jobs += [{"id": n, "location_index": 2, "pickup": [1]} for n in (2, 3, 4)]
    vehicle = {"id": 0, "start_index": 0, "capacity": [3]}

    told = solved(small(jobs=jobs, vehicles=[vehicle]))

    assert told["summary"]["priority"] == 1
    assert told["summary"]["unassigned"] == 2
    assert {each["reason"] for each in told["reasons"]} <= {"no-capacity-left", "not-worth-it"}


def test_a_setup_is_spent_once_at_a_place(solved):
    jobs = [{"id": n, "location_index": 1, "setup": 100, "service": 10} for n in (1, 2, 3)]

    told = solved(small(jobs=jobs))

    assert told["summary"]["setup"] == 100
    assert [step["setup"] for step in told["routes"][0]["steps"]] == [0, 100, 0, 0, 0]


def test_a_break_waits_for_its_window_and_splits_the_way(solved):
    rest = {"id": 5, "time_windows": [[1000, 1000]], "service": 50, "description": "tea"}
    vehicle = {
        "id": 0,
        "start_index": 0,
        "end_index": 0,
        "time_window": [0, 9000],
        "breaks": [rest],
    }

    told = solved(
        small(
            jobs=[{"id": 1, "location_index": 1, "time_windows": [[2100, 2200]]}],
            vehicles=[vehicle],
        )
    )

    steps = {step["type"]: step for step in told["routes"][0]["steps"]}
    assert (steps["break"]["arrival"], steps["break"]["description"]) == (1000, "tea")
    assert steps["job"]["arrival"] - steps["start"]["arrival"] == 2104 + 50
    assert steps["job"]["duration"] == 2104


def test_seconds_since_1970_are_told_as_they_were_given(solved):
    jobs = [{"id": 1, "location_index": 1, "time_windows": [[1_600_000_000, 1_600_000_600]]}]

    told = solved(small(jobs=jobs))

    arrivals = [step["arrival"] for step in told["routes"][0]["steps"]]
    assert arrivals == [1_600_000_000 - 2104, 1_600_000_000, 1_600_003_152]


def test_prescribed_steps_are_a_start_that_is_never_made_worse(solved):
    steps = [{"type": "job", "id": number} for number in (1515, 1414)]
    vehicle = {"id": 0, "start_index": 0, "end_index": 3, "steps": steps}

    assert solved(small(vehicles=[vehicle]), within_s=0)["summary"]["cost"] <= 197 + 2256 + 3152


def test_prescribed_steps_that_break_a_rule_are_refused():
    steps = [{"type": "job", "id": number} for number in (1515, 1414)]
    vehicle = {"id": 0, "start_index": 0, "time_window": [0, 100], "steps": steps}

    with pytest.raises(BodyRefused) as caught:
        answer(read(json.dumps(small(vehicles=[vehicle]))), within_s=0.1)
    assert caught.value.pointer == "/vehicles/0/steps"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"jobs": [{"id": 1, "location_index": 4}]}, "/jobs/0/location_index"),
        ({"jobs": [{"id": 1, "location": [1, 2]}]}, "/jobs/0/location"),
        ({"vehicles": [{"id": 0, "start_index": 0, "profile": "bike"}]}, "/vehicles/0/profile"),
        ({"vehicles": [{"id": 0, "start_index": 0, "max_distance": 5}]}, "/vehicles/0/profile"),
        (
            {"vehicles": [{"id": 0, "start_index": 0, "costs": {"per_km": 5}}]},
            "/vehicles/0/profile",
        ),
        ({"options": {"g": True}}, "/vehicles/0/profile"),
    ],
)
def test_what_matrices_do_not_say_and_no_roads_can_is_named(change, pointer):
    with pytest.raises(BodyRefused) as caught:
        answer(read(json.dumps(small(**change))), within_s=0.1)
    assert caught.value.pointer == pointer


def test_more_than_a_thousand_tasks_are_answered(judge, solved):
    places = 1_200
    matrix = [[abs(a - b) * 7 % 1_013 for b in range(places)] for a in range(places)]
    body = {
        "vehicles": [
            {"id": n, "start_index": 0, "end_index": 0, "capacity": [100]} for n in range(15)
        ],
        "jobs": [{"id": n, "location_index": n, "delivery": [1]} for n in range(1, places)],
        "matrix": matrix,
    }

    told = solved(body, within_s=1)

    assert judge.complaints(body, told) == []
    assert told["summary"]["unassigned"] == 0
