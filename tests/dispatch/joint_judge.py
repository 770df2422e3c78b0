"""An independent judge of joint orders: what is wrong with a plan, by the orders as they were stated alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from dispatch.inputs import DayInputs
from dispatch.orders import JointRule, Order, OrderId
from dispatch.plan import Plan, Stop, Trip
from routing.places import great_circle_m


def joint_wrongs(
    inputs: DayInputs, plan: Plan, begun: Collection[OrderId] = (), over: Collection[OrderId] = ()
) -> list[str]:
    """One sentence for each rule of a joint order that `plan` breaks; those that have `begun` are settled, and those that are `over` in trips that are."""
    members: dict[str, list[Order]] = {}
    for order in inputs.orders:
        if order.joint is not None:
            members.setdefault(order.joint.joint_id, []).append(order)
    return [
        wrong
        for joint_id, orders in members.items()
        for wrong in _of(inputs, plan, joint_id, orders, begun, over)
    ]


def _of(
    inputs: DayInputs,
    plan: Plan,
    joint_id: str,
    orders: list[Order],
    begun: Collection[OrderId],
    over: Collection[OrderId],
) -> Iterator[str]:
    rules = {rule for each in orders for rule in each.joint.rules} or {JointRule.SAME_TRIP}
    ids = {each.order_id for each in orders}
    made: dict[OrderId, tuple[tuple[str, datetime], Trip, Stop]] = {
        order_id: ((route.courier_id, trip.leave_at), trip, stop)
        for route in plan.routes
        for trip in route.trips
        for stop in trip.stops
        for order_id in stop.order_ids
        if order_id in ids
    }
    (told,) = [each for each in plan.joints if each.joint_id == joint_id]
    out = ids - made.keys()
    if set(told.order_ids) != ids or set(told.left_out) != out or told.complete == bool(out):
        yield f"{joint_id}: the plan does not say who is a member and who is left out"
    for _, _, stop in made.values():
        if not any(
            part.joint_id == joint_id and part.members == len(ids) and part.complete != bool(out)
            for part in stop.joints
        ):
            yield f"{joint_id}: a stop does not say of which joint order it is"
    if JointRule.ALL_OR_NOTHING in rules and made and out and not ids & set(begun):
        yield f"{joint_id}: picked up in part"
    rides = {ride for order_id, (ride, _, _) in made.items() if order_id not in over}
    if rules & {JointRule.SAME_TRIP, JointRule.GATHER} and len(rides) > 1:
        yield f"{joint_id}: more than one trip"
    yield from _leaving(inputs, joint_id, orders, made, rules, told.leaves_at, begun)
    if JointRule.GATHER in rules:
        yield from _gathering(inputs, joint_id, orders, made)


def _leaving(inputs, joint_id, orders, made, rules, leaves_at, begun) -> Iterator[str]:
    sorting = timedelta(seconds=inputs.fleet.depot.sorting_s)
    by_at = min(
        (each.joint.complete_by_at for each in orders if each.joint.complete_by_at), default=None
    )
    shared = rules & {JointRule.SAME_DEPARTURE, JointRule.GATHER}
    cut_offs = [each.cut_off_at for each in orders if each.cut_off_at]
    for order in orders:
        if order.order_id not in made or order.order_id in begun:
            continue
        own = [order.cut_off_at, by_at, *(cut_offs if shared else ())]
        due = min((each for each in own if each is not None), default=None)
        priced = order.late_cost_fen is not None or inputs.fleet.depot.missed_cut_off_cost_fen
        _, trip, _ = made[order.order_id]
        if due is not None and not priced and trip.over_at + sorting > due:
            yield f"{joint_id}: {order.order_id} misses the cut-off of its joint order"
        if shared and due is not None and priced and leaves_at > due:
            late = [each for stop in trip.stops for each in stop.late]
            if order.order_id not in {each.order_id for each in late}:
                yield f"{joint_id}: {order.order_id} waits for a later truck, and nobody says so"


def _gathering(inputs, joint_id, orders, made) -> Iterator[str]:
    homes = inputs.registry.households
    for order in orders:
        if order.order_id not in made:
            continue
        _, _, stop = made[order.order_id]
        home = order.place or homes[order.household_id].place
        walk_m = 1.3 * great_circle_m(home, stop.place)
        told = {each.order_id: each.walk_m for each in stop.brought}
        if walk_m > 1 and abs(told.get(order.order_id, -9) - walk_m) > 1:
            yield f"{joint_id}: nobody says how far {order.order_id} is brought"
        if walk_m > inputs.fleet.depot.walk_max_m:
            yield f"{joint_id}: {order.order_id} is brought too far"
        if order.ready_at and stop.begin_at < order.ready_at + timedelta(seconds=walk_m / 1.2 - 1):
            yield f"{joint_id}: picked up before {order.order_id} is there"
