"""Posing what is left of a day: every courier goes on from where it stands, with what is on board."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from dispatch.days import DayClock
from dispatch.docks import with_taken
from dispatch.fleet import CourierId, Fleet
from dispatch.halts import Halt, Spot
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.plan import JointOrder, Stop, StopKind
from dispatch.posing import DIMENSIONS, Posed, pose
from dispatch.running.standing import Standing
from routing.matrix import UNREACHABLE, TravelMatrix
from routing.roads.network import RoadNetwork
from routing.vrp.docks import Line
from routing.vrp.problem import Break, Vehicle, Visit, Window

OVERDUE_BREAK_S: Final = 1800
"""A break whose window has passed before the courier was free may still begin so long after, and every break later by as
much as the courier is late. Chosen."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """
    What is left of a day as a problem.

    heres
        For each courier who has begun, the visit that stands for where it is: made first, at the very moment
        at which the courier is free, with what is on board then. Its row can be reached from the depot
        only, in the time and the metres that the shift has taken so far; so hours, range,
        loads and trips of the whole shift count, and nothing of it can be changed. Who has begun and has
        none finds no way home: roads were closed around.
    """

    inputs: DayInputs
    posed: Posed
    heres: Mapping[CourierId, int]


def pose_remainder(
    inputs: DayInputs,
    network: RoadNetwork,
    standings: Mapping[CourierId, Standing],
    companies: Mapping[OrderId, int],
    joints: Sequence[JointOrder] = (),
    *,
    now: datetime,
) -> Remainder:
    """
    State the rest of the day, `companies` as for `pose`, `joints` those of the plan in force; orders that are settled stay with their couriers, if these are still in the fleet.

    Raises
    ------
    DepotOffRoad
        No vehicle can leave the depot.
    """
    present = {
        courier_id: standings[courier_id]
        for courier_id in inputs.fleet.couriers
        if courier_id in standings
    }
    settled = {order_id for each in present.values() for order_id in each.order_ids}
    rest = replace(
        inputs, orders=tuple(each for each in inputs.orders if each.order_id not in settled)
    )
    spots = [spot_of_stop(each.fixed[-1]) for each in present.values() if each.fixed]
    posed = pose(rest, network, besides=spots, companies=companies)
    return _with_joints_begun(with_standings(rest, posed, present, now=now), present, joints)


def _with_joints_begun(
    rest: Remainder, standings: Mapping[CourierId, Standing], joints: Sequence[JointOrder]
) -> Remainder:
    """
    The rest of a day that knows which joint orders are over in part.

    What is on board or locked can no longer be left out, so the others are planned as far as they can be; in its
    trip, if they share one. Once that trip is over, they share one of their own.
    """
    order_ids = {each.joint_id: frozenset(each.order_ids) for each in joints}
    problem = rest.posed.problem
    stated, visits = list(problem.joints), list(problem.visits)
    for number, joint_id in enumerate(rest.posed.joint_ids):
        begun = order_ids.get(joint_id, frozenset())
        settled = [each for each in standings.values() if begun & each.order_ids]
        if settled:
            stated[number] = replace(stated[number], all_or_nothing=False)
        for standing in settled:
            here = rest.heres.get(standing.courier_id)
            aboard = {order_id for stop in standing.fixed for order_id in stop.order_ids}
            if here is not None and stated[number].one_trip and begun & aboard:
                visits[here] = replace(visits[here], joints=(*visits[here].joints, number))
    posed = replace(rest.posed, problem=replace(problem, joints=tuple(stated)))
    return replace(rest, posed=posed.with_visits(visits))


def spot_of_stop(stop: Stop) -> Spot:
    return Spot(stop.kind, stop.place, stop.title, stop.village, stop.point_id)


def with_standings(
    inputs: DayInputs, posed: Posed, standings: Mapping[CourierId, Standing], *, now: datetime
) -> Remainder:
    """What is left of a day that was posed with a row for the place of each who has begun."""
    clock, fleet, problem = inputs.clock, inputs.fleet, posed.problem
    size = problem.matrices[0].size if problem.matrices else 0
    rows = [
        posed.rows[each.fixed[-1].place, each.fixed[-1].point_id] if each.fixed else 0
        for each in standings.values()
    ]
    numbers = {courier_id: number for number, courier_id in enumerate(standings)}
    now_s = clock.seconds(now)
    posed = with_taken(posed, _unloading_s(standings.values(), clock))
    problem = posed.problem
    straight_s = _over_s(posed, standings, rows, fleet)
    vehicles: list[Vehicle] = []
    visits: list[Visit] = list(problem.visits)
    halts: list[Halt] = list(posed.halts)
    heres: dict[CourierId, int] = {}
    for courier, vehicle in zip(posed.couriers, problem.vehicles, strict=True):
        standing = standings.get(courier.courier_id)
        if standing is None:
            vehicles.append(_leaving_from(vehicle, now_s))
            continue
        number = numbers[courier.courier_id]
        matrix = problem.matrices[vehicle.matrix]
        home_s = int(matrix.durations_s[rows[number], 0])
        home_m = int(matrix.distances_m[rows[number], 0])
        if home_s >= UNREACHABLE:
            vehicles.append(_within(vehicle, _at(vehicle.shift.latest_s)))
            continue
        straight_home_s = straight_s[courier.courier_id]
        limits = fleet.models[courier.model_id].capacities
        visit = _here(standing, size + number, fleet, clock, over_s=straight_home_s)
        visit = _within_limits(visit, limits)
        heres[courier.courier_id] = len(visits)
        visits.append(visit)
        halts.append(Halt(_spot_here(standing, fleet), (), visit))
        going_on = _going_on(
            vehicle, standing, visit, clock, straight_home_s=straight_home_s, home_m=home_m
        )
        vehicles.append(replace(going_on, capacities=_room(vehicle, limits, visit)))
    matrices = tuple(
        _with_rows(matrix, rows, tuple(standings.values()), clock) for matrix in problem.matrices
    )
    setups_s = (*problem.setups_s, *(0 for _ in rows)) if problem.setups_s else ()
    whole = replace(
        posed,
        problem=replace(
            problem,
            matrices=matrices,
            visits=tuple(visits),
            vehicles=tuple(vehicles),
            setups_s=setups_s,
        ),
        halts=tuple(halts),
        snaps={
            profile: (*snaps, *(snaps[row] for row in rows))
            for profile, snaps in posed.snaps.items()
        },
        kinds={model: _leaving_from(kind, now_s) for model, kind in posed.kinds.items()},
    )
    return Remainder(inputs, whole, heres)


def _unloading_s(standings: Iterable[Standing], clock: DayClock) -> Iterator[tuple[int, int]]:
    """When those unload who have nothing more to do in their trip than to come home: whatever is planned, they have their docks."""
    for standing in standings:
        if standing.under_way is None and standing.trips:
            trip = standing.trips[-1]
            docked_s = clock.seconds(standing.back_at) + trip.dock_wait_s
            yield docked_s, docked_s + round((trip.unloaded_at - trip.docked_at).total_seconds())


def _over_s(
    posed: Posed, standings: Mapping[CourierId, Standing], rows: Sequence[int], fleet: Fleet
) -> Mapping[CourierId, int]:
    """When each courier's trip would be over if all went straight home now, and waited there for docks."""
    problem, clock = posed.problem, posed.clock
    row_of = dict(zip(standings, rows, strict=True))
    coming = []
    for number, (courier, vehicle) in enumerate(zip(posed.couriers, problem.vehicles, strict=True)):
        standing = standings.get(courier.courier_id)
        if standing is not None:
            durations_s = problem.matrices[vehicle.matrix].durations_s
            home_s = int(durations_s[row_of[courier.courier_id], 0])
            back_s = clock.seconds(standing.free_at) + home_s
            coming.append((back_s, number, courier.courier_id, _unload_s(standing, fleet)))
    line = Line(problem.docks[0]) if problem.docks else None
    return {
        courier_id: unload_s + (back_s if line is None else line.join(back_s, unload_s))
        for back_s, _, courier_id, unload_s in sorted(coming)
    }


def _unload_s(standing: Standing, fleet: Fleet) -> int:
    pieces = sum(stop.pieces for stop in standing.fixed) if standing.under_way is not None else 0
    return pieces * fleet.depot.unload_per_piece_s


def _here(standing: Standing, row: int, fleet: Fleet, clock: DayClock, *, over_s: int) -> Visit:
    """A truck that can no longer be caught is missed whatever is decided: the next one is due, or none."""
    free_s, depot = clock.seconds(standing.free_at), fleet.depot
    loads: tuple[int, ...] = (0,) * len(DIMENSIONS)
    due_s = None
    if standing.under_way is not None:
        loads = tuple(sum(each) for each in zip(*map(_loads, standing.fixed), strict=True))
        due_s = clock.seconds(standing.under_way.cut_off_at) - depot.sorting_s
        if due_s < over_s:
            dues_s = (clock.seconds_of(each) - depot.sorting_s for each in depot.departures)
            due_s = min((each for each in dues_s if each >= over_s), default=None)
    return Visit(
        place=row,
        loads=loads,
        unload_s=_unload_s(standing, fleet),
        windows=(_at(free_s),),
        due_s=due_s,
        skills=frozenset({_skill(standing.courier_id)}),
    )


def _loads(stop: Stop) -> tuple[int, ...]:
    return (stop.weight_g, stop.volume_ml, stop.pieces)


def _skill(courier_id: CourierId) -> str:
    """What only this courier has: to be where it is."""
    return f"here: {courier_id}"


def _spot_here(standing: Standing, fleet: Fleet) -> Spot:
    if standing.fixed:
        return spot_of_stop(standing.fixed[-1])
    return Spot(StopKind.PLACE, fleet.depot.place, fleet.depot.name, "")


def leaving_from(posed: Posed, now: datetime) -> Posed:
    """The day in which nobody leaves before `now`."""
    now_s = posed.clock.seconds(now)
    vehicles = tuple(_leaving_from(each, now_s) for each in posed.problem.vehicles)
    kinds = {model: _leaving_from(kind, now_s) for model, kind in posed.kinds.items()}
    return replace(posed, problem=replace(posed.problem, vehicles=vehicles), kinds=kinds)


def _leaving_from(vehicle: Vehicle, now_s: int) -> Vehicle:
    """Whose shift is over leaves no more."""
    shift = vehicle.shift
    return _within(
        vehicle, Window(min(max(shift.earliest_s, now_s), shift.latest_s), shift.latest_s)
    )


def _within(vehicle: Vehicle, shift: Window) -> Vehicle:
    """The vehicle with another shift; who has so little of it left that a break does not fit in needs none."""
    left_s = shift.latest_s - shift.earliest_s
    breaks = tuple(rest for rest in vehicle.breaks if rest.duration_s <= left_s)
    return replace(vehicle, shift=shift, breaks=breaks)


def _going_on(
    vehicle: Vehicle,
    standing: Standing,
    here: Visit,
    clock: DayClock,
    *,
    straight_home_s: int,
    home_m: int,
) -> Vehicle:
    """The vehicle with the limits that it has exceeded already, if it has, just wide enough to go straight home."""
    left_s = clock.seconds(standing.left_at)
    trips_left = vehicle.trips_max - len(standing.trips)
    latest_s = max(vehicle.shift.latest_s, straight_home_s) if trips_left else straight_home_s
    going_on = replace(
        vehicle,
        range_m=None
        if vehicle.range_m is None
        else max(vehicle.range_m, standing.driven_m - standing.swapped_at_m + home_m),
        swapped_at_m=standing.swapped_at_m,
        skills=vehicle.skills | here.skills,
        breaks=tuple(_still_to_come(vehicle, standing, clock)),
        trips_max=max(1, trips_left),
    )
    return _within(going_on, Window(left_s, latest_s))


def _within_limits(here: Visit, limits: Sequence[int | None]) -> Visit:
    """Who has more on board than the vehicle holds is full: of this trip nothing can be undone, and later ones hold no more."""
    loads = tuple(
        load if limit is None else min(load, limit)
        for load, limit in zip(here.loads, limits, strict=True)
    )
    return replace(here, loads=loads)


def _room(vehicle: Vehicle, limits: Sequence[int | None], here: Visit) -> tuple[int, ...]:
    """What the vehicle holds; without a limit it is posed with all that is left to pick up, and this comes on top."""
    return tuple(
        capacity + aboard if limit is None else capacity
        for capacity, limit, aboard in zip(vehicle.capacities, limits, here.loads, strict=True)
    )


def _at(moment_s: int) -> Window:
    return Window(moment_s, moment_s)


def _still_to_come(vehicle: Vehicle, standing: Standing, clock: DayClock) -> Iterator[Break]:
    """No break need be earlier than the plan in force has it."""
    free_s = clock.seconds(standing.free_at)
    if len(standing.taken) != len(vehicle.breaks):
        # The fleet states other breaks since, or the courier had nothing left to do: what is past is past.
        for rest in vehicle.breaks:
            if rest.window.latest_s >= free_s:
                earliest_s = max(rest.window.earliest_s, free_s)
                yield replace(rest, window=Window(earliest_s, rest.window.latest_s))
        return
    for rest, settled, planned in zip(
        vehicle.breaks, standing.taken, standing.planned, strict=True
    ):
        if settled is not None:
            continue
        earliest_s = rest.window.earliest_s
        latest_s = max(rest.window.latest_s, clock.seconds(planned.starts_at))
        if earliest_s < free_s:
            earliest_s, latest_s = free_s, max(latest_s, free_s + OVERDUE_BREAK_S)
        late_s = round(standing.late.total_seconds())
        yield replace(rest, window=Window(earliest_s, latest_s + late_s))


def _with_rows(
    matrix: TravelMatrix, rows: list[int], standings: tuple[Standing, ...], clock: DayClock
) -> TravelMatrix:
    """The matrix with a row for each courier's place: out of it as out of `rows`, into it from the depot only."""
    size, whole = matrix.size, matrix.size + len(rows)
    spent_s = [clock.seconds(each.free_at) - clock.seconds(each.left_at) for each in standings]
    driven_m = [each.driven_m for each in standings]
    tables = []
    for part, spent in ((matrix.durations_s, spent_s), (matrix.distances_m, driven_m)):
        table = np.full((whole, whole), UNREACHABLE, dtype=np.int32)
        table[:size, :size] = part
        table[size:, :size] = part[rows]
        table[0, size:] = spent
        np.fill_diagonal(table, 0)
        tables.append(table)
    return TravelMatrix(durations_s=tables[0], distances_m=tables[1], provenance=matrix.provenance)
