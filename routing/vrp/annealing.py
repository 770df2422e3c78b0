"""
The compiled loop: ruin and recreate, or exchange tails, and keep what simulated annealing keeps.

Places are priced and tested in constant time by `places`; where segments do not say all of a
vehicle's day (`EXACT`), what they allow is confirmed by `timing.fits` before a visit is put there,
and priced by the schedule.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from routing.vrp.exact_day import day_price
from routing.vrp.members import exchange_changed
from routing.vrp.model import Model
from routing.vrp.nearby import LARGE
from routing.vrp.packed import Packed
from routing.vrp.part import (
    ABSENT,
    CLOSED,
    DIRTY,
    LOOKED,
    MINE,
    OPENED,
    PLACED,
    REMOVED,
    SLOTS,
    Part,
    Scratch,
    is_served,
    left_out,
    make_spare,
    random_below,
    random_share,
    representative,
)
from routing.vrp.places import Places
from routing.vrp.recreate import recreate
from routing.vrp.search_state import (
    HEAD,
    NEXT,
    PART,
    TRIP,
    VEHICLE,
    State,
    compiled,
    keep_best,
)
from routing.vrp.segments import renew
from routing.vrp.strings import NONE, end_if_empty, ruin
from routing.vrp.tails import best_tails, exchange_tails
from routing.vrp.undo import Undo, restore, touch
from routing.vrp.whole_trips import best_vehicle, hand_trip

_TAILS_SHARE: Final = 0.7
"""Iterations in which trips exchange tails, or a whole trip is moved. Mean gap of six VRPTW instances after 10 s, two seeds: 1.83 % at 0.7, 2.04
at 0.5; 3.0 at none (five of them, one seed). Seven instances of other sets after 8 s: 4.4 at none, 3.3 at 0.5, 3.4 at 0.8."""

_MOVED_SHARE: Final = 0.15
"""Iterations in which a whole trip goes to another vehicle, where a vehicle drives several or there are several kinds:
0.15 was better than 0.05 on village days (decision 0011)."""


_REACH: Final = 128
_STAY: Final = 512
"""Where there are many places: visits around which an iteration may change something, one beside the other in memory, and
iterations after which these are others. Chosen; decision 0037."""


@compiled
def exchange(
    model: Model,
    state: State,
    part: Part,
    undo: Undo,
    scratch: Scratch,
    turn: int,
    centre: int,
    limit: float,
) -> bool:
    """Exchange the tails of the trip of visit `centre` and of one near by, if two are found for less than `limit`."""
    here, there = best_tails(model, state, part, centre, limit)
    if here < 0:
        return False
    trip, other = state.link[here, TRIP], state.link[there, TRIP]
    touch(model, state, undo, turn, state.trip[trip, VEHICLE])
    touch(model, state, undo, turn, state.trip[other, VEHICLE])
    exchange_tails(model, state, here, there)
    end_if_empty(model, state, part, scratch, other)
    return True


@compiled
def move_trip(
    model: Model, state: State, part: Part, undo: Undo, turn: int, centre: int, limit: float
) -> bool:
    """Let another vehicle drive the trip of visit `centre`, if one is found for less than `limit`."""
    trip = state.link[centre, TRIP]
    if trip < 0 or state.trip[trip, PART] != part.number:
        return False
    vehicle, beyond, _ = best_vehicle(model, state, part, trip, limit)
    if vehicle < 0:
        return False
    touch(model, state, undo, turn, state.trip[trip, VEHICLE])
    touch(model, state, undo, turn, vehicle)
    hand_trip(model, state, part, trip, vehicle, beyond)
    return True


@compiled
def is_overfull(model: Model, state: State, vehicle: int) -> bool:
    """Whether more is on board, at the fullest moment of one of its trips, than the vehicle carries."""
    dimensions = model.capacity.shape[1]
    trip = state.vehicle[vehicle, HEAD]
    while trip >= 0:
        for axis in range(dimensions):
            fullest = state.board[len(model.visit) + 2 * trip, axis + dimensions]
            if fullest > model.capacity[vehicle, axis]:
                return True
        trip = state.trip[trip, NEXT]
    return False


@compiled
def renewed_price(
    packed: Packed, model: Model, state: State, vehicle: int, scratch: Scratch
) -> float:
    """Renew a vehicle's day and return what it costs; endless if it cannot be driven."""
    if not renew(model, state, vehicle) or (model.mixed and is_overfull(model, state, vehicle)):
        return np.inf
    return float(day_price(packed, model, state, vehicle, scratch))


@compiled
def renewed(packed: Packed, model: Model, state: State, undo: Undo, scratch: Scratch) -> float:
    """Renew the days changed, and return how much dearer they have become; endless if one cannot be."""
    dearer = 0.0
    for change in range(undo.changes[0]):
        vehicle = undo.changed[change]
        state.cost[vehicle] = renewed_price(packed, model, state, vehicle, scratch)
        dearer += state.cost[vehicle] - undo.costs[change]
        if dearer == np.inf:
            break
    return dearer


@compiled
def counted(
    packed: Packed, model: Model, state: State, part: Part, undo: Undo, scratch: Scratch
) -> float:
    """What an iteration has added, anew: prices of places are estimates where segments do not say all."""
    dearer = 0.0
    for change in range(undo.changes[0]):
        vehicle = undo.changed[change]
        if np.isnan(state.cost[vehicle]):
            state.cost[vehicle] = day_price(packed, model, state, vehicle, scratch)
        dearer += state.cost[vehicle] - undo.costs[change]
    for slot in range(scratch.tally[REMOVED]):
        order = scratch.removed[slot]
        served = is_served(model, state.link, order)
        was_absent = part.absent_at[representative(model, order)] >= 0
        if was_absent and served:
            dearer -= left_out(model, state, order)
        elif not was_absent and not served:
            dearer += left_out(model, state, order)
    return dearer


@compiled
def accept(
    model: Model, state: State, part: Part, undo: Undo, scratch: Scratch, dearer: float
) -> None:
    """Go on from the routes as they have become, and remember them if they are the best."""
    counts, tally = part.counts, scratch.tally
    part.totals[0] += dearer
    for slot in range(tally[REMOVED]):
        order = representative(model, scratch.removed[slot])
        served = is_served(model, state.link, order)
        at = part.absent_at[order]
        if at >= 0 and served:
            part.totals[0] -= state.discount[order]
            counts[ABSENT] -= 1
            last = part.absent[counts[ABSENT]]
            part.absent[at] = last
            part.absent_at[last] = at
            part.absent_at[order] = -1
        elif at < 0 and not served:
            part.totals[0] += state.discount[order]
            part.absent[counts[ABSENT]] = order
            part.absent_at[order] = counts[ABSENT]
            counts[ABSENT] += 1
    for slot in range(tally[CLOSED]):
        part.slots[counts[SLOTS]] = scratch.closed[slot]
        counts[SLOTS] += 1
    for change in range(undo.changes[0]):
        vehicle = undo.changed[change]
        if not part.is_dirty[vehicle]:
            part.is_dirty[vehicle] = True
            part.dirty[counts[DIRTY]] = vehicle
            counts[DIRTY] += 1
    if part.totals[0] < part.totals[1] - 1e-6:
        part.totals[1] = part.totals[0]
        for slot in range(counts[DIRTY]):
            vehicle = part.dirty[slot]
            part.is_dirty[vehicle] = False
            keep_best(len(model.visit), state, vehicle)
        counts[DIRTY] = 0


@compiled
def reject(model: Model, state: State, part: Part, undo: Undo, scratch: Scratch) -> None:
    """Let everything be as before the iteration."""
    counts, tally = part.counts, scratch.tally
    for slot in range(tally[PLACED]):
        state.link[scratch.placed[slot], TRIP] = -1
    for slot in range(tally[OPENED] - 1, -1, -1):
        part.slots[counts[SLOTS]] = scratch.opened[slot]
        counts[SLOTS] += 1
    for change in range(undo.changes[0]):
        if undo.vehicle[change, HEAD] < 0:
            make_spare(model, part, undo.changed[change])
    restore(model, state, undo)


@compiled
def anneal(
    packed: Packed,
    model: Model,
    state: State,
    part: Part,
    undo: Undo,
    places: Places,
    scratch: Scratch,
    iterations: int,
    temperature: float,
    several_trips: bool,
    thorough: bool,
    dear_first: bool,
) -> None:
    """
    Change the routes `iterations` times; a dearer state is kept as simulated annealing says.

    Where there are many places a search stays in one neighbourhood for a while, so that what it reads is in the cache.
    One iteration tries to put in some visits that are left out, and all of them if `thorough`.
    """
    if part.counts[MINE] == 0:
        return
    scratch.trip_at[:] = -1
    undo.changed_at[:] = -1
    # With clocks another visit may be too late; with more than loads on board another load is another fullest moment.
    chooses_members = len(model.members) > 0 and not model.timed and not model.mixed
    moves_trips = several_trips or len(part.spare) > 1
    first, reach = 0, part.counts[MINE]
    if model.distances_m.shape[1] >= LARGE:
        reach = min(reach, _REACH)
    for turn in range(iterations):
        if turn % _STAY == 0:
            first = random_below(part.random, float(part.counts[MINE]))
        at = first + random_below(part.random, float(reach))
        centre = int(part.mine[at if at < part.counts[MINE] else at - part.counts[MINE]])
        warmth = temperature * model.warmth[centre]
        limit = -warmth * np.log(random_share(part.random) + 1e-300)
        undo.changes[0] = 0
        scratch.tally[:LOOKED] = 0
        leader = NONE
        draw = 1.0 if thorough else random_share(part.random)
        if moves_trips and draw < _MOVED_SHARE:
            if not move_trip(model, state, part, undo, turn, centre, limit):
                continue
        elif draw < _TAILS_SHARE:
            if not exchange(model, state, part, undo, scratch, turn, centre, limit):
                continue
        else:
            leader = ruin(model, state, part, undo, scratch, turn, centre, thorough)
        dearer = renewed(packed, model, state, undo, scratch)
        for slot in range(scratch.tally[REMOVED]):
            if part.absent_at[representative(model, scratch.removed[slot])] >= 0:
                dearer -= left_out(model, state, scratch.removed[slot])
        if dearer < np.inf:
            dearer = recreate(
                packed, model, state, part, undo, places, scratch, turn, leader,
                several_trips, thorough, dearer, limit, dear_first,
            )  # fmt: skip
        if chooses_members and dearer < np.inf:
            dearer -= exchange_changed(model, state, undo, scratch)
        if dearer <= limit:
            dearer = counted(packed, model, state, part, undo, scratch)
        if dearer <= limit:
            accept(model, state, part, undo, scratch, dearer)
        else:
            reject(model, state, part, undo, scratch)
