"""Revising a plan in force: its next version, passed by the contract, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import ClassVar, Final

from dispatch.errors import DispatchError
from dispatch.fates import RoadFacts
from dispatch.halts import MILLIFEN
from dispatch.inputs import DayInputs
from dispatch.joints import as_joined
from dispatch.plan import Leg, Plan, Route, Trip, Why, legs_of
from dispatch.running.barring import without_barred
from dispatch.running.boarding import as_boarded
from dispatch.running.contract import Breach, breaches
from dispatch.running.replanning import replan
from dispatch.running.reshuffling import RESHUFFLED_FEN
from routing.matrix import UNREACHABLE
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap

WORTH_FEN: Final = 100
"""A new version for its cost alone saves at least so much: couriers' phones are not to buzz for less. Chosen."""


class ContractBreached(DispatchError):
    """A new version would break what the running day has promised; the old one stays."""

    code: ClassVar[str] = "contract-breached"

    def __init__(self, found: Sequence[Breach]) -> None:
        self.breaches = tuple(found)
        first = "; ".join(f"{each.term}: {each.detail}" for each in found[:3])
        super().__init__(f"the new version breaks {len(found)} terms of the running day ({first})")


def revise(
    inputs: DayInputs,
    network: RoadNetwork,
    plan: Plan,
    facts: RoadFacts,
    *,
    why: tuple[Why, ...],
    now: datetime,
    budget_s: float,
    seed: int,
) -> Plan | None:
    """
    The next version of `plan`, for the reasons given; None: it would not be worth it.

    `network` has the closures in force; where roads have changed, `plan` is timed anew on them before both are compared,
    and pickups that can no longer be made leave it: parcels are with whoever scanned them, as many as there are.

    Raises
    ------
    ContractBreached
        What was found may not be published.
    DepotOffRoad
        No vehicle can leave the depot.
    """
    inputs = as_joined(inputs, plan.joints)
    before = on_roads(plan, network) if Why.ROADS in why else plan
    before = as_boarded(before, inputs, network, facts)
    before = without_barred(before, inputs, facts, now=now)
    found = replan(
        inputs,
        network,
        before,
        facts,
        now=now,
        budget_s=budget_s,
        seed=seed,
        reshuffled_fen=RESHUFFLED_FEN,
    )
    only_cost = set(why) <= {Why.COST}
    if only_cost and found.saved is not None and found.saved < WORTH_FEN * MILLIFEN:
        return None
    if broken := breaches(before, found.plan, inputs, facts, now=now):
        raise ContractBreached(broken)
    return replace(found.plan, why=why)


def on_roads(plan: Plan, network: RoadNetwork) -> Plan:
    """`plan` with the times and metres of its legs as roads are now; moments stay as they were planned."""
    return replace(
        plan,
        routes=tuple(
            replace(
                route, trips=tuple(_on_roads(plan, route, trip, network) for trip in route.trips)
            )
            for route in plan.routes
        ),
    )


def _on_roads(plan: Plan, route: Route, trip: Trip, network: RoadNetwork) -> Trip:
    """Where a place is cut off, its legs stay as they were: nobody knows better."""
    depot, ends = plan.depot_place, len(trip.stops) + 2
    swaps = [leg.swap for leg in legs_of(trip) if leg.swap is not None]
    places = [depot, *(stop.place for stop in trip.stops), depot, *(each.place for each in swaps)]
    snaps = network.snap(places, route.profile)
    known = [each for each in snaps if isinstance(each, Snap)]
    if len(known) < len(snaps):
        return trip
    matrix = network.matrix(known, route.profile)

    def renewed(leg: Leg, number: int) -> Leg:
        way = [number, number + 1]
        if leg.swap is not None:
            way.insert(1, ends + swaps.index(leg.swap))
        drives = list(pairwise(way))
        if any(matrix.durations_s[drive] >= UNREACHABLE for drive in drives):
            return leg
        duration_s = sum(int(matrix.durations_s[drive]) for drive in drives)
        metres = [int(matrix.distances_m[drive]) for drive in drives]
        swap = leg.swap and replace(leg.swap, after_m=metres[-1])
        taken_s = 0 if swap is None else swap.takes_s
        return replace(leg, duration_s=duration_s + taken_s, distance_m=sum(metres), swap=swap)

    stops = tuple(
        replace(stop, leg=renewed(stop.leg, number)) for number, stop in enumerate(trip.stops)
    )
    return replace(trip, stops=stops, home=renewed(trip.home, len(stops)))
