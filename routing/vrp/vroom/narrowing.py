"""What a problem is held to because an answer to a looser one could not be driven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Rest(IntEnum):
    """How a vehicle's breaks are posed: each step forbids more, some of it wrongly."""

    BETWEEN = 0
    """Anywhere from its first window to its last, under any load."""

    IN_WIDEST = 1
    """In its widest window."""

    UNLADEN = 2
    """And never is more on board than breaks bear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """
    Vehicles and tasks are numbers of the body.

    tight
        Tasks that begin in their windows whether after a setup or without.
    held
        Vehicles whose limit on seconds or metres holds, at the price of an average way.
    rests
        How breaks of vehicles are posed; BETWEEN for others.
    is_careful
        Nothing is let through: a break never cuts a setup short, every setup is spent, services are the longest.
    """

    tight: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    rests: Mapping[int, Rest] = field(default_factory=dict)
    is_careful: bool = False

    def rest(self, vehicle: int) -> Rest:
        """How this vehicle's breaks are posed."""
        return Rest.UNLADEN if self.is_careful else self.rests.get(vehicle, Rest.BETWEEN)

    def holds(self, vehicle: int) -> bool:
        """Whether this vehicle's limit holds, rather than its prices."""
        return self.is_careful or vehicle in self.held
