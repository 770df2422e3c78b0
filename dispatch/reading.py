"""Reading a solution back: moments, lines on the road and reasons instead of rows and seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import polyline

from dispatch.arrivals import doors_of, reached_s, rested_s, setup_s, swapping_s
from dispatch.days import DayClock
from dispatch.departures import departures_of, first_made_s, late_of
from dispatch.figures import figures_of, overlap_of
from dispatch.halts import MILLIFEN, Halt, left_out
from dispatch.inputs import DayInputs
from dispatch.joints import blocked_by
from dispatch.orders import JointId, Order
from dispatch.pickup_times import DAY_S, truck_of
from dispatch.plan import (
    BreakTaken,
    Brought,
    Leg,
    Plan,
    Route,
    Stop,
    SwapStop,
    Trip,
    Unserved,
    plan_id_of,
)
from dispatch.posing import Posed
from dispatch.remedies import remedies_of
from dispatch.soft_windows import missed_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.vrp.cost import over_s, route_cost
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import ScheduledVisit, Solution
from routing.vrp.solution import Trip as SolvedTrip

_T = TypeVar("_T")

Drive: TypeAlias = tuple[str, Place, Place]
"""Profile, from where, to where."""

_NO_DRIVES: Final[Mapping[Drive, Leg]] = MappingProxyType({})


def read_back(
    inputs: DayInputs,
    network: RoadNetwork,
    posed: Posed,
    solution: Solution,
    *,
    made_at: datetime,
    version: int,
    based_on: int,
    seed: int,
    budget_s: float,
    known: Mapping[Drive, Leg] = _NO_DRIVES,
) -> Plan:
    """
    Turn a solution of `posed` into a plan with moments, lines on the road and reasons.

    `known` are drives that need not be looked for in `network`, as they were read from it before.
    """
    depot = inputs.fleet.depot
    reader = _Reader(posed, network, inputs, known)
    routes = tuple(reader.route(route) for route in solution.routes)
    unserved = (*posed.unserved, *_left_out(posed, solution, inputs))
    return Plan(
        plan_id=plan_id_of(inputs.day, version),
        day=inputs.day,
        version=version,
        based_on=based_on,
        made_at=made_at.astimezone(depot.zone),
        seed=seed,
        budget_s=budget_s,
        turnaround_s=depot.turnaround_s,
        depot_name=depot.name,
        depot_place=depot.place,
        network=network.version,
        attribution=network.attribution,
        synthetic=network.synthetic,
        routes=routes,
        unserved=unserved,
        figures=figures_of(routes, unserved, overlap_percent=overlap_of(routes)),
        sorting_s=depot.sorting_s,
        departures=departures_of(routes, inputs),
        cold_factor=depot.cold_factor,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the routes of one solution."""

    posed: Posed
    network: RoadNetwork
    inputs: DayInputs
    known: Mapping[Drive, Leg]

    @property
    def clock(self) -> DayClock:
        return self.inputs.clock

    def route(self, solved: SolvedRoute) -> Route:
        vehicle = self.posed.problem.vehicles[solved.vehicle]
        courier = self.posed.couriers[solved.vehicle]
        model = self.inputs.fleet.models[courier.model_id]
        trips: list[Trip] = []
        for trip in solved.trips:
            first_seq = 1 + sum(len(each.stops) for each in trips)
            stops, home = self._stops(trip, solved, model.profile, first_seq)
            trips.append(self._trip(trip, stops, home))
        distance_m = sum(
            trip.home.distance_m + sum(stop.leg.distance_m for stop in trip.stops) for trip in trips
        )
        finish_s = over_s(self.posed.problem, solved.trips[-1])
        duration_s = finish_s - solved.trips[0].leave_s
        return Route(
            courier_id=courier.courier_id,
            model_id=model.model_id,
            profile=model.profile,
            trips=tuple(trips),
            breaks=tuple(
                BreakTaken(self.clock.moment(start_s), self.clock.moment(start_s + rest.duration_s))
                for rest, start_s in zip(vehicle.breaks, solved.break_starts_s, strict=True)
            ),
            distance_m=distance_m,
            duration_s=duration_s,
            cost_fen=round(route_cost(self.posed.problem, solved) / MILLIFEN),
        )

    def _trip(self, solved: SolvedTrip, stops: Sequence[Stop], home: Leg) -> Trip:
        ends_s = over_s(self.posed.problem, solved)
        depot = self.inputs.fleet.depot
        truck_s = first_made_s(depot, self.clock, ends_s)
        halts = [self.posed.halts[each.visit] for each in solved.visits]
        cut_offs_s = [
            truck_of(order, self.inputs, ends_s).leaves_s for halt in halts for order in halt.orders
        ]
        # What was on board before anything was planned.
        cut_offs_s += [
            halt.visit.due_s + depot.sorting_s
            for halt in halts
            if not halt.orders and halt.visit.due_s is not None
        ]
        return Trip(
            leave_at=self.clock.moment(solved.leave_s),
            back_at=self.clock.moment(solved.back_s),
            cut_off_at=self.clock.moment(min(cut_offs_s, default=DAY_S)),
            dock_wait_s=solved.dock_wait_s,
            over_at=self.clock.moment(ends_s),
            truck_at=None if truck_s is None else self.clock.moment(truck_s),
            truck_slack_s=None if truck_s is None else truck_s - depot.sorting_s - ends_s,
            stops=tuple(stops),
            home=home,
            pieces=sum(stop.pieces for stop in stops),
            weight_g=sum(stop.weight_g for stop in stops),
            volume_ml=sum(stop.volume_ml for stop in stops),
        )

    def _stops(
        self, trip: SolvedTrip, solved: SolvedRoute, profile: str, first_seq: int
    ) -> tuple[list[Stop], Leg]:
        """The halts of one trip, visits at one door in a row as one stop, and the leg home."""
        halts = self.posed.halts
        doors, swaps = doors_of(self.posed, trip)
        depot = (0, self.inputs.fleet.depot.place)
        spots = [(halts[door[0].visit].visit.place, halts[door[0].visit].spot) for door in doors]
        ends = [depot, *((row, spot.place) for row, spot in spots), depot]
        left_s = [trip.leave_s, *(door[-1].departure_s for door in doors)]
        ready_s = [*(door[0].arrival_s for door in doors), trip.back_s]
        legs = [
            self._leg(origin, end, profile)
            if number not in swaps
            else self._leg_by_swap(
                swaps[number], origin, end, solved, (left_s[number], ready_s[number])
            )
            for number, (origin, end) in enumerate(pairwise(ends))
        ]
        ends_s = over_s(self.posed.problem, trip)
        truck_s = first_made_s(self.inputs.fleet.depot, self.clock, ends_s)
        truck_at = None if truck_s is None else self.clock.moment(truck_s)
        arrivals_s = reached_s(self.posed, solved, doors, leave_s=trip.leave_s)
        stops = [
            self._stop(seq, door, leg, arrived_s, ends_s=ends_s, truck_at=truck_at)
            for seq, (door, leg, arrived_s) in enumerate(
                zip(doors, legs, arrivals_s, strict=False), start=first_seq
            )
        ]
        return stops, legs[-1]

    def _leg(self, origin: tuple[int, Place], end: tuple[int, Place], profile: str) -> Leg:
        (left, left_place), (reached, reached_place) = origin, end
        known = self.known.get((profile, left_place, reached_place))
        if known is not None:
            return known
        snap = self._snap(reached, profile)
        leg = self.network.leg(self._snap(left, profile), snap, profile)
        return Leg(
            duration_s=leg.duration_s,
            distance_m=leg.distance_m,
            polyline6=polyline.encode([(lat, lon) for lon, lat in leg.line], 6),
            walk_m=round(snap.gap_m),
        )

    def _leg_by_swap(
        self,
        number: int,
        origin: tuple[int, Place],
        end: tuple[int, Place],
        solved: SolvedRoute,
        span_s: tuple[int, int],
    ) -> Leg:
        """The way by a swap; `span_s` is from leaving until being ready to serve at the end."""
        swap, told = self.posed.problem.swaps[number], self.inputs.fleet.swaps[number]
        courier = self.posed.couriers[solved.vehicle]
        profile = self.inputs.fleet.models[courier.model_id].profile
        takes_s = swapping_s(self.posed, solved, number, (origin[0], end[0]), span_s)
        to = self._leg(origin, (swap.place, told.place), profile)
        onward = self._leg((swap.place, told.place), end, profile)
        there_s = rested_s(self.posed, solved, span_s[0], to.duration_s)
        over_s = rested_s(self.posed, solved, there_s, takes_s)
        lines = [polyline.decode(each.polyline6, 6) for each in (to, onward)]
        return Leg(
            duration_s=to.duration_s + takes_s + onward.duration_s,
            distance_m=to.distance_m + onward.distance_m,
            polyline6=polyline.encode([*lines[0], *lines[1][1:]], 6),
            walk_m=onward.walk_m,
            swap=SwapStop(
                swap_id=told.swap_id,
                title=told.name or told.swap_id,
                place=told.place,
                arrive_at=self.clock.moment(there_s),
                depart_at=self.clock.moment(over_s),
                takes_s=takes_s,
                after_m=onward.distance_m,
            ),
        )

    def _snap(self, row: int, profile: str) -> Snap:
        snap = self.posed.snaps[profile][row]
        assert snap is not None, "a search drove where its matrix had no path"
        return snap

    def _stop(
        self,
        seq: int,
        door: Sequence[ScheduledVisit],
        leg: Leg,
        arrived_s: int,
        *,
        ends_s: int,
        truck_at: datetime | None,
    ) -> Stop:
        halts = [self.posed.halts[each.visit] for each in door]
        spot = halts[0].spot
        orders = [order for halt in halts for order in halt.orders]
        return Stop(
            seq=seq,
            kind=spot.kind,
            place=spot.place,
            title=spot.title,
            village=spot.village,
            household_ids=_distinct(order.household_id for order in orders),
            point_id=spot.point_id,
            order_ids=tuple(order.order_id for order in orders),
            pieces=sum(order.pieces for order in orders),
            weight_g=sum(order.weight_g for order in orders),
            volume_ml=sum(order.volume_ml for order in orders),
            handling=tuple(sorted({word.value for order in orders for word in order.handling})),
            notes=_distinct(order.note or None for order in orders),
            arrive_at=self.clock.moment(arrived_s),
            begin_at=self.clock.moment(door[0].begin_s),
            depart_at=self.clock.moment(door[-1].departure_s),
            leg=leg,
            setup_s=setup_s(self.posed, door),
            brought=tuple(
                Brought(order_id=order.order_id, household_id=order.household_id, walk_m=walk_m)
                for halt in halts
                for order in halt.orders
                if (walk_m := halt.walked_m(order)) is not None
            ),
            truck_at=truck_at,
            late=tuple(
                late
                for halt in halts
                for late in late_of(halt.orders, self.inputs, self._leaving_s(halt, ends_s))
            ),
            missed=tuple(
                missed
                for halt, made in zip(halts, door, strict=True)
                for order in halt.orders
                # At a point to which it is brought nobody need be at home.
                if halt.walk_m is None
                and (missed := missed_of(order, self.inputs, made.begin_s)) is not None
            ),
        )

    def _leaving_s(self, halt: Halt, ends_s: int) -> int:
        """When the trip is over, or, of what waits for the others of its joint order, what decides their truck."""
        joints = [self.posed.problem.joints[each] for each in halt.visit.joints]
        if halt.visit.due_s is None or not any(each.one_due for each in joints):
            return ends_s
        return halt.visit.due_s


def _distinct(values: Iterable[_T | None]) -> tuple[_T, ...]:
    """The values that are there, each once, in order of appearance."""
    return tuple(dict.fromkeys(value for value in values if value is not None))


REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.NO_VEHICLE: "there is no vehicle",
    Reason.SKILL_MISSING: "no courier has all the skills that the goods ask for",
    Reason.TOO_HEAVY: "more than any vehicle holds",
    Reason.UNREACHABLE: "no road leads there and back for any vehicle that could take it",
    Reason.RANGE_TOO_SHORT: "farther than any vehicle's range, there and back",
    Reason.WINDOW_CANNOT_BE_MET: "no shift can be there in time and back before the truck leaves",
    Reason.NO_CAPACITY_LEFT: "the vehicles that could come are full",
    Reason.NO_RANGE_LEFT: "the vehicles that could come have no range left",
    Reason.NO_TIME_LEFT: "the couriers who could come have no time left",
    Reason.JOINT_INCOMPLETE: "it could be picked up, but not together with the others of its joint order",
    Reason.DOCKS_BUSY: "it could be picked up, but then so many would wait at the docks that others are late, or it costs more than leaving it",
    Reason.NOT_WORTH_IT: "fetching it costs more than leaving it",
    Reason.OVERLOOKED: "there was room, but the search ended before it was used: plan longer",
}


def _left_out(posed: Posed, solution: Solution, inputs: DayInputs) -> Iterable[Unserved]:
    """
    Each order once: of its places and trucks, the one that came nearest to working gives reason and
    remedies; of several as near the one with the latest truck, so that only trucks not allowed are remedies.
    """
    reasons = why_unserved(posed.problem, solution)
    removed_first = list(Reason)

    def nearness(visit: int) -> tuple[int, int]:
        return removed_first.index(reasons[visit]), posed.problem.visits[visit].due_s or 0

    nearest: dict[tuple[Order, ...], int] = {}
    for visit in solution.unserved:
        orders = posed.halts[visit].orders
        known = nearest.setdefault(orders, visit)
        if nearness(visit) > nearness(known):
            nearest[orders] = visit
    told = {visit: reasons[visit] for visit in nearest.values()}
    remedies = remedies_of(posed, solution, told, inputs)
    # Of a joint order the member that stands in the way is named with the others.
    blocking: dict[JointId, Unserved] = {}
    left: list[tuple[Halt, Unserved]] = []
    for orders, visit in nearest.items():
        halt = posed.halts[visit]
        for order in orders:
            told_so = left_out(
                order, reasons[visit].value, REASON_WORDS[reasons[visit]], halt.spot.place
            )
            left.append((halt, replace(told_so, remedies=remedies[visit])))
            if halt.joint_id is not None and reasons[visit] is not Reason.JOINT_INCOMPLETE:
                blocking.setdefault(halt.joint_id, told_so)
    for halt, each in left:
        other = None if halt.joint_id is None else blocking.get(halt.joint_id)
        whole = any(posed.problem.joints[joint].all_or_nothing for joint in halt.visit.joints)
        if each.reason == Reason.JOINT_INCOMPLETE and other is not None and whole:
            yield replace(each, detail=blocked_by(halt.joint_id, other))
        else:
            yield each
