"""Territory 片区: which villages a courier knows, what a stop costs by one who does not, and misspelt villages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dispatch.errors import meant
from dispatch.fleet import Courier, Depot, Fleet
from dispatch.halts import MILLIFEN, Halt
from dispatch.households import Registry
from routing.vrp.problem import Preference


def with_territory(halt: Halt, couriers: Sequence[Courier], depot: Depot) -> Halt:
    """The halt, dearer for couriers who do not know its village, if some do."""
    village, cost_fen = halt.spot.village, depot.strange_village_cost_fen
    knowing = frozenset(
        number for number, courier in enumerate(couriers) if village in courier.villages
    )
    if not knowing or len(knowing) == len(couriers) or not cost_fen:
        return halt
    preference = Preference(vehicles=knowing, cost_otherwise=cost_fen * MILLIFEN)
    return replace(halt, visit=replace(halt.visit, preferences=(preference,)))


def unknown_villages(fleet: Fleet, registry: Registry) -> tuple[str, ...]:
    """One sentence for each village that couriers know and the registry does not: it binds nobody."""
    known = {each.village for each in registry.households.values()}
    known |= {each.village for each in registry.points.values()}
    stated = {village for courier in fleet.couriers.values() for village in courier.villages}
    return tuple(
        f"couriers know {village!r}, but no household or point lies there{meant(village, known)}"
        for village in sorted(stated - known)
    )
