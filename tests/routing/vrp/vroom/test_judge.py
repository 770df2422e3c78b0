"""The judge sees each fault that is put into a good answer."""

import copy

import pytest

BODY = {
    "vehicles": [
        {
            "id": 1,
            "start_index": 0,
            "end_index": 0,
            "capacity": [5],
            "skills": [1],
            "time_window": [0, 5_000],
            "breaks": [{"id": 4, "service": 60, "time_windows": [[900, 1_000]], "max_load": [3]}],
            "max_tasks": 3,
            "max_travel_time": 700,
            "max_distance": 7_000,
        }
    ],
    "jobs": [
        {
            "id": 1,
            "location_index": 1,
            "delivery": [2],
            "service": 30,
            "time_windows": [[500, 600]],
        },
        {"id": 2, "location_index": 2, "pickup": [3], "service": 40, "skills": [1], "priority": 5},
        {"id": 3, "location_index": 2, "setup": 20, "service": 10},
    ],
    "matrices": {
        "car": {
            "durations": [[0, 100, 200], [100, 0, 150], [200, 150, 0]],
            "distances": [[0, 1_000, 2_000], [1_000, 0, 1_500], [2_000, 1_500, 0]],
        }
    },
}


def step(answer, kind, number=None):
    steps = answer["routes"][0]["steps"]
    return next(each for each in steps if each["type"] == kind and number in {None, each.get("id")})


def shift(answer, body):
    step(answer, "job", 1)["arrival"] += 1


def swap(answer, body):
    steps = answer["routes"][0]["steps"]
    steps[1], steps[2] = steps[2], steps[1]


def drop(answer, body):
    answer["routes"][0]["steps"].remove(step(answer, "job", 3))


def twice(answer, body):
    answer["routes"].append(copy.deepcopy(answer["routes"][0]))


FAULTS = {
    "arrival": shift,
    "order": swap,
    "dropped": drop,
    "twice": twice,
    "no break": lambda a, _: a["routes"][0]["steps"].remove(step(a, "break")),
    "cost": lambda a, _: a["routes"][0].update(cost=a["routes"][0]["cost"] - 9),
    "total": lambda a, _: a["summary"].update(cost=a["summary"]["cost"] - 1),
    "load": lambda a, _: step(a, "job", 2)["load"].__setitem__(0, 1),
    "distance": lambda a, _: a["routes"][0].update(distance=1),
    "priority": lambda a, _: a["routes"][0].update(priority=1),
    "setup": lambda a, _: step(a, "job", 3).update(setup=20),
    "service": lambda a, _: step(a, "job", 1).update(service=20),
    "elsewhere": lambda a, _: step(a, "end").update(location_index=2),
    "unassigned": lambda a, _: a["unassigned"].append({"id": 1, "type": "job"}),
    "window": lambda _, b: b["jobs"][0].update(time_windows=[[0, 10]]),
    "hours": lambda _, b: b["vehicles"][0].update(time_window=[0, 300]),
    "skills": lambda _, b: b["vehicles"][0].update(skills=[]),
    "capacity": lambda _, b: b["vehicles"][0].update(capacity=[2]),
    "tasks": lambda _, b: b["vehicles"][0].update(max_tasks=2),
    "travel": lambda _, b: b["vehicles"][0].update(max_travel_time=100),
    "metres": lambda _, b: b["vehicles"][0].update(max_distance=100),
    "rest": lambda _, b: b["vehicles"][0]["breaks"][0].update(time_windows=[[0, 10]]),
    "heavy rest": lambda _, b: b["vehicles"][0]["breaks"][0].update(max_load=[0]),
    "refused": lambda a, _: a.update(code=2),
}


@pytest.fixture(scope="module")
def good(solved):
    return solved(BODY)


def test_a_good_answer_has_no_complaint(good, judge):
    assert judge.complaints(BODY, good) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault, good, judge):
    spoilt, body = copy.deepcopy(good), copy.deepcopy(BODY)
    FAULTS[fault](spoilt, body)

    assert judge.complaints(body, spoilt) != []


def test_a_delivery_before_its_pickup_is_seen(judge):
    body = {
        "vehicles": [{"id": 1, "start_index": 0}],
        "shipments": [
            {"pickup": {"id": 1, "location_index": 1}, "delivery": {"id": 2, "location_index": 2}}
        ],
        "matrix": BODY["matrices"]["car"]["durations"],
    }
    steps = [
        ("start", None, 0, 0),
        ("delivery", 2, 2, 200),
        ("pickup", 1, 1, 350),
        ("end", None, 1, 350),
    ]
    nothing = {"setup": 0, "service": 0, "waiting_time": 0, "violations": []}
    route = {
        "vehicle": 1,
        "cost": 350,
        "duration": 350,
        "priority": 0,
        "steps": [
            nothing
            | {"type": kind, "id": number, "location_index": place, "arrival": at, "duration": at}
            for kind, number, place, at in steps
        ],
    }
    totals = {"cost": 350, "duration": 350, "priority": 0, "routes": 1, "unassigned": 0}
    nothing.pop("violations")
    told = {"code": 0, "unassigned": [], "summary": totals | nothing, "routes": [nothing | route]}

    assert judge.complaints(body, told) == ["vehicle 1: delivery 2 was not picked up before"]
