"""Moments for prescribed routes: what VROOM's plan mode says of the same bodies was recorded."""

import json

import pytest

from routing.vrp.vroom.body import BodyRefused
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

DURATIONS = [[0, 100, 200], [100, 0, 150], [200, 150, 0]]


def body(steps, **more):
    vehicle = {
        "id": 1,
        "start_index": 0,
        "end_index": 0,
        "capacity": [4],
        "time_window": [1_000, 2_000],
        "breaks": [{"id": 7, "time_windows": [[1_100, 1_200]], "service": 50, "max_load": [1]}],
        "steps": steps,
    }
    return {
        "vehicles": [vehicle | more],
        "jobs": [
            {
                "id": 1,
                "location_index": 1,
                "service": 300,
                "setup": 20,
                "delivery": [3],
                "time_windows": [[900, 1_010], [1_500, 1_600]],
            },
            {"id": 2, "location_index": 2, "service": 60, "pickup": [2], "skills": [3]},
        ],
        "matrices": {"car": {"durations": DURATIONS}},
        "options": {"c": True},
    }


ROUTE = [
    {"type": "start"},
    {"type": "job", "id": 1},
    {"type": "break", "id": 7},
    {"type": "job", "id": 2, "service_at": 1_900},
    {"type": "end"},
]


def planned(given):
    return json.loads(json.dumps(answer(read(json.dumps(given)))))


def test_a_route_is_planned_as_vroom_plans_it():
    told = planned(body(ROUTE))

    (route,) = told["routes"]
    assert [(step["arrival"], step["waiting_time"]) for step in route["steps"]] == [
        (910, 0),
        (1_010, 0),
        (1_330, 0),
        (1_530, 370),
        (2_160, 0),
    ]
    assert [step["violations"] for step in route["steps"]] == [
        [{"cause": "lead_time", "duration": 90}],
        [],
        [{"cause": "delay", "duration": 130}],
        [{"cause": "skills"}],
        [{"cause": "delay", "duration": 160}],
    ]
    assert told["summary"]["violations"] == [
        {"cause": "delay", "duration": 290},
        {"cause": "lead_time", "duration": 90},
        {"cause": "skills"},
    ]
    assert "reasons" not in told


@pytest.mark.parametrize(
    ("steps", "more", "cause"),
    [
        ([ROUTE[1], ROUTE[3]], {}, "missing_break"),
        (ROUTE[1:4], {"capacity": [2]}, "load"),
        (ROUTE[1:4], {"max_tasks": 1}, "max_tasks"),
        (ROUTE[1:4], {"max_travel_time": 200}, "max_travel_time"),
        ([ROUTE[3], ROUTE[2], ROUTE[1]], {}, "max_load"),
    ],
)
def test_what_a_route_breaks_is_named(steps, more, cause):
    steps = [{key: step[key] for key in ("type", "id")} for step in steps]

    (route,) = planned(body(steps, **more))["routes"]

    assert cause in {each["cause"] for each in route["violations"]}


def test_a_pickup_without_its_delivery_breaks_precedence():
    given = body([{"type": "delivery", "id": 5}, {"type": "pickup", "id": 4}])
    given["shipments"] = [
        {"pickup": {"id": 4, "location_index": 1}, "delivery": {"id": 5, "location_index": 2}}
    ]

    (route,) = planned(given)["routes"]

    broken = [
        step["type"] for step in route["steps"] if {"cause": "precedence"} in step["violations"]
    ]
    assert broken == ["delivery", "pickup"]


def test_a_vehicle_without_steps_drives_nothing_and_tasks_in_none_are_unassigned():
    told = planned(body([]))

    assert told["routes"] == []
    assert [each["id"] for each in told["unassigned"]] == [1, 2]


def test_forced_moments_that_contradict_each_other_are_refused():
    steps = [
        {"type": "job", "id": 1, "service_at": 1_000},
        {"type": "job", "id": 2, "service_before": 1_100},
    ]

    with pytest.raises(BodyRefused) as caught:
        planned(body(steps))
    assert caught.value.pointer == "/vehicles/0/steps"


def test_a_start_in_the_middle_is_refused():
    with pytest.raises(BodyRefused) as caught:
        planned(body([ROUTE[1], {"type": "start"}]))
    assert caught.value.pointer == "/vehicles/0/steps/1"
