"""The shortest tour through all places: exact for few, farthest insertion and then search for many."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE

EXACT_MAX: Final = 13
"""So many places between the ends are settled by dynamic programming in 3 ms; each more takes twice
as long, and local search finds the same (2 busy cores, 2026-11-24)."""

_KICKS_PER_PLACE: Final = 100
"""After which the search ends before its budget does. At 50 and 100 random places the last gain came
before the 50th; they take 0.05 and 0.6 s, 200 take 2 s (2 busy cores, 2026-11-24)."""

_KICK_PLACES: Final = 30
"""Most places of a stretch that a kick moves: it stays near enough to be repaired. Chosen."""

_SMALL: Final = 30
_STARTS: Final = 40
"""Beginnings by chance, up to so many places. Of 1,000 drawn loops of 7 to 10 places with random durations one
was 63 % too long without them; with them all were the shortest (2026-11-25)."""

_MOVED_MAX: Final = 3
"""Places that local search moves together, as usual since Or (1976)."""

_SLICE_KICKS: Final = 200
"""Between two looks at the clock."""


class TourRefused(RoutingError):
    """Places that no tour can visit as asked for."""

    code: ClassVar[str] = "tour-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """
    Every place once, in the order of the visits.

    duration_s
        Of all drives, that from the last place back to the first included if the tour returns.
    is_shortest
        Whether no other order is shorter; False where that is not known.
    """

    places: tuple[int, ...]
    duration_s: int
    is_shortest: bool


def find_tour(
    durations_s: NDArray[np.int32],
    *,
    returns: bool,
    first: int | None = None,
    last: int | None = None,
    budget_s: float,
    seed: int = 0,
) -> Tour:
    """
    Return a short tour through all places, the shortest where there are few; `durations_s` is (n, n).

    `first` and `last` fix who is visited first and last; None leaves it open. A tour that `returns`
    begins at `first`, else at place 0 where neither is fixed, and at `last` where only that is: it
    comes back there last. Never longer than farthest insertion, which alone is owed to a budget of 0.

    Raises
    ------
    TourRefused
        No place, a pair without a way, an end that is no place, or one place as both ends of a tour
        that does not return.
    """
    _refuse(durations_s, first, last, returns=returns)
    n = len(durations_s)
    if n == 1:
        return Tour(places=(0,), duration_s=0, is_shortest=True)
    if returns and (first is None or last is None or first == last):
        # A loop may begin anywhere: its one end is whoever is named.
        first = last = first if first is not None else (last if last is not None else 0)
    between = [place for place in range(n) if place not in (first, last)]
    loop = _squashed(durations_s, between, first, last)
    is_shortest = len(between) <= EXACT_MAX
    order = _shortest(loop) if is_shortest else _searched(loop, budget_s=budget_s, seed=seed)
    places = [between[node - 1] for node in order]
    if first is not None:
        places.insert(0, first)
    if last is not None and last != first:
        places.append(last)
    return Tour(
        places=tuple(places),
        duration_s=duration_of(durations_s, places, returns=returns),
        is_shortest=is_shortest,
    )


def duration_of(durations_s: NDArray[np.int32], places: Sequence[int], *, returns: bool) -> int:
    """Seconds of the drives from each of `places` to the next, and back to the first if it returns."""
    onward = [*places[1:], places[0]] if returns else places[1:]
    return int(durations_s[list(places[: len(onward)]), list(onward)].sum(dtype=np.int64))


def _refuse(
    durations_s: NDArray[np.int32], first: int | None, last: int | None, *, returns: bool
) -> None:
    n = len(durations_s)
    if n == 0:
        raise TourRefused("a tour needs a place")
    for name, place in (("first", first), ("last", last)):
        if place is not None and not 0 <= place < n:
            raise TourRefused(f"{name} is {place}: the places count from 0 to {n - 1}")
    if not returns and n > 1 and first is not None and first == last:
        raise TourRefused(f"place {first} cannot be first and last: let the tour return")
    if durations_s.max() >= UNREACHABLE:
        origin, destination = np.argwhere(durations_s >= UNREACHABLE)[0].tolist()
        raise TourRefused(f"no way leads from place {origin} to place {destination}")


def _squashed(
    durations_s: NDArray[np.int32], between: list[int], first: int | None, last: int | None
) -> NDArray[np.int32]:
    """
    The matrix of a loop whose node 0 is both ends: left as `first` is, come back to as `last` is.

    An open end costs nothing, so the loop is worth what the tour is, but for a constant.
    """
    loop = np.zeros((len(between) + 1,) * 2, np.int32)
    loop[1:, 1:] = durations_s[np.ix_(between, between)]
    if first is not None:
        loop[0, 1:] = durations_s[first, between]
    if last is not None:
        loop[1:, 0] = durations_s[between, last]
    return loop


def _shortest(loop: NDArray[np.int32]) -> list[int]:
    """The best order of nodes 1… of a loop, after Held and Karp: O(2ⁿ n²) time, O(2ⁿ n) memory."""
    order: list[int] = _held_karp(loop).tolist()
    return order


def _searched(loop: NDArray[np.int32], *, budget_s: float, seed: int) -> list[int]:
    """
    A good order of nodes 1… of a loop: farthest insertion, then kicks and local search.

    Few nodes have few kicks that lead anywhere new, so small loops begin anew by chance as well.
    """
    deadline_s = time.monotonic() + budget_s
    order = _farthest_insertion(loop)
    random = np.random.default_rng(seed)
    left = _KICKS_PER_PLACE * len(loop)
    while left > 0 and time.monotonic() < deadline_s:
        kicks = min(left, _SLICE_KICKS)
        order = _improved(loop, order, random.random((kicks, 3)))
        left -= kicks
    for _ in range(_STARTS if len(loop) <= _SMALL else 0):
        if time.monotonic() >= deadline_s:
            break
        shuffled = np.concatenate(([0], random.permutation(len(loop) - 1) + 1, [0]))
        other = _improved(loop, shuffled, random.random((10, 3)))
        order = min(order, other, key=lambda each: int(loop[each[:-1], each[1:]].sum()))
    places: list[int] = order[1:-1].tolist()
    return places


_kernel: Final[Callable[..., Any]] = njit(cache=True, nogil=True)


@_kernel
def _held_karp(loop: NDArray[np.int32]) -> NDArray[np.int64]:
    n = len(loop) - 1
    # best[visited, i]: least seconds from node 0 through the set `visited`, ending at its node i + 1;
    # more than any tour takes where that is not in the set.
    best = np.full((1 << n, max(n, 1)), np.int64(1) << 60)
    for i in range(n):
        best[1 << i, i] = loop[0, i + 1]
    for visited in range(1, 1 << n):
        for i in range(n):
            for k in range(n):
                if not visited >> k & 1:
                    through = best[visited, i] + loop[i + 1, k + 1]
                    onward = visited | 1 << k
                    best[onward, k] = min(best[onward, k], through)
    order = np.empty(n, np.int64)
    visited, after = (1 << n) - 1, 0
    for place in range(n - 1, -1, -1):
        at = 0
        for i in range(n):
            through = best[visited, i] + loop[i + 1, after]
            if through < best[visited, at] + loop[at + 1, after]:
                at = i
        order[place] = at + 1
        visited ^= 1 << at
        after = at + 1
    return order


@_kernel
def _farthest_insertion(loop: NDArray[np.int32]) -> NDArray[np.int64]:
    """
    From the pair farthest apart on, insert whoever lengthens the loop most where it does so least.

    Node 0 comes first and, once more, last. O(n³).
    """
    n = len(loop)
    order = np.empty(n + 1, np.int64)  # closed: its first node stands at the end as well
    farthest = np.argmax(loop)
    order[0] = order[2] = farthest // n
    order[1] = farthest % n
    is_in = np.zeros(n, np.bool_)
    is_in[order[:2]] = True
    for size in range(2, n):
        node, place, longest = -1, 0, 0
        for candidate in range(n):
            if is_in[candidate]:
                continue
            cheapest, where = -1, 0
            for i in range(size):
                added = (
                    loop[order[i], candidate]
                    + loop[candidate, order[i + 1]]
                    - loop[order[i], order[i + 1]]
                )
                if where == 0 or added < cheapest:
                    cheapest, where = added, i + 1
            if node < 0 or cheapest > longest:
                node, place, longest = candidate, where, cheapest
        order[place + 1 : size + 2] = order[place : size + 1].copy()
        order[place] = node
        is_in[node] = True
    depot = np.argmin(order)
    return np.concatenate((order[depot:n], order[: depot + 1]))


@_kernel
def _improved(
    loop: NDArray[np.int32], start: NDArray[np.int64], draws: NDArray[np.float64]
) -> NDArray[np.int64]:
    """
    Iterated local search: swap two short neighbouring stretches, repair around them, keep what is no worse.

    `start` and the answer have node 0 at both ends. The answer is no longer than `start`. `draws` is
    float64 (kicks, 3), each in [0, 1).
    """
    n = len(start) - 1
    best = start.copy()
    order = start.copy()
    position = np.empty(n, np.int64)
    along, back = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    waiting = np.ones(n, np.bool_)  # nodes whose surroundings have changed
    best_s = _descend(loop, order, position, along, back, waiting)
    best[:] = order
    for draw in draws:
        # Stretches [a, b) and [b, c) of inner positions change places.
        widest = min(_KICK_PLACES, (n - 1) // 2)
        a = 1 + int(draw[0] * (n - 2))
        b = a + 1 + int(draw[1] * widest)
        c = b + 1 + int(draw[2] * widest)
        if c > n:
            continue
        order[a : a + c - b] = best[b:c]
        order[a + c - b : c] = best[a:b]
        for at in (a - 1, a, a + c - b - 1, a + c - b, c - 1, c):
            waiting[order[at]] = True
        now_s = _descend(loop, order, position, along, back, waiting)
        if now_s <= best_s:
            best_s = now_s
            best[:] = order
        else:
            order[:] = best
    return best


@_kernel
def _measure(
    loop: NDArray[np.int32],
    order: NDArray[np.int64],
    position: NDArray[np.int64],
    along: NDArray[np.int64],
    back: NDArray[np.int64],
) -> int:
    """Note where each node stands and the seconds up to it, driven along the order and against it."""
    along[0] = back[0] = 0
    for i in range(1, len(order)):
        position[order[i - 1]] = i - 1
        along[i] = along[i - 1] + loop[order[i - 1], order[i]]
        back[i] = back[i - 1] + loop[order[i], order[i - 1]]
    total: int = along[-1]
    return total


@_kernel
def _descend(
    loop: NDArray[np.int32],
    order: NDArray[np.int64],
    position: NDArray[np.int64],
    along: NDArray[np.int64],
    back: NDArray[np.int64],
    waiting: NDArray[np.bool_],
) -> int:
    """
    Turn stretches round and move short ones until no such change of a waiting node helps.

    Returns the seconds of the loop.
    """
    n = len(order) - 1
    total_s = _measure(loop, order, position, along, back)
    changed = True
    while changed:
        changed = False
        for node in range(n):
            while waiting[node]:
                i = position[node]
                gain, kind, one, other = _best_change(loop, order, along, back, i)
                if gain <= 0:
                    waiting[node] = False
                    break
                if kind == 0:
                    low, high = one, other
                    order[low : high + 1] = order[low : high + 1][::-1].copy()
                else:
                    low, high = _move(order, one, abs(kind), other, kind < 0)
                for at in (low - 1, low, high, high + 1):
                    waiting[order[at]] = True
                for at in range(max(one - 1, 1), min(one + abs(kind) + 1, n)):
                    waiting[order[at]] = True
                total_s = _measure(loop, order, position, along, back)
                changed = True
    return int(total_s)


@_kernel
def _move(
    order: NDArray[np.int64], first: int, count: int, after: int, turned: bool
) -> tuple[int, int]:
    """Move the stretch of `count` places from `first` behind position `after`; where things changed."""
    stretch = order[first : first + count].copy()
    if turned:
        stretch = stretch[::-1].copy()
    if after < first:
        order[after + 1 + count : first + count] = order[after + 1 : first].copy()
        order[after + 1 : after + 1 + count] = stretch
        return after + 1, first + count - 1
    order[first : after + 1 - count] = order[first + count : after + 1].copy()
    order[after + 1 - count : after + 1] = stretch
    return first, after


@_kernel
def _best_change(
    loop: NDArray[np.int32],
    order: NDArray[np.int64],
    along: NDArray[np.int64],
    back: NDArray[np.int64],
    i: int,
) -> tuple[int, int, int, int]:
    """
    The change around position `i` that gains most: its seconds, its kind, and two positions.

    Kind 0 turns round the stretch between the two. Kind k moves the k places from the first behind
    the second, turned round if k is negative.
    """
    n = len(order) - 1
    gain, kind, one, other = 0, 0, 0, 0
    for k in range(1, n):
        # The stretch begins at i, or ends there.
        for low, high in ((i, k), (k, i)):
            if not 1 <= low < high < n:
                continue
            before, behind = order[low - 1], order[high + 1]
            was_s = along[high + 1] - along[low - 1]
            turned_s = loop[before, order[high]] + back[high] - back[low] + loop[order[low], behind]
            if was_s - turned_s > gain:
                gain, kind, one, other = was_s - turned_s, 0, low, high
    for count in range(1, _MOVED_MAX + 1):
        for low in (i, i - count + 1):
            high = low + count - 1
            if low < 1 or high >= n or (count == 1 and low != i):
                continue
            head, tail = order[low], order[high]
            before, behind = order[low - 1], order[high + 1]
            # What is saved where the stretch leaves; turned round, its own drives count as well.
            saved_s = np.int64(loop[before, head]) + loop[tail, behind] - loop[before, behind]
            turning_s = (back[high] - back[low]) - (along[high] - along[low])
            for after in range(n):
                if low - 1 <= after <= high:
                    continue
                a, b = order[after], order[after + 1]
                open_s = saved_s + loop[a, b]
                straight = open_s - loop[a, head] - loop[tail, b]
                if straight > gain:
                    gain, kind, one, other = straight, count, low, after
                turned = open_s - loop[a, tail] - loop[head, b] - turning_s
                if turned > gain:
                    gain, kind, one, other = turned, -count, low, after
    return gain, kind, one, other
