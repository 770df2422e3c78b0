"""
Tiny problems, and their proven optimum by trying everything: orders, trips, leavings, break starts.

Nothing here is taken from the searches or the timetables, so that both may be held against it.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from routing.matrix import UNREACHABLE
from routing.vrp.cost import cost, over_s, route_cost, unserved_of
from routing.vrp.problem import (
    Problem,
    Vehicle,
    Visit,
    Window,
)  # fmt: skip
from routing.vrp.solution import Route, ScheduledVisit, Solution, Swapped, Trip
from tests.routing.vrp.tiny import HORIZON_S

Order = tuple[tuple[int, ...], ...]

Swaps = tuple[tuple[int | None, ...], ...]
"""For each trip the swap on the way to each of its visits and home."""


def optimum(problem: Problem) -> Solution | None:
    """Return a cheapest solution; None if no solution makes all that must be made."""
    count = len(problem.visits)
    folded: dict[int, tuple[Route, ...]] = {0: ()}
    for vehicle in range(len(problem.vehicles)):
        alone = {0: None} | {
            served: route
            for served in range(1, 1 << count)
            if (route := _best_route(problem, vehicle, _members(served))) is not None
        }
        grown: dict[int, tuple[Route, ...]] = {}
        for before, routes in folded.items():
            for served, route in alone.items():
                if before & served or not _may_part(problem, _members(before), _members(served)):
                    continue
                longer = routes if route is None else (*routes, route)
                known = grown.get(before | served)
                if known is None or _paid(problem, longer) < _paid(problem, known):
                    grown[before | served] = longer
        folded = grown
    best = None
    for served, routes in folded.items():
        made = _members(served)
        groups = [problem.visits[each].group for each in made]
        chosen = [group for group in groups if group is not None]
        left = unserved_of(problem, set(made))
        if not _joints_hold(problem, made):
            continue
        if len(chosen) > len(set(chosen)) or any(
            problem.visits[each].unserved_cost is None for each in left
        ):
            continue
        found = Solution(routes=routes, unserved=left, cost=cost(problem, routes))
        if best is None or found.cost < best.cost:
            best = found
    return best


def _may_part(problem: Problem, these: Sequence[int], those: Sequence[int]) -> bool:
    """Whether the two may be made in different trips."""
    bound = {number for number, joint in enumerate(problem.joints) if joint.one_trip}
    here = {joint for each in these for joint in problem.visits[each].joints}
    there = {joint for each in those for joint in problem.visits[each].joints}
    return not bound & here & there


def _joints_hold(problem: Problem, made: Sequence[int]) -> bool:
    """Whether what is made of each joint may be made so, whatever trips it rides in."""
    for number, joint in enumerate(problem.joints):
        among = [each for each in made if number in problem.visits[each].joints]
        whole = {
            (visit.group, visit.group is None and each)
            for each, visit in enumerate(problem.visits)
            if number in visit.joints
        }
        kept = {(problem.visits[e].group, problem.visits[e].group is None and e) for e in among}
        if joint.all_or_nothing and kept not in (set(), whole):
            return False
        if joint.one_due and len({problem.visits[each].due_s for each in among}) > 1:
            return False
    return True


def _paid(problem: Problem, routes: Sequence[Route]) -> int:
    return sum(route_cost(problem, route) for route in routes)


def _members(mask: int) -> tuple[int, ...]:
    return tuple(each for each in range(mask.bit_length()) if mask >> each & 1)


def _best_route(problem: Problem, number: int, made: Sequence[int]) -> Route | None:
    vehicle = problem.vehicles[number]
    if any(not problem.visits[each].skills <= vehicle.skills for each in made):
        return None
    best = None
    for order in _orders(made, vehicle.trips_max):
        if not all(_may_part(problem, *two) for two in itertools.combinations(order, 2)):
            continue
        route = cheapest_route(problem, number, order)
        if route is not None and (
            best is None or route_cost(problem, route) < route_cost(problem, best)
        ):
            best = route
    return best


def cheapest_route(problem: Problem, number: int, order: Order) -> Route | None:
    """The vehicle's cheapest day with these trips in this order; skills are not looked at."""
    vehicle = problem.vehicles[number]
    if not _loads_fit(problem, vehicle, order) or not _pairs_hold(problem, order):
        return None
    days = (
        day
        for swaps in _swaps(problem, vehicle, order)
        for day in _timetables(problem, number, order, swaps)
    )
    return min(days, key=lambda route: route_cost(problem, route), default=None)


def _orders(made: Sequence[int], trips_max: int) -> Iterator[Order]:
    for line in itertools.permutations(made):
        for trips in range(1, min(trips_max, len(line)) + 1):
            for cuts in itertools.combinations(range(1, len(line)), trips - 1):
                ends = (0, *cuts, len(line))
                yield tuple(line[a:b] for a, b in itertools.pairwise(ends))


def _loads_fit(problem: Problem, vehicle: Vehicle, order: Order) -> bool:
    for trip in order:
        for axis, capacity in enumerate(vehicle.capacities):
            visits = [problem.visits[each] for each in trip]
            brought = [visit.deliveries[axis] if visit.deliveries else 0 for visit in visits]
            fetched = [visit.loads[axis] for visit in visits]
            for at, visit in enumerate(visits):
                if visit.brings is not None:
                    fetched[at] -= problem.visits[visit.brings].loads[axis]
            for done in range(len(trip) + 1):
                if sum(fetched[:done]) + sum(brought[done:]) > capacity:
                    return False
    return True


def _pairs_hold(problem: Problem, order: Order) -> bool:
    pairs = {
        visit.brings: number
        for number, visit in enumerate(problem.visits)
        if visit.brings is not None
    }
    for trip in order:
        for first, second in pairs.items():
            if (first in trip) != (second in trip):
                return False
            if first in trip and trip.index(first) > trip.index(second):
                return False
    return True


def _swaps(problem: Problem, vehicle: Vehicle, order: Order) -> Iterator[Swaps]:
    """All choices of swaps, for each drive of each trip, that the range allows; none where none is needed."""
    drives = [len(trip) + 1 for trip in order]
    nothing: Swaps = tuple((None,) * count for count in drives)
    if _driven(problem, vehicle, order, nothing) is not None:
        yield nothing
        return
    for flat in itertools.product((None, *vehicle.swaps), repeat=sum(drives)):
        rest = iter(flat)
        chosen = tuple(tuple(itertools.islice(rest, count)) for count in drives)
        if chosen != nothing and _driven(problem, vehicle, order, chosen) is not None:
            yield chosen


def _driven(
    problem: Problem, vehicle: Vehicle, order: Order, swaps: Swaps
) -> list[list[int]] | None:
    """The seconds of each drive of each trip, swaps included; None beyond the range, or where no way leads."""
    matrix = problem.matrices[vehicle.matrix]
    limit_m = 1 << 40 if vehicle.range_m is None else vehicle.range_m
    battery_m, day = limit_m + vehicle.swapped_at_m, []
    for trip, chosen in zip(order, swaps, strict=True):
        legs = []
        for (seconds, metres, a, b), swap in zip(
            _legs(problem, vehicle, trip), chosen, strict=True
        ):
            lasts_s = seconds
            if swap is not None:
                at = problem.swaps[swap]
                if a is None or b is None:
                    return None
                to_s, onward_s = (
                    int(matrix.durations_s[a, at.place]),
                    int(matrix.durations_s[at.place, b]),
                )
                battery_m -= int(matrix.distances_m[a, at.place])
                if battery_m < 0 or max(to_s, onward_s) >= UNREACHABLE:
                    return None
                setup_s = problem.setups_s[b] if problem.setups_s else 0
                lasts_s = to_s + onward_s + at.takes_s + setup_s
                if at.charged_m_per_minute is not None:
                    empty_m = max(0, limit_m - battery_m)
                    lasts_s += math.ceil(60 * empty_m / at.charged_m_per_minute)
                battery_m = limit_m - int(matrix.distances_m[at.place, b])
            else:
                battery_m -= metres
            if battery_m < 0 or lasts_s >= UNREACHABLE:
                return None
            legs.append(lasts_s)
        day.append(legs)
    return day


def _legs(
    problem: Problem, vehicle: Vehicle, trip: Sequence[int]
) -> list[tuple[int, int, int | None, int | None]]:
    """Seconds and metres from start to end, and between which places."""
    matrix = problem.matrices[vehicle.matrix]
    halts = [vehicle.start_place, *(problem.visits[each].place for each in trip), vehicle.end_place]
    legs = []
    for a, b in itertools.pairwise(halts):
        if a is None or b is None:
            legs.append((0, 0, a, b))
            continue
        setup_s = problem.setups_s[b] if problem.setups_s and a != b else 0
        seconds, metres = int(matrix.durations_s[a, b]), int(matrix.distances_m[a, b])
        legs.append((seconds + setup_s, metres, a, b))
    return legs


def _timetables(problem: Problem, number: int, order: Order, swaps: Swaps) -> Iterator[Route]:
    """For each leaving that may matter and each choice of break starts the earliest return."""
    vehicle = problem.vehicles[number]
    driven = _driven(problem, vehicle, order, swaps)
    assert driven is not None, "looked at before"
    first_s = max(vehicle.shift.earliest_s, *(problem.visits[each].release_s for each in order[0]))
    paid = (
        vehicle.cost_per_s + vehicle.overtime_cost_per_s > 0 or vehicle.duration_limit_s is not None
    )
    last_s = vehicle.shift.latest_s if paid else first_s + 60 * len(vehicle.breaks)
    begins = [range(each.window.earliest_s, each.window.latest_s + 1) for each in vehicle.breaks]
    for starts in itertools.product(*begins):
        rests = sorted(
            (start_s, start_s + rest.duration_s)
            for start_s, rest in zip(starts, vehicle.breaks, strict=True)
        )
        if any(after[0] < before[1] for before, after in itertools.pairwise(rests)):
            continue
        for leave_s in range(first_s, last_s + 1):
            trips = _drive(problem, vehicle, order, driven, rests, leave_s)
            if trips is None:
                continue
            trips = tuple(
                replace(
                    trip,
                    swaps=tuple(
                        Swapped(before=at, swap=swap)
                        for at, swap in enumerate(chosen)
                        if swap is not None
                    ),
                )
                for trip, chosen in zip(trips, swaps, strict=True)
            )
            out_s = over_s(problem, trips[-1]) - leave_s
            if vehicle.duration_limit_s is None or out_s <= vehicle.duration_limit_s:
                yield Route(vehicle=number, trips=trips, break_starts_s=starts)
            if not paid:
                break


def _drive(
    problem: Problem,
    vehicle: Vehicle,
    order: Order,
    driven: list[list[int]],
    rests: list[tuple[int, int]],
    leave_s: int,
) -> tuple[Trip, ...] | None:
    """As early as can be while the breaks lie fast; None where a rule of time is broken."""
    trips: list[Trip] = []
    for trip, legs in zip(order, driven, strict=True):
        if trips:
            leave_s = _worked(over_s(problem, trips[-1]), vehicle.turnaround_s, rests)
            leave_s = max(leave_s, *(problem.visits[each].release_s for each in trip))
            leave_s = _free(leave_s, 0, rests)
        elif _free(leave_s, 0, rests) != leave_s:
            return None
        clock_s, halts = leave_s, []
        for each, seconds in zip(trip, legs, strict=False):
            visit = problem.visits[each]
            arrival_s = _worked(clock_s, seconds, rests)
            begin_s = _begin(visit, arrival_s, rests)
            if begin_s is None:
                return None
            clock_s = begin_s + visit.service_s
            halts.append(
                ScheduledVisit(
                    visit=each, arrival_s=arrival_s, begin_s=begin_s, departure_s=clock_s
                )
            )
        back_s = _worked(clock_s, legs[-1], rests)
        trips.append(Trip(leave_s=leave_s, visits=tuple(halts), back_s=back_s))
        end_s = over_s(problem, trips[-1])
        dues = [problem.visits[each].due_s for each in trip]
        if end_s > min([vehicle.shift.latest_s, *(due for due in dues if due is not None)]):
            return None
        if _free(back_s, end_s - back_s, rests) != back_s:
            return None
    return tuple(trips)


def _worked(clock_s: int, seconds: int, rests: Sequence[tuple[int, int]]) -> int:
    """When so much driving or turning round is done that breaks interrupt."""
    done_s = clock_s + seconds
    for start_s, end_s in rests:
        if clock_s <= start_s < done_s:
            done_s += end_s - start_s
    return done_s


def _free(clock_s: int, seconds: int, rests: Sequence[tuple[int, int]]) -> int:
    """The first moment from which so many seconds, or the moment itself, lie in no break."""
    for start_s, end_s in rests:
        if (clock_s < end_s and start_s < clock_s + seconds) or start_s < clock_s < end_s:
            clock_s = end_s
    return clock_s


def _begin(visit: Visit, arrival_s: int, rests: Sequence[tuple[int, int]]) -> int | None:
    for window in visit.windows or (Window(0, HORIZON_S),):
        begin_s = _free(max(arrival_s, window.earliest_s), visit.service_s, rests)
        if begin_s <= window.latest_s:
            return begin_s
    return None
