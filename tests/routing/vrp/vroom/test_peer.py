"""VROOM itself beside us, where it is installed: it finds no fault with our routes, nor the judge with its."""

import pytest

_SEEDS = range(100, 130)
_EQUAL = ("cost", "duration", "setup", "service", "distance", "priority", "delivery", "pickup")


@pytest.mark.parametrize("seed", _SEEDS)
def test_vroom_drives_our_routes_without_a_fault_and_at_no_other_cost(seed, bodies, solved, vroom):
    body = bodies.generate(seed, shipments=False, tasks_max=20)
    body["jobs"] = body["jobs"] or [{"id": 1, "location_index": 0}]
    told = solved(body)
    if body["vehicles"][0].get("capacity") and "delivery" not in body["jobs"][0]:
        body["jobs"][0]["delivery"] = [0] * len(body["vehicles"][0]["capacity"])
    for vehicle in body["vehicles"]:
        vehicle.pop("steps", None)
        for route in told["routes"]:
            if route["vehicle"] == vehicle["id"]:
                vehicle["steps"] = [
                    {key: step[key] for key in ("type", "id") if key in step}
                    for step in route["steps"]
                ]

    theirs = vroom(body, "-c")

    assert theirs["code"] == 0, theirs
    assert theirs["summary"]["violations"] == []
    has_clock = any("time_window" in each or "breaks" in each for each in body["vehicles"])
    has_clock |= any("time_windows" in each for each in body["jobs"])
    for key in _EQUAL:
        # What it plans from the middle of a second may come to one second more for each vehicle.
        slack = len(told["routes"]) if key in {"cost", "duration"} else 0
        ours, other = told["summary"].get(key), theirs["summary"].get(key)
        if (
            key == "cost" and not has_clock
        ):  # where nobody has a clock, only its plan mode tells of whole seconds
            continue
        assert ours == other or -1 <= other - ours <= slack, key


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_judge_has_no_complaint_of_vrooms_own_answers(seed, bodies, judge, vroom):
    body = bodies.generate(seed, tasks_max=20)
    theirs = vroom(body, "-x", "1", "-l", "1")

    assert theirs["code"] == 2 or judge.complaints(body, theirs) == []
