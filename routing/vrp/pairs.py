"""
Pairs of visits: what the first picks up the second drops, later in the same trip.

The first stands for both wherever orders are listed. On board between the two, the load counts in
`State.board` and never in `State.load`: so the fullest moment says whether a place is allowed. What
the second loads of its own stays on board, and counts in both.
"""

from __future__ import annotations

from routing.vrp.model import (
    BRINGS,
    BROUGHT_BY,
    CLOSES,
    EACH_M,
    KIND,
    LONGEST_S,
    MATRIX,
    OPENS,
    PLACE,
    RANGE_M,
    SERVICE,
    Model,
)
from routing.vrp.part import LOOKED, REMOVED, Part, Scratch
from routing.vrp.places import PAIR_IN_TRIP, SECOND, Places, has_room_after, offer
from routing.vrp.search_state import (
    AHEAD_M,
    AHEAD_S,
    METRES,
    PART,
    PRE_EARLY,
    PRE_LATE,
    PRE_S,
    PRED,
    SECONDS,
    SUCC,
    SUF_EARLY,
    SUF_LATE,
    SUF_S,
    TRIP,
    VEHICLE,
    State,
    compiled,
    leg_m,
    leg_s,
    made_by,
    paid,
    take_out,
)
from routing.vrp.segments import join


@compiled
def take_out_partners(model: Model, state: State, scratch: Scratch, slot: int) -> None:
    """Take the other halves of the visits removed, from `slot` on, out of their trips; list the first of each pair."""
    removed, tally = scratch.removed, scratch.tally
    while slot < tally[REMOVED]:
        visit = removed[slot]
        first, second = model.visit[visit, BRINGS], model.visit[visit, BROUGHT_BY]
        other = max(first, second)
        stays = other >= 0 and state.link[other, TRIP] >= 0
        if stays:
            take_out(model, state, other)
        if first >= 0 and not stays:  # both were removed: the first is listed already
            tally[REMOVED] -= 1
            removed[slot] = removed[tally[REMOVED]]
            continue
        if first >= 0:
            removed[slot] = first
        slot += 1


@compiled
def is_carrying(model: Model, state: State, node: int) -> bool:
    """Whether something is on board when a node is left that a visit after it drops."""
    carried = 0
    while 0 <= node < len(model.visit):
        carried += int(model.visit[node, BROUGHT_BY] >= 0) - int(model.visit[node, BRINGS] >= 0)
        node = state.link[node, PRED]
    return carried > 0


@compiled
def note_tight(model: Model, state: State, scratch: Scratch, trip: int, first: int) -> None:
    """Note after which nodes of a trip the load of `first` would be too much on board."""
    visits, link, tight = len(model.visit), state.link, scratch.tight
    number = state.trip[trip, VEHICLE]
    dimensions = model.capacity.shape[1]
    node, end = visits + 2 * trip, visits + 2 * trip + 1
    while node != end:
        tight[node] = False
        node = link[node, SUCC]
    for axis in range(dimensions):
        room = model.capacity[number, axis] - model.carried[first, axis]
        on_board = state.load[trip, axis + dimensions]
        node = visits + 2 * trip
        while node != end:
            if node < visits:
                on_board += model.loads[node, axis] - model.loads[node, axis + dimensions]
                on_board += model.carried[node, axis]
            tight[node] |= on_board > room
            node = link[node, SUCC]


@compiled
def offer_pair_after(
    model: Model, state: State, places: Places, scratch: Scratch, first: int, node: int, trip: int
) -> None:
    """Offer the places of a pair whose first visit comes after `node` and whose second anywhere later."""
    link, clock = state.link, state.clock
    number, end = state.trip[trip, VEHICLE], len(model.visit) + 2 * trip + 1
    facts, day = model.vehicle[number], state.vehicle[number]
    second = model.visit[first, BROUGHT_BY]
    here, there = model.visit[first, PLACE], model.visit[second, PLACE]
    made = made_by(model, first, number) + made_by(model, second, number)
    # What the new way up to `last` adds to the old one, and the old drive that is to be replaced next.
    added_m = leg_m(model, facts[MATRIX], state.place[node], here)
    old_m, last, after = link[node, AHEAD_M], first, link[node, SUCC]
    took_s = from_s = by_s = 0
    if model.timed:
        drive_s = leg_s(model, facts[MATRIX], state.place[node], here)
        if clock[node, PRE_S] + clock[node, PRE_EARLY] + drive_s > model.visit[first, CLOSES]:
            return
        took_s, from_s, by_s = join(
            clock[node, PRE_S], clock[node, PRE_EARLY], clock[node, PRE_LATE], drive_s,
            model.visit[first, SERVICE], model.visit[first, OPENS], model.visit[first, CLOSES],
        )  # fmt: skip
    while True:
        from_place = here if last == first else state.place[last]
        metres = added_m - old_m + leg_m(model, facts[MATRIX], from_place, there)
        metres += leg_m(model, facts[MATRIX], there, state.place[after])
        price = float(metres * facts[EACH_M] + made)
        fits = day[METRES] + metres <= facts[RANGE_M]
        if fits and model.timed:
            to_s = leg_s(model, facts[MATRIX], from_place, there)
            onward_s = leg_s(model, facts[MATRIX], there, state.place[after])
            ready_s = max(took_s + from_s + to_s, model.visit[second, OPENS])
            fits = ready_s <= model.visit[second, CLOSES]
            fits &= ready_s + model.visit[second, SERVICE] + onward_s <= clock[after, SUF_LATE]
            if fits:
                seconds, early, late = join(
                    took_s, from_s, by_s, to_s,
                    model.visit[second, SERVICE], model.visit[second, OPENS], model.visit[second, CLOSES],
                )  # fmt: skip
                seconds, _, _ = join(
                    seconds, early, late, onward_s,
                    clock[after, SUF_S], clock[after, SUF_EARLY], clock[after, SUF_LATE],
                )  # fmt: skip
                fits = seconds <= facts[LONGEST_S]
                price += float(paid(model, number, seconds) - paid(model, number, day[SECONDS]))
                price += SECOND * (seconds - day[SECONDS])
        if fits and price < places.price[-1]:
            before = node if last == first else last
            if has_room_after(model, state, before, second):
                offer(places, price, first, PAIR_IN_TRIP, node, last)
        if after == end or scratch.tight[after]:
            return
        drive_s = clock[last, AHEAD_S] if model.timed and last != first else 0
        if last == first:
            added_m += leg_m(model, facts[MATRIX], here, state.place[after]) - old_m
            if model.timed:
                drive_s = leg_s(model, facts[MATRIX], here, state.place[after])
        if model.timed:
            if took_s + from_s + drive_s > model.visit[after, CLOSES]:
                return
            took_s, from_s, by_s = join(
                took_s, from_s, by_s, drive_s,
                model.visit[after, SERVICE], model.visit[after, OPENS], model.visit[after, CLOSES],
            )  # fmt: skip
        old_m, last, after = link[after, AHEAD_M], after, link[after, SUCC]


@compiled
def offer_pair_in_trip(
    model: Model, state: State, places: Places, scratch: Scratch, first: int, trip: int
) -> None:
    """Offer every place of a pair in one trip. O(visits²)."""
    kind = model.vehicle[state.trip[trip, VEHICLE], KIND]
    if not model.allowed[first, kind] or not model.allowed[model.visit[first, BROUGHT_BY], kind]:
        return
    note_tight(model, state, scratch, trip, first)
    node, end = len(model.visit) + 2 * trip, len(model.visit) + 2 * trip + 1
    while node != end:
        if not scratch.tight[node]:
            offer_pair_after(model, state, places, scratch, first, node, trip)
        node = state.link[node, SUCC]


@compiled
def offer_pair_near(
    model: Model, state: State, part: Part, places: Places, scratch: Scratch, first: int
) -> None:
    """Offer the places of a pair in the trips of the part that come near one of its visits."""
    scratch.tally[LOOKED] += 1
    for half in range(2):
        visit = first if half == 0 else model.visit[first, BROUGHT_BY]
        for q in range(model.beside.shape[1]):
            trip = state.link[model.beside[visit, q], TRIP]
            if trip < 0 or state.trip[trip, PART] != part.number:
                continue
            if scratch.looked_at[trip] == scratch.tally[LOOKED]:
                continue
            scratch.looked_at[trip] = scratch.tally[LOOKED]
            offer_pair_in_trip(model, state, places, scratch, first, trip)
