"""Ruin and recreate: one annealed search, in parts that threads can work on side by side."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.annealing import anneal
from routing.vrp.engine_process import Orders
from routing.vrp.exact_day import day_price
from routing.vrp.model import BRINGS, EXACT, GROUP, KIND, Model
from routing.vrp.packed import Packed
from routing.vrp.part import empty_part, empty_scratch
from routing.vrp.places import no_places
from routing.vrp.search_state import (
    HEAD,
    MADE,
    NEXT,
    OWNER,
    PART,
    SUCC,
    TAIL,
    TRIP,
    VEHICLE,
    empty_state,
    open_trip,
    price,
    put_after,
    renew_trip,
)
from routing.vrp.segments import renew
from routing.vrp.undo import empty_undo

_TRIED: Final = 4
"""Cheapest places whose schedule is looked at where segments do not say all; chosen."""

_SLOTS_SPARE: Final = 256
"""Slots for trips beyond those that can be driven: an iteration frees none before it ends."""


_RELAXED_LEAST: Final = 2.5
_RELAXED_FIRST: Final = 2.0
_ABSENT_RISE: Final = 1.2
_MADE_FALL: Final = 0.96
"""The least price of leaving out a visit while relaxed, in strides; how it begins, in times that; how it changes with
each round. C1_10_2 after 10 s: 0.9 % at the mean of two seeds, with 97 vehicles, instead of mostly 2.1, with 99; on CVRP
no difference."""

_SURCHARGE_FALL: Final = 0.8
"""How the surcharge of a neighbourhood shrinks with each round; chosen."""

_WEIGHS_FROM: Final = 10.0
"""Where one visit is worth so many times another, what is dear to leave out is put back first every other time: which
visits are made then decides. Bodies 23 and 53 of `benchmarks/vroom`, with priorities, came to 30,451 and 35,868 instead of
30,518 and 39,502 after 2 s, one run each. Not elsewhere: on seven PCVRPTW instances, 7 s, two seeds, it was as often worse
as better (throwaway runs). Ten: chosen."""


class RuinRecreate:
    """One search over one problem; its parts may be annealed by one thread each."""

    def __init__(self, packed: Packed, model: Model, *, seed: int, parts: int = 1) -> None:
        self._packed, self.model = packed, model
        visits = len(model.visit)
        trips = int(packed.limits[:, 2].clip(max=visits).sum())
        slots = parts * (min(visits, trips) + _SLOTS_SPARE)
        self._several_trips = bool((packed.limits[:, 2] > 1).any())
        self._random = np.random.default_rng(seed)
        self.state = empty_state(packed, model, slots)
        seeds = self._random.integers(1, 1 << 62, parts).astype(np.uint64)
        self._parts = [empty_part(number, model, slots, seeds[number]) for number in range(parts)]
        self._undos = [empty_undo(self.state) for _ in range(parts)]
        self._scratches = [empty_scratch(packed, slots) for _ in range(parts)]
        tried = _TRIED if model.vehicle[:, EXACT].any() else 1
        self._places = [no_places(tried) for _ in range(parts)]
        self._asked, self._surcharge = np.zeros(visits), np.zeros(visits)
        self._weighs = float(model.unserved.max(initial=0.0)) > _WEIGHS_FROM * float(
            model.unserved.min(initial=np.inf)
        )
        self.is_relaxed = self._dear_first = False
        self.parts = 1
        self.take({})

    def take(self, orders: Orders) -> None:
        """Go on from `orders`, which the vehicles must be able to drive."""
        model, state = self.model, self.state
        visits = len(model.visit)
        state.vehicle[:] = 0
        state.vehicle[:, HEAD] = state.vehicle[:, TAIL] = -1
        state.trip[:] = 0
        state.link[:] = -1
        slot = 0
        for vehicle, trips in orders.items():
            before = -1
            for halts in trips:
                if not halts:
                    continue
                open_trip(model, state, vehicle, slot, before)
                node = visits + 2 * slot
                for visit in halts:
                    put_after(model, state, node, visit)
                    node = visit
                renew_trip(model, state, slot)
                before, slot = slot, slot + 1
            renew(model, state, vehicle)
        self.cost = self.counted_anew()
        self.best_cost = self.cost
        self._keep_best()

    def counted_anew(self) -> float:
        """What the routes as they stand cost, added up anew; `cost` is the running sum."""
        model, state = self.model, self.state
        state.cost[:] = 0.0
        for number in np.flatnonzero(state.vehicle[:, HEAD] >= 0).tolist():
            counted = day_price(self._packed, model, state, number, self._scratches[0])
            # What only a later return or another order of breaks makes possible counts by its segments.
            state.cost[number] = counted if counted < np.inf else price(model, state, number)
        return float(state.cost.sum()) + float(self.model.unserved[self._absent()].sum())

    def _absent(self) -> NDArray[np.int64]:
        """The visits left out; the first of its visits stands for a group or a pair."""
        model = self.model
        absent = self.state.link[: len(model.visit), TRIP] < 0
        group = model.visit[:, GROUP]
        single = np.flatnonzero(absent & (group < 0) & (model.visit[:, BRINGS] < 0))
        made = np.zeros(len(model.member_from) - 1, np.bool_)
        made[group[~absent & (group >= 0)]] = True
        firsts = model.members[model.member_from[:-1]]
        return np.concatenate([single, firsts[~made]])

    def _keep_best(self) -> None:
        state = self.state
        state.best_succ[:] = state.link[:, SUCC]
        state.best_head[:] = state.vehicle[:, HEAD]
        state.best_next[:] = state.trip[:, NEXT]

    def cut(self, *, whole: bool = False) -> None:
        """Begin a round: deal vehicles and visits out, neighbouring routes to the same part."""
        model, state = self.model, self.state
        visits = len(model.visit)
        in_trip = state.link[:visits, TRIP]
        vehicle_of = np.where(in_trip >= 0, state.trip[in_trip, VEHICLE], -1)
        used = np.flatnonzero(state.vehicle[:, HEAD] >= 0)
        parts = 1 if whole else min(len(self._parts), max(1, len(used)))
        owner = np.zeros(len(state.vehicle), np.int64)
        side = self._sides()
        if parts > 1:
            served = vehicle_of >= 0
            count = np.bincount(vehicle_of[served], minlength=len(owner))
            mean = np.bincount(vehicle_of[served], side[served], len(owner)) / np.maximum(1, count)
            order = used[np.argsort(mean[used], kind="stable")]
            upto = np.cumsum(count[order])
            middle = upto - count[order] / 2
            owner[order] = np.minimum(parts - 1, middle * parts // max(1, upto[-1]))
        kinds = model.vehicle[:, KIND]
        idle = np.flatnonzero(state.vehicle[:, HEAD] < 0)
        idle = idle[np.argsort(kinds[idle], kind="stable")]
        owner[idle] = np.arange(len(idle)) % parts
        state.vehicle[:, OWNER] = owner
        state.trip[:, PART] = owner[state.trip[:, VEHICLE]]
        part_of = np.where(vehicle_of >= 0, owner[vehicle_of], -1)
        if (part_of < 0).any():  # left out: with the nearest neighbour that is made
            lonely = np.flatnonzero(part_of < 0)
            beside = part_of[model.near[lonely]] if model.near.size else np.zeros((len(lonely), 1))
            found = beside[np.arange(len(lonely)), np.argmax(beside >= 0, axis=1)]
            part_of[lonely] = np.where(found >= 0, found, lonely % parts)
        absent = self._absent()
        in_use = np.zeros(len(state.trip), np.bool_)
        in_use[in_trip[in_trip >= 0]] = True
        free = np.flatnonzero(~in_use)
        by_place = np.argsort(self._packed.place, kind="stable")
        for part in self._parts:
            number = part.number
            mine = by_place[part_of[by_place] == number]
            part.mine[: len(mine)] = mine
            out = absent[part_of[absent] == number]
            part.absent[: len(out)] = out
            part.absent_at[:] = -1
            part.absent_at[out] = np.arange(len(out))
            slots = free[number::parts] if number < parts else free[:0]
            part.slots[: len(slots)] = slots[::-1]
            state.trip[slots, PART] = number  # never another part's, not even for a moment
            part.listed[:] = False
            part.spare[:] = -1
            stay = idle[owner[idle] == number][::-1]
            for kind in range(len(part.spare)):
                chain = stay[kinds[stay] == kind]
                if len(chain):
                    part.spare_next[chain[1:]] = chain[:-1]
                    part.spare_next[chain[0]] = -1
                    part.spare[kind] = chain[-1]
            part.listed[stay] = True
            part.is_dirty[:] = False
            own = np.flatnonzero(owner == number)
            part.vehicles[: len(own)] = own[np.argsort(kinds[own], kind="stable")]
            part.counts[:] = (len(mine), len(out), len(slots), 0, len(own))
            part.totals[:] = 0.0
        self.parts = parts
        self._dear_first = (
            self._weighs and not self.is_relaxed and self._least > 0.0 and not self.chooses
        )
        # The parts keep the best of their round; whatever came before is kept here.
        self._before = (state.best_succ.copy(), state.best_head.copy(), state.best_next.copy())
        self._keep_best()

    def _sides(self) -> NDArray[np.float64]:
        """How much nearer each visit is to one end of the map than to the other."""
        packed, visits = self._packed, len(self.model.visit)
        if not visits:
            return np.zeros(0)
        durations_s, place = packed.durations_s[0], packed.place
        one = int(self._random.integers(visits))
        from_one = durations_s[place[one]][place].astype(np.float64)
        from_other = durations_s[place[int(np.argmax(from_one))]][place].astype(np.float64)
        return np.asarray(from_one - from_other, np.float64)

    def anneal(self, part: int, iterations: int, temperature: float) -> None:
        """Ruin and recreate so often in one part."""
        self._anneal(part, iterations, temperature, thorough=False)

    def _anneal(self, part: int, iterations: int, temperature: float, *, thorough: bool) -> None:
        anneal(
            self._packed,
            self.model,
            self.state,
            self._parts[part],
            self._undos[part],
            self._places[part],
            self._scratches[part],
            iterations,
            temperature,
            self._several_trips,
            thorough,
            self._dear_first,
        )

    def join(self) -> None:
        """End a round: add the parts up, and keep the better of what they found and what was before."""
        best = self.cost + sum(float(each.totals[1]) for each in self._parts[: self.parts])
        self.cost += sum(float(each.totals[0]) for each in self._parts[: self.parts])
        if best < self.best_cost - 1e-6:
            self.best_cost = best
            return
        state = self.state
        state.best_succ[:], state.best_head[:], state.best_next[:] = self._before

    def relax(self, more: float) -> None:
        """
        Let leaving visits out cost something else than stated, from here to `tighten`, so that the
        search moves between numbers of vehicles. Costs stay what the stated prices say.

        What is dear to leave out costs hardly more than to make, more with each round that it was
        left out and less while it is made: trips too many are given up, and what then finds no place
        changes until it does, as the absence counters of the paper. What is worth only so much costs
        up to `more` times that more, for some rounds in one neighbourhood after another: a vehicle
        that pays once it makes many visits is then sent out. Where driving costs nothing yet, all is left.
        """
        if self._least == 0.0:
            self.tighten()
            return
        cheap, unserved = self._is_cheap(), self.model.unserved
        absent = np.zeros(len(unserved), np.bool_)
        absent[self._absent()] = True
        group = self.model.visit[:, GROUP]
        firsts = self.model.members[self.model.member_from[:-1]]
        grouped = group >= 0
        absent[grouped] = absent[firsts[group[grouped]]]
        if not self.is_relaxed:
            self._asked[:] = _RELAXED_FIRST * self._least
            self._surcharge[:] = 0.0
        self._asked *= np.where(absent, _ABSENT_RISE, _MADE_FALL)
        np.clip(self._asked, self._least, unserved, out=self._asked)
        if cheap.any():
            self._surcharge *= _SURCHARGE_FALL
            around = self.model.near[int(self._random.integers(len(unserved)))]
            self._surcharge[around] = more * self._random.random()
        self.state.discount[:] = np.where(
            cheap, -self._surcharge * unserved, unserved - self._asked
        )
        self.is_relaxed = True

    @property
    def _least(self) -> float:
        """What making a visit costs that stands far from others, with its share of what vehicles cost by themselves."""
        used = self.state.vehicle[:, HEAD] >= 0
        fixed = float(self._packed.prices[used, 0].sum()) / max(1, len(self._asked))
        return _RELAXED_LEAST * self.stride + fixed

    def _is_cheap(self) -> NDArray[np.bool_]:
        """Which visits are worth only so much that it is a choice whether to make them."""
        return self.model.unserved <= _RELAXED_FIRST * self._least

    @property
    def chooses(self) -> bool:
        """Whether there are visits for which it is a choice whether to make them."""
        return bool(self._is_cheap().any())

    def tighten(self) -> None:
        """Let every visit left out cost what it does again."""
        self.state.discount[:] = 0.0
        self.is_relaxed = False

    def complete(self) -> None:
        """Put in what finds a place, and go on from there or from the best, whichever is cheaper."""
        self.construct()
        if self.cost > self.best_cost:
            self.take(self.best())

    def construct(self) -> None:
        """Put in what finds a place, all at once and again until nothing more does."""
        while True:
            before = self.best_cost
            self.cut(whole=True)
            self._anneal(0, 1, 0.0, thorough=True)
            self.join()
            if self.best_cost >= before or not len(self._absent()):
                return

    def warm(self, temperature: float) -> float:
        """What `anneal` is given for a temperature in mean drives: in the plain case those to near visits, else those of the routes."""
        return temperature if self.model.plain else temperature * self.stride

    @property
    def stride(self) -> float:
        """The mean cost of driving from one halt to the next, as the routes stand."""
        packed, state = self._packed, self.state
        in_trip = state.link[: len(self.model.visit), TRIP]
        served = np.flatnonzero(in_trip >= 0)
        used = np.flatnonzero(state.vehicle[:, HEAD] >= 0)
        prices = packed.prices[state.trip[in_trip[served], VEHICLE], 2]
        driving = self.cost - float(self.model.unserved[self._absent()].sum())
        driving -= float(packed.prices[used, 0].sum() + state.vehicle[used, MADE].sum())
        worked_s = packed.service_s[served] + packed.unload_s[served]
        driving -= float((worked_s * prices).sum())
        return max(0.0, driving) / max(1, len(served) + len(used))

    def best(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        """The cheapest orders met since `take`; to be asked between rounds only."""
        state, visits = self.state, len(self.model.visit)
        succ, head, after = (
            state.best_succ.tolist(), state.best_head.tolist(), state.best_next.tolist()
        )  # fmt: skip
        orders: dict[int, tuple[tuple[int, ...], ...]] = {}
        for vehicle, first in enumerate(head):
            trip = first
            trips: list[tuple[int, ...]] = []
            while trip >= 0:
                halts: list[int] = []
                node = succ[visits + 2 * trip]
                while node < visits:
                    halts.append(node)
                    node = succ[node]
                trips.append(tuple(halts))
                trip = after[trip]
            if trips:
                orders[vehicle] = tuple(trips)
        return orders
