"""What is let through, and where everything else is pointed at."""

import json

import pytest

from routing.vrp.problem import Window
from routing.vrp.vroom.body import BodyRefused, Kind
from routing.vrp.vroom.reading import read


def body(**more):
    return {
        "vehicles": [{"id": 1, "start_index": 0, "capacity": [5, 5]}],
        "jobs": [{"id": 2, "location_index": 1, "delivery": [1, 2]}],
        "matrices": {"car": {"durations": [[0, 3], [4, 0]]}},
    } | more


def job(**more):
    return body(jobs=[{"id": 2, "location_index": 1} | more])


def vehicle(**more):
    return body(vehicles=[{"id": 1, "start_index": 0, "capacity": [5, 5]} | more])


def refused(given):
    with pytest.raises(BodyRefused) as caught:
        read(given if isinstance(given, bytes) else json.dumps(given))
    return caught.value


@pytest.mark.parametrize(
    ("given", "pointer", "meant"),
    [
        (body(vehicle=[]), "/vehicle", "vehicles"),
        (body(Jobs=[]), "/Jobs", "jobs"),
        (job(time_window=[[0, 1]]), "/jobs/0/time_window", "time_windows"),
        (job(timewindows=[[0, 1]]), "/jobs/0/timewindows", "time_windows"),
        (job(skill=[1]), "/jobs/0/skill", "skills"),
        (job(Priority=3), "/jobs/0/Priority", "priority"),
        (vehicle(time_windows=[0, 1]), "/vehicles/0/time_windows", "time_window"),
        (vehicle(maxtasks=1), "/vehicles/0/maxtasks", "max_tasks"),
        (vehicle(costs={"per_hours": 1}), "/vehicles/0/costs/per_hours", "per_hour"),
        (vehicle(breaks=[{"id": 1, "services": 1}]), "/vehicles/0/breaks/0/services", "service"),
        (vehicle(steps=[{"type": "start", "service_at_": 1}]), "/vehicles/0/steps/0/service_at_", "service_at"),
        (body(matrices={"car": {"duration": [[0]]}}), "/matrices/car/duration", "durations"),
        (body(options={"geometry": True}), "/options/geometry", None),
        (body(shipments=[{"pick_up": {}}]), "/shipments/0/pick_up", "pickup"),
        (job(**{"a/b~c": 1}), "/jobs/0/a~1b~0c", None),
    ],
)  # fmt: skip
def test_an_unknown_key_is_pointed_at_and_the_nearest_named(given, pointer, meant):
    error = refused(given)
    assert (error.pointer, error.did_you_mean) == (pointer, meant)
    assert meant is None or f"did you mean `{meant}`?" in str(error)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{", ""),
        ({}, ""),
        (body(vehicles={}), "/vehicles"),
        (body(vehicles=[1]), "/vehicles/0"),
        (body(jobs=[3]), "/jobs/0"),
        (body(jobs=[{"location_index": 1}]), "/jobs/0"),
        (job(id=-1), "/jobs/0/id"),
        (job(id="2"), "/jobs/0/id"),
        (job(id=True), "/jobs/0/id"),
        (job(id=2.0), "/jobs/0/id"),
        (body(jobs=[{"id": 1}]), "/jobs/0"),
        (job(location=[1.0]), "/jobs/0/location"),
        (job(location=[200.0, 1.0]), "/jobs/0/location"),
        (job(location=["1", 2]), "/jobs/0/location/0"),
        (job(service=-5), "/jobs/0/service"),
        (job(service=None), "/jobs/0/service"),
        (job(setup=1 << 32), "/jobs/0/setup"),
        (job(priority=101), "/jobs/0/priority"),
        (job(delivery=[1]), "/jobs/0/delivery"),
        (job(pickup=[1, -1]), "/jobs/0/pickup/1"),
        (job(skills=["a"]), "/jobs/0/skills/0"),
        (job(time_windows=[]), "/jobs/0/time_windows"),
        (job(time_windows=[[5, 4]]), "/jobs/0/time_windows/0"),
        (job(time_windows=[[1, 2, 3]]), "/jobs/0/time_windows/0"),
        (job(time_windows=[0, 5]), "/jobs/0/time_windows/0"),
        (job(time_windows=[[0, 5], [5, 9]]), "/jobs/0/time_windows"),
        (job(service_per_type={"van": "1"}), "/jobs/0/service_per_type/van"),
        (body(jobs=[{"id": 2, "location_index": 1}] * 2), "/jobs/1/id"),
        (body(vehicles=[{"id": 1}], jobs=[]), "/vehicles/0"),
        (body(vehicles=[{"id": 1, "start_index": 0, "capacity": [1]}]), "/jobs/0/delivery"),
        (vehicle(capacity=5), "/vehicles/0/capacity"),
        (vehicle(speed_factor=0), "/vehicles/0/speed_factor"),
        (vehicle(speed_factor=6), "/vehicles/0/speed_factor"),
        (vehicle(time_window=[9, 1]), "/vehicles/0/time_window"),
        (vehicle(breaks=[{"id": 1}, {"id": 1}]), "/vehicles/0/breaks/1/id"),
        (vehicle(breaks=[{"id": 1, "max_load": [1]}]), "/vehicles/0/breaks/0/max_load"),
        (vehicle(steps=[{"type": "stop"}]), "/vehicles/0/steps/0/type"),
        (vehicle(steps=[{"type": "job"}]), "/vehicles/0/steps/0"),
        (vehicle(steps=[{"type": "job", "id": 9}]), "/vehicles/0/steps/0/id"),
        (vehicle(steps=[{"type": "job", "id": 2}] * 2), "/vehicles/0/steps/1"),
        (body(shipments=[{"pickup": {"id": 1, "location_index": 1}}]), "/shipments/0"),
        (body(matrices={"car": {"durations": []}}), "/matrices/car/durations"),
        (body(matrices={"car": {"durations": [[0, 1], [2]]}}), "/matrices/car/durations/1"),
        (body(matrices={"car": {"durations": [[0, 1.5], [2, 0]]}}), "/matrices/car/durations/0/1"),
        (body(matrices={"car": {"durations": [[0, -1], [2, 0]]}}), "/matrices/car/durations/0/1"),
        (body(matrices={"car": {"distances": [[0, 1], [2, 0]]}}), "/matrices/car"),
        (body(matrices={"car": {"durations": [[0]], "costs": [[0, 1], [1, 0]]}}), "/matrices/car"),
        (body(matrix=[[0]]), "/matrix"),
        (body(options={"g": 1}), "/options/g"),
        (body(options={"l": -1}), "/options/l"),
        (body(options={"x": 6}), "/options/x"),
    ],
)
def test_what_is_wrong_is_pointed_at(given, pointer):
    assert refused(given).pointer == pointer


def test_everything_that_is_documented_is_read():
    step = {"id": 8, "description": "d", "location_index": 0, "location": [1, 2], "setup": 1}
    given = body(
        jobs=[
            {
                "id": 2,
                "description": "door",
                "location": [118.1, 33.9],
                "location_index": 1,
                "setup": 60,
                "service": 300,
                "setup_per_type": {"bike": 5},
                "service_per_type": {"bike": 6},
                "delivery": [1, 2],
                "pickup": [3, 4],
                "skills": [1, 7],
                "priority": 10,
                "time_windows": [[50, 60], [0, 10]],
            }
        ],
        shipments=[
            {
                "pickup": step,
                "delivery": step | {"service": 9, "time_windows": [[0, 5]]},
                "amount": [1, 1],
                "skills": [2],
                "priority": 1,
            }
        ],
        vehicles=[
            {
                "id": 1,
                "profile": "car",
                "description": "v",
                "start": [118.1, 33.9],
                "start_index": 0,
                "end": [118.1, 33.9],
                "end_index": 0,
                "capacity": [9, 9],
                "costs": {"fixed": 1, "per_hour": 2, "per_task_hour": 3, "per_km": 4},
                "skills": [1],
                "type": "bike",
                "time_window": [0, 100],
                "breaks": [
                    {"id": 1, "time_windows": [[40, 50]], "service": 3, "description": "b"},
                    {"id": 2, "time_windows": [[10, 20]], "max_load": [1, 1]},
                ],
                "speed_factor": 1.25,
                "max_tasks": 4,
                "max_travel_time": 1000,
                "max_distance": 2000,
                "steps": [
                    {"type": "start", "service_after": 1},
                    {"type": "job", "id": 2, "service_at": 5, "service_before": 6},
                    {"type": "break", "id": 2},
                    {"type": "end"},
                ],
            }
        ],
        options={"g": True, "c": False, "l": 2.5, "t": 4, "x": 5},
    )

    found = read(json.dumps(given))

    one, pickup, delivery = found.tasks
    assert (one.setup_for_s("bike"), one.service_for_s("bike"), one.service_for_s("")) == (
        5,
        6,
        300,
    )
    assert one.windows == (Window(0, 10), Window(50, 60))
    assert (pickup.kind, pickup.partner, pickup.pickup) == (Kind.PICKUP, 2, (1, 1))
    assert (delivery.kind, delivery.partner, delivery.skills) == (Kind.DELIVERY, 1, {2})
    (van,) = found.vehicles
    assert [rest.id for rest in van.breaks] == [2, 1]
    assert van.steps[2].of == 0
    assert (van.tasks_max, van.travel_max_s, van.distance_max_m) == (4, 1000, 2000)
    assert (found.options.geometry, found.options.limit_s) == (True, 2.5)


def test_the_old_names_of_matrices_and_amounts_are_understood():
    given = body(matrix=[[0, 1], [1, 0]], jobs=[{"id": 2, "location_index": 1, "amount": [1, 2]}])
    del given["matrices"]

    found = read(json.dumps(given))

    assert found.tasks[0].delivery == (1, 2)
    assert found.tables["car"].durations_s.tolist() == [[0, 1], [1, 0]]
