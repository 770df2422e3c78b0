"""The log of a simulated day: what happened, in order, and what had been announced. The judge reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.events import FailReason
from dispatch.fleet import CourierId
from dispatch.orders import OrderId
from dispatch.simulation.telling import Announced, Fact
from routing.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    at_s: int
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    at_s: int
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCourier:
    at_s: int
    courier_id: CourierId


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(_OfCourier):
    """Drives off; `order_ids` are those of the stop ahead, none on the way home."""

    origin: Place
    target: Place
    order_ids: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(_OfCourier):
    place: Place
    distance_m: int
    order_ids: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(_OfCourier):
    """Stands at the door and would take the first parcel: the moment of which promises speak."""

    order_ids: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected(_OfCourier):
    order_id: OrderId
    pieces: int
    weight_g: int
    volume_ml: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCollected(_OfCourier):
    order_id: OrderId
    reason: FailReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested(_OfCourier):
    until_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Docked(_OfCourier):
    """What was on board is at the depot, in time for a truck that leaves at this moment or later."""

    order_ids: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Out(_OfCourier):
    """Sick or broken down, for the rest of the day."""

    is_sick: bool
    on_board: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought(_OfCourier):
    """What was on board of a broken vehicle has come to the depot, on another."""

    order_ids: tuple[OrderId, ...]


Entry = (
    Asked
    | TakenBack
    | Left
    | Arrived
    | Begun
    | Collected
    | NotCollected
    | Rested
    | Docked
    | Out
    | Brought
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    Facts that ask for a new plan, and the version that answers them.

    `computing_s` are real seconds, in which the simulated world stands still.
    """

    at_s: int
    heard_s: tuple[int, ...]
    version: int
    computing_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A fact as the policy heard it, when so many versions had been announced."""

    announced: int
    fact: Fact


@dataclass(slots=True)
class Log:
    """`entries` are the truth; all else is what was told."""

    entries: list[Entry] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    announced: list[Announced] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
