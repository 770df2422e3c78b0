"""Posing a day: orders, fleet and roads become a routing problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Final

import numpy as np

from dispatch.days import DayClock
from dispatch.errors import DispatchError
from dispatch.fleet import Courier, Depot, Fleet, VehicleModelId
from dispatch.halts import (
    Halt,
    Spot,
    by_departure,
    halts_at,
    halts_brought,
    left_out,
    no_common_time,
    spot_at,
    spot_of_drop,
    spot_today,
    too_early_or_late,
)
from dispatch.households import PointId
from dispatch.inputs import DayInputs
from dispatch.joints import joined
from dispatch.offers import WALKING_M_PER_S, Offer, accepted_points, offers_of
from dispatch.orders import JointId, Order, OrderId
from dispatch.pairs import pair_of, paired
from dispatch.pickup_times import DAY_S
from dispatch.shortfalls import Unserved
from dispatch.territory import with_territory
from dispatch.vehicles import vehicle_of
from routing.matrix import UNREACHABLE, Provenance, TravelMatrix
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap
from routing.vrp.problem import Docks, Problem, Swap, Vehicle, Visit, Window

DIMENSIONS: Final = ("weight_g", "volume_ml", "pieces")

EXPECTED_TIMES_LESS: Final = 4
"""Leaving out an expected order costs so many times less than a known one. Chosen."""

_ALONE: Final[Mapping[OrderId, int]] = MappingProxyType({})


class DepotOffRoad(DispatchError):
    """The depot lies too far from any road that its vehicles may use: nothing can be planned."""

    code: ClassVar[str] = "depot-off-road"

    def __init__(self, depot: Depot, miss: PlaceOffRoad) -> None:
        self.depot_id, self.miss = depot.depot_id, miss
        super().__init__(
            f"nobody can leave depot {depot.depot_id}: {miss}; or build the roads around it"
        )


@dataclass(frozen=True, slots=True)
class Posed:
    """
    A day as a problem, with what is needed to read its solution.

    `halts` run parallel to the problem's visits, `couriers` to its vehicles; row 0 of the matrices
    is the depot. Halts of the same orders are visits of one group: at other places, or for other trucks.
    `snaps[profile][row]` is None where that profile has no road near. `rows` tells each spot's row, by its
    place and point. `unserved` are orders that no search could help. `kinds` are vehicles of every model that
    drives on roads that somebody drives on anyway; who drives them and when is anybody's. `clock` counts the
    problem's seconds. `expected` are the visits of expected orders. `joint_ids` run parallel to the problem's joints, the fleet's swaps to its swaps.
    """

    problem: Problem
    halts: tuple[Halt, ...]
    couriers: tuple[Courier, ...]
    snaps: Mapping[str, tuple[Snap | None, ...]]
    rows: Mapping[tuple[Place, PointId | None], int]
    unserved: tuple[Unserved, ...]
    kinds: Mapping[VehicleModelId, Vehicle]
    clock: DayClock
    joint_ids: tuple[JointId, ...] = ()
    expected: frozenset[int] = frozenset()

    def with_visits(self, visits: Iterable[Visit]) -> Posed:
        """The same day with these visits for its halts, in their order."""
        visits = tuple(visits)
        return replace(
            self,
            problem=replace(self.problem, visits=visits),
            halts=tuple(
                replace(halt, visit=visit) for halt, visit in zip(self.halts, visits, strict=True)
            ),
        )


@dataclass(frozen=True, slots=True)
class Door:
    """
    A spot and orders waiting there that may share halts; neighbours at one place share it.

    `offer` is a point to which the orders are brought, where that is settled.
    """

    spot: Spot
    orders: list[Order]
    offer: Offer | None = None

    def order(self, order_id: OrderId) -> Order:
        return next(each for each in self.orders if each.order_id == order_id)


def pose(
    inputs: DayInputs,
    network: RoadNetwork,
    *,
    besides: Iterable[Spot] = (),
    companies: Mapping[OrderId, int] = _ALONE,
) -> Posed:
    """
    State the day as a problem; orders that no search can serve are set aside with their reason.

    The spots `besides` have rows too, whether an order waits there or not. Orders of different `companies`, as they are
    planned together already, share no halt.

    Raises
    ------
    DepotOffRoad
        No vehicle can leave the depot.
    """
    unserved: list[Unserved] = []
    doors: dict[tuple[Place, PointId | None], Door] = {}
    for order in inputs.orders:
        spot = spot_today(order, inputs)
        if isinstance(spot, Unserved):
            unserved.append(spot)
        elif not inputs.fleet.couriers:
            unserved.append(left_out(order, "no-courier", "the fleet has no courier", spot.place))
        else:
            doors.setdefault((spot.place, spot.point_id), Door(spot, [])).orders.append(order)
    for point in _accepted(doors.values(), inputs):
        doors.setdefault((point.place, point.point_id), Door(point, []))
    for spot in besides:
        doors.setdefault((spot.place, spot.point_id), Door(spot, []))
    expected = _expected(inputs)
    posed = pose_doors(
        inputs,
        network,
        (*doors.values(), *expected),
        unserved,
        with_offers=True,
        companies=companies,
    )
    return _less_urgent(posed, inputs) if expected else posed


def pose_doors(
    inputs: DayInputs,
    network: RoadNetwork,
    doors: Sequence[Door],
    unserved: Iterable[Unserved] = (),
    *,
    with_offers: bool = False,
    companies: Mapping[OrderId, int] = _ALONE,
    walking_from: Iterable[str] = (),
) -> Posed:
    """
    State the orders of these doors as a problem, those of each door in halts of their own.

    Doors at one spot share a row of the matrices, and have one where orders are dropped, too. `with_offers`, orders may be brought to points among the
    doors as well. `unserved` are set aside already. `walking_from` are profiles besides those of the couriers whose
    walks from road to door count: whoever comes has the time. Raises DepotOffRoad.
    """
    fleet, clock = inputs.fleet, inputs.clock
    couriers = tuple(fleet.couriers.values())
    profiles = tuple(dict.fromkeys(fleet.models[each.model_id].profile for each in couriers))
    unserved = list(unserved)
    rows: dict[tuple[Place, PointId | None], int] = {}
    drops = {
        order.order_id: spot_of_drop(order, inputs.registry)
        for door in doors
        for order in door.orders
        if order.drop is not None
    }
    dropped_at = [each for each in drops.values() if isinstance(each, Spot)]
    for spot in (*(door.spot for door in doors), *dropped_at):
        rows.setdefault((spot.place, spot.point_id), 1 + len(rows))
    swap_rows = _swap_rows(fleet, 1 + len(rows))
    places = (fleet.depot.place, *(place for place, _ in rows), *_swap_places(fleet))
    snaps, misses = _snap_all(network, places, profiles)
    _refuse_lost_depot(fleet.depot, profiles, snaps, misses)
    # The farthest walk of all profiles: whoever comes has the time.
    others = [each for each in walking_from if each not in snaps]
    parked = (*snaps.values(), *_snap_all(network, places, others)[0].values())
    walks_s = [
        max((_walk_s(snap) for each in parked if (snap := each[row])), default=0)
        for row in range(len(places))
    ]
    point_rows = {
        door.spot.point_id: rows[door.spot.place, door.spot.point_id]
        for door in doors
        if door.spot.point_id is not None
    }
    waiting = ((order, door.spot.place) for door in doors for order in door.orders)
    reached = {each for each, row in point_rows.items() if any(snaps[p][row] for p in profiles)}
    offers = offers_of(waiting, inputs, reached) if with_offers else {}

    shifts = _shifts(couriers, clock)
    halts: list[Halt] = []
    for door in doors:
        row = rows[door.spot.place, door.spot.point_id]
        for answer in _at_door(
            door, inputs, snaps, misses[row], row=row, offers=offers, companies=companies
        ):
            orders = answer.orders if isinstance(answer, Halt) else (door.order(answer.order_id),)
            points = offers.get(orders[0].order_id, ())
            ways_of_one = [
                each
                for halt in (
                    *_at_any_time(answer, door, inputs),
                    *halts_brought(orders, points, inputs, point_rows),
                )
                for each in by_departure(
                    with_territory(halt, couriers, fleet.depot), inputs, shifts
                )
            ]
            if isinstance(answer, Unserved) and not ways_of_one:
                unserved.append(answer)
            halts.extend(_alternatives(ways_of_one, group=len(halts)))
        for order in door.orders:
            if order.drop is None:
                continue
            pair = _pair(order, door.spot, drops[order.order_id], inputs, rows, snaps, misses)
            if isinstance(pair, Unserved):
                unserved.append(pair)
            else:
                halts.extend(with_territory(half, couriers, fleet.depot) for half in pair)

    members, joints, joint_ids, unserved_now = joined(halts, unserved, inputs.orders)
    members = paired(members)
    totals = [
        1 + sum(halt.visit.loads[axis] for halt in members) for axis in range(len(DIMENSIONS))
    ]

    def driven_by(courier: Courier) -> Vehicle:
        return vehicle_of(courier, fleet, profiles, totals, clock)

    problem = Problem(
        matrices=tuple(_matrix(network, profile, snaps[profile]) for profile in profiles),
        dimensions=DIMENSIONS,
        visits=tuple(halt.visit for halt in members),
        vehicles=tuple(driven_by(courier) for courier in couriers),
        setups_s=(
            0,
            *(fleet.depot.service_per_stop_s + walk_s for walk_s in walks_s[1 : 1 + len(rows)]),
            *(0 for _ in places[1 + len(rows) :]),
        ),
        joints=joints,
        docks=() if fleet.depot.docks is None else (Docks(place=0, vehicles=fleet.depot.docks),),
        swaps=tuple(
            Swap(
                place=row,
                takes_s=each.takes_s,
                charged_m_per_minute=each.charged_m_per_minute,
            )
            for each, row in zip(fleet.swaps, swap_rows, strict=True)
        ),
    )
    kinds = {
        model.model_id: driven_by(replace(courier, model_id=model.model_id))
        for courier in couriers[:1]
        for model in fleet.models.values()
        if model.profile in profiles
    }
    return Posed(problem, members, couriers, snaps, rows, unserved_now, kinds, clock, joint_ids)


def _expected(inputs: DayInputs) -> tuple[Door, ...]:
    """A door for each expected order: it shares no halt."""
    if not inputs.fleet.couriers:
        return ()
    spots = ((spot_today(order, inputs), order) for order in inputs.expected)
    return tuple(Door(spot, [order]) for spot, order in spots if isinstance(spot, Spot))


def _less_urgent(posed: Posed, inputs: DayInputs) -> Posed:
    """The day with its expected orders at their price; which of them nobody can pick up is not told."""
    ids = {each.order_id for each in inputs.expected}
    expected = frozenset(
        number
        for number, halt in enumerate(posed.halts)
        if any(order.order_id in ids for order in halt.orders)
    )
    unserved = tuple(each for each in posed.unserved if each.order_id not in ids)
    return replace(posed, unserved=unserved, expected=expected).with_visits(
        replace(visit, unserved_cost=(visit.unserved_cost or 0) // EXPECTED_TIMES_LESS)
        if number in expected
        else visit
        for number, visit in enumerate(posed.problem.visits)
    )


def _swap_places(fleet: Fleet) -> tuple[Place, ...]:
    """Where swaps are, but for those at the depot."""
    return tuple(each.place for each in fleet.swaps if each.place != fleet.depot.place)


def _swap_rows(fleet: Fleet, first: int) -> tuple[int, ...]:
    """The row of each swap: the depot's, or one of its own from `first` on."""
    rows = iter(range(first, first + len(fleet.swaps)))
    return tuple(0 if each.place == fleet.depot.place else next(rows) for each in fleet.swaps)


def _shifts(couriers: Iterable[Courier], clock: DayClock) -> Window:
    """From the first moment at which anybody may leave to the last at which anybody may be back."""
    spans = [clock.span_of(each.shift_starts, each.shift_ends) for each in couriers]
    return Window(
        min((starts_s for starts_s, _ in spans), default=0),
        max((ends_s for _, ends_s in spans), default=DAY_S),
    )


def _accepted(doors: Iterable[Door], inputs: DayInputs) -> tuple[Spot, ...]:
    """The points to which any of the waiting orders might be brought, each once."""
    points = {
        point.point_id: point
        for door in doors
        for order in door.orders
        for point in accepted_points(order, inputs.registry)
    }
    return tuple(spot_at(point) for point in points.values())


def _at_door(
    door: Door,
    inputs: DayInputs,
    snaps: Mapping[str, Sequence[Snap | None]],
    miss: PlaceOffRoad | None,
    *,
    row: int,
    offers: Mapping[OrderId, tuple[Offer, ...]],
    companies: Mapping[OrderId, int],
) -> Iterable[Halt | Unserved]:
    """The halts at the door itself of what goes to the depot; all left out where no vehicle finds a road to it."""
    orders = [order for order in door.orders if order.drop is None]
    if not any(each[row] for each in snaps.values()):
        return [_off_road(order, door.spot, miss) for order in orders]
    if door.offer is None:
        return halts_at(door.spot, orders, inputs, row=row, offers=offers, companies=companies)
    rows = {door.offer.point.point_id: row}
    return [
        next(
            iter(halts_brought((order,), (door.offer,), inputs, rows)),
            no_common_time(order, door.spot),
        )
        for order in orders
    ]


def _pair(
    order: Order,
    picked_at: Spot,
    dropped_at: Spot | Unserved,
    inputs: DayInputs,
    rows: Mapping[tuple[Place, PointId | None], int],
    snaps: Mapping[str, Sequence[Snap | None]],
    misses: Sequence[PlaceOffRoad | None],
) -> tuple[Halt, Halt] | Unserved:
    """The two halts of an order that is dropped on the way, if roads lead to both."""
    if isinstance(dropped_at, Unserved):
        return dropped_at
    first, second = (rows[each.place, each.point_id] for each in (picked_at, dropped_at))
    for spot, row in ((picked_at, first), (dropped_at, second)):
        if not any(each[row] for each in snaps.values()):
            return _off_road(order, spot, misses[row])
    return pair_of(order, picked_at, dropped_at, (first, second), inputs)


def _at_any_time(answer: Halt | Unserved, door: Door, inputs: DayInputs) -> Iterable[Halt]:
    """The halt in each way that its orders' windows leave, if there is one."""
    if isinstance(answer, Unserved):
        return ()
    return (answer, *(too_early_or_late(answer, inputs) if door.offer is None else ()))


def _alternatives(halts: Sequence[Halt], *, group: int) -> Sequence[Halt]:
    """Halts of the same orders, of which at most one may be made."""
    if len(halts) == 1:
        return halts
    return [replace(halt, visit=replace(halt.visit, group=group)) for halt in halts]


def _off_road(order: Order, spot: Spot, miss: PlaceOffRoad | None) -> Unserved:
    detail = "no road near" if miss is None else str(miss)
    return left_out(order, PlaceOffRoad.code, detail, spot.place)


def _snap_all(
    network: RoadNetwork, places: Sequence[Place], profiles: Iterable[str]
) -> tuple[dict[str, tuple[Snap | None, ...]], list[PlaceOffRoad | None]]:
    """Snap every place in every profile; beside the snaps, one failure for each place that had one."""
    snaps: dict[str, tuple[Snap | None, ...]] = {}
    misses: list[PlaceOffRoad | None] = [None] * len(places)
    for profile in profiles:
        answers = network.snap(places, profile)
        snaps[profile] = tuple(
            None if isinstance(answer, PlaceOffRoad) else answer for answer in answers
        )
        for row, answer in enumerate(answers):
            if isinstance(answer, PlaceOffRoad):
                misses[row] = answer
    return snaps, misses


def _refuse_lost_depot(
    depot: Depot,
    profiles: Sequence[str],
    snaps: Mapping[str, Sequence[Snap | None]],
    misses: Sequence[PlaceOffRoad | None],
) -> None:
    miss = misses[0]
    if miss is not None and all(snaps[profile][0] is None for profile in profiles):
        raise DepotOffRoad(depot, miss)


def _walk_s(snap: Snap) -> int:
    """From the vehicle to the door and back."""
    return round(2 * snap.gap_m / WALKING_M_PER_S)


def _matrix(network: RoadNetwork, profile: str, snaps: Sequence[Snap | None]) -> TravelMatrix:
    """The profile's matrix over all places; those it cannot snap are unreachable."""
    known = [row for row, snap in enumerate(snaps) if snap is not None]
    inner = network.matrix([snap for snap in snaps if snap is not None], profile)
    if len(known) == len(snaps):
        return inner
    shape = (len(snaps), len(snaps))
    durations_s = np.full(shape, UNREACHABLE, dtype=np.int32)
    distances_m = np.full(shape, UNREACHABLE, dtype=np.int32)
    for whole, part in ((durations_s, inner.durations_s), (distances_m, inner.distances_m)):
        whole[np.ix_(known, known)] = part
        np.fill_diagonal(whole, 0)
    return TravelMatrix(
        durations_s=durations_s,
        distances_m=distances_m,
        provenance=Provenance(network=network.version, profile=profile),
    )
