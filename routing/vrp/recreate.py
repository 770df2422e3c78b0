"""What was taken out is put back, one order after the other, each into its cheapest place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.vrp.exact_day import confirmed
from routing.vrp.model import (
    BROUGHT_BY,
    CLOSES,
    DUE_BACK,
    EXACT,
    GROUP,
    KIND,
    OPENS,
    PLACE,
    RELEASED,
    START,
    TRIPS_MAX,
    UNLOAD,
    Model,
)
from routing.vrp.packed import Packed
from routing.vrp.pairs import offer_pair_in_trip, offer_pair_near
from routing.vrp.part import (
    ABSENT,
    OPENED,
    PLACED,
    REMOVED,
    SLOTS,
    VEHICLES,
    Part,
    Scratch,
    left_out,
    random_below,
    random_share,
    spare_vehicle,
)
from routing.vrp.places import NEW_TRIP, NOT_HERE, Places, offer_in_trip, offer_near, offer_new_trip
from routing.vrp.search_state import (
    DUE,
    HEAD,
    NEXT,
    RELEASE,
    SECONDS,
    SUF_S,
    TRIP,
    TRIPS,
    VEHICLE,
    State,
    compiled,
    open_trip,
    put_after,
    renew_board,
)
from routing.vrp.segments import renew, renew_after, renew_before
from routing.vrp.strings import ANY
from routing.vrp.undo import Undo, touch


@compiled
def sort_removed(
    model: Model,
    removed: NDArray[np.int64],
    keys: NDArray[np.float64],
    count: int,
    random: NDArray[np.uint64],
    dear_first: bool,
) -> None:
    """
    Put the removed visits in the order of putting them back: by chance, load, window, or distance.

    With `dear_first`, every other time what is dear to leave out comes first, and of what is as dear the nearest to one of
    them.
    """
    draw = random_share(random) * (17.0 if model.timed else 11.0)
    pivot = 0
    if dear_first and count > 0 and random_share(random) < 0.5:
        draw = -1.0
        pivot = model.visit[removed[random_below(random, float(count))], PLACE]
    depot = max(0, model.vehicle[0, START])
    for slot in range(count):
        visit = removed[slot]
        opens_s, closes_s = model.visit[visit, OPENS], model.visit[visit, CLOSES]
        if draw < 0.0:
            away = float(model.distances_m[0, pivot, model.visit[visit, PLACE]])
            keys[slot] = (0.5 + random_share(random)) * away - model.unserved[visit]
        elif draw < 4.0:
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
def may_make(model: Model, visit: int, kind: int) -> bool:
    """Whether a kind of vehicle may make a visit, and its partner."""
    second = model.visit[visit, BROUGHT_BY]
    return bool(model.allowed[visit, kind] and (second < 0 or model.allowed[second, kind]))


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
    scratch: Scratch,
) -> None:
    """
    Offer the places of an order: those of its visit, of every visit of its group, or of its pair.

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
        second = model.visit[visit, BROUGHT_BY]
        if lead < 0 and second >= 0:
            offer_pair_near(model, state, part, places, scratch, visit)
        elif lead < 0:
            offer_near(model, state, part, places, visit)
        if part.counts[SLOTS] == 0:
            continue
        for kind in range(len(part.spare)):
            if may_make(model, visit, kind) and (lead < 0 or kind == lead):
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
                    or not may_make(model, visit, model.vehicle[vehicle, KIND])
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
                if model.visit[visit, BROUGHT_BY] >= 0:
                    offer_pair_in_trip(model, state, places, scratch, visit, trip)
                else:
                    offer_in_trip(model, state, places, visit, trip)
                trip = state.trip[trip, NEXT]


@compiled
def vehicle_of(state: State, places: Places, slot: int) -> int:
    """The vehicle that a place is of."""
    at = places.at[slot]
    return int(at if places.kind[slot] == NEW_TRIP else state.trip[state.link[at, TRIP], VEHICLE])


@compiled
def cheapest(packed: Packed, model: Model, state: State, places: Places, scratch: Scratch) -> int:
    """The number of the cheapest place offered whose day the schedule confirms; -1 if none does."""
    for slot in range(len(places.price)):
        if places.visit[slot] < 0:
            break
        vehicle = vehicle_of(state, places, slot)
        if not model.vehicle[vehicle, EXACT] or confirmed(
            packed, model, state, vehicle, places.visit[slot],
            places.kind[slot], places.at[slot], places.beyond[slot], scratch,
        ):  # fmt: skip
            return slot
    return -1


@compiled
def put_in(
    model: Model, state: State, part: Part, places: Places, scratch: Scratch, slot: int, turn: int
) -> None:
    """Put a visit into the place offered, and renew what is known of the day."""
    visits, tally = len(model.visit), scratch.tally
    vehicle, visit, at = vehicle_of(state, places, slot), places.visit[slot], places.at[slot]
    second, behind = model.visit[visit, BROUGHT_BY], places.beyond[slot]
    whole = places.kind[slot] == NEW_TRIP
    if whole:
        part.counts[SLOTS] -= 1
        trip = part.slots[part.counts[SLOTS]]
        scratch.opened[tally[OPENED]] = trip
        tally[OPENED] += 1
        scratch.trip_at[trip] = turn
        open_trip(model, state, vehicle, trip, places.beyond[slot])
        at, behind = visits + 2 * trip, visit
    else:
        trip = state.link[at, TRIP]
        whole = model.visit[visit, RELEASED] > state.trip[trip, RELEASE]
        whole |= model.visit[visit, DUE_BACK] < state.trip[trip, DUE]
        whole |= model.visit[visit, UNLOAD] > 0
    put_after(model, state, at, visit)
    state.cost[vehicle] = np.nan
    scratch.placed[tally[PLACED]] = visit
    tally[PLACED] += 1
    if second >= 0:
        put_after(model, state, behind, second)
        scratch.placed[tally[PLACED]] = second
        tally[PLACED] += 1
        whole = True
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


@compiled
def recreate(
    packed: Packed,
    model: Model,
    state: State,
    part: Part,
    undo: Undo,
    places: Places,
    scratch: Scratch,
    turn: int,
    leader: int,
    several_trips: bool,
    thorough: bool,
    price: float,
    limit: float,
    dear_first: bool,
) -> float:
    """
    Put back what was taken out, the leader first; what finds no place is left out.

    Returns `price` and what that adds to it; no more is put back once the sum is above `limit`.
    """
    removed, count = scratch.removed, scratch.tally[REMOVED]
    dear_first = dear_first and part.counts[ABSENT] > 0
    sort_removed(model, removed, scratch.keys, count, part.random, dear_first)
    if leader == ANY and count > 0:
        leader = removed[0]
    kind = random_below(part.random, float(len(part.spare))) if leader >= 0 else -1
    for slot in range(count):
        if removed[slot] == leader:
            removed[slot], removed[0] = removed[0], leader
    for slot in range(count):
        order = removed[slot]
        lead = kind if order == leader else -1
        offer_all(model, state, part, order, places, several_trips, lead, thorough, scratch)
        chosen = cheapest(packed, model, state, places, scratch)
        price += left_out(model, state, order) if chosen < 0 else places.price[chosen]
        if price > limit:  # what follows costs something as well, or nothing
            break
        if chosen >= 0:
            touch(model, state, undo, turn, vehicle_of(state, places, chosen))
            put_in(model, state, part, places, scratch, chosen, turn)
    return price
