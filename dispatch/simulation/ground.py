"""The ground of a simulated day: its places, and the drives between them as the road network has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dispatch.fleet import Fleet
from dispatch.offers import WALKING_M_PER_S
from routing.matrix import UNREACHABLE, TravelMatrix
from routing.places import Place
from routing.roads.closures import Closure
from routing.roads.network import RoadNetwork
from routing.roads.snap import PlaceOffRoad, Snap


@dataclass(frozen=True, slots=True)
class Drive:
    duration_s: int
    distance_m: int


STAYS = Drive(0, 0)


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Drives between the day's places for every profile of the fleet.

    `rows` has those places that every profile reaches from the depot and leaves for it, the depot
    itself among them; nobody asks for others.
    """

    network: RoadNetwork
    depot: Place
    rows: Mapping[Place, int]
    matrices: Mapping[str, TravelMatrix]
    snaps: Mapping[str, tuple[Snap, ...]]

    @classmethod
    def of(cls, network: RoadNetwork, fleet: Fleet, places: Iterable[Place]) -> Ground:
        depot = fleet.depot.place
        profiles = {fleet.models[each.model_id].profile for each in fleet.couriers.values()}
        wanted = tuple(dict.fromkeys((depot, *places)))
        found = {profile: network.snap(wanted, profile) for profile in sorted(profiles)}
        rows = [
            row
            for row in range(len(wanted))
            if not any(isinstance(snaps[row], PlaceOffRoad) for snaps in found.values())
        ]
        snaps = {
            profile: tuple(snap for row in rows if isinstance(snap := each[row], Snap))
            for profile, each in found.items()
        }
        matrices = {profile: network.matrix(each, profile) for profile, each in snaps.items()}
        known = {
            wanted[row]: number
            for number, row in enumerate(rows)
            if all(
                each.durations_s[0, number] < UNREACHABLE
                and each.durations_s[number, 0] < UNREACHABLE
                for each in matrices.values()
            )
        }
        return cls(network, depot, known, matrices, snaps)

    def drive(self, profile: str, origin: Place, target: Place) -> Drive | None:
        """As planned; None: no way leads there."""
        if origin == target:
            return STAYS
        matrix = self.matrices[profile]
        ends = self.rows[origin], self.rows[target]
        duration_s = int(matrix.durations_s[ends])
        return (
            None if duration_s >= UNREACHABLE else Drive(duration_s, int(matrix.distances_m[ends]))
        )

    def walk_s(self, place: Place) -> int:
        """From the vehicle to the door and back, for the profile that must stop farthest away."""
        row = self.rows[place]
        gap_m = max(snaps[row].gap_m for snaps in self.snaps.values())
        return round(2 * gap_m / WALKING_M_PER_S)

    def closed(self, closures: Iterable[Closure]) -> Ground:
        """The same places with roads closed."""
        network = self.network.with_closures(list(closures))
        matrices = {profile: network.matrix(each, profile) for profile, each in self.snaps.items()}
        return Ground(network, self.depot, self.rows, matrices, self.snaps)
