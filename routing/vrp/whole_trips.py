"""A whole trip goes over to another vehicle: the day of one that may drive it as well, or one that stays at home."""

from __future__ import annotations

from typing import Final

from routing.vrp.model import (
    CLOSES,
    EACH_M,
    END,
    FIXED,
    FROM_S,
    KIND,
    MATRIX,
    OPENS,
    RANGE_M,
    SERVICE,
    START,
    TRIPS_MAX,
    TURNAROUND,
    UNTIL_S,
    Model,
)
from routing.vrp.packed import NEVER
from routing.vrp.part import VEHICLES, Part, make_spare, random_share, spare_vehicle
from routing.vrp.search_state import (
    AHEAD_M,
    DUE,
    HEAD,
    METRES,
    NEXT,
    PRE_EARLY,
    PRE_LATE,
    PRE_S,
    PREV,
    RELEASE,
    ROOM,
    SECONDS,
    SUCC,
    SUF_EARLY,
    SUF_LATE,
    SUF_S,
    TRIPS,
    UNLOADING,
    VEHICLE,
    State,
    attach_trip,
    compiled,
    connect,
    count_trip,
    detach_trip,
    leg_m,
    leg_s,
    made_by,
    paid,
)
from routing.vrp.segments import day_with_s, join

_LOOKED_AT_SHARE: Final = 0.5
"""Vehicles that are looked at, drawn by lot, so that a day which only the schedule refuses is not found each time. Chosen."""


@compiled
def may_drive(model: Model, state: State, trip: int, number: int) -> bool:
    """Whether a vehicle carries what a trip does, and makes each of its visits."""
    visits, dimensions = len(model.visit), model.capacity.shape[1]
    for axis in range(dimensions):
        fullest = max(state.load[trip, axis], state.load[trip, axis + dimensions])
        if model.mixed:
            fullest = state.board[visits + 2 * trip, axis + dimensions]
        if fullest > model.capacity[number, axis]:
            return False
    if model.restricted:
        node = state.link[visits + 2 * trip, SUCC]
        while node < visits:
            if not model.allowed[node, model.vehicle[number, KIND]]:
                return False
            node = state.link[node, SUCC]
    return True


@compiled
def as_driven_by(model: Model, state: State, trip: int, number: int) -> tuple[int, int, int, int]:
    """The metres and the segment of a trip if the vehicle drives it; NEVER metres if it would be late."""
    visits, link, place = len(model.visit), state.link, state.place
    row, vehicle = state.trip[trip], model.vehicle[number]
    until_s = vehicle[UNTIL_S]
    metres, here = 0, vehicle[START]
    took_s, from_s, by_s = 0, max(row[RELEASE], vehicle[FROM_S]), until_s
    node = link[visits + 2 * trip, SUCC]
    while True:
        ends = node >= visits
        there = vehicle[END] if ends else place[node]
        metres += leg_m(model, vehicle[MATRIX], here, there)
        if model.timed:
            stay_s, early, late = row[UNLOADING], 0, min(row[DUE], until_s) - row[UNLOADING]
            if not ends:
                visit = model.visit[node]
                stay_s, early, late = visit[SERVICE], visit[OPENS], visit[CLOSES]
            drive_s = leg_s(model, vehicle[MATRIX], here, there)
            if took_s + from_s + drive_s > late:
                return NEVER, 0, 0, 0
            took_s, from_s, by_s = join(took_s, from_s, by_s, drive_s, stay_s, early, late)
        if ends:
            return int(metres), took_s, from_s, by_s
        here, node = there, link[node, SUCC]


@compiled
def made_in(model: Model, state: State, trip: int, number: int) -> int:
    """What the visits of a trip cost by themselves if the vehicle makes them."""
    made, node = 0, state.link[len(model.visit) + 2 * trip, SUCC]
    while model.picky and node < len(model.visit):
        made += made_by(model, node, number)
        node = state.link[node, SUCC]
    return made


@compiled
def saved(model: Model, state: State, trip: int) -> float:
    """What the day of a trip's vehicle costs less without it."""
    visits, row, clock = len(model.visit), state.trip[trip], state.clock
    number = row[VEHICLE]
    facts, day = model.vehicle[number], state.vehicle[number]
    if day[TRIPS] == 1:
        return float(state.cost[number])
    metres, node = 0, visits + 2 * trip
    while node != visits + 2 * trip + 1:
        metres += state.link[node, AHEAD_M]
        node = state.link[node, SUCC]
    less = float(metres * facts[EACH_M] + made_in(model, state, trip, number))
    if not model.timed:
        return less
    prior, rest = visits + 2 * row[PREV] + 1, visits + 2 * row[NEXT]
    if row[PREV] < 0:
        left_s = clock[rest, SUF_S]
    elif row[NEXT] < 0:
        left_s = clock[prior, PRE_S] - facts[TURNAROUND]
    else:
        left_s, _, _ = join(
            clock[prior, PRE_S], clock[prior, PRE_EARLY], clock[prior, PRE_LATE], 0,
            clock[rest, SUF_S], clock[rest, SUF_EARLY], clock[rest, SUF_LATE],
        )  # fmt: skip
    return less + float(paid(model, number, day[SECONDS]) - paid(model, number, left_s))


@compiled
def best_vehicle(
    model: Model, state: State, part: Part, trip: int, dearest: float
) -> tuple[int, int, float]:
    """
    The vehicle, its trip after which it is cheapest that it drives `trip` as well, -1 for before all,
    and what that adds to all costs; vehicle -1 if not less than `dearest`. Some are passed over by lot.
    """
    best, best_beyond, less = -1, -1, saved(model, state, trip)
    dearest += less
    driver = state.trip[trip, VEHICLE]
    kind = -1
    metres = took_s = from_s = by_s = 0
    for slot in range(part.counts[VEHICLES]):
        number = part.vehicles[slot]
        facts, day = model.vehicle[number], state.vehicle[number]
        if number == driver or day[TRIPS] >= facts[TRIPS_MAX]:
            continue
        if day[HEAD] < 0 and number != spare_vehicle(state, part, facts[KIND]):
            continue
        if random_share(part.random) >= _LOOKED_AT_SHARE:
            continue
        if facts[KIND] != kind:  # they stand in order of their kinds
            kind, metres = int(facts[KIND]), NEVER
            if may_drive(model, state, trip, number):
                metres, took_s, from_s, by_s = as_driven_by(model, state, trip, number)
        if metres >= NEVER:
            continue
        price = float(metres * facts[EACH_M] + made_in(model, state, trip, number))
        if day[HEAD] < 0:
            price += float(facts[FIXED])
        if price >= dearest or day[METRES] + metres > facts[RANGE_M]:
            continue
        until_now = paid(model, number, day[SECONDS]) if day[HEAD] >= 0 else 0
        beyond = -1
        while True:
            seconds = day_with_s(model, state, number, beyond, took_s, from_s, by_s)
            if seconds < NEVER:
                whole = price + float(paid(model, number, seconds) - until_now)
                if whole < dearest:
                    dearest, best, best_beyond = whole, int(number), int(beyond)
            beyond = day[HEAD] if beyond < 0 else state.trip[beyond, NEXT]
            if beyond < 0:
                break
    return best, best_beyond, dearest - less


@compiled
def hand_trip(model: Model, state: State, part: Part, trip: int, number: int, beyond: int) -> None:
    """Let a vehicle drive the trip after its trip `beyond`; days are not renewed."""
    visits, link = len(model.visit), state.link
    driver = state.trip[trip, VEHICLE]
    count_trip(model, state, trip, -1)
    detach_trip(model, state, trip)
    if state.vehicle[driver, HEAD] < 0:
        make_spare(model, part, driver)
    attach_trip(model, state, number, trip, beyond)
    node, stop = visits + 2 * trip, visits + 2 * trip + 1
    while node != stop:
        connect(model, state, model.vehicle[number, MATRIX], node, link[node, SUCC])
        node = link[node, SUCC]
    count_trip(model, state, trip, 1)
    if model.capacity.shape[1]:
        state.trip[trip, ROOM] = model.capacity[number, 0] - state.load[trip, 0]
