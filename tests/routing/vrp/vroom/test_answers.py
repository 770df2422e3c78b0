"""Answers to bodies in VROOM's JSON: an independent judge finds nothing wrong, and finds what is."""

import copy
import json

import pytest

from routing.vrp.vroom.body import BodyRefused, NotYet
from routing.vrp.vroom.reading import read
from routing.vrp.vroom.solving import answer

SEEDS = range(60)


def answered(body, within_s=0.2):
    return json.loads(json.dumps(answer(read(json.dumps(body)), seed=1, within_s=within_s)))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_keeps_all_that_its_body_asks(vroom_bodies, vroom_judge, seed: int) -> None:
    body = vroom_bodies.generate(seed, tasks_max=30)
    try:
        found = answered(body)
    except NotYet:
        assert body.get("shipments")
        assert any("max_tasks" in vehicle for vehicle in body["vehicles"])
        return
    assert vroom_judge.complaints(body, found) == []
    assert {(each["type"], each["id"]) for each in found["reasons"]} == {
        (each["type"], each["id"]) for each in found["unassigned"]
    }


def square(*rows):
    return {"car": {"durations": [list(row) for row in rows]}}


IN_A_ROW = square(*[[100 * abs(a - b) for b in range(5)] for a in range(5)])


def a_shipment(number: int, pickup: int, delivery: int, amount: int):
    return {
        "amount": [amount],
        "pickup": {"id": number, "location_index": pickup},
        "delivery": {"id": number, "location_index": delivery},
    }


def test_a_shipment_is_picked_up_before_it_is_delivered_and_on_board_between(vroom_judge) -> None:
    """Both fit after each other, not at once: the first is delivered before the next is picked up."""
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "capacity": [4]}],
        "shipments": [a_shipment(7, 3, 1, 4), a_shipment(8, 2, 4, 4)],
        "matrices": IN_A_ROW,
    }
    found = answered(body)
    assert vroom_judge.complaints(body, found) == []
    steps = [(step["type"], step.get("id"), step["load"]) for step in found["routes"][0]["steps"]]
    assert steps[1:-1] == [
        ("pickup", 8, [4]), ("delivery", 8, [0]), ("pickup", 7, [4]), ("delivery", 7, [0]),
    ]  # fmt: skip
    assert found["summary"]["cost"] == 200 + 200 + 100 + 200 + 100


def test_half_a_shipment_is_never_made(vroom_judge) -> None:
    late = a_shipment(7, 3, 1, 1)
    late["delivery"]["time_windows"] = [[0, 100]]
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "capacity": [4]}],
        "shipments": [late],
        "jobs": [{"id": 1, "location_index": 2}],
        "matrices": IN_A_ROW,
    }
    found = answered(body)
    assert vroom_judge.complaints(body, found) == []
    assert {each["type"] for each in found["unassigned"]} == {"pickup", "delivery"}


FAULTS = {
    "a step earlier than the drive": lambda route: route["steps"][1].update(arrival=0),
    "a load that is not there": lambda route: route["steps"][2].update(load=[9]),
    "a cost too low": lambda route: route.update(cost=route["cost"] - 1),
    "a task left out unsaid": lambda route: route["steps"].pop(2),
    "a delivery before its pickup": lambda route: route["steps"].insert(1, route["steps"].pop(2)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_judge_finds_a_fault(vroom_judge, fault) -> None:
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "capacity": [4]}],
        "shipments": [a_shipment(7, 3, 1, 4)],
        "matrices": IN_A_ROW,
    }
    found = answered(body)
    assert vroom_judge.complaints(body, found) == []
    wrong = copy.deepcopy(found)
    fault(wrong["routes"][0])
    assert vroom_judge.complaints(body, wrong)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"vehicles": [{"id": 1, "start_idx": 0}]}, "/vehicles/0/start_idx", "start_index"),
        (
            {"vehicles": [{"id": 1, "start_index": 0}], "jobs": [{"id": 1, "location_index": 0, "time_window": []}]},
            "/jobs/0/time_window",
            "time_windows",
        ),
        ({"vehicles": [], "job": []}, "/job", "jobs"),
    ],
)  # fmt: skip
def test_a_misspelt_key_is_refused_with_its_pointer_and_a_better_one(body, pointer, words) -> None:
    with pytest.raises(BodyRefused) as refused:
        read(json.dumps(body))
    assert refused.value.pointer == pointer
    assert words in str(refused.value)
