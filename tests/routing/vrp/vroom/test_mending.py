"""Routes made better by VROOM's own rules, by an engine-free search."""

import json
import time

import pytest

from routing.vrp.vroom.answer import answer_of
from routing.vrp.vroom.ground import ground_of
from routing.vrp.vroom.mending import Mender
from routing.vrp.vroom.reading import read

LINE = [[100 * abs(a - b) for b in range(6)] for a in range(6)]


def mended(body, routes, within_s=0.3):
    asked = read(json.dumps(body))
    ground = ground_of(asked, None)
    found = Mender(asked, ground).mend(routes, time.monotonic() + within_s)
    told = answer_of(asked, ground, list(found.values()), computing_ms={})
    return json.loads(json.dumps(told))


def on_a_line(jobs, **more):
    vehicle = {"id": 1, "start_index": 0, "end_index": 0} | more
    return {"vehicles": [vehicle], "jobs": jobs, "matrix": LINE}


@pytest.mark.parametrize("seed", range(30))
def test_routes_made_from_nothing_may_be_driven(seed, bodies, judge) -> None:
    body = bodies.generate(seed, tasks_max=20)

    told = mended(body, {})

    assert judge.complaints(body, told) == []


def test_without_time_routes_stay_as_they_are() -> None:
    body = on_a_line([{"id": n, "location_index": n} for n in (1, 2, 3)])

    told = mended(body, {0: (2, 0)}, within_s=-1)

    assert [step.get("id") for step in told["routes"][0]["steps"]] == [None, 3, 1, None]


def test_what_is_left_out_is_put_in_and_what_stands_badly_is_moved() -> None:
    body = on_a_line([{"id": n, "location_index": n} for n in (1, 2, 3, 4)])

    told = mended(body, {0: (2, 0, 3)})

    assert (told["unassigned"], told["summary"]["cost"]) == ([], 800)


def test_a_worthier_job_takes_the_place_of_another() -> None:
    jobs = [{"id": 1, "location_index": 1}, {"id": 2, "location_index": 5, "priority": 3}]

    told = mended(on_a_line(jobs, max_tasks=1), {0: (0,)})

    assert [each["id"] for each in told["unassigned"]] == [1]


def test_a_long_route_that_takes_too_long_is_shortened() -> None:
    jobs = [{"id": n, "location_index": 1, "service": 10} for n in range(200)]
    asked = read(json.dumps(on_a_line(jobs, time_window=[0, 1_000])))

    route = Mender(asked, ground_of(asked, None)).shortened(0, tuple(range(200)))

    assert route is not None
    assert 60 <= len(route.way.numbers) <= 80
