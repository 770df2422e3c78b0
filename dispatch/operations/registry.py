"""The registry of households and collection points, and the fleet, of one depot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from dispatch.days import CompanyId, DepotDay, DepotId, DepotScope
from dispatch.errors import DispatchError
from dispatch.events import FleetChanged, RegistryChanged, encode
from dispatch.fleet import Fleet
from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.ids import checked_depot_id, checked_text_id
from dispatch.orders import Order
from dispatch.store import Store

_UNTOLD_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Used to name the day of a registry change before the fleet, which has the zone, is there."""


class FleetMissing(DispatchError):
    """The depot has no couriers and vehicles yet."""

    code: ClassVar[str] = "fleet-missing"

    def __init__(self, depot_id: DepotId) -> None:
        self.depot_id = depot_id
        super().__init__(f"depot {depot_id} has no fleet: send its couriers and vehicles first")


class FleetOfAnotherDepot(DispatchError):
    """A fleet that names another depot than it was sent for."""

    code: ClassVar[str] = "fleet-of-another-depot"

    def __init__(self, depot_id: DepotId, named: DepotId) -> None:
        self.depot_id, self.named = depot_id, named
        super().__init__(f"the fleet names depot {named}, but was sent for {depot_id}")


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """How many households and points together were new, other than before, or as before."""

    created: int
    changed: int
    unchanged: int


async def change_registry(
    store: Store,
    scope: DepotScope,
    households: Sequence[Household],
    points: Sequence[CollectionPoint],
    *,
    by: str,
    at: datetime,
) -> RegistryChange:
    """
    Add households and points, or replace those with the same ids; others stay.

    Each chunk of some hundreds is atomic; whatever was acknowledged is there. The same registry
    twice changes nothing.

    Raises
    ------
    IdMalformed
        An id cannot be one; nothing was changed.
    """
    checked_depot_id(scope.depot_id)
    for household in households:
        checked_text_id("household id", household.household_id)
    for point in points:
        checked_text_id("point id", point.point_id)
    event = RegistryChanged(at=at, by=by, households=0, points=0)
    counts = await store.depots.change_registry(
        await day_at(store, scope, at),
        [(each.household_id, _encoded(each)) for each in households],
        [(each.point_id, _encoded(each)) for each in points],
        encode(event),
    )
    return RegistryChange(*counts)


async def read_registry(store: Store, scope: DepotScope) -> Registry:
    """All households and points of the depot; empty if none were ever sent."""
    return _registry(*await store.depots.registry(scope))


async def registry_for(store: Store, scope: DepotScope, orders: Sequence[Order]) -> Registry:
    """The households and points that these orders name, as far as the registry has them."""
    households, points = _named(orders)
    for gather_at in (each.joint.gather_at for each in orders if each.joint is not None):
        if gather_at:
            households[HouseholdId(gather_at)] = points[PointId(gather_at)] = None
    return await registry_of(store, scope, tuple(households), tuple(points))


def _named(
    orders: Sequence[Order],
) -> tuple[dict[HouseholdId, None], dict[PointId, None]]:
    """The households and points where these orders wait or are dropped, each once."""
    ends = [end for each in orders for end in (each, each.drop) if end is not None]
    return (
        {each.household_id: None for each in ends if each.household_id},
        {each.point_id: None for each in ends if each.point_id},
    )


async def registry_of(
    store: Store, scope: DepotScope, households: Sequence[HouseholdId], points: Sequence[PointId]
) -> Registry:
    """The households and points of these ids, as far as the registry has them."""
    return _registry(*await store.depots.some_of_registry(scope, households, points))


async def registry_around(store: Store, scope: DepotScope, orders: Sequence[Order]) -> Registry:
    """The households that these orders name, and all points: where they might be picked up."""
    households = dict.fromkeys(each.household_id for each in orders if each.household_id)
    bodies, _ = await store.depots.some_of_registry(scope, tuple(households), ())
    return _registry(bodies, await store.depots.points(scope))


def _registry(household_bodies: Iterable[bytes], point_bodies: Iterable[bytes]) -> Registry:
    households = (_household_decoder.decode(body) for body in household_bodies)
    points = (_point_decoder.decode(body) for body in point_bodies)
    return Registry(
        households={each.household_id: each for each in households},
        points={each.point_id: each for each in points},
    )


async def missing_from_registry(
    store: Store, scope: DepotScope, orders: Sequence[Order]
) -> tuple[set[str], set[str]]:
    """
    The households and the points that these orders name and the registry does not have.

    Points are those where orders wait or are dropped, and those to which they would be brought.
    """
    households, points = _named(orders)
    points |= dict.fromkeys(point for each in orders for point in each.points or ())
    return await store.depots.missing(scope, tuple(households), tuple(points))


async def replace_fleet(
    store: Store, scope: DepotScope, fleet: Fleet, *, by: str, at: datetime
) -> None:
    """
    Make `fleet` the depot's fleet; the same one twice changes nothing.

    Raises
    ------
    FleetOfAnotherDepot
        It names another depot.
    """
    checked_depot_id(scope.company_id)
    checked_depot_id(scope.depot_id)
    if fleet.depot.depot_id != scope.depot_id:
        raise FleetOfAnotherDepot(scope.depot_id, fleet.depot.depot_id)
    day = DepotDay(scope.company_id, scope.depot_id, at.astimezone(fleet.depot.zone).date())
    event = FleetChanged(at=at, by=by, couriers=len(fleet.couriers))
    await store.depots.replace_fleet(day, _encoded(fleet), encode(event))


async def read_fleet(store: Store, scope: DepotScope) -> Fleet:
    """
    The depot's couriers and vehicles.

    Raises
    ------
    FleetMissing
        None was ever sent.
    """
    fleet = await find_fleet(store, scope)
    if fleet is None:
        raise FleetMissing(scope.depot_id)
    return fleet


async def find_fleet(store: Store, scope: DepotScope) -> Fleet | None:
    """The same, or None if none was ever sent."""
    body = await store.depots.fleet(scope)
    return None if body is None else _fleet_decoder.decode(body)


async def list_depots(store: Store, company_id: CompanyId) -> tuple[DepotId, ...]:
    """The company's depots that have a fleet, by id."""
    return await store.depots.of(company_id)


async def day_at(store: Store, scope: DepotScope, at: datetime) -> DepotDay:
    """The depot-day of a moment, in whose stream a change of the depot itself is told."""
    body = await store.depots.fleet(scope)
    zone = _UNTOLD_ZONE if body is None else _fleet_decoder.decode(body).depot.zone
    return DepotDay(scope.company_id, scope.depot_id, at.astimezone(zone).date())


def _encoded(record: Household | CollectionPoint | Fleet) -> bytes:
    """Equal records give equal bytes: sets and mappings are sorted."""
    return msgspec.json.encode(record, order="deterministic")


_household_decoder: Final = msgspec.json.Decoder(Household)
_point_decoder: Final = msgspec.json.Decoder(CollectionPoint)
_fleet_decoder: Final = msgspec.json.Decoder(Fleet)
