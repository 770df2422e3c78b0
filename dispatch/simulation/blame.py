"""Blame: which broken promises were the world's doing, and which those of a plan that could have kept them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.foreseeing import Foreseen, foresee
from dispatch.simulation.known import Known
from dispatch.simulation.log import Log
from dispatch.simulation.promises import Ledger, Promised
from dispatch.simulation.telling import Announced, HandedTrip
from dispatch.simulation.truth import Scene

TOLERANCE_S: Final = 120
"""A plan that breaks a promise by less is not blamed: it may count breaks and seconds otherwise. Chosen."""


@dataclass(frozen=True, slots=True)
class Move:
    """An announced order that this version takes from this courier to another one."""

    version: int
    courier_id: CourierId


def unforced(scene: Scene, log: Log, broken: Iterable[Promised]) -> frozenset[OrderId]:
    """
    Of the broken promises those that the world did not force.

    A promise is the policy's own to answer for if the version that made it could not keep it, or if a later
    one gave it up: it was foreseen to be kept under the version before, and no longer under this. Foreseen
    means from all that had been heard by then, with planned drives and doors. O(versions · broken · stops).
    """
    open_promises = {each.order_id: each for each in broken}
    found: set[OrderId] = set()
    for announced, old, new in _outlooks(scene, log):
        for order_id, promised in list(open_promises.items()):
            if promised.version > announced.version:
                continue
            if not new.is_open(order_id):
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
    return frozenset(found)


def unforced_moves(scene: Scene, log: Log, moves: Iterable[Move]) -> int:
    """
    Of the announced orders that went over to another courier, those that the world did not drive there.

    It did if the old courier was out, or was foreseen to be late for a promise or a truck under the version before.
    O(versions · stops).
    """
    moved: dict[int, list[CourierId]] = {}
    for each in moves:
        moved.setdefault(each.version, []).append(each.courier_id)
    count = 0
    for announced, old, _ in _outlooks(scene, log):
        if announced.version in moved:
            assert old is not None, "nothing moves in the first version"
            count += sum(not old.is_late(each) for each in moved[announced.version])
    return count


def _outlooks(scene: Scene, log: Log) -> Iterator[tuple[Announced, _Outlook | None, _Outlook]]:
    """
    Each version, with what was foreseen when it was announced: under the version before, and under itself.

    An outlook is good until the next one.
    """
    known, ledger = Known(scene), Ledger(scene)
    before: Announced | None = None
    position = 0
    for number, announced in enumerate(log.announced):
        while position < len(log.heard) and log.heard[position].announced <= number:
            known.hear(log.heard[position].fact)
            position += 1
        ledger.take(announced)
        old = None if before is None else _Outlook(scene, known, ledger, before, announced.at_s)
        yield announced, old, _Outlook(scene, known, ledger, announced)
        before = announced


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
        self._foreseen: dict[CourierId, Foreseen] = {}

    def is_open(self, order_id: OrderId) -> bool:
        return order_id in self._known.orders

    def begin_s(self, order_id: OrderId) -> int | None:
        """None: nobody would come."""
        courier_id = self._courier_of.get(order_id)
        if courier_id is None or courier_id not in self._known.standings:
            return None
        return self._of(courier_id).begins_s.get(order_id)

    def is_late(self, courier_id: CourierId) -> bool:
        """Whether the courier is out, or would be late for a promise, or for a truck with something on board."""
        if courier_id not in self._known.standings:
            return True
        foreseen, promised = self._of(courier_id), self._ledger.made
        if any(
            order_id in promised and begin_s > promised[order_id].latest_s
            for order_id, begin_s in foreseen.begins_s.items()
        ):
            return True
        return any(
            back.at_s > self._known.due_s(order_id)
            for back in foreseen.backs
            for order_id in back.order_ids
        )

    def _of(self, courier_id: CourierId) -> Foreseen:
        if courier_id not in self._foreseen:
            self._foreseen[courier_id] = self._foresee(courier_id)
        return self._foreseen[courier_id]

    def _foresee(self, courier_id: CourierId) -> Foreseen:
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
        )


def _from_present(
    trips: tuple[HandedTrip, ...], on_board: Iterable[OrderId]
) -> tuple[HandedTrip, ...]:
    """The trips from the one that holds what is on board; all of them, if none does."""
    carried = set(on_board)
    for number, trip in enumerate(trips):
        if any(carried.intersection(stop.order_ids) for stop in trip.stops):
            return trips[number:]
    return trips
