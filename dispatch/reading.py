"""Reading a solution back: moments, lines on the road and reasons instead of rows and seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import polyline

from dispatch.amounts import Amount, amount_of
from dispatch.arrivals import doors_of, reached_s, rested_s, setups_of, swapping_s
from dispatch.days import DayClock
from dispatch.departures import departures_of, first_made_s, late_of
from dispatch.figures import figures_of, overlap_of
from dispatch.halts import MILLIFEN, Halt
from dispatch.inputs import DayInputs
from dispatch.pickup_times import DAY_S, truck_of
from dispatch.plan import (
    BreakTaken,
    Brought,
    Dropped,
    Leg,
    Plan,
    Route,
    Stop,
    SwapStop,
    Trip,
    plan_id_of,
)
from dispatch.posing import Posed
from dispatch.soft_windows import missed_of
from dispatch.why_not import left_without
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from routing.vrp.cost import over_s, route_cost
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
    unserved = (*posed.unserved, *left_without(posed, solution, inputs))
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
            truck_of(order, self.inputs, ends_s).leaves_s
            for halt in halts
            for order in halt.orders
            if order.drop is None
        ]
        # What was on board before anything was planned.
        cut_offs_s += [
            halt.visit.due_s + depot.sorting_s
            for halt in halts
            if not halt.orders and halt.visit.due_s is not None
        ]
        home_with = _less(
            stops,
            [each.amount for stop in stops for each in stop.dropped],
        )
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
            pieces=home_with.pieces,
            weight_g=home_with.weight_g,
            volume_ml=home_with.volume_ml,
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
        setups_s = setups_of(self.posed, doors, swaps)
        arrivals_s = reached_s(self.posed, solved, doors, setups_s, leave_s=trip.leave_s)
        stops = [
            self._stop(seq, door, leg, arrived_s, setup_s, ends_s=ends_s, truck_at=truck_at)
            for seq, (door, leg, arrived_s, setup_s) in enumerate(
                zip(doors, legs, arrivals_s, setups_s, strict=False), start=first_seq
            )
        ]
        return _with_loads(stops), legs[-1]

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
        setup_s: int,
        *,
        ends_s: int,
        truck_at: datetime | None,
    ) -> Stop:
        halts = [self.posed.halts[each.visit] for each in door]
        spot = halts[0].spot
        orders = [order for halt in halts for order in halt.orders]
        drops = [halt.drops for halt in halts if halt.drops is not None]
        goods = (*orders, *drops)
        to_depot = any(order.drop is None for order in orders) or not goods
        return Stop(
            seq=seq,
            kind=spot.kind,
            place=spot.place,
            title=spot.title,
            village=spot.village,
            household_ids=_distinct(
                (
                    *(order.household_id for order in orders),
                    *(order.drop.household_id for order in drops if order.drop is not None),
                )
            ),
            point_id=spot.point_id,
            order_ids=tuple(order.order_id for order in orders),
            pieces=sum(order.pieces for order in orders),
            weight_g=sum(order.weight_g for order in orders),
            volume_ml=sum(order.volume_ml for order in orders),
            handling=tuple(sorted({word.value for order in goods for word in order.handling})),
            notes=_distinct(
                (
                    *(order.note or None for order in orders),
                    *(order.drop.note or None for order in drops if order.drop is not None),
                )
            ),
            arrive_at=self.clock.moment(arrived_s),
            begin_at=self.clock.moment(door[0].begin_s),
            depart_at=self.clock.moment(door[-1].departure_s),
            leg=leg,
            setup_s=setup_s,
            dropped=tuple(
                Dropped(order_id=order.order_id, amount=amount_of(order)) for order in drops
            ),
            brought=tuple(
                Brought(order_id=order.order_id, household_id=order.household_id, walk_m=walk_m)
                for halt in halts
                for order in halt.orders
                if (walk_m := halt.walked_m(order)) is not None
            ),
            truck_at=truck_at if to_depot else None,
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


def _with_loads(stops: Sequence[Stop]) -> list[Stop]:
    """The stops of a trip; where something is dropped, with what is on board when each is left."""
    if not any(stop.dropped for stop in stops):
        return list(stops)
    told, dropped = [], []
    for number, stop in enumerate(stops, start=1):
        dropped += [each.amount for each in stop.dropped]
        told.append(replace(stop, on_board=_less(stops[:number], dropped)))
    return told


def _less(picked_up: Iterable[Stop], dropped: Iterable[Amount]) -> Amount:
    """What is left of what was picked up at these stops."""
    picked_up, dropped = tuple(picked_up), tuple(dropped)
    return Amount(
        pieces=sum(stop.pieces for stop in picked_up) - sum(each.pieces for each in dropped),
        weight_g=sum(stop.weight_g for stop in picked_up) - sum(each.weight_g for each in dropped),
        volume_ml=sum(stop.volume_ml for stop in picked_up)
        - sum(each.volume_ml for each in dropped),
    )


def _distinct(values: Iterable[_T | None]) -> tuple[_T, ...]:
    """The values that are there, each once, in order of appearance."""
    return tuple(dict.fromkeys(value for value in values if value is not None))
