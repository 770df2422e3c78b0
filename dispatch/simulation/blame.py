"""Blame: which broken promises were the world's doing, and which those of a plan that could have kept them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.foreseeing import foresee
from dispatch.simulation.known import Known
from dispatch.simulation.log import Log
from dispatch.simulation.promises import Ledger, Promised
from dispatch.simulation.telling import Announced, HandedTrip
from dispatch.simulation.truth import Scene

TOLERANCE_S: Final = 120
"""A plan that breaks a promise by less is not blamed: it may count breaks and seconds otherwise. Chosen."""


def unforced(scene: Scene, log: Log, broken: Iterable[Promised]) -> frozenset[OrderId]:
    """
    Of the broken promises those that the world did not force.

    A promise is the policy's own to answer for if the version that made it could not keep it, or if a later
    one gave it up: it was foreseen to be kept under the version before, and no longer under this. Foreseen
    means from all that had been heard by then, with planned drives and doors. O(versions · broken · stops).
    """
    known, ledger = Known(scene), Ledger(scene)
    open_promises = {each.order_id: each for each in broken}
    found: set[OrderId] = set()
    before: Announced | None = None
    position = 0
    for number, announced in enumerate(log.announced):
        while position < len(log.heard) and log.heard[position].announced <= number:
            known.hear(log.heard[position].fact)
            position += 1
        ledger.take(announced)
        new = _Outlook(scene, known, ledger, announced)
        old = None if before is None else _Outlook(scene, known, ledger, before, announced.at_s)
        for order_id, promised in list(open_promises.items()):
            if promised.version > announced.version:
                continue
            if order_id not in known.orders:
                del open_promises[order_id]
                continue
            begin_s = new.begin_s(order_id)
            if begin_s is not None and begin_s <= promised.latest_s + TOLERANCE_S:
                continue
            could_s = promised.earliest_s
            if promised.version < announced.version:
                assert old is not None, "the promise was made by an earlier version"
                could = old.begin_s(order_id)
                if could is None:
                    continue
                could_s = could
            if could_s <= promised.latest_s:
                found.add(order_id)
                del open_promises[order_id]
        before = announced
    return frozenset(found)


class _Outlook:
    """When each order would be begun under a version, seen from the moment at which it, or the next, is announced."""

    def __init__(
        self,
        scene: Scene,
        known: Known,
        ledger: Ledger,
        announced: Announced,
        now_s: int | None = None,
    ) -> None:
        self._scene, self._known, self._announced = scene, known, announced
        self._now_s = announced.at_s if now_s is None else now_s
        self._ledger = ledger
        self._courier_of = {
            order_id: courier_id
            for courier_id, handed in announced.routes.items()
            for stop in handed.stops
            for order_id in stop.order_ids
        }
        self._begins_s: dict[CourierId, Mapping[OrderId, int]] = {}

    def begin_s(self, order_id: OrderId) -> int | None:
        """None: nobody would come."""
        courier_id = self._courier_of.get(order_id)
        if courier_id is None or courier_id not in self._known.standings:
            return None
        if courier_id not in self._begins_s:
            self._begins_s[courier_id] = self._foreseen(courier_id)
        return self._begins_s[courier_id].get(order_id)

    def _foreseen(self, courier_id: CourierId) -> Mapping[OrderId, int]:
        standing = self._known.at(courier_id, self._now_s)
        earliest_s = {each.order_id: each.earliest_s for each in self._ledger.made.values()}
        trips = self._announced.routes[courier_id].trips
        return foresee(
            self._scene,
            courier_id,
            standing,
            _from_present(trips, standing.on_board) if standing.is_away else trips,
            self._known.orders,
            earliest_s,
            now_s=self._now_s,
        ).begins_s


def _from_present(
    trips: tuple[HandedTrip, ...], on_board: Iterable[OrderId]
) -> tuple[HandedTrip, ...]:
    """The trips from the one that holds what is on board; all of them, if none does."""
    carried = set(on_board)
    for number, trip in enumerate(trips):
        if any(carried.intersection(stop.order_ids) for stop in trip.stops):
            return trips[number:]
    return trips
