"""
Problems with docks: drawn ones of any size, and the proven optimum of tiny ones by trying every order and every leaving.

Of two vehicles; one that has left goes on as early as it can, and unloads in the order in which both come back.
"""

import heapq
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType

from routing.vrp.cost import cost, route_cost, unserved_of
from routing.vrp.problem import Docks, Feature, Problem
from routing.vrp.solution import Route, ScheduledVisit, Solution, Trip
from tests.routing.vrp.tiny import tiny_problem

BESIDE = (Feature.OVERTIME, Feature.RELEASE, Feature.SETUPS, Feature.VISIT_PRICES)


def with_docks(problem: Problem, seed: int, *, slow: int = 1) -> Problem:
    """Loads take their time, `slow` times as long as a little, and one or two docks are at each depot; some are taken now and then."""
    draw = random.Random(f"docks {seed}")
    halves = {each.brings for each in problem.visits}
    visits = tuple(
        visit
        if visit.brings is not None or number in halves
        else replace(visit, unload_s=slow * draw.choice([20, 60, 200]))
        for number, visit in enumerate(problem.visits)
    )
    places = sorted({each.end_place for each in problem.vehicles} - {None})
    docks = []
    for place in places:
        begins_s = [draw.randrange(8_000) for _ in range(draw.choice([0, 0, 2]))]
        taken_s = tuple((begin_s, begin_s + draw.choice([100, 900])) for begin_s in begins_s)
        docks.append(Docks(place=place, vehicles=draw.choice([1, 1, 2]), taken_s=taken_s))
    return replace(problem, visits=visits, docks=tuple(docks))


def tiny(seed: int) -> Problem:
    """Three visits, most of them due, two vehicles that may make several trips, and one dock at which unloading takes long."""
    draw = random.Random(f"tiny docks {seed}")
    beside = draw.sample(BESIDE, draw.choice([0, 1, 2]))
    features = frozenset({Feature.UNLOADING, Feature.PRIZES, Feature.RELOADS, *beside})
    problem = tiny_problem(seed, features, visits=3)
    visits = tuple(
        replace(
            each,
            windows=each.windows if draw.random() < 0.4 else (),
            unload_s=draw.choice([8, 15, 25]),
            due_s=draw.choice([None, 45, 60, 75]),
            unserved_cost=each.unserved_cost or 200,
        )
        for each in problem.visits
    )
    taken_s = draw.choice([(), (), (), ((30, 45),)])
    vehicles = tuple(replace(each, cost_per_s=draw.choice([1, 3])) for each in problem.vehicles)
    docks = (Docks(place=0, vehicles=1, taken_s=taken_s),)
    return replace(problem, visits=visits, vehicles=vehicles, docks=docks)


@dataclass(frozen=True, order=True)
class _Way:
    """A vehicle's trips from one leaving on, and what they cost if nobody is in its way."""

    cost: int
    leave_s: int
    order: tuple[tuple[int, ...], ...]


_Known = dict[tuple[int, tuple[int, ...], int, bool], Trip | None]
"""Trips of a vehicle by their visits and leaving."""


def optimum(brute_force: ModuleType, problem: Problem) -> Solution:
    """A cheapest solution; every visit may be left out."""
    known: _Known = {}
    ways = [_ways(brute_force, problem, number, known) for number in range(2)]
    best = Solution(
        routes=(),
        unserved=unserved_of(problem, ()),
        cost=cost(problem, ()),
    )
    for made, others in itertools.product(ways[0], ways[1]):
        if made & others:
            continue
        served = made | others
        left = cost(problem, ()) - sum(problem.visits[each].unserved_cost or 0 for each in served)
        for bound, one, other in _in_pairs(ways[0][made], ways[1][others]):
            if bound + left >= best.cost:
                break
            routes = _driven(problem, (one, other), known)
            if routes is not None and (total := cost(problem, routes)) < best.cost:
                best = Solution(routes=routes, unserved=unserved_of(problem, served), cost=total)
    return best


def _ways(
    brute_force: ModuleType, problem: Problem, number: int, known: _Known
) -> dict[frozenset[int], list[_Way]]:
    """For each set of visits all that the vehicle can do alone, the cheapest first; docks may make it dearer, never cheaper."""
    found: dict[frozenset[int], list[_Way]] = {frozenset(): [_Way(0, 0, ())]}
    shift = problem.vehicles[number].shift
    for count in range(1, len(problem.visits) + 1):
        for made in itertools.combinations(range(len(problem.visits)), count):
            ways = []
            for order in brute_force._orders(made, problem.vehicles[number].trips_max):
                if brute_force.cheapest_route(problem, number, order) is None:
                    continue
                for leave_s in range(shift.earliest_s, shift.latest_s):
                    alone = [_Way(0, leave_s, order), _Way(0, 0, ())]
                    routes = _driven(problem, alone[:: 1 - 2 * number], known, empty=True)
                    if routes is not None:
                        ways.append(_Way(route_cost(problem, routes[0]), leave_s, order))
            found[frozenset(made)] = sorted(ways)
    return found


def _in_pairs(these: Sequence[_Way], those: Sequence[_Way]):
    """All pairs, the cheapest first."""
    heap = [(these[0].cost + those[0].cost, 0, 0)] if these and those else []
    while heap:
        bound, one, other = heapq.heappop(heap)
        yield bound, these[one], those[other]
        if other + 1 < len(those):
            heapq.heappush(heap, (these[one].cost + those[other + 1].cost, one, other + 1))
        if other == 0 and one + 1 < len(these):
            heapq.heappush(heap, (these[one + 1].cost + those[0].cost, one + 1, 0))


def _driven(
    problem: Problem, ways: Sequence[_Way], known: _Known, *, empty: bool = False
) -> tuple[Route, ...] | None:
    """Both vehicles, one after the other at the dock; None where a rule of time is broken. `empty`: nobody else is there."""
    busy = [] if empty else list(problem.docks[0].taken_s)
    trips: list[list[Trip]] = [[], []]
    under_way = {
        number: trip
        for number in range(2)
        if ways[number].order
        if (trip := _trip(problem, known, number, ways[number].order[0], ways[number].leave_s))
    }
    if len(under_way) < sum(bool(way.order) for way in ways):
        return None
    while under_way:
        number = min(under_way, key=lambda each: (under_way[each].back_s, each))
        trip = under_way.pop(number)
        made = [problem.visits[halt.visit] for halt in trip.visits]
        unload_s = sum(visit.unload_s for visit in made)
        begin_s = trip.back_s
        while blocking := [
            end for start, end in busy if start < begin_s + unload_s and begin_s < end
        ]:
            begin_s = min(blocking)
        over_s = begin_s + unload_s
        busy.append((begin_s, over_s))
        vehicle = problem.vehicles[number]
        dues_s = [visit.due_s for visit in made if visit.due_s is not None]
        if over_s > min([vehicle.shift.latest_s, *dues_s]):
            return None
        trips[number].append(replace(trip, dock_wait_s=begin_s - trip.back_s))
        if len(trips[number]) < len(ways[number].order):
            visits = ways[number].order[len(trips[number])]
            following = _trip(
                problem, known, number, visits, over_s + vehicle.turnaround_s, later=True
            )
            if following is None:
                return None
            under_way[number] = following
    return tuple(
        Route(vehicle=number, trips=tuple(trips[number])) for number in range(2) if trips[number]
    )


def _trip(
    problem: Problem,
    known: _Known,
    number: int,
    visits: tuple[int, ...],
    leave_s: int,
    *,
    later: bool = False,
) -> Trip | None:
    key = (number, visits, leave_s, later)
    if key not in known:
        known[key] = _trip_anew(problem, number, visits, leave_s, later=later)
    return known[key]


def _trip_anew(
    problem: Problem, number: int, visits: Sequence[int], leave_s: int, *, later: bool
) -> Trip | None:
    vehicle = problem.vehicles[number]
    ready_s = max(problem.visits[each].release_s for each in visits)
    if later:
        leave_s = max(leave_s, ready_s)
    elif leave_s < ready_s:
        return None
    durations_s = problem.matrices[vehicle.matrix].durations_s
    clock_s, here, halts = leave_s, vehicle.start_place, []
    for each in visits:
        visit = problem.visits[each]
        clock_s += int(durations_s[here, visit.place])
        if problem.setups_s and here != visit.place:
            clock_s += problem.setups_s[visit.place]
        opens = [window for window in visit.windows if clock_s <= window.latest_s]
        if visit.windows and not opens:
            return None
        begin_s = max(clock_s, opens[0].earliest_s) if opens else clock_s
        halts.append(
            ScheduledVisit(
                visit=each,
                arrival_s=clock_s,
                begin_s=begin_s,
                departure_s=begin_s + visit.service_s,
            )
        )
        clock_s, here = begin_s + visit.service_s, visit.place
    back_s = clock_s + int(durations_s[here, vehicle.end_place])
    return Trip(leave_s=leave_s, visits=tuple(halts), back_s=back_s)
