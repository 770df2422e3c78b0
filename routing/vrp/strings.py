"""
Strings of neighbouring visits, taken out of their trips.

After Christiaens and Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing
Problems", Transportation Science 54 (2020).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.model import Model
from routing.vrp.pairs import take_out_partners
from routing.vrp.part import (
    ABSENT,
    CLOSED,
    REMOVED,
    Part,
    Scratch,
    make_spare,
    random_below,
    random_share,
    some_absent,
)
from routing.vrp.search_state import (
    COUNT,
    HEAD,
    PART,
    PRED,
    SUCC,
    TRIP,
    VEHICLE,
    State,
    close_trip,
    compiled,
    renew_trip,
    take_out,
)
from routing.vrp.undo import Undo, touch

_REMOVED_MEAN: Final = 10.0
_STRING_MAX: Final = 10.0
_SPLIT_SHARE: Final = 0.5
_SPARE_MORE: Final = 0.5
"""As in the paper: visits removed at the mean, longest string, strings split; how many are spared
inside a split string is drawn by halves (the paper nearly always spares one)."""

_ABSENT_MAX: Final = 20
"""Visits left out that one iteration tries to put in."""

_SEED_SHARE: Final = 0.1
_SEED_TIMES: Final = 5
"""Iterations that send a vehicle out to a visit left out, even if that does not pay for it alone; and
how many times more visits left out they try beside it: a vehicle may be worth it for fifty."""
_WHOLE_SHARE: Final = 0.05
_WHOLE_SHARE_UNLIKE: Final = 0.15
_WHOLE_MAX: Final = 3.0
"""Iterations that take out whole trips, up to three, where there are clocks or several kinds of vehicles, and begin
with one of a kind drawn by lot; more where kinds are paid unlike. Throwaway runs of 10 s, one seed, 0.15 beside 0.05: three HFVRP
instances 1.6 % beside 2.3 at the mean; two MDVRPTW instances, two seeds, 2.4 beside 1.6."""

NONE: Final = -1
ANY: Final = -2
"""What `ruin` may say besides a visit."""


@compiled
def ruin_trip(
    model: Model,
    state: State,
    random: NDArray[np.uint64],
    trip: int,
    visit: int,
    longest: float,
    scratch: Scratch,
) -> None:
    """Take a string around `visit` out of its trip; half the time some of its inside stay."""
    visits, link, tally = len(model.visit), state.link, scratch.tally
    halts = state.trip[trip, COUNT]
    cut = halts
    if longest < np.inf:
        cut = min(1 + random_below(random, min(float(halts), longest)), halts)
    spared = 0
    if 1 < cut < halts and random_share(random) < _SPLIT_SHARE:
        spared = 1
        while cut + spared < halts and random_share(random) < _SPARE_MORE:
            spared += 1
    span = cut + spared
    node, back = visit, random_below(random, float(span))
    while back > 0 and link[node, PRED] < visits:
        node = link[node, PRED]
        back -= 1
    ahead, last = 1, node
    while ahead < span and link[last, SUCC] < visits:
        last = link[last, SUCC]
        ahead += 1
    while ahead < span:
        node = link[node, PRED]
        ahead += 1
    spare_from = 1 + random_below(random, cut - 1.0) if spared else span
    for number in range(span):
        after = link[node, SUCC]
        if not spare_from <= number < spare_from + spared:
            take_out(model, state, node)
            scratch.removed[tally[REMOVED]] = node
            tally[REMOVED] += 1
        node = after


@compiled
def end_if_empty(model: Model, state: State, part: Part, scratch: Scratch, trip: int) -> bool:
    """Take a trip without visits out of its vehicle's day, and tell whether it was one."""
    if state.trip[trip, COUNT] > 0:
        return False
    vehicle = state.trip[trip, VEHICLE]
    close_trip(model, state, trip)
    scratch.closed[scratch.tally[CLOSED]] = trip
    scratch.tally[CLOSED] += 1
    if state.vehicle[vehicle, HEAD] < 0:
        make_spare(model, part, vehicle)
    return True


@compiled
def ruin(
    model: Model,
    state: State,
    part: Part,
    undo: Undo,
    scratch: Scratch,
    turn: int,
    centre: int,
    thorough: bool,
) -> int:
    """
    Take strings out of some trips around visit `centre`, and list some visits that are left out anyway.

    Returns the visit to be put back first, in a trip of its own that others may join: one that was
    left out, ANY of those listed, or NONE.
    """
    link, trips, random = state.link, state.trip, part.random
    leader = NONE
    whole_share = _WHOLE_SHARE_UNLIKE if model.unlike else _WHOLE_SHARE
    is_choice = model.timed or len(part.spare) > 1  # else loads settle how many trips there are
    if is_choice and not thorough and random_share(random) < whole_share:
        leader = ANY
    if part.counts[ABSENT] > 0:
        most = _ABSENT_MAX
        if leader == NONE and random_share(random) < _SEED_SHARE:
            leader = centre = int(part.absent[random_below(random, float(part.counts[ABSENT]))])
            most = _SEED_TIMES * _ABSENT_MAX
        if thorough:
            most = len(model.visit)
        scratch.tally[REMOVED] = some_absent(model, part, centre, most, scratch.removed)
    longest, strings = _STRING_MAX, 0
    for q in range(-1, model.near.shape[1]):
        visit = centre if q < 0 else int(model.near[centre, q])
        trip = link[visit, TRIP]
        if trip < 0 or scratch.trip_at[trip] == turn or trips[trip, PART] != part.number:
            continue
        if q < 0:
            longest = min(_STRING_MAX, float(trips[trip, COUNT]))
        if strings == 0:
            strings = 1 + random_below(random, 4.0 * _REMOVED_MEAN / (1.0 + longest) - 1.0)
            if leader == ANY:
                longest, strings = np.inf, 1 + random_below(random, _WHOLE_MAX)
        scratch.trip_at[trip] = turn
        touch(model, state, undo, turn, trips[trip, VEHICLE])
        before = scratch.tally[REMOVED]
        ruin_trip(model, state, random, trip, visit, longest, scratch)
        if model.paired:
            take_out_partners(model, state, scratch, before)
        if not end_if_empty(model, state, part, scratch, trip):
            renew_trip(model, state, trip)
        strings -= 1
        if strings == 0:
            break
    return leader
