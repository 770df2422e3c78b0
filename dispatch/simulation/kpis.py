"""The figures of a simulated day: a pure function of what happened and of what had been announced."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.blame import Move, unforced, unforced_moves
from dispatch.simulation.log import (
    Arrived,
    Asked,
    Begun,
    Brought,
    Collected,
    Docked,
    Left,
    Log,
    NotCollected,
    Out,
    TakenBack,
)
from dispatch.simulation.promises import Ledger, Promised
from dispatch.simulation.telling import Announced
from dispatch.simulation.truth import Scene

MOVED_S: Final = 15 * 60
"""An announced moment that changes by less is not noticed. Chosen."""


class Fate(StrEnum):
    """What became of an order; each has exactly one."""

    DELIVERED = "delivered"
    """On the truck that it had to catch."""
    TOO_LATE = "too-late"
    """Picked up, and at the depot only after its truck had left."""
    FAILED = "failed"
    """A courier stood at the door, and could not have it."""
    TAKEN_BACK = "taken-back"
    LEFT_BEHIND = "left-behind"
    """Nobody came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`trucks_s` are the moments until which each order must be at the depot, as trucks left in truth."""

    scene: Scene
    orders: Mapping[OrderId, Order]
    trucks_s: Mapping[OrderId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """
    The figures of one day. None: there was nothing to count.

    on_time_pct
        Delivered, and begun within the stated windows; of all orders that were neither taken back nor
        failed at the door.
    promises_kept_pct
        Of the promises to orders that were not taken back before somebody came.
    broken_unforced
        Promises broken although the world did not force it (see `blame`): must be 0.
    cut_offs_missed
        Orders that were picked up and missed their truck.
    paid_fen
        What the couriers' day cost: vehicles, kilometres, hours, overtime of the depot's price.
    overtime_s
        Beyond the ends of shifts, all couriers together.
    courier_changes_pct, order_changes_pct, time_changes_pct
        Of 100 announced orders: how often a new version had another courier come, another order before it, or
        the pickup begin 15 minutes earlier or later.
    courier_changes_unforced_pct
        Of 100 announced orders: those changes of courier that the world did not force (see `blame`).
    event_to_plan_p50_s, event_to_plan_p99_s
        From a fact that asks for a new plan to the version that answers it: simulated seconds until the policy
        acted, and real seconds of computing.
    fairness_gini
        Of the hours of couriers who drove and did not drop out: 0, all the same.
    """

    fates: Mapping[Fate, int]
    on_time_pct: float | None
    promised: int
    promises_kept_pct: float | None
    broken_unforced: int
    cut_offs_missed: int
    parcels: int
    paid_fen: int
    cost_fen_per_parcel: float | None
    distance_m: int
    m_per_parcel: float | None
    overtime_s: int
    versions: int
    courier_changes_pct: float | None
    courier_changes_unforced_pct: float | None
    order_changes_pct: float | None
    time_changes_pct: float | None
    event_to_plan_p50_s: float | None
    event_to_plan_p99_s: float | None
    fairness_gini: float | None


def kpis_of(judged: Judged, log: Log) -> Kpis:
    fates = fates_of(judged, log)
    counted, begun_s = Counter(fates.values()), _begun_s(log)
    wanted = [each for each in fates if fates[each] not in (Fate.TAKEN_BACK, Fate.FAILED)]
    on_time = [
        each
        for each in wanted
        if fates[each] is Fate.DELIVERED and _in_window(judged, each, begun_s[each])
    ]
    due, broken = _promises(judged, log, fates)
    at_depot = {
        order_id
        for entry in log.entries
        if isinstance(entry, Docked | Brought)
        for order_id in entry.order_ids
    }
    parcels = sum(
        entry.pieces
        for entry in log.entries
        if isinstance(entry, Collected) and entry.order_id in at_depot
    )
    shifts = [_shift(judged.scene, log, each) for each in judged.scene.fleet.couriers]
    paid_fen = sum(each.paid_fen for each in shifts)
    distance_m = sum(each.distance_m for each in shifts)
    moves, sequence, times = changes_of(log)
    announced = len({order for each in log.announced for order, _ in _begins(each)})
    waits_s = sorted(
        each.at_s - heard_s + each.computing_s for each in log.settled for heard_s in each.heard_s
    )
    return Kpis(
        fates={each: counted[each] for each in Fate},
        on_time_pct=_pct(len(on_time), len(wanted)),
        promised=len(due),
        promises_kept_pct=_pct(len(due) - len(broken), len(due)),
        broken_unforced=len(unforced(judged.scene, log, broken)),
        cut_offs_missed=counted[Fate.TOO_LATE],
        parcels=parcels,
        paid_fen=paid_fen,
        cost_fen_per_parcel=paid_fen / parcels if parcels else None,
        distance_m=distance_m,
        m_per_parcel=distance_m / parcels if parcels else None,
        overtime_s=sum(each.overtime_s for each in shifts),
        versions=len(log.announced),
        courier_changes_pct=_pct(len(moves), announced),
        courier_changes_unforced_pct=_pct(unforced_moves(judged.scene, log, moves), announced),
        order_changes_pct=_pct(sequence, announced),
        time_changes_pct=_pct(times, announced),
        event_to_plan_p50_s=_percentile(waits_s, 50),
        event_to_plan_p99_s=_percentile(waits_s, 99),
        fairness_gini=_gini([each.paid_s for each in shifts if each.paid_s and not each.is_out]),
    )


def fates_of(judged: Judged, log: Log) -> dict[OrderId, Fate]:
    """What became of every order that was asked for."""
    fates: dict[OrderId, Fate] = {}
    for entry in log.entries:
        match entry:
            case Asked(order_id=order_id):
                fates[order_id] = Fate.LEFT_BEHIND
            case TakenBack(order_id=order_id):
                fates[order_id] = Fate.TAKEN_BACK
            case NotCollected(order_id=order_id):
                fates[order_id] = Fate.FAILED
            case Collected(order_id=order_id):
                fates[order_id] = Fate.TOO_LATE
            case Docked(order_ids=order_ids) | Brought(order_ids=order_ids):
                for order_id in order_ids:
                    if entry.at_s <= judged.trucks_s[order_id]:
                        fates[order_id] = Fate.DELIVERED
            case _:
                pass
    return fates


def _begun_s(log: Log) -> dict[OrderId, int]:
    """When somebody first stood at the door of each order."""
    begun: dict[OrderId, int] = {}
    for entry in log.entries:
        if isinstance(entry, Begun):
            for order_id in entry.order_ids:
                begun.setdefault(order_id, entry.at_s)
    return begun


def _in_window(judged: Judged, order_id: OrderId, begun_s: int) -> bool:
    windows = judged.orders[order_id].windows
    clock = judged.scene.clock
    return not windows or begun_s <= max(clock.seconds(each.latest_at) for each in windows)


def _promises(
    judged: Judged, log: Log, fates: Mapping[OrderId, Fate]
) -> tuple[list[Promised], list[Promised]]:
    """
    The promises that had to be kept, and those of them that were not.

    A household that gives up a parcel earlier than it was told for it was there for another one, as it was told for that.
    """
    ledger = Ledger(judged.scene)
    for announced in log.announced:
        ledger.take(announced)
    begun_s = _begun_s(log)
    told: dict[str, list[Promised]] = {}
    for each in ledger.made.values():
        told.setdefault(judged.orders[each.order_id].household_id or each.order_id, []).append(each)

    def is_kept(promised: Promised) -> bool:
        begin_s = begun_s.get(promised.order_id)
        if begin_s is None or promised.latest_s < begin_s:
            return False
        household = judged.orders[promised.order_id].household_id or promised.order_id
        return promised.earliest_s <= begin_s or any(
            each.at_s <= begin_s and each.is_kept_by(begin_s) for each in told[household]
        )

    due = [each for each in ledger.made.values() if fates.get(each.order_id) is not Fate.TAKEN_BACK]
    return due, [each for each in due if not is_kept(each)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shift:
    paid_s: int
    paid_fen: int
    distance_m: int
    overtime_s: int
    is_out: bool


def _shift(scene: Scene, log: Log, courier_id: CourierId) -> _Shift:
    mine = [
        each
        for each in log.entries
        if isinstance(each, Left | Arrived | Docked | Out) and each.courier_id == courier_id
    ]
    is_out = any(isinstance(each, Out) for each in mine)
    if not any(isinstance(each, Left) for each in mine):
        return _Shift(paid_s=0, paid_fen=0, distance_m=0, overtime_s=0, is_out=is_out)
    model, depot = scene.model(courier_id), scene.fleet.depot
    distance_m = sum(each.distance_m for each in mine if isinstance(each, Arrived))
    paid_s = mine[-1].at_s - next(each.at_s for each in mine if isinstance(each, Left))
    dear_from_s = scene.fleet.overtime_after_s(scene.fleet.couriers[courier_id])
    dear_s = 0 if dear_from_s is None else max(0, paid_s - dear_from_s)
    paid_fen = (
        model.fixed_cost_fen
        + distance_m * model.cost_per_km_fen / 1000
        + paid_s * model.cost_per_hour_fen / 3600
        + dear_s * depot.overtime_cost_per_hour_fen / 3600
    )
    ends_s = scene.shift_s(scene.fleet.couriers[courier_id])[1]
    return _Shift(
        paid_s=paid_s,
        paid_fen=round(paid_fen),
        distance_m=distance_m,
        overtime_s=max(0, mine[-1].at_s - ends_s),
        is_out=is_out,
    )


def changes_of(log: Log) -> tuple[list[Move], int, int]:
    """Where a version changed courier, and how often predecessor and moment, of an announced order that was still open."""
    moves: list[Move] = []
    sequence = times = 0
    for before, after in pairwise(log.announced):
        over = _over_by(log, after.at_s)
        old, new = dict(_begins(before)), dict(_begins(after))
        both = {each for each in old if each in new and each not in over}
        moves += (
            Move(after.version, old[each][0]) for each in both if old[each][0] != new[each][0]
        )
        times += sum(abs(old[each][1] - new[each][1]) > MOVED_S for each in both)
        earlier, later = (dict(_before(version, both)) for version in (before, after))
        sequence += sum(
            earlier[each] != later[each] for each in both if old[each][0] == new[each][0]
        )
    return moves, sequence, times


def _over_by(log: Log, at_s: int) -> set[OrderId]:
    over: set[OrderId] = set()
    for entry in log.entries:
        if entry.at_s > at_s:
            break
        if isinstance(entry, Begun):
            over.update(entry.order_ids)
        elif isinstance(entry, TakenBack):
            over.add(entry.order_id)
    return over


def _begins(announced: Announced) -> Iterator[tuple[OrderId, tuple[CourierId, int]]]:
    for courier_id, handed in announced.routes.items():
        for stop in handed.stops:
            for order_id in stop.order_ids:
                yield order_id, (courier_id, stop.begin_s)


def _before(
    announced: Announced, counted: Iterable[OrderId]
) -> Iterator[tuple[OrderId, frozenset[OrderId]]]:
    """For each counted order the counted ones of the stop before."""
    counted = set(counted)
    for handed in announced.routes.values():
        last: frozenset[OrderId] = frozenset()
        for stop in handed.stops:
            here = counted.intersection(stop.order_ids)
            for order_id in here:
                yield order_id, last
            if here:
                last = frozenset(here)


def _pct(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The least value that so many per cent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def _gini(values: Sequence[int]) -> float | None:
    """Mean difference of two, over twice the mean."""
    if not values:
        return None
    ordered, total = sorted(values), sum(values)
    weighted = sum((2 * rank - len(ordered) - 1) * each for rank, each in enumerate(ordered, 1))
    return weighted / (len(ordered) * total)
