"""Changes to a day as a what-if states them: read, and held to the rules of real writes, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, ValidationError

from api.errors import ItemProblem, ItemsRefused, pointer_of
from api.fields import (
    Count,
    Grams,
    Millilitres,
    PlaceIn,
    Strict,
    TextId,
    WallClock,
    WindowIn,
)
from api.order_bodies import DropIn, JointIn, OrderFactsIn, OrderIn
from api.orders import FIELDS, stranger
from api.requests import Deps, locator_of
from dispatch import operations
from dispatch.days import TimeWindow
from dispatch.gazetteer import Gazetteer, Locator
from dispatch.inputs import DayInputs
from dispatch.intake import at_address, change_fleet, drop_objections, time_objections
from dispatch.operations import OrderUnknown
from dispatch.orders import Drop, Order, OrderId, OrderStatus
from routing.places import Place

_Changes: Final = Field(max_length=1000)
"""Of one kind in one what-if; whoever has more plans another day. Chosen."""


class OrderChangeIn(OrderFactsIn):
    """
    An order of the day, and the fields that would differ.

    Saying where it would be picked up (`household_id`, `point_id`, `place`, `address`) replaces all that was said of that.
    """

    pieces: Count | None = None
    weight_g: Grams | None = None
    volume_ml: Millilitres | None = None


class OrderChangesIn(Strict):
    """Orders that would come (as `POST /v1/orders` takes them), be cancelled (ids), or differ."""

    add: Annotated[tuple[OrderIn, ...], _Changes] = ()
    cancel: Annotated[tuple[TextId, ...], _Changes] = ()
    change: Annotated[tuple[OrderChangeIn, ...], _Changes] = ()


class CourierChangesIn(Strict):
    """Couriers that would stay away (ids), come, or differ, both stated as in fleet files; of those who differ `id` and what differs."""

    remove: Annotated[tuple[TextId, ...], _Changes] = ()
    add: Annotated[tuple[dict[str, Any], ...], _Changes] = ()
    change: Annotated[tuple[dict[str, Any], ...], _Changes] = ()


class WhatIfIn(Strict):
    """What would be other than it is: everything that is left out stays as it is now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "budget_s": 5,
                    "couriers": {
                        "remove": ["c02"],
                        "change": [{"id": "c01", "shift": "07:00-18:30"}],
                    },
                    "orders": {"cancel": ["20261111-000123"]},
                    "departures": ["12:30", "17:00"],
                }
            ]
        }
    )

    budget_s: Annotated[float, Field(ge=0.1, le=60)] = 5.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    orders: OrderChangesIn = OrderChangesIn()
    couriers: CourierChangesIn = CourierChangesIn()
    departures: Annotated[tuple[WallClock, ...], Field(max_length=50)] | None = None


async def changed(deps: Deps, inputs: DayInputs, wish: WhatIfIn) -> DayInputs:
    """
    The inputs as they would be.

    Raises
    ------
    ItemsRefused
        Some changes are impossible; every one is named.
    """
    day = inputs.day
    still_open = {each.order_id for each in inputs.orders}
    named = (
        *(each.order_id for each in wish.orders.add),
        *wish.orders.cancel,
        *(each.order_id for each in wish.orders.change),
    )
    others = tuple(OrderId(each) for each in dict.fromkeys(named) if each not in still_open)
    found = await operations.read_some_orders(deps.store, day, others)
    closed = {each.order.order_id: each.status for each in found}
    asks = any(each.address for each in wish.orders.add)
    asks = asks or any(each.address for each in wish.orders.change)
    reader = _Reader(
        inputs=inputs,
        closed=closed,
        locator=await locator_of(deps, day.scope) if asks else None,
    )
    return await asyncio.to_thread(reader.read, wish)


@dataclass(slots=True)
class _Reader:
    """Applies changes to one day's inputs."""

    inputs: DayInputs
    closed: Mapping[OrderId, OrderStatus]
    """Orders of the day that are no longer open, as far as changes name them."""
    locator: Locator | None
    _gazetteer: Gazetteer | None = None

    def read(self, wish: WhatIfIn) -> DayInputs:
        fleet, wrong = change_fleet(
            self.inputs.fleet,
            remove=wish.couriers.remove,
            add=wish.couriers.add,
            change=wish.couriers.change,
            departures=wish.departures,
        )
        problems = [
            ItemProblem(pointer=each.where, code="fleet-invalid", detail=each.detail)
            for each in wrong
        ]
        orders = {each.order_id: each for each in self.inputs.orders}
        problems += self._apply(orders, wish.orders)
        if problems:
            raise ItemsRefused("changes-refused", problems)
        return replace(self.inputs, fleet=fleet, orders=tuple(orders.values()))

    def _apply(self, orders: dict[OrderId, Order], wish: OrderChangesIn) -> Iterator[ItemProblem]:
        """Change `orders` in place, and tell what cannot be."""
        steps: list[tuple[str, str, OrderIn | OrderChangeIn | None]] = [
            *((f"/orders/cancel/{n}", each, None) for n, each in enumerate(wish.cancel)),
            *((f"/orders/change/{n}", each.order_id, each) for n, each in enumerate(wish.change)),
            *((f"/orders/add/{n}", each.order_id, each) for n, each in enumerate(wish.add)),
        ]
        touched: set[OrderId] = set()
        for pointer, given, told in steps:
            order_id = OrderId(given)
            if order_id in touched:
                detail = f"order {order_id} is named twice: say once what becomes of it"
                yield ItemProblem(pointer=pointer, code="duplicate-id", detail=detail, id=given)
                continue
            touched.add(order_id)
            before = orders.get(order_id)
            wrong: list[ItemProblem] = []
            if isinstance(told, OrderIn):
                order = told.order()
                wrong += self._taken(pointer, before, order)
            elif before is None:
                if told is not None or self.closed.get(order_id) is not OrderStatus.CANCELLED:
                    yield self._not_open(pointer, given)
                continue
            elif told is None:
                del orders[order_id]
                continue
            else:
                try:
                    order = _overlaid(before, told).order()
                except ValidationError as error:
                    yield from _not_valid(error, pointer, given)
                    continue
            wrong += self._objections(order, pointer)
            yield from wrong
            if not wrong:
                orders[order_id] = self._placed(order)

    def _taken(self, pointer: str, before: Order | None, order: Order) -> Iterator[ItemProblem]:
        """That an order of this id is there, unless it is the same one and still open."""
        order_id = order.order_id
        if order_id in self.closed or (before is not None and before != order):
            detail = f"another order {order_id} is there: change it, or give this one its own id"
            yield ItemProblem(pointer=pointer, code="order-differs", detail=detail, id=order_id)

    def _not_open(self, pointer: str, order_id: str) -> ItemProblem:
        status = self.closed.get(OrderId(order_id))
        if status is None:
            code, detail = OrderUnknown.code, str(OrderUnknown(order_id, self.inputs.day))
        else:
            code, detail = "order-closed", f"order {order_id} is {status}: nothing of it can change"
        return ItemProblem(pointer=pointer, code=code, detail=detail, id=order_id)

    def _objections(self, order: Order, pointer: str) -> Iterator[ItemProblem]:
        clock = self.inputs.clock
        for column, bad in (*time_objections(order, clock), *drop_objections(order, clock)):
            yield ItemProblem(
                pointer=pointer + FIELDS[column],
                code=bad.code,
                detail=bad.detail,
                id=order.order_id,
                advice=bad.advice,
            )
        registry = self.inputs.registry
        ends = [each for each in (order, order.drop) if each is not None]
        households = {each.household_id for each in ends if each.household_id is not None}
        points = {each.point_id for each in ends if each.point_id is not None}
        told = stranger(
            order, households - registry.households.keys(), points - registry.points.keys()
        )
        if told is not None:
            yield ItemProblem(
                pointer=pointer + told.column,
                code=told.code,
                detail=told.detail,
                id=order.order_id,
                advice=told.advice,
            )

    def _placed(self, order: Order) -> Order:
        if not order.address:
            return order
        self._gazetteer = self._gazetteer or Gazetteer(self.inputs.registry)
        return at_address(order, self._gazetteer, self.locator)[0]


def _not_valid(error: ValidationError, pointer: str, order_id: str) -> Iterator[ItemProblem]:
    for each in error.errors(include_url=False, include_input=False):
        where = pointer + pointer_of(("body", *each["loc"]))
        yield ItemProblem(pointer=where, code="not-valid", detail=each["msg"], id=order_id)


_WHERE: Final = frozenset({"household_id", "point_id", "place", "address"})


def _overlaid(before: Order, told: OrderChangeIn) -> OrderIn:
    """The order as it would be sent. Raises ValidationError if it would be refused."""
    given = {name: getattr(told, name) for name in told.model_fields_set}
    stated: dict[str, Any] = {
        "household_id": before.household_id,
        "pieces": before.pieces,
        "weight_g": before.weight_g,
        "volume_ml": before.volume_ml,
        "ready_at": before.ready_at,
        "windows": _windows_of(before.windows),
        "cut_off_at": before.cut_off_at,
        "late_cost_fen": before.late_cost_fen,
        "handling": before.handling,
        "note": before.note,
        "early_fen_per_minute": before.early_fen_per_minute,
        "late_fen_per_minute": before.late_fen_per_minute,
        "missed_max_s": before.missed_max_s,
        "joint": None
        if before.joint is None
        else JointIn(
            joint_id=before.joint.joint_id,
            rules=before.joint.rules,
            complete_by_at=before.joint.complete_by_at,
            gather_at=before.joint.gather_at,
        ),
        "drop": None if before.drop is None else _drop_of(before.drop),
    }
    if not given.keys() & _WHERE:
        stated["point_id"] = before.point_id
        stated["place"] = _place_of(before.place)
        # Of an order that found its place the words no longer count.
        stated["address"] = before.address if before.unclear else ""
    return OrderIn.model_validate(stated | given)


def _windows_of(windows: Iterable[TimeWindow]) -> tuple[WindowIn, ...]:
    return tuple(
        WindowIn(earliest_at=each.earliest_at, latest_at=each.latest_at) for each in windows
    )


def _place_of(place: Place | None) -> PlaceIn | None:
    return None if place is None else PlaceIn(lon=place.lon, lat=place.lat)


def _drop_of(drop: Drop) -> DropIn:
    return DropIn(
        household_id=drop.household_id,
        point_id=drop.point_id,
        place=_place_of(drop.place),
        windows=_windows_of(drop.windows),
        service_s=drop.service_s,
        note=drop.note,
    )
