"""Routes looked at together, of a plan or made by hand: posed with their own places only, driven, read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Final

from dispatch.arrivals import doors_of, reached_s, setups_of, swapping_s
from dispatch.departures import first_made_s, late_of
from dispatch.docks import beside, in_line
from dispatch.fleet import CourierId
from dispatch.halts import MILLIFEN, Halt, spot_at, spot_today
from dispatch.inputs import DayInputs
from dispatch.offers import Offer
from dispatch.orders import Order, OrderId
from dispatch.pickup_times import Truck, truck_of
from dispatch.plan import BreakTaken, Late, Missed, Route, StopKind
from dispatch.posing import Door, Posed, pose_doors
from dispatch.shortfalls import Unserved
from dispatch.soft_windows import missed_of, widened
from dispatch.trucks import Trucks
from routing.matrix import UNREACHABLE
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.vrp.cost import over_s, route_cost
from routing.vrp.plain_day import plain_day
from routing.vrp.schedule import Scheduler
from routing.vrp.slack import with_slack
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import ScheduledVisit
from routing.vrp.solution import Trip as SolvedTrip

Trips = Sequence[Sequence[OrderId]]
"""For each trip the orders that are picked up, in order; one that is dropped on the way is named again where it is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStop:
    """
    One halt as it would be.

    pieces, weight_g, volume_ml
        On board once it is done.
    slack_s
        How much later the pickup could begin within its time; negative: it is late by so much; None: any
        time will do.
    due_at
        The departure that its parcels must catch: their own cut-off, or the later one that they take; None: nothing of it
        comes to the depot.
    dropped
        Orders whose parcels are dropped here; then none is picked up.
    late
        Its orders that take a later departure than they asked for.
    missed
        Its orders that are picked up before or after the windows that they asked for, at a price.
    """

    seq: int
    order_ids: tuple[OrderId, ...]
    kind: StopKind
    place: Place
    title: str
    drive_s: int
    drive_m: int
    arrive_at: datetime
    begin_at: datetime
    depart_at: datetime
    pieces: int
    weight_g: int
    volume_ml: int
    slack_s: int | None
    due_at: datetime | None
    late: tuple[Late, ...]
    missed: tuple[Missed, ...] = ()
    dropped: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTrip:
    """
    `dock_wait_s` passes until a dock is free, `over_at` is when it is unloaded, `truck_at` the first departure that it makes (None: all have left),
    `slack_s` how much later it could be over for the first truck that it must catch; negative: late, None: nothing of it comes to the depot.
    """

    leave_at: datetime
    back_at: datetime
    over_at: datetime
    truck_at: datetime | None
    slack_s: int | None
    stops: tuple[CheckedStop, ...]
    dock_wait_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFigures:
    """Of one route, or of a change: then less what the plan says."""

    distance_m: int
    duration_s: int
    cost_fen: int
    orders: int

    @classmethod
    def planned(cls, route: Route) -> RouteFigures:
        """As the plan has them."""
        return cls(
            distance_m=route.distance_m,
            duration_s=route.duration_s,
            cost_fen=route.cost_fen,
            orders=sum(len(stop.order_ids) for stop in route.stops),
        )

    def less(self, other: RouteFigures) -> RouteFigures:
        return RouteFigures(
            distance_m=self.distance_m - other.distance_m,
            duration_s=self.duration_s - other.duration_s,
            cost_fen=self.cost_fen - other.cost_fen,
            orders=self.orders - other.orders,
        )


NO_FIGURES: Final = RouteFigures(distance_m=0, duration_s=0, cost_fen=0, orders=0)


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The routes looked at, posed together: only their own places are in the matrices."""

    inputs: DayInputs
    posed: Posed
    visits: Mapping[CourierId, Sequence[Sequence[int]]]
    courier_of: Mapping[OrderId, CourierId]
    schedulers: tuple[Scheduler, ...]
    """With the slack that plans keep, and without, for who has none left."""
    trucks: Trucks
    stated: Mapping[OrderId, Order]

    @classmethod
    def laid(
        cls,
        inputs: DayInputs,
        network: RoadNetwork,
        wanted: Mapping[CourierId, Trips],
        brought: Mapping[OrderId, Offer],
        others: Iterable[Route] = (),
        *,
        missing: bool = False,
    ) -> RouteTable:
        """
        `others` unload as they are planned, whatever happens; `brought` are orders that wait at a point, as the plan has told their households.

        Windows hold; if `missing`, all moments that may be had at a price are open, and figures count it.
        """
        stated = {each.order_id: each for each in inputs.orders}
        orders = {
            order_id: replace(
                each,
                windows=widened(each, inputs) if missing else each.windows,
                missed_max_s=0,
            )
            for order_id, each in stated.items()
        }
        doors: list[Door] = []
        nowhere: list[Unserved] = []
        for trips in wanted.values():
            for trip in trips:
                asked = [orders[each] for each in dict.fromkeys(trip) if each in orders]
                doors += _doors(asked, inputs, brought, nowhere)
        open_then = replace(inputs, orders=tuple(orders.values()))
        posed = beside(pose_doors(open_then, network, doors, nowhere), others)
        trucks = Trucks.of(posed)
        visit_of = {
            order.order_id: trucks.latest(number)
            for number, halt in enumerate(posed.halts)
            for order in halt.orders
        }
        drop_of = {
            halt.drops.order_id: number
            for number, halt in enumerate(posed.halts)
            if halt.drops is not None
        }

        def made(trip: Sequence[OrderId]) -> tuple[int, ...]:
            """The visits of a trip, each once; an order that is named again is dropped."""
            numbers: dict[int, None] = {}
            for each in trip:
                if each in visit_of:
                    again = visit_of[each] in numbers and each in drop_of
                    numbers[drop_of[each] if again else visit_of[each]] = None
            return tuple(numbers)

        visits = {
            courier: [numbers for trip in trips if (numbers := made(trip))]
            for courier, trips in wanted.items()
        }
        courier_of = {
            each: courier for courier, trips in wanted.items() for trip in trips for each in trip
        }
        slack = with_slack(posed.problem, inputs.fleet.depot.slack_s, ())
        schedulers = (Scheduler(slack), Scheduler(posed.problem))
        return cls(inputs, posed, visits, courier_of, schedulers, trucks, stated)

    def driven(self, courier: CourierId, leave_at: datetime | None) -> SolvedRoute | None:
        """The best day with the best trucks, or else the plain one; None: the courier stays at the depot."""
        trips = self.visits[courier]
        if not trips:
            return None
        number = next(
            number for number, each in enumerate(self.posed.couriers) if each.courier_id == courier
        )
        leave_s = self.posed.problem.vehicles[number].shift.earliest_s
        if leave_at is not None:
            leave_s = self.inputs.clock.seconds(leave_at)
        for scheduler in self.schedulers:
            drive = partial(scheduler.schedule, number)
            if leave_at is not None:
                drive = partial(scheduler.schedule_from, number, leave_s=leave_s)
            best = self.trucks.best(trips, drive)
            if best is not None:
                return best
        return self.trucks.settled(plain_day(self.posed.problem, number, trips, leave_s=leave_s))

    def in_line(self, routes: Iterable[SolvedRoute]) -> tuple[SolvedRoute, ...]:
        """The routes, sorted by vehicle, with what they wait for each other at docks."""
        ordered = sorted(routes, key=lambda each: each.vehicle)
        waiting = in_line(self.posed, self.schedulers[-1], ordered)
        return tuple(map(self.trucks.settled, waiting)) if self.posed.problem.docks else waiting

    def figures(self, route: SolvedRoute | None) -> RouteFigures:
        if route is None:
            return NO_FIGURES
        legs = [leg for trip in route.trips for leg in self._legs(route, trip)]
        vehicle = self.posed.problem.vehicles[route.vehicle]
        # A way that does not exist is named by a violation, and costs nothing here.
        lost_m = sum(1 for _, metres in legs if metres >= UNREACHABLE) * UNREACHABLE
        price = route_cost(self.posed.problem, route) - lost_m * vehicle.cost_per_m
        made = [halt for trip in route.trips for halt in trip.visits]
        price += MILLIFEN * sum(each.cost_fen for halt in made for each in self._missed(halt))
        return RouteFigures(
            distance_m=sum(metres for _, metres in legs if metres < UNREACHABLE),
            duration_s=over_s(self.posed.problem, route.trips[-1]) - route.trips[0].leave_s,
            cost_fen=round(price / MILLIFEN),
            orders=sum(
                len(self.posed.halts[halt.visit].orders)
                for trip in route.trips
                for halt in trip.visits
            ),
        )

    def trips(self, route: SolvedRoute) -> tuple[CheckedTrip, ...]:
        clock, read, seq = self.inputs.clock, [], 0
        for trip in route.trips:
            legs = self._legs(route, trip)
            loads = (0,) * len(self.posed.problem.dimensions)
            stops: list[CheckedStop] = []
            at = 0
            ends_s = over_s(self.posed.problem, trip)
            doors, swaps = doors_of(self.posed, trip)
            setups_s = setups_of(self.posed, doors, swaps)
            reached = reached_s(self.posed, route, doors, setups_s, leave_s=trip.leave_s)
            for door, arrive_s in zip(doors, reached, strict=True):
                seq += 1
                for halt in door:
                    visit = self.posed.problem.visits[halt.visit]
                    loads = tuple(a + b for a, b in zip(loads, visit.loads, strict=True))
                    if visit.brings is not None:
                        dropped = self.posed.problem.visits[visit.brings].loads
                        loads = tuple(a - b for a, b in zip(loads, dropped, strict=True))
                stops.append(self._stop(seq, door, legs[at], loads, arrive_s, ends_s))
                at += len(door)
            truck_s = first_made_s(self.inputs.fleet.depot, clock, ends_s)
            halts = (self.posed.halts[each.visit] for each in trip.visits)
            caught = self._trucks(halts, ends_s)
            read.append(
                CheckedTrip(
                    leave_at=clock.moment(trip.leave_s),
                    back_at=clock.moment(trip.back_s),
                    over_at=clock.moment(ends_s),
                    dock_wait_s=trip.dock_wait_s,
                    truck_at=None if truck_s is None else clock.moment(truck_s),
                    slack_s=min(each.due_s for each in caught) - ends_s if caught else None,
                    stops=tuple(stops),
                )
            )
        return tuple(read)

    def breaks(self, route: SolvedRoute) -> tuple[BreakTaken, ...]:
        clock = self.inputs.clock
        vehicle = self.posed.problem.vehicles[route.vehicle]
        return tuple(
            BreakTaken(clock.moment(start_s), clock.moment(start_s + rest.duration_s))
            for rest, start_s in zip(vehicle.breaks, route.break_starts_s, strict=True)
        )

    def _missed(self, made: ScheduledVisit) -> Sequence[Missed]:
        """What is picked up outside the windows that it asked for."""
        halt = self.posed.halts[made.visit]
        if halt.walk_m is not None:
            return ()
        missed = (
            missed_of(self.stated[each.order_id], self.inputs, made.begin_s) for each in halt.orders
        )
        return tuple(each for each in missed if each is not None)

    def _trucks(self, halts: Iterable[Halt], ends_s: int) -> list[Truck]:
        """Those of all that comes to the depot with a trip that is over then."""
        orders = (order for halt in halts for order in halt.orders if order.drop is None)
        return [truck_of(each, self.inputs, ends_s) for each in orders]

    def _row(self, halt: ScheduledVisit) -> int:
        return self.posed.problem.visits[halt.visit].place

    def _legs(self, route: SolvedRoute, trip: SolvedTrip) -> list[tuple[int, int]]:
        """Seconds and metres of each drive of a trip, swaps on the way included, the way home last."""
        problem = self.posed.problem
        matrix = problem.matrices[problem.vehicles[route.vehicle].matrix]
        rows = [0, *map(self._row, trip.visits), 0]
        legs = [
            (int(matrix.durations_s[a, b]), int(matrix.distances_m[a, b]))
            for a, b in pairwise(rows)
        ]
        left_s = [trip.leave_s, *(made.departure_s for made in trip.visits)]
        ready_s = [*(made.arrival_s for made in trip.visits), trip.back_s]
        for each in trip.swaps:
            at, place = each.before, problem.swaps[each.swap].place
            ends = (rows[at], rows[at + 1])
            takes_s = swapping_s(self.posed, route, each.swap, ends, (left_s[at], ready_s[at]))
            parts = ((ends[0], place), (place, ends[1]))
            legs[at] = (
                takes_s + sum(int(matrix.durations_s[part]) for part in parts),
                sum(int(matrix.distances_m[part]) for part in parts),
            )
        return legs

    def _stop(
        self,
        seq: int,
        door: Sequence[ScheduledVisit],
        leg: tuple[int, int],
        loads: Sequence[int],
        arrive_s: int,
        ends_s: int,
    ) -> CheckedStop:
        clock = self.inputs.clock
        halts = [self.posed.halts[each.visit] for each in door]
        slacks = [slack_s for each in door if (slack_s := _slack_s(self.posed, each)) is not None]
        orders = [order for halt in halts for order in halt.orders]
        caught = self._trucks(halts, ends_s)
        spot = halts[0].spot
        drive_s, drive_m = leg
        return CheckedStop(
            seq=seq,
            order_ids=tuple(order.order_id for order in orders),
            kind=spot.kind,
            place=spot.place,
            title=spot.title,
            drive_s=drive_s if drive_s < UNREACHABLE else 0,
            drive_m=drive_m if drive_m < UNREACHABLE else 0,
            arrive_at=clock.moment(arrive_s),
            begin_at=clock.moment(door[0].begin_s),
            depart_at=clock.moment(door[-1].departure_s),
            weight_g=loads[0],
            volume_ml=loads[1],
            pieces=loads[2],
            slack_s=min(slacks, default=None),
            due_at=clock.moment(min(each.leaves_s for each in caught)) if caught else None,
            late=tuple(late_of(orders, self.inputs, ends_s)),
            missed=tuple(each for made in door for each in self._missed(made)),
            dropped=tuple(halt.drops.order_id for halt in halts if halt.drops is not None),
        )


def _slack_s(posed: Posed, halt: ScheduledVisit) -> int | None:
    """Until the end of the window in which the pickup begins, or since the end of that which it missed."""
    windows = posed.problem.visits[halt.visit].windows
    if not windows:
        return None
    open_now = [each.latest_s for each in windows if each.latest_s >= halt.begin_s]
    return (open_now[0] if open_now else windows[-1].latest_s) - halt.begin_s


def _doors(
    orders: Sequence[Order],
    inputs: DayInputs,
    brought: Mapping[OrderId, Offer],
    nowhere: list[Unserved],
) -> list[Door]:
    """Orders of one spot that follow each other, as one door; those of no spot go to `nowhere`."""
    doors: list[Door] = []
    for order in orders:
        if (offer := brought.get(order.order_id)) is not None:
            doors.append(Door(spot_at(offer.point), [order], offer))
            continue
        spot = spot_today(order, inputs)
        if isinstance(spot, Unserved):
            nowhere.append(spot)
            continue
        last = doors[-1].spot if doors and doors[-1].offer is None else None
        if last is not None and (last.place, last.point_id) == (spot.place, spot.point_id):
            doors[-1].orders.append(order)
        else:
            doors.append(Door(spot, [order]))
    return doors
