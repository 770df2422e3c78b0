"""The statement of a vehicle routing problem: integers and travel matrices, no orders, no calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE, TravelMatrix

MOMENT_MAX_S: Final = 1 << 30
"""Moments and durations stay below this, so that a sum of a thousand of them is far from 2⁶³."""

TOTAL_MAX: Final = 1 << 60
"""No load total and no thinkable cost may reach this: searches add and compare in int64."""


PRICE_MAX: Final = 1 << 30
"""Prices of a metre and of a second stay below this: searches price ways that do not exist before
they look whether they do, and such a way is 2³⁰ long."""


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
        clashes = tuple(_clashes(self))
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

    def ready_s(self, matrix: int) -> NDArray[np.int32]:
        """Seconds from leaving each place until being ready to serve at each other one: int32 (n, n)."""
        durations_s = self.matrices[matrix].durations_s
        if not any(self.setups_s):
            return durations_s
        ready_s = np.minimum(durations_s + np.array(self.setups_s, np.int32), UNREACHABLE)
        np.fill_diagonal(ready_s, 0)
        return ready_s


def _clashes(problem: Problem) -> Iterator[str]:
    sizes = {matrix.size for matrix in problem.matrices}
    if len(sizes) > 1:
        yield f"matrices differ in size ({sorted(sizes)}): give every profile the same places"
    # Without vehicles nobody looks at a matrix, so none is asked for.
    size = None if not problem.matrices and not problem.vehicles else min(sizes, default=0)
    for number, visit in enumerate(problem.visits):
        for clash in _visit_clashes(visit, problem, size):
            yield f"visit {number}: {clash}"
    yield from _group_clashes(problem)
    yield from _pair_clashes(problem)
    yield from _joint_clashes(problem)
    yield from _setup_clashes(problem, size)
    yield from _dock_clashes(problem, size)
    yield from _swap_clashes(problem, size)
    for number, vehicle in enumerate(problem.vehicles):
        for clash in _vehicle_clashes(vehicle, problem, size):
            yield f"vehicle {number}: {clash}"
    yield from _overflows(problem)


def _visit_clashes(visit: Visit, problem: Problem, size: int | None) -> Iterator[str]:
    yield from _place_clashes("place", visit.place, size)
    yield from _moment_clashes("service_s", visit.service_s)
    yield from _moment_clashes("unload_s", visit.unload_s)
    yield from _moment_clashes("due_s", visit.due_s)
    yield from _moment_clashes("release_s", visit.release_s)
    yield from _number_clashes("unserved_cost", visit.unserved_cost)
    yield from _number_clashes("cost", visit.cost)
    for preference in visit.preferences:
        yield from _preference_clashes(preference, len(problem.vehicles))
    yield from _axis_clashes("loads", visit.loads, problem)
    if visit.deliveries:
        yield from _axis_clashes("deliveries", visit.deliveries, problem)
    for window in visit.windows:
        yield from _window_clashes("window", window)
    for before, after in zip(visit.windows, visit.windows[1:], strict=False):
        if after.earliest_s <= before.latest_s:
            yield f"windows {before} and {after} overlap or are unsorted: sort and merge them"


def _preference_clashes(preference: Preference, vehicles: int) -> Iterator[str]:
    yield from _number_clashes("cost_otherwise", preference.cost_otherwise)
    if not preference.vehicles:
        yield "a preference for no vehicle is none: leave it out"
    for vehicle in sorted(preference.vehicles):
        if not 0 <= vehicle < vehicles:
            yield f"preference for vehicle {vehicle}, which is none of the {vehicles} given"


def _group_clashes(problem: Problem) -> Iterator[str]:
    prices: dict[int, int | None] = {}
    for number, visit in enumerate(problem.visits):
        if visit.group is None:
            continue
        if visit.group < 0:
            yield f"visit {number}: group is {visit.group}: number groups from 0"
        price = prices.setdefault(visit.group, visit.unserved_cost)
        if visit.unserved_cost != price:
            yield (
                f"visit {number}: unserved_cost {visit.unserved_cost} is not that of its group "
                f"{visit.group} ({price}): a group has one price"
            )


def _pair_clashes(problem: Problem) -> Iterator[str]:
    brought: dict[int, int] = {}
    for number, visit in enumerate(problem.visits):
        if visit.brings is None:
            continue
        if visit.brings == number or not 0 <= visit.brings < len(problem.visits):
            yield f"visit {number} brings what visit {visit.brings} picks up: that is no other visit"
            continue
        picked = problem.visits[visit.brings]
        if picked.brings is not None:
            yield f"visit {number} brings what visit {visit.brings} picks up, which brings itself"
        if brought.setdefault(visit.brings, number) != number:
            yield f"visits {brought[visit.brings]} and {number} both bring what visit {visit.brings} picks up"
        if (visit.unserved_cost is None) != (picked.unserved_cost is None):
            yield f"visits {visit.brings} and {number} are a pair: both may be left out, or neither"
        for each, half in ((visit.brings, picked), (number, visit)):
            depot_s = half.release_s or half.unload_s
            if half.group is not None or half.due_s is not None or depot_s:
                yield f"visit {each} is half of a pair: it has no group, due_s, release_s or unload_s"
            if any(half.deliveries):
                yield f"visit {each} is half of a pair: it has no deliveries"


def _joint_clashes(problem: Problem) -> Iterator[str]:
    halves = {visit.brings for visit in problem.visits}
    of_group: dict[int, tuple[int, ...]] = {}
    for number, visit in enumerate(problem.visits):
        for joint in visit.joints:
            if not 0 <= joint < len(problem.joints):
                yield f"visit {number}: joint {joint} is none of the {len(problem.joints)} given"
        if visit.joints and (visit.brings is not None or number in halves):
            yield f"visit {number} is half of a pair: it is a member of no joint"
        if (
            visit.group is not None
            and of_group.setdefault(visit.group, visit.joints) != visit.joints
        ):
            yield f"visit {number}: its joints are not those of its group {visit.group}"


def _setup_clashes(problem: Problem, size: int | None) -> Iterator[str]:
    if problem.setups_s and size is not None and len(problem.setups_s) != size:
        yield f"setups_s has {len(problem.setups_s)} numbers for {size} places"
        return
    for setup_s in problem.setups_s:
        yield from _moment_clashes("setups_s", setup_s)
    ends = {end for each in problem.vehicles for end in (each.start_place, each.end_place)}
    for place, setup_s in enumerate(problem.setups_s):
        if setup_s and place in ends:
            yield f"setups_s of place {place}, where vehicles start or end: turnaround_s is the time there"


def _dock_clashes(problem: Problem, size: int | None) -> Iterator[str]:
    for number, docks in enumerate(problem.docks):
        yield from _place_clashes(f"docks {number}: place", docks.place, size)
        if docks.vehicles < 1:
            yield (
                f"docks {number}: {docks.vehicles} vehicles could unload at place {docks.place}: at least 1, "
                "or no docks where nobody ever waits"
            )
        if any(docks.place == other.place for other in problem.docks[:number]):
            yield f"docks {number}: place {docks.place} has docks already: state their sum"
        for begin_s, end_s in docks.taken_s:
            yield from _moment_clashes(f"docks {number}: taken_s", begin_s)
            yield from _moment_clashes(f"docks {number}: taken_s", end_s)
            if end_s <= begin_s:
                yield f"docks {number}: taken from {begin_s} until {end_s}, which is no time"


def _swap_clashes(problem: Problem, size: int | None) -> Iterator[str]:
    for number, swap in enumerate(problem.swaps):
        clashes = [
            *_place_clashes("place", swap.place, size),
            *_moment_clashes("takes_s", swap.takes_s),
            *_number_clashes("charged_m_per_minute", swap.charged_m_per_minute),
        ]
        if swap.charged_m_per_minute == 0:
            clashes.append("charged_m_per_minute is 0: nothing would ever be charged")
        if not clashes and problem.setups_s and any(problem.setups_s[swap.place : swap.place + 1]):
            clashes.append(f"place {swap.place} has a setup: give the swap a row of its own")
        yield from (f"swap {number}: {clash}" for clash in clashes)


def _vehicle_clashes(vehicle: Vehicle, problem: Problem, size: int | None) -> Iterator[str]:
    if not 0 <= vehicle.matrix < len(problem.matrices):
        yield f"matrix {vehicle.matrix} is none of the {len(problem.matrices)} given"
    for name, place in (("start_place", vehicle.start_place), ("end_place", vehicle.end_place)):
        if place is not None:
            yield from _place_clashes(name, place, size)
    yield from _window_clashes("shift", vehicle.shift)
    yield from _axis_clashes("capacities", vehicle.capacities, problem)
    yield from _moment_clashes("duration_limit_s", vehicle.duration_limit_s)
    yield from _moment_clashes("turnaround_s", vehicle.turnaround_s)
    yield from _number_clashes("range_m", vehicle.range_m)
    yield from _number_clashes("swapped_at_m", vehicle.swapped_at_m)
    for swap in vehicle.swaps:
        if not 0 <= swap < len(problem.swaps):
            yield f"swap {swap} is none of the {len(problem.swaps)} given"
    yield from _number_clashes("fixed_cost", vehicle.fixed_cost)
    yield from _number_clashes("cost_per_m", vehicle.cost_per_m, PRICE_MAX)
    yield from _number_clashes("cost_per_s", vehicle.cost_per_s, PRICE_MAX)
    yield from _moment_clashes("overtime_after_s", vehicle.overtime_after_s)
    yield from _number_clashes("overtime_cost_per_s", vehicle.overtime_cost_per_s, PRICE_MAX)
    if vehicle.overtime_cost_per_s and vehicle.overtime_after_s is None:
        yield "overtime_cost_per_s without overtime_after_s: say from when on it is paid"
    if vehicle.trips_max < 1:
        yield f"trips_max is {vehicle.trips_max}: a vehicle that stays at home is left out instead"
    places = {vehicle.start_place, vehicle.end_place}
    if vehicle.trips_max > 1 and (None in places or len(places) > 1):
        yield "several trips need start_place and end_place, both the same"
    shift_s = vehicle.shift.latest_s - vehicle.shift.earliest_s
    for rest in vehicle.breaks:
        yield from _window_clashes("break window", rest.window)
        yield from _moment_clashes("break duration_s", rest.duration_s)
        if rest.duration_s == 0:
            yield "a break of 0 s is none: leave it out"
        if rest.duration_s > shift_s >= 0:
            yield f"a break of {rest.duration_s} s is longer than the shift of {shift_s} s"


def _place_clashes(name: str, place: int, size: int | None) -> Iterator[str]:
    if size is not None and not 0 <= place < size:
        yield f"{name} {place} is no row of the matrices (0…{size - 1})"


def _window_clashes(name: str, window: Window) -> Iterator[str]:
    yield from _moment_clashes(f"{name} earliest_s", window.earliest_s)
    yield from _moment_clashes(f"{name} latest_s", window.latest_s)
    if window.latest_s < window.earliest_s:
        yield f"{name} ends at {window.latest_s} before it starts at {window.earliest_s}"


def _axis_clashes(name: str, numbers: tuple[int, ...], problem: Problem) -> Iterator[str]:
    if len(numbers) != len(problem.dimensions):
        yield f"{name} has {len(numbers)} numbers for {len(problem.dimensions)} dimensions"
    for number in numbers:
        yield from _number_clashes(name, number)


def _moment_clashes(name: str, number: int | None) -> Iterator[str]:
    yield from _number_clashes(name, number, MOMENT_MAX_S)


def _number_clashes(name: str, number: int | None, limit: int = TOTAL_MAX) -> Iterator[str]:
    if number is not None and not 0 <= number < limit:
        yield f"{name} is {number}: must lie in 0…{limit - 1}"


def _overflows(problem: Problem) -> Iterator[str]:
    """Sums that could leave int64, each bounded by its worst case."""
    for axis, name in enumerate(problem.dimensions):
        for amounts in ("loads", "deliveries"):
            each = [getattr(visit, amounts)[axis : axis + 1] for visit in problem.visits]
            if sum(map(sum, each)) >= TOTAL_MAX:
                yield f"the {amounts} of dimension {name} add up to more than {TOTAL_MAX}"
    farthest_m = max(map(_farthest_m, problem.matrices), default=0)
    worst = sum(visit.unserved_cost or 0 for visit in problem.visits)
    worst += sum(visit.cost for visit in problem.visits)
    worst += sum(each.cost_otherwise for visit in problem.visits for each in visit.preferences)
    for vehicle in problem.vehicles:
        legs = (2 * len(problem.visits) + 1) * (2 if vehicle.swaps else 1)
        worst += vehicle.fixed_cost + vehicle.cost_per_m * farthest_m * legs
        worst += (vehicle.cost_per_s + vehicle.overtime_cost_per_s) * vehicle.shift.latest_s
    if worst >= TOTAL_MAX:
        yield f"costs could add up to {worst}, more than {TOTAL_MAX}: use a coarser unit"


def _farthest_m(matrix: TravelMatrix) -> int:
    """The longest way that can be driven, row by row: a mask of 20,000 places would take 400 MB."""
    longest = 0
    for row, durations_s in zip(matrix.distances_m, matrix.durations_s, strict=True):
        longest = max(longest, int(row.max(initial=0, where=durations_s < UNREACHABLE)))
    return longest
