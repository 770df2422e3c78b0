"""The dispatcher's hand 人工调整 on a plan: who shall come whatever is cheaper, and what was agreed with people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.fleet import CourierId
from dispatch.orders import OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """
    An order that stays with its courier until somebody unlocks it; None: nobody comes for it.

    With `earliest_at` and `latest_at` its pickup begins between them too.
    """

    order_id: OrderId
    courier_id: CourierId | None
    earliest_at: datetime | None = None
    latest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedLate:
    """A pickup may begin until then, whatever was promised and whatever the order states: somebody has agreed."""

    order_id: OrderId
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedOvertime:
    """A courier works until then today."""

    courier_id: CourierId
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """All of it; a plan carries it on to its next version."""

    holds: tuple[Hold, ...] = ()
    late: tuple[AgreedLate, ...] = ()
    overtime: tuple[AgreedOvertime, ...] = ()

    @property
    def held(self) -> Mapping[OrderId, Hold]:
        return {each.order_id: each for each in self.holds}

    def holding(self, order_ids: Iterable[OrderId], holds: Iterable[Hold]) -> Hand:
        """The same hand with `holds` in place of those that there are on these orders."""
        freed = frozenset(order_ids)
        kept = (each for each in self.holds if each.order_id not in freed)
        return Hand(holds=(*kept, *holds), late=self.late, overtime=self.overtime)

    def agreeing(
        self, late: Mapping[OrderId, datetime], overtime: Mapping[CourierId, datetime]
    ) -> Hand:
        """The same hand with more agreed; the later moment counts."""
        until = {each.order_id: each.latest_at for each in self.late}
        for order_id, latest_at in late.items():
            until[order_id] = max(latest_at, until.get(order_id, latest_at))
        works = {each.courier_id: each.until_at for each in self.overtime}
        for courier_id, until_at in overtime.items():
            works[courier_id] = max(until_at, works.get(courier_id, until_at))
        return Hand(
            holds=self.holds,
            late=tuple(AgreedLate(order_id=key, latest_at=at) for key, at in until.items()),
            overtime=tuple(
                AgreedOvertime(courier_id=key, until_at=at) for key, at in works.items()
            ),
        )


NO_HAND: Final = Hand()
