"""What the search's compiled loops read of a problem: rows by visit and by vehicle, neighbours, prices of leaving out."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.cores import on_all_cores
from routing.matrix import UNREACHABLE
from routing.vrp.insertion import twins
from routing.vrp.packed import NEVER, Packed
from routing.vrp.problem import Problem

_NEAR: Final = 100
"""Neighbours of a visit whose trips may lose a string together with its own; the paper looks at all."""

_BESIDE: Final = 60
_BESIDE_TIMED: Final = 100
"""Neighbours beside which a visit may be put back, without and with clocks, where the nearest may not be in time:
chosen. Four VRPTW instances after 12 s, one seed, gaps with 60 and about 100: R1_10_2 2.1 and 1.5 %,
RC1_10_4 1.0 and 1.0, C1_10_2 2.1 and 2.1, RC2_10_8 2.2 and 3.8, where runs alike differ by as much."""

_NEAREST: Final = 8
_WARMTH_LEAST: Final = 0.05
"""Neighbours that tell how far apart visits lie around one, and the least of that, beside the mean. Chosen."""

_WAIT_WEIGHT: Final = 0.2
_LATE_WEIGHT: Final = 1.0
"""What a second of waiting, and of being late, adds to the distance of two visits: as in Vidal et al. (2013)."""


PLACE: Final = 0
SERVICE: Final = 1
OPENS: Final = 2
CLOSES: Final = 3
RELEASED: Final = 4
DUE_BACK: Final = 5
GROUP: Final = 6
BRINGS: Final = 7
BROUGHT_BY: Final = 8
UNLOAD: Final = 9
"""Columns of `Model.visit`."""

START: Final = 0
END: Final = 1
MATRIX: Final = 2
FROM_S: Final = 3
UNTIL_S: Final = 4
RANGE_M: Final = 5
LONGEST_S: Final = 6
TRIPS_MAX: Final = 7
TURNAROUND: Final = 8
KIND: Final = 9
FIXED: Final = 10
EACH_M: Final = 11
EACH_S: Final = 12
EXACT: Final = 13
OVER_S: Final = 14
OVER_FROM: Final = 15
"""Columns of `Model.vehicle`: EACH_S is paid for each second, OVER_S besides from OVER_FROM on; EXACT tells that segments (`search_state`) do not say all of its day."""


class Model(NamedTuple):
    """
    What a search knows of a problem with V visits, K vehicles of C kinds, D dimensions.

    near
        int32 (V, N): a visit's neighbours, nearest first.
    beside, beside_m, beside_s
        int32 (V, B): those beside which it may be put, waiting and lateness counted, and the least
        metres and seconds between, of every matrix and both directions.
    unserved
        float64 (V,): what leaving each visit out costs.
    warmth
        float64 (V,): what a temperature of 1 is around each visit: in the plain case what `warmth_of` says, else 1.
    members, member_from
        The visits of each group, as in `Packed`.
    timed
        Whether time can forbid or cost anything at all.
    mixed
        Whether trips both bring and fetch, or carry between visits, so that the fullest moment lies between.
    paired
        Whether some visits are halves of pairs; the first of both stands for the pair.
    simple
        One matrix, one dimension, nothing brought, seconds cost nothing, no range, segments say all:
        the common case, for which places are priced in one loop.
    restricted
        Whether some vehicle must not make some visit.
    as_long
        Whether a drive takes as many seconds as metres, as in public instances.
    unlike
        Whether vehicles are paid unlike.
    plain
        Neither clocks nor vehicles paid unlike.
    priced
        Whether the length of a day costs something or is limited.
    picky
        Whether it costs something by itself who makes a visit, or that it is made (`made`).
    """

    durations_s: NDArray[np.int32]  # (M, n, n)
    distances_m: NDArray[np.int32]  # (M, n, n)
    visit: NDArray[np.int64]  # (V, 10)
    loads: NDArray[np.int64]  # (V, 2 D): fetched, then brought
    carried: NDArray[np.int64]  # (V, D): more on board after the visit, for pairs
    vehicle: NDArray[np.int64]  # (K, 16)
    capacity: NDArray[np.int64]  # (K, D)
    allowed: NDArray[np.bool_]  # (V, C)
    near: NDArray[np.int32]
    beside: NDArray[np.int32]
    beside_m: NDArray[np.int32]
    beside_s: NDArray[np.int32]
    unserved: NDArray[np.float64]
    warmth: NDArray[np.float64]
    required: NDArray[np.bool_]
    made: NDArray[np.int64]  # (V, K), as in `Packed`
    member_from: NDArray[np.int64]
    members: NDArray[np.int64]
    timed: bool
    mixed: bool
    paired: bool
    simple: bool
    restricted: bool
    as_long: bool
    unlike: bool
    plain: bool
    priced: bool
    picky: bool


def model_of(problem: Problem, packed: Packed) -> Model:
    """What the search knows of a problem. O(V·n + V·K)."""
    visits, vehicles = packed.allowed.shape
    firsts, kinds = np.unique(twins(packed), return_inverse=True)
    windows = np.stack(
        [
            packed.windows[packed.window_from[:-1], 0],
            packed.windows[packed.window_from[1:] - 1, 1],
        ],
        axis=1,
    ).reshape(visits, 2)
    several = bool((np.diff(packed.window_from) > 1).any())
    visit = np.stack(
        [
            packed.place, packed.service_s, windows[:, 0], windows[:, 1],
            packed.release_s, packed.due_s, packed.group, packed.brings, packed.brought_by,
            packed.unload_s,
        ],
        axis=1,
    ).reshape(visits, 10)  # fmt: skip
    swaps = packed.may_swap.any(axis=1)
    exact = (np.diff(packed.break_from) > 0) | several | swaps
    range_m = np.where(swaps, NEVER, packed.limits[:, 0])  # the schedule knows
    vehicle = np.stack(
        [
            packed.ends[:, 0], packed.ends[:, 1], packed.matrix, packed.shift[:, 0],
            packed.shift[:, 1], range_m, packed.limits[:, 1], packed.limits[:, 2],
            packed.turnaround_s, kinds.reshape(-1), packed.prices[:, 0], packed.prices[:, 1],
            packed.prices[:, 2], exact.astype(np.int64), packed.prices[:, 3], packed.limits[:, 3],
        ],
        axis=1,
    ).reshape(vehicles, 16)  # fmt: skip
    timed = _timed(packed, visit)
    unlike = bool((packed.prices != packed.prices[:1]).any())
    plain = not timed and not unlike
    near, beside = neighbours(packed, visit, timed=timed)
    firsts_of_pairs = packed.brought_by >= 0
    return Model(
        durations_s=packed.durations_s,
        distances_m=packed.distances_m,
        visit=np.ascontiguousarray(visit, np.int64),
        loads=np.concatenate(
            [np.where(firsts_of_pairs[:, None], 0, packed.loads), packed.deliveries], axis=1
        ),
        carried=_carried(packed),
        vehicle=np.ascontiguousarray(vehicle, np.int64),
        capacity=packed.capacities,
        allowed=np.ascontiguousarray(packed.allowed[:, firsts]),
        near=near,
        beside=beside,
        beside_m=least_between(packed.distances_m, visit, beside),
        beside_s=least_between(packed.durations_s, visit, beside),
        unserved=_unserved(problem, packed),
        warmth=warmth_of(packed, visit, near) if plain else np.ones(visits),
        required=np.array([each.unserved_cost is None for each in problem.visits], np.bool_),
        made=packed.made,
        member_from=packed.member_from,
        members=packed.members,
        timed=timed,
        simple=bool(
            len(packed.distances_m) == 1
            and packed.loads.shape[1] == 1
            and not packed.deliveries.any()
            and not packed.prices[:, 2:].any()
            and (packed.limits[:, 0] >= NEVER).all()
            and not exact.any()
            and not packed.made.any()
            and not firsts_of_pairs.any()
        ),
        restricted=not bool(packed.allowed.all()),
        unlike=unlike,
        plain=plain,
        picky=packed.made.shape[1] > 0,
        priced=bool(packed.prices[:, 2:].any() or (packed.limits[:, 1] < NEVER).any()),
        as_long=packed.durations_s is packed.distances_m,
        mixed=bool(packed.loads.any() and packed.deliveries.any()) or bool(firsts_of_pairs.any()),
        paired=bool(firsts_of_pairs.any()),
    )


def warmth_of(
    packed: Packed, visit: NDArray[np.int64], near: NDArray[np.int32]
) -> NDArray[np.float64]:
    """What driving to the nearest of its neighbours costs from each visit, at the mean: float64 (V,)."""
    nearest = near[:, :_NEAREST]
    if not nearest.size:
        return np.ones(len(visit))
    place = visit[:, PLACE]
    away_m = packed.distances_m[0][place[:, np.newaxis], place[nearest]].mean(axis=1)
    away_m = np.maximum(away_m, _WARMTH_LEAST * away_m.mean())
    return np.asarray(float(packed.prices[:, 1].max(initial=0)) * away_m, np.float64)


def _carried(packed: Packed) -> NDArray[np.int64]:
    carried = np.zeros_like(packed.loads)
    second = np.flatnonzero(packed.brings >= 0)
    first = packed.brings[second]
    carried[first] = packed.loads[first]
    carried[second] = -packed.loads[first]
    return carried


def _unserved(problem: Problem, packed: Packed) -> NDArray[np.float64]:
    """What leaving out costs, a pair as a whole: float64 (V,). A required visit is dearer than a hundred drives to it."""
    stated = [visit.unserved_cost for visit in problem.visits]
    farthest_m = max((int(each.max(initial=0)) for each in packed.distances_m), default=0)
    longest_s = max((int(each.max(initial=0)) for each in packed.durations_s), default=0)
    dearest = packed.prices.max(axis=0, initial=0)
    alone = float(dearest[0]) + 2.0 * farthest_m * dearest[1] + 2.0 * longest_s * dearest[2:].sum()
    made = float(packed.made.max(initial=0))
    required = 100.0 * (alone + made + 1.0) + max(filter(None, stated), default=0)
    unserved = np.array([required if price is None else price for price in stated], np.float64)
    second = np.flatnonzero(packed.brings >= 0)
    unserved[packed.brings[second]] += unserved[second]
    unserved[second] = unserved[packed.brings[second]]
    return unserved


def _timed(packed: Packed, visit: NDArray[np.int64]) -> bool:
    """Whether time can forbid or cost anything: if not, no clock is kept."""
    if not visit.size or not packed.matrix.size:
        return False
    if packed.prices[:, 2:].any() or (packed.limits[:, 1] < NEVER).any() or packed.may_swap.any():
        return True
    if visit[:, 2].any() or visit[:, 4].any() or (visit[:, 5] < NEVER).any():
        return True
    farthest_s = int(packed.durations_s.max())
    if farthest_s >= UNREACHABLE:
        return True
    longest_s = int((packed.service_s + packed.unload_s).sum()) + 2 * len(visit) * farthest_s
    longest_s += int((packed.turnaround_s * packed.limits[:, 2].clip(max=len(visit))).max())
    latest_s = min(int(visit[:, 3].min()), int(packed.shift[:, 1].min()))
    return longest_s > latest_s - int(packed.shift[:, 0].max())


def neighbours(
    packed: Packed, visit: NDArray[np.int64], *, timed: bool
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """
    The visits nearest to each in driving time from it; and those beside which it may be put, where
    waiting and lateness between the two count as well.
    """
    others = max(len(visit) - 1, 0)
    shape = (len(visit), min(_BESIDE_TIMED if timed else _BESIDE, others))
    near = np.zeros((len(visit), min(_NEAR, others)), np.int32)
    beside = np.zeros(shape, np.int32)
    if not others or not len(packed.matrix):
        return near, beside

    def find(weight: float, found: NDArray[np.int32]) -> None:
        on_all_cores(
            lambda some: _nearest(
                packed.durations_s[0], visit, some.start, some.stop, weight, found
            ),
            range(len(visit)),
        )

    find(0.0, near)
    if timed:
        find(1.0, beside)
    else:
        beside[:] = near[:, : beside.shape[1]]
    return near, beside


@njit(cache=True, nogil=True)
def least_between(
    matrices: NDArray[np.int32], visit: NDArray[np.int64], beside: NDArray[np.int32]
) -> NDArray[np.int32]:
    """What lies between a visit and each of those beside it, by the best of matrices (M, n, n) and directions."""
    least = np.empty_like(beside)
    for one in range(len(beside)):
        for q in range(beside.shape[1]):
            here, there = visit[one, 0], visit[beside[one, q], 0]
            least[one, q] = min(matrices[0, here, there], matrices[0, there, here])
            for matrix in range(1, len(matrices)):
                least[one, q] = min(
                    least[one, q], matrices[matrix, here, there], matrices[matrix, there, here]
                )
    return least


@njit(cache=True, nogil=True)
def _nearest(
    durations_s: NDArray[np.int32],
    visit: NDArray[np.int64],
    first: int,
    stop: int,
    weight: float,
    near: NDArray[np.int32],
) -> None:
    """Write for visits `first` to before `stop` the others with the least keys, found with a heap whose top is the greatest."""
    visits, count = near.shape
    keys = np.empty(count)
    for one in range(first, stop):
        row = visit[one]
        drives_s = durations_s[row[0]]
        held = 0
        for other in range(visits):
            if other == one:
                continue
            each = visit[other]
            drive_s = float(drives_s[each[0]])
            if held == count and drive_s >= keys[0]:
                continue
            there = row[1] + drive_s
            out = _WAIT_WEIGHT * max(0.0, each[2] - there - row[3])
            out += _LATE_WEIGHT * max(0.0, row[2] + there - each[3])
            back_s = each[1] + drive_s
            back = _WAIT_WEIGHT * max(0.0, row[2] - back_s - each[3])
            back += _LATE_WEIGHT * max(0.0, each[2] + back_s - row[3])
            key = drive_s + weight * min(out, back)
            if held < count:
                at = held
                held += 1
                while at > 0 and keys[(at - 1) // 2] < key:
                    keys[at], near[one, at] = keys[(at - 1) // 2], near[one, (at - 1) // 2]
                    at = (at - 1) // 2
                keys[at], near[one, at] = key, other
            elif key < keys[0]:
                at = 0
                while True:
                    child = 2 * at + 1
                    if child >= count:
                        break
                    if child + 1 < count and keys[child + 1] > keys[child]:
                        child += 1
                    if keys[child] <= key:
                        break
                    keys[at], near[one, at] = keys[child], near[one, child]
                    at = child
                keys[at], near[one, at] = key, other
        order = np.argsort(keys)
        near[one] = near[one][order]
