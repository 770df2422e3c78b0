"""The statement of a vehicle routing problem: integers and travel matrices, no orders, no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE, TravelMatrix
from routing.vrp.contradictions import clashes_of


class ProblemRefused(RoutingError):
    """A statement that contradicts itself; every clash found is listed."""

    code: ClassVar[str] = "problem-refused"

    def __init__(self, clashes: tuple[str, ...]) -> None:
        self.clashes = clashes
        super().__init__("; ".join(clashes))


@unique
class Feature(StrEnum):
    """A rule that only some problems use, so that an engine may say which of them it does not know."""

    ALTERNATIVES = "alternatives"
    BREAKS = "breaks"
    DELIVERIES = "deliveries"
    DOCKS = "docks"
    DUE = "due"
    DURATION_LIMIT = "duration-limit"
    JOINTS = "joints"
    OPEN_ROUTES = "open-routes"
    OVERTIME = "overtime"
    PAIRS = "pairs"
    PRIZES = "prizes"
    RANGE = "range"
    RELEASE = "release"
    RELOADS = "reloads"
    SETUPS = "setups"
    SEVERAL_WINDOWS = "several-windows"
    SKILLS = "skills"
    SWAPS = "swaps"
    UNLOADING = "unloading"
    VISIT_PRICES = "visit-prices"


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds since day start in which a service or a break may *begin*; both ends inclusive."""

    earliest_s: int
    latest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Vehicles that should make a visit (indices), and what it costs if another does."""

    vehicles: frozenset[int]
    cost_otherwise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """
    What holds for the visits that name it, its members; visits of one group are one member.

    all_or_nothing
        All members are made, or none.
    one_trip
        Members that are made ride in one trip of one vehicle.
    one_due
        Members that are made have one due moment: what they load leaves with one truck.
    """

    all_or_nothing: bool = False
    one_trip: bool = False
    one_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """
    Where a vehicle can have its full range again, on the way of any drive: a full battery, or charged until it is full.

    place
        Row of the travel matrices; no setup is needed there.
    takes_s
        However little range is left or however much.
    charged_m_per_minute
        Besides, a minute for each so many metres that the vehicle has driven since it had its full range,
        seconds rounded up. None: a battery is as full as another.
    """

    place: int
    takes_s: int = 0
    charged_m_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """
    One halt to be made at most once, by one vehicle.

    place
        Row of the travel matrices.
    loads
        What is put on board, one number for each of the problem's dimensions.
    deliveries
        What the trip brings from its start and takes off board here, by dimension; () for nothing.
    windows
        Sorted, disjoint windows for the begin of service; empty means any time.
    unload_s
        Seconds that unloading its load takes, at the end of its trip and before any break: all of a
        trip's visits after each other. The trip is over only then.
    due_s
        Latest moment at which the trip that carries this load may be over (the truck's
        departure); None where nothing waits for it.
    release_s
        Earliest moment at which the trip that makes this visit may leave: what it brings is not
        there before. (A pickup that is not ready is a window.)
    skills
        The vehicle must have all of them.
    group
        Visits of one number are alternatives, places of one order: at most one of them is made.
    brings
        The visit (its index) whose loads this one drops: made before in the same trip, or neither is
        made. What is carried between two visits never lies at the depot, so neither has a due moment, a
        release, deliveries or alternatives. What this one loads of its own goes on to the trip's end.
    joints
        The joints of the problem (indices) that it is a member of; the same in all visits of a group.
        Halves of pairs have none.
    unserved_cost
        Price of leaving the visit out; for a group one price, the same in all its visits. None:
        leaving it out makes a solution infeasible.
    cost
        Price of making this visit, whoever does: in a group, that of the walk to this one of its places.
    preferences
        Who should make it: couriers who know the village, or the one who was announced. Each is
        paid if its own vehicles do not.
    """

    place: int
    service_s: int = 0
    loads: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()
    windows: tuple[Window, ...] = ()
    unload_s: int = 0
    due_s: int | None = None
    release_s: int = 0
    skills: frozenset[str] = frozenset()
    group: int | None = None
    brings: int | None = None
    joints: tuple[int, ...] = ()
    unserved_cost: int | None = None
    cost: int = 0
    preferences: tuple[Preference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """
    A rest that begins inside `window`; not during a service, but it may interrupt a drive.

    It may also lie wholly before the first leaving or after the final return ("off the road"), so
    a break outside the hours that a route covers costs the route nothing.
    """

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
        First moment it may leave and last moment at which its last trip must be over.
    capacities
        Most load on board at once, for each dimension.
    range_m
        Most metres in the whole shift, or between two swaps; None for no limit.
    swaps
        The swaps of the problem (indices) that it may use, as often as it likes, at most one on each drive.
        A break may interrupt a swap as it may a drive.
    swapped_at_m
        Metres of the shift after which it last had its full range, where that was before anything is decided.
    duration_limit_s
        Most seconds from leaving until the last trip is over, breaks included; None for no limit.
    trips_max
        Most trips in the shift. Above 1 both places must be given and equal.
    turnaround_s
        Time at the depot between two trips, after unloading.
    fixed_cost
        Paid once if the vehicle is used at all.
    cost_per_m, cost_per_s
        Paid for each metre driven and each second from leaving until the last trip is over.
    overtime_after_s, overtime_cost_per_s
        Paid besides for each second beyond so many. With the mean of all as the first, work is
        shared evenly as far as that is worth it. None: no second is overtime.
    """

    shift: Window
    matrix: int = 0
    start_place: int | None = None
    end_place: int | None = None
    capacities: tuple[int, ...] = ()
    range_m: int | None = None
    swaps: tuple[int, ...] = ()
    swapped_at_m: int = 0
    duration_limit_s: int | None = None
    skills: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    trips_max: int = 1
    turnaround_s: int = 0
    fixed_cost: int = 0
    cost_per_m: int = 0
    cost_per_s: int = 0
    overtime_after_s: int | None = None
    overtime_cost_per_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Docks:
    """
    How many vehicles can unload at the same time where they end their trips.

    Who is back first unloads first, of several at once the one with the lowest number; who finds all docks busy waits, and
    its trip is over only when it has unloaded then. A trip whose load takes no time needs no dock.

    place
        Row of the travel matrices; only vehicles with this `end_place` queue here.
    vehicles
        How many unload side by side.
    taken_s
        Begins and ends (exclusive) of unloadings by vehicles that are not part of the problem: each has a dock, whoever
        comes before. Routes unload in what is left.
    """

    place: int
    vehicles: int
    taken_s: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    Visits, vehicles and the matrices between all their places.

    `setups_s` are the seconds between coming to each place (row of the matrices) from another one
    and being ready to serve there: to park and to find the door. Visits of one place that follow each
    other need them once. () for none. `docks` are those of depots where vehicles may have to wait for one; of other depots
    every vehicle unloads when it is back.

    `dimensions` names the loads (for example "weight_g"). Costs are integers in one unit of the
    caller's choosing. Order of visits and vehicles is their identity: a solution speaks of indices.

    "Cannot be served" is never refused: a load above every vehicle or a place without a road makes
    a visit that stays unserved.

    Raises
    ------
    ProblemRefused
        The statement contradicts itself; all clashes are named at once.
    """

    matrices: tuple[TravelMatrix, ...]
    visits: tuple[Visit, ...]
    vehicles: tuple[Vehicle, ...]
    dimensions: tuple[str, ...] = ()
    setups_s: tuple[int, ...] = ()
    joints: tuple[Joint, ...] = ()
    docks: tuple[Docks, ...] = ()
    swaps: tuple[Swap, ...] = ()

    def __post_init__(self) -> None:
        clashes = tuple(clashes_of(self))
        if clashes:
            raise ProblemRefused(clashes)

    @property
    def features(self) -> frozenset[Feature]:
        """Which of the optional rules this problem uses. O(visits + vehicles)."""
        used = {
            Feature.ALTERNATIVES: any(visit.group is not None for visit in self.visits),
            Feature.BREAKS: any(vehicle.breaks for vehicle in self.vehicles),
            Feature.DELIVERIES: any(any(visit.deliveries) for visit in self.visits),
            Feature.DOCKS: bool(self.docks),
            Feature.DUE: any(visit.due_s is not None for visit in self.visits),
            Feature.DURATION_LIMIT: any(v.duration_limit_s is not None for v in self.vehicles),
            Feature.JOINTS: any(visit.joints for visit in self.visits),
            Feature.OPEN_ROUTES: any(None in (v.start_place, v.end_place) for v in self.vehicles),
            Feature.OVERTIME: any(
                vehicle.overtime_after_s is not None for vehicle in self.vehicles
            ),
            Feature.PAIRS: any(visit.brings is not None for visit in self.visits),
            Feature.PRIZES: any(visit.unserved_cost is not None for visit in self.visits),
            Feature.RANGE: any(vehicle.range_m is not None for vehicle in self.vehicles),
            Feature.RELEASE: any(visit.release_s for visit in self.visits),
            Feature.RELOADS: any(vehicle.trips_max > 1 for vehicle in self.vehicles),
            Feature.SETUPS: any(self.setups_s),
            Feature.SEVERAL_WINDOWS: any(len(visit.windows) > 1 for visit in self.visits),
            Feature.SKILLS: any(visit.skills for visit in self.visits),
            Feature.SWAPS: any(v.swaps and v.range_m is not None for v in self.vehicles),
            Feature.UNLOADING: any(visit.unload_s for visit in self.visits),
            Feature.VISIT_PRICES: any(visit.cost or visit.preferences for visit in self.visits),
        }
        return frozenset(feature for feature, is_used in used.items() if is_used)

    @property
    def paired(self) -> frozenset[int]:
        """The visits that are halves of pairs. O(visits)."""
        seconds = [n for n, visit in enumerate(self.visits) if visit.brings is not None]
        firsts = [visit.brings for visit in self.visits if visit.brings is not None]
        return frozenset((*firsts, *seconds))

    def ready_s(self, matrix: int) -> NDArray[np.int32]:
        """Seconds from leaving each place until being ready to serve at each other one: int32 (n, n)."""
        durations_s = self.matrices[matrix].durations_s
        if not any(self.setups_s):
            return durations_s
        ready_s = np.minimum(durations_s + np.array(self.setups_s, np.int32), UNREACHABLE)
        np.fill_diagonal(ready_s, 0)
        return ready_s
