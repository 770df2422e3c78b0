"""
What VROOM's documentation shows, section by section, as bodies of our own, and what VROOM 1.15 came to.

`THEIRS` holds, for each: minus priorities, tasks left out, cost; recorded with `-x 5`.
"""

from typing import Any

Body = dict[str, Any]

_SIDE = 4


def _matrix(pace: int = 240) -> list[list[int]]:
    """Seconds between crossings of a small town of one-way streets, row by row; back is a little longer."""
    places = [divmod(place, _SIDE) for place in range(_SIDE * _SIDE)]
    return [
        [pace * (abs(a - c) + abs(b - d)) + 7 * ((a - c) % 3) for c, d in places] for a, b in places
    ]


def _town(**more: Any) -> Body:
    return {"matrices": {"car": {"durations": _matrix()}}} | more


def _jobs(*places: int, **facts: Any) -> list[Body]:
    return [{"id": 10 + place, "location_index": place} | facts for place in places]


def _van(number: int = 1, **facts: Any) -> Body:
    return {"id": number, "start_index": 0, "end_index": 0} | facts


BODIES: dict[str, Body] = {
    "a day with two vans, jobs and a shipment": _town(
        vehicles=[
            _van(1, capacity=[4], skills=[1, 9], time_window=[28_800, 43_200],
                 breaks=[{"id": 1, "service": 300, "time_windows": [[32_400, 34_200]]}]),
            _van(2, capacity=[4], skills=[2, 9], time_window=[28_800, 43_200],
                 breaks=[{"id": 2, "service": 300, "time_windows": [[36_000, 37_800]]}]),
        ],
        jobs=[
            {"id": 1, "location_index": 3, "service": 300, "delivery": [1], "skills": [1],
             "time_windows": [[32_400, 36_000]]},
            {"id": 2, "location_index": 6, "service": 300, "pickup": [1], "skills": [1]},
            {"id": 5, "location_index": 15, "service": 300, "delivery": [1], "skills": [9]},
            {"id": 6, "location_index": 12, "service": 300, "delivery": [1], "skills": [2]},
        ],
        shipments=[
            {"amount": [1], "skills": [2],
             "pickup": {"id": 4, "service": 300, "location_index": 9},
             "delivery": {"id": 3, "service": 300, "location_index": 14}},
        ],
    ),
    "a matrix of one's own": _town(
        vehicles=[{"id": 0, "start_index": 5, "end_index": 10}], jobs=_jobs(1, 4, 15)
    ),
    "skills": _town(
        vehicles=[_van(1, skills=[7]), _van(2)],
        jobs=[*_jobs(5, 6, skills=[7]), *_jobs(10, 11), *_jobs(3, skills=[8])],
    ),
    "priorities": _town(
        vehicles=[_van(time_window=[0, 2_200])],
        jobs=[*_jobs(1, 2, 3, 5), *_jobs(12, priority=10)],
    ),
    "setups and services, by type of vehicle": _town(
        vehicles=[_van(1, type="bike", max_tasks=4), _van(2, type="lorry")],
        jobs=[*_jobs(5, 6, 9, 10, setup=120, service=60, service_per_type={"lorry": 30}, setup_per_type={"bike": 0}), {"id": 99, "location_index": 5, "setup": 120, "service": 60}],
    ),
    "windows of a day": _town(
        vehicles=[_van(time_window=[0, 14_400])],
        jobs=_jobs(3, 12, 15, 6, service=300, time_windows=[[0, 1_200], [5_000, 6_000]]),
    ),
    "windows in seconds since 1970": _town(
        vehicles=[_van(time_window=[1_700_000_000, 1_700_014_400])],
        jobs=_jobs(3, 12, service=300, time_windows=[[1_700_003_600, 1_700_007_200]]),
    ),
    "costs of vehicles": _town(
        vehicles=[
            _van(1, costs={"fixed": 2_000}),
            _van(2, costs={"per_hour": 5_400, "per_task_hour": 900}),
        ],
        jobs=_jobs(3, 7, 11, 12, 13, service=200),
    ),
    "metres": _town(
        matrices={"car": {"durations": _matrix(), "distances": _matrix(1_500)}},
        vehicles=[
            _van(1, costs={"per_hour": 0, "per_km": 100}, max_distance=16_000),
            _van(2, costs={"per_hour": 1_800, "per_km": 50}),
        ],
        jobs=_jobs(3, 6, 9, 12, 15),
    ),
    "limits of tasks and of travel": _town(
        vehicles=[_van(1, max_tasks=2), _van(2, max_travel_time=1_500)],
        jobs=_jobs(1, 2, 4, 5, 8, 9),
    ),
    "speeds": _town(
        vehicles=[_van(1, speed_factor=1.5, time_window=[0, 2_000]), _van(2, speed_factor=0.8)],
        jobs=_jobs(3, 6, 9, 12, 15),
    ),
    "breaks with a load": _town(
        vehicles=[
            _van(capacity=[5], time_window=[0, 14_400], breaks=[
                {"id": 1, "service": 900, "time_windows": [[1_500, 2_400], [4_800, 5_400]], "max_load": [2]},
            ]),
        ],
        jobs=_jobs(3, 7, 12, delivery=[1], service=60) + _jobs(10, pickup=[2], service=60),
    ),
    "open ends": _town(
        vehicles=[{"id": 1, "start_index": 0}, {"id": 2, "end_index": 15}], jobs=_jobs(3, 6, 9, 12)
    ),
    "steps to begin with": _town(
        vehicles=[
            _van(1, steps=[{"type": "start"}, {"type": "job", "id": 22}, {"type": "end"}]),
            _van(2, steps=[{"type": "job", "id": 13}]),
        ],
        jobs=_jobs(3, 6, 9, 12),
    ),
    "a matrix of costs": _town(
        matrices={"car": {"durations": _matrix(), "costs": [row[::-1] for row in _matrix()[::-1]]}},
        vehicles=[_van()],
        jobs=_jobs(5, 6, 9, 14),
    ),
}  # fmt: skip

THEIRS: dict[str, tuple[int, int, int]] = {
    "a day with two vans, jobs and a shipment": (0, 0, 4842),
    "a matrix of one's own": (0, 0, 2414),
    "skills": (0, 1, 2421),
    "priorities": (-10, 2, 1941),
    "setups and services, by type of vehicle": (0, 0, 1941),
    "windows of a day": (0, 1, 2901),
    "windows in seconds since 1970": (0, 0, 2880),
    "costs of vehicles": (0, 0, 4601),
    "metres": (0, 0, 3131),
    "limits of tasks and of travel": (0, 0, 2421),
    "speeds": (0, 0, 4355),
    "breaks with a load": (0, 0, 2901),
    "open ends": (0, 0, 2181),
    "steps to begin with": (0, 0, 2901),
    "a matrix of costs": (0, 0, 2442),
}
