"""A problem as flat arrays, the way compiled kernels read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.cores import on_all_cores
from routing.vrp.nearby import LARGE, near_together
from routing.vrp.problem import Break, Problem, Vehicle, Visit, Window

NEVER: Final = 1 << 61
"""Later than every moment, farther than every road; two of them still fit an int64."""

_ORDERED_MAX: Final = 10
"""With more breaks, only the order by latest begin is tried. Chosen: each subset of them is looked at."""

_ORDERS_MAX: Final = 6
"""All orders of three breaks. Of breaks whose windows lie apart there is but one."""

NOWHERE: Final = -1
"""The place of an open start or end; below every place."""


class Packed(NamedTuple):
    """
    V visits, K vehicles, D dimensions, M matrices, G groups; all int64 unless said.

    Ragged rows are cut by offsets: the windows of visit v are rows window_from[v] … window_from[v +
    1] of `windows` (earliest, latest). A visit without windows has one that never ends. The visits
    of group g are members[member_from[g]] … members[member_from[g + 1]], alternatives of each other.

    Places are rows of the matrices here; where there are many, near ones stand together, and their numbers are not the
    problem's. `distances_m` is `durations_s` where a drive takes as many seconds as metres, as in public instances.
    """

    durations_s: NDArray[np.int32]  # (M, n, n): `Problem.ready_s`
    distances_m: NDArray[np.int32]  # (M, n, n)
    place: NDArray[np.int64]  # (V,)
    service_s: NDArray[np.int64]  # (V,)
    loads: NDArray[np.int64]  # (V, D)
    deliveries: NDArray[np.int64]  # (V, D)
    unload_s: NDArray[np.int64]  # (V,)
    due_s: NDArray[np.int64]  # (V,), NEVER where nothing waits
    release_s: NDArray[np.int64]  # (V,)
    group: NDArray[np.int64]  # (V,), -1 where the visit has no alternative
    member_from: NDArray[np.int64]  # (G + 1,)
    members: NDArray[np.int64]
    brings: NDArray[np.int64]  # (V,): the visit that picks up what this one drops, -1 for none
    brought_by: NDArray[np.int64]  # (V,): the inverse
    window_from: NDArray[np.int64]  # (V + 1,)
    windows: NDArray[np.int64]  # (W, 2)
    matrix: NDArray[np.int64]  # (K,)
    ends: NDArray[np.int64]  # (K, 2): start and end place, NOWHERE where open
    shift: NDArray[np.int64]  # (K, 2)
    capacities: NDArray[np.int64]  # (K, D)
    limits: NDArray[
        np.int64
    ]  # (K, 4): metres of the shift without further swaps, seconds, trips, seconds before overtime
    turnaround_s: NDArray[np.int64]  # (K,)
    prices: NDArray[np.int64]  # (K, 4): fixed, per metre, per second, per second of overtime
    break_from: NDArray[np.int64]  # (K + 1,)
    breaks: NDArray[np.int64]  # (B, 3): earliest, latest, duration, in the order of `break_order`
    swaps: NDArray[np.int64]  # (S, 3): place, seconds, metres charged in a minute (0: all at once)
    may_swap: NDArray[np.bool_]  # (K, S); none where the range is endless
    swapped_at_m: NDArray[np.int64]  # (K,)
    allowed: NDArray[np.bool_]  # (V, K): skills and capacity suffice
    made: NDArray[np.int64]  # (V, K): what a visit costs by itself; (V, 0) where none does


def pack(problem: Problem) -> Packed:
    """Copy the problem into arrays. O(V·K + M·n²)."""
    visits, vehicles = problem.visits, problem.vehicles
    dimensions = len(problem.dimensions)
    groups = _groups(visits)
    ready_s = [problem.ready_s(each) for each in range(len(problem.matrices))]
    metres = [each.distances_m for each in problem.matrices]
    order = near_together(ready_s[0]) if ready_s and len(ready_s[0]) >= LARGE else None
    rows = None if order is None else np.argsort(order).tolist()
    durations_s = _stack(ready_s, order)
    are_one = all(some is others for some, others in zip(ready_s, metres, strict=True))
    return Packed(
        durations_s=durations_s,
        distances_m=durations_s if are_one else _stack(metres, order),
        place=_column([_row(visit.place, rows) for visit in visits]),
        service_s=_column([visit.service_s for visit in visits]),
        loads=_table([visit.loads for visit in visits], dimensions),
        deliveries=_table([_deliveries(visit, dimensions) for visit in visits], dimensions),
        unload_s=_column([visit.unload_s for visit in visits]),
        due_s=_column([NEVER if visit.due_s is None else visit.due_s for visit in visits]),
        release_s=_column([visit.release_s for visit in visits]),
        group=_group_of(groups, len(visits)),
        member_from=_offsets([len(members) for members in groups]),
        members=_column([visit for members in groups for visit in members]),
        brings=_column([-1 if visit.brings is None else visit.brings for visit in visits]),
        brought_by=_brought_by(visits),
        window_from=_offsets([len(_windows(visit)) for visit in visits]),
        windows=_table(
            [(each.earliest_s, each.latest_s) for visit in visits for each in _windows(visit)], 2
        ),
        matrix=_column([vehicle.matrix for vehicle in vehicles]),
        ends=_table([(_row(v.start_place, rows), _row(v.end_place, rows)) for v in vehicles], 2),
        shift=_table([(v.shift.earliest_s, v.shift.latest_s) for v in vehicles], 2),
        capacities=_table([vehicle.capacities for vehicle in vehicles], dimensions),
        limits=_table(
            [
                (
                    _limit(v.range_m) + v.swapped_at_m,
                    _limit(v.duration_limit_s),
                    v.trips_max,
                    _limit(v.overtime_after_s),
                )
                for v in vehicles
            ],
            4,
        ),
        turnaround_s=_column([vehicle.turnaround_s for vehicle in vehicles]),
        prices=_table(
            [(v.fixed_cost, v.cost_per_m, v.cost_per_s, v.overtime_cost_per_s) for v in vehicles], 4
        ),
        break_from=_offsets([len(vehicle.breaks) for vehicle in vehicles]),
        breaks=_table([rest for vehicle in vehicles for rest in _rests(vehicle)], 3),
        swaps=_table(
            [
                (_row(each.place, rows), each.takes_s, each.charged_m_per_minute or 0)
                for each in problem.swaps
            ],
            3,
        ),
        may_swap=_may_swap(problem),
        swapped_at_m=_column([vehicle.swapped_at_m for vehicle in vehicles]),
        allowed=_allowed(problem),
        made=_made(problem),
    )


def break_orders(vehicle: Vehicle) -> tuple[tuple[int, ...], ...]:
    """
    The orders in which the vehicle's breaks can be taken one after the other, at most six.

    That by latest begin comes first if it is one of them, and stands alone if there is none.
    """
    breaks = vehicle.breaks
    by_latest = sorted(
        range(len(breaks)),
        key=lambda each: (breaks[each].window.latest_s, breaks[each].window.earliest_s),
    )
    if len(breaks) > _ORDERED_MAX:
        return (tuple(by_latest),)
    orders = _takeable(breaks, tuple(by_latest), 0, set())
    return tuple(islice(orders, _ORDERS_MAX)) or (tuple(by_latest),)


def break_order(vehicle: Vehicle) -> tuple[int, ...]:
    """The one order of its breaks that our searches look at; `schedule` tries all."""
    return break_orders(vehicle)[0]


def can_rest(vehicle: Vehicle) -> bool:
    """Whether the vehicle's breaks can be taken in their order by one who does nothing else."""
    clock_s = 0
    for number in break_order(vehicle):
        rest = vehicle.breaks[number]
        clock_s = max(clock_s, rest.window.earliest_s)
        if clock_s > rest.window.latest_s:
            return False
        clock_s += rest.duration_s
    return True


def _takeable(
    breaks: Sequence[Break],
    waiting: tuple[int, ...],
    clock_s: int,
    failed: set[tuple[tuple[int, ...], int]],
) -> Iterator[tuple[int, ...]]:
    """The orders in which all that wait can be taken from `clock_s` on; of equal breaks one is enough."""
    if not waiting:
        yield ()
    late = any(clock_s > breaks[each].window.latest_s for each in waiting)
    if late or (waiting, clock_s) in failed:
        return
    found, tried = False, set[Break]()
    for number in waiting:
        rest = breaks[number]
        if rest in tried:
            continue
        tried.add(rest)
        end_s = max(clock_s, rest.window.earliest_s) + rest.duration_s
        others = tuple(each for each in waiting if each != number)
        for later in _takeable(breaks, others, end_s, failed):
            found = True
            yield (number, *later)
    if not found:
        failed.add((waiting, clock_s))


def _rests(vehicle: Vehicle) -> list[tuple[int, int, int]]:
    rests = [vehicle.breaks[number] for number in break_order(vehicle)]
    return [(rest.window.earliest_s, rest.window.latest_s, rest.duration_s) for rest in rests]


def _windows(visit: Visit) -> tuple[Window, ...]:
    return visit.windows or (Window(0, NEVER),)


def _deliveries(visit: Visit, dimensions: int) -> tuple[int, ...]:
    return visit.deliveries or (0,) * dimensions


def _groups(visits: Sequence[Visit]) -> list[list[int]]:
    """The visits of each group."""
    groups: dict[int, list[int]] = {}
    for number, visit in enumerate(visits):
        if visit.group is not None:
            groups.setdefault(visit.group, []).append(number)
    return list(groups.values())


def _group_of(groups: Sequence[Sequence[int]], visits: int) -> NDArray[np.int64]:
    group_of = np.full(visits, -1, dtype=np.int64)
    for number, members in enumerate(groups):
        group_of[list(members)] = number
    return group_of


def _brought_by(visits: Sequence[Visit]) -> NDArray[np.int64]:
    brought_by = np.full(len(visits), -1, dtype=np.int64)
    for number, visit in enumerate(visits):
        if visit.brings is not None:
            brought_by[visit.brings] = number
    return brought_by


def _row(place: int | None, rows: Sequence[int] | None) -> int:
    """The row of a place in the packed matrices."""
    if place is None:
        return NOWHERE
    return place if rows is None else rows[place]


def _limit(limit: int | None) -> int:
    return NEVER if limit is None else limit


def _allowed(problem: Problem) -> NDArray[np.bool_]:
    """Shape (V, K): whether the vehicle is skilled and big enough for the visit."""
    visits, vehicles = problem.visits, problem.vehicles
    allowed = np.zeros((len(visits), len(vehicles)), dtype=np.bool_)
    dimensions = len(problem.dimensions)
    loads = np.maximum(
        _table([visit.loads for visit in visits], dimensions),
        _table([_deliveries(visit, dimensions) for visit in visits], dimensions),
    )
    skilled: dict[frozenset[str], NDArray[np.bool_]] = {}
    for number, vehicle in enumerate(vehicles):
        column = (loads <= np.array(vehicle.capacities, dtype=np.int64)).all(axis=1)
        if vehicle.skills not in skilled:
            skilled[vehicle.skills] = np.array(
                [visit.skills <= vehicle.skills for visit in visits], dtype=np.bool_
            )
        allowed[:, number] = column & skilled[vehicle.skills]
    return allowed


def _may_swap(problem: Problem) -> NDArray[np.bool_]:
    may_swap = np.zeros((len(problem.vehicles), len(problem.swaps)), dtype=np.bool_)
    for number, vehicle in enumerate(problem.vehicles):
        if vehicle.range_m is not None:
            may_swap[number, list(vehicle.swaps)] = True
    return may_swap


def _made(problem: Problem) -> NDArray[np.int64]:
    """Shape (V, K), or (V, 0) where no visit costs anything by itself."""
    visits = problem.visits
    if not any(visit.cost or visit.preferences for visit in visits):
        return np.zeros((len(visits), 0), dtype=np.int64)
    made = np.empty((len(visits), len(problem.vehicles)), dtype=np.int64)
    for number, visit in enumerate(visits):
        made[number] = visit.cost
        for preference in visit.preferences:
            made[number] += preference.cost_otherwise
            made[number, list(preference.vehicles)] -= preference.cost_otherwise
    return made


def _column(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


def _table(rows: list[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width)


def _offsets(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))).astype(np.int64)


def _stack(
    matrices: Sequence[NDArray[np.int32]], order: NDArray[np.int64] | None
) -> NDArray[np.int32]:
    """
    Shape (M, n, n), row by row in memory and not to be written: kernels are compiled for that kind only.

    Places stand in `order`; None: as in the problem.
    """
    size = len(matrices[0]) if matrices else 0
    if order is not None:
        stacked = np.empty((len(matrices), size, size), np.int32)
        for number, matrix in enumerate(matrices):
            _arrange(matrix, order, stacked[number])
    elif len(matrices) == 1:
        stacked = np.ascontiguousarray(matrices[0])[np.newaxis]
    else:
        stacked = np.array(matrices, dtype=np.int32).reshape(len(matrices), size, size)
    stacked.setflags(write=False)
    return stacked


def _arrange(
    matrix: NDArray[np.int32], order: NDArray[np.int64], arranged: NDArray[np.int32]
) -> None:
    def arrange(rows: range) -> None:
        for row in rows:
            np.take(matrix[order[row]], order, out=arranged[row], mode="clip")

    on_all_cores(arrange, range(len(order)))
