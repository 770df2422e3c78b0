"""
Strings of neighbouring visits, taken out of their routes and put back cheaper: the compiled loop.

Slack induction by string removals, after Christiaens and Vanden Berghe, "Slack Induction by String
Removals for Vehicle Routing Problems", Transportation Science 54 (2020), over the whole problem: a
place counts only if `timing.fits` says that the vehicle can drive the sequence, so windows, breaks,
trips, due moments, range and limits hold in every state of the search. Costs are those of `cost.py`
for the earliest return, waiting and breaks included.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from routing.vrp.insertion import added, has_room, put
from routing.vrp.packed import Packed
from routing.vrp.search_state import State, depart, route_price
from routing.vrp.timing import DEPOT, fits

_INFINITE: Final = 1e300
_TRIED: Final = 12
"""Cheapest places whose schedule is looked at before a visit stays out; chosen."""
_REMOVED_MEAN: Final = 10.0
_STRING_MAX: Final = 10.0
_SPLIT_SHARE: Final = 0.5
_SPARE_MORE: Final = 0.5
_BLINK_SHARE: Final = 0.01
"""As in the paper: visits removed at the mean, longest string, strings split, and places overlooked."""
_ABSENT_MAX: Final = 20
"""Visits left out that one iteration tries to put in: a day without enough couriers has hundreds."""


@njit(cache=True, nogil=True)
def anneal(
    packed: Packed,
    near: NDArray[np.int64],
    kinds: NDArray[np.int64],
    unserved: NDArray[np.float64],
    state: State,
    iterations: int,
    temperature: float,
) -> None:
    """
    Ruin and recreate `iterations` times; a dearer state is kept as simulated annealing says.

    near
        int64 (V, N): whose routes lose a string together with a visit's, and may take it in.
    kinds
        int64 (K,): vehicles of one kind are alike, so that only one empty one is tried.
    unserved
        float64 (V,): what leaving a visit out costs.
    """
    visits, vehicles = packed.allowed.shape
    kept_routes = np.empty_like(state.routes)
    kept_lengths = np.zeros(vehicles, np.int64)
    kept_costs = np.zeros(vehicles)
    changed = np.empty(vehicles, np.int64)
    changed_at = np.full(vehicles, -1, np.int64)
    removed = np.empty(visits, np.int64)
    attempt = np.empty(state.routes.shape[1] + 2, np.int64)
    asked_at = np.full(2 * vehicles, -1, np.int64)
    asked = 0
    places = _Places(
        np.empty(_TRIED),
        np.empty(_TRIED, np.int64),
        np.empty(_TRIED, np.int64),
        np.empty(_TRIED, np.int64),
        np.empty(_TRIED, np.int64),
    )
    for turn in range(iterations):
        delta, changes = 0.0, 0
        count = _some_absent(packed, state, removed)
        for slot in range(count):
            delta -= unserved[removed[slot]]
        served = visits - int((state.route_of < 0).sum())
        if served > 0:
            longest = min(_STRING_MAX, served / (state.lengths > 0).sum())
            strings = 1 + _below(state.random, 4.0 * _REMOVED_MEAN / (1.0 + longest) - 1.0)
            centre = _below(state.random, visits)
            for q in range(-1, near.shape[1]):
                visit = centre if q < 0 else near[centre, q]
                vehicle = state.route_of[visit]
                if vehicle < 0 or changed_at[vehicle] == turn:
                    continue
                _keep(state, vehicle, kept_routes, kept_lengths, kept_costs)
                changed[changes], changed_at[vehicle] = vehicle, turn
                changes += 1
                count = _ruin(state, vehicle, visit, longest, removed, count)
                depart(packed, state, vehicle)
                if changes == strings:
                    break
        ruined = changes
        for order in _sorted(packed, removed, count, state.random):
            places.prices[:] = _INFINITE
            group = packed.group[order]
            first = packed.member_from[group] if group >= 0 else 0
            stop = packed.member_from[group + 1] if group >= 0 else 1
            for member in range(first, stop):
                visit = packed.members[member] if group >= 0 else order
                asked += 1
                for q in range(-ruined, near.shape[1]):
                    vehicle = changed[q + ruined] if q < 0 else state.route_of[near[visit, q]]
                    if (
                        vehicle >= 0
                        and asked_at[vehicle] != asked
                        and packed.allowed[visit, vehicle]
                    ):
                        asked_at[vehicle] = asked
                        _gather(packed, state, vehicle, visit, unserved[visit], places)
                for vehicle in range(vehicles):
                    kind = vehicles + kinds[vehicle]
                    if (
                        state.lengths[vehicle] == 0
                        and asked_at[kind] != asked
                        and packed.allowed[visit, vehicle]
                    ):
                        asked_at[kind] = asked
                        if asked_at[vehicle] != asked:
                            _gather(packed, state, vehicle, visit, unserved[visit], places)
            placed = False
            for slot in range(_TRIED):
                if places.prices[slot] >= _INFINITE:
                    break
                visit, vehicle = places.visits[slot], places.vehicles[slot]
                route, length = state.routes[vehicle], state.lengths[vehicle]
                grown = put(
                    attempt, length, visit, places.positions[slot], places.kinds[slot], route
                )
                if not fits(packed, vehicle, attempt, grown):
                    continue
                if changed_at[vehicle] != turn:
                    _keep(state, vehicle, kept_routes, kept_lengths, kept_costs)
                    changed[changes], changed_at[vehicle] = vehicle, turn
                    changes += 1
                route[:grown] = attempt[:grown]
                state.lengths[vehicle] = grown
                state.route_of[visit] = vehicle
                depart(packed, state, vehicle)
                placed = True
                break
            if not placed:
                delta += unserved[order]
        for slot in range(changes):
            vehicle = changed[slot]
            route, length = state.routes[vehicle], state.lengths[vehicle]
            state.costs[vehicle] = route_price(packed, vehicle, route, length)
            delta += state.costs[vehicle] - kept_costs[vehicle]
        if delta <= 0.0 or delta < -temperature * np.log(_random(state.random) + 1e-300):
            state.totals[0] += delta
            if state.totals[0] < state.totals[1] - 1e-6:
                state.totals[1] = state.totals[0]
                for vehicle in range(vehicles):
                    length = state.lengths[vehicle]
                    state.best_lengths[vehicle] = length
                    state.best_routes[vehicle, :length] = state.routes[vehicle, :length]
            continue
        for slot in range(changes):
            vehicle = changed[slot]
            for position in range(state.lengths[vehicle]):
                if state.routes[vehicle, position] != DEPOT:
                    state.route_of[state.routes[vehicle, position]] = -1
        for slot in range(changes):
            vehicle = changed[slot]
            length = kept_lengths[vehicle]
            state.routes[vehicle, :length] = kept_routes[vehicle, :length]
            state.lengths[vehicle] = length
            state.costs[vehicle] = kept_costs[vehicle]
            for position in range(length):
                if state.routes[vehicle, position] != DEPOT:
                    state.route_of[state.routes[vehicle, position]] = vehicle
            depart(packed, state, vehicle)


@njit(cache=True, nogil=True)
def _some_absent(packed: Packed, state: State, removed: NDArray[np.int64]) -> int:
    """
    Write some visits that are left out to the head of `removed`, by chance if they are many.

    The first of its visits stands for a group that is left out.
    """
    count = 0
    for visit in range(len(state.route_of)):
        absent = state.route_of[visit] < 0
        group = packed.group[visit]
        if absent and group >= 0:
            first, stop = packed.member_from[group], packed.member_from[group + 1]
            absent = visit == packed.members[first]
            for member in range(first, stop):
                absent &= state.route_of[packed.members[member]] < 0
        if absent:
            removed[count] = visit
            count += 1
    if count <= _ABSENT_MAX:
        return count
    for slot in range(_ABSENT_MAX):
        other = slot + _below(state.random, count - slot)
        removed[slot], removed[other] = removed[other], removed[slot]
    return _ABSENT_MAX


@njit(cache=True, nogil=True)
def _keep(
    state: State,
    vehicle: int,
    routes: NDArray[np.int64],
    lengths: NDArray[np.int64],
    costs: NDArray[np.float64],
) -> None:
    """Remember a route before its first change of an iteration."""
    length = state.lengths[vehicle]
    routes[vehicle, :length] = state.routes[vehicle, :length]
    lengths[vehicle] = length
    costs[vehicle] = state.costs[vehicle]


@njit(cache=True, nogil=True)
def _random(random: NDArray[np.uint64]) -> float:
    """Evenly from 0 to 1, by Marsaglia's xorshift64."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return float(x >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def _below(random: NDArray[np.uint64], count: float) -> int:
    """A whole number from 0 to below `count`."""
    return int(_random(random) * count)


class _Places(NamedTuple):
    """The cheapest places found for an order's visits, ascending; unused ones are infinitely dear."""

    prices: NDArray[np.float64]
    visits: NDArray[np.int64]
    vehicles: NDArray[np.int64]
    positions: NDArray[np.int64]
    kinds: NDArray[np.int64]


@njit(cache=True, nogil=True)
def _gather(
    packed: Packed, state: State, vehicle: int, visit: int, bound: float, places: _Places
) -> None:
    """Add the vehicle's places below `bound`, loads and departures looked at, schedules not yet."""
    route, length = state.routes[vehicle], state.lengths[vehicle]
    closes_s = packed.windows[packed.window_from[visit + 1] - 1, 1]
    more_trips = length > 0 and packed.limits[vehicle, 2] > 1
    opening = float(packed.prices[vehicle, 0]) if length == 0 else 0.0
    dearest = len(places.prices) - 1
    roomy = False
    for position in range(length + 1):
        if state.departures_s[vehicle, position] > closes_s:
            return
        before = route[position - 1] if position > 0 else DEPOT
        after = route[position] if position < length else DEPOT
        if before == DEPOT:
            roomy = has_room(packed, vehicle, route, position, length, visit)
        for kind in range(3):
            if (
                (kind == 0 and not roomy)
                or (kind == 1 and not (more_trips and before == DEPOT))
                or (kind == 2 and not (more_trips and position == length))
            ):
                continue
            price = added(packed, vehicle, before, after, visit, kind)
            if kind == 0:
                price += opening
            if price >= bound or price >= places.prices[dearest]:
                continue
            if _random(state.random) < _BLINK_SHARE:
                continue
            slot = dearest
            while slot > 0 and places.prices[slot - 1] > price:
                places.prices[slot] = places.prices[slot - 1]
                places.visits[slot] = places.visits[slot - 1]
                places.vehicles[slot] = places.vehicles[slot - 1]
                places.positions[slot] = places.positions[slot - 1]
                places.kinds[slot] = places.kinds[slot - 1]
                slot -= 1
            places.prices[slot] = price
            places.visits[slot] = visit
            places.vehicles[slot] = vehicle
            places.positions[slot] = position
            places.kinds[slot] = kind


@njit(cache=True, nogil=True)
def _ruin(
    state: State,
    vehicle: int,
    visit: int,
    longest: float,
    removed: NDArray[np.int64],
    count: int,
) -> int:
    """Take a string around `visit` out of its route; half the time some of its inside stay."""
    route, length, random = state.routes[vehicle], state.lengths[vehicle], state.random
    halts, index = 0, 0
    for position in range(length):
        if route[position] != DEPOT:
            if route[position] == visit:
                index = halts
            halts += 1
    cut = min(1 + _below(random, min(float(halts), longest)), halts)
    spared = 0
    if 1 < cut < halts and _random(random) < _SPLIT_SHARE:
        spared = 1
        while cut + spared < halts and _random(random) < _SPARE_MORE:
            spared += 1
    span = cut + spared
    low, high = max(0, index - span + 1), min(index, halts - span)
    first = low + _below(random, high - low + 1)
    spare_from = first + 1 + _below(random, cut - 1) if spared else first + span
    number, kept = 0, 0
    for position in range(length):
        each = route[position]
        if each == DEPOT:
            if kept > 0 and route[kept - 1] != DEPOT:
                route[kept] = DEPOT
                kept += 1
            continue
        inside = first <= number < first + span
        if inside and not spare_from <= number < spare_from + spared:
            removed[count] = each
            count += 1
            state.route_of[each] = -1
        else:
            route[kept] = each
            kept += 1
        number += 1
    state.lengths[vehicle] = kept - 1 if kept > 0 and route[kept - 1] == DEPOT else kept
    return count


@njit(cache=True, nogil=True)
def _sorted(
    packed: Packed, removed: NDArray[np.int64], count: int, random: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The removed visits in the order of putting them back: by chance, load, window, or distance."""
    draw = _random(random) * 12.0
    keys = np.empty(count)
    depot = max(0, packed.ends[0, 0])
    for slot in range(count):
        visit = removed[slot]
        first, stop = packed.window_from[visit], packed.window_from[visit + 1]
        if draw < 4.0:
            keys[slot] = _random(random)
        elif draw < 6.0:
            keys[slot] = -float(packed.loads[visit].sum())
        elif draw < 8.0:
            keys[slot] = float(packed.windows[stop - 1, 1] - packed.windows[first, 0])
        else:
            away_s = float(packed.durations_s[0, depot, packed.place[visit]])
            keys[slot] = -away_s if draw < 10.0 else away_s
    return removed[:count][np.argsort(keys)]
