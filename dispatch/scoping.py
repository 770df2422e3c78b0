"""Scope 范围: which part of a plan may be made better, and how freely."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.fleet import CourierId


class Level(StrEnum):
    """What may change of the orders in the scope."""

    NONE = "none"
    """Times only: who comes, and in which order, stays."""
    SEQUENCE = "sequence"
    """Each courier's order of stops."""
    ALL = "all"
    """Who comes, too; and orders in no route may find one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    Orders of these couriers (none named: all), in these villages (none: all), whose pickup begins after `after_at`.

    Orders outside stay with their courier within minutes of their time; routes of other couriers stay as they are.
    """

    level: Level
    couriers: tuple[CourierId, ...] = ()
    villages: tuple[str, ...] = ()
    after_at: datetime | None = None
