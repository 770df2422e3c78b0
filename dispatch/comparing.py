"""A what-if 假设 beside the plan it was asked about: what it would cost, serve and reshuffle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.plan import Figures, Plan, PlanId
from dispatch.shortfalls import Unserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The what-if's figures less the plan's: negative is less than before."""

    cost_fen: int
    distance_m: int
    duration_s: int
    couriers: int
    stops: int
    served: int
    unserved: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An order that another courier would pick up."""

    order_id: OrderId
    from_courier: CourierId
    to_courier: CourierId


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    A what-if and the plan it was asked about.

    before, after
        Figures of the plan, as it was made, and of the what-if.
    newly_served
        Orders in a route that no route of the plan had: unserved there, or unknown to it.
    newly_unserved
        Orders in no route, which the plan served or did not know.
    moved
        Orders that change courier: what it would take to tell everybody.
    gone
        Orders of the plan that the what-if has not: cancelled, or no longer open since.
    plan
        The what-if in full; its id cannot be published, its version is 0.
    """

    plan_id: PlanId
    before: Figures
    after: Figures
    difference: Difference
    newly_served: tuple[OrderId, ...]
    newly_unserved: tuple[Unserved, ...]
    moved: tuple[Moved, ...]
    gone: tuple[OrderId, ...]
    plan: Plan


def compare(plan: Plan, other: Plan) -> Comparison:
    """`other`, a what-if, beside `plan`. Orders stand as `other` has them, `gone` as `plan` has."""
    carrier, would = _carriers(plan), _carriers(other)
    left_out = {each.order_id for each in plan.unserved}
    unserved = tuple(each for each in other.unserved if each.order_id not in left_out)
    known = would.keys() | {each.order_id for each in other.unserved}
    return Comparison(
        plan_id=plan.plan_id,
        before=plan.figures,
        after=other.figures,
        difference=_difference(plan.figures, other.figures),
        newly_served=tuple(each for each in would if each not in carrier),
        newly_unserved=unserved,
        moved=tuple(
            Moved(order_id=each, from_courier=carrier[each], to_courier=to)
            for each, to in would.items()
            if each in carrier and carrier[each] != to
        ),
        gone=tuple(each for each in (*carrier, *sorted(left_out)) if each not in known),
        plan=replace(
            other,
            plan_id=PlanId(f"{other.day.depot_id}.{other.day.day.isoformat()}.what-if"),
            version=0,
        ),
    )


def _carriers(plan: Plan) -> dict[OrderId, CourierId]:
    return {
        order_id: route.courier_id
        for route in plan.routes
        for stop in route.stops
        for order_id in stop.order_ids
    }


def _difference(before: Figures, after: Figures) -> Difference:
    return Difference(
        cost_fen=after.cost_fen - before.cost_fen,
        distance_m=after.distance_m - before.distance_m,
        duration_s=after.duration_s - before.duration_s,
        couriers=after.couriers - before.couriers,
        stops=after.stops - before.stops,
        served=after.served - before.served,
        unserved=(after.orders - after.served) - (before.orders - before.served),
        late=after.late - before.late,
    )
