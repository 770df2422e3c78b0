"""Clashes 矛盾: facts of a day that cannot all hold, found before anything is searched, with the fewest that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.fleet import Courier, Fleet
from dispatch.households import PointId
from dispatch.inputs import DayInputs
from dispatch.joints import INCOMPLETE, blocked_by, rules_of
from dispatch.offers import is_open_for
from dispatch.orders import JointId, JointRule, Order
from dispatch.posing import Posed
from dispatch.shortfalls import Clash, ClashCode, Unserved
from dispatch.why_not import REASON_WORDS
from routing.matrix import UNREACHABLE
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Solution

_IMPOSSIBLE: Final = frozenset(
    {
        Reason.NO_VEHICLE,
        Reason.SKILL_MISSING,
        Reason.TOO_HEAVY,
        Reason.UNREACHABLE,
        Reason.RANGE_TOO_SHORT,
        Reason.WINDOW_CANNOT_BE_MET,
    }
)
"""Reasons that hold whatever else is driven."""


def without_impossible(inputs: DayInputs) -> DayInputs:
    """The day without couriers whose break is longer than their shift: nobody can drive so."""
    couriers = {
        key: each for key, each in inputs.fleet.couriers.items() if not _longest_break(each, inputs)
    }
    if len(couriers) == len(inputs.fleet.couriers):
        return inputs
    return replace(inputs, fleet=replace(inputs.fleet, couriers=couriers))


def clashes_in(inputs: DayInputs, posed: Posed) -> tuple[Clash, ...]:
    """
    Those of `inputs`, which `posed` states without what is impossible; each with the fewest facts that show it.

    What clashes with nothing else is planned all the same.
    """
    return (
        *_breaks(inputs),
        *_points(inputs),
        *_swaps(inputs.fleet, posed),
        *_ranges(inputs.fleet, posed),
        *_joints(inputs, posed),
    )


def _longest_break(courier: Courier, inputs: DayInputs) -> int | None:
    """The seconds of its longest break, if that is longer than the shift."""
    starts_s, ends_s = inputs.clock.span_of(courier.shift_starts, courier.shift_ends)
    longest_s = max((each.duration_s for each in courier.breaks), default=0)
    return longest_s if longest_s > ends_s - starts_s else None


def _breaks(inputs: DayInputs) -> Iterator[Clash]:
    for courier in inputs.fleet.couriers.values():
        longest_s = _longest_break(courier, inputs)
        if longest_s is not None:
            yield Clash(
                code=ClashCode.BREAK_LONGER_THAN_SHIFT,
                detail=(
                    f"courier {courier.courier_id} has a break of {longest_s // 60} min in a shift from "
                    f"{courier.shift_starts:%H:%M} to {courier.shift_ends:%H:%M}, and drives nothing: "
                    "shorten the break or lengthen the shift"
                ),
                courier_ids=(courier.courier_id,),
            )


def _points(inputs: DayInputs) -> Iterator[Clash]:
    waiting: dict[PointId, list[Order]] = {}
    for order in inputs.orders:
        if order.point_id is not None:
            waiting.setdefault(order.point_id, []).append(order)
    couriers = inputs.fleet.couriers.values()
    for point_id, orders in waiting.items():
        point = inputs.registry.points.get(point_id)
        if point is None or not couriers or any(is_open_for(point, each) for each in couriers):
            continue
        hours = ", ".join(f"{each.opens:%H:%M}-{each.closes:%H:%M}" for each in point.hours)
        yield Clash(
            code=ClashCode.POINT_NEVER_OPEN,
            detail=(
                f"{len(orders)} orders wait at point {point_id}, which is open {hours}, and no courier's "
                "shift is then: correct its hours or the shifts"
            ),
            point_id=point_id,
            order_ids=tuple(each.order_id for each in orders),
        )


def _swaps(fleet: Fleet, posed: Posed) -> Iterator[Clash]:
    """Swaps to which no vehicle that may use them finds a road."""
    for number, told in enumerate(fleet.swaps):
        couriers = [each for each in posed.couriers if number in fleet.swaps_of(each.model_id)]
        row = posed.problem.swaps[number].place
        profiles = {fleet.models[each.model_id].profile for each in couriers}
        if couriers and not any(posed.snaps[each][row] for each in profiles):
            yield Clash(
                code=ClashCode.SWAP_OFF_ROAD,
                detail=(
                    f"swap {told.swap_id} lies far from any road that its vehicles may use, and nobody "
                    "comes there: correct its lon and lat"
                ),
            )


def _comes_back(metres: NDArray[np.int32], row: int, range_m: int, swaps: Iterable[int]) -> bool:
    """Whether a vehicle can drive from the depot to a row and back, with a swap on either way or without."""

    def driven(begun_m: int, origin: int, end: int) -> int:
        """The least that is driven on one charge at the end; beyond the range if it cannot be."""
        ways = [begun_m + int(metres[origin, end])]
        ways += [
            int(metres[each, end])
            for each in swaps
            if begun_m + int(metres[origin, each]) <= range_m
        ]
        return min(ways)

    return driven(driven(0, 0, row), row, 0) <= range_m


def _ranges(fleet: Fleet, posed: Posed) -> Iterator[Clash]:
    """Models whose vehicles come to no stop and back, however they swap on the way."""
    places = {halt.visit.place: halt for halt in reversed(posed.halts) if halt.orders}
    for model_id in {each.model_id: None for each in posed.couriers}:
        range_m, cold = fleet.range_m(model_id), fleet.depot.cold_factor
        swaps = [posed.problem.swaps[each].place for each in fleet.swaps_of(model_id)]
        couriers = tuple(each.courier_id for each in posed.couriers if each.model_id == model_id)
        vehicle = next(
            vehicle
            for courier, vehicle in zip(posed.couriers, posed.problem.vehicles, strict=True)
            if courier.model_id == model_id
        )
        metres = posed.problem.matrices[vehicle.matrix].distances_m
        reached = [
            (int(metres[0, row]) + int(metres[row, 0]), row)
            for row in places
            if max(int(metres[0, row]), int(metres[row, 0])) < UNREACHABLE
        ]
        if range_m is None or not reached:
            continue
        if any(_comes_back(metres, row, range_m, swaps) for _, row in reached):
            continue
        nearest_m, row = min(reached)
        order = places[row].orders[0]
        yield Clash(
            code=ClashCode.RANGE_BELOW_NEAREST_STOP,
            detail=(
                f"vehicles of model {model_id} go {range_m / 1000:.1f} km"
                f"{'' if cold == 1 else f', at a cold_factor of {cold:g}'}, and the nearest stop, order "
                f"{order.order_id}, is {nearest_m / 1000:.1f} km there and back"
                f"{', with no swap near enough' if swaps else ''}: correct range_km"
                f"{'' if cold == 1 else ' or cold_factor'} or give its couriers another model"
            ),
            courier_ids=couriers,
            order_ids=(order.order_id,),
        )


def _joints(inputs: DayInputs, posed: Posed) -> Iterator[Clash]:
    """Joint orders that are picked up whole or not at all, with a member that nobody could pick up on an empty day."""
    rules = rules_of(inputs.orders)
    whole = {each for each, asked in rules.items() if JointRule.ALL_OR_NOTHING in asked}
    joint_of = {each.order_id: each.joint.joint_id for each in inputs.orders if each.joint}
    named: set[JointId] = set()
    for left in posed.unserved:
        joint_id = joint_of.get(left.order_id)
        if joint_id is None or joint_id not in whole or joint_id in named:
            continue
        if left.reason != INCOMPLETE:
            named.add(joint_id)
            yield _member(joint_id, left)
    visits = [
        number
        for number, halt in enumerate(posed.halts)
        if halt.joint_id in whole and halt.joint_id not in named
    ]
    if not visits:
        return
    nothing = Solution(routes=(), unserved=tuple(visits), cost=0)
    alone = why_unserved(posed.problem, nothing)
    ways: dict[tuple[Order, ...], list[int]] = {}
    for number in visits:
        ways.setdefault(posed.halts[number].orders, []).append(number)
    for orders, numbers in ways.items():
        joint_id, reasons = posed.halts[numbers[0]].joint_id, {alone[each] for each in numbers}
        if joint_id is None or joint_id in named or not reasons <= _IMPOSSIBLE:
            continue
        named.add(joint_id)
        nearest = max(reasons, key=list(Reason).index)
        yield _member(
            joint_id,
            Unserved(
                order_id=orders[0].order_id, reason=nearest.value, detail=REASON_WORDS[nearest]
            ),
        )


def _member(joint_id: JointId, left: Unserved) -> Clash:
    return Clash(
        code=ClashCode.JOINT_MEMBER_IMPOSSIBLE,
        detail=blocked_by(joint_id, left),
        joint_id=joint_id,
        order_ids=(left.order_id,),
    )
