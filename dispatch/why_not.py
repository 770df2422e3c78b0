"""Why not: the reason and the remedies of each order that a solution leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from dispatch.halts import Halt, left_out
from dispatch.inputs import DayInputs
from dispatch.joints import blocked_by
from dispatch.orders import JointId, Order
from dispatch.posing import Posed
from dispatch.remedies import remedies_of
from dispatch.shortfalls import Unserved
from routing.vrp.reasons import Reason, why_unserved
from routing.vrp.solution import Solution

REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.NO_VEHICLE: "there is no vehicle",
    Reason.SKILL_MISSING: "no courier has all the skills that the goods ask for",
    Reason.TOO_HEAVY: "more than any vehicle holds",
    Reason.UNREACHABLE: "no road leads there and back for any vehicle that could take it",
    Reason.RANGE_TOO_SHORT: "farther than any vehicle's range, there and back",
    Reason.WINDOW_CANNOT_BE_MET: "no shift can be there in time and back before the truck leaves",
    Reason.NO_CAPACITY_LEFT: "the vehicles that could come are full",
    Reason.NO_RANGE_LEFT: "the vehicles that could come have no range left",
    Reason.NO_TIME_LEFT: "the couriers who could come have no time left",
    Reason.JOINT_INCOMPLETE: "it could be picked up, but not together with the others of its joint order",
    Reason.DOCKS_BUSY: "it could be picked up, but then so many would wait at the docks that others are late, or it costs more than leaving it",
    Reason.NOT_WORTH_IT: "fetching it costs more than leaving it",
    Reason.OVERLOOKED: "there was room, but the search ended before it was used: plan longer",
}


def left_without(posed: Posed, solution: Solution, inputs: DayInputs) -> Iterable[Unserved]:
    """
    Each order once: of its places and trucks, the one that came nearest to working gives reason and
    remedies; of several as near the one with the latest truck, so that only trucks not allowed are remedies.
    """
    reasons = why_unserved(posed.problem, solution)
    removed_first = list(Reason)

    def nearness(visit: int) -> tuple[int, int]:
        return removed_first.index(reasons[visit]), posed.problem.visits[visit].due_s or 0

    nearest: dict[tuple[Order, ...], int] = {}
    for visit in solution.unserved:
        orders = posed.halts[visit].orders
        if posed.halts[visit].drops is not None:
            continue  # told with the visit that picks it up
        known = nearest.setdefault(orders, visit)
        if nearness(visit) > nearness(known):
            nearest[orders] = visit
    told = {visit: reasons[visit] for visit in nearest.values()}
    remedies = remedies_of(posed, solution, told, inputs)
    # Of a joint order the member that stands in the way is named with the others.
    blocking: dict[JointId, Unserved] = {}
    left: list[tuple[Halt, Unserved]] = []
    for orders, visit in nearest.items():
        halt = posed.halts[visit]
        for order in orders:
            told_so = left_out(
                order, reasons[visit].value, REASON_WORDS[reasons[visit]], halt.spot.place
            )
            left.append((halt, replace(told_so, remedies=remedies[visit])))
            if halt.joint_id is not None and reasons[visit] is not Reason.JOINT_INCOMPLETE:
                blocking.setdefault(halt.joint_id, told_so)
    for halt, each in left:
        other = None if halt.joint_id is None else blocking.get(halt.joint_id)
        whole = any(posed.problem.joints[joint].all_or_nothing for joint in halt.visit.joints)
        if each.reason == Reason.JOINT_INCOMPLETE and other is not None and whole:
            yield replace(each, detail=blocked_by(halt.joint_id, other))
        else:
            yield each
