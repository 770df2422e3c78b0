"""Blame: whether a broken promise was the world's doing, or that of a plan which could have kept it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import Order, OrderId
from dispatch.simulation.foreseeing import Standing, foresee
from dispatch.simulation.log import (
    Arrived,
    Asked,
    Begun,
    Brought,
    Collected,
    Docked,
    Entry,
    Left,
    Log,
    NotCollected,
    Out,
    Rested,
    TakenBack,
)
from dispatch.simulation.promises import Promised
from dispatch.simulation.telling import Announced, Handed
from dispatch.simulation.truth import Scene

TOLERANCE_S: Final = 120
"""A plan that breaks a promise by less is not blamed: it may count breaks and seconds otherwise. Chosen."""


@dataclass(slots=True)
class Blame:
    """
    Judges broken promises by the log.

    A promise is the policy's own to answer for if the version that made it could not keep it as far as one
    could know, or if a later one gave it up: it was foreseen to be kept under the version before, and no
    longer under this. Foreseen means from where couriers truly were, with planned drives and doors.
    Everything else the world forced.
    """

    scene: Scene
    orders: Mapping[OrderId, Order]
    log: Log
    promises: Mapping[OrderId, Promised]
    _known: dict[tuple[int, int, CourierId], Mapping[OrderId, int]] = field(
        default_factory=dict, init=False
    )

    def is_policys(self, promised: Promised) -> bool:
        """Of a broken promise: whether the world did not force it."""
        before: Announced | None = None
        for announced in self.log.announced:
            if announced.version >= promised.version:
                if self._is_over(promised.order_id, announced.at_s):
                    return False
                keeps = self._foreseen_s(promised.order_id, announced, announced.at_s)
                if keeps is None or keeps > promised.latest_s + TOLERANCE_S:
                    if before is None:
                        return True
                    kept = self._foreseen_s(promised.order_id, before, announced.at_s)
                    if kept is not None and kept <= promised.latest_s:
                        return True
                before = announced
        return False

    def _is_over(self, order_id: OrderId, at_s: int) -> bool:
        """Whether somebody began with it, or it was taken back, by then."""
        return any(
            (isinstance(each, Begun) and order_id in each.order_ids)
            or (isinstance(each, TakenBack) and order_id == each.order_id)
            for each in self.log.entries
            if each.at_s <= at_s
        )

    def _foreseen_s(self, order_id: OrderId, announced: Announced, at_s: int) -> int | None:
        """When the order would be begun under a version, seen from `at_s`; None: never."""
        for courier_id, handed in announced.routes.items():
            if any(order_id in stop.order_ids for stop in handed.stops):
                key = (announced.version, at_s, courier_id)
                if key not in self._known:
                    self._known[key] = self._begins_s(courier_id, handed, at_s)
                return self._known[key].get(order_id)
        return None

    def _begins_s(self, courier_id: CourierId, handed: Handed, at_s: int) -> Mapping[OrderId, int]:
        entries = [each for each in self.log.entries if each.at_s <= at_s]
        standing = standing_of(self.scene, courier_id, entries, self.orders, at_s)
        if standing is None:
            return {}
        asked = {each.order_id for each in entries if isinstance(each, Asked)}
        over = {
            each.order_id
            for each in entries
            if isinstance(each, TakenBack | Collected | NotCollected)
        }
        earliest_s = {
            each.order_id: each.earliest_s for each in self.promises.values() if each.at_s <= at_s
        }
        trips = handed.trips
        if standing.is_away:
            on_board = set(standing.on_board)
            present = [
                number
                for number, trip in enumerate(trips)
                if on_board.intersection(order for stop in trip.stops for order in stop.order_ids)
            ]
            trips = trips[present[0] :] if present else trips
        orders = {key: self.orders[key] for key in asked - over}
        return foresee(self.scene, courier_id, standing, trips, orders, earliest_s).begins_s


def standing_of(
    scene: Scene,
    courier_id: CourierId,
    entries: Sequence[Entry],
    orders: Mapping[OrderId, Order],
    at_s: int,
) -> Standing | None:
    """How a courier stands after these entries; None: it is out."""
    depot = scene.fleet.depot
    profile = scene.model(courier_id).profile
    place, free_s, is_away = scene.ground.depot, at_s, False
    at_door: tuple[OrderId, ...] = ()
    on_board: list[OrderId] = []
    for each in entries:
        if isinstance(each, Asked | TakenBack) or each.courier_id != courier_id:
            continue
        match each:
            case Left(target=target, origin=origin, order_ids=order_ids):
                drive = scene.ground.drive(profile, origin, target)
                free_s = each.at_s + (0 if drive is None else drive.duration_s)
                if order_ids and origin != target:
                    free_s += depot.service_per_stop_s + scene.ground.walk_s(target)
                place, is_away, at_door = target, True, order_ids
            case Arrived(place=place, order_ids=order_ids):
                setup_s = depot.service_per_stop_s + scene.ground.walk_s(place) if order_ids else 0
                free_s = each.at_s + setup_s
            case Begun(order_ids=order_ids):
                free_s, at_door = each.at_s, order_ids
            case Collected(order_id=order_id):
                on_board.append(order_id)
                free_s, at_door = each.at_s, tuple(o for o in at_door if o != order_id)
            case NotCollected(order_id=order_id):
                free_s, at_door = each.at_s, tuple(o for o in at_door if o != order_id)
            case Rested(until_s=until_s):
                free_s = until_s
            case Docked(order_ids=order_ids):
                free_s = each.at_s + (depot.turnaround_s if order_ids else 0)
                place, is_away, at_door = scene.ground.depot, False, ()
                on_board.clear()
            case Out():
                return None
            case Brought():
                pass
    courier = scene.fleet.couriers[courier_id]
    rested = sum(scene.clock.seconds_of(rest.latest) < at_s for rest in courier.breaks)
    taken = sum(isinstance(e, Rested) and e.courier_id == courier_id for e in entries)
    return Standing(
        place=place,
        free_s=max(free_s, at_s),
        is_away=is_away,
        at_door=tuple(each for each in at_door if each in orders),
        on_board=tuple(on_board),
        rested=max(rested, taken),
    )
