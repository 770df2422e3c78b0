"""The environment of `benchmarks/waves`: judged by a walk of its own, on a made-up town."""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "benchmarks/waves"))
from environment import Day, RouteInvalid, Source, drawn_day
from strategies import STRATEGIES, hindsight_s


@pytest.fixture(scope="module")
def source():
    """Thirty customers, asymmetric, waves of 1,000 s, windows of all widths."""
    draw = np.random.default_rng(5)
    points = draw.integers(0, 900, (31, 2))
    far = np.abs(points[:, None] - points[None]).sum(axis=2)
    durations_s = far + np.triu(draw.integers(0, 90, far.shape), 1)
    opens = draw.integers(0, 9_000, 30)
    return Source(
        name="town",
        durations_s=durations_s.astype(np.int32),
        capacity=40,
        places=np.arange(1, 31),
        demands=draw.integers(1, 9, 30),
        windows=np.stack([opens, opens + draw.choice([50, 900, 4_000], 30)], axis=1),
        services_s=draw.integers(0, 60, 30),
        home_s=11_000,
        epoch_s=1_000,
    )


def reaches(source, request, leave_s):
    """Whether a route with nothing else makes it, told again."""
    begin_s = max(leave_s + source.durations_s[0, request.place], request.window.earliest_s)
    home_s = begin_s + request.service_s + source.durations_s[request.place, 0]
    return begin_s <= request.window.latest_s and home_s <= source.home_s


def walked(source, day, numbers, route, leave_s):
    """Seconds driven by a route of positions, or None where a rule is broken; counted from the far end."""
    requests = [day.requests[numbers[each]].request for each in route]
    if not requests or sum(each.demand for each in requests) > source.capacity:
        return None
    stops = [0, *(each.place for each in requests), 0]
    legs = [int(source.durations_s[a, b]) for a, b in pairwise(stops)]
    latest_s = source.home_s - legs[-1]
    for request, leg_s in zip(reversed(requests), reversed(legs[:-1]), strict=True):
        latest_s = min(latest_s - request.service_s, request.window.latest_s)
        if latest_s < request.window.earliest_s:
            return None
        latest_s -= leg_s
    return sum(legs) if leave_s <= latest_s else None


@pytest.mark.parametrize("name", ["greedy", "lazy", "random", "ours"])
def test_a_day_of_every_strategy_is_that_of_the_walk(source, name):
    day, paid_s, waves = Day(source, 3), 0, []
    while day.epoch is not None:
        numbers, asked, epoch = day.open, day.asked(), day.epoch
        leave_s = source.leave_s(epoch)
        waves.append(epoch)
        is_last = epoch == source.epochs[-1]
        for number, told in zip(numbers, asked.requests, strict=True):
            request = day.requests[number].request
            too_late = not reaches(source, request, leave_s + source.epoch_s)
            assert told.must_go == (is_last or too_late)
            assert reaches(source, request, leave_s)
        routes = STRATEGIES[name](asked, 0.05, 1)
        costs = [walked(source, day, numbers, route, leave_s) for route in routes]
        assert None not in costs
        paid_s += sum(costs)
        day.send(routes)
    assert waves == list(source.epochs)
    assert day.cost_s == paid_s


def test_the_same_seed_is_the_same_day_whatever_is_sent(source):
    days = [Day(source, 3), Day(source, 3)]

    for day, name in zip(days, ("greedy", "lazy"), strict=True):
        while day.epoch is not None:
            day.send(STRATEGIES[name](day.asked(), 0.0, 1))

    assert days[0].requests == days[1].requests == drawn_day(source, 3)
    assert drawn_day(source, 4) != drawn_day(source, 3)


def test_hindsight_costs_no_more_than_sending_everything(source):
    day = Day(source, 3)
    while day.epoch is not None:
        day.send(STRATEGIES["greedy"](day.asked(), 0.1, 1))

    assert hindsight_s(day, 1.0, 1) <= day.cost_s


def test_a_request_that_no_wave_can_make_is_never_drawn(source):
    for each in drawn_day(source, 1):
        assert reaches(source, each.request, source.leave_s(each.epoch))


def test_a_wave_leaves_one_interval_after_it_is_decided(source):
    assert [source.leave_s(epoch) for epoch in (0, 3)] == [1_000, 4_000]


def test_a_request_is_open_from_its_wave_on(source):
    day = Day(source, 3)
    first = day.epoch

    assert [day.requests[number].epoch for number in day.open] == [first] * len(day.open)


def at_a_wave_that_must_send(source):
    """A day at its first wave with a request that must go, and a route for each open request."""
    day = Day(source, 3)
    while not any(map(day.must_go, day.open)):
        day.send([])
    return day, [[position] for position in range(len(day.open))]


def without_what_must_go(day, routes):
    return [[n] for n, number in enumerate(day.open) if not day.must_go(number)]


SPOILS = {
    "twice": lambda _day, routes: [*routes, routes[0]],
    "had to go": without_what_must_go,
    "makes no request": lambda _day, routes: [*routes, []],
    "carries too much": lambda _day, routes: [[position for (position,) in routes]],
}


@pytest.mark.parametrize("fault", SPOILS)
def test_what_breaks_a_rule_is_refused(source, fault):
    day, routes = at_a_wave_that_must_send(source)

    with pytest.raises(RouteInvalid, match=fault):
        day.send(SPOILS[fault](day, routes))


@pytest.mark.parametrize(("fault", "spare_s"), [("too late", 10**6), ("back too late", 100)])
def test_what_comes_too_late_is_refused(source, fault, spare_s):
    day, routes = at_a_wave_that_must_send(source)
    leave_s = source.leave_s(day.epoch)
    day.source = replace(source, home_s=leave_s + spare_s, capacity=10**6)
    if fault == "too late":
        routes = [[position for (position,) in routes]]

    with pytest.raises(RouteInvalid, match=fault):
        day.send(routes)
