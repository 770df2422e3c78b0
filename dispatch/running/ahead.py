"""What lies ahead of some couriers, posed as a problem of its own, with the places of a new order beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.docks import beside
from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.halts import Halt, spot_at
from dispatch.inputs import DayInputs
from dispatch.offers import Offer
from dispatch.orders import Order, OrderId
from dispatch.plan import Plan, Promise, Route, Stop
from dispatch.posing import Door, Posed, pose_doors
from dispatch.progress import route_progress
from dispatch.promises import at_promised_times
from dispatch.running.remainder import spot_of_stop, with_standings
from dispatch.running.standing import Standing, standings
from dispatch.territory import with_territory
from dispatch.trucks import Trucks
from routing.roads.network import RoadNetwork
from routing.vrp.problem import Problem
from routing.vrp.slack import with_slack
from routing.vrp.solution import Route as SolvedRoute

_FULL_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A running day at a moment; `inputs.orders` are those open, `network` has its closures."""

    plan: Plan
    inputs: DayInputs
    network: RoadNetwork
    facts: RoadFacts
    now: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """
    Some couriers' days from where they stand.

    trips
        What each of them still does, by the numbers of visits; whoever has begun begins with the visit of
        `heres` that stands for where it is.
    new
        The visits of the new order, one for each of its places. Every visit stands for the last truck that its
        orders may take.
    """

    inputs: DayInputs
    posed: Posed
    standings: Mapping[CourierId, Standing]
    heres: Mapping[CourierId, int]
    trips: Mapping[CourierId, Sequence[Sequence[int]]]
    new: tuple[int, ...]


def look_ahead(
    situation: Situation,
    orders: Mapping[OrderId, Order],
    couriers: Sequence[CourierId],
    order: Order,
    doors: Sequence[Door],
    told: Mapping[OrderId, Promise],
) -> Ahead | None:
    """
    What these couriers still do, and `order` at its `doors`; None: for one of them nobody can say.

    `orders` are the other open ones, and `told` is what the plan promises.

    Nobody can where stops of an earlier trip were passed by, or an order can no longer be picked up when
    it may be: then the route has to be planned anew, and nothing can be added to it. What was promised may be
    as late as it is predicted now, and no later.
    """
    plan, now, fleet = situation.plan, situation.now, situation.inputs.fleet
    routes = [each for each in plan.routes if each.courier_id in couriers]
    where = standings(replace(plan, routes=tuple(routes)), situation.facts, fleet, now=now)
    left: dict[CourierId, list[list[Stop]]] = {}
    promises: list[Promise] = []
    for route in routes:
        trips = left_of(route, where.get(route.courier_id), orders)
        if trips is None:
            return None
        left[route.courier_id] = trips
        promises += as_late_as_now(situation, route, told)
    waiting = [
        orders[order_id]
        for trips in left.values()
        for trip in trips
        for stop in trip
        for order_id in stop.order_ids
        if order_id in orders
    ]
    inputs = replace(
        situation.inputs,
        orders=(*waiting, order),
        fleet=replace(fleet, couriers={each: fleet.couriers[each] for each in couriers}),
    )
    inputs = at_promised_times(inputs, replace(plan, promises=tuple(promises)))
    by_id = {each.order_id: each for each in inputs.orders}
    old = [
        door
        for trips in left.values()
        for trip in trips
        for stop in trip
        for door in doors_at(stop, by_id, inputs)
    ]
    begun = {each: where[each] for each in fleet.couriers if each in couriers and each in where}
    here = [Door(spot_of_stop(each.fixed[-1]), []) for each in begun.values() if each.fixed]
    # As if everybody was there: how long one walks to a door does not depend on who is asked about.
    profiles = dict.fromkeys(
        fleet.models[each.model_id].profile for each in fleet.couriers.values()
    )
    posed = pose_doors(
        inputs, situation.network, (*old, *doors, *here), walking_from=tuple(profiles)
    )
    if any(each.order_id != order.order_id for each in posed.unserved):
        return None
    posed = with_whole_territory(posed, situation)
    posed = beside(posed, (each for each in plan.routes if each.courier_id not in couriers))
    rest = with_standings(inputs, posed, begun, now=now)
    if rest.heres.keys() != begun.keys():
        return None  # no way home
    trucks = Trucks.of(posed)
    clock = inputs.clock
    begins_s = {
        order_id: clock.seconds(stop.begin_at)
        for trips in left.values()
        for trip in trips
        for stop in trip
        for order_id in stop.order_ids
    }
    visit_of: dict[OrderId, int] = {}
    news: dict[int, None] = {}
    for number, halt in enumerate(posed.halts):
        if any(each.order_id == order.order_id for each in halt.orders):
            news[trucks.latest(number)] = None
            continue
        for order_id in (each.order_id for each in halt.orders):
            # Of the times at which it may be picked up, the one in which its stop begins.
            windows = posed.problem.visits[number].windows
            is_then = any(w.earliest_s <= begins_s[order_id] <= w.latest_s for w in windows)
            if is_then or order_id not in visit_of:
                visit_of[order_id] = trucks.latest(number)
    new = tuple(news)
    ahead: dict[CourierId, list[list[int]]] = {}
    for courier_id in couriers:
        trips_left = [
            list(
                dict.fromkeys(
                    visit_of[order_id]
                    for stop in trip
                    for order_id in stop.order_ids
                    if order_id in visit_of
                )
            )
            for trip in left.get(courier_id, ())
        ]
        if (here_now := rest.heres.get(courier_id)) is not None:
            trips_left = [[here_now, *(trips_left[0] if trips_left else ())], *trips_left[1:]]
        ahead[courier_id] = [each for each in trips_left if each]
    return Ahead(inputs, rest.posed, begun, rest.heres, ahead, new)


def keeping_slack(ahead: Ahead, routes: Iterable[SolvedRoute], slack_s: int) -> Problem:
    """
    The problem in which what these couriers do keeps its slack, as far as `routes` have it.

    The new order may begin at the last moment that it states: who asks for more time is taken at the word.
    """
    problem = ahead.posed.problem
    slack = with_slack(problem, slack_s, routes)
    visits = list(slack.visits)
    for new in ahead.new:
        visits[new] = replace(visits[new], windows=problem.visits[new].windows)
    return replace(slack, visits=tuple(visits))


def left_of(
    route: Route, standing: Standing | None, orders: Mapping[OrderId, Order]
) -> list[list[Stop]] | None:
    """
    The stops of each trip that are still to be made, the trip under way first; None: some were passed by.

    A courier at the depot has an empty trip first, which the next stop would begin.
    """
    settled = frozenset[OrderId]() if standing is None else standing.order_ids
    over = 0
    if standing is not None and standing.under_way is not None:
        over = next(n for n, trip in enumerate(route.trips) if trip is standing.under_way)
    elif standing is not None:
        over = 1 + max(
            number
            for number, trip in enumerate(route.trips)
            if any(not settled.isdisjoint(stop.order_ids) for stop in trip.stops)
        )
    trips = [
        [
            stop
            for stop in trip.stops
            if settled.isdisjoint(stop.order_ids) and not orders.keys().isdisjoint(stop.order_ids)
        ]
        for trip in route.trips
    ]
    if any(trips[:over]):
        return None
    if standing is None:
        return [trip for trip in trips if trip]
    first = trips[over] if standing.under_way is not None else []
    later = trips[over + 1 :] if standing.under_way is not None else trips[over:]
    return [first, *(trip for trip in later if trip)]


def as_late_as_now(
    situation: Situation, route: Route, told: Mapping[OrderId, Promise]
) -> Sequence[Promise]:
    """What the route's orders were promised; where the promise is broken as predicted now, widened to that moment."""
    plan = situation.plan
    progress = route_progress(route, situation.facts, now=situation.now, plan=plan)
    begins = {each.seq: each.eta_at for each in progress.stops}
    return [
        _widened(promise, begins[stop.seq])
        for stop in route.stops
        for order_id in stop.order_ids
        if (promise := told.get(order_id)) is not None
    ]


def _widened(promise: Promise, begin_at: datetime) -> Promise:
    """What is still kept stays as it is, to the second: else each new version would take one more."""
    full_at = begin_at.replace(microsecond=0)
    late_at = promise.latest_at if begin_at <= promise.latest_at else full_at + _FULL_SECOND
    return replace(promise, earliest_at=min(promise.earliest_at, full_at), latest_at=late_at)


def doors_at(stop: Stop, orders: Mapping[OrderId, Order], inputs: DayInputs) -> Sequence[Door]:
    """The stop's open orders, where they wait; those brought to it each with what that means."""
    spot = spot_of_stop(stop)
    points = inputs.registry.points
    brought = {each.order_id: each for each in stop.brought}
    waiting = [orders[each] for each in stop.order_ids if each in orders and each not in brought]
    doors = [Door(spot, waiting)] if waiting else []
    for order_id in stop.order_ids:
        if order_id not in orders or order_id not in brought:
            continue
        point = None if stop.point_id is None else points.get(stop.point_id)
        if point is None:
            doors.append(Door(spot, [orders[order_id]]))
            continue
        offer = Offer(point, brought[order_id].walk_m)
        doors.append(Door(spot_at(point), [orders[order_id]], offer))
    return doors


def with_whole_territory(posed: Posed, situation: Situation) -> Posed:
    """The problem as if all couriers of the fleet were in it: what a stop in a strange village costs stays."""
    fleet = situation.inputs.fleet
    everybody = tuple(fleet.couriers.values())
    if not any(each.villages for each in everybody):
        return posed
    here = [everybody.index(each) for each in posed.couriers]

    def priced(halt: Halt) -> Halt:
        bare = replace(halt, visit=replace(halt.visit, preferences=()))
        preferences = []
        extra = 0
        for each in with_territory(bare, everybody, fleet.depot).visit.preferences:
            mine = frozenset(n for n, number in enumerate(here) if number in each.vehicles)
            if mine:
                preferences.append(replace(each, vehicles=mine))
            else:
                extra += each.cost_otherwise
        visit = replace(halt.visit, preferences=tuple(preferences), cost=halt.visit.cost + extra)
        return replace(halt, visit=visit)

    halts = tuple(map(priced, posed.halts))
    problem = replace(posed.problem, visits=tuple(each.visit for each in halts))
    return replace(posed, problem=problem, halts=halts)
