"""Halts: where and when orders are picked up, and which of them share one visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from dispatch.fleet import VehicleModel
from dispatch.households import CollectionPoint, HouseholdId, PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.offers import Offer
from dispatch.orders import JointId, Order, OrderId
from dispatch.pickup_times import (
    Truck,
    brought_to_point,
    common,
    length_s,
    ready_s,
    trucks_of,
)
from dispatch.plan import StopKind
from dispatch.shortfalls import Unserved
from dispatch.soft_windows import softness_of, ways_of
from routing.places import Place
from routing.vrp.problem import Visit, Window

MERGE_WINDOW_S: Final = 3600
"""Orders of one door share a halt only if at least this much common time is left for it, so that
merging never makes a day tighter than its orders. Chosen, not measured."""

MILLIFEN: Final = 1000
"""The solver counts in thousandths of a fen, so that fen per kilometre are whole units per metre."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an order is picked up, or dropped, by the rules of `Order` and `Drop`."""

    kind: StopKind
    place: Place
    title: str
    village: str
    point_id: PointId | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """
    Orders of one spot that become one visit.

    `walk_m` is how far their household brings them there; None: that is where they wait. `drops` is the order whose
    parcels are dropped there; then nothing is picked up.
    """

    spot: Spot
    orders: tuple[Order, ...]
    visit: Visit
    walk_m: int | None = None
    drops: Order | None = None

    def walked_m(self, order: Order) -> int | None:
        """How far its household brings an order of the halt here; None: it is here anyway."""
        return self.walk_m if self.walk_m is not None else order.gathered_m or None

    @property
    def joint_id(self) -> JointId | None:
        """The joint order of which all its orders are members."""
        joint = self.orders[0].joint if self.orders else None
        return None if joint is None else joint.joint_id


def left_out(order: Order, reason: str, detail: str, place: Place | None = None) -> Unserved:
    """`order` in no route, for the lasting code `reason`."""
    return Unserved(order_id=order.order_id, reason=reason, detail=detail, place=place)


def spot_at(point: CollectionPoint) -> Spot:
    return Spot(StopKind.POINT, point.place, point.name, point.village, point.point_id)


def no_common_time(order: Order, spot: Spot) -> Unserved:
    """`order`, which nobody could pick up there at any moment of the day."""
    detail = "ready time, windows, opening hours and cut-off leave no moment for the pickup"
    return left_out(order, "no-common-time", detail, spot.place)


def spot_today(order: Order, inputs: DayInputs) -> Spot | Unserved:
    """Where `order` is picked up, or why it cannot be: nobody knows where, or a keeper says that it is not to be."""
    return inputs.barred.get(order.order_id) or spot_of(order, inputs.registry)


def spot_of(order: Order, registry: Registry) -> Spot | Unserved:
    """Where `order` is picked up, or why nobody can know."""
    if order.unclear:
        return left_out(order, "address-unclear", "nobody has said which place its address means")
    return _spot_named(order, order, registry)


def spot_of_drop(order: Order, registry: Registry) -> Spot | Unserved:
    """Where `order` is dropped, or why nobody can know."""
    assert order.drop is not None, "it goes to the depot"
    found = _spot_named(order.drop, order, registry)
    if isinstance(found, Unserved):
        return replace(found, detail=f"where it is dropped: {found.detail}")
    return found


class _Located(Protocol):
    @property
    def household_id(self) -> HouseholdId | None: ...
    @property
    def point_id(self) -> PointId | None: ...
    @property
    def place(self) -> Place | None: ...


def _spot_named(named: _Located, order: Order, registry: Registry) -> Spot | Unserved:
    """The spot that an end of `order` names."""
    if named.point_id is not None:
        point = registry.points.get(named.point_id)
        if point is None:
            return left_out(order, "point-unknown", f"no collection point {named.point_id}")
        return spot_at(point)
    household = None if named.household_id is None else registry.households.get(named.household_id)
    if named.place is not None:
        village = "" if household is None else household.village
        return Spot(StopKind.PLACE, named.place, village or order.order_id, village)
    if household is None:
        what = (
            "no household or place"
            if named.household_id is None
            else (f"no household {named.household_id} in the registry")
        )
        return left_out(order, "household-unknown", what)
    if household.place is None:
        return left_out(
            order, "place-unknown", f"household {household.household_id} has no coordinates yet"
        )
    title = f"{household.village} {household.household_id}".strip()
    return Spot(StopKind.HOUSEHOLD, household.place, title, household.village)


@dataclass(frozen=True, slots=True)
class _Group:
    """Orders of one spot with the common time in which all of them can be picked up at once."""

    orders: tuple[Order, ...]
    windows: tuple[Window, ...]
    trucks: tuple[Truck, ...]
    skills: frozenset[str]
    offers: tuple[Offer, ...]
    company: int | None = None
    missed_fen: int = 0

    @property
    def loads(self) -> tuple[int, int, int]:
        return (
            sum(order.weight_g for order in self.orders),
            sum(order.volume_ml for order in self.orders),
            sum(order.pieces for order in self.orders),
        )


def halts_at(
    spot: Spot,
    orders: Sequence[Order],
    inputs: DayInputs,
    *,
    row: int,
    offers: Mapping[OrderId, tuple[Offer, ...]],
    companies: Mapping[OrderId, int],
) -> Iterable[Halt | Unserved]:
    """
    Group one spot's orders into halts, greedily by time of readiness.

    What a joint order gathers here is one halt. Other merged orders share trucks, skills, points offered and joint order, keep MERGE_WINDOW_S of common time, and
    together still fit every vehicle that each of them fits: merging never costs a vehicle that
    could have come. Those of different `companies` stay apart.
    """
    hours = () if spot.point_id is None else inputs.registry.points[spot.point_id].hours
    groups: list[_Group] = []
    for order in sorted(orders, key=lambda each: (ready_s(each, inputs), each.order_id)):
        ways = ways_of(order, inputs, hours)
        alone = _Group(
            orders=(order,),
            windows=ways[0].windows if ways else (),
            missed_fen=ways[0].cost_fen if ways else 0,
            trucks=trucks_of(order, inputs),
            skills=frozenset(order.handling),
            offers=offers.get(order.order_id, ()),
            company=companies.get(order.order_id),
        )
        if not alone.windows or alone.windows[0].earliest_s > alone.trucks[-1].due_s:
            yield no_common_time(order, spot)
            continue
        for index, group in enumerate(groups):
            joined = _joined(group, alone, inputs)
            if joined is not None:
                groups[index] = joined
                break
        else:
            groups.append(alone)
    for group in groups:
        price = len(group.orders) * group.missed_fen * MILLIFEN
        yield Halt(spot, group.orders, _visit(group, row, inputs, cost=price))


def too_early_or_late(halt: Halt, inputs: DayInputs) -> Iterable[Halt]:
    """The same halt in each further way in which its orders, all of which ask for the same, may be picked up where they wait."""
    order = halt.orders[0]
    if softness_of(order, inputs) is None:
        return
    hours = () if halt.spot.point_id is None else inputs.registry.points[halt.spot.point_id].hours
    first, *others = ways_of(order, inputs, hours)
    bare = halt.visit.cost - len(halt.orders) * first.cost_fen * MILLIFEN
    for way in others:
        cost = bare + len(halt.orders) * way.cost_fen * MILLIFEN
        yield replace(halt, visit=replace(halt.visit, windows=way.windows, cost=cost))


def halts_brought(
    orders: tuple[Order, ...],
    offers: Iterable[Offer],
    inputs: DayInputs,
    rows: Mapping[PointId, int],
) -> Iterable[Halt]:
    """
    The same `orders`, of one halt, at each of the points to which their household would bring them.

    `offers` are those of each of the orders; `rows` are the points' rows of the matrices. None at a
    point that is not open in time.
    """
    for offer in offers:
        hours = offer.point.hours
        windows = brought_to_point(orders[0], inputs, hours, walk_s=offer.walk_s)
        for order in orders[1:]:
            windows = common(windows, brought_to_point(order, inputs, hours, walk_s=offer.walk_s))
        trucks = trucks_of(orders[0], inputs)
        if not windows or windows[0].earliest_s > trucks[-1].due_s:
            continue
        group = _Group(
            orders=orders,
            windows=windows,
            trucks=trucks,
            skills=frozenset(word for order in orders for word in order.handling),
            offers=(),
        )
        cost_fen_per_km = inputs.fleet.depot.walk_cost_per_km_fen
        visit = _visit(
            group,
            rows[offer.point.point_id],
            inputs,
            # Fen a kilometre are thousandths of a fen a metre.
            cost=len(orders) * offer.walk_m * cost_fen_per_km,
        )
        yield Halt(spot_at(offer.point), orders, visit, offer.walk_m)


def by_departure(halt: Halt, inputs: DayInputs, shifts: Window) -> tuple[Halt, ...]:
    """
    The halt once for each truck that its orders may take, at the price of all of them, earliest first.

    Left out are trucks that no trip within `shifts`, the first leaving and the last return of all couriers, can
    make, and those that another one is as good as: later at no higher price, or earlier where nobody is
    on the road between the two. At least one is left.
    """
    trucks = trucks_of(halt.orders[0], inputs)
    if len(trucks) > 1:
        begins_s = max(halt.visit.windows[0].earliest_s, shifts.earliest_s)
        trucks = tuple(each for each in trucks if each.due_s >= begins_s) or trucks[-1:]
    kept: list[Truck] = []
    for truck in reversed(trucks):
        if kept and truck.due_s >= shifts.latest_s:
            kept[-1] = truck
        elif not kept or truck.cost_fen < kept[-1].cost_fen:
            kept.append(truck)
    return tuple(
        replace(
            halt,
            visit=replace(
                halt.visit,
                due_s=truck.due_s,
                cost=halt.visit.cost + len(halt.orders) * truck.cost_fen * MILLIFEN,
            ),
        )
        for truck in reversed(kept)
    )


def _joined(group: _Group, alone: _Group, inputs: DayInputs) -> _Group | None:
    joint, other = group.orders[0].joint, alone.orders[0].joint
    if (joint and joint.joint_id) != (other and other.joint_id):
        return None
    gathered = [each.orders[0].gathered_m is not None for each in (group, alone)]
    if any(gathered):
        if not all(gathered):
            return None
        # They are ready, open and due at the same moments: `joints.as_joined` has seen to it.
        return replace(
            group, orders=group.orders + alone.orders, skills=group.skills | alone.skills
        )
    if (group.trucks, group.skills, group.offers, group.company) != (
        alone.trucks,
        alone.skills,
        alone.offers,
        alone.company,
    ):
        return None
    if _misses(group.orders[0], inputs) != _misses(alone.orders[0], inputs):
        return None
    windows = common(group.windows, alone.windows)
    if length_s(windows, group.trucks[0].due_s) < MERGE_WINDOW_S:
        return None
    joined = replace(group, orders=group.orders + alone.orders, windows=windows)
    fleet = inputs.fleet
    apart, together = (group.loads, alone.loads), joined.loads
    could_come = {
        courier.model_id for courier in fleet.couriers.values() if joined.skills <= courier.skills
    }
    for model in (fleet.models[each] for each in could_come):
        if any(_fits(loads, model) for loads in apart) and not _fits(together, model):
            return None
    return joined


def _misses(order: Order, inputs: DayInputs) -> object:
    """What orders must share where windows may be missed, so that a halt misses the same of all."""
    softness = softness_of(order, inputs)
    return softness and (softness, order.windows, order.told)


def _fits(loads: Sequence[int], model: VehicleModel) -> bool:
    return all(
        limit is None or load <= limit for load, limit in zip(loads, model.capacities, strict=True)
    )


def _visit(group: _Group, row: int, inputs: DayInputs, *, cost: int = 0) -> Visit:
    depot = inputs.fleet.depot
    return Visit(
        place=row,
        service_s=group.loads[2] * depot.service_per_piece_s,
        loads=group.loads,
        windows=group.windows,
        unload_s=group.loads[2] * depot.unload_per_piece_s,
        due_s=group.trucks[0].due_s,
        skills=group.skills,
        unserved_cost=len(group.orders) * depot.unserved_cost_fen * MILLIFEN,
        cost=cost,
    )
