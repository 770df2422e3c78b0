"""The independent judge: what is wrong with a solution. It shares no code with any search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique

from routing.matrix import UNREACHABLE
from routing.vrp.check_legs import StatedLeg, stated_legs
from routing.vrp.cost import cost
from routing.vrp.dock_rules import Unloading, crowded, out_of_turn
from routing.vrp.problem import Problem, Vehicle
from routing.vrp.solution import Route, ScheduledVisit, Solution, Trip


@unique
class Rule(StrEnum):
    """What a solution must keep to."""

    UNKNOWN_VISIT = "unknown-visit"
    VISIT_ONCE = "visit-once"
    VISIT_ACCOUNTED = "visit-accounted"
    VISIT_REQUIRED = "visit-required"
    GROUP_ONCE = "group-once"
    PAIR = "pair"
    JOINT_WHOLE = "joint-whole"
    JOINT_TRIP = "joint-trip"
    JOINT_DUE = "joint-due"
    UNKNOWN_VEHICLE = "unknown-vehicle"
    VEHICLE_ONCE = "vehicle-once"
    VEHICLE_ORDER = "vehicle-order"
    TRIP_EMPTY = "trip-empty"
    TRIPS_MAX = "trips-max"
    UNREACHABLE = "unreachable"
    TRAVEL = "travel"
    WAITING = "waiting"
    SERVICE = "service"
    WINDOW = "window"
    TURNAROUND = "turnaround"
    SHIFT = "shift"
    DURATION = "duration"
    RANGE = "range"
    SWAP = "swap"
    CAPACITY = "capacity"
    DUE = "due"
    DOCKS = "docks"
    DOCK_TURN = "dock-turn"
    RELEASE = "release"
    SKILL = "skill"
    BREAK_COUNT = "break-count"
    BREAK_WINDOW = "break-window"
    BREAK_OVERLAP = "break-overlap"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule, the facts that show it, and a sentence for people."""

    rule: Rule
    message: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


def check(problem: Problem, solution: Solution) -> tuple[Violation, ...]:
    """
    Return every violation found; an empty tuple means the solution may be driven.

    Breaks: a route states one start for each of its vehicle's breaks, inside the break's window.
    The break lies wholly before the first leaving, wholly after the final return, or wholly in one
    gap: between a departure and the next arrival (it interrupts the drive, the arrival is later by
    its duration), between an arrival and the begin of service, or at the depot between two trips. Nobody rests
    in the queue for a dock.

    Indices out of range, a route without trips and empty trips end the inspection early: what
    would follow from them means nothing.
    """
    broken = tuple(_shape(problem, solution))
    if broken:
        return broken
    return (
        *_served(problem, solution),
        *_joints(problem, solution),
        *_pairs(problem, solution),
        *_docks(problem, solution),
        *(each for route in solution.routes for each in _route(problem, route)),
        *_stated_cost(problem, solution),
    )


def _shape(problem: Problem, solution: Solution) -> Iterator[Violation]:
    visits, vehicles = range(len(problem.visits)), range(len(problem.vehicles))
    for route in solution.routes:
        if route.vehicle not in vehicles:
            yield _broken(Rule.UNKNOWN_VEHICLE, "is not in the problem", vehicle=route.vehicle)
        if not route.trips or not all(trip.visits for trip in route.trips):
            yield _broken(Rule.TRIP_EMPTY, "drives a trip without a visit", vehicle=route.vehicle)
        for each in (swap for trip in route.trips for swap in trip.swaps):
            if not 0 <= each.swap < len(problem.swaps):
                yield _broken(Rule.SWAP, "is not in the problem", swap=each.swap)
    for visit in (*_made(solution), *solution.unserved):
        if visit not in visits:
            yield _broken(Rule.UNKNOWN_VISIT, "is not in the problem", visit=visit)


def _made(solution: Solution) -> list[int]:
    return [halt.visit for route in solution.routes for trip in route.trips for halt in trip.visits]


def _served(problem: Problem, solution: Solution) -> Iterator[Violation]:
    made, left_out = Counter(_made(solution)), Counter(solution.unserved)
    groups = Counter(
        visit.group
        for number, visit in enumerate(problem.visits)
        if made[number] and visit.group is not None
    )
    for number, visit in enumerate(problem.visits):
        done = made[number] > 0 or (visit.group is not None and groups[visit.group] > 0)
        if made[number] > 1:
            yield _broken(Rule.VISIT_ONCE, "is made more than once", visit=number)
        if done + left_out[number] != 1:
            yield _broken(
                Rule.VISIT_ACCOUNTED, "must be either served or listed once", visit=number
            )
        if not done and visit.unserved_cost is None:
            yield _broken(Rule.VISIT_REQUIRED, "must not be left out", visit=number)
    for group, times in groups.items():
        if times > 1:
            yield _broken(
                Rule.GROUP_ONCE, "has more than one of its visits made", group=group, visits=times
            )
    vehicles = [route.vehicle for route in solution.routes]
    for vehicle, times in Counter(vehicles).items():
        if times > 1:
            yield _broken(Rule.VEHICLE_ONCE, "drives more than one route", vehicle=vehicle)
    if vehicles != sorted(vehicles):
        yield _broken(Rule.VEHICLE_ORDER, "routes are not ordered by vehicle")


def _joints(problem: Problem, solution: Solution) -> Iterator[Violation]:
    rides = {
        halt.visit: (route.vehicle, trip)
        for route in solution.routes
        for trip, ridden in enumerate(route.trips)
        for halt in ridden.visits
    }
    joined: dict[int, list[int]] = {}
    for visited, visit in enumerate(problem.visits):
        for joint_number in visit.joints:
            joined.setdefault(joint_number, []).append(visited)
    for number, joint in enumerate(problem.joints):
        members = joined.get(number, [])
        made = [each for each in members if each in rides]
        groups = {problem.visits[each].group for each in made} - {None}
        missing = [
            each
            for each in members
            if each not in rides and problem.visits[each].group not in groups
        ]
        if joint.all_or_nothing and made and missing:
            yield _broken(
                Rule.JOINT_WHOLE, "is made in part", joint=number, made=len(made), visit=missing[0]
            )
        if joint.one_trip and len({rides[each] for each in made}) > 1:
            yield _broken(Rule.JOINT_TRIP, "rides in more than one trip", joint=number)
        if joint.one_due and len({problem.visits[each].due_s for each in made}) > 1:
            yield _broken(Rule.JOINT_DUE, "has more than one due moment", joint=number)


def _docks(problem: Problem, solution: Solution) -> Iterator[Violation]:
    docked = {docks.place: docks for docks in problem.docks}
    at: dict[int, list[Unloading]] = {place: [] for place in docked}
    for route in solution.routes:
        place = problem.vehicles[route.vehicle].end_place
        for number, trip in enumerate(route.trips):
            begin_s = trip.back_s + trip.dock_wait_s
            end_s = _over_s(problem, trip)
            if place in docked and end_s > begin_s:
                at[place].append(Unloading(trip.back_s, route.vehicle, number, begin_s, end_s))
            elif trip.dock_wait_s:
                yield _broken(
                    Rule.DOCK_TURN,
                    "waits for a dock without need",
                    vehicle=route.vehicle,
                    trip=number,
                )
    for place, unloadings in at.items():
        for each in crowded(docked[place], unloadings):
            yield _broken(
                Rule.DOCKS,
                "unloads where all docks are busy",
                vehicle=each.vehicle,
                trip=each.trip,
                begin_s=each.begin_s,
                docks=docked[place].vehicles,
            )
        for each, free_s in out_of_turn(docked[place], unloadings):
            yield _broken(
                Rule.DOCK_TURN,
                "does not unload when its turn has come",
                vehicle=each.vehicle,
                trip=each.trip,
                begin_s=each.begin_s,
                free_s=free_s,
            )


def _stated_cost(problem: Problem, solution: Solution) -> Iterator[Violation]:
    computed = cost(problem, solution.routes)
    if solution.cost != computed:
        yield _broken(
            Rule.COST, "the stated cost is wrong", stated=solution.cost, computed=computed
        )


def _route(problem: Problem, route: Route) -> Iterator[Violation]:
    number, vehicle = route.vehicle, problem.vehicles[route.vehicle]
    leave_s, over_s = route.trips[0].leave_s, _over_s(problem, route.trips[-1])
    if len(route.trips) > vehicle.trips_max:
        yield _broken(
            Rule.TRIPS_MAX, "drives too many trips", vehicle=number, trips=len(route.trips)
        )
    if leave_s < vehicle.shift.earliest_s or over_s > vehicle.shift.latest_s:
        yield _broken(
            Rule.SHIFT, "is out beyond its shift", vehicle=number, leave_s=leave_s, over_s=over_s
        )
    limit_s = vehicle.duration_limit_s
    if limit_s is not None and over_s - leave_s > limit_s:
        yield _broken(Rule.DURATION, "is out too long", vehicle=number, duration_s=over_s - leave_s)
    if len(route.break_starts_s) != len(vehicle.breaks):
        yield _broken(Rule.BREAK_COUNT, "states not one start for each break", vehicle=number)
        return
    yield from _breaks(problem, vehicle, route)
    since_m = farthest_m = -vehicle.swapped_at_m
    for before, trip in zip((None, *route.trips), route.trips, strict=False):
        if before is not None:
            yield from _turnaround(problem, vehicle, route, before, trip)
        legs = stated_legs(problem, vehicle, trip, since_m)
        since_m, farthest_m = legs[-1].since_m, max(farthest_m, *(leg.farthest_m for leg in legs))
        yield from _swaps(problem, route, trip)
        yield from _trip(problem, route, trip, legs)
    if vehicle.range_m is not None and farthest_m > vehicle.range_m:
        yield _broken(Rule.RANGE, "drives beyond its range", vehicle=number, distance_m=farthest_m)


def _swaps(problem: Problem, route: Route, trip: Trip) -> Iterator[Violation]:
    vehicle = problem.vehicles[route.vehicle]
    for each in trip.swaps:
        if each.swap not in vehicle.swaps:
            yield _broken(
                Rule.SWAP, "swaps where it may not", vehicle=route.vehicle, swap=each.swap
            )
        if not 0 <= each.before <= len(trip.visits):
            yield _broken(Rule.SWAP, "swaps on no drive", vehicle=route.vehicle, swap=each.swap)
        first, last = each.before == 0, each.before == len(trip.visits)
        if (first and vehicle.start_place is None) or (last and vehicle.end_place is None):
            yield _broken(Rule.SWAP, "swaps in the open", vehicle=route.vehicle, swap=each.swap)
    drives = [each.before for each in trip.swaps]
    if drives != sorted(set(drives)):
        yield _broken(Rule.SWAP, "swaps twice on one drive, or unsorted", vehicle=route.vehicle)


def _trip(
    problem: Problem, route: Route, trip: Trip, legs: Sequence[StatedLeg]
) -> Iterator[Violation]:
    number, vehicle = route.vehicle, problem.vehicles[route.vehicle]
    for leg in legs:
        yield from _drive(vehicle, route, leg)
    for halt in trip.visits:
        yield from _halt(problem, route, halt)
    for axis, dimension in enumerate(problem.dimensions):
        load = _fullest(problem, trip, axis)
        if load > vehicle.capacities[axis]:
            yield _broken(
                Rule.CAPACITY, "is overloaded", vehicle=number, dimension=dimension, load=load
            )
    for halt in trip.visits:
        visit = problem.visits[halt.visit]
        if trip.leave_s < visit.release_s:
            yield _broken(
                Rule.RELEASE,
                "is not there when its trip leaves",
                visit=halt.visit,
                vehicle=number,
                release_s=visit.release_s,
                leave_s=trip.leave_s,
            )
        due_s = visit.due_s
        if due_s is not None and _over_s(problem, trip) > due_s:
            yield _broken(
                Rule.DUE,
                "comes back too late",
                visit=halt.visit,
                vehicle=number,
                due_s=due_s,
                over_s=_over_s(problem, trip),
            )


def _pairs(problem: Problem, solution: Solution) -> Iterator[Violation]:
    """What a trip brings it has picked up before, and what is to be brought it brings."""
    brought_by = {
        visit.brings: number
        for number, visit in enumerate(problem.visits)
        if visit.brings is not None
    }
    for trip in (trip for route in solution.routes for trip in route.trips):
        on_board: set[int] = set()
        for halt in trip.visits:
            picked = problem.visits[halt.visit].brings
            if halt.visit in brought_by:
                on_board.add(halt.visit)
            elif picked in on_board:
                on_board.discard(picked)
            elif picked is not None:
                yield _broken(
                    Rule.PAIR,
                    "brings what was not picked up",
                    visit=halt.visit,
                    picked_up_by=picked,
                )
        for picked in sorted(on_board):
            yield _broken(
                Rule.PAIR,
                "is picked up and not brought",
                visit=picked,
                brought_by=brought_by[picked],
            )


def _fullest(problem: Problem, trip: Trip, axis: int) -> int:
    """The most on board at once: what is brought goes down as what is fetched goes up; of a pair, only between the two."""
    visits = [problem.visits[halt.visit] for halt in trip.visits]
    on_board = fullest = sum(sum(visit.deliveries[axis : axis + 1]) for visit in visits)
    for visit in visits:
        on_board += visit.loads[axis] - sum(visit.deliveries[axis : axis + 1])
        if visit.brings is not None:
            on_board -= problem.visits[visit.brings].loads[axis]
        fullest = max(fullest, on_board)
    return fullest


def _halt(problem: Problem, route: Route, halt: ScheduledVisit) -> Iterator[Violation]:
    visit, vehicle = problem.visits[halt.visit], problem.vehicles[route.vehicle]
    if halt.begin_s < halt.arrival_s:
        yield _broken(Rule.WAITING, "begins before the arrival", visit=halt.visit)
    if halt.departure_s != halt.begin_s + visit.service_s:
        yield _broken(Rule.SERVICE, "is not served for its service time", visit=halt.visit)
    if visit.windows and not any(
        window.earliest_s <= halt.begin_s <= window.latest_s for window in visit.windows
    ):
        yield _broken(
            Rule.WINDOW, "begins outside its windows", visit=halt.visit, begin_s=halt.begin_s
        )
    if not visit.skills <= vehicle.skills:
        missing = ", ".join(sorted(visit.skills - vehicle.skills))
        yield _broken(
            Rule.SKILL,
            "needs another vehicle",
            visit=halt.visit,
            vehicle=route.vehicle,
            missing=missing,
        )


def _drive(vehicle: Vehicle, route: Route, leg: StatedLeg) -> Iterator[Violation]:
    facts: dict[str, int | str] = {"vehicle": route.vehicle}
    if leg.to is not None:
        facts["visit"] = leg.to
    if leg.duration_s >= UNREACHABLE:
        yield _broken(Rule.UNREACHABLE, "drives where no way leads", **facts)
        return
    spent_s = leg.arrival_s - leg.departure_s
    needed_s = (
        leg.duration_s + leg.setup_s + _rested_s(vehicle, route, leg.departure_s, leg.arrival_s)
    )
    if spent_s < needed_s:
        yield _broken(
            Rule.TRAVEL,
            "drives faster than the matrix",
            **facts,
            spent_s=spent_s,
            needed_s=needed_s,
        )
    if spent_s > needed_s:
        yield _broken(
            Rule.WAITING, "waits without saying so", **facts, spent_s=spent_s, needed_s=needed_s
        )


def _over_s(problem: Problem, trip: Trip) -> int:
    """When a trip is back, has waited for its dock, and is unloaded."""
    unloading_s = [problem.visits[halt.visit].unload_s for halt in trip.visits]
    return trip.back_s + trip.dock_wait_s + sum(unloading_s)


def _turnaround(
    problem: Problem, vehicle: Vehicle, route: Route, before: Trip, after: Trip
) -> Iterator[Violation]:
    over_s = _over_s(problem, before)
    spent_s = after.leave_s - over_s
    needed_s = vehicle.turnaround_s + _rested_s(vehicle, route, over_s, after.leave_s)
    if spent_s < needed_s:
        yield _broken(
            Rule.TURNAROUND,
            "leaves again too soon",
            vehicle=route.vehicle,
            spent_s=spent_s,
            needed_s=needed_s,
        )


def _rested_s(vehicle: Vehicle, route: Route, from_s: int, until_s: int) -> int:
    """Break time begun in from_s … until_s, the end exclusive."""
    return sum(
        rest.duration_s
        for rest, start_s in zip(vehicle.breaks, route.break_starts_s, strict=True)
        if from_s <= start_s < until_s
    )


def _breaks(problem: Problem, vehicle: Vehicle, route: Route) -> Iterator[Violation]:
    spans: list[tuple[int, int]] = []
    for rest, start_s in zip(vehicle.breaks, route.break_starts_s, strict=True):
        if not rest.window.earliest_s <= start_s <= rest.window.latest_s:
            yield _broken(
                Rule.BREAK_WINDOW,
                "rests outside the window",
                vehicle=route.vehicle,
                start_s=start_s,
            )
        spans.append((start_s, start_s + rest.duration_s))
    busy = [(halt.begin_s, halt.departure_s) for trip in route.trips for halt in trip.visits]
    busy += [(trip.back_s, _over_s(problem, trip)) for trip in route.trips]
    # A moment at which the courier cannot be at rest: leaving, beginning a service, coming back.
    instants = [
        *(trip.leave_s for trip in route.trips),
        *(halt.arrival_s for trip in route.trips for halt in trip.visits),
        *(trip.back_s for trip in route.trips),
    ]
    for number, (start_s, end_s) in enumerate(spans):
        others = (*busy, *spans[:number])
        if any(begin_s < end_s and start_s < stop_s for begin_s, stop_s in others) or any(
            start_s < instant_s < end_s for instant_s in instants
        ):
            yield _broken(
                Rule.BREAK_OVERLAP,
                "rests while it works, or twice at once",
                vehicle=route.vehicle,
                start_s=start_s,
            )


def _broken(rule: Rule, what: str, **facts: int | str) -> Violation:
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    return Violation(rule=rule, message=f"{told or 'the solution'}: {what}", facts=facts)
