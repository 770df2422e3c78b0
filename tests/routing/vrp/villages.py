"""Seeded problems that look like villages, and small ones full of awkward rules."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from routing.matrix import UNREACHABLE, Provenance, TravelMatrix
from routing.vrp.limits import MOMENT_MAX_S, PRICE_MAX, TOTAL_MAX
from routing.vrp.problem import Break, Preference, Problem, Vehicle, Visit, Window

_OWN_SHARE = 0.4
"""Of pairs whose second half loads something of its own besides."""


def matrix_of(durations_s: Sequence[Sequence[int]], metres_per_s: int = 5) -> TravelMatrix:
    seconds = np.array(durations_s, dtype=np.int64).reshape(len(durations_s), len(durations_s))
    metres = np.where(seconds >= UNREACHABLE, UNREACHABLE, seconds * metres_per_s)
    return TravelMatrix(
        durations_s=seconds.astype(np.int32),
        distances_m=metres.astype(np.int32),
        provenance=Provenance(network="made up", profile="three-wheeler"),
    )


def hard_problem(
    seed: int, visits: int | None = None, vehicles: int | None = None, pairs: float | None = None
) -> Problem:
    """
    Draw a problem in which, now and then, every rule binds.

    Windows are tight, shifts end early, loads come near the capacity, ways are one-way or missing.
    `pairs` is the share of visits that carry to one another, None for any.
    """
    draw = random.Random(seed)
    n = draw.choice([0, 1, 2, 3, 5, 8, 12]) if visits is None else visits
    fleet = draw.choice([0, 1, 1, 2, 3]) if vehicles is None else vehicles
    dimensions = draw.choice([(), ("weight_g",), ("weight_g", "volume_ml")])
    places = n + 2
    points = [(draw.randrange(1_500), draw.randrange(1_500)) for _ in range(places)]

    def matrix() -> TravelMatrix:
        rows = [[abs(a - c) + abs(b - d) for c, d in points] for a, b in points]
        for row in range(places):
            for column in range(places):
                if row != column:
                    rows[row][column] += draw.randrange(200)
                    if draw.random() < 0.03:
                        rows[row][column] = UNREACHABLE
        return matrix_of(rows)

    matrices = tuple(matrix() for _ in range(draw.choice([1, 1, 2])))
    drawn = [_visit(draw, place, dimensions) for place in range(2, places)]
    vehicles_drawn = [_vehicle(draw, len(matrices), dimensions) for _ in range(fleet)]
    unloaded = _with_unloading(random.Random(f"unloading {seed}"), drawn)
    visits_with_goods = _with_goods(
        random.Random(f"goods {seed}"), _grouped(random.Random(seed), list(unloaded))
    )
    return Problem(
        matrices=matrices,
        visits=with_pairs(
            random.Random(f"pairs {seed}"),
            _with_prices(random.Random(f"prices {seed}"), visits_with_goods, fleet),
            share=pairs,
        ),
        vehicles=tuple(_with_overtime(random.Random(f"overtime {seed}"), vehicles_drawn)),
        dimensions=dimensions,
    )


def _visit(draw: random.Random, place: int, dimensions: Sequence[str]) -> Visit:
    windows = []
    clock_s = draw.randrange(6_000)
    for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
        windows.append(Window(clock_s, clock_s + draw.choice([0, 300, 3_000])))
        clock_s = windows[-1].latest_s + draw.randrange(1, 4_000)
    return Visit(
        place=place,
        service_s=draw.choice([0, 60, 300, 900]),
        loads=tuple(draw.choice([0, 10, 45, 60, 120]) for _ in dimensions),
        windows=tuple(windows),
        due_s=draw.choice([None, None, None, draw.randrange(3_000, 15_000)]),
        skills=frozenset(draw.choice([(), (), (), ("cold",), ("cold", "tall")])),
        unserved_cost=draw.choice([0, 3_000, 100_000, 1_000_000, 1_000_000]),
    )


def _grouped(draw: random.Random, visits: Sequence[Visit]) -> Iterator[Visit]:
    """In a third of the problems some visits are alternatives of two or three."""
    groups = draw.choice([0, 0, 1 + len(visits) // 5])
    prices: dict[int, int | None] = {}
    for visit in visits:
        group = draw.randrange(2 * groups) if groups else 0
        if group < groups:
            price = prices.setdefault(group, visit.unserved_cost)
            yield replace(visit, group=group, unserved_cost=price)
        else:
            yield visit


def _with_unloading(draw: random.Random, visits: Iterable[Visit]) -> Iterator[Visit]:
    """In a third of the problems loads take their time at the depot."""
    takes_time = draw.choice([False, True, False])
    for visit in visits:
        unload_s = draw.choice([0, 20, 200])
        yield replace(visit, unload_s=unload_s) if takes_time else visit


def _with_goods(draw: random.Random, visits: Iterable[Visit]) -> Iterator[Visit]:
    """In a third of the problems goods are brought as well, some of them not before a release."""
    brings = draw.choice([False, True, False])
    for visit in visits:
        deliveries = tuple(draw.choice([0, 0, 30, 60]) for _ in visit.loads)
        release_s = draw.choice([0, 0, 0, draw.randrange(5_000)])
        yield replace(visit, deliveries=deliveries, release_s=release_s) if brings else visit


def _with_prices(draw: random.Random, visits: Iterable[Visit], vehicles: int) -> Iterator[Visit]:
    """In a third of the problems visits cost something by themselves, some more with other vehicles."""
    is_priced = draw.choice([False, True, False])
    for visit in visits:
        cost, cost_otherwise = draw.choice([0, 0, 400]), draw.choice([100, 2_000])
        liked = frozenset(draw.sample(range(vehicles), min(vehicles, draw.choice([0, 1, 2]))))
        preference = Preference(vehicles=liked, cost_otherwise=cost_otherwise)
        preferences = (preference,) if liked else ()
        yield replace(visit, cost=cost, preferences=preferences) if is_priced else visit


def with_pairs(
    draw: random.Random, visits: Iterable[Visit], share: float | None = None
) -> tuple[Visit, ...]:
    """In a third of the problems, by default, two thirds of the visits carry to one another."""
    visits = list(visits)
    halves = {each.brings for each in visits}
    free = [
        number
        for number, visit in enumerate(visits)
        if visit.group is None and visit.brings is None and number not in halves
    ]
    draw.shuffle(free)
    share = draw.choice([0, 0, 0.67]) if share is None else share
    pairs = round(share * len(free) / 2)
    for first, second in zip(free[:pairs], free[pairs : 2 * pairs], strict=False):
        plain = {"due_s": None, "release_s": 0, "unload_s": 0, "deliveries": ()}
        visits[first] = replace(visits[first], **plain)
        nothing = (0,) * len(visits[second].loads)
        own = visits[second].loads if draw.random() < _OWN_SHARE else nothing
        visits[second] = replace(visits[second], **plain, loads=own, brings=first)
    return tuple(visits)


def _vehicle(draw: random.Random, matrices: int, dimensions: Sequence[str]) -> Vehicle:
    starts_s = draw.choice([0, 0, 1_000, 4_000])
    trips_max = draw.choice([1, 1, 2, 3])
    start, end = (0, 0) if trips_max > 1 else draw.choice([(0, 0), (0, 1), (0, None), (None, 0)])
    breaks = []
    for _ in range(draw.choice([0, 0, 0, 1, 1, 2])):
        at_s = draw.randrange(9_000)
        breaks.append(
            Break(
                window=Window(at_s, at_s + draw.choice([0, 600, 3_000])),
                duration_s=draw.choice([300, 900]),
            )
        )
    return Vehicle(
        shift=Window(starts_s, starts_s + draw.choice([2_500, 8_000, 20_000])),
        matrix=draw.randrange(matrices),
        start_place=start,
        end_place=end,
        capacities=tuple(draw.choice([60, 100, 200]) for _ in dimensions),
        range_m=draw.choice([None, None, 15_000, 60_000]),
        duration_limit_s=draw.choice([None, None, 4_000, 9_000]),
        skills=frozenset(draw.choice([(), ("cold",), ("cold", "tall")])),
        breaks=tuple(breaks),
        trips_max=trips_max,
        turnaround_s=draw.choice([0, 200]),
        fixed_cost=draw.choice([0, 500, 20_000]),
        cost_per_m=draw.choice([0, 1, 3]),
        cost_per_s=draw.choice([0, 0, 1, 4]),
    )


def _with_overtime(draw: random.Random, vehicles: Iterable[Vehicle]) -> Iterator[Vehicle]:
    """In a third of the problems long days cost more."""
    pays = draw.choice([False, True, False])
    for vehicle in vehicles:
        after_s, cost_per_s = draw.choice([0, 1_500, 5_000]), draw.choice([1, 6])
        changes = {"overtime_after_s": after_s, "overtime_cost_per_s": cost_per_s}
        yield replace(vehicle, **changes) if pays else vehicle


def spoiled_statement(seed: int) -> dict[str, object]:
    """
    What a hard problem states, with up to four oddities in places: some cannot be refused.

    Numbers at their limits and one beyond, ways that do not exist, make no sense or lead nowhere,
    places that coincide, times that nobody can keep, prices of nothing.
    """
    draw = random.Random(f"spoiled {seed}")
    problem = hard_problem(
        seed, visits=draw.choice([1, 2, 4, 7, 10]), vehicles=draw.choice([1, 2, 3])
    )
    matrices = [(each.durations_s.copy(), each.distances_m.copy()) for each in problem.matrices]
    visits, vehicles = list(problem.visits), list(problem.vehicles)
    for _ in range(draw.randrange(5)):
        target = draw.choice(
            [_spoil_visit, _spoil_visit, _spoil_vehicle, _spoil_vehicle, _spoil_ways]
        )
        if target is _spoil_ways:
            _spoil_ways(draw, *draw.choice(matrices))
        else:
            things = visits if target is _spoil_visit else vehicles
            chosen = draw.choice([[draw.randrange(len(things))], range(len(things))])
            changes = target(draw, len(problem.dimensions))
            for number in chosen:
                things[number] = replace(things[number], **changes)
    return {
        "matrices": tuple(
            replace(each, durations_s=durations_s, distances_m=distances_m)
            for each, (durations_s, distances_m) in zip(problem.matrices, matrices, strict=True)
        ),
        "visits": tuple(visits),
        "vehicles": tuple(vehicles),
        "dimensions": problem.dimensions,
    }


def _spoil_visit(draw: random.Random, dimensions: int) -> dict[str, object]:
    late_s = draw.choice([MOMENT_MAX_S // 2, MOMENT_MAX_S - 1, MOMENT_MAX_S])
    much = draw.choice([TOTAL_MAX // 16, TOTAL_MAX - 1, TOTAL_MAX])
    return draw.choice(
        [
            {"place": draw.choice([0, 2])},
            {"service_s": draw.choice([0, 5_000, late_s])},
            {"loads": (draw.choice([0, much]),) * dimensions},
            {"deliveries": (draw.choice([0, 5, much]),) * dimensions},
            {"deliveries": ()},
            {"windows": ()},
            {"windows": (Window(0, late_s),)},
            {"windows": (Window(late_s, late_s),)},
            {"windows": tuple(Window(each, each) for each in range(600, 9_000, 600))},
            {"windows": (Window(0, 0), Window(9_000, late_s))},
            {"due_s": draw.choice([0, 3_000, late_s])},
            {"release_s": draw.choice([1, 3_000, late_s])},
            {"group": None, "unserved_cost": None},
            {"group": draw.choice([0, 1 << 40]), "unserved_cost": 5_000},
            {"group": 0},
            {"group": None, "unserved_cost": draw.choice([0, 1, 1 << 50, much])},
            {"skills": frozenset({draw.choice(["cold", "unknown"])})},
        ]
    )


def _spoil_vehicle(draw: random.Random, dimensions: int) -> dict[str, object]:
    late_s = draw.choice([MOMENT_MAX_S // 2, MOMENT_MAX_S - 1, MOMENT_MAX_S])
    much = draw.choice([TOTAL_MAX // 16, TOTAL_MAX - 1, TOTAL_MAX])
    dear = draw.choice([PRICE_MAX // 2, PRICE_MAX - 1, PRICE_MAX])
    moment_s = draw.randrange(9_000)
    rest = Break(window=Window(moment_s, moment_s), duration_s=draw.choice([0, 1, 300]))
    loose = Break(window=Window(0, late_s), duration_s=draw.choice([1, 900]))
    return draw.choice(
        [
            {"shift": Window(0, late_s)},
            {"shift": Window(moment_s, moment_s)},
            {"start_place": None, "end_place": None, "trips_max": 1},
            {"start_place": 1, "end_place": 1, "trips_max": 1 << 40},
            {"trips_max": 2},
            {"capacities": (draw.choice([0, much]),) * dimensions},
            {"range_m": draw.choice([0, much])},
            {"duration_limit_s": draw.choice([0, 3_000, late_s])},
            {"skills": frozenset()},
            {"breaks": (rest,)},
            {"breaks": (rest, rest)},
            {"breaks": (loose, rest, loose)},
            {"turnaround_s": draw.choice([1, late_s])},
            {"fixed_cost": draw.choice([0, 1 << 50, much])},
            {"cost_per_m": draw.choice([0, dear])},
            {"cost_per_s": draw.choice([0, dear])},
        ]
    )


def _spoil_ways(draw: random.Random, durations_s: np.ndarray, distances_m: np.ndarray) -> None:
    """In place; the ways from a place to itself stay nothing."""
    row, column = draw.sample(range(len(durations_s)), 2)
    far = draw.choice([UNREACHABLE, UNREACHABLE - 1, 0])
    kind = draw.randrange(6)
    if kind == 0:
        durations_s[row], distances_m[row] = far, far
    elif kind == 1:
        durations_s[:, row], distances_m[:, row] = far, far
    elif kind == 2:
        durations_s[row, column] = distances_m[row, column] = far
    elif kind == 3:  # a way without a length, or a length without a way
        draw.choice([durations_s, distances_m])[row, column] = UNREACHABLE
    elif kind == 4:  # two places coincide
        for ways in (durations_s, distances_m):
            ways[row], ways[:, row] = ways[column], ways[:, column]
    else:
        durations_s[:], distances_m[:] = far, far
    np.fill_diagonal(durations_s, 0)
    np.fill_diagonal(distances_m, 0)
