"""Inserting: a new order in the cheapest place of a running day, at once and without moving anybody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice, pairwise
from typing import Final

from dispatch.departures import departures_of
from dispatch.figures import figures_of
from dispatch.fleet import CourierId
from dispatch.halts import spot_at, spot_today
from dispatch.joints import with_parts
from dispatch.offers import accepted_points, offers_of
from dispatch.orders import Order
from dispatch.pairs import left_alone
from dispatch.plan import Leg, Plan, Route, Stop, Why
from dispatch.posing import Door, pose_doors
from dispatch.promises import promised
from dispatch.reading import Drive, read_back
from dispatch.running.ahead import Ahead, Situation, keeping_slack, look_ahead
from dispatch.running.contract import breaches
from dispatch.running.courses import ENDLESS, Course, courses_of
from dispatch.running.drives import Drives
from dispatch.running.outlooks import Outlook, outlooks_of
from dispatch.running.ranking import NewStop, Ranking
from dispatch.running.stitching import stitched
from dispatch.shortfalls import Unserved
from dispatch.trucks import Trips, Trucks
from routing.places import Place
from routing.roads.snap import Snap
from routing.vrp.cost import over_s, route_cost, time_cost, visit_cost
from routing.vrp.problem import Problem
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as SolvedRoute
from routing.vrp.solution import Solution

NEAREST_MAX: Final = 12
"""Couriers who are looked at for options: not all of them can be asked. Chosen for time."""


@dataclass(slots=True)
class Memory:
    """What insertions into one depot-day keep from one to the next."""

    snaps: dict[tuple[str, Place], Snap | None] = field(default_factory=dict)
    courses: Mapping[CourierId, Course] = field(default_factory=dict)
    outlooks: Mapping[CourierId, Outlook] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """
    The next version of the plan, in which one route is another.

    `cost` is what that route then costs more, in thousandths of a fen; `tried` how many routes were looked at exactly.
    """

    plan: Plan
    courier_id: CourierId
    stop: Stop
    cost: int
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInserted:
    """
    Why an order stands in no route.

    doors
        Where it could be picked up; (): nobody knows, or nobody can come there.
    nearest
        Couriers whose shift would have grown least, as far as bounds tell.
    """

    unserved: Unserved
    doors: tuple[Door, ...] = ()
    nearest: tuple[CourierId, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    cost: float
    courier_id: CourierId
    ahead: Ahead
    route: SolvedRoute


def insert(situation: Situation, order: Order, memory: Memory) -> Inserted | NotInserted:
    """
    Put `order` where the day grows least, at its door or at a point that its household accepts.

    One route changes, from where its courier stands; what is settled in it stays, promises in it are kept, or as late as they
    are predicted now. The contract has been asked. Routes are looked at in the order of a bound that is never too dear, until
    no other can be cheaper: O(stops) for the bounds, then exact schedules of a few routes. The depot's slack is used up only
    where the order fits nowhere else.
    """
    doors = doors_of(situation, order)
    if isinstance(doors, Unserved):
        return NotInserted(unserved=doors)
    plan, inputs, network = situation.plan, situation.inputs, situation.network
    alone = pose_doors(replace(inputs, orders=(order,)), network, doors)
    if not alone.halts:
        return NotInserted(unserved=alone.unserved[0])
    told = {each.order_id: each for each in plan.promises}
    memory.courses = courses_of(plan, inputs, told, memory.courses)
    memory.outlooks = outlooks_of(
        memory.courses, situation.facts, network, inputs.clock, memory.outlooks
    )
    setups_s = alone.problem.setups_s
    stops = [NewStop(halt, setups_s[halt.visit.place]) for halt in alone.halts]

    def ranked(*, by_time: bool, slack_s: int) -> Iterator[tuple[float, CourierId]]:
        return Ranking(
            memory.outlooks,
            stops,
            Drives(network, memory.snaps),
            depot=inputs.fleet.depot.place,
            clock=inputs.clock,
            now=situation.now,
            is_known=network.version == plan.network,
            by_time=by_time,
            slack_s=slack_s,
        ).couriers()

    orders = {each.order_id: each for each in inputs.orders if each.order_id != order.order_id}

    @cache
    def ahead_of(courier_id: CourierId) -> Ahead | None:
        return look_ahead(situation, orders, (courier_id,), order, doors, told)

    best: _Found | None = None
    tried = 0
    for slack_s in dict.fromkeys((inputs.fleet.depot.slack_s, 0)):
        for bound, courier_id in ranked(by_time=True, slack_s=slack_s):
            if best is not None and bound >= best.cost:
                break
            tried += 1
            ahead = ahead_of(courier_id)
            if ahead is None:
                continue
            below = ENDLESS if best is None else best.cost
            best = _cheapest(situation, ahead, courier_id, below, slack_s=slack_s) or best
        if best is not None:
            break
    if best is not None:
        inserted = _taken(situation, order, best, tried=tried)
        if inserted is not None:
            return inserted
    unserved = Unserved(
        order_id=order.order_id,
        reason="no-room-today",
        detail="no courier can still come in time without breaking what others were promised",
        place=doors[0].spot.place,
    )
    nearest = tuple(each for _, each in islice(ranked(by_time=False, slack_s=0), NEAREST_MAX))
    return NotInserted(unserved=unserved, doors=doors, nearest=nearest)


def doors_of(situation: Situation, order: Order) -> tuple[Door, ...] | Unserved:
    """Where `order` may be picked up: its own place, and the points to which it may be brought."""
    inputs = situation.inputs
    spot = spot_today(order, inputs) if order.drop is None else left_alone(order)
    if isinstance(spot, Unserved):
        return spot
    if not accepted_points(order, inputs.registry):
        return (Door(spot, [order]),)
    # What households bring to a point takes its room as if it waited there anyway.
    brought = {
        each.order_id: stop.point_id
        for route in situation.plan.routes
        for stop in route.stops
        for each in stop.brought
    }
    waiting = tuple(
        each if each.order_id not in brought else replace(each, point_id=brought[each.order_id])
        for each in inputs.orders
        if each.order_id != order.order_id
    )
    offers = offers_of(
        [(order, spot.place)], replace(inputs, orders=waiting), inputs.registry.points.keys()
    )
    return (
        Door(spot, [order]),
        *(Door(spot_at(each.point), [order], each) for each in offers.get(order.order_id, ())),
    )


def _cheapest(
    situation: Situation, ahead: Ahead, courier_id: CourierId, below: float, *, slack_s: int
) -> _Found | None:
    """The cheapest place of the new order in this courier's day, if it costs less than that."""
    problem = ahead.posed.problem
    number = [each.courier_id for each in ahead.posed.couriers].index(courier_id)
    scheduler, trucks = Scheduler(problem), Trucks.of(ahead.posed)
    trips = ahead.trips[courier_id]
    before: SolvedRoute | None = None

    def driven(trips: Trips) -> SolvedRoute | None:
        return trucks.best(trips, lambda chosen: scheduler.schedule(number, chosen))

    span_s = cost_before = 0
    if trips:
        before = driven(trips)
        if before is None:
            return None  # it cannot be driven as it is: others have to plan it anew
        scheduler = Scheduler(keeping_slack(ahead, (before,), slack_s))
        span_s, cost_before = as_it_is(situation, ahead, courier_id, before)
    places = sorted(
        _places(ahead, courier_id, number, before, span_s, trucks), key=lambda each: each[0]
    )
    best: _Found | None = None
    for bound, grown in places:
        if bound >= below:
            break
        route = driven(grown)
        if route is None:
            continue
        cost = route_cost(problem, route) - cost_before
        if cost < below:
            best, below = _Found(cost, courier_id, ahead, route), cost
    return best


def as_it_is(
    situation: Situation, ahead: Ahead, courier_id: CourierId, retimed: SolvedRoute
) -> tuple[int, int]:
    """
    Seconds and cost of a shift without the new order: timed anew, or as it stands in the plan.

    Who has not left yet may leave just as planned: a schedule looks for the earliest return first, and may wait on the way where
    the plan does not.
    """
    problem = ahead.posed.problem
    span_s = over_s(problem, retimed.trips[-1]) - retimed.trips[0].leave_s
    cost = route_cost(problem, retimed)
    route = next((each for each in situation.plan.routes if each.courier_id == courier_id), None)
    if route is None or courier_id in ahead.heres or route.trips[0].leave_at < situation.now:
        return span_s, cost
    made = {visit for trip in ahead.trips[courier_id] for visit in trip}
    still = {each.order_id for visit in made for each in ahead.posed.halts[visit].orders}
    if any(not still.issuperset(stop.order_ids) for stop in route.stops):
        return span_s, cost
    vehicle = problem.vehicles[retimed.vehicle]
    planned_s = min(span_s, route.duration_s)
    return planned_s, cost - time_cost(vehicle, span_s) + time_cost(vehicle, planned_s)


def _places(
    ahead: Ahead,
    courier_id: CourierId,
    number: int,
    before: SolvedRoute | None,
    span_s: int,
    trucks: Trucks,
) -> Iterator[tuple[float, list[Sequence[int]]]]:
    """Every place of the new order in the courier's trips, with what it costs there at least."""
    problem, trips = ahead.posed.problem, ahead.trips[courier_id]
    vehicle = problem.vehicles[number]
    legs = _Legs(problem, number)
    begun = courier_id in ahead.heres
    idle_s = 0 if before is None else _idle_s(legs, before, span_s, is_begun=begun)
    for new in ahead.new:
        visit = problem.visits[new]
        if not visit.skills <= vehicle.skills:
            continue
        # At least the price for the earliest truck: the cheapest.
        price = min(visit_cost(problem.visits[each], number) for each in trucks.ladders[new])

        def least(metres: int, seconds: int, price: int = price) -> float:
            spared_s = max(0, seconds - idle_s)
            return metres * vehicle.cost_per_m + spared_s * vehicle.cost_per_s + price

        for at, trip in enumerate(trips):
            rows = [0, *(problem.visits[each].place for each in trip), 0]
            for position in range(begun and at == 0, len(trip) + 1):
                origin, target = rows[position], rows[position + 1]
                if origin == target != visit.place and 0 < position < len(trip):
                    continue  # nobody leaves a door to come back to it
                metres, seconds = legs.detour(origin, visit.place, target)
                grown = [*trip[:position], new, *trip[position:]]
                whole = [*trips[:at], grown, *trips[at + 1 :]]
                yield least(metres, seconds + visit.service_s + visit.unload_s), whole
        if trips and len(trips) >= vehicle.trips_max:
            continue
        metres, seconds = legs.detour(0, visit.place, 0)
        seconds += visit.service_s + visit.unload_s + (vehicle.turnaround_s if trips else 0)
        bound = least(metres, seconds) + (0 if trips else vehicle.fixed_cost)
        for at in range(begun, len(trips) + 1):
            yield bound, [*trips[:at], [new], *trips[at:]]


class _Legs:
    """One vehicle's drives, setups included, as plain numbers: they are looked up one by one."""

    def __init__(self, problem: Problem, number: int) -> None:
        self.problem = problem
        self.vehicle = problem.vehicles[number]
        self._ready_s = problem.ready_s(self.vehicle.matrix).tolist()
        self._metres = problem.matrices[self.vehicle.matrix].distances_m.tolist()

    def detour(self, origin: int, place: int, target: int) -> tuple[int, int]:
        """Metres and seconds more."""
        metres, ready_s = self._metres, self._ready_s
        return (
            metres[origin][place] + metres[place][target] - metres[origin][target],
            ready_s[origin][place] + ready_s[place][target] - ready_s[origin][target],
        )

    def busy_s(self, rows: Sequence[int]) -> int:
        return sum(self._ready_s[a][b] for a, b in pairwise(rows))


def _idle_s(legs: _Legs, route: SolvedRoute, span_s: int, *, is_begun: bool) -> int:
    """
    Of the shift's `span_s` those that are neither drive nor work: no new stop saves more than these.

    Breaks are among them, for they may come to lie before or after the shift; of a courier on the road only those that may
    begin after its end.
    """
    visits = legs.problem.visits
    busy_s = (len(route.trips) - 1) * legs.vehicle.turnaround_s
    for trip in route.trips:
        made = [visits[each.visit] for each in trip.visits]
        busy_s += legs.busy_s([0, *(each.place for each in made), 0])
        busy_s += sum(each.service_s + each.unload_s for each in made)
    back_s = over_s(legs.problem, route.trips[-1])
    if is_begun:
        busy_s += sum(
            rest.duration_s
            for rest, start_s in zip(legs.vehicle.breaks, route.break_starts_s, strict=True)
            if max(start_s, rest.window.latest_s) < back_s
        )
    return span_s - busy_s


def _taken(situation: Situation, order: Order, found: _Found, *, tried: int) -> Inserted | None:
    """The next version; None if the contract does not pass it: it is the last to be asked."""
    plan, inputs, ahead, courier_id = (
        situation.plan,
        situation.inputs,
        found.ahead,
        found.courier_id,
    )
    own = tuple(each for each in plan.routes if each.courier_id == courier_id)
    solved = Solution(routes=(found.route,), unserved=(), cost=0)
    rest = read_back(
        ahead.inputs,
        situation.network,
        ahead.posed,
        solved,
        made_at=situation.now,
        version=0,
        based_on=plan.version,
        seed=plan.seed,
        budget_s=plan.budget_s,
        known=drives_of(own, plan) if situation.network.version == plan.network else {},
    )
    rest = replace(rest, unserved=())
    before = replace(plan, routes=own, unserved=())
    after = stitched(before, rest, ahead.standings, ahead.heres, inputs)
    after = promised(after, before, inputs.fleet.depot, now=situation.now)
    stops = [stop for route in own for stop in route.stops]
    met = {order.order_id, *(order_id for stop in stops for order_id in stop.order_ids)}
    asked = replace(inputs, orders=tuple(each for each in inputs.orders if each.order_id in met))
    if breaches(before, after, asked, situation.facts, now=situation.now):
        return None
    route = with_parts(after.routes[0], plan.joints)
    unserved = tuple(each for each in plan.unserved if each.order_id != order.order_id)
    others = (each for each in plan.routes if each.courier_id != courier_id)
    routes = tuple(sorted((*others, route), key=lambda each: each.courier_id))
    told = {each.order_id for each in after.promises} | met
    kept = (each for each in plan.promises if each.order_id not in told)
    grown = replace(
        plan,
        based_on=plan.version,
        made_at=situation.now.astimezone(inputs.fleet.depot.zone),
        routes=routes,
        unserved=unserved,
        figures=figures_of(
            routes,
            unserved,
            overlap_percent=plan.figures.overlap_percent,
            expected=plan.figures.expected,
        ),
        promises=(*kept, *after.promises),
        departures=departures_of(routes, inputs),
        why=(Why.NEW_ORDERS,),
    )
    return Inserted(
        plan=grown,
        courier_id=courier_id,
        stop=next(stop for stop in route.stops if order.order_id in stop.order_ids),
        cost=round(found.cost),
        tried=tried,
    )


def drives_of(routes: Sequence[Route], plan: Plan) -> Mapping[Drive, Leg]:
    """The drives of these routes as they stand in the plan, without those by way of a swap."""
    known: dict[Drive, Leg] = {}
    for route in routes:
        for trip in route.trips:
            places = [plan.depot_place, *(stop.place for stop in trip.stops), plan.depot_place]
            legs = [*(stop.leg for stop in trip.stops), trip.home]
            for (origin, target), leg in zip(pairwise(places), legs, strict=True):
                if leg.swap is None:
                    known[route.profile, origin, target] = leg
    return known
