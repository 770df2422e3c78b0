"""A fault for every rule of the judge: ways to bend a sound solution."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from routing.matrix import UNREACHABLE
from routing.vrp.check import Rule
from routing.vrp.cost import cost
from routing.vrp.problem import Break, Docks, Joint, Problem, Swap, Window
from routing.vrp.solution import ScheduledVisit, Solution, Swapped, Trip


@dataclass
class Case:
    """A valid solution in parts that a fault may bend."""

    problem: Problem
    solution: Solution


def halt(visit: int, arrival_s: int, begin_s: int, departure_s: int) -> ScheduledVisit:
    return ScheduledVisit(
        visit=visit, arrival_s=arrival_s, begin_s=begin_s, departure_s=departure_s
    )


def vehicle(number: int, **changes: object) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        vehicles = list(case.problem.vehicles)
        vehicles[number] = replace(vehicles[number], **changes)
        case.problem = replace(case.problem, vehicles=tuple(vehicles))

    return bend


def visit(number: int, **changes: object) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        visits = list(case.problem.visits)
        visits[number] = replace(visits[number], **changes)
        case.problem = replace(case.problem, visits=tuple(visits))

    return bend


def route(number: int, **changes: object) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        routes = list(case.solution.routes)
        routes[number] = replace(routes[number], **changes)
        case.solution = replace(case.solution, routes=tuple(routes))

    return bend


def trip(of: int, number: int, **changes: object) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        trips = list(case.solution.routes[of].trips)
        trips[number] = replace(trips[number], **changes)
        route(of, trips=tuple(trips))(case)

    return bend


def halts(of: int, number: int, *made: ScheduledVisit) -> Callable[[Case], None]:
    return trip(of, number, visits=made)


def solution(**changes: object) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        case.solution = replace(case.solution, **changes)

    return bend


def alternatives(*numbers: int, unserved: tuple[int, ...]) -> Callable[[Case], None]:
    def bend(case: Case) -> None:
        for number in numbers:
            visit(number, group=7)(case)
        solution(unserved=unserved)(case)

    return bend


def brought(number: int, amount: int) -> Callable[[Case], None]:
    return visit(number, loads=(0,), deliveries=(amount,))


def brought_and_fetched(case: Case) -> None:
    """Six are fetched at visit 0 before four are brought to visit 1: ten on board between."""
    visit(0, loads=(6,))(case)
    brought(1, 4)(case)


def paired(first: int, second: int, load: int = 4) -> Callable[[Case], None]:
    """What visit `first` picks up is for visit `second`."""

    def bend(case: Case) -> None:
        plain = {"due_s": None, "release_s": 0, "unserved_cost": 9}
        visit(first, loads=(load,), **plain)(case)
        visit(second, loads=(0,), brings=first, **plain)(case)

    return bend


def joined(*members: int, **rules: bool) -> Callable[[Case], None]:
    """These visits are members of one joint."""

    def bend(case: Case) -> None:
        case.problem = replace(case.problem, joints=(Joint(**rules),))
        for number in members:
            visit(number, joints=(0,))(case)

    return bend


def joined_as_alternatives(case: Case) -> None:
    """Of the joint's members visit 0 is made, and visit 2 is another place of visit 4."""
    joined(0, 2, 4, all_or_nothing=True)(case)
    alternatives(2, 4, unserved=())(case)


def unloaded(
    seconds: int, *, of_visit: dict[str, int] | None = None, **changes: object
) -> Callable[[Case], None]:
    """Vehicle 1 is back at 1250, and its load takes so long."""

    def bend(case: Case) -> None:
        visit(3, unload_s=seconds, **(of_visit or {}))(case)
        vehicle(1, **changes)(case)
        case.solution = replace(case.solution, cost=cost(case.problem, case.solution.routes))

    return bend


def rested_while_unloading(case: Case) -> None:
    unloaded(100, breaks=(Break(window=Window(1_300, 1_300), duration_s=9),))(case)
    route(1, break_starts_s=(1_300,))(case)


def docked(
    *waits_s: int, vehicles: int = 1, taken_s: tuple[tuple[int, int], ...] = ()
) -> Callable[[Case], None]:
    """
    Docks at the depot, where the second trip of vehicle 0 (back at 2550) and vehicle 1 (at 2500) unload for 100 s each.

    They wait as told; vehicle 1 comes first.
    """

    def bend(case: Case) -> None:
        case.problem = replace(
            case.problem, docks=(Docks(place=0, vehicles=vehicles, taken_s=taken_s),)
        )
        visit(2, unload_s=100)(case)
        visit(3, unload_s=100)(case)
        vehicle(0, duration_limit_s=None)(case)
        halts(1, 0, halt(3, 2_350, 2_350, 2_400))(case)
        trip(1, 0, leave_s=2_250, back_s=2_500, dock_wait_s=waits_s[1])(case)
        trip(0, 1, dock_wait_s=waits_s[0])(case)

    return bend


def never_unloaded(case: Case) -> None:
    """The first trip of vehicle 0 has nothing to unload, and waits for a dock all the same."""
    docked(50, 0)(case)
    trip(0, 0, dock_wait_s=7)(case)
    made = (halt(2, 2_157, 2_157, 2_207),)
    trip(0, 1, leave_s=1_857, back_s=2_507, visits=made, dock_wait_s=93)(case)


def both_at_once(case: Case) -> None:
    """Vehicle 1 comes at 2550, too: vehicle 0 is first."""
    docked(0, 100)(case)
    halts(1, 0, halt(3, 2_400, 2_400, 2_450))(case)
    trip(1, 0, leave_s=2_300, back_s=2_550)(case)


def both_at_once_the_other_way(case: Case) -> None:
    both_at_once(case)
    trip(0, 1, dock_wait_s=100)(case)
    trip(1, 0, dock_wait_s=0)(case)


def swapped(case: Case) -> None:
    case.solution = replace(case.solution, routes=case.solution.routes[::-1])


def doubled_vehicle(case: Case) -> None:
    route(1, vehicle=0, break_starts_s=(1_300,))(case)


def cut_off(case: Case) -> None:
    matrix = case.problem.matrices[0]
    durations_s, distances_m = matrix.durations_s.copy(), matrix.distances_m.copy()
    durations_s[1, 2] = distances_m[1, 2] = UNREACHABLE
    bent = replace(matrix, durations_s=durations_s, distances_m=distances_m)
    case.problem = replace(case.problem, matrices=(bent,))


def left_out(case: Case) -> None:
    halts(0, 0, halt(0, 1_100, 1_100, 1_150))(case)
    trip(0, 0, back_s=1_450)(case)
    solution(unserved=(1, 4))(case)


def begun_early(case: Case) -> None:
    """All drives take what they must; only the service does not wait for the arrival."""
    halts(1, 0, halt(3, 1_100, 1_099, 1_149))(case)
    trip(1, 0, back_s=1_249)(case)


def one_trip_empty(case: Case) -> None:
    route(
        0, trips=(case.solution.routes[0].trips[0], Trip(leave_s=1_850, visits=(), back_s=1_850))
    )(case)


def second_dimension(capacity: int, first: int = 9) -> Callable[[Case], None]:
    """Of it nine are fetched at visit 0 where four for visit 1 are still on board."""

    def bend(case: Case) -> None:
        fetched, brought = [9, 0, 0, 0, 0], [0, 4, 0, 0, 0]
        case.problem = replace(
            case.problem,
            dimensions=("weight_g", "volume_ml"),
            visits=tuple(
                replace(each, loads=(*each.loads, more), deliveries=(0, less))
                for each, more, less in zip(case.problem.visits, fetched, brought, strict=True)
            ),
            vehicles=tuple(
                replace(each, capacities=(first, capacity)) for each in case.problem.vehicles
            ),
        )

    return bend


def first_dimension_alone(case: Case) -> None:
    """Nine of it are fetched on the first trip, while of the second dimension four go down."""
    visit(1, loads=(5,))(case)
    second_dimension(13, first=8)(case)


def opened(case: Case) -> None:
    """Vehicle 1 begins and ends in the open: at the visit, and at once when it is done."""
    vehicle(1, start_place=None, end_place=None, range_m=0)(case)
    trip(1, 0, leave_s=1_100, back_s=1_150)(case)


def rested_on_arrival(case: Case) -> None:
    vehicle(1, breaks=(Break(window=Window(1_100, 1_100), duration_s=200),))(case)
    halts(1, 0, halt(3, 1_100, 1_300, 1_350))(case)
    trip(1, 0, back_s=1_450)(case)
    route(1, break_starts_s=(1_100,))(case)


def rested(start_s: int, turnaround_s: int = 100) -> Callable[[Case], None]:
    """Vehicle 0's break while it turns round: its second trip is 200 s later, its first 200 s shorter."""

    def bend(case: Case) -> None:
        vehicle(
            0,
            turnaround_s=turnaround_s,
            breaks=(Break(window=Window(0, 3_000), duration_s=200),),
        )(case)
        halts(0, 0, FIRST, halt(1, 1_250, 1_300, 1_350))(case)
        trip(0, 0, back_s=1_550)(case)
        route(0, break_starts_s=(start_s,))(case)

    return bend


def swapping(
    trip_number: int,
    before: int,
    *,
    range_m: int = 4_500,
    may: tuple[int, ...] = (0, 1),
    times: int = 1,
    takes_s: int = 0,
    charged_m_per_minute: int | None = None,
) -> Callable[[Case], None]:
    """
    Vehicle 0 swaps at place 1 on the way to visit `before` of one of its trips.

    It drives 0-1-2-0 and 0-3-0 with 500 m between neighbours, so that this is never a detour.
    """

    def bend(case: Case) -> None:
        here = Swap(place=1, takes_s=takes_s, charged_m_per_minute=charged_m_per_minute)
        case.problem = replace(case.problem, swaps=(here, Swap(place=5)))
        vehicle(0, range_m=range_m, swaps=may)(case)
        trip(0, trip_number, swaps=times * (Swapped(before=before, swap=0),))(case)

    return bend


def swapping_in_the_open(case: Case) -> None:
    opened(case)
    case.problem = replace(case.problem, swaps=(Swap(place=1),))
    vehicle(1, swaps=(0,))(case)
    trip(1, 0, swaps=(Swapped(before=0, swap=0),))(case)


FIRST, SECOND = halt(0, 1_100, 1_100, 1_150), halt(1, 1_450, 1_500, 1_550)

FAULTS = [
    (Rule.UNKNOWN_VISIT, solution(unserved=(4, 5))),
    (Rule.UNKNOWN_VISIT, halts(1, 0, halt(-1, 1_100, 1_100, 1_150))),
    (Rule.VISIT_ONCE, halts(1, 0, halt(0, 1_100, 1_100, 1_150))),
    (Rule.VISIT_ACCOUNTED, solution(unserved=())),
    (Rule.VISIT_ACCOUNTED, solution(unserved=(3, 4))),
    (Rule.VISIT_ACCOUNTED, solution(unserved=(4, 4))),
    (Rule.VISIT_REQUIRED, left_out),
    (Rule.UNKNOWN_VEHICLE, route(1, vehicle=2)),
    (Rule.VEHICLE_ONCE, doubled_vehicle),
    (Rule.VEHICLE_ORDER, swapped),
    (Rule.TRIP_EMPTY, halts(1, 0)),
    (Rule.TRIP_EMPTY, route(1, trips=())),
    (Rule.TRIP_EMPTY, one_trip_empty),
    (Rule.TRIPS_MAX, vehicle(0, trips_max=1)),
    (Rule.UNREACHABLE, cut_off),
    (Rule.TRAVEL, halts(0, 0, FIRST, halt(1, 1_449, 1_500, 1_550))),
    (Rule.TRAVEL, trip(1, 0, back_s=1_249)),
    (Rule.WAITING, halts(0, 0, FIRST, halt(1, 1_451, 1_500, 1_550))),
    (Rule.WAITING, begun_early),
    (Rule.WAITING, trip(1, 0, back_s=1_251)),
    (Rule.SERVICE, visit(3, service_s=51)),
    (Rule.WINDOW, visit(0, windows=(Window(0, 1_099), Window(1_101, 2_000)))),
    (Rule.TURNAROUND, vehicle(0, turnaround_s=101)),
    (Rule.TURNAROUND, rested(1_600, turnaround_s=101)),
    (Rule.TURNAROUND, visit(0, unload_s=1)),
    (Rule.SHIFT, unloaded(1_750, shift=Window(1_000, 2_999))),
    (Rule.DURATION, unloaded(500, duration_limit_s=749)),
    (Rule.DUE, unloaded(500, of_visit={"due_s": 1_749})),
    (Rule.BREAK_OVERLAP, rested_while_unloading),
    (Rule.SHIFT, vehicle(1, shift=Window(1_001, 3_000))),
    (Rule.SHIFT, vehicle(1, shift=Window(1_000, 1_249))),
    (Rule.DURATION, vehicle(0, duration_limit_s=1_549)),
    (Rule.RANGE, vehicle(0, range_m=4_999)),
    (Rule.RANGE, swapping(1, 0, range_m=2_499)),  # 2,500 m until there, and as many from there on
    (Rule.RANGE, swapping(0, 1, range_m=4_499)),  # after 500 m, 4,500 m before all is driven
    (Rule.RANGE, vehicle(0, range_m=4_000, swapped_at_m=999)),
    (Rule.SWAP, swapping(1, 0, may=(1,))),
    (Rule.SWAP, swapping(1, 0, times=2)),
    (Rule.SWAP, swapping(1, 3, range_m=5_000)),  # no such drive
    (Rule.SWAP, swapping_in_the_open),
    (Rule.TRAVEL, swapping(1, 0, takes_s=1)),
    (Rule.TRAVEL, swapping(1, 0, charged_m_per_minute=150_000)),
    (Rule.CAPACITY, vehicle(0, capacities=(7,))),
    (Rule.CAPACITY, brought(2, 10)),
    (Rule.CAPACITY, brought_and_fetched),
    (Rule.CAPACITY, second_dimension(12)),
    (Rule.CAPACITY, first_dimension_alone),
    (Rule.CAPACITY, paired(0, 1, load=10)),
    (Rule.PAIR, paired(1, 0)),  # brought before it is picked up
    (Rule.PAIR, paired(0, 2)),  # in the next trip
    (Rule.PAIR, paired(0, 3)),  # by another vehicle
    (Rule.PAIR, paired(0, 4)),  # left out
    (Rule.PAIR, paired(4, 0)),
    (Rule.JOINT_WHOLE, joined(0, 4, all_or_nothing=True)),
    (Rule.JOINT_TRIP, joined(0, 2, one_trip=True)),  # in the next trip
    (Rule.JOINT_TRIP, joined(0, 3, one_trip=True)),  # by another vehicle, in its first trip as well
    (Rule.JOINT_DUE, joined(0, 1, one_due=True)),
    (Rule.GROUP_ONCE, alternatives(0, 2, unserved=(4,))),
    (Rule.VISIT_ACCOUNTED, alternatives(0, 4, unserved=(4,))),
    (Rule.RELEASE, visit(2, release_s=1_851)),
    (Rule.RELEASE, visit(3, release_s=1_001)),
    (Rule.DUE, visit(1, due_s=1_749)),
    (Rule.DOCKS, docked(0, 0)),
    (Rule.DOCKS, docked(49, 0)),
    (Rule.DOCKS, docked(0, 0, vehicles=2, taken_s=((2_560, 2_570),))),
    (Rule.DOCK_TURN, docked(51, 0)),
    (Rule.DOCK_TURN, docked(0, 150)),  # overtaken by who came later
    (Rule.DOCK_TURN, docked(0, 1, vehicles=2)),
    (Rule.DOCKS, docked(50, 0, taken_s=((2_600, 2_650),))),
    (Rule.DOCK_TURN, both_at_once_the_other_way),
    (Rule.DOCK_TURN, never_unloaded),
    (Rule.DOCK_TURN, trip(1, 0, dock_wait_s=7)),  # where there are no docks
    (Rule.SKILL, vehicle(0, skills=frozenset())),
    (Rule.BREAK_COUNT, route(0, break_starts_s=())),
    (Rule.BREAK_WINDOW, vehicle(0, breaks=(Break(window=Window(0, 1_199), duration_s=200),))),
    (Rule.BREAK_WINDOW, vehicle(0, breaks=(Break(window=Window(1_201, 9_999), duration_s=200),))),
    (Rule.COST, solution(cost=1)),
]  # fmt: skip
