"""Checking a hand-made route over HTTP: what it would cost and break, at once and without a worker."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api.answers import PROBLEMS, as_json
from api.auth import Caller
from api.errors import ItemProblem, ItemsRefused
from api.fields import Moment, Strict, TextId
from api.plans import checked_plan
from api.requests import GuardedRoute, With
from dispatch import operations
from dispatch.days import DayClock
from dispatch.errors import meant
from dispatch.fates import road_facts
from dispatch.fleet import CourierId, Fleet
from dispatch.inputs import DayInputs
from dispatch.intake import RowCode
from dispatch.operations import OrderUnknown
from dispatch.orders import Order, OrderId
from dispatch.pickup_times import DAY_S
from dispatch.plan import Plan
from dispatch.route_check import RouteCheck, check_route, named_at, orders_met

router = APIRouter(route_class=GuardedRoute, tags=["plans"], responses=PROBLEMS)

TRIPS_MAX: Final = 50
STOPS_MAX: Final = 300
"""Of one trip. Together with the trips far above any shift; a thread works on it meanwhile. Chosen."""

_Stop = TextId | Annotated[int, Field(ge=1, le=100_000, strict=True)]


class RouteIn(Strict):
    """
    A courier's shift as it would be: for each trip what is picked up, in order.

    Text is an order, whoever has it in the plan or nobody; a number is a stop of this courier's
    route in the plan, with all its orders. An order that is dropped on the way is named again in its trip where it is
    dropped. Without `leave_at` the best moment is found.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"courier_id": "c01", "trips": [[1, 2, "20261111-000123"], [4, 3]]}]
        }
    )

    courier_id: TextId
    trips: Annotated[
        tuple[Annotated[tuple[_Stop, ...], Field(max_length=STOPS_MAX)], ...],
        Field(max_length=TRIPS_MAX),
    ]
    leave_at: Moment | None = None


@router.post(
    "/plans/{plan_id}/check",
    operation_id="check_route",
    response_model=RouteCheck,
    summary="Check a route made or edited by hand",
)
async def check_hand_made_route(
    plan_id: str, wish: RouteIn, deps: With, caller: Caller
) -> Response:
    """
    Moments, loads, cost, and what is broken by how much. A route that cannot be driven is an answer too, with the
    earliest moments there are. Nothing is stored.
    """
    network = deps.roads.network
    plan = await deps.plans.read(caller.company_id, checked_plan(caller, plan_id))
    day, now = plan.day, deps.clock.now()
    fleet = await operations.read_fleet(deps.store, day.scope)
    trips, places = _orders_in(wish, plan, fleet)
    courier_id = CourierId(wish.courier_id)
    met = orders_met(plan, courier_id, trips)
    records = await operations.read_some_orders(deps.store, day, met)
    orders = tuple(each.order for each in records)
    known = {each.order_id for each in orders}
    if missing := [
        ItemProblem(
            pointer=pointer,
            code=OrderUnknown.code,
            detail=str(OrderUnknown(order_id, day)),
            id=order_id,
        )
        for order_id, pointer in places.items()
        if order_id not in known
    ]:
        raise ItemsRefused("route-refused", missing)
    if halves := list(_halves(trips, places, orders)):
        raise ItemsRefused("route-refused", halves)
    facts = road_facts((await deps.store.daybook.read(day)).events)
    inputs = DayInputs(
        day=day,
        registry=await operations.registry_for(deps.store, day.scope, orders),
        fleet=fleet,
        orders=orders,
        closures=await operations.read_closures(deps.store, day.scope, at=now),
    )
    inputs = inputs.by_timetable(facts.trucks)
    if facts.notices or facts.scans:
        inputs = await operations.as_points_are(deps.store, inputs, at=now)
    told = await asyncio.to_thread(
        check_route,
        plan,
        inputs,
        network,
        courier_id=courier_id,
        trips=trips,
        leave_at=wish.leave_at,
        now=now,
    )
    return as_json(told)


def _orders_in(
    wish: RouteIn, plan: Plan, fleet: Fleet
) -> tuple[Sequence[Sequence[OrderId]], dict[OrderId, str]]:
    """
    The trips as orders, and where in the body each of these is named.

    Raises
    ------
    ItemsRefused
        A courier or a stop that is not there, or an order that is named twice.
    """
    stops = {
        stop.seq: stop
        for route in plan.routes
        if route.courier_id == wish.courier_id
        for stop in route.stops
    }
    places: dict[OrderId, str] = {}
    problems = list(_problems(wish, DayClock(plan.day.day, fleet.depot.zone), fleet))
    trips: list[list[OrderId]] = []
    for number, trip in enumerate(wish.trips):
        trips.append([])
        for index, named in enumerate(trip):
            pointer = f"/trips/{number}/{index}"
            if isinstance(named, int) and named not in stops:
                detail = f"the route of {wish.courier_id} has no stop {named}: it has {len(stops)}"
                problems.append(ItemProblem(pointer=pointer, code="stop-unknown", detail=detail))
                continue
            stop = stops[named] if isinstance(named, int) else None
            for each in (OrderId(str(named)),) if stop is None else named_at(stop):
                if each in places and trips[-1].count(each) != 1:
                    detail = f"order {each} is named before, at {places[each]}: pick it up once"
                    problems.append(
                        ItemProblem(pointer=pointer, code="duplicate-id", detail=detail, id=each)
                    )
                elif stop is not None and stop.dropped and each not in places:
                    detail = f"order {each} is dropped there before it is picked up"
                    problems.append(
                        ItemProblem(
                            pointer=pointer,
                            code=RowCode.DROP_BEFORE_PICKUP,
                            detail=detail,
                            id=each,
                        )
                    )
                else:
                    places.setdefault(each, pointer)
                    trips[-1].append(each)
    if problems:
        raise ItemsRefused("route-refused", problems)
    return trips, places


def _halves(
    trips: Sequence[Sequence[OrderId]], places: Mapping[OrderId, str], orders: Iterable[Order]
) -> Iterator[ItemProblem]:
    """Orders that are dropped on the way and named once, and others that are named twice."""
    times = Counter(each for trip in trips for each in trip)
    for order in orders:
        named = times[order.order_id]
        if named == 1 and order.drop is not None:
            code = "order-is-dropped"
            detail = f"order {order.order_id} is dropped on the way: name it again in its trip, where it is dropped"
        elif named > 1 and order.drop is None:
            code = "duplicate-id"
            detail = f"order {order.order_id} is named twice and goes to the depot: pick it up once"
        else:
            continue
        yield ItemProblem(
            pointer=places[order.order_id], code=code, detail=detail, id=order.order_id
        )


def _problems(wish: RouteIn, clock: DayClock, fleet: Fleet) -> Iterator[ItemProblem]:
    """What is wrong apart from the trips."""
    if wish.courier_id not in fleet.couriers:
        near = meant(wish.courier_id, fleet.couriers)
        detail = f"the fleet has no courier {wish.courier_id!r}{near}"
        yield ItemProblem(
            pointer="/courier_id", code="courier-unknown", detail=detail, id=wish.courier_id
        )
    if wish.leave_at is not None and not 0 <= clock.seconds(wish.leave_at) <= DAY_S:
        detail = f"it is not on {clock.day}, the plan's day"
        yield ItemProblem(pointer="/leave_at", code=RowCode.NOT_THIS_DAY, detail=detail)
