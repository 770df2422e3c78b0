"""Halts: where and when orders are picked up, and which of them share one visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.fleet import VehicleModel
from dispatch.households import PointId, Registry
from dispatch.inputs import DayInputs
from dispatch.orders import Order
from dispatch.plan import StopKind, Unserved
from routing.places import Place
from routing.vrp.problem import Visit, Window

MERGE_WINDOW_S: Final = 3600
"""Orders of one door share a halt only if at least this much common time is left for it, so that
merging never makes a day tighter than its orders. Chosen, not measured."""

MILLIFEN: Final = 1000
"""The solver counts in thousandths of a fen, so that fen per kilometre are whole units per metre."""

DAY_S: Final = 30 * 3600
"""A depot-day ends here at the latest: shifts may run past midnight."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an order is picked up, by the rule of `Order`."""

    kind: StopKind
    place: Place
    title: str
    village: str
    point_id: PointId | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Orders of one spot that become one visit."""

    spot: Spot
    orders: tuple[Order, ...]
    visit: Visit


def left_out(order: Order, reason: str, detail: str, place: Place | None = None) -> Unserved:
    """`order` in no route, for the lasting code `reason`."""
    return Unserved(order_id=order.order_id, reason=reason, detail=detail, place=place)


def spot_of(order: Order, registry: Registry) -> Spot | Unserved:
    """Where `order` is picked up, or why nobody can know."""
    if order.unclear:
        return left_out(order, "address-unclear", "nobody has said which place its address means")
    if order.point_id is not None:
        point = registry.points.get(order.point_id)
        if point is None:
            return left_out(order, "point-unknown", f"no collection point {order.point_id}")
        return Spot(StopKind.POINT, point.place, point.name, point.village, point.point_id)
    household = None if order.household_id is None else registry.households.get(order.household_id)
    if order.place is not None:
        village = "" if household is None else household.village
        return Spot(StopKind.PLACE, order.place, village or order.order_id, village)
    if household is None:
        what = (
            "no household or place"
            if order.household_id is None
            else (f"no household {order.household_id} in the registry")
        )
        return left_out(order, "household-unknown", what)
    if household.place is None:
        return left_out(
            order, "place-unknown", f"household {household.household_id} has no coordinates yet"
        )
    title = f"{household.village} {household.household_id}".strip()
    return Spot(StopKind.HOUSEHOLD, household.place, title, household.village)


def _windows(order: Order, spot: Spot, inputs: DayInputs) -> tuple[Window, ...]:
    """When service may begin: ready, inside the household's windows and the point's hours."""
    clock = inputs.clock
    ready_s = 0 if order.ready_at is None else max(0, clock.seconds(order.ready_at))
    windows: tuple[Window, ...] = (Window(ready_s, DAY_S),) if ready_s <= DAY_S else ()
    if order.windows:
        stated = (
            Window(clock.seconds(each.earliest_at), clock.seconds(each.latest_at))
            for each in order.windows
        )
        windows = _intersection(windows, stated)
    if spot.point_id is not None:
        hours = inputs.registry.points[spot.point_id].hours
        if hours:
            opened = (
                Window(clock.seconds_of(each.opens), clock.seconds_of(each.closes))
                for each in hours
            )
            windows = _intersection(windows, opened)
    return windows


def _intersection(left: Iterable[Window], right: Iterable[Window]) -> tuple[Window, ...]:
    """The moments in both, sorted; windows that touch become one."""
    right = tuple(right)
    common = sorted(
        (max(a.earliest_s, b.earliest_s), min(a.latest_s, b.latest_s)) for a in left for b in right
    )
    joined: list[Window] = []
    for earliest_s, latest_s in common:
        if earliest_s > latest_s:
            continue
        if joined and earliest_s <= joined[-1].latest_s:
            joined[-1] = Window(joined[-1].earliest_s, max(joined[-1].latest_s, latest_s))
        else:
            joined.append(Window(earliest_s, latest_s))
    return tuple(joined)


def _length_s(windows: Iterable[Window], until_s: int) -> int:
    return sum(max(0, min(each.latest_s, until_s) - each.earliest_s) for each in windows)


def _due_s(order: Order, inputs: DayInputs) -> int:
    """The truck that the order must catch: its own cut-off, or the depot's last departure."""
    clock, depot = inputs.clock, inputs.fleet.depot
    last_s = clock.seconds_of(depot.departures[-1]) if depot.departures else DAY_S
    return last_s if order.cut_off_at is None else min(last_s, clock.seconds(order.cut_off_at))


@dataclass(frozen=True, slots=True)
class _Group:
    """Orders of one spot with the common time in which all of them can be picked up at once."""

    orders: tuple[Order, ...]
    windows: tuple[Window, ...]
    due_s: int
    skills: frozenset[str]

    @property
    def loads(self) -> tuple[int, int, int]:
        return (
            sum(order.weight_g for order in self.orders),
            sum(order.volume_ml for order in self.orders),
            sum(order.pieces for order in self.orders),
        )


def halts_at(
    spot: Spot, orders: Sequence[Order], inputs: DayInputs, *, row: int, walk_s: int
) -> Iterable[Halt | Unserved]:
    """
    Group one spot's orders into halts, greedily by time of readiness.

    Merged orders share truck and skills, keep MERGE_WINDOW_S of common time, and together still
    fit every vehicle that each of them fits: merging never costs a vehicle that could have come.
    """
    groups: list[_Group] = []
    for order in sorted(orders, key=lambda each: (_ready_key(each, inputs), each.order_id)):
        windows = _windows(order, spot, inputs)
        due_s = _due_s(order, inputs)
        if not windows or windows[0].earliest_s > due_s:
            yield left_out(
                order,
                "no-common-time",
                "ready time, windows, opening hours and cut-off leave no moment for the pickup",
                spot.place,
            )
            continue
        alone = _Group((order,), windows, due_s, frozenset(order.handling))
        for index, group in enumerate(groups):
            joined = _joined(group, alone, inputs)
            if joined is not None:
                groups[index] = joined
                break
        else:
            groups.append(alone)
    for group in groups:
        yield _halt(group, spot, row, walk_s, inputs)


def _ready_key(order: Order, inputs: DayInputs) -> int:
    return 0 if order.ready_at is None else inputs.clock.seconds(order.ready_at)


def _joined(group: _Group, alone: _Group, inputs: DayInputs) -> _Group | None:
    if group.due_s != alone.due_s or group.skills != alone.skills:
        return None
    windows = _intersection(group.windows, alone.windows)
    if _length_s(windows, group.due_s) < MERGE_WINDOW_S:
        return None
    joined = _Group(group.orders + alone.orders, windows, group.due_s, group.skills)
    fleet = inputs.fleet
    for courier in fleet.couriers.values():
        model = fleet.models[courier.model_id]
        if joined.skills <= courier.skills and (
            (_fits(group, model) or _fits(alone, model)) and not _fits(joined, model)
        ):
            return None
    return joined


def _fits(group: _Group, model: VehicleModel) -> bool:
    limits = (model.capacity_weight_g, model.capacity_volume_ml, model.capacity_pieces)
    return all(
        limit is None or load <= limit for load, limit in zip(group.loads, limits, strict=True)
    )


def _halt(group: _Group, spot: Spot, row: int, walk_s: int, inputs: DayInputs) -> Halt:
    depot = inputs.fleet.depot
    pieces = group.loads[2]
    visit = Visit(
        place=row,
        service_s=depot.service_per_stop_s + pieces * depot.service_per_piece_s + walk_s,
        loads=group.loads,
        windows=group.windows,
        due_s=group.due_s,
        skills=group.skills,
        unserved_cost=len(group.orders) * depot.unserved_cost_fen * MILLIFEN,
    )
    return Halt(spot, group.orders, visit)
