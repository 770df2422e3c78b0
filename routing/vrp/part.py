"""What one thread owns of a search while it runs: vehicles, visits, free slots, room to write, and its dice."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.vrp.model import BRINGS, GROUP, KIND, Model
from routing.vrp.packed import Packed
from routing.vrp.search_state import HEAD, TRIP, State, compiled
from routing.vrp.swaps import WAY_COLUMNS


class Part(NamedTuple):
    """
    What one thread owns of a search while it runs: some vehicles, the visits they make, and others.

    mine
        int32 (V,): visits around which routes are changed, in the order of their places; the first `counts[MINE]`.
    absent, absent_at
        int32 (V,): visits left out (the first of a group stands for it), the first `counts[ABSENT]`,
        and where each stands in that list, -1 if it does not.
    slots
        int32 (T,): free slots for trips, the first `counts[SLOTS]`.
    spare, spare_next, listed
        int32 (C,), int32 (K,), bool (K,): for each kind of vehicle a chain of those that stay at
        home; some in it may drive already and are passed over.
    dirty, is_dirty
        int32 (K,), bool (K,): vehicles that differ from the best, the first `counts[DIRTY]`.
    totals
        float64 (2,): cost since the round began, and the least of it.
    vehicles
        int32 (K,): those of this part, in order of their kinds, the first `counts[VEHICLES]`.
    counts
        int64 (5,), by the columns below.
    random
        uint64 (1,): the state of its generator.
    blink
        int64 (1,): places to come until one is overlooked.
    """

    number: int
    mine: NDArray[np.int32]
    absent: NDArray[np.int32]
    absent_at: NDArray[np.int32]
    slots: NDArray[np.int32]
    spare: NDArray[np.int32]
    spare_next: NDArray[np.int32]
    listed: NDArray[np.bool_]
    dirty: NDArray[np.int32]
    is_dirty: NDArray[np.bool_]
    vehicles: NDArray[np.int32]
    counts: NDArray[np.int64]
    totals: NDArray[np.float64]
    random: NDArray[np.uint64]
    blink: NDArray[np.int64]


MINE: Final = 0
ABSENT: Final = 1
SLOTS: Final = 2
DIRTY: Final = 3
VEHICLES: Final = 4
"""Columns of `Part.counts`."""


class Scratch(NamedTuple):
    """Room for what an iteration writes down; `tally` tells how many, by the columns below."""

    tally: NDArray[np.int64]  # (5,)
    removed: NDArray[np.int64]  # (V,)
    keys: NDArray[np.float64]  # (V,)
    placed: NDArray[
        np.int64
    ]  # (2 V,): what is made that was not, some of it and then another of its group
    into: NDArray[np.int64]  # (2 V + 2,)
    opened: NDArray[np.int64]  # (T,)
    closed: NDArray[np.int64]  # (T,)
    trip_at: NDArray[np.int64]  # (T,)
    looked_at: NDArray[
        np.int64
    ]  # (T,): the last look, of so many (`LOOKED`), at a trip's places for a pair
    tight: NDArray[np.bool_]  # (N,): nodes after which a pair's load would be too much
    table: NDArray[np.int64]  # (2 V + 4, C), C the most `swaps.columns` of a vehicle
    origin: NDArray[np.int64]
    members: NDArray[np.int64]  # (V,): the visits of a trip's orders, layer by layer
    ways: NDArray[np.int64]  # (V,): from which of them each is reached


REMOVED: Final = 0
PLACED: Final = 1
OPENED: Final = 2
CLOSED: Final = 3
LOOKED: Final = 4
"""Columns of `Scratch.tally`: the first four of one iteration, LOOKED since the search began."""


def empty_part(number: int, model: Model, slots: int, seed: np.uint64) -> Part:
    """A part that owns nothing yet; `seed` is not 0."""
    visits, kinds = model.allowed.shape
    vehicles = len(model.vehicle)
    return Part(
        number=number,
        mine=np.zeros(visits, np.int32),
        absent=np.zeros(visits, np.int32),
        absent_at=np.full(visits, -1, np.int32),
        slots=np.zeros(slots, np.int32),
        spare=np.full(kinds, -1, np.int32),
        spare_next=np.full(vehicles, -1, np.int32),
        listed=np.zeros(vehicles, np.bool_),
        dirty=np.zeros(vehicles, np.int32),
        is_dirty=np.zeros(vehicles, np.bool_),
        vehicles=np.zeros(vehicles, np.int32),
        counts=np.zeros(5, np.int64),
        totals=np.zeros(2),
        random=np.array([seed], np.uint64),
        blink=np.zeros(1, np.int64),
    )


def empty_scratch(packed: Packed, slots: int) -> Scratch:
    visits = len(packed.place)
    width = int(np.diff(packed.break_from).max(initial=0)) + 1
    width += WAY_COLUMNS if packed.may_swap.any() else 0
    return Scratch(
        tally=np.zeros(5, np.int64),
        removed=np.empty(visits, np.int64),
        keys=np.empty(visits),
        placed=np.empty(2 * visits, np.int64),
        into=np.empty(2 * visits + 2, np.int64),
        opened=np.empty(slots, np.int64),
        closed=np.empty(slots, np.int64),
        trip_at=np.empty(slots, np.int64),
        looked_at=np.zeros(slots, np.int64),
        tight=np.zeros(visits + 2 * slots, np.bool_),
        table=np.empty((2 * visits + 4, width), np.int64),
        origin=np.empty((2 * visits + 4, width), np.int64),
        members=np.empty(visits, np.int64),
        ways=np.empty(visits, np.int64),
    )


@compiled
def random_share(random: NDArray[np.uint64]) -> float:
    """Evenly from 0 to 1, by Marsaglia's xorshift64."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return float(x >> np.uint64(11)) / 9007199254740992.0


@compiled
def random_below(random: NDArray[np.uint64], count: float) -> int:
    """A whole number from 0 to below `count`."""
    return int(random_share(random) * count)


@compiled
def spare_vehicle(state: State, part: Part, kind: int) -> int:
    """The first vehicle of a kind that stays at home, -1 if all drive."""
    while part.spare[kind] >= 0:
        vehicle = int(part.spare[kind])
        if state.vehicle[vehicle, HEAD] < 0:
            return vehicle
        part.spare[kind] = part.spare_next[vehicle]
        part.listed[vehicle] = False
    return -1


@compiled
def make_spare(model: Model, part: Part, vehicle: int) -> None:
    """List a vehicle that has come to stay at home."""
    if not part.listed[vehicle]:
        kind = model.vehicle[vehicle, KIND]
        part.spare_next[vehicle] = part.spare[kind]
        part.spare[kind] = vehicle
        part.listed[vehicle] = True


@compiled
def some_absent(
    model: Model,
    part: Part,
    centre: int,
    most: int,
    removed: NDArray[np.int64],
) -> int:
    """Write visits that are left out to the head of `removed`: all, or some by chance and near by."""
    absent, absent_at, total = part.absent, part.absent_at, int(part.counts[ABSENT])
    if total <= most:
        for slot in range(total):
            removed[slot] = absent[slot]
        return total
    count = 0
    by_chance = most // 4
    for slot in range(by_chance):
        other = slot + random_below(part.random, float(total - slot))
        one, two = absent[slot], absent[other]
        absent[slot], absent[other] = two, one
        absent_at[two], absent_at[one] = slot, other
        removed[count] = two
        count += 1
    for q in range(-1, model.near.shape[1]):
        visit = centre if q < 0 else int(model.near[centre, q])
        if absent_at[visit] >= by_chance:
            removed[count] = visit
            count += 1
            if count == most:
                break
    return count


@compiled
def representative(model: Model, visit: int) -> int:
    """The visit that stands for an order in the list of absent ones: the first of its group or pair."""
    if model.visit[visit, BRINGS] >= 0:
        return int(model.visit[visit, BRINGS])
    group = model.visit[visit, GROUP]
    return visit if group < 0 else int(model.members[model.member_from[group]])


@compiled
def is_served(model: Model, link: NDArray[np.int32], visit: int) -> bool:
    """Whether the visit, or another of its group, is made."""
    group = model.visit[visit, GROUP]
    if group < 0:
        return bool(link[visit, TRIP] >= 0)
    for member in range(model.member_from[group], model.member_from[group + 1]):
        if link[model.members[member], TRIP] >= 0:
            return True
    return False


@compiled
def left_out(model: Model, state: State, order: int) -> float:
    """What leaving the order out counts for the moment."""
    return float(model.unserved[order] - state.discount[order])
