"""
Two trips exchange what follows a point of each: a change of whole halves, which strings never make.

As 2-opt* of Potvin and Rousseau, "An exchange heuristic for routeing problems with time windows",
Journal of the Operational Research Society 46 (1995). Between days of one trip and vehicles alike it
is priced and tested in constant time; elsewhere both trips are driven through once.
"""

from __future__ import annotations

from typing import Final

from routing.vrp.model import (
    CLOSES,
    DUE_BACK,
    EACH_M,
    EACH_S,
    FIXED,
    FROM_S,
    KIND,
    LONGEST_S,
    MATRIX,
    OPENS,
    OVER_S,
    RANGE_M,
    RELEASED,
    SERVICE,
    TURNAROUND,
    UNLOAD,
    UNTIL_S,
    Model,
)
from routing.vrp.packed import NEVER
from routing.vrp.pairs import is_carrying
from routing.vrp.part import Part
from routing.vrp.places import NOT_HERE
from routing.vrp.search_state import (
    AHEAD_M,
    AHEAD_S,
    COUNT,
    DUE,
    METRES,
    NEXT,
    PART,
    PRE_EARLY,
    PRE_LATE,
    PRE_S,
    PRED,
    PREV,
    READY,
    RELEASE,
    ROOM,
    SECONDS,
    SUCC,
    SUF_EARLY,
    SUF_LATE,
    SUF_S,
    TRIP,
    TRIPS,
    UNLOADING,
    VEHICLE,
    State,
    compiled,
    connect,
    count_trip,
    leg_m,
    leg_s,
    made_by,
    paid,
    renew_trip,
)
from routing.vrp.segments import join

_NEAR: Final = 40
"""Neighbours of a visit whose trips may exchange tails with its own; chosen."""


@compiled
def paid_alike(model: Model, one: int, other: int) -> bool:
    """Whether a metre and a second cost two vehicles the same, so that only changed drives count."""
    first, second = model.vehicle[one], model.vehicle[other]
    return bool(
        first[EACH_M] == second[EACH_M]
        and first[EACH_S] == second[EACH_S]
        and first[OVER_S] == second[OVER_S] == 0
    )


@compiled
def is_plain(model: Model, state: State, trip: int) -> bool:
    """Whether a trip is a day of its own, and no visit of it says when it leaves or is over."""
    row = state.trip[trip]
    return bool(
        row[PREV] < 0
        and row[NEXT] < 0
        and row[RELEASE] == 0
        and row[DUE] >= NEVER
        and row[UNLOADING] == 0
        and model.vehicle[row[VEHICLE], RANGE_M] >= NEVER
    )


@compiled
def changed(
    model: Model, state: State, node: int, follower: int, are_twins: bool
) -> tuple[int, int]:
    """
    How many more metres, and seconds on the road, the trip of `node` drives if `follower` and what follows
    it come after `node`, without what is driven between those that follow.
    """
    visits, link, clock = len(model.visit), state.link, state.clock
    trip, follows = link[node, TRIP], follower < visits
    matrix, end = model.vehicle[state.trip[trip, VEHICLE], MATRIX], visits + 2 * trip + 1
    was_last = link[end, PRED]
    last = link[visits + 2 * link[follower, TRIP] + 1, PRED] if follows else node
    here, back = state.place[node], state.place[end]
    metres = -link[node, AHEAD_M] - (link[was_last, AHEAD_M] if was_last != node else 0)
    metres += leg_m(model, matrix, here, state.place[follower]) if follows else 0
    if last < visits:  # the ends of twins are one place
        as_before = are_twins and follows
        metres += (
            link[last, AHEAD_M] if as_before else leg_m(model, matrix, state.place[last], back)
        )
    if not model.timed:
        return int(metres), 0
    seconds = -clock[node, AHEAD_S] - (clock[was_last, AHEAD_S] if was_last != node else 0)
    seconds += leg_s(model, matrix, here, state.place[follower]) if follows else 0
    if last < visits:
        as_before = are_twins and follows
        seconds += (
            clock[last, AHEAD_S] if as_before else leg_s(model, matrix, state.place[last], back)
        )
    return int(metres), int(seconds)


@compiled
def between_m(model: Model, state: State, node: int) -> int:
    """The metres from a node to the last visit of its trip."""
    metres = 0
    while node < len(model.visit) and state.link[node, SUCC] < len(model.visit):
        metres += state.link[node, AHEAD_M]
        node = state.link[node, SUCC]
    return metres


@compiled
def handed_over(model: Model, state: State, node: int, number: int, other: int) -> int:
    """What the visits from a node to its trip's end cost more by themselves if another vehicle makes them."""
    dearer = 0
    while node < len(model.visit):
        dearer += made_by(model, node, other) - made_by(model, node, number)
        node = state.link[node, SUCC]
    return dearer


@compiled
def has_room_for(model: Model, state: State, here: int, there: int) -> bool:
    """Whether the vehicle of `here` carries what is made up to there and what follows from `there` on."""
    visits, link = len(model.visit), state.link
    number = state.trip[link[here, TRIP], VEHICLE]
    dimensions = model.capacity.shape[1]
    for axis in range(2 * dimensions):
        room = model.capacity[number, axis if axis < dimensions else axis - dimensions]
        node = here
        while node < visits:
            room -= model.loads[node, axis]
            node = link[node, PRED]
        node = there
        while node < visits:
            room -= model.loads[node, axis]
            node = link[node, SUCC]
        if room < 0:
            return False
    return True


@compiled
def joined_s(model: Model, state: State, here: int, there: int) -> int:
    """`spliced_s`, in constant time, between two plain trips of twins."""
    if not model.timed:
        return 0
    clock = state.clock
    number = state.trip[state.link[here, TRIP], VEHICLE]
    drive_s = leg_s(model, model.vehicle[number, MATRIX], state.place[here], state.place[there])
    if clock[here, READY] + drive_s > clock[there, SUF_LATE]:
        return NEVER
    if not model.priced:
        return 0
    took_s, _, _ = join(
        clock[here, PRE_S], clock[here, PRE_EARLY], clock[here, PRE_LATE], drive_s,
        clock[there, SUF_S], clock[there, SUF_EARLY], clock[there, SUF_LATE],
    )  # fmt: skip
    return int(took_s) if took_s <= model.vehicle[number, LONGEST_S] else NEVER


@compiled
def spliced_s(model: Model, state: State, here: int, there: int) -> int:
    """
    The seconds of the day of `here`'s vehicle in which `there` and what follows it come after `here`.

    NEVER if one of these is not for this vehicle, or the day is too long, too far or late.
    """
    visits, link, clock = len(model.visit), state.link, state.clock
    trip = link[here, TRIP]
    row, start, end = state.trip[trip], visits + 2 * trip, visits + 2 * trip + 1
    vehicle = model.vehicle[row[VEHICLE]]
    there = there if there < visits else end
    metres = state.vehicle[row[VEHICLE], METRES]
    metres += leg_m(model, vehicle[MATRIX], state.place[here], state.place[there])
    release_s, due_s, unloading_s = 0, NEVER, 0
    node = here
    while node < visits:
        release_s = max(release_s, model.visit[node, RELEASED])
        due_s = min(due_s, model.visit[node, DUE_BACK])
        unloading_s += model.visit[node, UNLOAD]
        node = link[node, PRED]
    node = here
    while node != end:
        metres -= link[node, AHEAD_M]
        node = link[node, SUCC]
    node, last = there, here
    while node < visits:
        if not model.allowed[node, vehicle[KIND]]:
            return NEVER
        release_s = max(release_s, model.visit[node, RELEASED])
        due_s = min(due_s, model.visit[node, DUE_BACK])
        unloading_s += model.visit[node, UNLOAD]
        node, last = link[node, SUCC], node
        metres += link[last, AHEAD_M] if node < visits else 0
    if last != here:
        metres += leg_m(model, vehicle[MATRIX], state.place[last], state.place[end])
    if metres > vehicle[RANGE_M]:
        return NEVER
    if not model.timed:
        return 0
    until_s = vehicle[UNTIL_S]
    took_s, from_s, by_s = 0, max(release_s, vehicle[FROM_S]), until_s
    if row[PREV] >= 0:
        prior = clock[start - 2 * trip + 2 * row[PREV] + 1]
        took_s, from_s, by_s = join(
            prior[PRE_S], prior[PRE_EARLY], prior[PRE_LATE], 0, took_s, from_s, by_s
        )
    node = start
    while node != end:
        follower = there if node == here else link[node, SUCC]
        drive_s = clock[node, AHEAD_S]
        if node == here or follower >= visits:
            follower = follower if follower < visits else end
            drive_s = leg_s(model, vehicle[MATRIX], state.place[node], state.place[follower])
        stay_s = unloading_s + (vehicle[TURNAROUND] if row[NEXT] >= 0 else 0)
        early, late = 0, min(due_s, until_s) - unloading_s
        if follower != end:
            stay_s, early = model.visit[follower, SERVICE], model.visit[follower, OPENS]
            late = model.visit[follower, CLOSES]
        if took_s + from_s + drive_s > late:
            return NEVER
        took_s, from_s, by_s = join(took_s, from_s, by_s, drive_s, stay_s, early, late)
        node = follower
    if row[NEXT] >= 0:
        rest = clock[start - 2 * trip + 2 * row[NEXT]]
        if took_s + from_s > rest[SUF_LATE]:
            return NEVER
        took_s, _, _ = join(took_s, from_s, by_s, 0, rest[SUF_S], rest[SUF_EARLY], rest[SUF_LATE])
    return int(took_s) if took_s <= vehicle[LONGEST_S] else NEVER


@compiled
def tails_price(
    model: Model, state: State, here: int, there: int, are_twins: bool, dearest: float
) -> float:
    """What it costs that `there` and its tail follow `here`, and the other way round; NOT_HERE from `dearest` on."""
    visits, trips = len(model.visit), state.trip
    trip, other = state.link[here, TRIP], state.link[there, TRIP]
    number, second = trips[trip, VEHICLE], trips[other, VEHICLE]
    one, two = model.vehicle[number], model.vehicle[second]
    after, before = state.link[here, SUCC], state.link[there, PRED]
    if model.paired and (is_carrying(model, state, here) or is_carrying(model, state, before)):
        return NOT_HERE
    metres, road_s = changed(model, state, here, there, are_twins)
    other_m, other_s = changed(model, state, before, after, are_twins)
    are_alike = paid_alike(model, number, second)
    if not are_alike:
        moved_m = between_m(model, state, there) - between_m(model, state, after)
        metres, other_m = metres + moved_m, other_m - moved_m
    price = float(metres * one[EACH_M] + other_m * two[EACH_M])
    if model.picky:
        price += float(handed_over(model, state, there, second, number))
        price += float(handed_over(model, state, after, number, second))
    ends = before >= visits and after >= visits  # nothing is left of the trip of `there`
    stays_home = ends and state.vehicle[second, TRIPS] == 1
    if stays_home:
        price -= float(two[FIXED])
    time_price = float((road_s + other_s) * one[EACH_S]) if are_alike else 0.0
    if one[OVER_S] + two[OVER_S] == 0 and price + time_price >= dearest:
        return NOT_HERE
    if not has_room_for(model, state, here, there) or not has_room_for(model, state, before, after):
        return NOT_HERE
    by_segments = are_twins and is_plain(model, state, trip) and is_plain(model, state, other)
    price -= float(paid(model, number, state.vehicle[number, SECONDS]))
    if stays_home or not ends:
        price -= float(paid(model, second, state.vehicle[second, SECONDS]))
    for half in range(1 if ends else 2):
        node, follower = (here, there) if half == 0 else (before, after)
        if by_segments:
            took_s = joined_s(model, state, node, follower)
        else:
            took_s = spliced_s(model, state, node, follower)
        if took_s >= NEVER:
            return NOT_HERE
        price += float(paid(model, number if half == 0 else second, took_s))
    return price if price < dearest else NOT_HERE


@compiled
def best_tails(
    model: Model, state: State, part: Part, visit: int, dearest: float
) -> tuple[int, int]:
    """
    The nodes (here, there) for which it is cheapest that what begins with `there` follows `here`,
    and what followed `here` follows the predecessor of `there`; (-1, -1) if not below `dearest`.

    One of the two is `visit`, the other a neighbour in a trip of the part, of a vehicle with the same matrix.
    """
    link, trips = state.link, state.trip
    best_here, best_there = -1, -1
    trip = link[visit, TRIP]
    if trip < 0 or trips[trip, PART] != part.number:
        return best_here, best_there
    number = trips[trip, VEHICLE]
    for q in range(min(model.beside.shape[1], _NEAR)):
        near = int(model.beside[visit, q])
        other = link[near, TRIP]
        if other < 0 or trips[other, PART] != part.number:
            continue
        second = trips[other, VEHICLE]
        are_twins = model.vehicle[number, KIND] == model.vehicle[second, KIND]
        if second == number or model.vehicle[number, MATRIX] != model.vehicle[second, MATRIX]:
            continue
        for side in range(2):
            here, there = (visit, near) if side == 0 else (near, visit)
            price = tails_price(model, state, here, there, are_twins, dearest)
            if price < dearest:
                dearest, best_here, best_there = price, int(here), int(there)
    return best_here, best_there


@compiled
def hand_over(model: Model, state: State, node: int, other: int) -> None:
    """Let the visits from `node` on belong to trip `other`."""
    trip = state.link[node, TRIP]
    while node < len(model.visit):
        state.link[node, TRIP] = other
        state.trip[trip, COUNT] -= 1
        state.trip[other, COUNT] += 1
        for axis in range(state.load.shape[1]):
            state.load[trip, axis] -= model.loads[node, axis]
            state.load[other, axis] += model.loads[node, axis]
        if state.load.shape[1]:
            state.trip[trip, ROOM] += model.loads[node, 0]
            state.trip[other, ROOM] -= model.loads[node, 0]
        node = state.link[node, SUCC]


@compiled
def exchange_tails(model: Model, state: State, here: int, there: int) -> None:
    """Let `there` and what follows it come after `here`, and the other way round; days are not renewed."""
    visits, link = len(model.visit), state.link
    after, before = link[here, SUCC], link[there, PRED]
    trip, other = link[here, TRIP], link[there, TRIP]
    end, other_end = visits + 2 * trip + 1, visits + 2 * other + 1
    last, other_last = link[end, PRED], link[other_end, PRED]
    matrix = model.vehicle[state.trip[trip, VEHICLE], MATRIX]
    count_trip(model, state, trip, -1)
    count_trip(model, state, other, -1)
    if after < visits:
        hand_over(model, state, after, other)
    hand_over(model, state, there, trip)
    connect(model, state, matrix, here, there)
    connect(model, state, matrix, other_last, end)
    connect(model, state, matrix, before, after if after < visits else other_end)
    if after < visits:
        connect(model, state, matrix, last, other_end)
    count_trip(model, state, trip, 1)
    count_trip(model, state, other, 1)
    renew_trip(model, state, trip)
    renew_trip(model, state, other)
