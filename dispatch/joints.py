"""Joint orders 联单: families that send one shipment together, as orders that ask something of each other's pickups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.days import TimeWindow
from dispatch.halts import Halt, left_out, spot_of
from dispatch.households import HouseholdId, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.offers import DETOUR, WALKING_M_PER_S
from dispatch.orders import Handling, JointId, JointRule, Order, OrderId
from dispatch.plan import JointOrder, JointPart, Plan, Route, Stop
from dispatch.shortfalls import Unserved
from routing.places import Place, great_circle_m
from routing.vrp.problem import Joint

INCOMPLETE: Final = "joint-incomplete"
"""Left out because of another member."""

_ONE_TRIP: Final = frozenset({JointRule.SAME_TRIP, JointRule.GATHER})
_ONE_TRUCK: Final = frozenset({JointRule.SAME_DEPARTURE, JointRule.GATHER})

_NEVER_BROUGHT: Final = frozenset({Handling.TWO_PERSON, Handling.COLD})
"""As for points: nobody carries the one alone, and nobody knows whether the other stays cold."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the members of one joint order ask for together."""

    members: tuple[Order, ...]
    rules: frozenset[JointRule]
    complete_by_at: datetime | None
    gather_at: str


def as_joined(inputs: DayInputs, told: Iterable[JointOrder] = ()) -> DayInputs:
    """
    The day with orders as their joint orders have them: cut-offs shared, and what is gathered where it is gathered.

    `told` are the joint orders of the plan in force: what a member that is over asked for still holds. Twice is once.
    """
    if not any(order.joint for order in inputs.orders):
        return inputs
    known = {each.joint_id: each for each in told}
    changed: dict[OrderId, Order] = {}
    for joint_id, asked in _asked(inputs.orders).items():
        members = [_due(each, asked, known.get(joint_id)) for each in asked.members]
        if JointRule.GATHER in asked.rules:
            members = _gathered(members, asked, inputs)
        changed.update((each.order_id, each) for each in members)
    return replace(inputs, orders=tuple(changed.get(each.order_id, each) for each in inputs.orders))


def rules_of(orders: Iterable[Order]) -> Mapping[JointId, frozenset[JointRule]]:
    """The rules of each joint order among these."""
    return {joint_id: asked.rules for joint_id, asked in _asked(orders).items()}


def _asked(orders: Iterable[Order]) -> dict[JointId, _Asked]:
    members: dict[JointId, list[Order]] = {}
    for order in sorted(orders, key=lambda each: each.order_id):
        if order.joint is not None:
            members.setdefault(order.joint.joint_id, []).append(order)
    found = {}
    for joint_id, joined in members.items():
        stated = [each.joint for each in joined if each.joint is not None]
        rules = frozenset(rule for each in stated for rule in each.rules)
        found[joint_id] = _Asked(
            members=tuple(joined),
            rules=rules or frozenset({JointRule.SAME_TRIP}),
            complete_by_at=min(
                (each.complete_by_at for each in stated if each.complete_by_at), default=None
            ),
            gather_at=next((each.gather_at for each in stated if each.gather_at), ""),
        )
    return found


def _due(order: Order, asked: _Asked, told: JointOrder | None) -> Order:
    """The order with the cut-off that its joint order gives it."""
    cut_offs = [order.cut_off_at, asked.complete_by_at]
    if asked.rules & _ONE_TRUCK:
        cut_offs += [each.cut_off_at for each in asked.members]
    if told is not None:
        cut_offs.append(told.cut_off_at)
    stated = [each for each in cut_offs if each is not None]
    return replace(order, cut_off_at=min(stated)) if stated else order


def _gathered(members: Sequence[Order], asked: _Asked, inputs: DayInputs) -> list[Order]:
    """
    The members where they are gathered, ready when the last of them is there; who cannot come stays at its door.

    Their households are asked to be at home only where they are gathered.
    """
    registry = inputs.registry
    where = _gathering(members, asked.gather_at, registry)
    if where is None or all(each.gathered_m is not None for each in members):
        return list(members)
    place, point_id, windows = where
    walks = {
        each.order_id: walk_m
        for each in members
        if (walk_m := _walk_m(each, place, point_id, inputs)) is not None
    }
    ready = [
        each.ready_at + timedelta(seconds=round(walks[each.order_id] / WALKING_M_PER_S))
        for each in members
        if each.order_id in walks and each.ready_at is not None
    ]
    prices = [each.late_cost_fen for each in members if each.late_cost_fen is not None]
    return [
        each
        if each.order_id not in walks
        else replace(
            each,
            place=None if point_id is not None else place,
            point_id=point_id,
            points=(),
            windows=windows,
            ready_at=max(ready, default=None),
            late_cost_fen=max(prices, default=None),
            early_fen_per_minute=members[0].early_fen_per_minute,
            late_fen_per_minute=members[0].late_fen_per_minute,
            missed_max_s=members[0].missed_max_s,
            gathered_m=walks[each.order_id],
        )
        for each in members
    ]


def _gathering(
    members: Sequence[Order], stated: str, registry: Registry
) -> tuple[Place, PointId | None, tuple[TimeWindow, ...]] | None:
    """Where the joint order is gathered and when somebody is there; None: nobody knows the place."""
    if (point := registry.points.get(PointId(stated))) is not None:
        return point.place, point.point_id, ()
    host = next((each for each in members if each.household_id == stated), None)
    household = registry.households.get(HouseholdId(stated))
    if household is not None and household.place is not None:
        return household.place, None, () if host is None else host.windows
    for each in members:
        spot = spot_of(each, registry)
        if not isinstance(spot, Unserved):
            return spot.place, spot.point_id, each.windows
    return None


def _walk_m(order: Order, place: Place, point_id: PointId | None, inputs: DayInputs) -> int | None:
    """Metres on foot to where the joint order is gathered; None: it is not brought there."""
    spot = spot_of(order, inputs.registry)
    if isinstance(spot, Unserved):
        return None
    walk_m = round(DETOUR * great_circle_m(spot.place, place))
    if walk_m == 0:
        return 0
    if order.handling & _NEVER_BROUGHT or walk_m > inputs.fleet.depot.walk_max_m:
        return None
    point = None if point_id is None else inputs.registry.points.get(point_id)
    if point is not None and Handling.BULKY in order.handling and not point.takes_bulky:
        return None
    return walk_m


def joined(
    halts: Sequence[Halt], unserved: Sequence[Unserved], orders: Iterable[Order]
) -> tuple[tuple[Halt, ...], tuple[Joint, ...], tuple[JointId, ...], tuple[Unserved, ...]]:
    """
    The halts as members of joints, those joints with their ids, and what is unserved.

    Of a joint order that is picked up whole or not at all, one of whose orders is set aside already, nothing is left.
    """
    by_id = {each.order_id: each for each in orders}
    rules = rules_of(by_id.values())
    aside: dict[JointId, Unserved] = {}
    for each in unserved:
        joining = None if each.order_id not in by_id else by_id[each.order_id].joint
        if joining is not None and JointRule.ALL_OR_NOTHING in rules[joining.joint_id]:
            aside.setdefault(joining.joint_id, each)
    kept: list[Halt] = []
    without: dict[OrderId, Unserved] = {}
    for halt in halts:
        blocked = None if halt.joint_id is None else aside.get(halt.joint_id)
        if blocked is None:
            kept.append(halt)
            continue
        for order in halt.orders:
            without[order.order_id] = left_out(
                order, INCOMPLETE, blocked_by(halt.joint_id, blocked), halt.spot.place
            )
    numbers: dict[JointId, int] = {}
    for halt in kept:
        if halt.joint_id is not None:
            numbers.setdefault(halt.joint_id, len(numbers))
    members = tuple(
        halt
        if halt.joint_id is None
        else replace(halt, visit=replace(halt.visit, joints=(numbers[halt.joint_id],)))
        for halt in kept
    )
    joints = tuple(
        Joint(
            all_or_nothing=JointRule.ALL_OR_NOTHING in rules[joint_id],
            one_trip=bool(rules[joint_id] & _ONE_TRIP),
            one_due=bool(rules[joint_id] & _ONE_TRUCK),
        )
        for joint_id in numbers
    )
    return members, joints, tuple(numbers), (*unserved, *without.values())


def blocked_by(joint_id: JointId | None, other: Unserved) -> str:
    """Why an order stays for another one of its joint order."""
    return (
        f"joint order {joint_id} is picked up whole or not at all, and order {other.order_id} "
        f"cannot be: {other.detail}"
    )


def told_joints(plan: Plan, orders: Iterable[Order], before: Plan | None = None) -> Plan:
    """`plan` with what becomes of each joint order; `orders` are those still open, `before` knows the others."""
    members: dict[JointId, dict[OrderId, None]] = {}
    rules: dict[JointId, frozenset[JointRule]] = {}
    cut_offs: dict[JointId, datetime | None] = {}
    for known in () if before is None else before.joints:
        members[known.joint_id] = dict.fromkeys(known.order_ids)
        rules[known.joint_id] = frozenset(known.rules)
        cut_offs[known.joint_id] = known.cut_off_at
    for joint_id, asked in _asked(orders).items():
        members.setdefault(joint_id, {}).update((each.order_id, None) for each in asked.members)
        rules[joint_id] = rules.get(joint_id, frozenset()) | asked.rules
        cut_offs[joint_id] = _shared_cut_off(asked, cut_offs.get(joint_id))
    if not members:
        return plan
    leaves = {
        order_id: trip.truck_at
        for route in plan.routes
        for trip in route.trips
        for stop in trip.stops
        for order_id in stop.order_ids
    }
    left = {each.order_id for each in plan.unserved}
    joints = []
    for joint_id, joined_ids in sorted(members.items()):
        # Who is in no route and not left out was cancelled, and is a member no more.
        order_ids = tuple(each for each in sorted(joined_ids) if each in leaves or each in left)
        out = tuple(each for each in order_ids if each in left)
        trucks = [at for each in order_ids if (at := leaves.get(each)) is not None]
        if order_ids:
            joints.append(
                JointOrder(
                    joint_id=joint_id,
                    rules=tuple(sorted(rules[joint_id])),
                    order_ids=order_ids,
                    left_out=out,
                    complete=not out,
                    cut_off_at=cut_offs[joint_id],
                    leaves_at=max(trucks, default=None),
                )
            )
    return replace(
        plan,
        joints=tuple(joints),
        routes=tuple(with_parts(route, joints) for route in plan.routes),
    )


def _shared_cut_off(asked: _Asked, told: datetime | None) -> datetime | None:
    """The cut-off that binds all members, those of earlier plans included."""
    shared = [told, asked.complete_by_at]
    if asked.rules & _ONE_TRUCK:
        shared += [each.cut_off_at for each in asked.members]
    return min((each for each in shared if each is not None), default=None)


def with_parts(route: Route, joints: Iterable[JointOrder]) -> Route:
    """The route whose stops say of which joint orders they are."""
    joint_of = {order_id: each for each in joints for order_id in each.order_ids}

    def told(stop: Stop) -> Stop:
        here = dict.fromkeys(joint_of[each].joint_id for each in stop.order_ids if each in joint_of)
        whole = {each.joint_id: each for each in joint_of.values()}
        parts = tuple(
            JointPart(
                joint_id=joint_id,
                order_ids=tuple(
                    each for each in stop.order_ids if each in whole[joint_id].order_ids
                ),
                members=len(whole[joint_id].order_ids),
                complete=whole[joint_id].complete,
            )
            for joint_id in here
        )
        return stop if parts == stop.joints else replace(stop, joints=parts)

    trips = tuple(replace(trip, stops=tuple(map(told, trip.stops))) for trip in route.trips)
    return replace(route, trips=trips)
