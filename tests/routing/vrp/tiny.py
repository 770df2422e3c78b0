"""Tiny problems drawn by seed and rules, with numbers so small that every moment can be tried."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from routing.matrix import UNREACHABLE, Provenance, TravelMatrix
from routing.vrp.problem import (
    Break,
    Feature,
    Joint,
    Preference,
    Problem,
    Swap,
    Vehicle,
    Visit,
    Window,
)  # fmt: skip

HORIZON_S = 120


def tiny_problem(seed: int, features: frozenset[Feature], visits: int = 4) -> Problem:
    """Draw a problem that uses just these rules, with numbers so small that each moment can be tried."""
    draw = random.Random(f"{seed} {sorted(features)}")

    def uses(feature: Feature) -> bool:
        return feature in features

    dimensions = draw.choice([("weight_g",), ("weight_g", "volume_ml")])
    groups = draw.sample(range(visits), 2) if uses(Feature.ALTERNATIVES) else []
    price = draw.randrange(40, 300)
    drawn = []
    for number in range(visits):
        windows = []
        clock_s = draw.randrange(50)
        for _ in range(draw.choice([1, 2, 2]) if uses(Feature.SEVERAL_WINDOWS) else 1):
            windows.append(Window(clock_s, clock_s + draw.randrange(25)))
            clock_s = windows[-1].latest_s + draw.randrange(1, 40)
        if draw.random() < 0.3 and not (uses(Feature.SEVERAL_WINDOWS) and number == 0):
            windows = []
        cold = uses(Feature.SKILLS) and draw.random() < 0.5
        drawn.append(
            Visit(
                place=number + 1,
                service_s=draw.choice([0, 2, 5]),
                loads=tuple(draw.choice([0, 2, 4, 6]) for _ in dimensions),
                deliveries=tuple(draw.choice([0, 3, 6]) for _ in dimensions)
                if uses(Feature.DELIVERIES)
                else (),
                windows=tuple(windows),
                unload_s=draw.choice([0, 1, 4]) if uses(Feature.UNLOADING) else 0,
                due_s=draw.choice([None, draw.randrange(40, 110)]) if uses(Feature.DUE) else None,
                release_s=draw.choice([0, draw.randrange(5, 60)]) if uses(Feature.RELEASE) else 0,
                skills=frozenset({"cold"}) if cold else frozenset(),
                group=0 if number in groups else None,
                # Without prizes everything must be served, which may prove impossible.
                unserved_cost=price
                if uses(Feature.PRIZES) and (number in groups or draw.random() < 0.8)
                else None,
                cost=draw.choice([0, 15, 60]) if uses(Feature.VISIT_PRICES) else 0,
                preferences=_preferences(draw) if uses(Feature.VISIT_PRICES) else (),
            )
        )
    if uses(Feature.ALTERNATIVES):
        first, second = groups
        drawn[second] = replace(drawn[second], unserved_cost=drawn[first].unserved_cost)
    if uses(Feature.PAIRS):
        drawn = _paired(draw, drawn)
    joints: tuple[Joint, ...] = ()
    if uses(Feature.JOINTS):
        drawn, joints = _joined(draw, drawn)
    fleet = tuple(_vehicle(draw, features, dimensions) for _ in range(2))
    if uses(Feature.SKILLS):
        fleet = (replace(fleet[0], skills=frozenset({"cold"})), fleet[1])
    setups_s = ()
    if uses(Feature.SETUPS):  # some share a place, one after another
        drawn = [replace(each, place=draw.choice([1, 2, each.place])) for each in drawn]
        setups_s = (0, *(draw.choice([0, 3, 7]) for _ in range(visits + 1)))
    swaps: tuple[Swap, ...] = ()
    if uses(Feature.SWAPS):  # at the depot, and at a place of its own
        takes_s, fast = draw.choice([(3, None), (0, 300), (6, None)])
        far_s, slow = draw.choice([(2, None), (1, 600)])
        swaps = (
            Swap(place=0, takes_s=takes_s, charged_m_per_minute=fast),
            Swap(place=visits + 1, takes_s=far_s, charged_m_per_minute=slow),
        )
        near = [draw.randrange(25, 45) for _ in fleet]
        fleet = tuple(
            replace(each, range_m=range_m, swaps=draw.choice([(0,), (1,), (0, 1)]))
            for each, range_m in zip(fleet, near, strict=True)
        )
        setups_s = (*setups_s[:-1], 0) if setups_s else ()
    return Problem(
        swaps=swaps,
        matrices=(_matrix(draw, visits + 2),),
        setups_s=setups_s,
        visits=tuple(drawn),
        vehicles=fleet,
        dimensions=dimensions,
        joints=joints,
    )


def _joined(draw: random.Random, drawn: list[Visit]) -> tuple[list[Visit], tuple[Joint, ...]]:
    """One joint of two visits or more, no halves of pairs; all visits of a group or none of them."""
    halves = {each.brings for each in drawn}
    free = [
        number
        for number, visit in enumerate(drawn)
        if visit.brings is None and number not in halves
    ]
    members = set(draw.sample(free, min(len(free), draw.choice([2, 2, 3]))))
    groups = {drawn[each].group for each in members} - {None}
    members |= {each for each in free if drawn[each].group in groups}
    joint = draw.choice(
        [
            Joint(all_or_nothing=True),
            Joint(one_trip=True),
            Joint(all_or_nothing=True, one_trip=True),
            Joint(one_due=True),
            Joint(all_or_nothing=True, one_due=True),
        ]
    )
    joined = [
        replace(visit, joints=(0,)) if number in members else visit
        for number, visit in enumerate(drawn)
    ]
    return joined, (joint,)


def _paired(draw: random.Random, drawn: list[Visit]) -> list[Visit]:
    """One pair, of visits without alternatives, due moments and goods from the depot, and few windows."""
    free = [number for number, visit in enumerate(drawn) if visit.group is None]
    first, second = draw.sample(free, 2)
    plain = {"due_s": None, "release_s": 0, "unload_s": 0, "deliveries": ()}
    windows = draw.choice([(), (), drawn[first].windows])
    drawn[first] = replace(drawn[first], **plain, windows=windows)
    price = drawn[first].unserved_cost
    own = drawn[second].loads if second % 2 else tuple(0 for _ in drawn[second].loads)
    drawn[second] = replace(
        drawn[second],
        **plain,
        brings=first,
        loads=own,
        unserved_cost=price,
        windows=draw.choice([(), drawn[second].windows]),
    )
    return drawn


def _preferences(draw: random.Random) -> tuple[Preference, ...]:
    """Up to two, for one of both vehicles."""
    return tuple(
        Preference(vehicles=frozenset({draw.randrange(2)}), cost_otherwise=draw.randrange(80))
        for _ in range(draw.choice([0, 1, 1, 2]))
    )


def _matrix(draw: random.Random, places: int) -> TravelMatrix:
    """Ways on a small plane, a little longer in one direction; now and then there is none."""
    points = [(draw.randrange(10), draw.randrange(10)) for _ in range(places)]
    seconds = np.array([[abs(a - c) + abs(b - d) for c, d in points] for a, b in points])
    metres = 2 * seconds
    for row, column in itertools.permutations(range(places), 2):
        seconds[row, column] += draw.randrange(3)
        metres[row, column] += draw.randrange(5)
        if draw.random() < 0.05:
            seconds[row, column] = metres[row, column] = UNREACHABLE
    return TravelMatrix(
        durations_s=seconds.astype(np.int32),
        distances_m=metres.astype(np.int32),
        provenance=Provenance(network="made up", profile="tiny"),
    )


def _vehicle(
    draw: random.Random, features: frozenset[Feature], dimensions: Sequence[str]
) -> Vehicle:
    several = Feature.RELOADS in features
    opens = Feature.OPEN_ROUTES in features
    start, end = draw.choice([(0, None), (None, 0), (None, None)]) if opens else (0, 0)
    breaks = ()
    if Feature.BREAKS in features:
        earliest_s = draw.randrange(60)
        window = Window(earliest_s, earliest_s + draw.randrange(6))
        breaks = (Break(window=window, duration_s=draw.choice([3, 8])),)
        if not several and draw.random() < 0.4:
            earliest_s = draw.randrange(100)
            window = Window(earliest_s, earliest_s + draw.choice([0, 2, 15]))
            breaks += (Break(window=window, duration_s=draw.choice([3, 8])),)
    overtime = Feature.OVERTIME in features
    return Vehicle(
        shift=Window(draw.choice([0, 0, 10]), draw.choice([90, HORIZON_S])),
        start_place=start,
        end_place=end,
        capacities=tuple(draw.choice([6, 8, 12]) for _ in dimensions),
        range_m=draw.randrange(40, 120) if Feature.RANGE in features else None,
        duration_limit_s=draw.randrange(30, 70) if Feature.DURATION_LIMIT in features else None,
        breaks=breaks,
        trips_max=draw.choice([2, 3]) if several and not opens else 1,
        turnaround_s=draw.choice([0, 4]) if several else 0,
        overtime_after_s=draw.randrange(70) if overtime else None,
        overtime_cost_per_s=draw.choice([0, 1, 5]) if overtime else 0,
        fixed_cost=draw.choice([0, 20]),
        cost_per_m=draw.choice([0, 1, 2]),
        cost_per_s=draw.choice([0, 1, 3]),
    )
