"""Where a visit may be put: every place beside its neighbours, priced and tested in constant time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.vrp.model import (
    BROUGHT_BY,
    CLOSES,
    DUE_BACK,
    EACH_M,
    EACH_S,
    END,
    FIXED,
    FROM_S,
    KIND,
    LONGEST_S,
    MATRIX,
    OPENS,
    OVER_S,
    PLACE,
    RANGE_M,
    RELEASED,
    SERVICE,
    START,
    TURNAROUND,
    UNLOAD,
    UNTIL_S,
    Model,
)
from routing.vrp.packed import NEVER
from routing.vrp.part import Part, random_share
from routing.vrp.search_state import (
    AHEAD_M,
    AHEAD_S,
    BUSY_S,
    DUE,
    HEAD,
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
    leg_m,
    leg_s,
    made_by,
    paid,
    work_s,
)
from routing.vrp.segments import alone, day_with_s, join

NOT_HERE: Final = 1e300
"""The price of a place where a visit must not be."""

_BLINK_SHARE: Final = 0.01
"""Places overlooked, as in the paper, drawn for those that would be the cheapest; in the common case only, elsewhere
it changed nothing (four days of 300 orders, 5 s each: 100.4 thousand fen at the mean with it, 99.8 without)."""

SECOND: Final = 1e-6
"""Breaks ties by time on the road, where seconds cost nothing."""


IN_TRIP: Final = 0
NEW_TRIP: Final = 1
PAIR_IN_TRIP: Final = 2
"""Kinds of `Places`."""


class Places(NamedTuple):
    """
    The cheapest places found for one order, ascending; unused ones are infinitely dear.

    IN_TRIP: after node `at`. NEW_TRIP: alone in a new trip of vehicle `at`, after its trip `beyond`.
    PAIR_IN_TRIP: after node `at`, and its partner after node `beyond`.
    """

    price: NDArray[np.float64]
    visit: NDArray[np.int64]
    kind: NDArray[np.int64]
    at: NDArray[np.int64]
    beyond: NDArray[np.int64]


def no_places(count: int) -> Places:
    """Room for so many."""
    price, (visit, kind, at, beyond) = np.empty(count), np.empty((4, count), np.int64)
    return Places(price, visit, kind, at, beyond)


@compiled
def offer(places: Places, price: float, visit: int, kind: int, at: int, beyond: int) -> None:
    """Note a place that is cheaper than the dearest noted."""
    slot = len(places.price) - 1
    while slot > 0 and places.price[slot - 1] > price:
        places.price[slot] = places.price[slot - 1]
        places.visit[slot] = places.visit[slot - 1]
        places.kind[slot] = places.kind[slot - 1]
        places.at[slot] = places.at[slot - 1]
        places.beyond[slot] = places.beyond[slot - 1]
        slot -= 1
    places.price[slot] = price
    places.visit[slot] = visit
    places.kind[slot] = kind
    places.at[slot] = at
    places.beyond[slot] = beyond


@compiled
def has_room(model: Model, state: State, trip: int, visit: int) -> bool:
    """Whether what the trip fetches, and what it brings, each leave room for the visit's."""
    vehicle = state.trip[trip, VEHICLE]
    dimensions = model.capacity.shape[1]
    for axis in range(2 * dimensions):
        room = model.capacity[vehicle, axis if axis < dimensions else axis - dimensions]
        if state.load[trip, axis] + model.loads[visit, axis] > room:
            return False
    return True


@compiled
def has_room_after(model: Model, state: State, node: int, visit: int) -> bool:
    """Whether the fullest moments before and after leave room, where a trip brings and fetches."""
    vehicle = state.trip[state.link[node, TRIP], VEHICLE]
    dimensions = model.capacity.shape[1]
    for axis in range(dimensions):
        room, other = model.capacity[vehicle, axis], axis + dimensions
        if state.board[node, axis] + model.loads[visit, other] > room:
            return False
        if state.board[node, other] + model.loads[visit, axis] > room:
            return False
    return True


@compiled
def dearer_s(
    model: Model, state: State, trip: int, node: int, visit: int, to_s: int, onward_s: int
) -> int:
    """
    Return how many seconds longer the day takes with the visit after `node`; NEVER if it cannot be.

    `to_s` and `onward_s` are the drives to the visit and from it.
    """
    clock, number = state.clock, state.trip[trip, VEHICLE]
    released_s, due_s = model.visit[visit, RELEASED], model.visit[visit, DUE_BACK]
    if (
        released_s > state.trip[trip, RELEASE]
        or due_s < state.trip[trip, DUE]
        or model.visit[visit, UNLOAD] > 0
    ):
        took_s = through(model, state, trip, node, visit, to_s, onward_s)
    else:
        service_s = model.visit[visit, SERVICE]
        opens_s, closes_s = model.visit[visit, OPENS], model.visit[visit, CLOSES]
        after = state.link[node, SUCC]
        begin_s = max(clock[node, PRE_S] + clock[node, PRE_EARLY] + to_s, opens_s)
        if begin_s > closes_s or begin_s + service_s + onward_s > clock[after, SUF_LATE]:
            return NEVER
        facts = model.vehicle[number]
        if facts[EACH_S] == 0 and facts[OVER_S] == 0 and facts[LONGEST_S] >= NEVER:
            return 0
        first_s, early, late = join(
            clock[node, PRE_S],
            clock[node, PRE_EARLY],
            clock[node, PRE_LATE],
            to_s,
            service_s,
            opens_s,
            closes_s,
        )
        took_s, _, _ = join(
            first_s,
            early,
            late,
            onward_s,
            clock[after, SUF_S],
            clock[after, SUF_EARLY],
            clock[after, SUF_LATE],
        )
    if took_s > model.vehicle[number, LONGEST_S]:
        return NEVER
    return int(took_s - state.vehicle[number, SECONDS])


@compiled
def through(
    model: Model, state: State, trip: int, at: int, visit: int, to_s: int, onward_s: int
) -> int:
    """The seconds of a day in which a trip leaves later, must be over earlier, or unloads longer; or NEVER."""
    visits, clock, row = len(model.visit), state.clock, state.trip[trip]
    vehicle, added = model.vehicle[row[VEHICLE]], model.visit[visit]
    node = visits + 2 * trip
    own_s, early, late = 0, max(row[RELEASE], added[RELEASED], vehicle[FROM_S]), vehicle[UNTIL_S]
    took_s, from_s, by_s = own_s, early, late
    if row[PREV] >= 0:
        before = clock[visits + 2 * row[PREV] + 1]
        if before[PRE_S] + before[PRE_EARLY] > late:
            return NEVER
        took_s, from_s, by_s = join(
            before[PRE_S], before[PRE_EARLY], before[PRE_LATE], 0, own_s, early, late
        )
    while True:
        if node == at:
            if max(took_s + from_s + to_s, added[OPENS]) > added[CLOSES]:
                return NEVER
            took_s, from_s, by_s = join(
                took_s, from_s, by_s, to_s, added[SERVICE], added[OPENS], added[CLOSES]
            )
            drive_s = onward_s
        else:
            drive_s = clock[node, AHEAD_S]
        node = state.link[node, SUCC]
        own_s, early, late = alone(model, state, node)
        if node == visits + 2 * trip + 1:
            late = min(late, added[DUE_BACK] - row[UNLOADING]) - added[UNLOAD]
            own_s += added[UNLOAD]
        if took_s + from_s + drive_s > late:
            return NEVER
        took_s, from_s, by_s = join(took_s, from_s, by_s, drive_s, own_s, early, late)
        if node == visits + 2 * trip + 1:
            break
    if row[NEXT] >= 0:
        after = clock[visits + 2 * row[NEXT]]
        if took_s + from_s > after[SUF_LATE]:
            return NEVER
        took_s, _, _ = join(
            took_s, from_s, by_s, 0, after[SUF_S], after[SUF_EARLY], after[SUF_LATE]
        )
    return int(took_s)


@compiled
def waited_s(model: Model, state: State, number: int) -> int:
    """The seconds of a vehicle's day that it waits."""
    day = state.vehicle[number]
    turning_s = model.vehicle[number, TURNAROUND] * (day[TRIPS] - 1)
    return int(day[SECONDS] - day[BUSY_S] - turning_s)


@compiled
def at_least(model: Model, number: int, metres: int, busy_s: int, waits_s: int) -> float:
    """What so many more metres, and seconds of driving and serving, cost a vehicle whose day waits that long at least."""
    seconds = max(busy_s - waits_s, min(busy_s, 0))
    facts = model.vehicle[number]
    each_s = facts[EACH_S] if seconds >= 0 else facts[EACH_S] + facts[OVER_S]
    return float(metres * facts[EACH_M] + seconds * each_s)


@compiled
def offer_after(
    model: Model, state: State, places: Places, visit: int, node: int, trip: int, dearest: float
) -> float:
    """
    Offer the place after `node`, if it is allowed and cheaper than `dearest`; return the new bound.

    That the trip has room at all is known already.
    """
    after = state.link[node, SUCC]
    number = state.trip[trip, VEHICLE]
    matrix = model.vehicle[number, MATRIX]
    here, there, place = state.place[node], state.place[after], model.visit[visit, PLACE]
    metres = leg_m(model, matrix, here, place)
    metres += leg_m(model, matrix, place, there) - state.link[node, AHEAD_M]
    to_s = onward_s = busy_s = 0
    if model.timed:
        to_s, onward_s = leg_s(model, matrix, here, place), leg_s(model, matrix, place, there)
        busy_s = to_s + onward_s + work_s(model, visit) - state.clock[node, AHEAD_S]
    if at_least(model, number, metres, busy_s, waited_s(model, state, number)) >= dearest:
        return dearest
    if state.vehicle[number, METRES] + metres > model.vehicle[number, RANGE_M]:
        return dearest
    price = float(metres * model.vehicle[number, EACH_M] + made_by(model, visit, number))
    if model.timed:
        seconds = dearer_s(model, state, trip, node, visit, to_s, onward_s)
        if seconds >= NEVER // 2:
            return dearest
        day_s = state.vehicle[number, SECONDS]
        price += float(paid(model, number, day_s + seconds) - paid(model, number, day_s))
        price += SECOND * seconds
    if price >= dearest or (model.mixed and not has_room_after(model, state, node, visit)):
        return dearest
    offer(places, price, visit, IN_TRIP, node, -1)
    return float(places.price[-1])


@compiled
def offer_new_trip(
    model: Model, state: State, places: Places, visit: int, number: int, beyond: int, dearest: float
) -> float:
    """
    Offer a trip of its own to vehicle `number`, after its trip `beyond`; return the new bound.

    That what the visit loads, or its pair, is not too much for the vehicle is known already.
    """
    vehicle, row = model.vehicle[number], model.visit[visit]
    day = state.vehicle[number]
    place, last = row[PLACE], row[PLACE]
    metres, made = (
        leg_m(model, vehicle[MATRIX], vehicle[START], place),
        made_by(model, visit, number),
    )
    if row[BROUGHT_BY] >= 0:
        last = model.visit[row[BROUGHT_BY], PLACE]
        metres += leg_m(model, vehicle[MATRIX], place, last)
        made += made_by(model, row[BROUGHT_BY], number)
    metres += leg_m(model, vehicle[MATRIX], last, vehicle[END])
    price = float(metres * vehicle[EACH_M] + made)
    if day[HEAD] < 0:
        price += float(vehicle[FIXED])
    if price >= dearest or day[METRES] + metres > vehicle[RANGE_M]:
        return dearest
    if model.timed:
        early = max(vehicle[FROM_S], row[RELEASED])
        late = min(vehicle[UNTIL_S], row[DUE_BACK]) - row[UNLOAD]
        to_s = leg_s(model, vehicle[MATRIX], vehicle[START], place)
        home_s = leg_s(model, vehicle[MATRIX], last, vehicle[END])
        if early + to_s > row[CLOSES]:
            return dearest
        took_s, from_s, by_s = join(
            0, early, vehicle[UNTIL_S], to_s, row[SERVICE], row[OPENS], row[CLOSES]
        )
        if row[BROUGHT_BY] >= 0:
            other = model.visit[row[BROUGHT_BY]]
            onward_s = leg_s(model, vehicle[MATRIX], place, last)
            if took_s + from_s + onward_s > other[CLOSES]:
                return dearest
            took_s, from_s, by_s = join(
                took_s, from_s, by_s, onward_s, other[SERVICE], other[OPENS], other[CLOSES]
            )
        if took_s + from_s + home_s > late:
            return dearest
        took_s, from_s, by_s = join(took_s, from_s, by_s, home_s, row[UNLOAD], 0, late)
        day_s = day_with_s(model, state, number, beyond, took_s, from_s, by_s)
        if day_s >= NEVER:
            return dearest
        until_now_s = day[SECONDS] if day[HEAD] >= 0 else 0
        price += float(paid(model, number, day_s) - paid(model, number, until_now_s))
        price += SECOND * (day_s - until_now_s)
    if price >= dearest:
        return dearest
    offer(places, price, visit, NEW_TRIP, number, beyond)
    return float(places.price[-1])


@compiled
def offer_near(model: Model, state: State, part: Part, places: Places, visit: int) -> None:
    """
    Offer the places beside the visit's neighbours in trips of the part.

    A place between two neighbours is looked at from the nearer one: it costs at least twice that
    one's distance, in metres and seconds, less the way there is now and what the day waits, so that
    most are passed over without a look at the matrix. In the common case some are overlooked by chance, as in the paper.
    """
    link, trips, clock, place = state.link, state.trip, state.clock, state.place
    here = model.visit[visit, PLACE]
    load = model.loads[visit, 0] if model.loads.shape[1] else 0
    service_s, opens_s = model.visit[visit, SERVICE], model.visit[visit, OPENS]
    closes_s = model.visit[visit, CLOSES]
    released_s, due_s = model.visit[visit, RELEASED], model.visit[visit, DUE_BACK]
    unload_s = model.visit[visit, UNLOAD]
    simple, timed, restricted = model.simple, model.timed, model.restricted
    distances_m = model.distances_m
    dearest = places.price[-1]
    waits_s = 0
    for q in range(model.beside.shape[1]):
        node = model.beside[visit, q]
        trip = link[node, TRIP]
        if trip < 0 or trips[trip, PART] != part.number or trips[trip, ROOM] < load:
            continue
        number = trips[trip, VEHICLE]
        apart_m, apart_s = 2 * model.beside_m[visit, q], service_s + unload_s
        if not simple:
            apart_s += 2 * model.beside_s[visit, q]
            waits_s = waited_s(model, state, number)
        for side in range(2):
            before = node if side == 0 else link[node, PRED]
            direct_m = link[before, AHEAD_M]
            if simple:
                least = float((apart_m - direct_m) * model.vehicle[number, EACH_M])
            else:
                busy_s = apart_s - clock[before, AHEAD_S]
                least = at_least(model, number, apart_m - direct_m, busy_s, waits_s)
            if least >= dearest:
                continue
            after = link[before, SUCC]
            if simple:
                to_m = np.int64(distances_m[0, place[before], here])
                onward_m = np.int64(distances_m[0, here, place[after]])
                metres = to_m + onward_m - direct_m
                price = float(metres * model.vehicle[number, EACH_M])
                if price >= dearest:
                    continue
                if restricted and not model.allowed[visit, model.vehicle[number, KIND]]:
                    break
                if timed:
                    to_s, onward_s = to_m, onward_m
                    if not model.as_long:
                        to_s = np.int64(model.durations_s[0, place[before], here])
                        onward_s = np.int64(model.durations_s[0, here, place[after]])
                    begin_s = max(clock[before, READY] + to_s, opens_s)
                    if (
                        begin_s > closes_s
                        or begin_s + service_s + onward_s > clock[after, SUF_LATE]
                    ):
                        continue
                    if (
                        model.priced
                        or unload_s > 0
                        or released_s > trips[trip, RELEASE]
                        or due_s < trips[trip, DUE]
                    ) and dearer_s(model, state, trip, before, visit, to_s, onward_s) >= NEVER // 2:
                        continue
                if is_overlooked(part):
                    continue
                offer(places, price, visit, IN_TRIP, before, -1)
                dearest = places.price[-1]
            else:
                if not model.allowed[visit, model.vehicle[number, KIND]]:
                    break
                if not has_room(model, state, trip, visit):
                    break
                dearest = offer_after(model, state, places, visit, before, trip, dearest)


@compiled
def is_overlooked(part: Part) -> bool:
    """Whether a place is passed over by chance: the draw says after how many it is one."""
    part.blink[0] -= 1
    if part.blink[0] >= 0:
        return False
    part.blink[0] = int(np.log(random_share(part.random) + 1e-300) / np.log(1.0 - _BLINK_SHARE))
    return True


@compiled
def offer_in_trip(model: Model, state: State, places: Places, visit: int, trip: int) -> None:
    """Offer every place of one trip."""
    number = state.trip[trip, VEHICLE]
    if not model.allowed[visit, model.vehicle[number, KIND]]:
        return
    if not has_room(model, state, trip, visit):
        return
    stop = len(model.visit) + 2 * trip + 1
    node = stop - 1
    dearest = places.price[-1]
    while node != stop:
        dearest = offer_after(model, state, places, visit, node, trip, dearest)
        node = state.link[node, SUCC]
