"""How large OR-Tools' model of a problem is, known without loading OR-Tools."""

from __future__ import annotations

from typing import Final, NamedTuple

from routing.vrp.cost import visit_cost
from routing.vrp.problem import Feature, Problem, Vehicle

MEMORY_MAX: Final = 2 << 30
"""What a model may take beside the problem itself. Chosen: half of what a small machine has."""

_ENTRY_BYTES: Final = 8
_PAIR_BYTES: Final = 64
_BASE_BYTES: Final = 128 << 20
"""
Of one number of a matrix, of one visit with one vehicle, and of all else; by the growth of the resident
set with OR-Tools 9.15 (2026-11-24). Visits × vehicles: taken, estimated, in MB:

1,000 × 1,000: 128, 212 · 2,000 × 66, three trips, due and release: 306, 275 · 2,000 × 2,000: 361, 464 ·
4,000 × 133: 403, 527 · 4,000 × 133, range: 546, 649 · 4,000 × 133, three trips, due and release: 736, 716 ·
6,000 × 200: 867, 1,026 · 9,000 × 300: 1,906, 2,148. Building the last one took 20 s.
"""


def extra_trips(problem: Problem, vehicle: Vehicle) -> int:
    """How often the vehicle may reload: never more often than there are visits to part."""
    return max(0, min(vehicle.trips_max, len(problem.visits)) - 1)


def nodes(problem: Problem) -> int:
    """The visits, one reload for each extra trip, and the distinct starts and ends."""
    return (
        len(problem.visits)
        + sum(extra_trips(problem, vehicle) for vehicle in problem.vehicles)
        + len({vehicle.start_place for vehicle in problem.vehicles})
        + len({vehicle.end_place for vehicle in problem.vehicles})
    )


def has_two_clocks(problem: Problem) -> bool:
    """Whether coming to a reload and leaving it must both be known."""
    return {Feature.RELEASE, Feature.DUE, Feature.RELOADS} <= problem.features


class PriceClass(NamedTuple):
    """What decides the price of an arc; `made` is what each visit costs by itself, () where none does."""

    matrix: int
    cost_per_m: int
    made: tuple[int, ...]


def price_classes(problem: Problem) -> list[PriceClass]:
    """The price class of each vehicle. O(visits · vehicles) where visits cost something by themselves."""
    is_priced = Feature.VISIT_PRICES in problem.features
    visits = problem.visits if is_priced else ()
    return [
        PriceClass(
            vehicle.matrix,
            vehicle.cost_per_m,
            tuple(visit_cost(visit, number) for visit in visits),
        )
        for number, vehicle in enumerate(problem.vehicles)
    ]


def matrices(problem: Problem) -> int:
    """Matrices over all nodes: prices, times, and metres where a range limits them."""
    driven = {vehicle.matrix for vehicle in problem.vehicles}
    priced = set(price_classes(problem))
    clocks = 2 if has_two_clocks(problem) else 1
    ranges = len(driven) if Feature.RANGE in problem.features else 0
    return len(priced) + clocks * len(driven) + ranges


def memory_bytes(problem: Problem) -> int:
    """About what the model takes at its largest: each matrix, and one in Python's lists besides."""
    pairs = len(problem.visits) * len(problem.vehicles)
    entries = nodes(problem) ** 2 * (matrices(problem) + 1)
    return _ENTRY_BYTES * entries + _PAIR_BYTES * pairs + _BASE_BYTES


def unfit(problem: Problem) -> str | None:
    """Why OR-Tools should not be given the problem; None if it may. It states every rule, but not each with every other."""
    if Feature.UNLOADING in problem.features:
        return "its model does not know how long the load of a trip is unloaded"
    if {Feature.PAIRS, Feature.RELOADS} <= problem.features:
        return "its model does not hold pairs of visits inside one of several trips"
    needed = memory_bytes(problem)
    if needed <= MEMORY_MAX:
        return None
    return (
        f"its model of {nodes(problem):,} nodes would take about {needed / 2**30:.1f} GiB "
        f"(limit {MEMORY_MAX / 2**30:.0f} GiB)"
    )
