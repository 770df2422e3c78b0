"""Turns that are forbidden or cost time, in the words of the model: roads and the junctions between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCosts:
    """
    Seconds that a vehicle loses at junctions where three roads or more meet.

    crossing_s
        On every passage, whichever way.
    left_s, right_s
        In addition where the way bends by more than 45 degrees.
    u_turn_s
        Instead of these where it goes back along the same road.
    """

    left_s: float = 0.0
    right_s: float = 0.0
    u_turn_s: float = 0.0
    crossing_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRestriction:
    """
    One sequence of roads that may not, or alone may, be driven.

    The networkx model keeps them as a list in `graph.graph["turn_restrictions"]`: remove one, add
    one or replace one there, then compile the model again.

    kind
        A value of OpenStreetMap's restriction key: "no_…" forbids the sequence; "only_…" forbids
        to leave it once its first turn (with one junction: its first road) is behind you. Several
        "only_…" from the same roads allow what any of them allows.
    roads, nodes
        Values of the edges' attribute `road`, from first to last, and the k - 1 graph nodes passed
        between k >= 2 of them.
    vehicle
        The access key whose vehicles are bound: a profile is bound if it is among its `access_keys`.
    exempt
        Access keys whose profiles are not.
    """

    kind: str
    roads: tuple[int, ...]
    nodes: tuple[int, ...]
    vehicle: str = "vehicle"
    exempt: tuple[str, ...] = ()
    osm_relation: int = 0

    @property
    def is_only(self) -> bool:
        return self.kind.startswith("only_")

    def binds(self, access_keys: Sequence[str]) -> bool:
        return self.vehicle in access_keys and not set(self.exempt) & set(access_keys)


def restrictions_as_text(restrictions: Sequence[TurnRestriction]) -> str:
    """One JSON list, for places that hold text only."""
    return json.dumps([asdict(restriction) for restriction in restrictions])


def restrictions_from_text(text: str) -> tuple[TurnRestriction, ...]:
    """The inverse of `restrictions_as_text`."""
    return tuple(
        TurnRestriction(
            kind=stated["kind"],
            roads=tuple(stated["roads"]),
            nodes=tuple(stated["nodes"]),
            vehicle=stated["vehicle"],
            exempt=tuple(stated["exempt"]),
            osm_relation=stated["osm_relation"],
        )
        for stated in json.loads(text)
    )
