"""
Strings of neighbouring visits, taken out of their trips and put back cheaper: the compiled loop.

Slack induction by string removals, after Christiaens and Vanden Berghe, "Slack Induction by String
Removals for Vehicle Routing Problems", Transportation Science 54 (2020). Places are priced and tested
in constant time by `places`; where segments do not say all of a vehicle's day (`EXACT`), what they
allow is confirmed by `timing.fits` before a visit is put there, and priced by the schedule.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.exact_day import Scratch, confirmed, day_price, holds
from routing.vrp.packed import Packed
from routing.vrp.part import (
    ABSENT,
    DIRTY,
    MINE,
    SLOTS,
    VEHICLES,
    Part,
    is_served,
    left_out,
    make_spare,
    random_below,
    random_share,
    representative,
    some_absent,
    spare_vehicle,
)
from routing.vrp.places import (
    NOT_HERE,
    Places,
    offer_in_trip,
    offer_near,
    offer_new_trip,
)
from routing.vrp.search_state import (
    CLOSES,
    COUNT,
    DUE,
    DUE_BACK,
    EXACT,
    GROUP,
    HEAD,
    KIND,
    NEXT,
    OPENS,
    PART,
    PLACE,
    PRED,
    RELEASE,
    RELEASED,
    SECONDS,
    START,
    SUCC,
    SUF_S,
    TRIP,
    TRIPS,
    TRIPS_MAX,
    VEHICLE,
    Model,
    State,
    close_trip,
    compiled,
    keep_best,
    open_trip,
    put_after,
    renew,
    renew_after,
    renew_before,
    renew_board,
    renew_trip,
    take_out,
)
from routing.vrp.tails import best_tails, exchange_tails
from routing.vrp.undo import Undo, keep, restore

_REMOVED_MEAN: Final = 10.0
_STRING_MAX: Final = 10.0
_SPLIT_SHARE: Final = 0.5
_SPARE_MORE: Final = 0.5
"""As in the paper: visits removed at the mean, longest string, strings split; how many are spared
inside a split string is drawn by halves (the paper nearly always spares one)."""

_ABSENT_MAX: Final = 20
"""Visits left out that one iteration tries to put in."""

_TAILS_SHARE: Final = 0.7
"""Iterations in which trips exchange tails. Mean gap of six VRPTW instances after 10 s, two seeds: 1.83 % at 0.7, 2.04
at 0.5; 3.7 at none (five of them, one seed). Seven instances of other sets after 8 s: 4.4 at none, 3.3 at 0.5, 3.4 at 0.8."""

_SEED_SHARE: Final = 0.1
_SEED_TIMES: Final = 5
"""Iterations that send a vehicle out to a visit left out, even if that does not pay for it alone; and
how many times more visits left out they try beside it: a vehicle may be worth it for fifty."""
_WHOLE_SHARE: Final = 0.05
_WHOLE_MAX: Final = 3.0
"""Iterations that take out whole trips, up to three, where there are several kinds of vehicles, and begin with one
of a kind drawn by lot. Mean gap of two FSM instances after 6 s: 74 % without, 7.0 at 0.01, 6.5 at 0.05."""


@compiled
def ruin_trip(
    model: Model,
    state: State,
    random: NDArray[np.uint64],
    trip: int,
    visit: int,
    longest: float,
    removed: NDArray[np.int64],
    count: int,
) -> int:
    """Take a string around `visit` out of its trip; half the time some of its inside stay."""
    visits, link = len(model.visit), state.link
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
            removed[count] = node
            count += 1
        node = after
    return count


@compiled
def sort_removed(
    model: Model,
    removed: NDArray[np.int64],
    keys: NDArray[np.float64],
    count: int,
    random: NDArray[np.uint64],
) -> None:
    """Put the removed visits in the order of putting them back: by chance, load, window, or distance."""
    draw = random_share(random) * (17.0 if model.timed else 11.0)
    depot = max(0, model.vehicle[0, START])
    for slot in range(count):
        visit = removed[slot]
        opens_s, closes_s = model.visit[visit, OPENS], model.visit[visit, CLOSES]
        if draw < 4.0:
            keys[slot] = random_share(random)
        elif draw < 8.0:
            keys[slot] = 0.0
            for axis in range(model.loads.shape[1]):
                keys[slot] -= model.loads[visit, axis]
        elif draw < 10.0:
            keys[slot] = -float(model.distances_m[0, depot, model.visit[visit, PLACE]])
        elif draw < 11.0:
            keys[slot] = float(model.distances_m[0, depot, model.visit[visit, PLACE]])
        elif draw < 13.0:
            keys[slot] = float(closes_s - opens_s)
        elif draw < 15.0:
            keys[slot] = float(opens_s)
        else:
            keys[slot] = -float(closes_s)
    gap = 1
    while gap < count // 9:
        gap = 3 * gap + 1
    while gap > 0:  # Shell's sort: as good as any for ten, and not slow for ten thousand
        for slot in range(gap, count):
            key, visit = keys[slot], removed[slot]
            back = slot - gap
            while back >= 0 and keys[back] > key:
                keys[back + gap], removed[back + gap] = keys[back], removed[back]
                back -= gap
            keys[back + gap], removed[back + gap] = key, visit
        gap //= 3


@compiled
def offer_all(
    model: Model,
    state: State,
    part: Part,
    order: int,
    places: Places,
    several_trips: bool,
    lead: int,
    thorough: bool,
) -> None:
    """
    Offer the places of an order: those of its visit, or of every visit of its group.

    With a kind of vehicle as `lead` only one of these that stayed at home, at any price, so that
    other orders may join; -1 for none. Where nothing beside a neighbour is found, all places are
    looked at for an order that is required, and for every one if `thorough`.
    """
    group = model.visit[order, GROUP]
    first = model.member_from[group] if group >= 0 else 0
    stop = model.member_from[group + 1] if group >= 0 else 1
    for slot in range(len(places.price)):
        places.price[slot] = NOT_HERE if lead >= 0 else left_out(model, state, order)
        places.visit[slot] = -1
    for member in range(first, stop):
        visit = model.members[member] if group >= 0 else order
        if lead < 0:
            offer_near(model, state, part, places, visit)
        if part.counts[SLOTS] == 0:
            continue
        for kind in range(len(part.spare)):
            if model.allowed[visit, kind] and (lead < 0 or kind == lead):
                vehicle = spare_vehicle(state, part, kind)
                if vehicle >= 0:
                    offer_new_trip(model, state, places, visit, vehicle, -1, places.price[-1])
        if several_trips and lead < 0:
            for slot in range(part.counts[VEHICLES]):
                vehicle = part.vehicles[slot]
                day = state.vehicle[vehicle]
                if (
                    day[HEAD] < 0
                    or day[TRIPS] >= model.vehicle[vehicle, TRIPS_MAX]
                    or not model.allowed[visit, model.vehicle[vehicle, KIND]]
                ):
                    continue
                beyond = -1
                while True:
                    offer_new_trip(model, state, places, visit, vehicle, beyond, places.price[-1])
                    beyond = day[HEAD] if beyond < 0 else state.trip[beyond, NEXT]
                    if beyond < 0:
                        break
    badly = model.required[order] and state.discount[order] == 0.0
    if places.visit[0] >= 0 or not (thorough or badly):
        return
    for member in range(first, stop):
        visit = model.members[member] if group >= 0 else order
        for slot in range(part.counts[VEHICLES]):
            trip = state.vehicle[part.vehicles[slot], HEAD]
            while trip >= 0:
                offer_in_trip(model, state, places, visit, trip)
                trip = state.trip[trip, NEXT]


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
) -> None:
    """
    Ruin and recreate `iterations` times; a dearer state is kept as simulated annealing says.

    One iteration tries to put in some visits that are left out, and all of them if `thorough`.
    """
    visits, counts, random = len(model.visit), part.counts, part.random
    link, trips = state.link, state.trip
    removed, keys, placed = scratch.removed, scratch.keys, scratch.placed
    opened, closed, trip_at = scratch.opened, scratch.closed, scratch.trip_at
    if counts[MINE] == 0:
        return
    trip_at[:] = -1
    undo.changed_at[:] = -1
    undo.node_from[0] = 0
    undo.trip_from[0] = 0
    near_count = model.near.shape[1]
    for turn in range(iterations):
        limit = -temperature * np.log(random_share(random) + 1e-300)
        delta, changes, count, opens, closes, puts = 0.0, 0, 0, 0, 0, 0
        # Ruin: strings of as many trips as drawn, around one visit.
        centre = int(part.mine[random_below(random, float(counts[MINE]))])
        seed, kind = -1, random_below(random, float(len(part.spare)))
        whole_trips = len(part.spare) > 1 and random_share(random) < _WHOLE_SHARE
        if counts[ABSENT] > 0:
            if not whole_trips and random_share(random) < _SEED_SHARE:
                centre = int(part.absent[random_below(random, float(counts[ABSENT]))])
                seed = centre
            most = _ABSENT_MAX if seed < 0 else _SEED_TIMES * _ABSENT_MAX
            if thorough:
                most = visits
            count = some_absent(model, part, centre, most, removed)
        here = -1
        if not thorough and random_share(random) < _TAILS_SHARE:
            here, there = best_tails(model, state, part, centre, limit)
            if here < 0:
                continue
            count = 0
            for side in range(2):
                vehicle = trips[link[here if side == 0 else there, TRIP], VEHICLE]
                cost = day_price(packed, model, state, vehicle, scratch)
                keep(model, state, undo, changes, vehicle, cost)
                undo.changed_at[vehicle] = turn
                delta -= cost
                changes += 1
            emptied = link[there, TRIP]
            exchange_tails(model, state, here, there)
            if trips[emptied, COUNT] == 0:
                vehicle = trips[emptied, VEHICLE]
                close_trip(model, state, emptied)
                closed[closes] = emptied
                closes += 1
                if state.vehicle[vehicle, HEAD] < 0:
                    make_spare(model, part, vehicle)
        for slot in range(count):
            delta -= left_out(model, state, removed[slot])
        longest = _STRING_MAX
        strings = 1 + random_below(random, 4.0 * _REMOVED_MEAN / (1.0 + longest) - 1.0)
        cut_trips = 0
        for q in range(-1, near_count if here < 0 else -1):
            visit = centre if q < 0 else model.near[centre, q]
            trip = link[visit, TRIP]
            if trip < 0 or trip_at[trip] == turn or trips[trip, PART] != part.number:
                continue
            if q < 0:
                longest = min(_STRING_MAX, float(trips[trip, COUNT]))
                strings = 1 + random_below(random, 4.0 * _REMOVED_MEAN / (1.0 + longest) - 1.0)
                if whole_trips:
                    longest, strings = np.inf, 1 + random_below(random, _WHOLE_MAX)
            trip_at[trip] = turn
            vehicle = trips[trip, VEHICLE]
            if undo.changed_at[vehicle] != turn:
                cost = day_price(packed, model, state, vehicle, scratch)
                keep(model, state, undo, changes, vehicle, cost)
                undo.changed_at[vehicle] = turn
                delta -= cost
                changes += 1
            count = ruin_trip(model, state, random, trip, visit, longest, removed, count)
            if trips[trip, COUNT] == 0:
                close_trip(model, state, trip)
                closed[closes] = trip
                closes += 1
                if state.vehicle[vehicle, HEAD] < 0:
                    make_spare(model, part, vehicle)
            else:
                renew_trip(model, state, trip)
            cut_trips += 1
            if cut_trips == strings:
                break
        for change in range(changes):
            vehicle = undo.changed[change]
            in_bounds = renew(model, state, vehicle)
            delta += day_price(packed, model, state, vehicle, scratch)
            if not in_bounds or not holds(packed, model, state, vehicle, scratch):
                delta = np.inf
        # Recreate: one order after the other into its cheapest place.
        sort_removed(model, removed, keys, count, random)
        if whole_trips and count > 0:
            seed = removed[0]
        elif seed >= 0:  # first of all, in a trip of its own that the others may join
            for slot in range(count):
                if removed[slot] == seed:
                    removed[slot], removed[0] = removed[0], seed
        for slot in range(count):
            order = removed[slot]
            lead = kind if order == seed else -1
            offer_all(model, state, part, order, places, several_trips, lead, thorough)
            chosen = -1
            for candidate in range(len(places.price)):
                visit = places.visit[candidate]
                if visit < 0:
                    break
                at = places.at[candidate]
                vehicle = at if places.kind[candidate] == 1 else trips[link[at, TRIP], VEHICLE]
                if not model.vehicle[vehicle, EXACT] or confirmed(
                    packed,
                    model,
                    state,
                    vehicle,
                    visit,
                    places.kind[candidate],
                    at,
                    places.beyond[candidate],
                    scratch,
                ):
                    chosen = candidate
                    break
            if chosen < 0:
                delta += left_out(model, state, order)
                if delta > limit:
                    break
                continue
            visit, at = places.visit[chosen], places.at[chosen]
            delta += places.price[chosen]
            if delta > limit:  # what follows costs something as well, or nothing
                break
            vehicle = at if places.kind[chosen] == 1 else trips[link[at, TRIP], VEHICLE]
            if undo.changed_at[vehicle] != turn:
                keep(
                    model,
                    state,
                    undo,
                    changes,
                    vehicle,
                    day_price(packed, model, state, vehicle, scratch),
                )
                undo.changed_at[vehicle] = turn
                changes += 1
            whole = places.kind[chosen] == 1
            if whole:
                counts[SLOTS] -= 1
                trip = part.slots[counts[SLOTS]]
                opened[opens] = trip
                opens += 1
                trip_at[trip] = turn
                open_trip(model, state, vehicle, trip, places.beyond[chosen])
                at = visits + 2 * trip
            else:
                trip = link[at, TRIP]
                whole = model.visit[visit, RELEASED] > trips[trip, RELEASE]
                whole |= model.visit[visit, DUE_BACK] < trips[trip, DUE]
            put_after(model, state, at, visit)
            placed[puts] = visit
            puts += 1
            if model.timed:
                if whole:
                    renew(model, state, vehicle)
                else:
                    renew_after(model, state, visit, False)
                    renew_before(model, state, visit, False)
                    head = visits + 2 * state.vehicle[vehicle, HEAD]
                    state.vehicle[vehicle, SECONDS] = state.clock[head, SUF_S]
            if model.mixed:
                renew_board(model, state, trip)
        if delta <= limit:
            # Added up anew: prices of places are estimates where segments do not say all of a day.
            delta = 0.0
            for change in range(changes):
                vehicle = undo.changed[change]
                delta += day_price(packed, model, state, vehicle, scratch) - undo.costs[change]
            gone = 0.0
            for slot in range(count):
                order = removed[slot]
                served = is_served(model, link, order)
                was_absent = part.absent_at[representative(model, order)] >= 0
                if was_absent and served:
                    gone -= left_out(model, state, order)
                elif not was_absent and not served:
                    gone += left_out(model, state, order)
            delta += gone
        if delta <= limit:
            part.totals[0] += delta
            for slot in range(count):
                order = representative(model, removed[slot])
                served = is_served(model, link, order)
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
            for slot in range(closes):
                part.slots[counts[SLOTS]] = closed[slot]
                counts[SLOTS] += 1
            for change in range(changes):
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
                    keep_best(visits, state, vehicle)
                counts[DIRTY] = 0
            continue
        for slot in range(puts):
            link[placed[slot], TRIP] = -1
        for slot in range(opens):
            part.slots[counts[SLOTS]] = opened[opens - 1 - slot]
            counts[SLOTS] += 1
        for change in range(changes):
            vehicle = undo.changed[change]
            if undo.vehicle[change, HEAD] < 0:
                make_spare(model, part, vehicle)
        restore(model, state, undo, changes)
