"""Answers to new orders: promised, refused with options, or left for the next version of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from dispatch.days import DepotDay
from dispatch.fleet import CourierId
from dispatch.households import PointId
from dispatch.orders import OrderId
from dispatch.plan import PlanId
from dispatch.shortfalls import Remedy

ORDERS_MAX: Final = 50
"""More at once are left for the next version of the plan, which looks at all of them together. Chosen."""


class Verdict(StrEnum):
    PROMISED = "promised"
    OPTIONS = "options"
    """It fits nowhere as it is; each of the options would do."""
    QUEUED = "queued"
    """Nobody can say yet: the next version of the plan will, seconds later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswer:
    """
    What a new order is told at once.

    earliest_at, latest_at
        When the pickup begins; who brings it to a point has it there by the first.
    point_id
        Where it is picked up, if not at its door.
    cost_fen
        What the day costs more for it.
    code, detail
        Why it is not promised.
    """

    order_id: OrderId
    verdict: Verdict
    plan_id: PlanId | None = None
    version: int = 0
    courier_id: CourierId | None = None
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    point_id: PointId | None = None
    cost_fen: int | None = None
    options: tuple[Remedy, ...] = ()
    code: str = ""
    detail: str = ""


def queued(order_id: OrderId, code: str, detail: str) -> OrderAnswer:
    return OrderAnswer(order_id=order_id, verdict=Verdict.QUEUED, code=code, detail=detail)


class NewOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Where do these orders of the day fit?"""

    day: DepotDay
    order_ids: tuple[OrderId, ...]


def encode(asked: NewOrders) -> bytes:
    return msgspec.json.encode(asked)


def decode(body: bytes) -> NewOrders:
    return msgspec.json.decode(body, type=NewOrders)


def encode_answers(answers: tuple[OrderAnswer, ...]) -> bytes:
    return msgspec.json.encode(answers)


def decode_answers(body: bytes) -> tuple[OrderAnswer, ...]:
    return msgspec.json.decode(body, type=tuple[OrderAnswer, ...])
