"""Vehicles as the solver sees them: couriers with their shifts, breaks and what they drive."""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.days import DayClock
from dispatch.fleet import BreakRule, Courier, Fleet
from dispatch.halts import MILLIFEN
from routing.vrp.problem import Break, Vehicle, Window


def vehicle_of(
    courier: Courier,
    fleet: Fleet,
    profiles: Sequence[str],
    totals: Sequence[int],
    clock: DayClock,
) -> Vehicle:
    """`totals` stand where no limit is known: more than all there is never binds."""
    model = fleet.models[courier.model_id]
    shift = Window(*clock.span_of(courier.shift_starts, courier.shift_ends))
    return Vehicle(
        matrix=profiles.index(model.profile),
        start_place=0,
        end_place=0,
        shift=shift,
        capacities=tuple(
            total if limit is None else limit
            for limit, total in zip(model.capacities, totals, strict=True)
        ),
        range_m=fleet.range_m(model.model_id),
        swaps=fleet.swaps_of(model.model_id),
        skills=courier.skills,
        breaks=tuple(_break(rest, shift, clock) for rest in courier.breaks),
        trips_max=model.trips_max,
        turnaround_s=fleet.depot.turnaround_s,
        fixed_cost=model.fixed_cost_fen * MILLIFEN,
        cost_per_m=model.cost_per_km_fen,
        cost_per_s=round(model.cost_per_hour_fen * MILLIFEN / 3600),
        overtime_after_s=fleet.overtime_after_s(courier),
        overtime_cost_per_s=round(fleet.depot.overtime_cost_per_hour_fen * MILLIFEN / 3600),
    )


def _break(rest: BreakRule, shift: Window, clock: DayClock) -> Break:
    """A break before the shift's start belongs to the next morning."""
    earliest_s, latest_s = clock.seconds_of(rest.earliest), clock.seconds_of(rest.latest)
    if latest_s < shift.earliest_s:
        earliest_s, latest_s = earliest_s + 24 * 3600, latest_s + 24 * 3600
    return Break(window=Window(earliest_s, latest_s), duration_s=rest.duration_s)
