"""Contradictions: what in a problem's statement clashes, or is too large to be added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from routing.matrix import UNREACHABLE, TravelMatrix
from routing.vrp.limits import MOMENT_MAX_S, PRICE_MAX, TOTAL_MAX

if TYPE_CHECKING:
    from routing.vrp.problem import Preference, Problem, Vehicle, Visit, Window


def clashes_of(problem: Problem) -> Iterator[str]:
    """Everything for which the statement is refused, each in words of its own. O(visits + vehicles + places²)."""
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
