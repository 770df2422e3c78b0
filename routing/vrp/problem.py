"""The statement of a vehicle routing problem: integers and travel matrices, no orders, no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from routing.errors import RoutingError
from routing.matrix import TravelMatrix


class ProblemRefused(RoutingError):
    """A statement that contradicts itself; every clash found is listed."""

    code: ClassVar[str] = "problem-refused"

    def __init__(self, clashes: tuple[str, ...]) -> None:
        self.clashes = clashes
        super().__init__("; ".join(clashes))


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds since day start in which a service or a break may *begin*; both ends inclusive."""

    earliest_s: int
    latest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """
    One halt to be made at most once, by one vehicle.

    place
        Row of the travel matrices.
    loads
        What is put on board, one number for each of the problem's dimensions.
    windows
        Sorted, disjoint windows for the begin of service; empty means any time.
    due_s
        Latest moment at which the trip that carries this load may be back at its end depot
        (the truck's departure); None where nothing waits for it.
    skills
        The vehicle must have all of them.
    unserved_cost
        Price of leaving the visit out. None: leaving it out makes a solution infeasible.
    """

    place: int
    service_s: int = 0
    loads: tuple[int, ...] = ()
    windows: tuple[Window, ...] = ()
    due_s: int | None = None
    skills: frozenset[str] = frozenset()
    unserved_cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A rest that begins inside `window`; not during a service, but it may interrupt a drive."""

    window: Window
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """
    One vehicle for one shift, which may hold several trips from `start_place` to `end_place`.

    matrix
        Index into the problem's matrices: the vehicle's own durations and distances.
    start_place, end_place
        Rows of the matrices; None where the route begins or ends in the open.
    shift
        First moment it may leave and last moment it must be back.
    capacities
        Most load on board at once, for each dimension.
    range_m
        Most metres in the whole shift; None for no limit.
    duration_limit_s
        Most seconds from leaving to the final return, breaks included; None for no limit.
    trips_max
        Most trips in the shift. Above 1 both places must be given and equal.
    turnaround_s
        Time at the depot between two trips.
    fixed_cost
        Paid once if the vehicle is used at all.
    cost_per_m, cost_per_s
        Paid for each metre driven and each second from leaving to the final return.
    """

    shift: Window
    matrix: int = 0
    start_place: int | None = None
    end_place: int | None = None
    capacities: tuple[int, ...] = ()
    range_m: int | None = None
    duration_limit_s: int | None = None
    skills: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    trips_max: int = 1
    turnaround_s: int = 0
    fixed_cost: int = 0
    cost_per_m: int = 0
    cost_per_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    Visits, vehicles and the matrices between all their places.

    `dimensions` names the loads (for example "weight_g"). Costs are integers in one unit of the
    caller's choosing. Order of visits and vehicles is their identity: a solution speaks of indices.

    Raises
    ------
    ProblemRefused
        See `routing.vrp.problem.clashes`.
    """

    matrices: tuple[TravelMatrix, ...]
    visits: tuple[Visit, ...]
    vehicles: tuple[Vehicle, ...]
    dimensions: tuple[str, ...] = ()
