"""What would have to change for a visit that was left out to be made, and what the day then costs more."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from routing.vrp.changes import (
    Change,
    DueLater,
    OneMoreVehicle,
    OtherKind,
    RangeLonger,
    ShiftLonger,
    SkillsAdded,
    WindowLonger,
    apply,
)
from routing.vrp.check import check
from routing.vrp.cost import route_cost, solution_of, visit_cost
from routing.vrp.docks import may_queue
from routing.vrp.finish import orders_of
from routing.vrp.insertion import INFINITE, cheapest, put, twins
from routing.vrp.least_change import Knob, day_price, detours, least_steps
from routing.vrp.limits import MOMENT_MAX_S
from routing.vrp.one_day import day_cost
from routing.vrp.packed import NEVER, Packed, pack
from routing.vrp.problem import Problem, Vehicle
from routing.vrp.reasons import VEHICLES_TRIED, Reason
from routing.vrp.schedule import Scheduler, sequence_of, trips_of
from routing.vrp.sequence import DEPOT
from routing.vrp.solution import Solution

REMEDIES_MAX: Final = 3
"""More than that nobody chooses from. Chosen."""

MINUTE_S: Final = 60
MINUTES_MAX: Final = 180
"""No more is asked of a shift or a window: half a day more is another day. Chosen."""

RANGE_STEP_M: Final = 100
"""Nobody charges for less. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """
    A change, who makes the visit then, and in which trips.

    `cost` is what the routes then cost more than before, by the schedule: detour, waiting, overtime,
    another vehicle's prices. What leaving the visit out costs is not taken off.
    """

    change: Change
    vehicle: int
    trips: tuple[tuple[int, ...], ...]
    cost: int


def remedies(
    problem: Problem,
    solution: Solution,
    reasons: Mapping[int, Reason],
    *,
    kinds: Sequence[Vehicle] = (),
    dues_s: Sequence[int] = (),
) -> Mapping[int, tuple[Remedy, ...]]:
    """
    Return for each visit of `reasons` up to three changes that would have it made, the cheapest first.

    Each is the best of its way: a shift that begins earlier or ends later, a window that opens
    earlier or closes later, a later truck (of `dues_s`), more range, another of `kinds`, one more
    vehicle, a skill. The reason says which ways are tried. Moments change by as few whole minutes as
    do, range by as few hundred metres. Each has been tried: with the visit in its route the day has
    times that `check` passes, other routes stay, and it costs less than leaving the visit out.

    Not tried: pairs of visits, members of joints, two changes at once, routes other than the given ones, vehicles beyond the six with
    the least detour, more than three hours, more than twice the range. A visit without a remedy may
    have one there. O(visits · places in six routes) schedules, some milliseconds a visit.
    """
    search = _Search(problem, solution, kinds, dues_s)
    return {visit: search.remedies(visit, reason) for visit, reason in reasons.items()}


def with_remedy(
    problem: Problem, solution: Solution, remedy: Remedy
) -> tuple[Problem, Solution | None]:
    """
    The problem as the remedy changes it, and the solution with the visit in its route; None for
    that if `solution` is not the one for which it was found.
    """
    changed = apply(problem, remedy.change)
    orders = {**orders_of(solution), remedy.vehicle: remedy.trips}
    # Whoever queues at docks still leaves when it did: there is one way to drive these orders.
    leaves_s = {each.vehicle: each.trips[0].leave_s for each in solution.routes}
    others = {each: at_s for each, at_s in leaves_s.items() if each != remedy.vehicle}
    routes = Scheduler(changed).schedule_all(orders, others if may_queue(problem) else {})
    if routes is None:
        return changed, None
    found = solution_of(changed, routes)
    return changed, None if check(changed, found) else found


def promise(problem: Problem, solution: Solution) -> Problem:
    """
    The problem in which all that the solution serves is required.

    Who worked longer for a visit expects that it is made, and who was told that somebody comes that
    somebody does. A search that may leave out what it likes takes another visit of the same price
    for it as soon as that saves a metre.
    """
    left_out = set(solution.unserved)
    return replace(
        problem,
        visits=tuple(
            visit if number in left_out else replace(visit, unserved_cost=None)
            for number, visit in enumerate(problem.visits)
        ),
    )


class _Turn(NamedTuple):
    """A knob to turn, by how much at a time and how often at most; `window` is a row of the packed ones."""

    knob: Knob
    step: int
    most: int
    window: int = 0


class _Found(NamedTuple):
    """A change with which the visit fits, and about what it costs; of each way the cheapest is kept."""

    way: Hashable
    price: float
    change: Change
    vehicle: int
    """Who makes the visit, by its number in the changed problem."""
    trips: tuple[tuple[int, ...], ...]


class _Search:
    """All visits of one solution; packs the problem once."""

    def __init__(
        self, problem: Problem, solution: Solution, kinds: Sequence[Vehicle], dues_s: Sequence[int]
    ) -> None:
        self._problem, self._kinds, self._dues_s = problem, tuple(kinds), sorted(dues_s)
        self._solution = solution
        self._packed = pack(problem)
        self._skilled = self._packed._replace(allowed=_holds(self._packed))
        self._as_kind = [_as_kind(problem, self._packed, kind) for kind in self._kinds]
        self._firsts = twins(self._packed)
        self._cost_now = {route.vehicle: route_cost(problem, route) for route in solution.routes}
        orders = orders_of(solution)
        sequences = [sequence_of(orders.get(each, ())) for each in range(len(problem.vehicles))]
        self._lengths = np.array([len(each) for each in sequences], dtype=np.int64)
        width = int(self._lengths.max(initial=0)) + 3  # kernels look beyond the last visit
        self._routes = np.full((len(sequences), width), DEPOT, dtype=np.int64)
        for row, sequence in zip(self._routes, sequences, strict=True):
            row[: len(sequence)] = sequence
        self._nothing = np.full(width, DEPOT, dtype=np.int64)

    def remedies(self, visit: int, reason: Reason) -> tuple[Remedy, ...]:
        if self._packed.brings[visit] >= 0 or self._packed.brought_by[visit] >= 0:
            return ()
        if self._problem.visits[visit].joints:
            return ()
        best: dict[Hashable, _Found] = {}
        for found in self._tried(visit, reason):
            if found.way not in best or found.price < best[found.way].price:
                best[found.way] = found
        cheapest_first = sorted(best.values(), key=lambda each: each.price)
        proved = filter(None, (self._proved(visit, found) for found in cheapest_first))
        return tuple(sorted(islice(proved, REMEDIES_MAX), key=lambda each: each.cost))

    def _tried(self, visit: int, reason: Reason) -> Iterator[_Found]:
        match reason:
            case Reason.SKILL_MISSING:
                yield from self._with_skills(visit)
            case Reason.TOO_HEAVY | Reason.UNREACHABLE:
                yield from self._with_kinds(visit)
            case Reason.RANGE_TOO_SHORT:
                yield from self._turned(visit, self._range_turns)
                yield from self._with_kinds(visit)
            case Reason.WINDOW_CANNOT_BE_MET:
                yield from self._with_time(visit)
                yield from self._with_kinds(visit)
            case Reason.NO_CAPACITY_LEFT:
                yield from self._with_kinds(visit)
                yield from self._with_one_more(visit)
            case Reason.NO_RANGE_LEFT:
                yield from self._turned(visit, self._range_turns)
                yield from self._with_kinds(visit)
                yield from self._with_one_more(visit)
            case Reason.NO_TIME_LEFT:
                yield from self._with_time(visit)
                yield from self._with_kinds(visit)
                yield from self._with_one_more(visit)
            case (
                Reason.NO_VEHICLE
                | Reason.JOINT_INCOMPLETE
                | Reason.DOCKS_BUSY
                | Reason.NOT_WORTH_IT
                | Reason.OVERLOOKED
            ):
                return
            case _:
                assert_never(reason)

    def _near(self, packed: Packed, visit: int) -> list[int]:
        """The vehicles with the least detour; of empty ones that are alike only the first."""
        prices = detours(packed, self._routes, self._lengths, visit)
        prices[(self._lengths == 0) & (self._firsts != np.arange(len(prices)))] = INFINITE
        nearest = np.argsort(prices, kind="stable")[:VEHICLES_TRIED]
        return [int(each) for each in nearest if prices[each] < INFINITE]

    def _with_time(self, visit: int) -> Iterator[_Found]:
        yield from self._turned(visit, self._time_turns)
        due_s = self._problem.visits[visit].due_s
        if due_s is None:
            return
        for later_s in (each for each in self._dues_s if each > due_s):
            turn = _Turn(Knob.DUE, later_s - due_s, 1)
            trucks = list(self._turned(visit, lambda *_, turn=turn: [turn]))
            yield from trucks
            if trucks:  # of later trucks the first that does
                return

    def _turned(
        self, visit: int, turns_of: Callable[[int, int], Iterable[_Turn]]
    ) -> Iterator[_Found]:
        """What a number changed by the least does, for each near vehicle."""
        for vehicle in self._near(self._packed, visit):
            for turn in turns_of(visit, vehicle):
                steps, price, position, kind = least_steps(
                    self._packed,
                    vehicle,
                    self._routes[vehicle],
                    self._lengths[vehicle],
                    visit,
                    turn.knob,
                    turn.window,
                    turn.step,
                    turn.most,
                )
                if 0 < steps <= turn.most:
                    change = self._change(visit, vehicle, turn, steps * turn.step)
                    yield self._found(turn.knob, visit, vehicle, change, price, position, kind)

    def _time_turns(self, visit: int, vehicle: int) -> Iterator[_Turn]:
        shift, windows = self._problem.vehicles[vehicle].shift, self._problem.visits[visit].windows
        latest_s = MOMENT_MAX_S - 1
        yield _minutes(Knob.SHIFT_END, latest_s - shift.latest_s)
        yield _minutes(Knob.SHIFT_START, shift.earliest_s)
        row = int(self._packed.window_from[visit])
        # Windows stay apart: beyond the next one, that one's own end is nearer.
        opens_s = [*(window.earliest_s - 1 for window in windows[1:]), latest_s]
        closes_s = [0, *(window.latest_s + 1 for window in windows[:-1])]
        for number, window in enumerate(windows):
            if window.earliest_s > shift.earliest_s:
                room_s = window.earliest_s - closes_s[number]
                yield _minutes(Knob.WINDOW_START, room_s, row + number)
            if window.latest_s < shift.latest_s:
                room_s = opens_s[number] - window.latest_s
                yield _minutes(Knob.WINDOW_END, room_s, row + number)

    def _range_turns(self, _: int, vehicle: int) -> Iterator[_Turn]:
        range_m = self._problem.vehicles[vehicle].range_m
        if range_m is not None:  # at most charged once more
            yield _Turn(Knob.RANGE, RANGE_STEP_M, range_m // RANGE_STEP_M)

    def _change(self, visit: int, vehicle: int, turn: _Turn, amount: int) -> Change:
        window = turn.window - int(self._packed.window_from[visit])
        match turn.knob:
            case Knob.SHIFT_END:
                return ShiftLonger(vehicle=vehicle, later_s=amount)
            case Knob.SHIFT_START:
                return ShiftLonger(vehicle=vehicle, earlier_s=amount)
            case Knob.WINDOW_END:
                return WindowLonger(visit=visit, window=window, later_s=amount)
            case Knob.WINDOW_START:
                return WindowLonger(visit=visit, window=window, earlier_s=amount)
            case Knob.DUE:
                return DueLater(
                    visit=visit, due_s=(self._problem.visits[visit].due_s or 0) + amount
                )
            case Knob.RANGE:
                return RangeLonger(vehicle=vehicle, more_m=amount)
            case _:
                assert_never(turn.knob)

    def _with_skills(self, visit: int) -> Iterator[_Found]:
        for vehicle in self._near(self._skilled, visit):
            missing = self._problem.visits[visit].skills - self._problem.vehicles[vehicle].skills
            change = SkillsAdded(vehicle=vehicle, skills=missing)
            yield from self._placed("skill", visit, vehicle, change, self._skilled)

    def _with_kinds(self, visit: int) -> Iterator[_Found]:
        for kind, (model, packed) in enumerate(zip(self._kinds, self._as_kind, strict=True)):
            for vehicle in self._near(packed, visit):
                change = OtherKind(vehicle=vehicle, kind=kind, model=model)
                facts = self._problem.vehicles[vehicle]
                if change.of(facts) == facts:
                    continue
                day = (vehicle, self._routes[vehicle], self._lengths[vehicle])
                dearer = day_price(packed, *day) - day_price(self._packed, *day)
                for found in self._placed(("kind", kind), visit, vehicle, change, packed):
                    yield found._replace(price=found.price + dearer)

    def _with_one_more(self, visit: int) -> Iterator[_Found]:
        for like in map(int, np.unique(self._firsts)):
            change = OneMoreVehicle(like=like)
            yield from self._placed("one more", visit, like, change, self._packed)

    def _placed(
        self, way: Hashable, visit: int, vehicle: int, change: Change, packed: Packed
    ) -> Iterator[_Found]:
        """The cheapest place of the visit by this statement of the problem."""
        place = cheapest(packed, vehicle, *self._day_before(vehicle, change), visit)
        if place[0] < INFINITE:
            yield self._found(way, visit, vehicle, change, *place)

    def _found(
        self,
        way: Hashable,
        visit: int,
        vehicle: int,
        change: Change,
        price: float,
        position: int,
        kind: int,
    ) -> _Found:
        route, length = self._day_before(vehicle, change)
        sequence = np.empty(length + 2, dtype=np.int64)
        grown = put(sequence, length, visit, position, kind, route)
        driver = len(self._lengths) if isinstance(change, OneMoreVehicle) else vehicle
        price += visit_cost(self._problem.visits[visit], driver)
        return _Found(way, price, change, driver, trips_of(sequence[:grown].tolist()))

    def _day_before(self, vehicle: int, change: Change) -> tuple[NDArray[np.int64], int]:
        if isinstance(change, OneMoreVehicle):
            return self._nothing, 0
        return self._routes[vehicle], int(self._lengths[vehicle])

    def _proved(self, visit: int, found: _Found) -> Remedy | None:
        """The remedy at its exact cost, if the judge agrees and it is worth that."""
        change, visits = found.change, {visit: self._problem.visits[visit]}
        match change:
            case WindowLonger() | DueLater():
                visits[visit] = change.of(visits[visit])
                vehicle = self._problem.vehicles[found.vehicle]
            case OneMoreVehicle():
                vehicle = self._problem.vehicles[change.like]
            case ShiftLonger() | RangeLonger() | OtherKind() | SkillsAdded():
                vehicle = change.of(self._problem.vehicles[found.vehicle])
            case _:
                assert_never(change)
        cost: int | None
        if may_queue(self._problem):
            cost = self._queued(
                Remedy(change=change, vehicle=found.vehicle, trips=found.trips, cost=0)
            )
        else:
            cost = day_cost(self._problem, found.vehicle, vehicle, found.trips, visits)
            cost = None if cost is None else cost - self._cost_now.get(found.vehicle, 0)
        if cost is None:
            return None
        unserved_cost = visits[visit].unserved_cost
        if unserved_cost is not None and cost >= unserved_cost:
            return None
        return Remedy(change=change, vehicle=found.vehicle, trips=found.trips, cost=cost)

    def _queued(self, remedy: Remedy) -> int | None:
        """What all routes then cost more, with whom they make wait at docks; None: the judge finds a fault."""
        changed, after = with_remedy(self._problem, self._solution, remedy)
        if after is None:
            return None
        spent = sum(route_cost(changed, route) for route in after.routes)
        return spent - sum(self._cost_now.values())


def _minutes(knob: Knob, room_s: int, window: int = 0) -> _Turn:
    return _Turn(knob, MINUTE_S, min(MINUTES_MAX, room_s // MINUTE_S), window)


def _has_skills(problem: Problem) -> NDArray[np.bool_]:
    """Shape (V, K)."""
    shape = (len(problem.visits), len(problem.vehicles))
    rows = [visit.skills <= each.skills for visit in problem.visits for each in problem.vehicles]
    return np.array(rows, dtype=np.bool_).reshape(shape)


def _holds(packed: Packed) -> NDArray[np.bool_]:
    """Shape (V, K): whether the vehicle is big enough for the visit, whatever its skills."""
    most = np.maximum(packed.loads, packed.deliveries)
    holds: NDArray[np.bool_] = np.all(most[:, np.newaxis] <= packed.capacities, axis=2)
    return holds


def _as_kind(problem: Problem, packed: Packed, model: Vehicle) -> Packed:
    """The problem with every vehicle of this kind; matrices are shared."""
    vehicles = [
        OtherKind(vehicle=number, kind=0, model=model).of(vehicle)
        for number, vehicle in enumerate(problem.vehicles)
    ]
    limits, prices = packed.limits.copy(), packed.prices.copy()
    limits[:, 0] = NEVER if model.range_m is None else model.range_m
    limits[:, 2] = [vehicle.trips_max for vehicle in vehicles]
    prices[:, :3] = (model.fixed_cost, model.cost_per_m, model.cost_per_s)
    capacities = np.array([each.capacities for each in vehicles], dtype=np.int64)
    changed = packed._replace(
        matrix=np.full_like(packed.matrix, model.matrix),
        capacities=capacities.reshape(packed.capacities.shape),
        limits=limits,
        prices=prices,
    )
    return changed._replace(allowed=_holds(changed) & _has_skills(problem))
