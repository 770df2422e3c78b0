"""
Which visit of each order is made: the cheapest along a trip whose orders stay where they are.

The layers of a trip are its orders, and their visits the nodes of a layer: a shortest path through it, as in the
generalised routing problem's local searches since Fischetti, Salazar and Toth, "A branch-and-cut algorithm for the symmetric
generalized traveling salesman problem", Operations Research 45 (1997).
"""

from __future__ import annotations

import numpy as np

from routing.vrp.model import EACH_M, GROUP, KIND, MATRIX, PLACE, Model
from routing.vrp.part import PLACED, Scratch
from routing.vrp.search_state import (
    AHEAD_M,
    HEAD,
    NEXT,
    PRED,
    SUCC,
    VEHICLE,
    State,
    compiled,
    leg_m,
    made_by,
    put_after,
    take_out,
)
from routing.vrp.undo import Undo


@compiled
def may_stand_for(model: Model, member: int, visit: int, kind: int) -> bool:
    """Whether a kind of vehicle may make `member` where it makes `visit`: it is allowed, and loads the same."""
    if member == visit:
        return True
    for axis in range(model.loads.shape[1]):
        if model.loads[member, axis] != model.loads[visit, axis]:
            return False
    return bool(model.allowed[member, kind])


@compiled
def cheapest_way(
    model: Model, scratch: Scratch, vehicle: int, first: int, stop: int, place: int
) -> tuple[float, int]:
    """The least cost of coming to a place from one of the visits `first` to `stop` of the layers, and from which."""
    facts, best, way = model.vehicle[vehicle], np.inf, -1
    for slot in range(first, stop):
        from_place = model.visit[scratch.members[slot], PLACE]
        price = scratch.keys[slot] + facts[EACH_M] * leg_m(model, facts[MATRIX], from_place, place)
        if price < best:
            best, way = price, slot
    return best, way


@compiled
def exchange_members(model: Model, state: State, scratch: Scratch, trip: int) -> float:
    """
    Make of every order of a trip that visit with which the trip costs least; return how much less.

    Without clocks only metres count, and what visits cost by themselves. O(visits of the orders²) at most.
    """
    vehicle = state.trip[trip, VEHICLE]
    facts = model.vehicle[vehicle]
    start = len(model.visit) + 2 * trip
    end = start + 1
    as_it_is, has_choice = 0.0, False
    first = stop = count = 0  # of the layer before: none yet
    node = start
    while state.link[node, SUCC] != end:
        metres = state.link[node, AHEAD_M]
        node = state.link[node, SUCC]
        as_it_is += facts[EACH_M] * metres + made_by(model, node, vehicle)
        group = model.visit[node, GROUP]
        begin = model.member_from[group] if group >= 0 else 0
        beyond = model.member_from[group + 1] if group >= 0 else 1
        for number in range(begin, beyond):
            member = model.members[number] if group >= 0 else node
            if not may_stand_for(model, member, node, facts[KIND]):
                continue
            there = state.place[member]
            if stop == 0:
                price, way = (
                    float(facts[EACH_M] * leg_m(model, facts[MATRIX], state.place[start], there)),
                    -1,
                )
            else:
                price, way = cheapest_way(model, scratch, vehicle, first, stop, there)
            scratch.keys[count] = price + made_by(model, member, vehicle)
            scratch.ways[count], scratch.members[count] = way, member
            count += 1
        has_choice |= count - stop > 1
        first, stop = stop, count
    if not has_choice:
        return 0.0
    as_it_is += facts[EACH_M] * state.link[node, AHEAD_M]
    best, way = cheapest_way(model, scratch, vehicle, first, stop, state.place[end])
    if best >= as_it_is:
        return 0.0
    while way >= 0:
        before, member = state.link[node, PRED], scratch.members[way]
        if member != node:
            take_out(model, state, node)
            put_after(model, state, before, member)
            scratch.placed[scratch.tally[PLACED]] = member
            scratch.tally[PLACED] += 1
        node, way = before, scratch.ways[way]
    state.cost[vehicle] = np.nan
    return float(as_it_is - best)


@compiled
def exchange_changed(model: Model, state: State, undo: Undo, scratch: Scratch) -> float:
    """As `exchange_members`, in every trip of the vehicles that the iteration has changed."""
    cheaper = 0.0
    for change in range(undo.changes[0]):
        trip = state.vehicle[undo.changed[change], HEAD]
        while trip >= 0:
            cheaper += exchange_members(model, state, scratch, trip)
            trip = state.trip[trip, NEXT]
    return cheaper
